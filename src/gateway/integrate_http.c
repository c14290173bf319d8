/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP_PROXY integrations (AWS: "Create HTTP proxy integrations for HTTP APIs"). */
#include "turnpike/gateway/integrate.h"

enum verdict integrate_http(struct exchange *x)
{
    return exchange_refuse(x, GATEWAY_NOT_IMPLEMENTED, "HTTP integrations are not built yet");
}
