/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/front/admin.h"

#include <unistd.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/http_connection.h"
#include "turnpike/net/listener.h"
#include "turnpike/observe/metrics.h"

/* A scraper and a few probes; more is a mistake. */
#define CLIENTS_MAX 64

struct admin {
    struct loop *loop;
    struct admin_source source;
    struct http_server server;
    struct listener socket;
    bool open; /* the socket is */
};

/* One connection with the answer that it is given. Owned by its connection. */
struct admin_client {
    struct admin *admin;
    struct arena head;
    struct buf body;
    struct header content_type;
};

struct admin_page {
    const char *path;
    unsigned (*write)(struct admin *a, struct buf *body); /* returns the status */
    const char *content_type;
    const char *help;
};

static unsigned write_health(struct admin *a, struct buf *body)
{
    (void)a;
    buf_literal(body, "ok\n");
    return 200;
}

static unsigned write_readiness(struct admin *a, struct buf *body)
{
    bool ready = a->source.is_ready(a->source.data, body);
    if (ready)
        buf_literal(body, "ready");
    buf_append_char(body, '\n');
    return ready ? 200 : 503;
}

static unsigned write_metrics(struct admin *a, struct buf *body)
{
    a->source.refresh(a->source.data);
    metrics_write(body, a->source.counters);
    return 200;
}

static unsigned write_index(struct admin *a, struct buf *body);

static const struct admin_page endpoints[] = {
    {"/healthz", write_health,    "text/plain; charset=utf-8",                "200 while the process runs"},
    {"/readyz",  write_readiness, "text/plain; charset=utf-8",
     "200 while requests are served, 503 before and while it drains"                                      },
    {"/metrics", write_metrics,   "text/plain; version=0.0.4; charset=utf-8",
     "figures in the Prometheus text format"                                                              },
    {"/",        write_index,     "text/plain; charset=utf-8",                "this list"                 },
};

static unsigned write_index(struct admin *a, struct buf *body)
{
    (void)a;
    FOR_EACH (e, endpoints, ARRAY_LENGTH(endpoints))
        buf_printf(body, "%-10s %s\n", e->path, e->help);
    return 200;
}

static const struct admin_page *find_endpoint(struct str target)
{
    struct str path = str_head(target, str_find(target, '?'));
    FOR_EACH (e, endpoints, ARRAY_LENGTH(endpoints))
        if (str_is(path, e->path))
            return e;
    return NULL;
}

static void answer(struct http_connection *c, unsigned status, const char *content_type)
{
    struct admin_client *client = http_connection_owner(c);
    client->content_type = (struct header){STR("content-type"), str_from(content_type)};
    struct http_answer answer = {.status = status,
                                 .headers = &client->content_type,
                                 .header_count = 1,
                                 .body = buf_str(&client->body)};
    http_connection_respond(c, &answer);
}

static char *on_head_memory(struct http_connection *c, size_t size)
{
    struct admin_client *client = http_connection_owner(c);
    return arena_bytes(&client->head, size);
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    struct admin_client *client = http_connection_owner(c);
    const struct admin_page *e = find_endpoint(head->target);
    bool reads = str_eq(head->method, STR("GET")) || str_eq(head->method, STR("HEAD"));
    if (!e || !reads) {
        buf_append(&client->body, e ? STR("GET or HEAD\n") : STR("not found\n"));
        answer(c, e ? 405 : 404, "text/plain; charset=utf-8");
        return;
    }
    unsigned status = e->write(client->admin, &client->body);
    answer(c, status, e->content_type);
}

static void on_error(struct http_connection *c, unsigned status, const char *why)
{
    struct admin_client *client = http_connection_owner(c);
    buf_printf(&client->body, "%s\n", why);
    answer(c, status, "text/plain; charset=utf-8");
}

static void on_body(struct http_connection *c, struct str bytes)
{
    (void)c; /* never asked for */
    (void)bytes;
}

static void on_nothing(struct http_connection *c)
{
    (void)c;
}

static void on_gone(struct http_connection *c, bool complete)
{
    struct admin_client *client = http_connection_owner(c);
    (void)complete;
    arena_release(&client->head);
    buf_release(&client->body);
}

static void on_closed(struct http_connection *c)
{
    struct admin_client *client = http_connection_owner(c);
    arena_release(&client->head);
    buf_release(&client->body);
    free(client);
}

static const struct http_connection_events connection_events = {
    .head_memory = on_head_memory,
    .on_head = on_head,
    .on_error = on_error,
    .on_body = on_body,
    .on_body_end = on_nothing,
    .on_writable = on_nothing,
    .on_gone = on_gone,
    .on_closed = on_closed,
};

static const struct http_server_options options = {
    .head_max = 8192,
    .header_timeout = 10 * USEC_PER_SEC,
    .body_timeout = 10 * USEC_PER_SEC,
    .keep_alive_timeout = 60 * USEC_PER_SEC,
    .send_timeout = 10 * USEC_PER_SEC,
};

static void on_accept(struct listener *socket, int fd, const struct sockaddr *peer)
{
    struct admin *a = container_of(socket, struct admin, socket);
    (void)peer;
    if (a->server.connection_count >= CLIENTS_MAX) {
        (void)close(fd);
        return;
    }
    struct admin_client *client = xcalloc(1, sizeof(*client));
    client->admin = a;
    arena_init(&client->head, 1024);
    (void)http_connection_open(&a->server, fd, NULL, client);
}

static void on_socket_closed(struct listener *socket)
{
    struct admin *a = container_of(socket, struct admin, socket);
    a->open = false;
}

static const struct listener_events socket_events = {on_accept, on_socket_closed};

struct admin *admin_new(struct loop *loop, const struct admin_settings *settings,
                        const struct admin_source *source, struct error *ret_error)
{
    struct admin *a = xcalloc(1, sizeof(*a));
    a->loop = loop;
    a->source = *source;
    struct listener_place place = {.address = settings->address, .port = settings->port};
    a->open = listener_open(&a->socket, loop, &place, &socket_events, ret_error);
    if (!a->open) {
        free(a);
        return NULL;
    }
    http_server_init(&a->server, loop, &options, &connection_events);
    return a;
}

void admin_close(struct admin *a)
{
    if (!a)
        return;
    if (a->open)
        listener_close(&a->socket);
    http_server_shutdown(&a->server);
    http_server_abort(&a->server);
}

bool admin_is_over(const struct admin *a)
{
    return !a || (!a->open && a->server.connection_count == 0);
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    assert(!a->open);
    http_server_release(&a->server);
    free(a);
}
