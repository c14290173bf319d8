/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/http_client.h"

#include <unistd.h>

#include "support/fake_server.h"

#define TIMEOUT   (5 * USEC_PER_SEC)
#define BODY_MAX  32
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct fixture {
    struct loop loop;
    struct fake_server server;
    struct http_client *client;
    size_t done;
    /* of the last call that ended */
    enum error_code code;
    unsigned status;
    struct buf body, field; /* field: of X-Test */
    char why[256];
};

static struct http_client_options options_for(const struct fixture *f)
{
    return (struct http_client_options){.host = STR("127.0.0.1"),
                                        .port = f->server.port,
                                        .connect_timeout = USEC_PER_SEC,
                                        .keep_alive_timeout = 4 * USEC_PER_SEC,
                                        .answer_max = BODY_MAX,
                                        .idle_max = 64};
}

static void setup(struct fixture *f, fake_request_fn *on_request)
{
    *f = (struct fixture){0};
    loop_init(&f->loop);
    fake_server_start(&f->server, &f->loop, on_request);
    struct http_client_options options = options_for(f);
    f->client = http_client_new(&f->loop, &options);
}

static void teardown(struct fixture *f)
{
    http_client_free(f->client);
    fake_server_stop(&f->server);
    loop_release(&f->loop);
    buf_release(&f->body);
    buf_release(&f->field);
}

static void on_done(void *data, struct http_client_answer *answer, const struct error *error)
{
    struct fixture *f = data;
    assert_true(!answer != !error);
    f->done++;
    f->code = error ? error->code : ERROR_NONE;
    f->status = answer ? answer->status : 0;
    (void)snprintf(f->why, sizeof(f->why), "%s", error ? error->text : "");
    buf_clear(&f->body);
    buf_clear(&f->field);
    if (!answer)
        return;
    const struct header *field =
        http_find_header(answer->headers, answer->header_count, STR("x-test"));
    if (field)
        buf_append(&f->field, field->value);
    buf_append(&f->body, buf_str(&answer->body));
}

static struct http_call *start_with(struct fixture *f, struct str body, uint64_t timeout)
{
    struct buf head = {0}, copy = {0};
    buf_printf(&head, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", body.len);
    buf_append(&copy, body);
    return http_call_start(f->client, head, copy, timeout, on_done, f);
}

static struct http_call *start(struct fixture *f)
{
    return start_with(f, STR("{\"a\":1}"), TIMEOUT);
}

/* Runs one call to its end. */
static void call(struct fixture *f)
{
    size_t want = f->done + 1;
    (void)start(f);
    assert_int_equal(f->done, want - 1); /* never before start has returned */
    run_until(&f->loop, &f->done, want);
}

/* Framing: what one call makes of an answer, and whether its connection is used again. */

static const struct {
    const char *name, *answer;
    bool end; /* the server ends the connection behind it */
    enum error_code code;
    unsigned status;
    const char *body;
    bool reused;
} cases[] = {
    {"length", OK_ANSWER, false, 0, 200, "ok", true},
    {"length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 0, 200, "", true},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n", false, 0, 204, "", true},
    {"chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false,
     0, 200, "abcde", true},
    {"until close", "HTTP/1.1 200 OK\r\n\r\nthe rest", true, 0, 200, "the rest", false},
    {"Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
     false, 0, 200, "ok", false},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 0, 200, "ok", false},
    {"a peer that keeps nothing",
     "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok", false, 0, 200, "ok",
     false},
    {"a peer that keeps a while",
     "HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=5\r\nContent-Length: 2\r\n\r\nok", false, 0,
     200, "ok", true},
    {"1xx before it",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK_ANSWER, false,
     0, 200, "ok", true},
    {"bytes behind it", OK_ANSWER "HTTP/1.1 200 OK\r\n\r\n", false, 0, 200, "ok", false},
    {"any status", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1\r\n\r\nx", false, 0, 502, "x",
     true},
    {"the bound itself",
     "HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n0123456789abcdef0123456789abcdef", false, 0, 200,
     "0123456789abcdef0123456789abcdef", true},
    {"announced beyond the bound", "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n", false,
     ERROR_TOO_LARGE, 0, "", false},
    {"chunks beyond the bound",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "21\r\n0123456789abcdef0123456789abcdefX\r\n0\r\n\r\n",
     false, ERROR_TOO_LARGE, 0, "", false},
    {"until close beyond the bound", "HTTP/1.1 200 OK\r\n\r\n0123456789abcdef0123456789abcdefX",
     false, ERROR_TOO_LARGE, 0, "", false},
    {"no HTTP", "SSH-2.0-x\r\n", false, ERROR_PROTOCOL, 0, "", false},
    {"length and chunked",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", false,
     ERROR_PROTOCOL, 0, "", false},
    {"101 unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
     false, ERROR_PROTOCOL, 0, "", false},
    {"bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false,
     ERROR_PROTOCOL, 0, "", false},
    {"the end inside the head", "HTTP/1.1 200 OK\r\nCont", true, ERROR_CONNECTION, 0, "", false},
    {"the end inside the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true,
     ERROR_CONNECTION, 0, "", false},
    {"the end inside the chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
     true, ERROR_CONNECTION, 0, "", false},
};

