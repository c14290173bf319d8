/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a message meets: what the API's route selection expression makes of it, else $default
 * (AWS: "Working with routes for WebSocket APIs"). A connection's end meets $disconnect. */
#include "turnpike/gateway/pipeline.h"

static void append(struct buf *out, const struct selection_part *part, void *data)
{
    const struct exchange *x = data;
    selection_append_body(out, part, x->t.request.body);
}

/* No message reaches what is reserved. */
static const struct route *find_message_route(const struct api *api, struct str key)
{
    const struct route *route = api_find_route(api, key);
    return route && route->websocket.kind == WEBSOCKET_MESSAGE_ROUTE ? route : NULL;
}

static const struct route *select_route(struct exchange *x)
{
    const struct api *api = x->t.selection.api;
    scoped_buf struct buf key = {0};
    if (x->kind == EXCHANGE_DISCONNECT)
        return api_find_route(api, STR(ROUTE_DISCONNECT));
    selection_run(api->websocket.route_selection, &key, append, x);
    const struct route *route = find_message_route(api, buf_str(&key));
    return route ? route : api_find_route(api, STR(ROUTE_DEFAULT));
}

enum verdict stage_select(struct exchange *x)
{
    struct selection *s = &x->t.selection;
    s->match.route = select_route(x);
    if (!s->match.route)
        return exchange_refuse(x, GATEWAY_FORBIDDEN,
                               "the message selects no route of WebSocket API '%" STR_F
                               "', which has no $default",
                               STR_A(s->api->api_id));
    s->stage_route = &s->stage->routes[s->match.route->index];
    return NEXT;
}
