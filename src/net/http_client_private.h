/* SPDX-License-Identifier: Apache-2.0 */
/* http_client_private.h: what the parts of the client share: the pool and the calls
 * (http_client.c), connecting (http_connect.c), requests and answers (http_transfer.c), answers
 * that are passed on as they come (http_stream.c), and all of it over TLS (https_call.c). */
#ifndef TURNPIKE_NET_HTTP_CLIENT_PRIVATE_H
#define TURNPIKE_NET_HTTP_CLIENT_PRIVATE_H

#include "turnpike/net/http_client.h"
#include "turnpike/net/resolver.h"
#include "turnpike/net/stream.h"

#include "answer_reader.h"

/* One socket. It is watched for reading from its first request on, idle or not, so that a request
 * costs no epoll_ctl. Freed when its stream has closed. */
struct connection {
    struct stream stream;
    struct http_client *client;
    struct http_call *call;        /* NULL: idle, or closing */
    struct connection *next, **at; /* among the idle; at is NULL elsewhere */
    uint64_t idle_until;
    bool connecting;
};

struct http_call {
    struct http_client *client;
    struct http_call *next, **at;  /* among those under way; spare ones use next alone */
    struct connection *connection; /* NULL: the name is looked up, or every address has failed */
    struct timer timer;            /* until there is a connection for each address, then for all */
    uint64_t deadline, connect_deadline;
    struct https_call *https; /* over TLS, where there is no struct connection; or NULL */
    size_t answer_max;

    struct buf head, body;
    size_t sent;
    int send_error; /* errno of a failed write: what the read that follows means */
    struct answer_reader answer;
    bool reused, answered; /* the connection had served before; bytes of an answer came */

    struct resolver_wait wait;
    struct addresses addresses;
    size_t tried;
    struct error error; /* of the last address */
    struct task later;  /* a failure or an end that is told from the loop */

    http_call_fn *done;                      /* of a collected answer, or NULL */
    const struct http_stream_events *events; /* of a streamed one, or NULL */
    void *data;

    /* streamed */
    uint64_t promised;  /* answer_idle_time of its head */
    uint64_t left;      /* while paused: of the time */
    bool streaming;     /* on_head has come, and more is to come */
    bool paused, ended; /* ended: all has come, and no connection is left */
    bool calling;       /* an event is under way: whoever made it lets a cancelled call go */
    bool cancelled;
};

struct http_client {
    struct loop *loop;
    struct http_client_options options; /* without the host, which the resolver has */
    struct resolver *resolver;
    struct https_client *https; /* over TLS: what takes the place of all connections; or NULL */
    struct connection *idle;    /* the last used first */
    size_t idle_count, open;    /* open counts the closing too */
    struct timer reaper;
    struct http_call *calls, *spare;
    size_t spare_count;
    unsigned delivering; /* callbacks that may have freed the client */
    bool freed;
};

static inline size_t request_size(const struct http_call *call)
{
    return buf_len(&call->head) + buf_len(&call->body);
}

/* http_client.c. Failing and delivering end the call; the client may be gone afterwards. */
void http_call_fail(struct http_call *call, const struct error *why);
void http_call_deliver(struct http_call *call, const struct http_head *head);
/* What a->in holds, which it hands over, and what the head's views, also of it, say. */
struct http_client_answer http_call_answer(struct http_call *call, const struct http_head *head);
/* The answer's connection, once all has come: back to the pool or closed. */
void http_call_leave_connection(struct http_call *call, uint64_t promised);
/* Ends everything that could still reach the call; its answer and its memory stay. */
void http_call_detach(struct http_call *call);
/* The memory of a call that is over. */
void http_call_keep(struct http_client *c, struct http_call *call);
void http_client_destroy_if_gone(struct http_client *c);
void http_client_close(struct connection *conn);
void http_client_on_closed(struct stream *stream);

/* http_connect.c: gets the call a connection of its own and hands it to http_transfer. Never calls
 * back before it has returned. */
void http_connect(struct http_call *call);
/* The socket of the attempt has become writable: it is connected, or has failed. */
void http_connect_finish(struct connection *conn);

/* http_transfer.c: sends the request on a connection and reads the answer. */
void http_transfer(struct http_call *call, struct connection *conn);
/* Waits for what the call needs: bytes unless it is paused, room while some are to be sent. */
void http_transfer_watch(struct http_call *call);
/* For the call's deadline. */
void http_transfer_start_timer(struct http_call *call);
extern const struct stream_events http_transfer_events;

/* http_stream.c, each with events that may end the call and free the client: those that return
 * false tell it. The head, with what a->in has of the body; it is not complete. */
bool http_stream_begin(struct http_call *call, const struct http_head *head);
/* More bytes, which are decoded in their place. */
void http_stream_pass(struct http_call *call, char *bytes, size_t len);
/* More of the body. */
bool http_stream_give(struct http_call *call, struct str bytes);
/* All has come. */
void http_stream_finish(struct http_call *call);

/* https_call.c: the call over TLS, whose timer it starts too. Never calls back before it has
 * returned. */
void https_call_start(struct http_call *call);
/* Looks at the end of the turn what there is to tell. */
void https_call_wake(struct http_call *call);
/* Drops the transfer; what came of the answer stays. */
void https_call_close(struct http_call *call);
struct https_client *https_client_new(const struct http_client_options *options);
/* Its calls are closed. Takes NULL. */
void https_client_free(struct https_client *client);

#endif
