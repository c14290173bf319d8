/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/clock.h"
#include "turnpike/base/utf8.h"

#include "websocket_private.h"

/* lws hands over chunks, each of one frame, and an empty one for an empty frame. Its own check of
 * UTF-8 stays off: it does not look at a message whose last frame is empty, and takes the payload
 * of a pong in between for text. */

#define RETRY_DELAY  (5 * USEC_PER_MSEC)
#define PATIENCE     (10 * USEC_PER_SEC)
#define IMPATIENCE   (50 * USEC_PER_MSEC) /* after one was given up in vain */
#define UTF8_LONGEST 4

/* --- memory for parts --- */

void websocket_queue_init(struct websocket_queue *queue)
{
    *queue = (struct websocket_queue){.end = &queue->first};
}

static void join(struct websocket_queue *queue, struct websocket_link *link)
{
    *link = (struct websocket_link){.here = queue->end};
    *queue->end = link;
    queue->end = &link->next;
}

static void leave(struct websocket_queue *queue, struct websocket_link *link)
{
    *link->here = link->next;
    if (link->next)
        link->next->here = link->here;
    else
        queue->end = link->here;
    link->here = NULL;
}

static struct websocket *oldest(const struct websocket_hub *hub)
{
    struct websocket_link *first = hub->gathering.first;
    return first ? container_of(first, struct websocket, gathering) : NULL;
}

/* The message that began first may end, whatever that takes, where it would wait for others of its
 * kind: so those who go on sending never wait for each other in a circle. What else is buffered
 * goes in time, and is waited for; otherwise one after the other would come first. */
static bool may_exceed(const struct websocket *ws, size_t missing)
{
    const struct websocket_hub *hub = ws->hub;
    return ws == oldest(hub) && hub->gathered + missing > hub->limits.buffered_max;
}

/* Whether the memory of the parts is covered; asks the budget for what is missing. */
static bool is_covered(struct websocket *ws)
{
    struct websocket_hub *hub = ws->hub;
    size_t missing = ws->message.capacity - ws->share.size;
    if (missing == 0)
        return true;
    if (may_exceed(ws, missing))
        share_add(&ws->share, hub->limits.buffered, missing);
    else if (!share_grow(&ws->share, hub->limits.buffered, missing, hub->limits.buffered_max))
        return false;
    hub->gathered += missing;
    return true;
}

static void ring_in(struct websocket_hub *hub, struct timer *timer, uint64_t delay, timer_fn *fn)
{
    timer_start(hub->loop, timer, loop_now(hub->loop) + delay, fn);
}

static void stop_starving(struct websocket *ws)
{
    struct websocket_hub *hub = ws->hub;
    if (!ws->starved.here)
        return;
    leave(&hub->starved, &ws->starved);
    websocket_schedule(ws);
    if (hub->starved.first)
        return;
    timer_cancel(hub->loop, &hub->retry);
    timer_cancel(hub->loop, &hub->patience);
}

static bool feed_one(struct websocket *ws)
{
    if (!ws->starved.here || !is_covered(ws))
        return false;
    stop_starving(ws);
    return true;
}

/* After the first to begin the others in the order in which they came, so that none waits for ever
 * behind others' smaller needs. False: nobody may go on. */
static bool feed(struct websocket_hub *hub)
{
    bool fed = oldest(hub) && feed_one(oldest(hub));
    while (hub->starved.first &&
           feed_one(container_of(hub->starved.first, struct websocket, starved)))
        fed = true;
    return fed;
}

/* Where the first does not go on, the others would wait for ever, some of whom may be gone, which
 * is not seen without reading: it makes room. */
static void on_patience_over(struct timer *timer)
{
    struct websocket_hub *hub = container_of(timer, struct websocket_hub, patience);
    websocket_close(oldest(hub), WEBSOCKET_TRY_AGAIN_LATER,
                    STR("no memory for the rest of the message"));
    bool fed = feed(hub);
    if (hub->starved.first)
        ring_in(hub, timer, fed ? PATIENCE : IMPATIENCE, on_patience_over);
}

static void on_retry(struct timer *timer)
{
    struct websocket_hub *hub = container_of(timer, struct websocket_hub, retry);
    bool fed = feed(hub);
    if (!hub->starved.first)
        return;
    ring_in(hub, timer, RETRY_DELAY, on_retry);
    if (fed)
        ring_in(hub, &hub->patience, PATIENCE, on_patience_over);
}

static void starve(struct websocket *ws)
{
    struct websocket_hub *hub = ws->hub;
    if (ws->starved.here)
        return;
    if (!hub->starved.first) {
        ring_in(hub, &hub->retry, RETRY_DELAY, on_retry);
        ring_in(hub, &hub->patience, PATIENCE, on_patience_over);
    }
    join(&hub->starved, &ws->starved);
    websocket_schedule(ws);
}

