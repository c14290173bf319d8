/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations of type http_proxy: where each leads in each stage, and what is wrong with them. */
#include "openapi_fixture.h"

/* Line 4 has the path, 6 the integration. */
#define ROUTE(path, fields)                                                                        \
    "openapi: 3.0.1\ninfo: {title: t, version: '1'}\npaths:\n  " path ":\n    get:\n"              \
    "      x-amazon-apigateway-integration: {type: http_proxy, " fields "}\n"
#define ARN "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2"

/* Two stages: prod with host=prod.test and p=v1, dev with host=dev.test alone. The VPC links "link"
 * (http://127.0.0.1:9000/base/) and ARN (https://inside:8443). */
static const struct {
    const char *name, *document;
    const char *want; /* findings, then a line for each stage: "STAGE METHOD tls? host port: …" */
} cases[] = {
    {"a plain URL", ROUTE("/a", "uri: 'http://h/x', httpMethod: GET"),
     "prod GET plain h:80 http://h/x\ndev GET plain h:80 http://h/x\n"},
    {"https and a port", ROUTE("/a", "uri: 'https://h:444/', httpMethod: post"),
     "prod POST tls h:444 https://h:444/\ndev POST tls h:444 https://h:444/\n"},
    {"no method is ANY", ROUTE("/a", "uri: 'https://h'"),
     "prod ANY tls h:443 https://h\ndev ANY tls h:443 https://h\n"},
    {"a method of one's own", ROUTE("/a", "uri: 'http://h', httpMethod: purge"),
     "prod purge plain h:80 http://h\ndev purge plain h:80 http://h\n"},
    {"no method at all", ROUTE("/a", "uri: 'http://h', httpMethod: 'GET IT'"),
     "6:88 error: httpMethod 'GET IT' is no HTTP method\n"},
    {"CONNECT", ROUTE("/a", "uri: 'http://h', httpMethod: CONNECT"),
     "6:88 error: httpMethod CONNECT is for proxies\n"},
    {"no uri", ROUTE("/a", "httpMethod: GET"), "6:40 error: the integration has no uri\n"},
    {"no URL", ROUTE("/a", "uri: todo"),
     "6:64 error: 'todo': no absolute http:// or https:// URL\n"},
    {"a variable of the path", ROUTE("/a/{id}/{rest+}", "uri: 'http://h/{rest}?id={id}'"),
     "prod ANY plain h:80 http://h/{rest}?id={id}\ndev ANY plain h:80 http://h/{rest}?id={id}\n"},
    {"a variable that is not there", ROUTE("/a/{itemId}", "uri: 'http://h/{itemID}x{b}'"),
     "6:64 error: the path of route 'GET /a/{itemId}' has no variable 'itemID'; did you mean "
     "'itemId'?\n"},
    {"a variable without any like it", ROUTE("/a", "uri: 'http://h/{other}'"),
     "6:64 error: the path of route 'GET /a' has no variable 'other'\n"},
    {"a variable that the query lacks", ROUTE("/a", "uri: 'http://h/?q={other}'"),
     "6:64 error: the path of route 'GET /a' has no variable 'other'\n"},
    {"a variable in the host", ROUTE("/a/{h}", "uri: 'http://{h}/'"),
     "6:64 error: 'http://{h}/': a variable of the path cannot stand in the scheme, host or port: "
     "${stageVariables.NAME} can\n"},
    {"a stage variable as host", ROUTE("/a", "uri: 'http://${stageVariables.host}/'"),
     "prod ANY plain prod.test:80 http://prod.test/\ndev ANY plain dev.test:80 http://dev.test/\n"},
    {"one that a stage lacks", ROUTE("/a", "uri: 'http://h/${stageVariables.p}'"),
     "6:64 warning: stage 'dev' has no variable 'p': requests to 'GET /a' will be answered 500\n"
     "prod ANY plain h:80 http://h/v1\ndev ANY nowhere\n"},
    {"a stage variable that spoils it", ROUTE("/a", "uri: '${stageVariables.host}/'"),
     "6:64 error: 'prod.test/' of stage 'prod': no absolute http:// or https:// URL\n"
     "6:64 error: 'dev.test/' of stage 'dev': no absolute http:// or https:// URL\n"},
    {"another variable", ROUTE("/a", "uri: 'http://h/${context.path}'"),
     "6:64 error: 'http://h/${context.path}': of ${…}, the URI of an integration has "
     "${stageVariables.NAME} alone\n"},
    {"payload format 1.0", ROUTE("/a", "uri: 'http://h', payloadFormatVersion: 1.0"),
     "prod ANY plain h:80 http://h\ndev ANY plain h:80 http://h\n"},
    {"payload format 2.0", ROUTE("/a", "uri: 'http://h', payloadFormatVersion: '2.0'"),
     "6:98 error: integrations of type http_proxy have payloadFormatVersion 1.0 alone\n"},
    {"a timeout below AWS's least", ROUTE("/a", "uri: 'http://h', timeoutInMillis: 49"),
     "6:93 error: timeoutInMillis is 49, expected a number from 50 to 30000\n"},
    {"an unknown connectionType", ROUTE("/a", "uri: 'http://h', connectionType: VPN"),
     "6:92 error: connectionType is 'VPN', expected INTERNET or VPC_LINK\n"},
    {"connectionId without a link", ROUTE("/a", "uri: 'http://h', connectionId: link"),
     "6:76 warning: connectionId has no effect without connectionType: VPC_LINK\n"
     "prod ANY plain h:80 http://h\ndev ANY plain h:80 http://h\n"},
    {"a server name without a link",
     ROUTE("/a", "uri: 'https://h', tlsConfig: {serverNameToVerify: x}"),
     "6:89 error: serverNameToVerify is for connectionType: VPC_LINK; elsewhere it is the URI's "
     "host that is verified\n"},
    {"an ARN without a link", ROUTE("/a", "uri: '" ARN "'"),
     "6:64 error: '" ARN "': no absolute http:// or https:// URL\n"},
    {"a link by its URI",
     ROUTE("/a", "connectionType: VPC_LINK, connectionId: link, uri: '" ARN "?x=1'"),
     "prod ANY tls inside:8443 vpc https://inside:8443\n"
     "dev ANY tls inside:8443 vpc https://inside:8443\n"},
    {"a link by its connection",
     ROUTE("/a", "connectionType: VPC_LINK, connectionId: link, uri: 'arn:other'"),
     "prod ANY plain 127.0.0.1:9000 vpc http://127.0.0.1:9000/base/\n"
     "dev ANY plain 127.0.0.1:9000 vpc http://127.0.0.1:9000/base/\n"},
    {"a link that is not configured",
     ROUTE("/a", "connectionType: VPC_LINK, connectionId: lnk, uri: 'arn:other'"),
     "6:109 error: where 'arn:other' leads is not configured: vpcLinks: {\"lnk\": \"http://…\"} "
     "says it\n"},
    {"a link with a URL of its own",
     ROUTE("/a", "connectionType: VPC_LINK, connectionId: lnk, uri: 'https://h/x', tlsConfig: "
                 "{serverNameToVerify: n}"),
     "prod ANY tls h:443 https://h/x\ndev ANY tls h:443 https://h/x\n"},
    {"a server name over plain http",
     ROUTE("/a", "connectionType: VPC_LINK, uri: 'http://h/x', tlsConfig: {serverNameToVerify: n}"),
     "6:90 error: 'http://h/x': tlsConfig is for https:// alone\n"},
    {"a server name that the configuration overrules",
     ROUTE("/a", "connectionType: VPC_LINK, connectionId: link, uri: x, tlsConfig: "
                 "{serverNameToVerify: n}"),
     "6:125 warning: tlsConfig has no effect: vpcLinks leads 'link' to "
     "'http://127.0.0.1:9000/base/'\n"
     "prod ANY plain 127.0.0.1:9000 vpc http://127.0.0.1:9000/base/\n"
     "dev ANY plain 127.0.0.1:9000 vpc http://127.0.0.1:9000/base/\n"},
    {"a server name with a port",
     ROUTE("/a", "connectionType: VPC_LINK, uri: 'https://h', tlsConfig: {serverNameToVerify: "
                 "'n:1'}"),
     "6:135 error: serverNameToVerify is 'n:1', expected the name of a host\n"},
    {"a slip in tlsConfig", ROUTE("/a", "uri: 'https://h', tlsConfig: {serverNameToVerfy: x}"),
     "6:89 error: unknown field 'serverNameToVerfy' in tlsConfig; did you mean "
     "'serverNameToVerify'?\n"},
};