static size_t row;

static void answer_row(struct fake_connection *c, const struct fake_request *request)
{
    assert_str_equal(request->body, STR("{\"a\":1}"));
    fake_send(c, str_from(cases[row].answer));
    if (cases[row].end)
        fake_end(c);
}

static void answers_are_framed(void **state)
{
    (void)state;
    for (row = 0; row < ARRAY_LENGTH(cases); row++) {
        struct fixture f;
        setup(&f, answer_row);
        call(&f);
        CHECK_CASE(&cases[row], f.code == cases[row].code, "error %d: %s", f.code, f.why);
        CHECK_CASE(&cases[row], f.status == cases[row].status, "status %u", f.status);
        assert_str_equal(buf_str(&f.body), str_from(cases[row].body));
        call(&f);
        CHECK_CASE(&cases[row], f.server.connections == (cases[row].reused ? 1 : 2),
                   "%zu connections", f.server.connections);
        teardown(&f);
    }
}

/* In pieces: each turn of the loop sends one byte. */

static struct {
    struct fake_connection *connection;
    const char *rest;
    struct timer timer;
} slow;

static void send_byte(struct timer *timer)
{
    struct loop *loop = slow.connection->server->loop;
    fake_send(slow.connection, str_of(slow.rest++, 1));
    if (*slow.rest)
        timer_start(loop, timer, 0, send_byte);
}

static void answer_slowly(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    slow.connection = c;
    slow.rest = "HTTP/1.1 100 Continue\r\n\r\n"
                "HTTP/1.1 200 OK\r\nX-Test: kept\r\nTransfer-Encoding: chunked\r\n\r\n"
                "6;x=y\r\nabcdef\r\n1\r\ng\r\n0\r\nTrailer: t\r\n\r\n";
    timer_start(c->server->loop, &slow.timer, 0, send_byte);
}

static void an_answer_may_come_in_pieces(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_slowly);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    assert_str_equal(buf_str(&f.body), STR("abcdefg"));
    assert_str_equal(buf_str(&f.field), STR("kept"));
    call(&f);
    assert_int_equal(f.server.connections, 1);
    teardown(&f);
}

/* The pool. */

static void answer_ok(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, STR(OK_ANSWER));
}

static void calls_at_once_take_a_connection_each_and_leave_it(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    for (int i = 0; i < 3; i++)
        (void)start(&f);
    run_until(&f.loop, &f.done, 3);
    assert_int_equal(f.server.connections, 3);
    for (int i = 0; i < 3; i++)
        (void)start(&f);
    run_until(&f.loop, &f.done, 6);
    assert_int_equal(f.server.connections, 3);
    teardown(&f);
}

static void no_more_than_idle_max_are_kept(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    options.idle_max = 1;
    http_client_configure(f.client, &options);
    for (int i = 0; i < 3; i++)
        (void)start(&f);
    run_until(&f.loop, &f.done, 3);
    while (f.server.open->next)
        (void)uv_run(&f.loop.uv, UV_RUN_ONCE);
    assert_non_null(f.server.open);
    teardown(&f);
}

static void wait_for_no_connection(struct fixture *f)
{
    uint64_t began = clock_monotonic();
    while (f->server.open && clock_monotonic() - began < TIMEOUT)
        (void)uv_run(&f->loop.uv, UV_RUN_ONCE);
    assert_null(f->server.open);
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    options.keep_alive_timeout = 10 * USEC_PER_MSEC;
    http_client_configure(f.client, &options);
    call(&f);
    wait_for_no_connection(&f);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.connections, 2);
    teardown(&f);
}

