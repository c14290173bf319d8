/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/control.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "turnpike/base/clock.h"
#include "turnpike/daemon/control_address.h"
#include "turnpike/load/load.h"

#include "temporary.h"

/* A daemon that counts what it is asked. */
struct fake {
    struct loop loop;
    struct control *control;
    unsigned reloads, statuses;
    size_t answer_size; /* of a status, beyond its few bytes */
};

static void on_reload(void *data, struct buf *answer)
{
    struct fake *fake = data;
    fake->reloads++;
    buf_literal(answer, "{\"reloaded\":true}");
}

static void on_status(void *data, struct buf *answer)
{
    struct fake *fake = data;
    fake->statuses++;
    buf_literal(answer, "{\"ready\":true}");
    for (size_t i = 0; i < fake->answer_size; i++)
        buf_append_char(answer, ' ');
}

static const struct control_events events = {on_reload, on_status};

static void start(struct fake *fake)
{
    *fake = (struct fake){0};
    loop_init(&fake->loop);
    fake->control = control_new_detached(&fake->loop, &events, fake);
}

static void stop(struct fake *fake)
{
    control_free(fake->control);
    loop_run(&fake->loop);
    loop_release(&fake->loop);
}

/* The client's end of a new connection. */
static int connect_pair(struct fake *fake)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    control_adopt(fake->control, fds[0]);
    return fds[1];
}

static void turn(struct fake *fake)
{
    for (int i = 0; i < 4; i++)
        (void)uv_run(&fake->loop.uv, UV_RUN_NOWAIT);
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has come: "" where the daemon closed without an answer, NULL where it still waits. */
static const char *receive(int fd)
{
    static char text[256];
    ssize_t len = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    if (len < 0)
        return NULL;
    text[len] = '\0';
    return text;
}

static const struct {
    const char *name, *sent, *want; /* NULL: it waits */
    unsigned reloads, statuses;
} requests[] = {
    {"status", "status\n", "{\"ready\":true}\n", 0, 1},
    {"reload", "reload\n", "{\"reloaded\":true}\n", 1, 0},
    {"an unknown one", "stop\n", "{\"error\":\"unknown request\"}\n", 0, 0},
    {"an empty line", "\n", "{\"error\":\"unknown request\"}\n", 0, 0},
    {"only the first", "status\nreload\n", "{\"ready\":true}\n", 0, 1},
    {"half a line", "stat", NULL, 0, 0},
};

static void answers_one_request(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, requests) {
        struct fake fake;
        start(&fake);
        int fd = connect_pair(&fake);
        send_text(fd, c->sent);
        turn(&fake);
        const char *got = receive(fd);
        CHECK_CASE(c, c->want ? got && strcmp(got, c->want) == 0 : !got, "%s", got);
        CHECK_CASE(c, fake.reloads == c->reloads && fake.statuses == c->statuses, "calls");
        CHECK_CASE(c, !c->want || strcmp(receive(fd), "") == 0, "stays open");
        close(fd);
        stop(&fake);
    }
}

static void a_line_may_come_in_pieces(void **state)
{
    (void)state;
    struct fake fake;
    start(&fake);
    int fd = connect_pair(&fake);
    const char *pieces[] = {"st", "atu", "s", "\n"};
    FOR_EACH (piece, pieces, ARRAY_LENGTH(pieces)) {
        assert_null(receive(fd));
        send_text(fd, *piece);
        turn(&fake);
    }
    assert_string_equal(receive(fd), "{\"ready\":true}\n");
    close(fd);
    stop(&fake);
}

static void an_endless_line_is_cut_off(void **state)
{
    (void)state;
    struct fake fake;
    char flood[CONTROL_REQUEST_MAX + 1];
    memset(flood, 'x', sizeof(flood) - 1);
    flood[sizeof(flood) - 1] = '\0';
    start(&fake);
    int fd = connect_pair(&fake);
    send_text(fd, flood);
    turn(&fake);
    assert_string_equal(receive(fd), "");
    close(fd);
    stop(&fake);
}

static void a_client_that_goes_leaves_nothing(void **state)
{
    (void)state;
    struct fake fake;
    start(&fake);
    int silent = connect_pair(&fake), asking = connect_pair(&fake);
    send_text(asking, "status\n");
    close(silent);
    close(asking);
    turn(&fake);
    stop(&fake);
}

