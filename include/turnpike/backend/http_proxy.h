/* SPDX-License-Identifier: Apache-2.0 */
/* http_proxy.h: HTTP integrations (AWS: "Create HTTP proxy integrations for HTTP APIs"): requests
 * that are passed on to the servers behind routes, and their answers, passed back as they come. */
#ifndef TURNPIKE_BACKEND_HTTP_PROXY_H
#define TURNPIKE_BACKEND_HTTP_PROXY_H

#include "turnpike/backend/origins.h"
#include "turnpike/base/budget.h"
#include "turnpike/base/counters.h"
#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"

/* Sets stage_route->http of each HTTP integration that leads somewhere, and sees to it that the
 * snapshot lets go of the origins. */
void http_prepare(struct origins *origins, struct counters *counters, struct snapshot *snapshot);

/* The method that the backend is called by. */
struct str http_backend_method(const struct transaction *t);

/* Writes the head of the request that stands for t's, whose body is complete and whose trace_id is
 * set. False where it must not be passed on; *ret_why (static) says why. The arena is for scratch.
 */
MUST_USE bool http_head_write(struct buf *out, const struct transaction *t, struct arena *arena,
                              const char **ret_why);

/* Makes the answer's head t's response: status, the fields that are passed on (copies of the list,
 * views of their text) and the length that it says. */
void http_answer_read(struct response *response, const struct http_client_answer *answer,
                      struct arena *arena);

/* Whether some server takes a segment of the decoded path for "." or "..". */
bool http_path_has_dots(struct str path);

struct http_proxy;      /* the calls; owned by the gateway */
struct http_proxy_call; /* one request; owned by those */

MUST_USE struct http_proxy *http_proxy_new(struct loop *loop);
/* Drops all calls without callbacks; before the origins are freed. Takes NULL. */
void http_proxy_free(struct http_proxy *p);
/* Those under way, whether anybody waits for their answers or not. */
size_t http_proxy_calls(const struct http_proxy *p);

struct http_proxy_request {
    const struct http_target *target;
    struct buf head, body; /* taken over */
    struct share held;     /* for the body; taken over */
    bool is_head;          /* of method HEAD */
    uint64_t timeout;      /* microseconds */
};

/* Calls. The events are those of http_call_stream, with the same promises. The call survives the
 * request's snapshot. */
struct http_proxy_call *http_proxy_start(struct http_proxy *p, struct http_proxy_request *request,
                                         const struct http_stream_events *events, void *data);
/* As http_call_pause and http_call_resume; either may be called twice. */
void http_proxy_pause(struct http_proxy_call *call);
void http_proxy_resume(struct http_proxy_call *call);
/* Nobody waits any more: no event follows. A call that is not answered yet runs until it is, as on
 * AWS (origins.h: only so many may); one whose answer is coming is cancelled, and the backend sees
 * its connection close. */
void http_proxy_abandon(struct http_proxy_call *call);

#endif
