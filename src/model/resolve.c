/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/resolve.h"

#include "turnpike/base/uri.h"

#define PATH_FORM_PREFIX "/_aws/execute-api/"

struct host {
    struct str name; /* lower case, without brackets */
    uint16_t port;   /* 0: none was written */
};

/* One resolution under way. */
struct search {
    const struct snapshot *snapshot;
    const struct listener_facts *listener;
    struct request *request;
    struct arena *arena;
    struct selection *selection;
    struct host host;
    bool host_is_configured; /* it may stand in domainName */
};

static struct host read_host(struct arena *arena, struct str authority)
{
    struct host host = {
        .name = {NULL, 0}
    };
    struct str name;
    if (!uri_split_host(authority, &name, &host.port))
        return host;
    char *lower = arena_cstring(arena, name);
    for (size_t i = 0; i < name.len; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + ('a' - 'A'));
    host.name = str_of(lower, name.len);
    return host;
}

bool listener_serves(const struct listener_settings *listener, const struct api *api)
{
    if (!listener->limited)
        return true;
    FOR_EACH_IN (id, &listener->apis)
        if (str_eq(id->text, api->api_id))
            return true;
    return false;
}

/* Without its first `len` bytes, a path is what follows from the next slash on, or "/". */
static struct str path_behind(struct str path, size_t len)
{
    struct str rest = str_skip(path, len);
    return rest.len ? rest : STR("/");
}

static struct str first_segment(struct str path)
{
    struct str rest = str_skip(path, 1);
    return str_head(rest, str_find(rest, '/'));
}

/* A first segment that is a stage's name selects it; otherwise $default, which has none. */
static enum resolution by_stage_segment(struct search *s, const struct api *api)
{
    struct str path = s->request->path, segment = first_segment(path);
    s->selection->api = api;
    if (api->disable_execute_api_endpoint)
        return RESOLVED_API_ONLY;

    const struct stage *named = api_find_stage(api, segment);
    if (named && named != api->default_stage) {
        s->selection->stage = named;
        s->selection->route_path = path_behind(path, 1 + segment.len);
        return RESOLVED;
    }
    s->selection->stage = api->default_stage;
    s->selection->route_path = path;
    return api->default_stage ? RESOLVED : RESOLVED_API_ONLY;
}

static bool key_matches(struct str key, struct str path)
{
    struct str rest = str_skip(path, 1);
    if (key.len == 0)
        return true;
    return str_starts_with(rest, key) && (rest.len == key.len || rest.at[key.len] == '/');
}

static bool by_domain(struct search *s, const struct domain *domain)
{
    FOR_EACH_IN (m, &domain->mappings) { /* longest key first */
        if (!key_matches(m->key, s->request->path) ||
            !listener_serves(s->listener->settings, m->api))
            continue;
        size_t taken = m->key.len ? 1 + m->key.len : 0;
        s->selection->api = m->api;
        s->selection->stage = m->stage;
        s->selection->mapping_key = m->key;
        s->selection->by_domain = true;
        s->selection->route_path = path_behind(s->request->path, taken);
        return true;
    }
    return false;
}

static const struct domain *find_domain(struct search *s)
{
    const struct map *domains = &s->snapshot->domains_by_name;
    const struct domain *exact = map_get(domains, s->host.name);
    if (exact || domains->count == 0 || s->host.name.len == 0)
        return exact;
    struct str parent = str_skip(s->host.name, str_find(s->host.name, '.'));
    return parent.len ? map_get(domains, arena_printf(s->arena, "*%" STR_F, STR_A(parent))) : NULL;
}

/* The suffix behind {apiId}.execute-api., or NULL where the host has another form. */
static const struct str *find_suffix(struct search *s, struct str *ret_api_id)
{
    size_t label = str_find(s->host.name, '.');
    struct str rest = str_skip(s->host.name, label);
    if (!str_starts_with(rest, STR(".execute-api.")))
        return NULL;
    rest = str_skip(rest, STR(".execute-api.").len);
    *ret_api_id = str_head(s->host.name, label);
    FOR_EACH_IN (suffix, &s->snapshot->settings.execute_api.host_suffixes)
        if (str_eq_nocase(*suffix, rest))
            return suffix;
    return NULL;
}

static const struct api *find_api(struct search *s, struct str id)
{
    const struct api *api = map_get(&s->snapshot->apis_by_id, id);
    return api && listener_serves(s->listener->settings, api) ? api : NULL;
}

/* Host names compare without case, API ids do not: AWS's are lower case, ours may not be. */
static const struct api *find_api_of_host(struct search *s, struct str lower_id)
{
    FOR_EACH_IN (api, &s->snapshot->apis)
        if (str_eq_nocase((*api)->api_id, lower_id))
            return find_api(s, (*api)->api_id);
    return NULL;
}

