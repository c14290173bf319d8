/* SPDX-License-Identifier: Apache-2.0 */
/* A CORS configuration, read from the configuration and from a document: the same values, the same
 * findings. */
#include "config_text.h"
#include "openapi_fixture.h"

#define DOCUMENT(members)                                                                          \
    "openapi: 3.0.1\ninfo: {title: t, version: '1'}\npaths: {}\nx-amazon-apigateway-cors:\n  "     \
    "{" members "}\n" /* 5:4 */
#define CONFIGURATION(members)                                                                     \
    "functions: {}\n\napis: [{apiId: a, definition: d, protocolType: HTTP,\ncorsConfiguration:\n"  \
    "  {" members "}}]\n" /* 5:4 */
#define ORIGIN "allowOrigins: ['https://a.test'], "

/* "methods GET POST; …", what was read. */
static void describe(struct buf *out, const struct cors_configuration *cors)
{
    const struct {
        const char *name;
        const written_list *list;
    } lists[] = {
        {"origins", &cors->allow_origins},
        {"methods", &cors->allow_methods},
        {"headers", &cors->allow_headers},
        {"exposing", &cors->expose_headers},
    };
    buf_clear(out);
    FOR_EACH_CASE (l, lists) {
        if (l->list->count > 0)
            buf_append(out, str_from(l->name));
        FOR_EACH_IN (item, l->list)
            buf_printf(out, " %" STR_F, STR_A(item->text));
        if (l->list->count > 0)
            buf_append(out, STR("; "));
    }
    if (cors->allow_credentials)
        buf_append(out, STR("credentials; "));
    if (cors->has_max_age)
        buf_printf(out, "age %d; ", cors->max_age);
}

#define CASE(name, members, ...)                                                                   \
    {                                                                                              \
        name, DOCUMENT(members), CONFIGURATION(members), __VA_ARGS__                               \
    }

static const struct {
    const char *name, *document, *configuration;
    const char *want;     /* what was read */
    const char *findings; /* "line:column severity: message\n", alike in both */
} cases[] = {
    CASE("everything",
         "allowOrigins: ['https://a.test', 'http://localhost:3000'], allowMethods: [GET, POST], "
         "allowHeaders: [authorization, x-a], exposeHeaders: [x-b], allowCredentials: true, "
         "maxAge: 600",
         "origins https://a.test http://localhost:3000; methods GET POST; headers authorization "
         "x-a; exposing x-b; credentials; age 600; ",
         ""),
    CASE("one origin", ORIGIN, "origins https://a.test; ", ""),
    CASE("every origin", "allowOrigins: ['*']", "origins *; ", ""),
    CASE("every origin of a scheme, with credentials",
         "allowOrigins: ['https://*', 'http://*'], allowCredentials: true",
         "origins https://* http://*; credentials; ", ""),
    CASE("stars for names", ORIGIN "allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*']",
         "origins https://a.test; methods *; headers *; exposing *; ", ""),
    CASE("no credentials", ORIGIN "allowCredentials: false", "origins https://a.test; ", ""),
    CASE("nothing remembered", ORIGIN "maxAge: -1", "origins https://a.test; age -1; ", ""),
    CASE("remembered for no time", ORIGIN "maxAge: 0", "origins https://a.test; age 0; ", ""),
    CASE("remembered for a day", ORIGIN "maxAge: 86400", "origins https://a.test; age 86400; ", ""),
    CASE("empty lists are none", ORIGIN "allowMethods: [], allowHeaders: [], exposeHeaders: []",
         "origins https://a.test; ", ""),

    CASE("every origin with credentials", "allowOrigins: ['*'], allowCredentials: true", NULL,
         "5:19 error: allowCredentials is not supported where allowOrigins has '*': name the "
         "origins, or write 'https://*'\n"),
    CASE("stars with credentials",
         ORIGIN "allowCredentials: true, allowMethods: ['*'], allowHeaders: ['*'], "
                "exposeHeaders: ['*']",
         "origins https://a.test; methods *; headers *; exposing *; credentials; ",
         "5:77 warning: '*' in allowMethods means nothing to browsers where allowCredentials is "
         "true: write the names\n"
         "5:98 warning: '*' in allowHeaders means nothing to browsers where allowCredentials is "
         "true: write the names\n"
         "5:120 warning: '*' in exposeHeaders means nothing to browsers where allowCredentials is "
         "true: write the names\n"),
    CASE("no origins", "allowMethods: [GET]", "methods GET; ",
         "AT warning: no allowOrigins: no page of another origin may read an answer of this API\n"),
    CASE("an empty list of them", "allowOrigins: []", "",
         "AT warning: no allowOrigins: no page of another origin may read an answer of this API\n"),
    CASE("a slash at the end", "allowOrigins: ['https://a.test/']", NULL,
         "5:19 error: 'https://a.test/' would match no page: an origin has no path, not even a "
         "slash at its end\n"),
    CASE("a host alone", "allowOrigins: [a.test]", NULL,
         "5:19 error: 'a.test' would match no page: an origin begins with http:// or https://\n"),
    CASE("another scheme", "allowOrigins: ['capacitor://localhost']", NULL,
         "5:19 error: 'capacitor://localhost' would match no page: an origin begins with http:// "
         "or https://\n"),
    CASE("null", "allowOrigins: ['null']", NULL,
         "5:19 error: 'null' would match no page: an origin begins with http:// or https://\n"),
    CASE("a wildcard for subdomains", "allowOrigins: ['https://*.a.test']", NULL,
         "5:19 error: 'https://*.a.test' is no origin: the only wildcards are '*', 'https://*' and "
         "'http://*'\n"),
    CASE("upper case", "allowOrigins: ['https://A.test']", NULL,
         "5:19 error: 'https://A.test' would match no page: browsers write origins in lower "
         "case\n"),
    CASE("methods that match none", ORIGIN "allowMethods: [get, Any]",
         "origins https://a.test; methods get Any; ",
         "5:53 warning: method 'get' is not in upper case: it matches none\n"
         "5:58 warning: 'Any' is no method: all of them are '*'\n"),
    CASE("what is no name",
         ORIGIN "allowMethods: [G T], allowHeaders: ['a:'], exposeHeaders: [a b]", NULL,
         "5:53 error: 'G T' in allowMethods is neither a name nor '*'\n"
         "5:74 error: 'a:' in allowHeaders is neither a name nor '*'\n"
         "5:97 error: 'a b' in exposeHeaders is neither a name nor '*'\n"),
    CASE("a line break", ORIGIN "allowHeaders: [\"a\\r\\nset-cookie\"]", NULL,
         "5:53 error: 'a\r\nset-cookie' in allowHeaders is neither a name nor '*'\n"),
};

