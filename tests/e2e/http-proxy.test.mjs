// HTTP integrations with real backends: what they are sent, and how their answers come back, whole,
// piece by piece, broken off, or not at all.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import zlib from "node:zlib";
import { test } from "./lib/bounded.mjs";
import { startBackend } from "./lib/backend.mjs";
import { startClock } from "./lib/clock.mjs";
import { freePort, startGateway } from "./lib/gateway.mjs";
import { ask, get, residentKib } from "./lib/process.mjs";
import { Raw } from "./lib/raw.mjs";

const unavailable = [503, '{"message":"Service Unavailable"}'];
const broken = [500, '{"message":"Internal Server Error"}'];
const outcome = ({ status, text }) => [status, text];
const turn = () => new Promise((resolve) => setImmediate(resolve));

// A document whose routes ("ANY /a/{proxy+}") are integrations: a URL, or an object.
export function proxyDefinition(routes) {
  const paths = {};
  for (const [key, target] of Object.entries(routes)) {
    const [method, path] = key === "$default" ? ["ANY", "/$default"] : key.split(" ");
    const word = method === "ANY" ? "x-amazon-apigateway-any-method" : method.toLowerCase();
    (paths[path] ??= {})[word] = { ...(key === "$default" ? { isDefaultRoute: true } : {}),
      "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "ANY", ...(typeof target === "string" ? { uri: target } : target) } };
  }
  return { openapi: "3.0.1", info: { title: "t", version: "1" }, paths };
}

const format = "$context.path $context.status $context.integration.integrationStatus $context.integration.status $context.integrationErrorMessage $context.responseLength";
function start(routes, { stageVariables = {}, stages = [{ stageName: "$default", stageVariables }], env, ...more } = {}) {
  const logged = stages.map((stage) => ({ accessLogSettings: { destination: "stdout", format }, ...stage }));
  return startGateway({ config: { apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json", stages: logged }], development: true, ...more }, files: { "api.json": proxyDefinition(routes) }, env });
}

// Runs `fn(gateway, backend)` with ANY /{proxy+} in front of a backend of raw bytes.
async function withBackend(options, fn, { target = {}, ...more } = {}) {
  const backend = await startBackend(typeof options === "function" ? { onCall: options } : options);
  const gateway = await start({ "ANY /{proxy+}": { uri: `${backend.url}/{proxy}`, ...target } }, more);
  try {
    await fn(gateway, backend);
  } finally { await gateway.stop(); await backend.stop(); }
}

// The same with a server of Node's.
async function withServer(handler, fn, { target = {}, ...more } = {}) {
  const server = http.createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const gateway = await start({ "ANY /{proxy+}": { uri: `http://127.0.0.1:${server.address().port}/{proxy}`, ...target } }, more);
  try {
    await fn(gateway, server);
  } finally { await gateway.stop(); server.closeAllConnections(); server.close(); }
}

// Resolves when `taken` (a number of bytes) stays the same while the gateway goes on turning.
async function stalled(gateway, taken) {
  for (let last = -1, rounds = 0; rounds < 10; rounds++) {
    for (let i = 0; i < 20; i++) await gateway.metrics();
    if (taken() !== last) rounds = 0;
    last = taken();
  }
}

const inFlight = (gateway) => gateway.metric("turnpike_backend_inflight_requests");
const logLine = (gateway, pattern) => gateway.line(pattern, { list: gateway.stdout });

// --- what the backend is sent ---

test("method, path, query and fields", async () => {
  await withBackend((call) => call.answer("ok", "X-Backend: 1\r\n"), async (gateway, backend) => {
    const raw = await Raw.open(gateway.port);
    raw.send("PURGE /a%2fb//c?x=%20&y HTTP/1.1\r\nHost: api.test:81\r\nx-A: 1\r\nConnection: keep-alive, X-Hop\r\nx-hop: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n"
      + "X-Forwarded-For: 9.9.9.9\r\nVia: 1.0 me\r\nAccept-Encoding: br\r\n\r\n");
    const answer = await raw.answer();
    raw.close();
    assert.deepEqual([answer.status, answer.body, answer.headers["x-backend"]], [200, "ok", "1"]);
    const { line, headers } = backend.calls[0];
    assert.equal(line, "PURGE /a%2fb//c?x=%20&y HTTP/1.1");
    const { "x-amzn-trace-id": trace, ...others } = headers;
    assert.match(trace, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    assert.deepEqual(others, { host: `127.0.0.1:${backend.port}`, "x-a": "1", "x-forwarded-for": "9.9.9.9", "accept-encoding": "br",
      via: "1.0 me, HTTP/1.1 AmazonAPIGateway", forwarded: 'for=127.0.0.1;host="api.test:81";proto=http' });
  });
});

test("the method of the integration, $default, stages and their variables, private integrations", async () => {
  const backend = await startBackend();
  const arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2";
  const gateway = await start({
    "ANY /fixed": { uri: `${backend.url}/f?k=1`, httpMethod: "POST" },
    "GET /vars/{id}": "http://${stageVariables.backend}/${stageVariables.v}/{id}?n={id}",
    "ANY /private/{proxy+}": { uri: `${arn}?stage=prod`, connectionType: "VPC_LINK", connectionId: "abc" },
    "ANY /other": { uri: "arn:aws:servicediscovery:us-east-1:1:service/srv", connectionType: "VPC_LINK", connectionId: "abc" },
    "$default": `${backend.url}/d/`,
  }, {
    stages: [{ stageName: "$default", stageVariables: { backend: `127.0.0.1:${backend.port}`, v: "v1" } }, { stageName: "beta", stageVariables: { backend: `localhost:${backend.port}`, v: "v2" } }],
    vpcLinks: { [arn]: `${backend.url}/base/`, abc: backend.url },
  });
  try {
    const line = async (target, options) => { assert.equal((await get(gateway.port, target, options)).status, 200, target); return backend.calls.at(-1).line.split(" ").slice(0, 2).join(" "); };
    assert.equal(await line("/fixed?q=2"), "POST /f?k=1&q=2");
    assert.equal(backend.calls.at(-1).headers["content-length"], "0");
    assert.equal(await line("/vars/a%26b"), "GET /v1/a%26b?n=a%26b");
    assert.equal(await line("/beta/vars/7"), "GET /v2/7?n=7");
    assert.equal(backend.calls.at(-1).headers.host, `localhost:${backend.port}`);
    assert.equal(await line("/nothing/of/that?x"), "GET /d/nothing/of/that?x");
    assert.equal(await line("/beta/nothing"), "GET /d/nothing");
    assert.equal(await line("/private/x%20y?z"), "GET /base/private/x%20y?z");
    assert.equal(await line("/beta/private/x"), "GET /base/beta/private/x");
    assert.equal(await line("/other", { method: "DELETE" }), "DELETE /other");
  } finally { await gateway.stop(); await backend.stop(); }
});

for (const target of ["/a/../b", "/a/%2e%2E/b", "/..", "/a/b/..", "/a/./b", "/a/..%5Cb", "/a/..;/b", "/a/..%2fb"])
  test(`a path that climbs is refused: ${target}`, async () => {
    await withBackend({}, async (gateway, backend) => {
      const answer = await get(gateway.port, target);
      assert.deepEqual(outcome(answer), [400, '{"message":"Bad Request"}']);
      assert.match(answer.headers["x-turnpike-reason"], /'\.\.'/);
      assert.equal(backend.calls.length, 0);
    });
  });

test("bodies: with a length, chunked, none, waiting for 100, of 9 MB", async () => {
  await withServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
      response.setHeader("x-seen", JSON.stringify([request.headers["content-length"], request.headers["transfer-encoding"], request.headers.expect]));
      response.end(Buffer.concat(chunks));
    });
  }, async (gateway) => {
    const seen = (answer) => JSON.parse(answer.headers["x-seen"]);
    const plain = await get(gateway.port, "/x", { method: "POST", body: "héllo" });
    assert.deepEqual([plain.text, seen(plain)], ["héllo", ["6", null, null]]);
    const chunked = await get(gateway.port, "/x", { method: "PUT", body: "abc", headers: { "transfer-encoding": "chunked" } });
    assert.deepEqual([chunked.text, seen(chunked)], ["abc", ["3", null, null]]);
    const none = await get(gateway.port, "/x", { method: "DELETE" });
    assert.deepEqual([none.text, seen(none)], ["", [null, null, null]]);
    const raw = (await Raw.open(gateway.port)).send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert.match(await raw.until(/100 Continue/), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    const continued = (await raw.send("hello").answers(2))[1];
    assert.deepEqual([continued.body, seen(continued)], ["hello", ["5", null, null]]);
    raw.close();
    const big = "0123456789abcde\n".repeat(9 * 65536);
    assert.ok((await get(gateway.port, "/x", { method: "POST", body: big })).text === big);
    assert.equal(await gateway.metric("turnpike_buffered_bytes") ?? 0, 0);
  });
});

// --- answers ---

test("an answer's fields: those of one hop and ours stay behind, the rest is passed on", async () => {
  const fields = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: s/1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: Basic\r\n"
    + "Upgrade: h2c\r\nTrailer: x\r\napigw-requestid: theirs\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty:\r\n";
  await withBackend((call) => call.answer("hello", fields, "418 Teapot"), async (gateway) => {
    const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await raw.answer();
    const text = raw.text.replace(/date: (?!Thu, 01 Jan 1970)[^\r]+/, "date: D").replace(/apigw-requestid: [\w-]{15}=/, "apigw-requestid: I");
    assert.equal(text, "HTTP/1.1 418 \r\ndate: D\r\nServer: s/1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty: \r\napigw-requestid: I\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello");
    raw.close();
    assert.equal(await logLine(gateway, /^\/x/), "/x 418 418 418 - 5");
  });
});

for (const [what, bytes, end] of [
  ["chunked, with trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"],
  ["until the close", "HTTP/1.1 200 OK\r\n\r\nabcde", true],
  ["of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabcde", true],
  ["of HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde"],
  ["with Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde", true],
  ["behind 1xx", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"],
])
  test(`an answer ${what}`, async () => {
    await withBackend((call) => { call.send(bytes); if (end) call.socket.end(); }, async (gateway) => {
      for (let i = 0; i < 3; i++) {
        const answer = await get(gateway.port, "/x");
        assert.deepEqual([answer.status, answer.text, answer.headers["x-sum"], answer.headers.link], [200, "abcde", undefined, undefined]);
      }
      // to a client of HTTP/1.0, which knows no chunks
      const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.0\r\n\r\n");
      assert.match(await raw.closed(), /^HTTP\/1\.1 200 OK\r\n(?!.*transfer-encoding)[^]*\r\n\r\nabcde$/);
    });
  });

const noBody = [
  ["HEAD", "/head", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: e\r\n\r\n", { "content-length": "1234", "transfer-encoding": undefined, etag: "e" }],
  ["HEAD", "/head-chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", { "content-length": undefined, "transfer-encoding": undefined }],
  ["HEAD", "/head-unknown", "HTTP/1.1 404 Not Found\r\n\r\n", { "content-length": undefined, "transfer-encoding": undefined }],
  ["GET", "/204", "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n", { "content-length": undefined, "transfer-encoding": undefined, x: "1" }],
  ["GET", "/304", "HTTP/1.1 304 Not Modified\r\nETag: e\r\n\r\n", { "content-length": undefined, "transfer-encoding": undefined, etag: "e" }],
  ["GET", "/304-length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", { "content-length": "99", "transfer-encoding": undefined }],
  ["HEAD", "/head-304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", { "content-length": "99" }],
  ["DELETE", "/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", { "content-length": "0" }],
];
test("answers without a body: HEAD, 204, 304; the connections serve on", async () => {
  const answers = Object.fromEntries(noBody.map(([method, path, bytes]) => [`${method} ${path}`, bytes]));
  await withBackend((call) => call.send(answers[call.line.slice(0, -9)]), async (gateway, backend) => {
    const raw = await Raw.open(gateway.port);
    let before = "";
    for (const [method, path, bytes, want] of [...noBody, ...noBody]) {
      raw.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const text = (await raw.until({ test: (all) => all.slice(before.length).includes("\r\n\r\n") })).slice(before.length);
      before += text;
      const fields = Object.fromEntries(text.split("\r\n").slice(1).map((field) => field.split(": ")).map(([name, value]) => [name.toLowerCase(), value]));
      assert.equal(text.slice(9, 12), bytes.slice(9, 12));
      assert.ok(text.endsWith("\r\n\r\n"), `${path}: a body`);
      for (const [name, value] of Object.entries(want)) assert.equal(fields[name], value, `${path}: ${name}`);
    }
    raw.close();
    assert.equal(backend.connections, 1);
  });
});

test("HEAD, and a method of the integration's own: bodies that the other side does not expect", async () => {
  const backend = await startBackend({ onCall: (call) => (call.line.startsWith("HEAD") ? call.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n") : call.answer("content")) });
  const gateway = await start({ "ANY /get": { uri: backend.url, httpMethod: "GET" }, "ANY /head": { uri: backend.url, httpMethod: "HEAD" } });
  try {
    const head = await get(gateway.port, "/get", { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", "7"]);
    const whole = await get(gateway.port, "/head");
    assert.deepEqual([whole.status, whole.text, whole.headers["content-length"]], [200, "", "0"]);
  } finally { await gateway.stop(); await backend.stop(); }
});

test("compressed answers pass untouched", async () => {
  const text = "compressible ".repeat(5000), gzip = zlib.gzipSync(text), brotli = zlib.brotliCompressSync(text);
  await withServer((request, response) => {
    const [coding, bytes] = request.headers["accept-encoding"] === "br" ? ["br", brotli] : ["gzip", gzip];
    response.writeHead(200, { "content-encoding": coding, vary: "Accept-Encoding", "content-type": "text/plain", ...(request.url === "/sized" ? { "content-length": bytes.length } : {}) }).end(bytes);
  }, async (gateway) => {
    for (const path of ["/sized", "/chunked"])
      for (const [coding, bytes] of [["br", brotli], ["gzip", gzip]]) {
        const answer = await new Promise((resolve, reject) => http.get({ port: gateway.port, host: "127.0.0.1", path, headers: { "accept-encoding": coding } }, async (response) => {
          const chunks = [];
          for await (const chunk of response) chunks.push(chunk);
          resolve({ headers: response.headers, body: Buffer.concat(chunks) });
        }).on("error", reject));
        assert.equal(answer.headers["content-encoding"], coding);
        assert.equal(answer.headers.vary, "Accept-Encoding");
        assert.ok(answer.body.equals(bytes));
      }
  });
});

test("big heads: 60 fields of 1,000 bytes pass, an endless one does not", async () => {
  const fields = Array.from({ length: 60 }, (_, i) => `x-${i}: ${"v".repeat(1000)}\r\n`).join("");
  await withBackend((call) => (call.line.includes("/big") ? call.answer("ok", fields) : call.send(`HTTP/1.1 200 OK\r\n${"x: ".padEnd(200000, "v")}`)), async (gateway) => {
    const answer = await get(gateway.port, "/big", { maxHeaderSize: 100000 });
    assert.deepEqual([answer.text, answer.headers["x-59"].length], ["ok", 1000]);
    assert.deepEqual(outcome(await get(gateway.port, "/endless")), broken);
  });
});

// --- piece by piece ---

test("each piece is passed on when it comes", async () => {
  let call;
  await withBackend((begun) => { call = begun; call.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"); }, async (gateway) => {
    const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.match(await raw.until(/one/), /\r\ntransfer-encoding: chunked\r\n[^]*\r\n\r\n3\r\none\r\n$/);
    call.send("3\r\ntwo\r\n");
    assert.match(await raw.until(/two/), /3\r\ntwo\r\n$/);
    call.send("0\r\n\r\n");
    await raw.until(/\r\n0\r\n\r\n$/);
    raw.send("GET /y HTTP/1.1\r\nHost: a\r\n\r\n"); // the connection serves on
    await raw.until({ test: (text) => text.split("HTTP/1.1 200").length === 3 });
    raw.close();
    assert.equal(await logLine(gateway, /^\/x/), "/x 200 200 200 - 6");
    call.send("0\r\n\r\n");
  });
});

test("a client that does not read stops its backend, at a bounded price; then it gets everything", async () => {
  const CLIENTS = 20, SIZE = 8 * 1024 * 1024;
  const body = Buffer.alloc(SIZE, "0123456789abcdef");
  const sockets = [];
  await withServer((request, response) => {
    sockets.push(response.socket);
    response.writeHead(200, request.url === "/sized" ? { "content-length": SIZE } : {}).end(body);
  }, async (gateway) => {
    await get(gateway.port, "/sized");
    const before = residentKib(gateway.child.pid);
    sockets.length = 0;
    const responses = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => new Promise((resolve, reject) => {
      http.get({ port: gateway.port, host: "127.0.0.1", path: i % 2 ? "/sized" : "/chunked", agent: false }, resolve).on("error", reject);
    })));
    const taken = () => sockets.reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0);
    await stalled(gateway, taken);
    const held = residentKib(gateway.child.pid) - before;
    assert.ok(before === null || held < CLIENTS * 400, `${held} KiB for ${CLIENTS} answers of ${SIZE} bytes`);
    assert.ok(taken() < CLIENTS * SIZE * 0.9, "the backend has to wait");
    assert.equal(await inFlight(gateway), CLIENTS);
    const whole = await Promise.all(responses.map(async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      return Buffer.concat(chunks).equals(body);
    }));
    assert.ok(whole.every(Boolean));
    assert.equal(await inFlight(gateway), 0);
    await gateway.quiet();
  });
});

test("what waits for slow clients counts against limits.bufferedBytes; beyond it they are cut off", async () => {
  const body = Buffer.alloc(64 * 1024 * 1024, "x");
  await withServer((request, response) => response.end(body), async (gateway) => {
    const slow = [];
    for (let i = 0; i < 5; i++) {
      const response = await new Promise((resolve, reject) => http.get({ port: gateway.port, host: "127.0.0.1", path: "/x", agent: false }, resolve).on("error", reject));
      slow.push(response);
    }
    await gateway.line(/the answer was cut off: backend 'http:[^ ]*: the client takes too little while all of limits\.bufferedBytes are in use/);
    const sizes = await Promise.all(slow.map(async (response) => {
      let size = 0;
      try { for await (const chunk of response) size += chunk.length; } catch { return "cut off"; }
      return response.statusCode === 503 ? "refused" : size;
    }));
    assert.ok(sizes.includes("cut off"));
    assert.ok(sizes.includes(body.length));
    assert.ok(sizes.every((size) => ["cut off", "refused", body.length].includes(size)), `${sizes}`);
    await gateway.quiet();
    assert.equal((await get(gateway.port, "/x")).text.length, body.length);
  }, { limits: { bufferedBytes: 500000, payloadBytes: 100000000 } });
});

test("the time that a client takes to read is not the backend's", async () => {
  const body = Buffer.alloc(8 * 1024 * 1024, "x");
  const clock = startClock();
  let socket;
  try {
    await withServer((request, response) => { socket = response.socket; response.end(body); }, async (gateway) => {
      const response = await new Promise((resolve) => http.get({ port: gateway.port, host: "127.0.0.1", path: "/x", agent: false }, resolve));
      await stalled(gateway, () => socket.bytesWritten - socket.writableLength);
      clock.advance(20);
      await gateway.metrics();
      let size = 0;
      for await (const chunk of response) size += chunk.length;
      assert.equal(size, body.length);
    }, { target: { timeoutInMillis: 10000 }, env: clock.env });
  } finally { clock.stop(); }
});

// --- what goes wrong ---

test("no answer: refused, closed, malformed, a change of protocol, too late", async () => {
  const answers = {
    "/closed": (call) => call.socket.end(),
    "/reset": (call) => call.socket.resetAndDestroy(),
    "/garbage": (call) => call.send("SSH-2.0-OpenSSH_9.2\r\n"),
    "/status": (call) => call.send("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
    "/lengths": (call) => call.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "/101": (call) => call.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "/silent": () => {},
  };
  await withBackend((call) => answers[call.line.split(" ")[1]](call), async (gateway) => {
    for (const [path, want, why] of [
      ["/closed", unavailable, /The backend failed: the connection ended before the answer/], ["/reset", unavailable, /The backend failed/],
      ["/garbage", broken, /The backend's answer is malformed/], ["/status", broken, /a malformed status/],
      ["/lengths", broken, /more than one Content-Length/], ["/101", broken, /changed the protocol/], ["/silent", unavailable, /did not answer in time/],
    ]) {
      const answer = await get(gateway.port, path);
      assert.deepEqual(outcome(answer), want, path);
      assert.match(answer.headers["x-turnpike-reason"], why);
      assert.match(answer.headers["x-turnpike-reason"], /^backend 'http:/);
      assert.match(await logLine(gateway, new RegExp(`^${path} `)), new RegExp(`^${path} ${want[0]} - - The backend`));
    }
    assert.match(await gateway.metrics(), /turnpike_integration_errors_total\{api="test",stage="\$default",route="\/\{proxy\+\}",reason="malformed"\} 4/);
    assert.equal(await inFlight(gateway), 0);
  }, { target: { timeoutInMillis: 300 } });
});

test("nobody there: 503 with the reason", async () => {
  const port = await freePort();
  const gateway = await start({ "GET /dead": `http://127.0.0.1:${port}/`, "GET /unknown": "http://no-such-host.invalid/" });
  try {
    const dead = await get(gateway.port, "/dead");
    assert.deepEqual(outcome(dead), unavailable);
    assert.match(dead.headers["x-turnpike-reason"], new RegExp(`connect to 127.0.0.1 port ${port}: Connection refused`));
    assert.deepEqual(outcome(await get(gateway.port, "/unknown")), unavailable);
    await gateway.line(/503 Service Unavailable: backend 'http:\/\/no-such-host\.invalid\/': The backend failed/);
  } finally { await gateway.stop(); }
});

test("a stage variable that is missing: 500", async () => {
  const gateway = await start({ "GET /x": "http://${stageVariables.none}/" });
  try {
    assert.deepEqual(outcome(await get(gateway.port, "/x")), broken);
  } finally { await gateway.stop(); }
});

// What a client of raw bytes gets of an answer that is not completed: never a proper end.
for (const [what, bytes, then, why] of [
  ["its backend dies within a length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!", (call) => call.socket.end(), /ended within the answer/],
  ["its backend dies within chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf!\r\n", (call) => call.socket.end(), /ended within the answer/],
  ["its backend is reset", "HTTP/1.1 200 OK\r\n\r\nhalf!", (call) => call.socket.resetAndDestroy(), /ended within the answer/],
  ["chunks are malformed", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf!\r\n", (call) => call.send("zz\r\n"), /malformed/],
  ["its time is over", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!", () => {}, /in time/],
])
  test(`an answer that is broken off, as ${what}: the client is cut off`, async () => {
    const state = {};
    await withBackend((call) => { state.call = call; call.send(bytes); }, async (gateway) => {
      const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
      let error = null;
      raw.tcp.on("error", (e) => (error = e));
      await raw.until(/half!/);
      then(state.call);
      const text = await raw.closed();
      assert.match(text, /half!(\r\n)?$/);
      assert.equal(error?.code, "ECONNRESET");
      assert.match(await gateway.line(/the answer was cut off: backend 'http:/), why);
      assert.match(await logLine(gateway, /^\/x/), /^\/x 200 200 200 The backend.* 5$/);
      await gateway.quiet();
      assert.equal(await inFlight(gateway), 0);
    }, { target: { timeoutInMillis: 400 } });
  });

test("an answer above limits.payloadBytes: announced 500, otherwise cut off", async () => {
  const body = "x".repeat(3000);
  await withServer((request, response) => {
    if (request.url === "/announced") response.setHeader("content-length", body.length);
    response.write(body.slice(0, 500));
    request.socket.once("close", () => {});
    if (request.url === "/announced") return response.end(body.slice(500));
    setImmediate(() => response.end(body.slice(500)));
  }, async (gateway) => {
    const announced = await get(gateway.port, "/announced");
    assert.deepEqual(outcome(announced), broken);
    assert.match(announced.headers["x-turnpike-reason"], /too large/);
    const raw = (await Raw.open(gateway.port)).send("GET /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const text = await raw.closed();
    assert.ok(!text.endsWith("0\r\n\r\n") || text.startsWith("HTTP/1.1 500"), text.slice(-40));
    assert.ok(text.length < 3000);
  }, { limits: { payloadBytes: 2000 } });
});

test("a client that leaves before the answer: the call runs to its end; within it: the backend's connection closes", async () => {
  const calls = [];
  await withServer((request, response) => calls.push({ request, response }), async (gateway) => {
    const leaves = async (target, begin) => {
      const raw = (await Raw.open(gateway.port)).send(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`);
      while (calls.length === 0) await turn();
      const call = calls.pop();
      const closed = once(call.response, "close");
      if (begin) { begin(call.response); await raw.until(/first/); }
      await raw.reset();
      if (begin) {
        await closed;
        assert.ok(!call.response.writableFinished);
        while ((await inFlight(gateway)) > 0);
        return;
      }
      while ((await ask(gateway, "status")).exchanges > 0);
      assert.equal(await inFlight(gateway), 1);
      call.response.end(Buffer.alloc(4 * 1024 * 1024));
      await closed;
      assert.ok(call.response.writableFinished, "the backend could send all of it");
      while ((await inFlight(gateway)) > 0);
    };
    await leaves("/before-the-head");
    await leaves("/within-the-body", (response) => response.write("first"));
    assert.match(await logLine(gateway, /^\/within/), /^\/within-the-body 200 200 200 - 5$/);
    const health = get(gateway.port, "/next");
    while (calls.length === 0) await turn();
    calls.pop().response.end("fine");
    assert.equal((await health).text, "fine");
  });
});

test("a client that leaves while its backend waits for it", async () => {
  const body = Buffer.alloc(64 * 1024 * 1024, "x");
  let closed;
  await withServer((request, response) => { closed = once(response, "close"); response.end(body); }, async (gateway) => {
    const raw = await Raw.open(gateway.port);
    raw.socket.pause();
    raw.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!closed) await turn();
    for (let i = 0; i < 50; i++) await gateway.metrics();
    await raw.reset();
    await closed;
    while ((await inFlight(gateway)) > 0);
  }, { limits: { payloadBytes: 100000000 } });
});

test("clients that leave hold no more of the backend's connections than a quarter of limits.connections", async () => {
  let heard = () => {};
  const backend = await startBackend({ onCall: () => heard() });
  const gateway = await start({ "GET /never": `${backend.url}/x` }, { limits: { connections: 40 } });
  try {
    for (let i = 0; i < 60; i++) {
      const raw = await Raw.open(gateway.port);
      const called = new Promise((resolve) => { heard = resolve; });
      raw.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
      await called;
      await raw.reset();
    }
    while ((await ask(gateway, "status")).exchanges > 0);
    while ((await inFlight(gateway)) > 10);
    assert.equal(await inFlight(gateway), 10);
    while (backend.sockets.size > 10) await turn();
  } finally { await gateway.stop("SIGKILL"); await backend.stop(); }
});

test("a stop does not wait for calls that nobody waits for", async () => {
  const calls = [];
  await withServer((request, response) => calls.push(response), async (gateway) => {
    const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    while (calls.length === 0) await turn();
    await raw.reset();
    while ((await ask(gateway, "status")).exchanges > 0);
    gateway.child.kill("SIGTERM");
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
  });
});

test("bodies count against limits.bufferedBytes until their calls end", async () => {
  const calls = [];
  await withBackend((call) => calls.push(call), async (gateway) => {
    const body = "x".repeat(60000);
    const first = get(gateway.port, "/first", { method: "POST", body });
    while (calls.length < 1) await turn();
    const second = await get(gateway.port, "/second", { method: "POST", body });
    assert.deepEqual(outcome(second), unavailable);
    assert.match(second.headers["x-turnpike-reason"], /limits\.bufferedBytes/);
    calls[0].answer("done");
    assert.equal((await first).text, "done");
    const third = get(gateway.port, "/third", { method: "POST", body });
    while (calls.length < 2) await turn();
    calls[1].answer("done");
    assert.equal((await third).status, 200);
  }, { limits: { bufferedBytes: 100000 } });
});

// --- with the rest of the gateway ---

test("a response parameter that reads the body has the whole of it collected", async () => {
  await withBackend((call) => {
    call.send("HTTP/1.1 200 OK\r\nX-Kept: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n");
    setImmediate(() => call.send("3\r\n:7}\r\n0\r\n\r\n"));
  }, async (gateway) => {
    const answer = await get(gateway.port, "/x");
    assert.deepEqual([answer.text, answer.headers["x-id"], answer.headers["x-kept"], answer.headers["content-length"]], ['{"id":7}', "7", "1", "8"]);
  }, { target: { responseParameters: { 200: { "append:header.x-id": "$response.body.id" } } } });
});

test("collecting is bounded, and an answer that breaks off is no answer", async () => {
  await withBackend((call) => {
    call.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n");
    if (call.line.includes("/large")) call.send(`${(3000).toString(16)}\r\n${"x".repeat(3000)}\r\n0\r\n\r\n`);
    else call.socket.end();
  }, async (gateway) => {
    assert.deepEqual(outcome(await get(gateway.port, "/large")), broken);
    assert.deepEqual(outcome(await get(gateway.port, "/ends")), unavailable);
  }, { target: { responseParameters: { 200: { "append:header.x-id": "$response.body.id" } } }, limits: { payloadBytes: 2000 } });
});

test("parameter mapping of method, path, query, host and status", async () => {
  const backend = await startBackend();
  const gateway = await start({ "ANY /a/{id}": { uri: `${backend.url}/x?k=1`, requestParameters: { "overwrite:path": "/m/${request.path.id}", "append:querystring.q": "2", "overwrite:header.host": "mapped.test", "overwrite:header.x-user": "me" },
    responseParameters: { 200: { "overwrite:statuscode": "203" } } } });
  try {
    const answer = await get(gateway.port, "/a/b%20c?r=3", { headers: { connection: "x-user", "x-user": "somebody" } });
    assert.equal(answer.status, 203);
    const { line, headers } = backend.calls[0];
    assert.equal(line, "GET /m/b%20c?k=1&r=3&q=2 HTTP/1.1");
    assert.equal(headers.host, "mapped.test");
    assert.equal(headers["x-user"], "me");
  } finally { await gateway.stop(); await backend.stop(); }
});

test("figures: the kind of integration, its time, its errors", async () => {
  await withBackend({}, async (gateway, backend) => {
    await get(gateway.port, "/x");
    const metrics = await gateway.metrics();
    assert.match(metrics, /turnpike_integration_duration_seconds_count\{api="test",stage="\$default",route="\/\{proxy\+\}",method="ANY",integration="http"\} 1/);
    assert.match(metrics, new RegExp(`turnpike_backend_inflight_requests\\{backend="${backend.url}"\\} 0`));
  });
});

test("a reload and a drain leave answers under way alone", async () => {
  const calls = [];
  await withBackend((call) => { calls.push(call); call.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none"); }, async (gateway) => {
    const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await raw.until(/one/);
    gateway.write({ "api.json": proxyDefinition({ "GET /new": "http://127.0.0.1:1/" }) });
    assert.equal((await gateway.reload()).code, 0);
    gateway.child.kill("SIGTERM");
    await gateway.line(/draining/);
    calls[0].send("two");
    assert.match(await raw.closed(), /onetwo$/);
    await gateway.ended;
    assert.equal(gateway.exited.code, 0);
  });
});
