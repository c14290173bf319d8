/* SPDX-License-Identifier: Apache-2.0 */
/* Where HTTP integrations lead (AWS: "Create HTTP proxy integrations for HTTP APIs", "Create
 * private integrations for HTTP APIs"). */
#include "bind.h"

#include "turnpike/model/router.h"
#include "turnpike/text/stage_variables.h"

static void report(struct builder *b, const struct stage_route *sr, struct str uri, const char *why)
{
    const struct written *written = &sr->route->integration->uri;
    if (str_eq(uri, written->text))
        diag_error(b->diag, written->at, "'%" STR_F "': %s", STR_A(uri), why);
    else
        diag_error(b->diag, written->at, "'%" STR_F "' of stage '%" STR_F "': %s", STR_A(uri),
                   STR_A(sr->stage->stage_name), why);
}

/* --- variables of the path --- */

/* The names in a route's path, in its order, which is the router's: "/a/{id}/{rest+}". */
static size_t names_of_path(struct arena *arena, struct str path,
                            const char *names[ROUTE_PARAMETERS_MAX])
{
    size_t count = 0;
    struct str segment;
    while (count < ROUTE_PARAMETERS_MAX && str_split(&path, '/', &segment)) {
        if (segment.len < 3 || segment.at[0] != '{')
            continue;
        size_t end = segment.len - (segment.at[segment.len - 2] == '+' ? 2 : 1);
        names[count++] = arena_cstring(arena, str_skip(str_head(segment, end), 1));
    }
    return count;
}

/* Those that integration.request.path.NAME gives a value, in their order. */
static size_t names_of_parameters(struct arena *arena, const struct integration *integration,
                                  const char *names[ROUTE_PARAMETERS_MAX])
{
    size_t count = 0;
    FOR_EACH_IN (p, &integration->websocket.parameters)
        if (p->target == PARAMETER_PATH && count < ROUTE_PARAMETERS_MAX)
            names[count++] = arena_cstring(arena, p->name);
    return count;
}

static void report_variable(struct builder *b, const struct stage_route *sr, struct str name,
                            const char *nearest)
{
    const struct route *route = sr->route;
    bool websocket = sr->stage->api->protocol_type == PROTOCOL_WEBSOCKET;
    diag_error(b->diag, route->integration->uri.at,
               "the %s of route '%" STR_F "' has no %s%" STR_F "'%s%s%s",
               websocket ? "integration" : "path", STR_A(route->key),
               websocket ? "parameter 'integration.request.path." : "variable '", STR_A(name),
               nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static bool find_variables(struct builder *b, const struct stage_route *sr, uri_piece_list *pieces)
{
    const char *names[ROUTE_PARAMETERS_MAX];
    const struct route *route = sr->route;
    struct arena *arena = &b->snapshot->arena;
    bool websocket = sr->stage->api->protocol_type == PROTOCOL_WEBSOCKET;
    size_t count = websocket ? names_of_parameters(arena, route->integration, names)
                             : names_of_path(arena, route->path, names);
    FOR_EACH_IN (piece, pieces) {
        if (!piece->variable)
            continue;
        while (piece->index < count && !str_is(piece->text, names[piece->index]))
            piece->index++;
        if (piece->index < count)
            continue;
        report_variable(b, sr, piece->text, nearest_name(piece->text, names, count));
        return false;
    }
    return true;
}

static void bind_url(struct builder *b, struct stage_route *sr, struct str uri)
{
    const char *why;
    struct uri_template *template = uri_template_compile(&b->snapshot->arena, uri, &why);
    if (!template) {
        report(b, sr, uri, why);
        return;
    }
    if (!find_variables(b, sr, &template->path) || !find_variables(b, sr, &template->query))
        return;
    const struct uri *parts = &template->uri;
    bool tls = str_eq_nocase(parts->scheme, STR("https"));
    if (sr->route->integration->server_name_to_verify.text.at && !tls)
        report(b, sr, uri, "tlsConfig is for https:// alone");
    sr->uri_template = template;
    sr->endpoint = (struct endpoint){.url = uri,
                                     .tls = tls,
                                     .host = parts->host,
                                     .authority = parts->authority,
                                     .port = parts->port ? parts->port : (tls ? 443 : 80)};
}

/* --- private integrations --- */

static const struct vpc_link *find_link(const struct settings *settings, struct str name)
{
    if (!name.at || name.len == 0)
        return NULL;
    FOR_EACH_IN (link, &settings->vpc_links)
        if (str_eq(link->name, name))
            return link;
    return NULL;
}

/* By the URI, else by the connection. What follows '?' chooses among the instances of a Cloud Map
 * service. */
static const struct vpc_link *find_vpc_link(const struct settings *settings, struct str uri,
                                            struct str connection_id)
{
    const struct vpc_link *link = find_link(settings, str_head(uri, str_find(uri, '?')));
    return link ? link : find_link(settings, connection_id);
}

static void bind_vpc_link(struct builder *b, struct stage_route *sr, struct str uri)
{
    const struct integration *integration = sr->route->integration;
    struct str id = integration->connection_id.text, missing;
    if (id.at && !stage_variables_substitute(&b->snapshot->arena, id, stage_variable, sr->stage,
                                             &id, &missing))
        diag_warning(b->diag, integration->connection_id.at,
                     "stage '%" STR_F "' has no variable '%" STR_F "'",
                     STR_A(sr->stage->stage_name), STR_A(missing));
    const struct vpc_link *link = find_vpc_link(&b->snapshot->settings, uri, id);
    if (!link) {
        struct str name = id.len ? id : str_head(uri, str_find(uri, '?'));
        diag_error(b->diag, integration->uri.at,
                   "where '%" STR_F "' leads is not configured: vpcLinks: {\"%" STR_F
                   "\": \"http://…\"} says it",
                   STR_A(uri), STR_A(name));
        return;
    }
    if (integration->server_name_to_verify.text.at && !link->endpoint.tls)
        diag_warning(b->diag, integration->server_name_to_verify.at,
                     "tlsConfig has no effect: vpcLinks leads '%" STR_F "' to '%" STR_F "'",
                     STR_A(link->name), STR_A(link->endpoint.url));
    sr->endpoint = link->endpoint;
}

static bool is_url(struct str uri)
{
    return str_find_str(uri, STR("://")) < uri.len;
}

void bind_http(struct builder *b, struct stage_route *sr, struct str uri)
{
    /* a message has no path of its own: what it is sent to is a URL */
    bool websocket = sr->stage->api->protocol_type == PROTOCOL_WEBSOCKET;
    if (sr->route->integration->vpc_link && !is_url(uri) && !websocket)
        bind_vpc_link(b, sr, uri);
    else
        bind_url(b, sr, uri);
}
