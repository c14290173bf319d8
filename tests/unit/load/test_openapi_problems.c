/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a document is said, at its place. */
#include "openapi_fixture.h"

/* Each begins at the line that its comment names. */
#define DOC(rest)           "openapi: 3.0.1\ninfo: {title: t, version: '1'}\n" rest /* 3 */
#define PATHS(rest)         DOC("paths:\n" rest)                                    /* 4 */
#define GET(fields)         PATHS("  /:\n    get:\n" fields)                        /* 6 */
#define TODO                "      x-amazon-apigateway-integration: {type: aws_proxy, uri: todo}\n"
#define INTEGRATION(fields) GET("      x-amazon-apigateway-integration: {" fields "}\n") /* 6 */
#define SCHEMES(rest)       "components:\n  securitySchemes:\n" rest
#define SECURED(rest)                                                                              \
    GET("      security: [{users: []}]\n" TODO SCHEMES("    users:\n" rest)) /* 11 */
#define JWT(fields)                                                                                \
    SECURED("      x-amazon-apigateway-authorizer:\n        type: jwt\n" fields) /* 13 */
#define ISSUER "        jwtConfiguration: {issuer: 'https://idp.test', audience: [todo]}\n"

#define CASE(name, document, findings)                                                             \
    {                                                                                              \
        name, document, findings                                                                   \
    }

struct problem {
    const char *name;
    const char *document;
    const char *findings;
};

static const struct problem document_problems[] = {
    CASE("a document without a fault", GET(TODO), ""),
    CASE("a list", "[]", "1:1 error: the document is a list, expected a map\n"),
    CASE("a WebSocket definition that does not say so", "routes: {}\n",
         "1:1 error: this is no OpenAPI document: it has no 'openapi' with its version, 3.0.x; a "
         "WebSocket API's definition has 'protocolType: WEBSOCKET'\n"),
    CASE("swagger 2.0", "swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {}\n",
         "1:1 error: swagger 2.0 is for REST APIs: an HTTP API is described by OpenAPI 3.0\n"),
    CASE("OpenAPI 3.1", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n",
         "1:10 error: OpenAPI 3.1.0 is not supported: API Gateway imports 3.0.x\n"),
    CASE("OpenAPI 3.0 without its third number", "openapi: 3.0\npaths: {}\n",
         "1:10 error: OpenAPI 3.0 is not supported: API Gateway imports 3.0.x\n"),
    CASE("no OpenAPI at all", "apis: []\n",
         "1:1 error: this is no OpenAPI document: it has no 'openapi' with its version, 3.0.x\n"),
    CASE("a SAM template",
         "AWSTemplateFormatVersion: 2010-09-09\nTransform: AWS::Serverless-2016-10-31\n",
         "1:1 error: this is a CloudFormation or SAM template: cut the API's document (Body or "
         "DefinitionBody) out of it, into a file of its own\n"),
    CASE("no info", "openapi: 3.0.1\npaths: {}\n",
         "1:1 error: the document has no info with title and version\n"),
    CASE("info without title and version", "openapi: 3.0.1\ninfo: {}\npaths: {}\n",
         "2:7 error: info has no title: it is the API's name\n"
         "2:7 warning: info has no version\n"),
    CASE("no paths", DOC(""), "1:1 error: the document has no paths\n"),
    CASE("a slip of the pen at the root", DOC("securty: []\npaths: {}\n"),
         "3:1 error: unknown field 'securty' in the document; did you mean 'security'?\n"),
    CASE("a field of another version", DOC("webhooks: {}\npaths: {}\n"),
         "3:1 warning: 'webhooks' is no field of the document: it has no effect\n"),
    CASE("an included part", DOC("Fn::Transform: {Name: AWS::Include}\npaths: {}\n"),
         "3:1 error: Fn::Transform cannot stand in the document\n"),
    CASE("another vendor's key", DOC("x-vendor: {anything: [goes]}\npaths: {}\n"), ""),
    CASE("a key that looks like ours", DOC("x-amazn-apigateway-policy: {}\npaths: {}\n"),
         "3:1 warning: 'x-amazn-apigateway-policy' has no effect; did you mean "
         "'x-amazon-apigateway-policy'?\n"),
};

