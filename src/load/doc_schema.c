/* SPDX-License-Identifier: Apache-2.0 */
#include "doc_build.h"

static struct str without_sign(struct str s)
{
    return s.len > 0 && (s.at[0] == '-' || s.at[0] == '+') ? str_skip(s, 1) : s;
}

static size_t span(struct str s, const char *set)
{
    size_t n = 0;
    while (n < s.len && s.at[n] != '\0' && strchr(set, s.at[n]))
        n++;
    return n;
}

static bool is_digits(struct str s, const char *set)
{
    return s.len > 0 && span(s, set) == s.len;
}

/* [0-9]+(\.[0-9]*)?, \.[0-9]+, each with an optional exponent. */
static bool is_decimal(struct str s)
{
    static const char digits[] = "0123456789";
    size_t whole = span(s, digits), fraction = 0;
    s = str_skip(s, whole);
    if (s.len > 0 && s.at[0] == '.') {
        s = str_skip(s, 1);
        fraction = span(s, digits);
        s = str_skip(s, fraction);
    }
    if (whole + fraction == 0)
        return false;
    if (s.len > 0 && (s.at[0] == 'e' || s.at[0] == 'E'))
        return is_digits(without_sign(str_skip(s, 1)), digits);
    return s.len == 0;
}

static bool is_one_of(struct str s, const char *const words[3])
{
    return str_is(s, words[0]) || str_is(s, words[1]) || str_is(s, words[2]);
}

static bool is_number(struct str s)
{
    static const char *const infinity[] = {".inf", ".Inf", ".INF"};
    static const char *const not_a_number[] = {".nan", ".NaN", ".NAN"};
    if (str_starts_with(s, STR("0o")))
        return is_digits(str_skip(s, 2), "01234567");
    if (str_starts_with(s, STR("0x")))
        return is_digits(str_skip(s, 2), "0123456789abcdefABCDEF");
    return is_decimal(without_sign(s)) || is_one_of(without_sign(s), infinity) ||
           is_one_of(s, not_a_number);
}

enum doc_kind doc_plain_kind(struct str text, bool *ret_truth)
{
    static const char *const null[] = {"null", "Null", "NULL"};
    static const char *const yes[] = {"true", "True", "TRUE"};
    static const char *const no[] = {"false", "False", "FALSE"};
    if (text.len == 0 || str_is(text, "~") || is_one_of(text, null))
        return DOC_NULL;
    if (is_one_of(text, yes) || is_one_of(text, no)) {
        *ret_truth = is_one_of(text, yes);
        return DOC_BOOL;
    }
    return is_number(text) ? DOC_NUMBER : DOC_STRING;
}
