/* SPDX-License-Identifier: Apache-2.0 */
/* A new snapshot is built beside the one in force; only when everything about it has worked are
 * the two swapped. */
#include "turnpike/base/log.h"
#include "turnpike/daemon/findings.h"
#include "turnpike/daemon/server.h"

void server_log_findings(const struct diag *diag)
{
    FOR_EACH_IN (finding, &diag->findings) {
        scoped_buf struct buf line = {0};
        finding_write(&line, finding);
        switch (finding->severity) {
        case SEVERITY_NOTICE:
            log_notice("%" STR_F, STR_A(buf_str(&line)));
            break;
        case SEVERITY_WARNING:
            log_warning("%" STR_F, STR_A(buf_str(&line)));
            break;
        case SEVERITY_ERROR:
            log_error("%" STR_F, STR_A(buf_str(&line)));
            break;
        }
    }
}

static bool same_admin(const struct admin_settings *a, const struct admin_settings *b)
{
    return a->on == b->on && str_eq(a->address, b->address) && a->port == b->port;
}

/* What only a start reads. */
static void report_restarts(const struct settings *before, const struct settings *after,
                            struct diag *diag)
{
    struct position at = {.file = after->file.at};
    if (!same_admin(&before->admin, &after->admin))
        diag_warning(diag, at, "admin has changed, which takes a restart");
    if (!str_eq(before->control_socket, after->control_socket))
        diag_warning(diag, at, "controlSocket has changed, which takes a restart");
    if (!str_eq(before->log.destination, after->log.destination))
        diag_warning(diag, at, "log.destination has changed, which takes a restart");
}

static bool swap(struct server *s, struct diag *diag, const char **ret_why)
{
    struct error error;
    struct snapshot *snapshot = server_load(s, diag);
    if (!snapshot) {
        *ret_why = "the configuration is invalid";
        return false;
    }
    if (!front_listen(s->front, snapshot, &error)) {
        diag_error(diag, (struct position){.file = NULL}, "%s", error.text);
        snapshot_unref(snapshot);
        *ret_why = "a listener cannot be opened";
        return false;
    }
    report_restarts(&s->gateway->snapshot->settings, &snapshot->settings, diag);
    server_apply_settings(s, snapshot);
    gateway_use(s->gateway, snapshot);
    front_use(s->front, snapshot);
    return true;
}

static struct figure *reload_figure(struct server *s, bool done)
{
    const struct label labels[] = {{"result", done ? STR("success") : STR("failure")}};
    return counters_figure(s->gateway->counters, FIGURE_COUNTER, "turnpike_config_reload_total",
                           "Reloads by their result.", labels, 1);
}

static void note_in_force(struct server *s, uint64_t since)
{
    counters_figure(s->gateway->counters, FIGURE_GAUGE,
                    "turnpike_config_last_reload_success_timestamp_seconds",
                    "When a configuration was last put in force.", NULL, 0)
        ->value = (double)since / 1e6;
}

void server_begin_figures(struct server *s)
{
    (void)reload_figure(s, true);
    (void)reload_figure(s, false);
    note_in_force(s, s->started);
}

static void note_result(struct server *s, bool done, const char *why)
{
    figure_add(reload_figure(s, done), 1);
    s->reloaded = loop_wall(&s->loop);
    s->reload_failed = !done;
    (void)snprintf(s->reload_message, sizeof(s->reload_message), "%s", why);
    if (done)
        note_in_force(s, s->reloaded);
}

bool server_reload(struct server *s, struct diag *diag)
{
    const char *why = "";
    loop_update(&s->loop);
    systemd_reloading(loop_now(&s->loop));
    bool done = swap(s, diag, &why);
    diag_sort(diag);
    server_log_findings(diag);
    note_result(s, done, why);
    if (done)
        log_notice("reloaded");
    else
        log_error("not reloaded: %s; the configuration in force stays", why);
    systemd_ready(done ? "ready" : "ready; the last reload failed");
    return done;
}
