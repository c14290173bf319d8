/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/route_list.h"

#include <jansson.h>

#include "sample.h"

static const struct sample_route routes[] = {
    {STR_INIT("GET"), STR_INIT("/health"), STR_INIT("todo"), NULL},
    {STR_INIT("GET"), STR_INIT("/todos"), STR_INIT("todo:live"), "todo/read"},
    {STR_INIT("ANY"), STR_INIT("/{proxy+}"), STR_INIT("${stageVariables.f}"), ""},
};

static void add_http(struct builder *b, struct api *api)
{
    struct position nowhere = {0};
    struct integration *integration = builder_add_integration(b, api, nowhere);
    integration->type = INTEGRATION_HTTP;
    integration->method = STR("POST");
    integration->uri = sample_written(STR("http://${stageVariables.h}/x/{id}"));
    *list_push(&b->snapshot->arena, &api->stages.items[0]->variables) =
        (struct variable){STR("h"), STR("back:81")};
    builder_add_route(b, api, nowhere, STR("GET"), STR("/b/{id}"))->integration = integration;
}

static void limit(struct builder *b, struct stage *stage)
{
    struct route_settings *own = list_push(&b->snapshot->arena, &stage->route_settings);
    own->route_key = sample_written(STR("GET /todos"));
    own->throttle = (struct throttle){true, 0.5, 10};
    b->snapshot->settings.throttling = (struct throttle){true, 10000, 5000};
}

static struct snapshot *make(struct diag *diag)
{
    struct builder b;
    builder_init(&b, diag);
    struct api *api = sample_add_api(&b, STR("todo"));
    struct authorizer *users = sample_add_authorizer(&b, api, STR("users"), STR("todo"));
    sample_add_function(&b, STR("todo"));
    FOR_EACH (route, routes, ARRAY_LENGTH(routes))
        sample_add_route(&b, api, route, users);
    add_http(&b, api);
    limit(&b, api->stages.items[0]);
    return sample_finish(&b);
}

static void writes_a_table(void **state)
{
    (void)state;
    struct diag diag;
    scoped_buf struct buf text = {0};
    diag_init(&diag);
    struct snapshot *snapshot = make(&diag);
    route_list_write_text(&text, snapshot);
    assert_str_equal(
        buf_str(&text),
        STR("API   STAGE     ROUTE          PROTECTION         THROTTLE                      "
            "INTEGRATION\n"
            "todo  $default  GET /health    open               10000/s burst 5000 (account)  "
            "todo\n"
            "todo  $default  GET /todos     users (todo/read)  0.5/s burst 10 (route)        "
            "todo:live\n"
            "todo  $default  ANY /{proxy+}  users              10000/s burst 5000 (account)  "
            "${stageVariables.f}\n"
            "todo  $default  GET /b/{id}    open               10000/s burst 5000 (account)  "
            "POST http://back:81/x/{id}\n"));
    snapshot_unref(snapshot);
    diag_release(&diag);
}

static const char *const want[] = {
    "{\"apiId\":\"todo\",\"stage\":\"$default\",\"routeKey\":\"GET /health\",\"method\":\"GET\","
    "\"path\":\"/health\",\"authorizer\":null,\"scopes\":[],"
    "\"throttle\":{\"level\":\"account\",\"rateLimit\":10000,\"burstLimit\":5000},"
    "\"integration\":{\"type\":\"lambda\",\"method\":null,\"url\":null,\"function\":\"todo\","
    "\"qualifier\":null,"
    "\"subtype\":null,"
    "\"uri\":\"todo\"}}",
    "{\"apiId\":\"todo\",\"stage\":\"$default\",\"routeKey\":\"GET /todos\",\"method\":\"GET\","
    "\"path\":\"/todos\",\"authorizer\":\"users\",\"scopes\":[\"todo/read\"],"
    "\"throttle\":{\"level\":\"route\",\"rateLimit\":0.5,\"burstLimit\":10},"
    "\"integration\":{\"type\":\"lambda\",\"method\":null,\"url\":null,\"function\":\"todo\","
    "\"qualifier\":\"live\","
    "\"subtype\":null,"
    "\"uri\":\"todo:live\"}}",
    "{\"apiId\":\"todo\",\"stage\":\"$default\",\"routeKey\":\"ANY /{proxy+}\",\"method\":\"ANY\","
    "\"path\":\"/{proxy+}\",\"authorizer\":\"users\",\"scopes\":[],"
    "\"throttle\":{\"level\":\"account\",\"rateLimit\":10000,\"burstLimit\":5000},"
    "\"integration\":{\"type\":\"lambda\",\"method\":null,\"url\":null,\"function\":null,"
    "\"qualifier\":null,"
    "\"subtype\":null,\"uri\":\"$"
    "{stageVariables.f}\"}}",
    "{\"apiId\":\"todo\",\"stage\":\"$default\",\"routeKey\":\"GET /b/{id}\",\"method\":\"GET\","
    "\"path\":\"/b/{id}\",\"authorizer\":null,\"scopes\":[],"
    "\"throttle\":{\"level\":\"account\",\"rateLimit\":10000,\"burstLimit\":5000},"
    "\"integration\":{\"type\":\"http\",\"method\":\"POST\",\"url\":\"http://back:81/x/"
    "{id}\",\"function\":null,"
    "\"qualifier\":null,\"subtype\":null,\"uri\":\"http://${stageVariables.h}/x/{id}\"}}",
};

