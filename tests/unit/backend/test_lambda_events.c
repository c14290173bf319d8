/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait, are tried again and are given up. The functions are answered by hand. */
#include "turnpike/backend/lambda_events.h"

#include "support/fake_lambda.h"
#include "turnpike/base/clock.h"

#define MSEC USEC_PER_MSEC
#define HOUR (3600 * USEC_PER_SEC)

struct fixture {
    struct loop loop;
    struct counters *counters;
    struct budget buffered;
    struct snapshot *snapshot;
    struct function *todo;
    struct lambda_events *events;
    size_t dropped, idle;
    struct buf why; /* of the last that was dropped: "FUNCTION ID: why" */
};

static struct snapshot *in_force(void *data)
{
    return ((struct fixture *)data)->snapshot;
}

static void on_dropped(void *data, struct str function, struct str request_id, struct str why)
{
    struct fixture *f = data;
    f->dropped++;
    buf_clear(&f->why);
    buf_printf(&f->why, "%" STR_F " %" STR_F ": %" STR_F, STR_A(function), STR_A(request_id),
               STR_A(why));
}

static void on_idle(void *data)
{
    ((struct fixture *)data)->idle++;
}

static struct function *add_function(struct snapshot *s, const char *name, unsigned concurrency)
{
    struct function *f = arena_new(&s->arena, struct function);
    f->name = str_from(name);
    f->timeout = 3 * USEC_PER_SEC;
    f->max_concurrency = concurrency;
    (void)map_set(&s->functions_by_name, f->name, f);
    return f;
}

static struct snapshot *new_snapshot(void)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    s->references = 1;
    arena_init(&s->arena, 4096);
    s->settings.limits.buffered_bytes = 16 << 20;
    return s;
}

static void setup(struct fixture *f, const struct lambda_events_times *times)
{
    *f = (struct fixture){0};
    loop_init(&f->loop);
    f->counters = counters_new();
    f->snapshot = new_snapshot();
    f->todo = add_function(f->snapshot, "todo", 1);
    struct lambda_events_owner owner = {f, in_force, on_dropped, on_idle};
    f->events = lambda_events_new(&f->loop, (struct lambda *)&backend, &f->buffered, f->counters,
                                  times, &owner);
    backend.count = 0;
}

static void teardown(struct fixture *f)
{
    lambda_events_free(f->events);
    while (backend.call)
        answer_call(INTEGRATION_OK, "");
    assert_int_equal(f->buffered.used, 0);
    assert_int_equal(f->snapshot->references, 1);
    snapshot_unref(f->snapshot);
    counters_free(f->counters);
    buf_release(&f->why);
    loop_turn(&f->loop);
    loop_release(&f->loop);
}

/* With a body of 100 bytes at least, whose share is held as an exchange holds it. */
static bool add(struct fixture *f, const char *function, const char *id)
{
    struct lambda_event event = {.function = str_from(function),
                                 .qualifier = STR("live"),
                                 .trace_id = STR("Root=1-2-3"),
                                 .request_id = str_from(id)};
    buf_printf(&event.payload, "%100s", id);
    share_add(&event.held, &f->buffered, buf_len(&event.payload));
    bool accepted = lambda_events_add(f->events, &event);
    buf_release(&event.payload);
    share_release(&event.held);
    return accepted;
}

/* Until that many calls were made in all. */
static void await_calls(struct fixture *f, size_t count)
{
    while (backend.count < count)
        loop_turn(&f->loop);
    assert_int_equal(backend.count, count);
}

static double figure_of(struct fixture *f, enum figure_type type, const char *name)
{
    struct label label = {"function", STR("todo")};
    return counters_figure(f->counters, type, name, "", &label, 1)->value;
}

static void an_event_is_handed_to_its_function(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &lambda_events_times);
    assert_true(add(&f, "todo", "id-1"));
    assert_int_equal(backend.count, 0); /* not before it has returned */
    await_calls(&f, 1);
    const struct lambda_request *r = &backend.call->request;
    assert_ptr_equal(r->function, f.todo);
    assert_str_equal(r->qualifier, STR("live"));
    assert_str_equal(r->trace_id, STR("Root=1-2-3"));
    assert_str_equal(r->request_id, STR("id-1"));
    assert_int_equal(buf_len(&r->payload), 100);
    assert_int_equal(r->held.size, 100);
    assert_true(r->apart_max > 0);
    assert_true(r->timeout >= f.todo->timeout);
    assert_int_equal(f.snapshot->references, 2);
    assert_int_equal(lambda_events_running(f.events), 1);
    assert_true(figure_of(&f, FIGURE_GAUGE, "turnpike_lambda_events") == 1);

    answer_call(INTEGRATION_OK, "{}");
    assert_int_equal(lambda_events_count(f.events), 0);
    assert_true(figure_of(&f, FIGURE_GAUGE, "turnpike_lambda_events") == 0);
    assert_int_equal(lambda_events_running(f.events), 0);
    assert_int_equal(f.idle, 1);
    assert_int_equal(f.dropped, 0);
    teardown(&f);
}