static bool path_form_is_allowed(const struct search *s)
{
    switch (s->snapshot->settings.execute_api.path_form) {
    case PATH_FORM_ALWAYS:
        return true;
    case PATH_FORM_LOOPBACK:
        return s->listener->loopback;
    case PATH_FORM_NEVER:
        break;
    }
    return false;
}

static const char no_such_api[] = "this listener serves no API of that id";

static enum resolution nothing(struct search *s, const char *why)
{
    s->selection->nothing = why;
    return RESOLVED_NOTHING;
}

/* /_aws/execute-api/{apiId}/{stage}/…: the function sees the path that it would see on AWS. */
static enum resolution by_path_form(struct search *s)
{
    struct str path = str_skip(s->request->path, STR(PATH_FORM_PREFIX).len - 1);
    struct str id = first_segment(path);
    const struct api *api = find_api(s, id);
    if (!api)
        return nothing(s, no_such_api);
    s->selection->api = api;
    if (api->disable_execute_api_endpoint)
        return RESOLVED_API_ONLY;

    path = path_behind(path, 1 + id.len);
    struct str name = first_segment(path);
    s->selection->stage = api_find_stage(api, name);
    if (!s->selection->stage)
        return RESOLVED_API_ONLY;
    s->selection->route_path = path_behind(path, 1 + name.len);
    s->request->path = s->selection->stage == api->default_stage ? s->selection->route_path : path;
    return RESOLVED;
}

static enum resolution by_domain_only(struct search *s, const struct domain *domain)
{
    s->selection->host_is_domain = true;
    return by_domain(s, domain)
               ? RESOLVED
               : nothing(s, "the domain has no API mapping for this path on this listener");
}

static enum resolution find(struct search *s)
{
    struct str id;
    const struct domain *domain = find_domain(s);
    if (domain) {
        s->host_is_configured = true;
        return by_domain_only(s, domain);
    }

    const struct str *suffix = find_suffix(s, &id);
    if (suffix) {
        const struct api *api = find_api_of_host(s, id);
        s->host_is_configured = !str_eq_nocase(*suffix, STR("localhost"));
        return api ? by_stage_segment(s, api) : nothing(s, no_such_api);
    }

    bool path_form = str_starts_with(s->request->path, STR(PATH_FORM_PREFIX));
    if (path_form && path_form_is_allowed(s))
        return by_path_form(s);

    domain = map_get(&s->snapshot->domains_by_name, STR("*"));
    if (domain)
        return by_domain_only(s, domain);

    if (s->snapshot->apis.count != 1 || s->snapshot->domains.count > 0)
        return nothing(s, path_form
                              ? "executeApi.pathForm does not allow such paths here"
                              : "the host is neither a domain nor {apiId}.execute-api.{suffix}, "
                                "which only one API without domains can do without");
    const struct api *only = find_api(s, s->snapshot->apis.items[0]->api_id);
    return only ? by_stage_segment(s, only) : nothing(s, no_such_api);
}

static bool is_loopback_name(struct str host)
{
    struct ip ip;
    return str_eq(host, STR("localhost")) || (ip_parse(host, &ip) && ip_is_loopback(&ip));
}

/* Functions send signed traffic to domainName, so it never repeats a name that nobody configured.
 */
static void name_domain(struct search *s)
{
    struct str name = s->snapshot->settings.execute_api.public_endpoint;
    if (s->host_is_configured || (s->listener->named && is_loopback_name(s->host.name))) {
        bool https = str_eq(s->request->scheme, STR("https"));
        bool is_default = s->host.port == 0 || s->host.port == (https ? 443 : 80);
        bool v6 = str_find(s->host.name, ':') < s->host.name.len;
        name = s->host.name;
        if (v6)
            name = arena_printf(s->arena, "[%" STR_F "]", STR_A(name));
        if (!is_default)
            name = arena_printf(s->arena, "%" STR_F ":%u", STR_A(name), s->host.port);
    }
    s->selection->domain_name = name;
    struct str prefix = str_head(name, str_find(name, '.'));
    s->selection->domain_prefix =
        name.len && name.at[0] == '[' ? name : str_head(prefix, str_find(prefix, ':'));
}

enum resolution resolve(const struct snapshot *snapshot, const struct listener_facts *listener,
                        struct request *r, struct arena *arena, struct selection *selection)
{
    struct search s = {.snapshot = snapshot,
                       .listener = listener,
                       .request = r,
                       .arena = arena,
                       .selection = selection,
                       .host = read_host(arena, r->host)};
    enum resolution resolution = find(&s);
    name_domain(&s);
    return resolution;
}
