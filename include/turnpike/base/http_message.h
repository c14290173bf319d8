/* SPDX-License-Identifier: Apache-2.0 */
/* http_message.h: the strict HTTP/1.1 parser (RFC 9112), for requests and for answers. It keeps no
 * state between calls, allocates nothing and never copies: results are views of its input. */
#ifndef TURNPIKE_BASE_HTTP_MESSAGE_H
#define TURNPIKE_BASE_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turnpike/base/str.h"

struct header {
    struct str name;  /* as it came, or as it goes out */
    struct str value; /* without the white space around it */
};

#define HTTP_HEADERS_MAX 128

enum http_framing {
    HTTP_BODY_NONE,   /* no body, or Content-Length: 0 */
    HTTP_BODY_LENGTH, /* content_length bytes, above 0 */
    HTTP_BODY_CHUNKED,
    HTTP_BODY_UNTIL_CLOSE, /* answers only */
};

enum http_parse_result {
    HTTP_PARSE_OK,
    HTTP_PARSE_INCOMPLETE,       /* so far nothing is wrong: more bytes are needed */
    HTTP_PARSE_INVALID,          /* malformed or ambiguous: 400 and close */
    HTTP_PARSE_TOO_MANY_HEADERS, /* 431 */
    HTTP_PARSE_UNSUPPORTED, /* well-formed, but a transfer coding (501) or major version (505) */
};

struct http_head {
    /* requests */
    struct str method;
    struct str target; /* origin-form as it came; of an absolute-form the part from the path on,
                        * which is "/" where it has none; "*" for OPTIONS alone */
    struct str host; /* of the absolute-form where one came, else of the Host field; may be empty */
    /* answers */
    unsigned status;

    unsigned minor_version; /* of HTTP/1.x */

    enum http_framing framing;
    uint64_t content_length;
    bool keep_alive;       /* what version and Connection say together */
    bool expects_continue; /* Expect: 100-continue, requests with a body only */
    bool upgrade;          /* Connection names upgrade and an Upgrade field exists */
    size_t size;           /* of the whole head, the empty line included */
    const char *why;       /* static text, where the result is not OK or INCOMPLETE */

    size_t header_count;
    struct header headers[HTTP_HEADERS_MAX]; /* last, and never cleared: it is large */
};

/* Parses a request head at the start of `in`. An empty line before it is skipped once
 * (RFC 9112, 2.2) and counted in size. INCOMPLETE is answered only while what is there could
 * still become valid, so garbage is refused early: wrong characters at once, wrong values when
 * their line is complete. Whatever is refused stays refused, in the same way, with more bytes.
 * Each call begins anew: the caller bounds how long a head may grow. Where the result is not OK,
 * only `why` and what it shows of the fields before may be read. */
enum http_parse_result http_parse_request(struct str in, struct http_head *ret_head);

/* Parses an answer's head. `to_head` says that the request was HEAD, which decides the framing
 * (RFC 9112, 6.3). 1xx answers are returned like any other. */
enum http_parse_result http_parse_response(struct str in, bool to_head, struct http_head *ret_head);

/* The first field of that name, or NULL. Names compare without case. */
const struct header *http_find_header(const struct header *headers, size_t count, struct str name);

/* RFC 9110, 5.6.2 and 5.5: what may stand in a field name and in a field value. */
bool http_is_token(struct str s);
bool http_is_field_value(struct str s);

/* The chunked coding (RFC 9112, 7.1). Fed piece by piece; extensions are read, held to their syntax
 * and dropped, trailers too unless they are asked for. Bounds: 15 digits of size, 256 bytes of a
 * line with its extensions, 8 KiB of trailers that are dropped. */
struct http_chunked {
    uint64_t left;         /* bytes of the current chunk still to come */
    uint8_t state;         /* private */
    uint8_t digits;        /* of the current size */
    uint16_t line_len;     /* bytes of the current size or trailer line */
    uint32_t trailer_len;  /* bytes of trailers so far */
    uint32_t trailers_max; /* set by the owner behind http_chunked_init: trailers are handed out,
                              and are no more bytes than this; 0: they are dropped */
};

enum http_chunk_result {
    HTTP_CHUNK_DATA,    /* *ret_data is the next piece of body, never empty */
    HTTP_CHUNK_TRAILER, /* only where trailers_max is set: *ret_data is the next piece of the fields
                           behind the body, never empty; once the end has come, whole lines of
                           "name:value" and CR LF, without the empty line */
    HTTP_CHUNK_MORE,    /* everything was consumed; feed more */
    HTTP_CHUNK_END,     /* the body and its trailers are complete */
    HTTP_CHUNK_INVALID, /* malformed: the connection cannot be used further */
};

void http_chunked_init(struct http_chunked *c);
/* Takes what it can off the front of *in. */
enum http_chunk_result http_chunked_next(struct http_chunked *c, struct str *in,
                                         struct str *ret_data);

/* The reason phrase that this program writes for a status, "" where it knows none. */
const char *http_reason(unsigned status);

#endif
