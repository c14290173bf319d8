/* SPDX-License-Identifier: Apache-2.0 */
/* What the running daemon says of itself, on the control socket and to the admin endpoints. */
#include <unistd.h>

#include "turnpike/daemon/control_answer.h"
#include "turnpike/daemon/server.h"

bool server_is_ready(struct server *s, struct buf *why)
{
    switch (s->state) {
    case SERVER_RUNNING:
        return true;
    case SERVER_STARTING:
        buf_literal(why, "starting");
        break;
    case SERVER_LEAVING:
    case SERVER_DRAINING:
        buf_literal(why, "draining");
        break;
    case SERVER_STOPPED:
        buf_literal(why, "stopped");
        break;
    }
    return false;
}

static void on_reload(void *data, struct buf *answer)
{
    struct server *s = data;
    struct diag diag;
    diag_init(&diag);
    bool done = s->state == SERVER_RUNNING && server_reload(s, &diag);
    struct reload_result result = {
        .done = done,
        .why = s->state == SERVER_RUNNING ? str_from(s->reload_message) : STR("it is stopping"),
        .diag = &diag,
    };
    reload_answer_write(answer, &result);
    diag_release(&diag);
}

static void on_status(void *data, struct buf *answer)
{
    struct server *s = data;
    scoped_buf struct buf why = {0};
    struct daemon_status status = {
        .ready = server_is_ready(s, &why),
        .why = buf_str(&why),
        .pid = getpid(),
        .version = STR(TURNPIKE_VERSION),
        .configuration = str_from(s->options.config),
        .started = s->started,
        .connections = front_connections(s->front),
        .exchanges = s->gateway->exchange_count,
        .reloaded = s->reloaded,
        .reload_failed = s->reload_failed,
        .reload_message = str_from(s->reload_message),
    };
    status_answer_write(answer, &status);
}

const struct control_events server_control_events = {.on_reload = on_reload,
                                                     .on_status = on_status};

static bool is_ready(void *data, struct buf *why)
{
    return server_is_ready(data, why);
}

static void refresh(void *data)
{
    struct server *s = data;
    struct counters *c = s->gateway->counters;
    counters_figure(c, FIGURE_GAUGE, "turnpike_connections", "Client connections open now.", NULL,
                    0)
        ->value = (double)front_connections(s->front);
    counters_figure(c, FIGURE_GAUGE, "turnpike_buffered_bytes", "Bytes of bodies held now.", NULL,
                    0)
        ->value = (double)s->gateway->buffered.used;
    counters_figure(c, FIGURE_COUNTER, "turnpike_log_lines_dropped_total",
                    "Log lines dropped because the ring was full.", NULL, 0)
        ->count = log_writer_dropped(s->writer);
}

struct admin_source server_admin_source(struct server *s)
{
    return (struct admin_source){
        .is_ready = is_ready, .refresh = refresh, .counters = s->gateway->counters, .data = s};
}
