/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket definitions without a fault, and what they become. */
#include "turnpike/load/websocket.h"

#include "websocket_fixture.h"

#define HEAD   "protocolType: WEBSOCKET\nrouteSelectionExpression: $request.body.action\n"
#define INVOKE "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
#define ARN    "arn:aws:lambda:us-east-1:123456789012:function:"

/* --- routes and integrations --- */

static const struct {
    const char *name, *document;
    const char *routes, *findings;
} cases[] = {
    {"the design's own example",
     "protocolType: WEBSOCKET\n"
     "name: chat\n"
     "routeSelectionExpression: $request.body.action\n"
     "authorizers:\n"
     "  cognito: {authorizerType: JWT, identitySource: [route.request.querystring.token],\n"
     "    jwtConfiguration: {issuer: 'https://idp.test', audience: [chat]}}\n"
     "integrations:\n"
     "  room: {integrationType: AWS_PROXY, integrationUri: chat, timeoutInMillis: 5000}\n"
     "routes:\n"
     "  $connect: {authorizer: cognito, authorizationScopes: [chat/connect],\n"
     "    integration: {integrationUri: chat}}\n"
     "  $disconnect: {integration: room}\n"
     "  $default: {integration: {integrationType: MOCK, requestTemplates: "
     "{$default: '{\"statusCode\": 200}'}}}\n"
     "  sendmessage: {integration: room, routeResponse: {}}\n"
     "models: {Message: {}}\n",
     "$connect connect cognito chat/connect > lambda proxy chat 29000ms\n"
     "$disconnect disconnect > lambda proxy chat 5000ms\n"
     "$default > mock 29000ms\n"
     "sendmessage two-way > lambda proxy chat 5000ms\n",
     ""},
    {"AWS's own words",
     HEAD
     "apiKeySelectionExpression: $request.header.x-api-key\n"
     "disableExecuteApiEndpoint: true\n"
     "description: d\nversion: 1\ntags: {a: b}\nipAddressType: ipv4\n"
     "disableSchemaValidation: false\nx-anchor: [1]\n"
     "integrations: {a1: {integrationUri: room, description: d, payloadFormatVersion: '1.0',\n"
     "  connectionType: INTERNET, integrationMethod: POST}}\n"
     "routes: {a: {routeKey: a, target: integrations/a1, authorizationType: NONE,\n"
     "  apiKeyRequired: false, operationName: Say, routeResponseSelectionExpression: $default,\n"
     "  requestModels: {}, requestParameters: {},\n"
     "  routeResponses: [{routeResponseKey: $default}]}}\n",
     "a (Say) two-way > lambda proxy room 29000ms\n", ""},
    {"route responses by their keys",
     HEAD "routes: {a: {integration: {integrationUri: room}, routeResponses: {$default: {}}}}\n",
     "a two-way > lambda proxy room 29000ms\n", ""},
    {"no route response",
     HEAD "routes: {a: {integration: {integrationUri: room}, "
          "routeResponses: []}}\n",
     "a > lambda proxy room 29000ms\n", ""},
    {"functions by ARN",
     HEAD "routes: {a: {integration: {integrationUri: '" INVOKE ARN "room/invocations'}},\n"
          "  b: {integration: {integrationUri: '" ARN "room:live'}},\n"
          "  c: {integration: {integrationUri: '${stageVariables.f}', integrationType: AWS}}}\n",
     "a > lambda proxy " INVOKE ARN "room/invocations 29000ms\n"
     "b > lambda proxy " ARN "room:live 29000ms\n"
     "c > lambda ${stageVariables.f} 29000ms\n",
     ""},
    {"intrinsic functions",
     HEAD "name: !Sub '${Name}-api'\n"
          "integrations: {r: {integrationUri: {Ref: Name}, timeoutInMillis: !Ref Ms}}\n"
          "routes: {a: {integration: r},\n"
          "  b: {integration: {integrationUri: "
          "'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:chat'}},\n"
          "  c: {integration: {Fn::Sub: r}}}\n",
     "a > lambda proxy room 1234ms\n"
     "b > lambda proxy " ARN "chat 29000ms\n"
     "c > lambda proxy room 1234ms\n",
     ""},
    {"HTTP by its URL alone", HEAD "routes: {a: {integration: {integrationUri: 'https://b/x'}}}\n",
     "a > http proxy POST https://b/x 29000ms\n", ""},
    {"HTTP of all kinds",
     HEAD "routes: {a: {integration: {integrationType: HTTP, integrationUri: 'http://b/',\n"
          "    integrationMethod: put, timeoutInMillis: 50}},\n"
          "  b: {integration: {integrationType: HTTP_PROXY, integrationUri: 'http://b/${stage"
          "Variables.p}', integrationMethod: GET, connectionType: VPC_LINK, connectionId: l}}}\n",
     "a > http PUT http://b/ 50ms\n"
     "b > http proxy GET http://b/${stageVariables.p} 29000ms\n",
     ""},
    {"$connect alone, without an integration", HEAD "routes: {$connect: {}}\n",
     "$connect connect\n", ""},
    {"no routes", HEAD "routes: {}\n", "", ""},
    {"a route key of all sorts",
     HEAD "routes: {'chat/join a$b': {integration: {integrationUri: room}},\n"
          "  '[item1, item2]': {integration: {integrationUri: room}},\n"
          "  ünïcode: {integration: {integrationUri: room}}}\n",
     "chat/join a$b > lambda proxy room 29000ms\n"
     "[item1, item2] > lambda proxy room 29000ms\n"
     "ünïcode > lambda proxy room 29000ms\n",
     ""},
    {"parameters of the handshake",
     HEAD "routes:\n  $connect:\n    requestParameters:\n"
          "      route.request.querystring.room: {required: true}\n"
          "      route.request.header.Origin: {Required: true}\n"
          "      route.request.querystring.name: {required: false}\n"
          "      route.request.header.x-y: {}\n",
     "$connect connect header:Origin query:room\n", ""},
    {"JSON",
     "{\"protocolType\": \"WEBSOCKET\", \"routeSelectionExpression\": \"\\\\$default\",\n"
     "\"routes\": {\"a\": {\"integration\": {\"integrationUri\": \"room\"}}}}",
     "a > lambda proxy room 29000ms\n", ""},
};

