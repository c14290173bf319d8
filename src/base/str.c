/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/str.h"

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.at[i] != b.at[i] && lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_head(s, prefix.len), prefix);
}

bool str_starts_with_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq_nocase(str_head(s, prefix.len), prefix);
}

bool str_ends_with(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

int str_compare(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.at, b.at, common) : 0;
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t str_find(struct str s, char c)
{
    const char *found = s.len ? memchr(s.at, c, s.len) : NULL;
    return found ? (size_t)(found - s.at) : s.len;
}

size_t str_find_str(struct str s, struct str needle)
{
    if (needle.len == 0)
        return 0;
    const char *found = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
    return found ? (size_t)(found - s.at) : s.len;
}

bool str_split(struct str *rest, char separator, struct str *ret_part)
{
    if (!rest->at)
        return false;
    size_t len = str_find(*rest, separator);
    *ret_part = str_head(*rest, len);
    *rest = len < rest->len ? str_skip(*rest, len + 1) : (struct str){NULL, 0};
    return true;
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = str_skip(s, 1);
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool str_to_u64(struct str s, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.at[i] - '0'), &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool str_to_double(struct str s, double *ret_value)
{
    size_t dot = str_find(s, '.');
    uint64_t whole = 0;
    if (!str_to_u64(str_head(s, dot), &whole))
        return false;

    double value = (double)whole;
    if (dot < s.len) {
        struct str fraction = str_skip(s, dot + 1);
        uint64_t digits = 0;
        if (fraction.len > 15 || !str_to_u64(fraction, &digits))
            return false;
        double scale = 1;
        for (size_t i = 0; i < fraction.len; i++)
            scale *= 10;
        value += (double)digits / scale;
    }
    *ret_value = value;
    return true;
}

struct str str_u64(uint64_t value, char out[STR_U64_SIZE])
{
    size_t at = STR_U64_SIZE;
    do {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return str_of(out + at, STR_U64_SIZE - at);
}

bool str_eq_secret(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    unsigned char difference = 0;
    for (size_t i = 0; i < a.len; i++)
        difference |= (unsigned char)(((const volatile char *)a.at)[i] ^ b.at[i]);
    return difference == 0;
}
