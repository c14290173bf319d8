/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/policy.h"

#include <jansson.h>

#include "turnpike/base/diag.h"

#define DEFAULT_ACTION "execute-api:ManageConnections"

/* What a statement says of actions, or of resources. */
struct patterns {
    LIST(struct str) items;
    bool negated; /* NotAction, NotResource */
};

struct statement {
    bool denies;
    struct patterns actions, resources;
};

struct policy {
    LIST(struct statement) statements;
};

/* Matching. */

static char folded(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool is_same(char pattern, char c, bool without_case)
{
    return pattern == '?' || pattern == c || (without_case && folded(pattern) == folded(c));
}

/* Where something does not fit, the last '*' takes a byte more: those before it need never be
 * looked at again. */
static bool pattern_matches(struct str pattern, struct str text, bool without_case)
{
    size_t p = 0, t = 0, star = SIZE_MAX, taken = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.len && is_same(pattern.at[p], text.at[t], without_case)) {
            p++, t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static bool patterns_match(const struct patterns *patterns, struct str text, bool without_case)
{
    FOR_EACH_IN (item, &patterns->items)
        if (pattern_matches(*item, text, without_case))
            return !patterns->negated;
    return patterns->negated;
}

bool policy_allows(const struct policy *p, struct str action, struct str resource)
{
    bool allowed = false;
    FOR_EACH_IN (statement, &p->statements) {
        if (!patterns_match(&statement->actions, action, true) ||
            !patterns_match(&statement->resources, resource, false))
            continue;
        if (statement->denies)
            return false;
        allowed = true;
    }
    return allowed;
}

bool credential_allows(const struct credential *credential, struct str action, struct str resource)
{
    if (!credential->policy.text.at)
        return str_eq_nocase(action, STR(DEFAULT_ACTION));
    return credential->compiled && policy_allows(credential->compiled, action, resource);
}

/* Reading. */

struct reader {
    struct arena *arena;
    struct policy *policy;
    size_t statement; /* from 1; 0: none yet */
    struct str why;
};

PRINTF(2, 3) static bool refuse(struct reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    r->why = arena_vprintf(r->arena, format, args);
    va_end(args);
    if (r->statement > 0)
        r->why = arena_printf(r->arena, "statement %zu: %" STR_F, r->statement, STR_A(r->why));
    return false;
}

static struct str text_of(const json_t *value)
{
    return str_of(json_string_value(value), json_string_length(value));
}

static bool is_variable(struct str text)
{
    return str_find_str(text, STR("${")) < text.len;
}

/* One that names no action and no resource never matches: where it denies, that is a yes. */
static bool is_action(struct str text)
{
    size_t colon = str_find(text, ':');
    return str_is(text, "*") || (colon > 0 && colon + 1 < text.len);
}

static bool is_resource(struct str text)
{
    return str_is(text, "*") || str_starts_with(text, STR("arn:"));
}

static bool read_pattern(struct reader *r, const char *element, const json_t *value,
                         struct patterns *patterns)
{
    struct str text = text_of(value);
    bool resource = str_ends_with(str_from(element), STR("Resource"));
    if (!json_is_string(value))
        return refuse(r, "'%s' must be a string, or a list of strings", element);
    if (is_variable(text))
        return refuse(r, "'%s': policy variables such as ${aws:username} are not supported",
                      element);
    if (resource && !is_resource(text))
        return refuse(r, "'%s': '%" STR_F "' is neither an ARN nor '*'", element, STR_A(text));
    if (!resource && !is_action(text))
        return refuse(r,
                      "'%s': '%" STR_F "' is neither an action such as "
                      "execute-api:ManageConnections nor '*'",
                      element, STR_A(text));
    *list_push(r->arena, &patterns->items) = arena_copy(r->arena, text);
    return true;
}

static bool read_patterns(struct reader *r, const char *element, const json_t *value,
                          struct patterns *patterns)
{
    if (!json_is_array(value))
        return read_pattern(r, element, value, patterns);
    if (json_array_size(value) == 0)
        return refuse(r, "'%s' is empty", element);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!read_pattern(r, element, json_array_get(value, i), patterns))
            return false;
    return true;
}

/* "Action" or "NotAction": one of them. */
static bool read_either(struct reader *r, const json_t *object, const char *element,
                        const char *negated, struct patterns *patterns)
{
    const json_t *value = json_object_get(object, element);
    const json_t *other = json_object_get(object, negated);
    if (!value && !other)
        return refuse(r, "'%s' is missing (or '%s')", element, negated);
    if (value && other)
        return refuse(r, "'%s' stands beside '%s'", negated, element);
    patterns->negated = other;
    return read_patterns(r, value ? element : negated, value ? value : other, patterns);
}

static bool read_effect(struct reader *r, const json_t *object, bool *ret_denies)
{
    struct str effect = text_of(json_object_get(object, "Effect"));
    if (!str_is(effect, "Allow") && !str_is(effect, "Deny"))
        return refuse(r, "'Effect' must be 'Allow' or 'Deny'");
    *ret_denies = str_is(effect, "Deny");
    return true;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(str_from(name), names[i]))
            return true;
    return false;
}

