/* SPDX-License-Identifier: Apache-2.0 */
/* What events are is told by tests/golden; here is what no single request shows. */
#include "turnpike/event/lambda_event.h"

#include "testing.h"

struct scene {
    struct arena arena;
    struct settings settings;
    struct api api;
    struct stage stage;
    struct integration integration;
    struct route route;
    struct transaction t;
};

static void set_up(struct scene *s)
{
    *s = (struct scene){.settings = {.account_id = STR("123456789012")},
                        .api = {.api_id = STR("id")},
                        .stage = {.stage_name = STR("$default")},
                        .integration = {.payload_format = PAYLOAD_FORMAT_2_0},
                        .route = {.key = STR("$default"), .path = STR("$default")}};
    arena_init(&s->arena, 4096);
    s->stage.api = &s->api;
    s->route.integration = &s->integration;
    s->t.settings = &s->settings;
    s->t.request = (struct request){.method = STR("GET"), .path = STR("/"), .scheme = STR("https")};
    s->t.selection = (struct selection){.api = &s->api,
                                        .stage = &s->stage,
                                        .match = {.route = &s->route},
                                        .domain_name = STR("id.example.com"),
                                        .domain_prefix = STR("id")};
}

/* More names than are sorted by insertion; the values of one name keep their order. */
static void many_parameters(void **state)
{
    (void)state;
    struct scene s;
    set_up(&s);
    scoped_buf struct buf query = {0}, want = {0}, out = {0};
    for (unsigned i = 0; i < 5000; i++)
        buf_printf(&query, "%sk%u=%u", i ? "&" : "", i % 100, i / 100);
    buf_literal(&want, "\"k7\":\"0");
    for (unsigned i = 1; i < 50; i++)
        buf_printf(&want, ",%u", i);
    buf_append_char(&want, '"');
    s.t.request.query = buf_str(&query);

    lambda_event_write(&out, &s.t, &s.arena);
    assert_true(str_find_str(buf_str(&out), buf_str(&want)) < buf_len(&out));
    arena_release(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_parameters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
