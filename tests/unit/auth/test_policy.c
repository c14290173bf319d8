/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/policy.h"

#include "testing.h"
#include "turnpike/auth/auth.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/xalloc.h"

#define MANAGE "execute-api:ManageConnections"
#define CHAT   "arn:aws:execute-api:us-east-1:123456789012:chat/prod/POST/@connections"

static struct arena arena;

static const struct policy *read_policy(const char *json)
{
    struct str why = STR("");
    const struct policy *policy = policy_read(&arena, str_from(json), &why);
    if (!policy)
        print_error("%" STR_F "\n", STR_A(why));
    assert_non_null(policy);
    return policy;
}

/* Whether one statement that allows a pattern matches. */
static const struct {
    const char *name, *action, *resource;
    bool want;
} patterns[] = {
    {"as it is", MANAGE, CHAT, true},
    {"anything", "*", "*", true},
    {"an action in another case", "EXECUTE-API:manageconnections", CHAT, true},
    {"a wildcard in it too", "Execute-Api:Manage*", CHAT, true},
    {"all actions of the service", "execute-api:*", CHAT, true},
    {"another action", "execute-api:Invoke", CHAT, false},
    {"another service", "lambda:*", CHAT, false},
    {"the beginning of an action", "execute-api:Manage", CHAT, false},
    {"its end", "execute-api:*Connection", CHAT, false},
    {"? is one letter", "execute-api:ManageConnection?", CHAT, true},
    {"? is not none", "execute-api:ManageConnections?", CHAT, false},
    {"all of an API", MANAGE, "arn:aws:execute-api:us-east-1:123456789012:chat/*", true},
    {"a star crosses slashes", MANAGE, "arn:*:chat/*/@connections", true},
    {"a star crosses colons", MANAGE, "arn:*chat/prod/POST/@connections", true},
    {"a star for nothing", MANAGE, "arn:aws:execute-api:us-east-1:123456789012:chat/prod*/POST/*",
     true},
    {"two stars", MANAGE, "arn:**", true},
    {"star and question mark", MANAGE, "arn:*?/@connections", true},
    {"? is a slash", MANAGE, "arn:aws:execute-api:us-east-1:123456789012:chat?prod?POST?*", true},
    {"a resource in another case", MANAGE,
     "arn:aws:execute-api:us-east-1:123456789012:Chat/prod/POST/@connections", false},
    {"another stage", MANAGE, "arn:aws:execute-api:us-east-1:123456789012:chat/dev/*", false},
    {"what goes on behind it", MANAGE, CHAT "/*", false},
    {"its beginning", MANAGE, "arn:aws:execute-api:us-east-1:123456789012:chat/prod", false},
    {"a star that must be tried again", MANAGE, "arn:*/P*/P*/@connections", false},
    {"and one that then fits", MANAGE, "arn:*/p*/P*/@*s", true},
};

static void patterns_match(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, patterns) {
        struct str text = arena_printf(
            &arena, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"%s\"}}",
            c->action, c->resource);
        bool got = policy_allows(read_policy(text.at), STR(MANAGE), STR(CHAT));
        CHECK_CASE(c, got == c->want, "%s", got ? "allowed" : "denied");
    }
}

#define ALLOW(rest) "{\"Effect\":\"Allow\"," rest "}"
#define DENY(rest)  "{\"Effect\":\"Deny\"," rest "}"
#define P(list)     "{\"Version\":\"2012-10-17\",\"Statement\":" list "}"
#define ANY         "\"Resource\":\"*\""

