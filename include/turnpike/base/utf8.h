/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h: RFC 3629 text. */
#ifndef TURNPIKE_BASE_UTF8_H
#define TURNPIKE_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/base/str.h"

/* The length of the valid prefix of s: s.len where all of it is well-formed UTF-8. Overlong forms,
 * surrogates and code points beyond U+10FFFF are malformed. */
size_t utf8_valid_len(struct str s);

static inline bool utf8_is_valid(struct str s)
{
    return utf8_valid_len(s) == s.len;
}

/* Writes the encoding of code point c (not a surrogate, at most U+10FFFF); returns 1 to 4. */
size_t utf8_encode(char out[4], uint32_t c);

#endif
