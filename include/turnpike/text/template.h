/* SPDX-License-Identifier: Apache-2.0 */
/* template.h: mapping templates without directives (AWS: "Working with models and mapping
 * templates"): literal text with $context.*, $stageVariables.*, $input.body, $input.json('…'),
 * $input.path('…') and $input.params('…'), bare, in braces, or quiet ("$!"). Taken apart once, run
 * with a look-up. Whatever holds a '#' directive or comment, or another reference, is refused when
 * it is compiled; '$' and '#' that begin nothing in VTL are text. */
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

/* The number of a $context variable that may stand in a template. Below 0 where there is none;
 * *ret_nearest is then the name that may have been meant, or NULL. */
typedef int template_resolve_fn(struct str name, const char **ret_nearest);

/* Of the arena, with views of the text. NULL where something stands in it that is not understood:
 * *ret_why (of the arena) says what, and *ret_offset where, bytes into the text. */
const struct mapping_template *template_compile(struct arena *a, struct str text,
                                                template_resolve_fn *resolve, struct str *ret_why,
                                                size_t *ret_offset);

/* Appends the value of one part that is no literal; nothing where there is none. What is made of
 * the body is template_append_input's matter. */
typedef void template_append_fn(struct buf *out, const struct template_part *part, void *data);

void template_run(const struct mapping_template *t, struct buf *out, template_append_fn *append,
                  void *data);

/* For template_append_fn: what a part of TEMPLATE_BODY, _JSON or _PATH is of a body, by the rules
 * of API Gateway: an empty body is "{}"; $input.json of what is missing, or of a body that is not
 * JSON, is "\"\""; $input.path of it is nothing. */
void template_append_input(struct buf *out, const struct template_part *part, struct str body);

#endif
