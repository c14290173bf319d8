// Clients, backends and functions of WebSocket APIs that mean harm: floods, bombs, paths that lead
// elsewhere, signatures that are there twice, results that are none, and texts that want to be more than a
// value in a log, a header, an event or a metric.
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { once } from "node:events";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { gate, startChat, withChat } from "./lib/chat.mjs";
import { key, presigned, signed } from "./lib/connections.mjs";
import { definition } from "./lib/lambda.mjs";
import { processorSeconds, residentKib } from "./lib/process.mjs";
import { readMetrics, valueOf } from "./lib/prometheus.mjs";
import { Raw, exchange } from "./lib/raw.mjs";
import { RawSocket, closeFrame, frame, handshakeText, open, opcodes } from "./lib/websocket.mjs";

const unsigned = { managementApi: { authorizationType: "NONE", listeners: ["local"] } };
const unlimited = { throttling: { rateLimit: 1e6, burstLimit: 1e6 } };
const codeOf = async (room, n) => (await room.event("$disconnect", n)).requestContext.disconnectStatusCode;

// In as many frames as the limit asks for.
function say(socket, text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at === 0 || at < bytes.length; at += 32768)
    socket.send(at ? opcodes.continuation : opcodes.text, bytes.subarray(at, at + 32768), { fin: at + 32768 >= bytes.length });
  return socket.text();
}

describe("floods", () => {
  let chat;
  before(async () => { chat = await startChat({ config: { ...unlimited, limits: { websocketMessagesInFlight: 64 } } }); });
  after(() => chat?.stop());

  // Meanwhile another client is answered.
  async function during(flood) {
    const bystander = await open(chat.gateway, "/prod"), socket = await RawSocket.open(chat.gateway, "/prod");
    flood(socket);
    for (let i = 0; i < 20; i++) assert.equal(await bystander.ask(`still here ${i}`), `still here ${i}`);
    bystander.terminate();
    return socket;
  }

  test("of pings: some are answered, and what comes behind them", async () => {
    const socket = await during((s) => s.write(Buffer.concat([...Array.from({ length: 100_000 }, () => frame(opcodes.ping, "x")), frame(opcodes.text, "behind")])));
    assert.equal(await socket.text(), "behind");
    socket.destroy();
  });

  test("of pings that nobody reads the answers of", async () => {
    const socket = await during((s) => { s.raw.socket.pause(); s.write(Buffer.concat(Array.from({ length: 50_000 }, () => frame(opcodes.ping, "x".repeat(125))))); });
    await socket.reset();
  });

  test("of tiny messages: all of them are worked on, in order", async () => {
    const count = 3000, socket = await during((s) => s.write(Buffer.concat(Array.from({ length: count }, (_, i) => frame(opcodes.text, `${i}`)))));
    const got = new Set();
    while (got.size < count) got.add(await socket.text());
    const { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    const bodies = chat.room.of("$default").filter((event) => event.requestContext.connectionId === connectionId).map(({ body }) => Number(body));
    assert.equal(bodies.length, count);
    socket.destroy();
  });

  test("of closes: the first one counts", async () => {
    const told = chat.room.of("$disconnect").length;
    const socket = await during((s) => s.write(Buffer.concat(Array.from({ length: 1000 }, (_, i) => closeFrame(3000 + i)))));
    await socket.ended();
    await chat.gateway.quiet();
    const codes = chat.room.of("$disconnect").slice(told).map((event) => event.requestContext.disconnectStatusCode);
    assert.deepEqual(codes.filter((code) => code >= 3000), [3000]);
    socket.destroy();
  });

  test("of fragments without payload", async () => {
    const socket = await during((s) => s.write(Buffer.concat([frame(opcodes.text, "a", { fin: false }), ...Array.from({ length: 50_000 }, () => frame(opcodes.continuation, "", { fin: false })), frame(opcodes.continuation, "b")])));
    assert.equal(await socket.text(), "ab");
    socket.destroy();
  });

  test("of connections that open and go at once", async () => {
    await chat.gateway.quiet();
    const told = chat.room.of("$disconnect").length;
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 30 }, async () => (await RawSocket.open(chat.gateway, "/prod")).reset()));
    await chat.room.event("$disconnect", told + 300);
    await chat.gateway.quiet();
    assert.equal(chat.room.of("$disconnect").length, told + 300);
  });
});

