/* SPDX-License-Identifier: Apache-2.0 */
/* origins.h: the connections to the servers behind HTTP and service integrations, one pool for each
 * origin, however many routes and snapshots lead there. Functions have pools of their own
 * (lambda.h), as their limits are by function. */
#ifndef TURNPIKE_BACKEND_ORIGINS_H
#define TURNPIKE_BACKEND_ORIGINS_H

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

/* NULL once the origins are gone. */
struct http_client *origin_client(const struct origin *origin);

#endif
