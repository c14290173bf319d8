/* SPDX-License-Identifier: Apache-2.0 */
/* uri_template.h: the URI of an HTTP integration, with {variables} of the route's path in its path
 * or query (AWS: "Create HTTP proxy integrations for HTTP APIs"). */
#ifndef TURNPIKE_TEXT_URI_TEMPLATE_H
#define TURNPIKE_TEXT_URI_TEMPLATE_H

#include "turnpike/base/arena.h"
#include "turnpike/base/uri.h"

struct uri_piece {
    struct str text; /* literal text, or a variable's name without braces */
    bool variable;
    /* Of a variable, among those of the route's path; of WebSocket APIs among the parameters of the
     * integration that go into the path. Set by who knows the route. */
    size_t index;
};

typedef LIST(struct uri_piece) uri_piece_list;

struct uri_template {
    struct uri uri;             /* its path and query as they are written */
    uri_piece_list path, query; /* the query's without '?' */
};

/* Takes an absolute http or https URL apart, in which no stage variable is left. Of the arena, with
 * views of the text, which outlives it. NULL where it is malformed; *ret_why says how: static text.
 */
struct uri_template *uri_template_compile(struct arena *a, struct str text, const char **ret_why);

#endif
