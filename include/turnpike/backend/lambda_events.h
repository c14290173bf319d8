/* SPDX-License-Identifier: Apache-2.0 */
/* lambda_events.h: events that a caller has handed over (AWS: Lambda "How Lambda handles errors and
 * retries with asynchronous invocation"): they wait for their function and are tried again. In
 * memory alone: they end with the program. */
#ifndef TURNPIKE_BACKEND_LAMBDA_EVENTS_H
#define TURNPIKE_BACKEND_LAMBDA_EVENTS_H

#include "turnpike/backend/lambda.h"

/* Of one function; all of them together may have a quarter of limits.bufferedBytes. */
#define LAMBDA_EVENTS_MAX 1000

struct lambda_events; /* owned by the gateway, survives reload */

/* Microseconds. */
struct lambda_events_times {
    uint64_t retries[2]; /* from a failure of the function to its next try */
    /* Where it could not be invoked: the first delay, which doubles, and the longest. */
    uint64_t pause_min, pause_max;
    uint64_t age_max; /* no try begins later */
};

/* AWS's. */
extern const struct lambda_events_times lambda_events_times;

/* Who has them. Calls come from the loop, never before the starting call has returned. */
struct lambda_events_owner {
    void *data;
    struct snapshot *(*snapshot)(void *data); /* in force: whose functions are called */
    /* An event was given up. Text is valid during the call. */
    void (*dropped)(void *data, struct str function, struct str request_id, struct str why);
    void (*idle)(void *data); /* no function is working on an event any longer; NULL: not told */
};

/* `buffered` counts what events hold, against limits.bufferedBytes. All stay the caller's;
 * `times` and `owner` are copied. */
MUST_USE struct lambda_events *lambda_events_new(struct loop *loop, struct lambda *lambda,
                                                 struct budget *buffered, struct counters *counters,
                                                 const struct lambda_events_times *times,
                                                 const struct lambda_events_owner *owner);
/* Drops what waits, without a word; what runs is abandoned. Before lambda_free. Takes NULL. */
void lambda_events_free(struct lambda_events *e);

struct lambda_event {
    struct str function; /* by name: found in the snapshot that is in force at each try */
    struct str qualifier, trace_id;
    struct str request_id; /* the same at each try */
    struct buf payload;    /* taken over where it is accepted, with its share */
    struct share held;     /* of `buffered` */
};

/* False where the function's events or all of them are too many; nothing has changed then. */
MUST_USE bool lambda_events_add(struct lambda_events *e, struct lambda_event *event);

/* Those that wait or are worked on, and of them the latter. */
size_t lambda_events_count(const struct lambda_events *e);
size_t lambda_events_running(const struct lambda_events *e);

#endif