static void reads_definitions(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        fixture_open(&f);
        *list_push(&f.builder.snapshot->arena, &f.api->definition_parameters) =
            (struct variable){STR("Ms"), STR("1234")};
        bool read = fixture_read(&f, c->document);
        struct str got = fixture_findings(&f);
        CHECK_CASE(c, str_is(got, c->findings), "got %" STR_F, STR_A(got));
        CHECK_CASE(c, read, "not read");
        got = fixture_routes(&f);
        CHECK_CASE(c, str_is(got, c->routes), "got %" STR_F, STR_A(got));
        fixture_close(&f);
    }
}

static void sets_what_the_api_has(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_true(fixture_read(&f, HEAD "name: chat\ndisableExecuteApiEndpoint: true\nroutes: {}\n"));
    assert_int_equal(f.api->protocol_type, PROTOCOL_WEBSOCKET);
    assert_str_equal(f.api->name, STR("chat"));
    assert_true(f.api->disable_execute_api_endpoint);
    assert_str_equal(f.api->websocket.route_selection->text, STR("$request.body.action"));
    fixture_close(&f);

    fixture_open(&f);
    f.api->disable_written = true;
    assert_true(fixture_read(&f, HEAD "disableExecuteApiEndpoint: true\nroutes: {}\n"));
    assert_str_equal(f.api->name, STR("a"));
    assert_false(f.api->disable_execute_api_endpoint);
    assert_str_equal(fixture_findings(&f),
                     STR("3:1 notice: the configuration has disableExecuteApiEndpoint too: what it "
                         "says holds\n"));
    fixture_close(&f);
}

/* What is shared is one integration; what is described in a route is its own. */
static void integrations_are_shared_by_name(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_true(fixture_read(&f, HEAD "integrations: {r: {integrationUri: room}}\n"
                                      "routes: {a: {integration: r}, b: {integration: r},\n"
                                      "  c: {integration: {integrationUri: room}}}\n"));
    struct route *const *routes = f.api->routes.items;
    assert_ptr_equal(routes[0]->integration, routes[1]->integration);
    assert_ptr_not_equal(routes[0]->integration, routes[2]->integration);
    assert_int_equal(f.api->integrations.count, 2);
    fixture_close(&f);
}

/* --- authorizers --- */

static const struct {
    const char *name, *source;
    int kind;
    const char *want;
} sources[] = {
    {"a query parameter", "route.request.querystring.to-ken", IDENTITY_QUERYSTRING, "to-ken"},
    {"a list of one", "[route.request.querystring.auth]", IDENTITY_QUERYSTRING, "auth"},
    {"a header", "route.request.header.Authorization", IDENTITY_HEADER, "Authorization"},
    {"a subprotocol", "[route.request.header.sec-websocket-PROTOCOL]", IDENTITY_SUBPROTOCOL,
     "sec-websocket-PROTOCOL"},
};