static const struct problem reference_problems[] = {
    CASE("a reference out of the document", PATHS("  /a: {$ref: 'other.yaml#/paths/a'}\n"),
         "4:14 error: '$ref' leads within the document, as in '#/components/…': put the parts of a "
         "document into one file\n"),
    CASE("a reference to nothing", PATHS("  /a: {$ref: '#/paths/~1ab'}\n  /abc: {}\n"),
         "4:14 error: '#/paths/~1ab' leads nowhere: there is no '/ab' at line 4; did you mean "
         "'/a'?\n"),
    CASE("references in a circle",
         PATHS("  /a: {$ref: '#/paths/~1b'}\n  /b: {$ref: '#/paths/~1a'}\n"),
         "4:14 error: '#/paths/~1b' leads in a circle, through line 4\n"
         "5:14 error: '#/paths/~1a' leads in a circle, through line 5\n"),
    CASE("an operation beside a reference", PATHS("  /a: {$ref: '#/x-a', get: {}}\nx-a: {}\n"),
         "4:23 error: 'get' beside '$ref' has no effect\n"),
    CASE("a reference that is no string", PATHS("  /a: {$ref: [1]}\n"),
         "4:14 error: '$ref' leads within the document, as in '#/components/…': put the parts of a "
         "document into one file\n"),
    CASE("a parameter that is not there",
         GET("      parameters: [{$ref: '#/components/parameters/id'}]\n" TODO),
         "6:27 error: '#/components/parameters/id' leads nowhere: there is no 'components' at line "
         "1\n"),
    CASE("an integration that is not there",
         GET("      x-amazon-apigateway-integration: {$ref: "
             "'#/components/x-amazon-apigateway-integrations/b'}\n"
             "components: {x-amazon-apigateway-integrations: {a: {}}}\n"),
         "6:47 error: '#/components/x-amazon-apigateway-integrations/b' leads nowhere: there is no "
         "'b' at line 7; did you mean 'a'?\n"),
};

