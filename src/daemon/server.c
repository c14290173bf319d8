/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/log.h"
#include "turnpike/daemon/preparation.h"
#include "turnpike/load/load.h"

#define LOG_RING_BYTES (4 * 1024 * 1024)
#define LOG_PATIENCE   (2 * USEC_PER_SEC)

static const int signal_numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

/* As many descriptors as this process may have: connections are limited by limits.connections. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warning("the limit on open files cannot be raised: %s", strerror(errno));
}

static void on_log_line(void *data, enum log_level level, struct str line)
{
    (void)level;
    log_file_write(data, line);
}

static void *open_output(void *data, struct str destination, struct error *ret_error)
{
    return log_writer_open(data, destination, ret_error);
}

static void write_output(void *file, struct str line)
{
    log_file_write(file, line);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *s = handle->data;
    struct diag diag;
    struct error error;
    switch (number) {
    case SIGHUP:
        if (s->state != SERVER_RUNNING)
            return;
        diag_init(&diag);
        (void)!server_reload(s, &diag);
        diag_release(&diag);
        return;
    case SIGUSR1:
        if (!log_writer_reopen(s->writer, &error))
            log_error("log files: %s", error.text);
        return;
    default:
        server_stop(s);
    }
}

static void watch_signals(struct server *s)
{
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LENGTH(signal_numbers); i++) {
        s->signals[i].data = s;
        (void)uv_signal_init(&s->loop.uv, &s->signals[i]);
        (void)uv_signal_start(&s->signals[i], on_signal, signal_numbers[i]);
        uv_unref((uv_handle_t *)&s->signals[i]);
    }
    if (getpid() == 1)
        orphans_watch(&s->orphans, &s->loop);
}

static void on_watchdog(struct timer *timer)
{
    struct server *s = container_of(timer, struct server, watchdog);
    systemd_watchdog();
    timer_start(&s->loop, timer, loop_now(&s->loop) + systemd_watchdog_interval() / 2, on_watchdog);
}

static bool hosts_functions(const struct snapshot *snapshot)
{
    FOR_EACH_IN (function, &snapshot->functions)
        if ((*function)->process.on)
            return true;
    return false;
}

static void trust_in_functions(struct server *s, const struct snapshot *snapshot)
{
    struct error error;
    struct str trusted = snapshot->settings.trusted_certificates.text;
    if (!trust_bundle_write(&s->trust, hosts_functions(snapshot) ? trusted : STR(""), &error))
        log_error("trustedCertificates for hosted functions: %s", error.text);
    s->gateway->hosting.ca_file = trust_bundle_file(&s->trust);
}

void server_apply_settings(struct server *s, const struct snapshot *snapshot)
{
    const struct settings *settings = &snapshot->settings;
    enum log_level level = settings->log.level;
    if (s->options.log_level)
        (void)!log_level_parse(str_from(s->options.log_level), &level);
    log_set_level(level);
    log_set_json(settings->log.json);

    struct error error;
    if (!curl_loop_trust(s->gateway->curl, settings->trusted_certificates.text, &error))
        log_error("trustedCertificates: %s", error.text);
    trust_in_functions(s, snapshot);
}

struct snapshot *server_load(struct server *s, struct diag *diag)
{
    struct snapshot *snapshot = load_snapshot_with(s->options.config, &s->options.overrides, diag);
    const struct preparation live = {s->gateway, s->front, &s->output};
    if (snapshot && !prepare_snapshot(&live, snapshot, diag)) {
        snapshot_unref(snapshot);
        return NULL;
    }
    return snapshot;
}

static enum exit_status fail(struct error *error, const char *what)
{
    error_prefix(error, "%s", what);
    log_error("%s", error->text);
    return STATUS_FAILED;
}

static enum exit_status open_log(struct server *s, const struct settings *settings)
{
    struct error error;
    s->log = log_writer_open(s->writer, settings->log.destination, &error);
    if (!s->log)
        return fail(&error, "log.destination");
    log_set_sink(on_log_line, s->log);
    return STATUS_DONE;
}

static void open_control(struct server *s, const struct settings *settings)
{
    struct error error;
    struct str path = settings->control_socket;
    if (path.len == 0) {
        log_notice(
            "no control socket: neither controlSocket, $RUNTIME_DIRECTORY nor stateDirectory "
            "says where");
        return;
    }
    s->control = control_new(&s->loop, path.at, &server_control_events, s, &error);
    if (!s->control)
        log_notice("no control socket: %s", error.text);
}

static enum exit_status open_admin(struct server *s, const struct settings *settings)
{
    struct error error;
    if (!settings->admin.on)
        return STATUS_DONE;
    struct admin_source source = server_admin_source(s);
    s->admin = admin_new(&s->loop, &settings->admin, &source, &error);
    return s->admin ? STATUS_DONE : fail(&error, "admin");
}

static void log_development_issuers(const struct settings *settings)
{
    FOR_EACH_IN (issuer, &settings->issuers)
        if (issuer->signing_key_file.text.len)
            log_warning("tokens of the development issuer '%" STR_F "' are accepted",
                        STR_A(issuer->issuer));
}

static void tell_listener(void *data, struct str listener, bool tls)
{
    buf_printf(data, "%s %s%" STR_F, buf_len(data) ? "," : "", tls ? "https://" : "http://",
               STR_A(listener));
}

static void announce(struct server *s)
{
    scoped_buf struct buf listeners = {0};
    front_describe(s->front, tell_listener, &listeners);
    log_notice("turnpike " TURNPIKE_VERSION " ready:%" STR_F, STR_A(buf_str(&listeners)));
    systemd_ready("ready");
    if (systemd_watchdog_interval() > 0)
        on_watchdog(&s->watchdog);
    const struct label labels[] = {{"version", STR(TURNPIKE_VERSION)}};
    counters_figure(s->gateway->counters, FIGURE_GAUGE, "turnpike_build_info",
                    "The version that runs.", labels, 1)
        ->value = 1;
    server_begin_figures(s);
}

static enum exit_status open_everything(struct server *s, struct snapshot *snapshot)
{
    const struct settings *settings = &snapshot->settings;
    struct error error;
    enum exit_status status = open_log(s, settings);
    if (status == STATUS_DONE)
        status = open_admin(s, settings);
    if (status != STATUS_DONE)
        return status;
    if (!front_listen(s->front, snapshot, &error))
        return fail(&error, "listeners");
    open_control(s, settings);
    return STATUS_DONE;
}

static enum exit_status start(struct server *s)
{
    struct diag diag;
    diag_init(&diag);
    struct snapshot *snapshot = server_load(s, &diag);
    diag_sort(&diag);
    if (snapshot)
        server_apply_settings(s, snapshot);
    enum exit_status status = snapshot ? open_everything(s, snapshot) : STATUS_CONFIGURATION;
    server_log_findings(&diag);
    diag_release(&diag);
    if (status != STATUS_DONE) {
        snapshot_unref(snapshot);
        return status;
    }
    gateway_use(s->gateway, snapshot);
    front_use(s->front, snapshot);
    log_development_issuers(&snapshot->settings);
    s->state = SERVER_RUNNING;
    s->started = loop_wall(&s->loop);
    announce(s);
    return STATUS_DONE;
}

static int find_inherited(void *data, struct str name)
{
    struct server *s = data;
    return systemd_find_socket(&s->sockets, name);
}

enum exit_status server_start(struct server *s, const struct server_options *options)
{
    struct error error;
    *s = (struct server){.options = *options};
    loop_init(&s->loop);
    raise_descriptor_limit();
    if (!systemd_take_sockets(&s->sockets)) {
        log_error("the sockets that were handed over cannot be read");
        return STATUS_FAILED;
    }
    s->writer = log_writer_new(LOG_RING_BYTES);
    s->output = (struct access_log_output){open_output, write_output, s->writer};
    s->gateway = gateway_new(&s->loop, &error);
    if (!s->gateway)
        return fail(&error, "start");
    gateway_host(s->gateway, "/proc/self/exe", (const char *const *)environ);
    s->front = front_new(s->gateway, find_inherited, s);
    watch_signals(s);
    return start(s);
}

void server_run(struct server *s)
{
    loop_run(&s->loop);
    log_notice("stopped");
}

/* From here on nothing but the end is left to do, and no signal shall keep it from being clean. */
static void close_signals(struct server *s)
{
    for (size_t i = 0; i < ARRAY_LENGTH(s->signals); i++) {
        if (!s->signals[i].data)
            continue;
        uv_close((uv_handle_t *)&s->signals[i], NULL);
        (void)signal(signal_numbers[i], SIG_IGN);
    }
    orphans_release(&s->orphans);
}

static bool is_over(const struct server *s)
{
    bool idle = !s->gateway || s->gateway->exchange_count == 0; /* not while a worker has one */
    return idle && front_is_over(s->front) && admin_is_over(s->admin);
}

void server_release(struct server *s)
{
    timer_cancel(&s->loop, &s->watchdog);
    timer_cancel(&s->loop, &s->timer);
    control_free(s->control);
    admin_close(s->admin);
    front_close(s->front);
    close_signals(s);
    while (!is_over(s))
        loop_turn(&s->loop);
    admin_free(s->admin);
    front_free(s->front);
    gateway_free(s->gateway);
    trust_bundle_release(&s->trust);
    systemd_close_sockets(&s->sockets);
    loop_release(&s->loop);
    log_set_sink(NULL, NULL);
    log_writer_free(s->writer, LOG_PATIENCE);
}
