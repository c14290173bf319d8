/* SPDX-License-Identifier: Apache-2.0 */
/* Looks the route up; what was not found is answered by a stage of its own, so that stages whose
 * headers go on every answer can stand between the two. */
#include "turnpike/gateway/pipeline.h"

enum verdict stage_route(struct exchange *x)
{
    struct selection *s = &x->t.selection;
    s->match = router_match(s->api->router, x->t.request.method, s->route_path);
    if (s->match.route)
        s->stage_route = &s->stage->routes[s->match.route->index];
    return NEXT;
}

enum verdict stage_found(struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    if (s->stage_route)
        return NEXT;
    return exchange_refuse(x, GATEWAY_NOT_FOUND,
                           "API '%" STR_F "' has no route for %" STR_F " %" STR_F,
                           STR_A(s->api->api_id), STR_A(x->t.request.method), STR_A(s->route_path));
}
