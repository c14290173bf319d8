/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the route's integration, by its type. */
#include "turnpike/gateway/integrate.h"

#include <inttypes.h>

#include "turnpike/base/clock.h"

static stage_fn *const integrations[] = {
    [INTEGRATION_LAMBDA] = integrate_lambda,
    [INTEGRATION_HTTP] = integrate_http,
    [INTEGRATION_SERVICE] = integrate_service,
    [INTEGRATION_DOCS] = integrate_docs,
};

enum verdict stage_integrate(struct exchange *x)
{
    x->t.outcome.integration_called = true;
    return integrations[x->t.selection.match.route->integration->type](x);
}

/* How an HTTP API answers each way in which a call can fail. */
static const enum gateway_response_id answers[] = {
    [INTEGRATION_TIMED_OUT] = GATEWAY_INTEGRATION_TIMEOUT,
    [INTEGRATION_CONNECT_FAILED] = GATEWAY_INTEGRATION_FAILURE,
    [INTEGRATION_FUNCTION_ERROR] = GATEWAY_INTERNAL_ERROR,
    [INTEGRATION_MALFORMED] = GATEWAY_INTERNAL_ERROR,
    [INTEGRATION_THROTTLED] = GATEWAY_INTEGRATION_FAILURE,
    [INTEGRATION_STATUS] = GATEWAY_INTERNAL_ERROR,
};

/* Which key the integration's time came from. */
static struct str limit_of(struct exchange *x, enum integration_failure failure)
{
    uint64_t timeout = x->t.selection.match.route->integration->timeout;
    return failure == INTEGRATION_TIMED_OUT
               ? arena_printf(&x->arena, " (timeoutInMillis is %" PRIu64 ")",
                              timeout / USEC_PER_MSEC)
               : STR("");
}

enum verdict integration_failed(struct exchange *x, enum integration_failure failure,
                                struct str why, const char *whose, ...)
{
    va_list args;
    va_start(args, whose);
    struct str name = arena_vprintf(&x->arena, whose, args);
    va_end(args);
    x->t.outcome.integration_failure = failure;
    x->t.outcome.integration_error = why;
    return exchange_refuse(x, answers[failure], "%" STR_F ": %" STR_F "%" STR_F, STR_A(name),
                           STR_A(why), STR_A(limit_of(x, failure)));
}
