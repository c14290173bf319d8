/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/websocket.h"

#include "testing.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#include "support/websocket_talk.h"

static const enum talk_over transports[] = {TALK_OVER_TCP, TALK_OVER_TLS};

#define FOR_EACH_TRANSPORT(over) FOR_EACH (over, transports, ARRAY_LENGTH(transports))

static const struct str no_early = STR_INIT("");
static const struct websocket_handshake plain_handshake = {
    .key = STR_INIT("dGhlIHNhbXBsZSBub25jZQ==")};

#define REASON_121                                                                                 \
    "the longest reason that fits into a close frame beside its code: "                            \
    "a frame of control has 125 bytes at most, of which these"
#define REASON_123 REASON_121 " a"

_Static_assert(sizeof(REASON_123) == 124, "with its NUL");

/* The client closes. */

static const struct {
    const char *name;
    unsigned code; /* 0: none */
    const char *reason;
    const char *told, *answered;
} peer_closes[] = {
    {"none", 0, "", "closed 1005 ", "X;end"},
    {"normal", 1000, "", "closed 1000 ", "X 1000;end"},
    {"going away", 1001, "tab closed", "closed 1001 tab closed", "X 1001 tab closed;end"},
    {"of a library", 3000, "", "closed 3000 ", "X 3000;end"},
    {"of an application", 4000, "\xc3\xa4\xe2\x82\xac", "closed 4000 \xc3\xa4\xe2\x82\xac",
     "X 4000 \xc3\xa4\xe2\x82\xac;end"},
    {"the largest", 4999, REASON_123, "closed 4999 " REASON_123, "X 4999 " REASON_123 ";end"},
    {"lws takes 1012 to 1014 for mistakes", 1012, "restart", "closed 1002 restart",
     "X 1002 restart;end"},
};

static void tells_of_the_peers_close(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, peer_closes)
        FOR_EACH_TRANSPORT(over)
        {
            struct talk t;
            talk_init(&t);
            talk_open(&t, *over, no_early);
            talk_send_close(&t, c->code, str_from(c->reason));
            talk_await(&t, c->told);
            talk_await_frames(&t, c->answered);
            talk_release(&t);
        }
}

static void a_close_and_an_end_in_one_are_a_close(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        talk_send(&t, TALK_FIN | TALK_TEXT, STR("last words"));
        talk_send_close(&t, 1001, STR(""));
        talk_shutdown(&t);
        talk_await(&t, "text last words;closed 1001 ");
        talk_await_frames(&t, "X 1001;end");
        talk_release(&t);
    }
}

static void a_close_before_a_hang_up_is_a_close(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        while (!t.shaken) /* what it has not read would make a reset of its end */
            talk_turn(&t);
        talk_send_close(&t, 4001, STR("gone"));
        talk_hang_up(&t);
        talk_await(&t, "closed 4001 gone");
        talk_release(&t);
    }
}

/* The client is gone without a close frame. */

static const struct {
    const char *name;
    void (*leave)(struct talk *t);
} departures[] = {
    {"FIN", talk_shutdown},
    {"socket closed", talk_hang_up},
    {"RST", talk_reset},
};

static void tells_of_departures(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, departures)
        FOR_EACH_TRANSPORT(over)
        {
            struct talk t;
            talk_init(&t);
            talk_open(&t, *over, no_early);
            talk_send(&t, TALK_TEXT, STR("half a mes"));
            while (!t.shaken)
                talk_turn(&t);
            c->leave(&t);
            talk_await(&t, "closed 1006 ");
            talk_release(&t);
        }
}

static void fill(struct talk *t)
{
    char *bytes = xcalloc(1, 1 << 20);
    t->limits.pending_max = 64 << 20;
    websocket_hub_limit(t->hub, &t->limits);
    for (size_t i = 0; i < 4; i++)
        assert_true(websocket_send(t->ws, str_of(bytes, 1 << 20), true));
    for (int i = 0; i < 10; i++)
        talk_turn_deaf(t);
    free(bytes);
}

static void tells_of_departures_behind_stuck_output(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        fill(&t);
        talk_reset(&t);
        talk_await(&t, "closed 1006 ");
        talk_release(&t);
    }
}

