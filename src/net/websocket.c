/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/clock.h"
#include "turnpike/base/utf8.h"
#include "turnpike/base/xalloc.h"

#include "websocket_private.h"

/* For what waits to be sent and the peer's answer together. */
#define CLOSE_TIMEOUT (10 * USEC_PER_SEC)

/* Without a close frame. A connection on which lws holds bytes would be given five seconds to send
 * them, so it is told twice; its timer is looked at when it is woken only. */
static void kill_now(struct websocket *ws)
{
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    if (!ws->wsi)
        return;
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    lws_cancel_service(ws->hub->context);
}

void websocket_set_reading(struct websocket *ws, bool reading)
{
    if (ws->reading == reading)
        return;
    ws->reading = reading;
    if (lws_rx_flow_control(ws->wsi, reading) < 0)
        websocket_fail(ws);
}

/* Once we close, for the answer, and to leave nothing unread: closing would be a reset then. */
static bool wants_input(const struct websocket *ws)
{
    if (ws->stuck)
        return false;
    return ws->state != WEBSOCKET_OPEN || (!ws->paused && !ws->held.first && !ws->starved.here);
}

static void steer(struct websocket *ws)
{
    if (ws->state == WEBSOCKET_DRAINING && !ws->stuck)
        websocket_output_close(ws);
    if (ws->state <= WEBSOCKET_CLOSING)
        websocket_set_reading(ws, wants_input(ws));
    if (ws->state == WEBSOCKET_KILLED)
        kill_now(ws);
}

static void unlink_from_hub(struct websocket *ws)
{
    struct websocket **here = ws->previous ? &ws->previous->next : &ws->hub->first;
    *here = ws->next;
    if (ws->next)
        ws->next->previous = ws->previous;
    ws->hub->count--;
}

static void end(struct websocket *ws)
{
    const struct farewell *farewell = ws->farewell;
    unsigned code = farewell ? farewell->code : WEBSOCKET_ABNORMAL;
    struct str reason = farewell ? str_of(farewell->reason, farewell->len) : STR("");
    ws->state = WEBSOCKET_ENDED;
    task_cancel(ws->hub->loop, &ws->later);
    websocket_input_release(ws);
    unlink_from_hub(ws);
    ws->hub->events->on_closed(ws, code, reason);
    free(ws->farewell);
    free(ws);
}

/* At the end of a turn: what lws does not bear inside its callbacks, and events that must not come
 * from within a call. */
static void settle(struct task *task)
{
    struct websocket *ws = container_of(task, struct websocket, later);
    websocket_input_deliver_held(ws);
    if (ws->wsi)
        steer(ws);
    if (!ws->wsi && !ws->held.first)
        end(ws);
}

void websocket_schedule(struct websocket *ws)
{
    task_defer(ws->hub->loop, &ws->later, settle);
}

void websocket_say(struct websocket *ws, unsigned code, struct str reason)
{
    reason = str_head(reason, utf8_valid_len(str_head(reason, WEBSOCKET_REASON_MAX)));
    if (!ws->farewell)
        ws->farewell = xmalloc(sizeof(*ws->farewell));
    ws->farewell->code = code;
    ws->farewell->len = reason.len;
    if (reason.len)
        memcpy(ws->farewell->reason, reason.at, reason.len);
}

static void on_deadline(struct timer *timer)
{
    websocket_fail(container_of(timer, struct websocket, deadline));
}

void websocket_start_deadline(struct websocket *ws)
{
    struct loop *loop = ws->hub->loop;
    if (!timer_is_running(&ws->deadline))
        timer_start(loop, &ws->deadline, loop_now(loop) + CLOSE_TIMEOUT, on_deadline);
}

void websocket_fail(struct websocket *ws)
{
    if (ws->state >= WEBSOCKET_KILLED)
        return;
    ws->state = WEBSOCKET_KILLED;
    websocket_schedule(ws);
}

void *websocket_owner(const struct websocket *ws)
{
    return ws->owner;
}

void websocket_pause(struct websocket *ws)
{
    ws->paused = true;
    if (ws->state == WEBSOCKET_OPEN)
        websocket_schedule(ws);
}

void websocket_resume(struct websocket *ws)
{
    ws->paused = false;
    if (ws->state < WEBSOCKET_ENDED)
        websocket_schedule(ws);
}

void websocket_close(struct websocket *ws, unsigned code, struct str reason)
{
    if (ws->state == WEBSOCKET_ENDED)
        return;
    websocket_input_release(ws);
    websocket_schedule(ws);
    if (ws->state != WEBSOCKET_OPEN)
        return;
    ws->state = WEBSOCKET_DRAINING;
    websocket_say(ws, code, reason);
    websocket_start_deadline(ws);
}

void websocket_kill(struct websocket *ws)
{
    if (ws->state >= WEBSOCKET_KILLED)
        return;
    ws->state = WEBSOCKET_KILLED;
    websocket_input_release(ws);
    websocket_schedule(ws);
}
