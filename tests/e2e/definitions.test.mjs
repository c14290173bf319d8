// Definitions as people have them: cut out of SAM templates, plain, in JSON or YAML; and what is refused.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before } from "node:test";
import { test } from "./lib/bounded.mjs";
import { run, startGateway, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { startIssuer } from "./lib/issuer.mjs";
import { invokeArn, startLambda } from "./lib/lambda.mjs";
import { get, processorSeconds, residentKib } from "./lib/process.mjs";

let lambda;
before(async () => {
  const tell = (event, call) => ({ statusCode: 200, body: JSON.stringify({ function: call.name, qualifier: call.qualifier ?? null, version: event.version, route: event.routeKey ?? event.resource }) });
  lambda = await startLambda({ GetPetFunction: tell, PetsFunction: tell, orders: tell, blue: tell, green: tell });
});
after(async () => { await lambda?.stop(); });

const functions = (...names) => Object.fromEntries(names.map((name) => [name, { endpoint: lambda.url }]));

async function withGateway(api, files, names, fn, more = {}) {
  const gateway = await startGateway({ config: { awsRegion: "eu-west-1", apis: [{ apiId: "test", protocolType: "HTTP", ...api }], functions: functions(...names), ...more }, files });
  try {
    return await fn(async (path, options) => {
      const answer = await get(gateway.port, path, options);
      return answer.status === 200 ? JSON.parse(answer.text) : answer.status;
    }, gateway);
  } finally { await gateway.stop(); }
}

// What `check` prints of a document, as lines without the file's folder.
async function check(document, api = {}, more = {}) {
  const directory = temporaryDirectory();
  const name = typeof document === "string" ? "api.yaml" : "api.json";
  writeFiles(directory, { [name]: document, "turnpike.yaml": { apis: [{ apiId: "test", protocolType: "HTTP", definition: name, ...api }], functions: functions("orders"), ...more } });
  const { code, stdout } = await run(["check", "--config", "turnpike.yaml"], { cwd: directory });
  fs.rmSync(directory, { recursive: true });
  return { code, text: stdout, lines: stdout.split("\n").filter(Boolean) };
}

// The body of an AWS::Serverless::HttpApi, as it stands in a template.
const sam = `
openapi: "3.0.1"
info:
  title: !Sub "\${AWS::StackName}-pets"
  version: "1.0"
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, schema: {type: string}}
    get:
      security:
        - CognitoAuth: [!Sub "\${ResourceServer}/read"]
      responses: {default: {description: a pet}}
      x-amazon-apigateway-integration: &proxy
        type: aws_proxy
        httpMethod: POST
        payloadFormatVersion: "2.0"
        uri: !Sub arn:aws:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${GetPetFunction.Arn}/invocations
    delete:
      security: []
      responses: {default: {description: gone}}
      x-amazon-apigateway-integration:
        <<: *proxy
        payloadFormatVersion: "1.0"
        timeoutInMillis: 5000
  /pets:
    x-amazon-apigateway-any-method:
      responses: {default: {description: pets}}
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        payloadFormatVersion: 2.0
        uri:
          Fn::Sub:
            - arn:aws:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${Target}/invocations
            - Target: !GetAtt PetsFunction.Arn
  /attribute:
    get:
      x-amazon-apigateway-integration: {type: AWS_PROXY, httpMethod: POST, payloadFormatVersion: "2.0", uri: {"Fn::GetAtt": [PetsFunction, Arn]}}
  /reference:
    get:
      x-amazon-apigateway-integration: {type: AWS_PROXY, httpMethod: POST, payloadFormatVersion: "2.0", uri: !Ref PetsFunction}
  /$default:
    x-amazon-apigateway-any-method:
      isDefaultRoute: true
      x-amazon-apigateway-integration: {$ref: "#/components/x-amazon-apigateway-integrations/pets"}
components:
  x-amazon-apigateway-integrations:
    pets: {type: AWS_PROXY, httpMethod: POST, payloadFormatVersion: "2.0", uri: !GetAtt PetsFunction.Arn}
  securitySchemes:
    CognitoAuth:
      type: oauth2
      x-amazon-apigateway-authorizer:
        type: jwt
        identitySource: $request.header.Authorization
        jwtConfiguration:
          issuer: !Sub https://cognito-idp.\${AWS::Region}.amazonaws.com/\${UserPool}
          audience: [!Ref UserPoolClient]
x-amazon-apigateway-importexport-version: "1.0"
`;

test("a document cut out of a SAM template", async () => {
  const issuer = await startIssuer({ issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc" });
  await issuer.addKey("one");
  const api = { definition: "api.yaml", definitionParameters: { "AWS::StackName": "dev", UserPool: "eu-west-1_abc", UserPoolClient: "client1", ResourceServer: "pets" } };
  try {
    await withGateway(api, { "api.yaml": sam }, ["GetPetFunction", "PetsFunction"], async (ask) => {
      const token = await issuer.token({ aud: "client1", scope: "pets/read" });
      const headers = { authorization: `Bearer ${token}` };
      assert.deepEqual(await ask("/pets/1", { headers }), { function: "GetPetFunction", qualifier: null, version: "2.0", route: "GET /pets/{petId}" });
      assert.equal(await ask("/pets/1"), 401);
      assert.equal(await ask("/pets/1", { headers: { authorization: `Bearer ${await issuer.token({ aud: "client1", scope: "other" })}` } }), 403);
      assert.deepEqual(await ask("/pets/1", { method: "DELETE" }), { function: "GetPetFunction", qualifier: null, version: "1.0", route: "/pets/{petId}" });
      for (const [path, route] of [["/pets", "ANY /pets"], ["/attribute", "GET /attribute"], ["/reference", "GET /reference"], ["/else", "$default"]])
        assert.deepEqual(await ask(path), { function: "PetsFunction", qualifier: null, version: "2.0", route });
    }, { issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] });
  } finally { await issuer.stop(); }
  const missing = await check(sam, {}, { functions: functions("GetPetFunction", "PetsFunction") });
  assert.equal(missing.code, 78);
  for (const [line, name] of [["4", "AWS::StackName"], ["12", "ResourceServer"], ["57", "UserPool"], ["58", "UserPoolClient"]])
    assert.ok(missing.lines.some((found) => found.startsWith(`api.yaml:${line}:`) && found.includes(name)), `${line} ${name} in\n${missing.text}`);
});

test("the same in JSON", async () => {
  const document = { openapi: "3.0.3", info: { title: "orders", version: "1" }, paths: { "/orders/{id}": { get: {
    "x-amazon-apigateway-integration": { type: "aws_proxy", httpMethod: "POST", payloadFormatVersion: "2.0",
      uri: { "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${Name}/invocations" } } } } } };
  await withGateway({ definition: "api.json", definitionParameters: { Name: "orders" } }, { "api.json": document }, ["orders"], async (ask) => {
    assert.equal((await ask("/orders/1")).function, "orders");
  });
});

test("a plain document, without extensions: everything goes to defaultFunction", async () => {
  const document = `
openapi: 3.0.0
info: {title: plain, version: 0.1}
paths:
  /orders:
    get: {responses: {"200": {description: all}}}
    post: {requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {"201": {description: made}}}
  /orders/{id}:
    get: {parameters: [{name: id, in: path, required: true, schema: {type: string}}], responses: {"200": {description: one}}}
`;
  await withGateway({ definition: "api.yaml", defaultFunction: "orders" }, { "api.yaml": document }, ["orders"], async (ask) => {
    assert.deepEqual(await ask("/orders"), { function: "orders", qualifier: null, version: "2.0", route: "GET /orders" });
    assert.equal((await ask("/orders", { method: "POST" })).route, "POST /orders");
    assert.equal((await ask("/orders/1")).route, "GET /orders/{id}");
    assert.equal(await ask("/orders/1", { method: "PUT" }), 404);
  });
  const without = await check(document);
  assert.equal(without.code, 78);
  assert.equal(without.lines.filter((line) => /^api\.yaml:\d+:\d+: error: .*defaultFunction/.test(line)).length, 3, without.text);
});

test("stage variables choose the function and its alias", async () => {
  const document = { openapi: "3.0.1", info: { title: "t", version: "1" }, paths: {
    "/function": { get: { "x-amazon-apigateway-integration": { type: "aws_proxy", payloadFormatVersion: "2.0", uri: invokeArn("${stageVariables.color}") } } },
    "/alias": { get: { "x-amazon-apigateway-integration": { type: "aws_proxy", payloadFormatVersion: "2.0", uri: invokeArn("orders:${stageVariables.alias}") } } },
    "/both": { get: { "x-amazon-apigateway-integration": { type: "aws_proxy", payloadFormatVersion: "2.0", uri: { "Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${stageVariables.target}" } } } },
  } };
  const stages = [
    { stageName: "one", stageVariables: { color: "blue", alias: "live", target: "green:7" } },
    { stageName: "two", stageVariables: { color: "green", alias: "beta", target: "orders" } },
  ];
  await withGateway({ definition: "api.json", stages }, { "api.json": document }, ["orders", "blue", "green"], async (ask) => {
    const named = async (path) => { const told = await ask(path); return [told.function, told.qualifier]; };
    assert.deepEqual(await named("/one/function"), ["blue", null]);
    assert.deepEqual(await named("/two/function"), ["green", null]);
    assert.deepEqual(await named("/one/alias"), ["orders", "Qualifier=live"]);
    assert.deepEqual(await named("/two/alias"), ["orders", "Qualifier=beta"]);
    assert.deepEqual(await named("/one/both"), ["green", "Qualifier=7"]);
    assert.deepEqual(await named("/two/both"), ["orders", null]);
  });
});

const integration = { type: "aws_proxy", httpMethod: "POST", payloadFormatVersion: "2.0", uri: "orders" };

test("300 routes: ready at once, each found", async () => {
  const paths = {};
  for (let i = 0; i < 100; i++)
    paths[`/thing${i}/{id}/part${i}`] = Object.fromEntries(["get", "put", "x-amazon-apigateway-any-method"].map((method) => [method, { "x-amazon-apigateway-integration": integration }]));
  await withGateway({ definition: "api.json" }, { "api.json": { openapi: "3.0.1", info: { title: "t", version: "1" }, paths } }, ["orders"], async (ask, gateway) => {
    // What it has cost so far, by its own processor time: no other program lengthens that.
    if (residentKib(gateway.child.pid) !== null) assert.ok(processorSeconds(gateway.child.pid) < 0.2);
    for (const i of [0, 57, 99]) {
      assert.equal((await ask(`/thing${i}/x/part${i}`)).route, `GET /thing${i}/{id}/part${i}`);
      assert.equal((await ask(`/thing${i}/x/part${i}`, { method: "PATCH" })).route, `ANY /thing${i}/{id}/part${i}`);
      assert.equal(await ask(`/thing${i}/x/part${i + 1}`), 404);
    }
    const listed = JSON.parse((await run(["routes", "--json", "--config", "turnpike.yaml"], { cwd: gateway.directory })).stdout);
    assert.equal(listed.routes.length, 300);
  });
});

// One document with one thing in it that is refused: what it says, where, and whether
// allowUnenforced turns it into a warning.
const jwt = { type: "jwt", identitySource: "$request.header.Authorization", jwtConfiguration: { issuer: "https://a.example", audience: ["x"] } };
const base = ({ root = {}, operation = {}, target = integration, schemes, path = {} } = {}) => ({
  openapi: "3.0.1", info: { title: "t", version: "1" }, ...root,
  paths: { "/orders": { ...path, get: { responses: { default: { description: "x" } }, ...operation, "x-amazon-apigateway-integration": target } } },
  ...(schemes ? { components: { securitySchemes: schemes } } : {}),
});
const guarded = (scheme) => base({ operation: { security: [{ guard: [] }] }, schemes: { guard: scheme } });
const refusals = [
  ["CORS for everybody with credentials", base({ root: { "x-amazon-apigateway-cors": { allowOrigins: ["*"], allowCredentials: true } } }), '"*"', /allowCredentials is not supported where allowOrigins has '\*'/],
  ["http_proxy without a URL", base({ target: { type: "http_proxy", httpMethod: "GET", uri: "example.com" } }), '"example.com"', /no absolute http/],
  ["an HTTP URI", base({ target: { ...integration, uri: "http://example.com/x" } }), '"http://example.com/x"', /a URL is for type http_proxy/],
  ["a service integration", base({ target: { type: "aws_proxy", integrationSubtype: "SQS-SendMessage", payloadFormatVersion: "1.0", credentials: "arn:aws:iam::123456789012:role/x" } }), '"SQS-SendMessage"', /calls 'sqs', which has no endpoint/],
  ["a mapping of a reserved header", base({ target: { ...integration, requestParameters: { "append:header.via": "1" } } }), '"append:header.via"', /header 'via' is reserved/],
  ["a VPC link before a function", base({ target: { ...integration, connectionType: "VPC_LINK" } }), '"VPC_LINK"', /VPC_LINK is for type http_proxy/],
  ["a VPC link that leads nowhere", base({ target: { type: "http_proxy", uri: "arn:x", connectionType: "VPC_LINK", connectionId: "abc" } }), '"arn:x"', /vpcLinks: \{"abc": "http/],
  ["a mock", base({ target: { type: "mock" } }), '"mock"', /REST APIs/],
  ["a Lambda authorizer", guarded({ type: "apiKey", in: "header", name: "Authorization", "x-amazon-apigateway-authorizer": { type: "request", authorizerUri: invokeArn("x"), authorizerPayloadFormatVersion: "2.0" } }), '"request"', /authorizers of type request .*not built yet/, ["guard"]],
  ["a Cognito authorizer of REST APIs", guarded({ type: "apiKey", in: "header", name: "Authorization", "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": { type: "cognito_user_pools", providerARNs: [] } }), '"cognito_user_pools"', /REST APIs: an HTTP API has JWT/, ["guard"]],
  ["IAM by scheme", guarded({ type: "apiKey", in: "header", name: "Authorization", "x-amazon-apigateway-authtype": "awsSigv4" }), '"x-amazon-apigateway-authtype"', /awsSigv4 is not built yet/, ["guard"]],
  ["IAM by operation", base({ operation: { "x-amazon-apigateway-auth": { type: "AWS_IAM" } } }), '"AWS_IAM"', /AWS_IAM/, ["x-amazon-apigateway-auth"]],
  ["an API key", guarded({ type: "apiKey", in: "header", name: "x-api-key" }), '"guard": []', /has no x-amazon-apigateway-authorizer/, ["guard"]],
  ["HTTP basic", guarded({ type: "http", scheme: "basic" }), '"guard": []', /has no x-amazon-apigateway-authorizer/, ["guard"]],
  ["OAuth without an authorizer", guarded({ type: "oauth2", flows: {} }), '"guard": []', /has no x-amazon-apigateway-authorizer/, ["guard"]],
  ["a key source", base({ root: { "x-amazon-apigateway-api-key-source": "HEADER" } }), "x-amazon-apigateway-api-key-source", /x-amazon-apigateway-api-key-source/, ["x-amazon-apigateway-api-key-source"]],
  ["a resource policy", base({ root: { "x-amazon-apigateway-policy": { Version: "2012-10-17", Statement: [] } } }), "x-amazon-apigateway-policy", /x-amazon-apigateway-policy/, ["x-amazon-apigateway-policy"]],
  ["a scheme that is not there", base({ operation: { security: [{ gaurd: [] }] }, schemes: { guard: { type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": jwt } } }), '"gaurd"', /no security scheme 'gaurd'.*did you mean 'guard'/],
  ["two schemes", base({ operation: { security: [{ guard: [] }, { other: [] }] }, schemes: { guard: { type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": jwt } } }), null, /one security requirement/],
  ["JWT without audience", guarded({ type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": { ...jwt, jwtConfiguration: { issuer: "https://a.example" } } }), '"x-amazon-apigateway-authorizer"', /no audience/],
  ["JWT by http", guarded({ type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": { ...jwt, jwtConfiguration: { issuer: "http://a.example", audience: ["x"] } } }), '"http://a.example"', /in the clear/],
  ["an unknown extension", base({ root: { "x-amazon-apigateway-corse": {} } }), "x-amazon-apigateway-corse", /x-amazon-apigateway-corse.*did you mean 'x-amazon-apigateway-cors'/],
  ["an extension in the wrong place", base({ operation: { "x-amazon-apigateway-policy": {} } }), "x-amazon-apigateway-policy", /x-amazon-apigateway-policy/],
  ["swagger 2.0", { swagger: "2.0", info: { title: "t", version: "1" }, paths: {} }, null, /swagger|openapi/i],
  ["OpenAPI 3.1", { openapi: "3.1.0", info: { title: "t", version: "1" }, paths: {} }, null, /3\.1/],
  ["a template", { AWSTemplateFormatVersion: "2010-09-09", Resources: {} }, null, /template/i],
];

for (const [what, document, where, message, allow] of refusals)
  test(`refused: ${what}`, async () => {
    const { code, lines, text } = await check(document);
    assert.equal(code, 78, text);
    const found = lines.find((line) => message.test(line) && / error: /.test(line));
    assert.ok(found, text);
    const [, file, line, column] = /^([^:]+):(\d+):(\d+): error: /.exec(found);
    assert.equal(file, "api.json");
    const written = JSON.stringify(document, null, 1).split("\n")[line - 1];
    if (where) assert.ok(written.slice(column - 1).replace(/^"/, "").startsWith(where.replace(/^"/, "")), `column ${column} of ${written}`);
    if (!allow) return;
    const allowed = await check(document, { allowUnenforced: allow });
    assert.equal(allowed.code, 0, allowed.text);
    assert.ok(allowed.lines.some((other) => message.test(other) && / warning: .*allowUnenforced/.test(other)), allowed.text);
    assert.ok(!allowed.lines.some((other) => /allowUnenforced has no effect/.test(other)), allowed.text);
  });

// WebSocket definitions: the same, without an OpenAPI document around it.
const users = { authorizerType: "JWT", identitySource: ["route.request.querystring.token"], jwtConfiguration: { issuer: "https://a.example", audience: ["x"] } };
const mock = (fields = {}) => ({ integrationType: "MOCK", requestTemplates: { $default: '{"statusCode": 200}' }, ...fields });
const socket = ({ root = {}, connect = {}, message = {}, target = { integrationUri: "orders" }, routes = {} } = {}) => ({
  protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.action", ...root,
  routes: { $connect: connect, send: { integration: target, ...message }, ...routes },
});
const ofSocket = { protocolType: undefined, stages: [{ stageName: "prod" }] };
const socketRefusals = [
  ["AWS_IAM", socket({ connect: { authorizationType: "AWS_IAM" } }), '"AWS_IAM"', /AWS_IAM is not built yet/, ["authorizationType"]],
  ["an API key", socket({ connect: { apiKeyRequired: true } }), "apiKeyRequired", /API keys are not built yet/, ["apiKeyRequired"]],
  ["a Lambda authorizer", socket({ root: { authorizers: { guard: { ...users, authorizerType: "REQUEST" } } }, connect: { authorizer: "guard" } }), '"REQUEST"', /type REQUEST .*not built yet/, ["guard"]],
  ["an authorizer of messages", socket({ root: { authorizers: { users } }, message: { authorizer: "users" } }), "authorizer", /is not enforced: who may connect is decided on \$connect/],
  ["a model", socket({ message: { requestModels: { $default: "M" } } }), "requestModels", /'requestModels' in a route is not built yet/],
  ["a directive", socket({ target: mock({ requestTemplates: { $default: '#set($x = 1){"statusCode": 200}' } }) }), "#set", /directives of templates \('#set'\) are not built yet/],
  ["a function of templates", socket({ target: mock({ requestTemplates: { $default: "{$util.escapeJavaScript($input.body)}" } }) }), "$util", /\('\$util'\) are not built yet/],
  ["a function by another service", socket({ target: { integrationType: "AWS", integrationUri: "arn:aws:apigateway:eu-west-1:sqs:path/1/q" } }), '"arn:aws', /services other than Lambda are not built yet/],
  ["a reserved route", socket({ routes: { $connected: {} } }), "$connected", /begins with '\$'.*did you mean '\$connect'/],
  ["a misspelt field", socket({ message: { routeRespnse: {} } }), "routeRespnse", /did you mean 'routeResponse'/],
  ["a function that nobody has", socket({ target: { integrationUri: "order" } }), '"order"', /no function 'order'; did you mean 'orders'/],
  ["no way to choose a route", { protocolType: "WEBSOCKET", routes: {} }, null, /has no routeSelectionExpression/],
];

for (const [what, document, where, message, allow] of socketRefusals)
  test(`refused of a WebSocket API: ${what}`, async () => {
    const { code, lines, text } = await check(document, ofSocket);
    assert.equal(code, 78, text);
    const found = lines.find((line) => message.test(line) && / error: /.test(line));
    assert.ok(found, text);
    const [, file, line, column] = /^([^:]+):(\d+):(\d+): error: /.exec(found);
    assert.equal(file, "api.json");
    const written = JSON.stringify(document, null, 1).split("\n")[line - 1];
    if (where) assert.ok(written.slice(column - 1).replace(/^"/, "").startsWith(where.replace(/^"/, "")), `column ${column} of ${written}`);
    if (!allow) return;
    const allowed = await check(document, { ...ofSocket, allowUnenforced: allow });
    assert.equal(allowed.code, 0, allowed.text);
    assert.ok(allowed.lines.some((other) => message.test(other) && / warning: .*allowUnenforced/.test(other)), allowed.text);
  });

test("a WebSocket API: its kind, its stages, its routes", async () => {
  const document = socket({ root: { authorizers: { users } }, connect: { authorizer: "users", authorizationScopes: ["chat/connect"] } });
  assert.match((await check(document, { ...ofSocket, protocolType: "HTTP" })).text, /^api\.json:\d+:\d+: error: .*another protocolType/m);
  assert.match((await check(document, { ...ofSocket, stages: undefined })).text, /^turnpike\.yaml:\d+:\d+: error: 'stages' is missing/m);
  assert.match((await check(document, { ...ofSocket, docs: { path: "/docs" } })).text, /^turnpike\.yaml:\d+:\d+: error: 'docs' is for OpenAPI/m);
  const plain = await check(document, ofSocket);
  assert.equal(plain.code, 0, plain.text);
  assert.match(plain.text, /^turnpike\.yaml:\d+:\d+: warning: no TLS listener serves WebSocket API 'test'/m);

  const directory = temporaryDirectory();
  writeFiles(directory, { "api.json": document, "turnpike.yaml": { apis: [{ apiId: "test", definition: "api.json", ...ofSocket }], functions: functions("orders") } });
  const { stdout } = await run(["routes", "--json", "--config", "turnpike.yaml"], { cwd: directory });
  fs.rmSync(directory, { recursive: true });
  const [connect, send, ...others] = JSON.parse(stdout).routes;
  assert.deepEqual([connect.routeKey, connect.stage, connect.authorizer, connect.scopes], ["$connect", "prod", "users", ["chat/connect"]]);
  assert.deepEqual([send.routeKey, send.authorizer, send.integration.type, send.integration.function], ["send", null, "lambda", "orders"]);
  assert.deepEqual(others, []); // $disconnect is there, but nobody wrote it
});

test("allowUnenforced opens nothing that is enforced, and names nothing unknown", async () => {
  const document = guarded({ type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": jwt });
  const enforced = await check(document, { allowUnenforced: ["guard"] });
  assert.equal(enforced.code, 0);
  assert.match(enforced.text, /^turnpike\.yaml:\d+:\d+: warning: 'guard' in allowUnenforced has no effect/m);
  const unknown = await check(document, { allowUnenforced: ["gaurd"] });
  assert.equal(unknown.code, 78);
  assert.match(unknown.text, /^turnpike\.yaml:\d+:\d+: error: 'gaurd'.*did you mean 'guard'/m);
});

test("what AWS ignores on HTTP APIs is a warning", async () => {
  const { code, lines, text } = await check(base({ root: { "x-amazon-apigateway-binary-media-types": ["*/*"], "x-amazon-apigateway-gateway-responses": {}, "x-amazon-apigateway-minimum-compression-size": 1, "x-amazon-apigateway-request-validators": {} },
    target: { ...integration, passthroughBehavior: "when_no_match" } }));
  assert.equal(code, 0, text);
  for (const key of ["binary-media-types", "gateway-responses", "minimum-compression-size", "request-validators", "passthroughBehavior"])
    assert.ok(lines.some((line) => line.includes(key) && / warning: /.test(line)), `${key} in\n${text}`);
});

test("YAML: duplicate keys, bombs and anchors", async () => {
  const head = 'openapi: 3.0.1\ninfo: {title: t, version: "1"}\n';
  const twice = await check(`${head}paths:\n  /a: {}\n  /a: {}\n`);
  assert.match(twice.text, /^api\.yaml:5:3: error: .*\/a/m);
  let bomb = `${head}x0: &x0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n`;
  for (let i = 1; i < 12; i++) bomb += `x${i}: &x${i} [${Array(9).fill(`*x${i - 1}`).join(", ")}]\n`;
  const exploded = await check(`${bomb}paths: {}\n`);
  assert.equal(exploded.code, 78);
  assert.match(exploded.text, /^api\.yaml:\d+:\d+: error: .*(alias|expan|large|nodes)/mi);
  const circle = await check(`${head}paths:\n  /a: {$ref: "#/paths/~1b"}\n  /b: {$ref: "#/paths/~1a"}\n`);
  assert.equal(circle.code, 78);
  assert.match(circle.text, /^api\.yaml:[45]:\d+: error: /m);
  const cut = await check(`${head}paths: {\n`);
  assert.match(cut.text, /^api\.yaml:\d+:\d+: error: /m);
});

test("all problems of several documents at once", async () => {
  const directory = temporaryDirectory();
  const bad = (uri) => base({ target: { ...integration, uri } });
  writeFiles(directory, { "one.json": bad("http://a"), "two.json": bad("no such"), "turnpike.yaml": { functions: functions("orders"),
    apis: [{ apiId: "one", protocolType: "HTTP", definition: "one.json" }, { apiId: "two", protocolType: "HTTP", definition: "two.json" }, { apiId: "three", protocolType: "HTTP", definition: "none.json" }] } });
  const { code, stdout } = await run(["check", "--config", "turnpike.yaml"], { cwd: directory });
  fs.rmSync(directory, { recursive: true });
  assert.equal(code, 78);
  for (const pattern of [/^one\.json:\d+:\d+: error: 'http:/m, /^two\.json:\d+:\d+: error: 'no such'/m, /^turnpike\.yaml:\d+:\d+: error: 'none\.json' cannot be read/m])
    assert.match(stdout, pattern);
});
