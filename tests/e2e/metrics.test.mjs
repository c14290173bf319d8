// The admin listener: health, readiness and figures in the Prometheus text format.
import assert from "node:assert/strict";
import { after, before, test as unbounded } from "node:test";
import { withChat } from "./lib/chat.mjs";
import { send } from "./lib/client.mjs";
import { freePort, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { readMetrics, valueOf } from "./lib/prometheus.mjs";
import { exchange, Raw } from "./lib/raw.mjs";
import { open } from "./lib/websocket.mjs";

const test = (name, body) => unbounded(name, { timeout: 60000 }, body);
let lambda, issuer, gateway;

before(async () => {
  issuer = await (await startIssuer()).addKey("k1");
  lambda = await startLambda({
    echo: () => ({ statusCode: 200, body: "in" }),
    missing: () => ({ statusCode: 404, body: "none" }),
    throws: () => { throw new Error("no"); },
    wrong: () => ({ statusCode: "x" }),
    late: (event, call) => { call.pending = true; },
    throttled: (event, call) => call.reply(429, { "x-amzn-ErrorType": "TooManyRequestsException" }, "{}"),
    denied: (event, call) => call.reply(403, { "x-amzn-ErrorType": "AccessDeniedException" }, "{}"),
  });
  const closed = `http://127.0.0.1:${await freePort()}`;
  const names = ["echo", "missing", "throws", "wrong", "late", "throttled", "denied"];
  const secured = (scopes) => ({ function: "echo", security: [{ 'us"er\\s': scopes }] });
  gateway = await startGateway({
    config: {
      apis: [{ apiId: "shop", protocolType: "HTTP", definition: "api.json",
        stages: [{ stageName: "$default", routeSettings: { "GET /few": { throttlingRateLimit: 0, throttlingBurstLimit: 1 } } }, { stageName: "dev" }] }],
      functions: { ...Object.fromEntries(names.map((name) => [name, { endpoint: lambda.url }])), gone: { endpoint: closed } },
      issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
    },
    files: { "api.json": definition({
      "GET /pets/{id}": "echo", "POST /pets": "echo", "ANY /any": "echo", "GET /missing": "missing", "GET /throws": "throws", "GET /wrong": "wrong",
      "GET /late": { function: "late", timeoutInMillis: 60 }, "GET /throttled": "throttled", "GET /denied": "denied", "GET /gone": "gone", "GET /few": "echo",
      "GET /users": secured([]), "GET /scoped": secured(["a"]),
    }, { components: { securitySchemes: { 'us"er\\s': jwtScheme({ issuer: issuer.issuer }) } } }) },
  });
});
after(async () => { for (const each of [gateway, lambda, issuer]) await each?.stop(); });

const admin = (method, path, options) => send(gateway, method, path, { port: gateway.adminPort, ...options });
const metrics = async () => readMetrics(await gateway.metrics());
const route = (path, rest = {}) => ({ api: "shop", stage: "$default", route: path, ...rest });
// How much a series grew while `body` ran.
async function growth(name, labels, body) {
  const before = valueOf(await metrics(), name, labels) ?? 0;
  await body();
  return valueOf(await metrics(), name, labels) - before;
}

test("series of known routes are there before a request comes", async () => {
  const families = await metrics();
  for (const stage of ["$default", "dev"])
    for (const [path, method] of [["/pets/{id}", "GET"], ["/pets", "POST"], ["/any", "ANY"], ["(unmatched)", "ANY"]]) {
      assert.equal(valueOf(families, "turnpike_requests_total", { api: "shop", stage, route: path, method, code: "200", status_class: "2xx", protocol: "http" }) === undefined, false, `${stage} ${path}`);
      assert.equal(valueOf(families, "turnpike_request_duration_seconds_count", { api: "shop", stage, route: path, method }), 0, `${stage} ${path}`);
    }
  assert.equal(valueOf(families, "turnpike_throttled_total", route("/few", { limiter: "route" })), 0);
  assert.equal(valueOf(families, "turnpike_throttled_total", route("/pets", { limiter: "account" })), 0);
  for (const result of ["accepted", "refused", "forbidden"])
    assert.equal(valueOf(families, "turnpike_authorizer_duration_seconds_count", { api: "shop", authorizer: 'us"er\\s', result }), 0, "label values are escaped");
});

test("the endpoints, and nothing else", async () => {
  const health = await admin("GET", "/healthz");
  assert.deepEqual([health.status, health.text, health.headers["content-type"]], [200, "ok\n", "text/plain; charset=utf-8"]);
  const ready = await admin("GET", "/readyz");
  assert.deepEqual([ready.status, ready.text], [200, "ready\n"]);
  const figures = await admin("GET", "/metrics");
  assert.deepEqual([figures.status, figures.headers["content-type"]], [200, "text/plain; version=0.0.4; charset=utf-8"]);
  assert.equal((await admin("GET", "/metrics?name[]=x")).status, 200);
  assert.match((await admin("GET", "/")).text, /\/metrics/);
  const head = await admin("HEAD", "/metrics");
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.ok(Number(head.headers["content-length"]) > 1000);
  for (const path of ["/metrics/", "/metric", "/Metrics", "//metrics", "/healthz/x", "/%6detrics", "/pets/1", "/_aws/execute-api/shop/$default/pets/1"])
    assert.equal((await admin("GET", path)).status, 404, path);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
    for (const path of ["/metrics", "/healthz", "/readyz", "/"]) assert.equal((await admin(method, path)).status, 405, `${method} ${path}`);
  assert.equal((await admin("POST", "/nothing", { body: "x".repeat(100000) }).catch(() => ({ status: 404 }))).status, 404);
  for (const path of ["/healthz", "/readyz", "/metrics"]) assert.equal((await send(gateway, "GET", path)).status, 404, "never on a public listener");
});

test("what is no request there is refused, and it lives on", async () => {
  for (const bytes of ["nonsense\r\n\r\n", "GET /metrics HTTP/1.1\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", `GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
    assert.match(await exchange(gateway.adminPort, bytes), /^HTTP\/1\.1 4\d\d /);
  const raw = await Raw.open(gateway.adminPort);
  raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.equal((await raw.closed()).match(/HTTP\/1\.1 200/g).length, 2);
  raw.close();
});

const names = {
  turnpike_requests_total: ["counter", ["api", "stage", "protocol", "method", "route", "status_class", "code"]],
  turnpike_request_duration_seconds: ["histogram", ["api", "stage", "route", "method"]],
  turnpike_integration_duration_seconds: ["histogram", ["api", "stage", "route", "method", "integration"]],
  turnpike_request_size_bytes: ["histogram", ["api", "stage"]],
  turnpike_response_size_bytes: ["histogram", ["api", "stage"]],
  turnpike_authorizer_duration_seconds: ["histogram", ["api", "authorizer", "result"]],
  turnpike_authorizer_cache_total: ["counter", ["result"]],
  turnpike_jwks_refresh_total: ["counter", ["issuer", "result"]],
  turnpike_jwks_last_success_timestamp_seconds: ["gauge", ["issuer"]],
  turnpike_throttled_total: ["counter", ["api", "stage", "route", "limiter"]],
  turnpike_lambda_invocations_total: ["counter", ["function", "result"]],
  turnpike_backend_inflight_requests: ["gauge", ["backend"]],
  turnpike_config_reload_total: ["counter", ["result"]],
  turnpike_config_last_reload_success_timestamp_seconds: ["gauge", []],
  turnpike_build_info: ["gauge", ["version"]],
  process_cpu_seconds_total: ["counter", []], process_resident_memory_bytes: ["gauge", []], process_start_time_seconds: ["gauge", []],
  process_open_fds: ["gauge", []], process_max_fds: ["gauge", []],
};

test("names, types and labels, from the start", async () => {
  const families = await metrics();
  for (const [name, [type, labels]] of Object.entries(names)) {
    const family = families.get(name);
    assert.ok(family?.series.length, name);
    assert.equal(family.type, type, name);
    for (const series of family.series) {
      const { le, ...rest } = series.labels;
      assert.deepEqual(Object.keys(rest).sort(), [...labels].sort(), name);
    }
  }
  for (const name of families.keys()) assert.match(name, /^(turnpike|process)_[a-z_]+$/);
  assert.equal(valueOf(families, "turnpike_build_info"), 1);
  const bounds = families.get("turnpike_request_duration_seconds").series.filter((s) => s.name.endsWith("_bucket") && s.labels.route === "/pets" && s.labels.stage === "dev").map((s) => s.labels.le);
  assert.deepEqual(bounds, ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "+Inf"]);
});

test("requests are counted by route template and status", async () => {
  const counted = { code: "200", status_class: "2xx", method: "GET" };
  assert.equal(await growth("turnpike_requests_total", route("/pets/{id}", counted), async () => { for (const id of [1, 2, 3]) await send(gateway, "GET", `/pets/${id}`); }), 3);
  assert.equal(await growth("turnpike_requests_total", { ...route("/pets/{id}", counted), stage: "dev" }, () => send(gateway, "GET", "/dev/pets/1")), 1);
  assert.equal(await growth("turnpike_requests_total", route("/any", { code: "200", method: "ANY" }), () => send(gateway, "PATCH", "/any")), 1);
  assert.equal(await growth("turnpike_requests_total", route("/missing", { code: "404", status_class: "4xx" }), () => send(gateway, "GET", "/missing")), 1);
  assert.equal(await growth("turnpike_requests_total", route("(unmatched)", { code: "404" }), async () => { for (const path of ["/a", "/b", "/c/d"]) await send(gateway, "GET", path); }), 3);
  assert.equal(await growth("turnpike_gateway_responses_total", { api: "shop", stage: "$default", type: "RESOURCE_NOT_FOUND" }, () => send(gateway, "GET", "/nothing")), 1);
  assert.equal(await growth("turnpike_request_duration_seconds_count", route("/pets/{id}"), () => send(gateway, "GET", "/pets/1")), 1);
  assert.equal(await growth("turnpike_integration_duration_seconds_count", route("/pets/{id}", { integration: "lambda" }), () => send(gateway, "GET", "/pets/1")), 1);
});

test("sizes are those of the bodies", async () => {
  const sized = { api: "shop", stage: "$default" };
  const body = () => send(gateway, "POST", "/pets", { body: "x".repeat(1000), headers: { "Content-Length": "1000" } });
  assert.equal(await growth("turnpike_request_size_bytes_sum", sized, body), 1000);
  assert.equal(await growth("turnpike_response_size_bytes_sum", sized, body), 2);
});

test("each way in which an integration fails has its reason", async () => {
  for (const [path, reason, code] of [["/throws", "function_error", "500"], ["/wrong", "malformed", "500"], ["/late", "timeout", "503"], ["/throttled", "throttled", "503"],
    ["/denied", "status", "500"], ["/gone", "connect", "503"]]) {
    assert.equal(await growth("turnpike_integration_errors_total", route(path, { reason }), async () => assert.equal((await send(gateway, "GET", path)).status, Number(code), path)), 1, path);
    assert.equal(valueOf(await metrics(), "turnpike_requests_total", route(path, { code })), 1, path);
  }
  const families = await metrics();
  for (const [name, result] of [["throws", "error"], ["late", "timeout"], ["throttled", "throttle"], ["missing", "ok"]])
    assert.ok(valueOf(families, "turnpike_lambda_invocations_total", { function: name, result }) >= 1, `${name} ${result}`);
});

test("authorizers and buckets", async () => {
  const users = (result) => ({ api: "shop", authorizer: 'us"er\\s', result });
  const headers = { Authorization: await issuer.token() };
  assert.equal(await growth("turnpike_authorizer_duration_seconds_count", users("accepted"), () => send(gateway, "GET", "/users", { headers })), 1);
  assert.equal(await growth("turnpike_authorizer_duration_seconds_count", users("refused"), () => send(gateway, "GET", "/users")), 1);
  assert.equal(await growth("turnpike_authorizer_duration_seconds_count", users("forbidden"), () => send(gateway, "GET", "/scoped", { headers })), 1);
  assert.equal(await growth("turnpike_throttled_total", route("/few", { limiter: "route" }), async () => { for (let i = 0; i < 4; i++) await send(gateway, "GET", "/few"); }), 3);
  const families = await metrics();
  assert.equal(valueOf(families, "turnpike_jwks_refresh_total", { issuer: issuer.issuer, result: "success" }), 1);
  assert.ok(valueOf(families, "turnpike_jwks_last_success_timestamp_seconds", { issuer: issuer.issuer }) > 1.6e9);
});

test("reloads are counted, and the figures go on", async () => {
  const requests = () => metrics().then((families) => valueOf(families, "turnpike_requests_total", route("/pets/{id}", { code: "200" })));
  const before = await requests();
  assert.equal(await growth("turnpike_config_reload_total", { result: "success" }, () => gateway.reload()), 1);
  assert.equal(await requests(), before);
  gateway.write({ "api.json": "{" });
  assert.equal(await growth("turnpike_config_reload_total", { result: "failure" }, async () => { gateway.child.kill("SIGHUP"); await gateway.line(/not reloaded/); }), 1);
  assert.equal((await send(gateway, "GET", "/pets/1")).status, 200);
  assert.equal(await requests(), before + 1);
});

test("a paused scraper and 100 more hold nobody up", async () => {
  const idle = await Promise.all(Array.from({ length: 100 }, () => Raw.open(gateway.adminPort)));
  assert.equal((await send(gateway, "GET", "/pets/1")).status, 200);
  for (const raw of idle) raw.close();
  let health;
  do health = await admin("GET", "/healthz").catch(() => null); while (!health);
  assert.equal(health.status, 200);
});

test("WebSocket APIs: connections, handshakes, messages, pushes and ends", () => withChat({
  routes: { $connect: {}, $disconnect: {}, tell: {}, ask: { twoWay: true }, fail: {} },
  on: {
    $connect: ({ queryStringParameters }) => ({ statusCode: queryStringParameters ? 403 : 200 }),
    fail: () => { throw new Error("no"); },
    ask: () => ({ statusCode: 200, body: "answer" }),
  },
  config: { managementApi: { authorizationType: "NONE", listeners: ["local"] } },
}, async ({ gateway: chat, room }) => {
  const read = async () => {
    const families = readMetrics(await chat.metrics());
    return (name, labels = {}) => valueOf(families, `turnpike_${name}`, { api: "chat", stage: "prod", ...labels });
  };
  const client = await open(chat, "/prod");
  const { connectionId } = room.of("$connect").at(-1).requestContext;
  await assert.rejects(open(chat, "/prod?no=1"), (error) => error.answer.status === 403);
  client.send('{"action":"tell"}');
  await room.event("tell");
  await client.ask('{"action":"ask"}');
  await client.ask('{"action":"fail"}');
  await client.ask("nowhere");
  for (const method of ["POST", "POST", "GET"])
    assert.equal((await send(chat, method, `/prod/@connections/${connectionId}`, { body: method === "POST" ? "pushed" : "" })).status, 200);

  let value = await read();
  assert.equal(value("websocket_connections"), 1);
  assert.deepEqual(["ok", "403", "401", "429", "4xx", "5xx"].map((result) => value("websocket_connects_total", { result })), [1, 1, 0, 0, 0, 0]);
  const messages = (route) => ["in", "out"].map((direction) => value("websocket_messages_total", { direction, route }));
  assert.deepEqual(Object.fromEntries(["tell", "ask", "fail", "(unmatched)"].map((route) => [route, messages(route)])),
    { tell: [1, 0], ask: [1, 1], fail: [1, 1], "(unmatched)": [1, 1] });
  assert.equal(value("websocket_messages_total", { direction: "out", route: "@connections" }), 2);
  assert.deepEqual(["post", "get"].map((op) => value("websocket_management_requests_total", { op, code: "200" })), [2, 1]);
  assert.equal(value("integration_duration_seconds_count", { route: "ask" }), 1);
  assert.equal(value("integration_errors_total", { route: "fail" }), 1);

  await client.close(4000);
  await chat.quiet();
  value = await read();
  assert.equal(value("websocket_connections"), 0);
  assert.equal(value("websocket_disconnects_total", { code: "4000" }), 1);
}));
