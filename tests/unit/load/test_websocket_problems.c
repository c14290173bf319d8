/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a WebSocket definition is said, at its place. */
#include "websocket_fixture.h"

/* Each begins at the line that its comment names. */
#define HEAD                "protocolType: WEBSOCKET\nrouteSelectionExpression: $request.body.action\n"
#define DOC(rest)           HEAD rest                                      /* 3 */
#define ROOT(rest)          HEAD "routes: {}\n" rest                       /* 4 */
#define ROUTE(fields)       DOC("routes:\n  a:\n" fields)                  /* 5 */
#define CONNECT(fields)     DOC("routes:\n  $connect:\n" fields)           /* 5 */
#define INTEGRATION(fields) ROUTE("    integration:\n" fields)             /* 6 */
#define AUTHORIZER(fields)  ROOT("authorizers:\n  users:\n" fields)        /* 6 */
#define JWT(fields)         AUTHORIZER("    authorizerType: JWT\n" fields) /* 7 */
#define ROOM                "    integration: {integrationUri: room}\n"
#define MOCK                "      integrationType: MOCK\n"
#define HTTP                "      integrationType: HTTP\n      integrationUri: 'http://b/'\n"
#define SOURCE              "    identitySource: route.request.querystring.t\n"
#define ISSUER              "    jwtConfiguration: {issuer: 'https://idp.test', audience: [a]}\n"
#define USERS                                                                                      \
    "authorizers: {users: {authorizerType: JWT, identitySource: route.request.querystring.t,\n"    \
    "  jwtConfiguration: {issuer: 'https://idp.test', audience: [a]}}}\n"

#define CASE(name, document, findings)                                                             \
    {                                                                                              \
        name, document, findings                                                                   \
    }

struct problem {
    const char *name;
    const char *document;
    const char *findings;
};

static const struct problem root_problems[] = {
    CASE("a definition without a fault", ROUTE(ROOM), ""),
    CASE("a list", "[]", "1:1 error: the definition is a list, expected a map\n"),
    CASE("no routes", HEAD, "1:1 error: the definition has no routes\n"),
    CASE("routes that are a list", DOC("routes: []\n"),
         "3:9 error: routes is a list, expected a map\n"),
    CASE("no selection expression", "protocolType: WEBSOCKET\nroutes: {}\n",
         "1:1 error: the definition has no routeSelectionExpression, such as "
         "'$request.body.action'\n"),
    CASE("an empty selection expression",
         "protocolType: WEBSOCKET\nroutes: {}\nrouteSelectionExpression: ''\n",
         "3:27 error: routeSelectionExpression is empty\n"),
    CASE("a selection expression of the request's headers",
         "protocolType: WEBSOCKET\nroutes: {}\nrouteSelectionExpression: $request.header.a\n",
         "3:27 error: routeSelectionExpression is '$request.header.a': '$request.header.a' is no "
         "variable that can be selected by here: there is request.body.PATH; '\\$' is a dollar "
         "sign\n"),
    CASE("another kind", "protocolType: HTTP\nrouteSelectionExpression: a\nroutes: {}\n",
         "1:15 error: protocolType is 'HTTP', expected WEBSOCKET: HTTP APIs are described by "
         "OpenAPI documents\n"),
    CASE("a slip of the pen", ROOT("route: {}\n"),
         "4:1 error: unknown field 'route' in the definition; did you mean 'routes'?\n"),
    CASE("a field of nobody", ROOT("paths: {}\n"),
         "4:1 error: unknown field 'paths' in the definition\n"),
    CASE("an extension of OpenAPI", ROOT("x-amazon-apigateway-policy: {}\n"),
         "4:1 error: unknown field 'x-amazon-apigateway-policy' in the definition\n"),
    CASE("stages", ROOT("stages: []\n"),
         "4:1 error: stages stand in the configuration: 'stages' of the API\n"),
    CASE("where API keys are", ROOT("apiKeySelectionExpression: $request.header.key\n"),
         "4:28 error: apiKeySelectionExpression is '$request.header.key', expected "
         "$request.header.x-api-key or $context.authorizer.usageIdentifierKey\n"),
    CASE("an included part", ROOT("Fn::Transform: {Name: AWS::Include}\n"),
         "4:1 error: Fn::Transform cannot stand in the definition\n"),
    CASE("a name that is a list", ROOT("name: [a]\n"),
         "4:7 error: name is a list, expected a string\n"),
};

