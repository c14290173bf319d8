/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/json_path.h"

#include "testing.h"

#define DOCUMENT                                                                                   \
    "{\"a\":1,\"b\":{\"c\":\"text\",\"c d\":true,\"e\":[10,[11,12],{\"f\":\"g\"}]},"               \
    "\"list\":[{\"id\":1,\"n\":null},{\"id\":\"2\"},{\"x\":3}],"                                   \
    "\"escaped\":\"a\\\"b\\u00e4\",\"k\\u0065y\":-1.5e3,\"it's\":0,\"empty\":\"\",\"\":\"void\"}"

/* want NULL: nothing is selected. */
static const struct {
    const char *name, *path, *json, *want;
} selections[] = {
    {"nothing is the whole value", "", "{\"a\": 1}", "{\"a\": 1}"},
    {"a string of its own loses its quotes", "", "\"a\\nb\"", "a\nb"},
    {"a member", ".a", DOCUMENT, "1"},
    {"a member's member", ".b.c", DOCUMENT, "text"},
    {"an object is its text", ".b.e[2]", DOCUMENT, "{\"f\":\"g\"}"},
    {"a member with a space, in single quotes", ".b['c d']", DOCUMENT, "true"},
    {"a member with a space, in double quotes", ".b[\"c d\"]", DOCUMENT, "true"},
    {"spaces within brackets", ".b[ 'c d' ]", DOCUMENT, "true"},
    {"a backslash in a quoted name", "['it\\'s']", DOCUMENT, "0"},
    {"the other quote in a quoted name", "[\"it's\"]", DOCUMENT, "0"},
    {"the empty name", "['']", DOCUMENT, "void"},
    {"an index", ".b.e[0]", DOCUMENT, "10"},
    {"an index of an index", ".b.e[1][1]", DOCUMENT, "12"},
    {"a member of an element", ".list[1].id", DOCUMENT, "2"},
    {"null is its text", ".list[0].n", DOCUMENT, "null"},
    {"escapes are taken out of strings", ".escaped", DOCUMENT, "a\"b\xc3\xa4"},
    {"escapes in the document's names", ".key", DOCUMENT, "-1.5e3"},
    {"an empty string is a value", ".empty", DOCUMENT, ""},
    {"all elements are an array", ".b.e[*]", DOCUMENT, "[10,[11,12],{\"f\":\"g\"}]"},
    {"strings keep their quotes in an array", ".list[*].id", DOCUMENT, "[1,\"2\"]"},
    {"one value of a wildcard is an array too", ".list[*].x", DOCUMENT, "[3]"},
    {"all members", ".b.*", "{\"b\":{\"x\":1,\"y\":\"2\"}}", "[1,\"2\"]"},
    {"all members in brackets", "[*]", "{\"x\":1,\"y\":{}}", "[1,{}]"},
    {"two wildcards", "[*][*]", "[[1,2],[],3,[4]]", "[1,2,4]"},
    {"names with characters that are no letters", ".@type", "{\"@type\":5}", "5"},
    {"a name that is not ASCII", ".\xc3\xa4", "{\"\xc3\xa4\":5}", "5"},

    {"of members of one name the last", ".a", "{\"a\":1,\"a\":2}", "2"},
    {"of objects of one name the last", ".a.b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "2"},
    {"the last of one name may hold nothing", ".a.b", "{\"a\":{\"b\":1},\"a\":3}", NULL},
    {"the last of one name, all of it", ".a.*", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "[2]"},
    {"the last of one name in each element", "[*].a", "[{\"a\":1,\"a\":2},{\"a\":3}]", "[2,3]"},

    {"no such member", ".z", DOCUMENT, NULL},
    {"names are of one case", ".A", DOCUMENT, NULL},
    {"no such element", ".b.e[3]", DOCUMENT, NULL},
    {"a member of a scalar", ".a.b", DOCUMENT, NULL},
    {"a member of an array", ".list.id", DOCUMENT, NULL},
    {"an element of an object", ".b[0]", DOCUMENT, NULL},
    {"a wildcard without values", ".list[*].z", DOCUMENT, NULL},
    {"a wildcard in a scalar", ".a.*", DOCUMENT, NULL},
    {"an empty text", ".a", "", NULL},
    {"no JSON", ".a", "a=1&b=2", NULL},
    {"an empty text as a whole", "", "", NULL},
    {"something malformed before it", ".a", "{\"b\":nul,\"a\":1}", NULL},

    {"cut behind the value", ".a", "{\"a\":\"x\",\"b\":\"y", "x"},
    {"cut behind the name", ".b", "{\"a\":\"x\",\"b\"", NULL},
    {"cut within a string", ".b", "{\"a\":\"x\",\"b\":\"y", NULL},
    {"cut within an escape", ".b", "{\"b\":\"y\\", NULL},
    {"cut within a number", ".a", "{\"a\":12", NULL},
    {"a number before the cut", ".a", "{\"a\":12 ", "12"},
    {"a number as a whole is not cut", "", "12", "12"},
    {"cut within a word", ".a", "{\"a\":tru", NULL},
    {"cut within an object", ".a", "{\"a\":{\"b\":1}", "{\"b\":1}"},
    {"cut within the selected object", ".a", "{\"a\":{\"b\":1", NULL},
    {"cut among elements", "[*]", "[1,2,3", "[1,2]"},
    {"cut within an element", "[*].a", "[{\"a\":1},{\"a\":2},{\"b\":", "[1,2]"},
};

static void selects(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, selections) {
        const char *why = "";
        const struct json_path *path = json_path_compile(&arena, str_from(c->path), &why);
        CHECK_CASE(c, path, "%s", why);
        scoped_buf struct buf out = {0};
        buf_literal(&out, "<");
        bool found = json_path_run(path, str_from(c->json), &out);
        struct str got = str_skip(buf_str(&out), 1);
        CHECK_CASE(c, found == (c->want != NULL), "got '%" STR_F "'", STR_A(got));
        CHECK_CASE(c, str_is(got, c->want ? c->want : ""), "got '%" STR_F "'", STR_A(got));
    }
    arena_release(&arena);
}

