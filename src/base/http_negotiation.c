/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/http_negotiation.h"

/* "gzip;q=0.5" -> "gzip". A weight is 0 where all of its digits are. */
static struct str read_coding(struct str element, bool *ret_wanted)
{
    struct str coding = str_head(element, str_find(element, ';'));
    struct str weight = str_trim(str_skip(element, coding.len + 1));
    *ret_wanted = true;
    if (str_starts_with_nocase(weight, STR("q="))) {
        struct str digits = str_trim(str_skip(weight, 2));
        size_t zeros = 0;
        while (zeros < digits.len && (digits.at[zeros] == '0' || digits.at[zeros] == '.'))
            zeros++;
        *ret_wanted = zeros < digits.len;
    }
    return str_trim(coding);
}

bool http_accepts_gzip(struct str accept_encoding)
{
    struct str rest = accept_encoding, element;
    bool any = false, wanted;
    while (str_split(&rest, ',', &element)) {
        struct str coding = read_coding(element, &wanted);
        if (str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip")))
            return wanted;
        if (str_is(coding, "*"))
            any = wanted;
    }
    return any;
}

/* Tags of our own hold no comma, so one that is cut apart matches none of them. */
bool http_names_tag(struct str if_none_match, struct str tag)
{
    struct str rest = if_none_match, element;
    while (str_split(&rest, ',', &element)) {
        element = str_trim(element);
        if (str_is(element, "*"))
            return true;
        if (str_eq(str_starts_with(element, STR("W/")) ? str_skip(element, 2) : element, tag))
            return true;
    }
    return false;
}
