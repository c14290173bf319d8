/* SPDX-License-Identifier: Apache-2.0 */
/* What parameter mapping costs a request. */
#include "turnpike/gateway/pipeline.h"
#include "turnpike/text/json_path.h"

#include "bench.h"
#include "support/mapped_exchange.h"

#define DOCUMENT                                                                                   \
    "openapi: 3.0.1\ninfo: {title: bench, version: '1'}\npaths:\n  /pets/{id}:\n    get:\n"        \
    "      x-amazon-apigateway-integration:\n        type: aws_proxy\n        uri: todo\n"         \
    "        requestParameters:\n"                                                                 \
    "          append:header.x-request-id: $context.requestId\n"                                   \
    "          overwrite:header.x-user: $context.authorizer.claims.sub\n"                          \
    "          append:header.x-resource: ${stageVariables.color}/${request.path.id}\n"             \
    "          append:querystring.tenant: $request.header.x-tenant\n"

/* What a browser sends through a load balancer. */
static struct header headers[] = {
    {STR_INIT("host"), STR_INIT("api.example.com")},
    {STR_INIT("user-agent"), STR_INIT("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 "
                                      "Firefox/128.0")},
    {STR_INIT("accept"), STR_INIT("application/json, text/plain, */*")},
    {STR_INIT("accept-language"), STR_INIT("de,en-US;q=0.7,en;q=0.3")},
    {STR_INIT("accept-encoding"), STR_INIT("gzip, deflate, br, zstd")},
    {STR_INIT("authorization"), STR_INIT("Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.c2ln")},
    {STR_INIT("origin"), STR_INIT("https://app.example.com")},
    {STR_INIT("referer"), STR_INIT("https://app.example.com/")},
    {STR_INIT("x-tenant"), STR_INIT("tenant-4711")},
    {STR_INIT("x-user"), STR_INIT("somebody else")},
    {STR_INIT("x-forwarded-for"), STR_INIT("203.0.113.9")},
    {STR_INIT("x-forwarded-proto"), STR_INIT("https")},
};

static const struct claim claims[] = {
    {STR_INIT("iss"), STR_INIT("https://idp.example.com")},
    {STR_INIT("sub"), STR_INIT("8f14e45f-ceea-467f-a3d1-0e6a")},
};
static const struct identity identity = {.claims = claims, .claim_count = ARRAY_LENGTH(claims)};

static void map_request(void *data)
{
    struct mapped_exchange *m = data;
    struct request *r = &m->x.t.request;
    arena_reset(&m->x.arena);
    r->headers = headers;
    r->header_count = ARRAY_LENGTH(headers);
    r->query = STR("page=2&limit=50&tags=a%20b");
    if (stage_map(&m->x) != NEXT || r->header_count != ARRAY_LENGTH(headers) + 2)
        abort();
}

struct selection_bench {
    const struct json_path *path;
    struct str body;
    struct buf out;
};

static void select_value(void *data)
{
    struct selection_bench *s = data;
    buf_clear(&s->out);
    if (!json_path_run(s->path, s->body, &s->out))
        abort();
}

static void open_selection(struct selection_bench *s, struct arena *a, const char *path,
                           size_t items)
{
    const char *why;
    struct buf body = {0};
    buf_literal(&body, "{\"user\":{\"id\":\"8f14e45f\",\"name\":\"Jos\\u00e9\"},\"items\":[");
    for (size_t i = 0; i < items; i++)
        buf_printf(&body, "%s{\"id\":%zu,\"name\":\"item number %zu\",\"tags\":[\"a\",\"b\"]}",
                   i ? "," : "", i, i);
    buf_literal(&body, "],\"total\":42}");
    *s = (struct selection_bench){
        json_path_compile(a, str_from(path), &why), arena_copy(a, buf_str(&body)), {0}};
    buf_release(&body);
}

int main(void)
{
    struct mapped_exchange m;
    struct arena arena;
    struct selection_bench member, last, all;
    mapped_exchange_open(&m, STR(DOCUMENT));
    if (!m.route)
        return 1;
    m.x.t.identity = &identity;
    arena_init(&arena, 4096);
    open_selection(&member, &arena, ".user.id", 15);
    open_selection(&last, &arena, ".items[999].name", 1000);
    open_selection(&all, &arena, ".items[*].id", 15);

    const struct bench_row rows[] = {
        {"three headers and one query parameter are mapped", map_request, &m, 1500},
        {"a JSONPath selects a member of 1 KB", select_value, &member, 0},
        {"a JSONPath selects of each of 15 elements of 1 KB", select_value, &all, 0},
        {"a JSONPath selects the last of 1000 elements of 60 KB", select_value, &last, 0},
    };
    bench_rows(rows, ARRAY_LENGTH(rows));

    buf_release(&member.out);
    buf_release(&last.out);
    buf_release(&all.out);
    arena_release(&arena);
    mapped_exchange_close(&m);
    return 0;
}
