/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/base64.h"

#include "testing.h"

/* RFC 4648, 10, and the two characters in which the alphabets differ. */
static const struct {
    const char *name;
    struct str bytes;
    const char *padded, *url;
} vectors[] = {
    {"nothing", STR_INIT(""), "", ""},
    {"f", STR_INIT("f"), "Zg==", "Zg"},
    {"fo", STR_INIT("fo"), "Zm8=", "Zm8"},
    {"foo", STR_INIT("foo"), "Zm9v", "Zm9v"},
    {"foob", STR_INIT("foob"), "Zm9vYg==", "Zm9vYg"},
    {"fooba", STR_INIT("fooba"), "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", STR_INIT("foobar"), "Zm9vYmFy", "Zm9vYmFy"},
    {"the last of the alphabet", STR_INIT("\xfb\xff\xbf"), "+/+/", "-_-_"},
    {"zeros", STR_INIT("\0\0\0\0"), "AAAAAA==", "AAAAAA"},
};

static void vectors_hold_both_ways(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1024);
    FOR_EACH_CASE (c, vectors) {
        char out[16];
        struct str got;
        size_t len = base64_encode(out, c->bytes);
        CHECK_CASE(c, str_is(str_of(out, len), c->padded), "got %.*s", (int)len, out);
        CHECK_CASE(c, len == base64_encoded_len(c->bytes.len), "length %zu", len);
        CHECK_CASE(c, base64_decode(&a, str_from(c->padded), &got), "decode");
        CHECK_CASE(c, str_eq(got, c->bytes), "decoded");

        len = base64url_encode(out, c->bytes);
        CHECK_CASE(c, str_is(str_of(out, len), c->url), "got %.*s", (int)len, out);
        CHECK_CASE(c, len == base64url_encoded_len(c->bytes.len), "length %zu", len);
        CHECK_CASE(c, base64url_decode(&a, str_from(c->url), &got), "decode url");
        CHECK_CASE(c, str_eq(got, c->bytes), "decoded url");
    }
    arena_release(&a);
}

static void every_length_and_byte_comes_back(void **state)
{
    (void)state;
    struct arena a;
    char bytes[256], out[344];
    struct str got;
    arena_init(&a, 4096);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    for (size_t len = 0; len <= sizeof(bytes); len++, arena_reset(&a)) {
        struct str in = str_of(bytes + sizeof(bytes) - len, len);
        assert_true(base64_decode(&a, str_of(out, base64_encode(out, in)), &got));
        assert_str_equal(got, in);
        assert_true(base64url_decode(&a, str_of(out, base64url_encode(out, in)), &got));
        assert_str_equal(got, in);
    }
    arena_release(&a);
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const struct str padded[] = {
        STR_INIT("Zg"),       STR_INIT("Zg="),   STR_INIT("Zg==="),    STR_INIT("Z==="),
        STR_INIT("===="),     STR_INIT("="),     STR_INIT("Zg==Zg=="), STR_INIT("Z=g="),
        STR_INIT("Zh=="),     STR_INIT("Zm9="),  STR_INIT("-_-_"),     STR_INIT("Zm9v\n"),
        STR_INIT("Zm 9v==="), STR_INIT("Zm9\0"), STR_INIT("Zm9\xff"),  STR_INIT(" Zm9"),
    };
    static const struct str url[] = {
        STR_INIT("Zg=="), STR_INIT("Z"),     STR_INIT("Zh"),    STR_INIT("Zm9"),
        STR_INIT("+/+/"), STR_INIT("Zm9v "), STR_INIT("Zm9vY"), STR_INIT("Zg\n"),
    };
    struct arena a;
    struct str got;
    arena_init(&a, 1024);
    FOR_EACH_CASE (text, padded)
        if (base64_decode(&a, *text, &got))
            fail_msg("'%" STR_F "' was accepted", STR_A(*text));
    FOR_EACH_CASE (text, url)
        if (base64url_decode(&a, *text, &got))
            fail_msg("'%" STR_F "' was accepted", STR_A(*text));
    arena_release(&a);
}

static void foreign_characters_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str text;
        size_t span;
    } cases[] = {
        {"nothing", STR_INIT(""), 0},
        {"all of the alphabet's ends", STR_INIT("AZaz09-_"), 8},
        {"its neighbours", STR_INIT("A@"), 1},
        {"padding", STR_INIT("Zg=="), 2},
        {"of the other alphabet", STR_INIT("a+/"), 1},
        {"at the beginning", STR_INIT("\0a"), 0},
    };
    FOR_EACH_CASE (c, cases)
        CHECK_CASE(c, base64url_span(c->text) == c->span, "got %zu", base64url_span(c->text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_hold_both_ways),
        cmocka_unit_test(every_length_and_byte_comes_back),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(foreign_characters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
