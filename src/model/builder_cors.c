/* SPDX-License-Identifier: Apache-2.0 */
#include "builder_cors.h"

#include "turnpike/model/router.h"

static bool is_default(const struct route *route)
{
    return str_is(route->path, ROUTE_DEFAULT);
}

static bool takes_any_method(const struct route *route)
{
    return str_is(route->method, "ANY") || is_default(route);
}

/* Whether it is what an OPTIONS request to its own path selects. */
static bool takes_options(const struct api *api, const struct route *route)
{
    struct str path = is_default(route) ? STR("/{proxy+}") : route->path;
    return router_match(api->router, STR("OPTIONS"), path).route == route;
}

/* A preflight never carries a token (Fetch, "CORS protocol and credentials"). */
static void warn_of_authorizer(struct builder *b, const struct route *route)
{
    if (str_is(route->method, "OPTIONS"))
        diag_warning(b->diag, route->at,
                     "preflights that select '%" STR_F "' meet its authorizer, as on API Gateway, "
                     "and fail: leave it open",
                     STR_A(route->key));
    else
        diag_warning(b->diag, route->at,
                     "preflights that select '%" STR_F "' meet its authorizer, as on API Gateway, "
                     "and fail: an open route 'OPTIONS %" STR_F "' beside it mends that",
                     STR_A(route->key), STR_A(is_default(route) ? STR("/{proxy+}") : route->path));
}

static void warn_of_idle_route(struct builder *b, const struct route *route)
{
    diag_warning(b->diag, route->at,
                 "no preflight reaches '%" STR_F "': the API's CORS configuration answers them all",
                 STR_A(route->key));
}

void builder_check_cors(struct builder *b, const struct api *api)
{
    bool guarded = false; /* an open OPTIONS route then stands before a guarded one for a reason */
    FOR_EACH_IN (route, &api->routes)
        guarded |= (*route)->authorizer && takes_any_method(*route);
    FOR_EACH_IN (route, &api->routes) {
        const struct route *r = *route;
        bool own = str_is(r->method, "OPTIONS");
        if (r->authorizer && (own || takes_options(api, r)))
            warn_of_authorizer(b, r);
        else if (own && !guarded && !r->authorizer)
            warn_of_idle_route(b, r);
    }
}
