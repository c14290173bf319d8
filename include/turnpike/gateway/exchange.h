/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.h: one request on its way through the pipeline, from its complete head to the moment
 * when its answer has left or its client has. */
#ifndef TURNPIKE_GATEWAY_EXCHANGE_H
#define TURNPIKE_GATEWAY_EXCHANGE_H

#include "turnpike/auth/auth.h"
#include "turnpike/auth/signature.h"
#include "turnpike/backend/lambda.h"
#include "turnpike/gateway/gateway.h"
#include "turnpike/gateway/sink.h"
#include "turnpike/model/resolve.h"
#include "turnpike/net/work.h"

struct connection;
struct invoke;

/* The rows of the pipeline's table. */
enum exchange_kind {
    EXCHANGE_HTTP,    /* what the edge begins with; stage_resolve may make it one of these two: */
    EXCHANGE_CONNECT, /* a WebSocket handshake */
    EXCHANGE_MANAGE,  /* a call of @connections */
    EXCHANGE_MESSAGE, /* a message of a WebSocket connection; begun by it, as is the next: */
    EXCHANGE_DISCONNECT, /* its end */
    EXCHANGE_INVOKE,     /* a call of the Invoke API: all that the edge has of its listener */
    EXCHANGE_KIND_COUNT
};

/* What a stage answers. */
enum verdict {
    NEXT, /* go on */
    WAIT, /* a callback will call exchange_resume, never before the stage has returned */
    DONE, /* the response is set: to the row's last stage */
};

/* How far it is. Only exchange.c moves an exchange from one to the next. */
enum exchange_state {
    EXCHANGE_NEW,        /* made by the edge, which is filling in the request */
    EXCHANGE_RUNNING,    /* within pipeline_run */
    EXCHANGE_WAITING,    /* a stage answered WAIT: a callback, the body or a timer is to come */
    EXCHANGE_STREAMING,  /* the sink has the answer's beginning; the integration sends the rest */
    EXCHANGE_RESPONDING, /* the sink has the answer; exchange_on_gone is to come */
    EXCHANGE_LEFT, /* its client left while a worker thread reads its memory: waits for that */
};

/* Owned by the gateway, which recycles it. Everything that it allocates lies in its arena and dies
 * with it, but for the two buffers below. */
struct exchange {
    struct gateway *gateway;
    struct snapshot *snapshot; /* the one that it began with; a reference */
    struct arena arena;
    struct transaction t;
    enum exchange_kind kind;
    enum exchange_state state;
    size_t stage; /* index of the next stage in the kind's row */
    struct listener_facts listener;
    struct sink *sink; /* NULL once it is gone */

    struct buf body; /* what came of the request's body */
    struct str
        message;     /* of a WebSocket API: the message as it came; the body may be transformed */
    bool collecting; /* the body stage takes bytes; otherwise they are dropped */
    bool body_complete;
    struct buf payload;   /* the function's answer: the response is views of it */
    struct share held;    /* by both, of limits.bufferedBytes */
    struct share stalled; /* likewise, by what waits for a client that takes less than comes */

    /* What the client said, as its headers may be mapped before the answer goes out. Set where the
     * API has a CORS configuration. */
    struct {
        bool read, preflight;
        struct str origin; /* at is NULL: none, or several */
    } cors;

    struct token_check token;
    /* Of WebSocket APIs: a reference; NULL: none. Of a handshake the one that will come of it. */
    struct connection *connection;
    struct signature_check *signature; /* of @connections and the Invoke API, in the arena */
    struct invoke *invoke;             /* of the latter, in the arena; otherwise NULL */
    /* The integration's call, how to lose interest in it without stopping it, and how to have it go
     * on once the client takes more of a streamed answer. */
    struct {
        void *call; /* NULL: none is under way */
        void (*abandon)(void *call);
        void (*resume)(void *call); /* of those that stream */
    } integration;
    uint64_t call_started; /* monotonic microseconds */
    struct work work;      /* on the thread pool */
    struct {
        bool readable;
        bool streamed;            /* it is one that a function streamed */
        struct response response; /* where readable */
        struct str error;         /* otherwise */
    } result; /* what was found in the payload; apart from t, as a worker may be writing it */

    struct exchange *next, **previous; /* among the gateway's live exchanges, or its free ones */
};

