/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/json.h"

#include "turnpike/base/utf8.h"
#include "turnpike/base/xalloc.h"

#include "testing.h"

#define EURO "\xe2\x82\xac"

/* RFC 8259: what is JSON text and what is not. */
/* clang-format off */
static const struct {
    const char *name;
    struct str text;
    bool valid;
} texts[] = {
    {"an object", STR_INIT("{\"a\":1,\"b\":[true,false,null],\"c\":{}}"), true},
    {"an array", STR_INIT("[1,\"a\",[],{}]"), true},
    {"white space everywhere", STR_INIT(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"), true},
    {"a string", STR_INIT("\"a\""), true},
    {"the empty string", STR_INIT("\"\""), true},
    {"true", STR_INIT("true"), true},
    {"false", STR_INIT("false"), true},
    {"null", STR_INIT("null"), true},
    {"the same key twice", STR_INIT("{\"a\":1,\"a\":2}"), true},
    {"an empty key", STR_INIT("{\"\":1}"), true},
    {"brackets in strings", STR_INIT("[\"[\",\"{\",\"]\",\"}\",\",\"]"), true},
    {"a string that ends in a bracket", STR_INIT("{\"a{\":\"b[\",\"c\":1}"), true},

    {"nothing", STR_INIT(""), false},
    {"white space alone", STR_INIT(" \n"), false},
    {"two values", STR_INIT("1 2"), false},
    {"a comma behind", STR_INIT("1,"), false},
    {"a byte order mark", STR_INIT("\xef\xbb\xbf{}"), false},
    {"NUL behind", STR_INIT("1\0"), false},
    {"a form feed for white space", STR_INIT("[1,\f2]"), false},
    {"a no-break space for white space", STR_INIT("[1,\xc2\xa0" "2]"), false},
    {"a comment", STR_INIT("[1/*x*/]"), false},
    {"words with more behind", STR_INIT("truex"), false},
    {"words cut short", STR_INIT("tru"), false},
    {"words in capitals", STR_INIT("True"), false},
    {"undefined", STR_INIT("undefined"), false},

    {"no closing brace", STR_INIT("{\"a\":1"), false},
    {"no closing bracket", STR_INIT("[1"), false},
    {"an opening brace alone", STR_INIT("{"), false},
    {"an opening bracket alone", STR_INIT("["), false},
    {"a closing bracket alone", STR_INIT("]"), false},
    {"one closing bracket too many", STR_INIT("[1]]"), false},
    {"the other closing bracket", STR_INIT("[1}"), false},
    {"the other closing brace", STR_INIT("{\"a\":1]"), false},
    {"a comma at the end of an array", STR_INIT("[1,]"), false},
    {"a comma at the end of an object", STR_INIT("{\"a\":1,}"), false},
    {"a comma at the start of an array", STR_INIT("[,1]"), false},
    {"a comma at the start of an object", STR_INIT("{,\"a\":1}"), false},
    {"two commas", STR_INIT("[1,,2]"), false},
    {"a comma alone", STR_INIT("[,]"), false},
    {"no comma", STR_INIT("[1 2]"), false},
    {"no comma in an object", STR_INIT("{\"a\":1 \"b\":2}"), false},
    {"no colon", STR_INIT("{\"a\" 1}"), false},
    {"a comma for a colon", STR_INIT("{\"a\",1}"), false},
    {"no value", STR_INIT("{\"a\":}"), false},
    {"a key alone", STR_INIT("{\"a\"}"), false},
    {"a key that is no string", STR_INIT("{1:1}"), false},
    {"a key without quotes", STR_INIT("{a:1}"), false},
    {"a colon in an array", STR_INIT("[\"a\":1]"), false},

    {"0", STR_INIT("0"), true},
    {"minus 0", STR_INIT("-0"), true},
    {"a number with all parts", STR_INIT("-120.0625E+05"), true},
    {"a small exponent", STR_INIT("1e-7"), true},
    {"a number of any length", STR_INIT("123456789012345678901234567890.5e999"), true},
    {"a zero in front", STR_INIT("01"), false},
    {"a zero in front of a negative", STR_INIT("-01"), false},
    {"minus alone", STR_INIT("-"), false},
    {"plus", STR_INIT("+1"), false},
    {"no whole part", STR_INIT(".5"), false},
    {"no fraction", STR_INIT("1."), false},
    {"no fraction before an exponent", STR_INIT("1.e3"), false},
    {"no exponent", STR_INIT("1e"), false},
    {"a sign for an exponent", STR_INIT("1e+"), false},
    {"a fraction in an exponent", STR_INIT("1e1.5"), false},
    {"hexadecimal", STR_INIT("0x1"), false},
    {"infinity", STR_INIT("Infinity"), false},
    {"not a number", STR_INIT("NaN"), false},
    {"minus infinity", STR_INIT("-Infinity"), false},
    {"a wide digit", STR_INIT("\xef\xbc\x91"), false},

    {"every escape", STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20AC\""), true},
    {"an escaped NUL", STR_INIT("\"\\u0000\""), true},
    {"a surrogate pair", STR_INIT("\"\\uD83D\\ude00\""), true},
    {"UTF-8", STR_INIT("\"" EURO "\xf0\x9f\x98\x80\""), true},
    {"DEL", STR_INIT("\"\x7f\""), true},
    {"a string without an end", STR_INIT("\"a"), false},
    {"a quote alone", STR_INIT("\""), false},
    {"a backslash before the end", STR_INIT("\"a\\\""), false},
    {"a backslash at the end", STR_INIT("\"a\\"), false},
    {"an unknown escape", STR_INIT("\"\\a\""), false},
    {"a capital escape", STR_INIT("\"\\N\""), false},
    {"a hexadecimal escape", STR_INIT("\"\\x41\""), false},
    {"an escaped line end", STR_INIT("\"\\\n\""), false},
    {"an escaped euro", STR_INIT("\"\\" EURO "\""), false},
    {"three digits", STR_INIT("\"\\u20A\""), false},
    {"a foreign digit", STR_INIT("\"\\u20AG\""), false},
    {"a sign in an escape", STR_INIT("\"\\u+20A\""), false},
    {"a capital u", STR_INIT("\"\\U20AC\""), false},
    {"an escape cut by the end", STR_INIT("\"\\u20"), false},
    {"a high surrogate alone", STR_INIT("\"\\uD83D\""), false},
    {"a high surrogate and a letter", STR_INIT("\"\\uD83Dx\""), false},
    {"two high surrogates", STR_INIT("\"\\uD83D\\uD83D\""), false},
    {"a high surrogate and another escape", STR_INIT("\"\\uD83D\\n\""), false},
    {"a low surrogate alone", STR_INIT("\"\\uDE00\""), false},
    {"a pair the wrong way round", STR_INIT("\"\\uDE00\\uD83D\""), false},
    {"NUL in a string", STR_INIT("\"\0\""), false},
    {"a line end in a string", STR_INIT("\"\n\""), false},
    {"a tab in a string", STR_INIT("\"\t\""), false},
    {"the last control character", STR_INIT("\"\x1f\""), false},
    {"not UTF-8", STR_INIT("\"\xff\""), false},
    {"an overlong form", STR_INIT("\"\xc0\x80\""), false},
    {"a surrogate in UTF-8", STR_INIT("\"\xed\xa0\x80\""), false},
    {"a sequence cut by the quote", STR_INIT("\"\xe2\x82\""), false},
    {"not UTF-8 in a key", STR_INIT("{\"\xff\":1}"), false},
    {"single quotes", STR_INIT("'a'"), false},
};
/* clang-format on */

/* Reads every value with the function of its type. */
static bool walk(struct json_reader *r)
{
    struct str text;
    bool value;
    switch (json_peek(r)) {
    case JSON_TYPE_OBJECT:
        if (!json_enter_object(r))
            return false;
        while (json_next_member(r, &text))
            if (!walk(r))
                return false;
        return !r->failed;
    case JSON_TYPE_ARRAY:
        if (!json_enter_array(r))
            return false;
        while (json_next_element(r))
            if (!walk(r))
                return false;
        return !r->failed;
    case JSON_TYPE_STRING:
        return json_read_string(r, &text);
    case JSON_TYPE_NUMBER:
        return json_read_number(r, &text);
    case JSON_TYPE_TRUE:
    case JSON_TYPE_FALSE:
        return json_read_bool(r, &value);
    case JSON_TYPE_NULL:
        return json_read_null(r);
    case JSON_TYPE_INVALID:
        break;
    }
    return false;
}

static bool skip_all(struct json_reader *r)
{
    return json_skip(r, NULL);
}

static void what_is_skipped_is_judged_like_what_is_read(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    FOR_EACH_CASE (c, texts) {
        bool (*const ways[])(struct json_reader *) = {walk, skip_all};
        for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
            struct json_reader r;
            json_reader_init(&r, c->text, &arena);
            bool valid = ways[i](&r) && json_finish(&r);
            CHECK_CASE(c, valid == c->valid, "way %zu: %s", i, r.why ? r.why : "accepted");
            CHECK_CASE(c, r.failed == (r.why != NULL), "a reason");
        }
    }
    arena_release(&arena);
}

