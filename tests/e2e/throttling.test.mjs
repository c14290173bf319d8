// Token buckets at account, stage and route. Rates are so small that no test sees a bucket refill by
// itself; where one shall, the clock is moved on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { send } from "./lib/client.mjs";
import { startClock } from "./lib/clock.mjs";
import { run, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";

const SLOW = 0.001;
let lambda, clock;
before(async () => { clock = startClock(); lambda = await startLambda({ echo: () => ({ statusCode: 200, body: "in" }) }); });
after(async () => { await lambda.stop(); clock.stop(); });

const limits = (throttlingBurstLimit, throttlingRateLimit = SLOW) => ({ throttlingRateLimit, throttlingBurstLimit });
const routes = { "GET /a": "echo", "GET /b": "echo", "ANY /c": "echo", "GET /d/{id}": "echo" };
const configured = (stages, rest = {}) => ({
  apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json", stages }],
  functions: { echo: { endpoint: lambda.url } },
  ...rest,
});

// Starts a daemon with these stages, hands it to `body` with `statuses(n, path)`, and stops it.
async function withStages(stages, rest, body) {
  const gateway = await startGateway({ config: configured(stages, rest), files: { "api.json": definition(routes) }, env: clock.env });
  const statuses = async (count, path, method = "GET") => {
    const all = [];
    for (let i = 0; i < count; i++) all.push((await send(gateway, method, path)).status);
    return all;
  };
  try { await body({ gateway, statuses }); } finally { await gateway.stop(); }
}
const ok = (n) => Array(n).fill(200), refused = (n) => Array(n).fill(429);
const listing = async (gateway) => {
  const listed = await run(["routes", "--json", "--config", "turnpike.yaml"], { cwd: gateway.directory });
  assert.equal(listed.code, 0, listed.stderr);
  return JSON.parse(listed.stdout);
};
const throttled = async (gateway) => Object.fromEntries([...(await gateway.metrics()).matchAll(/^turnpike_throttled_total\{(.*)\} (\d+)$/gm)]
  .map(([, labels, count]) => [["stage", "route", "limiter"].map((name) => new RegExp(`${name}="([^"]*)"`).exec(labels)[1]).join(" "), Number(count)])
  .filter(([, count]) => count > 0));

test("what is refused looks as on AWS, and its function is not called", () => withStages([{ stageName: "$default", defaultRouteSettings: limits(1) }], {}, async ({ gateway }) => {
  await send(gateway, "GET", "/a");
  const before = lambda.calls.length;
  const answer = await send(gateway, "GET", "/a");
  assert.deepEqual([answer.status, answer.text, answer.headers["content-type"]], [429, '{"message":"Too Many Requests"}', "application/json"]);
  assert.deepEqual([answer.headers["retry-after"], answer.headers["x-amzn-errortype"], answer.id.length], [undefined, undefined, 16]);
  assert.equal((await send(gateway, "HEAD", "/c")).status, 200);
  const head = await send(gateway, "HEAD", "/c");
  assert.deepEqual([head.status, head.text, head.headers["content-length"]], [429, "", "31"]);
  assert.equal(lambda.calls.length, before + 1);
}));

test("the stage's default: a bucket for each route, whatever its path and method", () => withStages([{ stageName: "$default", defaultRouteSettings: limits(3) }], {}, async ({ gateway, statuses }) => {
  assert.deepEqual(await statuses(5, "/a"), [...ok(3), ...refused(2)]);
  assert.deepEqual(await statuses(4, "/b?x=1"), [...ok(3), ...refused(1)]);
  assert.deepEqual([...await statuses(1, "/d/1"), ...await statuses(1, "/d/2"), ...await statuses(1, "/d/3"), ...await statuses(1, "/d/4")], [...ok(3), 429]);
  assert.deepEqual([...await statuses(2, "/c", "PUT"), ...await statuses(2, "/c", "POST")], [200, 200, 200, 429]);
  assert.deepEqual(await statuses(5, "/nothing"), Array(5).fill(404));
  assert.deepEqual(await throttled(gateway), { "$default /a route": 2, "$default /b route": 1, "$default /d/{id} route": 1, "$default /c route": 1 });
}));

test("a route's own limits stand in the default's place; stages do not share buckets", () => withStages([
  { stageName: "$default", defaultRouteSettings: limits(1), routeSettings: { "GET /a": limits(4), "ANY /c": { throttlingBurstLimit: 2 } } },
  { stageName: "dev", routeSettings: { "GET /a": limits(2) } },
], {}, async ({ gateway, statuses }) => {
  assert.deepEqual(await statuses(5, "/a"), [...ok(4), 429]);
  assert.deepEqual(await statuses(3, "/dev/a"), [...ok(2), 429]);
  assert.deepEqual(await statuses(2, "/b"), [200, 429]);
  assert.deepEqual(await statuses(3, "/c"), [...ok(2), 429], "what a route leaves out is the default's");
  assert.deepEqual(await statuses(20, "/dev/b"), ok(20));
  const inForce = Object.fromEntries((await listing(gateway)).routes.map((r) => [`${r.stage} ${r.routeKey}`, r.throttle]));
  const shown = (name) => [inForce[name].rateLimit, inForce[name].burstLimit, inForce[name].level];
  assert.deepEqual(shown("$default GET /a"), [SLOW, 4, "route"]);
  assert.deepEqual(shown("$default GET /b"), [SLOW, 1, "stage"]);
  assert.deepEqual(shown("$default ANY /c"), [SLOW, 2, "route"]);
  assert.deepEqual(shown("dev GET /b"), [10000, 5000, "account"]);
}));

test("the account: one bucket for all, and what a route refuses costs it nothing", () => withStages(
  [{ stageName: "$default", routeSettings: { "GET /a": limits(1) } }, { stageName: "dev" }], { throttling: { rateLimit: SLOW, burstLimit: 4 } }, async ({ gateway, statuses }) => {
    assert.deepEqual(await statuses(3, "/a"), [200, 429, 429]);
    assert.deepEqual(await statuses(3, "/nothing"), Array(3).fill(404));
    assert.deepEqual([...await statuses(2, "/b"), ...await statuses(1, "/dev/a"), ...await statuses(1, "/dev/b"), ...await statuses(1, "/b")], [200, 200, 200, 429, 429]);
    assert.deepEqual(await throttled(gateway), { "$default /a route": 2, "dev /b account": 1, "$default /b account": 1 });
  }));

test("0 refuses everything", async () => {
  await withStages([{ stageName: "$default", routeSettings: { "GET /a": limits(0, 0), "GET /b": limits(0, 1000), "ANY /c": limits(2, 0) } }], {}, async ({ statuses }) => {
    assert.deepEqual(await statuses(2, "/a"), refused(2));
    assert.deepEqual(await statuses(2, "/b"), refused(2));
    assert.deepEqual(await statuses(3, "/c"), [200, 200, 429], "a burst that is never refilled");
    clock.advance(86400);
    assert.deepEqual([...await statuses(1, "/a"), ...await statuses(1, "/b"), ...await statuses(1, "/c")], refused(3));
  });
  await withStages([{ stageName: "$default" }], { throttling: { rateLimit: 0, burstLimit: 0 } }, async ({ statuses }) => assert.deepEqual(await statuses(2, "/a"), refused(2)));
});

test("a bucket refills at its rate, up to its burst and no further", () => withStages([{ stageName: "$default", defaultRouteSettings: limits(3) }], {}, async ({ statuses }) => {
  assert.deepEqual(await statuses(4, "/a"), [...ok(3), 429]);
  clock.advance(1 / SLOW);
  assert.deepEqual(await statuses(2, "/a"), [200, 429]);
  clock.advance(2.5 / SLOW);
  assert.deepEqual(await statuses(3, "/a"), [200, 200, 429]);
  clock.advance(1000 / SLOW);
  assert.deepEqual(await statuses(4, "/a"), [...ok(3), 429]);
}));

test("buckets survive reloads; changed limits hold at once; a route that went and came is new", () => withStages([{ stageName: "$default", defaultRouteSettings: limits(3) }], {}, async ({ gateway, statuses }) => {
  const reload = async (burst, files = {}) => {
    gateway.write(files);
    const { code, stderr } = await gateway.reload(configured([{ stageName: "$default", defaultRouteSettings: limits(burst) }]));
    assert.equal(code, 0, stderr);
  };
  assert.deepEqual(await statuses(3, "/a"), ok(3));
  await reload(3);
  assert.deepEqual(await statuses(1, "/a"), [429]);
  await reload(100);
  assert.deepEqual(await statuses(1, "/a"), [429], "a larger burst is filled at the rate");
  assert.deepEqual(await statuses(1, "/b"), ok(1));
  await reload(1);
  assert.deepEqual(await statuses(2, "/b"), [200, 429], "a smaller burst spills the rest");
  await reload(3, { "api.json": definition({ "GET /b": "echo" }) });
  assert.deepEqual(await statuses(1, "/a"), [404]);
  await reload(3, { "api.json": definition(routes) });
  assert.deepEqual(await statuses(4, "/a"), [...ok(3), 429]);
}));

test("a reload that is refused changes no bucket", () => withStages([{ stageName: "$default", defaultRouteSettings: limits(2) }], {}, async ({ gateway, statuses }) => {
  assert.deepEqual(await statuses(3, "/a"), [...ok(2), 429]);
  for (const stage of [{ defaultRouteSettings: limits(-1) }, { routeSettings: { "GET /nothing": limits(5) } }, { defaultRouteSettings: { throttlingRateLimit: "many" } }])
    assert.equal((await gateway.reload(configured([{ stageName: "$default", ...stage }]))).code, 78, JSON.stringify(stage));
  assert.deepEqual(await statuses(1, "/a"), [429]);
}));

test("50 at once: exactly the burst passes", () => withStages([{ stageName: "$default", routeSettings: { "GET /a": limits(7) } }], {}, async ({ gateway }) => {
  const all = await Promise.all(Array.from({ length: 50 }, () => send(gateway, "GET", "/a")));
  assert.deepEqual([all.filter((a) => a.status === 200).length, all.filter((a) => a.status === 429).length], [7, 43]);
}));

test("throttling comes before the authorizer: a flood without tokens is not even looked at", async () => {
  const issuer = await (await startIssuer()).addKey("k1");
  const gateway = await startGateway({
    config: configured([{ stageName: "$default", defaultRouteSettings: limits(2) }], { issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] }),
    files: { "api.json": definition({ "GET /a": { function: "echo", security: [{ users: [] }] } }, { components: { securitySchemes: { users: jwtScheme({ issuer: issuer.issuer }) } } }) },
  });
  try {
    const headers = { Authorization: await issuer.token() };
    const statuses = [];
    for (const each of [{ headers }, {}, { headers }, {}]) statuses.push((await send(gateway, "GET", "/a", each)).status);
    assert.deepEqual(statuses, [200, 401, 429, 429]);
  } finally { await gateway.stop(); await issuer.stop(); }
});
