/* SPDX-License-Identifier: Apache-2.0 */
/* uri.h: the parts of RFC 3986 that a gateway needs: percent-decoding, queries, host and port. */
#ifndef TURNPIKE_BASE_URI_H
#define TURNPIKE_BASE_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/str.h"

/* True where every % is followed by two hexadecimal digits. */
bool uri_escapes_are_valid(struct str s);

/* Decodes %XX, and '+' to a space where `form` says so. Malformed escapes stay as they are.
 * Returns s itself where there is nothing to decode. */
struct str uri_decode(struct arena *a, struct str s, bool form);

/* Appends s with every byte escaped but RFC 3986's unreserved ones: for one segment of a path, one
 * name or value of a query. */
void uri_encode(struct buf *out, struct str s);

/* Takes the next `name=value` off *rest, raw; parts without '=' have an empty value. Empty parts
 * ("a&&b") are skipped. False when nothing is left. */
bool uri_next_parameter(struct str *rest, struct str *ret_name, struct str *ret_value);

/* "host", "host:port", "[v6]:port". *ret_port is 0 where none is written ("host:" has none). The
 * host is returned without brackets. Refused: an empty host, a port of 0 or above 65535, and what
 * stands in no name in use though RFC 3986 lets it: all but letters, digits, '-', '.', '_', '~'. */
MUST_USE bool uri_split_host(struct str authority, struct str *ret_host, uint16_t *ret_port);

struct uri {
    struct str scheme; /* as written; compare without case */
    struct str authority, host;
    uint16_t port;    /* 0: the scheme's default */
    struct str path;  /* with its leading slash, or empty */
    struct str query; /* without '?' */
};

/* An absolute http or https URL in visible ASCII. User information and fragments are refused.
 * Every part is a view of text, the empty path and query too: path.at is where it would stand. */
MUST_USE bool uri_parse(struct str text, struct uri *ret_uri);

/* Why no browser sends this text as the Origin of a page of http or https, or NULL where one may:
 * scheme and host in lower case, a port that is not the scheme's own, nothing else (RFC 6454, 6.2).
 */
const char *uri_origin_problem(struct str text);

#endif
