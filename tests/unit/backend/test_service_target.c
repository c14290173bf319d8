/* SPDX-License-Identifier: Apache-2.0 */
/* Where actions are sent: hosts, heads, signatures. */
#include "../../../src/backend/service_private.h"

#include "testing.h"
#include "turnpike/model/builder.h"

struct fixture {
    struct diag diag;
    struct loop loop;
    struct origins *origins;
    struct snapshot *snapshot;
};

/* One route of one API, with an action that is sent to a URL. */
static const struct service_target *prepare(struct fixture *f, const char *subtype, const char *url,
                                            const struct signing *signing)
{
    struct builder b;
    struct position at = {"turnpike.yaml", 1, 1};
    diag_init(&f->diag);
    builder_init(&b, &f->diag);
    struct arena *arena = &b.snapshot->arena;
    const struct service_action *action = service_action_find(str_from(subtype));
    struct service_endpoint *service = list_push(arena, &b.snapshot->settings.service_endpoints);
    service->name = str_from(action->service);
    service->signing = signing;
    assert_true(builder_set_endpoint(&b, &service->endpoint, (struct written){str_from(url), at}));

    struct api *api = builder_add_api(&b, at, STR("a"));
    (void)builder_add_stage(&b, api, at, STR("$default"));
    struct integration *integration = builder_add_integration(&b, api, at);
    integration->type = INTEGRATION_SERVICE;
    integration->action = action;
    builder_add_route(&b, api, at, STR("GET"), STR("/"))->integration = integration;
    f->snapshot = builder_finish(&b);
    assert_non_null(f->snapshot);

    loop_init(&f->loop);
    f->origins = origins_new(&f->loop, NULL);
    service_prepare(f->origins, f->snapshot, &f->diag);
    return api->stages.items[0]->routes[0].service;
}

static void release(struct fixture *f)
{
    snapshot_unref(f->snapshot);
    origins_free(f->origins);
    loop_run(&f->loop);
    loop_release(&f->loop);
    diag_release(&f->diag);
}

static const struct {
    const char *name, *subtype, *url, *authority;
} hosts[] = {
    {"a stand-in", "StepFunctions-StartSyncExecution", "http://127.0.0.1:8083", "127.0.0.1:8083"},
    {"a stand-in of the service's name", "StepFunctions-StartSyncExecution", "http://states:8083",
     "states:8083"},
    {"another in one's own domain", "StepFunctions-StartSyncExecution", "http://states.example.com",
     "states.example.com"},
    {"AWS", "StepFunctions-StartSyncExecution", "http://states.eu-west-1.amazonaws.com",
     "sync-states.eu-west-1.amazonaws.com"},
    {"AWS in China", "StepFunctions-StartSyncExecution",
     "http://states.cn-north-1.amazonaws.com.cn", "sync-states.cn-north-1.amazonaws.com.cn"},
    {"AWS by either protocol", "StepFunctions-StartSyncExecution",
     "http://states.eu-west-1.api.aws", "sync-states.eu-west-1.api.aws"},
    {"AWS, and a port", "StepFunctions-StartSyncExecution",
     "http://states.eu-west-1.amazonaws.com:8080", "sync-states.eu-west-1.amazonaws.com:8080"},
    {"AWS, with the prefix already", "StepFunctions-StartSyncExecution",
     "http://sync-states.eu-west-1.amazonaws.com", "sync-states.eu-west-1.amazonaws.com"},
    {"AWS through a VPC", "StepFunctions-StartSyncExecution",
     "http://vpce-1.sync-states.eu-west-1.vpce.amazonaws.com",
     "vpce-1.sync-states.eu-west-1.vpce.amazonaws.com"},
    {"another action", "StepFunctions-StartExecution", "http://states.eu-west-1.amazonaws.com",
     "states.eu-west-1.amazonaws.com"},
};

static void finds_hosts(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, hosts) {
        struct fixture f;
        const struct service_target *t = prepare(&f, c->subtype, c->url, NULL);
        struct str got = t->endpoint.authority;
        CHECK_CASE(c, str_is(got, c->authority), "got %" STR_F, STR_A(got));
        size_t end = str_find(got, ':');
        CHECK_CASE(c, str_eq(t->endpoint.host, str_head(got, end)), "host");
        release(&f);
    }
}

static void check_head(const char *subtype, const char *url, struct str trace_id, const char *want)
{
    struct fixture f;
    struct service_text text = {0};
    const struct service_target *t = prepare(&f, subtype, url, NULL);
    buf_literal(&text.path, "/x");
    if (t->action->protocol == SERVICE_REST)
        buf_literal(&text.query, "a=1");
    else
        buf_literal(&text.body, "{}");
    struct buf head = service_head_write(t, &text, &(struct service_signature){{0}, 0}, trace_id);
    assert_str_equal(buf_str(&head), str_from(want));
    buf_release(&head);
    service_text_release(&text);
    release(&f);
}

#define AGENT "User-Agent: turnpike/" TURNPIKE_VERSION "\r\nAccept: */*\r\n"

static void writes_heads(void **state)
{
    (void)state;
    check_head("SQS-SendMessage", "http://[::1]:9324/base/", STR("Root=1"),
               "POST /base/x HTTP/1.1\r\nHost: [::1]:9324\r\n"
               "Content-Type: application/x-www-form-urlencoded\r\n" AGENT
               "X-Amzn-Trace-Id: Root=1\r\nContent-Length: 2\r\n\r\n");
    check_head("Kinesis-PutRecord", "http://kinesis", STR("Root=1\r\nX-Evil: 1"),
               "POST /x HTTP/1.1\r\nHost: kinesis\r\nContent-Type: application/x-amz-json-1.1\r\n"
               "X-Amz-Target: Kinesis_20131202.PutRecord\r\n" AGENT "Content-Length: 2\r\n\r\n");
    check_head("AppConfig-GetConfiguration", "http://appconfig", STR(""),
               "GET /x?a=1 HTTP/1.1\r\nHost: appconfig\r\n" AGENT "\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_hosts),
        cmocka_unit_test(writes_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
