/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs together is checked, names become pointers, routers are compiled. */
#include <stdlib.h>

#include "bind.h"
#include "builder_cors.h"
#include "turnpike/model/function_name.h"
#include "turnpike/model/router.h"
#include "turnpike/text/stage_variables.h"

static const char *nearest_api(const struct builder *b, struct str written)
{
    size_t count = b->snapshot->apis.count;
    const char **names = arena_array(&b->snapshot->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_cstring(&b->snapshot->arena, b->snapshot->apis.items[i]->api_id);
    return nearest_name(written, names, count);
}

/* `what` '…' is not there; did you mean '…'? */
static void report_dangling(struct builder *b, struct written reference, const char *what,
                            const char *nearest)
{
    if (nearest)
        diag_error(b->diag, reference.at, "there is no %s '%" STR_F "'; did you mean '%s'?", what,
                   STR_A(reference.text), nearest);
    else
        diag_error(b->diag, reference.at, "there is no %s '%" STR_F "'", what,
                   STR_A(reference.text));
}

struct str stage_variable(const void *data, struct str name, bool *found)
{
    const struct variable *variable = stage_find_variable(data, name);
    *found = variable != NULL;
    return variable ? variable->value : STR("");
}

static const char *nearest_function(struct builder *b, struct str written)
{
    size_t count = b->snapshot->functions.count;
    const char **names = arena_array(&b->snapshot->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_cstring(&b->snapshot->arena, b->snapshot->functions.items[i]->name);
    return nearest_name(written, names, count);
}

/* A function that is not listed is served by the default endpoint, where there is one. */
static const struct function *find_function(struct builder *b, struct str name)
{
    const struct function *listed = map_get(&b->snapshot->functions_by_name, name);
    if (listed || b->snapshot->default_endpoint.text.len == 0)
        return listed;
    struct function *f = builder_add_function(b, b->snapshot->default_endpoint.at, name);
    f->signing = b->snapshot->default_signing;
    return builder_set_endpoint(b, &f->endpoint, b->snapshot->default_endpoint) ? f : NULL;
}

static void bind_function(struct builder *b, struct stage_route *sr, struct str uri,
                          struct position at)
{
    struct function_name name;
    if (!function_name_parse(uri, &name)) {
        diag_error(b->diag, at, "'%" STR_F "' names no Lambda function", STR_A(uri));
        return;
    }
    sr->qualifier = name.qualifier;
    sr->function_arn = name.arn.len ? name.arn : name.name;
    sr->function = find_function(b, name.name);
    if (!sr->function)
        report_dangling(b, (struct written){name.name, at}, "function",
                        nearest_function(b, name.name));
}

/* An unset stage variable is empty text on AWS, and the invocation then fails. */
static void bind_integration(struct builder *b, struct stage_route *sr)
{
    const struct integration *integration = sr->route->integration;
    struct str uri, missing = {NULL, 0};
    if (integration->uri.text.len == 0)
        return;
    if (!stage_variables_substitute(&b->snapshot->arena, integration->uri.text, stage_variable,
                                    sr->stage, &uri, &missing)) {
        diag_warning(b->diag, integration->uri.at,
                     "stage '%" STR_F "' has no variable '%" STR_F "': requests to '%" STR_F
                     "' will be answered 500",
                     STR_A(sr->stage->stage_name), STR_A(missing), STR_A(sr->route->key));
        return;
    }
    sr->uri = uri;
    if (integration->type == INTEGRATION_LAMBDA)
        bind_function(b, sr, uri, integration->uri.at);
    else if (integration->type == INTEGRATION_HTTP)
        bind_http(b, sr, uri);
}

static void bind_throttle(struct stage_route *sr)
{
    sr->throttle = sr->stage->default_throttle;
    FOR_EACH_IN (own, &sr->stage->route_settings) {
        if (!str_eq(own->route_key.text, sr->route->key) || !own->throttle.on)
            continue;
        sr->throttle = own->throttle;
        sr->has_own_throttle = true;
    }
}

static void check_route_settings(struct builder *b, const struct api *api,
                                 const struct stage *stage)
{
    size_t count = api->routes.count;
    const char **keys = arena_array(&b->snapshot->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        keys[i] = arena_cstring(&b->snapshot->arena, api->routes.items[i]->key);
    FOR_EACH_IN (own, &stage->route_settings) {
        size_t i = 0;
        while (i < count && !str_eq(own->route_key.text, api->routes.items[i]->key))
            i++;
        if (i == count)
            report_dangling(b, own->route_key, "route",
                            nearest_name(own->route_key.text, keys, count));
    }
}

static void finish_stage(struct builder *b, struct api *api, struct stage *stage)
{
    bool websocket = api->protocol_type == PROTOCOL_WEBSOCKET;
    if (str_eq(stage->stage_name, STR("$default")) && !websocket)
        api->default_stage = stage;
    check_route_settings(b, api, stage);
    stage->routes = arena_array(&b->snapshot->arena, struct stage_route, api->routes.count);
    FOR_EACH_IN (route, &api->routes) {
        struct stage_route *sr = &stage->routes[(*route)->index];
        sr->stage = stage;
        sr->route = *route;
        bind_throttle(sr);
        if ((*route)->integration)
            bind_integration(b, sr);
    }
}

static void finish_api(struct builder *b, struct api *api)
{
    bool websocket = api->protocol_type == PROTOCOL_WEBSOCKET;
    if (websocket) {
        finish_websocket_routes(b, api);
        check_websocket_listeners(b, api);
    } else {
        api->router = router_new(&b->snapshot->arena, api->routes.items, api->routes.count);
    }
    FOR_EACH_IN (stage, &api->stages)
        finish_stage(b, api, *stage);
    if (api->cors.on && !websocket)
        builder_check_cors(b, api);
}

static int longest_key_first(const void *left, const void *right)
{
    const struct api_mapping *a = left, *b = right;
    if (a->key.len != b->key.len)
        return a->key.len > b->key.len ? -1 : 1;
    return str_compare(a->key, b->key);
}

static void finish_domain(struct builder *b, struct domain *domain)
{
    FOR_EACH_IN (m, &domain->mappings) {
        m->api = map_get(&b->snapshot->apis_by_id, m->api_id.text);
        if (!m->api) {
            report_dangling(b, m->api_id, "API", nearest_api(b, m->api_id.text));
            continue;
        }
        m->stage = api_find_stage(m->api, m->stage_name.text);
        if (!m->stage)
            report_dangling(b, m->stage_name, "stage", NULL);
    }
    if (domain->mappings.count > 1)
        qsort(domain->mappings.items, domain->mappings.count, sizeof(*domain->mappings.items),
              longest_key_first);
    for (size_t i = 1; i < domain->mappings.count; i++) {
        const struct api_mapping *m = &domain->mappings.items[i];
        if (str_eq(m->key, m[-1].key))
            diag_error(b->diag, m->at, "the API mapping key '%" STR_F "' is there twice",
                       STR_A(m->key));
    }
    check_websocket_mappings(b, domain);
}

static void check_listener(struct builder *b, const struct listener_settings *listener)
{
    FOR_EACH_IN (api, &listener->apis)
        if (!map_get(&b->snapshot->apis_by_id, api->text))
            report_dangling(b, *api, "API", nearest_api(b, api->text));
}

static bool is_routed_to(const struct snapshot *s, const struct function *f)
{
    FOR_EACH_IN (api, &s->apis)
        FOR_EACH_IN (stage, &(*api)->stages)
            for (size_t i = 0; i < (*api)->routes.count; i++)
                if ((*stage)->routes[i].function == f)
                    return true;
    return false;
}

/* Its processes would never be started, or be kept for nothing. */
static void check_hosted_function(struct builder *b, const struct function *f)
{
    if (f->process.on && !b->snapshot->settings.invoke_api.on && !is_routed_to(b->snapshot, f))
        diag_warning(b->diag, f->at,
                     "nothing invokes function '%" STR_F "': no route has it, and there is no "
                     "'invokeApi'",
                     STR_A(f->name));
}

/* What authorizers compare `iss` with; `names` has room for the names of all. */
static size_t list_issuers(const struct builder *b, const char **names)
{
    size_t count = 0;
    FOR_EACH_IN (api, &b->snapshot->apis)
        FOR_EACH_IN (authorizer, &(*api)->authorizers)
            names[count++] = arena_cstring(&b->snapshot->arena, (*authorizer)->issuer);
    return count;
}

static size_t count_authorizers(const struct snapshot *s)
{
    size_t count = 0;
    FOR_EACH_IN (api, &s->apis)
        count += (*api)->authorizers.count;
    return count;
}

static bool is_among(struct str issuer, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(issuer, names[i]))
            return true;
    return false;
}

/* Its tokens would be refused everywhere; where there is no authorizer, nobody is asked for any. */
static void check_issuers(struct builder *b)
{
    size_t most = count_authorizers(b->snapshot);
    const char **names = arena_array(&b->snapshot->arena, const char *, most + 1);
    size_t count = list_issuers(b, names);
    FOR_EACH_IN (issuer, &b->snapshot->settings.issuers) {
        if (count == 0 || is_among(issuer->issuer, names, count))
            continue;
        const char *nearest = nearest_name(issuer->issuer, names, count);
        diag_notice(b->diag, issuer->at, "no authorizer has the issuer '%" STR_F "'%s%s%s",
                    STR_A(issuer->issuer), nearest ? "; did you mean '" : "",
                    nearest ? nearest : "", nearest ? "'?" : "");
    }
}

struct snapshot *builder_finish(struct builder *b)
{
    FOR_EACH_IN (api, &b->snapshot->apis)
        finish_api(b, *api);
    FOR_EACH_IN (domain, &b->snapshot->domains)
        finish_domain(b, *domain);
    FOR_EACH_IN (listener, &b->snapshot->settings.listeners)
        check_listener(b, listener);
    FOR_EACH_IN (function, &b->snapshot->functions)
        check_hosted_function(b, *function);
    check_issuers(b);
    if (b->diag->error_count > 0)
        builder_abandon(b);
    return take(&b->snapshot);
}
