/* SPDX-License-Identifier: Apache-2.0 */
/* One token of the route's bucket and one of the account's, or 429; of a handshake also one of
 * those that all new WebSocket connections share. */
#include "turnpike/gateway/figures.h"
#include "turnpike/gateway/pipeline.h"

/* The SDKs know the refusal of @connections by another name. */
static enum gateway_response_id row_of(const struct exchange *x)
{
    return x->kind == EXCHANGE_MANAGE ? GATEWAY_LIMIT_EXCEEDED : GATEWAY_THROTTLED;
}

static enum verdict refuse_route(struct exchange *x)
{
    const struct stage_route *r = x->t.selection.stage_route;
    return exchange_refuse(
        x, row_of(x),
        "%s of stage '%" STR_F "' allows route '%" STR_F "' %g requests a second, %g at once",
        r->has_own_throttle ? "routeSettings" : "defaultRouteSettings", STR_A(r->stage->stage_name),
        STR_A(r->route->key), r->throttle.rate, r->throttle.burst);
}

static enum verdict refuse_account(struct exchange *x)
{
    const struct throttle *t = &x->t.settings->throttling;
    return exchange_refuse(x, row_of(x),
                           "throttling allows all APIs together %g requests a second, %g at once",
                           t->rate, t->burst);
}

static enum verdict refuse_connect(struct exchange *x)
{
    return exchange_refuse(x, row_of(x),
                           "limits.websocketConnectRate allows %g new WebSocket connections a "
                           "second",
                           x->t.settings->limits.websocket_connect_rate);
}

static enum limiter_result take_token(struct exchange *x)
{
    struct gateway *g = x->gateway;
    const struct stage_route *route = x->t.selection.stage_route;
    uint64_t now = loop_now(g->loop);
    return x->kind == EXCHANGE_CONNECT ? limiter_take_connect(g->limiter, x->t.settings, route, now)
                                       : limiter_take(g->limiter, x->t.settings, route, now);
}

enum verdict stage_throttle(struct exchange *x)
{
    enum limiter_result result = take_token(x);
    if (result == LIMITER_PASSED)
        return NEXT;
    figures_count_throttled(x->gateway->counters, &x->t, result);
    switch (result) {
    case LIMITER_ROUTE_THROTTLED:
        return refuse_route(x);
    case LIMITER_CONNECTS_THROTTLED:
        return refuse_connect(x);
    case LIMITER_PASSED:
    case LIMITER_ACCOUNT_THROTTLED:
    case LIMITER_PENDING: /* never answered by the limiter in memory: closed, too */
        break;
    }
    return refuse_account(x);
}
