// Functions behind the Invoke API: what the client of endpoints sends, waits for, retries and refuses.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { test } from "./lib/bounded.mjs";
import { startBackend } from "./lib/backend.mjs";
import { freePort, startGateway } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { ask, get, hasIPv6 } from "./lib/process.mjs";
import { Raw } from "./lib/raw.mjs";

const unavailable = [503, '{"message":"Service Unavailable"}'];
const broken = [500, '{"message":"Internal Server Error"}'];
const outcome = ({ status, text }) => [status, text];

// A gateway before one function `f` (or those of `functions`), with access log lines that say why.
async function start(functions, { routes = { "ANY /f": "f" }, stageVariables = {}, ...more } = {}) {
  const gateway = await startGateway({
    config: {
      apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json", stages: [{ stageName: "$default", stageVariables,
        accessLogSettings: { destination: "stdout", format: "$context.path $context.status $context.integration.integrationStatus $context.integrationErrorMessage" } }] }],
      functions, ...more,
    },
    files: { "api.json": definition(routes) },
  });
  return gateway;
}

// Runs `fn(ask, backend, gateway)` with a backend behind function `f`, then stops both.
async function withBackend(options, settings, fn) {
  const backend = await startBackend(options);
  const gateway = await start({ f: { endpoint: backend.url, ...settings } }, options);
  try {
    await fn((more) => get(gateway.port, "/f", more), backend, gateway);
  } finally { await gateway.stop(); await backend.stop(); }
}

test("the request: path, names, fields", async () => {
  const backend = await startBackend();
  const gateway = await start({
    plain: { endpoint: backend.url }, based: { endpoint: `${backend.url}/base/path/` }, named: { endpoint: backend.url, remoteName: "arn:aws:lambda:eu-west-1:210987654321:function:other" },
  }, { routes: { "GET /plain": "plain", "GET /based": "based", "GET /named": "named", "GET /version": "plain:7", "GET /alias": "plain:${stageVariables.alias}" }, stageVariables: { alias: "live" } });
  try {
    const line = async (path, headers) => { assert.equal((await get(gateway.port, path, { headers })).status, 200); return backend.calls.at(-1); };
    const trace = "Root=1-63441c4a-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    const call = await line("/plain", { "X-Amzn-Trace-Id": trace });
    assert.equal(call.line, "POST /2015-03-31/functions/plain/invocations HTTP/1.1");
    assert.equal(call.headers.host, `127.0.0.1:${backend.port}`);
    assert.equal(call.headers["content-type"], "application/json");
    assert.equal(call.headers["x-amz-invocation-type"], "RequestResponse");
    assert.match(call.headers["x-amzn-trace-id"], /Root=1-63441c4a-abcdef012345678912345678/);
    assert.equal(JSON.parse(call.body).routeKey, "GET /plain");
    assert.equal((await line("/based")).line, "POST /base/path/2015-03-31/functions/based/invocations HTTP/1.1");
    assert.equal((await line("/named")).line, "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A210987654321%3Afunction%3Aother/invocations HTTP/1.1");
    assert.equal((await line("/version")).line, "POST /2015-03-31/functions/plain/invocations?Qualifier=7 HTTP/1.1");
    assert.equal((await line("/alias")).line, "POST /2015-03-31/functions/plain/invocations?Qualifier=live HTTP/1.1");
  } finally { await gateway.stop(); await backend.stop(); }
});

test("maxConcurrency run, maxQueue wait in their order, more are refused", async () => {
  const held = [];
  const lambda = await startLambda({ f: (event, call) => new Promise((resolve) => held.push({ n: event.rawQueryString, go: () => resolve(event.rawQueryString), call })) });
  const gateway = await start({ f: { endpoint: lambda.url, maxConcurrency: 2, maxQueue: 3 } });
  try {
    const answers = [];
    for (let n = 1; n <= 5; n++) { // one after the other, so that there is an order
      answers.push(get(gateway.port, `/f?${n}`));
      while ((await ask(gateway, "status")).exchanges < n);
    }
    assert.deepEqual(outcome(await get(gateway.port, "/f?6")), unavailable);
    assert.match(await gateway.line(/^\/f 503/, { list: gateway.stdout }), /queue is full/);
    assert.match(await gateway.metrics(), /turnpike_backend_inflight_requests\{backend="f"\} 2/);
    assert.deepEqual(held.map(({ n }) => n), ["1", "2"]);
    const order = [];
    for (let i = 0; i < 5; i++) {
      while (held.length <= i) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(held.length <= i + 2, "never more than two at once");
      order.push(held[i].n);
      held[i].go();
      assert.equal((await answers[i]).text, String(i + 1));
    }
    assert.deepEqual(order, ["1", "2", "3", "4", "5"]);
    assert.match(await gateway.metrics(), /turnpike_backend_inflight_requests\{backend="f"\} 0/);
  } finally { await gateway.stop(); await lambda.stop(); }
});

