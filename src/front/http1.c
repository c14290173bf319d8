/* SPDX-License-Identifier: Apache-2.0 */
#include "http1.h"

#include "turnpike/base/xalloc.h"
#include "turnpike/front/forwarded.h"
#include "websockets.h"

/* A connection's client. There is at most one exchange at a time: HTTP/1.1 answers in order. Owned
 * by its connection. */
struct client {
    struct http1_listener *listener;
    struct http_connection *connection;
    struct exchange *exchange; /* NULL between requests */
    struct sink sink;
    struct ip peer;
    bool tls;       /* this connection; its listener may have changed since */
    bool upgraded;  /* it is a WebSocket now: what ends here was the whole answer */
    bool dismissed; /* its listener does not want it any longer */
};

static void want_body(struct sink *sink)
{
    struct client *client = container_of(sink, struct client, sink);
    http_connection_read_body(client->connection);
}

/* Who asked for another protocol and is turned away has nothing more to say in this one. */
static bool refuses_upgrade(const struct exchange *x)
{
    return x->kind == EXCHANGE_CONNECT || (x->t.request.upgrade && x->t.outcome.error);
}

static void respond(struct sink *sink, const struct response *response)
{
    struct client *client = container_of(sink, struct client, sink);
    struct http_answer answer = {.status = response->status,
                                 .headers = response->headers.items,
                                 .header_count = response->headers.count,
                                 .body = response->body,
                                 .has_content_length = response->has_content_length,
                                 .content_length = response->content_length,
                                 .close = refuses_upgrade(client->exchange)};
    if (response->streamed)
        http_connection_respond_head(client->connection, &answer);
    else
        http_connection_respond(client->connection, &answer);
}

static void upgrade(struct sink *sink, const struct response *response)
{
    struct client *client = container_of(sink, struct client, sink);
    struct websocket_socket socket = {.fd = -1, .dismissed = client->dismissed};
    socket.fd = http_connection_detach(client->connection, &socket.ssl, &socket.early);
    client->upgraded = websockets_open(client->listener, &socket, client->exchange, response);
    buf_release(&socket.early);
}

static bool send_bytes(struct sink *sink, struct str bytes)
{
    struct client *client = container_of(sink, struct client, sink);
    return http_connection_respond_bytes(client->connection, bytes);
}

static void end_answer(struct sink *sink)
{
    struct client *client = container_of(sink, struct client, sink);
    http_connection_respond_end(client->connection);
}

static void abort_answer(struct sink *sink)
{
    struct client *client = container_of(sink, struct client, sink);
    http_connection_abort(client->connection);
}

static const struct sink_ops ops = {.want_body = want_body,
                                    .respond = respond,
                                    .upgrade = upgrade,
                                    .send = send_bytes,
                                    .end = end_answer,
                                    .abort = abort_answer};

static struct exchange *begin(struct client *client)
{
    const struct listener_facts *facts = &client->listener->facts;
    if (!client->exchange)
        client->exchange = exchange_new(
            client->listener->gateway,
            facts->settings->invoke_api ? EXCHANGE_INVOKE : EXCHANGE_HTTP, &client->sink, facts);
    return client->exchange;
}

static char *on_head_memory(struct http_connection *c, size_t size)
{
    return arena_bytes(&begin(http_connection_owner(c))->arena, size);
}

static void read_request(struct exchange *x, const struct http_head *head)
{
    struct request *r = &x->t.request;
    size_t path_len = str_find(head->target, '?');
    r->method = head->method;
    r->target = head->target;
    r->raw_path = str_head(head->target, path_len);
    r->query = str_skip(head->target, path_len + 1);
    r->host = head->host;
    r->header_count = head->header_count;
    r->headers = arena_alloc(&x->arena, sizeof(struct header) * head->header_count);
    memcpy(r->headers, head->headers, sizeof(struct header) * head->header_count);
    const struct header *agent = request_header(r, STR("user-agent"));
    r->user_agent = agent ? agent->value : STR("");
    r->upgrade = head->upgrade;
    r->has_body = head->framing == HTTP_BODY_LENGTH || head->framing == HTTP_BODY_CHUNKED;
    r->content_length = head->framing == HTTP_BODY_LENGTH ? head->content_length : 0;
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    struct client *client = http_connection_owner(c);
    struct exchange *x = begin(client);
    const struct http1_listener *listener = client->listener;
    read_request(x, head);
    forwarded_read(&x->t.request, listener->facts.settings, &client->peer, client->tls,
                   listener->port, &x->arena);
    exchange_start(x);
}

