/* SPDX-License-Identifier: Apache-2.0 */
/* str.h: a view of bytes, pointer and length. It never owns them and need not end in NUL. */
#ifndef TURNPIKE_BASE_STR_H
#define TURNPIKE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "turnpike/base/scope.h"

struct str {
    const char *at; /* may be NULL where len is 0 */
    size_t len;
};

/* A view of a string literal. STR_INIT is its form for static initialisers. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

/* For printf: printf("%" STR_F, STR_A(s)). */
#define STR_F    ".*s"
#define STR_A(s) (int)(s).len, (s).at ? (s).at : ""

static inline struct str str_of(const char *at, size_t len)
{
    return (struct str){at, len};
}

static inline struct str str_from(const char *cstring)
{
    return (struct str){cstring, cstring ? strlen(cstring) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool str_is(struct str a, const char *cstring)
{
    return str_eq(a, str_from(cstring));
}

/* The part of s from `from` on; empty where s is shorter. */
static inline struct str str_skip(struct str s, size_t from)
{
    if (from > s.len)
        from = s.len;
    return from == 0 ? s : str_of(s.at + from, s.len - from); /* nothing is added to a NULL */
}

/* The first `len` bytes of s, or all of it where it is shorter. */
static inline struct str str_head(struct str s, size_t len)
{
    return str_of(s.at, len < s.len ? len : s.len);
}

/* ASCII only, as HTTP compares field names (RFC 9110, 5.1). */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);
bool str_starts_with_nocase(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* Orders by bytes, shorter first among equals; for sorting and bsearch. */
int str_compare(struct str a, struct str b);

/* The index of the first c in s, or s.len where there is none. */
size_t str_find(struct str s, char c);
/* The index of the first occurrence of needle, or s.len. */
size_t str_find_str(struct str s, struct str needle);

/* Takes the part before the first `separator` off *rest and moves *rest behind it; false when
 * nothing is left (rest->at is then NULL). An empty string yields one empty part. */
bool str_split(struct str *rest, char separator, struct str *ret_part);

/* Without the spaces and tabs at both ends (OWS of RFC 9110, 5.6.3). */
struct str str_trim(struct str s);

/* A decimal number of at most 2^64-1, digits only, no sign, at least one digit. */
MUST_USE bool str_to_u64(struct str s, uint64_t *ret_value);
/* A decimal number with an optional fraction, no exponent, no sign; for configuration values. */
MUST_USE bool str_to_double(struct str s, double *ret_value);

/* The number in decimal, at the end of out. */
#define STR_U64_SIZE 20
struct str str_u64(uint64_t value, char out[STR_U64_SIZE]);

/* Compares in time that depends on the lengths alone: for secrets. */
bool str_eq_secret(struct str a, struct str b);

#endif
