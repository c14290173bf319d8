/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client_private.h"

/* Within an event the call may be cancelled and the client freed: both stay until this has
 * returned. False: it was cancelled, and both may be gone. */
static void begin_event(struct http_call *call)
{
    call->calling = true;
    call->client->delivering++;
}

static bool survives_event(struct http_call *call)
{
    struct http_client *c = call->client;
    bool cancelled = call->cancelled;
    call->calling = false;
    c->delivering--;
    if (cancelled)
        http_call_keep(c, call);
    http_client_destroy_if_gone(c);
    return !cancelled;
}

bool http_stream_begin(struct http_call *call, const struct http_head *head)
{
    call->streaming = true;
    call->promised = answer_idle_time(head);
    struct http_client_answer answer = http_call_answer(call, head);
    begin_event(call);
    call->events->on_head(call->data, &answer, false);
    buf_release(&answer.body);
    return survives_event(call);
}

bool http_stream_give(struct http_call *call, struct str bytes)
{
    begin_event(call);
    call->events->on_bytes(call->data, bytes);
    return survives_event(call);
}

static void end(struct http_call *call)
{
    const struct http_stream_events *events = call->events;
    void *data = call->data;
    http_call_detach(call);
    http_call_keep(call->client, call);
    events->on_end(data, NULL);
}

static void on_ended(struct task *task)
{
    end(container_of(task, struct http_call, later));
}

static void note_end(struct http_call *call)
{
    call->ended = true;
    timer_cancel(call->client->loop, &call->timer);
    http_call_leave_connection(call, call->promised);
}

void http_stream_pass(struct http_call *call, char *bytes, size_t len)
{
    struct error error;
    enum answer_result result =
        answer_reader_pass(&call->answer, bytes, len, call->answer_max, &len, &error);
    if (result == ANSWER_FAILED) {
        http_call_fail(call, &error);
        return;
    }
    if (result == ANSWER_COMPLETE)
        note_end(call);
    if (len && !http_stream_give(call, str_of(bytes, len)))
        return;
    if (call->ended && !call->paused)
        end(call);
}

void http_stream_finish(struct http_call *call)
{
    note_end(call);
    end(call);
}

static void watch(struct http_call *call)
{
    if (call->https)
        https_call_wake(call);
    else
        http_transfer_watch(call);
}

/* The time that is left stands still meanwhile. */
void http_call_pause(struct http_call *call)
{
    struct loop *loop = call->client->loop;
    if (call->paused)
        return;
    assert(call->streaming);
    call->paused = true;
    if (call->ended) {
        task_cancel(loop, &call->later);
        return;
    }
    uint64_t now = loop_now(loop);
    call->left = call->deadline > now ? call->deadline - now : 0;
    timer_cancel(loop, &call->timer);
    watch(call);
}

void http_call_resume(struct http_call *call)
{
    struct loop *loop = call->client->loop;
    if (!call->paused)
        return;
    call->paused = false;
    if (call->ended) {
        task_defer(loop, &call->later, on_ended);
        return;
    }
    call->deadline = loop_now(loop) + call->left;
    http_transfer_start_timer(call);
    watch(call);
}
