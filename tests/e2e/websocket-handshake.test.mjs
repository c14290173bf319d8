// Handshakes of WebSocket APIs: what RFC 6455 §4.2.1 demands, who is let in, what $connect decides, and
// what it is told.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { startBackend } from "./lib/backend.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { gate, startChat, websocketDefinition, withChat } from "./lib/chat.mjs";
import { freePort, temporaryDirectory } from "./lib/gateway.mjs";
import { startIssuer } from "./lib/issuer.mjs";
import { definition, invokeArn } from "./lib/lambda.mjs";
import { send } from "./lib/client.mjs";
import { Raw } from "./lib/raw.mjs";
import { RawSocket, acceptOf, frame, handshake, handshakeText, newKey, open, opcodes } from "./lib/websocket.mjs";
import fs from "node:fs";
import path from "node:path";

const id = /^[A-Za-z0-9_-]{15}=$/;

// A refusal has a body of JSON that says why, and ends the connection.
function assertRefused(answer, status, { type, message } = {}) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(answer.body));
  assert.match(answer.headers.connection ?? "", /close/i);
  const body = JSON.parse(answer.body);
  assert.equal(typeof body.message, "string");
  if (type) assert.equal(answer.headers["x-amzn-errortype"], type);
  if (message) assert.equal(body.message, message);
}

const forbidden = { type: "ForbiddenException", message: "Forbidden" };
const unauthorized = { type: "UnauthorizedException", message: "Unauthorized" };

