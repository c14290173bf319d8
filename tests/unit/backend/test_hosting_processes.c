/* SPDX-License-Identifier: Apache-2.0 */
/* Hosted functions: when their processes are started, when they end, and what that is to callers.
 */
#include "turnpike/backend/lambda.h"

#include "support/hosting_fixture.h"

/* Processes that end. */

static const struct {
    const char *name;
    struct child_exit exit;
    const char *want;
} crashes[] = {
    {"without a reason", {.started = true}, "Error: Runtime exited without providing a reason\""},
    {"with a status",
     {.started = true, .status = 127},
     "Error: Runtime exited with error: exit status 127\""},
    {"by a signal",
     {.started = true, .signal = SIGKILL},
     "Error: Runtime exited with error: signal: killed\""},
    {"by a fault",
     {.started = true, .signal = SIGSEGV},
     "Error: Runtime exited with error: signal: segmentation fault\""},
};

static void crashes_are_told(void **state)
{
    (void)state;
    use();
    for (size_t i = 0; i < ARRAY_LENGTH(crashes); i++) {
        char id[37];
        struct told *o = invoke("{}");
        await_children(i + 1);
        (void)take_event(child(i), id);
        child_dies(child(i), crashes[i].exit);
        await(o);
        CHECK_CASE(&crashes[i], o->failure == INTEGRATION_FUNCTION_ERROR, "%d", o->failure);
        assert_holds(buf_str(&o->payload), crashes[i].want);
        assert_holds(buf_str(&o->payload), "\"errorType\":\"Runtime.ExitError\"");
        assert_holds(buf_str(&o->payload), id);
    }
    assert_int_equal(h.keys_issued, ARRAY_LENGTH(crashes));
    assert_int_equal(h.keys_revoked, ARRAY_LENGTH(crashes));
}

static void an_answer_counts_though_the_process_ends(void **state)
{
    (void)state;
    char id[37];
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: 1\r\n\r\n7",
               id);
    child_sends(child(0), buf_str(&request));
    child_dies(child(0), (struct child_exit){.started = true});
    await(o);
    assert_int_equal(o->failure, INTEGRATION_OK);
}

/* Somebody else may have the connection, and hold it. */
static void who_has_ended_is_given_nothing(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *first = invoke("1");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(first);
    child_sends(child(0), NEXT);
    int held = dup(child(0)->socket);
    loop_turn(&h.loop);
    child_dies(child(0), (struct child_exit){.started = true});
    loop_turn(&h.loop);
    struct told *second = invoke("2");
    await_children(2);
    (void)take_event(child(1), id);
    (void)child_posts(child(1), str_from(id), "response", STR("2"));
    await(second);
    assert_int_equal(second->failure, INTEGRATION_OK);
    (void)close(held);
}

static void who_has_ended_is_not_held(void **state)
{
    (void)state;
    char id[37], byte[512];
    use();
    struct told *o = invoke("1");
    (void)take_event(child(0), id);
    int held = dup(child(0)->socket);
    child_dies(child(0), (struct child_exit){.started = true});
    while (child(0)->socket >= 0)
        loop_turn(&h.loop);
    scoped_buf struct buf request = {0};
    buf_printf(&request,
               "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: 1\r\n\r\n7",
               id);
    (void)!send(held, request.data + request.start, buf_len(&request), MSG_NOSIGNAL);
    await(o);
    h.argument = STR("other.handler");
    use();
    ssize_t got;
    while ((got = recv(held, byte, sizeof(byte), 0)) > 0 || (got < 0 && errno == EAGAIN))
        loop_turn(&h.loop);
    (void)close(held);
}

