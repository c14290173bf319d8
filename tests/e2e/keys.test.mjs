// Where the keys of issuers come from, when they are fetched, and what happens while they cannot be.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, test as unbounded } from "node:test";
import { logged, partsOf, send } from "./lib/client.mjs";
import { startClock } from "./lib/clock.mjs";
import { freePort, run, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, now, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw } from "./lib/raw.mjs";

const HOUR = 3600, DAY = 86400;
const test = (name, body) => unbounded(name, { timeout: 120000 }, body);
let lambda;
before(async () => { lambda = await startLambda({ echo: () => ({ statusCode: 200, body: "in" }) }); });
after(async () => { await lambda.stop(); });

// One route "GET /NAME" for each authorizer: name -> what jwtScheme wants.
function api(authorizers) {
  const routes = { "GET /open": "echo" }, securitySchemes = {};
  for (const [name, scheme] of Object.entries(authorizers)) {
    routes[`GET /${name}`] = { function: "echo", security: [{ [name]: [] }] };
    securitySchemes[name] = jwtScheme(scheme);
  }
  return definition(routes, { components: { securitySchemes } });
}
const configured = (issuers) => ({
  apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json", stages: [{ stageName: "$default",
    accessLogSettings: { destination: "stdout", format: "$context.requestId|$context.status|$context.authorizer.error" } }] }],
  functions: { echo: { endpoint: lambda.url } },
  issuers,
});
const start = (issuers, authorizers, { files = {}, ...options } = {}) =>
  startGateway({ config: configured(issuers), files: { "api.json": api(authorizers), ...files }, args: ["--log-level", "debug"], ...options });
const get = (gateway, path, token) => send(gateway, "GET", path, { headers: token ? { Authorization: token } : {} });
const status = async (...args) => (await get(...args)).status;
async function refusal(gateway, path, token) {
  const answer = await get(gateway, path, token);
  assert.equal(answer.status, 401);
  return /\|invalid_token: (.*)$/.exec(await logged(gateway, answer))?.[1];
}
const listed = (issuer) => ({ issuer: issuer.issuer, jwksUri: issuer.jwksUri });

// Runs `body` with an issuer of one key "k1", a daemon with a clock of ours, and ends both well.
async function withIssuer(options, body) {
  const clock = startClock();
  const issuer = await (await startIssuer(options)).addKey("k1");
  const gateway = await start([listed(issuer)], { users: { issuer: issuer.issuer } }, { env: clock.env });
  try { await body({ clock, issuer, gateway }); }
  finally { await gateway.stop(); await issuer.stop(); clock.stop(); }
}

// An issuer that answers when it is told to.
function hold(issuer) {
  const held = [];
  issuer.state.fail = (request, response) => held.push([request, response]);
  return () => {
    issuer.state.fail = null;
    for (const [, response] of held.splice(0))
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: [...issuer.keys.values()].filter((k) => !k.hidden).map((k) => k.jwk) }));
  };
}

test("keys are fetched when the daemon starts, once, and 100 first requests share the fetch", async () => {
  const clock = startClock();
  const issuer = await (await startIssuer()).addKey("k1");
  const release = hold(issuer);
  const gateway = await start([listed(issuer)], { users: { issuer: issuer.issuer } }, { env: clock.env });
  try {
    await issuer.asked(1);
    const good = await issuer.token();
    const all = Array.from({ length: 100 }, () => status(gateway, "/users", good));
    assert.equal(await status(gateway, "/open"), 200);
    release();
    assert.deepEqual(new Set(await Promise.all(all)), new Set([200]));
    assert.equal(issuer.state.requests, 1);
  } finally { await gateway.stop(); await issuer.stop(); clock.stop(); }
});

test("200 requests with an unknown kid cause one fetch in 30 s", () => withIssuer({}, async ({ clock, issuer, gateway }) => {
  const good = await issuer.token();
  assert.equal(await status(gateway, "/users", good), 200);
  await issuer.addKey("unknown", { hidden: true });
  const strangers = await Promise.all(Array.from({ length: 200 }, (_, i) => issuer.token({ jti: String(i) }, { header: { kid: `unknown${i % 50}` }, key: issuer.keys.get("unknown") })));
  const flood = () => Promise.all(strangers.map((token) => status(gateway, "/users", token)));

  assert.deepEqual(new Set(await flood()), new Set([401]));
  assert.equal(issuer.state.requests, 1, "within 30 s of the first fetch");

  clock.advance(31);
  const release = hold(issuer);
  const waiting = flood();
  await issuer.asked(2);
  assert.equal(await status(gateway, "/users", good), 200, "known keys serve meanwhile");
  release();
  assert.deepEqual(new Set(await waiting), new Set([401]));
  assert.deepEqual(new Set(await flood()), new Set([401]));
  assert.equal(issuer.state.requests, 2);
  clock.advance(25);
  assert.deepEqual(new Set(await flood()), new Set([401]));
  assert.equal(issuer.state.requests, 2);
}));

