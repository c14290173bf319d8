/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/exchange.h"

#include <inttypes.h>

#include "invoke.h"
#include "invoke_errors.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/gateway/connection.h"
#include "turnpike/gateway/context_variables.h"
#include "turnpike/gateway/figures.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"
#include "turnpike/observe/access_log.h"

#define ARENA_BLOCK 8192

/* What a sink holds of a streamed answer before it asks to wait, and one piece more. */
#define STALLED_BYTES 131072

/* Exchanges and their first arena block that are kept for requests to come. */
#define SPARE_MAX 256

static struct exchange *take_spare(struct gateway *g)
{
    struct exchange *x = g->spare;
    if (!x) {
        x = xmalloc(sizeof(*x));
        arena_init(&x->arena, ARENA_BLOCK);
        return x;
    }
    g->spare = x->next;
    g->spare_count--;
    return x;
}

struct exchange *exchange_new(struct gateway *gateway, enum exchange_kind kind, struct sink *sink,
                              const struct listener_facts *listener)
{
    struct exchange *x = take_spare(gateway);
    struct arena arena = x->arena;
    memset(x, 0, sizeof(*x));
    x->arena = arena;
    x->gateway = gateway;
    x->snapshot = snapshot_ref(gateway->snapshot);
    x->kind = kind;
    x->sink = sink;
    x->listener = *listener;
    x->t.settings = &x->snapshot->settings;
    x->t.request.received = loop_now(gateway->loop);
    x->t.request.received_wall = loop_wall(gateway->loop);

    x->next = gateway->exchanges;
    x->previous = &gateway->exchanges;
    if (x->next)
        x->next->previous = &x->next;
    gateway->exchanges = x;
    gateway->exchange_count++;
    return x;
}

void exchange_follow(struct exchange *x, struct snapshot *snapshot)
{
    (void)snapshot_ref(snapshot);
    snapshot_unref(x->snapshot);
    x->snapshot = snapshot;
    x->t.settings = &snapshot->settings;
}

static void give_back(struct exchange *x)
{
    struct gateway *g = x->gateway;
    *x->previous = x->next;
    if (x->next)
        x->next->previous = x->previous;
    g->exchange_count--;
    share_release(&x->held);
    share_release(&x->stalled);
    token_check_release(&x->token); /* not before: a worker may be reading the identity */
    connection_unref(x->connection);
    snapshot_unref(x->snapshot);
    buf_release(&x->body);
    buf_release(&x->payload);

    if (g->spare_count < SPARE_MAX) {
        arena_reset(&x->arena);
        x->next = g->spare;
        g->spare = x;
        g->spare_count++;
    } else {
        arena_release(&x->arena);
        free(x);
    }
    if (g->on_idle && gateway_is_idle(g))
        g->on_idle(g->on_idle_data);
}

static void run(struct exchange *x)
{
    x->state = EXCHANGE_RUNNING;
    if (pipeline_run(x))
        x->state = EXCHANGE_WAITING;
}

void exchange_start(struct exchange *x)
{
    assert(x->state == EXCHANGE_NEW);
    exchange_name(x);
    run(x);
}

const struct gateway_response *exchange_row(const struct exchange *x, enum gateway_response_id id)
{
    if (x->kind == EXCHANGE_INVOKE)
        return invoke_error_row(id);
    return x->kind == EXCHANGE_HTTP ? &gateway_responses[id] : &websocket_gateway_responses[id];
}

/* What clients of a WebSocket API are told: a frame, or the body of a refused handshake. The spaces
 * are AWS's. */
static struct str error_frame(struct exchange *x, struct str message)
{
    scoped_buf struct buf escaped = {0};
    json_write_string(&escaped, message);
    return arena_printf(&x->arena,
                        "{\"message\": %" STR_F ", \"connectionId\":\"%s\", \"requestId\":\"%s\"}",
                        STR_A(buf_str(&escaped)), x->connection->facts.id, x->t.request.id);
}

