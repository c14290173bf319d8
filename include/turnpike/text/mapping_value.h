/* SPDX-License-Identifier: Apache-2.0 */
/* mapping_value.h: the values of parameter mappings and of services' parameters: static text,
 * "$request.header.x" and its like, or text with "${request.header.x}" in it (AWS: "Transform API
 * requests and responses for HTTP APIs"). Taken apart once, run with a look-up. */
#ifndef TURNPIKE_TEXT_MAPPING_VALUE_H
#define TURNPIKE_TEXT_MAPPING_VALUE_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/text/json_path.h"

enum mapping_source {
    MAPPING_LITERAL,
    MAPPING_REQUEST_HEADER,         /* $request.header.NAME */
    MAPPING_REQUEST_QUERYSTRING,    /* $request.querystring.NAME */
    MAPPING_REQUEST_BODY,           /* $request.body, $request.body.a[0] */
    MAPPING_REQUEST_PATH,           /* $request.path */
    MAPPING_REQUEST_PATH_PARAMETER, /* $request.path.NAME */
    MAPPING_RESPONSE_HEADER,        /* $response.header.NAME */
    MAPPING_RESPONSE_BODY,          /* $response.body, $response.body.a[0] */
    MAPPING_CONTEXT,                /* $context.NAME */
    MAPPING_STAGE_VARIABLE,         /* $stageVariables.NAME */
};

struct mapping_part {
    enum mapping_source source;
    struct str text;              /* the literal text, or the NAME; header names in lower case */
    int id;                       /* MAPPING_CONTEXT: what resolve said */
    const struct json_path *path; /* of a body: NULL is all of it */
};

struct mapping_value {
    struct str text; /* as written */
    LIST(struct mapping_part) parts;
};

/* Whether the value stands in a request's or a response's mapping: each has its own sources. */
enum mapping_side { MAPPING_OF_REQUEST, MAPPING_OF_RESPONSE };

/* The number of a $context variable that may stand in a mapping. Below 0 where there is none;
 * *ret_nearest is then the name that may have been meant, or NULL. */
typedef int mapping_resolve_fn(struct str name, const char **ret_nearest);

/* Of the arena, with views of the text, which outlives it. A value that begins with "$request.",
 * "$response.", "$context." or "$stageVariables." is all of it one source; within other text a
 * source stands in "${…}", and only there. NULL where the value is malformed: an unknown source,
 * variable or JSONPath, a "${" that does not end; *ret_why says it, of the arena. */
const struct mapping_value *mapping_value_compile(struct arena *a, struct str text,
                                                  enum mapping_side side,
                                                  mapping_resolve_fn *resolve, struct str *ret_why);

/* Appends the value of one part that is no literal; false, with nothing appended, where there is
 * none. Bodies are the look-up's matter too: mapping_part_append_body. */
typedef bool mapping_append_fn(struct buf *out, const struct mapping_part *part, void *data);

/* Appends the whole value. False where it is of one part alone and that has no value: the mapping
 * is then left out. In a text of several parts, one without a value is empty. */
MUST_USE bool mapping_value_run(const struct mapping_value *v, struct buf *out,
                                mapping_append_fn *append, void *data);

/* A JSONPath sees no more of a body than this many bytes (same AWS page: 100 KB). */
#define MAPPING_BODY_MAX ((size_t)100 * 1024)

/* Appends what a MAPPING_…_BODY part is of a body: all of it, or what its path selects from the
 * first MAPPING_BODY_MAX bytes. False where that is nothing, and where the body is empty. */
MUST_USE bool mapping_part_append_body(struct buf *out, const struct mapping_part *part,
                                       struct str body);

/* Whether one of its parts is of the source. */
bool mapping_value_has(const struct mapping_value *v, enum mapping_source source);

#endif
