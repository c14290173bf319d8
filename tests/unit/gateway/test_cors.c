/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer carries, by configuration and request. */
#include "turnpike/gateway/cors.h"

#include <stdlib.h>

#include "testing.h"
#include "turnpike/base/buf.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/model/builder.h"

#define HEADERS_MAX 6

struct configuration {
    const char *origins, *methods, *headers, *exposed; /* words behind one another */
    bool credentials;
    const char *age;
};

#define FULL                                                                                       \
    {                                                                                              \
        "https://a.test http://localhost:3000", "GET POST", "authorization x-a", "x-b x-c", true,  \
            "600"                                                                                  \
    }
#define ANYBODY                                                                                    \
    {                                                                                              \
        .origins = "*", .methods = "*", .headers = "*", .exposed = "*"                             \
    }
#define SECURE                                                                                     \
    {                                                                                              \
        .origins = "https://*"                                                                     \
    }

#define ASKS      "access-control-request-method: POST"
#define ECHOED(o) "access-control-allow-origin: " o "\nvary: origin\n"
#define TRUST     "access-control-allow-credentials: true\n"
#define PREFLIGHT                                                                                  \
    TRUST "access-control-allow-methods: GET,POST\n"                                               \
          "access-control-allow-headers: authorization,x-a\n"                                      \
          "access-control-max-age: 600\n"
#define ACTUAL TRUST "access-control-expose-headers: x-b,x-c\n"
#define MINE   "content-type: text/plain\nX-Mine: 1\n" /* of every response below */

static const struct {
    const char *name;
    struct configuration configuration;
    const char *method;
    const char *request[HEADERS_MAX];
    const char *response[HEADERS_MAX]; /* beside MINE */
    const char *want;                  /* behind MINE */
} cases[] = {
    {"a preflight",
     FULL,
     "OPTIONS",
     {"origin: https://a.test", ASKS},
     {NULL},
     ECHOED("https://a.test") PREFLIGHT},
    {"another origin's",
     FULL,
     "OPTIONS",
     {"Origin: http://localhost:3000", ASKS},
     {NULL},
     ECHOED("http://localhost:3000") PREFLIGHT},
    {"a request", FULL, "GET", {"origin: https://a.test"}, {NULL}, ECHOED("https://a.test") ACTUAL},
    {"OPTIONS that asks nothing",
     FULL,
     "OPTIONS",
     {"origin: https://a.test"},
     {NULL},
     ECHOED("https://a.test") ACTUAL},
    {"what only looks like a preflight",
     FULL,
     "POST",
     {"origin: https://a.test", ASKS},
     {NULL},
     ECHOED("https://a.test") ACTUAL},
    {"no origin", FULL, "GET", {NULL}, {NULL}, ""},
    {"no origin, though it asks", FULL, "OPTIONS", {ASKS}, {NULL}, ""},
    {"an empty origin", FULL, "GET", {"origin: "}, {NULL}, ""},
    {"null", FULL, "GET", {"origin: null"}, {NULL}, ""},
    {"a foreign origin", FULL, "GET", {"origin: https://b.test"}, {NULL}, ""},
    {"a foreign origin's preflight", FULL, "OPTIONS", {"origin: https://b.test", ASKS}, {NULL}, ""},
    {"another scheme", FULL, "GET", {"origin: http://a.test"}, {NULL}, ""},
    {"another port", FULL, "GET", {"origin: https://a.test:8443"}, {NULL}, ""},
    {"the scheme's own port", FULL, "GET", {"origin: https://a.test:443"}, {NULL}, ""},
    {"a subdomain", FULL, "GET", {"origin: https://x.a.test"}, {NULL}, ""},
    {"a longer name", FULL, "GET", {"origin: https://a.test.evil.test"}, {NULL}, ""},
    {"a shorter name", FULL, "GET", {"origin: https://a.tes"}, {NULL}, ""},
    {"another case", FULL, "GET", {"origin: https://A.test"}, {NULL}, ""},
    {"a slash behind it", FULL, "GET", {"origin: https://a.test/"}, {NULL}, ""},
    {"two in one", FULL, "GET", {"origin: https://a.test, https://a.test"}, {NULL}, ""},
    {"two of them", FULL, "GET", {"origin: https://a.test", "Origin: https://a.test"}, {NULL}, ""},
    {"two of them, to anybody",
     ANYBODY,
     "GET",
     {"origin: https://a.test", "origin: null"},
     {NULL},
     ""},

    {"anybody",
     ANYBODY,
     "GET",
     {"origin: https://a.test"},
     {NULL},
     "access-control-allow-origin: *\naccess-control-expose-headers: *\n"},
    {"anybody's preflight",
     ANYBODY,
     "OPTIONS",
     {"origin: null", ASKS},
     {NULL},
     "access-control-allow-origin: *\naccess-control-allow-methods: *\n"
     "access-control-allow-headers: *\n"},
    {"anybody without origin", ANYBODY, "GET", {NULL}, {NULL}, ""},

    {"a scheme",
     SECURE,
     "GET",
     {"origin: https://b.test:8443"},
     {NULL},
     ECHOED("https://b.test:8443")},
    {"the other scheme", SECURE, "GET", {"origin: http://b.test"}, {NULL}, ""},
    {"a scheme without host", SECURE, "GET", {"origin: https://"}, {NULL}, ""},
    {"the star itself", SECURE, "GET", {"origin: https://*"}, {NULL}, ""},
    {"a scheme and anything", SECURE, "GET", {"origin: https://b.test/<script>"}, {NULL}, ""},
    {"a scheme and spaces", SECURE, "GET", {"origin: https://b.test https://c.test"}, {NULL}, ""},
    {"a scheme twice", SECURE, "GET", {"origin: https://b.test,https://c.test"}, {NULL}, ""},
    {"a scheme with a user", SECURE, "GET", {"origin: https://a@b.test"}, {NULL}, ""},
    {"a scheme in upper case", SECURE, "GET", {"origin: HTTPS://b.test"}, {NULL}, ""},
    {"a scheme and preflight",
     SECURE,
     "OPTIONS",
     {"origin: https://b.test", ASKS},
     {NULL},
     ECHOED("https://b.test")},
    {"both kinds",
     {.origins = "http://* https://a.test"},
     "GET",
     {"origin: https://a.test"},
     {NULL},
     ECHOED("https://a.test")},

    {"not to be remembered",
     {.origins = "https://a.test", .age = "-1"},
     "OPTIONS",
     {"origin: https://a.test", ASKS},
     {NULL},
     ECHOED("https://a.test") "access-control-max-age: -1\n"},
    {"nobody", {.methods = "GET"}, "GET", {"origin: https://a.test"}, {NULL}, ""},

    {"what a function says of CORS",
     FULL,
     "GET",
     {"origin: https://a.test"},
     {"Access-Control-Allow-Origin: *", "access-control-expose-headers: x-secret",
      "ACCESS-CONTROL-MAX-AGE: 5", "access-control-anything: 1"},
     ECHOED("https://a.test") ACTUAL},
    {"to a foreign origin",
     FULL,
     "GET",
     {"origin: https://b.test"},
     {"access-control-allow-origin: https://b.test"},
     ""},
    {"to nobody in particular", FULL, "GET", {NULL}, {"access-control-allow-origin: *"}, ""},
    {"what sounds like it", FULL, "GET", {NULL}, {"access-controls: 1"}, "access-controls: 1\n"},
    {"a function that varies, too",
     FULL,
     "GET",
     {"origin: https://a.test"},
     {"vary: accept-encoding"},
     "vary: accept-encoding\n" ECHOED("https://a.test") ACTUAL},
};