/* Refuses whatever is not among the known ones, IAM's own too. */
static bool check_elements(struct reader *r, json_t *object, const char *const *known, size_t count)
{
    static const char *const iam[] = {"Condition", "NotPrincipal", "Principal"};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (is_one_of(name, known, count))
            continue;
        const char *nearest = is_one_of(name, iam, ARRAY_LENGTH(iam))
                                  ? NULL
                                  : nearest_name(str_from(name), known, count);
        return refuse(r, "the element '%s' is not supported%s%s%s", name,
                      nearest ? "; did you mean '" : "", nearest ? nearest : "",
                      nearest ? "'?" : "");
    }
    return true;
}

static bool check_text(struct reader *r, const json_t *object, const char *element)
{
    const json_t *value = json_object_get(object, element);
    return !value || json_is_string(value) || refuse(r, "'%s' must be a string", element);
}

static bool read_statement(struct reader *r, json_t *object)
{
    static const char *const elements[] = {"Action",      "Effect",   "NotAction",
                                           "NotResource", "Resource", "Sid"};
    struct statement statement = {0};
    r->statement++;
    if (!json_is_object(object))
        return refuse(r, "it must be an object");
    if (!check_elements(r, object, elements, ARRAY_LENGTH(elements)) ||
        !check_text(r, object, "Sid") || !read_effect(r, object, &statement.denies) ||
        !read_either(r, object, "Action", "NotAction", &statement.actions) ||
        !read_either(r, object, "Resource", "NotResource", &statement.resources))
        return false;
    *list_push(r->arena, &r->policy->statements) = statement;
    return true;
}

static bool read_statements(struct reader *r, json_t *statements)
{
    if (!statements)
        return refuse(r, "'Statement' is missing");
    if (!json_is_array(statements))
        return read_statement(r, statements);
    if (json_array_size(statements) == 0)
        return refuse(r, "'Statement' is empty");
    for (size_t i = 0; i < json_array_size(statements); i++)
        if (!read_statement(r, json_array_get(statements, i)))
            return false;
    return true;
}

static bool check_version(struct reader *r, const json_t *root)
{
    const json_t *value = json_object_get(root, "Version");
    struct str version = text_of(value);
    if (!value || str_is(version, "2012-10-17") || str_is(version, "2008-10-17"))
        return true;
    return refuse(r, "'Version' must be '2012-10-17' or '2008-10-17'");
}

static bool read_root(struct reader *r, json_t *root)
{
    static const char *const elements[] = {"Id", "Statement", "Version"};
    if (!json_is_object(root))
        return refuse(r, "it must be an object");
    return check_elements(r, root, elements, ARRAY_LENGTH(elements)) && check_version(r, root) &&
           check_text(r, root, "Id") && read_statements(r, json_object_get(root, "Statement"));
}

const struct policy *policy_read(struct arena *a, struct str json, struct str *ret_why)
{
    json_error_t why;
    struct reader r = {.arena = a, .policy = arena_new(a, struct policy)};
    json_auto_t *root = json_loadb(json.len ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &why);
    if (root && read_root(&r, root))
        return r.policy;
    if (!root)
        (void)refuse(
            &r, "it is no JSON%s",
            json_error_code(&why) == json_error_duplicate_key ? ": an element is there twice" : "");
    *ret_why = r.why;
    return NULL;
}