/* Who sends no more may still read. */
static void sends_all_to_one_that_ended(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        fill(&t);
        talk_shutdown(&t);
        talk_await(&t, "closed 1006 ");
        while (t.client >= 0)
            talk_turn(&t);
        assert_int_equal(t.received, 4 << 20);
        talk_release(&t);
    }
}

/* What is sent behind a mistake must not cost the client the answer to it. */
static void tells_of_a_mistake_in_a_flood(void **state)
{
    (void)state;
    struct talk t;
    scoped_buf struct buf bytes = {0};
    talk_init(&t);
    talk_open(&t, TALK_OVER_TLS, no_early);
    talk_put_frame(&bytes, TALK_FIN | 0x3, STR("no such opcode"));
    for (size_t i = 0; i < 300000; i++)
        buf_append_char(&bytes, (char)0xff);
    (void)talk_try_to_send(&t, buf_str(&bytes), 3000);
    talk_await(&t, "closed 1002 bad opc");
    talk_await_frames(&t, "X 1002 bad opc;end");
    talk_release(&t);
}

/* The server closes. */

static void close_polite(struct talk *t, struct str message, bool binary)
{
    (void)binary;
    websocket_close(t->ws, 4001, message);
    websocket_close(t->ws, 4002, STR("a later call is ignored"));
    websocket_pause(t->ws); /* neither does this matter */
}

static void closes_from_within_a_message(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf two = {0};
        talk_init(&t);
        t.on_message = close_polite;
        talk_open(&t, *over, no_early);
        talk_put_frame(&two, TALK_FIN | TALK_TEXT, STR("first"));
        talk_put_frame(&two, TALK_FIN | TALK_TEXT, STR("second"));
        talk_send_bytes(&t, buf_str(&two));
        talk_await_frames(&t, "X 4001 first;");
        talk_send(&t, TALK_FIN | TALK_TEXT, STR("third"));
        talk_send_close(&t, 4001, STR(""));
        talk_await(&t, "text first;closed 4001 first");
        talk_await_frames(&t, "X 4001 first;end");
        talk_release(&t);
    }
}

struct alarm {
    struct timer timer;
    struct talk *talk;
    unsigned code;
    struct str reason;
};

static void on_alarm(struct timer *timer)
{
    struct alarm *alarm = container_of(timer, struct alarm, timer);
    websocket_close(alarm->talk->ws, alarm->code, alarm->reason);
}

static const struct {
    const char *name;
    unsigned code;
    const char *reason;
    const char *want;
} own_closes[] = {
    {"with a reason", 1001, "Going away", "X 1001 Going away;"},
    {"without one", 1000, "", "X 1000;"},
    {"that 4.1 refuses from a peer", 1012, "", "X 1012;"},
    {"with the longest reason", 4999, REASON_123, "X 4999 " REASON_123 ";"},
    {"with a longer one, cut", 4999, REASON_123 "AND ON", "X 4999 " REASON_123 ";"},
    {"cut before a character", 4999, REASON_121 "\xe2\x82\xac", "X 4999 " REASON_121 ";"},
};

/* No other traffic helps it on. */
static void closes_from_a_timer(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, own_closes)
        FOR_EACH_TRANSPORT(over)
        {
            struct talk t;
            talk_init(&t);
            talk_open(&t, *over, no_early);
            struct alarm alarm = {.talk = &t, .code = c->code, .reason = str_from(c->reason)};
            timer_start(&t.loop, &alarm.timer, loop_now(&t.loop), on_alarm);
            talk_await_frames(&t, c->want);
            assert_str_equal(buf_str(&t.trace), STR(""));
            talk_send_close(&t, c->code, STR(""));
            while (t.ws)
                talk_turn(&t);
            assert_true(str_starts_with(buf_str(&t.trace), STR("closed ")));
            while (t.client >= 0)
                talk_turn(&t);
            talk_release(&t);
        }
}

static void sends_what_waits_before_it_closes(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        assert_true(websocket_send(t.ws, STR("goodbye"), false));
        websocket_close(t.ws, 1000, STR(""));
        talk_await_frames(&t, "T goodbye;X 1000;");
        talk_send_close(&t, 1000, STR(""));
        talk_await(&t, "closed 1000 ");
        talk_release(&t);
    }
}

