/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/backend/worker_output.h"

#include "testing.h"

#include <fcntl.h>
#include <unistd.h>

#include "turnpike/base/clock.h"

/* One output, and what was told of it. */
struct listening {
    struct loop loop;
    struct worker_output output;
    int write_end;
    size_t lines, turn_lines;
    bool ended, closed;
};

static void on_line(struct worker_output *o, struct str line)
{
    struct listening *l = o->owner;
    (void)line;
    l->lines++;
    l->turn_lines++;
}

static void on_end(struct worker_output *o)
{
    ((struct listening *)o->owner)->ended = true;
}

static void on_closed(struct worker_output *o)
{
    ((struct listening *)o->owner)->closed = true;
}

static const struct worker_output_events events = {on_line, on_end, on_closed};

static void open_output(struct listening *l)
{
    struct error error;
    *l = (struct listening){0};
    loop_init(&l->loop);
    assert_true(worker_output_open(&l->output, &l->loop, &events, l, &l->write_end, &error));
    assert_int_equal(fcntl(l->write_end, F_SETFL, O_NONBLOCK), 0);
}

static void close_output(struct listening *l)
{
    (void)close(l->write_end);
    worker_output_close(&l->output);
    loop_run(&l->loop);
    assert_true(l->closed);
    loop_release(&l->loop);
}

static const struct {
    const char *name;
    const char *piece; /* is written again and again */
} floods[] = {
    {"empty lines", "\n\n\n\n\n\n\n\n"},
    {"lines of one letter", "x\nx\nx\nx\n"},
    {"empty lines, as Windows", "\r\n\r\n\r\n\r\n"},
};

/* A tenth of a second has no more lines than can be written without others' noticing (and four of
 * them more where it was quiet before), and one turn of the loop even fewer. */
static void test_lines_have_a_rate(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, floods) {
        struct listening l;
        size_t most = 0;
        open_output(&l);
        uint64_t start = clock_monotonic(), end = start + 500 * USEC_PER_MSEC;
        while (clock_monotonic() < end) {
            while (write(l.write_end, c->piece, strlen(c->piece)) > 0)
                ;
            l.turn_lines = 0;
            (void)uv_run(&l.loop.uv, UV_RUN_ONCE);
            most = l.turn_lines > most ? l.turn_lines : most;
        }
        uint64_t windows = (clock_monotonic() - start) / (100 * USEC_PER_MSEC) + 6;
        assert_in_range(most, 1, 2048);
        assert_in_range(l.lines, 1000, windows * 1024);
        close_output(&l);
    }
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_have_a_rate),
    };
    return cmocka_run_group_tests_name("backend/worker_output", tests, NULL, NULL);
}
