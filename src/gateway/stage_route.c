/* SPDX-License-Identifier: Apache-2.0 */
/* Looks the route up; what was not found is answered by a stage of its own, so that stages whose
 * headers go on every answer can stand between the two. */
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"

enum verdict stage_route(struct exchange *x)
{
    struct selection *s = &x->t.selection;
    s->match = router_match(s->api->router, x->t.request.method, s->route_path);
    if (s->match.route)
        s->stage_route = &s->stage->routes[s->match.route->index];
    return NEXT;
}

/* The methods that the path does have, as the next question is always. */
static struct str other_methods(struct exchange *x)
{
    static const struct str methods[] = {STR_INIT("GET"),    STR_INIT("HEAD"),  STR_INIT("POST"),
                                         STR_INIT("PUT"),    STR_INIT("PATCH"), STR_INIT("DELETE"),
                                         STR_INIT("OPTIONS")};
    const struct selection *s = &x->t.selection;
    struct str found[ARRAY_LENGTH(methods)];
    size_t count = 0;
    FOR_EACH (method, methods, ARRAY_LENGTH(methods))
        if (router_match(s->api->router, *method, s->route_path).route)
            found[count++] = *method;
    return count ? arena_printf(&x->arena, " (but for %" STR_F ")",
                                STR_A(reason_names(&x->arena, found, count)))
                 : STR("");
}

enum verdict stage_found(struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    if (s->stage_route)
        return NEXT;
    bool explain = x->t.settings->development; /* strangers ask for what is not there all day */
    return exchange_refuse(x, GATEWAY_NOT_FOUND,
                           "API '%" STR_F "' has no such route%" STR_F ": %" STR_F " %" STR_F,
                           STR_A(s->api->api_id), STR_A(explain ? other_methods(x) : STR("")),
                           STR_A(x->t.request.method), STR_A(s->route_path));
}