static void fill(struct arena *a, written_list *list, const char *words)
{
    struct str rest = str_from(words), word;
    while (str_split(&rest, ' ', &word))
        *list_push(a, list) = (struct written){word, {0}};
}

/* A snapshot of one API. */
static struct snapshot *configure(struct diag *diag, const struct configuration *c)
{
    struct builder b;
    builder_init(&b, diag);
    struct api *api = builder_add_api(&b, (struct position){"test", 1, 1}, STR("a"));
    struct cors_configuration *cors = &api->cors;
    struct arena *arena = &b.snapshot->arena;
    cors->on = true;
    fill(arena, &cors->allow_origins, c->origins);
    fill(arena, &cors->allow_methods, c->methods);
    fill(arena, &cors->allow_headers, c->headers);
    fill(arena, &cors->expose_headers, c->exposed);
    cors->allow_credentials = c->credentials;
    cors->has_max_age = c->age != NULL;
    cors->max_age = c->age ? atoi(c->age) : 0;
    struct snapshot *snapshot = builder_finish(&b);
    assert_non_null(snapshot);
    return snapshot;
}

/* An exchange that has met the API and was answered. */
struct answered {
    struct diag diag;
    struct exchange x;
    struct header request[HEADERS_MAX];
    struct buf text;
};

static struct header header_of(const char *line)
{
    struct str text = str_from(line);
    size_t colon = str_find(text, ':');
    return (struct header){str_head(text, colon), str_trim(str_skip(text, colon + 1))};
}

static void answered_open(struct answered *a, const struct configuration *configuration,
                          const char *method, const char *const *headers)
{
    *a = (struct answered){0};
    diag_init(&a->diag);
    arena_init(&a->x.arena, 1024);
    a->x.snapshot = configure(&a->diag, configuration);
    a->x.t.selection.api = a->x.snapshot->apis.items[0];
    a->x.t.request.method = str_from(method);
    a->x.t.request.headers = a->request;
    for (size_t i = 0; i < HEADERS_MAX && headers[i]; i++)
        a->request[a->x.t.request.header_count++] = header_of(headers[i]);
    exchange_add_header(&a->x, STR("content-type"), STR("text/plain"));
    exchange_add_header(&a->x, STR("X-Mine"), STR("1"));
}

