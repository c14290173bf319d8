/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the response to the sink. Every answer of an HTTP API carries the request's id. */
#include "turnpike/gateway/pipeline.h"

enum verdict stage_respond(struct exchange *x)
{
    exchange_add_header(x, STR("apigw-requestid"), str_from(x->t.request.id));
    exchange_respond(x);
    return DONE;
}
