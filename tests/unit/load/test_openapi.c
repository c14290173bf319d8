/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as people have them, and what they become. */
#include "openapi_fixture.h"

#define DATA     "tests/unit/load/data/"
#define INVOKE   "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
#define FUNCTION "arn:aws:lambda:us-east-1:123456789012:function:"

static void add_parameter(struct fixture *f, const char *name, const char *value)
{
    *list_push(&f->builder.snapshot->arena, &f->api->definition_parameters) =
        (struct variable){str_from(name), str_from(value)};
}

static void load(struct fixture *f, const char *file)
{
    const struct doc *root = doc_load(&f->builder.snapshot->arena, &f->diag, file);
    bool loaded = root && openapi_read(&f->builder, f->api, root);
    if (!loaded)
        print_error("%" STR_F, STR_A(fixture_findings(f)));
    assert_true(loaded);
    assert_str_equal(fixture_findings(f), STR(""));
}

static void the_todo_example(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    load(&f, "openapi/todo.yaml");
    assert_str_equal(f.api->name, STR("todo"));
    assert_str_equal(
        fixture_routes(&f),
        STR("GET /health (getHealth) > " FUNCTION "todo 2.0 10000ms\n"
            "GET /todos (listTodos) users todo/read > " FUNCTION "todo 2.0 10000ms\n"
            "POST /todos (createTodo) users todo/write > " FUNCTION "todo 2.0 10000ms\n"
            "GET /todos/{id} (getTodo) users todo/read > " FUNCTION "todo 2.0 10000ms\n"
            "PATCH /todos/{id} (updateTodo) users todo/write > " FUNCTION "todo 2.0 10000ms\n"
            "DELETE /todos/{id} (deleteTodo) users todo/write > " FUNCTION "todo 2.0 10000ms\n"));
    assert_str_equal(fixture_authorizers(&f),
                     STR("users header Authorization https://dev.localhost todo\n"));
    assert_int_equal(f.api->integrations.count, 1);
    fixture_close(&f);
}

static void a_document_cut_out_of_a_sam_template(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    add_parameter(&f, "Stage", "dev");
    add_parameter(&f, "Timeout", "1500");
    add_parameter(&f, "ClientId", "57cb");
    add_parameter(&f, "UserPool", "us-east-1_X");
    load(&f, DATA "sam.yaml");
    assert_str_equal(f.api->name, STR("orders-dev"));
    assert_true(f.api->disable_execute_api_endpoint);
    assert_str_equal(fixture_routes(&f),
                     STR("GET /orders OAuth2Authorizer > " INVOKE FUNCTION
                         "orders/invocations 2.0 30000ms\n"
                         "POST /orders OAuth2Authorizer orders/write dev/write > " INVOKE FUNCTION
                         "orders:${stageVariables.alias}/invocations 2.0 1500ms\n"
                         "ANY /orders/{id} OAuth2Authorizer > " FUNCTION "orders 2.0 30000ms\n"
                         "ANY /archive/{id} OAuth2Authorizer > " FUNCTION "orders 2.0 30000ms\n"
                         "$default > " FUNCTION "orders 1.0 30000ms\n"));
    assert_str_equal(fixture_authorizers(&f),
                     STR("OAuth2Authorizer header Authorization "
                         "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_X 57cb\n"));
    fixture_close(&f);
}

static void an_exported_document(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.api->protocol_written = false;
    load(&f, DATA "exported.json");
    assert_int_equal(f.api->protocol_type, PROTOCOL_HTTP);
    assert_str_equal(
        fixture_routes(&f),
        STR("GET /pets tokens pets/read > " INVOKE FUNCTION "todo/invocations 2.0 30000ms\n"
            "GET /pets/{id} (getPet) > " INVOKE FUNCTION "todo/invocations 2.0 30000ms\n"
            "DELETE /pets/{id} > todo 1.0 30000ms\n"
            "ANY /{proxy+} > " FUNCTION "todo:live 1.0 29000ms\n"));
    assert_str_equal(
        fixture_authorizers(&f),
        STR("tokens query token https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example "
            "first second\n"
            "pool/a b query token https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example "
            "first second\n"));
    assert_int_equal(f.api->integrations.count, 3);
    fixture_close(&f);
}

static void a_plain_document_and_a_default_function(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.api->default_function = (struct written){STR("todo"), {"turnpike.yaml", 6, 22}};
    load(&f, DATA "plain.yaml");
    assert_str_equal(fixture_routes(&f), STR("GET /things (listThings) > todo 2.0 30000ms\n"
                                             "PUT /things (replaceThings) > todo 2.0 30000ms\n"
                                             "HEAD /things > todo 2.0 30000ms\n"
                                             "OPTIONS /things > todo 2.0 30000ms\n"
                                             "TRACE /things > todo 2.0 30000ms\n"));
    assert_int_equal(f.api->integrations.count, 1);
    fixture_close(&f);
}

