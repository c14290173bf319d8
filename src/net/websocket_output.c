/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket_private.h"

/* What waits for a pong must have a payload: lws does not tell of an empty pong. */
#define PING_PAYLOAD "ping"

/* The payload has LWS_PRE bytes before it, for the header. What the kernel does not take lws
 * copies, and says when it has sent that. Until then nothing is read, not even the rest of what has
 * come: a client that does not take its answers cannot ask for more, and where lws reads a close
 * frame while it holds bytes, it drops the connection without a word. */
static void write_frame(struct websocket *ws, unsigned char *payload, size_t len, int protocol)
{
    int written = lws_write(ws->wsi, payload, len, (enum lws_write_protocol)protocol);
    if (written >= 0 && !lws_partial_buffered(ws->wsi))
        return;
    ws->stuck = true;
    if (written < 0) {
        websocket_fail(ws);
        return;
    }
    ws->partial = len;
    share_add(&ws->copied, ws->hub->limits.buffered, len);
    websocket_set_reading(ws, false);
}

/* lws has sent what it held. */
static void drop_copy(struct websocket *ws)
{
    ws->partial = 0;
    share_release(&ws->copied);
}

static size_t frame_max(const struct websocket_hub *hub)
{
    size_t max = hub->limits.frame_max;
    assert(max > 0);
    return max < WEBSOCKET_ROOM ? max : WEBSOCKET_ROOM;
}

/* Writes frames of a message from `at` on until it is through or stuck; returns where that is.
 * `in_place`: the message lies in a struct kept_message, where room for headers is. */
static size_t write_frames(struct websocket *ws, struct str message, size_t at, bool binary,
                           unsigned char *in_place)
{
    struct websocket_hub *hub = ws->hub;
    do {
        struct str part = str_head(str_skip(message, at), frame_max(hub));
        int start = binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
        int protocol = lws_write_ws_flags(start, at == 0, part.len == message.len - at);
        unsigned char *payload = in_place ? in_place + at : hub->frame + LWS_PRE;
        if (!in_place && part.len)
            memcpy(payload, part.at, part.len);
        write_frame(ws, payload, part.len, protocol);
        at += part.len;
    } while (at < message.len && !ws->stuck);
    return at;
}

static void keep(struct websocket *ws, struct str message, size_t at, bool binary)
{
    struct kept_message *kept = kept_messages_add(&ws->queue, message, binary);
    kept->at = at;
    ws->queued += kept_message_size(kept) - at;
    share_add(&kept->share, ws->hub->limits.buffered, kept_message_size(kept));
}

/* Whether so much more may wait; who is not stuck yet may need no memory. */
static bool may_wait(const struct websocket *ws, size_t len)
{
    const struct websocket_limits *limits = &ws->hub->limits;
    size_t waiting = ws->queued + ws->partial;
    if (waiting > limits->pending_max || len > limits->pending_max - waiting)
        return false;
    return !ws->stuck || limits->buffered->used + len <= limits->buffered_max;
}

/* By hand: lws has its own way to close, but it forgets the frame when it is told to from most of
 * its callbacks, and keeps a timer for each in a list that it walks. For lws the connection stays
 * open until the peer answers, which it takes for the peer's wish. */
void websocket_output_close(struct websocket *ws)
{
    const struct farewell *farewell = ws->farewell;
    unsigned char *frame = ws->hub->frame + LWS_PRE;
    frame[0] = 0x88;
    frame[1] = (unsigned char)(2 + farewell->len);
    frame[2] = (unsigned char)(farewell->code >> 8);
    frame[3] = (unsigned char)farewell->code;
    memcpy(frame + 4, farewell->reason, farewell->len);
    ws->state = WEBSOCKET_CLOSING;
    write_frame(ws, frame, 4 + farewell->len, LWS_WRITE_RAW);
}

bool websocket_is_open(const struct websocket *ws)
{
    return ws->state == WEBSOCKET_OPEN;
}

bool websocket_send(struct websocket *ws, struct str message, bool binary)
{
    size_t at = 0;
    if (ws->state != WEBSOCKET_OPEN || !may_wait(ws, message.len))
        return false;
    if (ws->stuck) {
        keep(ws, message, 0, binary);
        return true;
    }
    at = write_frames(ws, message, 0, binary, NULL);
    if (at < message.len && ws->state == WEBSOCKET_OPEN)
        keep(ws, message, at, binary);
    return ws->state == WEBSOCKET_OPEN;
}

void websocket_ping(struct websocket *ws)
{
    unsigned char *payload = ws->hub->frame + LWS_PRE;
    if (ws->state != WEBSOCKET_OPEN || ws->stuck)
        return;
    memcpy(payload, PING_PAYLOAD, sizeof(PING_PAYLOAD) - 1);
    write_frame(ws, payload, sizeof(PING_PAYLOAD) - 1, LWS_WRITE_PING);
}

void websocket_output_continue(struct websocket *ws)
{
    ws->stuck = false;
    drop_copy(ws);
    while (ws->queue.first && !ws->stuck) {
        struct kept_message *message = ws->queue.first;
        struct str bytes = str_of((const char *)message->bytes, message->len);
        size_t at = write_frames(ws, bytes, message->at, message->binary, message->bytes);
        ws->queued -= at - message->at;
        message->at = at;
        if (at < message->len)
            continue;
        ws->queued -= sizeof(*message);
        kept_message_free(kept_messages_take(&ws->queue));
    }
    websocket_schedule(ws);
}

void websocket_output_release(struct websocket *ws)
{
    kept_messages_release(&ws->queue);
    ws->queued = 0;
    drop_copy(ws);
}
