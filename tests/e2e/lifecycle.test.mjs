// From start to end: readiness, reloading under load, draining, systemd, the control socket.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "./lib/bounded.mjs";
import tls from "node:tls";
import { freePort, run, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { ask, capture, get, listens, openDescriptors, pose, residentKib, startUnderSystemd, takenPort } from "./lib/process.mjs";
import { Raw, status } from "./lib/raw.mjs";

// Answers that are held until `release` is called.
function gate() {
  const self = { held: [], waiting: [], open: false };
  self.pass = (value) => new Promise((resolve) => {
    if (self.open) return resolve(value);
    self.held.push(() => resolve(value));
    for (const check of [...self.waiting]) check();
  });
  self.count = (wanted) => new Promise((resolve) => {
    const check = () => { if (self.held.length >= wanted) resolve(); };
    self.waiting.push(check);
    check();
  });
  self.release = () => { self.open = true; for (const go of self.held.splice(0)) go(); };
  return self;
}

// A gateway in front of functions: `hello` answers at once, `slow` once the gate is open.
async function start({ config = {}, routes = { "GET /hello": "hello", "GET /slow": "slow" }, ...more } = {}) {
  const slow = gate();
  const lambda = await startLambda({
    hello: (event) => ({ statusCode: 200, body: `hello ${event.stageVariables?.version}` }),
    slow: async (event) => slow.pass({ statusCode: 200, body: `slow ${event.stageVariables?.version}` }),
  });
  const functions = { hello: { endpoint: lambda.url }, slow: { endpoint: lambda.url } };
  const api = (version, definitionFile = "api.json") => ({ apiId: "test", protocolType: "HTTP", definition: definitionFile, stages: [{
    stageName: "$default", stageVariables: { version },
    accessLogSettings: { destination: "stdout", format: `${version} $context.path $context.status` } }] });
  const gateway = await startGateway({ ...more, config: { apis: [api("old")], functions, ...config }, files: { "api.json": definition(routes), ...more.files } });
  return { gateway, lambda, slow, api, functions,
    async stop(signal) { slow.release(); try { return await gateway.stop(signal); } finally { await lambda.stop(); } } };
}

const listener = (port, more = {}) => ({ name: `p${port}`, address: "127.0.0.1", port, ...more });

for (const how of ["turnpike reload", "SIGHUP"]) {
  test(`${how}: requests in flight end as they began, new ones meet the new configuration`, async () => {
    const s = await start();
    const { gateway } = s;
    const secondPort = await freePort();
    const agent = new http.Agent({ keepAlive: true });
    try {
      const inFlight = Array.from({ length: 50 }, () => get(gateway.port, "/slow", { agent }));
      await s.slow.count(50);
      gateway.write({ "new.json": definition({ "GET /fresh": "hello" }) });
      const config = { listeners: [listener(secondPort)], apis: [s.api("new", "new.json")], functions: s.functions };
      if (how === "SIGHUP") {
        const { line } = await reloadBySignal(gateway, config);
        assert.match(line, /reloaded/);
      } else {
        const result = await gateway.reload(config);
        assert.equal(result.code, 0, result.stderr);
      }
      const fresh = await get(secondPort, "/fresh");
      assert.deepEqual([fresh.status, fresh.text], [200, "hello new"]);
      assert.equal((await get(secondPort, "/hello")).status, 404);
      assert.equal(await listens(gateway.port), false, "the old listener is closed");
      s.slow.release();
      for (const answer of await Promise.all(inFlight)) {
        assert.deepEqual([answer.status, answer.text], [200, "slow old"]);
        assert.equal(answer.headers.connection, "close");
      }
      const lines = await until(() => gateway.stdout.filter((line) => /\/slow/.test(line)), (found) => found.length >= 50, gateway);
      assert.deepEqual([...new Set(lines)], ["old /slow 200"]);
    } finally { await s.stop(); }
  });
}

// Lines come by events of their own: looks again after each of them.
async function until(read, enough, gateway) {
  for (;;) {
    const found = read();
    if (enough(found)) return found;
    await Promise.race([new Promise((resolve) => { const check = () => { gateway.waiting.delete(check); resolve(); }; gateway.waiting.add(check); }), gateway.ended]);
    if (gateway.exited) return read();
  }
}

async function reloadBySignal(gateway, config) {
  const from = gateway.lines.length;
  const file = path.join(gateway.directory, "turnpike.yaml");
  if (typeof config === "string") fs.writeFileSync(file, config);
  else fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file)), ...config }));
  // Lines come later than answers on the control socket: the line of an earlier reload may still be
  // on its way, so they are counted.
  const before = await reloads(gateway);
  gateway.child.kill("SIGHUP");
  const told = await until(() => gateway.lines.filter((line) => /reloaded/.test(line)), (found) => found.length > before, gateway);
  return { line: told[before], lines: gateway.lines.slice(from) };
}

