/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/mapping_value.h"

#include "testing.h"

static int resolve(struct str name, const char **ret_nearest)
{
    static const char *const names[] = {"requestId", "stage"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_is(name, names[i]))
            return (int)i + 1;
    *ret_nearest = str_is(name, "requestid") ? "requestId" : NULL;
    return -1;
}

/* What a request and its answer hold, by source and name. */
static const struct {
    enum mapping_source source;
    const char *name, *value;
} values[] = {
    {MAPPING_REQUEST_HEADER, "x-a", "header"},
    {MAPPING_REQUEST_QUERYSTRING, "Q", "query"},
    {MAPPING_REQUEST_QUERYSTRING, "odd name}", "odd"},
    {MAPPING_REQUEST_PATH, "", "/pets/7"},
    {MAPPING_REQUEST_PATH_PARAMETER, "id", "7"},
    {MAPPING_RESPONSE_HEADER, "etag", "answer header"},
    {MAPPING_CONTEXT, "requestId", "context 1"},
    {MAPPING_CONTEXT, "stage", "context 2"},
    {MAPPING_STAGE_VARIABLE, "color_1", "blue"},
};

#define BODY "{\"a\":{\"b}\":[1,\"two\"]}}"

static bool append_part(struct buf *out, const struct mapping_part *part, void *data)
{
    if (part->source == MAPPING_REQUEST_BODY || part->source == MAPPING_RESPONSE_BODY)
        return mapping_part_append_body(out, part, *(const struct str *)data);
    FOR_EACH (v, values, ARRAY_LENGTH(values)) {
        if (v->source != part->source || !str_is(part->text, v->name))
            continue;
        buf_append(out, str_from(v->value));
        return true;
    }
    return false;
}

/* want NULL: there is no value. */
static const struct {
    const char *name;
    enum mapping_side side;
    const char *text, *want;
} runs[] = {
    {"static text", MAPPING_OF_REQUEST, "static", "static"},
    {"the empty text", MAPPING_OF_REQUEST, "", ""},
    {"a header", MAPPING_OF_REQUEST, "$request.header.x-a", "header"},
    {"headers compare without case", MAPPING_OF_REQUEST, "$request.header.X-A", "header"},
    {"a header in braces", MAPPING_OF_REQUEST, "${request.header.X-a}", "header"},
    {"a query parameter", MAPPING_OF_REQUEST, "$request.querystring.Q", "query"},
    {"query parameters compare with case", MAPPING_OF_REQUEST, "$request.querystring.q", NULL},
    {"a query parameter of any name", MAPPING_OF_REQUEST, "$request.querystring.odd name}", "odd"},
    {"the path", MAPPING_OF_REQUEST, "$request.path", "/pets/7"},
    {"the path in braces", MAPPING_OF_REQUEST, "${request.path}", "/pets/7"},
    {"a path parameter", MAPPING_OF_REQUEST, "$request.path.id", "7"},
    {"the whole body", MAPPING_OF_REQUEST, "$request.body", BODY},
    {"of the body", MAPPING_OF_REQUEST, "$request.body.a['b}'][1]", "two"},
    {"of the body in braces", MAPPING_OF_REQUEST, "-${request.body.a['b}'][1]}-", "-two-"},
    {"nothing of the body", MAPPING_OF_REQUEST, "$request.body.z", NULL},
    {"a context variable", MAPPING_OF_REQUEST, "$context.requestId", "context 1"},
    {"a stage variable", MAPPING_OF_REQUEST, "$stageVariables.color_1", "blue"},
    {"an answer's header", MAPPING_OF_RESPONSE, "$response.header.ETag", "answer header"},
    {"an answer's body", MAPPING_OF_RESPONSE, "$response.body", BODY},
    {"of an answer's body", MAPPING_OF_RESPONSE, "$response.body.a['b}'][0]", "1"},
    {"a context variable for an answer", MAPPING_OF_RESPONSE, "$context.stage", "context 2"},

    {"AWS's own example", MAPPING_OF_REQUEST, "${request.querystring.Q} ${request.path.id}",
     "query 7"},
    {"static text around", MAPPING_OF_REQUEST, "<${context.stage}>", "<context 2>"},
    {"adjacent", MAPPING_OF_REQUEST, "${request.path.id}${request.path.id}", "77"},
    {"without braces within text: static", MAPPING_OF_REQUEST, "a $request.header.x-a",
     "a $request.header.x-a"},
    {"a dollar is static", MAPPING_OF_REQUEST, "$5 or $ or {}", "$5 or $ or {}"},
    {"a dollar before a source", MAPPING_OF_REQUEST, "$${request.path.id}", "$7"},
    {"no source without a dot", MAPPING_OF_REQUEST, "$request", "$request"},
    {"nothing of one part: no value", MAPPING_OF_REQUEST, "${request.header.none}", NULL},
    {"nothing among parts: empty", MAPPING_OF_REQUEST, "a${request.header.none}b", "ab"},
    {"nothing of several parts: empty", MAPPING_OF_REQUEST,
     "${request.header.none}${request.header.none}", ""},
};

static void gives_values(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, runs) {
        struct str why = {0}, body = STR(BODY);
        const struct mapping_value *v =
            mapping_value_compile(&arena, str_from(c->text), c->side, resolve, &why);
        CHECK_CASE(c, v, "%" STR_F, STR_A(why));
        scoped_buf struct buf out = {0};
        bool found = mapping_value_run(v, &out, append_part, &body);
        CHECK_CASE(c, found == (c->want != NULL), "found %d", found);
        CHECK_CASE(c, str_is(buf_str(&out), c->want ? c->want : ""), "got '%" STR_F "'",
                   STR_A(buf_str(&out)));
    }
    arena_release(&arena);
}

