/* SPDX-License-Identifier: Apache-2.0 */
/* fake_keeper.h: processes that the test plays by hand, in place of the library's keeper.o: each is
 * a client of the Runtime API that it was started with. For one program. */
#ifndef TURNPIKE_TESTS_FAKE_KEEPER_H
#define TURNPIKE_TESTS_FAKE_KEEPER_H

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testing.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/keeper.h"

#define FAKE_CHILDREN_MAX 16

struct child {
    const struct child_events *events; /* NULL: it has ended, or nobody is interested */
    void *owner;
    uint16_t port; /* of its Runtime API */
    int socket;    /* its connection, or -1 */
    int output;    /* its stdout */
    int signal;    /* that it was sent last */
    bool released;
    struct buf got; /* what has come on the connection */
    struct task dying;
    struct child_exit exit;
    struct loop *loop;
};

static struct {
    struct loop *loop;
    struct child children[FAKE_CHILDREN_MAX]; /* all that were started, in their order */
    size_t count;
    bool refuses;        /* to start any */
    bool ends_by_signal; /* whoever is sent one ends by it */
} keeper;

struct keeper *keeper_new(struct loop *loop, const char *program, struct error *ret_error)
{
    (void)program;
    (void)ret_error;
    keeper.loop = loop;
    return (struct keeper *)&keeper;
}

void keeper_free(struct keeper *k)
{
    (void)k;
}

static uint16_t port_in(const char *const *environment)
{
    static const char name[] = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:";
    for (; *environment; environment++)
        if (strncmp(*environment, name, sizeof(name) - 1) == 0)
            return (uint16_t)atoi(*environment + sizeof(name) - 1);
    fail_msg("it was started without a Runtime API");
    return 0;
}

struct child *keeper_spawn(struct keeper *k, const struct child_spec *spec,
                           const struct child_events *events, void *owner, struct error *ret_error)
{
    (void)k;
    assert_true(keeper.count < FAKE_CHILDREN_MAX);
    if (keeper.refuses) {
        error_set(ret_error, ERROR_SYSTEM, "no keeper");
        return NULL;
    }
    struct child *c = &keeper.children[keeper.count++];
    *c = (struct child){.events = events,
                        .owner = owner,
                        .port = port_in(spec->environment),
                        .socket = -1,
                        .output = dup(spec->output),
                        .loop = keeper.loop};
    return c;
}

void *child_owner(const struct child *child)
{
    return child->owner;
}

pid_t child_pid(const struct child *child)
{
    (void)child;
    return 0;
}

static void close_child(struct child *c)
{
    if (c->socket >= 0)
        (void)close(c->socket);
    if (c->output >= 0)
        (void)close(c->output);
    c->socket = c->output = -1;
    buf_release(&c->got);
}

static void on_dying(struct task *task)
{
    struct child *c = container_of(task, struct child, dying);
    const struct child_events *events = c->events;
    c->events = NULL;
    close_child(c);
    if (events)
        events->on_exit(c, &c->exit);
}

/* Its end is told in a later turn. */
static void child_dies(struct child *c, struct child_exit exit)
{
    c->exit = exit;
    task_defer(c->loop, &c->dying, on_dying);
}

void child_kill(struct child *child, int signal)
{
    child->signal = signal;
    if (keeper.ends_by_signal)
        child_dies(child, (struct child_exit){.started = true, .signal = signal});
}

void child_release(struct child *child)
{
    child->events = NULL;
    child->released = true;
    task_cancel(child->loop, &child->dying);
    close_child(child);
}

/* What a process does. */

static void child_sends(struct child *c, struct str bytes)
{
    if (c->socket < 0) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(c->port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        c->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(c->socket, (struct sockaddr *)&address, sizeof(address));
        loop_turn(c->loop);
    }
    while (bytes.len > 0) {
        ssize_t sent = send(c->socket, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent > 0)
            bytes = str_skip(bytes, (size_t)sent);
        else
            loop_turn(c->loop);
    }
}

/* One answer's head and body, "" where the connection has ended. */
static struct str child_hears(struct child *c)
{
    for (;;) {
        struct str got = buf_str(&c->got);
        size_t head = str_find_str(got, STR("\r\n\r\n"));
        size_t at = str_find_str(got, STR("content-length: "));
        if (head < got.len && at < head) {
            size_t body = (size_t)strtoul(got.at + at + 16, NULL, 10);
            if (got.len >= head + 4 + body)
                return got;
        }
        char piece[4096];
        ssize_t len = recv(c->socket, piece, sizeof(piece), 0);
        if (len == 0)
            return STR("");
        if (len > 0)
            buf_append(&c->got, str_of(piece, (size_t)len));
        else
            loop_turn(c->loop);
    }
}

static struct str child_asks(struct child *c, struct str request)
{
    buf_clear(&c->got);
    child_sends(c, request);
    return child_hears(c);
}

#define NEXT STR("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")

/* The request id of the last invocation that came. */
static struct str id_of(struct str answer)
{
    static const char name[] = "Lambda-Runtime-Aws-Request-Id: ";
    size_t at = str_find_str(answer, str_from(name));
    assert_true(at < answer.len);
    return str_of(answer.at + at + sizeof(name) - 1, 36);
}

static struct str child_posts(struct child *c, struct str id, const char *what, struct str body)
{
    scoped_buf struct buf request = {0};
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%" STR_F "/%s HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: %zu\r\n\r\n",
               STR_A(id), what, body.len);
    buf_append(&request, body);
    return child_asks(c, buf_str(&request));
}

#endif