static const struct problem path_problems[] = {
    CASE("a slash at the end", PATHS("  /a/: {}\n"),
         "4:3 error: path '/a/': a path does not end in '/'\n"),
    CASE("no slash at the beginning", PATHS("  a: {}\n"),
         "4:3 error: path 'a': a path begins with '/'\n"),
    CASE("a parameter that is half a segment", PATHS("  /a-{b}: {}\n"),
         "4:3 error: path '/a-{b}': a path parameter is a whole segment, {name} or {name+}, of "
         "letters, digits, '.', '_' and '-'\n"),
    CASE("a greedy parameter in the middle", PATHS("  /{a+}/b: {}\n"),
         "4:3 error: path '/{a+}/b': a greedy path parameter, {name+}, is the last segment\n"),
    CASE("a parameter as routers of functions write it", PATHS("  /a/:id/b: {}\n"),
         "4:3 warning: path '/a/:id/b': ':id' is met as it stands; a path parameter is {id}\n"),
    CASE("a method in capitals", PATHS("  /a: {GET: {}}\n"),
         "4:8 error: unknown field 'GET' in a path item; did you mean 'get'?\n"),
    CASE("a method that nobody has", PATHS("  /a: {purge: {}}\n"),
         "4:8 warning: 'purge' is no field of a path item: it has no effect\n"),
    CASE("$default without its slash", PATHS("  $default: {}\n"),
         "4:3 error: path '$default': the path of the route is '/$default'\n"),
    CASE("$default without isDefaultRoute",
         PATHS("  /$default:\n    x-amazon-apigateway-any-method: {}\n"),
         "5:5 error: '/$default' has x-amazon-apigateway-any-method with isDefaultRoute: true and "
         "nothing else\n"),
    CASE("$default with a method", PATHS("  /$default:\n    get: {}\n"),
         "5:5 error: '/$default' has x-amazon-apigateway-any-method with isDefaultRoute: true and "
         "nothing else\n"),
    CASE("isDefaultRoute elsewhere",
         PATHS("  /a:\n    x-amazon-apigateway-any-method: {isDefaultRoute: true}\n"),
         "5:38 error: isDefaultRoute stands in x-amazon-apigateway-any-method of '/$default' "
         "alone\n"),
    CASE("isDefaultRoute that is no truth",
         PATHS("  /$default:\n    x-amazon-apigateway-any-method: {isDefaultRoute: 1}\n"),
         "5:5 error: '$default' has no x-amazon-apigateway-integration, and the API no "
         "defaultFunction\n"
         "5:54 error: isDefaultRoute is a number, expected true or false\n"),
    CASE("a path item that is a list", PATHS("  /a: []\n"),
         "4:7 error: a path item is a list, expected a map\n"),
    CASE("paths that are a function", DOC("paths: !If [a, b, c]\n"),
         "3:8 error: Fn::If is not supported: write what it yields, or a definition parameter\n"),
    CASE("an operation that is nothing", PATHS("  /a: {get: }\n"),
         "4:13 error: an operation is nothing, expected a map\n"),
    CASE("an operation that refers", GET("      $ref: '#/x'\n" TODO),
         "6:7 error: $ref cannot stand in an operation\n"),
    CASE("security of a path", PATHS("  /a: {security: [{users: []}]}\n"),
         "4:8 error: 'security' in a path item is not enforced on HTTP APIs\n"),
    CASE("two templates of the same requests",
         PATHS("  /a/{b}/c/{d+}: {get: &g {x-amazon-apigateway-integration: {type: aws_proxy, uri: "
               "todo}}}\n  /a/{x}/c/{y+}: {get: *g}\n"),
         "5:19 error: 'GET /a/{x}/c/{y+}' matches what 'GET /a/{b}/c/{d+}' at line 4 matches\n"),
    CASE("the same template with another method",
         PATHS("  /a/{b}: {get: &g {x-amazon-apigateway-integration: {type: aws_proxy, uri: "
               "todo}}}\n  /a/{x}: {post: *g}\n  /a/{x+}: {get: *g}\n"),
         ""),
    CASE("an operation without an integration", GET("      summary: s\n"),
         "5:5 error: 'GET /' has no x-amazon-apigateway-integration, and the API no "
         "defaultFunction\n"),
    CASE("a slip of the pen in an operation", GET("      securty: []\n" TODO),
         "6:7 error: unknown field 'securty' in an operation; did you mean 'security'?\n"),
    CASE("a word of swagger 2.0 in an operation", GET("      produces: [application/json]\n" TODO),
         "6:7 warning: 'produces' is no field of an operation: it has no effect\n"),
};

