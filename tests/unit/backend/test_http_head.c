/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend is sent, and what of its answer is passed on. */
#include "turnpike/backend/http_proxy.h"

#include "testing.h"
#include "turnpike/base/uri.h"
#include "turnpike/model/builder.h"

static const struct position nowhere = {"test", 1, 1};

/* One route of one stage, prepared, and a request for it. */
struct world {
    struct loop loop;
    struct diag diag;
    struct counters *counters;
    struct origins *origins;
    struct snapshot *snapshot;
    struct arena arena;
    struct transaction t;
    LIST(struct header) headers;
};

struct shape {
    const char *route;  /* "GET /a/{id}"; "$default"; "ws:KEY" is a WebSocket API's */
    const char *uri;    /* a URL, or "link": the VPC link http://link:81/base */
    const char *method; /* of the integration */
};

static void build(struct world *w, const struct shape *shape)
{
    struct builder b;
    struct str path = str_from(shape->route), method = STR("");
    memset(w, 0, sizeof(*w));
    loop_init(&w->loop);
    diag_init(&w->diag);
    arena_init(&w->arena, 1024);
    builder_init(&b, &w->diag);
    struct vpc_link *link = list_push(&b.snapshot->arena, &b.snapshot->settings.vpc_links);
    link->name = STR("link");
    assert_true(builder_set_endpoint(&b, &link->endpoint,
                                     (struct written){STR("http://link:81/base/"), nowhere}));
    struct api *api = builder_add_api(&b, nowhere, STR("a"));
    (void)builder_add_stage(&b, api, nowhere, STR("dev"));
    struct integration *integration = builder_add_integration(&b, api, nowhere);
    integration->type = INTEGRATION_HTTP;
    integration->uri = (struct written){str_from(shape->uri), nowhere};
    integration->method = str_from(shape->method ? shape->method : "ANY");
    integration->vpc_link = true;
    bool websocket = str_starts_with(path, STR("ws:"));
    api->protocol_type = websocket ? PROTOCOL_WEBSOCKET : PROTOCOL_HTTP;
    if (!str_is(path, ROUTE_DEFAULT) && !websocket)
        assert_true(str_split(&path, ' ', &method));
    (websocket ? builder_add_websocket_route(&b, api, nowhere, str_skip(path, 3))
               : builder_add_route(&b, api, nowhere, method, path))
        ->integration = integration;
    w->snapshot = builder_finish(&b);
    assert_non_null(w->snapshot);
    w->counters = counters_new();
    w->origins = origins_new(&w->loop, NULL);
    http_prepare(w->origins, w->counters, w->snapshot);
}

static void release(struct world *w)
{
    snapshot_unref(w->snapshot);
    origins_free(w->origins);
    counters_free(w->counters);
    arena_release(&w->arena);
    diag_release(&w->diag);
    loop_release(&w->loop);
}

/* "GET /dev/a?q", with the stage's segment where `staged` says so; fields as "name: value\n". */
static void request(struct world *w, const char *line, bool staged, const char *fields)
{
    struct request *r = &w->t.request;
    struct selection *s = &w->t.selection;
    struct str rest = str_from(line), field, name;
    w->t.settings = &w->snapshot->settings;
    assert_true(str_split(&rest, ' ', &r->method));
    size_t path_len = str_find(rest, '?');
    r->raw_path = str_head(rest, path_len);
    r->query = str_skip(rest, path_len + 1);
    r->target = rest;
    r->path = uri_decode(&w->arena, r->raw_path, false);
    r->source_ip = STR("192.0.2.7");
    r->scheme = STR("https");
    r->trace_id = STR("Root=1-2-3");
    rest = str_from(fields);
    while (str_split(&rest, '\n', &field) && field.len > 0) {
        assert_true(str_split(&field, ':', &name));
        *list_push(&w->arena, &w->headers) = (struct header){name, str_trim(field)};
    }
    r->headers = w->headers.items;
    r->header_count = w->headers.count;
    const struct header *host = request_header(r, STR("host"));
    r->host = host ? host->value : STR("api.test");
    s->api = w->snapshot->apis.items[0];
    s->stage = s->api->stages.items[0];
    s->route_path = staged ? str_skip(r->path, 4) : r->path;
    if (s->route_path.len == 0)
        s->route_path = STR("/");
    if (s->api->router)
        s->match = router_match(s->api->router, r->method, s->route_path);
    else
        s->match = (struct route_match){.route = s->api->routes.items[0]};
    assert_non_null(s->match.route);
    s->stage_route = &s->stage->routes[0];
}

