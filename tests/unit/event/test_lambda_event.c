/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the cases of tests/golden/events: a request as data, and the event that must come of it. */
#include "turnpike/event/lambda_event.h"

#include <dirent.h>
#include <jansson.h>

#include "testing.h"
#include "turnpike/base/base64.h"

#define FOLDER "tests/golden/events"

/* One case, built into a transaction. Lives on the stack of its run. */
struct scene {
    struct arena arena;
    struct settings settings;
    struct api api;
    struct stage stage;
    struct integration integration;
    struct route route;
    struct identity identity;
    struct transaction t;
};

static struct str text_of(const json_t *value)
{
    return str_of(json_string_value(value), json_string_length(value));
}

static struct str text_or(const json_t *object, const char *key, const char *otherwise)
{
    const json_t *value = json_object_get(object, key);
    return value ? text_of(value) : str_from(otherwise);
}

static void read_request(struct scene *s, const json_t *json)
{
    struct request *r = &s->t.request;
    r->method = text_or(json, "method", "GET");
    r->path = text_or(json, "path", "/");
    r->query = text_or(json, "query", "");
    r->user_agent = text_or(json, "userAgent", "");
    r->source_ip = text_or(json, "sourceIp", "203.0.113.9");
    r->forwarded_for = text_or(json, "forwardedFor", "203.0.113.9");
    r->scheme = text_or(json, "scheme", "https");
    r->trace_id = text_or(json, "traceId", "Root=1-6a9299d8-49fa1ebe4ba1ae342ee07e3a");
    const json_t *port = json_object_get(json, "port");
    r->port = (uint16_t)(port ? json_integer_value(port) : 443);
    r->received_wall = UINT64_C(1583348638390123);
    memcpy(r->id, "JKJaXmPLvHcESHA=", sizeof(r->id));

    const json_t *headers = json_object_get(json, "headers");
    r->header_count = json_array_size(headers);
    r->headers = arena_array(&s->arena, struct header, r->header_count + 1);
    for (size_t i = 0; i < r->header_count; i++) {
        const json_t *pair = json_array_get(headers, i);
        r->headers[i].name = text_of(json_array_get(pair, 0));
        r->headers[i].value = text_of(json_array_get(pair, 1));
    }
    r->body = text_or(json, "body", "");
    const json_t *bytes = json_object_get(json, "bodyBase64");
    if (bytes)
        assert_true(base64_decode(&s->arena, text_of(bytes), &r->body));
    r->has_body = r->body.len > 0;
}

static void read_stage(struct scene *s, const json_t *json)
{
    const char *name;
    json_t *value;
    s->api.api_id = text_or(json, "api", "id");
    s->stage.api = &s->api;
    s->stage.stage_name = text_or(json, "stage", "$default");
    json_object_foreach(json_object_get(json, "stageVariables"), name, value) *
        list_push(&s->arena, &s->stage.variables) =
        (struct variable){str_from(name), text_of(value)};
}

static void read_route(struct scene *s, const json_t *json)
{
    s->integration.payload_format = str_is(text_or(json, "payloadFormatVersion", "2.0"), "1.0")
                                        ? PAYLOAD_FORMAT_1_0
                                        : PAYLOAD_FORMAT_2_0;
    const json_t *route = json_object_get(json, "route"), *scope;
    size_t i;
    s->route.key = text_or(route, "key", "$default");
    s->route.path = text_or(route, "path", "$default");
    s->route.integration = &s->integration;
    json_array_foreach(json_object_get(route, "scopes"), i, scope) *
        list_push(&s->arena, &s->route.scopes) = text_of(scope);

    struct route_match *match = &s->t.selection.match;
    const char *name;
    json_t *value;
    match->route = &s->route;
    json_object_foreach(json_object_get(json, "pathParameters"), name, value)
        match->parameters[match->parameter_count++] =
        (struct path_parameter){str_from(name), text_of(value)};
}

static void read_domain(struct scene *s, const json_t *json)
{
    struct selection *selection = &s->t.selection;
    selection->api = &s->api;
    selection->stage = &s->stage;
    selection->domain_name = text_or(json, "name", "id.execute-api.us-east-1.amazonaws.com");
    selection->domain_prefix =
        str_head(selection->domain_name, str_find(selection->domain_name, '.'));
    selection->by_domain = json != NULL;
    selection->mapping_key = text_or(json, "mappingKey", "");
    selection->route_path = text_or(json, "routePath", "");
}

