/* SPDX-License-Identifier: Apache-2.0 */
/* origins.h: the connections to the servers behind HTTP and service integrations, one pool for each
 * origin, however many routes and snapshots lead there. Functions have pools of their own
 * (lambda.h), as their limits are by function. */
#ifndef TURNPIKE_BACKEND_ORIGINS_H
#define TURNPIKE_BACKEND_ORIGINS_H

#include <sys/queue.h>

#include "turnpike/model/settings.h"
#include "turnpike/net/curl_loop.h"
#include "turnpike/net/http_client.h"

struct origins; /* all of them; owned by the gateway */
struct origin;  /* one; counted by the targets and calls that use it */

/* `curl` is for those over TLS and outlives this. */
MUST_USE struct origins *origins_new(struct loop *loop, struct curl_loop *curl);
/* Drops all calls without callbacks and closes all connections; targets of snapshots may be
 * released later. Not from within a callback. Takes NULL. */
void origins_free(struct origins *o);

/* The origin of an endpoint, with one reference more: the same for the same scheme, host, port and
 * server name (empty: the host). answer_max is the longest body of an answer, bytes. */
struct origin *origins_find(struct origins *o, const struct endpoint *endpoint,
                            struct str server_name, size_t answer_max);
struct origin *origin_ref(struct origin *origin);
void origin_unref(struct origin *origin); /* takes NULL */

/* A call whose client has left: it runs on, as on AWS, but only so many may. Embedded in the call;
 * all zero before. */
struct abandoned_call {
    TAILQ_ENTRY(abandoned_call) entry;
    struct origins *origins; /* NULL: not abandoned */
    /* Cancels the call and releases it, origin_forget included: too many others came after it. */
    void (*give_up)(struct abandoned_call *call);
};

/* Beyond this many of all origins together, the one that was abandoned first is given up. */
void origins_limit_abandoned(struct origins *o, size_t max);
/* `call` may be the next that is given up, before this returns. */
void origin_abandon(struct origin *origin, struct abandoned_call *call);
/* The call is over. Also where it was never abandoned. */
void origin_forget(struct abandoned_call *call);

/* NULL once the origins are gone. */
struct http_client *origin_client(const struct origin *origin);

#endif
