/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/websocket.h"

#include "testing.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#include "support/websocket_talk.h"

/* Every test runs over both. */
static const enum talk_over transports[] = {TALK_OVER_TCP, TALK_OVER_TLS};

#define FOR_EACH_TRANSPORT(over) FOR_EACH (over, transports, ARRAY_LENGTH(transports))

static const struct str no_early = STR_INIT("");

static char *filled(size_t len, char with)
{
    char *bytes = xmalloc(len);
    memset(bytes, with, len);
    return bytes;
}

static void echo(struct talk *t, struct str message, bool binary)
{
    assert_true(websocket_send(t->ws, message, binary));
}

static void echoes(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        t.on_message = echo;
        talk_open(&t, *over, no_early);
        assert_ptr_equal(websocket_owner(t.ws), &t);
        assert_int_equal(websocket_count(t.hub), 1);
        talk_send(&t, TALK_FIN | TALK_TEXT, STR("hello"));
        talk_send(&t, TALK_FIN | TALK_BINARY, STR("\xff\xfe"));
        talk_send(&t, TALK_FIN | TALK_TEXT, STR(""));
        talk_await_frames(&t, "T hello;B \xff\xfe;T ;");
        talk_send_close(&t, 1000, STR("bye"));
        talk_await_frames(&t, "T hello;B \xff\xfe;T ;X 1000 bye;end");
        assert_int_equal(t.controls, 0);
        talk_release(&t);
    }
}

/* The 101. */

static const struct {
    const char *name;
    struct header headers[2];
    size_t count;
    const char *want;
} heads[] = {
    {"none", {{{0}, {0}}}, 0, ""},
    {"a chosen protocol",
     {{STR_INIT("Sec-WebSocket-Protocol"), STR_INIT("chat.v2")}},
     1,
     "Sec-WebSocket-Protocol: chat.v2\r\n"},
    {"a name twice",
     {{STR_INIT("Set-Cookie"), STR_INIT("a=1")}, {STR_INIT("Set-Cookie"), STR_INIT("b=2")}},
     2,
     "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"},
    {"what would end a line",
     {{STR_INIT("x-sly"), STR_INIT("a\r\nb\0c")}, {STR_INIT("x-empty"), STR_INIT("")}},
     2,
     "x-sly: a  b c\r\nx-empty: \r\n"},
};

static void writes_the_101(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, heads) {
        struct talk t;
        scoped_buf struct buf want = {0};
        struct websocket_handshake handshake = {.key = STR("dGhlIHNhbXBsZSBub25jZQ=="),
                                                .headers = c->headers,
                                                .header_count = c->count};
        talk_init(&t);
        talk_open_with(&t, TALK_OVER_TCP, &handshake);
        while (!t.shaken)
            talk_turn(&t);
        buf_printf(&want,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: "
                   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n",
                   c->want);
        CHECK_CASE(c, str_eq(buf_str(&t.head), buf_str(&want)), "got %" STR_F,
                   STR_A(buf_str(&t.head)));
        talk_release(&t);
    }
}

static void writes_headers_up_to_a_bound(void **state)
{
    (void)state;
    char *value = filled(20000, 'v');
    size_t lengths[] = {10240, 15000, 20000};
    bool fits[] = {true, true, false};
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        struct talk t;
        struct header header = {STR("x"), str_of(value, lengths[i])};
        struct websocket_handshake handshake = {
            .key = STR("dGhlIHNhbXBsZSBub25jZQ=="), .headers = &header, .header_count = 1};
        talk_init(&t);
        talk_open_with(&t, TALK_OVER_TCP, &handshake);
        assert_int_equal(t.ws != NULL, fits[i]);
        while (fits[i] && !t.shaken)
            talk_turn(&t);
        assert_int_equal(buf_len(&t.head) > lengths[i], fits[i]);
        talk_release(&t);
    }
    free(value);
}

/* What comes with the handshake. */

static void put_many(struct buf *out, size_t count, size_t len)
{
    char *bytes = filled(len, 'm');
    for (size_t i = 0; i < count; i++)
        talk_put_frame(out, TALK_FIN | TALK_TEXT, str_of(bytes, len));
    free(bytes);
}