test("what waits behind a full connection takes little memory, and is counted", async () => {
  const held = gate();
  await withChat({ config: unlimited, on: { $default: held.hold } }, async ({ gateway }) => {
    const flood = Buffer.concat(Array.from({ length: 2600 }, () => frame(opcodes.text, ""))), before = residentKib(gateway.child.pid), sockets = [];
    for (let i = 0; i < 50; i++) sockets.push(await RawSocket.open(gateway, "/prod", { early: flood }));
    await held.held(50 * 16);
    const grown = residentKib(gateway.child.pid) - before, counted = await gateway.metric("turnpike_buffered_bytes");
    assert.ok(counted > 50 * 2000 * 50, `${counted} bytes are counted`);
    if (before !== null) assert.ok(grown * 1024 < 3 * counted + 50 * 16 * 16384, `${grown} KiB for ${counted} bytes`);
    for (const socket of sockets) await socket.reset();
    held.release();
  });
});

describe("the segment of the handshake", () => {
  let chat;
  before(async () => { chat = await startChat({ config: unlimited }); });
  after(() => chat?.stop());

  // What follows the head, how the connection ends, and which messages came of it.
  const request = "GET /prod HTTP/1.1\r\nHost: x\r\n\r\n";
  const cases = {
    "another request": [Buffer.from(request), [1002, 1006]],
    "another handshake": [Buffer.from(handshakeText(80, "/prod")), [1002, 1006]],
    "nothing but ones": [Buffer.alloc(16000, 0xff), [1002, 1006]],
    "nothing but zeros": [Buffer.alloc(16000), [1002, 1006]],
    "a message, then a request": [Buffer.concat([frame(opcodes.text, "early"), Buffer.from(request)]), [1002, 1006], "early"],
    "a close": [closeFrame(4000, "early"), [4000]],
    "a message and a close": [Buffer.concat([frame(opcodes.text, "early"), closeFrame(4000)]), [4000], "early"],
    "half a frame": [frame(opcodes.text, "half a frame").subarray(0, 9), [1006]],
    "a frame that announces 2^62 bytes": [Buffer.concat([frame(opcodes.text, "x", { form: 64, length: 2n ** 62n })]), [1009, 1006]],
  };
  for (const [name, [early, codes, message]] of Object.entries(cases))
    test(name, async () => {
      const told = chat.room.of("$disconnect").length, heard = chat.room.of("$default").length;
      const socket = await RawSocket.open(chat.gateway, "/prod", { early });
      assert.equal(socket.status, 101);
      if (name === "half a frame") socket.raw.end();
      const [code] = await socket.closed();
      if (code !== 1006) socket.sendClose(code);
      await socket.ended();
      assert.ok([...codes, 1006].includes(code), `closed with ${code}`);
      const seen = await codeOf(chat.room, told + 1);
      assert.ok(codes.includes(seen), `$disconnect was told ${seen}`);
      await chat.gateway.quiet();
      assert.equal(chat.room.of("$disconnect").length, told + 1);
      assert.deepEqual(chat.room.of("$default").slice(heard).map(({ body }) => body), message ? [message] : []);
    });

  test("a request on a connection that is a WebSocket is none", async () => {
    const socket = await RawSocket.open(chat.gateway, "/prod");
    socket.write(Buffer.from(request));
    assert.equal((await socket.closed())[0], 1002);
    socket.destroy();
  });
});

