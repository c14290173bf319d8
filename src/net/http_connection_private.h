/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection_private.h: what the three files of the HTTP/1.1 server connection share:
 * http_connection.c (life and time), http_input.c (heads and bodies), http_output.c (answers). */
#ifndef TURNPIKE_NET_HTTP_CONNECTION_PRIVATE_H
#define TURNPIKE_NET_HTTP_CONNECTION_PRIVATE_H

#include "turnpike/net/http_connection.h"
#include "turnpike/net/stream.h"

enum http_phase {
    HTTP_AWAIT,   /* between requests, or within a head */
    HTTP_REQUEST, /* from a head (or its error) until its answer has left */
    HTTP_DRAIN,   /* answered; what remains of the body is dropped */
    HTTP_LINGER,  /* our side has ended; the client gets time to read what we said */
    HTTP_CLOSED,
};

enum http_answer_state { HTTP_ANSWER_NONE, HTTP_ANSWER_BEGUN, HTTP_ANSWER_ENDED };

/* How the end of an answer's body is told. */
enum http_answer_end {
    HTTP_END_NO_BODY,
    HTTP_END_LENGTH,
    HTTP_END_CHUNKED,
    HTTP_END_CLOSE,
};

/* Owned by its server; an idle one holds nothing else on the heap. */
struct http_connection {
    struct stream stream;
    struct http_server *server;
    void *owner;
    struct http_connection *previous, *next;
    struct task task;     /* goes on after a call from outside */
    struct timer timer;   /* rings not after the next deadline; moved as seldom as possible */
    struct str *input;    /* while input is processed: what of it is left; else NULL */
    struct buf in;        /* input that waits: a part of a head, what nobody reads yet */
    struct buf out;       /* output that the kernel did not take, copied */
    struct str rest;      /* output behind `out`: a fixed body, not copied */
    uint64_t heard_at;    /* what the time limit of the phase counts from */
    uint64_t sent_at;     /* the client last took output, or output began to wait */
    uint64_t answer_left; /* of an answer with a length */
    union {
        uint64_t body_left;   /* of a body with a length */
        struct buf *trailers; /* of a chunked body, while there are some to tell; else NULL */
    };
    struct http_chunked chunked;
    size_t scanned; /* bytes of `in` known to hold no end of head */
    size_t dropped; /* bytes read in this phase that nobody wanted */

    enum http_phase phase : 8;
    enum http_framing framing : 8;
    enum http_answer_state answer : 8;
    enum http_answer_end answer_end : 8;
    uint8_t minor_version;

    bool head_begun;   /* the header timeout counts, not the one between requests */
    bool to_head;      /* the method is HEAD */
    bool upgrade;      /* the client asked for one: its end of stream means it is gone */
    bool expects;      /* the client waits for 100 Continue */
    bool body_wanted;  /* read_body, and no pause since */
    bool body_done;    /* the whole body has been taken off the input */
    bool body_told;    /* on_body_end was called */
    bool input_failed; /* nothing that follows on the input can be understood */
    bool close;        /* no request follows this one */
    bool draining;     /* shutdown was called: no request follows the current one */
    bool blocked;      /* on_writable is owed */
    bool ended;        /* the client sends no more */
    bool broken;       /* reading or writing failed: the client is gone */
};

/* Goes on at the end of the turn, unless input is being processed, which goes on by itself. */
void http_connection_schedule(struct http_connection *c);

/* Takes the next head off *in, or fails the input. False when more bytes are needed. */
bool http_input_take_head(struct http_connection *c, struct str *in);
/* Delivers the next piece of the body, or its end. False when there is nothing to deliver. */
bool http_input_deliver_body(struct http_connection *c, struct str *in);
/* Takes the next piece of body off *in, wanted or not. */
enum http_chunk_result http_input_take_body(struct http_connection *c, struct str *in,
                                            struct str *ret_piece);
/* Forgets what has come of them. */
void http_input_drop_trailers(struct http_connection *c);
/* Tells on_error, or breaks the connection where an answer is half sent. */
void http_input_fail(struct http_connection *c, unsigned status, const char *why);
/* The client ended its side: whether bytes of the current request are missing. */
bool http_input_is_cut_off(const struct http_connection *c, struct str in);

static inline bool http_output_is_pending(const struct http_connection *c)
{
    return buf_len(&c->out) > 0 || c->rest.len > 0;
}
/* Sends what is pending, and gives credit. */
void http_output_flush(struct http_connection *c);
void http_output_continue(struct http_connection *c); /* 100 Continue */

/* Bytes of a body that nobody read, dropped to keep the connection. */
#define HTTP_DRAIN_MAX 65536

#endif