static const struct {
    const char *name;
    size_t count, len; /* of the messages */
    size_t early;      /* bytes of them that come with the handshake */
} earlies[] = {
    {"two whole messages", 2, 5, 1000},
    {"two messages, cut in a header", 2, 5, 12},
    {"two messages, cut in a body", 2, 5, 15},
    {"only the first byte", 2, 5, 1},
    {"many small ones", 20, 300, 10000},
    {"larger than lws's buffer", 2, 3000, 7000},
    {"more than lws reads at once", 20, 3000, 60000},
    {"one of many chunks, cut", 1, 30000, 16384},
};

static void takes_early_bytes(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, earlies)
        FOR_EACH_TRANSPORT(over)
        {
            struct talk t;
            scoped_buf struct buf all = {0}, want = {0};
            put_many(&all, c->count, c->len);
            for (size_t i = 0; i < c->count; i++)
                buf_printf(&want, c->len > 32 ? "text %zu;" : "text mmmmm;", c->len);
            buf_literal(&want, "closed 1001 ");
            talk_init(&t);
            talk_open(&t, *over, str_head(buf_str(&all), c->early));
            talk_send_bytes(&t, str_skip(buf_str(&all), c->early));
            talk_send_close(&t, 1001, STR(""));
            buf_append_char(&want, '\0');
            talk_await(&t, want.data);
            talk_release(&t);
        }
}

static void takes_an_early_close(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf early = {0};
        talk_put_close(&early, 3000, STR("never mind"));
        talk_init(&t);
        talk_open(&t, *over, buf_str(&early));
        assert_non_null(t.ws);
        talk_await(&t, "closed 3000 never mind");
        talk_await_frames(&t, "X 3000 never mind;end");
        talk_release(&t);
    }
}

/* Limits. */

static const struct {
    const char *name;
    size_t frames[6]; /* of one message */
    const char *want;
} sizes[] = {
    {"the largest frame", {32768}, "text 32768;"},
    {"a larger frame", {32769}, "closed 1009 frame too big"},
    {"a much larger frame", {1 << 20}, "closed 1009 frame too big"},
    {"a later frame is too large", {10, 32769}, "closed 1009 frame too big"},
    {"the largest message", {32768, 32768, 32768, 32768}, "text 131072;"},
    {"a larger message", {32768, 32768, 32768, 32768, 1}, "closed 1009 message too big"},
    {"a larger one, in its last",
     {32768, 32768, 32768, 20000, 12769},
     "closed 1009 message too big"},
};

static void put_message(struct buf *out, const size_t *frames, size_t max)
{
    for (size_t i = 0; i < max && frames[i]; i++) {
        bool last = i + 1 == max || !frames[i + 1];
        char *bytes = filled(frames[i], 'x');
        talk_put_frame(out, (last ? TALK_FIN : 0) | (i ? TALK_CONTINUATION : TALK_TEXT),
                       str_of(bytes, frames[i]));
        free(bytes);
    }
}

static void holds_to_limits(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, sizes)
        FOR_EACH_TRANSPORT(over)
        {
            struct talk t;
            scoped_buf struct buf bytes = {0};
            put_message(&bytes, c->frames, ARRAY_LENGTH(c->frames));
            talk_init(&t);
            talk_open(&t, *over, no_early);
            talk_send_bytes(&t, buf_str(&bytes));
            if (str_starts_with(str_from(c->want), STR("closed"))) {
                struct str told = str_skip(str_from(c->want), sizeof("closed ") - 1);
                char frame[64];
                (void)snprintf(frame, sizeof(frame), "X %" STR_F ";", STR_A(told));
                talk_await_frames(&t, frame); /* although it was still sending */
                talk_send_close(&t, 1009, STR(""));
            }
            talk_await(&t, c->want);
            talk_release(&t);
        }
}

static void takes_new_limits(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    talk_open(&t, TALK_OVER_TCP, no_early);
    t.limits.frame_max = 4;
    websocket_hub_limit(t.hub, &t.limits);
    assert_true(websocket_send(t.ws, STR("one two"), false));
    talk_send(&t, TALK_FIN | TALK_TEXT, STR("four"));
    talk_send(&t, TALK_FIN | TALK_TEXT, STR("five5"));
    talk_await_frames(&t, "t one ;C two;X 1009 frame too big;");
    talk_release(&t);
}