test("a slot is freed when its call ends, not when its client leaves", async () => {
  const held = [];
  const lambda = await startLambda({ f: (event) => new Promise((resolve) => held.push(() => resolve(event.rawQueryString))) });
  const gateway = await start({ f: { endpoint: lambda.url, maxConcurrency: 1, maxQueue: 1 } });
  try {
    const leaving = (await Raw.open(gateway.port)).send("GET /f?first HTTP/1.1\r\nHost: a\r\n\r\n");
    while (held.length < 1) await new Promise((resolve) => setImmediate(resolve));
    leaving.socket.resetAndDestroy();
    while ((await ask(gateway, "status")).exchanges > 0);
    const second = get(gateway.port, "/f?second");
    while ((await ask(gateway, "status")).exchanges < 1);
    assert.equal(held.length, 1, "the second waits for the first");
    assert.equal((await get(gateway.port, "/f?third")).status, 503);
    held[0]();
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
    held[1]();
    assert.equal((await second).text, "second");
  } finally { await gateway.stop(); await lambda.stop(); }
});

test("a waiting call whose client left is never started", async () => {
  const held = [];
  const lambda = await startLambda({ f: (event) => new Promise((resolve) => held.push(() => resolve(event.rawQueryString))) });
  const gateway = await start({ f: { endpoint: lambda.url, maxConcurrency: 1 } });
  try {
    const first = get(gateway.port, "/f?first");
    while (held.length < 1) await new Promise((resolve) => setImmediate(resolve));
    const leaving = (await Raw.open(gateway.port)).send("GET /f?left HTTP/1.1\r\nHost: a\r\n\r\n");
    while ((await ask(gateway, "status")).exchanges < 2);
    leaving.socket.resetAndDestroy();
    while ((await ask(gateway, "status")).exchanges > 1);
    held[0]();
    assert.equal((await first).text, "first");
    const last = get(gateway.port, "/f?last");
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
    held[1]();
    assert.equal((await last).text, "last");
    assert.deepEqual(lambda.calls.map((call) => call.event.rawQueryString), ["first", "last"]);
  } finally { await gateway.stop(); await lambda.stop(); }
});

test("the integration's timeout is 503, the function's own 500; waiting counts", async () => {
  const lambda = await startLambda({ f: () => new Promise(() => {}), g: () => new Promise(() => {}) });
  const gateway = await start({ f: { endpoint: lambda.url, timeout: 20, maxConcurrency: 1 }, g: { endpoint: lambda.url, timeout: "100ms" } },
    { routes: { "GET /integration": { function: "f", timeoutInMillis: 100 }, "GET /function": { function: "g", timeoutInMillis: 20000 } } });
  try {
    assert.deepEqual(outcome(await get(gateway.port, "/function")), broken);
    assert.match(await gateway.line(/^\/function/, { list: gateway.stdout }), /Task timed out after 0\.10 seconds/);
    const both = await Promise.all([get(gateway.port, "/integration"), get(gateway.port, "/integration")]);
    assert.deepEqual(both.map(outcome), [unavailable, unavailable]);
    assert.match(await gateway.metrics(), /turnpike_lambda_invocations_total\{function="g",result="timeout"\} 1/);
  } finally { await gateway.stop(); await lambda.stop(); }
});

