/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/stage_variables.h"

#include "testing.h"

static const struct {
    const char *name, *text, *want, *missing;
} cases[] = {
    {"text without variables stays", "todo", "todo", NULL},
    {"the empty text stays", "", "", NULL},
    {"a variable is replaced", "todo-${stageVariables.color}", "todo-blue", NULL},
    {"every variable is replaced", "${stageVariables.color}:${stageVariables.v_1}x", "blue:7x",
     NULL},
    {"a value is not substituted again", "${stageVariables.nested}", "${stageVariables.color}",
     NULL},
    {"a missing variable is empty and named", "a${stageVariables.none}b${stageVariables.color}",
     "abblue", "none"},
    {"the first missing variable is named", "${stageVariables.x}${stageVariables.y}", "", "x"},
    {"names keep their case", "${stageVariables.Color}", "", "Color"},
    {"an empty value is not missing", "a${stageVariables.empty}b", "ab", NULL},
    {"another ${…} stays", "${AWS::Region}/${color}", "${AWS::Region}/${color}", NULL},
    {"an unclosed variable stays", "${stageVariables.color", "${stageVariables.color", NULL},
    {"no name is no variable", "${stageVariables.}", "${stageVariables.}", NULL},
    {"foreign characters are no name", "${stageVariables.a b}-${stageVariables.color}",
     "${stageVariables.a b}-blue", NULL},
    {"one within another", "${stageVariables.${stageVariables.color}}", "${stageVariables.blue}",
     NULL},
};

static struct str look_up(const void *data, struct str name, bool *found)
{
    static const char *const pairs[][2] = {
        {"color", "blue"}, {"v_1", "7"}, {"empty", ""}, {"nested", "${stageVariables.color}"}};
    assert_null(data);
    FOR_EACH (pair, pairs, ARRAY_LENGTH(pairs)) {
        if (str_is(name, (*pair)[0])) {
            *found = true;
            return str_from((*pair)[1]);
        }
    }
    return STR("");
}

static void substitutes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 256);
    FOR_EACH_CASE (c, cases) {
        struct str text, missing = {0};
        bool complete =
            stage_variables_substitute(&arena, str_from(c->text), look_up, NULL, &text, &missing);
        CHECK_CASE(c, complete == (c->missing == NULL), "missing '%" STR_F "'", STR_A(missing));
        CHECK_CASE(c, str_is(text, c->want), "got '%" STR_F "'", STR_A(text));
        CHECK_CASE(c, complete || str_is(missing, c->missing), "named '%" STR_F "'",
                   STR_A(missing));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(substitutes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
