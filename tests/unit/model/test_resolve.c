/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/resolve.h"

#include "testing.h"
#include "turnpike/model/builder.h"

/* Two APIs: `todo` with the stages $default and dev, `chat` with prod; `shut` has its execute-api
 * endpoint disabled, `push` is a WebSocket API with the stage $default. Domains: api.example.com
 * (todo at the root, chat/prod below ws, todo/dev below v1/dev), *.wild.example.com (todo), and
 * where a case says so "*" (chat below any). */
enum {
    STAR = 1,
    ONLY_TODO = 2,
    NOT_LOOPBACK = 4,
    UNNAMED = 8,
    NEVER = 16,
    ALWAYS = 32,
    LIMITED = 64
};

static const struct {
    const char *name;
    unsigned flags;
    const char *host, *path;
    const char *want; /* "api stage route_path", "api -" without a stage, "-" */
    const char *domain_name, *event_path, *mapping_key;
} cases[] = {
    {"a domain's root", 0, "api.example.com", "/todos", "todo $default /todos", "api.example.com",
     "/todos", ""},
    {"its name without case", 0, "API.Example.COM", "/", "todo $default /", "api.example.com", "/",
     ""},
    {"its port stays where it is no default", 0, "api.example.com:8443", "/", "todo $default /",
     "api.example.com:8443", "/", ""},
    {"and goes where it is", 0, "api.example.com:443", "/", "todo $default /", "api.example.com",
     "/", ""},
    {"a mapping key", 0, "api.example.com", "/ws/x", "chat prod /x", "api.example.com", "/ws/x",
     "ws"},
    {"a mapping key alone", 0, "api.example.com", "/ws", "chat prod /", "api.example.com", "/ws",
     "ws"},
    {"a key ends with its segment", 0, "api.example.com", "/wsx", "todo $default /wsx",
     "api.example.com", "/wsx", ""},
    {"the longest key of several segments", 0, "api.example.com", "/v1/dev/todos",
     "todo dev /todos", "api.example.com", "/v1/dev/todos", "v1/dev"},
    {"a mapped stage takes no stage segment", 0, "api.example.com", "/dev/x",
     "todo $default /dev/x", "api.example.com", "/dev/x", ""},
    {"a wildcard domain", 0, "a.wild.example.com", "/x", "todo $default /x", "a.wild.example.com",
     "/x", ""},
    {"a wildcard stands for one label", 0, "a.b.wild.example.com", "/x", "-", "localhost:8443",
     "/x", ""},
    {"execute-api, $default", 0, "todo.execute-api.localhost:8443", "/todos",
     "todo $default /todos", "localhost:8443", "/todos", ""},
    {"execute-api, a stage in the path", 0, "todo.execute-api.localhost", "/dev/todos",
     "todo dev /todos", "localhost:8443", "/dev/todos", ""},
    {"a stage alone", 0, "todo.execute-api.localhost", "/dev", "todo dev /", "localhost:8443",
     "/dev", ""},
    {"AWS's own suffix may be named", 0, "todo.execute-api.us-east-1.amazonaws.com", "/",
     "todo $default /", "todo.execute-api.us-east-1.amazonaws.com", "/", ""},
    {"an unknown suffix is no execute-api host", 0, "todo.execute-api.example.org", "/", "-",
     "localhost:8443", "/", ""},
    {"an unknown API", 0, "nope.execute-api.localhost", "/", "-", "localhost:8443", "/", ""},
    {"no stage and no $default", 0, "chat.execute-api.localhost", "/x", "chat -", "localhost:8443",
     "/x", ""},
    {"a disabled endpoint is not found", 0, "shut.execute-api.localhost", "/", "shut -",
     "localhost:8443", "/", ""},
    {"the path form, $default", 0, "localhost:8443", "/_aws/execute-api/todo/$default/todos",
     "todo $default /todos", "localhost:8443", "/todos", ""},
    {"the path form, a stage", 0, "localhost:8443", "/_aws/execute-api/chat/prod/x", "chat prod /x",
     "localhost:8443", "/prod/x", ""},
    {"the path form, an unknown stage", 0, "localhost:8443", "/_aws/execute-api/chat/dev/x",
     "chat -", "localhost:8443", "/_aws/execute-api/chat/dev/x", ""},
    {"a WebSocket API's $default stands in the path", 0, "push.execute-api.localhost",
     "/$default/x", "push $default /x", "localhost:8443", "/$default/x", ""},
    {"and is nothing else's stage", 0, "push.execute-api.localhost", "/x", "push -",
     "localhost:8443", "/x", ""},
    {"also in the path form", 0, "localhost:8443", "/_aws/execute-api/push/$default",
     "push $default /", "localhost:8443", "/$default", ""},
    {"the path form only on loopback", NOT_LOOPBACK, "x", "/_aws/execute-api/chat/prod/x", "-",
     "localhost:8443", "/_aws/execute-api/chat/prod/x", ""},
    {"or always", NOT_LOOPBACK | ALWAYS, "x", "/_aws/execute-api/chat/prod/x", "chat prod /x",
     "localhost:8443", "/prod/x", ""},
    {"or never", NEVER, "x", "/_aws/execute-api/chat/prod/x", "-", "localhost:8443",
     "/_aws/execute-api/chat/prod/x", ""},
    {"no API at all", 0, "localhost", "/todos", "-", "localhost", "/todos", ""},
    {"the domain *", STAR, "whatever.example.org", "/x", "chat prod /x", "localhost:8443", "/x",
     ""},
    {"execute-api hosts come before *", STAR, "todo.execute-api.localhost", "/x",
     "todo $default /x", "localhost:8443", "/x", ""},
    {"the only API on any host", ONLY_TODO, "10.0.0.7", "/todos", "todo $default /todos",
     "localhost:8443", "/todos", ""},
    {"with its stages", ONLY_TODO, "10.0.0.7", "/dev/todos", "todo dev /todos", "localhost:8443",
     "/dev/todos", ""},
    {"a loopback name names a loopback listener", ONLY_TODO, "127.0.0.1:8080", "/",
     "todo $default /", "127.0.0.1:8080", "/", ""},
    {"in IPv6 too", ONLY_TODO, "[::1]:8080", "/", "todo $default /", "[::1]:8080", "/", ""},
    {"but none that TLS should stand for", ONLY_TODO | UNNAMED, "127.0.0.1:8080", "/",
     "todo $default /", "localhost:8443", "/", ""},
    {"a forged host is never repeated", ONLY_TODO, "evil.example.org", "/", "todo $default /",
     "localhost:8443", "/", ""},
    {"a malformed host", ONLY_TODO, "a b", "/", "todo $default /", "localhost:8443", "/", ""},
    {"a listener that does not serve the API", LIMITED, "todo.execute-api.localhost", "/", "-",
     "localhost:8443", "/", ""},
    {"nor by a domain", LIMITED, "a.wild.example.com", "/", "-", "a.wild.example.com", "/", ""},
    {"but those that it serves", LIMITED, "chat.execute-api.localhost", "/prod/x", "chat prod /x",
     "localhost:8443", "/prod/x", ""},
};

