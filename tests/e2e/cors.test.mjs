// Requests that cross origins: preflights, the headers of every other answer, and who decides.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { logged, send } from "./lib/client.mjs";
import { freePort, run, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";

const app = "https://app.example.com", local = "http://localhost:3000";
const full = {
  allowOrigins: [app, local], allowMethods: ["GET", "POST", "DELETE"], allowHeaders: ["authorization", "content-type"],
  exposeHeaders: ["x-total", "x-page"], allowCredentials: true, maxAge: 600,
};
const everybody = { allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], exposeHeaders: ["*"], maxAge: -1 };
const secure = { allowOrigins: ["https://*"], allowCredentials: true };
const nobody = { allowOrigins: [], allowMethods: ["GET"] };

// What the APIs answer to each origin: the value of access-control-allow-origin, or nothing.
const apis = {
  full: { cors: full, allows: (origin) => [app, local].includes(origin) && origin },
  everybody: { cors: everybody, allows: () => "*" },
  secure: { cors: secure, allows: (origin) => https.includes(origin) && origin },
  nobody: { cors: nobody, allows: () => false },
};
const https = [app, "https://evil.example.org", "https://[2001:db8::1]:8443", "https://app.example.com.evil.example.org", "https://x.app.example.com", "https://app.example.co"];
const origins = [
  ...https, local, "null", "https://app.example.com:443", "https://APP.example.com", "https://app.example.com/",
  "http://app.example.com", "https://", "https://*", "*",
  "https://app.example.com,https://evil.example.org", "https://evil.example.org\tx", "https://evil.example.org/<script>alert(1)</script>", "app.example.com", "file://", "\u00e9",
];

// What of an answer concerns other origins, by name.
const crossed = (answer) => {
  const fields = {};
  for (let i = 0; i < answer.raw.length; i += 2) {
    const name = answer.raw[i].toLowerCase();
    if (!name.startsWith("access-control-") && name !== "vary") continue;
    assert.ok(!(name in fields), `${name} stands twice`);
    fields[name] = answer.raw[i + 1];
  }
  return fields;
};

function expected(api, origin, preflight) {
  const { cors, allows } = apis[api];
  const allowed = origin !== undefined && allows(origin);
  const list = (value) => value?.length ? value.join(",") : undefined;
  if (!allowed) return {};
  const fields = {
    "access-control-allow-origin": allowed,
    "vary": allowed === "*" ? undefined : "origin",
    "access-control-allow-credentials": cors.allowCredentials ? "true" : undefined,
    ...(preflight ? {
      "access-control-allow-methods": list(cors.allowMethods),
      "access-control-allow-headers": list(cors.allowHeaders),
      "access-control-max-age": cors.maxAge === undefined ? undefined : String(cors.maxAge),
    } : { "access-control-expose-headers": list(cors.exposeHeaders) }),
  };
  return JSON.parse(JSON.stringify(fields));
}

const asks = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
const withOrigin = (origin, more = {}) => ({ ...(origin === undefined ? {} : { Origin: origin }), ...more });

let gateway, lambda, issuer, deadPort, token, poor;

const routes = () => {
  const guarded = { security: [{ users: ["items/write"] }] };
  return definition({
    "GET /open": "own", "POST /open": "own", "DELETE /guarded": { function: "own", ...guarded }, "ANY /any": "own", "OPTIONS /mine": "own",
    "ANY /locked": { function: "own", ...guarded }, "OPTIONS /locked-too": { function: "own", ...guarded }, "GET /closed": "own", "GET /broken": "broken", "GET /down": "down", "GET /large": "large", "POST /body": "own",
    "ANY /files/{proxy+}": { function: "own", ...guarded }, "OPTIONS /files/{proxy+}": "own",
  }, { components: { securitySchemes: { users: jwtScheme(issuer) } } });
};
const behindDefault = (more = {}) => definition({ "$default": { function: "own", security: [{ users: [] }] }, ...more },
  { components: { securitySchemes: { users: jwtScheme(issuer) } } });
const api = (apiId, more = {}) => ({
  apiId, protocolType: "HTTP", definition: "routes.json",
  stages: [{
    stageName: "$default", routeSettings: { "GET /closed": { throttlingRateLimit: 0, throttlingBurstLimit: 0 } },
    accessLogSettings: { format: "$context.requestId $context.httpMethod $context.path [$context.routeKey] $context.status" },
  }], ...more,
});
const plain = (apiId, definition, more = {}) => ({ apiId, protocolType: "HTTP", definition, ...more });

// A function that has opinions of its own.
const own = (event) => ({
  statusCode: 200,
  headers: { "Access-Control-Allow-Origin": "https://function.example", "access-control-allow-credentials": "true", "ACCESS-CONTROL-EXPOSE-HEADERS": "x-secret", "x-total": "5" },
  body: event.routeKey,
});