/* For the edge. The new exchange has an arena for the request's head; `sink` outlives it until
 * exchange_on_gone was called. */
struct exchange *exchange_new(struct gateway *gateway, enum exchange_kind kind, struct sink *sink,
                              const struct listener_facts *listener);

/* Before it is started: by another snapshot than the one in force. */
void exchange_follow(struct exchange *x, struct snapshot *snapshot);

/* The request is filled in: runs the pipeline. The sink may be called before this returns. */
void exchange_start(struct exchange *x);

/* The edge refuses the request, before it was started or while its body is awaited: answers with
 * a row of the gateway response table. t.request may be half empty. `why` as in exchange_refuse. */
void exchange_refuse_now(struct exchange *x, enum gateway_response_id id, const char *why, ...)
    PRINTF(3, 4);

/* From the sink. Bytes live during the call only. */
void exchange_on_body(struct exchange *x, struct str bytes);
void exchange_on_body_end(struct exchange *x);

/* The client takes more of a streamed answer, after a send that said false. */
void exchange_on_writable(struct exchange *x);

/* The answer has left completely, or (complete false) the client has. The last call: writes the
 * log line, counts, and gives the exchange back. What it waited for is abandoned, not stopped. */
void exchange_on_gone(struct exchange *x, bool complete);

/* For stages. Sets a row of the table as the response; use as `return exchange_refuse(x, …)`.
 *
 * `why` tells people which rule, key or function it was. It goes into the log, and to the client
 * where `development` is on: no token, key or other secret may stand in it, hence no query string
 * either. A long one is cut (reason.h). */
enum verdict exchange_refuse(struct exchange *x, enum gateway_response_id id, const char *why, ...)
    PRINTF(3, 4);
/* Likewise, in words of its own (`message`, of the arena or static) in place of the row's. */
enum verdict exchange_refuse_saying(struct exchange *x, enum gateway_response_id id,
                                    struct str message, const char *why, ...) PRINTF(4, 5);

/* Likewise, with a row of a table that is the caller's. */
void exchange_refuse_as(struct exchange *x, const struct gateway_response *row, const char *why,
                        va_list args) PRINTF(3, 0);

/* Likewise: 413 by exchange_body_max, 503 by limits.bufferedBytes. */
enum verdict exchange_refuse_body(struct exchange *x);
enum verdict exchange_refuse_memory(struct exchange *x);

/* For the last stage. Hands the response to the sink; exchange_on_gone follows. */
void exchange_respond(struct exchange *x);
/* For the last stage of a handshake that is accepted: the sink's client becomes a WebSocket,
 * x->connection its facts. exchange_on_gone follows. */
void exchange_upgrade(struct exchange *x);

/* What a body may have, bytes: by limits.payloadBytes, of @connections by
 * limits.websocketMessageBytes, of the Invoke API by Lambda's quotas too. */
uint64_t exchange_body_max(const struct exchange *x);

/* What follows of a streamed answer (t.response.streamed), once exchange_resume has returned. False
 * asks to wait until integration.resume is called; nothing is lost if not. */
MUST_USE bool exchange_send(struct exchange *x, struct str bytes);
/* After a false: counts what may wait meanwhile as buffered. False where that is not allowed. */
MUST_USE bool exchange_stall(struct exchange *x);
/* It is complete, or (abort) cannot be completed: the client is cut off, as it cannot be told.
 * exchange_on_gone follows both. */
void exchange_end(struct exchange *x);
void exchange_abort(struct exchange *x);

/* Goes on after WAIT with what the stage found in the end. */
void exchange_resume(struct exchange *x, enum verdict verdict);

/* First thing in the loop's half of work on the thread pool: false where the client has left
 * meanwhile; x is then gone. */
MUST_USE bool exchange_work_done(struct exchange *x);

/* Adds a field to the response. Text is not copied. */
void exchange_add_header(struct exchange *x, struct str name, struct str value);

/* Counts `more` bytes as buffered; false where limits.bufferedBytes does not allow them. */
MUST_USE bool exchange_buffer(struct exchange *x, size_t more);

/* The row of the table as x's kind of API answers with it. */
const struct gateway_response *exchange_row(const struct exchange *x, enum gateway_response_id id);

#endif
