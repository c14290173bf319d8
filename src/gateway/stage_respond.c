/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the response to the sink. Every answer of an HTTP API carries the request's id. */
#include "turnpike/gateway/cors.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/xlog.h"

/* A function's own failure is its author's matter, a 4xx the client's; the rest is the operator's.
 */
static enum log_level level_of(const struct outcome *o)
{
    bool ours = o->error->status >= 500 && o->integration_failure != INTEGRATION_FUNCTION_ERROR;
    return ours ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE;
}

/* Why the gateway itself answered: always in the log, and for the client of a developer. */
static void tell_reason(struct exchange *x)
{
    const struct outcome *o = &x->t.outcome;
    xlog_at(x, level_of(o), "%u %" STR_F ": %" STR_F, o->error->status, STR_A(o->error->message),
            STR_A(o->reason));
    if (x->t.settings->development)
        exchange_add_header(x, STR("x-turnpike-reason"), o->reason);
}

enum verdict stage_respond(struct exchange *x)
{
    cors_apply(x);
    exchange_add_header(x, STR("apigw-requestid"), str_from(x->t.request.id));
    if (x->t.outcome.error)
        tell_reason(x);
    exchange_respond(x);
    return DONE;
}
