/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/template.h"

#include "testing.h"

static int resolve(struct str name, const char **ret_nearest)
{
    static const char *const names[] = {"requestId", "authorizer.a-b", "connectionId"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_is(name, names[i]))
            return (int)i + 1;
    *ret_nearest = str_is(name, "requestid") ? "requestId" : NULL;
    return -1;
}

static void append_part(struct buf *out, const struct template_part *part, void *data)
{
    switch (part->source) {
    case TEMPLATE_LITERAL:
        fail_msg("literal text is not asked for");
        return;
    case TEMPLATE_CONTEXT:
        buf_printf(out, "<%d>", part->id);
        return;
    case TEMPLATE_STAGE_VARIABLE:
        if (str_is(part->text, "table"))
            buf_literal(out, "todos");
        return;
    case TEMPLATE_BODY:
    case TEMPLATE_JSON:
    case TEMPLATE_PATH:
        template_append_input(out, part, str_from(data));
        return;
    case TEMPLATE_PARAMS:
        buf_printf(out, "<%" STR_F ">", STR_A(part->text));
        return;
    }
}

#define BODY "{\"a\" : {\"b\":\"x\\\"y\"}, \"list\": [1, {\"c\": null}], \"n\": 1.50, \"z\": null}"

static const struct {
    const char *name, *text, *body, *want;
} runs[] = {
    {"nothing", "", BODY, ""},
    {"literal text", "{\"statusCode\": 200}", BODY, "{\"statusCode\": 200}"},
    {"a context variable", "[$context.requestId]", BODY, "[<1>]"},
    {"in braces", "${context.requestId}x", BODY, "<1>x"},
    {"quiet", "$!context.requestId $!{context.requestId}", BODY, "<1> <1>"},
    {"hyphens belong to names", "$context.authorizer.a-b", BODY, "<2>"},
    {"a dot behind a name is text", "$context.requestId. ${context.requestId}.x", BODY,
     "<1>. <1>.x"},
    {"a comma ends a name", "$context.requestId,$context.connectionId", BODY, "<1>,<3>"},
    {"a stage variable", "$stageVariables.table/${stageVariables.none}.", BODY, "todos/."},

    {"the body", "<$input.body>", BODY, "<" BODY ">"},
    {"an empty body", "$input.body", "", "{}"},
    {"a body that is no JSON", "$input.body", "some raw data", "some raw data"},
    {"JSON of the whole body", "$input.json('$')", BODY,
     "{\"a\":{\"b\":\"x\\\"y\"},\"list\":[1,{\"c\":null}],\"n\":1.50,\"z\":null}"},
    {"JSON of a text", "$input.json('$.a.b')", BODY, "\"x\\\"y\""},
    {"JSON of a number as it stands", "$input.json('$.n')", BODY, "1.50"},
    {"JSON of null", "$input.json('$.z')", BODY, "null"},
    {"JSON of what is missing", "$input.json('$.none')", BODY, "\"\""},
    {"JSON of what is no JSON", "$input.json('$.a')", "not json", "\"\""},
    {"JSON of a body that is cut", "$input.json('$.a')", "{\"a\":1", "\"\""},
    {"JSON of an empty body", "$input.json('$')", "", "{}"},
    {"a member of an empty body", "$input.json('$.a')", "", "\"\""},
    {"JSON of several", "$input.json('$.list[*]')", BODY, "[1,{\"c\":null}]"},
    {"JSON of none of several", "$input.json('$.none[*]')", BODY, "[]"},
    {"a path of a text", "$input.path('$.a.b')", BODY, "x\"y"},
    {"a path of a number", "$input.path('$.n')", BODY, "1.50"},
    {"a path of null", "<$input.path('$.z')>", BODY, "<>"},
    {"a path of what is missing", "<$input.path('$.none')>", BODY, "<>"},
    {"a path of what is no JSON", "<$input.path('$.a')>", "not json", "<>"},
    {"a path of an empty body", "<$input.path('$')>", "", "<>"},
    {"a path of an object", "$input.path('$.a')", BODY, "{b=x\"y}"},
    {"a path of a list", "$input.path('$.list')", BODY, "[1,{\"c\":null}]"},
    {"a path of several", "$input.path('$.list[*]')", BODY, "[1,{\"c\":null}]"},
    {"without $", "$input.path('a.b')$input.json('n')", BODY, "x\"y1.50"},
    {"a list without $", "$input.path('[1]')", "[1, 2]", "2"},
    {"double quotes", "$input.path(\"$.a.b\")", BODY, "x\"y"},
    {"blanks around an argument", "$input.path( '$.n'\n)", BODY, "1.50"},
    {"a quote in an argument", "$input.path('$[''n'']')", BODY, "1.50"},
    {"calls in braces", "${input.json('$.n')}0 ${input.body}", "{\"n\":1}", "10 {\"n\":1}"},
    {"a parameter", "$input.params('x-y z')", BODY, "<x-y z>"},
    {"a dot behind a call is text", "$input.json('$.n').", BODY, "1.50."},

    {"a lone dollar sign", "$ $5 $. $", BODY, "$ $5 $. $"},
    {"two dollar signs", "$$context.requestId", BODY, "$<1>"},
    {"braces without a name", "${} ${ context.requestId} $!{", BODY,
     "${} ${ context.requestId} $!{"},
    {"a lone number sign", "# #5 #ff0000 #foobar123 #", BODY, "# #5 #ff0000 #foobar123 #"},
    {"words that begin like directives", "#ending #setup #iffy #{ending}", BODY,
     "#ending #setup #iffy #{ending}"},
    {"one bracket behind a number sign", "#[x]", BODY, "#[x]"},
    {"an escaped reference", "\\$context.requestId", BODY, "$context.requestId"},
    {"an escaped backslash", "\\\\$context.requestId", BODY, "\\<1>"},
    {"an escaped backslash and reference", "\\\\\\${context.requestId}", BODY,
     "\\${context.requestId}"},
    {"a backslash before text", "\\$5 \\n", BODY, "\\$5 \\n"},
    {"text is kept to the byte", " \r\n\tä ", BODY, " \r\n\tä "},
};