test("connections are kept and used again", async () => {
  let held = [];
  let hold = true;
  await withBackend({ onCall: (call) => (hold ? held.push(call) : call.answer('"hello"')) }, {}, async (ask, backend) => {
    const answers = Array.from({ length: 10 }, () => ask());
    while (held.length < 10) await new Promise((resolve) => setImmediate(resolve));
    for (const call of held) call.answer('"hello"');
    await Promise.all(answers);
    hold = false;
    assert.equal(backend.connections, 10);
    for (let i = 0; i < 50; i++) assert.equal((await ask()).text, "hello");
    assert.equal(backend.connections, 10);
  });
});

for (const [what, fields, again] of [
  ["Connection: close", "Connection: close\r\n", false], ["Keep-Alive: timeout=0", "Keep-Alive: timeout=0\r\n", false], ["Keep-Alive: timeout=60", "Keep-Alive: timeout=60\r\n", true],
])
  test(`an answer with ${what}: its connection is ${again ? "" : "not "}used again`, async () => {
    await withBackend({ onCall: (call) => call.answer('"hello"', fields) }, {}, async (ask, backend) => {
      for (let i = 0; i < 3; i++) assert.equal((await ask()).status, 200);
      assert.equal(backend.connections, again ? 1 : 3);
    });
  });

test("a backend that keeps connections for 50 ms, under load: no 5xx, nothing counted twice", async () => {
  const seen = new Map();
  const idle = (socket) => { socket.idle = setTimeout(() => socket.destroy(), 50); };
  await withBackend({
    onHead: (call) => clearTimeout(call.socket.idle),
    onCall: (call) => {
      const id = JSON.parse(call.body).headers["x-id"];
      seen.set(id, (seen.get(id) ?? 0) + 1);
      call.answer(JSON.stringify(id));
      idle(call.socket);
    },
  }, { maxConcurrency: 100 }, async (ask, backend) => {
    const agent = new http.Agent({ keepAlive: true });
    let next = 0;
    const wrong = [];
    // The pauses are the load's form: most connections are used when they are about to be closed.
    const client = async () => {
      while (next < 2000) {
        const id = `id-${next++}`;
        const answer = await ask({ agent, headers: { "x-id": id } });
        if (answer.status !== 200 || answer.text !== id) wrong.push([id, answer.status, answer.text]);
        await new Promise((resolve) => setTimeout(resolve, 46 + (next % 8)));
      }
    };
    await Promise.all(Array.from({ length: 40 }, client));
    agent.destroy();
    assert.deepEqual(wrong, []);
    assert.equal(seen.size, 2000);
    assert.deepEqual([...seen].filter(([, count]) => count !== 1), []);
    assert.ok(backend.connections > 40 && backend.connections < 2000, `${backend.connections} connections`);
  });
});

test("a fresh connection that is reset: 503, not sent again", async () => {
  await withBackend({ onCall: (call) => call.socket.resetAndDestroy() }, {}, async (ask, backend) => {
    assert.deepEqual(outcome(await ask()), unavailable);
    assert.equal(backend.calls.length, 1);
    assert.equal(backend.connections, 1);
  });
});

test("a used connection that is reset before any byte: sent once more, on a fresh one", async () => {
  await withBackend({ onCall: (call) => (call.nth > 1 ? call.socket.resetAndDestroy() : call.answer(`"${call.connection}"`)) }, {}, async (ask, backend) => {
    assert.equal((await ask()).text, "1");
    assert.equal((await ask()).text, "2");
    assert.equal(backend.calls.length, 3);
  });
  await withBackend({ onCall: (call) => (call.connection + call.nth > 2 ? call.socket.resetAndDestroy() : call.answer('"one"')) }, {}, async (ask, backend) => {
    assert.equal((await ask()).status, 200);
    assert.deepEqual(outcome(await ask()), unavailable);
    assert.equal(backend.calls.length, 3, "and not a third time");
  });
});