/* An answer with another code changes nothing: we closed first. */
static void keeps_its_own_code(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    talk_open(&t, TALK_OVER_TCP, no_early);
    websocket_close(t.ws, 1001, STR("ours"));
    talk_await_frames(&t, "X 1001 ours;");
    talk_send_close(&t, 3333, STR("theirs"));
    talk_await(&t, "closed 1001 ours");
    talk_release(&t);
}

static void closes_while_paused(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        websocket_pause(t.ws);
        talk_send(&t, TALK_FIN | TALK_TEXT, STR("unheard"));
        talk_turn(&t);
        websocket_close(t.ws, 1001, STR(""));
        talk_await_frames(&t, "X 1001;");
        talk_send_close(&t, 1001, STR(""));
        talk_await(&t, "closed 1001 ");
        talk_release(&t);
    }
}

static void closes_at_once_when_opened(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf early = {0};
        talk_put_frame(&early, TALK_FIN | TALK_TEXT, STR("unheard"));
        talk_init(&t);
        talk_open(&t, *over, buf_str(&early));
        websocket_close(t.ws, 1008, STR(""));
        talk_await_frames(&t, "X 1008;");
        talk_send_close(&t, 1008, STR(""));
        talk_await(&t, "closed 1008 ");
        talk_release(&t);
    }
}

/* Deadlines. */

static void a_peer_that_does_not_answer_is_cut_off(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        websocket_close(t.ws, 1001, STR("going"));
        talk_await_frames(&t, "X 1001 going;");
        assert_str_equal(buf_str(&t.trace), STR(""));
        talk_hurry(&t);
        talk_await(&t, "closed 1001 going");
        talk_await_frames(&t, "X 1001 going;end");
        talk_release(&t);
    }
}

static void a_peer_that_does_not_read_is_cut_off(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        fill(&t);
        websocket_close(t.ws, 1001, STR("going"));
        for (int i = 0; i < 100; i++)
            talk_turn_deaf(&t);
        assert_str_equal(buf_str(&t.trace), STR(""));
        talk_hurry(&t);
        while (t.ws)
            talk_turn_deaf(&t);
        assert_str_equal(buf_str(&t.trace), STR("closed 1001 going"));
        talk_release(&t);
    }
}

static void a_peer_that_closes_and_does_not_read_is_cut_off(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        fill(&t);
        websocket_close(t.ws, 1001, STR("going"));
        talk_send_close(&t, 1000, STR(""));
        talk_hurry(&t);
        while (t.ws)
            talk_turn_deaf(&t);
        talk_release(&t);
    }
}

/* Killing. */

static void kill_it(struct talk *t, struct str message, bool binary)
{
    (void)message, (void)binary;
    websocket_kill(t->ws);
    websocket_kill(t->ws);
    websocket_close(t->ws, 1000, STR("too late"));
    websocket_pause(t->ws);
    websocket_resume(t->ws);
    websocket_ping(t->ws);
    assert_false(websocket_send(t->ws, STR("no more"), false));
}

static void kills_without_other_traffic(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        while (!t.shaken)
            talk_turn(&t);
        websocket_kill(t.ws);
        assert_str_equal(buf_str(&t.trace), STR(""));
        talk_await(&t, "closed 1006 ");
        talk_await_frames(&t, "end");
        talk_release(&t);
    }
}

static void kills_from_within_a_message(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf two = {0};
        talk_init(&t);
        t.on_message = kill_it;
        talk_open(&t, *over, no_early);
        talk_put_frame(&two, TALK_FIN | TALK_TEXT, STR("first"));
        talk_put_frame(&two, TALK_FIN | TALK_TEXT, STR("second"));
        talk_send_bytes(&t, buf_str(&two));
        talk_await(&t, "text first;closed 1006 ");
        talk_await_frames(&t, "end");
        talk_release(&t);
    }
}

