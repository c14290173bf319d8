// HTTP integrations over TLS: whose certificates are believed, which name is asked for, and that all
// else is as with plain backends.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { after } from "node:test";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { ask, get, residentKib } from "./lib/process.mjs";
import { Raw } from "./lib/raw.mjs";

const directory = temporaryDirectory();
after(() => fs.rmSync(directory, { recursive: true, force: true }));
const inDirectory = (name) => path.join(directory, name);
makeCertificate(directory, "localhost");
makeCertificate(directory, "inside", { hosts: ["inside.test"] });
fs.writeFileSync(inDirectory("both.pem"), ["localhost.pem", "inside.pem"].map((name) => fs.readFileSync(inDirectory(name))).join(""));
const unavailable = [503, '{"message":"Service Unavailable"}'];
const outcome = ({ status, text }) => [status, text];
const turn = () => new Promise((resolve) => setImmediate(resolve));
const inFlight = (gateway) => gateway.metric("turnpike_backend_inflight_requests");

// A server with the certificate of that name; `names` are those that were asked for, one for each
// connection.
async function startServer(handler, name = "localhost") {
  const names = [];
  const server = https.createServer({ key: fs.readFileSync(inDirectory(`${name}-key.pem`)), cert: fs.readFileSync(inDirectory(`${name}.pem`)), ALPNProtocols: ["http/1.1"] }, handler);
  server.on("secureConnection", (socket) => names.push(socket.servername || null)).on("tlsClientError", () => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, names, port: server.address().port, stop: () => { server.closeAllConnections(); server.close(); } };
}

const hello = (request, response) => response.end(`${request.method} ${request.url} ${request.headers.host}`);

function start(integration, { trusted = "both.pem", ...more } = {}) {
  return startGateway({
    config: { apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }], development: true, ...(trusted ? { trustedCertificates: inDirectory(trusted) } : {}), ...more },
    files: { "api.json": { openapi: "3.0.1", info: { title: "t", version: "1" },
      paths: { "/{proxy+}": { "x-amazon-apigateway-any-method": { "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "ANY", ...integration } } } } } },
  });
}

async function withServer(handler, fn, { name, integration = {}, ...more } = {}) {
  const backend = await startServer(handler, name);
  const gateway = await start({ uri: `https://localhost:${backend.port}/{proxy}`, ...integration }, more);
  try {
    await fn(gateway, backend);
  } finally { await gateway.stop(); backend.stop(); }
}

test("a certificate that is trusted: asked for by name, kept and used again", async () => {
  await withServer(hello, async (gateway, backend) => {
    for (let i = 0; i < 5; i++)
      assert.deepEqual(outcome(await get(gateway.port, "/a%20b?c")), [200, `GET /a%20b?c localhost:${backend.port}`]);
    assert.deepEqual(backend.names, ["localhost"]);
  });
});

test("one that is not: 503, nothing is sent, and the log says why", async () => {
  let asked = 0;
  await withServer(() => asked++, async (gateway) => {
    const answer = await get(gateway.port, "/secret");
    assert.deepEqual(outcome(answer), unavailable);
    assert.match(answer.headers["x-turnpike-reason"], /certificate/i);
    await gateway.line(/503 Service Unavailable: backend 'https:.*certificate/i);
    assert.equal(asked, 0);
    assert.equal(await inFlight(gateway), 0);
  }, { trusted: null });
});

test("one of another host: 503", async () => {
  await withServer(hello, async (gateway) => {
    const answer = await get(gateway.port, "/x");
    assert.deepEqual(outcome(answer), unavailable);
    assert.match(answer.headers["x-turnpike-reason"], /certificate|name/i);
  }, { name: "inside" });
});

test("a plain server where TLS is expected: 503", async () => {
  const server = http.createServer(hello).listen(0, "127.0.0.1");
  await once(server, "listening");
  const gateway = await start({ uri: `https://localhost:${server.address().port}/` });
  try {
    assert.deepEqual(outcome(await get(gateway.port, "/x")), unavailable);
  } finally { await gateway.stop(); server.closeAllConnections(); server.close(); }
});

for (const [what, serverName, status, names] of [
  ["serverNameToVerify names the host of a private integration", "inside.test", 200, ["inside.test"]],
  ["another name is not that of the certificate", "outside.test", 503, []],
  ["without it, the name is the URL's", null, 503, []],
])
  test(what, async () => {
    const backend = await startServer(hello, "inside");
    const gateway = await start({ uri: "arn:x", connectionType: "VPC_LINK", connectionId: "link", ...(serverName ? { tlsConfig: { serverNameToVerify: serverName } } : {}) },
      { vpcLinks: { link: `https://localhost:${backend.port}` } });
    try {
      const answer = await get(gateway.port, "/x");
      assert.equal(answer.status, status, answer.headers["x-turnpike-reason"]);
      if (status === 200) assert.equal(answer.text, `GET /x localhost:${backend.port}`);
      assert.deepEqual(backend.names.filter((name) => name !== "outside.test" && name !== "localhost"), names);
    } finally { await gateway.stop(); backend.stop(); }
  });

test("a reload that trusts less refuses what it accepted, and the other way round", async () => {
  const backend = await startServer(hello);
  const apis = [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }];
  const gateway = await start({ uri: `https://localhost:${backend.port}/` });
  try {
    assert.equal((await get(gateway.port, "/x")).status, 200);
    assert.equal((await gateway.reload({ apis, trustedCertificates: inDirectory("inside.pem") })).code, 0);
    assert.equal((await get(gateway.port, "/x")).status, 503);
    assert.equal((await gateway.reload({ apis, trustedCertificates: inDirectory("localhost.pem") })).code, 0);
    assert.equal((await get(gateway.port, "/x")).status, 200);
  } finally { await gateway.stop(); backend.stop(); }
});

test("bodies, HEAD, 204, 304, codings: as with plain backends", async () => {
  const big = "0123456789abcde\n".repeat(9 * 65536);
  await withServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
      if (request.url === "/304") return response.writeHead(304, { etag: "e" }).end();
      if (request.url === "/204") return response.writeHead(204).end();
      if (request.method === "HEAD") return response.writeHead(200, { "content-length": 1234 }).end();
      if (request.url === "/gzip") return response.writeHead(200, { "content-encoding": "gzip", "x-accepted": request.headers["accept-encoding"] ?? "none" }).end("not really");
      response.setHeader("x-length", request.headers["content-length"] ?? "none");
      response.end(Buffer.concat(chunks));
    });
  }, async (gateway, backend) => {
    const echo = await get(gateway.port, "/x", { method: "POST", body: big });
    assert.ok(echo.text === big);
    assert.equal(echo.headers["x-length"], String(big.length));
    assert.equal((await get(gateway.port, "/x", { method: "PUT", body: "abc", headers: { "transfer-encoding": "chunked" } })).text, "abc");
    assert.equal((await get(gateway.port, "/x", { method: "DELETE" })).headers["x-length"], "none");
    assert.equal((await get(gateway.port, "/head", { method: "HEAD" })).headers["content-length"], "1234");
    assert.equal((await get(gateway.port, "/204")).status, 204);
    const same = await get(gateway.port, "/304");
    assert.deepEqual([same.status, same.headers.etag, same.text], [304, "e", ""]);
    const coded = await get(gateway.port, "/gzip", { headers: { "accept-encoding": "gzip;q=0.5" } });
    assert.deepEqual([coded.headers["content-encoding"], coded.headers["x-accepted"], coded.text], ["gzip", "gzip;q=0.5", "not really"]);
    assert.equal((await get(gateway.port, "/gzip")).headers["x-accepted"], "none");
    assert.ok(backend.names.length <= 3, `${backend.names.length} connections`);
  });
});