describe("the protocol", () => {
  let chat;
  before(async () => { chat = await startChat(); });
  after(() => chat?.stop());

  test("a handshake is answered with 101 and what RFC 6455 §4.2.2 says, and nothing else", async () => {
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const answer = await handshake(chat.gateway, "/prod", { headers: { "Sec-WebSocket-Key": key, "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" } });
    answer.raw.close();
    assert.equal(answer.status, 101);
    assert.match(answer.raw.text, /^HTTP\/1\.1 101 /);
    assert.match(answer.headers.upgrade, /^websocket$/i);
    assert.match(answer.headers.connection, /^upgrade$/i);
    assert.equal(answer.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (const name of ["sec-websocket-extensions", "sec-websocket-protocol", "content-length", "transfer-encoding", "server"])
      assert.equal(answer.headers[name], undefined, name);
  });

  const accepted = {
    "a slash behind the stage": ["/prod/"],
    "a query": ["/prod?a=b&c"],
    "a stage with escapes": ["/%70rod"],
    "WebSocket in other letters": ["/prod", { headers: { Upgrade: "WebSocket" } }],
    "a list of connection options": ["/prod", { headers: { Connection: "keep-alive, Upgrade" } }],
    "connection options in two fields": ["/prod", { headers: { Connection: ["keep-alive", "UPGRADE"] } }],
    "field names in lower case": ["/prod", { headers: { upgrade: "websocket", connection: "upgrade", "sec-websocket-version": "13" } }],
    "an empty body": ["/prod", { headers: { "Content-Length": "0" } }],
    "a foreign origin": ["/prod", { headers: { Origin: "https://elsewhere.example" } }],
    "any host": ["/prod", { headers: { Host: "whatever.example" } }],
  };
  for (const [name, [target, options = {}]] of Object.entries(accepted))
    test(`accepted: ${name}`, async () => {
      const key = newKey();
      const answer = await handshake(chat.gateway, target, { ...options, headers: { "Sec-WebSocket-Key": key, ...options.headers } });
      answer.raw.close();
      assert.equal(answer.status, 101, answer.body);
      assert.equal(answer.headers["sec-websocket-accept"], acceptOf(key));
    });

  // The status, or those that are right.
  const refused = {
    "no Upgrade": [426, { Upgrade: undefined, Connection: "close" }],
    "an upgrade to something else": [426, { Upgrade: "h2c" }],
    "no Connection: Upgrade": [[400, 426], { Connection: "close" }],
    "no key": [400, { "Sec-WebSocket-Key": undefined }],
    "an empty key": [400, { "Sec-WebSocket-Key": "" }],
    "a key of 15 bytes": [400, { "Sec-WebSocket-Key": Buffer.alloc(15).toString("base64") }],
    "a key of 17 bytes": [400, { "Sec-WebSocket-Key": Buffer.alloc(17).toString("base64") }],
    "a key without padding": [400, { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" }],
    "a key that is no base64": [400, { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j!!==" }],
    "two keys": [400, { "Sec-WebSocket-Key": [newKey(), newKey()] }],
    "no version": [400, { "Sec-WebSocket-Version": undefined }, "13"],
    "version 8": [400, { "Sec-WebSocket-Version": "8" }, "13"],
    "version 14": [400, { "Sec-WebSocket-Version": "14" }, "13"],
    "version 013": [400, { "Sec-WebSocket-Version": "013" }, "13"],
    "two versions in one field": [400, { "Sec-WebSocket-Version": "13, 8" }, "13"],
    "two versions in two fields": [400, { "Sec-WebSocket-Version": ["13", "13"] }],
  };
  for (const [name, [status, headers, version]] of Object.entries(refused))
    test(`refused: ${name}`, async () => {
      const before = chat.room.of("$connect").length;
      const answer = await handshake(chat.gateway, "/prod", { headers });
      assert.ok([status].flat().includes(answer.status), `${answer.status}`);
      assertRefused(answer, answer.status);
      if (answer.status === 426) assert.deepEqual([answer.headers.upgrade, answer.headers.connection], ["websocket", "close, upgrade"]);
      if (version) assert.equal(answer.headers["sec-websocket-version"], version);
      assert.equal(chat.room.of("$connect").length, before, "no function is asked");
    });

  for (const [name, options] of Object.entries({ POST: { method: "POST", headers: { "Content-Length": "0" } }, HEAD: { method: "HEAD" }, OPTIONS: { method: "OPTIONS" }, "HTTP/1.0": { version: "1.0" } }))
    test(`refused: ${name}`, async () => {
      const raw = await Raw.open(chat.gateway.port);
      const text = await raw.send(handshakeText(chat.gateway.port, "/prod", options)).closed();
      raw.close();
      assert.match(text, /^HTTP\/1\.[01] 4\d\d /);
    });

  test("an ordinary request to the stage is told to upgrade", async () => {
    for (const target of ["/prod", "/prod/", "/prod?x"]) {
      const answer = await send(chat.gateway, "GET", target);
      assert.equal(answer.status, 426, target);
      assert.match(answer.headers.upgrade, /^websocket$/i);
    }
  });

  const nowhere = { "no stage": "/", "another stage": "/dev", "a stage in other letters": "/PROD", "a path behind the stage": "/prod/x", "two slashes": "//prod", "$default": "/$default" };
  for (const [name, target] of Object.entries(nowhere))
    test(`nothing is there: ${name}`, async () => {
      const before = chat.room.of("$connect").length;
      assertRefused(await handshake(chat.gateway, target), 403, forbidden);
      assert.equal(chat.room.of("$connect").length, before);
    });

  test("early frames: behind the handshake, in pieces, before the answer", async () => {
    const [first, second] = [frame(opcodes.text, "first"), frame(opcodes.text, "x".repeat(3000))];
    const both = Buffer.concat([first, second]);
    for (const cut of [0, 1, first.length, first.length + 5, both.length]) {
      const socket = await RawSocket.open(chat.gateway, "/prod", { early: both.subarray(0, cut) });
      socket.write(both.subarray(cut));
      assert.deepEqual([await socket.text(), (await socket.text()).length], ["first", 3000], `cut at ${cut}`);
      socket.destroy();
    }
  });

  test("byte by byte", async () => {
    const raw = await Raw.open(chat.gateway.port);
    await raw.dribble(handshakeText(chat.gateway.port, "/prod"));
    assert.equal((await raw.answer()).status, 101);
    raw.close();
  });
});

describe("$connect decides", () => {
  let chat;
  const refusedIds = [];
  before(async () => {
    chat = await startChat({
      routes: { $connect: { integration: { integrationType: "AWS_PROXY", integrationUri: invokeArn("room") } }, $disconnect: {}, $default: { twoWay: true } },
    });
  });
  after(() => chat?.stop());
  const answered = (result) => { chat.room.on.$connect = typeof result === "function" ? result : () => result; };

  for (const statusCode of [200, 201, 204, 299])
    test(`${statusCode} opens`, async () => {
      answered({ statusCode, body: "ignored", headers: { "Set-Cookie": "a=b", "X-Own": "x", "Sec-WebSocket-Accept": "x" } });
      const key = newKey();
      const answer = await handshake(chat.gateway, "/prod", { headers: { "Sec-WebSocket-Key": key } });
      answer.raw.close();
      assert.equal(answer.status, 101);
      assert.equal(answer.headers["sec-websocket-accept"], acceptOf(key));
      assert.deepEqual([answer.headers["set-cookie"], answer.headers["x-own"]], [undefined, undefined]);
    });

  for (const statusCode of [300, 302, 400, 401, 403, 404, 418, 429, 500, 503, 599])
    test(`${statusCode} refuses, with that status`, async () => {
      answered({ statusCode, body: "a secret of the function's", headers: { "X-Own": "x" } });
      const answer = await handshake(chat.gateway, "/prod");
      assert.equal(answer.status, statusCode);
      assert.match(answer.headers.connection, /close/i);
      assert.equal(answer.headers["x-own"], undefined);
      assert.ok(!answer.body.includes("secret"));
      refusedIds.push(chat.room.of("$connect").at(-1).requestContext.connectionId);
    });

  const failures = {
    "an exception": [502, () => { throw new Error("boom"); }],
    "null": [502, () => null],
    "a text": [502, () => "hello"],
    "a list": [502, () => []],
    "no statusCode": [502, () => ({ body: "x" })],
    "a statusCode that is a list": [502, () => ({ statusCode: [200] })],
    "headers that are a text": [502, () => ({ statusCode: 200, headers: "x" })],
    "no JSON": [502, (event, call) => call.reply(200, {}, "{")],
    "a crash of the runtime": [502, (event, call) => call.reply(200, { "X-Amz-Function-Error": "Unhandled" }, '{"errorType":"Runtime.ExitError","errorMessage":"exited"}')],
    "a function that may not be called": [500, (event, call) => call.reply(403, { "x-amzn-ErrorType": "AccessDeniedException" }, '{"Message":"no"}')],
    "a function that is not there": [500, (event, call) => call.reply(404, { "x-amzn-ErrorType": "ResourceNotFoundException" }, '{"Message":"no"}')],
  };
  for (const [name, [status, handler]] of Object.entries(failures))
    test(`${name}: ${status}`, async () => {
      answered(handler);
      assertRefused(await handshake(chat.gateway, "/prod"), status);
      refusedIds.push(chat.room.of("$connect").at(-1).requestContext.connectionId);
    });

  test("what was refused never was: there is no $disconnect for it", async () => {
    await chat.gateway.quiet();
    assert.ok(refusedIds.length > 20);
    assert.deepEqual(chat.room.of("$disconnect").filter(({ requestContext }) => refusedIds.includes(requestContext.connectionId)), []);
  });

  test("nothing is sent before it has answered, however much the client sends", async () => {
    const doors = gate();
    answered(doors.hold);
    const socket = await RawSocket.start(chat.gateway, "/prod", { early: frame(opcodes.text, "one") });
    await doors.held(1);
    socket.sendText("two");
    const messages = chat.room.of("$default").length;
    await chat.gateway.metrics();
    assert.equal(socket.raw.text, "");
    assert.equal(chat.room.of("$default").length, messages);
    doors.release();
    await socket.opened();
    assert.equal(socket.status, 101);
    assert.deepEqual([await socket.text(), await socket.text()], ["one", "two"]);
    socket.destroy();
  });

  for (const how of ["reset", "end"])
    test(`a client that leaves while it decides (${how}): nothing is left of it, and there is no $disconnect`, async () => {
      const doors = gate();
      answered(doors.hold);
      const socket = await RawSocket.start(chat.gateway, "/prod");
      await doors.held(1);
      const left = chat.room.of("$connect").at(-1).requestContext.connectionId;
      await socket[how]();
      while (await chat.gateway.metric("turnpike_connections") > 0);
      doors.release();
      await chat.gateway.quiet();
      answered({ statusCode: 200 });
      const other = await open(chat.gateway, "/prod");
      assert.equal(await other.ask("hello"), "hello");
      await other.close(1000);
      await chat.gateway.quiet();
      assert.ok(!chat.room.of("$disconnect").some(({ requestContext }) => requestContext.connectionId === left));
    });
});

test("an integration that takes too long: 504, and its late answer counts for nothing", async () => {
  const doors = gate();
  await withChat({
    routes: { $connect: { integration: { integrationType: "AWS_PROXY", integrationUri: "room", timeoutInMillis: 50 } }, $disconnect: {} },
    on: { $connect: doors.hold },
  }, async ({ gateway, room }) => {
    assertRefused(await handshake(gateway, "/prod"), 504);
    doors.release();
    await gateway.quiet();
    assert.equal(room.of("$disconnect").length, 0);
  });
});

test("nobody answers for the function: 5xx", () => withChat({ config: { functions: { room: { endpoint: "http://127.0.0.1:1" } } } }, async ({ gateway }) => {
  const answer = await handshake(gateway, "/prod");
  assert.ok(answer.status >= 500, `${answer.status}`);
  assertRefused(answer, answer.status);
}));

for (const [name, routes] of Object.entries({ "no $connect": { $disconnect: {}, $default: { twoWay: true } }, "$default alone": { $default: { twoWay: true } } }))
  test(`${name}: it opens, and no function is asked`, () => withChat({ routes }, async ({ gateway, room }) => {
    const client = await open(gateway, "/prod");
    assert.equal(room.events.length, 0);
    assert.equal(await client.ask("hello"), "hello");
    await client.close(1000);
  }));

test("a thousand handshakes wait at once, and are let in together", async () => {
  const doors = gate(), count = 1000;
  await withChat({ on: { $connect: doors.hold }, config: { limits: { websocketConnectRate: 100000 } } }, async ({ gateway }) => {
    const sockets = await Promise.all(Array.from({ length: count }, () => RawSocket.start(gateway, "/prod")));
    await doors.held(count);
    assert.ok(sockets.every(({ raw }) => raw.text === ""));
    doors.release();
    await Promise.all(sockets.map((socket) => socket.opened()));
    assert.ok(sockets.every(({ status }) => status === 101));
    for (const socket of [sockets[0], sockets[count / 2], sockets.at(-1)]) assert.equal(await socket.sendText("hello").text(), "hello");
    for (const socket of sockets) socket.destroy();
  });
});

describe("subprotocols", () => {
  let chat;
  before(async () => { chat = await startChat(); });
  after(() => chat?.stop());

  // What the client offers, what the function answers, what the client is told.
  const cases = {
    "the first": ["a, b", { headers: { "Sec-WebSocket-Protocol": "a" } }, "a"],
    "the second": ["a, b", { headers: { "Sec-WebSocket-Protocol": "b" } }, "b"],
    "its name in lower case": ["a, b", { headers: { "sec-websocket-protocol": "b" } }, "b"],
    "in multiValueHeaders": ["a, b", { multiValueHeaders: { "Sec-WebSocket-Protocol": ["b"] } }, "b"],
    "offered in two fields": [["a", "b"], { headers: { "Sec-WebSocket-Protocol": "b" } }, "b"],
    "none is chosen": ["a, b", {}, undefined],
    "one that was not offered": ["a, b", { headers: { "Sec-WebSocket-Protocol": "c" } }, undefined],
    "one of other letters": ["a", { headers: { "Sec-WebSocket-Protocol": "A" } }, undefined],
    "one where none was offered": [undefined, { headers: { "Sec-WebSocket-Protocol": "a" } }, undefined],
    "one that would break out: no header at all": ["a", { headers: { "Sec-WebSocket-Protocol": "a\r\nSet-Cookie: x=y" } }, undefined, 502],
  };
  for (const [name, [offered, answer, chosen, status = 101]] of Object.entries(cases))
    test(name, async () => {
      chat.room.on.$connect = { statusCode: 200, ...answer };
      const got = await handshake(chat.gateway, "/prod", { headers: { "Sec-WebSocket-Protocol": offered } });
      got.raw.close();
      assert.equal(got.status, status, got.body);
      assert.equal(got.headers["sec-websocket-protocol"], chosen);
      assert.equal(got.headers["set-cookie"], undefined);
      assert.equal(got.raw.text.match(/sec-websocket-protocol:/gi)?.length ?? 0, chosen ? 1 : 0);
    });

  test("a real client has the one that was chosen; without one it gives up, as on AWS", async () => {
    chat.room.on.$connect = { statusCode: 200, headers: { "Sec-WebSocket-Protocol": "b" } };
    const client = await open(chat.gateway, "/prod", { protocols: ["a", "b"] });
    assert.equal(client.protocol, "b");
    assert.match(chat.room.of("$connect").at(-1).headers["Sec-WebSocket-Protocol"], /^a, ?b$/);
    await client.close(1000);
    chat.room.on.$connect = { statusCode: 200 };
    await assert.rejects(open(chat.gateway, "/prod", { protocols: ["a", "b"] }), /subprotocol/);
  });
});

describe("the event of $connect", () => {
  let chat;
  before(async () => {
    const directory = temporaryDirectory();
    makeCertificate(directory, "server");
    const read = (name) => fs.readFileSync(path.join(directory, name));
    chat = await startChat({
      config: ({ port, tlsPort }) => ({ listeners: [{ name: "local", address: "127.0.0.1", port }, { name: "secure", address: "127.0.0.1", port: tlsPort, tls: { certificate: "server.pem", privateKey: "server-key.pem" } }] }),
      files: { "server.pem": read("server.pem"), "server-key.pem": read("server-key.pem") },
      stage: { stageVariables: { table: "rooms" } },
    });
    fs.rmSync(directory, { recursive: true });
  });
  after(() => chat?.stop());

  test("it is AWS's, member by member, in AWS's order", async () => {
    const before = Date.now();
    const answer = await handshake(chat.gateway, "/prod?token=abc&room=a%20b&room=c&empty", { secure: true, headers: { Host: `localhost:${chat.gateway.tlsPort}`, "User-Agent": "tests/1", "X-own-Name": ["one", "two"], "Sec-WebSocket-Extensions": "permessage-deflate" } });
    answer.raw.close();
    assert.equal(answer.status, 101);
    const event = chat.room.of("$connect").at(-1), c = event.requestContext, host = `localhost:${chat.gateway.tlsPort}`;
    const key = event.headers["Sec-WebSocket-Key"], trace = event.headers["X-Amzn-Trace-Id"];
    assert.match(trace, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/);
    const headers = {
      Host: host, "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", "User-Agent": "tests/1", "X-own-Name": "two", "Sec-WebSocket-Extensions": "permessage-deflate",
      "X-Amzn-Trace-Id": trace, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": String(chat.gateway.tlsPort), "X-Forwarded-Proto": "https",
    };
    assert.deepEqual(event, {
      headers,
      multiValueHeaders: { ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])), "X-own-Name": ["one", "two"] },
      queryStringParameters: { token: "abc", room: "c", empty: "" },
      multiValueQueryStringParameters: { token: ["abc"], room: ["a b", "c"], empty: [""] },
      requestContext: {
        routeKey: "$connect", eventType: "CONNECT", extendedRequestId: c.requestId, requestTime: c.requestTime, messageDirection: "IN", stage: "prod",
        connectedAt: c.connectedAt, requestTimeEpoch: c.requestTimeEpoch, identity: { userAgent: "tests/1", sourceIp: "127.0.0.1" },
        requestId: c.requestId, domainName: host, connectionId: c.connectionId, apiId: "chat",
      },
      stageVariables: { table: "rooms" },
      isBase64Encoded: false,
    });
    assert.deepEqual(Object.keys(c), ["routeKey", "eventType", "extendedRequestId", "requestTime", "messageDirection", "stage", "connectedAt", "requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId"]);
    assert.match(c.requestId, id);
    assert.match(c.connectionId, id);
    assert.match(c.requestTime, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    assert.ok(before <= c.connectedAt && c.connectedAt <= c.requestTimeEpoch && c.requestTimeEpoch <= Date.now());
  });

  test("without a query and a user agent their members are absent", async () => {
    const answer = await handshake(chat.gateway, "/prod");
    answer.raw.close();
    const event = chat.room.of("$connect").at(-1);
    assert.deepEqual(Object.keys(event).sort(), ["headers", "isBase64Encoded", "multiValueHeaders", "requestContext", "stageVariables"]);
    assert.deepEqual(event.requestContext.identity, { sourceIp: "127.0.0.1" });
    assert.equal(event.headers["X-Forwarded-Proto"], "http");
    assert.equal(event.requestContext.domainName, `127.0.0.1:${chat.gateway.tlsPort}`, "where functions can reach it over TLS");
  });

  test("what a client says of itself is not believed", async () => {
    const answer = await handshake(chat.gateway, "/prod", { headers: { "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "gopher", "X-Forwarded-Port": "1" } });
    answer.raw.close();
    const event = chat.room.of("$connect").at(-1);
    assert.equal(event.requestContext.identity.sourceIp, "127.0.0.1");
    assert.deepEqual([event.headers["X-Forwarded-Proto"], event.headers["X-Forwarded-Port"]], ["http", String(chat.gateway.port)]);
  });

  test("each connection has an id of its own", async () => {
    const before = chat.room.of("$connect").length;
    const answers = await Promise.all(Array.from({ length: 50 }, () => handshake(chat.gateway, "/prod")));
    for (const { raw } of answers) raw.close();
    const events = chat.room.of("$connect").slice(before);
    assert.equal(new Set(events.map(({ requestContext }) => requestContext.connectionId)).size, 50);
    assert.equal(new Set(events.map(({ requestContext }) => requestContext.requestId)).size, 50);
  });

  test("over TLS a message is answered, whole, in pieces and early", async () => {
    const client = await open(chat.gateway, "/prod", { secure: true });
    assert.equal(await client.ask("Grüße"), "Grüße");
    const long = "x".repeat(30000);
    assert.equal(await client.ask(long), long);
    await client.close(1000);
    const early = await RawSocket.open(chat.gateway, "/prod", { secure: true, early: frame(opcodes.text, "early") });
    assert.equal(await early.text(), "early");
    early.destroy();
  });
});

describe("which API and stage", () => {
  let chat, other;
  before(async () => {
    chat = await startChat({
      names: ["room", "hello"],
      config: {
        apis: [
          { apiId: "chat", definition: "chat.json", stages: [{ stageName: "prod" }, { stageName: "dev" }] },
          { apiId: "closed", definition: "chat.json", disableExecuteApiEndpoint: true, stages: [{ stageName: "prod" }] },
          { apiId: "web", protocolType: "HTTP", definition: "web.json" },
        ],
        domains: [
          { domainName: "chat.example.com", apiMappings: [{ apiId: "chat", stage: "prod" }] },
          { domainName: "api.example.com", apiMappings: [{ apiId: "web", stage: "$default" }, { apiId: "chat", stage: "dev", apiMappingKey: "ws" }, { apiId: "closed", stage: "prod", apiMappingKey: "closed" }] },
        ],
      },
      files: { "web.json": definition({ "GET /ws2": "hello" }) },
    });
  });
  after(() => chat?.stop());

  const cases = {
    "execute-api host": ["chat.execute-api.localhost", "/prod", ["chat", "prod"]],
    "another stage": ["chat.execute-api.localhost", "/dev", ["chat", "dev"]],
    "execute-api host of AWS": ["chat.execute-api.us-east-1.amazonaws.com", "/prod", ["chat", "prod"]],
    "path form": ["localhost", "/_aws/execute-api/chat/prod", ["chat", "prod"]],
    "path form, a slash behind": ["localhost", "/_aws/execute-api/chat/dev/", ["chat", "dev"]],
    "path form, another API": ["localhost", "/_aws/execute-api/closed/prod", 403],
    "domain without a key": ["chat.example.com", "/", ["chat", "prod"]],
    "domain with a key": ["api.example.com", "/ws", ["chat", "dev"]],
    "domain with a key, a slash behind": ["api.example.com", "/ws/", ["chat", "dev"]],
    "domain with a key, deeper": ["api.example.com", "/ws/dev", 403],
    "domain of an API without its own endpoint": ["api.example.com", "/closed", ["closed", "prod"]],
    "its own endpoint": ["closed.execute-api.localhost", "/prod", 403],
    "a domain's stage by name": ["chat.example.com", "/prod", 403],
    "no such API": ["nothing.execute-api.localhost", "/prod", 403],
    "no such host": ["localhost", "/prod", 403],
  };
  for (const [name, [host, target, wanted]] of Object.entries(cases))
    test(name, async () => {
      const answer = await handshake(chat.gateway, target, { headers: { Host: host } });
      if (typeof wanted === "number") return assertRefused(answer, wanted, forbidden);
      answer.raw.close();
      assert.equal(answer.status, 101, answer.body);
      const { apiId, stage } = chat.room.of("$connect").at(-1).requestContext;
      assert.deepEqual([apiId, stage], wanted);
    });

  test("domainName is a name that was configured", async () => {
    const names = {};
    for (const [host, target] of [["chat.example.com", "/"], ["api.example.com", "/ws"], ["chat.execute-api.us-east-1.amazonaws.com", "/prod"], ["chat.execute-api.localhost", "/prod"]]) {
      (await handshake(chat.gateway, target, { headers: { Host: host } })).raw.close();
      names[host] = chat.room.of("$connect").at(-1).requestContext.domainName;
    }
    assert.deepEqual(names, {
      "chat.example.com": "chat.example.com", "api.example.com": "api.example.com", "chat.execute-api.us-east-1.amazonaws.com": "chat.execute-api.us-east-1.amazonaws.com",
      "chat.execute-api.localhost": `127.0.0.1:${chat.gateway.port}`,
    });
  });

  test("a handshake at an HTTP API is a request like any other", async () => {
    const answer = await handshake(chat.gateway, "/ws2", { headers: { Host: "api.example.com" } });
    answer.raw.close();
    assert.equal(answer.status, 200);
  });
});

describe("JWT authorizers", () => {
  let issuer, chat;
  const authorizer = (identitySource) => ({ authorizerType: "JWT", identitySource, jwtConfiguration: { issuer: issuer.issuer, audience: ["app"] } });
  before(async () => {
    issuer = await (await startIssuer()).addKey("k");
    const guarded = (name) => websocketDefinition(
      { $connect: { authorizer: "users", authorizationScopes: ["chat/connect", "chat/admin"] }, $disconnect: {}, $default: { twoWay: true } }, { authorizers: { users: authorizer([name]) } });
    const apis = { query: "route.request.querystring.token", header: "route.request.header.Authorization", protocol: "route.request.header.Sec-WebSocket-Protocol" };
    chat = await startChat({
      config: {
        apis: Object.keys(apis).map((apiId) => ({ apiId, definition: `${apiId}.json`, stages: [{ stageName: "prod", routeSettings: {} }] })),
        issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
      },
      files: Object.fromEntries(Object.entries(apis).map(([apiId, source]) => [`${apiId}.json`, guarded(source)])),
    });
  });
  after(async () => { await chat?.stop(); await issuer?.stop(); });
  const at = (apiId) => `/_aws/execute-api/${apiId}/prod`;
  const good = { scope: "chat/connect other" };

  test("a token in the query: connected, and known in every event", async () => {
    const token = await issuer.token({ ...good, name: "Ann", admin: true, level: 3, groups: ["a", "b"] });
    const client = await open(chat.gateway, `${at("query")}?token=${token}`);
    assert.equal(await client.ask("hello"), "hello");
    await client.close(1000);
    await chat.room.event("$disconnect");
    for (const key of ["$connect", "$default", "$disconnect"]) {
      const { authorizer: who } = chat.room.of(key).at(-1).requestContext;
      assert.equal(who.principalId, "ann", key);
      assert.deepEqual([who.sub, who.name, who.admin, who.level, who.scope], ["ann", "Ann", "true", "3", "chat/connect other"], key);
      assert.ok(Object.entries(who).every(([name, value]) => typeof value === "string" || name === "integrationLatency"), key);
    }
  });

  test("in a header, with and without Bearer", async () => {
    const token = await issuer.token(good);
    for (const value of [`Bearer ${token}`, token]) {
      const client = await open(chat.gateway, at("header"), { headers: { Authorization: value } });
      await client.close(1000);
    }
  });

  test("as a subprotocol: found by its shape, never echoed", async () => {
    const token = await issuer.token(good);
    chat.room.on.$connect = { statusCode: 200, headers: { "Sec-WebSocket-Protocol": "chat" } };
    const client = await open(chat.gateway, at("protocol"), { protocols: ["chat", token] });
    assert.equal(client.protocol, "chat");
    await client.close(1000);
    chat.room.on.$connect = { statusCode: 200, headers: { "Sec-WebSocket-Protocol": token } };
    const answer = await handshake(chat.gateway, at("protocol"), { headers: { "Sec-WebSocket-Protocol": `chat, ${token}` } });
    answer.raw.close();
    assert.ok(!answer.raw.text.includes(token));
    delete chat.room.on.$connect;
  });

  const refused = {
    "none": ["", 401],
    "an empty one": ["?token=", 401],
    "another parameter": [async () => `?Token=${await issuer.token(good)}`, 401],
    "no token": ["?token=hello", 401],
    "a changed one": [async () => `?token=${(await issuer.token(good)).slice(0, -3)}AAA`, 401],
    "an expired one": [async () => `?token=${await issuer.token({ ...good, exp: 1 })}`, 401],
    "another audience": [async () => `?token=${await issuer.token({ ...good, aud: "other" })}`, 401],
    "another issuer": [async () => `?token=${await issuer.token({ ...good, iss: "https://other.test" })}`, 401],
    "two of them": [async () => `?token=${await issuer.token(good)}&token=${await issuer.token(good)}`, 401],
    "no scope": [async () => `?token=${await issuer.token()}`, 403],
    "another scope": [async () => `?token=${await issuer.token({ scope: "chat" })}`, 403],
  };
  for (const [name, [query, status]] of Object.entries(refused))
    test(`refused: ${name}`, async () => {
      const before = chat.room.of("$connect").length;
      const answer = await handshake(chat.gateway, `${at("query")}${typeof query === "string" ? query : await query()}`);
      assertRefused(answer, status, status === 401 ? unauthorized : forbidden);
      assert.equal(chat.room.of("$connect").length, before, "the function is not asked");
    });

  test("a real client is told the status", async () => {
    await assert.rejects(open(chat.gateway, at("query")), (error) => error.answer.status === 401);
  });

  test("no token is in the log", async () => {
    const token = await issuer.token({ ...good, exp: 1 });
    await handshake(chat.gateway, `${at("query")}?token=${token}`);
    await chat.gateway.quiet();
    assert.ok(![...chat.gateway.lines, ...chat.gateway.stdout].some((line) => line.includes(token.slice(-40))));
  });
});

test("parameters that $connect requires", () => withChat({
  routes: { $connect: { requestParameters: { "route.request.querystring.room": { required: true }, "route.request.header.X-Client": { required: true }, "route.request.querystring.name": { required: false } } } },
}, async ({ gateway, room }) => {
  for (const [target, headers] of [["/prod", { "X-Client": "1" }], ["/prod?room=a", {}], ["/prod?name=a", {}]])
    assertRefused(await handshake(gateway, target, { headers }), 400);
  assert.equal(room.events.length, 0);
  const answer = await handshake(gateway, "/prod?room=a", { headers: { "x-client": "1" } });
  answer.raw.close();
  assert.equal(answer.status, 101);
}));

describe("throttling", () => {
  const tooMany = { type: "TooManyRequestsException" };

  test("a $connect whose rate is 0 refuses all, before token and function", () => withChat({ stage: { routeSettings: { $connect: { throttlingRateLimit: 0, throttlingBurstLimit: 0 } } } }, async ({ gateway, room }) => {
    assertRefused(await handshake(gateway, "/prod"), 429, tooMany);
    assert.equal(room.events.length, 0);
  }));

  test("a burst of $connect", () => withChat({ stage: { routeSettings: { $connect: { throttlingRateLimit: 0.001, throttlingBurstLimit: 3 } } } }, async ({ gateway }) => {
    const statuses = [];
    for (let i = 0; i < 5; i++) {
      const answer = await handshake(gateway, "/prod");
      answer.raw.close();
      statuses.push(answer.status);
    }
    assert.deepEqual(statuses, [101, 101, 101, 429, 429]);
  }));

  test("new connections per second, all APIs together", () => withChat({ config: { limits: { websocketConnectRate: 2 } } }, async ({ gateway }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => handshake(gateway, "/prod")));
    for (const { raw } of answers) raw.close();
    const opened = answers.filter(({ status }) => status === 101);
    assert.ok(opened.length >= 2 && opened.length < 20, `${opened.length}`);
    assertRefused(answers.find(({ status }) => status !== 101), 429, tooMany);
  }));

  test("the account's", () => withChat({ config: { throttling: { rateLimit: 0, burstLimit: 0 } } }, async ({ gateway }) => {
    assertRefused(await handshake(gateway, "/prod"), 429, tooMany);
  }));
});

describe("integrations of $connect that are no functions", () => {
  const mock = (template) => ({ integration: { integrationType: "MOCK", requestTemplates: { $default: template } } });

  test("MOCK", () => withChat({ routes: { $connect: mock('{"statusCode": 200}'), $default: { twoWay: true } } }, async ({ gateway, room }) => {
    const client = await open(gateway, "/prod");
    assert.equal(await client.ask("hello"), "hello");
    assert.equal(room.events.length, 1);
    await client.close(1000);
  }));

  test("MOCK that refuses", () => withChat({ routes: { $connect: mock('{"statusCode": 403}') } }, async ({ gateway }) => {
    assert.equal((await handshake(gateway, "/prod")).status, 403);
  }));

  test("MOCK whose template gives no status", () => withChat({ routes: { $connect: mock("$input.params('status')") } }, async ({ gateway }) => {
    assert.ok((await handshake(gateway, "/prod?status=x")).status >= 500);
  }));

  test("HTTP_PROXY: what it is sent, and that its status decides", async () => {
    const backend = await startBackend({ onCall: (call) => call.answer("no", "Set-Cookie: a=b\r\n", /room=closed/.test(call.line) ? "403 Forbidden" : "200 OK") });
    try {
      await withChat({
        routes: { $connect: {
          requestParameters: { "route.request.querystring.room": { required: false }, "route.request.header.X-Own": { required: false } },
          integration: { integrationType: "HTTP_PROXY", integrationMethod: "POST", integrationUri: `${backend.url}/connect`, requestParameters: {
            "integration.request.header.X-Connection": "context.connectionId", "integration.request.querystring.room": "route.request.querystring.room",
            "integration.request.header.X-Copy": "route.request.header.X-Own", "integration.request.header.Sec-WebSocket-Version": "'0'" } } } },
      }, async ({ gateway }) => {
        const answer = await handshake(gateway, "/prod?room=open", { headers: { "X-Own": "mine" } });
        answer.raw.close();
        assert.equal(answer.status, 101);
        assert.equal(answer.headers["set-cookie"], undefined);
        const [call] = backend.calls;
        assert.match(call.line, /^POST \/connect\?room=open HTTP\/1\.1$/);
        assert.match(call.headers["x-connection"], id);
        assert.equal(call.headers["x-copy"], "mine");
        assert.equal(call.headers["sec-websocket-version"], "0");
        assert.notEqual(call.headers["sec-websocket-key"], undefined, "as on AWS, the handshake's own fields are passed on");
        assert.equal(call.headers.upgrade, undefined);
        assert.equal((await handshake(gateway, "/prod?room=closed")).status, 403);
      });
    } finally { await backend.stop(); }
  });
});

test("listeners serve the APIs that they name", async () => {
  const second = await freePort();
  await withChat({
    config: ({ port }) => ({ listeners: [{ name: "local", address: "127.0.0.1", port, apis: ["chat"] }, { name: "second", address: "127.0.0.1", port: second, apis: ["other"] }],
      apis: ["chat", "other"].map((apiId) => ({ apiId, definition: "chat.json", stages: [{ stageName: "prod" }] })) }),
  }, async ({ gateway }) => {
    for (const [apiId, port, status] of [["chat", gateway.port, 101], ["chat", second, 403], ["other", second, 101], ["other", gateway.port, 403]]) {
      const answer = await handshake(gateway, `/_aws/execute-api/${apiId}/prod`, { port });
      answer.raw.close();
      assert.equal(answer.status, status, `${apiId} at ${port}`);
    }
  });
});
