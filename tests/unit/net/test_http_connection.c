/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/http_connection.h"

#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define MILLISECOND USEC_PER_MSEC
#define BIG_SIZE    (4 << 20)

/* One server, its connection, and what happened to it in words. */
struct edge {
    struct loop loop;
    struct http_server server;
    struct http_connection *connection; /* NULL once closed */
    int client;
    struct buf trace, got; /* got: what the client has read */
    char *memory;          /* the current head's */
    struct buf body;
    struct task later;
    bool by_hand;    /* the test answers */
    size_t streamed; /* of "/flood" */
    size_t stops;    /* how often respond_bytes asked to wait */
    char *big;
};

static struct edge *edge_of(struct http_connection *c)
{
    return http_connection_owner(c);
}

static void respond_text(struct http_connection *c, unsigned status, struct str body)
{
    http_connection_respond(c, &(struct http_answer){.status = status, .body = body});
}

static void on_later(struct task *task)
{
    struct edge *e = container_of(task, struct edge, later);
    respond_text(e->connection, 200, STR("later"));
}

static void answer_later(struct edge *e)
{
    task_defer(&e->loop, &e->later, on_later);
}

static void answer_hello(struct edge *e)
{
    static const struct header headers[] = {
        {STR_INIT("content-type"), STR_INIT("text/plain")},
        {STR_INIT("x-sly"), STR_INIT("a\r\nb")},
    };
    struct http_answer answer = {
        .status = 200, .headers = headers, .header_count = 2, .body = STR("hello")};
    http_connection_respond(e->connection, &answer);
}

static void answer_stream(struct edge *e)
{
    http_connection_respond_head(e->connection,
                                 &(struct http_answer){.status = 200, .body = STR("one, ")});
    assert_true(http_connection_respond_bytes(e->connection, STR("")));
    assert_true(http_connection_respond_bytes(e->connection, STR("two")));
    http_connection_respond_end(e->connection);
}

static void answer_length(struct edge *e)
{
    struct http_answer answer = {
        .status = 200, .has_content_length = true, .content_length = 3, .body = STR("ab")};
    http_connection_respond_head(e->connection, &answer);
    assert_true(http_connection_respond_bytes(e->connection, STR("c")));
    http_connection_respond_end(e->connection);
}

static void answer_big(struct edge *e)
{
    respond_text(e->connection, 200, str_of(e->big, BIG_SIZE));
}

static void answer_204(struct edge *e)
{
    respond_text(e->connection, 204, STR("nothing of this"));
}

static void answer_304(struct edge *e)
{
    respond_text(e->connection, 304, STR(""));
}

static void answer_304_with_length(struct edge *e)
{
    struct http_answer answer = {.status = 304, .has_content_length = true, .content_length = 9};
    http_connection_respond(e->connection, &answer);
}

static void answer_close(struct edge *e)
{
    http_connection_respond(e->connection, &(struct http_answer){.status = 200, .close = true});
}

static void read_and_echo(struct edge *e)
{
    http_connection_read_body(e->connection);
}

static void abort_it(struct edge *e)
{
    http_connection_abort(e->connection);
}

static void abort_half_way(struct edge *e)
{
    http_connection_respond_head(e->connection, &(struct http_answer){.status = 200});
    assert_true(http_connection_respond_bytes(e->connection, STR("half")));
    http_connection_abort(e->connection);
}

static void flood(struct edge *e)
{
    while (e->streamed < BIG_SIZE) {
        e->streamed += 65536;
        if (!http_connection_respond_bytes(e->connection, str_of(e->big, 65536))) {
            e->stops++;
            return;
        }
    }
    http_connection_respond_end(e->connection);
}

static void answer_flood(struct edge *e)
{
    http_connection_respond_head(e->connection, &(struct http_answer){.status = 200});
    flood(e);
}

static const struct {
    const char *target;
    void (*serve)(struct edge *e);
} targets[] = {
    {"/hello", answer_hello},
    {"/later", answer_later},
    {"/stream", answer_stream},
    {"/length", answer_length},
    {"/204", answer_204},
    {"/304", answer_304},
    {"/304len", answer_304_with_length},
    {"/close", answer_close},
    {"/echo", read_and_echo},
    {"/abort", abort_it},
    {"/half", abort_half_way},
    {"/big", answer_big},
    {"/flood", answer_flood},
};

static char *head_memory(struct http_connection *c, size_t size)
{
    struct edge *e = edge_of(c);
    assert_null(e->memory);
    e->memory = xmalloc(size);
    return e->memory;
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    struct edge *e = edge_of(c);
    buf_printf(&e->trace, "%" STR_F " %" STR_F ";", STR_A(head->method), STR_A(head->target));
    assert_in_range((uintptr_t)head->method.at, (uintptr_t)e->memory, (uintptr_t)e->memory + 2);
    FOR_EACH (target, targets, ARRAY_LENGTH(targets))
        if (!e->by_hand && str_is(head->target, target->target))
            target->serve(e);
}