static void several_are_served_and_too_many_turned_away(void **state)
{
    (void)state;
    struct fake fake;
    int fds[CONTROL_CLIENTS_MAX + 1];
    start(&fake);
    FOR_EACH (fd, fds, ARRAY_LENGTH(fds))
        *fd = connect_pair(&fake);
    turn(&fake);
    assert_string_equal(receive(fds[CONTROL_CLIENTS_MAX]), "");
    FOR_EACH (fd, fds, CONTROL_CLIENTS_MAX)
        send_text(*fd, "status\n");
    turn(&fake);
    FOR_EACH (fd, fds, CONTROL_CLIENTS_MAX)
        assert_string_equal(receive(*fd), "{\"ready\":true}\n");
    assert_int_equal(fake.statuses, CONTROL_CLIENTS_MAX);
    FOR_EACH (fd, fds, ARRAY_LENGTH(fds))
        close(*fd);
    stop(&fake);
}

static void an_answer_may_be_larger_than_the_socket_takes(void **state)
{
    (void)state;
    struct fake fake;
    size_t got = 0;
    start(&fake);
    fake.answer_size = 1024 * 1024;
    int fd = connect_pair(&fake);
    send_text(fd, "status\n");
    for (ssize_t len = 1; len != 0;) {
        static char text[65536];
        turn(&fake);
        len = recv(fd, text, sizeof(text), 0);
        assert_true(len >= 0);
        got += (size_t)len;
    }
    assert_int_equal(got, fake.answer_size + strlen("{\"ready\":true}\n"));
    close(fd);
    stop(&fake);
}

/* The loop of a daemon that listens, on a thread of its own until `stop_wake` is sent. */
struct server {
    struct fake fake;
    uv_async_t stop_wake;
    pthread_t thread;
};

static void on_stop(uv_async_t *handle)
{
    struct server *server = container_of(handle, struct server, stop_wake);
    uv_close((uv_handle_t *)handle, NULL);
    control_free(server->fake.control);
    loop_stop(&server->fake.loop);
}

static void *run_server(void *data)
{
    struct server *server = data;
    loop_run(&server->fake.loop);
    return NULL;
}

static void listen_at(struct server *server, const char *path)
{
    struct error error = {0};
    server->fake = (struct fake){0};
    loop_init(&server->fake.loop);
    server->fake.control = control_new(&server->fake.loop, path, &events, &server->fake, &error);
    assert_string_equal(error.text, "");
    assert_non_null(server->fake.control);
    assert_int_equal(uv_async_init(&server->fake.loop.uv, &server->stop_wake, on_stop), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, run_server, server), 0);
}

static void stop_listening(struct server *server)
{
    uv_async_send(&server->stop_wake);
    pthread_join(server->thread, NULL);
    loop_run(&server->fake.loop);
    loop_release(&server->fake.loop);
}

static void commands_ask_over_a_private_socket(void **state)
{
    (void)state;
    struct temporary t;
    struct server server;
    struct error error;
    scoped_buf struct buf answer = {0};
    temporary_enter(&t);
    mode_t before = umask(0);
    listen_at(&server, "state/control.sock");
    umask(before);
    assert_int_equal(mode_of("state/control.sock"), 0600);
    assert_true(control_ask("state/control.sock", "status", 5 * USEC_PER_SEC, &answer, &error));
    assert_str_equal(buf_str(&answer), STR("{\"ready\":true}\n"));
    stop_listening(&server);
    assert_int_not_equal(access("state/control.sock", F_OK), 0);
    temporary_leave(&t);
}

static void a_socket_in_use_is_left_alone(void **state)
{
    (void)state;
    struct temporary t;
    struct server server;
    struct error error;
    struct loop loop;
    scoped_buf struct buf answer = {0};
    temporary_enter(&t);
    loop_init(&loop);
    listen_at(&server, "control.sock");
    assert_null(control_new(&loop, "control.sock", &events, NULL, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_true(control_ask("control.sock", "status", 5 * USEC_PER_SEC, &answer, &error));
    stop_listening(&server);
    loop_run(&loop);
    loop_release(&loop);
    temporary_leave(&t);
}

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    struct temporary t;
    struct server server;
    struct error error;
    temporary_enter(&t);
    int dead = control_bind("control.sock", &error);
    assert_true(dead >= 0);
    close(dead);
    listen_at(&server, "control.sock");
    stop_listening(&server);
    temporary_leave(&t);
}

static void what_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    temporary_enter(&t);
    write_text_file("control.sock", 0600, "precious");
    assert_int_equal(control_bind("control.sock", &error), -1);
    assert_int_equal(access("control.sock", F_OK), 0);
    temporary_leave(&t);
}

