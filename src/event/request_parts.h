/* SPDX-License-Identifier: Apache-2.0 */
/* request_parts.h: the parts of a request that both payload formats show, each in its own form. */
#ifndef TURNPIKE_EVENT_REQUEST_PARTS_H
#define TURNPIKE_EVENT_REQUEST_PARTS_H

#include "pairs.h"
#include "turnpike/model/request.h"

/* What one pass over the headers finds. */
struct request_parts {
    struct pairs headers; /* names in lower case, with those that the gateway adds; sorted */
    LIST(struct str) cookies;
    bool text; /* the body is shown as text, not as base64 */
};

/* Reads the headers. Cookies go to `cookies` and out of the headers where split_cookies says so. */
void request_parts_read(struct request_parts *parts, const struct request *r, bool split_cookies,
                        struct arena *scratch);

/* The decoded query, sorted. */
void request_parts_read_query(struct pairs *query, const struct request *r, struct arena *scratch);

/* The variables of the route's path. */
void request_parts_read_path(struct pairs *parameters, const struct route_match *match,
                             struct arena *scratch);

/* The stage's variables. */
void request_parts_read_variables(struct pairs *variables, const struct stage *stage,
                                  struct arena *scratch);

/* Appends the body as a JSON string, as text or as base64. */
void request_parts_write_body(struct buf *out, const struct request_parts *parts,
                              const struct request *r);

#endif