static const struct problem route_problems[] = {
    CASE("a key that is reserved", DOC("routes:\n  $conect: {}\n"),
         "4:3 error: route '$conect': a key that begins with '$' is one of $connect, $disconnect "
         "and $default; did you mean '$connect'?\n"),
    CASE("an empty key", DOC("routes:\n  '': {}\n"),
         "4:3 error: a route key has 1 to 128 characters, not 0\n"),
    CASE("a key with a line's end", DOC("routes:\n  \"a\\nb\": {}\n"),
         "4:3 error: a route key has no control characters\n"),
    CASE("a route that is a name", DOC("routes:\n  a: room\n"),
         "4:6 error: a route is a string, expected a map\n"),
    CASE("a slip of the pen", ROUTE("    integrations: room\n"),
         "4:3 warning: route 'a' has no integration: its messages go nowhere\n"
         "5:5 error: unknown field 'integrations' in a route; did you mean 'integration'?\n"),
    CASE("another key within", ROUTE(ROOM "    routeKey: b\n"),
         "6:15 error: routeKey is 'b', but the route stands under 'a'\n"),
    CASE("an integration that is not there",
         ROUTE("    integration: rom\n") "integrations: {room: {integrationUri: room}}\n",
         "5:18 error: there is no integration 'rom'; did you mean 'room'?\n"),
    CASE("a target that is not there", ROUTE("    target: integrations/x\n"),
         "5:13 error: there is no integration 'x'\n"),
    CASE("two words for the integration", ROUTE(ROOM "    target: room\n"),
         "6:5 error: 'target' says again what 'integration' says\n"),
    CASE("a message route without an integration", ROUTE("    operationName: a\n"),
         "4:3 warning: route 'a' has no integration: its messages go nowhere\n"),
    CASE("models",
         ROUTE(ROOM "    requestModels: {$default: M}\n"
                    "    modelSelectionExpression: $request.body.action\n"),
         "6:5 error: 'requestModels' in a route is not built yet\n"
         "7:5 error: 'modelSelectionExpression' in a route is not built yet\n"),
    CASE("a response by another key", ROUTE(ROOM "    routeResponse: {routeResponseKey: a}\n"),
         "6:39 error: routeResponseKey is 'a': there is $default alone\n"),
    CASE("responses by another key", ROUTE(ROOM "    routeResponses: {a: {}}\n"),
         "6:22 error: routeResponseKey is 'a': there is $default alone\n"),
    CASE("two responses", ROUTE(ROOM "    routeResponses: [{}, {}]\n"),
         "6:21 error: a route has one response, $default, not 2\n"),
    CASE("both words for responses",
         ROUTE(ROOM "    routeResponse: {}\n    routeResponses: [{}]\n"),
         "7:5 error: 'routeResponses' says again what 'routeResponse' says\n"),
    CASE("what has no effect in a response",
         ROUTE(ROOM "    routeResponse:\n      responseModels: {}\n      responseParameters: {}\n"
                    "      modelSelectionExpression: a\n"),
         "7:7 warning: 'responseModels' in a route response has no effect on WebSocket APIs\n"
         "8:7 warning: 'responseParameters' in a route response has no effect on WebSocket APIs\n"
         "9:7 warning: 'modelSelectionExpression' in a route response has no effect on WebSocket "
         "APIs\n"),
    CASE("another response selection",
         ROUTE(ROOM "    routeResponse: {}\n"
                    "    routeResponseSelectionExpression: a\n"),
         "7:39 error: routeResponseSelectionExpression is 'a': there is $default alone\n"),
    CASE("a response selection alone",
         ROUTE(ROOM "    routeResponseSelectionExpression: "
                    "$default\n"),
         "6:5 warning: routeResponseSelectionExpression has no effect without a routeResponse\n"),
    CASE("a response of the handshake", CONNECT(ROOM "    routeResponse: {}\n"),
         "6:5 warning: a route response of '$connect' has no effect: messages alone are "
         "answered\n"),
    CASE("a two-way route that nothing is made for",
         ROUTE("    integration: {integrationType: MOCK}\n    routeResponse: {}\n"),
         "6:5 warning: the integration of route 'a' has no integrationResponses: messages are "
         "answered with an error\n"),
};