static struct str error_body(struct exchange *x, struct str message)
{
    scoped_buf struct buf body = {0};
    if (x->connection)
        return error_frame(x, message);
    buf_literal(&body, "{\"message\":");
    json_write_string(&body, message);
    buf_append_char(&body, '}');
    return arena_copy(&x->arena, buf_str(&body));
}

void exchange_refuse_as(struct exchange *x, const struct gateway_response *row, const char *why,
                        va_list args)
{
    x->t.outcome.reason = reason_is_wanted(x, row)
                              ? reason_bounded(&x->arena, arena_vprintf(&x->arena, why, args))
                              : STR("");
    x->t.outcome.error = row;
    x->t.response = (struct response){
        .status = row->status, .body = x->connection ? error_frame(x, row->message) : row->body};
    exchange_add_header(x, STR("content-type"), STR("application/json"));
    if (row->error_type)
        exchange_add_header(x, STR("x-amzn-ErrorType"), str_from(row->error_type));
}

PRINTF(3, 0)
static void refuse(struct exchange *x, enum gateway_response_id id, const char *why, va_list args)
{
    exchange_refuse_as(x, exchange_row(x, id), why, args);
}

void exchange_refuse_now(struct exchange *x, enum gateway_response_id id, const char *why, ...)
{
    va_list args;
    assert(x->state == EXCHANGE_NEW || x->state == EXCHANGE_WAITING);
    if (x->state == EXCHANGE_NEW)
        exchange_name(x);
    x->collecting = false;
    va_start(args, why);
    refuse(x, id, why, args);
    va_end(args);
    pipeline_skip_to_last(x);
    run(x);
}

void exchange_resume(struct exchange *x, enum verdict verdict)
{
    assert(x->state == EXCHANGE_WAITING && verdict != WAIT);
    x->stage++;
    if (verdict == DONE)
        pipeline_skip_to_last(x);
    run(x);
}

void exchange_on_body(struct exchange *x, struct str bytes)
{
    x->t.outcome.bytes_in += bytes.len;
    if (!x->collecting)
        return;
    bool fits = buf_len(&x->body) + bytes.len <= exchange_body_max(x);
    if (fits && exchange_buffer(x, bytes.len)) {
        buf_append(&x->body, bytes);
        return;
    }
    x->collecting = false;
    exchange_resume(x, fits ? exchange_refuse_memory(x) : exchange_refuse_body(x));
}

void exchange_on_body_end(struct exchange *x)
{
    x->body_complete = true;
    if (!x->collecting)
        return;
    x->collecting = false;
    x->t.request.body = buf_str(&x->body);
    exchange_resume(x, NEXT);
}

bool exchange_buffer(struct exchange *x, size_t more)
{
    return share_grow(&x->held, &x->gateway->buffered, more, x->t.settings->limits.buffered_bytes);
}

void exchange_add_header(struct exchange *x, struct str name, struct str value)
{
    *list_push(&x->arena, &x->t.response.headers) = (struct header){name, value};
}

/* The body of these is dropped on the way (RFC 9110, 6.4.1). */
static bool has_no_body(const struct transaction *t)
{
    return t->response.status == 204 || t->response.status == 304 ||
           str_is(t->request.method, "HEAD");
}

/* A length of its own is only of an answer without a body, or of one that is still to come. */
static void settle_length(const struct transaction *t, struct response *response)
{
    if (!response->streamed && !has_no_body(t))
        response->has_content_length = false;
}

void exchange_respond(struct exchange *x)
{
    struct response *response = &x->t.response;
    settle_length(&x->t, response);
    x->t.outcome.bytes_out = has_no_body(&x->t) ? 0 : response->body.len;
    x->state = response->streamed ? EXCHANGE_STREAMING : EXCHANGE_RESPONDING;
    x->sink->ops->respond(x->sink, response);
}

void exchange_upgrade(struct exchange *x)
{
    x->state = EXCHANGE_RESPONDING;
    x->sink->ops->upgrade(x->sink, &x->t.response);
}

