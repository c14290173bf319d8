/* SPDX-License-Identifier: Apache-2.0 */
/* template.h: mapping templates without directives (AWS: "Working with models and mapping
 * templates"): literal text with $context.*, $stageVariables.*, $input.body, $input.json('…'),
 * $input.path('…') and $input.params('…'), bare or in braces. Taken apart once, run with a look-up.
 * Whatever holds a '#' directive or another reference is refused when it is compiled. */
#ifndef TURNPIKE_TEXT_TEMPLATE_H
#define TURNPIKE_TEXT_TEMPLATE_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/text/json_path.h"

enum template_source {
    TEMPLATE_LITERAL,
    TEMPLATE_CONTEXT,        /* $context.NAME */
    TEMPLATE_STAGE_VARIABLE, /* $stageVariables.NAME */
    TEMPLATE_BODY,           /* $input.body */
    TEMPLATE_JSON,           /* $input.json('$.a'): JSON text */
    TEMPLATE_PATH,           /* $input.path('$.a'): strings without quotes */
    TEMPLATE_PARAMS,         /* $input.params('NAME') */
};

struct template_part {
    enum template_source source;
    struct str text; /* the literal text, or the NAME */
    int id;          /* TEMPLATE_CONTEXT: what resolve said */
    const struct json_path *path;
    size_t offset; /* of the part in the text, bytes: for positions */
};

struct mapping_template {
    struct str text;
    LIST(struct template_part) parts;
};

/* The number of a $context variable that may stand in a template, below 0 where there is none. */
typedef int template_resolve_fn(struct str name);

/* NULL where something stands in it that is not understood: *ret_why (of the arena) says what, and
 * *ret_offset where, bytes into the text. */
const struct mapping_template *template_compile(struct arena *a, struct str text,
                                                template_resolve_fn *resolve, struct str *ret_why,
                                                size_t *ret_offset);

typedef void template_append_fn(struct buf *out, const struct template_part *part, void *data);

void template_run(const struct mapping_template *t, struct buf *out, template_append_fn *append,
                  void *data);

#endif
