/* SPDX-License-Identifier: Apache-2.0 */
/* What $connect requires of a handshake (AWS: "Setting up data mapping for WebSocket APIs",
 * requestParameters of the route). */
#include "turnpike/base/uri.h"
#include "turnpike/gateway/pipeline.h"

static bool has_query_parameter(struct exchange *x, struct str wanted)
{
    struct str rest = x->t.request.query, name, value;
    while (rest.len > 0 && uri_next_parameter(&rest, &name, &value))
        if (str_eq(uri_decode(&x->arena, name, true), wanted))
            return true;
    return false;
}

static enum verdict refuse_missing(struct exchange *x, const char *what, struct str name)
{
    return exchange_refuse(x, GATEWAY_BAD_PARAMETERS,
                           "%s '%" STR_F "', which $connect requires, "
                           "is missing",
                           what, STR_A(name));
}

enum verdict stage_validate(struct exchange *x)
{
    const struct websocket_route *route = &x->t.selection.match.route->websocket;
    FOR_EACH_IN (name, &route->required_header)
        if (!request_header(&x->t.request, *name))
            return refuse_missing(x, "header", *name);
    FOR_EACH_IN (name, &route->required_querystring)
        if (!has_query_parameter(x, *name))
            return refuse_missing(x, "query parameter", *name);
    return NEXT;
}