static const struct problem authorization_problems[] = {
    CASE("AWS_IAM", CONNECT("    authorizationType: AWS_IAM\n"),
         "5:24 error: authorization by AWS_IAM is not built yet for WebSocket APIs; who accepts "
         "that names 'authorizationType' in allowUnenforced\n"),
    CASE("an API key", CONNECT("    apiKeyRequired: true\n"),
         "5:5 error: API keys are not built yet for WebSocket APIs; who accepts that names "
         "'apiKeyRequired' in allowUnenforced\n"),
    CASE("an API key of messages", ROUTE(ROOM "    apiKeyRequired: true\n"),
         "6:5 error: API keys are not built yet for WebSocket APIs; who accepts that names "
         "'apiKeyRequired' in allowUnenforced\n"),
    CASE("a Lambda authorizer", ROOT("authorizers: {a: {authorizerType: REQUEST}}\n"),
         "4:35 error: authorizers of type REQUEST (Lambda authorizers) are not built yet; who "
         "accepts that names 'a' in allowUnenforced\n"),
    CASE("an unknown type", CONNECT("    authorizationType: IAM\n"),
         "5:24 error: unknown authorizationType 'IAM'\n"),
    CASE("a misspelt type", CONNECT("    authorizationType: AWS_IAN\n"),
         "5:24 error: unknown authorizationType 'AWS_IAN'; did you mean 'AWS_IAM'?\n"),
    CASE("CUSTOM without its authorizer", CONNECT("    authorizationType: CUSTOM\n"),
         "5:24 error: authorizationType CUSTOM needs an authorizer\n"),
    CASE("JWT without its authorizer", CONNECT("    authorizationType: JWT\n"),
         "5:24 error: authorizationType JWT needs an authorizer\n"),
    CASE("NONE with an authorizer",
         CONNECT("    authorizationType: NONE\n    authorizer: users\n") USERS,
         "5:24 error: authorizationType says NONE and line 6 names an authorizer\n"),
    CASE("CUSTOM with a JWT authorizer",
         CONNECT("    authorizationType: CUSTOM\n    authorizer: users\n") USERS,
         "5:24 error: authorizationType CUSTOM, but authorizer 'users' is of another type\n"),
    CASE("an authorizer that is not there", CONNECT("    authorizer: user\n") USERS,
         "5:17 error: there is no authorizer 'user'; did you mean 'users'?\n"),
    CASE("two words for the authorizer",
         CONNECT("    authorizer: users\n    authorizerId: users\n") USERS,
         "6:5 error: 'authorizerId' says again what 'authorizer' says\n"),
    CASE("scopes without an authorizer", CONNECT("    authorizationScopes: [a]\n"),
         "5:5 error: authorizationScopes without an authorizer guard nothing\n"),
    CASE("a scope that no token can hold",
         CONNECT("    authorizer: users\n    authorizationScopes: ['a b']\n") USERS,
         "6:27 error: 'a b' is no scope\n"),
    CASE("an authorizer of messages", ROUTE(ROOM "    authorizer: users\n") USERS,
         "6:5 error: authorization of route 'a' is not enforced: who may connect is decided on "
         "$connect, for the whole connection\n"),
    CASE("AWS_IAM of messages", ROUTE(ROOM "    authorizationType: AWS_IAM\n"),
         "6:5 error: authorization of route 'a' is not enforced: who may connect is decided on "
         "$connect, for the whole connection\n"),
    CASE("scopes of messages", ROUTE(ROOM "    authorizationScopes: [a]\n"),
         "6:5 error: authorization of route 'a' is not enforced: who may connect is decided on "
         "$connect, for the whole connection\n"),
    CASE("an authorizer of $disconnect", DOC("routes: {$disconnect: {authorizer: users}}\n") USERS,
         "3:24 error: authorization of route '$disconnect' is not enforced: who may connect is "
         "decided on $connect, for the whole connection\n"),
    CASE("NONE of messages", ROUTE(ROOM "    authorizationType: NONE\n"), ""),
};

static const struct problem authorizer_problems[] = {
    CASE("no type", AUTHORIZER("    identitySource: a\n"),
         "5:3 error: authorizer 'users' has no authorizerType\n"),
    CASE("another type", AUTHORIZER("    authorizerType: TOKEN\n"),
         "6:21 error: unknown authorizerType 'TOKEN'\n"),
    CASE("no map", ROOT("authorizers: {a: JWT}\n"),
         "4:18 error: an authorizer is a string, expected a map\n"),
    CASE("no source", JWT(ISSUER),
         "5:3 error: JWT authorizer 'users' has no identitySource, such as "
         "route.request.querystring.token\n"),
    CASE("a source as HTTP APIs have it", JWT(ISSUER "    identitySource: $request.header.A\n"),
         "8:21 error: '$request.header.A' is no identity source of a JWT authorizer: one of "
         "route.request.header.NAME and route.request.querystring.NAME\n"),
    CASE("a header of no name", JWT(ISSUER "    identitySource: 'route.request.header.a b'\n"),
         "8:21 error: 'route.request.header.a b' is no identity source of a JWT authorizer: one "
         "of route.request.header.NAME and route.request.querystring.NAME\n"),
    CASE("two sources",
         JWT(ISSUER "    identitySource: [route.request.header.A, "
                    "route.request.querystring.b]\n"),
         "8:21 error: a JWT authorizer has one identity source, not 2\n"),
    CASE("no jwtConfiguration", JWT(SOURCE),
         "5:3 error: JWT authorizer 'users' has no issuer\n"
         "5:3 error: JWT authorizer 'users' has no audience: it would accept the issuer's tokens "
         "for everybody else\n"),
    CASE("keys in the clear",
         JWT(SOURCE "    jwtConfiguration: {issuer: 'http://idp.test', audience: [a]}\n"),
         "8:32 error: issuer 'http://idp.test' is no https:// URL: its keys would come in the "
         "clear; who wants that lists it in issuers\n"),
    CASE("an empty audience",
         JWT(SOURCE "    jwtConfiguration: {issuer: 'https://idp.test', audience: []}\n"),
         "8:62 error: a JWT authorizer has 1 to 50 audiences, not 0\n"),
    CASE("a pattern", JWT(SOURCE ISSUER "    identityValidationExpression: a\n"),
         "9:5 error: 'identityValidationExpression' in a JWT authorizer is not enforced on "
         "WebSocket APIs\n"),
    CASE("what only Lambda authorizers have",
         JWT(SOURCE ISSUER "    authorizerUri: a\n    authorizerCredentialsArn: b\n"
                           "    authorizerResultTtlInSeconds: 0\n"),
         "9:5 warning: 'authorizerUri' in a JWT authorizer has no effect on WebSocket APIs\n"
         "10:5 warning: 'authorizerCredentialsArn' in a JWT authorizer has no effect on WebSocket "
         "APIs\n"
         "11:5 warning: 'authorizerResultTtlInSeconds' in a JWT authorizer has no effect on "
         "WebSocket APIs\n"),
};

