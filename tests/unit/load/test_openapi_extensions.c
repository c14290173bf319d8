/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the table, at its place and out of it. */
#include "../../../src/load/openapi_extensions.h"

#include "openapi_fixture.h"

#define HEAD          "openapi: 3.0.1\ninfo: {title: t, version: '1'}\n"
#define ROOT(member)  HEAD "paths: {}\n" member "\n"                /* 4:1 */
#define ROUTE(member) HEAD "paths: {/a: {\n" member "\n}}\n"        /* 4:1 */
#define GET(member)   HEAD "paths: {/a: {get: {\n" member "\n}}}\n" /* 4:1 */
#define TODO          "x-amazon-apigateway-integration: {type: aws_proxy, uri: todo}"
#define SCHEME(member)                                                                             \
    ROOT("components: {securitySchemes: {users: {type: oauth2,\n" member "\n}}}") /* 5:1 */

#define REST_ONLY(key) "4:1 warning: x-amazon-apigateway-" key " has no effect on HTTP APIs\n"
#define REFUSED(key)                                                                               \
    "4:1 error: x-amazon-apigateway-" key " is not enforced on HTTP APIs; who accepts that names " \
    "'x-amazon-apigateway-" key "' in allowUnenforced\n"
#define CASE(key, document, findings, routes)                                                      \
    {                                                                                              \
        "x-amazon-apigateway-" key, document, findings, routes                                     \
    }

static const struct {
    const char *name; /* the key */
    const char *document;
    const char *findings;
    const char *routes; /* after a load without errors */
} cases[] = {
    CASE("any-method", ROUTE("x-amazon-apigateway-any-method: {" TODO "}"), "",
         "ANY /a > todo 1.0 30000ms\n"),
    CASE("api-key-source", ROOT("x-amazon-apigateway-api-key-source: HEADER"),
         REFUSED("api-key-source"), ""),
    CASE("auth", GET("x-amazon-apigateway-auth: {type: NONE}, " TODO), "",
         "GET /a > todo 1.0 30000ms\n"),
    CASE("auth", GET("x-amazon-apigateway-auth: {type: AWS_IAM}, " TODO),
         "4:34 error: authorization by AWS_IAM is not built yet for HTTP APIs; who accepts that "
         "names 'x-amazon-apigateway-auth' in allowUnenforced\n",
         ""),
    CASE("authorizer",
         SCHEME("x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: "
                "{issuer: 'https://a.test', audience: [a]}}"),
         "", ""),
    CASE("authorizer", SCHEME("x-amazon-apigateway-authorizer: {type: request}"),
         "5:40 error: authorizers of type request (Lambda authorizers) are not built yet; who "
         "accepts that names 'users' in allowUnenforced\n",
         ""),
    CASE("authtype", SCHEME("x-amazon-apigateway-authtype: awsSigv4"),
         "5:1 error: authorization by awsSigv4 is not built yet for HTTP APIs; who accepts that "
         "names 'users' in allowUnenforced\n",
         ""),
    CASE("authtype", SCHEME("x-amazon-apigateway-authtype: Custom scheme with claims"), "", ""),
    CASE("binary-media-types", ROOT("x-amazon-apigateway-binary-media-types: ['*/*']"),
         REST_ONLY("binary-media-types"), ""),
    CASE("cors", ROOT("x-amazon-apigateway-cors: {allowOrigins: ['*']}"), "", ""),
    CASE("cors", ROOT("x-amazon-apigateway-cors: true"),
         "4:27 error: x-amazon-apigateway-cors is a boolean, expected a map\n", ""),
    CASE("documentation", ROOT("x-amazon-apigateway-documentation: {version: '1'}"),
         REST_ONLY("documentation"), ""),
    CASE("endpoint-access-mode", ROOT("x-amazon-apigateway-endpoint-access-mode: STRICT"),
         REST_ONLY("endpoint-access-mode"), ""),
    CASE("endpoint-configuration",
         ROOT("servers: [{url: /, x-amazon-apigateway-endpoint-configuration: "
              "{disableExecuteApiEndpoint: true, vpcEndpointIds: [a]}}]"),
         "4:98 warning: 'vpcEndpointIds' in x-amazon-apigateway-endpoint-configuration has no "
         "effect "
         "on HTTP APIs\n",
         ""),
    CASE("gateway-responses", ROOT("x-amazon-apigateway-gateway-responses: {DEFAULT_4XX: {}}"),
         REST_ONLY("gateway-responses"), ""),
    CASE("importexport-version", ROOT("x-amazon-apigateway-importexport-version: '1.0'"), "", ""),
    CASE("importexport-version", ROOT("x-amazon-apigateway-importexport-version: '2.0'"),
         "4:43 error: x-amazon-apigateway-importexport-version is '2.0', expected 1.0\n", ""),
    CASE("integration", GET(TODO), "", "GET /a > todo 1.0 30000ms\n"),
    CASE("integrations",
         GET("x-amazon-apigateway-integration: {$ref: "
             "'#/components/x-amazon-apigateway-integrations/a'}") "components: "
                                                                   "{x-amazon-apigateway-"
                                                                   "integrations: {a: {type: "
                                                                   "aws_proxy, uri: todo}}}\n",
         "", "GET /a > todo 1.0 30000ms\n"),
    CASE("minimum-compression-size", ROOT("x-amazon-apigateway-minimum-compression-size: 0"),
         REST_ONLY("minimum-compression-size"), ""),
    CASE("policy", ROOT("x-amazon-apigateway-policy: {Version: '2012-10-17'}"), REFUSED("policy"),
         ""),
    CASE("request-validator", ROOT("x-amazon-apigateway-request-validator: all"),
         REST_ONLY("request-validator"), ""),
    CASE("request-validator", GET("x-amazon-apigateway-request-validator: all, " TODO),
         REST_ONLY("request-validator"), "GET /a > todo 1.0 30000ms\n"),
    CASE("request-validators", ROOT("x-amazon-apigateway-request-validators: {}"),
         REST_ONLY("request-validators"), ""),
    CASE("security-policy", ROOT("x-amazon-apigateway-security-policy: TLS_1_2"),
         REST_ONLY("security-policy"), ""),
    CASE("tag-value", ROOT("tags: [{name: a, x-amazon-apigateway-tag-value: b}]"), "", ""),
    CASE("tag-value", ROOT("tags: [{name: a, x-amazon-apigateway-tag-value: [b]}]"),
         "4:49 error: x-amazon-apigateway-tag-value is a list, expected a string\n", ""),
};

