/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: calls of the actions of AWS services that integrations name (service_action.h): signed
 * where the service's endpoint says so, answered as the service answers. */
#ifndef TURNPIKE_BACKEND_SERVICE_H
#define TURNPIKE_BACKEND_SERVICE_H

#include "turnpike/backend/origins.h"
#include "turnpike/backend/service_request.h"
#include "turnpike/base/budget.h"
#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"

struct services;       /* the calls under way; owned by the gateway, survives reload */
struct service_target; /* an action as one snapshot sends it; in the snapshot's arena */
struct service_call;   /* one request; owned by the calls under way until it is over */

MUST_USE struct services *services_new(struct loop *loop);
/* Drops all calls without callbacks; before the origins go. Takes NULL. */
void services_free(struct services *s);

/* Gives every stage route whose integration is a service's action its target. Reports static
 * parameters that are no values of their kinds. */
void service_prepare(struct origins *origins, struct snapshot *snapshot, struct diag *diag);

struct service_answer {
    enum integration_failure failure; /* INTEGRATION_OK: the service did as it was asked: 2xx */
    unsigned status;                  /* of the service; 0: none came */
    const struct header *headers;     /* valid during the callback */
    size_t header_count;
    struct buf body;       /* the callback may take it, with what the headers view; otherwise it is
                              released */
    struct str request_id; /* x-amzn-RequestId, or empty; valid during the callback */
    struct str error;      /* what went wrong, or empty; likewise. Of the service's own words only
                              the type of its error: its messages may quote what was signed */
};

typedef void service_done_fn(void *data, struct service_answer *answer);

/* What one call needs. */
struct service_request {
    const struct stage_route *route;          /* needed until service_call_start returns */
    const struct service_argument *arguments; /* one for each field of the action; likewise */
    struct str region;                        /* that is signed for; empty: the endpoint's own */
    struct str trace_id;                      /* may be empty */
    struct share held;                        /* of a budget, for the arguments; taken over */
    uint64_t timeout;                         /* microseconds */
};

/* Writes, signs and sends a request. Never calls back before it has returned, then exactly once
 * unless abandoned. NULL, with *ret_why of the arena or static, where an argument is no value of
 * its kind (service_request_write), or the region none. */
MUST_USE struct service_call *service_call_start(struct services *s,
                                                 struct service_request *request,
                                                 service_done_fn *done, void *data,
                                                 struct arena *arena, struct str *ret_why);

/* The interest is gone, not the call: it runs to its end, and its answer is dropped (origins.h:
 * only so many may). */
void service_call_abandon(struct service_call *call);

/* Calls under way, those of clients that left too. */
size_t service_calls(const struct services *s);

#endif
