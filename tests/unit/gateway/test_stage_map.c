/* SPDX-License-Identifier: Apache-2.0 */
/* What parameter mapping makes of a request and of an answer. */
#include "turnpike/gateway/pipeline.h"

#include "support/mapped_exchange.h"
#include "testing.h"

#define DOCUMENT(fields)                                                                           \
    "openapi: 3.0.1\ninfo: {title: t, version: '1'}\npaths:\n  /pets/{id}:\n    get:\n"            \
    "      x-amazon-apigateway-integration:\n        {type: aws_proxy, uri: todo, " fields "}\n"
#define REQUEST(mappings)  DOCUMENT("requestParameters: {" mappings "}")
#define RESPONSE(mappings) DOCUMENT("responseParameters: {200: {" mappings "}}")

/* As it stands in every case; a case adds its own. */
static const struct header fields[] = {
    {STR_INIT("Host"), STR_INIT("api.test")}, {STR_INIT("X-One"), STR_INIT("1")},
    {STR_INIT("x-two"), STR_INIT("2a")},      {STR_INIT("Accept"), STR_INIT("*/*")},
    {STR_INIT("X-Two"), STR_INIT("2b")},
};

/* What is left of them where nothing changes. */
#define HOST   "Host: api.test\n"
#define ONE    "X-One: 1\n"
#define TWO    "x-two: 2a\n"
#define ACCEPT "Accept: */*\n"
#define TWO_B  "X-Two: 2b\n"
#define ALL    HOST ONE TWO ACCEPT TWO_B

static void write_fields(struct buf *out, const struct header *items, size_t count)
{
    FOR_EACH (h, items, count)
        buf_printf(out, "%" STR_F ": %" STR_F "\n", STR_A(h->name), STR_A(h->value));
}

static void write_request(struct buf *out, const struct request *r)
{
    write_fields(out, r->headers, r->header_count);
    if (r->query.len)
        buf_printf(out, "?%" STR_F "\n", STR_A(r->query));
    if (r->mapped_path.at)
        buf_printf(out, "path %" STR_F "\n", STR_A(r->mapped_path));
    if (r->mapped_host.at)
        buf_printf(out, "host %" STR_F "\n", STR_A(r->mapped_host));
}