static const struct problem integration_problems[] = {
    CASE("an integration that is a string", GET("      x-amazon-apigateway-integration: todo\n"),
         "6:40 error: x-amazon-apigateway-integration is a string, expected a map\n"),
    CASE("no type", INTEGRATION("uri: todo"),
         "6:40 error: the integration has no type; for a function it is aws_proxy\n"),
    CASE("no uri", INTEGRATION("type: aws_proxy"), "6:40 error: the integration has no uri\n"),
    CASE("an empty uri", INTEGRATION("type: aws_proxy, uri: ''"),
         "6:63 error: '' names no Lambda function\n"),
    CASE("http_proxy", INTEGRATION("type: http_proxy, uri: 'https://a.test', httpMethod: GET"), ""),
    CASE("http_proxy in capitals", INTEGRATION("type: HTTP_PROXY"),
         "6:40 error: the integration has no uri\n"),
    CASE("type aws", INTEGRATION("type: aws"),
         "6:47 error: integrations of type aws are for REST APIs: an HTTP API calls a function by "
         "aws_proxy\n"),
    CASE("type http", INTEGRATION("type: http"),
         "6:47 error: integrations of type http are for REST APIs: an HTTP API has http_proxy\n"),
    CASE("type mock", INTEGRATION("type: mock"),
         "6:47 error: integrations of type mock are for REST APIs\n"),
    CASE("an unknown type", INTEGRATION("type: aws_prox"),
         "6:47 error: unknown type of integration 'aws_prox'; did you mean 'aws_proxy'?\n"),
    CASE("an http uri of a function", INTEGRATION("type: aws_proxy, uri: 'http://a.test'"),
         "6:63 error: 'http://a.test' names no Lambda function: a URL is for type http_proxy\n"),
    CASE("a uri that names no function",
         INTEGRATION("type: aws_proxy, uri: 'arn:aws:sns:us-east-1:1:t'"),
         "6:63 error: 'arn:aws:sns:us-east-1:1:t' names no Lambda function\n"),
    CASE("a variable outside of Fn::Sub", INTEGRATION("type: aws_proxy, uri: '${todo.Arn}'"),
         "6:63 error: '${todo.Arn}' names no Lambda function: of variables, plain text has "
         "${AWS::Region}, ${AWS::AccountId} and ${AWS::Partition}; others stand in Fn::Sub\n"),
    CASE("an unknown name in Fn::Sub", INTEGRATION("type: aws_proxy, uri: !Sub '${todos}'"),
         "6:63 error: unknown name 'todos': definitionParameters can give it a value; did you mean "
         "'todo'?\n"),
    CASE("a uri that is a number", INTEGRATION("type: aws_proxy, uri: 5"),
         "6:63 error: uri is a number, expected a string\n"),
    CASE("a payload format that is none",
         INTEGRATION("type: aws_proxy, uri: todo, payloadFormatVersion: '3.0'"),
         "6:91 error: payloadFormatVersion is '3.0', expected 1.0 or 2.0\n"),
    CASE("a short payload format is a number",
         INTEGRATION("type: aws_proxy, uri: todo, payloadFormatVersion: '2'"),
         "6:91 error: payloadFormatVersion is '2', expected 1.0 or 2.0\n"),
    CASE("a timeout that is too long",
         INTEGRATION("type: aws_proxy, uri: todo, timeoutInMillis: 30001"),
         "6:86 error: timeoutInMillis is 30001, expected a number from 50 to 30000\n"),
    CASE("a timeout that is too short",
         INTEGRATION("type: aws_proxy, uri: todo, timeoutInMillis: 49"),
         "6:86 error: timeoutInMillis is 49, expected a number from 50 to 30000\n"),
    CASE("a timeout that is no number",
         INTEGRATION("type: aws_proxy, uri: todo, timeoutInMillis: 1s"),
         "6:86 error: timeoutInMillis is 1s, expected a number from 50 to 30000\n"),
    CASE("another method", INTEGRATION("type: aws_proxy, uri: todo, httpMethod: GET"),
         "6:81 warning: httpMethod 'GET' has no effect: a Lambda function is invoked by POST\n"),
    CASE("a private integration",
         INTEGRATION("type: aws_proxy, uri: todo, connectionType: VPC_LINK, connectionId: v"),
         "6:85 error: connectionType VPC_LINK is for type http_proxy\n"
         "6:95 warning: connectionId has no effect: it is for type http_proxy\n"),
    CASE("a connection of no type", INTEGRATION("type: aws_proxy, uri: todo, connectionType: VPN"),
         "6:85 error: connectionType is 'VPN', expected INTERNET or VPC_LINK\n"),
    CASE("credentials", INTEGRATION("type: aws_proxy, uri: todo, credentials: r"),
         "6:69 warning: 'credentials' has no effect: invocations are signed as 'signWith' of the "
         "function says\n"),
    CASE("tlsConfig", INTEGRATION("type: aws_proxy, uri: todo, tlsConfig: {serverNameToVerify: a}"),
         "6:69 error: tlsConfig is for type http_proxy\n"),
    CASE("mappings that map nothing",
         INTEGRATION("type: aws_proxy, uri: todo, requestParameters: {}, responseParameters: {}"),
         ""),
    CASE("cacheKeyParameters", INTEGRATION("type: aws_proxy, uri: todo, cacheKeyParameters: [a]"),
         "6:69 warning: 'cacheKeyParameters' in an integration has no effect on HTTP APIs\n"),
    CASE("cacheNamespace", INTEGRATION("type: aws_proxy, uri: todo, cacheNamespace: a"),
         "6:69 warning: 'cacheNamespace' in an integration has no effect on HTTP APIs\n"),
    CASE("contentHandling",
         INTEGRATION("type: aws_proxy, uri: todo, contentHandling: CONVERT_TO_TEXT"),
         "6:69 warning: 'contentHandling' in an integration has no effect on HTTP APIs\n"),
    CASE("integrationTarget", INTEGRATION("type: aws_proxy, uri: todo, integrationTarget: a"),
         "6:69 warning: 'integrationTarget' in an integration has no effect on HTTP APIs\n"),
    CASE("passthroughBehavior",
         INTEGRATION("type: aws_proxy, uri: todo, passthroughBehavior: when_no_match"),
         "6:69 warning: 'passthroughBehavior' in an integration has no effect on HTTP APIs\n"),
    CASE("requestTemplates", INTEGRATION("type: aws_proxy, uri: todo, requestTemplates: {a: b}"),
         "6:69 warning: 'requestTemplates' in an integration has no effect on HTTP APIs\n"),
    CASE("responseTransferMode",
         INTEGRATION("type: aws_proxy, uri: todo, responseTransferMode: BUFFERED"),
         "6:69 warning: 'responseTransferMode' in an integration has no effect on HTTP APIs\n"),
    CASE("responses",
         INTEGRATION("type: aws_proxy, uri: todo, responses: {default: {statusCode: '200'}}"),
         "6:69 warning: 'responses' in an integration has no effect on HTTP APIs\n"),
    CASE("a slip of the pen in an integration",
         INTEGRATION("type: aws_proxy, uri: todo, timeoutInMilis: 1000"),
         "6:69 error: unknown field 'timeoutInMilis' in an integration; did you mean "
         "'timeoutInMillis'?\n"),
    CASE("a field that nobody knows", INTEGRATION("type: aws_proxy, uri: todo, zzz: 1"),
         "6:69 error: unknown field 'zzz' in an integration\n"),
};