static void its_times_are_aws_s(void **state)
{
    (void)state;
    const struct lambda_events_times *t = &lambda_events_times;
    assert_int_equal(t->retries[0], 60 * USEC_PER_SEC);
    assert_int_equal(t->retries[1], 120 * USEC_PER_SEC);
    assert_int_equal(t->pause_min, USEC_PER_SEC);
    assert_int_equal(t->pause_max, 300 * USEC_PER_SEC);
    assert_int_equal(t->age_max, 6 * HOUR);
}

static void a_function_that_fails_is_tried_twice_more(void **state)
{
    (void)state;
    struct fixture f;
    const uint64_t delays[] = {20 * MSEC, 40 * MSEC};
    setup(&f, &(struct lambda_events_times){{delays[0], delays[1]}, HOUR, HOUR, HOUR});
    assert_true(add(&f, "todo", "id-1"));
    await_calls(&f, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(delays); i++) {
        uint64_t failed = loop_now(&f.loop);
        answer_call(INTEGRATION_FUNCTION_ERROR, "{}");
        assert_int_equal(lambda_events_running(f.events), 0);
        assert_int_equal(lambda_events_count(f.events), 1);
        await_calls(&f, i + 2);
        assert_true(loop_now(&f.loop) >= failed + delays[i]);
        assert_str_equal(backend.call->request.request_id, STR("id-1"));
        assert_int_equal(buf_len(&backend.call->request.payload), 100);
    }
    answer_call(INTEGRATION_FUNCTION_ERROR, "{}");
    assert_int_equal(lambda_events_count(f.events), 0);
    assert_int_equal(f.dropped, 1);
    assert_str_equal(buf_str(&f.why), STR("todo id-1: why"));
    teardown(&f);
}

static const struct {
    const char *name;
    enum integration_failure failure;
} refusals[] = {
    {"throttled", INTEGRATION_THROTTLED}, {"nobody there", INTEGRATION_CONNECT_FAILED},
    {"a refusal", INTEGRATION_STATUS},    {"too late", INTEGRATION_TIMED_OUT},
    {"nonsense", INTEGRATION_MALFORMED},
};

/* Four times at once, twice as long each time, up to the longest. */
static void a_function_that_cannot_be_invoked_has_longer_and_longer_pauses(void **state)
{
    (void)state;
    const uint64_t delays[] = {5 * MSEC, 10 * MSEC, 15 * MSEC, 15 * MSEC};
    FOR_EACH_CASE (c, refusals) {
        struct fixture f;
        setup(&f, &(struct lambda_events_times){{HOUR, HOUR}, 5 * MSEC, 15 * MSEC, HOUR});
        assert_true(add(&f, "todo", "id-1"));
        await_calls(&f, 1);
        for (size_t i = 0; i < ARRAY_LENGTH(delays); i++) {
            uint64_t failed = loop_now(&f.loop);
            answer_call(c->failure, "");
            await_calls(&f, i + 2);
            CHECK_CASE(c, loop_now(&f.loop) >= failed + delays[i], "pause %zu", i);
        }
        answer_call(INTEGRATION_OK, "");
        CHECK_CASE(c, f.dropped == 0 && lambda_events_count(f.events) == 0, "done in the end");
        teardown(&f);
    }
}

static void an_event_that_would_be_too_old_is_given_up(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct lambda_events_times){{HOUR, HOUR}, MSEC, 2 * MSEC, 10 * MSEC});
    assert_true(add(&f, "todo", "id-1"));
    for (size_t calls = 1; f.dropped == 0; calls++) {
        await_calls(&f, calls);
        answer_call(INTEGRATION_THROTTLED, "");
    }
    assert_true(backend.count > 1);
    assert_str_equal(buf_str(&f.why), STR("todo id-1: why"));

    assert_true(add(&f, "todo", "id-2")); /* whose next try would be in an hour */
    await_calls(&f, backend.count + 1);
    answer_call(INTEGRATION_FUNCTION_ERROR, "");
    assert_int_equal(f.dropped, 2);
    teardown(&f);
}

