/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/peer_user.h"

#include "runtime_private.h"

#define HOUR (3600 * USEC_PER_SEC)

#define CLIENTS_MAX 16
#define DISCARD_MAX ((size_t)64 * 1024 * 1024) /* of an answer that is too large already */

/* Of connections in a second. Others' users are turned away in some microseconds: there may be many
 * of them before the worker's own have to wait. */
#define ACCEPT_ALLOWANCE 4096
#define OWN_COST         64
#define STRANGER_COST    1

/* Lambda-Runtime-Function-XRay-Error-Cause has up to 1 MiB; a stack trace comes as a trailer. */
static const struct http_server_options options = {
    .head_max = 1024 * 1024 + 64 * 1024,
    .trailers_max = 1024 * 1024,
    .header_timeout = 30 * USEC_PER_SEC,
    .body_timeout = HOUR, /* the function's own timeout comes first */
    .keep_alive_timeout = 24 * HOUR,
    .send_timeout = 60 * USEC_PER_SEC,
};

/* Connections. */

static char *on_head_memory(struct http_connection *c, size_t size)
{
    struct runtime_client *client = http_connection_owner(c);
    return arena_bytes(&client->head, size);
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    runtime_call_begin(http_connection_owner(c), head);
}

static void on_error(struct http_connection *c, unsigned status, const char *why)
{
    struct runtime_client *client = http_connection_owner(c);
    struct runtime_api *api = client->api;
    if (api->reporting == client) {
        api->reporting = NULL;
        api->events->on_broken(api);
        runtime_call_say_truncated(client);
        return;
    }
    buf_printf(&client->answer, "{\"errorMessage\":\"%s\",\"errorType\":\"InvalidRequest\"}\n",
               why);
    runtime_call_respond(client, status, "application/json");
}

/* What is too large is heard to its end, so that the runtime sees what it is told; but not for
 * ever.
 */
static void discard(struct runtime_client *client, size_t bytes)
{
    struct runtime_api *api = client->api;
    bool first = client->discarded == 0;
    client->discarded += bytes;
    buf_release(&client->body);
    if (first && api->reporting == client)
        api->events->on_too_large(api);
    if (client->discarded > DISCARD_MAX)
        http_connection_abort(client->connection);
}

static void on_body(struct http_connection *c, struct str bytes)
{
    struct runtime_client *client = http_connection_owner(c);
    if (client->discarded > 0 || buf_len(&client->body) + bytes.len > RUNTIME_ANSWER_MAX)
        discard(client, bytes.len);
    else
        buf_append(&client->body, bytes);
}

static void on_trailer(struct http_connection *c, struct str name, struct str value)
{
    struct runtime_client *client = http_connection_owner(c);
    if (str_eq_nocase(name, STR("lambda-runtime-function-error-type")))
        buf_append(&client->trailer_type, value);
    else if (str_eq_nocase(name, STR("lambda-runtime-function-error-body")))
        buf_append(&client->trailer_body, value);
}

static void on_body_end(struct http_connection *c)
{
    struct runtime_client *client = http_connection_owner(c);
    runtime_call_end(client);
}

static void on_nothing(struct http_connection *c)
{
    (void)c;
}

static void clear_client(struct runtime_client *client)
{
    struct buf *const all[] = {&client->body, &client->answer, &client->report.body,
                               &client->trailer_type, &client->trailer_body};
    FOR_EACH (b, all, ARRAY_LENGTH(all))
        buf_release(*b);
    client->call = NULL;
    client->discarded = 0;
}

static void forget_client(struct runtime_client *client)
{
    struct runtime_api *api = client->api;
    bool asked = api->waiting == client, reported = api->reporting == client;
    if (asked)
        api->waiting = NULL;
    if (reported)
        api->reporting = NULL;
    clear_client(client);
    if (asked && api->open)
        api->events->on_unasked(api);
    if (reported && api->open)
        api->events->on_broken(api);
}

static void drop_client(struct runtime_client *client)
{
    struct http_connection *c = client->connection;
    forget_client(client);
    http_connection_abort(c);
}

static void on_gone(struct http_connection *c, bool complete)
{
    struct runtime_client *client = http_connection_owner(c);
    (void)complete;
    forget_client(client);
    arena_reset(&client->head);
}

static void finish_if_over(struct runtime_api *api)
{
    if (api->open || api->listening || api->server.connection_count > 0)
        return;
    http_server_release(&api->server);
    api->events->on_closed(api);
}