/* Its memory goes, and others have waited for it. */
static void end_gathering(struct websocket *ws)
{
    struct websocket_hub *hub = ws->hub;
    if (!ws->gathering.here)
        return;
    leave(&hub->gathering, &ws->gathering);
    hub->gathered -= ws->share.size;
    if (hub->starved.first)
        ring_in(hub, &hub->retry, 0, on_retry);
}

void websocket_input_forget(struct websocket *ws)
{
    stop_starving(ws);
    end_gathering(ws);
    buf_release(&ws->message);
    share_release(&ws->share);
    ws->checked = 0;
}

/* --- messages --- */

/* A client that does not take its answers asks for no more of them: what came with what it was read
 * for waits. */
static bool holds_messages(const struct websocket *ws)
{
    return ws->paused || (ws->stuck && ws->wsi);
}

/* Takes over what covers the message. What comes while paused was in the same chunk as what the
 * connection was paused for, or had been read already. */
static void deliver(struct websocket *ws, struct str message, struct share *share)
{
    if (!holds_messages(ws) && !ws->held.first) {
        ws->hub->events->on_message(ws, message, ws->binary);
        return;
    }
    struct kept_message *kept = kept_messages_add(&ws->held, message, ws->binary);
    kept->share = *share;
    *share = (struct share){0};
    share_cover(&kept->share, ws->hub->limits.buffered, kept_message_size(kept));
}

static void deliver_parts(struct websocket *ws)
{
    end_gathering(ws);
    struct buf whole = ws->message;
    struct share share = ws->share;
    ws->message = (struct buf){0};
    ws->share = (struct share){0};
    websocket_input_forget(ws);
    deliver(ws, buf_str(&whole), &share);
    buf_release(&whole);
    share_release(&share);
}

/* Whether the text so far is valid, or the beginning of what may be. */
static bool is_sane_text(struct websocket *ws, bool final)
{
    struct str text = buf_str(&ws->message);
    ws->checked += utf8_valid_len(str_skip(text, ws->checked));
    size_t rest = text.len - ws->checked;
    return rest == 0 || (!final && rest < UTF8_LONGEST);
}

static void refuse_text(struct websocket *ws)
{
    websocket_close(ws, WEBSOCKET_INVALID, STR("text that is not UTF-8"));
}

static void take_part(struct websocket *ws, struct str chunk, bool final)
{
    if (!ws->gathering.here)
        join(&ws->hub->gathering, &ws->gathering);
    buf_append(&ws->message, chunk);
    if (!ws->binary && !is_sane_text(ws, final))
        refuse_text(ws);
    else if (final)
        deliver_parts(ws);
    else if (!is_covered(ws))
        starve(ws);
}

static void take_whole(struct websocket *ws, struct str message)
{
    struct share none = {0};
    if (ws->binary || utf8_is_valid(message))
        deliver(ws, message, &none);
    else
        refuse_text(ws);
}

/* `len` bytes of the frame are here or announced. */
static bool is_refused(struct websocket *ws, size_t len)
{
    const struct websocket_limits *limits = &ws->hub->limits;
    if (ws->binary && !ws->takes_binary)
        websocket_close(ws, WEBSOCKET_UNSUPPORTED, STR("binary messages are not supported"));
    else if (!ws->in_frame && len > limits->frame_max)
        websocket_close(ws, WEBSOCKET_TOO_BIG, STR("frame too big"));
    else if (len > limits->message_max || buf_len(&ws->message) > limits->message_max - len)
        websocket_close(ws, WEBSOCKET_TOO_BIG, STR("message too big"));
    return ws->state != WEBSOCKET_OPEN;
}

void websocket_input_take(struct websocket *ws, struct str chunk)
{
    size_t rest = lws_remaining_packet_payload(ws->wsi);
    bool first = lws_is_first_fragment(ws->wsi), final = lws_is_final_fragment(ws->wsi);
    if (ws->state != WEBSOCKET_OPEN)
        return;
    if (first) {
        websocket_input_forget(ws);
        ws->in_frame = false;
    }
    ws->binary = lws_frame_is_binary(ws->wsi);
    if (is_refused(ws, chunk.len + rest))
        return;
    ws->in_frame = rest > 0;
    if (first && final)
        take_whole(ws, chunk);
    else
        take_part(ws, chunk, final);
}

void websocket_input_deliver_held(struct websocket *ws)
{
    struct kept_message *message;
    while (!holds_messages(ws) && (message = kept_messages_take(&ws->held))) {
        ws->hub->events->on_message(ws, str_of((const char *)message->bytes, message->len),
                                    message->binary);
        kept_message_free(message);
    }
}

void websocket_input_release(struct websocket *ws)
{
    websocket_input_forget(ws);
    kept_messages_release(&ws->held);
}