test("a rotated key is found once 30 s have passed, and the old one is then nothing", () => withIssuer({}, async ({ clock, issuer, gateway }) => {
  const old = await issuer.token({ exp: now() + DAY });
  assert.equal(await status(gateway, "/users", old), 200);
  await issuer.addKey("k2");
  issuer.keys.get("k1").hidden = true;
  const fresh = await issuer.token({ exp: now() + DAY }, { kid: "k2" });
  assert.equal(await refusal(gateway, "/users", fresh), "the key id of the token is not known");
  assert.equal(await status(gateway, "/users", old), 200);
  clock.advance(31);
  assert.equal(await status(gateway, "/users", fresh), 200);
  assert.equal(issuer.state.requests, 2);
  assert.equal(await status(gateway, "/users", old), 401, "also out of the cache of verified tokens");
  assert.equal(issuer.state.requests, 2);
}));

test("the same kid with another key: what the old one signed is refused", () => withIssuer({ cacheControl: "max-age=300" }, async ({ clock, issuer, gateway }) => {
  const old = await issuer.token({ exp: now() + DAY });
  assert.equal(await status(gateway, "/users", old), 200);
  await issuer.addKey("k1");
  clock.advance(301);
  assert.equal(await refusal(gateway, "/users", old), "crypto/rsa: verification error");
  assert.equal(await status(gateway, "/users", await issuer.token({ exp: now() + DAY })), 200);
}));

test("a token that was accepted is refused once it has expired", () => withIssuer({}, async ({ clock, issuer, gateway }) => {
  const good = await issuer.token({ exp: now() + 100 });
  assert.equal(await status(gateway, "/users", good), 200);
  clock.advance(101);
  assert.equal(await refusal(gateway, "/users", good), "the token has expired");
  assert.equal(await refusal(gateway, "/users", good), "the token has expired");
}));

test("Cache-Control says when keys are fetched anew, between 5 minutes and 2 hours", async () => {
  for (const [cacheControl, fresh, stale] of [["max-age=600", 400, 601], ["max-age=1", 200, 301], ["no-store", 200, 301], [undefined, 2500, 3601], ["max-age=999999999999", 5700, 7201]])
    await withIssuer({ cacheControl }, async ({ clock, issuer, gateway }) => {
      const good = await issuer.token({ exp: now() + DAY });
      assert.equal(await status(gateway, "/users", good), 200);
      clock.advance(fresh);
      assert.equal(await status(gateway, "/users", good), 200);
      assert.equal(issuer.state.requests, 1, cacheControl);
      clock.advance(stale - fresh);
      assert.equal(await status(gateway, "/users", good), 200);
      assert.equal(issuer.state.requests, 2, cacheControl);
    });
});

test("keys serve while their issuer is down, but never longer than 2 hours", () => withIssuer({}, async ({ clock, issuer, gateway }) => {
  const good = await issuer.token({ exp: now() + DAY });
  assert.equal(await status(gateway, "/users", good), 200);
  issuer.state.fail = (request, response) => response.writeHead(503).end();
  clock.advance(HOUR + 1);
  assert.equal(await status(gateway, "/users", good), 200);
  clock.advance(HOUR - 10);
  assert.equal(await status(gateway, "/users", good), 200);
  clock.advance(20);
  assert.equal(await refusal(gateway, "/users", good), "JWKS communication error");
  issuer.state.fail = null;
  clock.advance(31);
  assert.equal(await status(gateway, "/users", good), 200);
}));

test("an issuer that is down when the daemon starts: 401 until it is there", async () => {
  const clock = startClock();
  const port = await freePort();
  const gateway = await start([{ issuer: "https://issuer.test", jwksUri: `http://127.0.0.1:${port}/jwks.json` }], { users: { issuer: "https://issuer.test" } }, { env: clock.env });
  const issuer = await (await startIssuer({ port })).addKey("k1");
  try {
    await gateway.line(/warning.* keys of issuer 'https:\/\/issuer\.test': key set http:\S+\/jwks\.json: /);
    const good = await issuer.token({ exp: now() + HOUR });
    clock.advance(31);
    assert.equal(await status(gateway, "/users", good), 200);
    assert.match(await gateway.metrics(), /^turnpike_jwks_refresh_total\{issuer="https:\/\/issuer\.test",result="error"\} [1-9]/m);
  } finally { await gateway.stop(); await issuer.stop(); clock.stop(); }
});