static void a_peer_that_speaks_unasked_is_dropped(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    call(&f);
    fake_send(f.server.open, STR("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"));
    wait_for_no_connection(&f);
    call(&f);
    assert_int_equal(f.status, 200);
    teardown(&f);
}

/* Stale connections. The server's socket is closed in the moment of the call: the client's loop has
 * not yet seen the end. */

static void end_gently(struct fake_connection *c)
{
    fake_close(c);
}

static void end_hard(struct fake_connection *c)
{
    fake_reset(c);
}

static const struct {
    const char *name;
    void (*end)(struct fake_connection *c);
} ends[] = {{"FIN", end_gently}, {"RST", end_hard}};

static void a_stale_connection_is_replaced_once(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, ends) {
        struct fixture f;
        setup(&f, answer_ok);
        call(&f);
        c->end(f.server.open);
        call(&f);
        CHECK_CASE(c, f.code == ERROR_NONE, "%s", f.why);
        CHECK_CASE(c, f.server.connections == 2 && f.server.requests == 2, "%zu requests",
                   f.server.requests);
        teardown(&f);
    }
}

/* Several kept connections have died: the second attempt must not meet another of them. */
static void the_replacement_never_comes_from_the_pool(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    for (int i = 0; i < 3; i++)
        (void)start(&f);
    run_until(&f.loop, &f.done, 3);
    for (struct fake_connection *c = f.server.open; c; c = c->next)
        fake_reset(c);
    call(&f);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.connections, 4);
    teardown(&f);
}

static void end_after_the_first(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    if (c->server->requests == 1)
        fake_send(c, STR(OK_ANSWER));
    else
        fake_close(c);
}

static void a_request_that_was_read_is_not_sent_again(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, end_after_the_first);
    call(&f);
    call(&f); /* reused, read, ended without an answer */
    assert_int_equal(f.code, ERROR_CONNECTION);
    assert_int_equal(f.server.requests, 2);
    assert_int_equal(f.server.connections, 1);
    call(&f); /* fresh, likewise */
    assert_int_equal(f.code, ERROR_CONNECTION);
    assert_int_equal(f.server.requests, 3);
    teardown(&f);
}

/* The peer ends without having taken what was sent to it. */
static void an_end_with_bytes_unacknowledged_is_stale(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    call(&f);
    (void)uv_read_stop((uv_stream_t *)&f.server.open->tcp);
    struct str body = str_of(xcalloc(1, 16 << 20), 16 << 20);
    (void)start_with(&f, body, TIMEOUT);
    run_turns(&f.loop, 10);
    fake_end(f.server.open);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.server.connections, 2);
    assert_int_equal(f.server.requests, 2);
    free((void *)(uintptr_t)body.at);
    teardown(&f);
}

static void cut_after_the_first(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    fake_send(c, c->server->requests == 1 ? STR(OK_ANSWER) : STR("H"));
    if (c->server->requests > 1)
        fake_reset(c);
}

static void a_byte_of_the_answer_forbids_another_try(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, cut_after_the_first);
    call(&f);
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECTION);
    assert_int_equal(f.server.connections, 1);
    teardown(&f);
}

static void reset_after_the_first(struct fake_connection *c, const struct fake_request *request)
{
    (void)request;
    if (c->server->requests == 1)
        fake_send(c, STR(OK_ANSWER));
    else
        fake_reset(c);
}

static void a_fresh_connection_is_not_replaced(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, reset_after_the_first);
    call(&f);
    fake_reset(f.server.open);
    call(&f); /* stale, then a fresh one that dies */
    assert_int_equal(f.code, ERROR_CONNECTION);
    assert_int_equal(f.server.connections, 2);
    assert_int_equal(f.server.requests, 2);
    teardown(&f);
}

/* Under load: a backend that closes after 50 ms, callers that come back after about as long. */

#define CALLERS 32
#define ROUNDS  10

struct caller {
    struct fixture *f;
    struct timer timer;
    unsigned id, round;
};

static uint8_t counted[CALLERS * ROUNDS];
static size_t errors;

static void on_keep_alive_over(struct timer *timer)
{
    fake_close(container_of(timer, struct fake_connection, timer));
}

