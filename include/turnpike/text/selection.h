/* SPDX-License-Identifier: Apache-2.0 */
/* selection.h: selection expressions of WebSocket APIs (AWS: "API Gateway WebSocket selection
 * expressions"): static text, "$request.body.action", or text with "${request.body.action}" in it;
 * "\$" is a dollar sign. Taken apart once, run with a look-up, never evaluated twice. */
#ifndef TURNPIKE_TEXT_SELECTION_H
#define TURNPIKE_TEXT_SELECTION_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/text/json_path.h"

/* What an expression may read, by where it stands (a set of these). */
enum selection_source {
    SELECT_REQUEST_BODY = 1,         /* request.body JSONPATH */
    SELECT_REQUEST_HEADER = 2,       /* request.header.NAME */
    SELECT_CONTEXT = 4,              /* context.NAME */
    SELECT_RESPONSE_STATUS = 8,      /* integration.response.statuscode */
    SELECT_RESPONSE_HEADER = 16,     /* integration.response.header.NAME */
    SELECT_RESPONSE_BODY = 32,       /* integration.response.body JSONPATH */
    SELECT_RESPONSE_ALL_HEADER = 64, /* integration.response.multivalueheader.NAME: as a list */
};

struct selection_part {
    bool literal;
    enum selection_source source;
    struct str text;              /* literal text, or NAME */
    const struct json_path *path; /* of a body */
};

struct selection_expression {
    struct str text; /* as written */
    LIST(struct selection_part) parts;
};

/* Of the arena, with views of the text. Without braces a variable ends at the first character that
 * no JSONPath has outside of brackets: "$request.body.a/x" is the variable and "/x". NULL where the
 * text is malformed or reads what `allowed` does not hold; *ret_why says it, of the arena. */
const struct selection_expression *selection_compile(struct arena *a, struct str text,
                                                     unsigned allowed, struct str *ret_why);

/* Appends the value of one part; nothing where there is none. A list is written as AWS writes it:
 * "[item1, item2]". */
typedef void selection_append_fn(struct buf *out, const struct selection_part *part, void *data);

/* Appends the whole value: what is missing is empty. */
void selection_run(const struct selection_expression *s, struct buf *out,
                   selection_append_fn *append, void *data);

/* For selection_append_fn: what the part selects from a JSON body, stringified: numbers and
 * booleans as their text, lists as "[a, b]", null and what is missing as nothing. Of a body that is
 * not JSON from its first to its last byte nothing is selected. */
void selection_append_body(struct buf *out, const struct selection_part *part, struct str body);

#endif
