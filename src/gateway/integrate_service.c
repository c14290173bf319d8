/* SPDX-License-Identifier: Apache-2.0 */
/* Actions of AWS services (AWS: "Create AWS service integrations for HTTP APIs"). */
#include "turnpike/gateway/integrate.h"

enum verdict integrate_service(struct exchange *x)
{
    return exchange_refuse(x, GATEWAY_NOT_IMPLEMENTED,
                           "integrations with AWS services are not built yet");
}