/* The model must do without the document: builder_finish is what comes next. */
static void a_loaded_api_can_be_finished(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    load(&f, "openapi/todo.yaml");
    (void)builder_add_stage(&f.builder, f.api, f.api->at, STR("$default"));
    struct snapshot *snapshot = builder_finish(&f.builder);
    assert_non_null(snapshot);
    const struct api *api = snapshot->apis.items[0];
    assert_str_equal(api->default_stage->routes[0].function->name, STR("todo"));
    snapshot_unref(snapshot);
    fixture_close(&f);
}

/* --- protocolType --- */

#define HEAD "openapi: 3.0.1\ninfo: {title: t, version: '1'}\n"
#define ONE_ROUTE(integration)                                                                     \
    HEAD "paths: {/: {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: "              \
         "todo" integration "}}}}\n"
#define ASKS "turnpike.yaml:3:5 error: protocolType is missing: the definition "
#define CASE(name, document, findings)                                                             \
    {                                                                                              \
        name, document, findings                                                                   \
    }

static const struct {
    const char *name;
    const char *document;
    const char *findings;
} protocols[] = {
    CASE("payloadFormatVersion", ONE_ROUTE(", payloadFormatVersion: 2.0"), ""),
    CASE("integrations to share",
         ONE_ROUTE("") "components: {x-amazon-apigateway-integrations: {}}\n", ""),
    CASE("a JWT authorizer",
         ONE_ROUTE("") "components: {securitySchemes: {u: {type: oauth2, "
                       "x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: "
                       "{issuer: 'https://a.test', audience: [a]}}}}}\n",
         ""),
    CASE("isDefaultRoute",
         HEAD "paths: {/$default: {x-amazon-apigateway-any-method: {isDefaultRoute: true, "
              "x-amazon-apigateway-integration: {type: aws_proxy, uri: todo}}}}\n",
         ""),
    CASE("CORS", ONE_ROUTE("") "x-amazon-apigateway-cors: {allowOrigins: ['*']}\n", ""),
    CASE("no word of either", ONE_ROUTE(""), ASKS "does not say whether it is HTTP or REST\n"),
    CASE("a word of REST", ONE_ROUTE("") "x-amazon-apigateway-gateway-responses: {}\n",
         ASKS "does not say whether it is HTTP or REST\n"),
    CASE("words of both",
         ONE_ROUTE(", payloadFormatVersion: 2.0") "x-amazon-apigateway-gateway-responses: {}\n",
         ASKS "has words of HTTP APIs ('payloadFormatVersion' at line 3) and of REST APIs "
              "('x-amazon-apigateway-gateway-responses' at line 4)\n"),
    CASE("a mock among them",
         HEAD "paths: {/: {get: {x-amazon-apigateway-integration: {type: mock, "
              "payloadFormatVersion: '1.0'}}}}\n",
         ASKS "has words of HTTP APIs ('payloadFormatVersion' at line 3) and of REST APIs "
              "('type' at line 3)\n"),
    CASE("a word in an example is none",
         ONE_ROUTE("") "components: {examples: {a: {payloadFormatVersion: 2.0}}}\n",
         ASKS "does not say whether it is HTTP or REST\n"),
    CASE("a scheme of type http is no word",
         ONE_ROUTE(", payloadFormatVersion: 2.0") "components: {securitySchemes: {b: {type: http, "
                                                  "scheme: bearer}}}\n",
         ""),
};

static void the_protocol_of_a_document(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, protocols) {
        struct fixture f;
        fixture_open(&f);
        f.api->protocol_written = false;
        f.api->protocol_type = PROTOCOL_REST;
        bool read = fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        CHECK_CASE(c, read == (*c->findings == '\0'), "read: %d", read);
        CHECK_CASE(c, !read || f.api->protocol_type == PROTOCOL_HTTP, "not HTTP");
        fixture_close(&f);
    }
}

/* --- the configuration against the document --- */

static void the_configuration_decides_about_the_endpoint(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.api->disable_written = true;
    assert_true(fixture_read(
        &f, ONE_ROUTE("") "servers: [{url: /, x-amazon-apigateway-endpoint-configuration: "
                          "{disableExecuteApiEndpoint: true, ipAddressType: dualstack}}]\n"));
    assert_false(f.api->disable_execute_api_endpoint);
    assert_str_equal(fixture_findings(&f),
                     STR("4:65 notice: the configuration has disableExecuteApiEndpoint too: what "
                         "it says holds\n"));
    fixture_close(&f);
}

