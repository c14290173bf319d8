/* SPDX-License-Identifier: Apache-2.0 */
/* admin.h: what operators ask over HTTP, on an address of its own: /healthz, /readyz, /metrics. */
#ifndef TURNPIKE_FRONT_ADMIN_H
#define TURNPIKE_FRONT_ADMIN_H

#include "turnpike/base/buf.h"
#include "turnpike/base/counters.h"
#include "turnpike/base/error.h"
#include "turnpike/model/settings.h"
#include "turnpike/net/loop.h"

struct admin; /* the listener and its clients; owned by the daemon */

/* What the daemon knows and the endpoints tell. */
struct admin_source {
    /* True where requests are served; else why not is appended. */
    bool (*is_ready)(void *data, struct buf *why);
    /* Brings gauges up to date before they are written. */
    void (*refresh)(void *data);
    const struct counters *counters;
    void *data;
};

/* Opens the address. NULL with an error. */
MUST_USE struct admin *admin_new(struct loop *loop, const struct admin_settings *settings,
                                 const struct admin_source *source, struct error *ret_error);
/* Closes it and its clients. Takes NULL. */
void admin_close(struct admin *a);
/* True once the loop has closed all of it. */
bool admin_is_over(const struct admin *a);
/* Once it is over after admin_close. Takes NULL. */
void admin_free(struct admin *a);

#endif