static void on_error(struct http_connection *c, unsigned status, const char *why)
{
    struct edge *e = edge_of(c);
    assert_non_null(why);
    buf_printf(&e->trace, "error %u;", status);
    respond_text(c, status, STR("no"));
}

static void on_body(struct http_connection *c, struct str bytes)
{
    struct edge *e = edge_of(c);
    assert_true(bytes.len > 0);
    buf_append(&e->body, bytes);
}

static void on_trailer(struct http_connection *c, struct str name, struct str value)
{
    struct edge *e = edge_of(c);
    buf_printf(&e->trace, "%" STR_F "=%" STR_F ";", STR_A(name), STR_A(value));
    if (str_is(value, "abort"))
        http_connection_abort(c);
    if (str_is(value, "pause"))
        http_connection_pause_body(c);
    if (str_is(value, "answer"))
        respond_text(c, 200, STR("early"));
}

static void on_body_end(struct http_connection *c)
{
    struct edge *e = edge_of(c);
    buf_printf(&e->trace, "body %zu;", buf_len(&e->body));
    if (!e->by_hand)
        respond_text(c, 200, buf_str(&e->body));
}

static void on_writable(struct http_connection *c)
{
    flood(edge_of(c));
}

static void on_gone(struct http_connection *c, bool complete)
{
    struct edge *e = edge_of(c);
    buf_append(&e->trace, complete ? STR("done;") : STR("gone;"));
    free(e->memory);
    e->memory = NULL;
    buf_release(&e->body);
}

static void on_closed(struct http_connection *c)
{
    struct edge *e = edge_of(c);
    buf_append(&e->trace, STR("closed"));
    e->connection = NULL;
}

static const struct http_connection_events events = {
    head_memory, on_head,     on_error, on_body,   on_trailer,
    on_body_end, on_writable, on_gone,  on_closed,
};

static const struct http_server_options patient = {
    .head_max = 1024,
    .header_timeout = 60 * USEC_PER_SEC,
    .body_timeout = 60 * USEC_PER_SEC,
    .keep_alive_timeout = 60 * USEC_PER_SEC,
    .send_timeout = 60 * USEC_PER_SEC,
};

static void set_nonblocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

/* A connected pair of TCP sockets, for what a UNIX pair cannot do: reset. */
static void tcp_pair(int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[1], (struct sockaddr *)&address, len), 0);
    fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fds[0] >= 0);
    (void)close(listener);
}

static void edge_open(struct edge *e, const struct http_server_options *options, bool tcp)
{
    int fds[2];
    *e = (struct edge){0};
    loop_init(&e->loop);
    http_server_init(&e->server, &e->loop, options, &events);
    if (tcp)
        tcp_pair(fds);
    else
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    set_nonblocking(fds[0]);
    set_nonblocking(fds[1]);
    e->client = fds[1];
    e->big = xcalloc(1, BIG_SIZE);
    e->connection = http_connection_open(&e->server, fds[0], NULL, e);
}

static void edge_close(struct edge *e)
{
    if (e->client >= 0)
        (void)close(e->client);
    loop_run(&e->loop);
    assert_null(e->connection);
    http_server_release(&e->server);
    loop_release(&e->loop);
    free(e->memory);
    buf_release(&e->body);
    buf_release(&e->trace);
    buf_release(&e->got);
    free(e->big);
}

/* One turn of the loop that waits for something to happen, and the client's reading. */
static void turn(struct edge *e)
{
    (void)uv_run(&e->loop.uv, UV_RUN_ONCE);
}

static ssize_t client_read(struct edge *e)
{
    ssize_t got = read(e->client, buf_reserve(&e->got, 65536), 65536);
    if (got > 0)
        buf_commit(&e->got, (size_t)got);
    return got < 0 ? -errno : got;
}

static void client_write(struct edge *e, struct str s)
{
    assert_int_equal(write(e->client, s.at, s.len), s.len);
}

/* Turns until the client has received `text`; nothing else ends it but the test's own alarm. */
static void await_text(struct edge *e, struct str text)
{
    while (str_find_str(buf_str(&e->got), text) == buf_len(&e->got)) {
        (void)uv_run(&e->loop.uv, UV_RUN_NOWAIT);
        (void)client_read(e);
    }
}

static void await_trace(struct edge *e, const char *trace)
{
    while (!str_is(buf_str(&e->trace), trace)) {
        struct str so_far = buf_str(&e->trace);
        if (!str_starts_with(str_from(trace), so_far))
            assert_str_equal(so_far, str_from(trace));
        turn(e);
    }
}

/* Everything up to the end, without the lines that tell the time. */
static struct str drain_client(struct edge *e)
{
    while (client_read(e) > 0)
        ;
    struct str line = STR("date: ");
    struct buf kept = {0};
    struct str rest = buf_str(&e->got), part;
    while (str_split(&rest, '\n', &part)) {
        if (str_starts_with(part, line))
            continue;
        buf_append(&kept, part);
        if (rest.at)
            buf_append_char(&kept, '\n');
    }
    buf_release(&e->got);
    e->got = kept;
    return buf_str(&e->got);
}