const config = () => ({
  apis: [
    ...Object.entries(apis).map(([id, { cors }]) => api(id, { corsConfiguration: cors })),
    api("none"),
    plain("default", "default.json", { corsConfiguration: full }),
    plain("mended", "mended.json", { corsConfiguration: full }),
    plain("document", "document.json"),
    plain("both", "document.json", { corsConfiguration: { allowOrigins: [local] } }),
  ],
  issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
  limits: { payloadBytes: 1000 },
  functions: { own: { endpoint: lambda.url }, broken: { endpoint: lambda.url }, large: { endpoint: lambda.url }, down: { endpoint: `http://127.0.0.1:${deadPort}` } },
});

before(async () => {
  issuer = await (await startIssuer()).addKey("one");
  deadPort = await freePort();
  lambda = await startLambda({
    own,
    broken: () => { throw new Error("broken"); },
    large: () => ({ statusCode: 200, headers: { "access-control-allow-origin": "*" }, body: "x".repeat(600000) }),
  });
  gateway = await startGateway({
    config: config(),
    files: {
      "routes.json": routes(),
      "default.json": behindDefault(),
      "mended.json": behindDefault({ "OPTIONS /{proxy+}": "own" }),
      "document.json": { ...definition({ "GET /open": "own" }), "x-amazon-apigateway-cors": { allowOrigins: [app], allowMethods: ["GET"], maxAge: 5 } },
    },
  });
  token = await issuer.token({ scope: "items/write" });
  poor = await issuer.token({ scope: "items/read" });
});
after(async () => { await gateway?.stop(); await lambda?.stop(); await issuer?.stop(); });

const ask = (id, method, path, headers, options = {}) => send(gateway, method, `/_aws/execute-api/${id}/$default${path}`, { headers, ...options });
const preflight = (id, path, origin, more = {}) => ask(id, "OPTIONS", path, withOrigin(origin, { ...asks, ...more }));

for (const id of Object.keys(apis))
  test(`${id}: every origin, asking first and not asking`, async () => {
    for (const origin of origins) {
      const raw = Buffer.from(origin, "utf8").toString("latin1");
      for (const path of ["/open", "/any", "/nowhere", "/guarded", "/mine"]) {
        const calls = lambda.calls.length;
        const answer = await preflight(id, path, raw);
        const what = `${path} from ${origin}`;
        assert.equal(answer.status, 204, what);
        assert.equal(answer.text, "");
        assert.ok(answer.id);
        assert.equal(answer.headers["content-length"], undefined);
        assert.equal(answer.headers["content-type"], undefined);
        assert.deepEqual(crossed(answer), expected(id, origin, true), what);
        assert.equal(lambda.calls.length, calls, "no function is asked");
      }
      const answer = await ask(id, "GET", "/open", withOrigin(raw));
      assert.deepEqual([answer.status, answer.text, answer.headers["x-total"]], [200, "GET /open", "5"]);
      assert.deepEqual(crossed(answer), expected(id, origin, false), `GET from ${origin}`);
    }
  });

test("without an origin nothing is said, and the function's words are taken out all the same", async () => {
  for (const id of Object.keys(apis)) {
    const answer = await ask(id, "GET", "/open", {});
    assert.deepEqual([answer.status, answer.text, answer.headers["x-total"]], [200, "GET /open", "5"]);
    assert.deepEqual(crossed(answer), {});
  }
});

test("several origins are none", async () => {
  for (const id of Object.keys(apis)) {
    const sent = { Origin: [app, app] };
    assert.deepEqual(crossed(await ask(id, "GET", "/open", sent)), {});
    const first = await ask(id, "OPTIONS", "/open", { ...sent, ...asks });
    assert.equal(first.status, 204);
    assert.deepEqual(crossed(first), {});
  }
});

test("OPTIONS that is no preflight is an ordinary request", async () => {
  for (const headers of [{}, { Origin: app }, asks]) {
    const found = await ask("full", "OPTIONS", "/mine", headers);
    assert.deepEqual([found.status, found.text], [200, "OPTIONS /mine"]);
    assert.deepEqual(crossed(found), expected("full", headers.Origin, false));
    const any = await ask("full", "OPTIONS", "/any", headers);
    assert.deepEqual([any.status, any.text], [200, "ANY /any"]);
    const missing = await ask("full", "OPTIONS", "/open", headers);
    assert.deepEqual([missing.status, missing.text], [404, '{"message":"Not Found"}']);
    assert.deepEqual(crossed(missing), expected("full", headers.Origin, false));
  }
});