/* Of the request line. */
static const struct {
    const char *name;
    struct shape shape;
    const char *request;
    const char *want; /* NULL: refused */
} lines[] = {
    {"the URI alone counts", {"GET /a", "http://h/x/y", NULL}, "GET /a", "GET /x/y"},
    {"a URI without a path", {"GET /a", "http://h", NULL}, "GET /a", "GET /"},
    {"a query without a path", {"GET /a", "http://h?x=1", NULL}, "GET /a", "GET /?x=1"},
    {"ANY is the client's method", {"ANY /a", "http://h/x", "ANY"}, "PURGE /a", "PURGE /x"},
    {"a method of the integration's", {"ANY /a", "http://h/x", "POST"}, "GET /a", "POST /x"},
    {"a variable", {"GET /a/{id}", "http://h/b/{id}/c", NULL}, "GET /a/7", "GET /b/7/c"},
    {"a greedy one", {"GET /a/{p+}", "http://h/{p}", NULL}, "GET /a/b/c/", "GET /b/c/"},
    {"the client's escapes",
     {"GET /a/{p+}", "http://h/{p}", NULL},
     "GET /a/b%2fc%20d/%C3%a4",
     "GET /b%2fc%20d/%C3%a4"},
    {"an escape before the variable",
     {"GET /a/{x}/{y}", "http://h/{y}/{x}", NULL},
     "GET /%61/a%41/b%25b",
     "GET /b%25b/a%41"},
    {"characters that a path may hold",
     {"GET /a/{x}", "http://h/{x}", NULL},
     "GET /a/b&c=d+e;f:@",
     "GET /b&c=d+e;f:@"},
    {"a variable in the query",
     {"GET /a/{x}", "http://h/?q={x}&r", NULL},
     "GET /a/b&c=%64%20%3F",
     "GET /?q=b%26c%3Dd%20%3F&r"},
    {"the client's query",
     {"GET /a", "http://h/x", NULL},
     "GET /a?b=%20&b=+&c",
     "GET /x?b=%20&b=+&c"},
    {"behind the URI's", {"GET /a", "http://h/x?y=1", NULL}, "GET /a?b=2", "GET /x?y=1&b=2"},
    {"an empty query", {"GET /a", "http://h/x", NULL}, "GET /a?", "GET /x"},
    {"$default: the path follows", {"$default", "http://h/x", NULL}, "GET /a/b?c", "GET /x/a/b?c"},
    {"$default: one slash between", {"$default", "http://h/x/", NULL}, "GET /a", "GET /x/a"},
    {"$default: a bare host", {"$default", "http://h", NULL}, "GET /%61/", "GET /%61/"},
    {"$default: the root", {"$default", "http://h/x", NULL}, "GET /", "GET /x/"},
    {"a link has the whole path", {"GET /a", "link", NULL}, "GET /a?b", "GET /base/a?b"},
    {"with its escapes", {"GET /a/{x}", "link", NULL}, "GET /a/%2B", "GET /base/a/%2B"},
    {"climbing out of a URI", {"GET /a/{p+}", "http://h/{p}", NULL}, "GET /a/../b", NULL},
    {"climbing with escapes", {"GET /a/{p+}", "http://h/{p}", NULL}, "GET /a/%2e%2E/b", NULL},
    {"climbing by one variable", {"GET /a/{p}", "http://h/x/{p}", NULL}, "GET /a/..", NULL},
    {"climbing behind $default", {"$default", "http://h/x", NULL}, "GET /..", NULL},
    {"climbing through a link", {"GET /{p+}", "link", NULL}, "GET /a/..", NULL},
    {"a dot that leads nowhere", {"GET /a/{p+}", "http://h/{p}", NULL}, "GET /a/./b", NULL},
    {"dots behind a backslash", {"GET /a/{p+}", "http://h/{p}", NULL}, "GET /a/b%5C..\\c", NULL},
    {"dots with a parameter", {"GET /a/{p+}", "http://h/{p}", NULL}, "GET /a/..;x=y/b", NULL},
    {"dots that are names",
     {"GET /a/{p+}", "http://h/{p}", NULL},
     "GET /a/..b/.../a.",
     "GET /..b/.../a."},
    {"climbing where no variable is", {"GET /a/{p+}", "http://h/x", NULL}, "GET /a/..", "GET /x"},
};