static const struct {
    const char *name, *document, *query, *body, *want;
} requests[] = {
    {"nothing to map", REQUEST(""), "a=1", "", ALL "?a=1\n"},

    {"a header is added", REQUEST("'append:header.header1': $context.requestId"), "", "",
     ALL "header1: JKJaXmPLvHcESHA=\n"},
    {"a header is renamed, in any order of the document",
     REQUEST("'remove:header.X-One': '', 'append:header.header2': $request.header.x-one"), "", "",
     HOST TWO ACCEPT TWO_B "header2: 1\n"},
    {"headers are exchanged",
     REQUEST("'overwrite:header.x-one': $request.header.accept, 'overwrite:header.accept': "
             "$request.header.x-one"),
     "", "", HOST "X-One: */*\n" TWO "Accept: 1\n" TWO_B},
    {"a header is appended as another field", REQUEST("'append:header.x-one': b"), "", "",
     ALL "x-one: b\n"},
    {"an overwritten header is one field in the place of the first",
     REQUEST("'overwrite:header.X-TWO': c"), "", "", HOST ONE "x-two: c\n" ACCEPT},
    {"an overwritten header that is not there is added", REQUEST("'overwrite:header.New': c"), "",
     "", ALL "new: c\n"},
    {"every field of a header is removed", REQUEST("'remove:header.x-two': ''"), "", "",
     HOST ONE ACCEPT},
    {"a header that is not there is not removed", REQUEST("'remove:header.none': ''"), "", "", ALL},
    {"it is removed, overwritten, then appended to",
     REQUEST("'append:header.x-one': c, 'overwrite:header.x-one': b, 'remove:header.x-one': ''"),
     "", "", HOST TWO ACCEPT TWO_B "x-one: b\nx-one: c\n"},
    {"fields of one name are joined", REQUEST("'append:header.a': $request.header.X-Two"), "", "",
     ALL "a: 2a,2b\n"},
    {"without a value a mapping is left out",
     REQUEST("'overwrite:header.x-one': $request.header.none, 'append:header.a': "
             "$request.querystring.none, 'append:header.b': $request.path.none, "
             "'append:header.c': $stageVariables.none, 'append:header.d': "
             "$context.authorizer.claims.none, 'append:header.e': $request.body.none, "
             "'append:querystring.f': $request.body"),
     "", "", ALL},
    {"sources",
     REQUEST("'append:header.a': $request.path, 'append:header.b': $request.path.id, "
             "'append:header.c': $stageVariables.color, 'append:header.d': $context.apiId, "
             "'append:header.e': $request.querystring.q, 'append:header.f': $request.body, "
             "'append:header.g': '$request.body.list[1]'"),
     "q=1&p=2&q=%C3%A4+b", "{\"list\":[1,\"two\"]}",
     ALL "a: /pets/6\nb: 6\nc: blue\nd: a\ne: 1,\xc3\xa4 b\nf: {\"list\":[1,\"two\"]}\ng: two\n"
         "?q=1&p=2&q=%C3%A4+b\n"},
    {"a mix", REQUEST("'append:header.a': '${request.path.id}/${request.header.none}/x'"), "", "",
     ALL "a: 6//x\n"},

    {"what could end a line is a space",
     REQUEST("'append:header.a': $request.querystring.q, 'append:header.b': $request.body.b"),
     "q=1%0d%0aEvil:%202%00%7f%09x", "{\"b\":\"1\\r\\nEvil: 2\\u0000\"}",
     ALL "a: 1  Evil: 2  \tx\nb: 1  Evil: 2\n?q=1%0d%0aEvil:%202%00%7f%09x\n"},
    {"a value of what could end a line still overwrites",
     REQUEST("'overwrite:header.x-one': $request.querystring.q"), "q=%0a", "",
     HOST "X-One: \n" TWO ACCEPT TWO_B "?q=%0a\n"},

    {"the host", REQUEST("'overwrite:header.Host': api.internal:8443"), "", "",
     "Host: api.internal:8443\n" ONE TWO ACCEPT TWO_B "host api.internal:8443\n"},
    {"the host is never added to", REQUEST("'append:header.host': $request.header.x-one"), "", "",
     "Host: 1\n" ONE TWO ACCEPT TWO_B "host 1\n"},
    {"the host is removed", REQUEST("'remove:header.host': ''"), "", "", ONE TWO ACCEPT TWO_B},

    {"a query parameter is added", REQUEST("'append:querystring.b': c"), "a=1", "",
     ALL "?a=1&b=c\n"},
    {"a query parameter is added to no query", REQUEST("'append:querystring.b': c"), "", "",
     ALL "?b=c\n"},
    {"a query parameter is added to another of its name", REQUEST("'append:querystring.a': 2"),
     "a=1&b", "", ALL "?a=1&b&a=2\n"},
    {"an overwritten parameter is one, in the place of the first",
     REQUEST("'overwrite:querystring.a': 2"), "x=0&a=1&b&a=3&%61=4", "", ALL "?x=0&a=2&b\n"},
    {"an overwritten parameter that is not there is added", REQUEST("'overwrite:querystring.a': 2"),
     "b", "", ALL "?b&a=2\n"},
    {"a parameter is removed", REQUEST("'remove:querystring.a': ''"), "a=1&b=2&a&c=3", "",
     ALL "?b=2&c=3\n"},
    {"the last parameter is removed", REQUEST("'remove:querystring.a': ''"), "a=1", "", ALL},
    {"names of parameters compare with case", REQUEST("'remove:querystring.A': ''"), "a=1", "",
     ALL "?a=1\n"},
    {"what is not mapped keeps every byte", REQUEST("'remove:querystring.a': ''"),
     "&b=%7e+%20%zz&&c&a=1&=d&", "", ALL "?&b=%7e+%20%zz&&c&=d&\n"},
    {"names and values are escaped",
     REQUEST("'append:querystring.a b': $request.header.accept, 'append:querystring.c&d': "
             "\"=#+%26\\xe4\\r\\n\""),
     "", "", ALL "?a%20b=%2A%2F%2A&c%26d=%3D%23%2B%2526%C3%A4%0D%0A\n"},
    {"parameters are removed, overwritten, then appended to",
     REQUEST("'append:querystring.a': 3, 'overwrite:querystring.a': 2, 'remove:querystring.a': "
             "''"),
     "a=1&b", "", ALL "?b&a=2&a=3\n"},
    {"a parameter is renamed",
     REQUEST("'append:querystring.b': $request.querystring.a, 'remove:querystring.a': ''"),
     "a=1&c=2", "", ALL "?c=2&b=1\n"},

    {"a path", REQUEST("'overwrite:path': /a/b"), "q=1", "", ALL "?q=1\npath /a/b\n"},
    {"a path without a slash", REQUEST("'overwrite:path': a"), "", "", ALL "path /a\n"},
    {"the request's path without its stage", REQUEST("'overwrite:path': $request.path"), "", "",
     ALL "path /pets/6\n"},
    {"a path of parts", REQUEST("'overwrite:path': '/v2/${request.path.proxy}/'"), "", "",
     ALL "path /v2/pets/6/\n"},
    {"escapes of the document stay, those of the request are made",
     REQUEST("'overwrite:path': '/%7e%zz \xc3\xa4/${request.querystring.q}'"), "q=%2541?%23%0d+/",
     "", ALL "?q=%2541?%23%0d+/\npath /%7e%25zz%20%C3%A4/%2541%3F%23%0D%20/\n"},
    {"a path without a value", REQUEST("'overwrite:path': $request.header.none"), "", "", ALL},
    {"dots that are no segment", REQUEST("'overwrite:path': '/a/.${request.querystring.q}'"),
     "q=x..", "", ALL "?q=x..\npath /a/.x..\n"},
    {"dots of a path that is the client's own", REQUEST("'overwrite:path': $request.querystring.q"),
     "q=/a/../b", "", ALL "?q=/a/../b\npath /a/../b\n"},
};