static void writes_json(void **state)
{
    (void)state;
    struct diag diag;
    json_error_t error;
    scoped_buf struct buf text = {0};
    diag_init(&diag);
    struct snapshot *snapshot = make(&diag);
    route_list_write_json(&text, snapshot);
    json_auto_t *got = json_loadb(buf_str(&text).at, buf_len(&text), 0, &error);
    const json_t *list = json_object_get(got, "routes");
    assert_int_equal(json_array_size(list), ARRAY_LENGTH(want));
    for (size_t i = 0; i < ARRAY_LENGTH(want); i++) {
        json_auto_t *row = json_loads(want[i], 0, &error);
        assert_non_null(row);
        if (!json_equal(json_array_get(list, i), row))
            fail_msg("%" STR_F, STR_A(buf_str(&text)));
    }
    snapshot_unref(snapshot);
    diag_release(&diag);
}

/* --- WebSocket APIs --- */

static void add_websocket_route(struct builder *b, struct api *api, const char *key,
                                enum integration_type type, struct str uri)
{
    struct position nowhere = {0};
    struct route *route = builder_add_websocket_route(b, api, nowhere, str_from(key));
    assert_non_null(route);
    if (!uri.at)
        return;
    route->integration = builder_add_integration(b, api, nowhere);
    route->integration->type = type;
    route->integration->uri = sample_written(uri);
    route->integration->method = STR("POST");
}

static struct snapshot *make_websocket(struct diag *diag)
{
    struct builder b;
    builder_init(&b, diag);
    struct api *api = sample_add_api(&b, STR("chat"));
    api->protocol_type = PROTOCOL_WEBSOCKET;
    sample_add_function(&b, STR("room"));
    add_websocket_route(&b, api, "$disconnect", INTEGRATION_LAMBDA, STR("room"));
    add_websocket_route(&b, api, "send", INTEGRATION_HTTP, STR("http://back/"));
    add_websocket_route(&b, api, "ping", INTEGRATION_MOCK, STR(""));
    add_websocket_route(&b, api, "mute", INTEGRATION_LAMBDA, (struct str){NULL, 0});
    return sample_finish(&b);
}

/* $connect, which nobody wrote, is none of them. */
static void lists_websocket_routes(void **state)
{
    (void)state;
    struct diag diag;
    scoped_buf struct buf text = {0};
    diag_init(&diag);
    struct snapshot *snapshot = make_websocket(&diag);
    route_list_write_text(&text, snapshot);
    assert_str_equal(buf_str(&text),
                     STR("API   STAGE     ROUTE        PROTECTION  THROTTLE  INTEGRATION\n"
                         "chat  $default  $disconnect  open        none      room\n"
                         "chat  $default  send         open        none      POST http://back/\n"
                         "chat  $default  ping         open        none      mock\n"
                         "chat  $default  mute         open        none      none\n"));
    snapshot_unref(snapshot);
    diag_release(&diag);
}

/* Who sends messages has passed the authorizer of $connect. */
static void tells_what_connect_guards(void **state)
{
    (void)state;
    struct builder b;
    struct diag diag;
    scoped_buf struct buf text = {0};
    diag_init(&diag);
    builder_init(&b, &diag);
    struct api *api = sample_add_api(&b, STR("chat"));
    api->protocol_type = PROTOCOL_WEBSOCKET;
    add_websocket_route(&b, api, "$connect", INTEGRATION_MOCK, STR(""));
    api->routes.items[0]->authorizer = sample_add_authorizer(&b, api, STR("users"), STR("chat"));
    add_websocket_route(&b, api, "send", INTEGRATION_MOCK, STR(""));
    struct snapshot *snapshot = sample_finish(&b);
    route_list_write_text(&text, snapshot);
    assert_str_equal(buf_str(&text),
                     STR("API   STAGE     ROUTE     PROTECTION   THROTTLE  INTEGRATION\n"
                         "chat  $default  $connect  users        none      mock\n"
                         "chat  $default  send      by $connect  none      mock\n"));
    snapshot_unref(snapshot);
    diag_release(&diag);
}

static const char *const websocket_types[] = {"lambda", "http", "mock", NULL};

static void writes_websocket_routes_as_json(void **state)
{
    (void)state;
    struct diag diag;
    json_error_t error;
    scoped_buf struct buf text = {0};
    diag_init(&diag);
    struct snapshot *snapshot = make_websocket(&diag);
    route_list_write_json(&text, snapshot);
    json_auto_t *got = json_loadb(buf_str(&text).at, buf_len(&text), 0, &error);
    const json_t *list = json_object_get(got, "routes");
    assert_int_equal(json_array_size(list), ARRAY_LENGTH(websocket_types));
    for (size_t i = 0; i < ARRAY_LENGTH(websocket_types); i++) {
        const json_t *row = json_array_get(list, i);
        const json_t *type = json_object_get(json_object_get(row, "integration"), "type");
        assert_true(json_is_null(json_object_get(row, "method")));
        assert_true(json_is_null(json_object_get(row, "path")));
        if (websocket_types[i])
            assert_string_equal(json_string_value(type), websocket_types[i]);
        else
            assert_true(json_is_null(type));
    }
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "routeKey")),
                        "send");
    snapshot_unref(snapshot);
    diag_release(&diag);
}

static void nothing_is_an_empty_list(void **state)
{
    (void)state;
    struct diag diag;
    struct builder b;
    scoped_buf struct buf text = {0};
    diag_init(&diag);
    builder_init(&b, &diag);
    struct snapshot *snapshot = sample_finish(&b);
    route_list_write_json(&text, snapshot);
    assert_str_equal(buf_str(&text), STR("{\"routes\":[]}\n"));
    snapshot_unref(snapshot);
    diag_release(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_table),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(lists_websocket_routes),
        cmocka_unit_test(tells_what_connect_guards),
        cmocka_unit_test(writes_websocket_routes_as_json),
        cmocka_unit_test(nothing_is_an_empty_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