static struct str first_line(const struct buf *head)
{
    return str_head(buf_str(head), str_find_str(buf_str(head), STR(" HTTP/1.1\r\n")));
}

static void asks(void **state)
{
    (void)state;
    for (int staged = 0; staged < 2; staged++) {
        FOR_EACH_CASE (c, lines) {
            struct world w;
            scoped_buf struct buf head = {0};
            const char *why = NULL;
            char line[128];
            const char *space = strchr(c->request, ' ');
            (void)snprintf(line, sizeof(line), "%.*s%s%s", (int)(space - c->request + 1),
                           c->request, staged ? "/dev" : "", space + 1);
            build(&w, &c->shape);
            request(&w, line, staged, "");
            bool written = http_head_write(&head, &w.t, &w.arena, &why);
            CHECK_CASE(c, written == (c->want != NULL), "written: %d", written);
            if (written && !(staged && strcmp(c->shape.uri, "link") == 0))
                CHECK_CASE(c, str_is(first_line(&head), c->want), "got '%" STR_F "'",
                           STR_A(buf_str(&head)));
            release(&w);
        }
    }
}

/* A message has no path: it is sent to the URI, whatever the route. */
static void a_message_appends_nothing(void **state)
{
    (void)state;
    static const char *const keys[] = {"ws:send", "ws:" ROUTE_DEFAULT, "ws:GET /a"};
    FOR_EACH (key, keys, ARRAY_LENGTH(keys)) {
        struct world w;
        scoped_buf struct buf head = {0};
        const char *why;
        build(&w, &(struct shape){*key, "http://b/base", "POST"});
        request(&w, "GET /dev/x/y", true, "");
        assert_true(http_head_write(&head, &w.t, &w.arena, &why));
        assert_str_equal(first_line(&head), STR("POST /base"));
        release(&w);
    }
}

static void a_link_is_sent_the_stage(void **state)
{
    (void)state;
    struct world w;
    scoped_buf struct buf head = {0};
    const char *why;
    build(&w, &(struct shape){"GET /a/{x}", "link", NULL});
    request(&w, "GET /dev/a/b%20?c", true, "");
    assert_true(http_head_write(&head, &w.t, &w.arena, &why));
    assert_str_equal(first_line(&head), STR("GET /base/dev/a/b%20?c"));
    release(&w);
}

static void a_mapped_path_takes_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *name, *uri, *mapped;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"of the URI's", "http://h/x?y", "/m/n", "GET /m/n?y&q=1"},
        {"of a link's, behind its own", "link", "/m", "GET /base/m?q=1"},
        {"with escapes", "http://h/x", "/a%20b", "GET /a%20b?q=1"},
        {"climbing", "http://h/x", "/a/%2e./b", NULL},
    };
    FOR_EACH_CASE (c, cases) {
        struct world w;
        scoped_buf struct buf head = {0};
        const char *why;
        build(&w, &(struct shape){"GET /a/{x}", c->uri, NULL});
        request(&w, "GET /a/b?q=1", false, "");
        w.t.request.mapped_path = str_from(c->mapped);
        bool written = http_head_write(&head, &w.t, &w.arena, &why);
        CHECK_CASE(c, written == (c->want != NULL), "written: %d", written);
        if (written)
            CHECK_CASE(c, str_is(first_line(&head), c->want), "got '%" STR_F "'",
                       STR_A(buf_str(&head)));
        release(&w);
    }
}

#define ADDED                                                                                      \
    "forwarded: for=192.0.2.7;host=api.test;proto=https\r\n"                                       \
    "via: HTTP/1.1 AmazonAPIGateway\r\nx-amzn-trace-id: Root=1-2-3\r\n"