for (const [what, end] of [
  ["ended after the request was read", (call) => call.socket.end()],
  ["reset within the answer", (call) => { call.send("HTTP/1.1 200 OK\r\nContent-Le"); setImmediate(() => call.socket.resetAndDestroy()); }],
  ["ended within the answer", (call) => { call.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"half').socket.end(); }],
])
  test(`a used connection that is ${what}: not sent again`, async () => {
    await withBackend({ onCall: (call) => (call.nth > 1 ? end(call) : call.answer('"one"')) }, {}, async (ask, backend) => {
      assert.equal((await ask()).status, 200);
      assert.deepEqual(outcome(await ask()), unavailable);
      assert.equal(backend.calls.length, 2);
      assert.equal((await ask()).status, 200);
    });
  });

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
for (const [what, bytes, kept] of [
  ["chunked", `${chunked}7;x=y\r\n"hello"\r\n0\r\n\r\n`, true],
  ["chunked in pieces, with trailers", `${chunked}1\r\n"\r\n005\r\nhello\r\n1\r\n"\r\n0\r\nTrailer: x\r\n\r\n`, true],
  ["until the end", 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"hello"', false],
  ["HTTP/1.0, until the end", 'HTTP/1.0 200 OK\r\n\r\n"hello"', false],
  ["after 1xx", 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"hello"', true],
  ["without a reason, with odd fields", 'HTTP/1.1 200 \r\ncontent-LENGTH:7\r\nx:\t y \t\r\n\r\n"hello"', true],
])
  test(`an answer ${what}`, async () => {
    await withBackend({ onCall: (call) => { call.send(bytes); if (!kept) call.socket.end(); } }, {}, async (ask, backend) => {
      for (let i = 0; i < 2; i++) assert.deepEqual(outcome(await ask()), [200, "hello"]);
      assert.equal(backend.connections, kept ? 1 : 2);
    });
  });

test("an answer byte by byte", async () => {
  await withBackend({ onCall: async (call) => {
    for (const byte of `${chunked}7\r\n"hello"\r\n0\r\n\r\n`) { call.send(byte); await new Promise((resolve) => setImmediate(resolve)); }
  } }, {}, async (ask) => {
    for (let i = 0; i < 3; i++) assert.deepEqual(outcome(await ask()), [200, "hello"]);
  });
});

test("an answer that dribbles beyond the timeout: 503, and its connection ends", async () => {
  await withBackend({ routes: { "ANY /f": { function: "f", timeoutInMillis: 200 } }, onCall: (call) => {
    call.send(chunked);
    const dribble = setInterval(() => call.send("1\r\nx\r\n"), 20);
    call.socket.on("close", () => clearInterval(dribble));
  } }, {}, async (ask, backend) => {
    assert.deepEqual(outcome(await ask()), unavailable);
    await backend.deserted();
  });
});

for (const [what, bytes] of [
  ["no HTTP", "SSH-2.0-x\r\n\r\n"], ["two lengths", 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\n"hello"'],
  ["a length and chunks", 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"hello"'],
  ["a bad chunk", `${chunked}zz\r\n`], ["an endless head", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(50000)}`], ["a bare LF in its head", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
])
  test(`an answer with ${what}: refused, once`, async () => {
    await withBackend({ onCall: (call) => call.send(bytes).socket.end() }, {}, async (ask, backend, gateway) => {
      const { status } = await ask();
      assert.ok(status === 500 || status === 503, `${status}`);
      assert.equal(backend.calls.length, 1);
      assert.equal((await get(gateway.adminPort, "/healthz")).status, 200);
    });
  });

const most = 6 * 1024 * 1024 + 100;
const payload = (bytes) => JSON.stringify("x".repeat(bytes - 2));
for (const [what, send] of [
  ["by length", (call, text) => call.answer(text)],
  ["in chunks", (call, text) => call.send(`${chunked}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`)],
  ["until the end", (call, text) => call.send(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${text}`).socket.end()],
])
  test(`a result of more than 6 MB ${what}: 500; one byte less passes`, async () => {
    let text = payload(most);
    await withBackend({ onCall: (call) => send(call, text) }, {}, async (ask, backend, gateway) => {
      const large = await ask();
      assert.equal(large.status, 200);
      assert.equal(large.text.length, most - 2);
      text = payload(most + 1);
      assert.deepEqual(outcome(await ask()), broken);
      assert.match(await gateway.line(/^\/f 500/, { list: gateway.stdout }), /6291556 bytes/);
      text = '"small"';
      assert.equal((await ask()).text, "small");
    });
  });

for (const [what, bytes, wanted] of [
  ["a result", 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"early"', [200, "early"]],
  ["a refusal", 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\nx-amzn-ErrorType: RequestTooLargeException\r\nConnection: close\r\n\r\n{}', broken],
])
  test(`a backend that answers ${what} before it has read the request`, async () => {
    await withBackend({ onHead: (call) => { if (call.length > 1000000) { call.socket.pause(); call.send(bytes); } } }, {}, async (ask, backend) => {
      const answer = await ask({ method: "POST", body: "x".repeat(5_000_000), headers: { "content-type": "text/plain" } });
      assert.deepEqual(outcome(answer), wanted);
      assert.equal((await ask()).text, "hello");
      assert.equal(backend.connections, 2, "that connection is not used again");
    });
  });

test("nobody there: 503", async () => {
  const gateway = await start({ f: { endpoint: `http://127.0.0.1:${await freePort()}` }, g: { endpoint: "http://nobody.invalid:1" } }, { routes: { "GET /refused": "f", "GET /unknown": "g" } });
  try {
    assert.deepEqual(outcome(await get(gateway.port, "/refused")), unavailable);
    assert.match(await gateway.line(/^\/refused/, { list: gateway.stdout }), /connection refused/i);
    assert.deepEqual(outcome(await get(gateway.port, "/unknown")), unavailable);
  } finally { await gateway.stop(); }
});

test("IPv6 and names", async (t) => {
  if (!hasIPv6) return t.skip("there is no IPv6 here");
  const six = await startBackend({ host: "::1" }), four = await startBackend();
  const gateway = await start({ six: { endpoint: six.url }, name: { endpoint: `http://localhost:${four.port}` }, other: { endpoint: `http://LOCALHOST:${six.port}` } },
    { routes: { "GET /six": "six", "GET /name": "name", "GET /other": "other" } });
  try {
    assert.equal((await get(gateway.port, "/six")).text, "hello");
    assert.equal(six.calls[0].headers.host, `[::1]:${six.port}`);
    assert.equal((await get(gateway.port, "/name")).text, "hello", "whichever of its addresses answers");
    assert.equal(four.calls[0].headers.host, `localhost:${four.port}`);
  } finally { await gateway.stop(); await six.stop(); await four.stop(); }
});

test("answers of the service that are no results", async () => {
  let reply;
  const lambda = await startLambda({ f: (event, call) => { call.pending = true; call.reply(...reply); } });
  const gateway = await start({ f: { endpoint: lambda.url } });
  const json = { "content-type": "application/json" };
  try {
    for (const [what, wanted, ...answer] of [
      ["the function failed", broken, 200, { ...json, "X-Amz-Function-Error": "Unhandled" }, '{"errorType":"Error","errorMessage":"x","trace":[]}'],
      ["it failed by its own account", broken, 200, { ...json, "X-Amz-Function-Error": "Handled" }, '"anything"'],
      ["it is not there", broken, 404, { ...json, "x-amzn-ErrorType": "ResourceNotFoundException" }, '{"Type":"User","Message":"Function not found: x:$LATEST"}'],
      ["nobody may call it", broken, 403, { ...json, "x-amzn-ErrorType": "AccessDeniedException" }, '{"Message":"User: x is not authorized"}'],
      ["it is throttled", unavailable, 429, { ...json, "x-amzn-ErrorType": "TooManyRequestsException" }, '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}'],
      ["the service fails", broken, 500, { ...json, "x-amzn-ErrorType": "ServiceException" }, '{"Type":"Service","Message":"x"}'],
    ]) {
      reply = answer;
      assert.deepEqual(outcome(await get(gateway.port, "/f")), wanted, what);
    }
    reply = [200, json, '{"errorType":"a","errorMessage":"b","trace":[]}']; // looks like RIE's errors, and is a result
    assert.equal((await get(gateway.port, "/f")).status, 200);
  } finally { await gateway.stop(); await lambda.stop(); }
});

// The Runtime Interface Emulator: one path, one call at a time, no headers of its own.
async function startRie(run) {
  const self = { calls: 0, busy: false };
  const server = http.createServer(async (request, response) => {
    if (request.url !== "/2015-03-31/functions/function/invocations") return response.writeHead(404).end("404 page not found\n");
    if (self.busy) return response.writeHead(400).end();
    self.busy = true;
    self.calls++;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = await run(JSON.parse(Buffer.concat(chunks)));
    self.busy = false;
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(text);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  self.url = `http://127.0.0.1:${server.address().port}`;
  self.stop = async () => { server.closeAllConnections(); server.close(); await once(server, "close"); };
  return self;
}

test("the Runtime Interface Emulator: one at a time, errors without a sign", async () => {
  let text = "{}";
  const rie = await startRie(async () => { await new Promise((resolve) => setImmediate(resolve)); return text; });
  const gateway = await start({ f: { endpoint: rie.url, emulator: "rie" } }, { routes: { "ANY /f": "f:live" } });
  const asked = async () => outcome(await get(gateway.port, "/f"));
  try {
    text = '{"statusCode":201,"body":"made"}';
    assert.deepEqual(await asked(), [201, "made"]);
    const many = await Promise.all(Array.from({ length: 20 }, asked));
    assert.deepEqual([...new Set(many.map(String))], ["201,made"], "they wait for each other");
    for (const error of ['{"errorType":"Error","errorMessage":"x","trace":[]}', '{"errorMessage":"x","errorType":"Exception","requestId":"1","stackTrace":["a"]}', "Task timed out after 3.00 seconds"]) {
      text = error;
      assert.deepEqual(await asked(), broken, error);
    }
    text = '{"errorType":"mine","errorMessage":"x","more":1}';
    assert.deepEqual(await asked(), [200, text]);
  } finally { await gateway.stop(); await rie.stop(); }
});

test("an emulator that is busy with somebody else: 503", async () => {
  let go;
  const rie = await startRie(() => new Promise((resolve) => (go = () => resolve('"done"'))));
  const gateway = await start({ f: { endpoint: rie.url, emulator: "rie", maxConcurrency: 2 } });
  try {
    const first = get(gateway.port, "/f");
    while (!rie.busy) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(outcome(await get(gateway.port, "/f")), unavailable);
    while (!go) await new Promise((resolve) => setImmediate(resolve));
    go();
    assert.equal((await first).text, "done");
  } finally { await gateway.stop(); await rie.stop(); }
});

test("sam local start-lambda: no query, its own names of errors", async () => {
  const server = http.createServer(async (request, response) => {
    for await (const chunk of request) void chunk;
    const fail = (status, type) => response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type }).end('{"Type":"User","Message":"x"}');
    if (request.url.includes("?")) return fail(400, "InvalidRequestContent");
    if (!request.url.startsWith("/2015-03-31/functions/Hello/")) return fail(404, "ResourceNotFound");
    response.writeHead(200, { "content-type": "application/json" }).end('{"statusCode":200,"body":"sam"}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const gateway = await start({ Hello: { endpoint, emulator: "sam" }, Gone: { endpoint, emulator: "sam" }, Strict: { endpoint, remoteName: "Hello" } },
    { routes: { "GET /plain": "Hello", "GET /alias": "Hello:${stageVariables.alias}", "GET /gone": "Gone", "GET /strict": "Strict:live" }, stageVariables: { alias: "live" } });
  try {
    assert.deepEqual(outcome(await get(gateway.port, "/plain")), [200, "sam"]);
    assert.deepEqual(outcome(await get(gateway.port, "/alias")), [200, "sam"]);
    assert.deepEqual(outcome(await get(gateway.port, "/gone")), broken);
    assert.deepEqual(outcome(await get(gateway.port, "/strict")), broken, "who does not say sam gets what sam answers");
  } finally { await gateway.stop(); server.closeAllConnections(); server.close(); }
});

test("endpoints change at reload, calls under way do not", async () => {
  let go;
  const one = await startBackend({ onCall: (call) => { go = () => call.answer('"one"'); } }), two = await startBackend({ onCall: (call) => call.answer('"two"') });
  const gateway = await start({ f: { endpoint: one.url } });
  try {
    const first = get(gateway.port, "/f");
    while (!go) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await gateway.reload({ apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }], functions: { f: { endpoint: two.url } } })).code, 0);
    assert.equal((await get(gateway.port, "/f")).text, "two");
    go();
    assert.equal((await first).text, "one");
    await one.deserted();
  } finally { await gateway.stop(); await one.stop(); await two.stop(); }
});