#define GET(target)       "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_5              "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: "
#define HELLO_HEAD        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-sly: a  b\r\n"
#define HELLO(connection) HELLO_HEAD "content-length: 5\r\nconnection: " connection "\r\n\r\nhello"
#define ERROR(status_line)                                                                         \
    "HTTP/1.1 " status_line "\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"

/* Each is sent in one piece and byte by byte, then the client ends its side: a whole dialogue. */
static const struct {
    const char *name;
    const char *input, *trace, *output;
} dialogues[] = {
    {"one request", GET("/hello"), "GET /hello;done;closed", HELLO("keep-alive")},
    {"answered outside of the event", GET("/later"), "GET /later;done;closed",
     OK_5 "keep-alive\r\n\r\nlater"},
    {"pipelined, in order", GET("/later") GET("/hello") GET("/later"),
     "GET /later;done;GET /hello;done;GET /later;done;closed",
     OK_5 "keep-alive\r\n\r\nlater" HELLO("keep-alive") OK_5 "keep-alive\r\n\r\nlater"},
    {"an empty line between", GET("/hello") "\r\n" GET("/hello"),
     "GET /hello;done;GET /hello;done;closed", HELLO("keep-alive") HELLO("keep-alive")},
    {"HEAD keeps the length and drops the body", "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n",
     "HEAD /hello;done;closed", HELLO_HEAD "content-length: 5\r\nconnection: keep-alive\r\n\r\n"},
    {"HEAD of a stream", "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD /stream;done;closed",
     "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\n\r\n"},
    {"204 has neither body nor length", GET("/204"), "GET /204;done;closed",
     "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n"},
    {"304 has no body", GET("/304"), "GET /304;done;closed",
     "HTTP/1.1 304 Not Modified\r\nconnection: keep-alive\r\n\r\n"},
    {"304 may tell a length", GET("/304len"), "GET /304len;done;closed",
     "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\nconnection: keep-alive\r\n\r\n"},
    {"chunked", GET("/stream"), "GET /stream;done;closed",
     "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
     "5\r\none, \r\n3\r\ntwo\r\n0\r\n\r\n"},
    {"a stream of a known length", GET("/length"), "GET /length;done;closed",
     "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive\r\n\r\nabc"},
    {"HTTP/1.0 knows no chunks", "GET /stream HTTP/1.0\r\n\r\n", "GET /stream;done;closed",
     "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\none, two"},
    {"HTTP/1.0 may ask to go on", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     "GET /hello;done;closed", HELLO("keep-alive")},
    {"Connection: close", "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
     "GET /hello;done;closed", HELLO("close")},
    {"nothing follows a close", GET("/close") GET("/hello"), "GET /close;done;closed",
     "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"},
    {"a body with a length", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde",
     "POST /echo;body 5;done;closed", OK_5 "keep-alive\r\n\r\nabcde"},
    {"a chunked body",
     "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
     "POST /echo;body 5;done;closed", OK_5 "keep-alive\r\n\r\nabcde"},
    {"a body that is asked for and is not there", GET("/echo"), "GET /echo;body 0;done;closed",
     "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n"},
    {"an unread body is skipped",
     "POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde" GET("/hello"),
     "POST /hello;done;GET /hello;done;closed", HELLO("keep-alive") HELLO("keep-alive")},
    {"an unread chunked body is skipped",
     "POST /hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" GET(
         "/hello"),
     "POST /hello;done;GET /hello;done;closed", HELLO("keep-alive") HELLO("keep-alive")},
    {"an unread body too long to skip",
     "POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\nabc",
     "POST /hello;done;closed", HELLO("close")},
    {"a refusal where 100 is awaited",
     "POST /hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
     "POST /hello;done;closed", HELLO("close")},
    {"no request", "", "closed", ""},
    {"half a head", "GET /hello HTTP/1.1\r\nHo", "closed", ""},
    {"half a body", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc",
     "POST /echo;gone;closed", ""},
    {"half a chunk", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
     "POST /echo;gone;closed", ""},
    {"half a body that nobody awaits",
     "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc", "POST /later;done;closed",
     OK_5 "keep-alive\r\n\r\nlater"},
    {"garbage", "\x16\x03\x01", "error 400;done;closed", ERROR("400 Bad Request")},
    {"a malformed head", "GET /hello HTTP/1.1\r\nHost : h\r\n\r\n" GET("/hello"),
     "error 400;done;closed", ERROR("400 Bad Request")},
    {"another major version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "error 505;done;closed",
     ERROR("505 HTTP Version Not Supported")},
    {"an unknown coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
     "error 501;done;closed", ERROR("501 Not Implemented")},
    {"a malformed chunk",
     "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
     "POST /echo;error 400;done;closed", ERROR("400 Bad Request")},
    {"aborted", GET("/abort") GET("/hello"), "GET /abort;closed", ""},
    {"aborted half way", GET("/half"), "GET /half;closed",
     "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
     "4\r\nhalf\r\n"},
};