/* For MANAGE on CHAT. */
static const struct {
    const char *name, *json;
    bool want;
} policies[] = {
    {"one statement", P(ALLOW("\"Action\":\"" MANAGE "\"," ANY)), true},
    {"a list of one", P("[" ALLOW("\"Action\":\"" MANAGE "\"," ANY) "]"), true},
    {"the second of two",
     P("[" ALLOW("\"Action\":\"sqs:*\"," ANY) "," ALLOW("\"Action\":\"*\"," ANY) "]"), true},
    {"the second of its actions", P(ALLOW("\"Action\":[\"sqs:*\",\"" MANAGE "\"]," ANY)), true},
    {"the second of its resources",
     P(ALLOW("\"Action\":\"*\",\"Resource\":[\"arn:x\",\"arn:*chat*\"]")), true},
    {"an action that is allowed on something else",
     P("[" ALLOW("\"Action\":\"" MANAGE
                 "\",\"Resource\":\"arn:x\"") "," ALLOW("\"Action\":\"sqs:*\"," ANY) "]"),
     false},
    {"denied before", P("[" DENY("\"Action\":\"*\"," ANY) "," ALLOW("\"Action\":\"*\"," ANY) "]"),
     false},
    {"denied after", P("[" ALLOW("\"Action\":\"*\"," ANY) "," DENY("\"Action\":\"*\"," ANY) "]"),
     false},
    {"something else is denied",
     P("[" ALLOW("\"Action\":\"*\"," ANY) "," DENY("\"Action\":\"*\",\"Resource\":\"arn:x\"") "]"),
     true},
    {"nothing but a denial", P(DENY("\"Action\":\"sqs:*\"," ANY)), false},
    {"all actions but others", P(ALLOW("\"NotAction\":\"sqs:*\"," ANY)), true},
    {"all actions but this", P(ALLOW("\"NotAction\":[\"sqs:*\",\"" MANAGE "\"]," ANY)), false},
    {"all resources but others", P(ALLOW("\"Action\":\"*\",\"NotResource\":\"arn:x\"")), true},
    {"all resources but this",
     P(ALLOW("\"Action\":\"*\",\"NotResource\":[\"arn:x\",\"" CHAT "\"]")), false},
    {"everything but this is denied",
     P("[" ALLOW("\"Action\":\"*\"," ANY) "," DENY("\"Action\":\"*\",\"NotResource\":\"" CHAT
                                                   "\"") "]"),
     true},
    {"everything but something else is denied",
     P("[" ALLOW("\"Action\":\"*\"," ANY) "," DENY(
         "\"Action\":\"*\",\"NotResource\":\"arn:x\"") "]"),
     false},
    {"with what says nothing",
     "{\"Version\":\"2008-10-17\",\"Id\":\"i\",\"Statement\":" ALLOW(
         "\"Sid\":\"s\",\"Action\":\"*\"," ANY) "}",
     true},
    {"without a version", "{\"Statement\":" ALLOW("\"Action\":\"*\"," ANY) "}", true},
};

static void statements_decide(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, policies) {
        bool got = policy_allows(read_policy(c->json), STR(MANAGE), STR(CHAT));
        CHECK_CASE(c, got == c->want, "%s", got ? "allowed" : "denied");
    }
}