static const struct problem integration_problems[] = {
    CASE("nothing of it", ROUTE("    integration: {}\n"),
         "5:18 error: the integration has neither integrationType nor integrationUri\n"),
    CASE("no URI", INTEGRATION("      integrationType: AWS_PROXY\n"),
         "6:7 error: the integration has no integrationUri\n"),
    CASE("another type", INTEGRATION("      integrationType: aws_proxy\n"),
         "6:24 error: unknown integrationType 'aws_proxy'; did you mean 'AWS_PROXY'?\n"),
    CASE("a list", ROUTE("    integration: [room]\n"),
         "5:18 error: integration is a list, expected a name or a map\n"),
    CASE("integrations that are a list", ROOT("integrations: []\n"),
         "4:15 error: integrations is a list, expected a map\n"),
    CASE("a URL for a function",
         INTEGRATION("      integrationType: AWS\n"
                     "      integrationUri: 'http://b'\n"),
         "7:23 error: 'http://b' names no Lambda function: a URL is for integrationType HTTP or "
         "HTTP_PROXY\n"),
    CASE("another service",
         INTEGRATION("      integrationType: AWS\n"
                     "      integrationUri: 'arn:aws:apigateway:us-east-1:sqs:path/1/q'\n"),
         "7:23 error: integrations with AWS services other than Lambda are not built yet for "
         "WebSocket APIs\n"),
    CASE("no name of a function", INTEGRATION("      integrationUri: 'a b'\n"),
         "6:23 error: 'a b' names no Lambda function\n"),
    CASE("a slip of the pen", INTEGRATION("      integrationUri: room\n      timeoutInMilis: 5\n"),
         "7:7 error: unknown field 'timeoutInMilis' in an integration; did you mean "
         "'timeoutInMillis'?\n"),
    CASE("too short a time", INTEGRATION("      integrationUri: room\n      timeoutInMillis: 49\n"),
         "7:24 error: timeoutInMillis is 49, expected a number from 50 to 29000\n"),
    CASE("too long a time",
         INTEGRATION("      integrationUri: room\n      timeoutInMillis: 29001\n"),
         "7:24 error: timeoutInMillis is 29001, expected a number from 50 to 29000\n"),
    CASE("words of HTTP APIs",
         INTEGRATION("      integrationUri: room\n      payloadFormatVersion: '2.0'\n"
                     "      integrationSubtype: SQS-SendMessage\n      tlsConfig: {}\n"
                     "      responseParameters: {}\n      credentialsArn: a\n"),
         "7:29 error: payloadFormatVersion is for HTTP APIs: the events of WebSocket APIs have one "
         "form\n"
         "8:7 error: integrationSubtype is for HTTP APIs\n"
         "9:7 warning: 'tlsConfig' in an integration has no effect on WebSocket APIs\n"
         "10:7 warning: 'responseParameters' in an integration has no effect on WebSocket APIs\n"
         "11:7 warning: 'credentialsArn' in an integration has no effect on WebSocket APIs\n"),
    CASE("what a proxy has no use for",
         INTEGRATION("      integrationUri: room\n      requestTemplates: {$default: '#set'}\n"
                     "      templateSelectionExpression: a\n      passthroughBehavior: NEVER\n"
                     "      integrationResponses: [{}]\n"
                     "      integrationResponseSelectionExpression: a\n"),
         "7:7 warning: 'requestTemplates' has no effect on integrations of type AWS_PROXY\n"
         "8:7 warning: 'templateSelectionExpression' has no effect on integrations of type "
         "AWS_PROXY\n"
         "9:7 warning: 'passthroughBehavior' has no effect on integrations of type AWS_PROXY\n"
         "10:7 warning: 'integrationResponses' has no effect on integrations of type AWS_PROXY\n"
         "11:7 warning: 'integrationResponseSelectionExpression' has no effect on integrations of "
         "type AWS_PROXY\n"),
    CASE("what nobody is called for",
         INTEGRATION(MOCK "      integrationUri: room\n      integrationMethod: POST\n"
                          "      connectionType: VPC_LINK\n      connectionId: a\n"
                          "      requestParameters: {}\n"),
         "7:7 warning: 'integrationUri' has no effect on integrations of type MOCK\n"
         "8:7 warning: 'integrationMethod' has no effect on integrations of type MOCK\n"
         "9:7 warning: 'connectionType' has no effect on integrations of type MOCK\n"
         "10:7 warning: 'connectionId' has no effect on integrations of type MOCK\n"
         "11:7 warning: 'requestParameters' has no effect on integrations of type MOCK\n"),
    CASE("a function by another method",
         INTEGRATION("      integrationUri: room\n      integrationMethod: GET\n"),
         "7:26 warning: integrationMethod 'GET' has no effect: a Lambda function is invoked by "
         "POST\n"),
    CASE("any method", INTEGRATION(HTTP "      integrationMethod: ANY\n"),
         "8:26 warning: integrationMethod ANY: a message has no method, POST is sent\n"),
    CASE("no method", INTEGRATION(HTTP "      integrationMethod: 'A B'\n"),
         "8:26 error: integrationMethod 'A B' is no HTTP method\n"),
    CASE("a function in a VPC",
         INTEGRATION("      integrationUri: room\n"
                     "      connectionType: VPC_LINK\n"
                     "      connectionId: a\n"),
         "7:23 error: connectionType VPC_LINK is for integrationType HTTP and HTTP_PROXY\n"
         "8:7 warning: 'connectionId' has no effect on integrations of type AWS_PROXY\n"),
    CASE("a connection of nothing", INTEGRATION(HTTP "      connectionId: a\n"),
         "8:7 warning: connectionId has no effect without connectionType: VPC_LINK\n"),
    CASE("another connection", INTEGRATION(HTTP "      connectionType: LAN\n"),
         "8:23 error: connectionType is 'LAN', expected INTERNET or VPC_LINK\n"),
    CASE("passing on in another way", INTEGRATION(MOCK "      passthroughBehavior: ALWAYS\n"),
         "7:28 error: unknown passthroughBehavior 'ALWAYS'\n"),
    CASE("content of another kind",
         INTEGRATION(MOCK "      contentHandlingStrategy: CONVERT_TEXT\n"),
         "7:32 error: unknown contentHandlingStrategy 'CONVERT_TEXT'; did you mean "
         "'CONVERT_TO_TEXT'?\n"),
    CASE("another response selection",
         INTEGRATION(MOCK "      integrationResponseSelectionExpression: "
                          "$integration.response.body.x\n"),
         "7:47 error: integrationResponseSelectionExpression of type MOCK is always "
         "$integration.response.statuscode\n"),
    CASE("that of a function",
         INTEGRATION("      integrationType: AWS\n      integrationUri: room\n"
                     "      integrationResponseSelectionExpression: "
                     "'${integration.response.statuscode}'\n"),
         "8:47 error: integrationResponseSelectionExpression of type AWS is always "
         "$integration.response.body.errorMessage\n"),
};

