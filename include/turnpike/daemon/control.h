/* SPDX-License-Identifier: Apache-2.0 */
/* control.h: the control socket, over which the commands ask a running daemon: one line with the
 * request, one JSON document for an answer, then the daemon closes. */
#ifndef TURNPIKE_DAEMON_CONTROL_H
#define TURNPIKE_DAEMON_CONTROL_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/net/loop.h"

#define CONTROL_CLIENTS_MAX    16                 /* more are turned away at once */
#define CONTROL_REQUEST_MAX    256                /* bytes of the line */
#define CONTROL_CLIENT_TIMEOUT (5 * USEC_PER_SEC) /* to send the line, and to take the answer */

/* What the daemon does for a request. Each appends one JSON document (control_answer.h). */
struct control_events {
    void (*on_reload)(void *data, struct buf *answer);
    void (*on_status)(void *data, struct buf *answer);
};

struct control; /* the listening socket and its clients; owned by the daemon */

/* Listens at `path`, a socket that only its owner can use (mode 0600). A socket that lies there
 * already is replaced where nobody listens on it; anything else there is left alone. Clients must
 * be of our own user or root. NULL with an error. */
MUST_USE struct control *control_new(struct loop *loop, const char *path,
                                     const struct control_events *events, void *data,
                                     struct error *ret_error);

/* The same without a socket of its own: clients come through control_adopt. */
MUST_USE struct control *control_new_detached(struct loop *loop,
                                              const struct control_events *events, void *data);

/* Takes over the connected socket fd as a client; closes it where its peer may not ask. */
void control_adopt(struct control *control, int fd);

/* Stops listening, removes the socket's file where it is still ours, and drops the clients; memory
 * goes when the loop has turned. Takes NULL. */
void control_free(struct control *control);

/* The client's side, for commands: blocks. Sends `request` and appends the whole answer; what
 * comes is bounded in size and by `timeout` microseconds. Two errors are told apart: ERROR_CONNECT
 * means that no daemon runs, everything else that it did not answer. */
MUST_USE bool control_ask(const char *path, const char *request, uint64_t timeout,
                          struct buf *ret_answer, struct error *ret_error);

#endif
