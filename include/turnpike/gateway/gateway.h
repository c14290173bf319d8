/* SPDX-License-Identifier: Apache-2.0 */
/* gateway.h: the program's live state below the edge: the snapshot in force and all that survives
 * it. Made once by the daemon (or a test) and passed on; there are no globals. */
#ifndef TURNPIKE_GATEWAY_GATEWAY_H
#define TURNPIKE_GATEWAY_GATEWAY_H

#include "turnpike/auth/auth.h"
#include "turnpike/auth/temporary_keys.h"
#include "turnpike/backend/http_proxy.h"
#include "turnpike/backend/lambda.h"
#include "turnpike/backend/lambda_events.h"
#include "turnpike/backend/service.h"
#include "turnpike/base/budget.h"
#include "turnpike/base/counters.h"
#include "turnpike/gateway/connection.h"
#include "turnpike/model/snapshot.h"
#include "turnpike/net/fetch.h"
#include "turnpike/net/loop.h"
#include "turnpike/observe/access_log.h"
#include "turnpike/throttle/limiter.h"

struct exchange;

struct gateway {
    struct loop *loop;
    struct counters *counters;
    struct curl_loop *curl;
    struct fetcher *fetcher;
    struct limiter *limiter;
    struct auth *auth;
    struct temporary_keys *temporary_keys; /* of hosted functions */
    struct lambda *lambda;
    struct lambda_events *events; /* of the Invoke API */
    struct origins *origins;      /* behind HTTP and service integrations */
    struct http_proxy *http_proxy;
    struct services *services;
    struct hosting hosting;         /* of functions; program NULL: none is hosted */
    struct snapshot *snapshot;      /* in force; NULL before the first */
    struct connections connections; /* WebSockets */

    struct exchange *exchanges; /* live */
    struct exchange *spare;     /* to be used again */
    size_t exchange_count, spare_count;
    struct budget buffered; /* bodies and results held now, in calls of clients that left too */

    void (*on_idle)(void *data); /* gateway_is_idle from now on; NULL: nobody asks */
    void *on_idle_data;
};

/* NULL with an error where libcurl cannot be used. */
MUST_USE struct gateway *gateway_new(struct loop *loop, struct error *ret_error);
/* Functions may be hosted from here on: by a keeper that `program` runs, with what this process'
 * environment has for them. */
void gateway_host(struct gateway *g, const char *program, const char *const *environment);
/* No exchange may be left. Events that wait are lost, which is said. Takes NULL. */
void gateway_free(struct gateway *g);

/* No exchange is live, and no function works on an event. */
bool gateway_is_idle(const struct gateway *g);

/* Compiles what the folders up to here keep in a snapshot and finds its live state; reports what
 * is wrong. `output` is NULL for `check`: no log is opened. */
void gateway_prepare(struct gateway *g, struct snapshot *snapshot,
                     const struct access_log_output *output, struct diag *diag);

/* Puts a prepared snapshot in force and takes over the caller's reference. Exchanges that began
 * with another keep it. */
void gateway_use(struct gateway *g, struct snapshot *snapshot);

#endif
