/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/websocket.h"

#include "testing.h"

#include "support/websocket_talk.h"

static void echo(struct talk *t, struct str message, bool binary)
{
    assert_true(websocket_send(t->ws, message, binary));
}

static void echoes_over(enum talk_over over)
{
    struct talk t;
    talk_init(&t);
    t.on_message = echo;
    talk_open(&t, over, STR(""));
    talk_send(&t, TALK_FIN | TALK_TEXT, STR("hello"));
    talk_await_frames(&t, "T hello;");
    talk_send_close(&t, 1000, STR("bye"));
    talk_await(&t, "text hello;closed 1000 bye");
    talk_await_frames(&t, "T hello;X 1000 bye;end");
    assert_int_equal(t.controls, 0);
    talk_release(&t);
}

static void echoes(void **state)
{
    (void)state;
    echoes_over(TALK_OVER_UNIX);
    echoes_over(TALK_OVER_TCP);
    echoes_over(TALK_OVER_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