/* Of the fields, for a backend http://h:81. */
static const struct {
    const char *name, *method, *fields, *body;
    const char *want; /* between the request line and the end */
} heads[] = {
    {"in order, as they came", "GET", "B: 1\nx-A: 2\nb: 3\n", "",
     "host: h:81\r\nB: 1\r\nx-A: 2\r\nb: 3\r\n" ADDED},
    {"the gateway's own name stays behind", "GET", "Host: api.test\n", "", "host: h:81\r\n" ADDED},
    {"fields of one hop", "GET",
     "Connection: keep-alive\nKeep-Alive: timeout=5\nTE: trailers\nTrailer: X\nUpgrade: h2c\n"
     "Proxy-Authorization: Basic eA==\nProxy-Connection: close\nProxy-Anything: x\nExpect: "
     "100-continue\nte-x: 1\n",
     "", "host: h:81\r\nte-x: 1\r\n" ADDED},
    {"those that Connection names", "GET", "X-Hop: 1\nx-other: 2\nConnection: close, x-hop\n", "",
     "host: h:81\r\nx-other: 2\r\n" ADDED},
    {"what is ours cannot be taken out", "GET",
     "Connection: forwarded, via, host, x-amzn-trace-id, content-length\n", "",
     "host: h:81\r\n" ADDED},
    {"another trace", "GET", "X-Amzn-Trace-Id: Root=x\n", "", "host: h:81\r\n" ADDED},
    {"X-Forwarded-* of the client", "GET", "X-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: http\n",
     "", "host: h:81\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: http\r\n" ADDED},
    {"earlier proxies", "GET", "Via: 1.1 a\nForwarded: for=1.2.3.4\nvia: 1.0 b\n", "",
     "host: h:81\r\nforwarded: for=1.2.3.4, for=192.0.2.7;host=api.test;proto=https\r\n"
     "via: 1.1 a, 1.0 b, HTTP/1.1 AmazonAPIGateway\r\nx-amzn-trace-id: Root=1-2-3\r\n"},
    {"a host that is no token", "GET", "Host: api.test:8443\n", "",
     "host: h:81\r\nforwarded: for=192.0.2.7;host=\"api.test:8443\";proto=https\r\n"
     "via: HTTP/1.1 AmazonAPIGateway\r\nx-amzn-trace-id: Root=1-2-3\r\n"},
    {"a body", "POST", "Content-Length: 5\n", "hello",
     "host: h:81\r\n" ADDED "content-length: 5\r\n"},
    {"a chunked body", "POST", "Transfer-Encoding: chunked\n", "hello",
     "host: h:81\r\n" ADDED "content-length: 5\r\n"},
    {"an empty chunked body", "DELETE", "Transfer-Encoding: chunked\n", "",
     "host: h:81\r\n" ADDED "content-length: 0\r\n"},
    {"a POST without a body", "POST", "", "", "host: h:81\r\n" ADDED "content-length: 0\r\n"},
    {"a DELETE with an empty one", "DELETE", "content-length: 0\n", "",
     "host: h:81\r\n" ADDED "content-length: 0\r\n"},
    {"a GET with a body", "GET", "content-length: 2\n", "hi",
     "host: h:81\r\n" ADDED "content-length: 2\r\n"},
};

static void passes_fields(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, heads) {
        struct world w;
        scoped_buf struct buf head = {0};
        const char *why;
        char line[32], want[512];
        (void)snprintf(line, sizeof(line), "%s /a", c->method);
        (void)snprintf(want, sizeof(want), "%s / HTTP/1.1\r\n%s\r\n", c->method, c->want);
        build(&w, &(struct shape){"ANY /a", "http://h:81", NULL});
        request(&w, line, false, c->fields);
        w.t.request.body = str_from(c->body);
        assert_true(http_head_write(&head, &w.t, &w.arena, &why));
        CHECK_CASE(c, str_is(buf_str(&head), want), "got '%" STR_F "'", STR_A(buf_str(&head)));
        release(&w);
    }
}