static void count_request(struct fake_connection *c, const struct fake_request *request)
{
    uint64_t id;
    assert_true(str_to_u64(request->body, &id) && id < sizeof(counted));
    counted[id]++;
    fake_send(c, STR(OK_ANSWER));
    struct loop *loop = c->server->loop;
    timer_start(loop, &c->timer, loop_now(loop) + 50 * USEC_PER_MSEC, on_keep_alive_over);
}

static void on_caller_done(void *data, struct http_client_answer *answer,
                           const struct error *error);

static void call_again(struct timer *timer)
{
    struct caller *caller = container_of(timer, struct caller, timer);
    struct buf head = {0}, body = {0};
    buf_printf(&body, "%u", caller->id * ROUNDS + caller->round++);
    buf_printf(&head, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", buf_len(&body));
    (void)http_call_start(caller->f->client, head, body, TIMEOUT, on_caller_done, caller);
}

static void on_caller_done(void *data, struct http_client_answer *answer, const struct error *error)
{
    struct caller *caller = data;
    struct loop *loop = &caller->f->loop;
    (void)answer;
    if (error)
        print_error("%s\n", error->text);
    errors += error != NULL;
    caller->f->done++;
    uint64_t pause = (50 + caller->id % 2) * USEC_PER_MSEC;
    if (caller->round < ROUNDS)
        timer_start(loop, &caller->timer, loop_now(loop) + pause, call_again);
}

static void a_short_keep_alive_under_load_costs_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct caller callers[CALLERS] = {0};
    setup(&f, count_request);
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.f = &f, .id = i};
        call_again(&callers[i].timer);
    }
    run_until(&f.loop, &f.done, CALLERS * ROUNDS);
    assert_int_equal(errors, 0);
    for (unsigned i = 0; i < sizeof(counted); i++)
        assert_int_equal(counted[i], 1);
    assert_true(f.server.connections > CALLERS); /* some had to be replaced */
    teardown(&f);
}

/* Connecting. */

static void nobody_listens(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    options.port = 1;
    http_client_free(f.client);
    f.client = http_client_new(&f.loop, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECT);
    assert_string_equal(f.why, "connect to 127.0.0.1 port 1: Connection refused");
    teardown(&f);
}

static void all_addresses_of_a_name_are_tried(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok); /* on 127.0.0.1 alone */
    struct http_client_options options = options_for(&f);
    options.host = STR("localhost");
    http_client_free(f.client);
    f.client = http_client_new(&f.loop, &options);
    (void)start(&f);
    (void)start(&f);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.code, ERROR_NONE);
    teardown(&f);
}

/* A listener whose queue is full drops what would connect. */
static int fill_listener(int queued[2], uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    for (int i = 0; i < 2; i++) {
        queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(queued[i], (struct sockaddr *)&at, sizeof(at));
    }
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static void connecting_has_a_limit_of_its_own(void **state)
{
    (void)state;
    struct fixture f;
    int queued[2];
    setup(&f, answer_ok);
    struct http_client_options options = options_for(&f);
    int fd = fill_listener(queued, &options.port);
    options.connect_timeout = 20 * USEC_PER_MSEC;
    http_client_free(f.client);
    f.client = http_client_new(&f.loop, &options);
    call(&f);
    assert_int_equal(f.code, ERROR_CONNECT);
    (void)start_with(&f, STR("x"), 5 * USEC_PER_MSEC);
    run_until(&f.loop, &f.done, 2);
    assert_int_equal(f.code, ERROR_TIMEOUT); /* the whole call's ended first */
    teardown(&f);
    (void)close(queued[0]);
    (void)close(queued[1]);
    (void)close(fd);
}

/* Limits and ends. */

static void answer_nothing(struct fake_connection *c, const struct fake_request *request)
{
    (void)c, (void)request;
}

static void a_silent_peer_times_out_and_is_not_used_again(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_nothing);
    (void)start_with(&f, STR("x"), 10 * USEC_PER_MSEC);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.code, ERROR_TIMEOUT);
    wait_for_no_connection(&f);
    teardown(&f);
}

static void refuse_at_once(struct fake_connection *c)
{
    (void)uv_read_stop((uv_stream_t *)&c->tcp);
    fake_send(c, STR("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"));
}

