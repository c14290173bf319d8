/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_api.h: the Lambda Runtime API as one worker sees it, on a listener of its own (AWS:
 * Lambda "Using the Lambda runtime API for custom runtimes"). It knows HTTP and the API's paths;
 * what an invocation is, its worker knows. */
#ifndef TURNPIKE_BACKEND_RUNTIME_API_H
#define TURNPIKE_BACKEND_RUNTIME_API_H

#include <sys/types.h>

#include "turnpike/net/http_connection.h"
#include "turnpike/net/listener.h"

struct runtime_api;

/* AWS: "Lambda quotas": 6 MB of an answer, and what Lambda adds. */
#define RUNTIME_ANSWER_MAX (6 * 1024 * 1024 + 100)

enum runtime_verdict {
    RUNTIME_ACCEPTED,
    RUNTIME_WRONG_ID,    /* 400 InvalidRequestID */
    RUNTIME_WRONG_STATE, /* 403 InvalidStateTransition */
};

/* What came with `response`, `error` or `init/error`. */
struct runtime_report {
    struct str content_type;
    struct str error_type; /* Lambda-Runtime-Function-Error-Type, or empty */
    struct buf body;       /* may be taken */
    bool failed;           /* an error, by its path or by its trailers */
};

/* None of these is called from within a call of this module, but for on_unasked. */
struct runtime_events {
    /* `next`: where accepted, answered by runtime_api_give, now or later. */
    enum runtime_verdict (*on_next)(struct runtime_api *api);
    /* The connection whose `next` waits is gone: it has to be asked again. */
    void (*on_unasked)(struct runtime_api *api);
    /* `response` or `error` for that id begins: what follows is taken only where it is accepted. */
    enum runtime_verdict (*on_begin)(struct runtime_api *api, struct str request_id);
    /* It is complete. */
    void (*on_report)(struct runtime_api *api, struct runtime_report *report);
    /* It has more bytes than RUNTIME_ANSWER_MAX. */
    void (*on_too_large)(struct runtime_api *api);
    /* The connection broke before it was complete: another may come. */
    void (*on_broken)(struct runtime_api *api);
    enum runtime_verdict (*on_init_begin)(struct runtime_api *api);
    void (*on_init_error)(struct runtime_api *api, struct runtime_report *report);
    void (*on_refused)(struct runtime_api *api, const char *why); /* a peer was turned away */
    /* The last connection has closed (not after runtime_api_close). */
    void (*on_quiet)(struct runtime_api *api);
    void (*on_closed)(struct runtime_api *api); /* the last call: the owner may be freed */
};

/* Embedded in its owner. */
struct runtime_api {
    const struct runtime_events *events;
    uid_t user; /* whose processes may connect */

    /* private */
    struct loop *loop;
    struct listener socket;
    struct http_server server;
    struct runtime_client *waiting;   /* its `next` is not answered */
    struct runtime_client *reporting; /* its report is on its way */
    bool open, listening;
    unsigned spent;      /* on connections, of late */
    bool refused;        /* a peer, of late */
    struct timer window; /* running: what "of late" is */
};

/* Listens on 127.0.0.1, on a port that the kernel chooses. */
MUST_USE bool runtime_api_open(struct runtime_api *api, struct loop *loop, uid_t user,
                               const struct runtime_events *events, struct error *ret_error);
uint16_t runtime_api_port(const struct runtime_api *api);
bool runtime_api_has_connections(const struct runtime_api *api);

/* Answers the `next` that waits. Headers may be gone afterwards; the event is taken over. */
void runtime_api_give(struct runtime_api *api, const struct header *headers, size_t header_count,
                      struct buf *event);
/* Whether somebody still waits for the answer to a `next`: not where the client has ended its side,
 * which is then told by on_unasked. */
bool runtime_api_is_asked(struct runtime_api *api);

/* Resets whatever is connected; on_closed follows in a later turn. */
void runtime_api_close(struct runtime_api *api);

#endif