static void runs_templates(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, runs) {
        struct arena arena;
        struct str why = {NULL, 0};
        size_t offset;
        scoped_buf struct buf out = {0};
        char body[256];
        arena_init(&arena, 1024);
        const struct mapping_template *t =
            template_compile(&arena, str_from(c->text), resolve, &why, &offset);
        CHECK_CASE(c, t, "%" STR_F, STR_A(why));
        (void)snprintf(body, sizeof(body), "%s", c->body);
        template_run(t, &out, append_part, body);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
        arena_release(&arena);
    }
}

/* What a message points at. */
static void parts_know_their_place(void **state)
{
    (void)state;
    static const size_t offsets[] = {0, 3, 21, 22};
    struct arena arena;
    struct str why;
    size_t offset;
    arena_init(&arena, 1024);
    const struct mapping_template *t = template_compile(
        &arena, STR("a\\\\$context.requestId $input.body"), resolve, &why, &offset);
    assert_non_null(t);
    assert_int_equal(t->parts.count, ARRAY_LENGTH(offsets));
    for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++)
        assert_int_equal(t->parts.items[i].offset, offsets[i]);
    arena_release(&arena);
}

#define DIRECTIVE(word) "directives of templates ('#" word "') are not built yet"
#define COMMENT(sign)   "comments of templates ('#" sign "') are not built yet"
#define ROOT(name)                                                                                 \
    "templates know no '$" name "': there is $context.NAME, $stageVariables.NAME and $input"
#define INPUT                                                                                      \
    "of $input there is $input.body, $input.json('…'), $input.path('…') and $input.params('…')"
#define MEMBERS                                                                                    \
    "members and methods of values are not built yet; where this is text, '${…}' ends the "      \
    "reference"

