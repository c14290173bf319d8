/* SPDX-License-Identifier: Apache-2.0 */
/* json.h: RFC 8259 text, written into a buffer and read in one strict pass without a tree.
 * Where a tree is wanted (load time, key sets), jansson is used directly. */
#ifndef TURNPIKE_BASE_JSON_H
#define TURNPIKE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/str.h"

/* Writing. The caller writes punctuation itself: what it emits is fixed, and this is the hot path.
 */

/* Appends s as a JSON string with quotes. Malformed UTF-8 becomes U+FFFD, one for each byte that
 * cannot belong to a sequence; control characters become \u00XX or their short forms. */
void json_write_string(struct buf *b, struct str s);
/* The same without the quotes. */
void json_write_escaped(struct buf *b, struct str s);

/* Reading. A reader walks the text once; every value of the text is validated, those that the
 * caller skips too: UTF-8, escapes, surrogate pairs, numbers, depth, one value and nothing behind.
 */

enum json_type {
    JSON_TYPE_INVALID, /* malformed here, or the end where a value should be */
    JSON_TYPE_OBJECT,
    JSON_TYPE_ARRAY,
    JSON_TYPE_STRING,
    JSON_TYPE_NUMBER,
    JSON_TYPE_TRUE,
    JSON_TYPE_FALSE,
    JSON_TYPE_NULL,
};

#define JSON_DEPTH_MAX 512

struct json_reader {
    const char *at, *end, *start;
    unsigned depth;
    bool failed;         /* sticky: once malformed, every call fails */
    const char *why;     /* static text, where failed */
    struct arena *arena; /* where unescaped strings go */
    /* Set by the caller after init: half of a surrogate pair stands for U+FFFD instead of being
     * malformed, as in the JSON that JavaScript writes and Go reads. */
    bool replaces_surrogates;
};

void json_reader_init(struct json_reader *r, struct str text, struct arena *arena);

/* The type of the value that comes next, which is not consumed. */
enum json_type json_peek(struct json_reader *r);

/* Objects: after json_enter_object, each json_next_member gives a key (unescaped) and leaves the
 * reader before its value, which must be consumed; false at the closing brace (consumed) or when
 * malformed (see failed). Duplicate keys are passed on as they come. Arrays alike. */
MUST_USE bool json_enter_object(struct json_reader *r);
MUST_USE bool json_next_member(struct json_reader *r, struct str *ret_key);
MUST_USE bool json_enter_array(struct json_reader *r);
MUST_USE bool json_next_element(struct json_reader *r);

/* Scalars; each consumes one value of its type. Strings are views of the text where they hold no
 * escape, otherwise of the arena; they may hold U+0000. Numbers keep their text. */
MUST_USE bool json_read_string(struct json_reader *r, struct str *ret_value);
MUST_USE bool json_read_number(struct json_reader *r, struct str *ret_text);
MUST_USE bool json_read_bool(struct json_reader *r, bool *ret_value);
MUST_USE bool json_read_null(struct json_reader *r);

/* Consumes any value; *ret_text (may be NULL) is its text as it stands. */
MUST_USE bool json_skip(struct json_reader *r, struct str *ret_text);

/* True where nothing but white space is left and nothing was malformed. */
MUST_USE bool json_finish(struct json_reader *r);

#endif