const big = "x".repeat(150001);
const nonsense = {
  "500": (response) => response.writeHead(500).end("{}"),
  "404 with keys": (response, jwks) => response.writeHead(404).end(jwks),
  "204": (response) => response.writeHead(204).end(),
  "a redirect": (response, jwks, good) => response.writeHead(302, { location: good }).end(),
  "a redirect with keys": (response, jwks, good) => response.writeHead(307, { location: good }).end(jwks),
  "no JSON": (response) => response.end("<html>"),
  "nothing": (response) => response.end(),
  "an array": (response) => response.end("[]"),
  "keys that are no array": (response) => response.end('{"keys":{}}'),
  "no keys": (response) => response.end('{"keys":[]}'),
  "keys that are nothing": (response) => response.end('{"keys":[null,1,"x",[],{}]}'),
  "keys twice": (response, jwks) => response.end(jwks.replace("{", '{"keys":[],')),
  "something behind the document": (response, jwks) => response.end(`${jwks}x`),
  "deep nesting": (response) => response.end(`{"keys":${"[".repeat(70000)}${"]".repeat(70000)}}`),
  "more than 150000 bytes, said": (response, jwks) => response.writeHead(200, { "content-length": jwks.length + big.length }).end(jwks + " ".repeat(big.length)),
  "more than 150000 bytes, chunked": (response, jwks) => { response.write(jwks); response.end(" ".repeat(big.length)); },
  "a head without end": (response) => response.socket.write(`HTTP/1.1 200 OK\r\n${`x: ${"y".repeat(1000)}\r\n`.repeat(1000)}`),
  "no HTTP": (response) => response.socket.end("SSH-2.0-nothing\r\n"),
  "less than it said": (response, jwks) => { response.writeHead(200, { "content-length": jwks.length + 1 }); response.write(jwks); response.socket.end(); },
  "a reset": (response) => response.socket.resetAndDestroy(),
  "a compressed answer": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(Buffer.from("1f8b0800000000000003ab5600", "hex")),
};

test("whatever an issuer answers in place of its keys: 401, never 5xx, and the rest goes on", async () => {
  const good = await (await startIssuer()).addKey("k1");
  const jwks = JSON.stringify({ keys: [good.keys.get("k1").jwk] });
  const names = Object.keys(nonsense);
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked++;
    response.on("error", () => {});
    nonsense[names[Number(request.url.slice(1))]](response, jwks, good.jwksUri);
  }).listen(0, "127.0.0.1");
  server.on("connection", (socket) => socket.on("error", () => {}));
  await once(server, "listening");
  const issuers = names.map((_, i) => ({ issuer: `https://bad${i}.test`, jwksUri: `http://127.0.0.1:${server.address().port}/${i}` }));
  const gateway = await start([...issuers, listed(good)], Object.fromEntries([...issuers.map((each, i) => [`bad${i}`, { issuer: each.issuer }]), ["users", { issuer: good.issuer }]]));
  try {
    for (let i = 0; i < names.length; i++) {
      const token = await good.token({ iss: `https://bad${i}.test` });
      const answer = await get(gateway, `/bad${i}`, token);
      assert.equal(answer.status, 401, names[i]);
      assert.match(answer.headers["www-authenticate"], /error_description="JWKS communication error"$/, names[i]);
    }
    assert.ok(asked >= names.length);
    assert.equal(good.state.requests, 1, "no redirect was followed");
    assert.equal(await status(gateway, "/users", await good.token()), 200);
  } finally { await gateway.stop(); server.closeAllConnections(); server.close(); await good.stop(); }
});

test("an issuer that does not answer is not waited for longer than 1.5 s", () => withIssuer({}, async ({ clock, issuer, gateway }) => {
  assert.equal(await status(gateway, "/users", await issuer.token()), 200);
  hold(issuer);
  clock.advance(31);
  await issuer.addKey("k2", { hidden: true });
  const pending = status(gateway, "/users", await issuer.token({}, { kid: "k2" }));
  await issuer.asked(2);
  clock.advance(2);
  assert.equal(await status(gateway, "/open"), 200); // wakes the loop
  assert.equal(await pending, 401);
  await gateway.line(/keys of issuer .*: key set .*time/i);
}));

