/* SPDX-License-Identifier: Apache-2.0 */
/* Plays a client that sends anything in pieces of any size, and a handler that does what the
 * request's target asks for. Whatever comes, each request is over exactly once, and the connection
 * closes when the client has ended. The first byte is the size of the pieces. */
#include "turnpike/net/http_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#include "fuzz.h"

static struct {
    struct loop loop;
    struct http_server server;
    char *memory;
    bool in_request, closed, pauses;
} play;

static char *head_memory(struct http_connection *c, size_t size)
{
    (void)c;
    REQUIRE(!play.in_request && !play.memory);
    play.memory = xmalloc(size);
    return play.memory;
}

static void respond(struct http_connection *c, unsigned status)
{
    struct header header = {STR("x-fuzz"), STR("a\r\nb")};
    struct http_answer answer = {
        .status = status, .headers = &header, .header_count = 1, .body = STR("body")};
    http_connection_respond(c, &answer);
}

static void stream(struct http_connection *c)
{
    http_connection_respond_head(c, &(struct http_answer){.status = 200});
    if (http_connection_respond_bytes(c, STR("piece")))
        http_connection_respond_end(c);
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    REQUIRE(!play.in_request);
    play.in_request = true;
    play.pauses = false;
    switch (head->target.len > 1 ? head->target.at[1] : 0) {
    case 'r':
        respond(c, 200);
        break;
    case 's':
        stream(c);
        break;
    case 'n':
        respond(c, 204);
        break;
    case 'a':
        http_connection_abort(c);
        play.in_request = false;
        break;
    case 'q':
        http_connection_shutdown(c);
        http_connection_read_body(c);
        break;
    case 'p':
        play.pauses = true;
        http_connection_read_body(c);
        break;
    default:
        http_connection_read_body(c);
    }
}

static void on_error(struct http_connection *c, unsigned status, const char *why)
{
    REQUIRE(why);
    play.in_request = true;
    respond(c, status);
}

static void on_body(struct http_connection *c, struct str bytes)
{
    REQUIRE(play.in_request && bytes.len > 0);
    if (!play.pauses)
        return;
    http_connection_pause_body(c);
    respond(c, 413);
    play.pauses = false;
}

static void on_trailer(struct http_connection *c, struct str name, struct str value)
{
    REQUIRE(play.in_request && http_is_token(name) && http_is_field_value(value));
    REQUIRE(str_eq(str_trim(value), value));
    if (str_is(value, "a")) {
        http_connection_abort(c);
        play.in_request = false;
    }
    if (str_is(value, "p")) {
        http_connection_pause_body(c);
        respond(c, 413);
    }
}

static void on_body_end(struct http_connection *c)
{
    REQUIRE(play.in_request);
    respond(c, 200);
}

static void on_writable(struct http_connection *c)
{
    http_connection_respond_end(c);
}

static void on_gone(struct http_connection *c, bool complete)
{
    (void)c, (void)complete;
    REQUIRE(play.in_request);
    play.in_request = false;
    free(play.memory);
    play.memory = NULL;
}

static void on_closed(struct http_connection *c)
{
    (void)c;
    REQUIRE(!play.in_request && !play.closed);
    play.closed = true;
    free(play.memory);
    play.memory = NULL;
}

static const struct http_connection_events events = {
    head_memory, on_head,     on_error, on_body,   on_trailer,
    on_body_end, on_writable, on_gone,  on_closed,
};

static void begin_once(void)
{
    static const struct http_server_options options = {
        .head_max = 512,
        .trailers_max = 256,
        .header_timeout = 60000000,
        .body_timeout = 60000000,
        .keep_alive_timeout = 60000000,
        .send_timeout = 60000000,
    };
    if (play.server.loop)
        return;
    loop_init(&play.loop);
    http_server_init(&play.server, &play.loop, &options, &events);
}

static void drop_answers(int client)
{
    char answers[4096];
    while (recv(client, answers, sizeof(answers), MSG_DONTWAIT) > 0)
        ;
}

static void send_pieces(int client, const uint8_t *data, size_t size, size_t piece)
{
    while (size > 0 && !play.closed) {
        size_t len = size < piece ? size : piece;
        if (send(client, data, len, MSG_NOSIGNAL) < 0)
            return;
        (void)uv_run(&play.loop.uv, UV_RUN_NOWAIT);
        drop_answers(client);
        data += len;
        size -= len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    if (size < 2 || size > 65536)
        return 0;
    begin_once();
    play.closed = false;
    int failed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
    REQUIRE(!failed);
    (void)http_connection_open(&play.server, fds[0], NULL, NULL);
    send_pieces(fds[1], data + 1, size - 1, data[0] ? data[0] : 65536);
    (void)shutdown(fds[1], SHUT_WR);
    loop_run(&play.loop);
    REQUIRE(play.closed && !play.in_request);
    (void)close(fds[1]);
    return 0;
}