/* clang-format off */
static const struct {
    const char *name;
    struct str text, want;
} strings[] = {
    {"plain", STR_INIT("\"abc\""), STR_INIT("abc")},
    {"every escape", STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR_INIT("\"\\/\b\f\n\r\t")},
    {"NUL", STR_INIT("\"a\\u0000b\""), STR_INIT("a\0b")},
    {"one byte", STR_INIT("\"\\u0041\\u007f\""), STR_INIT("A\x7f")},
    {"two bytes", STR_INIT("\"\\u0080\\u07FF\""), STR_INIT("\xc2\x80\xdf\xbf")},
    {"three bytes", STR_INIT("\"\\u0800\\uffff\""), STR_INIT("\xe0\xa0\x80\xef\xbf\xbf")},
    {"four bytes", STR_INIT("\"\\ud800\\udc00\\udbff\\udfff\""),
     STR_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
    {"mixed", STR_INIT("\"" EURO "\\u20ac" EURO "\""), STR_INIT(EURO EURO EURO)},
    {"what a backslash hides is no escape", STR_INIT("\"\\\\u0041\""), STR_INIT("\\u0041")},
};
/* clang-format on */

static void strings_are_unescaped(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str got;
    arena_init(&arena, 4096);
    FOR_EACH_CASE (c, strings) {
        json_reader_init(&r, c->text, &arena);
        CHECK_CASE(c, json_read_string(&r, &got), "%s", r.why);
        CHECK_CASE(c, str_eq(got, c->want), "got %" STR_F, STR_A(got));
    }
    arena_release(&arena);
}

/* In the middle of a string of `before` letters and so many `behind`; value NULL: refused. */
static const struct {
    const char *name, *text, *value;
} places[] = {
    {"a letter", "x", "x"},
    {"an escaped quote", "\\\"", "\""},
    {"an escaped backslash", "\\\\", "\\"},
    {"an escaped character", "\\u20ac", EURO},
    {"two escapes", "\\n\\t", "\n\t"},
    {"a foreign character", EURO, EURO},
    {"the highest byte of ASCII", "\x7f", "\x7f"},
    {"the lowest control character", "\x01", NULL},
    {"the highest control character", "\x1f", NULL},
    {"a byte that is no UTF-8", "\xff", NULL},
    {"half a character", "\xe2\x82", NULL},
};

static void read_at(const char *name, size_t before, size_t behind, const char *text,
                    const char *value)
{
    struct json_reader r;
    struct arena arena;
    struct str got;
    char want[64], letters[] = "aaaaaaaaaaaaaaaaaaaaaaaa";
    arena_init(&arena, 4096);
    struct str whole =
        arena_printf(&arena, "\"%.*s%s%.*s\"", (int)before, letters, text, (int)behind, letters);
    scoped_free char *exact = xmalloc(whole.len); /* for ASan: nothing is read behind it */
    memcpy(exact, whole.at, whole.len);
    json_reader_init(&r, str_of(exact, whole.len), &arena);
    bool read = json_read_string(&r, &got);
    (void)snprintf(want, sizeof(want), "%.*s%s%.*s", (int)before, letters, value ? value : "",
                   (int)behind, letters);
    if (read != (value != NULL) || (read && (!str_is(got, want) || !json_finish(&r))))
        fail_msg("%s behind %zu letters and before %zu", name, before, behind);
    arena_release(&arena);
}

static void strings_are_read_alike_at_every_place(void **state)
{
    (void)state;
    FOR_EACH (place, places, ARRAY_LENGTH(places))
        for (size_t before = 0; before <= 17; before++)
            for (size_t behind = 0; behind <= 17; behind++)
                read_at(place->name, before, behind, place->text, place->value);
}

/* Words are looked at in one piece; what they hold of the text behind the string is not judged. */
static void a_string_ends_at_its_quote(void **state)
{
    (void)state;
    static const char *const behind[] = {"\xff", "\x01", "\"", "\\", "\xffxxxxxxxxxxxxxxxx"};
    for (size_t len = 0; len < 17; len++)
        FOR_EACH (rest, behind, ARRAY_LENGTH(behind)) {
            struct json_reader r;
            struct arena arena;
            struct str got;
            arena_init(&arena, 4096);
            json_reader_init(
                &r, arena_printf(&arena, "\"%.*s\"%s", (int)len, "aaaaaaaaaaaaaaaaa", *rest),
                &arena);
            assert_true(json_read_string(&r, &got));
            assert_int_equal(got.len, len);
            arena_release(&arena);
        }
}

#define REPLACED "\xef\xbf\xbd"

/* clang-format off */
static const struct {
    const char *name;
    struct str text;
    const char *want; /* NULL: malformed all the same */
} halves[] = {
    {"a whole pair", STR_INIT("\"\\ud83d\\ude00\""), "\xf0\x9f\x98\x80"},
    {"a first half", STR_INIT("\"a\\ud83d\""), "a" REPLACED},
    {"a second half", STR_INIT("\"\\ude00a\""), REPLACED "a"},
    {"the wrong way round", STR_INIT("\"\\ude00\\ud83d\""), REPLACED REPLACED},
    {"a first half before a letter", STR_INIT("\"\\ud83d\\u0041\""), REPLACED "A"},
    {"a first half before another escape", STR_INIT("\"\\ud83d\\n\""), REPLACED "\n"},
    {"a first half before a pair", STR_INIT("\"\\ud83d\\ud83d\\ude00\""),
     REPLACED "\xf0\x9f\x98\x80"},
    {"a first half before a malformed escape", STR_INIT("\"\\ud83d\\u12\""), NULL},
    {"a first half before an unknown escape", STR_INIT("\"\\ud83d\\x\""), NULL},
    {"no digits", STR_INIT("\"\\ud83\""), NULL},
};
/* clang-format on */

static void halves_of_pairs_are_replaced_on_demand(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str got;
    arena_init(&arena, 4096);
    FOR_EACH_CASE (c, halves) {
        json_reader_init(&r, c->text, &arena);
        r.replaces_surrogates = true;
        bool read = json_read_string(&r, &got) && json_finish(&r);
        CHECK_CASE(c, read == (c->want != NULL), "%s", r.why ? r.why : "accepted");
        CHECK_CASE(c, !read || str_is(got, c->want), "got %" STR_F, STR_A(got));
    }
    arena_release(&arena);
}

static void strings_without_escapes_are_views(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str text = STR("\"abc\""), got;
    arena_init(&arena, 4096);
    json_reader_init(&r, text, &arena);
    assert_true(json_read_string(&r, &got));
    assert_ptr_equal(got.at, text.at + 1);
    assert_int_equal(arena.used, 0);
    arena_release(&arena);
}

static void members_come_in_order(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str key, number, text;
    bool flag;
    arena_init(&arena, 4096);
    json_reader_init(
        &r, STR("{\"n\": -1.50e2 , \"\\u0062\":true, \"x\" : {\"y\":[ 1]} ,\"z\":null}"), &arena);
    assert_true(json_enter_object(&r));
    assert_true(json_next_member(&r, &key));
    assert_str_equal(key, STR("n"));
    assert_true(json_read_number(&r, &number));
    assert_str_equal(number, STR("-1.50e2"));
    assert_true(json_next_member(&r, &key));
    assert_str_equal(key, STR("b"));
    assert_true(json_read_bool(&r, &flag));
    assert_true(flag);
    assert_true(json_next_member(&r, &key));
    assert_true(json_skip(&r, &text));
    assert_str_equal(text, STR("{\"y\":[ 1]}"));
    assert_true(json_next_member(&r, &key));
    assert_true(json_read_null(&r));
    assert_false(json_next_member(&r, &key));
    assert_true(json_finish(&r));
    arena_release(&arena);
}

static void a_failure_is_final(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str text;
    bool flag;
    arena_init(&arena, 4096);
    json_reader_init(&r, STR("[1]"), &arena);
    assert_false(json_read_string(&r, &text)); /* another type */
    assert_string_equal(r.why, "a string was expected");
    assert_int_equal(json_peek(&r), JSON_TYPE_INVALID);
    assert_false(json_enter_array(&r));
    assert_false(json_enter_object(&r));
    assert_false(json_next_member(&r, &text));
    assert_false(json_next_element(&r));
    assert_false(json_read_number(&r, &text));
    assert_false(json_read_bool(&r, &flag));
    assert_false(json_read_null(&r));
    assert_false(json_skip(&r, &text));
    assert_false(json_finish(&r));
    assert_string_equal(r.why, "a string was expected");
    arena_release(&arena);
}

static void a_text_is_not_finished_within_a_container(void **state)
{
    (void)state;
    struct arena arena;
    struct json_reader r;
    struct str number;
    arena_init(&arena, 4096);
    json_reader_init(&r, STR("[1"), &arena);
    assert_true(json_enter_array(&r));
    assert_true(json_next_element(&r));
    assert_true(json_read_number(&r, &number));
    assert_false(json_finish(&r));
    arena_release(&arena);
}

/* `depth` arrays and objects by turns. */
static bool is_read(size_t depth, bool (*way)(struct json_reader *))
{
    scoped_buf struct buf text = {0};
    struct arena arena;
    struct json_reader r;
    for (size_t i = 0; i < depth; i++)
        buf_append(&text, i % 2 ? STR("[") : STR("{\"a\":"));
    buf_literal(&text, "1");
    for (size_t i = depth; i-- > 0;)
        buf_append(&text, i % 2 ? STR("]") : STR("}"));

    arena_init(&arena, 4096);
    json_reader_init(&r, buf_str(&text), &arena);
    bool read = way(&r) && json_finish(&r);
    assert_int_equal(read, r.depth == 0);
    arena_release(&arena);
    return read;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_true(is_read(JSON_DEPTH_MAX, walk));
    assert_true(is_read(JSON_DEPTH_MAX, skip_all));
    assert_false(is_read(JSON_DEPTH_MAX + 1, walk));
    assert_false(is_read(JSON_DEPTH_MAX + 1, skip_all));
    assert_false(is_read(100000, skip_all));
}

/* No text of a cut-off document is JSON; and reading stops within it, whatever stands behind. */
static void no_prefix_is_accepted(void **state)
{
    (void)state;
    struct arena arena;
    struct str text =
        STR("{\"a\\u20ac\":[1.5e3,\"\\ud83d\\ude00\",true,null,{\"b\":\"" EURO "\"}]}");
    arena_init(&arena, 4096);
    for (size_t len = 0; len < text.len; len++) {
        struct json_reader r;
        char *copy = memcpy(arena_bytes(&arena, len), text.at, len);
        json_reader_init(&r, str_of(copy, len), &arena);
        assert_false(walk(&r) && json_finish(&r));
    }
    arena_release(&arena);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 65536);
    for (uint32_t c = 0; c < 0x11000; c += c < 0x900 ? 1 : 97) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        scoped_buf struct buf text = {0}, written = {0};
        struct json_reader r;
        struct str got;
        char character[4];
        buf_append(&text, str_of("padding", c % 8));
        buf_append(&text, str_of(character, utf8_encode(character, c)));
        json_write_string(&written, buf_str(&text));
        json_reader_init(&r, buf_str(&written), &arena);
        assert_true(json_read_string(&r, &got));
        assert_true(json_finish(&r));
        assert_str_equal(got, buf_str(&text));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_skipped_is_judged_like_what_is_read),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(strings_are_read_alike_at_every_place),
        cmocka_unit_test(a_string_ends_at_its_quote),
        cmocka_unit_test(halves_of_pairs_are_replaced_on_demand),
        cmocka_unit_test(strings_without_escapes_are_views),
        cmocka_unit_test(members_come_in_order),
        cmocka_unit_test(a_failure_is_final),
        cmocka_unit_test(a_text_is_not_finished_within_a_container),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(no_prefix_is_accepted),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
