/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the response to the sink. Every answer of an HTTP API carries the request's id. */
#include "turnpike/gateway/pipeline.h"

enum verdict stage_respond(struct exchange *x)
{
    struct response *response = &x->t.response;
    exchange_add_header(x, STR("apigw-requestid"), str_from(x->t.request.id));
    x->t.outcome.bytes_out = response->body.len;
    x->state = EXCHANGE_RESPONDING;
    x->sink->ops->respond(x->sink, response, (struct body_source){BODY_FIXED, response->body});
    return DONE;
}