static const struct problem template_problems[] = {
    CASE("a directive in a block",
         INTEGRATION(MOCK "      requestTemplates:\n        $default: |\n"
                          "          {\"statusCode\": 200,\n\n"
                          "             \"x\": #if($x)1#end}\n"),
         "11:19 error: directives of templates ('#if') are not built yet\n"),
    CASE("a function in quotes",
         INTEGRATION(MOCK "      requestTemplates:\n"
                          "        a: '{\"a\": \"$util.x()\"}'\n"
                          "      templateSelectionExpression: a\n"),
         "8:20 error: functions of templates ('$util') are not built yet\n"),
    CASE("behind an escape: the template's place",
         INTEGRATION(MOCK "      requestTemplates:\n        $default: \"a\\n## b\"\n"),
         "8:19 error: comments of templates ('##') are not built yet\n"),
    CASE("a context variable of HTTP APIs",
         INTEGRATION(MOCK "      requestTemplates: {$default: $context.httpMethod}\n"),
         "7:36 error: templates know no $context.httpMethod\n"),
    CASE("a template that is a map",
         INTEGRATION(MOCK "      requestTemplates: {$default: {statusCode: 200}}\n"),
         "7:36 error: a template is a map, expected a string\n"),
    CASE("a template that nothing chooses",
         INTEGRATION(MOCK "      requestTemplates: {'200': a, $default: b}\n"),
         "7:26 warning: template '200' has no effect: without templateSelectionExpression there is "
         "$default alone\n"),
    CASE("a selection of what is not there yet",
         INTEGRATION(MOCK "      templateSelectionExpression: $integration.response.statuscode\n"),
         "7:36 error: templateSelectionExpression is '$integration.response.statuscode': "
         "'$integration.response.statuscode' is no variable that can be selected by here: there is "
         "request.body.PATH; '\\$' is a dollar sign\n"),
    CASE("parameters of a message",
         INTEGRATION(MOCK "      requestTemplates: {$default: \"$input.params('a')\"}\n"),
         "7:26 warning: $input.params('a') is empty on route 'a': only the handshake, of $connect, "
         "has parameters\n"),
};