static void take_request(struct mapped_exchange *m, const char *query, const char *body)
{
    struct request *r = &m->x.t.request;
    r->headers = arena_array(&m->x.arena, struct header, ARRAY_LENGTH(fields));
    memcpy(r->headers, fields, sizeof(fields));
    r->header_count = ARRAY_LENGTH(fields);
    r->query = str_from(query);
    r->body = str_from(body);
}

static void check_document(const struct mapped_exchange *m)
{
    FOR_EACH_IN (finding, &m->diag.findings)
        print_error("%" STR_F "\n", STR_A(finding->message));
    assert_non_null(m->route);
}

static void maps_requests(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, requests) {
        struct mapped_exchange m;
        mapped_exchange_open(&m, str_from(c->document));
        check_document(&m);
        take_request(&m, c->query, c->body);
        CHECK_CASE(c, stage_map(&m.x) == NEXT, "refused");
        scoped_buf struct buf got = {0};
        write_request(&got, &m.x.t.request);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got:\n%" STR_F, STR_A(buf_str(&got)));
        CHECK_CASE(c, str_is(m.x.t.request.path, "/dev/pets/6"), "the path itself has changed");
        mapped_exchange_close(&m);
    }
}

static const struct {
    const char *name, *document, *query;
    unsigned status;
} refusals[] = {
    {"a client climbs", REQUEST("'overwrite:path': '/a/${request.querystring.q}'"), "q=../b", 400},
    {"a client climbs at the end", REQUEST("'overwrite:path': '/a/${request.querystring.q}'"),
     "q=..", 400},
    {"a client stays where it is", REQUEST("'overwrite:path': '/a/${request.querystring.q}/b'"),
     "q=.", 400},
    {"a client completes dots", REQUEST("'overwrite:path': '/a/.${request.querystring.q}'"), "q=.",
     400},
    {"values are too large",
     REQUEST("'append:header.a': '${request.querystring.q}', "
             "'append:header.b': '${request.querystring.q}'"),
     NULL, 431},
};

static void refuses_requests(void **state)
{
    (void)state;
    static char large[6000];
    memset(large, 'a', sizeof(large) - 1);
    large[1] = '=';
    large[0] = 'q';
    FOR_EACH_CASE (c, refusals) {
        struct mapped_exchange m;
        mapped_exchange_open(&m, str_from(c->document));
        check_document(&m);
        take_request(&m, c->query ? c->query : large, "");
        CHECK_CASE(c, stage_map(&m.x) == DONE, "passed");
        CHECK_CASE(c, m.x.t.response.status == c->status, "status %u", m.x.t.response.status);
        CHECK_CASE(c, m.x.t.outcome.reason.len > 0, "no reason");
        mapped_exchange_close(&m);
    }
}

/* The answer: status 200, two headers, a body. */
#define TYPE "content-type: application/json\n"
#define TAG  "ETag: t\n"

