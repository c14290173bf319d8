/* SPDX-License-Identifier: Apache-2.0 */
/* service_request.h: the request of a service's action, written by the action's row, without its
 * head: what is signed and sent is service.c's matter. */
#ifndef TURNPIKE_BACKEND_SERVICE_REQUEST_H
#define TURNPIKE_BACKEND_SERVICE_REQUEST_H

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/model/service_action.h"

/* A parameter with the text that its mapping yielded. */
struct service_argument {
    const struct service_field *field;
    struct str value; /* at is NULL where the parameter is not written */
};

/* All zero is empty. */
struct service_text {
    struct buf path;  /* with its leading slash, percent-encoded; behind the endpoint's base path */
    struct buf query; /* without '?' */
    struct buf body;
};

void service_text_release(struct service_text *text);

/* One argument for each field, in the order of the action's row. False where the text of one is no
 * value of its kind: *ret_why says which, of the arena, and never the text itself. */
MUST_USE bool service_request_write(struct service_text *out, const struct service_action *action,
                                    const struct service_argument *arguments, struct arena *arena,
                                    struct str *ret_why);

#endif