describe("JSON bombs", () => {
  const expression = "${request.body.action}${request.body.list[*].deep.er}${request.body.x.y.z}";
  const deep = (open, close, depth, inner = "1") => open.repeat(depth) + inner + close.repeat(depth);
  // A message, and the route that it meets.
  const bombs = {
    "100,000 arrays": [`{"action":${deep("[", "]", 65_000)}}`, "$default"],
    "100,000 arrays that do not end": [`{"action":"known","x":${"[".repeat(100_000)}`, "$default"],
    "20,000 objects": [`{"x":${deep('{"a":', "}", 20_000)},"action":"known"}`, "$default"],
    "500 objects": [`{"x":${deep('{"a":', "}", 500)},"action":"known"}`, "known"],
    "a key 6,000 times": [`{${'"action":"other",'.repeat(6000)}"action":"known"}`, "known"],
    "a number of 130,000 digits": [`{"action":"known","n":${"9".repeat(130_000)}}`, "known"],
    "a number as action": [`{"action":${"9".repeat(1000)}}`, "$default"],
    "an exponent": ['{"action":"known","n":1e999999999999}', "known"],
    "130,000 spaces": [`{"action"${" ".repeat(130_000)}:"known"}`, "known"],
    "20,000 escapes": [`{"action":"${"\\u0041".repeat(20_000)}"}`, "$default"],
    "an escaped key": ['{"\\u0061ction":"known"}', "known"],
    "half a surrogate pair": ['{"action":"\\ud800"}', "$default"],
    "40,000 elements without what the path selects": [`{"list":[${"[],".repeat(40_000)}0],"action":"known"}`, "known"],
    "7,000 matches": [`{"list":[${'{"deep":{"er":1}},'.repeat(7000)}0],"action":"known"}`, "$default"],
    "what is reserved": ['{"action":"$connect"}', "$default"],
    "what is reserved, in braces": ['{"action":"${request.body.other}","other":"known"}', "$default"],
    "a NUL behind it": ['{"action":"known\\u0000"}', "$default"],
    "two documents": ['{"action":"known"}{"action":"known"}', "$default"],
    "a byte order mark": ['\ufeff{"action":"known"}', "$default"],
    "commas": [`[${",".repeat(100_000)}]`, "$default"],
    "a path of members": [`{"x":{"y":{"z":""}},"action":"known"}`, "known"],
  };
  let chat;
  before(async () => {
    const answer = (event) => ({ statusCode: 200, body: event.requestContext.routeKey });
    chat = await startChat({
      config: unlimited, extra: { routeSelectionExpression: expression }, on: { $default: answer, known: answer },
      routes: { $connect: {}, $disconnect: {}, $default: { twoWay: true }, known: { twoWay: true } },
    });
  });
  after(() => chat?.stop());

  const TIMES = 20, MOST = 20; // milliseconds of the processor; the function and the wire included
  for (const [name, [message, route]] of Object.entries(bombs))
    test(`${name}: ${route}`, async () => {
      const socket = await RawSocket.open(chat.gateway, "/prod"), { pid } = chat.gateway.child;
      assert.equal(await say(socket, message), route);
      const before = processorSeconds(pid);
      for (let i = 0; i < TIMES; i++) await say(socket, message);
      const each = (processorSeconds(pid) - before) * 1000 / TIMES;
      if (residentKib(pid) !== null) assert.ok(each < MOST, `${each} ms`);
      socket.destroy();
    });
});