static void half_of_a_function_is_left_to_others(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned concurrency;
        bool hosted;
        size_t running;
    } cases[] = {
        {"of one", 1, false, 1},
        {"of two", 2, false, 1},
        {"of eight", 8, false, 4},
        {"of processes", 6, true, 3},
    };
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        setup(&f, &lambda_events_times);
        f.todo->max_concurrency = c->hosted ? 1 : c->concurrency;
        f.todo->process.on = c->hosted;
        f.todo->process.concurrency = c->concurrency;
        for (size_t i = 0; i < 10; i++)
            assert_true(add(&f, "todo", "id"));
        loop_turn(&f.loop);
        CHECK_CASE(c, lambda_events_running(f.events) == c->running, "%zu run",
                   lambda_events_running(f.events));
        answer_call(INTEGRATION_OK, "");
        CHECK_CASE(c, lambda_events_running(f.events) == c->running, "the next");
        CHECK_CASE(c, lambda_events_count(f.events) == 9, "are left");
        teardown(&f);
    }
}

static void a_function_that_is_gone_loses_its_events(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct lambda_events_times){{HOUR, HOUR}, MSEC, MSEC, HOUR});
    assert_true(add(&f, "todo", "id-1"));
    assert_true(add(&f, "todo", "id-2"));
    await_calls(&f, 1);
    struct snapshot *before = f.snapshot;
    f.snapshot = new_snapshot();
    (void)add_function(f.snapshot, "other", 1);
    assert_int_equal(before->references, 2); /* the call has it */
    answer_call(INTEGRATION_THROTTLED, "");
    assert_int_equal(before->references, 1);
    snapshot_unref(before);
    while (f.dropped < 2)
        loop_turn(&f.loop);
    assert_int_equal(lambda_events_count(f.events), 0);
    assert_str_equal(buf_str(&f.why), STR("todo id-1: the function is not configured any longer"));
    teardown(&f);
}

static void a_function_has_its_number_of_events(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &lambda_events_times);
    (void)add_function(f.snapshot, "other", 1);
    for (size_t i = 0; i < LAMBDA_EVENTS_MAX; i++)
        assert_true(add(&f, "todo", "id"));
    size_t used = f.buffered.used;
    assert_false(add(&f, "todo", "id"));
    assert_int_equal(f.buffered.used, used);
    assert_true(add(&f, "other", "id"));
    loop_turn(&f.loop);
    answer_call(INTEGRATION_OK, "");
    assert_true(add(&f, "todo", "id"));
    teardown(&f);
}

static void all_events_have_a_quarter_of_what_is_buffered(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &lambda_events_times);
    f.snapshot->settings.limits.buffered_bytes = 40000;
    size_t count = 0;
    while (add(&f, "todo", "id"))
        count++;
    assert_in_range(count, 10, 100); /* 10,000 bytes, of which each takes more than its payload */
    assert_int_equal(f.buffered.used, 100 * count);
    assert_int_equal(lambda_events_count(f.events), count);
    loop_turn(&f.loop);
    answer_call(INTEGRATION_OK, "");
    assert_true(add(&f, "todo", "id"));
    teardown(&f);
}

static void a_try_waits_for_memory(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct lambda_events_times){{HOUR, HOUR}, MSEC, MSEC, HOUR});
    assert_true(add(&f, "todo", "id-1"));
    struct share others = {0};
    share_add(&others, &f.buffered, f.snapshot->settings.limits.buffered_bytes);
    for (size_t i = 0; i < 10; i++)
        loop_turn(&f.loop);
    assert_int_equal(backend.count, 0);
    assert_int_equal(lambda_events_count(f.events), 1);
    share_release(&others);
    await_calls(&f, 1);
    answer_call(INTEGRATION_OK, "");
    teardown(&f);
}

static void the_end_takes_all_of_them(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct lambda_events_times){{HOUR, HOUR}, HOUR, HOUR, 2 * HOUR});
    assert_true(add(&f, "todo", "waits for its retry"));
    await_calls(&f, 1);
    answer_call(INTEGRATION_FUNCTION_ERROR, "");
    assert_true(add(&f, "todo", "runs"));
    await_calls(&f, 2);
    assert_true(add(&f, "todo", "waits for its turn"));
    loop_turn(&f.loop);
    assert_true(add(&f, "todo", "was added just now"));
    assert_int_equal(lambda_events_count(f.events), 4);
    lambda_events_free(f.events);
    f.events = NULL;
    assert_true(backend.call->abandoned);
    assert_int_equal(f.dropped, 0);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_handed_to_its_function),
        cmocka_unit_test(its_times_are_aws_s),
        cmocka_unit_test(a_function_that_fails_is_tried_twice_more),
        cmocka_unit_test(a_function_that_cannot_be_invoked_has_longer_and_longer_pauses),
        cmocka_unit_test(an_event_that_would_be_too_old_is_given_up),
        cmocka_unit_test(half_of_a_function_is_left_to_others),
        cmocka_unit_test(a_function_that_is_gone_loses_its_events),
        cmocka_unit_test(a_function_has_its_number_of_events),
        cmocka_unit_test(all_events_have_a_quarter_of_what_is_buffered),
        cmocka_unit_test(a_try_waits_for_memory),
        cmocka_unit_test(the_end_takes_all_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