static void authorizers_find_their_token(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, sources) {
        char document[512];
        struct fixture f;
        fixture_open(&f);
        (void)snprintf(document, sizeof(document),
                       HEAD "authorizers: {u: {authorizerType: JWT, name: u, identitySource: %s,\n"
                            "  jwtConfiguration: {issuer: 'https://idp.test/x', audience: [a, b]}}}"
                            "\nroutes: {$connect: {authorizerId: u, authorizationType: JWT}}\n",
                       c->source);
        bool read = fixture_read(&f, document);
        CHECK_CASE(c, read, "%" STR_F, STR_A(fixture_findings(&f)));
        const struct authorizer *u = f.api->authorizers.items[0];
        CHECK_CASE(c, u->identity_source.kind == (unsigned)c->kind, "another kind");
        CHECK_CASE(c, str_is(u->identity_source.name, c->want), "another name");
        assert_str_equal(u->issuer, STR("https://idp.test/x"));
        assert_int_equal(u->audience.count, 2);
        assert_ptr_equal(f.api->routes.items[0]->authorizer, u);
        fixture_close(&f);
    }
}

#define GUARDED                                                                                    \
    HEAD "authorizers: {u: {authorizerType: REQUEST, authorizerUri: x, identitySource: [y]}}\n"
#define OPENED ": allowUnenforced lets it pass\n"

static const struct {
    const char *name, *allowed, *document, *findings;
} opened[] = {
    {"a Lambda authorizer", "u",
     GUARDED "routes: {$connect: {authorizer: u, "
             "authorizationType: CUSTOM}}\n",
     "3:35 warning: authorizers of type REQUEST (Lambda authorizers) are not built yet" OPENED
     "4:33 warning: authorizer 'u' is not enforced: what it should guard is open\n"},
    {"AWS_IAM", "authorizationType", HEAD "routes: {$connect: {authorizationType: AWS_IAM}}\n",
     "3:40 warning: authorization by AWS_IAM is not built yet for WebSocket APIs" OPENED},
    {"an API key", "apiKeyRequired", HEAD "routes: {$connect: {apiKeyRequired: true}}\n",
     "3:21 warning: API keys are not built yet for WebSocket APIs" OPENED},
    {"nothing", "apiKeyRequired", HEAD "routes: {}\n",
     "turnpike.yaml:5:24 warning: 'apiKeyRequired' in allowUnenforced has no effect\n"},
};

static void operators_may_open_doors(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, opened) {
        struct fixture f;
        fixture_open(&f);
        fixture_allow(&f, c->allowed);
        bool read = fixture_read(&f, c->document);
        CHECK_CASE(c, read, "%" STR_F, STR_A(fixture_findings(&f)));
        struct str got = fixture_findings(&f);
        CHECK_CASE(c, str_is(got, c->findings), "got %" STR_F, STR_A(got));
        FOR_EACH_IN (route, &f.api->routes)
            CHECK_CASE(c, !(*route)->authorizer, "a guard");
        fixture_close(&f);
    }
}

/* --- what integrations that are no proxies have --- */

static const char transformed[] =
    HEAD "routes:\n"
         "  $connect:\n"
         "    requestParameters: {route.request.querystring.q: {}, route.request.header.h: {}}\n"
         "    integration:\n"
         "      integrationType: HTTP\n"
         "      integrationUri: 'http://b/{id}/{room}'\n"
         "      passthroughBehavior: WHEN_NO_TEMPLATES\n"
         "      contentHandlingStrategy: CONVERT_TO_BINARY\n"
         "      templateSelectionExpression: ${request.body.type}\n"
         "      integrationResponseSelectionExpression: ${integration.response.statuscode}\n"
         "      requestTemplates: {$default: a, '1': 'b $input.body'}\n"
         "      requestParameters:\n"
         "        integration.request.header.x-a: \"'text'\"\n"
         "        integration.request.header.x-b: route.request.querystring.q\n"
         "        integration.request.header.x-c: route.request.header.H\n"
         "        integration.request.header.x-d: route.request.multivaluequerystring.q\n"
         "        integration.request.header.x-e: route.request.multivalueheader.h\n"
         "        integration.request.querystring.f: route.request.body.a.b\n"
         "        integration.request.path.id: context.connectionId\n"
         "        integration.request.path.room: stageVariables.room\n"
         "      integrationResponses:\n"
         "        $default: {responseTemplates: {$default: $input.body}}\n"
         "        /2\\d\\d/: {contentHandlingStrategy: CONVERT_TO_TEXT,\n"
         "          templateSelectionExpression: '${integration.response.header.x}'}\n";

