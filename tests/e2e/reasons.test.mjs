// Why the gateway answered itself: in the log always, with the request's id; in x-turnpike-reason
// under development alone.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { startBackend } from "./lib/backend.mjs";
import { test } from "./lib/bounded.mjs";
import { send } from "./lib/client.mjs";
import { freePort, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition } from "./lib/lambda.mjs";
import { Raw } from "./lib/raw.mjs";

// A definition with routes to HTTP backends beside those to functions.
function withBackends(backends, functions, extra) {
  const document = definition(functions, extra);
  for (const [key, integration] of Object.entries(backends))
    document.paths[key.split(" ")[1]] = { get: { responses: { default: { description: "its own" } }, "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "GET", ...integration } } };
  return document;
}

let issuer, backend, nobody;
const gateways = {};

const refusals = {
  broken: { body: '{"errorType":"Error","errorMessage":"boom"}', fields: "X-Amz-Function-Error: Unhandled\r\n" },
  odd: { body: "<html>" },
  unknown: { body: '{"Message":"Function not found: unknown"}', fields: "x-amzn-ErrorType: ResourceNotFoundException\r\n", status: "404 Not Found" },
  slow: null,
  hasty: null,
};

function answer(call) {
  if (call.line === "GET /garbage HTTP/1.1") return call.send("garbage\r\n\r\n");
  if (call.line === "GET /status HTTP/1.1") return call.answer("x", "None: 2\r\n");
  if (call.line === "GET /slow HTTP/1.1") return undefined;
  const name = /functions\/(\w+)\//.exec(call.line)[1], what = refusals[name];
  if (what) call.answer(what.body, what.fields, what.status);
  else if (what === undefined) call.answer('{"statusCode":200}');
}

async function start(development) {
  const at = { endpoint: backend.url, timeout: 20 };
  return startGateway({
    config: {
      development,
      apis: [
        { apiId: "shop", protocolType: "HTTP", definition: "shop.json", stages: [{ stageName: "$default", routeSettings: { "GET /busy": { throttlingRateLimit: 0.5, throttlingBurstLimit: 0 } } }] },
        { apiId: "staged", protocolType: "HTTP", definition: "shop.json", stages: [{ stageName: "dev" }, { stageName: "prod" }] },
        { apiId: "shut", protocolType: "HTTP", definition: "shop.json", disableExecuteApiEndpoint: true },
        { apiId: "pages", protocolType: "HTTP", definition: "pages.json" },
      ],
      domains: [{ domainName: "api.example.com", apiMappings: [{ apiId: "shop", stage: "$default", apiMappingKey: "v1" }] }],
      functions: { fine: at, broken: at, odd: at, unknown: at, slow: at, hasty: { ...at, timeout: "50ms" }, gone: { endpoint: `http://127.0.0.1:${nobody}` },
        full: { ...at, maxConcurrency: 1, maxQueue: 0 } },
      issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }, { issuer: "https://away.test", jwksUri: `http://127.0.0.1:${nobody}/keys.json` }],
      limits: { payloadBytes: 1000, headerTimeout: "200ms", bodyTimeout: "200ms" },
    },
    files: {
      "shop.json": withBackends({
        "GET /http/gone": { uri: `http://127.0.0.1:${nobody}/x?key=secret` }, "GET /http/slow": { uri: `${backend.url}/slow`, timeoutInMillis: 50 },
        "GET /http/{proxy+}": { uri: `${backend.url}/{proxy}` }, "GET /http/unset": { uri: "http://${stageVariables.none}/x" },
        "GET /http/garbage": { uri: `${backend.url}/garbage` },
        "GET /http/status": { uri: `${backend.url}/status`, responseParameters: { 200: { "overwrite:statuscode": "$response.header.none" } } },
        "GET /http/mapped/{id}": { uri: backend.url, requestParameters: { "overwrite:path": "/${request.path.id}" } },
      }, {
        "GET /fine": "fine", "POST /fine": "fine", "GET /busy": "fine", "GET /broken": "broken", "GET /odd": "odd", "GET /unknown": "unknown", "GET /gone": "gone",
        "GET /slow": { function: "slow", timeoutInMillis: 50 }, "GET /hasty": "hasty",
        "GET /token": { function: "fine", security: [{ users: [] }] }, "GET /scoped": { function: "fine", security: [{ users: ["a/read", "a/write"] }] },
        "GET /query": { function: "fine", security: [{ query: [] }] }, "GET /away": { function: "fine", security: [{ away: [] }] },
        "GET /long/{proxy+}": { function: "fine", security: [{ users: [] }] },
      }, { components: { securitySchemes: {
        users: jwtScheme({ issuer: issuer.issuer, audience: ["app", "web"] }), query: jwtScheme({ issuer: issuer.issuer, identitySource: "$request.querystring.token" }),
        away: jwtScheme({ issuer: "https://away.test" }),
      } } }),
      "pages.json": definition({ "GET /odd": "odd" }, { "x-amazon-apigateway-cors": { allowOrigins: ["https://page.test"], exposeHeaders: ["x-own"] } }),
    },
  });
}