/* Where the section stands: at its key in a document, at its value in the configuration. */
static struct str placed(struct arena *a, const char *findings, const char *at)
{
    bool replaced = str_starts_with(str_from(findings), STR("AT"));
    return arena_printf(a, "%s%s", replaced ? at : "", findings + (replaced ? 2 : 0));
}

static void from_a_document(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        fixture_open(&f);
        bool read = fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        struct str want = placed(&f.builder.snapshot->arena, c->findings, "4:1");
        CHECK_CASE(c, str_eq(findings, want), "found '%" STR_F "'", STR_A(findings));
        CHECK_CASE(c, read == (c->want != NULL), "read: %d", read);
        describe(&f.text, &f.api->cors);
        CHECK_CASE(c, f.api->cors.on, "on");
        CHECK_CASE(c, !read || str_is(buf_str(&f.text), c->want), "got '%" STR_F "'",
                   STR_A(buf_str(&f.text)));
        fixture_close(&f);
    }
}

static void from_the_configuration(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct config_text t;
        struct buf got = {0};
        config_text_read(&t, c->configuration, NULL);
        struct str want = placed(&t.builder.snapshot->arena, c->findings, "5:3");
        diag_sort(&t.diag);
        FOR_EACH_IN (f, &t.diag.findings)
            buf_printf(&got, "%u:%u %s: %" STR_F "\n", f->at.line, f->at.column,
                       severity_name(f->severity), STR_A(f->message));
        CHECK_CASE(c, str_eq(buf_str(&got), want), "found '%" STR_F "'", STR_A(buf_str(&got)));
        const struct cors_configuration *cors = &t.builder.snapshot->apis.items[0]->cors;
        describe(&got, cors);
        CHECK_CASE(c, cors->on, "on");
        CHECK_CASE(c, !t.read || str_is(buf_str(&got), c->want), "got '%" STR_F "'",
                   STR_A(buf_str(&got)));
        buf_release(&got);
        config_text_release(&t);
    }
}

