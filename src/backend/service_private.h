/* SPDX-License-Identifier: Apache-2.0 */
/* service_private.h: what the parts of service.h share. */
#ifndef TURNPIKE_BACKEND_SERVICE_PRIVATE_H
#define TURNPIKE_BACKEND_SERVICE_PRIVATE_H

#include "turnpike/backend/service.h"

struct service_target {
    const struct service_action *action;
    struct endpoint endpoint;
    const struct signing *signing; /* NULL: requests are not signed */
    struct origin *origin;         /* a reference */
};

/* What a request is signed with beside its endpoint's keys. */
struct service_signature {
    struct str region;
    uint64_t wall;
};

/* The head of a request, complete. */
struct buf service_head_write(const struct service_target *t, const struct service_text *text,
                              const struct service_signature *signature, struct str trace_id);

/* "kinesis answered 400 ResourceNotFoundException". The type of an error stands in a field or in
 * the body, by the service's protocol. */
struct str service_error_text(const struct service_action *action,
                              const struct http_client_answer *answer, struct arena *arena);

#endif