before(async () => {
  issuer = await (await startIssuer()).addKey("k1");
  backend = await startBackend({ onCall: answer });
  nobody = await freePort();
  gateways.development = await start(true);
  gateways.production = await start(false);
});
after(async () => {
  for (const gateway of Object.values(gateways)) await gateway.stop();
  await backend.stop();
  await issuer.stop();
});

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const shop = (path, options = {}) => ({ method: "GET", path, ...options, headers: { Host: "shop.execute-api.localhost", ...options.headers } });
const users = "authorizer 'users' (issuer 'https://issuer.test', audience 'app', 'web'): ";

// name, status, the request (or a function that makes it), the whole reason, the level of its line
const cases = [
  ["a bad escape", 400, shop("/%zz"), "a % in the path is not followed by two hexadecimal digits"],
  ["a NUL", 400, shop("/a%00"), "the path has a NUL (%00)"],
  ["an asterisk", 400, shop("*", { method: "OPTIONS" }), "the request's target is no path: it does not begin with a slash"],
  ["no API of that id", 403, shop("/x", { headers: { Host: "none.execute-api.localhost" } }), "this listener serves no API of that id; the host is 'none.execute-api.localhost', the path '/x'"],
  ["no such host", 403, shop("/x?secret=1", { headers: { Host: "nobody.test" } }), "the host is neither a domain nor {apiId}.execute-api.{suffix}, which only one API without domains can do without; the host is 'nobody.test', the path '/x'"],
  ["no mapping", 403, shop("/v2/x", { headers: { Host: "api.example.com" } }), "the domain has no API mapping for this path on this listener; the host is 'api.example.com', the path '/v2/x'"],
  ["no stage", 404, shop("/fine", { headers: { Host: "staged.execute-api.localhost" } }), "the path begins with no stage of API 'staged', which has 'dev', 'prod'; it is '/fine'"],
  ["domains alone", 404, shop("/fine", { headers: { Host: "shut.execute-api.localhost" } }), "API 'shut' is reached by its domains alone (disableExecuteApiEndpoint)"],
  ["no route", 404, shop("/nowhere?secret=1"), "API 'shop' has no such route: GET /nowhere"],
  ["no token", 401, shop("/token"), `${users}no token came in header 'Authorization'`],
  ["no token in the query", 401, shop("/query"), "authorizer 'query' (issuer 'https://issuer.test', audience 'app'): no token came in query parameter 'token'"],
  ["a malformed token", 401, shop("/token", { headers: bearer("rubbish") }), `${users}token contains an invalid number of segments`],
  ["an expired token", 401, async () => shop("/token", { headers: bearer(await issuer.token({ exp: 1 })) }), `${users}the token has expired`],
  ["another audience", 401, async () => shop("/token", { headers: bearer(await issuer.token({ aud: "else" })) }), `${users}the token does not have a valid audience`],
  ["another issuer", 401, async () => shop("/token", { headers: bearer(await issuer.token({ iss: "https://else.test" })) }), `${users}issuer does not match`],
  ["an unknown key", 401, async () => shop("/token", { headers: bearer(await issuer.token({}, { header: { kid: "k9" } })) }), `${users}the key id of the token is not known: known are 'k1'`],
  ["keys that cannot be fetched", 401, async () => shop("/away", { headers: bearer(await issuer.token()) }),
    () => `authorizer 'away' (issuer 'https://away.test', audience 'app'): JWKS communication error: key set http://127.0.0.1:${nobody}/keys.json: …`],
  ["no scope", 403, async () => shop("/scoped", { headers: bearer(await issuer.token({ scope: "b" })) }), "authorizer 'users' (issuer 'https://issuer.test', audience 'app', 'web'): the token has none of the scopes 'a/read', 'a/write' of route 'GET /scoped'"],
  ["a long ARN", 414, shop(`/long/${"x".repeat(1600)}`), "method and path make the ARN that authorizer 'users' protects longer than 1600 bytes"],
  ["a large body", 413, shop("/fine", { method: "POST", body: "x".repeat(1001) }), "the body is larger than the 1000 bytes of limits.payloadBytes"],
  ["a route's throttle", 429, shop("/busy"), "routeSettings of stage '$default' allows route 'GET /busy' 0.5 requests a second, 0 at once"],
  ["a function that fails", 500, shop("/broken"), () => `function 'broken' at ${backend.url}: The Lambda function returned the following error: boom. Check your Lambda function code and try again.`],
  ["a result that is none", 500, shop("/odd"), () => `function 'odd' at ${backend.url}: …`, "warning"],
  ["an unknown function", 500, shop("/unknown"), () => `function 'unknown' at ${backend.url}: Lambda refused the invocation: 404 ResourceNotFoundException: Function not found: unknown`, "warning"],
  ["nobody there", 503, shop("/gone"), () => `function 'gone' at http://127.0.0.1:${nobody}: The function's endpoint failed: connect to 127.0.0.1 port ${nobody}: Connection refused`, "warning"],
  ["the integration's time", 503, shop("/slow"), () => `function 'slow' at ${backend.url}: The function did not answer within the integration's timeout. (timeoutInMillis is 50)`, "warning"],
  ["the function's time", 500, shop("/hasty"), () => `function 'hasty' at ${backend.url}: The Lambda function returned the following error: Task timed out after 0.05 seconds. Check your Lambda function code and try again.`],
  ["no HTTP backend there", 503, shop("/http/gone?x=1"), () => `backend 'http://127.0.0.1:${nobody}/x': The backend failed: connect to 127.0.0.1 port ${nobody}: Connection refused`, "warning"],
  ["a backend's time", 503, shop("/http/slow"), () => `backend '${backend.url}/slow': The backend did not answer in time. (timeoutInMillis is 50)`, "warning"],
  ["a backend that speaks no HTTP", 500, shop("/http/garbage"), () => `backend '${backend.url}/garbage': The backend's answer is malformed: …`, "warning"],
  ["a path that climbs", 400, shop("/http/..%2Fx"), "the path for the backend has a segment '.' or '..'"],
  ["a variable that is missing", 500, shop("/http/unset"), "backend 'http://${stageVariables.none}/x': the stage lacks a variable of the URI", "warning"],
  ["a mapped status that is none", 500, shop("/http/status"), "the integration's responseParameters for status 200: …", "warning"],
  ["a mapped path that climbs", 400, shop("/http/mapped/.."), "'overwrite:path' of the integration's requestParameters gives a path with a segment '.' or '..'"],
];