static const struct {
    const char *name, *document, *findings;
} of_documents[] = {
    {"an unknown key", DOCUMENT(ORIGIN "allowOrigin: [x], maxAges: 1"),
     "5:38 error: unknown field 'allowOrigin' in x-amazon-apigateway-cors; did you mean "
     "'allowOrigins'?\n"
     "5:56 error: unknown field 'maxAges' in x-amazon-apigateway-cors; did you mean 'maxAge'?\n"},
    {"a text for a list", DOCUMENT("allowOrigins: '*'"),
     "4:1 warning: no allowOrigins: no page of another origin may read an answer of this API\n"
     "5:18 error: allowOrigins is a string, expected a list\n"},
    {"a number in a list", DOCUMENT(ORIGIN "allowHeaders: [1]"),
     "5:53 error: allowHeaders is a number, expected a string\n"},
    {"a text for a truth value", DOCUMENT(ORIGIN "allowCredentials: maybe"),
     "5:56 error: allowCredentials is a string, expected true or false\n"},
    {"an age in words", DOCUMENT(ORIGIN "maxAge: 10m"),
     "5:46 error: maxAge is 10m, expected seconds from -1 to 86400\n"},
    {"too old", DOCUMENT(ORIGIN "maxAge: 86401"),
     "5:46 error: maxAge is 86401, expected seconds from -1 to 86400\n"},
    {"too young", DOCUMENT(ORIGIN "maxAge: -2"),
     "5:46 error: maxAge is -2, expected seconds from -1 to 86400\n"},
    {"parameters", DOCUMENT("allowOrigins: [!Sub 'https://${Table}.test']"), ""},
};

static void what_documents_get_wrong(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, of_documents) {
        struct fixture f;
        fixture_open(&f);
        (void)fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        fixture_close(&f);
    }
}

static const struct {
    const char *name, *configuration, *want, *findings;
} of_configurations[] = {
    {"minutes", CONFIGURATION(ORIGIN "maxAge: 10m"), "origins https://a.test; age 600; ", ""},
    {"hours", CONFIGURATION(ORIGIN "maxAge: 24h"), "origins https://a.test; age 86400; ", ""},
    {"too many", CONFIGURATION(ORIGIN "maxAge: 25h"), "origins https://a.test; ",
     "5:46: error: 'maxAge' must be from 0 to 86400, not 25h\n"},
    {"a part of a second", CONFIGURATION(ORIGIN "maxAge: 1500ms"), "origins https://a.test; ",
     "5:46: error: 'maxAge' must be whole seconds\n"},
    {"below -1", CONFIGURATION(ORIGIN "maxAge: -2"), "origins https://a.test; ",
     "5:46: error: 'maxAge' must be from 0 to 86400, not -2\n"},
    {"an unknown key", CONFIGURATION(ORIGIN "allowOrigin: [x]"), "origins https://a.test; ",
     "5:38: error: there is no key 'allowOrigin' here; did you mean 'allowOrigins'?\n"},
    {"an empty name", CONFIGURATION(ORIGIN "allowHeaders: ['']"), "origins https://a.test; ",
     "5:53: error: 'allowHeaders' is empty\n"},
};

static void what_configurations_may_say(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, of_configurations) {
        struct config_text t;
        struct buf got = {0};
        config_text_read(&t, c->configuration, NULL);
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->findings) == 0, "got\n%s",
                   config_text_findings(&t));
        describe(&got, &t.builder.snapshot->apis.items[0]->cors);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got '%" STR_F "'", STR_A(buf_str(&got)));
        buf_release(&got);
        config_text_release(&t);
    }
}

static void the_configuration_comes_first(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.api->cors.on = true;
    *list_push(&f.builder.snapshot->arena, &f.api->cors.allow_origins) =
        (struct written){STR("https://mine.test"), {0}};
    assert_true(fixture_read(&f, DOCUMENT("allowOrigins: ['*'], maxAge: 5")));
    assert_str_equal(
        fixture_findings(&f),
        STR("4:1 notice: the configuration has corsConfiguration too: what it says holds\n"));
    describe(&f.text, &f.api->cors);
    assert_str_equal(buf_str(&f.text), STR("origins https://mine.test; "));
    fixture_close(&f);
}

static void what_is_empty_is_absent(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(&t, "apis: [{apiId: a, definition: d, corsConfiguration: }]\n", NULL);
    assert_string_equal(config_text_findings(&t), "");
    assert_false(t.builder.snapshot->apis.items[0]->cors.on);
    config_text_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_document),
        cmocka_unit_test(from_the_configuration),
        cmocka_unit_test(what_documents_get_wrong),
        cmocka_unit_test(what_configurations_may_say),
        cmocka_unit_test(the_configuration_comes_first),
        cmocka_unit_test(what_is_empty_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