static void starts_that_fail_are_told(void **state)
{
    (void)state;
    use();
    struct told *o = invoke("{}"), *queued = invoke("{}");
    (void)!write(child(0)->output, "no module\n", 10);
    child_dies(child(0), (struct child_exit){.started = true, .status = 1});
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "Error: Runtime exited with error: exit status 1\"");
    assert_holds(buf_str(&h.troubles), "it said: no module");
    await_children(2); /* at once, after the first failure */
    child_dies(child(1), (struct child_exit){.step = CHILD_STEP_EXEC, .number = ENOENT});
    await(queued);
    assert_holds(buf_str(&queued->payload), "\"errorType\":\"Runtime.InvalidEntrypoint\"");
    assert_holds(buf_str(&queued->payload), "fork/exec run: No such file or directory");
    struct told *early = invoke("{}"); /* within the back-off: the same answer, no process */
    await(early);
    assert_holds(buf_str(&early->payload), "\"Runtime.InvalidEntrypoint\"");
    assert_int_equal(keeper.count, 2);
}

static const struct {
    const char *name;
    enum child_step step;
    int number;
    const char *type, *why;
} refused_starts[] = {
    {"no process", CHILD_STEP_FORK, EAGAIN, "Runtime.Unknown", "Resource temporarily"},
    {"its user", CHILD_STEP_USER, EPERM, "Runtime.InvalidTaskConfig", "not permitted"},
    {"its memory", CHILD_STEP_LIMIT, EPERM, "Runtime.InvalidTaskConfig", "not permitted"},
    {"its directory", CHILD_STEP_DIRECTORY, ENOENT, "Runtime.InvalidWorkingDir", "No such file"},
    {"its program", CHILD_STEP_EXEC, EACCES, "Runtime.InvalidEntrypoint", "Permission denied"},
};

static void what_cannot_be_run_is_told(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(refused_starts); i++) {
        scoped_buf struct buf type = {0};
        setup(state);
        use();
        struct told *o = invoke("{}");
        child_dies(child(0), (struct child_exit){.step = refused_starts[i].step,
                                                 .number = refused_starts[i].number});
        await(o);
        buf_printf(&type, "{\"errorType\":\"%s\",", refused_starts[i].type);
        CHECK_CASE(&refused_starts[i], str_starts_with(buf_str(&o->payload), buf_str(&type)),
                   "%" STR_F, STR_A(buf_str(&o->payload)));
        assert_holds(buf_str(&o->payload), refused_starts[i].why);
        if (i + 1 < ARRAY_LENGTH(refused_starts))
            teardown(state);
    }
}

static void a_runtime_reports_its_failed_start(void **state)
{
    (void)state;
    static const char body[] = "{\"errorType\":\"SyntaxError\",\"errorMessage\":\"bad\"}";
    scoped_buf struct buf request = {0};
    use();
    struct told *o = invoke("{}");
    buf_printf(&request,
               "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n"
               "Content-Length: %zu\r\n\r\n%s",
               sizeof(body) - 1, body);
    assert_holds(child_asks(child(0), buf_str(&request)), "202 Accepted");
    child_dies(child(0), (struct child_exit){.started = true, .status = 129});
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_str_equal(buf_str(&o->payload), str_from(body));
    assert_holds(buf_str(&h.troubles), "it cannot start: SyntaxError: bad");
}

/* Each may have 6 MB: many at once would be the gateway's memory. */
static void failed_starts_are_reported_one_at_a_time(void **state)
{
    (void)state;
    static const char head[] = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n"
                               "Content-Length: 2\r\n\r\n";
    use();
    (void)invoke("{}");
    child_sends(child(0), str_from(head));
    loop_turn(&h.loop);
    int first = child(0)->socket;
    child(0)->socket = -1;
    assert_string_equal(status_of(child_asks(child(0), str_from(head))), "403");
    (void)close(child(0)->socket);
    child(0)->socket = first;
    assert_string_equal(status_of(child_asks(child(0), STR("{}"))), "202");
}

static void nothing_can_be_started(void **state)
{
    (void)state;
    keeper.refuses = true;
    use();
    struct told *o = invoke("{}");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "no keeper");
}

