/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/control_answer.h"

#include <jansson.h>

#include "turnpike/base/clock.h"

#include "testing.h"

static void a_status_is_read_back(void **state)
{
    (void)state;
    struct arena arena;
    scoped_buf struct buf text = {0};
    struct daemon_status got, sent = {
                                  .why = STR("draining \"now\""),
                                  .pid = 42,
                                  .version = STR("1.2"),
                                  .configuration = STR("/etc/x.yaml"),
                                  .started = 1700000000 * USEC_PER_SEC,
                                  .connections = 7,
                                  .exchanges = 3,
                                  .reloaded = 1700000001 * USEC_PER_SEC,
                                  .reload_failed = true,
                                  .reload_message = STR("line 3"),
                              };
    arena_init(&arena, 256);
    status_answer_write(&text, &sent);
    assert_true(status_answer_read(buf_str(&text), &arena, &got));
    assert_false(got.ready);
    assert_str_equal(got.why, sent.why);
    assert_int_equal(got.pid, 42);
    assert_str_equal(got.version, sent.version);
    assert_str_equal(got.configuration, sent.configuration);
    assert_int_equal(got.connections, 7);
    assert_int_equal(got.exchanges, 3);
    assert_true(got.reload_failed);
    assert_str_equal(got.reload_message, sent.reload_message);
    arena_release(&arena);
}

static void the_documents_are_as_promised(void **state)
{
    (void)state;
    scoped_buf struct buf text = {0};
    status_answer_write(&text, &(struct daemon_status){.ready = true,
                                                       .pid = 1,
                                                       .version = STR("1"),
                                                       .configuration = STR("c"),
                                                       .started = 1700000000 * USEC_PER_SEC});
    assert_str_equal(buf_str(&text),
                     STR("{\"ready\":true,\"reason\":null,\"pid\":1,\"version\":\"1\","
                         "\"configuration\":\"c\",\"startedAt\":\"2023-11-14T22:13:20.000Z\","
                         "\"connections\":0,\"exchanges\":0,\"lastReload\":null}"));
    buf_clear(&text);
    reload_answer_write(&text, &(struct reload_result){.done = true});
    assert_str_equal(buf_str(&text), STR("{\"reloaded\":true,\"message\":null,\"problems\":[]}"));
}

static void a_reload_is_read_back_with_its_problems(void **state)
{
    (void)state;
    struct arena arena;
    struct diag sent, got;
    struct reload_result result;
    scoped_buf struct buf text = {0};
    arena_init(&arena, 256);
    diag_init(&sent);
    diag_init(&got);
    diag_error(&sent, (struct position){"a.yaml", 2, 5}, "no such %s", "\"key\"");
    diag_warning(&sent, (struct position){0}, "somewhere");
    diag_notice(&sent, (struct position){"a.yaml", 1, 1}, "by the way");
    reload_answer_write(&text, &(struct reload_result){.why = STR("invalid"), .diag = &sent});

    assert_true(reload_answer_read(buf_str(&text), &arena, &got, &result));
    assert_false(result.done);
    assert_str_equal(result.why, STR("invalid"));
    assert_int_equal(got.findings.count, 3);
    assert_string_equal(got.findings.items[0].at.file, "a.yaml");
    assert_int_equal(got.findings.items[0].at.line, 2);
    assert_int_equal(got.findings.items[0].at.column, 5);
    assert_str_equal(got.findings.items[0].message, STR("no such \"key\""));
    assert_null(got.findings.items[1].at.file);
    assert_int_equal(got.findings.items[2].severity, SEVERITY_NOTICE);
    diag_release(&sent);
    diag_release(&got);
    arena_release(&arena);
}

static const struct {
    const char *name, *text;
} nonsense[] = {
    {"nothing", ""},
    {"no JSON", "ready"},
    {"a list", "[]"},
    {"another document", "{\"error\":\"unknown\"}"},
    {"another type", "{\"ready\":1,\"reloaded\":\"yes\"}"},
};

static void nonsense_is_refused(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, nonsense) {
        struct arena arena;
        struct diag diag;
        struct daemon_status status;
        struct reload_result result;
        arena_init(&arena, 256);
        diag_init(&diag);
        CHECK_CASE(c, !status_answer_read(str_from(c->text), &arena, &status), "status");
        CHECK_CASE(c, !reload_answer_read(str_from(c->text), &arena, &diag, &result), "reload");
        diag_release(&diag);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_read_back),
        cmocka_unit_test(the_documents_are_as_promised),
        cmocka_unit_test(a_reload_is_read_back_with_its_problems),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
