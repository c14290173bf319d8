/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/log.h"

#include "turnpike/base/buf.h"
#include "turnpike/base/json.h"

#include "testing.h"

static struct buf lines; /* each with a line end behind it */
static size_t line_count;

static void keep(void *data, enum log_level level, struct str line)
{
    assert_ptr_equal(data, &lines);
    assert_in_range(level, LOG_LEVEL_ERROR, LOG_LEVEL_DEBUG);
    buf_append(&lines, line);
    buf_append_char(&lines, '\n');
    line_count++;
}

static int start_listening(void **state)
{
    (void)state;
    buf_clear(&lines);
    line_count = 0;
    log_set_sink(keep, &lines);
    log_set_json(false);
    log_set_level(LOG_LEVEL_NOTICE);
    return 0;
}

static int stop_listening(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    buf_release(&lines);
    return 0;
}

/* What stands behind the time of the only line. */
static struct str text_of_line(void)
{
    struct str line = buf_str(&lines);
    assert_int_equal(line_count, 1);
    assert_int_equal(str_find(line, '\n'), line.len - 1);
    assert_int_equal(str_find(line, 'Z'), 23);
    return str_head(str_skip(line, 25), line.len - 26);
}

static void levels_are_names(void **state)
{
    (void)state;
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        enum log_level level;
        assert_true(log_level_parse(str_from(names[i]), &level));
        assert_int_equal(level, i);
    }
    enum log_level untouched = LOG_LEVEL_INFO;
    assert_false(log_level_parse(STR("loud"), &untouched));
    assert_false(log_level_parse(STR("ERROR"), &untouched));
    assert_int_equal(untouched, LOG_LEVEL_INFO);
}

static int evaluations;

static int evaluated(void)
{
    return ++evaluations;
}

static void what_is_off_is_not_even_evaluated(void **state)
{
    (void)state;
    log_info("%d", evaluated());
    log_debug("%d", evaluated());
    assert_int_equal(line_count, 0);
    assert_int_equal(evaluations, 0);
    log_notice("%d", evaluated());
    assert_str_equal(text_of_line(), STR("notice: 1"));
}

/* What a client sends must neither end a line nor look like another field, nor move a cursor. */
/* clang-format off */
static const struct {
    const char *name;
    struct str value;
    const char *message, *field; /* as they are written */
} forgeries[] = {
    {"plain", STR_INIT("GET/a-b_c.d:e"), "GET/a-b_c.d:e", "GET/a-b_c.d:e"},
    {"UTF-8", STR_INIT("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"),
     "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"nothing", STR_INIT(""), "", "\"\""},
    {"line ends", STR_INIT("a\r\nb"), "a\\x0d\\x0ab", "a\\x0d\\x0ab"},
    {"a tab and DEL", STR_INIT("a\tb\x7f"), "a\tb\\x7f", "\"a\tb\\x7f\""},
    {"an escape sequence", STR_INIT("\x1b[2J"), "\\x1b[2J", "\"\\x1b[2J\""},
    {"a control of ISO 8859-1", STR_INIT("\xc2\x9b" "2J"), "\\xc2\\x9b2J", "\\xc2\\x9b2J"},
    {"a separator of lines", STR_INIT("\xe2\x80\xa8"), "\\xe2\\x80\\xa8", "\\xe2\\x80\\xa8"},
    {"from right to left", STR_INIT("\xe2\x80\xae"), "\\xe2\\x80\\xae", "\\xe2\\x80\\xae"},
    {"an isolate", STR_INIT("\xe2\x81\xa9"), "\\xe2\\x81\\xa9", "\\xe2\\x81\\xa9"},
    {"their neighbours", STR_INIT("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa"), "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa", "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa"},
    {"the first beyond these", STR_INIT("\xc2\xa0"), "\xc2\xa0", "\xc2\xa0"},
    {"not UTF-8", STR_INIT("\xff\xc3"), "\\xff\\xc3", "\\xff\\xc3"},
    {"another field", STR_INIT("a route=b"), "a route=b", "\"a route=b\""},
    {"the end of the fields", STR_INIT("a]"), "a]", "\"a]\""},
    {"a quote", STR_INIT("a\" b=\"c"), "a\" b=\"c", "\"a\\\" b=\\\"c\""},
    {"a backslash", STR_INIT("a\\"), "a\\", "\"a\\\\\""},
};
/* clang-format on */

static void text_cannot_be_forged(void **state)
{
    FOR_EACH_CASE (c, forgeries) {
        char want[128];
        struct log_field fields[] = {{"path", c->value}, {"id", STR_INIT("7")}};
        (void)start_listening(state);
        log_write(LOG_LEVEL_ERROR, fields, 2, "<%" STR_F ">", STR_A(c->value));
        (void)snprintf(want, sizeof(want), "error: <%s> [path=%s id=7]", c->message, c->field);
        CHECK_CASE(c, str_is(text_of_line(), want), "got %" STR_F, STR_A(text_of_line()));
    }
}

static void no_byte_ends_a_text(void **state)
{
    (void)state;
    log_write_text(LOG_LEVEL_NOTICE, NULL, 0, str_of("a\0b\n%s", 6));
    assert_str_equal(text_of_line(), STR("notice: a\\x00b\\x0a%s"));
}

static void json_cannot_be_forged(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str key, value, path = STR("\",\"level\":\"x\n\xff");
    struct log_field field = {"path", path};
    arena_init(&arena, 1024);
    log_set_json(true);
    log_write(LOG_LEVEL_WARNING, &field, 1, "a\n\"%d\"", 1);
    assert_int_equal(line_count, 1);
    assert_int_equal(str_find(buf_str(&lines), '\n'), buf_len(&lines) - 1);

    static const struct {
        struct str key, value;
    } want[] = {
        {STR_INIT("time"), STR_INIT("")},
        {STR_INIT("level"), STR_INIT("warning")},
        {STR_INIT("message"), STR_INIT("a\n\"1\"")},
        {STR_INIT("path"), STR_INIT("\",\"level\":\"x\n\xef\xbf\xbd")},
    };
    json_reader_init(&r, buf_str(&lines), &arena);
    assert_true(json_enter_object(&r));
    for (size_t i = 0; i < ARRAY_LENGTH(want); i++) {
        assert_true(json_next_member(&r, &key));
        assert_str_equal(key, want[i].key);
        assert_true(json_read_string(&r, &value));
        if (i > 0)
            assert_str_equal(value, want[i].value);
    }
    assert_false(json_next_member(&r, &key));
    assert_true(json_finish(&r));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_names),
        cmocka_unit_test_setup_teardown(what_is_off_is_not_even_evaluated, start_listening,
                                        stop_listening),
        cmocka_unit_test_setup_teardown(text_cannot_be_forged, start_listening, stop_listening),
        cmocka_unit_test_setup_teardown(no_byte_ends_a_text, start_listening, stop_listening),
        cmocka_unit_test_setup_teardown(json_cannot_be_forged, start_listening, stop_listening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
