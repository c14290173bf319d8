/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of WebSocket APIs, and what belongs together with them. */
#include "turnpike/base/buf.h"
#include "turnpike/model/builder.h"

#include "testing.h"

static const struct position nowhere = {"test", 1, 1};

/* One build: API `chat` with the stages prod and $default, function `room`. */
struct world {
    struct diag diag;
    struct builder b;
    struct api *api;
    struct snapshot *snapshot; /* once finished */
    struct buf text;
};

static void open_world(struct world *w)
{
    *w = (struct world){0};
    diag_init(&w->diag);
    builder_init(&w->b, &w->diag);
    struct function *f = builder_add_function(&w->b, nowhere, STR("room"));
    assert_true(builder_set_endpoint(&w->b, &f->endpoint,
                                     (struct written){STR("http://127.0.0.1:9000"), nowhere}));
    w->api = builder_add_api(&w->b, nowhere, STR("chat"));
    w->api->protocol_type = PROTOCOL_WEBSOCKET;
    (void)builder_add_stage(&w->b, w->api, nowhere, STR("prod"));
    (void)builder_add_stage(&w->b, w->api, nowhere, STR("$default"));
}

static void close_world(struct world *w)
{
    snapshot_unref(w->snapshot);
    diag_release(&w->diag);
    buf_release(&w->text);
}

static struct str findings(struct world *w)
{
    buf_clear(&w->text);
    FOR_EACH_IN (f, &w->diag.findings)
        buf_printf(&w->text, "%s: %" STR_F "\n", severity_name(f->severity), STR_A(f->message));
    return buf_str(&w->text);
}

static struct integration *add_integration(struct world *w, enum integration_type type,
                                           const char *uri)
{
    struct integration *integration = builder_add_integration(&w->b, w->api, nowhere);
    integration->type = type;
    if (uri)
        integration->uri = (struct written){str_from(uri), nowhere};
    return integration;
}

static struct route *add_route(struct world *w, const char *key, struct integration *integration)
{
    struct route *route = builder_add_websocket_route(&w->b, w->api, nowhere, str_from(key));
    assert_non_null(route);
    route->integration = integration;
    return route;
}

/* --- keys --- */

static const struct {
    const char *name, *key;
    enum websocket_route_kind kind;
    const char *problem; /* NULL: there is none */
} keys[] = {
    {"a message", "sendmessage", WEBSOCKET_MESSAGE_ROUTE, NULL},
    {"anything", "a/b {c} [d, e]", WEBSOCKET_MESSAGE_ROUTE, NULL},
    {"a dollar sign within", "a$connect", WEBSOCKET_MESSAGE_ROUTE, NULL},
    {"$connect", "$connect", WEBSOCKET_CONNECT_ROUTE, NULL},
    {"$disconnect", "$disconnect", WEBSOCKET_DISCONNECT_ROUTE, NULL},
    {"$default", "$default", WEBSOCKET_MESSAGE_ROUTE, NULL},
    {"nearly $default", "$defaul", WEBSOCKET_MESSAGE_ROUTE,
     "error: route '$defaul': a key that begins with '$' is one of $connect, $disconnect and "
     "$default; did you mean '$default'?\n"},
    {"far from all", "$x", WEBSOCKET_MESSAGE_ROUTE,
     "error: route '$x': a key that begins with '$' is one of $connect, $disconnect and "
     "$default\n"},
    {"nothing", "", WEBSOCKET_MESSAGE_ROUTE, "error: a route key has 1 to 128 characters, not 0\n"},
    {"a control character", "a\x7f", WEBSOCKET_MESSAGE_ROUTE,
     "error: a route key has no control characters\n"},
    {"one that is there", "there", WEBSOCKET_MESSAGE_ROUTE,
     "error: route 'there' is there twice; the first is at line 1\n"},
};

static void adds_routes(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, keys) {
        struct world w;
        open_world(&w);
        (void)add_route(&w, "there", NULL);
        const struct route *route =
            builder_add_websocket_route(&w.b, w.api, nowhere, str_from(c->key));
        CHECK_CASE(c, str_is(findings(&w), c->problem ? c->problem : ""), "got %" STR_F,
                   STR_A(findings(&w)));
        CHECK_CASE(c, (route == NULL) == (c->problem != NULL), "a route");
        if (route) {
            CHECK_CASE(c, route->websocket.kind == c->kind && !route->websocket.implicit, "kind");
            CHECK_CASE(c, str_is(route->path, c->key) && route->method.len == 0, "path");
            CHECK_CASE(c, api_find_route(w.api, str_from(c->key)) == route, "not found");
        }
        builder_abandon(&w.b);
        close_world(&w);
    }
}

