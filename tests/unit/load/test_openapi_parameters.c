/* SPDX-License-Identifier: Apache-2.0 */
/* requestParameters and responseParameters (AWS: "Transform API requests and responses for HTTP
 * APIs"). */
#include "openapi_fixture.h"

#define DOCUMENT(fields)                                                                           \
    "openapi: 3.0.1\ninfo: {title: t, version: '1'}\npaths:\n  /:\n    get:\n"                     \
    "      x-amazon-apigateway-integration:\n"                                                     \
    "        type: aws_proxy\n        uri: todo\n" fields
/* The mappings begin at 10:11. */
#define REQUEST(mappings)  DOCUMENT("        requestParameters:\n          " mappings "\n")
#define RESPONSE(mappings) DOCUMENT("        responseParameters:\n          " mappings "\n")

static const char *const action_names[] = {"append", "overwrite", "remove"};
static const char *const target_names[] = {"header", "querystring", "path", "statuscode"};

static void write_mappings(struct buf *out, const parameter_mapping_list *mappings)
{
    FOR_EACH_IN (m, mappings) {
        buf_printf(out, "%s %s '%" STR_F "'", action_names[m->action], target_names[m->target],
                   STR_A(m->name));
        if (m->value)
            buf_printf(out, " = %" STR_F, STR_A(m->value->text));
        buf_append_char(out, '\n');
    }
}

static struct str mappings_of(struct fixture *f)
{
    const struct integration *integration = f->api->routes.items[0]->integration;
    buf_clear(&f->text);
    write_mappings(&f->text, &integration->request_parameters);
    FOR_EACH_IN (p, &integration->response_parameters) {
        buf_printf(&f->text, "%u%s:\n", p->status, p->needs_body ? " with its body" : "");
        write_mappings(&f->text, &p->mappings);
    }
    return buf_str(&f->text);
}

static const struct {
    const char *name, *document, *want;
} readings[] = {
    {"a header is added", REQUEST("append:header.header1: $context.requestId"),
     "append header 'header1' = $context.requestId\n"},
    {"names of headers are in lower case", REQUEST("overwrite:header.X-A: b"),
     "overwrite header 'x-a' = b\n"},
    {"a header is renamed",
     REQUEST("{'append:header.header2': $request.header.header1, 'remove:header.header1': ''}"),
     "append header 'header2' = $request.header.header1\nremove header 'header1'\n"},
    {"API Gateway's way to write nothing", REQUEST("'remove:header.a': \"''\""),
     "remove header 'a'\n"},
    {"null is nothing", REQUEST("remove:header.a:"), "remove header 'a'\n"},
    {"query parameters keep their case and dots", REQUEST("remove:querystring.A.b: ''"),
     "remove querystring 'A.b'\n"},
    {"a query parameter is appended", REQUEST("append:querystring.a: ${request.path.id}!"),
     "append querystring 'a' = ${request.path.id}!\n"},
    {"a path is overwritten", REQUEST("overwrite:path: /a/${request.path.proxy}"),
     "overwrite path '' = /a/${request.path.proxy}\n"},
    {"Host can be mapped", REQUEST("overwrite:header.Host: api.test:8443"),
     "overwrite header 'host' = api.test:8443\n"},
    {"Content-Type can be mapped", REQUEST("overwrite:header.content-type: text/plain"),
     "overwrite header 'content-type' = text/plain\n"},
    {"Authorization can be read", REQUEST("append:header.x-a: $request.header.Authorization"),
     "append header 'x-a' = $request.header.Authorization\n"},
    {"a header beside a reserved one",
     REQUEST("{'append:header.x-amazing': a, 'append:header.tea': b, 'append:header.trailer': c}"),
     "append header 'x-amazing' = a\nappend header 'tea' = b\nappend header 'trailer' = c\n"},
    {"numbers and booleans are text", REQUEST("{'append:header.a': 1.50, 'append:header.b': true}"),
     "append header 'a' = 1.50\nappend header 'b' = true\n"},
    {"a value is substituted", REQUEST("append:header.table: !Ref Table"),
     "append header 'table' = todos\n"},
    {"what Fn::Sub leaves is the mapping's",
     REQUEST("append:header.a: !Sub '${Table}/${!request.path.id}'"),
     "append header 'a' = todos/${request.path.id}\n"},
    {"statuses",
     RESPONSE(
         "{'500': {'append:header.header1': $context.requestId, 'overwrite:statuscode': '403'},"
         " '404': {'append:header.error': $stageVariables.environmentId}}"),
     "500:\nappend header 'header1' = $context.requestId\noverwrite statuscode '' = 403\n"
     "404:\nappend header 'error' = $stageVariables.environmentId\n"},
    {"a status as a number", RESPONSE("200: {'overwrite:statuscode': 201}"),
     "200:\noverwrite statuscode '' = 201\n"},
    {"a status from a body", RESPONSE("200: {'overwrite:statuscode': $response.body.status}"),
     "200 with its body:\noverwrite statuscode '' = $response.body.status\n"},
    {"a body among text", RESPONSE("200: {'append:header.a': 'a ${response.body}'}"),
     "200 with its body:\nappend header 'a' = a ${response.body}\n"},
    {"an answer's header is removed", RESPONSE("200: {'remove:header.Server': ''}"),
     "200:\nremove header 'server'\n"},
    {"a status without mappings", RESPONSE("200: {}"), "200:\n"},
    {"no mappings", REQUEST("{}"), ""},
};

