/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/observe/access_log.h"

#include "testing.h"
#include "turnpike/base/xalloc.h"

static const struct {
    const char *name, *value;
} values[] = {
    {"authorizer.claims.sub", "al\"i\\ce"},
    {"error.messageString", "\"Forbidden\""},
    {"httpMethod", "GET"},
    {"identity.sourceIp", "203.0.113.9"},
    {"identity.userAgent", "a\r\n\"b\\\x7f\xff\xc3\xa9"},
    {"integration.status", ""},
    {"protocol", "HTTP/1.1"},
    {"requestId", "JKJaXmPLvHcESHA="},
    {"requestTime", "04/Mar/2020:19:03:58 +0000"},
    {"responseLength", "23"},
    {"routeKey", "GET /pets"},
    {"status", "403"},
};

/* Of WebSocket APIs there is no status here. */
static int resolve(struct str name, enum protocol_type kind, const char **ret_nearest)
{
    const char *names[ARRAY_LENGTH(values)];
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        if (str_is(name, values[i].name) && (kind == PROTOCOL_HTTP || !str_is(name, "status")))
            return (int)i;
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        names[i] = values[i].name;
    *ret_nearest = nearest_name(name, names, ARRAY_LENGTH(values));
    return -1;
}

static void append(struct buf *out, const struct substitution_part *variable, const void *data)
{
    assert_string_equal(data, "the transaction");
    buf_append(out, str_from(values[variable->id].value));
}

static const struct access_log_variables variables = {.resolve = resolve, .append = append};

/* clang-format off */
static const struct {
    const char *name;
    bool escape;
    const char *format, *want;
} cases[] = {
    {"the CLF preset", true,
     "$context.identity.sourceIp - - [$context.requestTime] \"$context.httpMethod $context.routeKey "
     "$context.protocol\" $context.status $context.responseLength $context.requestId",
     "203.0.113.9 - - [04/Mar/2020:19:03:58 +0000] \"GET GET /pets HTTP/1.1\" 403 23 JKJaXmPLvHcESHA="},
    {"the JSON preset", true,
     "{ \"requestId\":\"$context.requestId\", \"ip\": \"$context.identity.sourceIp\", "
     "\"requestTime\":\"$context.requestTime\", "
     "\"httpMethod\":\"$context.httpMethod\",\"routeKey\":\"$context.routeKey\", "
     "\"status\":\"$context.status\",\"protocol\":\"$context.protocol\", "
     "\"responseLength\":\"$context.responseLength\" }",
     "{ \"requestId\":\"JKJaXmPLvHcESHA=\", \"ip\": \"203.0.113.9\", "
     "\"requestTime\":\"04/Mar/2020:19:03:58 +0000\", "
     "\"httpMethod\":\"GET\",\"routeKey\":\"GET /pets\", \"status\":\"403\",\"protocol\":\"HTTP/1.1\", "
     "\"responseLength\":\"23\" }"},
    {"the XML preset", true,
     "<request id=\"$context.requestId\"> <ip>$context.identity.sourceIp</ip> "
     "<requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> "
     "<routeKey>$context.routeKey</routeKey> <status>$context.status</status> "
     "<protocol>$context.protocol</protocol> "
     "<responseLength>$context.responseLength</responseLength> </request>",
     "<request id=\"JKJaXmPLvHcESHA=\"> <ip>203.0.113.9</ip> "
     "<requestTime>04/Mar/2020:19:03:58 +0000</requestTime> <httpMethod>GET</httpMethod> "
     "<routeKey>GET /pets</routeKey> <status>403</status> <protocol>HTTP/1.1</protocol> "
     "<responseLength>23</responseLength> </request>"},
    {"the CSV preset", true,
     "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,"
     "$context.protocol,$context.status,$context.responseLength,$context.requestId",
     "203.0.113.9,04/Mar/2020:19:03:58 +0000,GET,GET /pets,HTTP/1.1,403,23,JKJaXmPLvHcESHA="},
    {"what is absent is a hyphen", true, "$context.integration.status \"$context.integration.status\"",
     "- \"-\""},
    {"what is unknown too", true, "$context.statos", "-"},
    {"a message brings its quotes", true, "{\"m\":$context.error.messageString}", "{\"m\":\"Forbidden\"}"},
    {"within quotes they are escaped", true, "\"$context.error.messageString\"", "\"\\\"Forbidden\\\"\""},
    {"a value cannot leave its quotes", true, "{\"ua\":\"$context.identity.userAgent\"}",
     "{\"ua\":\"a\\r\\n\\\"b\\\\\x7f\xef\xbf\xbd\xc3\xa9\"}"},
    {"nor its line", true, "$context.identity.userAgent", "a\\x0d\\x0a\"b\\\\x7f\xff\xc3\xa9"},
    {"a claim in quotes", true, "\"${context.authorizer.claims.sub}\"", "\"al\\\"i\\\\ce\""},
    {"unless nothing is escaped, as on AWS", false,
     "\"$context.identity.userAgent\" $context.identity.userAgent",
     "\"a\r\n\"b\\\x7f\xff\xc3\xa9\" a\r\n\"b\\\x7f\xff\xc3\xa9"},
    {"a line break behind the format", true, "$context.status\n", "403"},
};

/* clang-format on */

/* A snapshot of one stage with an access log, and what its output got. */
struct scene {
    struct snapshot *snapshot;
    struct stage *stage;
    struct diag diag;
    struct buf got;
    enum protocol_type kind;
    bool fails;
};