/* Who waits for a process that has answered, which goes instead of asking, and no other starts. */
static void nobody_waits_in_vain(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *first = invoke("1");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(first);
    struct told *second = invoke("2"), *third = invoke("3");
    keeper.refuses = true;
    child_dies(child(0), (struct child_exit){.started = true});
    await(second);
    assert_holds(buf_str(&second->payload), "no keeper");
    await(third);
    assert_int_equal(third->failure, INTEGRATION_FUNCTION_ERROR);
}

/* While another process is busy, and nothing else happens. */
static void a_start_that_was_put_off_is_made_up_for(void **state)
{
    (void)state;
    char id[37];
    h.function.process.concurrency = 2;
    use();
    struct told *busy = invoke("1");
    (void)take_event(child(0), id);
    for (size_t i = 1; i <= 2; i++) {
        struct told *o = invoke("2");
        child_dies(child(i), (struct child_exit){.started = true, .status = 1});
        await(o);
    }
    struct told *o = invoke("3");
    assert_int_equal(keeper.count, 3);
    await_children(4);
    assert_true(str_ends_with(take_event(child(3), id), STR("3")));
    (void)child_posts(child(3), str_from(id), "response", STR("3"));
    await(o);
    assert_false(busy->done);
}

static const struct figure *figure(enum figure_type type, const char *name, const char *result)
{
    struct label labels[] = {{"function", STR("todo")}, {"result", str_from(result)}};
    return counters_figure(h.counters, type, name, "", labels, result ? 2 : 1);
}

static void processes_are_counted(void **state)
{
    (void)state;
    char id[37];
    h.function.process.concurrency = 2;
    use();
    (void)invoke("1");
    struct told *o = invoke("2");
    assert_true(figure(FIGURE_GAUGE, "turnpike_function_processes", NULL)->value == 2);
    (void)take_event(child(0), id);
    child_dies(child(1), (struct child_exit){.started = true, .status = 1});
    await(o);
    assert_true(figure(FIGURE_GAUGE, "turnpike_function_processes", NULL)->value == 1);
    assert_int_equal(figure(FIGURE_COUNTER, "turnpike_function_starts_total", "ok")->count, 1);
    assert_int_equal(figure(FIGURE_COUNTER, "turnpike_function_starts_total", "error")->count, 1);
}

/* Time. */

static void a_function_that_is_late_is_killed(void **state)
{
    (void)state;
    char id[37];
    h.function.timeout = 20 * USEC_PER_MSEC;
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    await(o);
    assert_int_equal(o->failure, INTEGRATION_FUNCTION_ERROR);
    assert_holds(buf_str(&o->payload), "\"errorType\":\"Sandbox.Timedout\"");
    assert_holds(buf_str(&o->payload), "Error: Task timed out after 0.02 seconds\"");
    assert_int_equal(child(0)->signal, SIGKILL);
    assert_holds(buf_str(&o->log_tail), "Status: timeout");
    (void)invoke("{}");
    await_children(2);
}

/* Of a process that is being killed, no answer counts. */
static void an_answer_that_is_late_is_nobodys(void **state)
{
    (void)state;
    char id[37];
    h.function.timeout = 20 * USEC_PER_MSEC;
    keeper.ends_by_signal = false;
    use();
    struct told *o = invoke("{}");
    (void)take_event(child(0), id);
    await(o);
    struct str answer = child_posts(child(0), str_from(id), "response", STR("1"));
    assert_string_equal(status_of(answer), "400");
    assert_holds(answer, "\"InvalidRequestID\"");
    assert_string_equal(status_of(child_asks(child(0), NEXT)), "403");
}

static void a_start_that_is_late_is_killed(void **state)
{
    (void)state;
    h.function.process.init_timeout = 20 * USEC_PER_MSEC;
    use();
    struct told *o = invoke("{}");
    await(o);
    assert_holds(buf_str(&o->payload), "\"errorType\":\"Sandbox.Timedout\"");
    assert_int_equal(child(0)->signal, SIGKILL);
}

