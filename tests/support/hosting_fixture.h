/* SPDX-License-Identifier: Apache-2.0 */
/* hosting_fixture.h: one hosted function whose processes the test plays, and its callers. */
#ifndef TURNPIKE_TESTS_HOSTING_FIXTURE_H
#define TURNPIKE_TESTS_HOSTING_FIXTURE_H

#include <errno.h>

#include "support/fake_keeper.h"
#include "turnpike/backend/lambda.h"
#include "turnpike/base/clock.h"

#define LONG (600 * USEC_PER_SEC)

struct told {
    bool done;
    enum integration_failure failure;
    struct buf payload, error, log_tail, request_id, content_type;
};

#define OUTCOMES 16

static struct {
    struct loop loop;
    struct counters *counters;
    struct lambda *lambda;
    struct hosting hosting;
    struct snapshot *snapshot;
    struct function function; /* what the next snapshot has */
    bool removed;             /* it has none */
    struct str argument;
    struct told outcomes[OUTCOMES];
    size_t invoked;
    struct buf log, troubles;
    size_t keys_issued, keys_revoked;
} h;

static inline void on_line(void *data, const struct hosted_line *line)
{
    (void)data;
    buf_printf(&h.log, "%" STR_F "\n", STR_A(line->text));
}

static inline bool hears_lines(void *data)
{
    (void)data;
    return true;
}

static inline void on_trouble(void *data, struct str function, struct str why)
{
    (void)data;
    buf_printf(&h.troubles, "%" STR_F ": %" STR_F "\n", STR_A(function), STR_A(why));
}

static inline struct sigv4_key issue_key(void *data, struct str function)
{
    (void)data;
    (void)function;
    h.keys_issued++;
    return (struct sigv4_key){STR("ASIA"), STR("secret"), STR("token")};
}

static inline void revoke_key(void *data, const struct sigv4_key *key)
{
    (void)data;
    assert_str_equal(key->access_key_id, STR("ASIA"));
    h.keys_revoked++;
}

/* A snapshot with the function is put in force. */
static inline void use(void)
{
    struct snapshot *s = xcalloc(1, sizeof(*s)), *before = h.snapshot;
    s->references = 1;
    arena_init(&s->arena, 4096);
    s->settings.aws_region = STR("eu-west-1");
    s->settings.account_id = STR("123456789012");
    if (!h.removed) {
        struct function *f = arena_new(&s->arena, struct function);
        *f = h.function;
        *list_push(&s->arena, &f->process.command) = STR("run");
        *list_push(&s->arena, &f->process.command) = h.argument;
        *list_push(&s->arena, &s->functions) = f;
        (void)map_set(&s->functions_by_name, f->name, f);
    }
    lambda_prepare(h.lambda, s);
    h.snapshot = s;
    lambda_use(h.lambda, s);
    snapshot_unref(before);
}

static inline int setup(void **state)
{
    (void)state;
    memset(&h, 0, sizeof(h));
    memset(&keeper, 0, sizeof(keeper));
    keeper.ends_by_signal = true;
    loop_init(&h.loop);
    h.counters = counters_new();
    h.lambda = lambda_new(&h.loop, NULL, h.counters);
    static const char *const environment[] = {"PATH=/bin", NULL};
    h.hosting = (struct hosting){.program = "x",
                                 .environment = environment,
                                 .owner = {.on_line = on_line,
                                           .hears_lines = hears_lines,
                                           .on_trouble = on_trouble,
                                           .on_notice = on_trouble,
                                           .issue_key = issue_key,
                                           .revoke_key = revoke_key}};
    lambda_host(h.lambda, &h.hosting);
    h.argument = STR("index.handler");
    h.function = (struct function){.name = STR("todo"),
                                   .timeout = LONG,
                                   .max_queue = 10,
                                   .process = {.on = true,
                                               .directory = {.text = STR("/")},
                                               .concurrency = 1,
                                               .idle_timeout = LONG,
                                               .init_timeout = LONG,
                                               .memory_size = 128}};
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    lambda_free(h.lambda);
    snapshot_unref(h.snapshot);
    FOR_EACH (c, keeper.children, keeper.count)
        close_child(c);
    loop_release(&h.loop);
    counters_free(h.counters);
    FOR_EACH (o, h.outcomes, OUTCOMES) {
        struct buf *const all[] = {&o->payload, &o->error, &o->log_tail, &o->request_id,
                                   &o->content_type};
        FOR_EACH (b, all, ARRAY_LENGTH(all))
            buf_release(*b);
    }
    buf_release(&h.log);
    buf_release(&h.troubles);
    return 0;
}

static inline void on_done(void *data, struct lambda_answer *answer)
{
    struct told *o = data;
    assert_false(o->done);
    o->done = true;
    o->failure = answer->failure;
    buf_append(&o->payload, buf_str(&answer->payload));
    buf_append(&o->error, answer->error);
    buf_append(&o->log_tail, answer->log_tail);
    buf_append(&o->request_id, answer->request_id);
    buf_append(&o->content_type, answer->content_type);
}

static inline struct told *invoke_within(const char *event, uint64_t timeout)
{
    struct told *o = &h.outcomes[h.invoked++];
    struct lambda_request request = {.function = h.snapshot->functions.items[0],
                                     .trace_id = STR("Root=1-5759e988-bd862e3fe1be46a994272793"),
                                     .client_context = STR("{\"custom\":1}"),
                                     .wants_log = true,
                                     .timeout = timeout};
    buf_append(&request.payload, str_from(event));
    (void)lambda_invoke(h.lambda, &request, on_done, o);
    assert_false(o->done);
    return o;
}

static inline struct told *invoke(const char *event)
{
    return invoke_within(event, LONG);
}

static inline void await(const struct told *o)
{
    while (!o->done)
        loop_turn(&h.loop);
}

static inline void await_children(size_t count)
{
    while (keeper.count < count)
        loop_turn(&h.loop);
}

static inline void assert_holds(struct str text, const char *part)
{
    if (str_find_str(text, str_from(part)) == text.len) {
        print_error("'%s' is not in '%" STR_F "'\n", part, STR_A(text));
        fail();
    }
}

static inline const char *status_of(struct str answer)
{
    static char status[4];
    memcpy(status, answer.at + 9, 3);
    return status;
}

/* The id lives in the caller's buffer. */
static struct str take_event(struct child *c, char id[37])
{
    struct str answer = child_asks(c, NEXT);
    assert_string_equal(status_of(answer), "200");
    memcpy(id, id_of(answer).at, 36);
    id[36] = '\0';
    return answer;
}

static inline struct child *child(size_t i)
{
    assert_true(i < keeper.count);
    return &keeper.children[i];
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