static void says_v6_addresses_in_brackets(void **state)
{
    (void)state;
    struct world w;
    scoped_buf struct buf head = {0};
    const char *why;
    build(&w, &(struct shape){"GET /a", "http://h", NULL});
    request(&w, "GET /a", false, "");
    w.t.request.source_ip = STR("2001:db8::1");
    assert_true(http_head_write(&head, &w.t, &w.arena, &why));
    assert_true(str_find_str(buf_str(&head), STR("\r\nforwarded: for=\"[2001:db8::1]\";host=")) <
                buf_len(&head));
    release(&w);
}

/* A mapping's fields cannot be taken out by a client's Connection. */
static void keeps_mapped_fields(void **state)
{
    (void)state;
    struct world w;
    scoped_buf struct buf head = {0};
    const char *why;
    struct builder b;
    build(&w, &(struct shape){"GET /a", "http://h", NULL});
    struct integration *integration = w.snapshot->apis.items[0]->routes.items[0]->integration;
    b.snapshot = w.snapshot;
    *list_push(&b.snapshot->arena, &integration->request_parameters) = (struct parameter_mapping){
        .action = MAPPING_OVERWRITE, .target = MAPPING_HEADER, .name = STR("x-user")};
    request(&w, "GET /a", false,
            "Connection: x-user, x-hop\nx-hop: 1\nX-User: me\nhost: api.test\n");
    w.t.request.mapped_host = STR("mapped.test");
    assert_true(http_head_write(&head, &w.t, &w.arena, &why));
    assert_str_equal(buf_str(&head),
                     STR("GET / HTTP/1.1\r\nhost: mapped.test\r\nX-User: me\r\n" ADDED "\r\n"));
    release(&w);
}

static void reads_answers(void **state)
{
    (void)state;
    static const struct header headers[] = {
        {STR_INIT("Date"), STR_INIT("x")},
        {STR_INIT("Server"), STR_INIT("s")},
        {STR_INIT("Content-Length"), STR_INIT("5")},
        {STR_INIT("Transfer-Encoding"), STR_INIT("chunked")},
        {STR_INIT("Connection"), STR_INIT("close, X-Hop")},
        {STR_INIT("Keep-Alive"), STR_INIT("timeout=5")},
        {STR_INIT("x-hop"), STR_INIT("1")},
        {STR_INIT("Proxy-Authenticate"), STR_INIT("Basic")},
        {STR_INIT("Upgrade"), STR_INIT("h2c")},
        {STR_INIT("Trailer"), STR_INIT("x")},
        {STR_INIT("apigw-requestid"), STR_INIT("theirs")},
        {STR_INIT("Set-Cookie"), STR_INIT("a")},
        {STR_INIT("Set-Cookie"), STR_INIT("b")},
        {STR_INIT("Content-Encoding"), STR_INIT("gzip")},
        {STR_INIT("Via"), STR_INIT("1.1 v")},
    };
    struct http_client_answer answer = {.status = 404,
                                        .headers = headers,
                                        .header_count = ARRAY_LENGTH(headers),
                                        .has_content_length = true,
                                        .content_length = 5};
    scoped_buf struct buf got = {0};
    struct response response;
    struct arena arena;
    arena_init(&arena, 1024);
    http_answer_read(&response, &answer, &arena);
    FOR_EACH_IN (header, &response.headers)
        buf_printf(&got, "%" STR_F ": %" STR_F "\n", STR_A(header->name), STR_A(header->value));
    assert_str_equal(buf_str(&got), STR("Server: s\nSet-Cookie: a\nSet-Cookie: b\n"
                                        "Content-Encoding: gzip\nVia: 1.1 v\n"));
    assert_int_equal(response.status, 404);
    assert_true(response.has_content_length && response.content_length == 5);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),
        cmocka_unit_test(a_message_appends_nothing),
        cmocka_unit_test(a_link_is_sent_the_stage),
        cmocka_unit_test(a_mapped_path_takes_the_place),
        cmocka_unit_test(passes_fields),
        cmocka_unit_test(says_v6_addresses_in_brackets),
        cmocka_unit_test(keeps_mapped_fields),
        cmocka_unit_test(reads_answers),
    };
    return cmocka_run_group_tests_name("http_head", tests, NULL, NULL);
}