const quote = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const same = (text, expected) => new RegExp(`^${quote(expected).replaceAll("…", ".+")}$`).test(text);

// The line of the log that has the answer's request id.
async function lineOf(gateway, id) {
  const line = await gateway.line(new RegExp(`requestId="?${quote(id)}`));
  return /^\S+ (\w+): (\d+) [A-Za-z ]+: (.*) \[requestId=/.exec(line);
}

for (const [name, status, request, why, level = "notice"] of cases) {
  test(`${status}: ${name}`, async () => {
    const { method, path, ...rest } = typeof request === "function" ? await request() : request;
    const expected = typeof why === "function" ? why() : why;
    for (const [kind, gateway] of Object.entries(gateways)) {
      const got = await send(gateway, method, path, rest);
      assert.equal(got.status, status);
      const [, logLevel, logStatus, reason] = await lineOf(gateway, got.id);
      assert.ok(same(reason, expected), `${reason}\nis not\n${expected}`);
      assert.deepEqual([logLevel, Number(logStatus)], [level, status]);
      assert.equal(got.headers["x-turnpike-reason"], kind === "development" ? reason : undefined);
    }
  });
}

test("the methods that a path does have are told to developers", async () => {
  const request = [404, "DELETE", "/fine", { headers: { Host: "shop.execute-api.localhost" } }];
  const developer = await send(gateways.development, ...request.slice(1));
  assert.equal(developer.headers["x-turnpike-reason"], "API 'shop' has no such route (but for 'GET', 'POST'): DELETE /fine");
  const stranger = await send(gateways.production, ...request.slice(1));
  assert.equal((await lineOf(gateways.production, stranger.id))[3], "API 'shop' has no such route: DELETE /fine");
});

// What the parser refuses, or waits for in vain.
const host = "Host: shop.execute-api.localhost\r\n";
const bytes = [
  ["a malformed request line", 400, "GET  / HTTP/1.1\r\n\r\n", /^\S/],
  ["malformed chunks", 400, `POST /fine HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, /^a malformed chunked body$/],
  ["a head that does not end", 408, `GET /fine HTTP/1.1\r\n${host}`, /^the head did not come in time \(limits\.headerTimeout\)$/],
  ["a body that does not end", 408, `POST /fine HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nx`, /^the body did not come in time \(limits\.bodyTimeout\)$/],
  ["a large head", 431, `GET /fine HTTP/1.1\r\n${host}X: ${"x".repeat(10240)}\r\n\r\n`, /^the head is too large \(limits\.headerBytes; 128 fields at most\)$/],
  ["many fields", 431, `GET /fine HTTP/1.1\r\n${host}${"X: x\r\n".repeat(128)}\r\n`, /^too many fields \(limits\.headerBytes; 128 fields at most\)$/],
  ["a transfer coding", 501, `POST /fine HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, /^\S/],
  ["a version", 505, `GET /fine HTTP/2.0\r\n${host}\r\n`, /^\S/],
];
for (const [name, status, text, why] of bytes) {
  test(`${status}: ${name}`, async () => {
    for (const [kind, gateway] of Object.entries(gateways)) {
      const raw = await Raw.open(gateway.port);
      const got = await raw.send(text).answer();
      raw.close();
      assert.equal(got.status, status);
      const [, , , reason] = await lineOf(gateway, got.headers["apigw-requestid"]);
      assert.match(reason, why);
      assert.equal(got.headers["x-turnpike-reason"], kind === "development" ? reason : undefined);
    }
  });
}

describe("what strangers put into a reason", () => {
  test("is cut: eight kilobytes of path are not repeated", async () => {
    for (const target of [`/${"y".repeat(8000)}`, `/${"%C3%A9".repeat(1300)}`]) {
      const got = await send(gateways.development, "GET", target, { headers: { Host: "shop.execute-api.localhost" } });
      assert.ok(got.headers["x-turnpike-reason"].length <= 510, String(got.headers["x-turnpike-reason"].length));
      assert.match(got.headers["x-turnpike-reason"], /\.\.\.$/);
      const line = await gateways.development.line(new RegExp(quote(got.id)));
      assert.ok(line.length < 800);
      assert.ok(!line.includes("\\x"), "no half of a character");
    }
  });

  test("cannot end a line, or a field", async () => {
    const got = await send(gateways.development, "GET", "/a%0d%0ax-evil:%201%1b[31m%C2%85%F0%9F%98%80", { headers: { Host: "shop.execute-api.localhost" } });
    assert.equal(got.headers["x-evil"], undefined);
    assert.equal(got.headers["x-turnpike-reason"], "API 'shop' has no such route: GET /a??x-evil: 1?[31m??????");
    const line = await gateways.development.line(new RegExp(quote(got.id)));
    assert.ok(line.includes("GET /a\\x0d\\x0ax-evil: 1\\x1b[31m"), line);
  });

  test("never is a token, a query string or a header", async () => {
    const token = await issuer.token({ sub: "somebody-secret", aud: "else" });
    const secrets = [token, token.split(".")[1], "somebody-secret", "query-secret"];
    for (const path of ["/token", `/query?token=${token}&x=query-secret`, "/nowhere?x=query-secret"]) {
      const got = await send(gateways.development, "GET", path, { headers: { Host: "shop.execute-api.localhost", ...bearer(token) } });
      const line = await gateways.development.line(new RegExp(quote(got.id)));
      for (const secret of secrets) assert.ok(!line.includes(secret) && !got.headers["x-turnpike-reason"].includes(secret), line);
    }
  });
});

describe("pages of other origins", () => {
  const ask = (gateway, origin) => send(gateway, "GET", "/odd", { headers: { Host: "pages.execute-api.localhost", Origin: origin } });

  test("read the reason where they may read the answer", async () => {
    const got = await ask(gateways.development, "https://page.test");
    assert.equal(got.status, 500);
    assert.equal(got.headers["access-control-expose-headers"], "x-own, x-turnpike-reason");
  });

  test("are not told of it elsewhere", async () => {
    assert.equal((await ask(gateways.development, "https://else.test")).headers["access-control-expose-headers"], undefined);
    assert.equal((await ask(gateways.production, "https://page.test")).headers["access-control-expose-headers"], "x-own");
  });
});

test("an answer that is not the gateway's own has no reason", async () => {
  const got = await send(gateways.development, "GET", "/fine", { headers: { Host: "shop.execute-api.localhost" } });
  assert.equal(got.status, 200);
  assert.equal(got.headers["x-turnpike-reason"], undefined);
});
