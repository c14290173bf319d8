/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_client.h: thousands of WebSocket clients of one server, and HTTP clients beside them,
 * as cheap as can be: sockets on one epoll, messages that are short and come in one frame. Whatever
 * goes wrong ends the program. */
#ifndef TURNPIKE_BENCH_WEBSOCKET_CLIENT_H
#define TURNPIKE_BENCH_WEBSOCKET_CLIENT_H

#include <netinet/in.h>
#include <stdint.h>

#include "turnpike/base/str.h"

#define MESSAGE_MAX 125 /* bytes of a message that is sent */

struct client {
    int fd;
    struct ssl_st *ssl; /* NULL: plain */
    bool is_open;       /* the handshake is over */
    bool is_http;
    uint64_t sent_at; /* of whoever uses it */

    /* What comes. */
    unsigned char head[4]; /* of a frame */
    unsigned head_len;
    size_t rest; /* bytes of the frame that are to come */
    char message[MESSAGE_MAX];
    size_t message_len; /* may be more than is kept */
};

struct clients {
    int epoll;
    in_port_t port;
    const char *path; /* # stands for a client's number */
    bool secure;
    struct client *items; /* WebSockets */
    size_t count, capacity, opening;
    uint64_t messages;                         /* that have come to all of them */
    void (*on_message)(struct client *client); /* NULL: nobody listens */
    /* The answer of an HTTP client, which is as short as to come in one piece. */
    void (*on_answer)(struct client *client, struct str answer);
};

void die(const char *what) __attribute__((noreturn));
uint64_t now(void); /* microseconds */

void clients_init(struct clients *all, in_port_t port, const char *path, bool secure);
void clients_open_one(struct clients *all); /* it is open when `opening` has gone down again */
void clients_turn(struct clients *all);     /* waits for something, and hears all there is */
void client_send(struct client *client, const void *bytes, size_t len);

/* To `port`, in place of the connection that it had. */
void clients_dial_http(struct clients *all, struct client *client, in_port_t port);

/* A text frame; returns its length. */
size_t frame_write(unsigned char to[static MESSAGE_MAX + 6], const char *text);

#endif
