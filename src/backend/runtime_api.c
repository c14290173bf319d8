/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_api.h"

#include <unistd.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/peer_user.h"

#define API  "/2018-06-01/runtime/"
#define HOUR (3600 * USEC_PER_SEC)

#define CLIENTS_MAX 16
#define DISCARD_MAX ((size_t)64 * 1024 * 1024) /* of an answer that is too large already */

/* Lambda-Runtime-Function-XRay-Error-Cause has up to 1 MiB; a stack trace comes as a trailer. */
static const struct http_server_options options = {
    .head_max = 1024 * 1024 + 64 * 1024,
    .trailers_max = 1024 * 1024,
    .header_timeout = 30 * USEC_PER_SEC,
    .body_timeout = HOUR, /* the function's own timeout comes first */
    .keep_alive_timeout = 24 * HOUR,
    .send_timeout = 60 * USEC_PER_SEC,
};

/* One connection of the worker, with the request that it has under way. Owned by its connection. */
struct runtime_client {
    struct runtime_api *api;
    struct http_connection *connection;
    struct arena head;
    const struct runtime_call *call;
    struct buf body, answer;
    struct runtime_report report;
    struct buf trailer_type, trailer_body;
    struct header content_type;
    size_t discarded; /* bytes; not 0: the report is too large */
};

/* One path of the API. */
struct runtime_call {
    const char *method;
    struct str before, behind; /* the request id, where there is one */
    void (*begin)(struct runtime_client *client, struct str request_id);
    void (*end)(struct runtime_client *client);
};

/* Answers. */

static void respond(struct runtime_client *client, unsigned status, const char *content_type)
{
    client->content_type = (struct header){STR("content-type"), str_from(content_type)};
    struct http_answer answer = {.status = status,
                                 .headers = &client->content_type,
                                 .header_count = 1,
                                 .body = buf_str(&client->answer)};
    http_connection_respond(client->connection, &answer);
}

static void accept_report(struct runtime_client *client)
{
    buf_literal(&client->answer, "{\"status\":\"OK\"}\n");
    respond(client, 202, "application/json");
}

/* What the Runtime API says of mistakes (AWS: Lambda, Runtime API, "ErrorResponse"). */
static const struct runtime_error {
    unsigned status;
    const char *type, *message;
} wrong_id = {400, "InvalidRequestID", "Invalid request ID"},
  wrong_state = {403, "InvalidStateTransition",
                 "State transition failed for runtime. Error: not allowed in the current state"},
  too_large = {413, "RequestEntityTooLarge",
               "Exceeded maximum allowed payload size (6291556 bytes)."},
  truncated = {400, "TruncatedHTTPRequest", "HTTP request detected as truncated"},
  wrong_mode = {400, "InvalidFunctionResponseMode", "Invalid function response mode"},
  not_found = {404, "NotFound", "The Runtime API has no such path"},
  no_logs = {202, "Logs.NotSupported", "Logs API is not supported"},
  no_telemetry = {202, "Telemetry.NotSupported", "Telemetry API is not supported"};

static void say(struct runtime_client *client, const struct runtime_error *error)
{
    buf_printf(&client->answer, "{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}\n", error->message,
               error->type);
    respond(client, error->status, "application/json");
}

static bool is_accepted(struct runtime_client *client, enum runtime_verdict verdict)
{
    if (verdict != RUNTIME_ACCEPTED)
        say(client, verdict == RUNTIME_WRONG_ID ? &wrong_id : &wrong_state);
    return verdict == RUNTIME_ACCEPTED;
}

/* The calls. */

static void begin_next(struct runtime_client *client, struct str request_id)
{
    struct runtime_api *api = client->api;
    (void)request_id;
    if (api->waiting) {
        say(client, &wrong_state);
        return;
    }
    api->waiting = client;
    enum runtime_verdict verdict = api->events->on_next(api);
    if (verdict != RUNTIME_ACCEPTED)
        api->waiting = NULL;
    (void)is_accepted(client, verdict);
}

static void begin_report(struct runtime_client *client, struct str request_id)
{
    struct runtime_api *api = client->api;
    if (api->reporting) {
        say(client, &wrong_state);
        return;
    }
    if (!is_accepted(client, api->events->on_begin(api, request_id)))
        return;
    api->reporting = client;
    http_connection_read_body(client->connection);
}

static void begin_response(struct runtime_client *client, struct str request_id)
{
    struct str mode = client->report.error_type; /* where on_head has put it */
    client->report.error_type = STR("");
    if (mode.len > 0 && !str_eq_nocase(mode, STR("streaming")))
        say(client, &wrong_mode);
    else
        begin_report(client, request_id);
}

static void begin_error(struct runtime_client *client, struct str request_id)
{
    client->report.failed = true;
    begin_report(client, request_id);
}

static void take_body(struct runtime_client *client)
{
    client->report.body = client->body;
    client->body = (struct buf){0};
}

/* The stream broke off in the function: what came of it is nothing, and the trailers say why. */
static void take_trailers(struct runtime_client *client)
{
    struct runtime_report *report = &client->report;
    struct str decoded;
    report->failed = true;
    report->error_type = buf_str(&client->trailer_type);
    report->content_type = STR("application/json");
    buf_clear(&report->body);
    if (base64_decode(&client->head, buf_str(&client->trailer_body), &decoded))
        buf_append(&report->body, decoded);
}