static void refuses_binary(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        struct websocket_handshake handshake = {.key = STR("dGhlIHNhbXBsZSBub25jZQ==")};
        talk_init(&t);
        talk_open_with(&t, *over, &handshake);
        talk_send(&t, TALK_FIN | TALK_TEXT, STR("a"));
        talk_send(&t, TALK_BINARY, STR("b")); /* its first fragment */
        talk_send(&t, TALK_FIN | TALK_CONTINUATION, STR("c"));
        talk_await_frames(&t, "X 1003 binary messages are not supported;");
        talk_send_close(&t, 1003, STR(""));
        talk_await(&t, "text a;closed 1003 binary messages are not supported");
        talk_await_frames(&t, "X 1003 binary messages are not supported;end");
        talk_release(&t);
    }
}

/* Memory for the parts of messages. */

static void stops_reading_without_memory(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf bytes = {0};
        put_message(&bytes, (size_t[]){20000, 20000, 0}, 3);
        put_many(&bytes, 1, 5);
        talk_init(&t);
        t.limits.buffered_max = 5000;
        t.buffered.used = 4000;
        talk_open(&t, *over, no_early);
        (void)talk_try_to_send(&t, buf_str(&bytes), 1000);
        assert_str_equal(buf_str(&t.trace), STR(""));
        assert_true(t.buffered.used <= 5000);
        t.limits.buffered_max = 1 << 20;
        websocket_hub_limit(t.hub, &t.limits);
        talk_await(&t, "text 40000;text mmmmm;");
        assert_int_equal(t.buffered.used, 4000);
        t.buffered.used = 0;
        talk_release(&t);
    }
}

static void does_not_read_while_starved(void **state)
{
    struct talk t;
    char *flood = filled(4 << 20, 'f');
    scoped_buf struct buf older = {0};
    (void)state;
    put_message(&older, (size_t[]){4000, 4000, 0}, 3);
    talk_init(&t);
    t.limits.buffered_max = 0;
    t.limits.frame_max = t.limits.message_max = 64 << 20;
    talk_open_elder(&t, str_head(buf_str(&older), 4000));
    uint64_t used = t.buffered.used;
    talk_open(&t, TALK_OVER_TLS, no_early);
    talk_send_bytes(&t, STR("\x82\xff\0\0\0\0\0\x40\0\0\0\0\0\0"));
    size_t sent = talk_try_to_send(&t, str_of(flood, 4 << 20), 2000);
    assert_true(sent < 3 << 20);
    assert_int_equal(t.buffered.used, used);
    free(flood);
    talk_hang_up(&t);
    talk_turn(&t);
    websocket_kill(t.ws); /* nobody looks whether it is still there */
    talk_await(&t, "closed 1006 ");
    talk_release(&t);
}

/* Sending. */

static void splits_what_it_sends(void **state)
{
    (void)state;
    char *bytes = filled(200000, 'b');
    static const struct {
        size_t len;
        const char *want;
    } lengths[] = {
        {32768, "T 32768;"},
        {32769, "T 32768;t 32768;C b;"},
        {100000, "T 32768;t 32768;C b;t 32768;c 32768;c 32768;C 1696;"},
    };
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        FOR_EACH (length, lengths, ARRAY_LENGTH(lengths)) {
            assert_true(websocket_send(t.ws, str_of(bytes, length->len), false));
            talk_await_frames(&t, length->want);
        }
        talk_release(&t);
    }
    free(bytes);
}

static void sends_frames_larger_than_its_memory(void **state)
{
    struct talk t;
    char *bytes = filled(200000, 'b');
    (void)state;
    talk_init(&t);
    t.limits.frame_max = 1 << 20;
    talk_open(&t, TALK_OVER_TCP, no_early);
    assert_true(websocket_send(t.ws, str_of(bytes, 65536), true));
    assert_true(websocket_send(t.ws, str_of(bytes, 65537), true));
    talk_await_frames(&t, "B 65536;b 65536;C b;");
    talk_release(&t);
    free(bytes);
}

static void bounds_what_waits(void **state)
{
    (void)state;
    char *bytes = filled(30000, 'w');
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        size_t sent = 0;
        talk_init(&t);
        t.limits.pending_max = 100000;
        talk_open(&t, *over, no_early);
        while (websocket_send(t.ws, str_of(bytes, 30000), false)) {
            sent += 30000;
            talk_turn_deaf(&t);
        }
        assert_true(sent < 64 << 20);
        assert_false(websocket_send(t.ws, str_of(bytes, 30000), false));
        websocket_ping(t.ws); /* ignored */
        assert_int_equal(t.controls, 0);
        while (t.received < sent)
            talk_turn(&t);
        assert_int_equal(t.received, sent);
        assert_true(t.controls > 0); /* it is there: it takes what waited */
        talk_turn(&t);
        assert_true(websocket_send(t.ws, str_of(bytes, 30000), false));
        while (t.received < sent + 30000)
            talk_turn(&t);
        assert_int_equal(str_find(buf_str(&t.frames), 'P'), buf_len(&t.frames));
        talk_release(&t);
    }
    free(bytes);
}