static void feed(struct edge *e, struct str input, size_t piece)
{
    for (; input.len > 0; input = str_skip(input, piece)) {
        struct str now = str_head(input, piece);
        ssize_t sent = send(e->client, now.at, now.len, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the connection was closed for what came before */
        (void)uv_run(&e->loop.uv, UV_RUN_NOWAIT);
    }
}

static void check_dialogues(size_t piece)
{
    FOR_EACH_CASE (c, dialogues) {
        struct edge e;
        edge_open(&e, &patient, false);
        feed(&e, str_from(c->input), piece);
        (void)shutdown(e.client, SHUT_WR);
        loop_run(&e.loop);

        struct str output = drain_client(&e), trace = buf_str(&e.trace);
        CHECK_CASE(c, str_is(trace, c->trace), "%" STR_F, STR_A(trace));
        CHECK_CASE(c, str_is(output, c->output), "%" STR_F, STR_A(output));
        edge_close(&e);
    }
}

static void test_dialogues_in_one_piece(void **state)
{
    (void)state;
    check_dialogues(SIZE_MAX);
}

static void test_dialogues_byte_by_byte(void **state)
{
    (void)state;
    check_dialogues(1);
}

static void test_dialogues_in_odd_pieces(void **state)
{
    (void)state;
    check_dialogues(7);
}

static void test_head_limit(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size; /* of the whole head */
        bool ended;  /* its empty line is sent */
        const char *trace;
    } cases[] = {
        {"exactly the limit", 1024, true, "GET /hello;done;closed"},
        {"one too many", 1025, true, "error 431;done;closed"},
        {"too many, no end", 1024, false, "error 431;done;closed"},
        {"one short of a 431", 1023, false, "closed"},
    };
    static const char start[] = "GET /hello HTTP/1.1\r\nHost: h\r\nx: ";
    FOR_EACH_CASE (c, cases) {
        struct edge e;
        struct buf head = {0};
        edge_open(&e, &patient, false);
        buf_append(&head, str_from(start));
        while (buf_len(&head) < c->size - (c->ended ? 4 : 0))
            buf_append_char(&head, 'x');
        if (c->ended)
            buf_append(&head, STR("\r\n\r\n"));
        client_write(&e, buf_str(&head));
        (void)shutdown(e.client, SHUT_WR);
        loop_run(&e.loop);
        struct str trace = buf_str(&e.trace);
        CHECK_CASE(c, str_is(trace, c->trace), "%" STR_F, STR_A(trace));
        buf_release(&head);
        edge_close(&e);
    }
}

/* A reload may lower the limit below what a connection holds already. */
static void test_head_limit_lowered_within_a_head(void **state)
{
    (void)state;
    struct edge e;
    struct http_server_options options = patient;
    options.head_max = 65536;
    edge_open(&e, &options, false);
    client_write(&e, STR("GET /hello HTTP/1.1\r\nHost: h\r\nx: "));
    memset(e.big, 'x', 30000);
    client_write(&e, str_of(e.big, 30000));
    turn(&e);
    e.server.options.head_max = 1024;
    client_write(&e, STR("x"));
    await_trace(&e, "error 431;done;");
    edge_close(&e);
}

/* The Runtime API's: a trace header and a client context in one head, a field of a megabyte. */
static void test_large_head(void **state)
{
    (void)state;
    static const size_t pieces[] = {SIZE_MAX, 4096, 100};
    struct http_server_options options = patient;
    options.head_max = 1048576 + 4096;
    struct buf head = {0};
    buf_literal(&head, "GET /hello HTTP/1.1\r\nHost: h\r\nx: ");
    memset(buf_reserve(&head, 1048576), 'x', 1048576);
    buf_commit(&head, 1048576);
    buf_literal(&head, "\r\n\r\n");
    FOR_EACH (piece, pieces, ARRAY_LENGTH(pieces)) {
        struct edge e;
        edge_open(&e, &options, false);
        struct str rest = buf_str(&head);
        while (rest.len > 0) {
            struct str now = str_head(rest, *piece);
            ssize_t sent = send(e.client, now.at, now.len, MSG_NOSIGNAL);
            rest = str_skip(rest, sent > 0 ? (size_t)sent : 0);
            (void)uv_run(&e.loop.uv, UV_RUN_NOWAIT);
        }
        await_trace(&e, "GET /hello;done;");
        edge_close(&e);
    }
    buf_release(&head);
}

#define CHUNKED(target)                                                                            \
    "POST " target " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
#define OK_3 "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive\r\n\r\nabc"

