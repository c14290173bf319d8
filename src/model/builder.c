/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/builder.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/uri.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/model/router.h"

void builder_init(struct builder *b, struct diag *diag)
{
    b->snapshot = xcalloc(1, sizeof(*b->snapshot));
    b->snapshot->references = 1;
    arena_init(&b->snapshot->arena, 16384);
    b->diag = diag;
}

void builder_abandon(struct builder *b)
{
    snapshot_unref(take(&b->snapshot));
}

struct listener_settings *builder_add_listener(struct builder *b, struct position at)
{
    struct listener_settings *listener =
        list_push(&b->snapshot->arena, &b->snapshot->settings.listeners);
    listener->at = at;
    return listener;
}

static void report_twice(struct builder *b, struct position at, const char *what, struct str name,
                         struct position first)
{
    diag_error(b->diag, at, "%s '%" STR_F "' is there twice; the first is at line %u", what,
               STR_A(name), first.line);
}

struct api *builder_add_api(struct builder *b, struct position at, struct str api_id)
{
    struct api *api = arena_new(&b->snapshot->arena, struct api), *twin;
    api->at = at;
    api->api_id = api_id;
    *list_push(&b->snapshot->arena, &b->snapshot->apis) = api;
    twin = map_set(&b->snapshot->apis_by_id, api_id, api);
    if (twin)
        report_twice(b, at, "API", api_id, twin->at);
    return api;
}

struct stage *builder_add_stage(struct builder *b, struct api *api, struct position at,
                                struct str stage_name)
{
    FOR_EACH_IN (other, &api->stages)
        if (str_eq((*other)->stage_name, stage_name))
            report_twice(b, at, "stage", stage_name, (*other)->at);

    struct stage *stage = arena_new(&b->snapshot->arena, struct stage);
    stage->at = at;
    stage->stage_name = stage_name;
    stage->api = api;
    *list_push(&b->snapshot->arena, &api->stages) = stage;
    return stage;
}

struct domain *builder_add_domain(struct builder *b, struct position at, struct str domain_name)
{
    struct domain *domain = arena_new(&b->snapshot->arena, struct domain), *twin;
    domain->at = at;
    domain->domain_name = domain_name;
    *list_push(&b->snapshot->arena, &b->snapshot->domains) = domain;
    twin = map_set(&b->snapshot->domains_by_name, domain_name, domain);
    if (twin)
        report_twice(b, at, "domain", domain_name, twin->at);
    return domain;
}

/* The defaults of a function behind an endpoint. */
struct function *builder_add_function(struct builder *b, struct position at, struct str name)
{
    struct function *f = arena_new(&b->snapshot->arena, struct function), *twin;
    *f = (struct function){
        .at = at,
        .name = name,
        .remote_name = name,
        .timeout = 30 * USEC_PER_SEC,
        .connect_timeout = USEC_PER_SEC,
        .keep_alive_timeout = 4 * USEC_PER_SEC,
        .max_concurrency = 100,
        .max_queue = 100,
    };
    *list_push(&b->snapshot->arena, &b->snapshot->functions) = f;
    twin = map_set(&b->snapshot->functions_by_name, name, f);
    if (twin)
        report_twice(b, at, "function", name, twin->at);
    return f;
}

bool builder_set_endpoint(struct builder *b, struct endpoint *e, struct written url)
{
    struct uri uri;
    if (!uri_parse(url.text, &uri) || uri.query.len > 0) {
        diag_error(b->diag, url.at, "'%" STR_F "' is no http:// or https:// URL of an endpoint",
                   STR_A(url.text));
        return false;
    }
    *e = (struct endpoint){.url = url.text,
                           .tls = str_eq_nocase(uri.scheme, STR("https")),
                           .host = uri.host,
                           .authority = uri.authority,
                           .base_path = uri.path};
    e->port = uri.port ? uri.port : (e->tls ? 443 : 80);
    while (e->base_path.len > 0 && e->base_path.at[e->base_path.len - 1] == '/')
        e->base_path.len--;
    return true;
}

static struct authorizer *find_authorizer(const struct api *api, struct str name)
{
    FOR_EACH_IN (authorizer, &api->authorizers)
        if (str_eq((*authorizer)->name, name))
            return *authorizer;
    return NULL;
}

struct authorizer *builder_add_authorizer(struct builder *b, struct api *api, struct position at,
                                          struct str name)
{
    struct authorizer *twin = find_authorizer(api, name);
    if (twin)
        report_twice(b, at, "authorizer", name, twin->at);

    struct authorizer *authorizer = arena_new(&b->snapshot->arena, struct authorizer);
    authorizer->at = at;
    authorizer->name = name;
    *list_push(&b->snapshot->arena, &api->authorizers) = authorizer;
    return authorizer;
}

struct integration *builder_add_integration(struct builder *b, struct api *api, struct position at)
{
    struct integration *integration = arena_new(&b->snapshot->arena, struct integration);
    integration->at = at;
    integration->timeout = 30 * USEC_PER_SEC;
    *list_push(&b->snapshot->arena, &api->integrations) = integration;
    return integration;
}

static struct str route_key(struct arena *arena, struct str method, struct str path)
{
    if (str_eq(path, STR(ROUTE_DEFAULT)))
        return path;
    return arena_printf(arena, "%" STR_F " %" STR_F, STR_A(method), STR_A(path));
}

struct route *builder_add_route(struct builder *b, struct api *api, struct position at,
                                struct str method, struct str path)
{
    const char *problem = route_path_problem(path);
    if (problem) {
        diag_error(b->diag, at, "path '%" STR_F "': %s", STR_A(path), problem);
        return NULL;
    }
    struct str key = route_key(&b->snapshot->arena, method, path);
    FOR_EACH_IN (other, &api->routes) {
        if (str_eq((*other)->key, key)) {
            report_twice(b, at, "route", key, (*other)->at);
            return NULL;
        }
    }
    struct route *route = arena_new(&b->snapshot->arena, struct route);
    route->at = at;
    route->key = key;
    route->method = method;
    route->path = path;
    route->index = api->routes.count;
    *list_push(&b->snapshot->arena, &api->routes) = route;
    return route;
}