static void never_sends_what_could_not_wait(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    t.limits.pending_max = 10;
    talk_open(&t, TALK_OVER_TCP, no_early);
    assert_false(websocket_send(t.ws, STR("12345678901"), false));
    assert_true(websocket_send(t.ws, STR("1234567890"), false));
    talk_await_frames(&t, "T 1234567890;");
    talk_release(&t);
}

/* 20 MB to a client that does not read, and a close behind them. */
static void sends_all_to_a_slow_reader(void **state)
{
    (void)state;
    char *bytes = filled(1 << 20, 's');
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        t.limits.pending_max = 64 << 20;
        talk_open(&t, *over, no_early);
        for (size_t i = 0; i < 20; i++)
            assert_true(websocket_send(t.ws, str_of(bytes, 1 << 20), false));
        for (int i = 0; i < 100; i++)
            talk_turn_deaf(&t);
        websocket_close(t.ws, 4002, STR("that was all"));
        assert_false(websocket_send(t.ws, STR("more"), false));
        for (int i = 0; i < 100; i++)
            talk_turn_deaf(&t);
        assert_str_equal(buf_str(&t.trace), STR(""));
        while (!str_ends_with(buf_str(&t.frames), STR("X 4002 that was all;")))
            talk_turn(&t);
        assert_int_equal(t.received, 20 << 20);
        talk_send_close(&t, 4002, STR(""));
        talk_await(&t, "closed 4002 that was all");
        talk_release(&t);
    }
    free(bytes);
}

/* The close frame of a client whose answers are stuck is heard nevertheless. */
static void hears_a_close_behind_stuck_output(void **state)
{
    (void)state;
    char *bytes = filled(1 << 20, 's');
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        t.limits.pending_max = 64 << 20;
        talk_open(&t, *over, no_early);
        for (size_t i = 0; i < 4; i++)
            assert_true(websocket_send(t.ws, str_of(bytes, 1 << 20), false));
        talk_turn_deaf(&t);
        scoped_buf struct buf last = {0};
        talk_put_frame(&last, TALK_FIN | TALK_TEXT, STR("last"));
        talk_put_close(&last, 1001, STR("away"));
        (void)talk_try_to_send(&t, buf_str(&last), 100);
        assert_str_equal(buf_str(&t.trace), STR(""));
        talk_await(&t, "text last;closed 1001 away");
        while (t.client >= 0)
            talk_turn(&t);
        assert_true(str_ends_with(buf_str(&t.frames), STR("X 1001 away;end")));
        assert_int_equal(t.received, 4 << 20);
        talk_release(&t);
    }
    free(bytes);
}

/* Pings. */

static void answers_pings_and_tells(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        talk_send(&t, TALK_FIN | TALK_PING, STR("are you there?"));
        talk_await_frames(&t, "O are you there?;");
        while (t.controls < 1)
            talk_turn(&t);
        talk_send(&t, TALK_FIN | TALK_PING, STR(""));
        talk_await_frames(&t, "O are you there?;O ;");
        while (t.controls < 2)
            talk_turn(&t);
        for (int i = 0; i < 100; i++)
            talk_turn(&t);
        assert_int_equal(t.controls, 2);
        talk_release(&t);
    }
}

static void pings_and_tells(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        websocket_ping(t.ws);
        talk_await_frames(&t, "P ping;");
        assert_int_equal(t.controls, 0);
        talk_send(&t, TALK_FIN | TALK_PONG, STR("ping"));
        while (t.controls < 1)
            talk_turn(&t);
        talk_release(&t);
    }
}

/* Pausing. */

static void pause_at_each(struct talk *t, struct str message, bool binary)
{
    (void)message, (void)binary;
    websocket_pause(t->ws);
}

