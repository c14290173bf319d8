/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/invoke_path.h"

#include "turnpike/base/uri.h"

static const struct {
    const char *before, *behind;
    enum invoke_operation operation;
} paths[] = {
    {"/2014-11-13/functions/", "/invoke-async",                   INVOKE_ASYNC    },
    {"/2014-11-13/functions/", "/invoke-async/",                  INVOKE_ASYNC    },
    {"/2015-03-31/functions/", "/invocations",                    INVOKE_FUNCTION },
    {"/2021-11-15/functions/", "/response-streaming-invocations", INVOKE_STREAMING},
};

enum invoke_operation invoke_path_read(struct str raw_path, struct str *ret_function)
{
    FOR_EACH (p, paths, ARRAY_LENGTH(paths)) {
        struct str before = str_from(p->before), behind = str_from(p->behind);
        if (raw_path.len <= before.len + behind.len || !str_starts_with(raw_path, before) ||
            !str_ends_with(raw_path, behind))
            continue;
        struct str segment = str_skip(str_head(raw_path, raw_path.len - behind.len), before.len);
        if (str_find(segment, '/') < segment.len)
            continue;
        *ret_function = segment;
        return p->operation;
    }
    return INVOKE_OPERATION_UNKNOWN;
}

/* Names. */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Letters, digits and those of `extra`; not empty. */
static bool consists_of(struct str s, const char *extra)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter(s.at[i]) && !is_digit(s.at[i]) && (!s.at[i] || !strchr(extra, s.at[i])))
            return false;
    return s.len > 0;
}

static bool take_text(struct str *s, struct str text)
{
    if (!str_starts_with(*s, text))
        return false;
    *s = str_skip(*s, text.len);
    return true;
}

/* arn:(aws[a-zA-Z-]*)?:lambda: */
static bool take_arn(struct str *s, struct function_name *ret)
{
    struct str partition;
    (void)ret;
    if (!take_text(s, STR("arn:")) || !str_split(s, ':', &partition))
        return false;
    for (size_t i = 0; i < partition.len; i++)
        if (!is_letter(partition.at[i]) && partition.at[i] != '-')
            return false;
    return (partition.len == 0 || str_starts_with(partition, STR("aws"))) &&
           take_text(s, STR("lambda:"));
}

static size_t lower_span(struct str s)
{
    size_t len = 0;
    while (len < s.len && s.at[len] >= 'a' && s.at[len] <= 'z')
        len++;
    return len;
}

/* -gov, -iso, -isob */
static struct str skip_division(struct str s)
{
    if (take_text(&s, STR("-gov")))
        return s;
    if (take_text(&s, STR("-iso")) && lower_span(str_head(s, 1)) == 1)
        return str_skip(s, 1);
    return s;
}

/* -[a-z]+-\d */
static bool is_place(struct str s)
{
    size_t word = lower_span(str_skip(s, 1));
    struct str number = str_skip(s, 1 + word);
    return str_starts_with(s, STR("-")) && word > 0 && number.len == 2 && number.at[0] == '-' &&
           is_digit(number.at[1]);
}

/* "us-east-1", "us-gov-west-1", "eusc-de-east-1". A word of the country's length may be followed
 * by a division or not: "us-iso-1" is a region of the place "iso". */
static bool is_region(struct str s)
{
    (void)take_text(&s, STR("eusc-"));
    if (lower_span(str_head(s, 2)) != 2)
        return false;
    s = str_skip(s, 2);
    return is_place(skip_division(s)) || is_place(s);
}

static bool take_region(struct str *s, struct function_name *ret)
{
    return str_find(*s, ':') < s->len && str_split(s, ':', &ret->region) && is_region(ret->region);
}

static bool take_account(struct str *s, struct function_name *ret)
{
    uint64_t number;
    return str_find(*s, ':') == 12 && str_split(s, ':', &ret->account) &&
           str_to_u64(ret->account, &number);
}

static bool take_word(struct str *s, struct function_name *ret)
{
    (void)ret;
    return take_text(s, STR("function:"));
}

/* What may stand before a name, in this order. */
static bool (*const prefixes[])(struct str *s, struct function_name *ret) = {
    take_arn, take_region, take_account, take_word};

static bool is_latest(struct str s)
{
    return str_is(s, "$LATEST") || str_is(s, "$LATEST.PUBLISHED");
}

/* NAME[:QUALIFIER] behind the prefixes of the set `chosen`. */
static bool read_behind(struct str text, unsigned chosen, struct function_name *ret)
{
    const unsigned count = ARRAY_LENGTH(prefixes);
    *ret = (struct function_name){0};
    for (unsigned i = 0; i < count; i++)
        if ((chosen >> (count - 1 - i) & 1) && !prefixes[i](&text, ret))
            return false;
    size_t colon = str_find(text, ':');
    ret->name = str_head(text, colon);
    ret->qualifier = str_skip(text, colon + 1);
    return consists_of(ret->name, "-_.") &&
           (colon == text.len || is_latest(ret->qualifier) || consists_of(ret->qualifier, "-_"));
}

bool invoke_name_read(struct str text, struct function_name *ret_name)
{
    /* As a pattern is matched: with as many prefixes as go, the first before all others, hence
     * "function:x" is the function x, but "function:$LATEST" one called "function". */
    struct function_name name;
    unsigned chosen = text.len <= INVOKE_NAME_MAX ? 1u << ARRAY_LENGTH(prefixes) : 0;
    while (chosen-- > 0) {
        if (!read_behind(text, chosen, &name))
            continue;
        *ret_name = name;
        return true;
    }
    return false;
}

/* Qualifiers. */

bool invoke_qualifier_is(struct str text)
{
    return text.len <= INVOKE_QUALIFIER_MAX && (is_latest(text) || consists_of(text, "-_$"));
}

struct str invoke_query_qualifier(struct arena *a, struct str query)
{
    struct str name, value;
    while (uri_next_parameter(&query, &name, &value))
        if (str_is(uri_decode(a, name, true), "Qualifier"))
            return uri_decode(a, value, true);
    return (struct str){0};
}
