/* SPDX-License-Identifier: Apache-2.0 */
/* One token of the route's bucket and one of the account's, or 429. */
#include "turnpike/gateway/figures.h"
#include "turnpike/gateway/pipeline.h"

enum verdict stage_throttle(struct exchange *x)
{
    struct gateway *g = x->gateway;
    enum limiter_result result =
        limiter_take(g->limiter, x->t.settings, x->t.selection.stage_route, loop_now(g->loop));
    if (result == LIMITER_PASSED)
        return NEXT;
    /* LIMITER_PENDING, which the limiter in memory never answers, is closed too. */
    figures_count_throttled(&x->t, result);
    return exchange_refuse(x, GATEWAY_THROTTLED, "%s",
                           result == LIMITER_ROUTE_THROTTLED
                               ? "the route's rate and burst limits are reached"
                               : "the account's rate and burst limits (throttling) are reached");
}
