/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/backend/service.h"

#include <sys/queue.h>

#include "service_private.h"
#include "service_values.h"
#include "turnpike/base/xalloc.h"

struct service_call {
    struct services *services;
    LIST_ENTRY(service_call) entry;
    const struct service_action *action; /* static: outlives the snapshot */
    struct origin *origin;               /* a reference: outlives it too */
    struct http_call *http;
    struct share held;
    service_done_fn *done; /* NULL: nobody waits any more */
    struct abandoned_call abandoned;
    void *data;
};

struct services {
    struct loop *loop;
    size_t count;
    LIST_HEAD(, service_call) calls;
};

struct services *services_new(struct loop *loop)
{
    struct services *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    LIST_INIT(&s->calls);
    return s;
}

static void release_call(struct service_call *call)
{
    LIST_REMOVE(call, entry);
    call->services->count--;
    origin_forget(&call->abandoned);
    share_release(&call->held);
    origin_unref(call->origin);
    free(call);
}

void services_free(struct services *s)
{
    if (!s)
        return;
    for (struct service_call *call = LIST_FIRST(&s->calls), *next; call; call = next) {
        next = LIST_NEXT(call, entry);
        http_call_cancel(call->http);
        release_call(call);
    }
    free(s);
}

size_t service_calls(const struct services *s)
{
    return s->count;
}

/* Answers. */

static const struct {
    enum error_code code;
    enum integration_failure failure;
} failures[] = {
    {ERROR_CONNECT,   INTEGRATION_CONNECT_FAILED},
    {ERROR_TIMEOUT,   INTEGRATION_TIMED_OUT     },
    {ERROR_TOO_LARGE, INTEGRATION_MALFORMED     },
    {ERROR_PROTOCOL,  INTEGRATION_MALFORMED     },
};

/* What broke on the way is no connection either. */
static enum integration_failure failure_of(enum error_code code)
{
    FOR_EACH (f, failures, ARRAY_LENGTH(failures))
        if (f->code == code)
            return f->failure;
    return INTEGRATION_CONNECT_FAILED;
}

static void read_answer(const struct service_call *call, struct http_client_answer *http,
                        struct service_answer *answer, struct arena *arena)
{
    const struct header *id =
        http_find_header(http->headers, http->header_count, STR("x-amzn-requestid"));
    bool done = http->status / 100 == 2;
    answer->failure = done ? INTEGRATION_OK : INTEGRATION_STATUS;
    answer->status = http->status;
    answer->headers = http->headers;
    answer->header_count = http->header_count;
    answer->request_id = id ? id->value : (struct str){0};
    if (!done)
        answer->error = service_error_text(call->action, http, arena);
}

static void on_answer(void *data, struct http_client_answer *http, const struct error *error)
{
    struct service_call *call = data;
    service_done_fn *done = call->done;
    void *done_data = call->data;
    struct service_answer answer = {0};
    struct arena arena;
    arena_init(&arena, 1024);
    if (http) {
        read_answer(call, http, &answer, &arena);
        answer.body = http->body;
    } else {
        answer.failure = failure_of(error->code);
        answer.error = str_from(error->text);
    }
    release_call(call);
    if (done)
        done(done_data, &answer);
    if (http)
        http->body = answer.body;
    arena_release(&arena);
}

/* Calls. */

static struct service_call *add_call(struct services *s, const struct service_target *t)
{
    struct service_call *call = xcalloc(1, sizeof(*call));
    call->services = s;
    call->action = t->action;
    call->origin = origin_ref(t->origin);
    LIST_INSERT_HEAD(&s->calls, call, entry);
    s->count++;
    return call;
}

struct service_call *service_call_start(struct services *s, struct service_request *request,
                                        service_done_fn *done, void *data, struct arena *arena,
                                        struct str *ret_why)
{
    const struct service_target *t = request->route->service;
    struct service_text text = {0};
    if (request->region.len > 0 && !service_value_is_region(request->region)) {
        *ret_why = STR("the value of Region is not a region");
        return NULL;
    }
    if (!service_request_write(&text, t->action, request->arguments, arena, ret_why)) {
        service_text_release(&text);
        return NULL;
    }
    struct service_signature signature = {request->region, loop_wall(s->loop)};
    struct buf head = service_head_write(t, &text, &signature, request->trace_id);
    struct service_call *call = add_call(s, t);
    call->done = done;
    call->data = data;
    call->held = request->held;
    request->held = (struct share){0};
    call->http = http_call_start(origin_client(t->origin), head, text.body, request->timeout,
                                 on_answer, call);
    text.body = (struct buf){0};
    service_text_release(&text);
    return call;
}

static void give_up(struct abandoned_call *abandoned)
{
    struct service_call *call = container_of(abandoned, struct service_call, abandoned);
    http_call_cancel(call->http);
    release_call(call);
}

void service_call_abandon(struct service_call *call)
{
    call->done = NULL;
    call->abandoned.give_up = give_up;
    origin_abandon(call->origin, &call->abandoned);
}