bool exchange_send(struct exchange *x, struct str bytes)
{
    assert(x->state == EXCHANGE_STREAMING);
    if (!has_no_body(&x->t))
        x->t.outcome.bytes_out += bytes.len;
    return x->sink->ops->send(x->sink, bytes);
}

void exchange_end(struct exchange *x)
{
    assert(x->state == EXCHANGE_STREAMING);
    x->state = EXCHANGE_RESPONDING;
    x->sink->ops->end(x->sink);
}

void exchange_abort(struct exchange *x)
{
    assert(x->state == EXCHANGE_STREAMING);
    x->state = EXCHANGE_RESPONDING;
    x->sink->ops->abort(x->sink);
}

bool exchange_stall(struct exchange *x)
{
    return x->stalled.size > 0 || share_grow(&x->stalled, &x->gateway->buffered, STALLED_BYTES,
                                             x->t.settings->limits.buffered_bytes);
}

void exchange_on_writable(struct exchange *x)
{
    share_release(&x->stalled);
    if (x->state == EXCHANGE_STREAMING && x->integration.call)
        x->integration.resume(x->integration.call);
}

enum verdict exchange_refuse(struct exchange *x, enum gateway_response_id id, const char *why, ...)
{
    va_list args;
    va_start(args, why);
    refuse(x, id, why, args);
    va_end(args);
    return DONE;
}

enum verdict exchange_refuse_saying(struct exchange *x, enum gateway_response_id id,
                                    struct str message, const char *why, ...)
{
    va_list args;
    va_start(args, why);
    refuse(x, id, why, args);
    va_end(args);
    x->t.response.body = error_body(x, message);
    return DONE;
}

uint64_t exchange_body_max(const struct exchange *x)
{
    const struct limit_settings *limits = &x->t.settings->limits;
    if (x->kind == EXCHANGE_INVOKE)
        return invoke_body_max(x);
    return x->kind == EXCHANGE_MANAGE ? limits->websocket_message_bytes : limits->payload_bytes;
}

enum verdict exchange_refuse_body(struct exchange *x)
{
    if (x->kind == EXCHANGE_INVOKE)
        return invoke_refuse_body(x);
    const char *limit =
        x->kind == EXCHANGE_MANAGE ? "limits.websocketMessageBytes" : "limits.payloadBytes";
    return exchange_refuse(x, GATEWAY_REQUEST_TOO_LARGE,
                           "the body is larger than the %" PRIu64 " bytes of %s",
                           exchange_body_max(x), limit);
}

enum verdict exchange_refuse_memory(struct exchange *x)
{
    return exchange_refuse(x, GATEWAY_UNAVAILABLE,
                           "all of the %" PRIu64 " bytes of limits.bufferedBytes are in use",
                           x->t.settings->limits.buffered_bytes);
}

/* Once, when the sink reports the end: the log line and the figures. */
static void account(struct exchange *x, bool complete)
{
    struct transaction *t = &x->t;
    t->outcome.gone = !complete;
    t->outcome.latency = loop_now(x->gateway->loop) - t->request.received;
    figures_count(x->gateway->counters, t);
    if (x->invoke)
        invoke_count(x->gateway->counters, x);
    if (t->selection.stage && t->selection.stage->access_log)
        access_log_write(t->selection.stage->access_log, t);
}

void exchange_on_gone(struct exchange *x, bool complete)
{
    account(x, complete);
    x->sink = NULL;
    x->collecting = false;
    if (x->integration.call)
        x->integration.abandon(take(&x->integration.call));
    if (x->work.run) {
        x->state = EXCHANGE_LEFT; /* a worker reads its memory: exchange_work_done frees it */
        return;
    }
    give_back(x);
}

bool exchange_work_done(struct exchange *x)
{
    x->work.run = NULL;
    if (x->state != EXCHANGE_LEFT)
        return true;
    give_back(x);
    return false;
}
