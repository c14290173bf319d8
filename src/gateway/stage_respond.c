/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the response to the sink. Every answer carries the request's id, under the name that the
 * kind of API has for it. */
#include "invoke.h"

#include "turnpike/gateway/cors.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"

enum verdict stage_respond(struct exchange *x)
{
    struct str id = str_from(x->t.request.id);
    cors_apply(x);
    if (x->kind == EXCHANGE_HTTP) {
        exchange_add_header(x, STR("apigw-requestid"), id);
    } else if (x->kind == EXCHANGE_INVOKE) {
        invoke_add_headers(x);
    } else {
        exchange_add_header(x, STR("x-amzn-RequestId"), id);
        exchange_add_header(x, STR("x-amz-apigw-id"), id);
    }
    if (x->t.outcome.error)
        reason_tell(x);
    exchange_respond(x);
    return DONE;
}