static const struct {
    const char *name, *json, *why;
} problems[] = {
    {"nothing", "", "it is no JSON"},
    {"no JSON", "{\"Version\":}", "it is no JSON"},
    {"an element twice", "{\"Id\":\"a\",\"Id\":\"b\"}", "it is no JSON: an element is there twice"},
    {"a list", "[]", "it must be an object"},
    {"no statement", "{}", "'Statement' is missing"},
    {"no statements", P("[]"), "'Statement' is empty"},
    {"another version", "{\"Version\":\"2012-10-18\",\"Statement\":[]}",
     "'Version' must be '2012-10-17' or '2008-10-17'"},
    {"a version that is a number", "{\"Version\":2012,\"Statement\":[]}",
     "'Version' must be '2012-10-17' or '2008-10-17'"},
    {"an id that is a number", "{\"Id\":1,\"Statement\":[]}", "'Id' must be a string"},
    {"a typing error", "{\"Statment\":[]}",
     "the element 'Statment' is not supported; did you mean 'Statement'?"},
    {"a statement that is none", P("[" ALLOW("\"Action\":\"*\"," ANY) ",1]"),
     "statement 2: it must be an object"},
    {"no effect", P("{\"Action\":\"*\"," ANY "}"),
     "statement 1: 'Effect' must be 'Allow' or 'Deny'"},
    {"an effect in small letters", P("{\"Effect\":\"allow\",\"Action\":\"*\"," ANY "}"),
     "statement 1: 'Effect' must be 'Allow' or 'Deny'"},
    {"an effect that is no string", P("{\"Effect\":true,\"Action\":\"*\"," ANY "}"),
     "statement 1: 'Effect' must be 'Allow' or 'Deny'"},
    {"a condition", P(DENY("\"Action\":\"*\"," ANY ",\"Condition\":{}")),
     "statement 1: the element 'Condition' is not supported"},
    {"a principal", P(ALLOW("\"Action\":\"*\"," ANY ",\"Principal\":\"*\"")),
     "statement 1: the element 'Principal' is not supported"},
    {"all but a principal", P(ALLOW("\"Action\":\"*\"," ANY ",\"NotPrincipal\":\"*\"")),
     "statement 1: the element 'NotPrincipal' is not supported"},
    {"an unknown element", P(ALLOW("\"Action\":\"*\"," ANY ",\"Zzzzzzzz\":1")),
     "statement 1: the element 'Zzzzzzzz' is not supported"},
    {"an element in small letters", P(ALLOW("\"action\":\"*\"," ANY)),
     "statement 1: the element 'action' is not supported; did you mean 'Action'?"},
    {"a Sid that is a list", P(ALLOW("\"Sid\":[],\"Action\":\"*\"," ANY)),
     "statement 1: 'Sid' must be a string"},
    {"no action", P(ALLOW(ANY)), "statement 1: 'Action' is missing (or 'NotAction')"},
    {"no resource", P(ALLOW("\"Action\":\"*\"")),
     "statement 1: 'Resource' is missing (or 'NotResource')"},
    {"both of them", P(ALLOW("\"Action\":\"*\",\"NotAction\":\"*\"," ANY)),
     "statement 1: 'NotAction' stands beside 'Action'"},
    {"both of the others", P(ALLOW("\"Action\":\"*\"," ANY ",\"NotResource\":\"*\"")),
     "statement 1: 'NotResource' stands beside 'Resource'"},
    {"no actions", P(ALLOW("\"Action\":[]," ANY)), "statement 1: 'Action' is empty"},
    {"no resources", P(ALLOW("\"Action\":\"*\",\"NotResource\":[]")),
     "statement 1: 'NotResource' is empty"},
    {"an action that is a map", P(ALLOW("\"Action\":{}," ANY)),
     "statement 1: 'Action' must be a string, or a list of strings"},
    {"a number among actions", P(ALLOW("\"NotAction\":[\"a:b\",1]," ANY)),
     "statement 1: 'NotAction' must be a string, or a list of strings"},
    {"an action without its service", P(ALLOW("\"Action\":\"ManageConnections\"," ANY)),
     "statement 1: 'Action': 'ManageConnections' is neither an action such as "
     "execute-api:ManageConnections nor '*'"},
    {"an action without a name", P(DENY("\"Action\":\"execute-api:\"," ANY)),
     "statement 1: 'Action': 'execute-api:' is neither an action such as "
     "execute-api:ManageConnections nor '*'"},
    {"an empty action", P(DENY("\"Action\":[\"\"]," ANY)),
     "statement 1: 'Action': '' is neither an action such as execute-api:ManageConnections nor "
     "'*'"},
    {"a resource policy's short form",
     P(DENY("\"Action\":\"*\",\"Resource\":\"execute-api:/prod/*\"")),
     "statement 1: 'Resource': 'execute-api:/prod/*' is neither an ARN nor '*'"},
    {"an empty resource", P(DENY("\"Action\":\"*\",\"NotResource\":\"\"")),
     "statement 1: 'NotResource': '' is neither an ARN nor '*'"},
    {"a variable", P(ALLOW("\"Action\":\"*\",\"Resource\":\"arn:x/${aws:username}\"")),
     "statement 1: 'Resource': policy variables such as ${aws:username} are not supported"},
    {"an escaped one", P(ALLOW("\"Action\":\"a:${*}\"," ANY)),
     "statement 1: 'Action': policy variables such as ${aws:username} are not supported"},
};

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, problems) {
        struct str why = STR("");
        CHECK_CASE(c, !policy_read(&arena, str_from(c->json), &why), "it was read");
        CHECK_CASE(c, str_is(why, c->why), "got '%" STR_F "'", STR_A(why));
    }
}

