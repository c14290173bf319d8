/* SPDX-License-Identifier: Apache-2.0 */
/* What a request that meets a WebSocket API is: a handshake (the stage's own path) or a call of
 * @connections (AWS: "Use @connections commands in your backend service"). Functions make the URL
 * of the latter out of what their event tells, domainName and stage, or domainName alone where they
 * expect a domain's empty mapping key; so the connection itself says to which API and stage it
 * belongs wherever the URL does not. */
#include "resolve_websocket.h"

#include "turnpike/base/short_id.h"

#define CONNECTIONS "/@connections/"

/* What a path says of a connection. */
struct managed {
    struct str prefix; /* a stage or a mapping key */
    struct str id;
    bool bare; /* it has no prefix at all */
};

/* "/PREFIX/@connections/ID" or "/@connections/ID" of a decoded path. */
static bool split(struct str path, struct managed *ret)
{
    size_t at = str_find_str(path, STR(CONNECTIONS));
    if (at == path.len)
        return false;
    *ret = (struct managed){
        .prefix = str_skip(str_head(path, at), at > 0),
        .id = str_skip(path, at + STR(CONNECTIONS).len),
        .bare = at == 0,
    };
    return str_find(ret->id, '/') == ret->id.len;
}

static enum verdict manage(struct exchange *x, const struct api *api, const struct stage *stage,
                           struct str id)
{
    x->kind = EXCHANGE_MANAGE;
    x->t.selection.api = api;
    x->t.selection.stage = stage;
    x->t.selection.stage_route = NULL;
    x->t.websocket.managed = id;
    return NEXT;
}

static bool may_reach(const struct exchange *x, const struct api *api)
{
    return api->protocol_type == PROTOCOL_WEBSOCKET && listener_serves(x->listener.settings, api) &&
           (!api->disable_execute_api_endpoint || x->t.selection.host_is_domain);
}

/* Whether a URL that names no stage may mean this API: no host of another one's. */
static bool may_mean(const struct exchange *x, const struct api *api)
{
    const struct selection *s = &x->t.selection;
    return !s->api || s->host_is_domain || s->api == api;
}

/* The stage of the connection that has the id, where it may be reached at all. */
static const struct stage *find_by_connection(const struct exchange *x, const struct managed *m,
                                              bool *ret_named)
{
    const struct connection *c = connections_find(&x->gateway->connections, m->id);
    const struct api *api = c ? map_get(&x->snapshot->apis_by_id, c->api_id) : NULL;
    if (!api || !may_reach(x, api) || (m->bare && !may_mean(x, api)))
        return NULL;
    *ret_named = m->bare || str_eq(m->prefix, c->stage_name) ||
                 (c->by_domain && str_eq(m->prefix, c->mapping_key));
    return api_find_stage(api, c->stage_name);
}

/* Of a connection that is gone nobody knows more than its URL. */
static const struct stage *find_by_prefix(const struct exchange *x, struct str prefix)
{
    FOR_EACH_IN (domain, &x->snapshot->domains)
        FOR_EACH_IN (mapping, &(*domain)->mappings)
            if (str_eq(mapping->key, prefix) && may_reach(x, mapping->api))
                return mapping->stage;
    FOR_EACH_IN (api, &x->snapshot->apis) {
        const struct stage *stage = may_reach(x, *api) ? api_find_stage(*api, prefix) : NULL;
        if (stage)
            return stage;
    }
    return NULL;
}

/* Without a prefix the URL of a connection that is gone tells nothing, unless there is one stage.
 */
static const struct stage *find_only(const struct exchange *x)
{
    const struct stage *only = NULL;
    FOR_EACH_IN (api, &x->snapshot->apis) {
        if (!may_reach(x, *api) || !may_mean(x, *api))
            continue;
        if (only || (*api)->stages.count != 1)
            return NULL;
        only = (*api)->stages.items[0];
    }
    return only;
}

static enum verdict refuse_prefix(struct exchange *x, struct str prefix)
{
    x->kind = EXCHANGE_MANAGE;
    return exchange_refuse(x, GATEWAY_FORBIDDEN,
                           "'%" STR_F "' names neither the connection's stage nor its mapping key",
                           STR_A(prefix));
}

/* Whatever is no connection: an HTTP API may have such a path, too, and where the host or the path
 * names an API no other one answers. */
static bool is_taken(const struct exchange *x, enum resolution resolution)
{
    const struct selection *s = &x->t.selection;
    if (s->api && s->api->protocol_type == PROTOCOL_WEBSOCKET)
        return !s->host_is_domain;
    return resolution == RESOLVED;
}

static const struct stage *find_gone(const struct exchange *x, enum resolution resolution,
                                     const struct managed *m)
{
    const struct stage *stage = is_taken(x, resolution) ? NULL : find_by_prefix(x, m->prefix);
    return !stage && m->bare && resolution != RESOLVED ? find_only(x) : stage;
}

/* "PREFIX/@connections/ID" where the host leads to no WebSocket API. */
static bool resolve_managed(struct exchange *x, enum resolution resolution,
                            enum verdict *ret_verdict)
{
    struct managed m;
    bool named = true;
    if (!split(x->t.request.path, &m))
        return false;
    const struct stage *stage = find_by_connection(x, &m, &named);
    if (!stage)
        stage = find_gone(x, resolution, &m);
    if (!stage)
        return false;
    *ret_verdict = named ? manage(x, stage->api, stage, m.id) : refuse_prefix(x, m.prefix);
    return true;
}

static enum verdict handshake(struct exchange *x)
{
    struct selection *s = &x->t.selection;
    x->kind = EXCHANGE_CONNECT;
    x->t.websocket.event = EVENT_CONNECT;
    s->match.route = api_find_route(s->api, STR(ROUTE_CONNECT));
    s->stage_route = &s->stage->routes[s->match.route->index];
    if (!str_is(s->route_path, "/"))
        return exchange_refuse(x, GATEWAY_NOT_FOUND,
                               "WebSocket API '%" STR_F "' has no paths below its stages: '%" STR_F
                               "'",
                               STR_A(s->api->api_id), STR_A(x->t.request.path));
    return NEXT;
}

bool resolve_websocket(struct exchange *x, enum resolution resolution, enum verdict *ret_verdict)
{
    const struct selection *s = &x->t.selection;
    bool websocket = s->api && s->api->protocol_type == PROTOCOL_WEBSOCKET;
    if (websocket && resolution == RESOLVED && str_starts_with(s->route_path, STR(CONNECTIONS))) {
        *ret_verdict = manage(x, s->api, s->stage, str_skip(s->route_path, STR(CONNECTIONS).len));
        return true;
    }
    if (resolve_managed(x, resolution, ret_verdict))
        return true;
    if (!websocket)
        return false;
    x->kind = EXCHANGE_CONNECT; /* whose words are those of WebSocket APIs */
    if (resolution != RESOLVED)
        return false;
    *ret_verdict = handshake(x);
    return true;
}
