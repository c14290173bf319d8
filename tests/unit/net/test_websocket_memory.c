/* SPDX-License-Identifier: Apache-2.0 */
/* What WebSockets may make the gateway keep, and that all of it is counted. */
#include "turnpike/net/websocket.h"

#include "testing.h"

#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#include "support/websocket_talk.h"

static const enum talk_over transports[] = {TALK_OVER_TCP, TALK_OVER_TLS};

#define FOR_EACH_TRANSPORT(over) FOR_EACH (over, transports, ARRAY_LENGTH(transports))

static const struct str no_early = STR_INIT("");

static char *filled(size_t len, char with)
{
    char *bytes = xmalloc(len);
    memset(bytes, with, len);
    return bytes;
}

/* Parts. */

/* The beginning of a text of 20,000 bytes, in one frame. */
static void put_part(struct buf *out, size_t len)
{
    scoped_buf struct buf whole = {0};
    char *bytes = filled(20000, 'p');
    talk_put_frame(&whole, TALK_FIN | TALK_TEXT, str_of(bytes, 20000));
    buf_append(out, str_head(buf_str(&whole), len));
    free(bytes);
}

static void finish_elder(struct talk *t, struct str rest)
{
    assert_int_equal(send(t->elder_client, rest.at, rest.len, 0), rest.len);
}

static void has_memory_for_the_oldest_message(void **state)
{
    (void)state;
    struct talk t;
    scoped_buf struct buf part = {0}, whole = {0};
    put_part(&part, 15000);
    put_part(&whole, SIZE_MAX);
    talk_init(&t);
    t.limits.buffered_max = 5000;
    talk_open_elder(&t, buf_str(&part));
    talk_open(&t, TALK_OVER_TCP, no_early);
    (void)talk_try_to_send(&t, buf_str(&whole), 1000);
    finish_elder(&t, str_skip(buf_str(&whole), 15000));
    talk_await(&t, "elder 20000;text 20000;");
    assert_int_equal(t.buffered.used, 0);
    assert_int_equal(t.loop.timer_count, 0);
    talk_release(&t);
}

static void gives_up_the_oldest_message_for_others(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf part = {0}, whole = {0};
        put_part(&part, 15000);
        put_part(&whole, SIZE_MAX);
        talk_init(&t);
        t.limits.buffered_max = 5000;
        talk_open_elder(&t, buf_str(&part));
        talk_open(&t, *over, no_early);
        (void)talk_try_to_send(&t, buf_str(&whole), 1000);
        while (!str_ends_with(buf_str(&t.trace), STR("text 20000;"))) {
            talk_hurry(&t); /* the deadline of the elder's close, too */
            talk_turn(&t);
        }
        talk_await(&t, "elder closed 1013;text 20000;");
        talk_release(&t);
    }
}

/* What functions work on, say: the oldest waits for that as everybody. */
static void waits_for_what_else_is_buffered(void **state)
{
    (void)state;
    struct talk t;
    scoped_buf struct buf part = {0}, whole = {0};
    put_part(&part, 15000);
    put_part(&whole, SIZE_MAX);
    talk_init(&t);
    t.limits.buffered_max = 100000;
    t.buffered.used = 100000;
    talk_open_elder(&t, buf_str(&part));
    assert_int_equal(t.buffered.used, 100000);
    t.buffered.used -= 100000;
    finish_elder(&t, str_skip(buf_str(&whole), 15000));
    talk_await(&t, "elder 20000;");
    assert_int_equal(t.loop.timer_count, 0);
    talk_release(&t);
}

/* Messages that are held back. */

static void pause_at_each(struct talk *t, struct str message, bool binary)
{
    (void)message, (void)binary;
    websocket_pause(t->ws);
}

static void counts_what_is_held(void **state)
{
    (void)state;
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        scoped_buf struct buf all = {0};
        for (size_t i = 0; i < 1000; i++)
            talk_put_frame(&all, TALK_FIN | TALK_TEXT, STR(""));
        talk_init(&t);
        t.on_message = pause_at_each;
        talk_open(&t, *over, buf_str(&all));
        talk_await(&t, "text ;");
        for (int i = 0; i < 10; i++)
            talk_turn(&t);
        assert_true(t.buffered.used > 10000); /* though they are empty */
        websocket_kill(t.ws);
        talk_await(&t, "text ;closed 1006 ");
        assert_int_equal(t.buffered.used, 0);
        talk_release(&t);
    }
}

/* Output. */

/* Sends until it is refused; how often it was not. */
static size_t fill(struct talk *t, struct str message)
{
    size_t count = 0;
    for (; websocket_send(t->ws, message, false); count++)
        talk_turn_deaf(t);
    return count;
}

static void keeps_no_more_output_than_there_is_memory_for(void **state)
{
    (void)state;
    char *bytes = filled(30000, 'w');
    FOR_EACH_TRANSPORT(over)
    {
        struct talk t;
        talk_init(&t);
        t.limits.pending_max = 64 << 20;
        t.limits.buffered_max = 100000;
        talk_open(&t, *over, no_early);
        size_t sent = fill(&t, str_of(bytes, 30000)) * 30000;
        assert_true(sent < 64 << 20);
        assert_true(t.buffered.used > 0 && t.buffered.used <= 100000 + 200);
        while (t.received < sent)
            talk_turn(&t);
        talk_turn(&t);
        assert_int_equal(t.buffered.used, 0);
        assert_true(websocket_send(t.ws, STR("again"), false));
        talk_release(&t);
    }
    free(bytes);
}

static void bounds_empty_messages_too(void **state)
{
    (void)state;
    struct talk t;
    char *bytes = filled(30000, 'w');
    talk_init(&t);
    t.limits.pending_max = 100000;
    talk_open(&t, TALK_OVER_TCP, no_early);
    (void)fill(&t, str_of(bytes, 30000));
    assert_true(fill(&t, STR("")) < 10000);
    talk_release(&t);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_memory_for_the_oldest_message),
        cmocka_unit_test(gives_up_the_oldest_message_for_others),
        cmocka_unit_test(waits_for_what_else_is_buffered),
        cmocka_unit_test(counts_what_is_held),
        cmocka_unit_test(keeps_no_more_output_than_there_is_memory_for),
        cmocka_unit_test(bounds_empty_messages_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