static const struct {
    const char *name;
    size_t max;
    const char *input, *trace, *output;
} trailer_dialogues[] = {
    {"none", 64, CHUNKED("/echo") "\r\n", "POST /echo;body 3;done;closed", OK_3},
    {"two, trimmed", 64, CHUNKED("/echo") "Error-Type:  a:b\t \r\nempty:\r\n\r\n",
     "POST /echo;Error-Type=a:b;empty=;body 3;done;closed", OK_3},
    {"exactly the bound", 8, CHUNKED("/echo") "A: b\r\n\r\n", "POST /echo;A=b;body 3;done;closed",
     OK_3},
    {"beyond the bound", 7, CHUNKED("/echo") "A: b\r\n\r\n", "POST /echo;error 400;done;closed",
     ERROR("400 Bad Request")},
    {"none is told before all are there", 64, CHUNKED("/echo") "A: b\r\nC : d\r\n\r\n",
     "POST /echo;error 400;done;closed", ERROR("400 Bad Request")},
    {"cut off", 64, CHUNKED("/echo") "A: b\r\n", "POST /echo;gone;closed", ""},
    {"nobody asks for them", 0, CHUNKED("/echo") "A: b\r\n\r\n", "POST /echo;body 3;done;closed",
     OK_3},
    {"behind a body that nobody reads", 64, CHUNKED("/hello") "A: b\r\n\r\n" GET("/hello"),
     "POST /hello;done;GET /hello;done;closed", HELLO("keep-alive") HELLO("keep-alive")},
    {"of each its own", 64,
     CHUNKED("/echo") "A: b\r\n\r\n" CHUNKED("/echo") "\r\n" CHUNKED("/echo") "C: d\r\n\r\n",
     "POST /echo;A=b;body 3;done;POST /echo;body 3;done;POST /echo;C=d;body 3;done;closed",
     OK_3 OK_3 OK_3},
    {"a handler that aborts", 64, CHUNKED("/echo") "A: abort\r\nC: d\r\n\r\n",
     "POST /echo;A=abort;closed", ""},
};

static void test_trailers(void **state)
{
    (void)state;
    static const size_t pieces[] = {SIZE_MAX, 1, 7};
    FOR_EACH_CASE (c, trailer_dialogues) {
        FOR_EACH (piece, pieces, ARRAY_LENGTH(pieces)) {
            struct edge e;
            struct http_server_options options = patient;
            options.trailers_max = c->max;
            edge_open(&e, &options, false);
            feed(&e, str_from(c->input), *piece);
            (void)shutdown(e.client, SHUT_WR);
            loop_run(&e.loop);
            struct str output = drain_client(&e), trace = buf_str(&e.trace);
            CHECK_CASE(c, str_is(trace, c->trace), "%" STR_F, STR_A(trace));
            CHECK_CASE(c, str_is(output, c->output), "%" STR_F, STR_A(output));
            edge_close(&e);
        }
    }
}

static void test_pause_between_trailers(void **state)
{
    (void)state;
    struct edge e;
    struct http_server_options options = patient;
    options.trailers_max = 64;
    edge_open(&e, &options, false);
    client_write(&e, STR(CHUNKED("/echo") "A: pause\r\nB: answer\r\nC: d\r\n\r\n"));
    e.by_hand = true;
    await_trace(&e, "POST /echo;");
    http_connection_read_body(e.connection);
    loop_turn(&e.loop);
    loop_turn(&e.loop);
    assert_str_equal(buf_str(&e.trace), STR("POST /echo;A=pause;"));
    http_connection_read_body(e.connection);
    loop_turn(&e.loop);
    assert_str_equal(buf_str(&e.trace), STR("POST /echo;A=pause;B=answer;C=d;body 3;done;"));
    await_text(&e, STR("early"));
    edge_close(&e);
}

static void test_answer_while_trailers_wait(void **state)
{
    (void)state;
    struct edge e;
    struct http_server_options options = patient;
    options.trailers_max = 64;
    edge_open(&e, &options, false);
    client_write(&e, STR(CHUNKED("/x") "A: pause\r\nB: c\r\n\r\n" GET("/hello")));
    await_trace(&e, "POST /x;");
    http_connection_read_body(e.connection);
    loop_turn(&e.loop);
    assert_str_equal(buf_str(&e.trace), STR("POST /x;A=pause;"));
    respond_text(e.connection, 200, STR("enough"));
    loop_turn(&e.loop);
    assert_str_equal(buf_str(&e.trace), STR("POST /x;A=pause;done;GET /hello;done;"));
    edge_close(&e);
}