static void nobody_there_is_told_apart(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    char long_path[200];
    scoped_buf struct buf answer = {0};
    temporary_enter(&t);
    assert_false(control_ask("control.sock", "status", USEC_PER_SEC, &answer, &error));
    assert_int_equal(error.code, ERROR_CONNECT);
    memset(long_path, 'x', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_false(control_ask(long_path, "status", USEC_PER_SEC, &answer, &error));
    assert_int_equal(error.code, ERROR_TOO_LARGE);
    temporary_leave(&t);
}

static void a_daemon_that_hangs_is_given_up(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    scoped_buf struct buf answer = {0};
    temporary_enter(&t);
    int fd = control_bind("control.sock", &error);
    assert_int_equal(listen(fd, 1), 0);
    assert_false(control_ask("control.sock", "status", 20 * USEC_PER_MSEC, &answer, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    close(fd);
    temporary_leave(&t);
}

static const struct {
    const char *name, *configuration, *runtime, *state, *want; /* NULL: refused */
} places[] = {
    {"as written", "controlSocket: /run/x.sock\n", "/r", "/s", "/run/x.sock"},
    {"relative to its file", "controlSocket: run/x.sock\n", NULL, NULL, "conf/run/x.sock"},
    {"the runtime directory", "stateDirectory: state\n", "/r", NULL, "/r/control.sock"},
    {"the first of several", "", "/r:/q", NULL, "/r/control.sock"},
    {"the state directory", "stateDirectory: state\n", NULL, "/s", "conf/state/control.sock"},
    {"systemd's", "awsRegion: x\n", NULL, "/s", "/s/control.sock"},
    {"while it is being edited", "stateDirectory: state\napis: [{}]\nnonsense: 1\n", NULL, NULL,
     "conf/state/control.sock"},
    {"nowhere", "awsRegion: x\n", NULL, NULL, NULL},
};

static void set_variable(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

/* Where the loader finds mistakes there is nothing to compare. */
static bool loader_agrees(const char *path)
{
    struct diag diag;
    diag_init(&diag);
    struct snapshot *snapshot = load_snapshot("conf/turnpike.yaml", &diag);
    bool agrees = !snapshot || str_eq(snapshot->settings.control_socket, str_from(path));
    snapshot_unref(snapshot);
    diag_release(&diag);
    return agrees;
}

static void the_configuration_says_where_it_is(void **state)
{
    (void)state;
    struct temporary t;
    temporary_enter(&t);
    assert_int_equal(mkdir("conf", 0755), 0);
    FOR_EACH_CASE (c, places) {
        struct arena arena;
        struct error error;
        arena_init(&arena, 1024);
        write_text_file("conf/turnpike.yaml", 0644, c->configuration);
        set_variable("RUNTIME_DIRECTORY", c->runtime);
        set_variable("STATE_DIRECTORY", c->state);
        const char *got = control_address_find(&arena, "conf/turnpike.yaml", &error);
        CHECK_CASE(c, str_eq(str_from(got), str_from(c->want)), "%s", got);
        CHECK_CASE(c, loader_agrees(got), "the loader puts it elsewhere");
        arena_release(&arena);
    }
    set_variable("RUNTIME_DIRECTORY", NULL);
    set_variable("STATE_DIRECTORY", NULL);
    temporary_leave(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_one_request),
        cmocka_unit_test(a_line_may_come_in_pieces),
        cmocka_unit_test(an_endless_line_is_cut_off),
        cmocka_unit_test(a_client_that_goes_leaves_nothing),
        cmocka_unit_test(several_are_served_and_too_many_turned_away),
        cmocka_unit_test(an_answer_may_be_larger_than_the_socket_takes),
        cmocka_unit_test(commands_ask_over_a_private_socket),
        cmocka_unit_test(a_socket_in_use_is_left_alone),
        cmocka_unit_test(a_stale_socket_is_replaced),
        cmocka_unit_test(what_is_no_socket_is_left_alone),
        cmocka_unit_test(nobody_there_is_told_apart),
        cmocka_unit_test(a_daemon_that_hangs_is_given_up),
        cmocka_unit_test(the_configuration_says_where_it_is),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
