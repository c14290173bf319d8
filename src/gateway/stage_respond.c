/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the response to the sink. Every answer of an HTTP API carries the request's id. */
#include "turnpike/gateway/cors.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"

enum verdict stage_respond(struct exchange *x)
{
    cors_apply(x);
    exchange_add_header(x, STR("apigw-requestid"), str_from(x->t.request.id));
    if (x->t.outcome.error)
        reason_tell(x);
    exchange_respond(x);
    return DONE;
}