static void end_report(struct runtime_client *client)
{
    struct runtime_api *api = client->api;
    api->reporting = NULL;
    if (client->discarded > 0) {
        say(client, &too_large);
        return;
    }
    take_body(client);
    if (buf_len(&client->trailer_type) > 0)
        take_trailers(client);
    accept_report(client);
    api->events->on_report(api, &client->report);
}

static void begin_init_error(struct runtime_client *client, struct str request_id)
{
    struct runtime_api *api = client->api;
    (void)request_id;
    client->report.failed = true;
    if (is_accepted(client, api->events->on_init_begin(api)))
        http_connection_read_body(client->connection);
}

static void end_init_error(struct runtime_client *client)
{
    struct runtime_api *api = client->api;
    if (client->discarded > 0) {
        say(client, &too_large);
        return;
    }
    take_body(client);
    accept_report(client);
    api->events->on_init_error(api, &client->report);
}

static void begin_ping(struct runtime_client *client, struct str request_id)
{
    (void)request_id;
    buf_literal(&client->answer, "pong");
    respond(client, 200, "text/plain; charset=utf-8");
}

static void begin_logs(struct runtime_client *client, struct str request_id)
{
    (void)request_id;
    say(client, &no_logs);
}

static void begin_telemetry(struct runtime_client *client, struct str request_id)
{
    (void)request_id;
    say(client, &no_telemetry);
}

#define NOTHING STR_INIT("")

static const struct runtime_call calls[] = {
    {"GET",  STR_INIT(API "invocation/next"),   NOTHING,               begin_next,       NULL          },
    {"POST", STR_INIT(API "invocation/"),       STR_INIT("/response"), begin_response,   end_report    },
    {"POST", STR_INIT(API "invocation/"),       STR_INIT("/error"),    begin_error,      end_report    },
    {"POST", STR_INIT(API "init/error"),        NOTHING,               begin_init_error, end_init_error},
    {"GET",  STR_INIT("/ping"),                 NOTHING,               begin_ping,       NULL          },
    {"PUT",  STR_INIT("/2020-08-15/logs"),      NOTHING,               begin_logs,       NULL          },
    {"PUT",  STR_INIT("/2022-07-01/telemetry"), NOTHING,               begin_telemetry,  NULL          },
};

/* "BEFORE{id}BEHIND", or BEFORE alone where nothing is behind. */
static bool matches(const struct runtime_call *call, struct str path, struct str *ret_id)
{
    *ret_id = str_skip(path, call->before.len);
    if (!str_starts_with(path, call->before))
        return false;
    if (call->behind.len == 0)
        return ret_id->len == 0;
    if (ret_id->len <= call->behind.len || !str_ends_with(*ret_id, call->behind))
        return false;
    *ret_id = str_head(*ret_id, ret_id->len - call->behind.len);
    return true;
}

static struct str value_of(const struct http_head *head, const char *name)
{
    const struct header *h = http_find_header(head->headers, head->header_count, str_from(name));
    return h ? h->value : STR("");
}

/* Connections. */

static char *on_head_memory(struct http_connection *c, size_t size)
{
    struct runtime_client *client = http_connection_owner(c);
    return arena_bytes(&client->head, size);
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    struct runtime_client *client = http_connection_owner(c);
    struct str path = str_head(head->target, str_find(head->target, '?')), id;
    FOR_EACH (call, calls, ARRAY_LENGTH(calls)) {
        if (!str_is(head->method, call->method) || !matches(call, path, &id))
            continue;
        client->call = call;
        client->report = (struct runtime_report){
            .content_type = value_of(head, "content-type"),
            .error_type = value_of(head, call->begin == begin_response
                                             ? "lambda-runtime-function-response-mode"
                                             : "lambda-runtime-function-error-type")};
        call->begin(client, id);
        return;
    }
    say(client, &not_found);
}

static void on_error(struct http_connection *c, unsigned status, const char *why)
{
    struct runtime_client *client = http_connection_owner(c);
    struct runtime_api *api = client->api;
    if (api->reporting == client) {
        api->reporting = NULL;
        api->events->on_broken(api);
        say(client, &truncated);
        return;
    }
    buf_printf(&client->answer, "{\"errorMessage\":\"%s\",\"errorType\":\"InvalidRequest\"}\n",
               why);
    respond(client, status, "application/json");
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
    if (client->call && client->call->end)
        client->call->end(client);
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
    bool reported = api->reporting == client;
    if (api->waiting == client)
        api->waiting = NULL;
    if (reported)
        api->reporting = NULL;
    clear_client(client);
    if (reported && api->open)
        api->events->on_broken(api);
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

static bool is_worker(struct runtime_api *api, int fd)
{
    struct error error;
    uid_t user;
    if (!peer_user(fd, &user, &error)) {
        api->events->on_refused(api, error.text);
        return false;
    }
    if (user == api->user)
        return true;
    api->events->on_refused(api, "a process of another user connected to its Runtime API");
    return false;
}

static void on_accept(struct listener *socket, int fd, const struct sockaddr *peer)
{
    struct runtime_api *api = container_of(socket, struct runtime_api, socket);
    (void)peer;
    if (api->server.connection_count >= CLIENTS_MAX || !is_worker(api, fd)) {
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

bool runtime_api_is_asked(const struct runtime_api *api)
{
    return api->waiting != NULL;
}

void runtime_api_close(struct runtime_api *api)
{
    if (!api->open)
        return;
    api->open = false;
    listener_close(&api->socket);
    http_server_abort(&api->server);
}