test("clients that leave, a reload and the end while keys are awaited", async () => {
  const issuer = await (await startIssuer()).addKey("k1");
  const release = hold(issuer);
  const gateway = await start([listed(issuer)], { users: { issuer: issuer.issuer } });
  try {
    await issuer.asked(1);
    const good = await issuer.token();
    const leaving = await Promise.all(Array.from({ length: 20 }, () => Raw.open(gateway.port)));
    for (const raw of leaving) raw.send(`GET /users HTTP/1.1\r\nHost: x\r\nAuthorization: ${good}\r\n\r\n`);
    const staying = Array.from({ length: 5 }, () => status(gateway, "/users", good));
    assert.equal(await status(gateway, "/open"), 200);
    for (const raw of leaving) raw.close();
    assert.equal((await gateway.reload(configured([{ issuer: issuer.issuer, jwksUri: `${issuer.url}/jwks.json?moved` }]))).code, 0);
    await issuer.asked(2);
    assert.equal(await status(gateway, "/open"), 200);
    gateway.child.kill("SIGTERM");
    await gateway.line(/drain|stopping|shut/i);
    release();
    assert.deepEqual(await Promise.all(staying), [200, 200, 200, 200, 200]);
    await gateway.ended;
  } finally { await gateway.stop(); await issuer.stop(); }
});

test("discovery: the issuer's own document over http, because it is listed", async () => {
  const issuer = await (await startIssuer({ issuer: "self" })).addKey("k1");
  const gateway = await start([{ issuer: issuer.issuer }], { users: { issuer: issuer.issuer } });
  try {
    assert.equal(await status(gateway, "/users", await issuer.token()), 200);
    assert.deepEqual(issuer.state.paths, ["/.well-known/openid-configuration", "/jwks.json"]);
  } finally { await gateway.stop(); await issuer.stop(); }
});

test("discovery documents that cannot be believed", async () => {
  const issuer = await (await startIssuer({ issuer: "self" })).addKey("k1");
  const documents = {
    another: { issuer: "https://else.test", jwks_uri: issuer.jwksUri },
    slash: { issuer: `${issuer.url}/slash/`, jwks_uri: issuer.jwksUri },
    none: { issuer: `${issuer.url}/none` },
    file: { issuer: `${issuer.url}/file`, jwks_uri: "file:///etc/passwd" },
    ftp: { issuer: `${issuer.url}/ftp`, jwks_uri: "ftp://127.0.0.1/jwks" },
    bare: { issuer: `${issuer.url}/bare`, jwks_uri: "jwks.json" },
    number: { issuer: `${issuer.url}/number`, jwks_uri: 7 },
    lines: { issuer: `${issuer.url}/lines`, jwks_uri: `${issuer.jwksUri}\r\nX: y` },
    text: "nonsense",
  };
  issuer.state.fail = (request, response) => {
    const name = /^\/(\w+)\/\.well-known\/openid-configuration$/.exec(request.url)?.[1];
    response.writeHead(name ? 200 : 404).end(JSON.stringify(documents[name] ?? {}));
  };
  const names = Object.keys(documents);
  const gateway = await start(names.map((name) => ({ issuer: `${issuer.url}/${name}` })), Object.fromEntries(names.map((name) => [name, { issuer: `${issuer.url}/${name}` }])));
  try {
    for (const name of names) {
      const answer = await get(gateway, `/${name}`, await issuer.token({ iss: `${issuer.url}/${name}` }));
      assert.equal(answer.status, 401, name);
      assert.match(answer.headers["www-authenticate"], /error_description="(OIDC discovery|JWKS communication)[^"]*"$/, name);
    }
    assert.ok(!gateway.lines.join("\n").includes("root:"));
  } finally { await gateway.stop(); await issuer.stop(); }
});

test("an http issuer that is not listed is refused at load", async () => {
  const gateway = await start([], { users: { issuer: "http://127.0.0.1:1/x" } }, { wait: false });
  await gateway.ended;
  assert.equal(gateway.exited.code, 78);
  assert.match(gateway.lines.join("\n"), /api\.json:\d+:\d+: error: .*issuers/);
  await gateway.stop("SIGKILL");
});

test("jwksFile: keys from disk, anew at each reload", async () => {
  const issuer = await (await startIssuer()).addKey("k1");
  await issuer.addKey("k2", { hidden: true });
  const keys = (...kids) => ({ keys: kids.map((kid) => issuer.keys.get(kid).jwk) });
  const settings = [{ issuer: issuer.issuer, jwksFile: "keys.json" }];
  const gateway = await start(settings, { users: { issuer: issuer.issuer } }, { files: { "keys.json": keys("k1") } });
  try {
    const one = await issuer.token(), two = await issuer.token({}, { kid: "k2" });
    const both = async () => [await status(gateway, "/users", one), await status(gateway, "/users", two)];
    assert.deepEqual(await both(), [200, 401]);
    gateway.write({ "keys.json": keys("k2") });
    assert.equal((await gateway.reload(configured(settings))).code, 0);
    assert.deepEqual(await both(), [401, 200]);
    gateway.write({ "keys.json": "{" });
    assert.equal((await gateway.reload(configured(settings))).code, 78);
    assert.deepEqual(await both(), [401, 200], "a bad file leaves what is in force");
    assert.equal(issuer.state.requests, 0);
  } finally { await gateway.stop(); await issuer.stop(); }
});