test("an empty Access-Control-Request-Method asks, too, and a body does not matter", async () => {
  assert.equal((await ask("full", "OPTIONS", "/open", { Origin: app, "Access-Control-Request-Method": "" })).status, 204);
  const answer = await ask("full", "OPTIONS", "/open", { Origin: app, ...asks, "Content-Length": "5000" }, { body: "x".repeat(5000) });
  assert.equal(answer.status, 204);
  assert.deepEqual(crossed(answer), expected("full", app, true));
});

test("a preflight that selects a route with an authorizer meets it", async () => {
  for (const path of ["/locked", "/locked-too"]) {
    const calls = lambda.calls.length;
    const answer = await preflight("full", path, app);
    assert.deepEqual([answer.status, answer.text], [401, '{"message":"Unauthorized"}']);
    assert.equal(answer.headers["www-authenticate"], "Bearer");
    assert.deepEqual(crossed(answer), expected("full", app, true));
    assert.equal(lambda.calls.length, calls);
    const inside = await preflight("full", path, app, { Authorization: `Bearer ${token}` });
    assert.equal(inside.status, 200);
    assert.deepEqual(crossed(inside), expected("full", app, true));
  }
  // whatever the origin: it is the route that decides
  assert.equal((await preflight("full", "/locked", "https://evil.example.org")).status, 401);
  assert.equal((await preflight("everybody", "/locked", app)).status, 401);
});

test("a guard on the method asked for is not the preflight's matter", async () => {
  assert.equal((await preflight("full", "/guarded", app, { "Access-Control-Request-Method": "DELETE" })).status, 204);
});

test("$default behind an authorizer, and the remedy", async () => {
  assert.equal((await preflight("default", "/anything", app)).status, 401);
  const mended = await preflight("mended", "/anything/else", app);
  assert.equal(mended.status, 204);
  assert.deepEqual(crossed(mended), expected("full", app, true));
  assert.equal((await preflight("mended", "/", app)).status, 401, "a greedy parameter takes at least one segment");
  assert.equal((await ask("mended", "GET", "/anything", { Origin: app })).status, 401);
  const inside = await ask("mended", "GET", "/anything", { Origin: app, Authorization: `Bearer ${token}` });
  assert.deepEqual([inside.status, inside.text], [200, "$default"]);
  assert.deepEqual(crossed(inside), expected("full", app, false));
});

test("ANY behind an authorizer with OPTIONS beside it", async () => {
  const answer = await preflight("full", "/files/a/b", app);
  assert.equal(answer.status, 204);
  assert.deepEqual(crossed(answer), expected("full", app, true));
});