static void on_client_closed(struct http_connection *c)
{
    struct runtime_client *client = http_connection_owner(c);
    struct runtime_api *api = client->api;
    forget_client(client);
    arena_release(&client->head);
    free(client);
    if (api->open && api->server.connection_count == 0)
        api->events->on_quiet(api);
    else
        finish_if_over(api);
}

static const struct http_connection_events connection_events = {
    .head_memory = on_head_memory,
    .on_head = on_head,
    .on_error = on_error,
    .on_body = on_body,
    .on_trailer = on_trailer,
    .on_body_end = on_body_end,
    .on_writable = on_nothing,
    .on_gone = on_gone,
    .on_closed = on_client_closed,
};

/* The listener. */

/* Once in a while: others must not fill the log. */
static void tell_refused(struct runtime_api *api, const char *why)
{
    if (!api->refused)
        api->events->on_refused(api, why);
    api->refused = true;
}

static bool is_worker(struct runtime_api *api, int fd)
{
    struct error error;
    uid_t user;
    if (!peer_user(fd, &user, &error)) {
        tell_refused(api, error.text);
        return false;
    }
    if (user == api->user)
        return true;
    tell_refused(api, "a process of another user connected to its Runtime API");
    return false;
}

static void on_window(struct timer *timer)
{
    struct runtime_api *api = container_of(timer, struct runtime_api, window);
    api->spent = 0;
    api->refused = false;
    listener_resume(&api->socket);
}

/* Who connects all the time waits in the kernel's queue. */
static void spend(struct runtime_api *api, unsigned cost)
{
    if (!timer_is_running(&api->window))
        timer_start(api->loop, &api->window, loop_now(api->loop) + USEC_PER_SEC, on_window);
    api->spent += cost;
    if (api->spent >= ACCEPT_ALLOWANCE)
        listener_pause(&api->socket);
}

static void on_accept(struct listener *socket, int fd, const struct sockaddr *peer)
{
    struct runtime_api *api = container_of(socket, struct runtime_api, socket);
    (void)peer;
    bool full = api->server.connection_count >= CLIENTS_MAX;
    bool own = !full && is_worker(api, fd);
    spend(api, full || own ? OWN_COST : STRANGER_COST);
    if (!own) {
        (void)close(fd);
        return;
    }
    struct runtime_client *client = xcalloc(1, sizeof(*client));
    client->api = api;
    arena_init(&client->head, 1024);
    client->connection = http_connection_open(&api->server, fd, NULL, client);
}

static void on_socket_closed(struct listener *socket)
{
    struct runtime_api *api = container_of(socket, struct runtime_api, socket);
    api->listening = false;
    finish_if_over(api);
}

static const struct listener_events socket_events = {on_accept, on_socket_closed};

bool runtime_api_open(struct runtime_api *api, struct loop *loop, uid_t user,
                      const struct runtime_events *events, struct error *ret_error)
{
    *api = (struct runtime_api){.events = events, .user = user, .loop = loop};
    struct listener_place place = {.address = STR("127.0.0.1"), .inherited = -1};
    if (!listener_open(&api->socket, loop, &place, &socket_events, ret_error))
        return false;
    http_server_init(&api->server, loop, &options, &connection_events);
    api->open = api->listening = true;
    return true;
}

uint16_t runtime_api_port(const struct runtime_api *api)
{
    return listener_port(&api->socket);
}

bool runtime_api_has_connections(const struct runtime_api *api)
{
    return api->server.connection_count > 0;
}

void runtime_api_give(struct runtime_api *api, const struct header *headers, size_t header_count,
                      struct buf *event)
{
    struct runtime_client *client = api->waiting;
    api->waiting = NULL;
    client->answer = *event;
    *event = (struct buf){0};
    struct http_answer answer = {.status = 200,
                                 .headers = headers,
                                 .header_count = header_count,
                                 .body = buf_str(&client->answer)};
    http_connection_respond(client->connection, &answer);
}

bool runtime_api_is_asked(struct runtime_api *api)
{
    if (api->waiting && http_connection_has_ended(api->waiting->connection))
        drop_client(api->waiting);
    return api->waiting != NULL;
}

void runtime_api_close(struct runtime_api *api)
{
    if (!api->open)
        return;
    api->open = false;
    timer_cancel(api->loop, &api->window);
    listener_close(&api->socket);
    http_server_abort(&api->server);
}
