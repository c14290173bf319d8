/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/options.h"

#include "turnpike/base/clock.h"

#include "testing.h"

struct sample {
    bool json;
    const char *config, *issuer;
    text_list claim;
};

static const struct option_row rows[] = {
    {"json", OPTION_FLAG, offsetof(struct sample, json), NULL, "prints JSON", false},
    {"config", OPTION_TEXT, offsetof(struct sample, config), "FILE", "the file", false},
    {"claim", OPTION_TEXTS, offsetof(struct sample, claim), "K=V", "one more", false},
};
static const struct option_row needing[] = {
    {"issuer", OPTION_TEXT, offsetof(struct sample, issuer), "URL", "who signs", true},
};

#define WORDS_MAX 6

static size_t count_of(const char *const *words)
{
    size_t count = 0;
    while (count < WORDS_MAX && words[count])
        count++;
    return count;
}

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
    bool json;
    const char *config;
    size_t claims, operands;
} accepted[] = {
    {"nothing", {0}, false, NULL, 0, 0},
    {"a flag", {"--json"}, true, NULL, 0, 0},
    {"a value behind a space", {"--config", "a"}, false, "a", 0, 0},
    {"a value behind an equals sign", {"--config=a=b"}, false, "a=b", 0, 0},
    {"an empty value", {"--config="}, false, "", 0, 0},
    {"a value that looks like an option", {"--config", "--json"}, false, "--json", 0, 0},
    {"a list", {"--claim=a=1", "--claim", "b=2"}, false, NULL, 2, 0},
    {"operands among options", {"x", "--json", "y"}, true, NULL, 0, 2},
    {"a dash is an operand", {"-"}, false, NULL, 0, 1},
    {"nothing is an option behind --", {"--", "--json", "--"}, false, NULL, 0, 2},
};

static void reads_options(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, accepted) {
        struct arena arena;
        struct error error;
        struct sample sample = {0};
        text_list operands = {0};
        arena_init(&arena, 256);
        bool parsed = options_parse(rows, ARRAY_LENGTH(rows), count_of(c->words), c->words, &arena,
                                    &sample, &operands, &error);
        CHECK_CASE(c, parsed, "%s", error.text);
        CHECK_CASE(c, sample.json == c->json, "json %d", sample.json);
        CHECK_CASE(c, str_eq(str_from(sample.config), str_from(c->config)), "%s", sample.config);
        CHECK_CASE(c, sample.claim.count == c->claims, "%zu", sample.claim.count);
        CHECK_CASE(c, operands.count == c->operands, "%zu", operands.count);
        arena_release(&arena);
    }
}

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
    const char *why;
} refused[] = {
    {"the nearest name is told", {"--jsn"}, "unknown option --jsn; did you mean --json?"},
    {"nothing is near", {"--verbose"}, "unknown option --verbose"},
    {"no abbreviations", {"--conf", "a"}, "unknown option --conf; did you mean --config?"},
    {"no short options", {"-j"}, "unknown option -j"},
    {"a flag with a value", {"--json=1"}, "--json takes no value"},
    {"a value is missing", {"--config"}, "--config needs a value"},
    {"twice", {"--config=a", "--config=b"}, "--config was given twice"},
};

static void refuses_options(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, refused) {
        struct arena arena;
        struct error error;
        struct sample sample = {0};
        text_list operands = {0};
        arena_init(&arena, 256);
        bool parsed = options_parse(rows, ARRAY_LENGTH(rows), count_of(c->words), c->words, &arena,
                                    &sample, &operands, &error);
        CHECK_CASE(c, !parsed, "parsed");
        CHECK_CASE(c, strcmp(error.text, c->why) == 0, "%s", error.text);
        arena_release(&arena);
    }
}

static void a_required_option_must_be_there(void **state)
{
    (void)state;
    struct arena arena;
    struct error error;
    struct sample sample = {0};
    text_list operands = {0};
    arena_init(&arena, 256);
    assert_false(options_parse(needing, 1, 0, NULL, &arena, &sample, &operands, &error));
    assert_string_equal(error.text, "--issuer is needed");
    arena_release(&arena);
}

static void writes_a_synopsis(void **state)
{
    (void)state;
    scoped_buf struct buf text = {0};
    options_write_synopsis(&text, rows, ARRAY_LENGTH(rows));
    options_write_synopsis(&text, needing, ARRAY_LENGTH(needing));
    assert_str_equal(buf_str(&text),
                     STR(" [--json] [--config FILE] [--claim K=V]... --issuer URL"));
}

static const struct {
    const char *name, *text;
    uint64_t want; /* 0: refused */
} durations[] = {
    {"seconds", "90", 90 * USEC_PER_SEC},
    {"with a unit", "30s", 30 * USEC_PER_SEC},
    {"milliseconds", "500ms", 500 * USEC_PER_MSEC},
    {"minutes", "10m", 600 * USEC_PER_SEC},
    {"hours", "2h", 7200 * USEC_PER_SEC},
    {"days", "7d", 7 * 86400 * USEC_PER_SEC},
    {"nothing", "", 0},
    {"a unit alone", "h", 0},
    {"zero", "0s", 0},
    {"negative", "-1h", 0},
    {"an unknown unit", "1w", 0},
    {"more than there is", "18446744073709551615h", 0},
};

static void reads_durations(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, durations) {
        uint64_t got = 0;
        CHECK_CASE(c, option_duration(c->text, &got) == (c->want != 0), "%s", c->text);
        CHECK_CASE(c, got == c->want, "%lu", (unsigned long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_options),
        cmocka_unit_test(refuses_options),
        cmocka_unit_test(a_required_option_must_be_there),
        cmocka_unit_test(writes_a_synopsis),
        cmocka_unit_test(reads_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
