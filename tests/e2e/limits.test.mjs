// Limits, time limits, and clients that leave: what is refused, what goes on, and that nothing is
// left over.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { makeCertificate } from "./lib/certificates.mjs";
import { startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw, exchange, readAnswers } from "./lib/raw.mjs";

const BIG = 5_000_000;
let lambda, pair;
const pem = {};
const held = []; // calls of the function "held", in order: answered by call.release()
const waiting = new Set();

// Resolves once the function "held" has been called that often in all.
const heldCalls = (count) => new Promise((resolve) => {
  const check = () => { if (held.length >= count) { waiting.delete(check); resolve(held[count - 1]); } };
  waiting.add(check);
  check();
});

before(async () => {
  const directory = temporaryDirectory();
  pair = makeCertificate(directory, "server");
  for (const name of Object.values(pair)) pem[name] = fs.readFileSync(path.join(directory, name), "utf8");
  fs.rmSync(directory, { recursive: true });
  lambda = await startLambda({
    echo: (event) => ({ statusCode: 200, body: `${event.rawPath} ${event.body?.length ?? 0}` }),
    big: () => ({ statusCode: 200, body: "x".repeat(BIG) }),
    held: (event, call) => new Promise((resolve) => {
      call.finished = new Promise((done) => call.response.on("close", () => done(call.response.writableFinished)));
      call.release = (result = { statusCode: 200, body: "late" }) => resolve(result);
      held.push(call);
      for (const check of [...waiting]) check();
    }),
  });
});
after(() => lambda?.stop());

const routes = definition({ "GET /big": "big", "ANY /held": "held", "$default": "echo" });

const config = (limits) => ({
  apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json",
    stages: [{ stageName: "$default", accessLogSettings: { destination: "stdout", format: "$context.path $context.status $context.requestId" } }] }],
  functions: Object.fromEntries(["echo", "big", "held"].map((name) => [name, { endpoint: lambda.url, timeout: 20 }])),
  limits,
});
const start = (limits, options = {}) => startGateway({ config: config(limits), files: { "api.json": routes }, ...options });