static const struct {
    const char *name, *document, *body;
    unsigned status;
    const char *want;
} answers[] = {
    {"a status without mappings", DOCUMENT("responseParameters: {404: {'append:header.a': b}}"), "",
     200, TYPE TAG},
    {"API Gateway's example",
     RESPONSE("'append:header.header1': $context.requestId, 'overwrite:statuscode': '403'"), "",
     403, TYPE TAG "header1: JKJaXmPLvHcESHA=\n"},
    {"a header is renamed",
     RESPONSE("'append:header.x-tag': $response.header.etag, 'remove:header.etag': ''"), "", 200,
     TYPE "x-tag: t\n"},
    {"a header is overwritten", RESPONSE("'overwrite:header.content-type': text/plain"), "", 200,
     "content-type: text/plain\n" TAG},
    {"of the body", RESPONSE("'append:header.a': '$response.body.list[*].id'"),
     "{\"list\":[{\"id\":1},{\"id\":2}]}", 200, TYPE TAG "a: [1,2]\n"},
    {"the whole body", RESPONSE("'append:header.a': '<${response.body}>'"), "text\r\n", 200,
     TYPE TAG "a: <text  >\n"},
    {"a status of the body", RESPONSE("'overwrite:statuscode': $response.body.status"),
     "{\"status\":418}", 418, TYPE TAG},
    {"no status of the body: it stays", RESPONSE("'overwrite:statuscode': $response.body.status"),
     "{}", 200, TYPE TAG},
    {"a status that is none", RESPONSE("'overwrite:statuscode': $response.body.status"),
     "{\"status\":\"99\"}", 500, "content-type: application/json\n"},
    {"a status that is too large", RESPONSE("'overwrite:statuscode': '6${response.body}'"), "00",
     500, "content-type: application/json\n"},
    {"a status that is no number", RESPONSE("'overwrite:statuscode': $response.header.etag"), "",
     500, "content-type: application/json\n"},
};

static void maps_answers(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, answers) {
        struct mapped_exchange m;
        mapped_exchange_open(&m, str_from(c->document));
        check_document(&m);
        m.x.t.response = (struct response){.status = 200, .body = str_from(c->body)};
        exchange_add_header(&m.x, STR("content-type"), STR("application/json"));
        exchange_add_header(&m.x, STR("ETag"), STR("t"));
        enum verdict verdict = stage_map_response(&m.x);
        CHECK_CASE(c, verdict == (c->status == 500 ? DONE : NEXT), "verdict %d", verdict);
        CHECK_CASE(c, m.x.t.response.status == c->status, "status %u", m.x.t.response.status);
        scoped_buf struct buf got = {0};
        write_fields(&got, m.x.t.response.headers.items, m.x.t.response.headers.count);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got:\n%" STR_F, STR_A(buf_str(&got)));
        mapped_exchange_close(&m);
    }
}

static void fields_may_follow_a_mapped_answer(void **state)
{
    (void)state;
    struct mapped_exchange m;
    mapped_exchange_open(&m, STR(RESPONSE("'remove:header.a': ''")));
    m.x.t.response = (struct response){.status = 200};
    exchange_add_header(&m.x, STR("a"), STR("b"));
    assert_int_equal(stage_map_response(&m.x), NEXT);
    for (int i = 0; i < 20; i++)
        exchange_add_header(&m.x, STR("c"), STR("d"));
    assert_int_equal(m.x.t.response.headers.count, 20);
    mapped_exchange_close(&m);
}

static void *call_given_up;

static void give_up(void *call)
{
    call_given_up = call;
}

static void a_stream_that_cannot_be_mapped_is_given_up(void **state)
{
    (void)state;
    int call;
    struct mapped_exchange m;
    mapped_exchange_open(&m, STR(RESPONSE("'overwrite:statuscode': $response.header.a")));
    m.x.t.response = (struct response){.status = 200, .streamed = true};
    exchange_add_header(&m.x, STR("a"), STR("b"));
    m.x.integration.call = &call;
    m.x.integration.abandon = give_up;
    assert_int_equal(stage_map_response(&m.x), DONE);
    assert_ptr_equal(call_given_up, &call);
    assert_null(m.x.integration.call);
    assert_false(m.x.t.response.streamed);
    mapped_exchange_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_requests),
        cmocka_unit_test(refuses_requests),
        cmocka_unit_test(maps_answers),
        cmocka_unit_test(fields_may_follow_a_mapped_answer),
        cmocka_unit_test(a_stream_that_cannot_be_mapped_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
