/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_private.h: what the files of the WebSocket transport share: a hub, a connection and
 * its states. libwebsockets ("lws" here) is known to them alone. */
#ifndef TURNPIKE_NET_WEBSOCKET_PRIVATE_H
#define TURNPIKE_NET_WEBSOCKET_PRIVATE_H

#include <libwebsockets.h>

#include "turnpike/base/buf.h"
#include "turnpike/net/websocket.h"

struct bridge;

#define WEBSOCKET_REASON_MAX 123   /* what fits into a close frame beside the code */
#define WEBSOCKET_ROOM       65536 /* the largest frame that is sent */

enum websocket_state {
    WEBSOCKET_OPEN,
    WEBSOCKET_DRAINING, /* we close: what waits to be sent goes first */
    WEBSOCKET_CLOSING,  /* our close frame is on its way, the peer's answer awaited */
    WEBSOCKET_LEAVING,  /* lws closes: the peer asked for it, or broke the protocol */
    WEBSOCKET_KILLED,   /* lws is told to end it, or told us that the socket broke */
    WEBSOCKET_ENDED,    /* on_closed is being called */
};

/* A message that waits: to be sent, or to be delivered once its connection is resumed. */
struct kept_message {
    struct kept_message *next;
    size_t len, at; /* `at` bytes of it were sent */
    bool binary;
    struct share share;
    unsigned char room[LWS_PRE]; /* where lws puts the header of the first frame */
    unsigned char bytes[];
};

struct kept_messages {
    struct kept_message *first, **end;
};

/* Connections of which the same is true, in the order in which it became so. */
struct websocket_queue {
    struct websocket_link *first, **end;
};

/* The place of one in a queue. */
struct websocket_link {
    struct websocket_link *next, **here; /* here is NULL: in none */
};

/* What on_closed will tell. */
struct farewell {
    unsigned code;
    size_t len;
    char reason[WEBSOCKET_REASON_MAX];
};

struct websocket {
    struct websocket_hub *hub;
    void *owner;
    struct lws *wsi;                   /* NULL once lws has done with it */
    struct websocket *next, *previous; /* of the hub's */
    struct bridge *bridge;             /* under TLS, while it lasts */
    struct farewell *farewell;         /* NULL: so far nobody said one */
    struct timer deadline;             /* of the close */
    struct task later;                 /* what must not happen inside lws */
    enum websocket_state state;
    bool established; /* the 101 was written */
    bool binary;      /* the message that is being received */
    bool takes_binary;
    bool in_frame; /* more of the current frame is to come */
    bool paused, reading;
    bool stuck; /* lws holds a part of a frame that the kernel did not take */

    /* received */
    struct buf message; /* the parts so far of one that did not come at once */
    struct share share; /* for the memory of `message` */
    size_t checked;     /* bytes of `message` that are valid UTF-8 */
    struct kept_messages held;
    struct websocket_link gathering; /* parts have come, and the end of the message has not */
    struct websocket_link starved;   /* likewise, and it is not read until there is memory */

    /* to be sent */
    struct kept_messages queue; /* empty unless stuck */
    size_t queued, partial;     /* what the queue takes, and the frame that lws holds */
    struct share copied;        /* for the latter */
};

struct websocket_hub {
    struct loop *loop;
    const struct websocket_events *events;
    struct websocket_limits limits;
    struct lws_context *context;
    struct lws_vhost *vhost;
    int descriptors_max; /* lws takes those below it */
    struct websocket *first;
    size_t count;
    struct bridge *bridges; /* some without a connection any more */
    struct websocket_queue gathering, starved;
    uint64_t gathered;         /* what the former hold of the budget */
    struct timer retry;        /* while any is starved: whether there is memory now */
    struct timer patience;     /* likewise: until one that gathers must make room */
    struct websocket *opening; /* the one whose handshake lws replays just now */
    const struct websocket_handshake *handshake;
    unsigned char *frame; /* LWS_PRE + WEBSOCKET_ROOM bytes: the frame that is being sent */
    bool ending;          /* it is freed when the last bridge is gone */
    uv_timer_t last;      /* while the hub is being freed */
    unsigned turns_left;
};

/* websocket.c */
void websocket_schedule(struct websocket *ws);
void websocket_fail(struct websocket *ws); /* the socket broke */
/* What on_closed will tell. `reason` is cut to what fits and is UTF-8. */
void websocket_say(struct websocket *ws, unsigned code, struct str reason);
/* Inside lws's callback lws keeps what it has read already, and walks a list of those who have such
 * at each event: for pauses it is put off. */
void websocket_set_reading(struct websocket *ws, bool reading);
void websocket_start_deadline(struct websocket *ws);

/* websocket_hub.c */
void websocket_hub_bridge_gone(struct websocket_hub *hub);

/* websocket_events.c */
int websocket_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t len);

/* websocket_open.c: false where there is no room */
MUST_USE bool websocket_write_headers(struct websocket *ws, struct lws_process_html_args *args);

/* websocket_input.c: within lws's callback */
void websocket_input_take(struct websocket *ws, struct str chunk);
void websocket_input_deliver_held(struct websocket *ws);
void websocket_input_forget(struct websocket *ws);  /* the parts of a message */
void websocket_input_release(struct websocket *ws); /* and the messages that are held */

void websocket_queue_init(struct websocket_queue *queue);

/* websocket_output.c */
void websocket_output_close(struct websocket *ws);
void websocket_output_continue(struct websocket *ws); /* lws can write again */
void websocket_output_release(struct websocket *ws);

/* websocket_kept.c */
void kept_messages_init(struct kept_messages *list);
struct kept_message *kept_messages_add(struct kept_messages *list, struct str bytes, bool binary);
struct kept_message *kept_messages_take(struct kept_messages *list); /* NULL: none */
void kept_messages_release(struct kept_messages *list);
void kept_message_free(struct kept_message *message);
/* What it takes; that of many empty ones is much. */
size_t kept_message_size(const struct kept_message *message);

#endif