static void test_expect_continue(void **state)
{
    (void)state;
    struct edge e;
    edge_open(&e, &patient, false);
    e.by_hand = true;
    client_write(&e, STR("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                         "Content-Length: 5\r\n\r\n"));
    await_trace(&e, "POST /;");
    assert_int_equal(client_read(&e), -EAGAIN); /* nothing before the door is passed */
    http_connection_read_body(e.connection);
    await_text(&e, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    client_write(&e, STR("abcde"));
    await_trace(&e, "POST /;body 5;");
    respond_text(e.connection, 200, STR(""));
    await_text(&e, STR("200 OK"));
    assert_true(str_find_str(buf_str(&e.got), STR("connection: keep-alive")) < buf_len(&e.got));
    edge_close(&e);
}

static void test_expect_continue_of_a_body_that_came(void **state)
{
    (void)state;
    struct edge e;
    edge_open(&e, &patient, false);
    client_write(&e, STR("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                         "Content-Length: 5\r\n\r\nabcde"));
    await_text(&e, STR("abcde"));
    assert_true(str_starts_with(buf_str(&e.got), STR("HTTP/1.1 200 OK")));
    edge_close(&e);
}

static void test_pause_body(void **state)
{
    (void)state;
    struct edge e;
    edge_open(&e, &patient, false);
    e.by_hand = true;
    client_write(&e, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
    await_trace(&e, "POST /;");
    http_connection_read_body(e.connection);
    http_connection_pause_body(e.connection);

    size_t sent = 0; /* until the client feels it */
    for (int turns = 0; turns < 50; turns++) {
        ssize_t len = send(e.client, e.big, 1000000 - sent, MSG_NOSIGNAL);
        sent += len > 0 ? (size_t)len : 0;
        (void)uv_run(&e.loop.uv, UV_RUN_NOWAIT);
    }
    assert_true(sent < 1000000);
    assert_int_equal(buf_len(&e.body), 0);

    http_connection_read_body(e.connection);
    while (buf_len(&e.body) < 1000000) {
        ssize_t len = send(e.client, e.big, 1000000 - sent, MSG_NOSIGNAL);
        sent += len > 0 ? (size_t)len : 0;
        (void)uv_run(&e.loop.uv, UV_RUN_NOWAIT);
    }
    await_trace(&e, "POST /;body 1000000;");
    respond_text(e.connection, 200, STR(""));
    edge_close(&e);
}

static void test_timeouts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct http_server_options options;
        const char *input, *trace, *status;
    } cases[] = {
        {"no first byte", {.head_max = 1024, .header_timeout = 50 * MILLISECOND}, "", "closed", ""},
        {"half a head",
         {.head_max = 1024, .header_timeout = 50 * MILLISECOND},
         "GET / HT",
         "error 408;done;closed",
         "HTTP/1.1 408"},
        {"half a second head",
         {.head_max = 1024,
          .header_timeout = 200 * MILLISECOND,
          .keep_alive_timeout = 60 * USEC_PER_SEC},
         GET("/hello") "GET",
         "GET /hello;done;error 408;done;closed",
         "HTTP/1.1 200"},
        {"idle",
         {.head_max = 1024,
          .header_timeout = 60 * USEC_PER_SEC,
          .keep_alive_timeout = 50 * MILLISECOND},
         GET("/hello"),
         "GET /hello;done;closed",
         "HTTP/1.1 200"},
        {"half a body",
         {.head_max = 1024, .header_timeout = 60 * USEC_PER_SEC, .body_timeout = 50 * MILLISECOND},
         "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc",
         "POST /echo;error 408;done;closed",
         "HTTP/1.1 408"},
        {"half a body to skip",
         {.head_max = 1024, .header_timeout = 60 * USEC_PER_SEC, .body_timeout = 50 * MILLISECOND},
         "POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc",
         "POST /hello;done;closed",
         "HTTP/1.1 200"},
        {"a reader that stopped",
         {.head_max = 1024, .header_timeout = 60 * USEC_PER_SEC, .send_timeout = 50 * MILLISECOND},
         GET("/big"),
         "GET /big;gone;closed",
         "HTTP/1.1 200"},
        {"a reader of a stream that stopped",
         {.head_max = 1024, .header_timeout = 60 * USEC_PER_SEC, .send_timeout = 50 * MILLISECOND},
         GET("/flood"),
         "GET /flood;gone;closed",
         "HTTP/1.1 200"},
    };
    FOR_EACH_CASE (c, cases) {
        struct edge e;
        edge_open(&e, &c->options, false);
        client_write(&e, str_from(c->input));
        uint64_t patience = clock_monotonic() + 20 * USEC_PER_SEC;
        bool lingers = strstr(c->trace, "408") != NULL;
        while (e.connection && clock_monotonic() < patience) {
            (void)uv_run(&e.loop.uv, UV_RUN_ONCE);
            if (lingers && strstr(c->trace, "done") &&
                str_ends_with(buf_str(&e.trace), STR("408;done;")))
                (void)shutdown(e.client, SHUT_WR); /* it got the message */
        }
        (void)client_read(&e);
        struct str trace = buf_str(&e.trace);
        CHECK_CASE(c, str_is(trace, c->trace), "%" STR_F, STR_A(trace));
        CHECK_CASE(c, str_starts_with(buf_str(&e.got), str_from(c->status)), "%.20s", e.got.data);
        edge_close(&e);
    }
}

static void test_lingers_for_a_client_that_is_still_sending(void **state)
{
    (void)state;
    struct edge e;
    edge_open(&e, &patient, true);
    client_write(&e, STR("POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n"));
    await_trace(&e, "POST /hello;done;");
    for (int i = 0; i < 20; i++) { /* not reset while it goes on */
        assert_true(send(e.client, e.big, 20000, MSG_NOSIGNAL) > 0 || errno == EAGAIN);
        (void)uv_run(&e.loop.uv, UV_RUN_NOWAIT);
    }
    await_text(&e, STR("connection: close\r\n\r\nhello"));
    assert_int_equal(client_read(&e), 0);
    edge_close(&e);
}

static void test_slow_reader_gets_everything(void **state)
{
    (void)state;
    static const char *const requests[] = {GET("/big"), GET("/flood")};
    FOR_EACH (request, requests, ARRAY_LENGTH(requests)) {
        struct edge e;
        edge_open(&e, &patient, false);
        memset(e.big, 'b', BIG_SIZE);
        client_write(&e, str_from(*request));
        (void)shutdown(e.client, SHUT_WR);
        while (e.connection) {
            (void)uv_run(&e.loop.uv, UV_RUN_NOWAIT);
            (void)client_read(&e);
        }
        while (client_read(&e) > 0)
            ;
        size_t bytes = 0;
        for (size_t i = e.got.start; i < e.got.end; i++)
            bytes += e.got.data[i] == 'b';
        assert_in_range(bytes, BIG_SIZE, BIG_SIZE + 4); /* and the head's own */
        assert_true(e.streamed == 0 || e.stops > 10);
        edge_close(&e);
    }
}

static void test_departure(void **state)
{
    (void)state;
    static const struct {
        const char *name, *input;
        bool reset;
        const char *trace;
    } cases[] = {
        {"a reset while served", GET("/x"), true, "GET /x;gone;closed"},
        {"an end while an upgrade is decided",
         "GET /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false,
         "GET /x;gone;closed"},
        {"a reset between requests", GET("/hello"), true, "GET /hello;done;closed"},
        {"an end between requests", GET("/hello"), false, "GET /hello;done;closed"},
    };
    FOR_EACH_CASE (c, cases) {
        struct edge e;
        struct linger linger = {1, 0};
        edge_open(&e, &patient, true);
        client_write(&e, str_from(c->input));
        while (buf_len(&e.trace) == 0)
            turn(&e);
        if (c->reset)
            (void)setsockopt(e.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        (void)close(e.client);
        e.client = -1;
        loop_run(&e.loop);
        struct str trace = buf_str(&e.trace);
        CHECK_CASE(c, str_is(trace, c->trace), "%" STR_F, STR_A(trace));
        edge_close(&e);
    }
}

static void test_reads_ahead_no_more_than_a_bound(void **state)
{
    (void)state;
    struct edge e;
    edge_open(&e, &patient, false);
    e.by_hand = true;
    client_write(&e, STR(GET("/first")));
    size_t sent = 0;
    for (int turns = 0; turns < 100; turns++) {
        ssize_t len = send(e.client, e.big, 100000, MSG_NOSIGNAL);
        sent += len > 0 ? (size_t)len : 0;
        (void)uv_run(&e.loop.uv, UV_RUN_NOWAIT);
    }
    assert_true(sent < 1000000); /* the kernel's buffer and the bound */
    assert_str_equal(buf_str(&e.trace), STR("GET /first;"));
    http_connection_abort(e.connection);
    edge_close(&e);
}

static size_t count_of(struct str text, struct str what)
{
    size_t count = 0, at;
    while ((at = str_find_str(text, what)) < text.len) {
        text = str_skip(text, at + what.len);
        count++;
    }
    return count;
}

/* Who sends many requests at once does not keep the loop from others. */
static void test_pipelined_requests_take_turns(void **state)
{
    struct edge e;
    (void)state;
    edge_open(&e, &patient, false);
    for (int i = 0; i < 200; i++)
        client_write(&e, STR(GET("/hello")));
    turn(&e);
    size_t at_once = count_of(buf_str(&e.trace), STR("done;"));
    assert_in_range(at_once, 1, 64);
    (void)shutdown(e.client, SHUT_WR);
    while (e.connection)
        turn(&e);
    assert_int_equal(count_of(buf_str(&e.trace), STR("GET /hello;done;")), 200);
    edge_close(&e);
}

static void test_shutdown(void **state)
{
    (void)state;
    static const struct {
        const char *name, *input;
        bool answered; /* before the shutdown */
        const char *trace, *output;
    } cases[] = {
        {"idle, never used", "", false, "closed", ""},
        {"idle", GET("/hello"), true, "GET /hello;done;closed", HELLO("keep-alive")},
        {"while served", GET("/x"), false, "GET /x;done;closed",
         "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"},
    };
    FOR_EACH_CASE (c, cases) {
        struct edge e;
        edge_open(&e, &patient, false);
        client_write(&e, str_from(c->input));
        while (buf_len(&e.trace) == 0 && c->input[0])
            turn(&e);
        http_server_shutdown(&e.server);
        if (c->input[0] && !c->answered)
            respond_text(e.connection, 200, STR("ok"));
        loop_run(&e.loop);
        struct str output = drain_client(&e), trace = buf_str(&e.trace);
        CHECK_CASE(c, str_is(trace, c->trace), "%" STR_F, STR_A(trace));
        CHECK_CASE(c, str_is(output, c->output), "%" STR_F, STR_A(output));
        edge_close(&e);
    }
}

static void test_abort_of_the_server_tells_the_requests(void **state)
{
    (void)state;
    struct edge e;
    edge_open(&e, &patient, false);
    client_write(&e, STR(GET("/x")));
    await_trace(&e, "GET /x;");
    http_server_abort(&e.server);
    assert_str_equal(buf_str(&e.trace), STR("GET /x;")); /* not from within the call */
    loop_run(&e.loop);
    assert_str_equal(buf_str(&e.trace), STR("GET /x;gone;closed"));
    edge_close(&e);
}

static void test_detach(void **state)
{
    (void)state;
    struct edge e;
    struct ssl_st *ssl;
    struct buf early = {0};
    char bytes[8];
    edge_open(&e, &patient, false);
    client_write(&e, STR("GET /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
                         "early"));
    await_trace(&e, "GET /x;");
    int fd = http_connection_detach(e.connection, &ssl, &early);
    assert_null(ssl);
    assert_str_equal(buf_str(&early), STR("early"));
    loop_run(&e.loop);
    assert_str_equal(buf_str(&e.trace), STR("GET /x;closed"));

    client_write(&e, STR("more"));
    assert_int_equal(read(fd, bytes, sizeof(bytes)), 4); /* it is open, and ours */
    (void)close(fd);
    buf_release(&early);
    edge_close(&e);
}

/* The count of glibc's own, which sanitizers replace by theirs. */
static size_t heap_in_use(void)
{
    return mallinfo2().uordblks;
}

#define CROWD 1000

static void count_closed(struct http_connection *c)
{
    (*(size_t *)http_connection_owner(c))++;
}

static void respond_empty(struct http_connection *c, const struct http_head *head)
{
    (void)head;
    http_connection_respond(c, &(struct http_answer){.status = 200});
}

static char *crowd_memory(struct http_connection *c, size_t size)
{
    static char memory[1024];
    (void)c;
    assert_true(size <= sizeof(memory));
    return memory;
}

static void ignore_gone(struct http_connection *c, bool complete)
{
    (void)c;
    assert_true(complete);
}

static void test_memory_of_idle_connections(void **state)
{
    (void)state;
    static const struct http_connection_events crowd_events = {
        .head_memory = crowd_memory,
        .on_head = respond_empty,
        .on_gone = ignore_gone,
        .on_closed = count_closed,
    };
    static int clients[CROWD];
    struct loop loop;
    struct http_server server;
    size_t closed = 0;
    loop_init(&loop);
    http_server_init(&server, &loop, &patient, &crowd_events);

    size_t before = heap_in_use();
    for (int i = 0; i < CROWD; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                         0);
        clients[i] = fds[1];
        (void)http_connection_open(&server, fds[0], NULL, &closed);
        assert_int_equal(write(fds[1], GET("/"), strlen(GET("/"))), strlen(GET("/")));
    }
    char answer[256];
    for (int i = 0; i < CROWD; i++)
        while (read(clients[i], answer, sizeof(answer)) < 0)
            (void)uv_run(&loop.uv, UV_RUN_NOWAIT);
    size_t after = heap_in_use();
    print_message("bytes for each idle connection: %zu\n", (after - before) / CROWD);
    assert_true(after - before <= CROWD * (size_t)1024);

    for (int i = 0; i < CROWD; i++)
        (void)close(clients[i]);
    loop_run(&loop);
    assert_int_equal(closed, CROWD);
    http_server_release(&server);
    loop_release(&loop);
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues_in_one_piece),
        cmocka_unit_test(test_dialogues_byte_by_byte),
        cmocka_unit_test(test_dialogues_in_odd_pieces),
        cmocka_unit_test(test_head_limit),
        cmocka_unit_test(test_head_limit_lowered_within_a_head),
        cmocka_unit_test(test_large_head),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_pause_between_trailers),
        cmocka_unit_test(test_answer_while_trailers_wait),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_expect_continue_of_a_body_that_came),
        cmocka_unit_test(test_pause_body),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_lingers_for_a_client_that_is_still_sending),
        cmocka_unit_test(test_slow_reader_gets_everything),
        cmocka_unit_test(test_departure),
        cmocka_unit_test(test_reads_ahead_no_more_than_a_bound),
        cmocka_unit_test(test_pipelined_requests_take_turns),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_abort_of_the_server_tells_the_requests),
        cmocka_unit_test(test_detach),
        cmocka_unit_test(test_memory_of_idle_connections),
    };
    return cmocka_run_group_tests_name("net/http_connection", tests, NULL, NULL);
}