describe("paths of @connections", () => {
  const form = "/_aws/execute-api", dead = "AAAAAAAAAAAAAAA%3D";
  let chat, socket, id;
  before(async () => {
    const stages = [{ stageName: "prod" }, { stageName: "test" }];
    chat = await startChat({
      config: {
        ...unsigned,
        apis: [{ apiId: "chat", definition: "chat.json", stages }, { apiId: "other", definition: "chat.json", stages }, { apiId: "plain", protocolType: "HTTP", definition: "plain.json" }, { apiId: "closed", definition: "chat.json", disableExecuteApiEndpoint: true, stages: [{ stageName: "prod" }] }],
        domains: [
          { domainName: "chat.test", apiMappings: [{ apiId: "chat", stage: "prod", apiMappingKey: "ws" }] },
          { domainName: "other.test", apiMappings: [{ apiId: "other", stage: "prod" }] },
          { domainName: "plain.test", apiMappings: [{ apiId: "plain", stage: "$default" }] },
        ],
      },
      files: { "plain.json": definition({ $default: "room" }) },
    });
    socket = await RawSocket.open(chat.gateway, "/ws", { headers: { Host: "chat.test" } });
    ({ connectionId: id } = (await chat.room.event("$connect")).requestContext);
  });
  after(async () => { socket?.destroy(); await chat?.stop(); });

  async function post(target, { host = "chat.test", method = "POST", body = "x", fields = "" } = {}) {
    const text = await exchange(chat.gateway.port, `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`);
    const [head, answer] = text.split("\r\n\r\n");
    return { status: Number(head.slice(9, 12)), head, answer };
  }

  // ID stands for the open connection's.
  const cases = {
    "its own": ["/ws/@connections/ID", 200],
    "the stage's name on its domain": ["/prod/@connections/ID", 200],
    "an encoded @": ["/ws/%40connections/ID", 200],
    "by its API's form": [`${form}/chat/prod/@connections/ID`, 200, { host: "127.0.0.1" }],
    "a dot segment": ["/ws/./@connections/ID", 403],
    "a segment too much, taken back": ["/ws/x/../@connections/ID", 403],
    "another key, taken back": ["/ws/../prod/@connections/ID", 403],
    "encoded dots": ["/ws/%2e%2e/prod/@connections/ID", 403],
    "two slashes before": ["/ws//@connections/ID", 403],
    "two slashes behind": ["/ws/@connections//ID", 400],
    "two slashes in front": ["//ws/@connections/ID", 403],
    "two slashes and nothing between": ["//@connections/ID", 403],
    "neither stage nor key": ["/@connections/ID", 200, { host: "127.0.0.1" }],
    "no id": ["/ws/@connections/", 400],
    "no id and no slash": ["/ws/@connections", 403],
    "a slash behind": ["/ws/@connections/ID/", 400],
    "a segment behind": ["/ws/@connections/ID/x", 400],
    "it twice": ["/ws/@connections/@connections/ID", 400],
    "a slash in the id": ["/ws/@connections/a%2Fb", 400],
    "a NUL in the id": ["/ws/@connections/%00", 400],
    "a line break in the id": ["/ws/@connections/%0d%0aX-Evil:%201", 400],
    "a quote in the id": ["/ws/@connections/%22%7d%5c", 400],
    "no UTF-8 in the id": ["/ws/@connections/%ff%fe", 400],
    "an escape sequence in the id": ["/ws/@connections/%1b%5b31mred", 400],
    "an id of 9,000 bytes": [`/ws/@connections/${"a".repeat(9000)}`, 400],
    "an id of a megabyte": [`/ws/@connections/${"a".repeat(1e6)}`, 431],
    "an id encoded twice": ["/ws/@connections/ID2", 400],
    "half an escape": ["/ws/@connections/%zz", 400],
    "another stage of its API": [`${form}/chat/test/@connections/ID`, 403, { host: "127.0.0.1" }],
    "another API": [`${form}/other/prod/@connections/ID`, 403, { host: "127.0.0.1" }],
    "another API's domain": ["/@connections/ID", 403, { host: "other.test" }],
    "an API without its endpoint": [`${form}/closed/prod/@connections/ID`, 403, { host: "127.0.0.1" }],
    "no API": [`${form}/nobody/prod/@connections/ID`, 403, { host: "127.0.0.1" }],
    "one that is gone": [`/ws/@connections/${dead}`, 410],
    "PUT": ["/ws/@connections/ID", 403, { method: "PUT" }],
    "HEAD": ["/ws/@connections/ID", 403, { method: "HEAD", body: "" }],
    "a method that is none": ["/ws/@connections/ID", 400, { method: "PO\"ST" }],
    "a method of 100 letters": ["/ws/@connections/ID", 400, { method: "A".repeat(100) }],
    "with an upgrade": ["/ws/@connections/ID", 200, { fields: "Connection: upgrade\r\nUpgrade: websocket\r\n" }],
    "a handshake": ["/ws/@connections/ID", 200, { method: "GET", body: "", fields: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" }],
  };
  for (const [name, [target, status, options]] of Object.entries(cases))
    test(`${name}: ${status}`, async () => {
      const found = await post(target.replace("ID2", encodeURIComponent(encodeURIComponent(id))).replace("ID", encodeURIComponent(id)), options);
      assert.equal(found.status, status, found.answer.slice(0, 200));
      assert.ok(!/^x-evil/im.test(found.head));
      if (found.answer) JSON.parse(found.answer);
    });

  test("none of them has become a line of its own in the log", () => {
    for (const line of chat.gateway.lines) assert.match(line, /^\d{4}-\d\d-\d\dT\S+Z (notice|warning): [\x20-\x7e]*$/);
  });

  test("the operations that are counted are those that there are", async () => {
    const families = readMetrics(await chat.gateway.metrics());
    const operations = new Set(families.get("turnpike_websocket_management_requests_total").series.map(({ labels }) => labels.op));
    assert.deepEqual(operations, new Set(["post", "get", "other"]));
  });
});

describe("signatures", () => {
  let chat, socket, target;
  before(async () => {
    chat = await startChat({ config: { credentials: [key] } });
    socket = await RawSocket.open(chat.gateway, "/prod");
    target = `/prod/@connections/${encodeURIComponent((await chat.room.event("$connect")).requestContext.connectionId)}`;
  });
  after(async () => { socket?.destroy(); await chat?.stop(); });

  const twice = (name, other) => (request) => { const own = request.headers[name]; request.headers[name] = [other ?? own, own]; };
  const changes = {
    "Authorization twice, the same": twice("authorization"),
    "Authorization twice, the wrong one first": twice("authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=00"),
    "the date twice": twice("x-amz-date"),
    "the hash twice": twice("x-amz-content-sha256"),
    "the credential twice": (request) => { request.headers.authorization = request.headers.authorization.replace("Credential=", "Credential=AKIDOTHER/20150830/us-east-1/execute-api/aws4_request, Credential="); },
    "the signature twice": (request) => { request.headers.authorization += `, Signature=${"0".repeat(64)}`; },
    "the signed headers twice": (request) => { request.headers.authorization += ", SignedHeaders=host"; },
    "in the query, too": (request) => { request.path += "?X-Amz-Signature=00"; },
    "in the query, too, encoded": (request) => { request.path += "?X%2DAmz%2DSignature=00"; },
    "an algorithm in the query": (request) => { request.path += "?X-Amz-Algorithm=AWS4-HMAC-SHA256"; },
    "another algorithm": (request) => { request.headers.authorization = request.headers.authorization.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"); },
    "no algorithm": (request) => { request.headers.authorization = request.headers.authorization.replace("AWS4-HMAC-SHA256 ", ""); },
    "an empty signature": (request) => { request.headers.authorization = request.headers.authorization.replace(/Signature=.*/, "Signature="); },
    "a signature in capitals": (request) => { request.headers.authorization = request.headers.authorization.replace(/Signature=.*/, (text) => text.replace(/[a-f]/g, (c) => c.toUpperCase()).replace("SIGNATURE", "Signature")); },
    "a signed header of another name": (request) => { request.headers.authorization = request.headers.authorization.replace("SignedHeaders=host;", "SignedHeaders=Host;"); },
    "signed headers in another order": (request) => { request.headers.authorization = request.headers.authorization.replace(/SignedHeaders=([^,]*)/, (_, list) => `SignedHeaders=${list.split(";").reverse().join(";")}`); },
    "a signed header that is not there": (request) => { request.headers.authorization = request.headers.authorization.replace("SignedHeaders=", "SignedHeaders=a;"); },
    "the host among them twice": (request) => { request.headers.authorization = request.headers.authorization.replace("host;", "host;host;"); },
    "an empty name among them": (request) => { request.headers.authorization = request.headers.authorization.replace("SignedHeaders=", "SignedHeaders=;"); },
    "another host": (request) => { request.headers.host = request.headers.Host = "127.0.0.1"; },
    "a body that was appended to": (request) => { request.body += "\0"; },
    "no body": (request) => { request.body = ""; },
    "a session token": (request) => { request.headers["x-amz-security-token"] = ""; request.headers["X-Amz-Security-Token"] = "x"; },
    "only commas": (request) => { request.headers.authorization = ",".repeat(8000); },
    "a date of a month that is none": (request) => { request.headers["x-amz-date"] = "20261399T000000Z"; },
    "a date beyond all": (request) => { request.headers["x-amz-date"] = "99991231T235959Z"; },
  };
  for (const [name, change] of Object.entries(changes))
    test(`refused: ${name}`, async () => {
      const answer = await signed(chat.gateway, "POST", target, { body: "hello", change });
      assert.ok([400, 403, 431].includes(answer.status), `${answer.status} ${answer.text}`);
      assert.ok(!answer.text.includes(key.secretAccessKey));
      if (answer.status === 403) assert.match(answer.headers["x-amzn-errortype"], /Exception$/);
    });

  const presignedChanges = {
    "another method": (request) => { request.method = "DELETE"; },
    "a body": (request) => { request.method = "POST"; request.body = "hello"; },
    "a longer life": (request) => { request.path = request.path.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"); },
    "no end": (request) => { request.path = request.path.replace(/&?X-Amz-Expires=60/, ""); },
    "an end that is no number": (request) => { request.path = request.path.replace("X-Amz-Expires=60", "X-Amz-Expires=-1"); },
    "a life of more than a week": (request) => { request.path = request.path.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"); },
    "another parameter": (request) => { request.path += "&a=b"; },
    "a parameter twice": (request) => { request.path += "&X-Amz-Expires=60"; },
    "its signature twice": (request) => { request.path += `&X-Amz-Signature=${"0".repeat(64)}`; },
    "its signature under another name": (request) => { request.path = request.path.replace("X-Amz-Signature=", "x-amz-signature="); },
    "its signed headers without the host": (request) => { request.path = request.path.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=user-agent"); },
    "another path": (request) => { request.path = request.path.replace("/prod/", "/%70rod/"); },
  };
  for (const [name, change] of Object.entries(presignedChanges))
    test(`refused: presigned, with ${name}`, async () => {
      const answer = await presigned(chat.gateway, "GET", target, { change });
      assert.equal(answer.status, 403, answer.text);
    });

  test("accepted: presigned, as it is", async () => {
    assert.equal((await presigned(chat.gateway, "GET", target)).status, 200);
  });

  test("nothing of it was sent", async () => {
    assert.equal((await signed(chat.gateway, "POST", target, { body: "the first" })).status, 200);
    assert.equal(await socket.text(), "the first");
  });
});

describe("hostile functions", () => {
  let chat;
  before(async () => { chat = await startChat({ config: unlimited }); });
  after(() => chat?.stop());

  // What $connect returns, and what the client is answered: a status, or the subprotocol.
  const failed = 502;
  const connects = {
    "101": [{ statusCode: 101 }, failed], "100": [{ statusCode: 100 }, failed], "99": [{ statusCode: 99 }, failed], "600": [{ statusCode: 600 }, failed], "-1": [{ statusCode: -1 }, failed], "200.5": [{ statusCode: 200.5 }, failed],
    "a truth value": [{ statusCode: true }, failed], "no object": ["text", failed], "null": [null, failed], "a list": [[], failed],
    "304": [{ statusCode: 304, body: "x" }, 304], "301 with a place": [{ statusCode: 301, headers: { Location: "http://evil.test" } }, 301], "401 with a challenge": [{ statusCode: 401, headers: { "WWW-Authenticate": "Basic" }, body: "secret" }, 401],
    "a subprotocol with a line break": [{ statusCode: 200, headers: { "Sec-WebSocket-Protocol": "a\r\nX-Evil: 1" } }, failed],
    "a name with a line break": [{ statusCode: 200, headers: { "X\r\nEvil": "1" } }, failed],
    "a subprotocol that was not offered": [{ statusCode: 200, headers: { "Sec-WebSocket-Protocol": "z" } }, undefined],
    "several subprotocols": [{ statusCode: 200, headers: { "Sec-WebSocket-Protocol": "a, b" } }, undefined],
    "fields of the handshake": [{ statusCode: 200, headers: { "Sec-WebSocket-Accept": "x", "Sec-WebSocket-Extensions": "permessage-deflate", Upgrade: "h2c", "Set-Cookie": "a=b", "X-Evil": "1" } }, undefined],
    "a body of 5.9 MB": [{ statusCode: 200, body: "x".repeat(5.9e6) }, undefined],
    "a body of 7 MB": [{ statusCode: 200, body: "x".repeat(7e6) }, failed],
    "5,000 fields": [{ statusCode: 200, headers: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, "v"])) }, failed],
  };
  for (const [name, [result, wanted]] of Object.entries(connects))
    test(`$connect: ${name}`, async () => {
      chat.room.on.$connect = result;
      const socket = await RawSocket.open(chat.gateway, "/prod", { headers: { "Sec-WebSocket-Protocol": "a, b" } });
      if (typeof wanted === "number") assert.equal(socket.status, wanted);
      else assert.deepEqual([socket.status, socket.headers["sec-websocket-protocol"], Object.keys(socket.headers).sort()], [101, wanted, ["connection", "date", "sec-websocket-accept", "upgrade"]]);
      for (const name of ["x-evil", "location", "www-authenticate", "set-cookie"]) assert.equal(socket.headers[name], undefined);
      assert.ok(!socket.body.includes("secret"));
      socket.destroy();
    });

  // Bytes for a result, and what comes of the message: a text, or the error.
  const error = /^\{"message": "Internal server error", "connectionId":"[\w=-]+", "requestId":"[\w=-]+"\}$/;
  const json = (value) => JSON.stringify(value);
  const replies = {
    "131,072 bytes": [json({ statusCode: 200, body: "x".repeat(131072) }), "x".repeat(131072)],
    "131,073 bytes": [json({ statusCode: 200, body: "x".repeat(131073) }), error],
    "5.9 MB": [json({ statusCode: 200, body: "x".repeat(5.9e6) }), error],
    "7 MB": [json({ statusCode: 200, body: "x".repeat(7e6) }), error],
    "base64 of no text": [json({ statusCode: 200, body: "//8=", isBase64Encoded: true }), error],
    "base64 that is none": [json({ statusCode: 200, body: "%%%", isBase64Encoded: true }), error],
    "a NUL": [json({ statusCode: 200, body: "a\0b" }), "a\0b"],
    "half a surrogate pair": ['{"statusCode":200,"body":"\\ud800"}', /^(�|\{"message": "Internal)/],
    "no UTF-8": [Buffer.concat([Buffer.from('{"statusCode":200,"body":"'), Buffer.of(0xff), Buffer.from('"}')]), error],
    "an object as body": [json({ statusCode: 200, body: {} }), error],
    "no statusCode": [json({ body: "x" }), error],
    "nothing": ["", error],
    "100,000 arrays": ["[".repeat(100_000), error],
    "members twice": ['{"statusCode":500,"body":"x","statusCode":200,"body":"the last counts"}', "the last counts"],
    "101": [json({ statusCode: 101, body: "x" }), error],
    "a failure with a body": [json({ statusCode: 500, body: "still a message" }), "still a message"],
  };
  for (const [name, [result, wanted]] of Object.entries(replies))
    test(`reply: ${name}`, async () => {
      chat.room.on.$connect = { statusCode: 200 };
      chat.room.on.$default = (event, call) => call.reply(200, { "content-type": "application/json" }, result);
      const socket = await RawSocket.open(chat.gateway, "/prod");
      socket.sendText("?");
      const text = await socket.text();
      if (typeof wanted === "string") assert.equal(text, wanted);
      else assert.match(text, wanted);
      chat.room.on.$default = { statusCode: 200, body: "and on" };
      socket.sendText("?");
      assert.equal(await socket.text(), "and on");
      socket.destroy();
    });
});

// Templates put in what clients say as it is, as AWS's do: a definition that wants JSON says $input.json,
// not $input.path within quotes.
describe("templates and parameters", () => {
  let chat, backend, seen;
  before(async () => {
    seen = [];
    backend = http.createServer(async (request, response) => {
      seen.push({ url: request.url, fields: request.rawHeaders, body: Buffer.concat(await request.toArray()).toString() });
      response.end(request.url);
    }).listen(0, "127.0.0.1");
    await once(backend, "listening");
    const url = `http://127.0.0.1:${backend.address().port}`;
    const mock = (request) => ({ integration: { integrationType: "MOCK", requestTemplates: { $default: request }, integrationResponses: { "/4\\d\\d/": { responseTemplates: { $default: "refused" } }, $default: { responseTemplates: { $default: "allowed" } } } }, twoWay: true });
    const proxy = (uri, requestParameters) => ({ integration: { integrationType: "HTTP_PROXY", integrationMethod: "POST", integrationUri: url + uri, requestParameters }, twoWay: true });
    chat = await startChat({
      config: unlimited,
      routes: {
        $connect: {}, $disconnect: {},
        quoted: mock('{"note": "$input.path(\'$.text\')", "statusCode": 403}'),
        json: mock('{"note": $input.json(\'$.text\'), "statusCode": 403}'),
        field: proxy("/field", { "integration.request.header.X-Text": "route.request.body.text" }),
        query: proxy("/query", { "integration.request.querystring.text": "route.request.body.text" }),
        path: proxy("/path/{text}/end", { "integration.request.path.text": "route.request.body.text" }),
      },
    });
  });
  after(async () => { await chat?.stop(); backend?.closeAllConnections(); backend?.close(); });

  const ask = async (action, value) => {
    const socket = await RawSocket.open(chat.gateway, "/prod");
    const answer = await say(socket, JSON.stringify({ action, text: value }));
    socket.destroy();
    return answer;
  };

  test("$input.path within quotes: a client can write its own members, as on AWS", async () => {
    assert.equal(await ask("quoted", "harmless"), "refused");
    assert.equal(await ask("quoted", '", "statusCode": 200, "note": "'), "refused"); // the last one counts, and the template's is the last
    assert.match(await ask("quoted", '"'), /Internal server error/);
  });

  test("$input.json: it cannot", async () => {
    for (const value of ['", "statusCode": 200, "note": "', '"', "\\", "}", "\n", { a: '"' }, ["]"], null, 7]) assert.equal(await ask("json", value), "refused", JSON.stringify(value));
  });

  const line = "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n";
  test("a header ends where its line would", async () => {
    for (const [value, wanted] of [[line, "a"], ["a\0b", "a"], ["a\nb", "a"], ["plain", "plain"]]) {
      await ask("field", value);
      const { fields } = seen.at(-1);
      assert.equal(fields[fields.findIndex((name) => /^x-text$/i.test(name)) + 1], wanted);
      assert.ok(!fields.some((name) => /^x-evil/i.test(name)));
    }
    assert.ok(!seen.some(({ url }) => url === "/evil"));
  });

  test("a query parameter stays one", async () => {
    for (const value of [line, "a&b=c#d e", "\0", "%26", "+"]) {
      const url = new URL(await ask("query", value), "http://x");
      assert.deepEqual([...url.searchParams], [["text", value]]);
      assert.equal(url.pathname, "/query");
    }
  });

  test("a segment stays one", async () => {
    for (const value of ["a/b", "a?b#c", line, "%2e%2e", "\0"]) assert.equal(await ask("path", value), `/path/${encodeURIComponent(value)}/end`);
    for (const value of [".", "..", "../../etc"]) assert.match(await ask("path", value), /"Bad Request"/);
  });

  test("what is too long for the backend is an error, not a hole", async () => {
    await ask("field", "x".repeat(100_000));
    assert.equal(await ask("query", "and on"), "/query?text=and%20on");
  });
});

describe("what is written down", () => {
  const format = '{"event":"$context.eventType","agent":"$context.identity.userAgent","route":"$context.routeKey","error":"$context.error.message","reason":"$context.integrationErrorMessage"}';
  const evil = 'x", "admin": true, "y": "';

  test("texts of clients and functions stay values: in events, in the access log, in the log", () => withChat({
    config: { ...unlimited, log: { level: "info" } }, stage: { accessLogSettings: { destination: "access.log", format } },
    on: { $default: () => { throw new Error(`${evil}\n2026-01-01T00:00:00.000Z notice: forged \u001b[31m\u2028`); } },
  }, async ({ gateway, room }) => {
    const socket = await RawSocket.open(gateway, `/prod?a=${encodeURIComponent(evil)}&b=%0d%0aforged`, { headers: { "User-Agent": evil, "Sec-WebSocket-Protocol": "a, b", "X-Evil": '"\\' } });
    assert.equal(room.of("$connect")[0].queryStringParameters.a, evil);
    assert.equal(room.of("$connect")[0].requestContext.identity.userAgent, evil);
    assert.match(await say(socket, `{"action":${JSON.stringify(`${evil}\nforged`)}}`), /Internal server error/);
    socket.sendClose(4000, `${evil}\nnotice: forged`);
    await socket.ended();
    const { requestContext } = await room.event("$disconnect");
    assert.equal(requestContext.disconnectReason, `${evil}\nnotice: forged`);
    await gateway.quiet();
    const written = fs.readFileSync(`${gateway.directory}/access.log`, "utf8").trimEnd().split("\n").map((text) => JSON.parse(text));
    assert.deepEqual(written.map((entry) => Object.keys(entry)), Array.from({ length: 3 }, () => ["event", "agent", "route", "error", "reason"]));
    assert.ok(written.every(({ agent }) => agent === evil));
    for (const text of gateway.lines) assert.match(text, /^\d{4}-\d\d-\d\dT\S+Z \w+: [\x20-\x7e]*$/);
  }));

  test("close codes do not make as many series as there are codes", () => withChat({ config: unlimited }, async ({ gateway }) => {
    const codes = [1000, 1001, 1011, ...Array.from({ length: 200 }, (_, i) => 3000 + i * 10 % 2000), 0, 999, 1005, 1015, 2000, 5000, 65535];
    for (const code of codes) {
      const socket = await RawSocket.open(gateway, "/prod");
      socket.sendClose(code);
      await socket.ended();
    }
    await gateway.quiet();
    const { series } = readMetrics(await gateway.metrics()).get("turnpike_websocket_disconnects_total");
    assert.ok(series.length < 12, series.map(({ labels }) => labels.code).join(" "));
    assert.equal(series.reduce((total, { value }) => total + value, 0), codes.length);
  }));

  test("route keys with quotes, braces and backslashes stay labels", () => {
    const route = 'a"b\\c{d="e"}';
    return withChat({ config: unlimited, routes: { $connect: {}, $disconnect: {}, $default: {}, [route]: { twoWay: true } }, on: { [route]: { statusCode: 200, body: "met" } } }, async ({ gateway }) => {
      const socket = await RawSocket.open(gateway, "/prod");
      assert.equal(await say(socket, JSON.stringify({ action: route })), "met");
      socket.destroy();
      assert.equal(valueOf(readMetrics(await gateway.metrics()), "turnpike_websocket_messages_total", { route, direction: "in" }), 1);
    });
  });
});

test("a client that ends its side while its message is worked on is gone, and nothing is left", async () => {
  const held = gate({ statusCode: 200, body: "late" });
  await withChat({ on: { $default: held.hold } }, async ({ gateway, room }) => {
    const socket = await RawSocket.open(gateway, "/prod");
    socket.sendText("?");
    await held.held(1);
    socket.raw.end();
    assert.equal(await codeOf(room, 1), 1006);
    held.release();
    await gateway.quiet();
  });
});

describe("the other kind of API", () => {
  test("a handshake at an HTTP API is answered as a request, and what follows is the next one", () => withChat({
    config: { apis: [{ apiId: "plain", protocolType: "HTTP", definition: "plain.json" }] }, files: { "plain.json": definition({ $default: "room" }) },
  }, async ({ gateway }) => {
    const raw = await Raw.open(gateway.port);
    raw.send(handshakeText(gateway.port, "/x") + handshakeText(gateway.port, "/y"));
    const answers = await raw.answers(2);
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    raw.send(frame(opcodes.text, "a frame").toString("latin1"));
    assert.equal((await raw.answers(3))[2].status, 400);
    raw.close();
  }));

  test("requests at a WebSocket API are no handshakes", () => withChat({}, async ({ gateway, room }) => {
    for (const [method, status] of [["GET", 426], ["POST", 403], ["OPTIONS", 403], ["CONNECT", 400]]) {
      const text = await exchange(gateway.port, `${method} /prod HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.match(text, new RegExp(`^HTTP/1.1 ${status}`), method);
    }
    assert.equal(room.events.length, 0);
  }));
});
