/* SPDX-License-Identifier: Apache-2.0 */
/* systemd.h: what the service manager is told and what it hands over (sd_notify(3),
 * sd_listen_fds(3)). Everything is a no-op where no service manager listens. */
#ifndef TURNPIKE_DAEMON_SYSTEMD_H
#define TURNPIKE_DAEMON_SYSTEMD_H

#include <stdint.h>

#include "turnpike/base/str.h"

/* The service is up; also ends a reload. `status` is one line for `systemctl status`. */
void systemd_ready(const char *status);
/* A reload begins now, in microseconds of the monotonic clock (Type=notify-reload needs it). */
void systemd_reloading(uint64_t now);
/* The service is on its way down. */
void systemd_stopping(void);

/* Microseconds within which systemd_watchdog must be called again and again, or 0. Half of it is
 * the pace. */
uint64_t systemd_watchdog_interval(void);
void systemd_watchdog(void);

/* The sockets that were handed over. */
#define SYSTEMD_SOCKETS_MAX 32

struct systemd_socket {
    int fd;
    char *name; /* FileDescriptorName=; "unknown" where the unit names none */
};

struct systemd_sockets {
    struct systemd_socket items[SYSTEMD_SOCKETS_MAX];
    size_t count;
};

/* Reads them once and forgets the variables that told of them, so that children do not see them.
 * Returns false where they cannot be read or are too many. */
MUST_USE bool systemd_take_sockets(struct systemd_sockets *ret_sockets);

/* The first socket of that name, or -1. It stays in the table: a reload finds it again. */
int systemd_find_socket(const struct systemd_sockets *sockets, struct str name);

/* Closes all of them and frees the names. */
void systemd_close_sockets(struct systemd_sockets *sockets);

#endif