static void *open_output(void *data, struct str destination, struct error *ret_error)
{
    struct scene *s = data;
    assert_str_equal(destination, STR("logs/access.log"));
    if (s->fails)
        error_set(ret_error, ERROR_SYSTEM, "logs/access.log: permission denied");
    return s->fails ? NULL : &s->got;
}

static void write_output(void *file, struct str line)
{
    buf_append(file, line);
    buf_append_char(file, '\n');
}

static void prepare(struct scene *s, const char *format, bool escape, bool check)
{
    static const struct position at = {"turnpike.yaml", 7, 3};
    struct access_log_output output = {open_output, write_output, s};
    s->snapshot = xcalloc(1, sizeof(*s->snapshot));
    s->snapshot->references = 1;
    arena_init(&s->snapshot->arena, 1024);
    diag_init(&s->diag);

    struct api *api = arena_new(&s->snapshot->arena, struct api);
    api->protocol_type = s->kind;
    s->stage = arena_new(&s->snapshot->arena, struct stage);
    s->stage->api = api;
    *list_push(&s->snapshot->arena, &s->snapshot->apis) = api;
    *list_push(&s->snapshot->arena, &api->stages) = s->stage;
    struct access_log_settings *settings = &s->stage->access_log_settings;
    settings->on = true;
    settings->at = (struct position){"turnpike.yaml", 5, 3};
    settings->destination = STR("logs/access.log");
    settings->format = (struct written){str_from(format), at};
    settings->escape = escape;
    access_log_prepare(s->snapshot, check ? NULL : &output, &variables, &s->diag);
}

static void release(struct scene *s)
{
    snapshot_unref(s->snapshot);
    diag_release(&s->diag);
    buf_release(&s->got);
}

static void writes_lines(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct scene s = {0};
        prepare(&s, c->format, c->escape, false);
        assert_non_null(s.stage->access_log);
        access_log_write(s.stage->access_log, "the transaction");
        struct str got = buf_str(&s.got);
        CHECK_CASE(c, got.len && str_is(str_head(got, got.len - 1), c->want), "got '%" STR_F "'",
                   STR_A(got));
        release(&s);
    }
}

static void expect_finding(const char *format, bool fails, enum severity severity, unsigned line,
                           const char *message)
{
    struct scene s = {.fails = fails};
    prepare(&s, format, true, false);
    assert_int_equal(s.diag.findings.count, 1);
    assert_int_equal(s.diag.findings.items[0].severity, severity);
    assert_int_equal(s.diag.findings.items[0].at.line, line);
    assert_str_equal(s.diag.findings.items[0].message, str_from(message));
    assert_true((s.stage->access_log != NULL) == (severity != SEVERITY_ERROR));
    release(&s);
}

static void reports_what_is_wrong(void **state)
{
    (void)state;
    char longest[ACCESS_LOG_FORMAT_MAX + 2];
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';

    expect_finding(NULL, false, SEVERITY_ERROR, 5, "accessLogSettings needs a format");
    expect_finding("", false, SEVERITY_ERROR, 7, "accessLogSettings needs a format");
    expect_finding(longest, false, SEVERITY_ERROR, 7,
                   "an access log's format has at most 3072 bytes");
    expect_finding("$context.status\n$context.stage", false, SEVERITY_ERROR, 7,
                   "an access log's format is a single line");
    expect_finding("x", true, SEVERITY_ERROR, 5, "access log: logs/access.log: permission denied");
    expect_finding("$context.statos", false, SEVERITY_WARNING, 7,
                   "access log: no variable '$context.statos'; did you mean '$context.status'?: it "
                   "prints -");
    expect_finding("$context.entirelyDifferent", false, SEVERITY_WARNING, 7,
                   "access log: no variable '$context.entirelyDifferent': it prints -");
}

static void names_are_of_the_apis_kind(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum protocol_type kind;
        size_t findings;
        const char *want;
    } kinds[] = {
        {"an HTTP API", PROTOCOL_HTTP, 0, "403\n"},
        {"a WebSocket API", PROTOCOL_WEBSOCKET, 1, "-\n"},
    };
    FOR_EACH_CASE (c, kinds) {
        struct scene s = {.kind = c->kind};
        prepare(&s, "$context.status", true, false);
        access_log_write(s.stage->access_log, "the transaction");
        CHECK_CASE(c, s.diag.findings.count == c->findings, "%zu", s.diag.findings.count);
        CHECK_CASE(c, str_is(buf_str(&s.got), c->want), "got '%" STR_F "'", STR_A(buf_str(&s.got)));
        release(&s);
    }
}

static void the_longest_format_is_taken(void **state)
{
    (void)state;
    char longest[ACCESS_LOG_FORMAT_MAX + 1];
    struct scene s = {0};
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    prepare(&s, longest, true, false);
    assert_int_equal(s.diag.findings.count, 0);
    release(&s);
}

static void check_opens_nothing(void **state)
{
    (void)state;
    struct scene s = {.fails = true};
    prepare(&s, "$context.status", true, true);
    assert_int_equal(s.diag.findings.count, 0);
    access_log_write(s.stage->access_log, "the transaction");
    assert_int_equal(buf_len(&s.got), 0);
    release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lines),
        cmocka_unit_test(reports_what_is_wrong),
        cmocka_unit_test(names_are_of_the_apis_kind),
        cmocka_unit_test(the_longest_format_is_taken),
        cmocka_unit_test(check_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