static void kills_from_within_a_message_of_parts(void **state)
{
    struct talk t;
    scoped_buf struct buf bytes = {0};
    (void)state;
    talk_init(&t);
    t.on_message = kill_it;
    talk_open(&t, TALK_OVER_TCP, no_early);
    talk_put_frame(&bytes, TALK_TEXT, STR("in "));
    talk_put_frame(&bytes, TALK_CONTINUATION, STR("three "));
    talk_put_frame(&bytes, TALK_FIN | TALK_CONTINUATION, STR("parts"));
    talk_send_bytes(&t, buf_str(&bytes));
    talk_await(&t, "text in three parts;closed 1006 ");
    talk_release(&t);
}

static void kills_with_stuck_output(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        fill(&t);
        websocket_kill(t.ws);
        while (t.ws)
            talk_turn_deaf(&t);
        assert_str_equal(buf_str(&t.trace), STR("closed 1006 "));
        talk_release(&t);
    }
}

static void kills_what_is_being_closed(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        while (!t.shaken)
            talk_turn(&t);
        websocket_close(t.ws, 1001, STR("going"));
        websocket_kill(t.ws);
        talk_await(&t, "closed 1001 going");
        talk_await_frames(&t, "end");
        talk_release(&t);
    }
}

static void kills_while_the_answer_is_awaited(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        websocket_close(t.ws, 1001, STR("going"));
        talk_await_frames(&t, "X 1001 going;");
        websocket_kill(t.ws);
        talk_await(&t, "closed 1001 going");
        talk_await_frames(&t, "X 1001 going;end");
        talk_release(&t);
    }
}

/* Calls within on_closed have no effect. */
static void call_all(struct talk *t)
{
    websocket_pause(t->ws);
    websocket_resume(t->ws);
    websocket_ping(t->ws);
    websocket_close(t->ws, 1000, STR(""));
    websocket_kill(t->ws);
    assert_false(websocket_send(t->ws, STR("x"), false));
    assert_int_equal(websocket_count(t->hub), 0);
}

static void calls_within_the_last_event_are_ignored(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    t.on_closed = call_all;
    talk_open(&t, TALK_OVER_TCP, no_early);
    talk_send_close(&t, 1000, STR(""));
    talk_await(&t, "closed 1000 ");
    talk_release(&t);
}

/* The hub. */

static void close_each(struct websocket *ws, void *data)
{
    size_t *count = data;
    websocket_close(ws, 1001, STR("Shutdown"));
    ++*count;
}

static void walks_all_connections(void **state)
{
    struct talk t;
    struct websocket *all[3];
    int clients[3];
    size_t count = 0;
    (void)state;
    talk_init(&t);
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        talk_open(&t, TALK_OVER_TCP, no_early);
        all[i] = t.ws;
        clients[i] = t.client;
    }
    assert_int_equal(websocket_count(t.hub), 3);
    websocket_kill(all[1]);
    while (websocket_count(t.hub) > 2)
        talk_turn_deaf(&t);
    websocket_each(t.hub, close_each, &count);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++)
        (void)close(clients[i]);
    t.client = -1;
    while (websocket_count(t.hub) > 0)
        talk_turn_deaf(&t);
    assert_str_equal(buf_str(&t.trace),
                     STR("closed 1006 closed 1001 Shutdownclosed 1001 Shutdown"));
    talk_release(&t);
}

/* Under TLS what lws sent last may still be on its way when the connection is closed. */
static void a_hub_that_ends_delivers_but_does_not_wait(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    talk_open(&t, TALK_OVER_TLS, no_early);
    talk_send_close(&t, 1000, STR("bye"));
    while (t.ws)
        talk_turn_deaf(&t);
    talk_end(&t); /* although the client keeps its end open */
    talk_await_frames(&t, "X 1000 bye;end");
    talk_release(&t);
}

static void a_client_that_does_not_end_is_not_kept(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    talk_open(&t, TALK_OVER_TLS, no_early);
    talk_send_close(&t, 1000, STR(""));
    while (t.ws)
        talk_turn_deaf(&t);
    while (t.loop.timer_count == 0) /* of the bridge, which lingers */
        talk_turn_deaf(&t);
    talk_hurry(&t);
    while (t.loop.timer_count > 0)
        talk_turn_deaf(&t);
    talk_end(&t);
    talk_await_frames(&t, "X 1000;end");
    talk_release(&t);
}

/* Where it cannot begin. */

