/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/systemd.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

void systemd_ready(const char *status)
{
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s\nMAINPID=%d", status, (int)getpid());
}

void systemd_reloading(uint64_t now)
{
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now);
}

void systemd_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

uint64_t systemd_watchdog_interval(void)
{
    uint64_t interval = 0;
    return sd_watchdog_enabled(0, &interval) > 0 ? interval : 0;
}

void systemd_watchdog(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

bool systemd_take_sockets(struct systemd_sockets *ret_sockets)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    *ret_sockets = (struct systemd_sockets){0};
    if (count < 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (i < SYSTEMD_SOCKETS_MAX)
            ret_sockets->items[ret_sockets->count++] =
                (struct systemd_socket){SD_LISTEN_FDS_START + i, names[i]};
        else
            free(names[i]);
    }
    free(names);
    return count <= SYSTEMD_SOCKETS_MAX;
}

int systemd_find_socket(const struct systemd_sockets *sockets, struct str name)
{
    FOR_EACH (socket, sockets->items, sockets->count)
        if (str_is(name, socket->name))
            return socket->fd;
    return -1;
}

void systemd_close_sockets(struct systemd_sockets *sockets)
{
    FOR_EACH (socket, sockets->items, sockets->count) {
        (void)close(socket->fd);
        free(socket->name);
    }
    sockets->count = 0;
}