/* --- the finished API --- */

static void every_api_has_connect_and_disconnect(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    (void)add_route(&w, "$disconnect", add_integration(&w, INTEGRATION_LAMBDA, "room:live"));
    (void)add_route(&w, "send", add_integration(&w, INTEGRATION_MOCK, NULL));
    w.snapshot = builder_finish(&w.b);
    assert_non_null(w.snapshot);

    const struct api *api = w.snapshot->apis.items[0];
    assert_int_equal(api->routes.count, 3);
    const struct route *connect = api_find_route(api, STR("$connect"));
    assert_ptr_equal(connect, api->routes.items[2]); /* last: others keep their places */
    assert_true(connect->websocket.implicit && connect->index == 2);
    assert_int_equal(connect->websocket.kind, WEBSOCKET_CONNECT_ROUTE);
    assert_null(connect->integration);
    assert_false(api_find_route(api, STR("$disconnect"))->websocket.implicit);
    assert_null(api_find_route(api, STR("$default")));
    assert_null(api_find_route(api, STR("SEND")));

    assert_null(api->router);
    assert_null(api->default_stage); /* its stage is in the path, whatever its name */
    const struct stage_route *routes = api->stages.items[1]->routes;
    assert_str_equal(routes[0].function->name, STR("room"));
    assert_str_equal(routes[0].qualifier, STR("live"));
    assert_null(routes[1].function);
    assert_ptr_equal(routes[2].route, connect);
    close_world(&w);
}

static void throttles_are_each_route_s_own(void **state)
{
    (void)state;
    static const char *const settings[] = {"$connect", "send"};
    struct world w;
    open_world(&w);
    (void)add_route(&w, "send", add_integration(&w, INTEGRATION_MOCK, NULL));
    struct stage *stage = w.api->stages.items[0];
    stage->default_throttle = (struct throttle){true, 7, 8};
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        struct route_settings *own = list_push(&w.b.snapshot->arena, &stage->route_settings);
        own->route_key = (struct written){str_from(settings[i]), nowhere};
        own->throttle = (struct throttle){true, (double)i, 1};
    }
    w.snapshot = builder_finish(&w.b);
    assert_non_null(w.snapshot);
    /* send, and of the implicit routes $connect and $disconnect */
    assert_true(stage->routes[0].has_own_throttle && stage->routes[0].throttle.rate == 1);
    assert_true(stage->routes[1].has_own_throttle && stage->routes[1].throttle.rate == 0);
    assert_true(!stage->routes[2].has_own_throttle && stage->routes[2].throttle.rate == 7);
    close_world(&w);
}

static void settings_of_no_route_are_mistakes(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct stage *stage = w.api->stages.items[0];
    struct route_settings *own = list_push(&w.b.snapshot->arena, &stage->route_settings);
    own->route_key = (struct written){STR("$conect"), nowhere};
    assert_null(builder_finish(&w.b));
    assert_non_null(strstr(arena_cstring(&w.diag.arena, findings(&w)),
                           "error: there is no route '$conect'; did you mean '$connect'?\n"));
    close_world(&w);
}

/* --- HTTP integrations --- */

static void add_parameter(struct world *w, struct integration *integration, int target,
                          const char *name)
{
    *list_push(&w->b.snapshot->arena, &integration->websocket.parameters) =
        (struct integration_parameter){.target = target, .name = str_from(name)};
}

static const struct {
    const char *name, *uri;
    const char *problem; /* NULL: there is none */
    size_t indices[2];   /* of the variables */
} uris[] = {
    {"no variable", "http://b/x", NULL, {0}},
    {"by the parameters' order", "http://b/{second}/{first}", NULL, {1, 0}},
    {"in the query", "http://b/?a={second}", NULL, {1}},
    {"of a stage", "${stageVariables.base}/{first}", NULL, {0}},
    {"one without a value",
     "http://b/{frist}",
     "error: the integration of route '{first}' has no parameter 'integration.request.path.frist'; "
     "did you mean 'first'?\n",
     {0}},
    {"a header gives it none",
     "http://b/{header}",
     "error: the integration of route '{first}' has no parameter "
     "'integration.request.path.header'\n",
     {0}},
    {"no URL", "b/x", "error: 'b/x': no absolute http:// or https:// URL\n", {0}},
};

static void check_indices(const char *name, const uri_piece_list *pieces, const size_t *indices)
{
    FOR_EACH_IN (piece, pieces)
        if (piece->variable && piece->index != *indices++)
            fail_msg("case '%s': %" STR_F " has the index %zu", name, STR_A(piece->text),
                     piece->index);
}