static void delivers_nothing_while_paused(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf all = {0}, want = {0};
        talk_init(&t);
        t.on_message = pause_at_each;
        talk_open(&t, *over, no_early);
        put_many(&all, 3, 5); /* in one segment, as is what ends it */
        put_many(&all, 50, 300);
        talk_put_close(&all, 1000, STR("done"));
        talk_send_bytes(&t, buf_str(&all));
        for (int i = 0; i < 53; i++) {
            buf_printf(&want, i < 3 ? "text mmmmm;" : "text 300;");
            buf_reserve(&want, 1)[0] = '\0';
            talk_await(&t, want.data);
            for (int j = 0; j < 10; j++)
                talk_turn(&t);
            if (i < 52) /* the close waits for messages only */
                assert_str_equal(buf_str(&t.trace), buf_str(&want));
            if (t.ws)
                websocket_resume(t.ws);
        }
        buf_literal(&want, "closed 1000 done\0");
        talk_await(&t, want.data);
        talk_release(&t);
    }
}

static void stops_the_client_while_paused(void **state)
{
    (void)state;
    scoped_buf struct buf flood = {0};
    put_many(&flood, 4 << 10, 1000);
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        talk_open(&t, *over, no_early);
        websocket_pause(t.ws);
        size_t sent = talk_try_to_send(&t, buf_str(&flood), 3000);
        assert_true(sent < buf_len(&flood));
        assert_str_equal(buf_str(&t.trace), STR(""));
        websocket_resume(t.ws);
        talk_send_bytes(&t, str_skip(buf_str(&flood), sent));
        talk_send_close(&t, 1000, STR(""));
        while (t.ws)
            talk_turn(&t);
        assert_int_equal(buf_len(&t.trace), (4 << 10) * 10 + strlen("closed 1000 "));
        talk_release(&t);
    }
}

static void forgets_a_pause_and_its_end_in_one_turn(void **state)
{
    struct talk t;
    (void)state;
    talk_init(&t);
    talk_open(&t, TALK_OVER_TCP, no_early);
    websocket_pause(t.ws);
    websocket_resume(t.ws);
    talk_send(&t, TALK_FIN | TALK_TEXT, STR("one"));
    talk_await(&t, "text one;");
    talk_release(&t);
}

static void a_client_that_left_is_told_behind_its_messages(void **state)
{
    struct talk t;
    scoped_buf struct buf all = {0};
    (void)state;
    talk_init(&t);
    t.on_message = pause_at_each;
    talk_open(&t, TALK_OVER_TCP, no_early);
    put_many(&all, 3, 5);
    talk_put_close(&all, 1001, STR(""));
    talk_send_bytes(&t, buf_str(&all));
    talk_await_frames(&t, "X 1001;end");
    assert_str_equal(buf_str(&t.trace), STR("text mmmmm;"));
    assert_false(websocket_send(t.ws, STR("too late"), false));
    websocket_resume(t.ws);
    talk_await(&t, "text mmmmm;text mmmmm;");
    websocket_close(t.ws, 1011, STR("enough")); /* no more of them */
    talk_await(&t, "text mmmmm;text mmmmm;closed 1001 ");
    talk_release(&t);
}

int main(void)
{
    (void)alarm(240); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes),
        cmocka_unit_test(writes_the_101),
        cmocka_unit_test(writes_headers_up_to_a_bound),
        cmocka_unit_test(takes_early_bytes),
        cmocka_unit_test(takes_an_early_close),
        cmocka_unit_test(holds_to_limits),
        cmocka_unit_test(takes_new_limits),
        cmocka_unit_test(refuses_binary),
        cmocka_unit_test(stops_reading_without_memory),
        cmocka_unit_test(does_not_read_while_starved),
        cmocka_unit_test(splits_what_it_sends),
        cmocka_unit_test(sends_frames_larger_than_its_memory),
        cmocka_unit_test(bounds_what_waits),
        cmocka_unit_test(never_sends_what_could_not_wait),
        cmocka_unit_test(sends_all_to_a_slow_reader),
        cmocka_unit_test(hears_a_close_behind_stuck_output),
        cmocka_unit_test(answers_pings_and_tells),
        cmocka_unit_test(pings_and_tells),
        cmocka_unit_test(delivers_nothing_while_paused),
        cmocka_unit_test(stops_the_client_while_paused),
        cmocka_unit_test(forgets_a_pause_and_its_end_in_one_turn),
        cmocka_unit_test(a_client_that_left_is_told_behind_its_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
