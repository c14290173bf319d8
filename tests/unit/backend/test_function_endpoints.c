/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/backend/function_endpoints.h"

#include "testing.h"
#include "turnpike/base/xalloc.h"

struct api_case {
    const char *api_id, *stages; /* "dev prod" */
    int function;                /* that its one route calls */
    bool http, disabled;
};

struct listener_case {
    const char *name, *address;
    uint16_t port;
    const char *apis; /* one; NULL: all */
    bool tls, proxy;
};

#define SOCKETS(id, stages, function)                                                              \
    {                                                                                              \
        id, stages, function, false, false                                                         \
    }
#define NO_API SOCKETS(NULL, NULL, 0)
#define PLAIN(name, address, port)                                                                 \
    {                                                                                              \
        name, address, port, NULL, false, false                                                    \
    }
#define TLS(name, address, port)                                                                   \
    {                                                                                              \
        name, address, port, NULL, true, false                                                     \
    }

static const struct {
    const char *name;
    struct api_case apis[3];
    struct listener_case listeners[3];
    const char *management_listeners; /* one; NULL: all */
    const char *want;
} cases[] = {
    {"the only stage",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     "http://127.0.0.1:8080/prod"},
    {"the only one, though another function is behind it",
     {SOCKETS("chat", "prod", 1)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     "http://127.0.0.1:8080/prod"},
    {"none", {NO_API}, {PLAIN("a", "127.0.0.1", 8080)}, NULL, ""},
    {"an HTTP API has no connections",
     {{"todo", "prod", 0, true, false}},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     ""},
    {"the one of several that calls it",
     {SOCKETS("a", "s1", 1), SOCKETS("b", "s2", 0), SOCKETS("c", "s3", 1)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     "http://127.0.0.1:8080/s2"},
    {"several that do",
     {SOCKETS("a", "s1", 0), SOCKETS("b", "s2", 0)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     ""},
    {"two stages of one API",
     {SOCKETS("a", "dev prod", 0)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     ""},
    {"several that do not",
     {SOCKETS("a", "s1", 1), SOCKETS("b", "s2", 1)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     ""},
    {"beside an HTTP API",
     {{"todo", "$default", 0, true, false}, SOCKETS("chat", "prod", 1)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     "http://127.0.0.1:8080/prod"},
    {"without the stage in the path",
     {SOCKETS("chat", "$default", 0)},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     "http://127.0.0.1:8080/$default"},

    {"all addresses",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "0.0.0.0", 8080)},
     NULL,
     "http://127.0.0.1:8080/prod"},
    {"all of version 6",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "::", 80)},
     NULL,
     "http://[::1]:80/prod"},
    {"loopback of version 6",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "::1", 8080)},
     NULL,
     "http://[::1]:8080/prod"},
    {"another loopback address",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "127.0.0.2", 8080)},
     NULL,
     "http://127.0.0.2:8080/prod"},
    {"plain before TLS",
     {SOCKETS("chat", "prod", 0)},
     {TLS("a", "0.0.0.0", 8443), PLAIN("b", "127.0.0.1", 8080)},
     NULL,
     "http://127.0.0.1:8080/prod"},
    {"TLS alone",
     {SOCKETS("chat", "prod", 0)},
     {TLS("a", "0.0.0.0", 8443)},
     NULL,
     "https://gw.example.com/prod"},
    {"plain, but elsewhere",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "192.0.2.1", 8080)},
     NULL,
     ""},
    {"a UNIX socket", {SOCKETS("chat", "prod", 0)}, {PLAIN("a", "", 0)}, NULL, ""},
    {"behind proxies alone",
     {SOCKETS("chat", "prod", 0)},
     {{"a", "127.0.0.1", 8080, NULL, false, true}},
     NULL,
     ""},
    {"a listener of other APIs",
     {SOCKETS("chat", "prod", 0)},
     {{"a", "127.0.0.1", 1, "todo", false, false}, {"b", "127.0.0.1", 2, "chat", false, false}},
     NULL,
     "http://127.0.0.1:2/prod"},
    {"a listener without @connections",
     {SOCKETS("chat", "prod", 0)},
     {PLAIN("a", "127.0.0.1", 1), PLAIN("b", "127.0.0.1", 2)},
     "b",
     "http://127.0.0.1:2/prod"},
    {"TLS without @connections",
     {SOCKETS("chat", "prod", 0)},
     {TLS("a", "0.0.0.0", 1), PLAIN("b", "192.0.2.1", 2)},
     "b",
     ""},
    {"reached by its domain alone",
     {{"chat", "prod", 0, false, true}},
     {PLAIN("a", "127.0.0.1", 8080)},
     NULL,
     ""},
};