#define GUARDED(scheme, members)                                                                   \
    HEAD "paths: {/: {get: {security: [{users: [a]}], x-amazon-apigateway-integration: "           \
         "{type: aws_proxy, uri: todo}" members "}}}\n"                                            \
         "components: {securitySchemes: {users: {" scheme "}}}\n"
#define OPEN   "3:31 warning: security scheme 'users' is not enforced: what it should guard is open\n"
#define PASSES ": allowUnenforced lets it pass\n"
#define JWT                                                                                        \
    "x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: {issuer: 'https://a.test', "    \
    "audience: [a]}}"

static const struct {
    const char *name;
    const char *allowed;
    const char *document;
    const char *findings;
    bool guarded; /* the route has its authorizer all the same */
} allowances[] = {
#define ALLOWED(name, allowed, document, findings, guarded)                                        \
    {                                                                                              \
        name, allowed, document, findings, guarded                                                 \
    }
    ALLOWED("a scheme without an authorizer", "users", GUARDED("type: http, scheme: basic", ""),
            "3:31 warning: security scheme 'users' has no x-amazon-apigateway-authorizer: nothing "
            "would check it" PASSES,
            false),
    ALLOWED("a Lambda authorizer by its scheme", "users",
            GUARDED("x-amazon-apigateway-authorizer: {type: request}", ""),
            OPEN "4:79 warning: authorizers of type request (Lambda authorizers) are not built "
                 "yet" PASSES,
            false),
    ALLOWED("a Lambda authorizer by the extension", "x-amazon-apigateway-authorizer",
            GUARDED("x-amazon-apigateway-authorizer: {type: request}", ""),
            OPEN "4:79 warning: authorizers of type request (Lambda authorizers) are not built "
                 "yet" PASSES,
            false),
    ALLOWED("signed requests", "x-amazon-apigateway-authtype",
            GUARDED("x-amazon-apigateway-authtype: awsSigv4", ""),
            OPEN "4:40 warning: authorization by awsSigv4 is not built yet for HTTP APIs" PASSES,
            false),
    ALLOWED("AWS_IAM beside a JWT authorizer, which stays", "x-amazon-apigateway-auth",
            GUARDED(JWT, ", x-amazon-apigateway-auth: {type: AWS_IAM}"),
            "3:141 warning: authorization by AWS_IAM is not built yet for HTTP APIs" PASSES, true),
    ALLOWED("signed requests beside a JWT authorizer, which stays", "users",
            GUARDED(JWT ", x-amazon-apigateway-authtype: awsSigv4", ""),
            "4:146 warning: authorization by awsSigv4 is not built yet for HTTP APIs" PASSES, true),
    ALLOWED("what is enforced stays so", "users", GUARDED(JWT, ""),
            "turnpike.yaml:5:24 warning: 'users' in allowUnenforced has no effect\n", true),
    ALLOWED(
        "the extension of what is enforced, too", "x-amazon-apigateway-authorizer",
        GUARDED(JWT, ""),
        "turnpike.yaml:5:24 warning: 'x-amazon-apigateway-authorizer' in allowUnenforced has no "
        "effect\n",
        true),
    ALLOWED("another scheme", "user", GUARDED(JWT, ""),
            "turnpike.yaml:5:24 error: 'user' is no security scheme of the document, nor an "
            "extension that guards; did you mean 'users'?\n",
            true),
    ALLOWED("an extension that guards nothing", "x-amazon-apigateway-cors", GUARDED(JWT, ""),
            "turnpike.yaml:5:24 error: 'x-amazon-apigateway-cors' is no security scheme of the "
            "document, nor an extension that guards; did you mean 'x-amazon-apigateway-auth'?\n",
            true),
};

static void what_the_operator_lets_pass(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, allowances) {
        struct fixture f;
        fixture_open(&f);
        fixture_allow(&f, c->allowed);
        bool read = fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        CHECK_CASE(c, read == !strstr(c->findings, " error: "), "read: %d", read);
        CHECK_CASE(c, (f.api->routes.items[0]->authorizer != NULL) == c->guarded, "the guard");
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_todo_example),
        cmocka_unit_test(a_document_cut_out_of_a_sam_template),
        cmocka_unit_test(an_exported_document),
        cmocka_unit_test(a_plain_document_and_a_default_function),
        cmocka_unit_test(a_loaded_api_can_be_finished),
        cmocka_unit_test(the_protocol_of_a_document),
        cmocka_unit_test(the_configuration_decides_about_the_endpoint),
        cmocka_unit_test(what_the_operator_lets_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