static const struct problem security_problems[] = {
    CASE("an open operation", GET("      security: []\n" TODO), ""),
    CASE("a requirement of nothing", GET("      security: [{}]\n" TODO), ""),
    CASE("security that is nothing", GET("      security:\n" TODO),
         "6:16 error: security is nothing, expected a list\n"),
    CASE("two requirements", GET("      security: [{a: []}, {b: []}]\n" TODO),
         "6:27 error: an operation has one security requirement on API Gateway, not 2\n"),
    CASE("security that may be left out", GET("      security: [{}, {a: []}]\n" TODO),
         "6:22 error: an operation has one security requirement on API Gateway, not 2\n"),
    CASE("two schemes in one requirement", GET("      security: [{a: [], b: []}]\n" TODO),
         "6:26 error: a security requirement names one scheme on API Gateway, not 2\n"),
    CASE("a requirement that is a string", GET("      security: [a]\n" TODO),
         "6:18 error: security requirement is a string, expected a map\n"),
    CASE("a scheme that is not there",
         GET("      security: [{user: []}]\n" TODO SCHEMES(
             "    users: {type: http, scheme: bearer}\n")),
         "6:19 error: there is no security scheme 'user'; did you mean 'users'?\n"),
    CASE("an API key", SECURED("      {type: apiKey, name: x-api-key, in: header}\n"),
         "6:19 error: security scheme 'users' has no x-amazon-apigateway-authorizer: nothing would "
         "check it; who accepts that names 'users' in allowUnenforced\n"),
    CASE("http basic", SECURED("      {type: http, scheme: basic}\n"),
         "6:19 error: security scheme 'users' has no x-amazon-apigateway-authorizer: nothing would "
         "check it; who accepts that names 'users' in allowUnenforced\n"),
    CASE("oauth2 without an authorizer", SECURED("      {type: oauth2}\n"),
         "6:19 error: security scheme 'users' has no x-amazon-apigateway-authorizer: nothing would "
         "check it; who accepts that names 'users' in allowUnenforced\n"),
    CASE("a scheme that nobody names",
         GET(TODO SCHEMES("    key: {type: apiKey, name: x-api-key, in: header}\n")), ""),
    CASE("the root's security",
         DOC("security: [{key: []}]\npaths:\n  /a:\n    get:\n" TODO SCHEMES(
             "    key: {type: apiKey}\n")),
         "3:13 error: security scheme 'key' has no x-amazon-apigateway-authorizer: nothing would "
         "check it; who accepts that names 'key' in allowUnenforced\n"),
    CASE("the root's security, and NONE",
         DOC("security: [{key: []}]\npaths:\n  /a:\n    get:\n      x-amazon-apigateway-auth: "
             "{type: none}\n" TODO SCHEMES("    key: {type: apiKey}\n")),
         ""),
    CASE("the root's security, and none",
         DOC("security: [{key: []}]\npaths:\n  /a:\n    get:\n      security: []\n" TODO SCHEMES(
             "    key: {type: apiKey}\n")),
         ""),
    CASE("NONE against the operation's own security",
         GET("      x-amazon-apigateway-auth: {type: NONE}\n      security: [{a: []}]\n" TODO),
         "6:7 error: x-amazon-apigateway-auth says NONE and security at line 7 names a scheme\n"),
    CASE("AWS_IAM", GET("      x-amazon-apigateway-auth: {type: aws_iam}\n" TODO),
         "6:40 error: authorization by AWS_IAM is not built yet for HTTP APIs; who accepts that "
         "names 'x-amazon-apigateway-auth' in allowUnenforced\n"),
    CASE("auth of no type", GET("      x-amazon-apigateway-auth: {}\n" TODO),
         "6:7 error: x-amazon-apigateway-auth has no type\n"),
    CASE("auth of an unknown type", GET("      x-amazon-apigateway-auth: {type: NON}\n" TODO),
         "6:40 error: x-amazon-apigateway-auth has no type 'NON'; did you mean 'NONE'?\n"),
    CASE("auth with another field",
         GET("      x-amazon-apigateway-auth: {type: NONE, typ: AWS_IAM}\n" TODO),
         "6:46 error: unknown field 'typ' in x-amazon-apigateway-auth; did you mean 'type'?\n"),
    CASE("auth on a path", PATHS("  /a:\n    x-amazon-apigateway-auth: {type: AWS_IAM}\n"),
         "5:5 error: x-amazon-apigateway-auth cannot stand here: its place is an operation\n"),
    CASE("auth on a response",
         GET("      responses: {'200': {x-amazon-apigateway-auth: {type: AWS_IAM}}}\n" TODO),
         "6:27 error: x-amazon-apigateway-auth cannot stand here: its place is an operation\n"),
    CASE("signed requests",
         SECURED("      type: apiKey\n      x-amazon-apigateway-authtype: awsSigv4\n"),
         "12:7 error: authorization by awsSigv4 is not built yet for HTTP APIs; who accepts that "
         "names 'users' in allowUnenforced\n"),
    CASE("a slip of the pen in a scheme",
         SECURED("      type: oauth2\n      x-amazon-apigateway-authoriser: {type: jwt}\n"),
         "6:19 error: security scheme 'users' has no x-amazon-apigateway-authorizer: nothing would "
         "check it; who accepts that names 'users' in allowUnenforced\n"
         "12:7 error: unknown extension 'x-amazon-apigateway-authoriser'; did you mean "
         "'x-amazon-apigateway-authorizer'?\n"),
    CASE("a scheme that is a list", SECURED("      []\n"),
         "11:7 error: a security scheme is a list, expected a map\n"),
    CASE("a scheme that refers to nothing",
         SECURED("      $ref: '#/components/securitySchemes/user'\n"),
         "11:13 error: '#/components/securitySchemes/user' leads nowhere: there is no 'user' at "
         "line 10; did you mean 'users'?\n"),
};

