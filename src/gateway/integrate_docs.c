/* SPDX-License-Identifier: Apache-2.0 */
/* The API's own documentation: its OpenAPI document and the page that shows it. */
#include "turnpike/gateway/integrate.h"

enum verdict integrate_docs(struct exchange *x)
{
    return exchange_refuse(x, GATEWAY_NOT_IMPLEMENTED, "documentation are not built yet");
}