static void reads_transformations(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    if (!fixture_read(&f, transformed))
        fail_msg("%" STR_F, STR_A(fixture_findings(&f)));
    const struct integration *integration = f.api->routes.items[0]->integration;
    const struct websocket_integration *w = &integration->websocket;
    assert_int_equal(w->passthrough, PASSTHROUGH_WHEN_NO_TEMPLATES);
    assert_int_equal(w->content_handling, CONVERT_TO_BINARY);
    assert_str_equal(w->template_selection->text, STR("${request.body.type}"));
    assert_int_equal(w->templates.count, 2);
    assert_str_equal(w->templates.items[1].key, STR("1"));
    assert_int_equal(w->templates.items[1].template->parts.count, 2);

    assert_int_equal(w->responses.count, 2);
    assert_non_null(w->responses.items[0].pattern);
    assert_true(pattern_matches(w->responses.items[0].pattern, STR("204")));
    assert_int_equal(w->responses.items[0].content_handling, CONVERT_TO_TEXT);
    assert_non_null(w->responses.items[0].template_selection);
    assert_null(w->responses.items[1].pattern);
    assert_int_equal(w->responses.items[1].templates.count, 1);
    fixture_close(&f);
}

static const struct {
    const char *name; /* of the parameter */
    int target, source;
    const char *text;
} parameters[] = {
    {"x-a", PARAMETER_HEADER, FROM_LITERAL, "text"},
    {"x-b", PARAMETER_HEADER, FROM_QUERYSTRING, "q"},
    {"x-c", PARAMETER_HEADER, FROM_HEADER, "H"},
    {"x-d", PARAMETER_HEADER, FROM_ALL_QUERYSTRING, "q"},
    {"x-e", PARAMETER_HEADER, FROM_ALL_HEADER, "h"},
    {"f", PARAMETER_QUERYSTRING, FROM_BODY, ""},
    {"id", PARAMETER_PATH, FROM_CONTEXT, "connectionId"},
    {"room", PARAMETER_PATH, FROM_STAGE_VARIABLE, "room"},
};

static void reads_parameters(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_true(fixture_read(&f, transformed));
    const struct integration *integration = f.api->routes.items[0]->integration;
    const struct integration_parameter *p = integration->websocket.parameters.items;
    assert_int_equal(integration->websocket.parameters.count, ARRAY_LENGTH(parameters));
    FOR_EACH_CASE (c, parameters) {
        CHECK_CASE(c, str_is(p->name, c->name), "got %" STR_F, STR_A(p->name));
        CHECK_CASE(c, p->target == (unsigned)c->target && p->source == (unsigned)c->source,
                   "target %u, source %u", p->target, p->source);
        CHECK_CASE(c, str_is(p->text, c->text), "got %" STR_F, STR_A(p->text));
        CHECK_CASE(c, (p->path != NULL) == (c->source == FROM_BODY), "a path");
        p++;
    }
    fixture_close(&f);
}

/* --- as a whole --- */

static void the_snapshot_is_complete(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    *list_push(&f.builder.snapshot->arena, &f.api->stages.items[0]->variables) =
        (struct variable){STR("room"), STR("lobby")};
    assert_true(fixture_read(&f, transformed));
    struct snapshot *snapshot = builder_finish(&f.builder);
    if (!snapshot)
        fail_msg("%" STR_F, STR_A(fixture_findings(&f)));
    const struct api *api = snapshot->apis.items[0];
    const struct stage_route *sr = &api->stages.items[0]->routes[0];
    assert_str_equal(sr->uri, STR("http://b/{id}/{room}"));
    assert_int_equal(sr->uri_template->path.count, 4);
    assert_int_equal(sr->uri_template->path.items[1].index, 0);
    assert_int_equal(sr->uri_template->path.items[3].index, 1);
    assert_int_equal(api->routes.count, 2); /* with an implicit $disconnect */
    snapshot_unref(snapshot);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_definitions),
        cmocka_unit_test(sets_what_the_api_has),
        cmocka_unit_test(integrations_are_shared_by_name),
        cmocka_unit_test(authorizers_find_their_token),
        cmocka_unit_test(operators_may_open_doors),
        cmocka_unit_test(reads_transformations),
        cmocka_unit_test(reads_parameters),
        cmocka_unit_test(the_snapshot_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