static const struct problem response_problems[] = {
    CASE("a key without slashes", INTEGRATION(MOCK "      integrationResponses: {'200': {}}\n"),
         "7:30 error: integrationResponseKey is '200', expected $default or a regular expression "
         "between slashes: /2\\d\\d/\n"),
    CASE("no regular expression", INTEGRATION(MOCK "      integrationResponses: {'/(/': {}}\n"),
         "7:30 error: '/(/' is no regular expression: missing closing parenthesis, at its byte "
         "2\n"),
    CASE("no key", INTEGRATION(MOCK "      integrationResponses:\n        - {}\n"),
         "8:11 error: the integration response has no integrationResponseKey\n"),
    CASE("two keys",
         INTEGRATION(MOCK "      integrationResponses:\n"
                          "        $default: {integrationResponseKey: /a/}\n"),
         "8:44 error: integrationResponseKey is '/a/', but it stands under '$default'\n"),
    CASE("$default twice",
         INTEGRATION(MOCK "      integrationResponses:\n"
                          "        - {integrationResponseKey: $default}\n"
                          "        - {integrationResponseKey: /a/}\n"
                          "        - {integrationResponseKey: $default}\n"),
         "10:36 error: the integration response '$default' is there twice\n"),
    CASE("neither list nor map", INTEGRATION(MOCK "      integrationResponses: a\n"),
         "7:29 error: integrationResponses is a string, expected a map\n"),
    CASE("headers",
         INTEGRATION(MOCK "      integrationResponses:\n"
                          "        $default: {responseParameters: {a: b}}\n"),
         "8:20 error: 'responseParameters' in an integration response is not built yet\n"),
    CASE("a directive in its template",
         INTEGRATION(MOCK "      integrationResponses:\n        $default:\n"
                          "          responseTemplates: {$default: '#set($a = 1)'}\n"),
         "9:42 error: directives of templates ('#set') are not built yet\n"),
    CASE("a template that nothing chooses",
         INTEGRATION(MOCK "      integrationResponses:\n        $default:\n"
                          "          responseTemplates: {a: b}\n"),
         "9:31 warning: template 'a' has no effect: without templateSelectionExpression there is "
         "$default alone\n"),
};

#define PARAMETER(member) INTEGRATION(HTTP "      requestParameters: {" member "}\n") /* 8:26 */

