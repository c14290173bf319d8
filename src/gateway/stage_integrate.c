/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the route's integration, by its type. */
#include "turnpike/gateway/integrate.h"

#include <inttypes.h>

#include "turnpike/base/clock.h"

static stage_fn *const integrations[] = {
    [INTEGRATION_LAMBDA] = integrate_lambda,   [INTEGRATION_HTTP] = integrate_http,
    [INTEGRATION_SERVICE] = integrate_service, [INTEGRATION_DOCS] = integrate_docs,
    [INTEGRATION_MOCK] = integrate_mock,
};

/* Behind $connect and $disconnect nothing needs to stand. */
enum verdict stage_integrate(struct exchange *x)
{
    const struct integration *integration = x->t.selection.match.route->integration;
    if (!integration)
        return NEXT;
    x->t.outcome.integration_called = integration->type != INTEGRATION_MOCK;
    return integrations[integration->type](x);
}

/* How HTTP APIs and WebSocket APIs answer each way in which a call can fail. */
static const struct {
    enum gateway_response_id http, websocket;
} answers[] = {
    [INTEGRATION_TIMED_OUT] = {GATEWAY_INTEGRATION_TIMEOUT, GATEWAY_INTEGRATION_TIMEOUT},
    [INTEGRATION_CONNECT_FAILED] = {GATEWAY_INTEGRATION_FAILURE, GATEWAY_INTEGRATION_FAILURE},
    [INTEGRATION_FUNCTION_ERROR] = {GATEWAY_INTERNAL_ERROR,      GATEWAY_INTERNAL_ERROR     },
    [INTEGRATION_MALFORMED] = {GATEWAY_INTERNAL_ERROR,      GATEWAY_INTERNAL_ERROR     },
    [INTEGRATION_THROTTLED] = {GATEWAY_INTEGRATION_FAILURE, GATEWAY_INTEGRATION_FAILURE},
    [INTEGRATION_STATUS] = {GATEWAY_INTERNAL_ERROR,      GATEWAY_CONFIGURATION_ERROR},
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
    enum gateway_response_id id =
        x->kind == EXCHANGE_HTTP ? answers[failure].http : answers[failure].websocket;
    return exchange_refuse(x, id, "%" STR_F ": %" STR_F "%" STR_F, STR_A(name), STR_A(why),
                           STR_A(limit_of(x, failure)));
}