const get = (path, fields = "") => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`;
const post = (path, fields, body = "") => `POST ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n${body}`;

async function assertServes(gateway) {
  assert.match(await exchange(gateway.port, get("/still", "Connection: close\r\n")), /^HTTP\/1\.1 200 [^]*\/still 0$/);
}

async function assertStopsWell(gateway) {
  await gateway.quiet();
  assert.equal(await gateway.metric("turnpike_buffered_bytes"), 0);
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
}

// The line of the access log that ends a request for `path`; `before` were there already.
const logged = (gateway, path, before = 0) => gateway.line(new RegExp(`^${path} `), { list: gateway.stdout, from: before });

describe("sizes", () => {
  let gateway;
  before(async () => { gateway = await start({ headerBytes: 1000, payloadBytes: 1000 }); });
  after(() => assertStopsWell(gateway));

  for (const [name, bytes, status] of [
    ["a head of headerBytes", get("/x", `A: ${"x".repeat(1000 - get("/x", "A: \r\n").length)}\r\n`), 200],
    ["one byte more", get("/x", `A: ${"x".repeat(1001 - get("/x", "A: \r\n").length)}\r\n`), 431],
    ["a head that does not end", `GET /x HTTP/1.1\r\nA: ${"x".repeat(3000)}`, 431],
    ["a body of payloadBytes", post("/x", "Content-Length: 1000\r\n", "x".repeat(1000)), 200],
    ["one byte more, announced", post("/x", "Content-Length: 1001\r\n", "x".repeat(1001)), 413],
    ["more, announced and not sent", post("/x", "Content-Length: 1000000\r\n"), 413],
    ["chunked, payloadBytes", post("/x", "Transfer-Encoding: chunked\r\n", `3e8\r\n${"x".repeat(1000)}\r\n0\r\n\r\n`), 200],
    ["chunked, one byte more", post("/x", "Transfer-Encoding: chunked\r\n", `3e9\r\n${"x".repeat(1001)}\r\n0\r\n\r\n`), 413],
    ["chunked in 200 pieces", post("/x", "Transfer-Encoding: chunked\r\n", `${"a\r\n0123456789\r\n".repeat(200)}0\r\n\r\n`), 413],
    ["chunked without end", post("/x", "Transfer-Encoding: chunked\r\n", `ffffff\r\n${"x".repeat(5000)}`), 413],
  ]) {
    test(name, async () => {
      const calls = lambda.calls.length;
      const raw = await Raw.open(gateway.port);
      const answer = await raw.send(bytes).answer();
      assert.equal(answer.status, status);
      if (status === 413) assert.equal(answer.body, '{"message":"Request Entity Too Large"}');
      if (status === 431) assert.equal(answer.body, '{"message":"Request Header Fields Too Large"}');
      if (status !== 200) assert.match(answer.headers["apigw-requestid"], /./);
      assert.equal(lambda.calls.length - calls, status === 200 ? 1 : 0);
      raw.close();
    });
  }

  test("a small body that was too large is dropped, and the next request is served", async () => {
    const raw = await Raw.open(gateway.port);
    raw.send(post("/x", "Transfer-Encoding: chunked\r\n", `7d0\r\n${"x".repeat(2000)}\r\n0\r\n\r\n`) + get("/next"));
    assert.deepEqual((await raw.answers(2)).map((answer) => answer.status), [413, 200]);
    raw.close();
  });
});

describe("bufferedBytes", () => {
  let gateway;
  before(async () => { gateway = await start({ bufferedBytes: 100_000 }); });
  after(() => assertStopsWell(gateway));
  const body = (size) => post("/x", `Content-Length: ${size}\r\nContent-Type: text/plain\r\n`, "x".repeat(size));

  test("one body beyond it is answered 503", async () => {
    const raw = await Raw.open(gateway.port);
    assert.equal((await raw.send(body(90_000)).answer()).status, 200);
    const [, answer] = await raw.send(body(150_000)).answers(2);
    assert.equal(answer.status, 503);
    assert.equal(answer.body, '{"message":"Service Unavailable"}');
    raw.close();
  });

  test("so are bodies beyond what others hold, until those have gone", async () => {
    const first = await Raw.open(gateway.port), count = held.length;
    first.send(body(60_000).replace("/x", "/held"));
    const call = await heldCalls(count + 1);
    const second = await Raw.open(gateway.port);
    assert.equal((await second.send(body(60_000)).answer()).status, 503);
    assert.equal((await second.send(get("/small")).answers(2))[1].status, 200);
    call.release();
    assert.equal((await first.answer()).status, 200);
    assert.equal((await second.send(body(60_000)).answers(3))[2].status, 200);
    first.close();
    second.close();
  });

  test("an answer beyond it is answered 503", async () => {
    const raw = await Raw.open(gateway.port);
    assert.equal((await raw.send(get("/big")).answer()).status, 503);
    raw.close();
  });
});

describe("connections", () => {
  let gateway;
  before(async () => { gateway = await start({ connections: 3 }); });
  after(() => assertStopsWell(gateway));

  test("beyond the limit clients are turned away, and those inside work on", async () => {
    const inside = [];
    for (let i = 0; i < 3; i++) {
      inside.push(await Raw.open(gateway.port));
      assert.equal((await inside[i].send(get("/x")).answer()).status, 200);
    }
    for (let i = 0; i < 5; i++) assert.equal(await exchange(gateway.port, get("/out")), "");
    assert.equal(await gateway.metric("turnpike_connections_refused_total"), 5);
    assert.equal(await gateway.metric("turnpike_connections"), 3);
    for (const raw of inside) assert.equal((await raw.send(get("/x")).answers(2))[1].status, 200);
    for (const raw of inside) await raw.reset();
    await gateway.quiet();
    await assertServes(gateway);
  });
});

describe("time", () => {
  let gateway;
  before(async () => { gateway = await start({ headerTimeout: "150ms", bodyTimeout: "150ms", keepAliveTimeout: "200ms", sendTimeout: "300ms" }); });
  after(() => assertStopsWell(gateway));

  test("a client that says nothing is let go without a word", async () => {
    assert.equal(await (await Raw.open(gateway.port)).closed(), "");
  });

  test("one that sends part of a head gets 408", async () => {
    const answers = readAnswers(await exchange(gateway.port, "GET /x HTTP/1.1\r\nHost: a"));
    assert.equal(answers[0].status, 408);
    assert.equal(answers[0].headers.connection, "close");
  });

  test("one that sends a head letter by letter, for ever, gets 408 too", async () => {
    const raw = await Raw.open(gateway.port);
    raw.send("GET /x HTTP/1.1\r\nA: ");
    const timer = setInterval(() => raw.send("x"), 20);
    const answers = readAnswers(await raw.closed());
    clearInterval(timer);
    raw.close();
    assert.equal(answers[0].status, 408);
  });

  test("so does the second request of a connection", async () => {
    const answers = readAnswers(await exchange(gateway.port, get("/x") + "GET /y"));
    assert.deepEqual(answers.map((answer) => answer.status), [200, 408]);
  });

  test("a body that stops", async () => {
    for (const bytes of [post("/x", "Content-Length: 10\r\n", "12345"), post("/x", "Transfer-Encoding: chunked\r\n", "5\r\n123"), post("/x", "Expect: 100-continue\r\nContent-Length: 10\r\n")]) {
      const calls = lambda.calls.length;
      const answers = readAnswers(await exchange(gateway.port, bytes)).filter((answer) => answer.status !== 100);
      assert.deepEqual(answers.map((answer) => answer.status), [408]);
      assert.equal(answers[0].headers.connection, "close");
      assert.equal(lambda.calls.length, calls);
    }
  });

  test("a connection without requests is closed without a word", async () => {
    const answers = readAnswers(await exchange(gateway.port, get("/x")));
    assert.deepEqual(answers.map((answer) => answer.status), [200]);
    assert.equal(answers.rest, "");
  });

  test("a body that nobody wants, and that does not come, ends its connection", async () => {
    const lambdas = lambda.calls.length;
    const answers = readAnswers(await exchange(gateway.port, post("/%zz", "Content-Length: 10\r\n", "12345")));
    assert.deepEqual(answers.map((answer) => answer.status), [400]);
    assert.equal(lambda.calls.length, lambdas);
  });

  test("a client that does not read its answer is cut off", async () => {
    const raw = await Raw.open(gateway.port);
    raw.socket.pause();
    const from = gateway.stdout.length;
    raw.send(get("/big").repeat(20)); // more than the kernel keeps
    const gone = new Promise((resolve) => raw.socket.on("close", resolve));
    await gateway.quiet();
    assert.ok(gateway.stdout.slice(from).filter((line) => line.startsWith("/big ")).length < 20);
    raw.socket.resume();
    await gone;
    await assertServes(gateway);
  });

  test("one that reads slowly gets all of it", async () => {
    const raw = await Raw.open(gateway.port);
    raw.send(get("/big", "Connection: close\r\n"));
    let got = 0;
    raw.socket.on("data", (chunk) => {
      got += chunk.length;
      raw.socket.pause();
      setImmediate(() => raw.socket.resume());
    });
    await raw.closed();
    assert.ok(got > BIG);
  });
});

for (const secure of [null, { rejectUnauthorized: false }]) describe(`clients that leave${secure ? ", over TLS" : ""}`, () => {
  let gateway;
  const open = () => Raw.open(secure ? gateway.tlsPort : gateway.port, { secure });
  before(async () => {
    gateway = await startGateway({
      config: ({ port, tlsPort }) => ({ ...config({}), listeners: [
        { name: "plain", address: "127.0.0.1", port },
        ...(secure ? [{ name: "secure", address: "127.0.0.1", port: tlsPort, tls: pair }] : []),
      ] }),
      files: { "api.json": routes, ...pem },
    });
  });
  after(() => assertStopsWell(gateway));

  test("within a head", async () => {
    for (const bytes of ["", "G", "GET /x HTTP/1.1\r\nHost: a", "GET /x HTTP/1.1\r\nHost: a.test\r\n"]) {
      for (const leave of ["reset", "end"]) {
        const raw = await open();
        raw.send(get("/x"));
        await raw.answer();
        raw.send(bytes);
        await raw[leave]();
        if (leave === "end") assert.equal(readAnswers(await raw.closed()).length, 1);
      }
    }
    await gateway.quiet();
  });

  test("within a body, wanted or not", async () => {
    for (const [path, fields, body] of [["/x", "Content-Length: 10\r\n", "12345"], ["/x", "Transfer-Encoding: chunked\r\n", "a\r\n123"], ["/x", "Transfer-Encoding: chunked\r\n", "3\r\n123\r\n0\r\n"]]) {
      for (const leave of ["reset", "end"]) {
        const raw = await open(), calls = lambda.calls.length, lines = gateway.stdout.length;
        await raw.send(post(path, `Expect: 100-continue\r\n${fields}`)).answers(1);
        raw.send(body);
        await raw[leave]();
        await logged(gateway, path, lines);
        raw.close();
        assert.equal(lambda.calls.length, calls);
        assert.equal(gateway.stdout.length, lines + 1);
      }
    }
    await gateway.quiet();
  });

  test("while the function runs, which runs to its end", async () => {
    const raw = await open(), count = held.length, lines = gateway.stdout.length;
    raw.send(get("/held"));
    const call = await heldCalls(count + 1);
    await raw.reset();
    await logged(gateway, "/held", lines);
    await gateway.quiet();
    call.release();
    assert.equal(await call.finished, true);
    await assertServes(gateway);
    assert.equal(gateway.stdout.slice(lines).filter((line) => line.startsWith("/held")).length, 1);
  });

  test("while the function runs, with more requests behind", async () => {
    const raw = await open(), count = held.length, calls = lambda.calls.length;
    raw.send(get("/held") + get("/never").repeat(10));
    const call = await heldCalls(count + 1);
    await raw.reset();
    await gateway.quiet();
    call.release();
    await call.finished;
    await assertServes(gateway);
    assert.deepEqual(lambda.calls.slice(calls).map((c) => c.event.rawPath), ["/held", "/still"]);
  });

  test("having closed before the function's answer", async () => {
    const raw = await open(), count = held.length;
    raw.send(get("/held"));
    const call = await heldCalls(count + 1);
    raw.close();
    call.release({ statusCode: 200, body: "x".repeat(BIG) });
    await call.finished;
    await gateway.quiet();
    await assertServes(gateway);
  });

  test("within an answer", async () => {
    for (let i = 0; i < 5; i++) {
      const raw = await open(), lines = gateway.stdout.length;
      raw.send(get("/big").repeat(3));
      await raw.until(/^HTTP\/1\.1 200 /);
      await raw.reset();
      await logged(gateway, "/big", lines);
    }
    await gateway.quiet();
    await assertServes(gateway);
  });

  test("within a large body, whose event is written aside", async () => {
    const body = "x".repeat(3_000_000);
    for (let i = 0; i < 5; i++) {
      const raw = await open(), lines = gateway.stdout.length;
      raw.send(post("/held", `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n`, body));
      await new Promise((resolve) => (raw.socket.writableLength ? raw.socket.once("drain", resolve) : resolve()));
      await raw.reset();
      await logged(gateway, "/held", lines);
    }
    for (const call of held) call.release();
    await gateway.quiet();
    await assertServes(gateway);
  });

  test("200 of them at once, in every phase", async () => {
    const clients = [];
    for (let i = 0; i < 200; i++) {
      const raw = await open();
      raw.send([get("/held"), get("/big"), get("/x").repeat(5), "GET /x HT", post("/x", "Content-Length: 9\r\n", "1")][i % 5]);
      clients.push(raw);
    }
    await Promise.all(clients.map((raw) => raw.reset()));
    for (const call of held) call.release();
    await gateway.quiet();
    await assertServes(gateway);
  });
});

test("clients that leave while their tokens wait for a key set", async () => {
  const issuer = await (await startIssuer()).addKey("k");
  const fetches = [];
  issuer.state.fail = (request, response) => { fetches.push(response); };
  const gateway = await startGateway({
    config: { ...config({}), issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] },
    files: { "api.json": definition({ "GET /secure": { function: "echo", security: [{ jwt: [] }] }, $default: "echo" },
      { components: { securitySchemes: { jwt: jwtScheme({ issuer: issuer.issuer }) } } }) },
  });
  const token = await issuer.token(), clients = [];
  for (let i = 0; i < 20; i++)
    clients.push((await Raw.open(gateway.port)).send(get("/secure", `Authorization: Bearer ${token}\r\n`) + get("/x")));
  while ((await gateway.status()).exchanges < 20);
  for (const raw of clients.slice(0, 10)) await raw.reset();
  while ((await gateway.status()).exchanges > 10);
  issuer.state.fail = null;
  for (const response of fetches) response.destroy();
  for (const raw of clients.slice(10)) {
    const answers = await raw.answers(2);
    assert.equal(answers[1].status, 200); // the first: whether the key came in time is not the matter here
    raw.close();
  }
  await assertStopsWell(gateway);
  await issuer.stop();
});

describe("a gateway that is told to stop, and again to stop now", () => {
  // The whole body has come but for one byte, which is sent when it is too late.
  const almost = async (gateway, size, count) => {
    const clients = [];
    for (let i = 0; i < count; i++) {
      const raw = await Raw.open(gateway.port);
      raw.send(post("/held", `Content-Type: application/octet-stream\r\nContent-Length: ${size}\r\n`, "x".repeat(size - 1)));
      clients.push(raw);
    }
    while ((await gateway.metric("turnpike_buffered_bytes")) < count * (size - 1));
    return clients;
  };

  test("while events are written on other threads", async () => {
    const gateway = await start({});
    const clients = await almost(gateway, 10_000_000, 12);
    gateway.child.kill("SIGTERM");
    await gateway.line(/draining/);
    for (const raw of clients) raw.send("x");
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    for (const call of held) call.release();
  });

  test("while answers are read on other threads", async () => {
    const gateway = await start({});
    const clients = [], count = lambda.calls.length;
    for (let i = 0; i < 12; i++) clients.push((await Raw.open(gateway.port)).send(get("/held")));
    await heldCalls(held.length - (lambda.calls.length - count) + 12);
    gateway.child.kill("SIGTERM");
    await gateway.line(/draining/);
    for (const call of held) call.release({ statusCode: 200, body: "x".repeat(BIG) });
    await clients[0].until(/^HTTP/);
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  });

  test("while functions run, bodies come and answers wait to be read", async () => {
    const gateway = await start({});
    const clients = await almost(gateway, 100_000, 3), count = held.length;
    clients.push((await Raw.open(gateway.port)).send(get("/held")));
    await heldCalls(count + 1);
    const reader = await Raw.open(gateway.port);
    reader.socket.pause();
    reader.send(get("/big").repeat(20));
    clients.push((await Raw.open(gateway.port)).send("GET /x"));
    gateway.child.kill("SIGTERM");
    await gateway.line(/draining/);
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    for (const call of held) call.release();
  });
});

const ticks = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
};

describe("many", () => {
  test("clients beyond its descriptors: it stays calm, and works again afterwards", async () => {
    const gateway = await start({}, { wrapper: ["prlimit", "--nofile=64:64"] });
    const inside = await Raw.open(gateway.port);
    assert.equal((await inside.send(get("/x")).answer()).status, 200);
    const clients = [];
    const open = async (count) => { for (let i = 0; i < count; i++) clients.push(await Raw.open(gateway.port)); };
    await open(100);
    await Promise.race(clients.map((raw) => raw.closed())); // the first that is turned away
    const before = ticks(gateway.child.pid);
    for (let round = 1; round <= 8; round++) { // each waits for a pause of the listener
      const from = clients.length;
      await open(20);
      await Promise.all(clients.slice(from).map((raw) => raw.closed()));
    }
    assert.ok(ticks(gateway.child.pid) - before < 30, "it burns the processor");
    assert.equal((await inside.send(get("/%zz")).answers(2))[1].status, 400);
    for (const raw of clients) await raw.reset();
    inside.close();
    await assertServes(gateway);
    await assertStopsWell(gateway);
  });

  test("5000 idle clients, and a request meanwhile", async () => {
    const gateway = await start({ headerTimeout: 300 });
    const clients = [];
    for (let i = 0; i < 50; i++) clients.push(...await Promise.all(Array.from({ length: 100 }, () => Raw.open(gateway.port))));
    const answers = await Promise.all([0, 2500, 4999].map((i) => clients[i].send(get("/x")).answer()));
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200]);
    await assertServes(gateway);
    assert.equal(await gateway.metric("turnpike_connections"), 5000);
    for (const raw of clients) raw.close();
    await assertStopsWell(gateway);
  });
});
