/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of HTTP integrations: they survive the client that asked, and the snapshot. */
#include <sys/queue.h>

#include "http_target.h"
#include "turnpike/base/xalloc.h"

#define SPARE_MAX 256

TAILQ_HEAD(http_proxy_call_list, http_proxy_call);

struct http_proxy_call {
    struct http_proxy *proxy;
    TAILQ_ENTRY(http_proxy_call) entry;
    struct origin *origin; /* a reference */
    struct figure *in_flight;
    struct http_call *http;
    struct share held; /* for the request's body, which the call keeps to its end */
    const struct http_stream_events *events; /* NULL: abandoned */
    struct abandoned_call abandoned;
    bool answered; /* its head has come: the backend has done what it was asked for */
    void *data;
};

struct http_proxy {
    struct loop *loop;
    size_t call_count, spare_count;
    struct http_proxy_call_list calls, spare;
};

struct http_proxy *http_proxy_new(struct loop *loop)
{
    struct http_proxy *p = xcalloc(1, sizeof(*p));
    p->loop = loop;
    TAILQ_INIT(&p->calls);
    TAILQ_INIT(&p->spare);
    return p;
}

size_t http_proxy_calls(const struct http_proxy *p)
{
    return p->call_count;
}

static struct http_proxy_call *take_call(struct http_proxy *p)
{
    struct http_proxy_call *call = TAILQ_FIRST(&p->spare);
    if (call) {
        TAILQ_REMOVE(&p->spare, call, entry);
        p->spare_count--;
    } else {
        call = xmalloc(sizeof(*call));
    }
    *call = (struct http_proxy_call){.proxy = p};
    TAILQ_INSERT_HEAD(&p->calls, call, entry);
    p->call_count++;
    return call;
}

/* The end of a call: its HTTP call is over, or was cancelled. */
static void release_call(struct http_proxy_call *call)
{
    struct http_proxy *p = call->proxy;
    struct origin *origin = call->origin;
    call->in_flight->value -= 1;
    origin_forget(&call->abandoned);
    share_release(&call->held);
    TAILQ_REMOVE(&p->calls, call, entry);
    p->call_count--;
    if (p->spare_count < SPARE_MAX) {
        TAILQ_INSERT_HEAD(&p->spare, call, entry);
        p->spare_count++;
    } else {
        free(call);
    }
    origin_unref(origin);
}

static void give_up(struct abandoned_call *abandoned)
{
    struct http_proxy_call *call = container_of(abandoned, struct http_proxy_call, abandoned);
    http_call_cancel(call->http);
    release_call(call);
}

/* The call is given back before its last event, which may start another or end the program. */
static void on_head(void *data, struct http_client_answer *answer, bool complete)
{
    struct http_proxy_call *call = data;
    const struct http_stream_events *events = call->events;
    void *events_data = call->data;
    call->answered = true;
    if (complete)
        release_call(call);
    if (events)
        events->on_head(events_data, answer, complete);
}

static void on_bytes(void *data, struct str bytes)
{
    struct http_proxy_call *call = data;
    if (call->events)
        call->events->on_bytes(call->data, bytes);
}

static void on_end(void *data, const struct error *error)
{
    struct http_proxy_call *call = data;
    const struct http_stream_events *events = call->events;
    void *events_data = call->data;
    release_call(call);
    if (events)
        events->on_end(events_data, error);
}

static const struct http_stream_events stream_events = {
    .on_head = on_head, .on_bytes = on_bytes, .on_end = on_end};

struct http_proxy_call *http_proxy_start(struct http_proxy *p, struct http_proxy_request *request,
                                         const struct http_stream_events *events, void *data)
{
    struct http_stream_request http = {.head = request->head,
                                       .body = request->body,
                                       .is_head = request->is_head,
                                       .timeout = request->timeout};
    struct http_proxy_call *call = take_call(p);
    call->origin = origin_ref(request->target->origin);
    call->in_flight = request->target->in_flight;
    call->in_flight->value += 1;
    call->held = request->held;
    call->events = events;
    call->data = data;
    request->head = request->body = (struct buf){0};
    request->held = (struct share){0};
    call->http = http_call_stream(origin_client(call->origin), &http, &stream_events, call);
    return call;
}

void http_proxy_pause(struct http_proxy_call *call)
{
    http_call_pause(call->http);
}

void http_proxy_resume(struct http_proxy_call *call)
{
    http_call_resume(call->http);
}

void http_proxy_abandon(struct http_proxy_call *call)
{
    call->events = NULL;
    call->abandoned.give_up = give_up;
    if (call->answered)
        give_up(&call->abandoned);
    else
        origin_abandon(call->origin, &call->abandoned);
}

static void drop_calls(struct http_proxy *p)
{
    for (struct http_proxy_call *call = TAILQ_FIRST(&p->calls), *next; call; call = next) {
        next = TAILQ_NEXT(call, entry);
        http_call_cancel(call->http);
        release_call(call);
    }
}

static void free_spare(struct http_proxy *p)
{
    struct http_proxy_call *call;
    while ((call = TAILQ_FIRST(&p->spare))) {
        TAILQ_REMOVE(&p->spare, call, entry);
        free(call);
    }
}

void http_proxy_free(struct http_proxy *p)
{
    if (!p)
        return;
    drop_calls(p);
    free_spare(p);
    free(p);
}
