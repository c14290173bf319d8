/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/daemon/control_address.h"

/* One peer. It reads its line, is answered, and goes; `deadline` bounds all of that. */
struct client {
    uv_pipe_t pipe;
    uv_write_t write;
    struct timer deadline;
    struct control *control;
    struct client *next; /* among the control's */
    bool answered, closing;
    size_t request_len;
    char request[CONTROL_REQUEST_MAX];
    struct buf answer;
};

struct control {
    uv_pipe_t listener;
    bool listening; /* the handle is open */
    bool freed;     /* control_free was called: goes with its last handle */
    struct loop *loop;
    const struct control_events *events;
    void *data;
    struct client *clients;
    size_t client_count;
    char *path;
    dev_t device; /* of the socket's file: somebody may have put another in its place */
    ino_t inode;
};

static void free_when_unused(struct control *control)
{
    if (!control->freed || control->listening || control->clients)
        return;
    free(control->path);
    free(control);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = container_of(handle, struct client, pipe);
    struct control *control = client->control;
    for (struct client **link = &control->clients; *link; link = &(*link)->next) {
        if (*link == client) {
            *link = client->next;
            break;
        }
    }
    control->client_count--;
    buf_release(&client->answer);
    free(client);
    free_when_unused(control);
}

static void close_client(struct client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    timer_cancel(client->control->loop, &client->deadline);
    uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void on_deadline(struct timer *timer)
{
    close_client(container_of(timer, struct client, deadline));
}

static void on_written(uv_write_t *write, int status UNUSED)
{
    close_client(container_of(write, struct client, write));
}

static void ask_daemon(struct client *client, struct str request)
{
    const struct control *control = client->control;
    if (str_is(request, "reload"))
        control->events->on_reload(control->data, &client->answer);
    else if (str_is(request, "status"))
        control->events->on_status(control->data, &client->answer);
    else
        buf_literal(&client->answer, "{\"error\":\"unknown request\"}");
}

static void answer(struct client *client, struct str request)
{
    client->answered = true;
    uv_read_stop((uv_stream_t *)&client->pipe);
    ask_daemon(client, request);
    buf_append_char(&client->answer, '\n');

    /* A reload may have taken long: the time to take the answer starts now. */
    struct loop *loop = client->control->loop;
    loop_update(loop);
    timer_start(loop, &client->deadline, loop_now(loop) + CONTROL_CLIENT_TIMEOUT, on_deadline);
    struct str text = buf_str(&client->answer);
    uv_buf_t bytes = {.base = client->answer.data + client->answer.start, .len = text.len};
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &bytes, 1, on_written) != 0)
        close_client(client);
}

static void on_allocate(uv_handle_t *handle, size_t suggested UNUSED, uv_buf_t *ret_room)
{
    struct client *client = container_of(handle, struct client, pipe);
    *ret_room = uv_buf_init(client->request + client->request_len,
                            (unsigned)(CONTROL_REQUEST_MAX - client->request_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *room UNUSED)
{
    struct client *client = container_of(stream, struct client, pipe);
    if (len < 0) { /* the end, an error, or a line that is too long */
        close_client(client);
        return;
    }
    client->request_len += (size_t)len;
    struct str text = str_of(client->request, client->request_len);
    size_t end = str_find(text, '\n');
    if (end < text.len)
        answer(client, str_head(text, end));
}

static bool peer_may_ask(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void start_client(struct client *client)
{
    struct loop *loop = client->control->loop;
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&client->pipe, &fd) != 0 || !peer_may_ask(fd) ||
        client->control->client_count > CONTROL_CLIENTS_MAX ||
        uv_read_start((uv_stream_t *)&client->pipe, on_allocate, on_read) != 0) {
        close_client(client);
        return;
    }
    timer_start(loop, &client->deadline, loop_now(loop) + CONTROL_CLIENT_TIMEOUT, on_deadline);
}

static struct client *add_client(struct control *control)
{
    struct client *client = xcalloc(1, sizeof(*client));
    client->control = control;
    client->next = control->clients;
    control->clients = client;
    control->client_count++;
    (void)uv_pipe_init(&control->loop->uv, &client->pipe, 0);
    return client;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *control = container_of(listener, struct control, listener);
    if (status != 0)
        return;
    struct client *client = add_client(control);
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) == 0)
        start_client(client);
    else
        close_client(client);
}

void control_adopt(struct control *control, int fd)
{
    struct client *client = add_client(control);
    if (uv_pipe_open(&client->pipe, fd) == 0) {
        start_client(client);
        return;
    }
    close(fd);
    close_client(client);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct control *control = container_of(handle, struct control, listener);
    control->listening = false;
    free_when_unused(control);
}

void control_free(struct control *control)
{
    struct stat status;
    if (!control)
        return;
    control->freed = true;
    if (control->path && stat(control->path, &status) == 0 && status.st_dev == control->device &&
        status.st_ino == control->inode)
        (void)unlink(control->path);
    for (struct client *client = control->clients; client; client = client->next)
        close_client(client);
    if (control->listening)
        uv_close((uv_handle_t *)&control->listener, on_listener_closed);
    free_when_unused(control);
}

struct control *control_new_detached(struct loop *loop, const struct control_events *events,
                                     void *data)
{
    struct control *control = xcalloc(1, sizeof(*control));
    control->loop = loop;
    control->events = events;
    control->data = data;
    return control;
}

/* Takes over fd, which is bound. */
static int listen_on(struct control *control, int fd)
{
    (void)uv_pipe_init(&control->loop->uv, &control->listener, 0);
    control->listening = true;
    int failed = uv_pipe_open(&control->listener, fd);
    if (failed)
        close(fd);
    return failed
               ? failed
               : uv_listen((uv_stream_t *)&control->listener, CONTROL_CLIENTS_MAX, on_connection);
}

struct control *control_new(struct loop *loop, const char *path,
                            const struct control_events *events, void *data,
                            struct error *ret_error)
{
    struct stat status;
    int fd = control_bind(path, ret_error);
    if (fd < 0)
        return NULL;

    struct control *control = control_new_detached(loop, events, data);
    control->path = xstrdup(path);
    if (stat(path, &status) == 0) {
        control->device = status.st_dev;
        control->inode = status.st_ino;
    }
    int failed = listen_on(control, fd);
    if (!failed)
        return control;
    error_set_errno(ret_error, -failed, "%s", path);
    control_free(control);
    return NULL;
}