static const struct position nowhere = {"test", 1, 1};

static void add_mapping(struct builder *b, struct domain *d, const char *api, const char *stage,
                        const char *key)
{
    struct api_mapping *m = list_push(&b->snapshot->arena, &d->mappings);
    m->api_id.text = str_from(api);
    m->stage_name.text = str_from(stage);
    m->key = str_from(key);
}

static void add_domains(struct builder *b, unsigned flags)
{
    struct domain *d = builder_add_domain(b, nowhere, STR("api.example.com"));
    add_mapping(b, d, "todo", "$default", "");
    add_mapping(b, d, "chat", "prod", "ws");
    add_mapping(b, d, "todo", "dev", "v1/dev");
    d = builder_add_domain(b, nowhere, STR("*.wild.example.com"));
    add_mapping(b, d, "todo", "$default", "");
    if (flags & STAR)
        add_mapping(b, builder_add_domain(b, nowhere, STR("*")), "chat", "prod", "");
}

static struct snapshot *make_snapshot(struct diag *diag, unsigned flags)
{
    struct builder b;
    builder_init(&b, diag);
    struct settings *settings = &b.snapshot->settings;
    *list_push(&b.snapshot->arena, &settings->execute_api.host_suffixes) = STR("localhost");
    *list_push(&b.snapshot->arena, &settings->execute_api.host_suffixes) =
        STR("us-east-1.amazonaws.com");
    settings->execute_api.public_endpoint = STR("localhost:8443");
    settings->execute_api.path_form = flags & NEVER    ? PATH_FORM_NEVER
                                      : flags & ALWAYS ? PATH_FORM_ALWAYS
                                                       : PATH_FORM_LOOPBACK;

