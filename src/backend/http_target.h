/* SPDX-License-Identifier: Apache-2.0 */
/* http_target.h: what the parts of HTTP integrations share: where they lead (http_target.c), the
 * head of requests (http_head.c), the fields of both directions (http_fields.c), calls
 * (http_proxy.c). */
#ifndef TURNPIKE_BACKEND_HTTP_TARGET_H
#define TURNPIKE_BACKEND_HTTP_TARGET_H

#include "turnpike/backend/http_proxy.h"

/* An HTTP integration as one stage of one snapshot has it. In the snapshot's arena. */
struct http_target {
    struct origin *origin; /* a reference */
    struct figure *in_flight;
    struct str method;              /* empty: the client's own */
    struct str authority;           /* for Host */
    struct str base_path;           /* of a VPC link's URL; goes before the request's whole path */
    const struct uri_template *uri; /* NULL: of a VPC link */
    bool appends;    /* the route is $default: the request's path follows the URI's */
    bool fills_path; /* a variable stands in the URI's path */
    bool maps_host;  /* a parameter mapping may have written one */
    bool maps;       /* mappings may have put anything into fields */
};

/* What is done with a field. */
enum field_role {
    FIELD_PASSES,
    FIELD_DROPPED,
    FIELD_CONNECTION,
    FIELD_FRAMES, /* says that there is a body */
    FIELD_HOST,
    FIELD_FORWARDED,
    FIELD_VIA,
};

enum field_role http_request_field(struct str name);
enum field_role http_answer_field(struct str name);

/* Whether the Connection fields say more than "close" and "keep-alive", and whether they name a
 * field, which then ends at this hop (RFC 9110, 7.6.1). */
bool http_fields_list(const struct header *headers, size_t count);
bool http_is_listed(const struct header *headers, size_t count, struct str name);

#endif
