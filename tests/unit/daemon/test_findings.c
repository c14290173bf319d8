/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/findings.h"

#include <jansson.h>

#include "testing.h"

static const struct {
    const char *name;
    struct position at;
    const char *message, *text, *json;
} cases[] = {
    {"a place in full",
     {"a.yaml", 3, 7},
     "no such key",
     "a.yaml:3:7: error: no such key\n",
     "{\"file\":\"a.yaml\",\"line\":3,\"column\":7,\"severity\":\"error\",\"message\":\"no such "
     "key\"}"},
    {"a file alone",
     {"a.yaml", 0, 0},
     "is missing",
     "a.yaml: error: is missing\n",
     "{\"file\":\"a.yaml\",\"line\":null,\"column\":null,\"severity\":\"error\",\"message\":\"is "
     "missing\"}"},
    {"nowhere",
     {NULL, 0, 0},
     "no configuration",
     "error: no configuration\n",
     "{\"file\":null,\"line\":null,\"column\":null,\"severity\":\"error\",\"message\":\"no "
     "configuration\"}"},
    {"quotes and control characters",
     {"a\"b\\.yaml", 1, 1},
     "key 'x\n\x1b[31m\x01'",
     "a\"b\\.yaml:1:1: error: key 'x??[31m?'\n",
     "{\"file\":\"a\\\"b\\\\.yaml\",\"line\":1,\"column\":1,\"severity\":\"error\","
     "\"message\":\"key 'x\\n\\u001b[31m\\u0001'\"}"},
};

static void writes_text(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct diag diag;
        scoped_buf struct buf out = {0};
        diag_init(&diag);
        diag_error(&diag, c->at, "%s", c->message);
        findings_write_text(&out, &diag);
        CHECK_CASE(c, str_is(buf_str(&out), c->text), "%" STR_F, STR_A(buf_str(&out)));
        diag_release(&diag);
    }
}

static void writes_json(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct diag diag;
        json_error_t error;
        scoped_buf struct buf out = {0};
        diag_init(&diag);
        diag_error(&diag, c->at, "%s", c->message);
        findings_write_json(&out, &diag);
        json_auto_t *got = json_loadb(buf_str(&out).at, buf_len(&out), 0, &error);
        json_auto_t *want = json_loads(c->json, 0, &error);
        CHECK_CASE(c, want && json_equal(json_array_get(got, 0), want), "%" STR_F,
                   STR_A(buf_str(&out)));
        diag_release(&diag);
    }
}

static void malformed_bytes_make_no_malformed_json(void **state)
{
    (void)state;
    struct diag diag;
    json_error_t error;
    scoped_buf struct buf out = {0};
    diag_init(&diag);
    diag_error(&diag, (struct position){0}, "%s", "a\xff\xc0z");
    findings_write_json(&out, &diag);
    json_auto_t *got = json_loadb(buf_str(&out).at, buf_len(&out), 0, &error);
    assert_non_null(got);
    diag_release(&diag);
}

static void an_empty_list_is_json_too(void **state)
{
    (void)state;
    struct diag diag;
    scoped_buf struct buf out = {0};
    diag_init(&diag);
    findings_write_json(&out, &diag);
    assert_str_equal(buf_str(&out), STR("[]"));
    diag_release(&diag);
}

static const struct {
    const char *name;
    unsigned errors, warnings, notices;
    const char *want;
} summaries[] = {
    {"none", 0, 0, 0, "no problems"},    {"notices are none", 0, 0, 2, "no problems"},
    {"one error", 1, 0, 0, "1 error"},   {"both", 2, 1, 1, "2 errors, 1 warning"},
    {"warnings", 0, 3, 0, "3 warnings"},
};

static void summarises(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, summaries) {
        struct diag diag;
        scoped_buf struct buf out = {0};
        diag_init(&diag);
        for (unsigned i = 0; i < c->errors; i++)
            diag_error(&diag, (struct position){"f", i + 1, 1}, "e");
        for (unsigned i = 0; i < c->warnings; i++)
            diag_warning(&diag, (struct position){"f", i + 1, 1}, "w");
        for (unsigned i = 0; i < c->notices; i++)
            diag_notice(&diag, (struct position){"f", i + 1, 1}, "n");
        findings_write_summary(&out, &diag);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "%" STR_F, STR_A(buf_str(&out)));
        diag_release(&diag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_text),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(malformed_bytes_make_no_malformed_json),
        cmocka_unit_test(an_empty_list_is_json_too),
        cmocka_unit_test(summarises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