    struct api *todo = builder_add_api(&b, nowhere, STR("todo"));
    (void)builder_add_stage(&b, todo, nowhere, STR("$default"));
    (void)builder_add_stage(&b, todo, nowhere, STR("dev"));
    if (!(flags & ONLY_TODO)) {
        struct api *chat = builder_add_api(&b, nowhere, STR("chat"));
        (void)builder_add_stage(&b, chat, nowhere, STR("prod"));
        struct api *shut = builder_add_api(&b, nowhere, STR("shut"));
        (void)builder_add_stage(&b, shut, nowhere, STR("$default"));
        shut->disable_execute_api_endpoint = true;
        struct api *push = builder_add_api(&b, nowhere, STR("push"));
        push->protocol_type = PROTOCOL_WEBSOCKET;
        (void)builder_add_stage(&b, push, nowhere, STR("$default"));
        add_domains(&b, flags);
    }
    return builder_finish(&b);
}

static struct str describe(struct arena *a, enum resolution resolution, const struct selection *s)
{
    if (resolution == RESOLVED_NOTHING)
        return STR("-");
    if (resolution == RESOLVED_API_ONLY)
        return arena_printf(a, "%" STR_F " -", STR_A(s->api->api_id));
    return arena_printf(a, "%" STR_F " %" STR_F " %" STR_F, STR_A(s->api->api_id),
                        STR_A(s->stage->stage_name), STR_A(s->route_path));
}

static void resolves(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct diag diag;
        diag_init(&diag);
        struct arena a;
        arena_init(&a, 4096);
        struct snapshot *snapshot = make_snapshot(&diag, c->flags);
        assert_non_null(snapshot);

        struct listener_settings listener = {.limited = c->flags & LIMITED};
        if (c->flags & LIMITED)
            list_push(&a, &listener.apis)->text = STR("chat");
        struct listener_facts facts = {.settings = &listener,
                                       .loopback = !(c->flags & NOT_LOOPBACK),
                                       .named = !(c->flags & (UNNAMED | NOT_LOOPBACK))};
        struct request r = {
            .host = str_from(c->host), .path = str_from(c->path), .scheme = STR("https")};
        struct selection s = {.api = NULL};
        enum resolution resolution = resolve(snapshot, &facts, &r, &a, &s);

        struct str got = describe(&a, resolution, &s);
        CHECK_CASE(c, str_is(got, c->want), "got '%" STR_F "'", STR_A(got));
        CHECK_CASE(c, str_is(s.domain_name, c->domain_name), "got '%" STR_F "'",
                   STR_A(s.domain_name));
        CHECK_CASE(c, str_is(r.path, c->event_path), "got '%" STR_F "'", STR_A(r.path));
        CHECK_CASE(c, str_is(s.mapping_key, c->mapping_key), "got '%" STR_F "'",
                   STR_A(s.mapping_key));
        snapshot_unref(snapshot);
        arena_release(&a);
        diag_release(&diag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(resolves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