static const struct {
    const char *name, *path, *why;
} refusals[] = {
    {"recursive descent", "..a", "recursive descent ('..') is not supported"},
    {"recursive descent behind a name", ".a..b", "recursive descent ('..') is not supported"},
    {"a filter", ".a[?(@.b > 1)]", "filters ('?()') are not supported"},
    {"an expression", ".a[(@.length-1)]", "expressions in brackets are not supported"},
    {"a negative index", ".a[-1]", "negative indices are not supported"},
    {"a slice", ".a[0:2]", "slices ('[:]') are not supported"},
    {"a slice from the start", ".a[:2]", "slices ('[:]') are not supported"},
    {"a union of indices", ".a[0,1]", "unions ('[,]') are not supported"},
    {"a union of names", ".a['b','c']", "unions ('[,]') are not supported"},
    {"a function", ".a.length()", "functions are not supported"},
    {"no name", ".", "a name is missing behind '.'"},
    {"no name before brackets", ".[0]", "a name is missing behind '.'"},
    {"no name at the end", ".a.", "a name is missing behind '.'"},
    {"a name without a dot", "a", "each step begins with '.' or '['"},
    {"a name behind brackets without a dot", "[0]a", "each step begins with '.' or '['"},
    {"a space behind a name", ".a ", "each step begins with '.' or '['"},
    {"an open bracket", ".a[", "in brackets stands an index, a name in quotes or '*'"},
    {"empty brackets", ".a[]", "in brackets stands an index, a name in quotes or '*'"},
    {"a bare name in brackets", ".a[b]", "in brackets stands an index, a name in quotes or '*'"},
    {"brackets that do not close", ".a[0", "']' is missing"},
    {"a quote that does not end", ".a['b]", "a name in quotes does not end"},
    {"a quote that a backslash keeps open", ".a['b\\']", "a name in quotes does not end"},
    {"an index out of bounds", "[99999999999999999999]", "an index is too large"},
};

static void refuses(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, refusals) {
        const char *why = "";
        CHECK_CASE(c, !json_path_compile(&arena, str_from(c->path), &why), "was taken");
        CHECK_CASE(c, str_is(str_from(why), c->why), "why: %s", why);
    }
    arena_release(&arena);
}

/* want: the selected texts, each in its line. */
static const struct {
    const char *name, *path, *json, *want;
    bool several, complete;
} texts[] = {
    {"a text keeps its quotes", ".a", "{\"a\": \"x\\n\"}", "\"x\\n\"\n", false, true},
    {"null is a value", ".a", "{\"a\": null }", "null\n", false, true},
    {"nothing", ".b", "{\"a\":1}", "", false, true},
    {"several", ".*", "{\"a\":1,\"b\":[2, 3]}", "1\n[2, 3]\n", true, true},
    {"several of nothing", ".b[*]", "{}", "", true, true},
    {"the whole value", "", " 5 ", "5\n", false, true},
    {"cut behind what is selected", ".a", "{\"a\":1,", "1\n", false, false},
    {"malformed behind it", ".a", "{\"a\":1,\"b\":x}", "1\n", false, false},
    {"something behind the value", ".a", "{\"a\":1}x", "1\n", false, false},
    {"no JSON", ".a", "x", "", false, false},
    {"no text", ".a", "", "", false, false},
};

static void selects_texts(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, texts) {
        struct arena arena;
        struct json_selection selection;
        const char *why;
        scoped_buf struct buf got = {0};
        arena_init(&arena, 512);
        const struct json_path *path = json_path_compile(&arena, str_from(c->path), &why);
        CHECK_CASE(c, path, "%s", why);
        json_path_select(path, &arena, str_from(c->json), &selection);
        FOR_EACH_IN (value, &selection.values)
            buf_printf(&got, "%" STR_F "\n", STR_A(*value));
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got %" STR_F, STR_A(buf_str(&got)));
        CHECK_CASE(c, selection.several == c->several, "several");
        CHECK_CASE(c, selection.complete == c->complete, "complete");
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_texts),
        cmocka_unit_test(selects),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