static void answered_close(struct answered *a)
{
    snapshot_unref(a->x.snapshot);
    arena_release(&a->x.arena);
    diag_release(&a->diag);
    buf_release(&a->text);
}

/* The response's fields, a line each. */
static struct str written(struct answered *a)
{
    buf_clear(&a->text);
    FOR_EACH_IN (h, &a->x.t.response.headers)
        buf_printf(&a->text, "%" STR_F ": %" STR_F "\n", STR_A(h->name), STR_A(h->value));
    return buf_str(&a->text);
}

static void by_configuration_and_request(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct answered a;
        answered_open(&a, &c->configuration, c->method, c->request);
        for (size_t i = 0; i < HEADERS_MAX && c->response[i]; i++) {
            struct header h = header_of(c->response[i]);
            exchange_add_header(&a.x, h.name, h.value);
        }
        cors_prepare(a.x.snapshot);
        cors_apply(&a.x);
        struct str got = written(&a), want = arena_printf(&a.x.arena, MINE "%s", c->want);
        CHECK_CASE(c, str_eq(got, want), "got\n%" STR_F, STR_A(got));
        answered_close(&a);
    }
}

/* Nothing is touched without a configuration, and nothing before an API is known. */
static void stays_out_of_it(void **state)
{
    (void)state;
    const struct configuration full = FULL;
    const char *const headers[HEADERS_MAX] = {"origin: https://a.test", ASKS};
    const struct {
        const char *name;
        bool prepared, api;
    } ways[] = {
        {"no configuration", false, true},
        {"no API", true, false},
    };
    FOR_EACH_CASE (c, ways) {
        struct answered a;
        answered_open(&a, &full, "OPTIONS", headers);
        exchange_add_header(&a.x, STR("access-control-allow-origin"), STR("*"));
        if (c->prepared)
            cors_prepare(a.x.snapshot);
        if (c->api)
            assert_int_equal(stage_cors(&a.x), NEXT);
        else
            a.x.t.selection.api = NULL;
        cors_apply(&a.x);
        struct str got = written(&a);
        CHECK_CASE(c, str_is(got, MINE "access-control-allow-origin: *\n"), "got\n%" STR_F,
                   STR_A(got));
        answered_close(&a);
    }
}

static const struct {
    const char *name, *method;
    const char *request[HEADERS_MAX];
    bool route, authorizer, answered;
} preflights[] = {
    {"no route", "OPTIONS", {"origin: https://a.test", ASKS}, false, false, true},
    {"an open route", "OPTIONS", {"origin: https://a.test", ASKS}, true, false, true},
    {"a guarded route", "OPTIONS", {"origin: https://a.test", ASKS}, true, true, false},
    {"a foreign origin", "OPTIONS", {"origin: https://b.test", ASKS}, true, false, true},
    {"two origins", "OPTIONS", {"origin: https://a.test", "origin: null", ASKS}, true, false, true},
    {"nothing asked", "OPTIONS", {"origin: https://a.test"}, true, false, false},
    {"no origin", "OPTIONS", {ASKS}, true, false, false},
    {"another method", "GET", {"origin: https://a.test", ASKS}, true, false, false},
    {"a method in lower case", "options", {"origin: https://a.test", ASKS}, true, false, false},
};

static void answers_preflights(void **state)
{
    (void)state;
    const struct configuration full = FULL;
    struct authorizer authorizer = {0};
    struct route route = {0};
    FOR_EACH_CASE (c, preflights) {
        struct answered a;
        answered_open(&a, &full, c->method, c->request);
        cors_prepare(a.x.snapshot);
        route.authorizer = c->authorizer ? &authorizer : NULL;
        a.x.t.selection.match.route = c->route ? &route : NULL;
        enum verdict verdict = stage_cors(&a.x);
        CHECK_CASE(c, verdict == (c->answered ? DONE : NEXT), "got %d", verdict);
        CHECK_CASE(c, (a.x.t.response.status == 204) == c->answered, "status %u",
                   a.x.t.response.status);
        answered_close(&a);
    }
}

/* Parameter mapping may change the request's headers before the answer goes out. */
static void remembers_the_origin(void **state)
{
    (void)state;
    const struct configuration full = FULL;
    const char *const headers[HEADERS_MAX] = {"origin: https://b.test"};
    struct answered a;
    answered_open(&a, &full, "GET", headers);
    cors_prepare(a.x.snapshot);
    assert_int_equal(stage_cors(&a.x), NEXT);
    a.request[0] = header_of("origin: https://a.test");
    cors_apply(&a.x);
    assert_str_equal(written(&a), STR(MINE));
    answered_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_configuration_and_request),
        cmocka_unit_test(stays_out_of_it),
        cmocka_unit_test(answers_preflights),
        cmocka_unit_test(remembers_the_origin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
