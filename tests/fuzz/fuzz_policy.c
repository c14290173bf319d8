/* SPDX-License-Identifier: Apache-2.0 */
/* A line with an action, a line with a resource, a policy. What is accepted decides as a second
 * evaluation does, which is slow and simple. */
#include "turnpike/auth/policy.h"

#include <jansson.h>

#include "fuzz.h"

#define TEXT_MAX 256

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* row[i]: whether the pattern so far matches the first i bytes. */
static bool matches(struct str pattern, struct str text, bool without_case)
{
    bool row[TEXT_MAX + 1] = {true};
    for (size_t p = 0; p < pattern.len; p++) {
        char wanted = pattern.at[p];
        bool star = wanted == '*', before = row[0];
        row[0] = row[0] && star;
        for (size_t i = 1; i <= text.len; i++) {
            char c = text.at[i - 1];
            bool same = wanted == '?' || wanted == c || (without_case && lower(wanted) == lower(c));
            bool here = row[i];
            row[i] = star ? here || row[i - 1] : before && same;
            before = here;
        }
    }
    return row[text.len];
}

static bool one_matches(const json_t *patterns, struct str text, bool without_case)
{
    if (json_is_string(patterns))
        return matches(str_of(json_string_value(patterns), json_string_length(patterns)), text,
                       without_case);
    for (size_t i = 0; i < json_array_size(patterns); i++)
        if (one_matches(json_array_get(patterns, i), text, without_case))
            return true;
    return false;
}

static bool applies(const json_t *statement, struct str action, struct str resource)
{
    const json_t *actions = json_object_get(statement, "Action");
    const json_t *resources = json_object_get(statement, "Resource");
    bool acts = actions ? one_matches(actions, action, true)
                        : !one_matches(json_object_get(statement, "NotAction"), action, true);
    return acts &&
           (resources ? one_matches(resources, resource, false)
                      : !one_matches(json_object_get(statement, "NotResource"), resource, false));
}

/* '+' allowed, '-' denied, ' ' neither. */
static char verdict_of(const json_t *statement, struct str action, struct str resource)
{
    if (!applies(statement, action, resource))
        return ' ';
    return *json_string_value(json_object_get(statement, "Effect")) == 'A' ? '+' : '-';
}

static bool evaluate(struct str json, struct str action, struct str resource)
{
    bool allowed = false, denied = false;
    json_t *root = json_loadb(json.at, json.len, 0, NULL);
    const json_t *statements = json_object_get(root, "Statement");
    bool list = json_is_array(statements);
    for (size_t i = 0; i < (list ? json_array_size(statements) : 1); i++) {
        const json_t *statement = list ? json_array_get(statements, i) : statements;
        char verdict = verdict_of(statement, action, resource);
        allowed |= verdict == '+';
        denied |= verdict == '-';
    }
    json_decref(root);
    return allowed && !denied;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct str input = fuzz_copy(fuzz_input(data, size));
    struct str action = STR(""), resource = STR(""), json = input, why = STR("");
    (void)str_split(&json, '\n', &action);
    (void)str_split(&json, '\n', &resource);
    action = str_head(action, TEXT_MAX);
    resource = str_head(resource, TEXT_MAX);
    const struct policy *policy = policy_read(&arena, json, &why);
    REQUIRE(policy || why.len > 0);
    if (policy)
        REQUIRE(policy_allows(policy, action, resource) == evaluate(json, action, resource));
    fuzz_free(input);
    arena_release(&arena);
    return 0;
}