static void the_integration_may_end_first(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke_within("1", 20 * USEC_PER_MSEC);
    (void)take_event(child(0), id);
    struct told *queued = invoke("2");
    await(o);
    assert_int_equal(o->failure, INTEGRATION_TIMED_OUT);
    assert_int_equal(child(0)->signal, 0);
    (void)child_posts(child(0), str_from(id), "response", STR("1")); /* nobody hears it */
    assert_true(str_ends_with(take_event(child(0), id), STR("2")));
    (void)child_posts(child(0), str_from(id), "response", STR("2"));
    await(queued);
    assert_int_equal(queued->failure, INTEGRATION_OK);
}

static void an_idle_process_ends(void **state)
{
    (void)state;
    char id[37];
    h.function.process.idle_timeout = 20 * USEC_PER_MSEC;
    use();
    (void)invoke("{}");
    (void)take_event(child(0), id);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    child_sends(child(0), NEXT);
    while (child(0)->signal == 0)
        loop_turn(&h.loop);
    assert_int_equal(child(0)->signal, SIGTERM);
}

static void some_are_kept_warm(void **state)
{
    (void)state;
    h.function.process.concurrency = 3;
    h.function.process.minimum = 2;
    use();
    assert_int_equal(keeper.count, 2);
    child_dies(child(0), (struct child_exit){.started = true, .status = 1});
    await_children(3);
}

/* Snapshots. */

static void a_change_replaces_processes(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke("1");
    (void)take_event(child(0), id);
    use(); /* the same: nothing happens */
    h.argument = STR("other.handler");
    use();
    assert_int_equal(child(0)->signal, 0);
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(o);
    struct told *next = invoke("2");
    child_sends(child(0), NEXT);
    await_children(2);
    assert_int_equal(child(0)->signal, SIGTERM);
    assert_true(str_ends_with(take_event(child(1), id), STR("2")));
    (void)child_posts(child(1), str_from(id), "response", STR("2"));
    await(next);
}

static void a_function_that_is_gone_ends(void **state)
{
    (void)state;
    char id[37];
    use();
    struct told *o = invoke("1");
    (void)take_event(child(0), id);
    h.removed = true;
    use();
    (void)child_posts(child(0), str_from(id), "response", STR("1"));
    await(o);
    assert_int_equal(o->failure, INTEGRATION_OK);
    child_sends(child(0), NEXT);
    while (child(0)->signal == 0)
        loop_turn(&h.loop);
}

static void a_function_that_is_gone_serves_who_waits(void **state)
{
    (void)state;
    char id[2][37];
    h.function.process.concurrency = 2;
    use();
    struct told *o[] = {invoke("0"), invoke("1")};
    h.removed = true;
    use();
    for (size_t i = 0; i < ARRAY_LENGTH(o); i++)
        (void)take_event(child(i), id[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(o); i++) {
        (void)child_posts(child(i), str_from(id[i]), "response", STR("1"));
        await(o[i]);
        assert_int_equal(o[i]->failure, INTEGRATION_OK);
        child_sends(child(i), NEXT);
        while (child(i)->signal == 0)
            loop_turn(&h.loop);
    }
    assert_int_equal(keeper.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(crashes_are_told),
        TEST(an_answer_counts_though_the_process_ends),
        TEST(who_has_ended_is_given_nothing),
        TEST(who_has_ended_is_not_held),
        TEST(starts_that_fail_are_told),
        cmocka_unit_test_teardown(what_cannot_be_run_is_told, teardown),
        TEST(a_runtime_reports_its_failed_start),
        TEST(failed_starts_are_reported_one_at_a_time),
        TEST(nothing_can_be_started),
        TEST(nobody_waits_in_vain),
        TEST(a_start_that_was_put_off_is_made_up_for),
        TEST(processes_are_counted),
        TEST(a_function_that_is_late_is_killed),
        TEST(an_answer_that_is_late_is_nobodys),
        TEST(a_start_that_is_late_is_killed),
        TEST(the_integration_may_end_first),
        TEST(an_idle_process_ends),
        TEST(some_are_kept_warm),
        TEST(a_change_replaces_processes),
        TEST(a_function_that_is_gone_ends),
        TEST(a_function_that_is_gone_serves_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