const refusals = [
  ["no token", "DELETE", "/guarded", {}, 401],
  ["a bad token", "DELETE", "/guarded", { Authorization: "Bearer x" }, 401],
  ["no scope", "DELETE", "/guarded", () => ({ Authorization: `Bearer ${poor}` }), 403],
  ["no route", "GET", "/nowhere", {}, 404],
  ["throttled", "GET", "/closed", {}, 429],
  ["a function that fails", "GET", "/broken", {}, 500],
  ["a function that is not there", "GET", "/down", {}, 503],
  ["too large", "POST", "/body", { "Content-Length": "2000" }, 413, "x".repeat(2000)],
];
for (const [what, method, path, headers, status, body] of refusals)
  test(`the gateway's own answers, too: ${what}`, async () => {
    const more = typeof headers === "function" ? headers() : headers;
    for (const origin of [app, "https://evil.example.org", undefined]) {
      const answer = await ask("full", method, path, withOrigin(origin, more), { body });
      assert.equal(answer.status, status);
      assert.match(answer.text, /^\{"message":"/);
      assert.deepEqual(crossed(answer), expected("full", origin, false));
      const anybody = await ask("everybody", method, path, withOrigin(origin, more), { body });
      assert.deepEqual([anybody.status, crossed(anybody)], [status, expected("everybody", origin, false)]);
    }
  });

test("no stage has the API's, no API has nobody's, no HTTP neither", async () => {
  const stage = await send(gateway, "GET", "/_aws/execute-api/full/none/open", { headers: { Origin: app } });
  assert.equal(stage.status, 404);
  const unknown = await send(gateway, "GET", "/open", { headers: { Origin: app } });
  assert.deepEqual([unknown.status, crossed(unknown)], [403, {}]);
  const escape = await ask("full", "GET", "/%zz", { Origin: app });
  assert.deepEqual([escape.status, crossed(escape)], [400, {}]);
});

test("a preflight costs no token of a bucket", async () => {
  for (let i = 0; i < 3; i++) assert.equal((await preflight("full", "/closed", app)).status, 204);
  assert.equal((await ask("full", "GET", "/closed", { Origin: app })).status, 429);
});

test("large answers and HEAD", async () => {
  const large = await ask("full", "GET", "/large", { Origin: app });
  assert.deepEqual([large.status, large.text.length], [200, 600000]);
  assert.deepEqual(crossed(large), expected("full", app, false));
  const head = await ask("full", "HEAD", "/any", { Origin: app });
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.deepEqual(crossed(head), expected("full", app, false));
});

test("without a configuration nothing is touched", async () => {
  const answer = await ask("none", "GET", "/open", { Origin: app });
  assert.deepEqual(crossed(answer), {
    "access-control-allow-origin": "https://function.example", "access-control-allow-credentials": "true", "access-control-expose-headers": "x-secret",
  });
  assert.equal((await preflight("none", "/open", app)).status, 404);
  const any = await preflight("none", "/any", app);
  assert.deepEqual([any.status, any.text], [200, "ANY /any"]);
});

test("the document's, and the configuration's before it", async () => {
  const document = await preflight("document", "/open", app);
  assert.deepEqual([document.status, crossed(document)], [204, {
    "access-control-allow-origin": app, "vary": "origin", "access-control-allow-methods": "GET", "access-control-max-age": "5",
  }]);
  assert.deepEqual(crossed(await preflight("document", "/open", local)), {});
  assert.deepEqual(crossed(await preflight("both", "/open", app)), {});
  assert.deepEqual(crossed(await preflight("both", "/open", local)), { "access-control-allow-origin": local, "vary": "origin" });
  const { code, stderr, stdout } = await run(["check", "--config", "turnpike.yaml"], { cwd: gateway.directory });
  assert.equal(code, 0, stderr);
  assert.match(stderr + stdout, /document\.json:\d+:\d+: notice: the configuration has corsConfiguration too: what it says holds/);
  assert.match(stderr + stdout, /default\.json:\d+:\d+: warning: preflights that select '\$default' meet its authorizer/);
  assert.doesNotMatch(stderr + stdout, /mended\.json/);
});

test("the access log has preflights, with the route that OPTIONS selects", async () => {
  const path = (name) => `/_aws/execute-api/full/$default${name}`;
  for (const [name, routeKey] of [["/open", "-"], ["/any", "ANY /any"], ["/mine", "OPTIONS /mine"]]) {
    const answer = await preflight("full", name, app);
    assert.equal((await logged(gateway, answer)).replace(answer.id, "ID"), `ID OPTIONS ${name} [${routeKey}] 204`, path(name));
  }
});

test("figures count preflights", async () => {
  const count = async () => Number(/turnpike_requests_total\{api="full",stage="\$default",[^}]*code="204"\} (\d+)/.exec(await gateway.metrics())?.[1] ?? 0);
  const earlier = await count();
  await preflight("full", "/open", app);
  assert.equal(await count(), earlier + 1);
});

test("many on one connection, requests between them", async () => {
  const { Agent } = await import("node:http");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set();
  agent.on("free", (socket) => sockets.add(socket));
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask("full", "OPTIONS", "/open", withOrigin(app, asks), { agent })).status, 204);
    assert.equal((await ask("full", "GET", "/open", { Origin: app }, { agent })).text, "GET /open");
  }
  agent.destroy();
  assert.equal(sockets.size, 1);
});

test("a reload changes it", async () => {
  const { apis: all, ...rest } = config();
  const changed = all.map((a) => (a.apiId === "full" ? { ...a, corsConfiguration: { allowOrigins: ["https://new.example.com"], maxAge: "1h" } } : a))
    .filter((a) => a.apiId !== "everybody").concat(api("everybody"));
  assert.equal((await gateway.reload({ ...rest, apis: changed })).code, 0);
  assert.deepEqual(crossed(await preflight("full", "/open", app)), {});
  assert.deepEqual(crossed(await preflight("full", "/open", "https://new.example.com")), {
    "access-control-allow-origin": "https://new.example.com", "vary": "origin", "access-control-max-age": "3600",
  });
  assert.equal((await preflight("everybody", "/open", app)).status, 404, "switched off");
  const refused = await gateway.reload({ ...rest, apis: [{ ...all[0], corsConfiguration: { allowOrigins: ["*"], allowCredentials: true } }] });
  assert.notEqual(refused.code, 0);
  assert.deepEqual(crossed(await preflight("full", "/open", "https://new.example.com"))["access-control-allow-origin"], "https://new.example.com", "nothing has changed");
  assert.equal((await gateway.reload({ ...rest, apis: all })).code, 0);
  assert.deepEqual(crossed(await preflight("full", "/open", app)), expected("full", app, true));
});