static void add_stage(struct fixture *f, const char *name, const char *host, const char *p)
{
    struct arena *arena = &f->builder.snapshot->arena;
    struct stage *stage =
        builder_add_stage(&f->builder, f->api, (struct position){0}, str_from(name));
    *list_push(arena, &stage->variables) = (struct variable){STR("host"), str_from(host)};
    if (p)
        *list_push(arena, &stage->variables) = (struct variable){STR("p"), str_from(p)};
}

static void add_link(struct fixture *f, const char *name, const char *url)
{
    struct vpc_link *link =
        list_push(&f->builder.snapshot->arena, &f->builder.snapshot->settings.vpc_links);
    link->name = str_from(name);
    assert_true(
        builder_set_endpoint(&f->builder, &link->endpoint, (struct written){str_from(url), {0}}));
}

static void write_destination(struct buf *out, const struct stage *stage)
{
    const struct stage_route *sr = &stage->routes[0];
    const struct endpoint *e = &sr->endpoint;
    buf_printf(out, "%" STR_F " %" STR_F " ", STR_A(stage->stage_name),
               STR_A(sr->route->integration->method));
    if (e->url.at)
        buf_printf(out, "%s %" STR_F ":%u %s%" STR_F "\n", e->tls ? "tls" : "plain", STR_A(e->host),
                   e->port, sr->uri_template ? "" : "vpc ", STR_A(e->url));
    else
        buf_literal(out, "nowhere\n");
}

static void leads(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        scoped_buf struct buf got = {0};
        fixture_open(&f);
        add_stage(&f, "prod", "prod.test", "v1");
        add_stage(&f, "dev", "dev.test", NULL);
        add_link(&f, "link", "http://127.0.0.1:9000/base/");
        add_link(&f, ARN, "https://inside:8443");
        (void)!fixture_read(&f, c->document);
        struct snapshot *snapshot = builder_finish(&f.builder);
        buf_append(&got, fixture_findings(&f));
        if (snapshot)
            FOR_EACH_IN (stage, &snapshot->apis.items[0]->stages)
                write_destination(&got, *stage);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got '%" STR_F "'", STR_A(buf_str(&got)));
        snapshot_unref(snapshot);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(leads)};
    return cmocka_run_group_tests_name("openapi_http", tests, NULL, NULL);
}