static void an_answer_before_the_end_of_the_request_is_taken(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    f.server.on_connect = refuse_at_once;
    struct str body = str_of(xcalloc(1, 16 << 20), 16 << 20);
    (void)start_with(&f, body, TIMEOUT);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.code, ERROR_NONE);
    assert_int_equal(f.status, 413);
    f.server.on_connect = NULL;
    call(&f);
    assert_int_equal(f.server.connections, 2);
    free((void *)(uintptr_t)body.at);
    teardown(&f);
}

static void a_large_request_arrives_whole(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct str body = str_of(xcalloc(1, 4 << 20), 4 << 20);
    (void)start_with(&f, body, TIMEOUT);
    run_until(&f.loop, &f.done, 1);
    assert_int_equal(f.status, 200);
    call(&f);
    assert_int_equal(f.server.connections, 1);
    free((void *)(uintptr_t)body.at);
    teardown(&f);
}

static void a_cancelled_call_never_calls_back(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_nothing);
    http_call_cancel(start(&f)); /* connecting */
    struct http_call *sent = start(&f);
    run_until(&f.loop, &f.server.requests, 1);
    http_call_cancel(sent);
    wait_for_no_connection(&f);
    (void)start(&f); /* dropped with the client */
    teardown(&f);
    assert_int_equal(f.done, 0);
}

static void free_the_client(void *data, struct http_client_answer *answer,
                            const struct error *error)
{
    struct fixture *f = data;
    on_done(data, answer, error);
    http_client_free(f->client);
    f->client = NULL;
}

static void the_client_may_be_freed_in_a_callback(void **state)
{
    (void)state;
    fake_request_fn *const servers[] = {answer_ok, end_after_the_first};
    for (size_t i = 0; i < ARRAY_LENGTH(servers); i++) {
        struct fixture f;
        setup(&f, servers[i]);
        struct buf head = {0};
        buf_literal(&head, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        f.server.requests = i;
        (void)http_call_start(f.client, head, (struct buf){0}, TIMEOUT, free_the_client, &f);
        (void)start(&f); /* goes with the client */
        run_until(&f.loop, &f.done, 1);
        run_turns(&f.loop, 5);
        assert_int_equal(f.done, 1);
        teardown(&f);
    }
}

static struct buf taken;

static void take_body(void *data, struct http_client_answer *answer, const struct error *error)
{
    struct fixture *f = data;
    assert_null(error);
    taken = answer->body;
    answer->body = (struct buf){0};
    f->done++;
}

static void a_body_can_be_taken(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, answer_ok);
    struct buf head = {0};
    buf_literal(&head, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)http_call_start(f.client, head, (struct buf){0}, TIMEOUT, take_body, &f);
    run_until(&f.loop, &f.done, 1);
    call(&f);
    teardown(&f);
    assert_str_equal(buf_str(&taken), STR("ok"));
    buf_release(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_framed),
        cmocka_unit_test(an_answer_may_come_in_pieces),
        cmocka_unit_test(calls_at_once_take_a_connection_each_and_leave_it),
        cmocka_unit_test(no_more_than_idle_max_are_kept),
        cmocka_unit_test(an_idle_connection_is_closed_in_time),
        cmocka_unit_test(a_peer_that_speaks_unasked_is_dropped),
        cmocka_unit_test(a_stale_connection_is_replaced_once),
        cmocka_unit_test(the_replacement_never_comes_from_the_pool),
        cmocka_unit_test(a_request_that_was_read_is_not_sent_again),
        cmocka_unit_test(an_end_with_bytes_unacknowledged_is_stale),
        cmocka_unit_test(a_byte_of_the_answer_forbids_another_try),
        cmocka_unit_test(a_fresh_connection_is_not_replaced),
        cmocka_unit_test(a_short_keep_alive_under_load_costs_nothing),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(all_addresses_of_a_name_are_tried),
        cmocka_unit_test(connecting_has_a_limit_of_its_own),
        cmocka_unit_test(a_silent_peer_times_out_and_is_not_used_again),
        cmocka_unit_test(an_answer_before_the_end_of_the_request_is_taken),
        cmocka_unit_test(a_large_request_arrives_whole),
        cmocka_unit_test(a_cancelled_call_never_calls_back),
        cmocka_unit_test(the_client_may_be_freed_in_a_callback),
        cmocka_unit_test(a_body_can_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
