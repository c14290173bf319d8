/* SPDX-License-Identifier: Apache-2.0 */
#include "http_chars.h"

#include "turnpike/base/http_message.h"

enum {
    V = HTTP_VALUE_CHAR,                    /* white space, obs-text */
    N = HTTP_VALUE_CHAR | HTTP_TOKEN_CHAR,  /* '#' */
    D = HTTP_VALUE_CHAR | HTTP_TARGET_CHAR, /* delimiters */
    A = HTTP_VALUE_CHAR | HTTP_TARGET_CHAR | HTTP_TOKEN_CHAR,
};

/* clang-format off */
const uint8_t http_chars[256] = {
    /*  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f */
        0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0, /* 0 */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 1 */
        V, A, D, N, A, A, A, A, D, D, A, A, D, A, A, D, /* 2   !"#$%&'()*+,-./ */
        A, A, A, A, A, A, A, A, A, A, D, D, D, D, D, D, /* 3  0123456789:;<=>? */
        D, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, /* 4  @ABCDEFGHIJKLMNO */
        A, A, A, A, A, A, A, A, A, A, A, D, D, D, A, A, /* 5  PQRSTUVWXYZ[\]^_ */
        A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, /* 6  `abcdefghijklmno */
        A, A, A, A, A, A, A, A, A, A, A, D, A, D, A, 0, /* 7  pqrstuvwxyz{|}~  */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* 8 */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* 9 */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* a */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* b */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* c */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* d */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* e */
        V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, /* f */
};
/* clang-format on */

static bool consists_of(struct str s, unsigned class)
{
    return s.len == 0 || http_scan(s.at, s.at + s.len, class) == s.at + s.len;
}

bool http_is_token(struct str s)
{
    return s.len > 0 && consists_of(s, HTTP_TOKEN_CHAR);
}

bool http_is_field_value(struct str s)
{
    return consists_of(s, HTTP_VALUE_CHAR);
}
