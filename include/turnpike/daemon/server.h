/* SPDX-License-Identifier: Apache-2.0 */
/* server.h: the running daemon: what `serve` starts, reloads, drains and takes down again. */
#ifndef TURNPIKE_DAEMON_SERVER_H
#define TURNPIKE_DAEMON_SERVER_H

#include "turnpike/daemon/command.h"
#include "turnpike/daemon/control.h"
#include "turnpike/daemon/systemd.h"
#include "turnpike/daemon/trust_bundle.h"
#include "turnpike/front/admin.h"
#include "turnpike/front/front.h"
#include "turnpike/load/config.h"
#include "turnpike/net/log_writer.h"
#include "turnpike/net/orphans.h"

/* How far it is. Only server.c and server_drain.c move it on. */
enum server_state {
    SERVER_STARTING, /* nothing is served yet */
    SERVER_RUNNING,
    SERVER_LEAVING,  /* told to stop: still serving, no longer ready; shutdown.delay runs */
    SERVER_DRAINING, /* listeners are closed, what is under way ends; drainTimeout runs */
    SERVER_STOPPED,
};

/* What the command line said. */
struct server_options {
    const char *config;              /* the file that was found */
    struct config_options overrides; /* --listen */
    const char *log_level;           /* NULL: the configuration's */
};

/* Lives on the stack of `serve`. */
struct server {
    struct server_options options;
    enum server_state state;
    struct loop loop;
    struct gateway *gateway;
    struct front *front;
    struct admin *admin;     /* NULL: none is configured */
    struct control *control; /* NULL: none could be made */
    struct log_writer *writer;
    struct log_file *log;
    struct access_log_output output;
    struct systemd_sockets sockets;
    struct trust_bundle trust; /* of hosted functions */
    uv_signal_t signals[4];
    struct orphans orphans; /* of the first process of a container */
    struct timer timer;     /* of the delay, then of the drain time */
    struct timer watchdog;

    uint64_t started;  /* microseconds since 1970 */
    uint64_t reloaded; /* likewise, the last try; 0: none */
    bool reload_failed;
    char reload_message[256];
};

/* Loads, opens and starts everything; logs or prints why it cannot. Anything but STATUS_DONE: to be
 * given to server_release without having run. */
MUST_USE enum exit_status server_start(struct server *s, const struct server_options *options);

/* Serves until it was told to stop and everything has ended. */
void server_run(struct server *s);
void server_release(struct server *s);

/* Loads the configuration anew and swaps it in. False where it is invalid or a listener cannot be
 * opened: then nothing has changed. Findings are logged and left in the diag. */
MUST_USE bool server_reload(struct server *s, struct diag *diag);

/* Makes the series of reloads, so that they are told from 0 on. Once, when the server has started.
 */
void server_begin_figures(struct server *s);

/* SIGTERM: leaves, drains, stops. A second call stops at once. */
void server_stop(struct server *s);

/* Readiness, gauges and answers for the control socket and the admin endpoints. */
bool server_is_ready(struct server *s, struct buf *why);
extern const struct control_events server_control_events;
struct admin_source server_admin_source(struct server *s);

/* What takes hold at once of a new snapshot: the log's level and form, trusted certificates. */
void server_apply_settings(struct server *s, const struct snapshot *snapshot);
void server_log_findings(const struct diag *diag);

/* Loads and prepares a snapshot for this server; NULL where the diag holds an error. */
struct snapshot *server_load(struct server *s, struct diag *diag);

#endif
