/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the import of WebSocket definitions to its promises: what it accepts is complete, what it
 * does not accept it says. */
#include "turnpike/load/websocket.h"

#include "fuzz.h"

static void check_integration(const struct integration *integration)
{
    const struct websocket_integration *w = &integration->websocket;
    bool last_is_default = false;
    REQUIRE(integration->timeout >= 50000 && integration->timeout <= 29000000);
    REQUIRE(integration->type == INTEGRATION_MOCK || integration->uri.text.at);
    REQUIRE(integration->type != INTEGRATION_HTTP || integration->method.len > 0);
    REQUIRE(!w->proxy || w->templates.count + w->responses.count == 0);
    FOR_EACH_IN (t, &w->templates)
        REQUIRE(t->template);
    FOR_EACH_IN (response, &w->responses) {
        REQUIRE(!last_is_default); /* $default stands last, once */
        last_is_default = !response->pattern;
    }
}

static void check_route(const struct api *api, const struct route *route)
{
    bool connect = route->websocket.kind == WEBSOCKET_CONNECT_ROUTE;
    REQUIRE(route->key.len > 0 && api_find_route(api, route->key) == route);
    REQUIRE(!route->authorizer || connect);
    REQUIRE(route->scopes.count == 0 || route->authorizer);
    REQUIRE(!route->websocket.two_way || route->websocket.kind == WEBSOCKET_MESSAGE_ROUTE);
    REQUIRE(connect ||
            route->websocket.required_header.count + route->websocket.required_querystring.count ==
                0);
    if (route->integration)
        check_integration(route->integration);
}

static void check_complete(const struct api *api)
{
    REQUIRE(api->protocol_type == PROTOCOL_WEBSOCKET && api->name.at);
    REQUIRE(api->websocket.route_selection);
    FOR_EACH_IN (authorizer, &api->authorizers)
        REQUIRE((*authorizer)->issuer.len > 0 && (*authorizer)->audience.count > 0 &&
                (*authorizer)->identity_source.name.len > 0);
    FOR_EACH_IN (route, &api->routes)
        check_route(api, *route);
}

static void check_finished(const struct snapshot *snapshot)
{
    const struct api *api = snapshot->apis.items[0];
    REQUIRE(!api->router && !api->default_stage);
    REQUIRE(api_find_route(api, STR(ROUTE_CONNECT)) && api_find_route(api, STR(ROUTE_DISCONNECT)));
    FOR_EACH_IN (route, &api->routes)
        REQUIRE(api->stages.items[0]->routes[(*route)->index].route == *route);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag;
    struct builder b;
    diag_init(&diag);
    builder_init(&b, &diag);
    b.snapshot->settings.aws_region = STR("us-east-1");
    b.snapshot->settings.account_id = STR("123456789012");
    (void)builder_add_function(&b, (struct position){0}, STR("room"));
    struct api *api = builder_add_api(&b, (struct position){0}, STR("a"));
    (void)builder_add_stage(&b, api, (struct position){0}, STR("$default"));
    api->stages_written = true;
    *list_push(&b.snapshot->arena, &api->allow_unenforced) = (struct written){STR("open"), {0}};

    const struct doc *root =
        doc_parse(&b.snapshot->arena, &diag, "fuzz.yaml", fuzz_input(data, size));
    size_t errors_before = diag.error_count;
    bool read = root && websocket_read(&b, api, root);
    REQUIRE(!root || read == (diag.error_count == errors_before));
    if (read)
        check_complete(api);
    struct snapshot *snapshot = builder_finish(&b);
    if (snapshot && read)
        check_finished(snapshot);
    snapshot_unref(snapshot);
    diag_release(&diag);
    return 0;
}
