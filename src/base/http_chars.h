/* SPDX-License-Identifier: Apache-2.0 */
/* http_chars.h: the character classes of HTTP/1.1, private to base's parsers. */
#ifndef TURNPIKE_BASE_HTTP_CHARS_H
#define TURNPIKE_BASE_HTTP_CHARS_H

#include <stdint.h>

enum {
    HTTP_TOKEN_CHAR = 1,  /* tchar (RFC 9110, 5.6.2) */
    HTTP_TARGET_CHAR = 2, /* visible ASCII without '#', which no request target has */
    HTTP_VALUE_CHAR = 4,  /* what a field value or reason phrase may hold (RFC 9110, 5.5) */
};

extern const uint8_t http_chars[256];

/* The first byte in [at, end) that is not of `class`, or end. */
static inline const char *http_scan(const char *at, const char *end, unsigned class)
{
    while (at < end && (http_chars[(unsigned char)*at] & class))
        at++;
    return at;
}

#endif
