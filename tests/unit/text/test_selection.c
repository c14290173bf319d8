/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/selection.h"

#include "testing.h"

#define ALL                                                                                        \
    (SELECT_REQUEST_BODY | SELECT_REQUEST_HEADER | SELECT_CONTEXT | SELECT_RESPONSE_STATUS |       \
     SELECT_RESPONSE_HEADER | SELECT_RESPONSE_ALL_HEADER | SELECT_RESPONSE_BODY)

static void append_part(struct buf *out, const struct selection_part *part, void *data)
{
    switch (part->source) {
    case SELECT_REQUEST_BODY:
    case SELECT_RESPONSE_BODY:
        selection_append_body(out, part, str_from(data));
        return;
    case SELECT_REQUEST_HEADER:
        buf_printf(out, "header %" STR_F, STR_A(part->text));
        return;
    case SELECT_CONTEXT:
        buf_printf(out, "context %" STR_F, STR_A(part->text));
        return;
    case SELECT_RESPONSE_STATUS:
        buf_literal(out, "200");
        return;
    case SELECT_RESPONSE_HEADER:
        buf_printf(out, "answer's %" STR_F, STR_A(part->text));
        return;
    case SELECT_RESPONSE_ALL_HEADER:
        buf_printf(out, "[answer's %" STR_F "]", STR_A(part->text));
        return;
    }
}

/* AWS's own example: "Create routes for WebSocket APIs". */
#define CHAT "{\"service\":\"chat\",\"action\":\"join\",\"data\":{\"room\":\"room1234\"}}"

static const struct {
    const char *name, *text, *body, *want;
} runs[] = {
    {"bare", "$request.body.action", CHAT, "join"},
    {"in braces", "${request.body.action}", CHAT, "join"},
    {"two of them", "${request.body.service}/${request.body.action}", CHAT, "chat/join"},
    {"one of them missing", "${request.body.action}-${request.body.invalidPath}", CHAT, "join-"},
    {"nested", "$request.body.data.room", CHAT, "room1234"},
    {"static", "action", CHAT, "action"},
    {"an escaped dollar sign", "\\$default", CHAT, "$default"},

    {"an escaped dollar sign before braces", "\\${request.body.action}", CHAT,
     "${request.body.action}"},
    {"an escaped one, then a variable", "a\\$b$request.body.action", CHAT, "a$bjoin"},
    {"two escaped ones", "\\$\\$", CHAT, "$$"},
    {"another backslash", "a\\b\\", CHAT, "a\\b\\"},
    {"text behind a bare one", "$request.body.action/x", CHAT, "join/x"},
    {"a bare one behind text", "x-$request.body.action", CHAT, "x-join"},
    {"two bare ones", "$request.body.action$request.body.service", CHAT, "joinchat"},
    {"nothing else is read as a variable", "request.body.action", CHAT, "request.body.action"},
    {"what comes of it is not read again", "$request.body.a", "{\"a\":\"${request.body.b}\"}",
     "${request.body.b}"},

    {"a name in quotes", "$request.body['a b'].c/d", "{\"a b\":{\"c\":\"x\"}}", "x/d"},
    {"a brace in quotes", "${request.body['}'].c}!", "{\"}\":{\"c\":\"x\"}}", "x!"},
    {"a bracket in quotes", "$request.body[']'].c", "{\"]\":{\"c\":\"x\"}}", "x"},
    {"an index", "$request.body.a[1]", "{\"a\":[1,\"two\"]}", "two"},
    {"a name that is not ASCII", "$request.body.tür-1/", "{\"tür-1\":\"auf\"}", "auf/"},
    {"a wildcard", "$request.body.a[*]", "{\"a\":[1,\"two\",{\"b\":[]}]}", "[1, two, {b=[]}]"},
    {"a wildcard that finds nothing", "$request.body.b[*]", "{\"a\":[1]}", ""},

    {"a number as it stands", "$request.body.a", "{\"a\":1.50e3}", "1.50e3"},
    {"true", "$request.body.a", "{\"a\":true}", "true"},
    {"null", "$request.body.a", "{\"a\":null}", ""},
    {"the text null", "$request.body.a", "{\"a\":\"null\"}", "null"},
    {"an empty text", "$request.body.a", "{\"a\":\"\"}", ""},
    {"escapes", "$request.body.a", "{\"a\":\"\\u00e4\\n\\\"\"}", "ä\n\""},
    {"a list", "$request.body.a", "{\"a\":[\"item1\", \"item2\"]}", "[item1, item2]"},
    {"an empty list", "$request.body.a", "{\"a\":[ ]}", "[]"},
    {"a text that looks like a list", "$request.body.a", "{\"a\":\"[item1, item2]\"}",
     "[item1, item2]"},
    {"lists in lists", "$request.body.a", "{\"a\":[[1,[2]],null,false]}",
     "[[1, [2]], null, false]"},
    {"an object", "$request.body.a", "{\"a\":{ \"b\": 1, \"c\" : {}, \"d\":[\"x\"] }}",
     "{b=1, c={}, d=[x]}"},
    {"of members of one name the last", "$request.body.a", "{\"a\":1,\"a\":2}", "2"},

    {"the whole body", "$request.body", "\"text\"", "text"},
    {"the whole body, a list", "$request.body", "[1, 2]", "[1, 2]"},
    {"of a list", "$request.body.a", "[1]", ""},
    {"of a text", "$request.body.a", "\"a\"", ""},
    {"no JSON", "$request.body.a", "hi", ""},
    {"nothing at all", "$request.body.a", "", ""},
    {"a body that is cut", "$request.body.a", "{\"a\":\"x\",", ""},
    {"something behind the body", "$request.body.a", "{\"a\":\"x\"} {}", ""},
    {"white space around it", "$request.body.a", " {\"a\":\"x\"}\n", "x"},
    {"malformed behind what is selected", "$request.body.a", "{\"a\":\"x\",\"b\":tru}", ""},

    {"a header", "$request.header.x-api-key", "", "header x-api-key"},
    {"a header in braces", "${request.header.X_Y}", "", "header X_Y"},
    {"a context variable", "$context.authorizer.usageIdentifierKey", "",
     "context authorizer.usageIdentifierKey"},
    {"a status", "$integration.response.statuscode", "", "200"},
    {"a status and text", "${integration.response.statuscode}0", "", "2000"},
    {"an answer's header", "${integration.response.header.ETag}", "", "answer's ETag"},
    {"all of an answer's headers", "$integration.response.multivalueheader.Via", "",
     "[answer's Via]"},
    {"an answer's body", "$integration.response.body.errorMessage", "{\"errorMessage\":\"no\"}",
     "no"},
};