static const struct problem parameter_problems[] = {
    CASE("a key of HTTP APIs", PARAMETER("append:header.a: '''b'''"),
         "8:27 error: 'append:header.a': a key is integration.request.header.NAME, "
         "integration.request.querystring.NAME or integration.request.path.NAME\n"),
    CASE("no name", PARAMETER("integration.request.querystring.: '''b'''"),
         "8:27 error: 'integration.request.querystring.': a name is missing at its end\n"),
    CASE("no name of a header", PARAMETER("'integration.request.header.a b': '''b'''"),
         "8:27 error: 'integration.request.header.a b': 'a b' is no name of a header\n"),
    CASE("a header that frames", PARAMETER("integration.request.header.Transfer-Encoding: '''b'''"),
         "8:27 error: 'integration.request.header.Transfer-Encoding': header 'transfer-encoding' "
         "cannot be mapped: it belongs to the connection\n"),
    CASE("no source", PARAMETER("integration.request.header.a: b"),
         "8:27 error: 'integration.request.header.a': its value is 'b', which is no source: there "
         "are 'static text', context.NAME, stageVariables.NAME, route.request.body.PATH, and of "
         "$connect route.request.header.NAME and route.request.querystring.NAME\n"),
    CASE("half of the quotes", PARAMETER("integration.request.header.a: '''b'"),
         "8:27 error: 'integration.request.header.a': static text stands between two single "
         "quotes\n"),
    CASE("a quote alone", PARAMETER("integration.request.header.a: ''''"),
         "8:27 error: 'integration.request.header.a': static text stands between two single "
         "quotes\n"),
    CASE("a line's end in a header", PARAMETER("integration.request.header.a: \"'b\\nc'\""),
         "8:27 error: 'integration.request.header.a': the value holds a character that no header "
         "can hold\n"),
    CASE("an unknown variable", PARAMETER("integration.request.header.a: context.conectionId"),
         "8:27 error: 'integration.request.header.a': mappings know no context.conectionId; did "
         "you mean 'context.connectionId'?\n"),
    CASE("a JSONPath that is not supported",
         PARAMETER("integration.request.header.a: route.request.body..a"),
         "8:27 error: 'integration.request.header.a': in its JSONPath recursive descent ('..') is "
         "not supported\n"),
    CASE("a source without a name", PARAMETER("integration.request.header.a: stageVariables."),
         "8:27 error: 'integration.request.header.a': a name is missing at the end of its "
         "value\n"),
    CASE("headers of a message", PARAMETER("integration.request.header.a: route.request.header.b"),
         "8:27 error: route 'a' has no headers: only the handshake, of $connect, does\n"),
    CASE("the query of a message",
         PARAMETER("integration.request.header.a: route.request.multivaluequerystring.b"),
         "8:27 error: route 'a' has no query: only the handshake, of $connect, does\n"),
    CASE("what $connect does not declare",
         CONNECT("    requestParameters: {route.request.header.x: {}, "
                 "route.request.querystring.Q: {}}\n"
                 "    integration:\n" HTTP "      requestParameters:\n"
                 "        integration.request.header.a: route.request.querystring.q\n"
                 "        integration.request.header.b: route.request.header.y\n"
                 "        integration.request.header.c: route.request.header.X\n"
                 "        integration.request.header.d: route.request.querystring.Q\n"),
         "10:9 error: route '$connect' does not declare it: its requestParameters need "
         "'route.request.querystring.q'\n"
         "11:9 error: route '$connect' does not declare it: its requestParameters need "
         "'route.request.header.y'\n"),
    CASE("a place that the path lacks",
         PARAMETER("integration.request.path.id: context.connectionId"),
         "8:27 warning: 'integration.request.path.id' has no effect: the integrationUri has no "
         "'{id}'\n"),
    CASE("no map", INTEGRATION(HTTP "      requestParameters: [a]\n"),
         "8:26 error: requestParameters is a list, expected a map\n"),
    CASE("headers of an invocation",
         INTEGRATION("      integrationUri: room\n      requestParameters:\n"
                     "        integration.request.header.a: context.connectionId\n"
                     "        integration.request.header.x-amz-invocation-type: '''Event'''\n"),
         "8:9 warning: 'integration.request.header.a' has no effect: an invocation has neither "
         "headers nor query\n"
         "9:9 error: invocations that nobody waits for ('Event') are not built yet\n"),
    CASE("an invocation that is waited for",
         INTEGRATION("      integrationUri: room\n      requestParameters:\n"
                     "        integration.request.header.X-Amz-Invocation-Type: "
                     "'''RequestResponse'''\n"),
         ""),
    CASE("declarations of a message",
         ROUTE(ROOM "    requestParameters: "
                    "{route.request.header.a: {required: true}}\n"),
         "6:24 warning: requestParameters of route 'a' have no effect: only the handshake, of "
         "$connect, has any\n"),
    CASE("no declaration", CONNECT("    requestParameters: {route.request.body.a: {}}\n"),
         "5:25 error: 'route.request.body.a' is no request parameter: it is "
         "route.request.header.NAME or route.request.querystring.NAME\n"),
    CASE("a truth for a declaration",
         CONNECT("    requestParameters: {route.request.header.a: true}\n"),
         "5:49 error: a request parameter is a boolean, expected a map\n"),
    CASE("another field in a declaration",
         CONNECT("    requestParameters: {route.request.header.a: {require: true}}\n"),
         "5:50 error: unknown field 'require' in a request parameter; did you mean 'required'?\n"),
    CASE("no truth", CONNECT("    requestParameters: {route.request.header.a: {required: 1}}\n"),
         "5:60 error: required is a number, expected true or false\n"),
};

static void check(const struct problem *cases, size_t count)
{
    FOR_EACH (c, cases, count) {
        struct fixture f;
        fixture_open(&f);
        bool read = fixture_read(&f, c->document);
        struct str got = fixture_findings(&f);
        CHECK_CASE(c, str_is(got, c->findings), "got\n%" STR_F, STR_A(got));
        CHECK_CASE(c, read == (f.diag.error_count == 0), "read: %d", read);
        fixture_close(&f);
    }
}