static const struct problem authorizer_problems[] = {
    CASE("a JWT authorizer", JWT(ISSUER), ""),
    CASE("an authorizer without a type", SECURED("      x-amazon-apigateway-authorizer: {}\n"),
         "11:7 error: the authorizer has no type; on an HTTP API it is jwt\n"),
    CASE("of type request", SECURED("      x-amazon-apigateway-authorizer: {type: request}\n"),
         "11:46 error: authorizers of type request (Lambda authorizers) are not built yet; who "
         "accepts that names 'users' in allowUnenforced\n"),
    CASE("of type token", SECURED("      x-amazon-apigateway-authorizer: {type: token}\n"),
         "11:46 error: authorizers of type token are for REST APIs: an HTTP API has Lambda "
         "authorizers of type request; who accepts that names 'users' in allowUnenforced\n"),
    CASE("of type cognito_user_pools",
         SECURED("      x-amazon-apigateway-authorizer: {type: cognito_user_pools}\n"),
         "11:46 error: authorizers of type cognito_user_pools are for REST APIs: an HTTP API has "
         "JWT authorizers; who accepts that names 'users' in allowUnenforced\n"),
    CASE("of an unknown type", SECURED("      x-amazon-apigateway-authorizer: {type: jtw}\n"),
         "11:46 error: unknown type of authorizer 'jtw'; did you mean 'jwt'?\n"),
    CASE("no configuration", JWT(""),
         "11:7 error: JWT authorizer 'users' has no issuer\n"
         "11:7 error: JWT authorizer 'users' has no audience: it would accept the issuer's tokens "
         "for everybody else\n"),
    CASE("no audience", JWT("        jwtConfiguration: {issuer: 'https://idp.test'}\n"),
         "11:7 error: JWT authorizer 'users' has no audience: it would accept the issuer's tokens "
         "for everybody else\n"),
    CASE("an empty audience",
         JWT("        jwtConfiguration: {issuer: 'https://idp.test', audience: []}\n"),
         "13:66 error: a JWT authorizer has 1 to 50 audiences, not 0\n"),
    CASE("an audience that is a string",
         JWT("        jwtConfiguration: {issuer: 'https://idp.test', audience: todo}\n"),
         "13:66 error: audience is a string, expected a list\n"),
    CASE("an audience of empty text",
         JWT("        jwtConfiguration: {issuer: 'https://idp.test', audience: ['']}\n"),
         "13:67 error: an audience is not empty\n"),
    CASE(
        "an audience that is not supported",
        JWT("        jwtConfiguration: {issuer: 'https://idp.test', audience: [!ImportValue a]}\n"),
        "13:67 error: Fn::ImportValue is not supported: write what it yields, or a definition "
        "parameter\n"),
    CASE("no issuer", JWT("        jwtConfiguration: {audience: [todo]}\n"),
         "11:7 error: JWT authorizer 'users' has no issuer\n"),
    CASE("an issuer that is no URL",
         JWT("        jwtConfiguration: {issuer: accounts.google.com, audience: [todo]}\n"),
         "13:36 error: issuer 'accounts.google.com' is no absolute https:// URL\n"),
    CASE("an issuer with a query",
         JWT("        jwtConfiguration: {issuer: 'https://a.test?b', audience: [todo]}\n"),
         "13:36 error: issuer 'https://a.test?b' is no absolute https:// URL\n"),
    CASE("an issuer in the clear",
         JWT("        jwtConfiguration: {issuer: 'http://idp.test', audience: [todo]}\n"),
         "13:36 error: issuer 'http://idp.test' is no https:// URL: its keys would come in the "
         "clear; who wants that lists it in issuers\n"),
    CASE("an issuer in the clear that is listed",
         JWT("        jwtConfiguration: {issuer: 'http://listed.test', audience: [todo]}\n"), ""),
    CASE("a listed issuer byte for byte",
         JWT("        jwtConfiguration: {issuer: 'http://listed.test/', audience: [todo]}\n"),
         "13:36 error: issuer 'http://listed.test/' is no https:// URL: its keys would come in the "
         "clear; who wants that lists it in issuers\n"),
    CASE("an identity source of REST",
         JWT("        identitySource: method.request.header.Authorization\n" ISSUER),
         "13:25 error: 'method.request.header.Authorization' is no identity source of a JWT "
         "authorizer: one of $request.header.NAME and $request.querystring.NAME\n"),
    CASE("two identity sources",
         JWT("        identitySource: [$request.header.a, $request.header.b]\n" ISSUER),
         "13:25 error: identitySource is a list, expected a string\n"),
    CASE("two identity sources in one string",
         JWT("        identitySource: '$request.header.a, $request.header.b'\n" ISSUER),
         "13:25 error: '$request.header.a, $request.header.b' is no identity source of a JWT "
         "authorizer: one of $request.header.NAME and $request.querystring.NAME\n"),
    CASE("a header that cannot be", JWT("        identitySource: $request.header.a b\n" ISSUER),
         "13:25 error: '$request.header.a b' is no identity source of a JWT authorizer: one of "
         "$request.header.NAME and $request.querystring.NAME\n"),
    CASE("a field of Lambda authorizers", JWT("        authorizerUri: todo\n" ISSUER),
         "13:9 warning: 'authorizerUri' in a JWT authorizer has no effect on HTTP APIs\n"),
    CASE("a guard of REST APIs", JWT("        identityValidationExpression: ^x\n" ISSUER),
         "13:9 error: 'identityValidationExpression' in a JWT authorizer is not enforced on HTTP "
         "APIs\n"),
    CASE("a slip of the pen in an authorizer",
         JWT("        identitySorce: $request.header.a\n" ISSUER),
         "13:9 error: unknown field 'identitySorce' in a JWT authorizer; did you mean "
         "'identitySource'?\n"),
    CASE(
        "a slip of the pen in its configuration",
        JWT("        jwtConfiguration: {issuer: 'https://idp.test', audience: [todo], audiences: "
            "[b]}\n"),
        "13:74 error: unknown field 'audiences' in a jwtConfiguration; did you mean 'audience'?\n"),
    CASE("a URL that is not of discovery",
         SECURED("      openIdConnectUrl: https://idp.test/\n      x-amazon-apigateway-authorizer: "
                 "{type: jwt, jwtConfiguration: {audience: [a]}}\n"),
         "11:25 error: 'https://idp.test/' does not end in /.well-known/openid-configuration\n"),
    CASE("a scope that no token can hold",
         GET("      security: [{users: ['a b']}]\n" TODO SCHEMES(
             "    users: {x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: {issuer: "
             "'https://idp.test', audience: [a]}}}\n")),
         "6:27 error: 'a b' is no scope\n"),
    CASE("eleven scopes",
         GET("      security: [{users: [a,b,c,d,e,f,g,h,i,j,k]}]\n" TODO SCHEMES(
             "    users: {x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: {issuer: "
             "'https://idp.test', audience: [a]}}}\n")),
         "6:26 error: a route has at most 10 scopes, not 11\n"),
    CASE("scopes that are a string",
         GET("      security: [{users: a}]\n" TODO SCHEMES(
             "    users: {x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: {issuer: "
             "'https://idp.test', audience: [a]}}}\n")),
         "6:26 error: scopes is a string, expected a list\n"),
};

static void check(const struct problem *c)
{
    struct fixture f;
    fixture_open(&f);
    *list_push(&f.builder.snapshot->arena, &f.builder.snapshot->settings.issuers) =
        (struct issuer_settings){.issuer = STR("http://listed.test")};
    bool read = fixture_read(&f, c->document);
    struct str findings = fixture_findings(&f);
    CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
    CHECK_CASE(c, read == !strstr(c->findings, " error: "), "read: %d", read);
    fixture_close(&f);
}

static void of_the_document(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, document_problems)
        check(c);
}

static void of_the_reference(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, reference_problems)
        check(c);
}

static void of_the_path(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, path_problems)
        check(c);
}

static void of_the_integration(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, integration_problems)
        check(c);
}

static void of_the_security(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, security_problems)
        check(c);
}

static void of_the_authorizer(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, authorizer_problems)
        check(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_document), cmocka_unit_test(of_the_reference),
        cmocka_unit_test(of_the_path),     cmocka_unit_test(of_the_integration),
        cmocka_unit_test(of_the_security), cmocka_unit_test(of_the_authorizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
