/* SPDX-License-Identifier: Apache-2.0 */
/* front.h: the edge: listeners, their clients, and the way between an HTTP/1.1 connection and an
 * exchange. */
#ifndef TURNPIKE_FRONT_FRONT_H
#define TURNPIKE_FRONT_FRONT_H

#include "turnpike/gateway/gateway.h"

struct front; /* owned by the daemon */

/* The listening socket of that name that was handed over (systemd's socket activation); -1: none.
 */
typedef int front_inherited_fn(void *data, struct str name);

/* `inherited` NULL: nothing was handed over. */
struct front *front_new(struct gateway *gateway, front_inherited_fn *inherited, void *data);
/* After front_close, and once the loop has closed what it held. Takes NULL. */
void front_free(struct front *f);

/* Lists what is to be opened, the Invoke API's listener too. Makes the TLS contexts of the
 * snapshot's listeners and domains; reports certificates and keys that cannot be used, warns of
 * those that have expired. Opens nothing. */
void front_prepare(struct front *f, struct snapshot *snapshot, struct diag *diag);

/* Opens the snapshot's listeners that are not open yet; none of them takes clients before
 * front_use. False, and nothing changed, where one cannot be opened. */
MUST_USE bool front_listen(struct front *f, struct snapshot *snapshot, struct error *ret_error);

/* The snapshot is in force: its listeners take clients, others are closed, with their idle
 * connections at once and with others after the next answer. So are the connections of a listener
 * that speaks TLS or the PROXY protocol from now on, or no longer. */
void front_use(struct front *f, struct snapshot *snapshot);

/* Closes the listeners; idle connections are closed, others with their next answer. */
void front_drain(struct front *f);

/* Ends the connections that are left. */
void front_abort(struct front *f);

/* Drains and aborts at once: for the end, whatever came before. Takes NULL. */
void front_close(struct front *f);

/* True once the loop has closed every socket and connection. */
bool front_is_over(const struct front *f);

/* Whom to tell each time when a client has gone. */
void front_on_idle(struct front *f, void (*fn)(void *data), void *data);

/* Connections open now, and what one says of each listener: "127.0.0.1:8080", "unix:…". */
size_t front_connections(const struct front *f);
void front_describe(const struct front *f, void (*tell)(void *data, struct str listener, bool tls),
                    void *data);

#endif