/* The snapshot has functions 0 and 1; the first is asked for. */
static void add_stage(struct snapshot *s, struct api *api, struct str name, int function)
{
    struct stage *stage = arena_new(&s->arena, struct stage);
    stage->stage_name = name;
    stage->api = api;
    stage->routes = arena_array(&s->arena, struct stage_route, api->routes.count);
    stage->routes[0].function = s->functions.items[function];
    *list_push(&s->arena, &api->stages) = stage;
}

static void add_api(struct snapshot *s, const struct api_case *written)
{
    struct api *api = arena_new(&s->arena, struct api);
    struct str rest = str_from(written->stages), name;
    api->api_id = str_from(written->api_id);
    api->protocol_type = written->http ? PROTOCOL_HTTP : PROTOCOL_WEBSOCKET;
    api->disable_execute_api_endpoint = written->disabled;
    (void)list_push(&s->arena, &api->routes);
    while (str_split(&rest, ' ', &name))
        add_stage(s, api, name, written->function);
    *list_push(&s->arena, &s->apis) = api;
}

static void add_listener(struct snapshot *s, const struct listener_case *written)
{
    struct listener_settings *listener = list_push(&s->arena, &s->settings.listeners);
    listener->name = str_from(written->name);
    listener->address = str_from(written->address);
    listener->port = written->port;
    listener->tls.on = written->tls;
    listener->proxy_protocol = written->proxy;
    listener->limited = written->apis != NULL;
    if (written->apis)
        list_push(&s->arena, &listener->apis)->text = str_from(written->apis);
}

static struct snapshot *make_snapshot(void)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    s->references = 1;
    arena_init(&s->arena, 4096);
    s->settings.execute_api.public_endpoint = STR("gw.example.com");
    for (int i = 0; i < 2; i++)
        *list_push(&s->arena, &s->functions) = arena_new(&s->arena, struct function);
    return s;
}

static void finds_connections(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct snapshot *s = make_snapshot();
        FOR_EACH (api, c->apis, ARRAY_LENGTH(c->apis))
            if (api->api_id)
                add_api(s, api);
        FOR_EACH (listener, c->listeners, ARRAY_LENGTH(c->listeners))
            if (listener->name)
                add_listener(s, listener);
        s->settings.management.limited = c->management_listeners != NULL;
        if (c->management_listeners)
            list_push(&s->arena, &s->settings.management.listeners)->text =
                str_from(c->management_listeners);
        struct function_endpoints found =
            function_endpoints_find(&s->arena, s, s->functions.items[0]);
        CHECK_CASE(c, str_is(found.management, c->want), "got '%" STR_F "'",
                   STR_A(found.management));
        CHECK_CASE(c, found.invoke.len == 0, "got '%" STR_F "'", STR_A(found.invoke));
        snapshot_unref(s);
    }
}

static const struct {
    const char *name;
    bool on;
    const char *address, *want;
} invocations[] = {
    {"off", false, "127.0.0.1", ""},
    {"loopback", true, "127.0.0.1", "http://127.0.0.1:3001"},
    {"loopback of version 6", true, "::1", "http://[::1]:3001"},
    {"all addresses", true, "0.0.0.0", "http://127.0.0.1:3001"},
    {"all addresses of version 6", true, "::", "http://[::1]:3001"},
    {"another", true, "192.0.2.1", "http://192.0.2.1:3001"},
};

static void finds_the_invoke_api(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, invocations) {
        struct snapshot *s = make_snapshot();
        s->settings.invoke_api = (struct invoke_api_settings){
            .on = c->on, .address = str_from(c->address), .port = 3001};
        struct function_endpoints found =
            function_endpoints_find(&s->arena, s, s->functions.items[0]);
        CHECK_CASE(c, str_is(found.invoke, c->want), "got '%" STR_F "'", STR_A(found.invoke));
        CHECK_CASE(c, found.management.len == 0, "management");
        snapshot_unref(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_connections),
        cmocka_unit_test(finds_the_invoke_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