static void read_identity(struct scene *s, const json_t *json)
{
    if (!json)
        return;
    char *claims = json_dumps(json_object_get(json, "claims"), JSON_COMPACT);
    s->identity.claims_json = arena_copy(&s->arena, str_from(claims));
    free(claims);

    const json_t *scopes = json_object_get(json, "scopes"), *scope;
    size_t i;
    struct str *copies = arena_array(&s->arena, struct str, json_array_size(scopes) + 1);
    json_array_foreach(scopes, i, scope) copies[i] = text_of(scope);
    s->identity.scopes = copies;
    s->identity.scope_count = json_array_size(scopes);
    s->t.identity = &s->identity;
}

static void read_scene(struct scene *s, const json_t *json)
{
    *s = (struct scene){.settings = {.account_id = STR("123456789012")}};
    arena_init(&s->arena, 4096);
    s->t.settings = &s->settings;
    read_request(s, json_object_get(json, "request"));
    read_stage(s, json);
    read_route(s, json);
    read_domain(s, json_object_get(json, "domain"));
    read_identity(s, json_object_get(json, "identity"));
}

/* The value at "requestContext.http.path", or NULL. */
static const json_t *value_at(const json_t *event, const char *path)
{
    struct str rest = str_from(path), name;
    while (event && str_split(&rest, '/', &name)) {
        char key[64];
        (void)snprintf(key, sizeof(key), "%" STR_F, STR_A(name));
        event = json_object_get(event, key);
    }
    return event;
}

static void check_members(const char *file, const json_t *event, const json_t *expect)
{
    const char *path;
    json_t *want;
    const json_t *absent;
    size_t i;
    json_object_foreach(json_object_get(expect, "members"), path, want)
    {
        const json_t *got = value_at(event, path);
        if (!got || !json_equal(got, want)) {
            char *text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
            print_error("%s: %s is %s\n", file, path, text ? text : "absent");
            free(text);
            fail();
        }
    }
    json_array_foreach(json_object_get(expect, "absent"), i, absent)
    {
        if (value_at(event, json_string_value(absent))) {
            print_error("%s: %s is there\n", file, json_string_value(absent));
            fail();
        }
    }
}

/* A whole event is compared byte by byte, so that the order of its keys counts. */
static void check_bytes(const char *file, struct str got, const json_t *event)
{
    if (!event)
        return;
    char *want = json_dumps(event, JSON_COMPACT);
    if (!str_is(got, want)) {
        print_error("%s:\ngot  %" STR_F "\nwant %s\n", file, STR_A(got), want);
        fail();
    }
    free(want);
}

static void run_case(const char *file, const json_t *json)
{
    struct scene s;
    read_scene(&s, json);
    scoped_buf struct buf out = {0};
    lambda_event_write(&out, &s.t, &s.arena);

    json_error_t error;
    struct str got = buf_str(&out);
    json_t *event = json_loadb(got.at, got.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!event) {
        print_error("%s: %s: %" STR_F "\n", file, error.text, STR_A(got));
        fail();
    }
    const json_t *expect = json_object_get(json, "expect");
    check_bytes(file, got, json_object_get(expect, "event"));
    check_members(file, event, expect);
    json_decref(event);
    arena_release(&s.arena);
}

static void golden_events(void **state)
{
    (void)state;
    size_t run = 0;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder); /* tests run from the top of the tree */
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (!str_ends_with(str_from(entry->d_name), STR(".json")))
            continue;
        char path[512];
        (void)snprintf(path, sizeof(path), FOLDER "/%s", entry->d_name);
        json_error_t error;
        json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
        if (!json) {
            print_error("%s:%d: %s\n", path, error.line, error.text);
            fail();
        }
        run_case(entry->d_name, json);
        json_decref(json);
        run++;
    }
    (void)closedir(folder);
    assert_true(run > 0);
}

/* More names than are sorted by insertion; the values of one name keep their order. */
static void many_parameters(void **state)
{
    (void)state;
    struct scene s;
    read_scene(&s, NULL);
    scoped_buf struct buf query = {0}, want = {0}, out = {0};
    for (unsigned i = 0; i < 5000; i++)
        buf_printf(&query, "%sk%u=%u", i ? "&" : "", i % 100, i / 100);
    buf_literal(&want, "\"k7\":\"0");
    for (unsigned i = 1; i < 50; i++)
        buf_printf(&want, ",%u", i);
    buf_append_char(&want, '"');
    s.t.request.query = buf_str(&query);

    lambda_event_write(&out, &s.t, &s.arena);
    assert_true(str_find_str(buf_str(&out), buf_str(&want)) < buf_len(&out));
    arena_release(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_events),
        cmocka_unit_test(many_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