static const struct {
    const char *name, *text;
    size_t offset;
    const char *why;
} refusals[] = {
    {"#set", "ab\n#set($x = 1)", 3, DIRECTIVE("set")},
    {"#if in braces", "#{if}($x)", 0, DIRECTIVE("if")},
    {"#else", "x#else", 1, DIRECTIVE("else")},
    {"#elseif", "#elseif", 0, DIRECTIVE("elseif")},
    {"#end", "#end", 0, DIRECTIVE("end")},
    {"#foreach", "  #foreach($x in $y)", 2, DIRECTIVE("foreach")},
    {"#macro", "#macro(a)", 0, DIRECTIVE("macro")},
    {"#stop", "#stop", 0, DIRECTIVE("stop")},
    {"a comment", "a ## b", 2, COMMENT("#")},
    {"a comment of several lines", "#* a *#", 0, COMMENT("*")},
    {"literal text", "#[[ a ]]#", 0, COMMENT("[")},
    {"$util", "ab $util.urlEncode($input.body)", 3,
     "functions of templates ('$util') are not built yet"},
    {"a variable", "{\"x\": $x}", 6, ROOT("x")},
    {"a variable in braces", "${x-y}", 0, ROOT("x-y")},
    {"a longer root", "$contexts.requestId", 0, ROOT("contexts")},
    {"an unknown context variable", "a$context.other", 1, "templates know no $context.other"},
    {"one that was meant otherwise", "$context.requestid", 0,
     "templates know no $context.requestid; did you mean '$context.requestId'?"},
    {"a name that goes on", "$context.requestId-x", 0, "templates know no $context.requestId-x"},
    {"$context alone", "$context ", 0,
     "'$context' needs the name of a variable: '$context.requestId'"},
    {"$stageVariables alone", "${stageVariables}", 0,
     "'$stageVariables' needs the name of a variable: '$stageVariables.NAME'"},
    {"a stage variable's key", "$stageVariables['a']", 0,
     "'$stageVariables' needs the name of a variable: '$stageVariables.NAME'"},
    {"a member of a stage variable", "$stageVariables.a.b", 17, MEMBERS},
    {"$input alone", "$input", 0, INPUT},
    {"another member of $input", "$input.other", 0, INPUT},
    {"a member of the body", "$input.body.a", 11, MEMBERS},
    {"a method of the body", "$input.body.length()", 11, MEMBERS},
    {"an element", "$input.path('$.a')[0]", 18, MEMBERS},
    {"a member of a call", "$input.path('$.a').size()", 18, MEMBERS},
    {"a call of a variable", "$context.requestId(1)", 18, MEMBERS},
    {"all parameters", "$input.params()", 14, "an argument in quotes is missing"},
    {"an argument without quotes", "$input.json($.a)", 12, "an argument in quotes is missing"},
    {"no call", "$input.json", 11, "'(' is missing"},
    {"a call that does not end", "$input.json('$.a'", 17, "')' is missing"},
    {"two arguments", "$input.json('$.a', 1)", 17, "')' is missing"},
    {"an argument that does not end", "$input.json('$.a)", 12,
     "an argument in quotes does not end"},
    {"a reference in an argument", "$input.path(\"$.a[${x}]\")", 17,
     "references within \"…\" are not built yet: '…' has none"},
    {"a directive in an argument", "$input.path(\"#if\")", 13,
     "references within \"…\" are not built yet: '…' has none"},
    {"a JSONPath that is not supported", "{$input.path('$..a')", 1,
     "in the JSONPath '$..a' recursive descent ('..') is not supported"},
    {"a brace that does not close", "${context.requestId", 19, "'}' is missing"},
    {"more within braces", "${context.requestId x}", 19, "'}' is missing"},
};

static void refuses_templates(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, refusals) {
        struct arena arena;
        struct str why = {NULL, 0};
        size_t offset = 9999;
        arena_init(&arena, 1024);
        CHECK_CASE(c, !template_compile(&arena, str_from(c->text), resolve, &why, &offset),
                   "accepted");
        CHECK_CASE(c, str_is(why, c->why), "got '%" STR_F "'", STR_A(why));
        CHECK_CASE(c, offset == c->offset, "got %zu", offset);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_templates),
        cmocka_unit_test(parts_know_their_place),
        cmocka_unit_test(refuses_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