test("a development issuer: `turnpike token` mints, the daemon reads the public half alone", async () => {
  const gateway = await startGateway({ config: { functions: {} } });
  const inside = { cwd: gateway.directory };
  try {
    assert.equal((await run(["init", "made"], inside)).code, 0);
    for (const name of ["dev-key.pem", "dev-key.pub.pem"]) fs.copyFileSync(path.join(gateway.directory, "made", name), path.join(gateway.directory, name));
    const settings = [{ issuer: "https://dev.localhost", signingKeyFile: "dev-key.pem" }];
    gateway.write({ "api.json": api({ users: { issuer: "https://dev.localhost", audience: ["app", "web"] } }) });
    const loaded = await gateway.reload(configured(settings));
    assert.equal(loaded.code, 0, loaded.stderr);
    const mint = async (...args) => {
      const made = await run(["token", "--config", "turnpike.yaml", "--issuer", "https://dev.localhost", ...args], inside);
      assert.equal(made.code, 0, made.stderr);
      return made.stdout.trim();
    };
    const tokens = [await mint("--aud", "app"), await mint("--aud", "app", "--sub", "bob", "--scope", "a b", "--claim", "role=admin"), await mint("--aud", "web")];
    for (const token of tokens) assert.equal(await status(gateway, "/users", token), 200);
    assert.equal(await status(gateway, "/users", tokens[1]), 200);
    const { sub, scope, role } = lambda.last.event.requestContext.authorizer.jwt.claims;
    assert.deepEqual([sub, scope, role], ["bob", "a b", "admin"]);
    assert.equal((await run(["token", "--config", "turnpike.yaml", "--issuer", "https://dev.localhost"], inside)).code, 1, "which audience?");
    assert.equal(await refusal(gateway, "/users", await mint("--aud", "else")), "the token does not have a valid audience");

    fs.rmSync(path.join(gateway.directory, "dev-key.pem"));
    assert.equal((await gateway.reload(configured(settings))).code, 0);
    assert.equal(await status(gateway, "/users", tokens[0]), 200);
    await gateway.stop();
    assert.equal(partsOf(tokens).in([...gateway.lines, ...gateway.stdout].join("\n")), null);
  } finally { await gateway.stop(); }
});

test("a reload with another audience takes hold at once, though the token is cached", async () => {
  const issuer = await (await startIssuer()).addKey("k1");
  const settings = configured([listed(issuer)]);
  const gateway = await start([listed(issuer)], { users: { issuer: issuer.issuer, audience: ["app"] } });
  try {
    const good = await issuer.token();
    assert.equal(await status(gateway, "/users", good), 200);
    for (const [audience, expected] of [["web", 401], ["app", 200], ["App", 401]]) {
      gateway.write({ "api.json": api({ users: { issuer: issuer.issuer, audience: [audience] } }) });
      assert.equal((await gateway.reload(settings)).code, 0);
      assert.equal(await status(gateway, "/users", good), expected);
    }
    assert.equal(issuer.state.requests, 1, "the keys were kept");
    gateway.write({ "api.json": api({ users: { issuer: "https://else.test" } }) });
    assert.equal((await gateway.reload(configured([{ issuer: "https://else.test", jwksUri: issuer.jwksUri }]))).code, 0);
    assert.equal(await refusal(gateway, "/users", good), "issuer does not match");
  } finally { await gateway.stop(); await issuer.stop(); }
});

test("hits and misses of the cache are counted", () => withIssuer({}, async ({ issuer, gateway }) => {
  const good = await issuer.token();
  for (let i = 0; i < 4; i++) assert.equal(await status(gateway, "/users", good), 200);
  assert.equal(await status(gateway, "/users", `${good.slice(0, -2)}`), 401);
  const count = async (result) => Number(new RegExp(`^turnpike_authorizer_cache_total\\{[^}]*result="${result}"\\} (\\d+)`, "m").exec(await gateway.metrics())?.[1]);
  assert.deepEqual([await count("hit"), await count("miss")], [3, 2]);
}));