static void variables_are_parameters(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, uris) {
        struct world w;
        open_world(&w);
        w.api->stages.count = 1;
        *list_push(&w.b.snapshot->arena, &w.api->stages.items[0]->variables) =
            (struct variable){STR("base"), STR("http://b")};
        struct integration *integration = add_integration(&w, INTEGRATION_HTTP, c->uri);
        integration->vpc_link = true; /* of a URL, as with every WebSocket API */
        add_parameter(&w, integration, PARAMETER_HEADER, "header");
        add_parameter(&w, integration, PARAMETER_PATH, "first");
        add_parameter(&w, integration, PARAMETER_QUERYSTRING, "query");
        add_parameter(&w, integration, PARAMETER_PATH, "second");
        (void)add_route(&w, "{first}", integration);
        w.snapshot = builder_finish(&w.b);
        bool said = !c->problem || strstr(arena_cstring(&w.diag.arena, findings(&w)), c->problem);
        CHECK_CASE(c, said, "got %" STR_F, STR_A(findings(&w)));
        CHECK_CASE(c, (w.snapshot == NULL) == (c->problem != NULL), "a snapshot");
        if (w.snapshot) {
            const struct uri_template *t = w.api->stages.items[0]->routes[0].uri_template;
            check_indices(c->name, &t->path, c->indices);
            check_indices(c->name, &t->query, c->indices);
        }
        close_world(&w);
    }
}

/* --- listeners and domains --- */

static const struct {
    const char *name;
    bool tls, limited;
    const char *api; /* that the listener names */
    bool warned;
} listeners[] = {
    {"a TLS listener of all", true, false, NULL, false},
    {"a plain one", false, false, NULL, true},
    {"a TLS listener of this API", true, true, "chat", false},
    {"a TLS listener of another", true, true, "todo", true},
};

static void functions_are_told_https(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, listeners) {
        struct world w;
        open_world(&w);
        (void)builder_add_api(&w.b, nowhere, STR("todo"));
        (void)builder_add_listener(&w.b, nowhere); /* a plain one */
        struct listener_settings *listener = builder_add_listener(&w.b, nowhere);
        listener->tls.on = c->tls;
        listener->limited = c->limited;
        if (c->api)
            list_push(&w.b.snapshot->arena, &listener->apis)->text = str_from(c->api);
        w.snapshot = builder_finish(&w.b);
        CHECK_CASE(c, w.snapshot, "%" STR_F, STR_A(findings(&w)));
        CHECK_CASE(c,
                   str_is(findings(&w),
                          c->warned ? "warning: no TLS listener serves WebSocket API 'chat': "
                                      "functions are told a callback URL that begins with "
                                      "https://\n"
                                    : ""),
                   "got %" STR_F, STR_A(findings(&w)));
        close_world(&w);
    }
}

static void map_api(struct world *w, struct domain *domain, const char *api, const char *stage,
                    const char *key)
{
    struct api_mapping *m = list_push(&w->b.snapshot->arena, &domain->mappings);
    m->api_id = (struct written){str_from(api), nowhere};
    m->stage_name = (struct written){str_from(stage), nowhere};
    m->key = str_from(key);
}

static void a_domain_may_lead_to_both(void **state)
{
    (void)state;
    for (int both = 0; both <= 1; both++) {
        struct world w;
        open_world(&w);
        builder_add_listener(&w.b, nowhere)->tls.on = true;
        struct api *todo = builder_add_api(&w.b, nowhere, STR("todo"));
        (void)builder_add_stage(&w.b, todo, nowhere, STR("dev"));
        struct domain *domain = builder_add_domain(&w.b, nowhere, STR("a.test"));
        map_api(&w, domain, "chat", "prod", "ws");
        map_api(&w, domain, both ? "todo" : "chat", both ? "dev" : "$default", "");
        w.snapshot = builder_finish(&w.b);
        assert_non_null(w.snapshot);
        assert_str_equal(findings(&w),
                         both ? STR("notice: the domain leads to WebSocket API 'chat' and to "
                                    "'todo', which is none: API Gateway wants a domain for each "
                                    "kind\n")
                              : STR(""));
        close_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_routes),
        cmocka_unit_test(every_api_has_connect_and_disconnect),
        cmocka_unit_test(throttles_are_each_route_s_own),
        cmocka_unit_test(settings_of_no_route_are_mistakes),
        cmocka_unit_test(variables_are_parameters),
        cmocka_unit_test(functions_are_told_https),
        cmocka_unit_test(a_domain_may_lead_to_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
