/* SPDX-License-Identifier: Apache-2.0 */
/* request_parts.h: the parts of a request that several kinds of event show, each in its own form.
 */
#ifndef TURNPIKE_EVENT_REQUEST_PARTS_H
#define TURNPIKE_EVENT_REQUEST_PARTS_H

#include "pairs.h"
#include "turnpike/model/request.h"

/* How an event shows headers: with names in lower case, in format 2.0 without cookies, which stand
 * elsewhere; or, of a handshake, with names as they came and without a content-length. */
enum header_form { HEADERS_OF_V1, HEADERS_OF_V2, HEADERS_OF_CONNECT };

/* What one pass over the headers finds. */
struct request_parts {
    struct pairs headers;     /* with those that the gateway adds; sorted, without regard to case */
    LIST(struct str) cookies; /* HEADERS_OF_V2 alone */
    bool text;                /* the body is shown as text, not as base64 */
};

void request_parts_read(struct request_parts *parts, const struct request *r, enum header_form form,
                        struct arena *scratch);

/* The decoded query, sorted. */
void request_parts_read_query(struct pairs *query, const struct request *r, struct arena *scratch);

/* The variables of the route's path. */
void request_parts_read_path(struct pairs *parameters, const struct route_match *match,
                             struct arena *scratch);

/* The stage's variables. */
void request_parts_read_variables(struct pairs *variables, const struct stage *stage,
                                  struct arena *scratch);

#endif
