/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client_private.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

static void try_addresses(struct http_call *call);

static void on_failing(struct task *task)
{
    struct http_call *call = container_of(task, struct http_call, later);
    http_call_fail(call, &call->error);
}

static void note_failure(struct http_call *call, int number)
{
    const union address *address = &call->addresses.items[call->tried - 1];
    char text[INET6_ADDRSTRLEN] = "";
    (void)uv_ip_name(&address->any, text, sizeof(text));
    error_set(&call->error, ERROR_CONNECT, "connect to %s port %u: %s", text,
              call->client->options.port, strerror(number));
}

static void give_up_address(struct http_call *call, int number)
{
    note_failure(call, number);
    http_client_close(call->connection);
    call->connection = NULL;
    try_addresses(call);
}

/* Each address gets an equal share of the time that is left, unless the whole call ends before. */
static void on_connect_time(struct timer *timer)
{
    struct http_call *call = container_of(timer, struct http_call, timer);
    if (loop_now(call->client->loop) >= call->deadline) {
        error_set(&call->error, ERROR_TIMEOUT, "no connection in time");
        http_call_fail(call, &call->error);
    } else if (call->connection) {
        give_up_address(call, ETIMEDOUT);
    } else {
        error_set(&call->error, ERROR_CONNECT, "the name was not looked up in time");
        http_call_fail(call, &call->error);
    }
}

static void start_connect_timer(struct http_call *call)
{
    struct loop *loop = call->client->loop;
    uint64_t now = loop_now(loop), due = call->connect_deadline;
    size_t left = call->addresses.count - call->tried + 1;
    if (call->tried && due > now)
        due = now + (due - now) / left;
    timer_start(loop, &call->timer, due, on_connect_time);
}

static int open_socket(const union address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    socklen_t size = address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
    if (connect(fd, &address->any, size) == 0 || errno == EINPROGRESS)
        return fd;
    int number = errno;
    (void)close(fd);
    return -number;
}

static void open_connection(struct http_call *call, int fd)
{
    struct http_client *c = call->client;
    struct connection *conn = xcalloc(1, sizeof(*conn));
    conn->client = c;
    conn->call = call;
    conn->connecting = true;
    c->open++;
    call->connection = conn;
    stream_open(&conn->stream, c->loop, fd, NULL, &http_transfer_events);
    stream_watch(&conn->stream, false, true);
}

/* The failure of the last is told from the loop: this may run inside http_call_start. */
static void try_addresses(struct http_call *call)
{
    struct http_client *c = call->client;
    while (call->tried < call->addresses.count && loop_now(c->loop) < call->connect_deadline) {
        int fd = open_socket(&call->addresses.items[call->tried++]);
        if (fd >= 0) {
            open_connection(call, fd);
            start_connect_timer(call);
            return;
        }
        note_failure(call, -fd);
    }
    timer_cancel(c->loop, &call->timer);
    task_defer(c->loop, &call->later, on_failing);
}

static void on_resolved(struct resolver_wait *wait, const struct addresses *addresses,
                        const struct error *error)
{
    struct http_call *call = container_of(wait, struct http_call, wait);
    if (error) {
        http_call_fail(call, error);
        return;
    }
    call->addresses = *addresses;
    try_addresses(call);
}

void http_connect(struct http_call *call)
{
    struct http_client *c = call->client;
    uint64_t limit = loop_now(c->loop) + c->options.connect_timeout;
    call->connect_deadline = limit < call->deadline ? limit : call->deadline;
    call->tried = call->addresses.count = 0;
    error_set(&call->error, ERROR_CONNECT, "no time to connect");
    start_connect_timer(call);
    const struct addresses *addresses = resolver_start(c->resolver, &call->wait, on_resolved);
    if (addresses)
        on_resolved(&call->wait, addresses, NULL);
}

void http_connect_finish(struct connection *conn)
{
    int number = 0;
    socklen_t size = sizeof(number);
    (void)getsockopt(conn->stream.fd, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number) {
        give_up_address(conn->call, number);
        return;
    }
    conn->connecting = false;
    http_transfer(conn->call, conn);
}