static void a_client_that_is_gone_opens_nothing(void **state)
{
    int fds[2];
    struct talk t;
    (void)state;
    talk_init(&t);
    websocket_hub_limit(t.hub, &t.limits);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    (void)close(fds[1]);
    assert_null(websocket_open(t.hub, fds[0], NULL, &plain_handshake, &t));
    assert_int_equal(websocket_count(t.hub), 0);
    talk_release(&t); /* the descriptor was closed */
}

static void a_client_that_left_over_tls_is_told_of(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    talk_open(&t, TALK_OVER_TLS, no_early);
    assert_non_null(t.ws);
    talk_reset(&t);
    talk_await(&t, "closed 1006 ");
    talk_release(&t);
}

/* lws has room for as many descriptors as there could be when it began. */
static void a_descriptor_beyond_lws_table_opens_nothing(void **state)
{
    struct rlimit old, few;
    struct talk t;
    int fds[2];
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = (struct rlimit){64, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    talk_init(&t);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    websocket_hub_limit(t.hub, &t.limits);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    int high = fcntl(fds[0], F_DUPFD_CLOEXEC, 100);
    assert_true(high >= 100);
    (void)close(fds[0]);
    assert_null(websocket_open(t.hub, high, NULL, &plain_handshake, &t));
    (void)close(fds[1]);
    talk_release(&t);
}

static rlim_t limit_descriptors(rlim_t soft)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static void forbid_descriptors(void)
{
    (void)limit_descriptors(0);
}

/* Memcheck does not know of pairs. */
static bool limits_are_enforced(void)
{
    int fds[2];
    rlim_t before = limit_descriptors(0);
    bool made = socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0;
    (void)limit_descriptors(before);
    if (made) {
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
    return !made;
}

static void without_descriptors_tls_opens_nothing(void **state)
{
    struct talk t;
    (void)state;
    if (!limits_are_enforced())
        skip();
    talk_init(&t);
    t.before_open = forbid_descriptors;
    rlim_t before = limit_descriptors(1024);
    talk_open(&t, TALK_OVER_TLS, no_early);
    (void)limit_descriptors(before);
    assert_null(t.ws);
    talk_await_frames(&t, "end");
    talk_release(&t);
}

int main(void)
{
    (void)alarm(240); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_the_peers_close),
        cmocka_unit_test(a_close_and_an_end_in_one_are_a_close),
        cmocka_unit_test(a_close_before_a_hang_up_is_a_close),
        cmocka_unit_test(tells_of_departures),
        cmocka_unit_test(tells_of_departures_behind_stuck_output),
        cmocka_unit_test(sends_all_to_one_that_ended),
        cmocka_unit_test(tells_of_a_mistake_in_a_flood),
        cmocka_unit_test(closes_from_within_a_message),
        cmocka_unit_test(closes_from_a_timer),
        cmocka_unit_test(sends_what_waits_before_it_closes),
        cmocka_unit_test(keeps_its_own_code),
        cmocka_unit_test(closes_while_paused),
        cmocka_unit_test(closes_at_once_when_opened),
        cmocka_unit_test(a_peer_that_does_not_answer_is_cut_off),
        cmocka_unit_test(a_peer_that_does_not_read_is_cut_off),
        cmocka_unit_test(a_peer_that_closes_and_does_not_read_is_cut_off),
        cmocka_unit_test(kills_without_other_traffic),
        cmocka_unit_test(kills_from_within_a_message),
        cmocka_unit_test(kills_from_within_a_message_of_parts),
        cmocka_unit_test(kills_with_stuck_output),
        cmocka_unit_test(kills_what_is_being_closed),
        cmocka_unit_test(kills_while_the_answer_is_awaited),
        cmocka_unit_test(calls_within_the_last_event_are_ignored),
        cmocka_unit_test(walks_all_connections),
        cmocka_unit_test(a_hub_that_ends_delivers_but_does_not_wait),
        cmocka_unit_test(a_client_that_does_not_end_is_not_kept),
        cmocka_unit_test(a_client_that_is_gone_opens_nothing),
        cmocka_unit_test(a_client_that_left_over_tls_is_told_of),
        cmocka_unit_test(a_descriptor_beyond_lws_table_opens_nothing),
        cmocka_unit_test(without_descriptors_tls_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
