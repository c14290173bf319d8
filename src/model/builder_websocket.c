/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of WebSocket APIs (AWS: "Create routes for WebSocket APIs"). */
#include "bind.h"
#include "turnpike/model/builder.h"

#define ROUTE_KEY_MAX 128

static const struct {
    const char *key;
    enum websocket_route_kind kind;
} special_routes[] = {
    {ROUTE_CONNECT,    WEBSOCKET_CONNECT_ROUTE   },
    {ROUTE_DISCONNECT, WEBSOCKET_DISCONNECT_ROUTE},
    {ROUTE_DEFAULT,    WEBSOCKET_MESSAGE_ROUTE   },
};

/* False where a key begins with '$' and is none that API Gateway has. */
static bool find_kind(struct str key, enum websocket_route_kind *ret_kind)
{
    *ret_kind = WEBSOCKET_MESSAGE_ROUTE;
    if (!str_starts_with(key, STR("$")))
        return true;
    FOR_EACH (route, special_routes, ARRAY_LENGTH(special_routes)) {
        if (!str_is(key, route->key))
            continue;
        *ret_kind = route->kind;
        return true;
    }
    return false;
}

static const char *suggestion(struct builder *b, struct str key)
{
    const char *names[ARRAY_LENGTH(special_routes)];
    for (size_t i = 0; i < ARRAY_LENGTH(special_routes); i++)
        names[i] = special_routes[i].key;
    const char *nearest = nearest_name(key, names, ARRAY_LENGTH(names));
    if (!nearest)
        return "";
    return arena_printf(&b->snapshot->arena, "; did you mean '%s'?", nearest).at;
}

/* Characters, not bytes: what begins none continues one. */
static size_t character_count(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.at[i] & 0xc0) != 0x80;
    return count;
}

static bool has_control_character(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
            return true;
    return false;
}

static bool check_key(struct builder *b, const struct api *api, struct position at, struct str key)
{
    if (character_count(key) < 1 || character_count(key) > ROUTE_KEY_MAX) {
        diag_error(b->diag, at, "a route key has 1 to %d characters, not %zu", ROUTE_KEY_MAX,
                   character_count(key));
        return false;
    }
    if (has_control_character(key)) {
        diag_error(b->diag, at, "a route key has no control characters");
        return false;
    }
    const struct route *twin = api_find_route(api, key);
    if (twin)
        diag_error(b->diag, at, "route '%" STR_F "' is there twice; the first is at line %u",
                   STR_A(key), twin->at.line);
    return !twin;
}

static struct route *add_route(struct builder *b, struct api *api, struct position at,
                               struct str key, enum websocket_route_kind kind)
{
    struct route *route = arena_new(&b->snapshot->arena, struct route);
    route->at = at;
    route->key = key;
    route->method = STR("");
    route->path = key;
    route->operation_name = STR("");
    route->index = api->routes.count;
    route->websocket.kind = kind;
    *list_push(&b->snapshot->arena, &api->routes) = route;
    (void)map_set(&api->routes_by_key, route->key, route);
    return route;
}

struct route *builder_add_websocket_route(struct builder *b, struct api *api, struct position at,
                                          struct str key)
{
    enum websocket_route_kind kind;
    if (!check_key(b, api, at, key))
        return NULL;
    if (find_kind(key, &kind))
        return add_route(b, api, at, key, kind);
    diag_error(b->diag, at,
               "route '%" STR_F "': a key that begins with '$' is one of " ROUTE_CONNECT
               ", " ROUTE_DISCONNECT " and " ROUTE_DEFAULT "%s",
               STR_A(key), suggestion(b, key));
    return NULL;
}

/* A connection is made and ends whether or not anybody wants to know: throttles, logs and figures
 * belong to a route. */
void finish_websocket_routes(struct builder *b, struct api *api)
{
    FOR_EACH (special, special_routes, ARRAY_LENGTH(special_routes)) {
        struct str key = str_from(special->key);
        bool needed = special->kind != WEBSOCKET_MESSAGE_ROUTE && !api_find_route(api, key);
        if (needed)
            add_route(b, api, api->at, key, special->kind)->websocket.implicit = true;
    }
}

static bool serves(const struct listener_settings *listener, const struct api *api)
{
    FOR_EACH_IN (name, &listener->apis)
        if (str_eq(name->text, api->api_id))
            return true;
    return !listener->limited;
}

void check_websocket_listeners(struct builder *b, const struct api *api)
{
    FOR_EACH_IN (listener, &b->snapshot->settings.listeners)
        if (listener->tls.on && serves(listener, api))
            return;
    diag_warning(b->diag, api->at,
                 "no TLS listener serves WebSocket API '%" STR_F "': functions are told a callback "
                 "URL that begins with https://",
                 STR_A(api->api_id));
}

void check_websocket_mappings(struct builder *b, const struct domain *domain)
{
    const struct api *websocket = NULL, *other = NULL;
    FOR_EACH_IN (m, &domain->mappings) {
        if (m->api && m->api->protocol_type == PROTOCOL_WEBSOCKET)
            websocket = m->api;
        else if (m->api)
            other = m->api;
    }
    if (websocket && other)
        diag_notice(b->diag, domain->at,
                    "the domain leads to WebSocket API '%" STR_F "' and to '%" STR_F
                    "', which is none: API Gateway wants a domain for each kind",
                    STR_A(websocket->api_id), STR_A(other->api_id));
}