static void at_its_place(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        fixture_open(&f);
        bool read = fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        CHECK_CASE(c, read == !strstr(c->findings, " error: "), "read: %d", read);
        struct str routes = fixture_routes(&f);
        CHECK_CASE(c, !read || str_is(routes, c->routes), "routes '%" STR_F "'", STR_A(routes));
        fixture_close(&f);
    }
}

/* In info, where nothing of ours may stand: what has an effect elsewhere must not seem to have it.
 */
static void out_of_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < extension_count; i++) {
        struct fixture f;
        struct buf text = {0};
        fixture_open(&f);
        buf_printf(&text, "openapi: 3.0.1\npaths: {}\ninfo: {title: t, version: '1',\n%s: {}}\n",
                   extensions[i].key);
        buf_append_char(&text, '\0');
        bool read = fixture_read(&f, buf_str(&text).at);
        bool warns = extensions[i].support == SUPPORT_WARN;
        struct str findings = fixture_findings(&f);
        buf_clear(&text);
        buf_printf(&text, "4:1 %s: %s %s: its place is ", warns ? "warning" : "error",
                   extensions[i].key, warns ? "has no effect here" : "cannot stand here");
        CHECK_CASE(&cases[0], str_starts_with(findings, buf_str(&text)), "found '%" STR_F "'",
                   STR_A(findings));
        assert_int_equal(read, warns);
        buf_release(&text);
        fixture_close(&f);
    }
}

static void every_row_has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < extension_count; i++) {
        size_t found = 0;
        FOR_EACH_CASE (c, cases)
            found += strcmp(c->name, extensions[i].key) == 0;
        if (found == 0)
            print_error("no case of %s\n", extensions[i].key);
        assert_true(found > 0);
    }
}

