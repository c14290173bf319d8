/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter mapping (AWS: "Transform API requests and responses for HTTP APIs"): of the request
 * before the integration is called, of its answer behind it. */
#include "turnpike/gateway/pipeline.h"

enum verdict stage_map(struct exchange *x)
{
    (void)x;
    return NEXT;
}

enum verdict stage_map_response(struct exchange *x)
{
    (void)x;
    return NEXT;
}