static void reads(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, readings) {
        struct fixture f;
        fixture_open(&f);
        bool read = fixture_read(&f, c->document);
        CHECK_CASE(c, read && f.diag.findings.count == 0, "%" STR_F, STR_A(fixture_findings(&f)));
        CHECK_CASE(c, str_is(mappings_of(&f), c->want), "got:\n%" STR_F, STR_A(mappings_of(&f)));
        fixture_close(&f);
    }
}

#define RESERVED(key, header)                                                                      \
    {                                                                                              \
        header, REQUEST("append:header." header ": a"),                                            \
            "10:11 error: 'append:header." header "': header '" key                                \
            "' is reserved: no mapping can change it\n"                                            \
    }

static const struct {
    const char *name, *document, *findings;
} problems[] = {
    {"no map", DOCUMENT("        requestParameters: a\n"),
     "9:28 error: requestParameters is a string, expected a map\n"},
    {"a mapping of a REST API", REQUEST("integration.request.header.a: method.request.header.b"),
     "10:11 error: 'integration.request.header.a': no mapping of an HTTP API: such as "
     "'append:header.NAME' or 'overwrite:path'\n"},
    {"an unknown action", REQUEST("set:header.a: b"),
     "10:11 error: 'set:header.a': a key begins with 'append:', 'overwrite:' or 'remove:'\n"},
    {"nearly an action", REQUEST("appnd:header.a: b"),
     "10:11 error: 'appnd:header.a': a key begins with 'append:', 'overwrite:' or 'remove:'; did "
     "you mean 'append'?\n"},
    {"an unknown target", REQUEST("append:cookie.a: b"),
     "10:11 error: 'append:cookie.a': a request's mapping changes 'header.NAME', "
     "'querystring.NAME' or 'path'\n"},
    {"a request has no status", REQUEST("overwrite:statuscode: 200"),
     "10:11 error: 'overwrite:statuscode': a request's mapping changes 'header.NAME', "
     "'querystring.NAME' or 'path'\n"},
    {"an answer has no path", RESPONSE("200: {'overwrite:path': a}"),
     "10:17 error: 'overwrite:path': a response's mapping changes 'header.NAME' or "
     "'statuscode'\n"},
    {"an answer has no query", RESPONSE("200: {'append:querystring.a': b}"),
     "10:17 error: 'append:querystring.a': a response's mapping changes 'header.NAME' or "
     "'statuscode'\n"},
    {"a path is not appended to", REQUEST("append:path: a"),
     "10:11 error: 'append:path': 'path' can only be overwritten\n"},
    {"a path is not removed", REQUEST("remove:path: ''"),
     "10:11 error: 'remove:path': 'path' can only be overwritten\n"},
    {"a path has no name", REQUEST("overwrite:path.a: b"),
     "10:11 error: 'overwrite:path.a': a request's mapping changes 'header.NAME', "
     "'querystring.NAME' or 'path'\n"},
    {"a status is not appended to", RESPONSE("200: {'append:statuscode': 201}"),
     "10:17 error: 'append:statuscode': 'statuscode' can only be overwritten\n"},
    {"a header without a name", REQUEST("append:header: a"),
     "10:11 error: 'append:header': '' is no name of a header\n"},
    {"a header of no name", REQUEST("'append:header.a b': c"),
     "10:11 error: 'append:header.a b': 'a b' is no name of a header\n"},
    {"a query parameter without a name", REQUEST("append:querystring.: a"),
     "10:11 error: 'append:querystring.': the query parameter has no name\n"},
    {"a removal with a value", REQUEST("remove:header.a: b"),
     "10:11 error: 'remove:header.a': what is removed has no value: ''\n"},
    {"an empty value", REQUEST("append:header.a: ''"),
     "10:11 warning: 'append:header.a' has an empty value: it maps nothing\n"},
    {"a value that is a list", REQUEST("append:header.a: [b]"),
     "10:28 error: expected a string, found a list\n"},
    {"a value that is null", REQUEST("append:header.a:"),
     "10:27 error: expected a string, found nothing\n"},
    {"a value that is malformed", REQUEST("append:header.a: $request.body..a"),
     "10:28 error: the value of 'append:header.a' is '$request.body..a': in its JSONPath recursive "
     "descent ('..') is not supported\n"},
    {"an unknown context variable", REQUEST("append:header.a: $context.requestID"),
     "10:28 error: the value of 'append:header.a' is '$context.requestID': mappings know no "
     "$context.requestID; did you mean '$context.requestId'?\n"},
    {"a context variable of access logs only", REQUEST("append:header.a: $context.status"),
     "10:28 error: the value of 'append:header.a' is '$context.status': mappings know no "
     "$context.status; did you mean '$context.stage'?\n"},
    {"API Gateway's own header as a value", REQUEST("append:header.a: $request.header.apigw-b"),
     "10:28 error: the value of 'append:header.a' is '$request.header.apigw-b': headers 'apigw-*' "
     "are reserved\n"},
    {"a path with a query", REQUEST("overwrite:path: /a?b=c"),
     "10:11 error: 'overwrite:path': a path has neither query nor fragment; the query is mapped by "
     "'querystring.NAME'\n"},
    {"a header value of two lines", REQUEST("append:header.a: \"b\\r\\nc: d\""),
     "10:11 error: 'append:header.a': the value holds a character that no header can hold\n"},
    {"no host", REQUEST("overwrite:header.host: http://a.test/"),
     "10:11 error: 'overwrite:header.host': 'http://a.test/' is no host\n"},
    {"a status that is none", RESPONSE("200: {'overwrite:statuscode': OK}"),
     "10:17 error: 'overwrite:statuscode': the status is 'OK', expected a number from 200 to "
     "599\n"},
    {"a status before the answer", RESPONSE("200: {'overwrite:statuscode': 100}"),
     "10:17 error: 'overwrite:statuscode': the status is '100', expected a number from 200 to "
     "599\n"},
    {"a status that is too large", RESPONSE("200: {'overwrite:statuscode': 600}"),
     "10:17 error: 'overwrite:statuscode': the status is '600', expected a number from 200 to "
     "599\n"},
    {"a class of statuses", RESPONSE("5xx: {}"),
     "10:11 error: responseParameters has '5xx', expected a status from 200 to 599\n"},
    {"a status with a zero before it", RESPONSE("'0200': {}"),
     "10:11 error: responseParameters has '0200', expected a status from 200 to 599\n"},
    {"default", RESPONSE("default: {}"),
     "10:11 error: responseParameters has 'default', expected a status from 200 to 599\n"},
    {"mappings without a status", RESPONSE("append:header.a: b"),
     "10:11 error: responseParameters has 'append:header.a', expected a status from 200 to 599\n"},
    {"a status that is no map", RESPONSE("200: a"),
     "10:16 error: responseParameters of a status is a string, expected a map\n"},
    {"the request behind it", RESPONSE("200: {'append:header.a': $request.path}"),
     "10:36 error: the value of 'append:header.a' is '$request.path': a response's mapping cannot "
     "read the request\n"},
    {"every mistake is told", REQUEST("{'a': b, 'append:path': c, 'append:header.d': $context.e}"),
     "10:12 error: 'a': no mapping of an HTTP API: such as 'append:header.NAME' or "
     "'overwrite:path'\n"
     "10:20 error: 'append:path': 'path' can only be overwritten\n"
     "10:57 error: the value of 'append:header.d' is '$context.e': mappings know no $context.e\n"},

    RESERVED("access-control-*", "Access-Control-Allow-Origin"),
    RESERVED("apigw-*", "apigw-requestid"),
    RESERVED("authorization", "Authorization"),
    RESERVED("connection", "Connection"),
    RESERVED("content-encoding", "Content-Encoding"),
    RESERVED("content-length", "Content-Length"),
    RESERVED("content-location", "Content-Location"),
    RESERVED("forwarded", "Forwarded"),
    RESERVED("keep-alive", "Keep-Alive"),
    RESERVED("origin", "Origin"),
    RESERVED("proxy-authenticate", "Proxy-Authenticate"),
    RESERVED("proxy-authorization", "Proxy-Authorization"),
    RESERVED("te", "TE"),
    RESERVED("trailers", "Trailers"),
    RESERVED("transfer-encoding", "Transfer-Encoding"),
    RESERVED("upgrade", "Upgrade"),
    RESERVED("via", "Via"),
    RESERVED("x-amz-*", "X-Amz-Date"),
    RESERVED("x-amzn-*", "x-amzn-trace-id"),
    RESERVED("x-forwarded-for", "X-Forwarded-For"),
    RESERVED("x-forwarded-host", "X-Forwarded-Host"),
    RESERVED("x-forwarded-proto", "X-Forwarded-Proto"),
    {"a reserved header is not removed", REQUEST("remove:header.origin: ''"),
     "10:11 error: 'remove:header.origin': header 'origin' is reserved: no mapping can change "
     "it\n"},
    {"a reserved header of an answer", RESPONSE("200: {'overwrite:header.Via': a}"),
     "10:17 error: 'overwrite:header.Via': header 'via' is reserved: no mapping can change it\n"},
};

static void tells_problems(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, problems) {
        struct fixture f;
        fixture_open(&f);
        (void)fixture_read(&f, c->document);
        CHECK_CASE(c, str_is(fixture_findings(&f), c->findings), "found:\n%" STR_F,
                   STR_A(fixture_findings(&f)));
        fixture_close(&f);
    }
}

static void answers_are_found_by_status(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_true(fixture_read(&f, RESPONSE("{'200': {'remove:header.a': ''}, '404': {}}")));
    const struct integration *integration = f.api->routes.items[0]->integration;
    assert_int_equal(response_parameters_find(integration, 200)->mappings.count, 1);
    assert_int_equal(response_parameters_find(integration, 404)->status, 404);
    assert_null(response_parameters_find(integration, 500));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(tells_problems),
        cmocka_unit_test(answers_are_found_by_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