/* Which key of the configuration a client has met, if any: in a head, in a body. */
static const struct {
    unsigned status;
    enum gateway_response_id id;
    const char *head_limit, *body_limit;
} edge_errors[] = {
    {400, GATEWAY_BAD_REQUEST,           "",                                          ""                     },
    {408, GATEWAY_REQUEST_TIMEOUT,       " (limits.headerTimeout)",                   " (limits.bodyTimeout)"},
    {431, GATEWAY_HEADERS_TOO_LARGE,     " (limits.headerBytes; 128 fields at most)", ""                     },
    {501, GATEWAY_NOT_IMPLEMENTED,       "",                                          ""                     },
    {505, GATEWAY_VERSION_NOT_SUPPORTED, "",                                          ""                     },
};

/* What was refused before or within a request. */
static void on_error(struct http_connection *c, unsigned status, const char *why)
{
    struct exchange *x = begin(http_connection_owner(c));
    bool in_head = x->state == EXCHANGE_NEW;
    size_t i = 0;
    while (edge_errors[i].status != status)
        i++; /* these are all that there are */
    const char *limit = in_head ? edge_errors[i].head_limit : edge_errors[i].body_limit;
    exchange_refuse_now(x, edge_errors[i].id, "%s%s", why, limit);
}

static void on_body(struct http_connection *c, struct str bytes)
{
    struct client *client = http_connection_owner(c);
    exchange_on_body(client->exchange, bytes);
}

static void on_body_end(struct http_connection *c)
{
    struct client *client = http_connection_owner(c);
    exchange_on_body_end(client->exchange);
}

static void on_writable(struct http_connection *c)
{
    struct client *client = http_connection_owner(c);
    exchange_on_writable(client->exchange);
}

static void on_gone(struct http_connection *c, bool complete)
{
    struct client *client = http_connection_owner(c);
    if (client->exchange)
        exchange_on_gone(take(&client->exchange), complete);
}

static void on_closed(struct http_connection *c)
{
    struct client *client = http_connection_owner(c);
    struct http1_listener *listener = client->listener;
    if (client->exchange) /* its answer was aborted, or a 101 */
        exchange_on_gone(take(&client->exchange), client->upgraded);
    free(client);
    http1_client_gone(listener);
}

void http1_client_gone(struct http1_listener *listener)
{
    listener->clients--;
    listener->on_client_gone(listener);
}

const struct http_connection_events http1_events = {.head_memory = on_head_memory,
                                                    .on_head = on_head,
                                                    .on_error = on_error,
                                                    .on_body = on_body,
                                                    .on_body_end = on_body_end,
                                                    .on_writable = on_writable,
                                                    .on_gone = on_gone,
                                                    .on_closed = on_closed};

void http1_open(struct http_server *server, struct http1_listener *listener, int fd,
                struct ssl_st *ssl, const struct ip *peer)
{
    struct client *client = xcalloc(1, sizeof(*client));
    client->listener = listener;
    listener->clients++;
    client->sink.ops = &ops;
    client->peer = *peer;
    client->tls = ssl != NULL;
    client->connection = http_connection_open(server, fd, ssl, client);
}

static void shut_down_if_of(struct http_connection *c, void *listener)
{
    struct client *client = http_connection_owner(c);
    if (client->listener != listener)
        return;
    client->dismissed = true;
    http_connection_shutdown(c);
}

void http1_shutdown(struct http_server *server, struct http1_listener *listener)
{
    http_server_each(server, shut_down_if_of, listener);
}
