/* SPDX-License-Identifier: Apache-2.0 */
/* One token of the route's bucket and one of the account's, or 429. */
#include "turnpike/gateway/figures.h"
#include "turnpike/gateway/pipeline.h"

static enum verdict refuse_route(struct exchange *x)
{
    const struct stage_route *r = x->t.selection.stage_route;
    return exchange_refuse(
        x, GATEWAY_THROTTLED,
        "%s of stage '%" STR_F "' allows route '%" STR_F "' %g requests a second, %g at once",
        r->has_own_throttle ? "routeSettings" : "defaultRouteSettings", STR_A(r->stage->stage_name),
        STR_A(r->route->key), r->throttle.rate, r->throttle.burst);
}

static enum verdict refuse_account(struct exchange *x)
{
    const struct throttle *t = &x->t.settings->throttling;
    return exchange_refuse(x, GATEWAY_THROTTLED,
                           "throttling allows all APIs together %g requests a second, %g at once",
                           t->rate, t->burst);
}

enum verdict stage_throttle(struct exchange *x)
{
    struct gateway *g = x->gateway;
    enum limiter_result result =
        limiter_take(g->limiter, x->t.settings, x->t.selection.stage_route, loop_now(g->loop));
    if (result == LIMITER_PASSED)
        return NEXT;
    /* LIMITER_PENDING, which the limiter in memory never answers, is closed too. */
    figures_count_throttled(&x->t, result);
    return result == LIMITER_ROUTE_THROTTLED ? refuse_route(x) : refuse_account(x);
}