#define NO_SOURCE                                                                                  \
    "no such source: there are request.header.NAME, request.querystring.NAME, request.body, "      \
    "request.path, request.path.NAME, context.NAME and stageVariables.NAME"

static const struct {
    const char *name;
    enum mapping_side side;
    const char *text, *why;
} refusals[] = {
    {"an unknown source", MAPPING_OF_REQUEST, "$request.cookie.a", NO_SOURCE},
    {"an unknown source in braces", MAPPING_OF_REQUEST, "${cookie}", NO_SOURCE},
    {"nothing in braces", MAPPING_OF_REQUEST, "${}", NO_SOURCE},
    {"nearly a source", MAPPING_OF_REQUEST, "$request.headers.a", NO_SOURCE},
    {"nearly a source in braces", MAPPING_OF_REQUEST, "a${stageVariable.a}", NO_SOURCE},
    {"no name of a header", MAPPING_OF_REQUEST, "$request.header.a b",
     "'a b' is no name of a header"},
    {"no header", MAPPING_OF_REQUEST, "$request.header.", "'' is no name of a header"},
    {"API Gateway's own header", MAPPING_OF_REQUEST, "$request.header.ApiGW-x",
     "headers 'apigw-*' are reserved"},
    {"API Gateway's own header of an answer", MAPPING_OF_RESPONSE,
     "${response.header.apigw-requestid}", "headers 'apigw-*' are reserved"},
    {"no query parameter", MAPPING_OF_REQUEST, "$request.querystring.",
     "a name is missing at its end"},
    {"no path parameter", MAPPING_OF_REQUEST, "$request.path.", "a name is missing at its end"},
    {"more than the path", MAPPING_OF_REQUEST, "$request.path/x",
     "nothing can follow 'path' but '.' and a parameter's name"},
    {"a JSONPath", MAPPING_OF_REQUEST, "$request.body..a",
     "in its JSONPath recursive descent ('..') is not supported"},
    {"a JSONPath in braces", MAPPING_OF_RESPONSE, "${response.body[?(@.a)]}",
     "in its JSONPath filters ('?()') are not supported"},
    {"nearly the body", MAPPING_OF_REQUEST, "$request.bodyguard",
     "in its JSONPath each step begins with '.' or '['"},
    {"an unknown source of an answer", MAPPING_OF_RESPONSE, "$response.status",
     "no such source: there are response.header.NAME, response.body, context.NAME and "
     "stageVariables.NAME"},
    {"an unknown context variable", MAPPING_OF_REQUEST, "$context.nothing",
     "mappings know no $context.nothing"},
    {"nearly a context variable", MAPPING_OF_REQUEST, "${context.requestid}",
     "mappings know no $context.requestid; did you mean '$context.requestId'?"},
    {"no stage variable", MAPPING_OF_REQUEST, "$stageVariables.a-b",
     "'a-b' is no name of a stage variable: it is of letters, digits and underscores"},
    {"no name of a stage variable", MAPPING_OF_REQUEST, "$stageVariables.",
     "'' is no name of a stage variable: it is of letters, digits and underscores"},
    {"a brace that does not close", MAPPING_OF_REQUEST, "a ${request.path",
     "'}' is missing behind '${'"},
    {"the answer before it is there", MAPPING_OF_REQUEST, "$response.header.a",
     "a request's mapping cannot read the response"},
    {"the request behind it", MAPPING_OF_RESPONSE, "$request.header.a",
     "a response's mapping cannot read the request"},
};

static void refuses(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, refusals) {
        struct str why = {0};
        CHECK_CASE(c, !mapping_value_compile(&arena, str_from(c->text), c->side, resolve, &why),
                   "was taken");
        CHECK_CASE(c, str_is(why, c->why), "why: %" STR_F, STR_A(why));
    }
    arena_release(&arena);
}

static void a_json_path_sees_the_first_100_kilobytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    static char text[2 * MAPPING_BODY_MAX];
    memset(text, ' ', sizeof(text));
    memcpy(text, "{\"a\":1,", 7);
    memcpy(text + MAPPING_BODY_MAX - 6, "\"b\":2,\"c\":3}", 12);
    struct str body = str_of(text, sizeof(text));
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"before the cut", "$request.body.a", "1"},
        {"just before the cut", "$request.body.b", "2"},
        {"behind the cut", "$request.body.c", ""},
    };
    FOR_EACH_CASE (c, cases) {
        struct str why;
        const struct mapping_value *v =
            mapping_value_compile(&arena, str_from(c->text), MAPPING_OF_REQUEST, resolve, &why);
        assert_non_null(v);
        scoped_buf struct buf out = {0};
        bool found = mapping_value_run(v, &out, append_part, &body);
        CHECK_CASE(c, found == (*c->want != '\0'), "found %d", found);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
    }

    struct str why;
    const struct mapping_value *whole =
        mapping_value_compile(&arena, STR("$request.body"), MAPPING_OF_REQUEST, resolve, &why);
    scoped_buf struct buf out = {0};
    assert_true(mapping_value_run(whole, &out, append_part, &body));
    assert_int_equal(buf_len(&out), sizeof(text));
    arena_release(&arena);
}

static void tells_whether_it_reads_a_source(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    struct str why;
    const struct mapping_value *v = mapping_value_compile(
        &arena, STR("${context.stage}: ${response.body.a}"), MAPPING_OF_RESPONSE, resolve, &why);
    assert_true(mapping_value_has(v, MAPPING_RESPONSE_BODY));
    assert_false(mapping_value_has(v, MAPPING_RESPONSE_HEADER));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values),
        cmocka_unit_test(refuses),
        cmocka_unit_test(a_json_path_sees_the_first_100_kilobytes),
        cmocka_unit_test(tells_whether_it_reads_a_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