static void runs_expressions(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, runs) {
        struct arena arena;
        struct str why = {NULL, 0};
        scoped_buf struct buf out = {0};
        arena_init(&arena, 1024);
        const struct selection_expression *s =
            selection_compile(&arena, str_from(c->text), ALL, &why);
        CHECK_CASE(c, s, "%" STR_F, STR_A(why));
        CHECK_CASE(c, str_is(s->text, c->text), "it keeps its text");
        char body[256];
        (void)snprintf(body, sizeof(body), "%s", c->body);
        selection_run(s, &out, append_part, body);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
        arena_release(&arena);
    }
}

#define ROUTES                                                                                     \
    " is no variable that can be selected by here: there is request.body.PATH; '\\$' is a dollar " \
    "sign"

static const struct {
    const char *name, *text;
    unsigned allowed;
    const char *why;
} refusals[] = {
    {"a dollar sign that begins nothing", "a$", SELECT_REQUEST_BODY, "'$'" ROUTES},
    {"$default without its backslash", "$default", SELECT_REQUEST_BODY, "'$default'" ROUTES},
    {"another root", "${request.query.a}", SELECT_REQUEST_BODY, "'$request.query.a'" ROUTES},
    {"what may not be read here", "$request.header.a", SELECT_REQUEST_BODY,
     "'$request.header.a'" ROUTES},
    {"several may", "$request.body.a", SELECT_RESPONSE_STATUS | SELECT_CONTEXT,
     "'$request.body.a' is no variable that can be selected by here: there is context.NAME, "
     "integration.response.statuscode; '\\$' is a dollar sign"},
    {"a brace that does not close", "${request.body.a", SELECT_REQUEST_BODY,
     "'}' is missing behind '${'"},
    {"a quote that does not close", "${request.body['a}", SELECT_REQUEST_BODY,
     "'}' is missing behind '${'"},
    {"a bracket that does not close", "$request.body[0", SELECT_REQUEST_BODY,
     "in its JSONPath ']' is missing"},
    {"a filter", "${request.body.a[?(@.b)]}", SELECT_REQUEST_BODY,
     "in its JSONPath filters ('?()') are not supported"},
    {"a dot too many", "$request.body.a.", SELECT_REQUEST_BODY,
     "in its JSONPath a name is missing behind '.'"},
    {"no dot", "${request.bodyaction}", SELECT_REQUEST_BODY,
     "in its JSONPath each step begins with '.' or '['"},
    {"a header without a name", "$request.header.", SELECT_REQUEST_HEADER,
     "a name is missing at its end"},
    {"something behind a status", "$integration.response.statuscode.x", SELECT_RESPONSE_STATUS,
     "nothing can follow 'statuscode'"},
};

static void refuses_expressions(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, refusals) {
        struct arena arena;
        struct str why = {NULL, 0};
        arena_init(&arena, 1024);
        CHECK_CASE(c, !selection_compile(&arena, str_from(c->text), c->allowed, &why), "accepted");
        CHECK_CASE(c, str_is(why, c->why), "got '%" STR_F "'", STR_A(why));
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_expressions),
        cmocka_unit_test(refuses_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