static void rows_are_found_by_their_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < extension_count; i++) {
        assert_ptr_equal(extension_find(str_from(extensions[i].key)), &extensions[i]);
        assert_true(extension_is_key(str_from(extensions[i].key)));
        assert_true(extensions[i].where != 0 && extensions[i].kinds != 0);
    }
    assert_null(extension_find(STR("x-amazon-apigateway-")));
    assert_null(extension_find(STR("x-amazon-apigateway-author")));
}

/* A warning is not enough where the question is who may call. */
static void what_guards_is_read_or_refused(void **state)
{
    (void)state;
    static const char *const guards[] = {"api-key-source", "auth", "authorizer", "authtype",
                                         "policy"};
    FOR_EACH_CASE (name, guards) {
        char key[64];
        (void)snprintf(key, sizeof(key), EXTENSION_PREFIX "%s", *name);
        const struct extension *row = extension_find(str_from(key));
        assert_non_null(row);
        assert_true(row->support == SUPPORT_FULL || row->support == SUPPORT_REFUSE);
        assert_true(row->support == SUPPORT_REFUSE || row->read);
    }
}

static void the_operator_may_let_a_refused_row_pass(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_allow(&f, "x-amazon-apigateway-policy");
    assert_true(fixture_read(&f, ROOT("x-amazon-apigateway-policy: {}")));
    assert_str_equal(fixture_findings(&f),
                     STR("4:1 warning: x-amazon-apigateway-policy is not enforced on HTTP APIs: "
                         "allowUnenforced lets it pass\n"));
    fixture_close(&f);
}

#define STRANGER(name, document, findings)                                                         \
    {                                                                                              \
        name, document, findings                                                                   \
    }

static const struct {
    const char *name;
    const char *document;
    const char *findings;
} strangers[] = {
    STRANGER("a key that there is not", ROOT("x-amazon-apigateway-polcy: {}"),
             "4:1 error: unknown extension 'x-amazon-apigateway-polcy'; did you mean "
             "'x-amazon-apigateway-policy'?\n"),
    STRANGER("in capitals", ROOT("X-Amazon-Apigateway-Policy: {}"),
             "4:1 error: unknown extension 'X-Amazon-Apigateway-Policy'; did you mean "
             "'x-amazon-apigateway-policy'?\n"),
    STRANGER("deep in a response",
             GET(TODO ", responses: {'200': {headers: {a: {x-amazon-apigateway-auth: {}}}}}"),
             "4:98 error: x-amazon-apigateway-auth cannot stand here: its place is an operation\n"),
    STRANGER(
        "among the paths", HEAD "paths: {x-amazon-apigateway-any-method: {}}\n",
        "3:9 error: x-amazon-apigateway-any-method cannot stand here: its place is a path item\n"),
    STRANGER("an integration beside the operations", ROUTE(TODO),
             "4:1 error: x-amazon-apigateway-integration cannot stand here: its place is an "
             "operation\n"),
    STRANGER("in the integration",
             GET("x-amazon-apigateway-integration: {type: aws_proxy, uri: todo, "
                 "x-amazon-apigateway-auth: {}}"),
             "4:63 error: x-amazon-apigateway-auth cannot stand here: its place is an operation\n"),
    STRANGER("in an example nothing is meant",
             GET(TODO ", responses: {'200': {example: "
                      "{x-amazon-apigateway-auth: {}}}}"),
             ""),
    STRANGER("in a component that an operation refers to",
             GET(TODO ", parameters: [{$ref: '#/x-p'}]") "x-p: {x-amazon-apigateway-auth: {}}\n",
             "6:7 error: x-amazon-apigateway-auth cannot stand here: its place is an operation\n"),
};

static void strangers_are_told(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, strangers) {
        struct fixture f;
        fixture_open(&f);
        bool read = fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        CHECK_CASE(c, read == (*c->findings == '\0'), "read: %d", read);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_its_place),
        cmocka_unit_test(out_of_its_place),
        cmocka_unit_test(every_row_has_a_case),
        cmocka_unit_test(rows_are_found_by_their_key),
        cmocka_unit_test(what_guards_is_read_or_refused),
        cmocka_unit_test(the_operator_may_let_a_refused_row_pass),
        cmocka_unit_test(strangers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