test("a backend gets the fields that a plain one gets, and no others", async () => {
  await withServer((request, response) => response.end(JSON.stringify(request.rawHeaders)), async (gateway) => {
    const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: api.test\r\nX-Empty:\r\nx-A: 1\r\nExpect: nothing\r\n\r\n");
    const fields = JSON.parse((await raw.answer()).body);
    raw.close();
    const names = fields.filter((_, i) => i % 2 === 0);
    assert.deepEqual(names.map((name) => name.toLowerCase()).filter((name) => name !== "connection").sort(), ["forwarded", "host", "via", "x-a", "x-amzn-trace-id", "x-empty"]);
  });
});

test("pieces come through; a slow client stops its backend at a bounded price", async () => {
  const CLIENTS = 10, SIZE = 8 * 1024 * 1024;
  const body = Buffer.alloc(SIZE, "0123456789abcdef");
  let pending;
  await withServer((request, response) => {
    if (request.url === "/big") return response.end(body);
    response.write("one");
    pending = response;
  }, async (gateway) => {
    const raw = (await Raw.open(gateway.port)).send("GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");
    await raw.until(/one/);
    pending.end("two");
    await raw.until(/0\r\n\r\n$/);
    raw.close();
    await get(gateway.port, "/big");
    const before = residentKib(gateway.child.pid);
    const responses = await Promise.all(Array.from({ length: CLIENTS }, () => new Promise((resolve, reject) => {
      http.get({ port: gateway.port, host: "127.0.0.1", path: "/big", agent: false }, resolve).on("error", reject);
    })));
    for (let i = 0; i < 200; i++) await gateway.metrics();
    const held = residentKib(gateway.child.pid) - before;
    assert.ok(before === null || held < CLIENTS * 700, `${held} KiB for ${CLIENTS} answers`);
    const whole = await Promise.all(responses.map(async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      return Buffer.concat(chunks).equals(body);
    }));
    assert.ok(whole.every(Boolean));
    await gateway.quiet();
  });
});

test("an answer that breaks off or takes too long: cut off; none in time: 503", async () => {
  let response;
  await withServer((request, answer) => {
    if (request.url === "/silent") return;
    response = answer;
    answer.writeHead(200, { "content-length": 10 }).write("half!");
  }, async (gateway) => {
    for (const target of ["/dies", "/late"]) {
      const raw = (await Raw.open(gateway.port)).send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      let error = null;
      raw.tcp.on("error", (e) => (error = e));
      await raw.until(/half!/);
      if (target === "/dies") response.socket.destroy();
      assert.match(await raw.closed(), /^HTTP\/1\.1 200 [^]*half!$/);
      assert.equal(error?.code, "ECONNRESET", target);
    }
    await gateway.line(/the answer was cut off: backend 'https:.*remaining/);
    await gateway.line(/the answer was cut off: backend 'https:.*in time/);
    assert.deepEqual(outcome(await get(gateway.port, "/silent")), unavailable);
    assert.equal(await inFlight(gateway), 0);
  }, { integration: { timeoutInMillis: 500 } });
});

test("a client that leaves, and a stop with calls under way", async () => {
  const calls = [];
  await withServer((request, response) => calls.push(response), async (gateway) => {
    const leave = async () => {
      const raw = (await Raw.open(gateway.port)).send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
      while (calls.length === 0) await turn();
      await raw.reset();
      while ((await ask(gateway, "status")).exchanges > 0);
      return calls.pop();
    };
    const response = await leave();
    const closed = once(response, "close");
    response.end(Buffer.alloc(1024 * 1024));
    await closed;
    assert.ok(response.writableFinished);
    while ((await inFlight(gateway)) > 0);
    await leave();
    gateway.child.kill("SIGTERM");
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
  });
});
