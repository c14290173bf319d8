/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/substitution.h"

#include "testing.h"

/* A variable is shown as <name>, as <'name'> within quotes, as <?name> where it is unknown. */
static const struct {
    const char *name, *text, *want;
} cases[] = {
    {"nothing", "", ""},
    {"literal text", "a $ b ${c} $input.body", "a $ b ${c} $input.body"},
    {"a variable", "$context.status", "<status>"},
    {"between text", "[$context.requestTime] x", "[<requestTime>] x"},
    {"braces", "a${context.status}b", "a<status>b"},
    {"two in a row", "$context.status$context.stage", "<status><stage>"},
    {"dots", "$context.identity.sourceIp,$context.status", "<identity.sourceIp>,<status>"},
    {"a dot behind a name is text", "$context.status.", "<status>."},
    {"two dots end a name", "$context.a..b", "<a>..b"},
    {"a hyphen ends a name", "$context.status-x $context.status-", "<status>-x <status>-"},
    {"a colon ends a name", "$context.status:$context.stage", "<status>:<stage>"},
    {"but not a claim's", "$context.authorizer.claims.cognito:user-name-",
     "<authorizer.claims.cognito:user-name>-"},
    {"an authorizer's key", "$context.authorizer.my-key:", "<authorizer.my-key>:"},
    {"braces take every name", "${context.authorizer.claims.https://x/y z}",
     "<authorizer.claims.https://x/y z>"},
    {"no name", "$context. $context ${context.} $contextual",
     "$context. $context ${context.} $contextual"},
    {"unclosed braces", "${context.status", "${context.status"},
    {"a dollar before", "$$context.status", "$<status>"},
    {"between quotes", "{\"a\":\"$context.status\",\"b\":$context.stage}",
     "{\"a\":\"<'status'>\",\"b\":<stage>}"},
    {"an escaped quote ends no quotes", "\"\\\"$context.status\"$context.stage",
     "\"\\\"<'status'>\"<stage>"},
    {"a backslash before a variable", "\\$context.status", "\\<status>"},
    {"a backslash at the end", "a\\", "a\\"},
    {"unknown", "$context.unknown", "<?unknown>"},
    {"names keep their case", "$context.Status", "<Status>"},
};

static const char resolvers[] = "the resolver's";

static int resolve(struct str name, const void *data)
{
    assert_ptr_equal(data, resolvers);
    return str_is(name, "unknown") ? -1 : (int)name.len;
}

static void show(struct buf *out, const struct substitution_part *v, const void *data)
{
    assert_null(data);
    assert_true(v->variable);
    assert_int_equal(v->id, resolve(v->text, resolvers));
    buf_printf(out, v->quoted ? "<'%s%" STR_F "'>" : "<%s%" STR_F ">", v->id < 0 ? "?" : "",
               STR_A(v->text));
}

static void substitutes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, cases) {
        scoped_buf struct buf out = {0};
        substitution_run(substitution_compile(&arena, str_from(c->text), resolve, resolvers), &out,
                         show, NULL);
        CHECK_CASE(c, str_is(buf_str(&out), c->want), "got '%" STR_F "'", STR_A(buf_str(&out)));
    }
    arena_release(&arena);
}

static void offsets_name_the_place(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    const struct substitution *s =
        substitution_compile(&arena, STR("ab $context.x ${context.y}"), resolve, resolvers);
    assert_int_equal(s->parts.count, 4);
    assert_int_equal(s->parts.items[1].offset, 3);
    assert_int_equal(s->parts.items[3].offset, 14);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(substitutes),
        cmocka_unit_test(offsets_name_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