async function reloads(gateway) {
  const counts = (await gateway.metrics()).matchAll(/^turnpike_config_reload_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

test("idle clients of a listener that was taken away are closed, those of others stay", async () => {
  const s = await start({ config: {} });
  const { gateway } = s;
  const [kept, added] = [await freePort(), await freePort()];
  try {
    const both = { listeners: [listener(gateway.port), listener(kept)], apis: [s.api("old")], functions: s.functions };
    assert.equal((await gateway.reload(both)).code, 0);
    const leaving = await Raw.open(gateway.port), staying = await Raw.open(kept);
    for (const raw of [leaving, staying]) await raw.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").until(/hello old$/);
    assert.equal((await gateway.reload({ ...both, listeners: [listener(kept), listener(added)], apis: [s.api("new")] })).code, 0);
    await leaving.closed();
    staying.text = "";
    assert.equal(status(await staying.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").until(/hello new$/)), 200);
    assert.equal((await get(added, "/hello")).text, "hello new");
    staying.close();
  } finally { await s.stop(); }
});

test("clients of a listener that speaks TLS from now on are closed, those under way after their answer", async () => {
  const s = await start();
  const { gateway } = s;
  const plain = { apis: [s.api("old")], functions: s.functions };
  const secure = { ...plain, listeners: [listener(gateway.port, { tls: { certificate: "tls/fullchain.pem", privateKey: "tls/privkey.pem" } })] };
  try {
    assert.equal((await run(["init", gateway.directory])).code, 0);
    const idle = await Raw.open(gateway.port), busy = await Raw.open(gateway.port);
    await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").until(/hello old$/);
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await s.slow.count(1);
    const reloaded = await gateway.reload(secure);
    assert.equal(reloaded.code, 0, reloaded.stderr);
    await idle.closed();
    s.slow.release();
    assert.match(await busy.closed(), /connection: close[^]*slow old$/);
    const socket = tls.connect({ port: gateway.port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false });
    socket.write("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const piece of socket) text += piece;
    assert.match(text, /^HTTP\/1.1 200 /);
  } finally { await s.stop(); }
});

test("a listener that cannot bind: refused, all stays, nothing is left open", async () => {
  const s = await start();
  const { gateway } = s;
  const taken = await takenPort(), free = await freePort();
  try {
    const result = await gateway.reload({ listeners: [listener(free), listener(taken.port)], apis: [s.api("new")], functions: s.functions });
    assert.equal(result.code, 78);
    assert.match(result.stderr, new RegExp(`listener 'p${taken.port}'.*127\\.0\\.0\\.1:${taken.port}.*in use`, "i"));
    assert.match(result.stderr, /a listener cannot be opened/);
    assert.equal((await get(gateway.port, "/hello")).text, "hello old");
    assert.equal(await listens(free), false);
    const now = await ask(gateway, "status");
    assert.deepEqual([now.ready, now.lastReload.succeeded, now.lastReload.message], [true, false, "a listener cannot be opened"]);
    assert.match(await gateway.metrics(), /turnpike_config_reload_total\{result="failure"\} 1/);
    await taken.stop();
    const again = await gateway.reload();
    assert.equal(again.code, 0, again.stderr);
    assert.equal((await get(free, "/hello")).text, "hello new");
    assert.equal((await get(taken.port, "/hello")).text, "hello new");
    assert.equal((await ask(gateway, "status")).lastReload.succeeded, true);
  } finally { await s.stop(); }
});

test("an invalid file: 78 with its place, the running configuration stays", async () => {
  const s = await start();
  const { gateway } = s;
  const before = fs.readFileSync(path.join(gateway.directory, "turnpike.yaml"), "utf8");
  try {
    gateway.write({ "turnpike.yaml": "listeners:\n  - {name: local, adress: 127.0.0.1, port: 1}\n" });
    const result = await gateway.reload();
    assert.equal(result.code, 78);
    assert.match(result.stderr, /^turnpike\.yaml:2:19: error: .*adress.*did you mean 'address'/m);
    const signalled = await reloadBySignal(gateway, "listeners: [\n");
    assert.match(signalled.line, /not reloaded: the configuration is invalid/);
    assert.ok(signalled.lines.some((line) => /turnpike\.yaml:2:1: error: /.test(line)), signalled.lines.join("\n"));
    assert.equal((await get(gateway.port, "/hello")).text, "hello old");
    gateway.write({ "turnpike.yaml": before });
    assert.equal((await gateway.reload()).code, 0);
  } finally { await s.stop(); }
});

test("two reloads in one turn, the second brings back what the first took away", async () => {
  const s = await start();
  const { gateway } = s;
  const other = await freePort();
  const file = (name) => path.join(gateway.directory, name);
  const config = JSON.parse(fs.readFileSync(file("turnpike.yaml")));
  try {
    // The first definition is a pipe: whoever has opened it has read the configuration before, and
    // waits until the next one lies there.
    assert.equal((await capture("mkfifo", [file("pipe.json")])).code, 0);
    gateway.write({ "turnpike.yaml": { ...config, listeners: [listener(other)], apis: [s.api("old", "pipe.json")] },
      "next.yaml": { ...config, listeners: [listener(other), ...config.listeners] } });
    gateway.child.kill("SIGSTOP"); // both questions wait before it reads either
    await stopped(gateway.child.pid);
    const posed = [await pose(gateway, "reload"), await pose(gateway, "reload")];
    gateway.child.kill("SIGCONT");
    const pipe = await fs.promises.open(file("pipe.json"), "w");
    fs.renameSync(file("next.yaml"), file("turnpike.yaml"));
    await pipe.writeFile(fs.readFileSync(file("api.json")));
    await pipe.close();
    for (const answer of await Promise.all(posed.map((answer) => answer()))) assert.equal(answer.reloaded, true);
    assert.equal((await get(gateway.port, "/hello")).text, "hello old");
    assert.equal((await get(other, "/hello")).text, "hello old");
  } finally { await s.stop(); }
});

test("buckets and keys survive", async () => {
  const issuer = await startIssuer();
  await issuer.addKey("one");
  const lambda = await startLambda({ hello: () => "hello" });
  const api = { apiId: "test", protocolType: "HTTP", definition: "api.json",
    stages: [{ stageName: "$default", routeSettings: { "GET /few": { throttlingRateLimit: 0.001, throttlingBurstLimit: 2 } } }] };
  const config = { apis: [api], functions: { hello: { endpoint: lambda.url } }, issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] };
  const gateway = await startGateway({ config, files: { "api.json": definition(
    { "GET /few": "hello", "GET /mine": { function: "hello", security: [{ users: [] }] } },
    { components: { securitySchemes: { users: jwtScheme(issuer) } } }) } });
  try {
    const authorization = `Bearer ${await issuer.token()}`;
    const mine = async () => (await get(gateway.port, "/mine", { headers: { authorization } })).status;
    const few = async () => (await get(gateway.port, "/few")).status;
    assert.equal(await mine(), 200);
    assert.deepEqual([await few(), await few(), await few()], [200, 200, 429]);
    const asked = issuer.state.requests;
    issuer.state.fail = (request, response) => response.writeHead(500).end();
    assert.equal((await gateway.reload(config)).code, 0);
    assert.equal(await few(), 429);
    assert.equal(await mine(), 200);
    assert.equal(issuer.state.requests, asked);
  } finally { await gateway.stop(); await lambda.stop(); await issuer.stop(); }
});

test("200 reloads under load: no request fails, nothing is left behind", async () => {
  const s = await start();
  const { gateway } = s;
  const files = {};
  for (const [i, version] of ["old", "new"].entries()) {
    gateway.write({ [`api${i}.json`]: definition({ "GET /hello": "hello", [`GET /only${i}`]: "hello", "ANY /x/{proxy+}": "slow" }) });
    files[i] = JSON.stringify({ ...JSON.parse(fs.readFileSync(path.join(gateway.directory, "turnpike.yaml"))), apis: [s.api(version, `api${i}.json`)] });
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  let over = false, served = 0;
  const failures = [];
  const client = async () => {
    while (!over) {
      const answer = await get(gateway.port, "/hello", { agent }).catch((error) => ({ status: error.message }));
      served++;
      if (answer.status !== 200) failures.push(answer.status);
    }
  };
  const reload = async (i) => {
    const file = path.join(gateway.directory, "turnpike.yaml");
    fs.writeFileSync(`${file}.next`, files[i % 2]);
    fs.renameSync(`${file}.next`, file);
    assert.equal((await ask(gateway, "reload")).reloaded, true);
  };
  try {
    const clients = Array.from({ length: 8 }, client);
    for (let i = 0; i < 20; i++) await reload(i);
    const early = { memory: residentKib(gateway.child.pid), descriptors: openDescriptors(gateway.child.pid) };
    for (let i = 20; i < 200; i++) await reload(i);
    const late = { memory: residentKib(gateway.child.pid), descriptors: openDescriptors(gateway.child.pid) };
    over = true;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(served > 200, `only ${served} requests`);
    assert.ok(late.descriptors <= early.descriptors + 4, `${early.descriptors} descriptors became ${late.descriptors}`);
    if (early.memory !== null)
      assert.ok(late.memory <= early.memory * 1.1, `${early.memory} KiB became ${late.memory} KiB`);
    assert.match(await gateway.metrics(), /turnpike_config_reload_total\{result="success"\} 200/);
  } finally { over = true; agent.destroy(); await s.stop(); }
});

test("certificates are read again", async () => {
  const s = await start({ config: {} });
  const { gateway } = s;
  const init = async (name) => { const made = await run(["init", name], { cwd: gateway.directory }); assert.equal(made.code, 0, made.stderr); };
  const connect = async (ca) => {
    const socket = tls.connect({ port: gateway.tlsPort, host: "127.0.0.1", servername: "localhost", ca: fs.readFileSync(path.join(gateway.directory, ca)) });
    await once(socket, "secureConnect");
    return socket;
  };
  try {
    await init("one");
    await init("two");
    fs.cpSync(path.join(gateway.directory, "one/tls"), path.join(gateway.directory, "tls"), { recursive: true });
    const config = { apis: [s.api("old")], functions: s.functions,
      listeners: [listener(gateway.tlsPort, { tls: { certificate: "tls/fullchain.pem", privateKey: "tls/privkey.pem" } })] };
    assert.equal((await gateway.reload(config)).code, 0);
    const first = await connect("one/tls/ca.pem");
    fs.cpSync(path.join(gateway.directory, "two/tls"), path.join(gateway.directory, "tls"), { recursive: true, force: true });
    await reloadBySignal(gateway, {});
    await assert.rejects(connect("one/tls/ca.pem"));
    const second = await connect("two/tls/ca.pem");
    for (const socket of [first, second]) { // the old connection lives on
      socket.write("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      let text = "";
      for await (const chunk of socket) text += chunk;
      assert.match(text, /^HTTP\/1\.1 200 /);
    }
    fs.rmSync(path.join(gateway.directory, "tls/privkey.pem"));
    const missing = await reloadBySignal(gateway, {});
    assert.match(missing.line, /not reloaded/);
    (await connect("two/tls/ca.pem")).destroy();
  } finally { await s.stop(); }
});

test("SIGTERM: unready at once, still served for the delay, then drained", async () => {
  const s = await start({ config: { shutdown: { delay: 2, drainTimeout: 30 } } });
  const { gateway } = s;
  try {
    const idle = await Raw.open(gateway.port);
    await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").until(/hello old$/);
    const held = await Raw.open(gateway.port);
    held.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await s.slow.count(1);
    gateway.child.kill("SIGTERM");
    await gateway.line(/stopping$/);
    const ready = await get(gateway.adminPort, "/readyz");
    assert.deepEqual([ready.status, ready.text], [503, "draining\n"]);
    assert.equal((await get(gateway.adminPort, "/healthz")).status, 200);
    const late = await get(gateway.port, "/hello");
    assert.equal(late.status, 200);
    assert.deepEqual((await run(["status", "--config", "turnpike.yaml"], { cwd: gateway.directory })).code, 1);
    assert.equal((await ask(gateway, "reload")).message, "it is stopping");

    await gateway.line(/draining: 1 requests/);
    await idle.closed();
    assert.equal(await listens(gateway.port), false);
    assert.equal((await get(gateway.adminPort, "/readyz")).status, 503);
    assert.equal(gateway.exited, null);
    s.slow.release();
    const answer = await held.closed();
    assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n[\s\S]*slow old$/i);
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
    assert.match(gateway.lines.at(-1), /stopped$/);
    assert.deepEqual(gateway.stdout.filter((line) => /slow/.test(line)), ["old /slow 200"]);
  } finally { await s.stop(); }
});

// A signal that was sent need not have arrived.
async function stopped(pid) {
  while (!/^State:\s+T/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"))) await new Promise(setImmediate);
}

test("a drain serves what had been sent before it", async () => {
  const s = await start();
  const { gateway } = s;
  const request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
  try {
    const used = await Promise.all(Array.from({ length: 10 }, () => Raw.open(gateway.port)));
    for (const raw of used) await raw.send(request).until(/hello old$/);
    gateway.child.kill("SIGSTOP"); // all of it waits in the kernel when the signal is seen
    await stopped(gateway.child.pid);
    const fresh = await Promise.all(Array.from({ length: 10 }, () => Raw.open(gateway.port)));
    for (const raw of [...used, ...fresh]) { raw.text = ""; raw.send(request); }
    gateway.child.kill("SIGTERM");
    gateway.child.kill("SIGCONT");
    for (const raw of [...used, ...fresh]) {
      const answer = await raw.closed();
      assert.equal(status(answer), 200);
      assert.match(answer, /\r\nconnection: close\r\n/i);
    }
    await gateway.ended;
    assert.equal(gateway.exited.code, 0);
  } finally { await s.stop(); }
});

test("however many signals come, the end is a clean one", async () => {
  const s = await start();
  const { gateway } = s;
  try {
    const held = await Raw.open(gateway.port);
    held.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await s.slow.count(1);
    const signals = ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"];
    for (let i = 0; !gateway.exited; i++) {
      gateway.child.kill(signals[i % 4]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
  } finally { await s.stop(); }
});

test("drainTimeout over: what is left is ended", async () => {
  const s = await start({ config: { shutdown: { delay: 0, drainTimeout: "300ms" } } });
  const { gateway } = s;
  try {
    const held = await Raw.open(gateway.port);
    held.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await s.slow.count(1);
    gateway.child.kill("SIGTERM");
    assert.equal(await held.closed(), "");
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
    assert.ok(gateway.lines.some((line) => /drain time is over: ending 1 requests and 1 connections/.test(line)), gateway.lines.join("\n"));
  } finally { await s.stop(); }
});

for (const [what, shutdown, before] of [["the drain", { delay: 0, drainTimeout: 600 }, /draining/], ["the delay", { delay: 600, drainTimeout: 600 }, /stopping/]]) {
  test(`a second SIGTERM within ${what} stops at once`, async () => {
    const s = await start({ config: { shutdown } });
    const { gateway } = s;
    try {
      const held = await Raw.open(gateway.port);
      held.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
      await s.slow.count(1);
      gateway.child.kill("SIGTERM");
      await gateway.line(before);
      gateway.child.kill("SIGINT");
      await held.closed();
      await gateway.ended;
      assert.deepEqual(gateway.exited, { code: 0, signal: null });
    } finally { await s.stop(); }
  });
}

test("stopping at once while workers read what clients sent", async () => {
  const s = await start({ routes: { "POST /big": "hello" } });
  const { gateway } = s;
  try {
    const body = Buffer.alloc(9_000_000, "\u0001");
    const posts = Array.from({ length: 8 }, () => get(gateway.port, "/big", { method: "POST", body, headers: { "content-type": "text/plain" } }).catch(() => null));
    await Promise.race(posts); // the first is through, others are with the workers
    gateway.child.kill("SIGTERM");
    await gateway.line(/draining/);
    gateway.child.kill("SIGTERM");
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null }, gateway.lines.join("\n"));
    await Promise.all(posts);
  } finally { await s.stop(); }
});

test("clients that left their requests with workers do not keep a drain waiting", async () => {
  const s = await start({ routes: { "POST /big": "hello" }, config: { shutdown: { delay: 0, drainTimeout: 600 } } });
  const { gateway } = s;
  try {
    const body = "\u0001".repeat(9_000_000);
    const clients = await Promise.all(Array.from({ length: 12 }, () => Raw.open(gateway.port)));
    const first = get(gateway.port, "/big", { method: "POST", body }).catch(() => null);
    for (const raw of clients) raw.send(`POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await first;
    for (const raw of clients) raw.socket.resetAndDestroy();
    gateway.child.kill("SIGTERM");
    await gateway.ended; // the test's own time bounds it
    assert.deepEqual(gateway.exited, { code: 0, signal: null }, gateway.lines.join("\n"));
  } finally { await s.stop(); }
});

test("SIGUSR1 opens log files anew", async () => {
  const s = await start();
  const { gateway } = s;
  const log = path.join(gateway.directory, "access.log");
  const api = s.api("old");
  api.stages[0].accessLogSettings = { destination: "access.log", format: "$context.path $context.status" };
  try {
    assert.equal((await gateway.reload({ apis: [api], functions: s.functions })).code, 0);
    const watch = () => new Promise((resolve) => { const watcher = fs.watch(gateway.directory, () => { if (fs.existsSync(log) && fs.statSync(log).size > 0) { watcher.close(); resolve(); } }); });
    let written = watch();
    await get(gateway.port, "/hello");
    await written;
    fs.renameSync(log, `${log}.1`);
    gateway.child.kill("SIGUSR1");
    written = watch();
    while (!fs.existsSync(log)) await get(gateway.adminPort, "/healthz"); // the daemon's turn
    await get(gateway.port, "/nothing");
    await written;
    assert.equal(fs.readFileSync(log, "utf8"), "/nothing 404\n");
    assert.equal(fs.readFileSync(`${log}.1`, "utf8"), "/hello 200\n");
  } finally { await s.stop(); }
});

test("the control socket: mode, status, strangers' questions, the end", async () => {
  const s = await start();
  const { gateway } = s;
  const socket = path.join(gateway.directory, "control.sock");
  const ask0 = (...args) => run(["status", "--config", "turnpike.yaml", ...args], { cwd: gateway.directory });
  try {
    assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
    const text = await ask0();
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    assert.match(text.stdout, new RegExp(`^ready\npid ${gateway.child.pid}, turnpike \\S+, turnpike\\.yaml\n0 connections, 0 exchanges\n$`));
    const json = await ask0("--json");
    const told = JSON.parse(json.stdout);
    assert.deepEqual([json.code, told.ready, told.pid, told.lastReload], [0, true, gateway.child.pid, null]);
    assert.ok(Date.parse(told.startedAt) <= Date.now());
    assert.deepEqual(await ask(gateway, "shutdown"), { error: "unknown request" });
    gateway.child.kill("SIGTERM");
    await gateway.ended;
    assert.equal(fs.existsSync(socket), false);
    const none = await ask0();
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^turnpike status: no daemon runs/);
    const reload = await run(["reload", "--config", "turnpike.yaml"], { cwd: gateway.directory });
    assert.equal(reload.code, 1);
    assert.match(reload.stderr, /no daemon runs/);
  } finally { await s.stop(); }
});

test("a control socket that a killed daemon left is replaced, a living one's is not", async () => {
  const s = await start();
  const directory = s.gateway.directory;
  const config = JSON.parse(fs.readFileSync(path.join(directory, "turnpike.yaml")));
  const socket = path.join(directory, "control.sock");
  let second, third;
  try {
    s.gateway.child.kill("SIGKILL");
    await s.gateway.ended;
    assert.ok(fs.existsSync(socket));
    second = await startGateway({ config: { ...config, listeners: [listener(await freePort())], admin: undefined, controlSocket: socket }, files: { "api.json": definition({ "GET /hello": "hello" }) } });
    assert.equal((await ask(s.gateway, "status")).pid, second.child.pid);
    third = await startGateway({ config: { ...config, listeners: [listener(await freePort())], admin: undefined, controlSocket: socket }, files: { "api.json": definition({ "GET /hello": "hello" }) } });
    assert.ok(third.lines.some((line) => /no control socket: another daemon listens/.test(line)), third.lines.join("\n"));
    await third.stop();
    assert.equal((await ask(s.gateway, "status")).pid, second.child.pid);
  } finally { await third?.stop(); await second?.stop(); await s.stop("SIGKILL"); }
});

test("systemd is told: ready, reloading with its time, stopping; the watchdog is fed", async () => {
  const gateway = await startUnderSystemd({ config: { listeners: [listener(await freePort())] }, watchdogUsec: 200_000 });
  try {
    const ready = await gateway.told(/^READY=1/);
    assert.match(ready, new RegExp(`^READY=1;STATUS=ready;MAINPID=${gateway.pid}$`));
    await gateway.told(/^WATCHDOG=1$/);
    const before = process.hrtime.bigint() / 1000n; // CLOCK_MONOTONIC, as systemd wants it
    let from = gateway.messages.length;
    gateway.kill("SIGHUP");
    const reloading = await gateway.told(/^RELOADING=1;MONOTONIC_USEC=\d+$/, from);
    await gateway.told(/^READY=1;STATUS=ready;/, from);
    const time = BigInt(reloading.split("=").at(-1));
    assert.ok(time >= before - 1000n && time <= process.hrtime.bigint() / 1000n, `${time} is not between ${before} and now`);
    const order = gateway.messages.slice(from).filter((message) => !/^WATCHDOG/.test(message)).map((message) => message.split("=")[0]);
    assert.deepEqual(order, ["RELOADING", "READY"]);
    fs.writeFileSync(path.join(gateway.directory, "turnpike.yaml"), "{");
    from = gateway.messages.length;
    gateway.kill("SIGHUP");
    await gateway.told(/^READY=1;STATUS=ready; the last reload failed/, from);
    from = gateway.messages.length;
    gateway.kill("SIGTERM");
    await gateway.told(/^STOPPING=1$/, from);
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
  } finally { if (!gateway.exited) gateway.kill("SIGKILL"); await gateway.stop(); }
});

test("sockets of systemd are served, across reloads, and their absence is an error", async () => {
  const [web, extra] = [await freePort(), await freePort()];
  const listeners = [{ name: "web", systemd: "web" }, { name: "extra", systemd: "extra" }];
  const gateway = await startUnderSystemd({ config: { listeners }, sockets: { web, extra } });
  const file = path.join(gateway.directory, "turnpike.yaml");
  const config = JSON.parse(fs.readFileSync(file));
  const reload = async (change) => { fs.writeFileSync(file, JSON.stringify({ ...config, ...change })); return ask(gateway, "reload"); };
  try {
    await gateway.told(/^READY=1/);
    for (const port of [web, extra]) assert.equal((await get(port, "/")).status, 403);
    assert.equal((await reload({ listeners: listeners.slice(0, 1) })).reloaded, true);
    assert.equal((await get(web, "/")).status, 403);
    assert.equal((await reload({})).reloaded, true); // taken up again
    assert.equal((await get(extra, "/")).status, 403);
    const refused = await reload({ listeners: [...listeners, { name: "gone", systemd: "gone" }] });
    assert.equal(refused.reloaded, false);
    assert.match(JSON.stringify(refused.problems), /no socket named 'gone' was handed over/);
    gateway.kill("SIGTERM");
    await gateway.ended;
    assert.equal(gateway.exited.code, 0);
  } finally { if (!gateway.exited) gateway.kill("SIGKILL"); await gateway.stop(); }
});

test("what start says where it cannot: ports, admin, configuration", async () => {
  const taken = await takenPort();
  const failing = async (config) => {
    const gateway = await startGateway({ config, wait: false });
    await gateway.ended;
    const { code } = gateway.exited, text = gateway.lines.join("\n");
    await gateway.stop("SIGKILL"); // its status is the test's to judge
    return { code, text };
  };
  const port = await failing({ listeners: [listener(taken.port)] });
  assert.equal(port.code, 1);
  assert.match(port.text, new RegExp(`listeners: listener 'p${taken.port}': listen on 127\\.0\\.0\\.1:${taken.port}: Address already in use`));
  const admin = await failing({ admin: { port: taken.port } });
  assert.equal(admin.code, 1);
  assert.match(admin.text, /admin: .*in use/);
  const invalid = await failing({ listners: [] });
  assert.equal(invalid.code, 78);
  assert.match(invalid.text, /turnpike\.yaml:\d+:\d+: .*listners/);
  await taken.stop();
});

const apart = ["unshare", "--pid", "--fork", "--kill-child"];
const canBeFirst = spawnSync(apart[0], [...apart.slice(1), "true"]).status === 0 ? {} : { skip: "no name space of processes can be made here" };
const childrenOf = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
const stateOf = (pid) => { try { return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1][0]; } catch { return "gone"; } };

test("as a container's first process it waits for whoever lost its parent, and drains", canBeFirst, async () => {
  const gateway = await startGateway({ wrapper: apart });
  try {
    const [first] = childrenOf(gateway.child.pid);
    assert.equal((await gateway.status()).pid, 1);
    const before = childrenOf(first);
    const visitor = spawn("nsenter", ["--target", first, "--pid", "sh", "-c", "exec 3<&0; cat <&3 & exit 0"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(visitor, "exit");
    const [orphan, ...more] = childrenOf(first).filter((pid) => !before.includes(pid));
    assert.deepEqual([stateOf(orphan) === "Z", more], [false, []], "it lives, and is the gateway's now");
    visitor.stdin.end();
    for (let asked = 0; stateOf(orphan) !== "gone"; asked++) {
      assert.ok(asked < 2000, `it is ${stateOf(orphan)}`);
      await gateway.status();
    }
    process.kill(Number(first), "SIGTERM");
    assert.deepEqual(await gateway.ended, { code: 0, signal: null });
  } finally { await gateway.stop(); }
});
