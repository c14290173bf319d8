/* SPDX-License-Identifier: Apache-2.0 */
/* json_path.h: the JSONPath of parameter mappings and selection expressions (AWS: "Transform API
 * requests and responses for HTTP APIs"): members, indices and wildcards; no recursive descent
 * (`..`) and no filters (`?()`). Taken apart once, run on text without building a tree. */
#ifndef TURNPIKE_TEXT_JSON_PATH_H
#define TURNPIKE_TEXT_JSON_PATH_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"

struct json_path;

/* Takes what stands behind "$" apart: ".a.b[0]['c d'].*[*]", or nothing, which is the whole value.
 * Of the arena, with views of the text, which outlives it. NULL where it is malformed or not
 * supported; *ret_why is then static text. */
const struct json_path *json_path_compile(struct arena *a, struct str text, const char **ret_why);

/* Appends what the path selects from a JSON text: a string without its quotes and escapes,
 * anything else as its JSON text. Several values (of wildcards) are a JSON array. Of members of one
 * name the last counts. False, with nothing appended, where nothing is selected.
 *
 * The text may be cut: what was selected completely before it ends, or stops being JSON, counts. */
MUST_USE bool json_path_run(const struct json_path *path, struct str json, struct buf *out);

/* What a path selects, as it stands in the text. */
struct json_selection {
    LIST(struct str) values; /* JSON texts, views of the selected-from text */
    bool several;            /* of a path with wildcards: together they are a list */
    bool complete;           /* the whole text is one JSON value */
};

/* The same for callers that tell strings from other values, or take no text that was cut. Of the
 * arena. */
void json_path_select(const struct json_path *path, struct arena *arena, struct str json,
                      struct json_selection *ret_selection);

#endif