/* 30 stars on 10,000 bytes end at once, or never. */
static void matching_is_bounded(void **state)
{
    (void)state;
    scoped_buf struct buf json = {0}, resource = {0};
    buf_literal(&json, "{\"Statement\":"
                       "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:");
    for (size_t i = 0; i < 30; i++)
        buf_literal(&json, "*a");
    buf_literal(&json, "*b\"}}");
    buf_literal(&resource, "arn:");
    for (size_t i = 0; i < 10000; i++)
        buf_append_char(&resource, 'a');
    struct str why;
    const struct policy *policy = policy_read(&arena, buf_str(&json), &why);
    assert_false(policy_allows(policy, STR(MANAGE), buf_str(&resource)));
    buf_append_char(&resource, 'b');
    assert_true(policy_allows(policy, STR(MANAGE), buf_str(&resource)));
}

static void a_credential_without_policy_may_manage_connections(void **state)
{
    (void)state;
    struct credential credential = {0};
    assert_true(credential_allows(&credential, STR(MANAGE), STR(CHAT)));
    assert_true(credential_allows(&credential, STR("Execute-API:manageConnections"), STR("arn:x")));
    assert_false(credential_allows(&credential, STR("execute-api:Invoke"), STR(CHAT)));
    assert_false(credential_allows(&credential, STR("execute-api:ManageConnections2"), STR(CHAT)));
    assert_false(credential_allows(&credential, STR("*"), STR(CHAT)));
}

static void a_policy_stands_in_its_place(void **state)
{
    (void)state;
    struct credential credential = {.policy.text =
                                        STR(P(ALLOW("\"Action\":\"execute-api:Invoke\"," ANY)))};
    assert_false(credential_allows(&credential, STR(MANAGE), STR(CHAT))); /* not compiled */
    assert_false(credential_allows(&credential, STR("execute-api:Invoke"), STR(CHAT)));
    credential.compiled = read_policy(credential.policy.text.at);
    assert_false(credential_allows(&credential, STR(MANAGE), STR(CHAT)));
    assert_true(credential_allows(&credential, STR("execute-api:Invoke"), STR(CHAT)));
}

/* What auth_prepare says of two credentials, of which the second's policy is none. */
static void policies_are_compiled_with_the_rest(void **state)
{
    (void)state;
    struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    arena_init(&snapshot->arena, 4096);
    snapshot->references = 1;
    const struct position at = {"turnpike.yaml", 7, 9};
    *list_push(&snapshot->arena, &snapshot->settings.credentials) =
        (struct credential){.policy = {STR(P(ALLOW("\"Action\":\"*\"," ANY))), at}};
    *list_push(&snapshot->arena, &snapshot->settings.credentials) =
        (struct credential){.policy = {STR("{}"), at}};
    *list_push(&snapshot->arena, &snapshot->settings.credentials) = (struct credential){0};
    const struct credential *credentials = snapshot->settings.credentials.items;

    struct loop loop;
    struct diag diag;
    loop_init(&loop);
    diag_init(&diag);
    struct counters *counters = counters_new();
    struct auth *auth = auth_new(&loop, NULL, counters);
    auth_prepare(auth, snapshot, &diag);
    assert_non_null(credentials[0].compiled);
    assert_true(credential_allows(&credentials[0], STR("sqs:SendMessage"), STR("arn:x")));
    assert_null(credentials[1].compiled);
    assert_null(credentials[2].compiled);
    assert_int_equal(diag.error_count, 1);
    assert_int_equal(diag.findings.items[0].at.line, 7);
    assert_str_equal(diag.findings.items[0].message,
                     STR("'policy' is no policy: 'Statement' is missing"));
    snapshot_unref(snapshot);
    auth_free(auth);
    counters_free(counters);
    diag_release(&diag);
    loop_release(&loop);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(statements_decide),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(matching_is_bounded),
        cmocka_unit_test(a_credential_without_policy_may_manage_connections),
        cmocka_unit_test(a_policy_stands_in_its_place),
        cmocka_unit_test(policies_are_compiled_with_the_rest),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