#define TEST(table)                                                                                \
    static void finds_##table(void **state)                                                        \
    {                                                                                              \
        (void)state;                                                                               \
        check(table, ARRAY_LENGTH(table));                                                         \
    }

TEST(root_problems)
TEST(route_problems)
TEST(authorization_problems)
TEST(authorizer_problems)
TEST(integration_problems)
TEST(template_problems)
TEST(response_problems)
TEST(parameter_problems)

/* --- what the configuration says of the API --- */

static void the_configuration_must_fit(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.api->stages_written = false;
    f.api->docs_path = (struct written){STR("/docs"), {"turnpike.yaml", 6, 7}};
    f.api->default_function = (struct written){STR("room"), {"turnpike.yaml", 7, 7}};
    f.api->cors.on = true;
    f.api->cors.at = (struct position){"turnpike.yaml", 8, 7};
    assert_false(fixture_read(&f, ROOT("")));
    assert_str_equal(
        fixture_findings(&f),
        STR("turnpike.yaml:3:5 error: 'stages' is missing: the URLs of a WebSocket API have the "
            "name of a stage\n"
            "turnpike.yaml:6:7 error: 'docs' is for OpenAPI documents: a WebSocket API has none\n"
            "turnpike.yaml:7:7 error: 'defaultFunction' is for OpenAPI documents: a route of a "
            "WebSocket API names its integration\n"
            "turnpike.yaml:8:7 warning: 'corsConfiguration' has no effect on WebSocket APIs: "
            "browsers ask nobody before they connect\n"));
    fixture_close(&f);
}

static const struct {
    const char *name;
    enum protocol_type written;
    const char *document, *findings;
} kinds[] = {
    {"both say WEBSOCKET", PROTOCOL_WEBSOCKET, ROOT(""), ""},
    {"the configuration alone", PROTOCOL_WEBSOCKET, "routeSelectionExpression: a\nroutes: {}\n",
     ""},
    {"the configuration says HTTP", PROTOCOL_HTTP, ROOT(""),
     "1:15 error: the definition is a WebSocket API's, but the configuration says another "
     "protocolType\n"},
    {"the document is OpenAPI", PROTOCOL_WEBSOCKET, "info: {}\nopenapi: 3.0.1\n",
     "2:1 error: an OpenAPI document, but the configuration says protocolType WEBSOCKET: such an "
     "API has a definition of its own kind\n"},
};

static void kinds_must_fit(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, kinds) {
        struct fixture f;
        fixture_open(&f);
        f.api->protocol_written = true;
        f.api->protocol_type = c->written;
        (void)fixture_read(&f, c->document);
        struct str got = fixture_findings(&f);
        CHECK_CASE(c, str_is(got, c->findings), "got\n%" STR_F, STR_A(got));
        fixture_close(&f);
    }
}

static void knows_what_may_be_allowed(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_allow(&f, "x-amazon-apigateway-policy");
    fixture_allow(&f, "user");
    assert_false(fixture_read(&f, ROOT(USERS)));
    assert_str_equal(
        fixture_findings(&f),
        STR("turnpike.yaml:5:24 error: 'x-amazon-apigateway-policy' is no authorizer of the "
            "definition, nor apiKeyRequired or authorizationType\n"
            "turnpike.yaml:5:24 error: 'user' is no authorizer of the definition, nor "
            "apiKeyRequired or authorizationType; did you mean 'users'?\n"));
    fixture_close(&f);
}

/* Of 128 characters a key may be, and of as many path parameters as the router knows. */
static void bounds(void **state)
{
    (void)state;
    for (size_t len = 128; len <= 129; len++) {
        struct fixture f;
        char document[512] = HEAD "routes: {", *end = document + strlen(document);
        for (size_t i = 0; i < len; i++)
            end = stpcpy(end, "ä");
        (void)stpcpy(end, ": {}}\n");
        fixture_open(&f);
        assert_int_equal(fixture_read(&f, document), len == 128);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_root_problems),          cmocka_unit_test(finds_route_problems),
        cmocka_unit_test(finds_authorization_problems), cmocka_unit_test(finds_authorizer_problems),
        cmocka_unit_test(finds_integration_problems),   cmocka_unit_test(finds_template_problems),
        cmocka_unit_test(finds_response_problems),      cmocka_unit_test(finds_parameter_problems),
        cmocka_unit_test(the_configuration_must_fit),   cmocka_unit_test(kinds_must_fit),
        cmocka_unit_test(knows_what_may_be_allowed),    cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
