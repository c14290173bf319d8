// Messages of WebSocket APIs: which route they select, what its integration is told, what comes back.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, afterEach, before, beforeEach, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { echo, gate, startChat, websocketDefinition, withChat } from "./lib/chat.mjs";
import { RawSocket, open, opcodes } from "./lib/websocket.mjs";

const id = /^[A-Za-z0-9_-]{15}=$/;

// The gateway's own frames, to the byte.
function assertError(text, message, { connectionId } = {}) {
  const [, said, connection, request] = /^\{"message": "([^"]*)", "connectionId":"([^"]*)", "requestId":"([^"]*)"\}$/.exec(text) ?? assert.fail(text);
  assert.equal(said, message);
  assert.match(connection, id);
  assert.match(request, id);
  if (connectionId) assert.equal(connection, connectionId);
  return { requestId: request };
}

// Whose answer tells which route was selected.
const tellRoute = (event) => ({ statusCode: 200, body: event.requestContext.routeKey });
const twoWay = { twoWay: true };

describe("which route", () => {
  // By expression: messages, and the route that each selects; null: none.
  const keys = ["join", "chat/join", "join-", "room1234", "action", "$default", "[a, b]", "7", "1.5", "true", "a b", "é", "JOIN"];
  const chatty = '{"service":"chat","action":"join","data":{"room":"room1234","list":["a","b"]}}';
  const cases = {
    "$request.body.action": {
      [chatty]: "join", '{"action":"JOIN"}': "JOIN", ' {"action" : "join"} ': "join", '{"action":"jo\\u0069n"}': "join", '{"action":"\\u00e9"}': "é", '{"action":"a b"}': "a b",
      '{"action":["a","b"]}': "[a, b]", '{"action":7}': "7", '{"action":1.5}': "1.5", '{"action":true}': "true", '{"action":null}': "$default", '{"action":""}': "$default",
      '{"action":"dance"}': "$default", "{}": "$default", "[]": "$default", '["join"]': "$default", '"join"': "$default", "7": "$default", "join": "$default", "": "$default", '{"action":"join"': "$default",
      '{"action":"$connect"}': "$default", '{"action":"$disconnect"}': "$default", '{"action":"$default"}': "$default", '{"data":{"action":"join"}}': "$default", '{"Action":"join"}': "$default",
    },
    "${request.body.action}": { [chatty]: "join", "hello": "$default" },
    "${request.body.service}/${request.body.action}": { [chatty]: "chat/join", '{"action":"join"}': "$default" },
    "${request.body.action}-${request.body.invalidPath}": { [chatty]: "join-" },
    "$request.body.data.room": { [chatty]: "room1234", '{"data":"room1234"}': "$default" },
    "$request.body.data.list[0]": { '{"data":{"list":["join"]}}': "join", '{"data":{"list":[]}}': "$default" },
    "action": { [chatty]: "action", "no JSON": "action" },
    "\\$default": { [chatty]: "$default" },
  };
  let chat;
  before(async () => {
    const routes = { $connect: {}, $disconnect: {}, ...Object.fromEntries(keys.map((key) => [key, twoWay])) };
    chat = await startChat({
      config: { apis: Object.keys(cases).map((_, i) => ({ apiId: `api${i}`, definition: `api${i}.json`, stages: [{ stageName: "prod" }] })) },
      files: Object.fromEntries(Object.keys(cases).map((expression, i) => [`api${i}.json`, websocketDefinition(routes, { routeSelectionExpression: expression })])),
    });
    for (const key of keys) chat.room.on[key] = tellRoute;
  });
  after(() => chat?.stop());

  Object.entries(cases).forEach(([expression, messages], i) => {
    test(expression, async () => {
      const client = await open(chat.gateway, `/_aws/execute-api/api${i}/prod`);
      for (const [message, route] of Object.entries(messages)) {
        assert.equal(await client.ask(message), route, message);
        assert.equal(chat.room.of(route).at(-1).body, message);
      }
      await client.close(1000);
    });
  });
});

test("no route and no $default: the frame, no call, and the connection stays", () => withChat({ routes: { $connect: {}, $disconnect: {}, join: twoWay }, on: { join: echo } }, async ({ gateway, room }) => {
  const client = await open(gateway, "/prod");
  const { connectionId } = (await room.event("$connect")).requestContext;
  for (const message of ["hi", '{"action":"leave"}', '{"action":"$connect"}', '{"action":"$disconnect"}', '{"action":"$default"}', ""])
    assertError(await client.ask(message), "Forbidden", { connectionId });
  assert.equal(await client.ask('{"action":"join"}'), '{"action":"join"}');
  assert.deepEqual(room.events.map(({ requestContext }) => requestContext.routeKey), ["$connect", "join"]);
  await client.close(1000);
}));

describe("events and answers", () => {
  let chat, client, connectionId;
  before(async () => {
    chat = await startChat({
      routes: { $connect: {}, $disconnect: {}, $default: twoWay, oneway: {}, throws: {}, twoway: twoWay },
      stage: { stageVariables: { table: "rooms" } },
    });
  });
  after(() => chat?.stop());
  beforeEach(async () => {
    client = await open(chat.gateway, "/prod?token=abc", { headers: { "User-Agent": "tests/1" } });
    ({ connectionId } = chat.room.of("$connect").at(-1).requestContext);
  });
  afterEach(() => client.terminate());
  const answered = (route, result) => { chat.room.on[route] = typeof result === "function" ? result : () => result; };
  // What comes of a message, where something comes; what comes of the next one, where nothing does.
  const ask = (route, more = {}) => client.ask(JSON.stringify({ action: route, ...more }));
  const marker = () => { answered("$default", echo); return client.ask("marker"); };

  test("it is AWS's, member by member, in AWS's order", async () => {
    const connected = chat.room.of("$connect").at(-1).requestContext, before = Date.now();
    answered("twoway", echo);
    await ask("twoway");
    const event = chat.room.of("twoway").at(-1), c = event.requestContext;
    assert.deepEqual(event, {
      requestContext: {
        routeKey: "twoway", messageId: c.messageId, eventType: "MESSAGE", extendedRequestId: c.requestId, requestTime: c.requestTime, messageDirection: "IN", stage: "prod",
        connectedAt: connected.connectedAt, requestTimeEpoch: c.requestTimeEpoch, identity: { userAgent: "tests/1", sourceIp: "127.0.0.1" },
        requestId: c.requestId, domainName: connected.domainName, connectionId, apiId: "chat",
      },
      body: '{"action":"twoway"}', stageVariables: { table: "rooms" }, isBase64Encoded: false,
    });
    assert.deepEqual(Object.keys(c), ["routeKey", "messageId", "eventType", "extendedRequestId", "requestTime", "messageDirection", "stage", "connectedAt", "requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId"]);
    for (const value of [c.messageId, c.requestId]) assert.match(value, id);
    assert.equal(new Set([c.messageId, c.requestId, connectionId, connected.requestId]).size, 4);
    assert.ok(before <= c.requestTimeEpoch && c.requestTimeEpoch <= Date.now());
  });

  test("the body is the message, byte by byte", async () => {
    answered("$default", echo);
    for (const message of ["", " ", "\u0000\u0001\u001f\u007f", "Grüße 🎈 \u2028\ufeff", '"\\/\b\f\n\r\t', "\ud7ff\ue000\uffff", "x".repeat(32768)]) {
      const got = message === "" ? (await client.send("").ask("next"), chat.room.of("$default").at(-2).body) : await client.ask(message);
      assert.equal(got, message);
      assert.equal(Buffer.from(chat.room.of("$default").at(message === "" ? -2 : -1).body).length, Buffer.from(message).length);
    }
  });

  const bodies = {
    "the body, as it stands": [{ statusCode: 200, body: ' {"a": 1} ' }, ' {"a": 1} '],
    "whatever the status": [{ statusCode: 500, body: "failed" }, "failed"],
    "nothing else of it": [{ statusCode: 200, headers: { "X-Own": "x" }, body: "just this" }, "just this"],
    "base64 decoded": [{ statusCode: 200, body: Buffer.from("Grüße").toString("base64"), isBase64Encoded: true }, "Grüße"],
    "no body: nothing": [{ statusCode: 200 }, null],
    "an empty body: nothing": [{ statusCode: 200, body: "" }, null],
    "null: nothing": [{ statusCode: 200, body: null }, null],
  };
  for (const [name, [result, text]] of Object.entries(bodies))
    test(`two-way: ${name}`, async () => {
      answered("twoway", result);
      if (text !== null) return assert.equal(await ask("twoway"), text);
      const calls = chat.room.of("twoway").length;
      client.send('{"action":"twoway"}');
      await chat.room.event("twoway", calls + 1);
      assert.equal(await marker(), "marker");
    });

  test("a long answer comes whole, in frames of 32 KB at most", async () => {
    answered("$default", { statusCode: 200, body: "é".repeat(60000) });
    const raw = await RawSocket.open(chat.gateway, "/prod");
    raw.sendText("long");
    const lengths = [], parts = [];
    for (let next; (next = await raw.frame());) {
      lengths.push(next.payload.length);
      parts.push(next.payload);
      assert.equal(next.opcode, lengths.length === 1 ? opcodes.text : opcodes.continuation);
      assert.deepEqual([next.masked, next.rsv], [false, 0]);
      if (next.fin) break;
    }
    assert.equal(Buffer.concat(parts).toString(), "é".repeat(60000));
    assert.ok(Math.max(...lengths) <= 32768, `${lengths}`);
    raw.destroy();
  });

  test("one-way: whatever it returns, nothing comes", async () => {
    for (const result of [{ statusCode: 200, body: "dropped" }, { statusCode: 500, body: "dropped" }]) {
      answered("oneway", result);
      const calls = chat.room.of("oneway").length;
      client.send('{"action":"oneway"}');
      await chat.room.event("oneway", calls + 1);
      assert.equal(await marker(), "marker");
    }
  });

  const failures = {
    "an exception": () => { throw new Error("boom"); },
    "null": () => null,
    "a text": () => "hello",
    "a list": () => [{ statusCode: 200 }],
    "no statusCode": () => ({ body: "x" }),
    "a body that is no text": () => ({ statusCode: 200, body: { a: 1 } }),
    "no JSON": (event, call) => call.reply(200, {}, "nonsense"),
    "a crash": (event, call) => call.reply(200, { "X-Amz-Function-Error": "Unhandled" }, '{"errorType":"Runtime.ExitError"}'),
    "that it timed out itself": (event, call) => call.reply(200, { "X-Amz-Function-Error": "Unhandled" }, '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 1.00 seconds"}'),
    "that it may not be called": (event, call) => call.reply(403, { "x-amzn-ErrorType": "AccessDeniedException" }, '{"Message":"no"}'),
    "that it is not there": (event, call) => call.reply(404, { "x-amzn-ErrorType": "ResourceNotFoundException" }, '{"Message":"no"}'),
    "that there were too many": (event, call) => call.reply(429, { "x-amzn-ErrorType": "TooManyRequestsException" }, '{"message":"Rate Exceeded."}'),
    "a broken service": (event, call) => call.reply(500, { "x-amzn-ErrorType": "ServiceException" }, '{"message":"x"}'),
  };
  for (const route of ["twoway", "oneway"])
    for (const [name, handler] of Object.entries(failures))
      test(`${route}: the function answers ${name}: the frame`, async () => {
        answered(route, handler);
        const { requestId } = assertError(await ask(route), "Internal server error", { connectionId });
        assert.equal(requestId, chat.room.of(route).at(-1).requestContext.requestId);
        assert.equal(await marker(), "marker", "the connection stays");
      });
});

test("an integration that takes too long", async () => {
  const doors = gate({ statusCode: 200, body: "late" });
  await withChat({ routes: { $default: { ...twoWay, integration: { integrationType: "AWS_PROXY", integrationUri: "room", timeoutInMillis: 50 } }, after: twoWay }, on: { $default: doors.hold, after: tellRoute } }, async ({ gateway }) => {
    const client = await open(gateway, "/prod");
    assertError(await client.ask("hello"), "Endpoint request timed out");
    doors.release();
    assert.equal(await client.ask('{"action":"after"}'), "after", "the late answer is dropped");
    await client.close(1000);
  });
});

describe("order", () => {
  test("invocations start in the order of arrival, answers come in the order of completion", async () => {
    const doors = gate();
    await withChat({ on: { $default: doors.hold } }, async ({ gateway, room }) => {
      const client = await open(gateway, "/prod");
      for (const text of ["one", "two", "three"]) client.send(text);
      await doors.held(3);
      assert.deepEqual(room.of("$default").map(({ body }) => body).sort(), ["one", "three", "two"]);
      for (const i of [2, 0, 1]) {
        doors.release(i, { statusCode: 200, body: `answer ${i}` });
        assert.equal(await client.text(), `answer ${i}`);
      }
      await client.close(1000);
    });
  });

  for (const [name, { api = {}, limits = {}, wanted }] of Object.entries({
    "sixteen at once": { wanted: 16 }, "as many as configured": { limits: { websocketMessagesInFlight: 3 }, wanted: 3 }, "serializeMessages": { api: { serializeMessages: true }, wanted: 1 },
  }))
    test(`${name}, the others in their order behind`, async () => {
      const doors = gate();
      await withChat({ api, config: { limits }, on: { $default: doors.hold } }, async ({ gateway, room }) => {
        const client = await open(gateway, "/prod"), other = await open(gateway, "/prod"), count = wanted + 4;
        const bodies = Array.from({ length: count }, (_, i) => `m${i}`);
        for (const body of bodies) client.send(body);
        await doors.held(wanted);
        const pending = other.send("another connection's").next();
        await doors.held(wanted + 1);
        assert.deepEqual(new Set(room.of("$default").map(({ body }) => body)), new Set([...bodies.slice(0, wanted), "another connection's"]), "the rest waits");
        const where = () => room.of("$default").map(({ body }) => body);
        doors.release(where().indexOf("another connection's"), { statusCode: 200, body: "yours" });
        assert.deepEqual(await pending, { text: "yours" });
        for (let i = 0; i < count; i++) {
          const next = bodies[i];
          doors.release(where().indexOf(next), { statusCode: 200, body: next });
          assert.equal(await client.text(), next);
          if (i + wanted < count) await doors.held(wanted + 1 + i + 1);
        }
        assert.deepEqual(where().filter((body) => body !== "another connection's").slice(wanted), bodies.slice(wanted));
        await client.close(1000);
        await other.close(1000);
      });
    });

  test("a connection that ends while a message is handled: $disconnect does not wait, the answer is dropped", async () => {
    const doors = gate({ statusCode: 200, body: "late" });
    await withChat({ on: { $default: doors.hold } }, async ({ gateway, room }) => {
      const client = await open(gateway, "/prod");
      client.send("one");
      await doors.held(1);
      await client.close(1000);
      await room.event("$disconnect");
      doors.release();
      await gateway.quiet();
      assert.equal(client.events.all.filter(({ text }) => text).length, 0);
    });
  });
});

describe("binary messages", () => {
  test("they close with 1003", () => withChat({}, async ({ gateway, room }) => {
    const client = await open(gateway, "/prod");
    client.send(Buffer.of(1, 2, 3));
    assert.equal((await client.closed)[0], 1003);
    const { disconnectStatusCode } = (await room.event("$disconnect")).requestContext;
    assert.equal(disconnectStatusCode, 1003);
    assert.equal(room.of("$default").length, 0);
  }));

  test("binaryFrames: deliver", () => withChat({ api: { binaryFrames: "deliver" } }, async ({ gateway, room }) => {
    const client = await open(gateway, "/prod");
    client.send(Buffer.of(0, 255, 128));
    const event = await room.event("$default");
    assert.deepEqual([event.body, event.isBase64Encoded], [Buffer.of(0, 255, 128).toString("base64"), true]);
    await client.text();
    assert.equal(await client.ask("text"), "text");
    assert.equal(room.of("$default").at(-1).isBase64Encoded, false);
    room.on.$default = ({ body, isBase64Encoded }) => ({ statusCode: 200, body, isBase64Encoded });
    for (const bytes of [Buffer.of(0, 255, 128), Buffer.from("abc")]) {
      client.send(bytes);
      assert.deepEqual((await client.next()).binary, bytes, "a frame of the kind that came");
    }
    assert.equal(await client.ask("text"), "text");
    await client.close(1000);
  }));
});

describe("throttling", () => {
  const settings = (throttlingRateLimit, throttlingBurstLimit) => ({ throttlingRateLimit, throttlingBurstLimit });

  test("a route's: the frame, no call, and the connection stays", () => withChat({
    routes: { $connect: {}, join: twoWay, $default: twoWay }, on: { join: tellRoute }, stage: { routeSettings: { join: settings(0.001, 2) } },
  }, async ({ gateway, room }) => {
    const client = await open(gateway, "/prod");
    const ask = () => client.ask('{"action":"join"}');
    assert.deepEqual([await ask(), await ask()], ["join", "join"]);
    assertError(await ask(), "Too Many Requests");
    assert.equal(await client.ask("other"), "other");
    const second = await open(gateway, "/prod");
    assertError(await second.ask('{"action":"join"}'), "Too Many Requests");
    assert.equal(room.of("join").length, 2);
    await client.close(1000);
    await second.close(1000);
  }));

  test("the stage's default, for each route alone", () => withChat({
    routes: { a: twoWay, b: twoWay }, on: { a: tellRoute, b: tellRoute }, stage: { defaultRouteSettings: settings(0.001, 1) },
  }, async ({ gateway }) => {
    const client = await open(gateway, "/prod");
    assert.equal(await client.ask('{"action":"a"}'), "a");
    assert.equal(await client.ask('{"action":"b"}'), "b");
    assertError(await client.ask('{"action":"a"}'), "Too Many Requests");
    await client.close(1000);
  }));

  test("0 blocks", () => withChat({ stage: { routeSettings: { $default: settings(0, 0) } } }, async ({ gateway }) => {
    const client = await open(gateway, "/prod");
    assertError(await client.ask("x"), "Too Many Requests");
    await client.close(1000);
  }));
});

describe("integrations that are no proxies to functions", () => {
  let server, calls, answer;
  before(async () => {
    server = http.createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      calls.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(response, body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => { server?.closeAllConnections(); server?.close(); });
  const url = (path) => `http://127.0.0.1:${server.address().port}${path}`;
  const say = (status, body, headers = {}) => (response) => response.writeHead(status, headers).end(body);

  // One route, `$default`, with that integration; fn gets the client.
  async function withIntegration(integration, fn, { route = {}, stage = {}, more = {} } = {}) {
    calls = [];
    answer = say(200, "ok");
    await withChat({ routes: { $connect: {}, $default: { ...twoWay, ...route, integration }, marker: twoWay, ...more }, on: { marker: tellRoute }, stage }, async ({ gateway, room }) => {
      const client = await open(gateway, "/prod");
      await fn(client, { gateway, room });
      await client.close(1000);
    });
  }
  const marker = (client) => client.ask('{"action":"marker"}');

  test("HTTP_PROXY: the message as it is, the answer as it is", () => withIntegration({ integrationType: "HTTP_PROXY", integrationMethod: "PUT", integrationUri: url("/in") }, async (client) => {
    answer = say(201, "Grüße", { "Content-Type": "text/plain" });
    assert.equal(await client.ask(' {"a": "é"} '), "Grüße");
    const [call] = calls;
    assert.deepEqual([call.method, call.url, call.body], ["PUT", "/in", ' {"a": "é"} ']);
    assert.match(call.headers["content-type"], /^application\/json/);
    answer = say(500, "failed");
    assert.equal(await client.ask("x"), "failed");
    answer = say(204);
    client.send("silent");
    assert.equal(await marker(client), "marker");
  }));

  test("HTTP_PROXY, one-way: nothing comes, but for a failure", () => withIntegration({ integrationType: "HTTP_PROXY", integrationMethod: "POST", integrationUri: url("/in") }, async (client) => {
    client.send("hello");
    while (calls.length < 1) await new Promise((resolve) => server.once("request", () => setImmediate(resolve)));
    assert.equal(await marker(client), "marker");
    answer = (response) => response.destroy();
    assertError(await client.ask("broken"), "Internal server error");
  }, { route: { twoWay: false } }));

  test("HTTP_PROXY that takes too long", () => withIntegration({ integrationType: "HTTP_PROXY", integrationMethod: "POST", integrationUri: url("/slow"), timeoutInMillis: 50 }, async (client) => {
    answer = () => {};
    assertError(await client.ask("hello"), "Endpoint request timed out");
  }));

  test("request parameters", () => withIntegration({
    integrationType: "HTTP_PROXY", integrationMethod: "POST", integrationUri: url("/rooms/{room}/in"), requestParameters: {
      "integration.request.header.connectionId": "context.connectionId", "integration.request.header.X-Static": "'a text'", "integration.request.header.X-Table": "stageVariables.table",
      "integration.request.querystring.user": "route.request.body.user.name", "integration.request.path.room": "route.request.body.room", "integration.request.header.X-Missing": "route.request.body.missing",
    },
  }, async (client, { room }) => {
    assert.equal(await client.ask({ room: "a/b", user: { name: "Ann & Bob" } }), "ok");
    const [call] = calls;
    const asked = new URL(call.url, "http://x");
    assert.deepEqual([asked.pathname, asked.searchParams.get("user")], ["/rooms/a%2Fb/in", "Ann & Bob"]);
    assert.equal(call.headers.connectionid, room.of("$connect")[0].requestContext.connectionId);
    assert.deepEqual([call.headers["x-static"], call.headers["x-table"]], ["a text", "rooms"]);
    for (const outside of ["..", "../admin", "a/../../admin", "a\\..", "..;x/admin"]) assertError(await client.ask({ room: outside }), "Bad Request");
    assert.equal(calls.length, 1);
  }, { stage: { stageVariables: { table: "rooms" } } }));

  test("stage variables in a URL", () => withIntegration({ integrationType: "HTTP_PROXY", integrationMethod: "POST", integrationUri: url("/${stageVariables.table}") }, async (client) => {
    assert.equal(await client.ask("x"), "ok");
    assert.equal(calls[0].url, "/rooms");
  }, { stage: { stageVariables: { table: "rooms" } } }));

  test("HTTP: templates there, integration responses back", () => withIntegration({
    integrationType: "HTTP", integrationMethod: "POST", integrationUri: url("/in"), templateSelectionExpression: "${request.body.kind}",
    requestTemplates: {
      $default: '{"id":"$context.connectionId","body":$input.body}',
      short: '{"text":$input.json(\'$.text\'),"raw":"$input.path(\'$.text\')","stage":"${context.stage}","table":"$stageVariables.table"}',
    },
    integrationResponses: {
      "/2\\d\\d/": { responseTemplates: { $default: '{"said":$input.json(\'$.answer\')}' } },
      "/4../": { responseTemplates: { $default: "refused: $input.body" } },
      $default: {},
    },
  }, async (client, { room }) => {
    const { connectionId } = room.of("$connect")[0].requestContext;
    answer = say(200, '{"answer": {"a": [1, "x"]}}');
    assert.deepEqual(JSON.parse(await client.ask('{"x":1}')), { said: { a: [1, "x"] } });
    assert.equal(calls[0].body, `{"id":"${connectionId}","body":{"x":1}}`);
    await client.ask('{"kind":"short","text":"é\\"q"}');
    assert.deepEqual(calls[1].body, '{"text":"é\\"q","raw":"é"q","stage":"prod","table":"rooms"}');
    await client.ask('{"kind":"unknown","text":"x"}');
    assert.match(calls[2].body, /^\{"id":/);
    answer = say(404, "no such room");
    assert.equal(await client.ask("{}"), "refused: no such room");
    answer = say(503, "as it is");
    assert.equal(await client.ask("{}"), "as it is");
  }, { stage: { stageVariables: { table: "rooms" } } }));

  test("HTTP without a response that fits: the frame", () => withIntegration({ integrationType: "HTTP", integrationMethod: "POST", integrationUri: url("/in"), integrationResponses: { "/2\\d\\d/": {} } }, async (client) => {
    assert.equal(await client.ask("x"), "ok");
    answer = say(500, "x");
    assertError(await client.ask("x"), "Internal server error");
  }));

  test("patterns are matched as a whole", () => withIntegration({ integrationType: "HTTP", integrationMethod: "POST", integrationUri: url("/in"), integrationResponses: { "/20/": { responseTemplates: { $default: "part" } }, $default: { responseTemplates: { $default: "default" } } } }, async (client) => {
    assert.equal(await client.ask("x"), "default");
  }));

  const other = { templateSelectionExpression: "${request.body.kind}", requestTemplates: { other: "x" } };
  const passthrough = {
    WHEN_NO_MATCH: [{ passthroughBehavior: "WHEN_NO_MATCH", ...other }, "message"],
    WHEN_NO_TEMPLATES: [{ passthroughBehavior: "WHEN_NO_TEMPLATES", ...other }, null],
    "WHEN_NO_TEMPLATES, none": [{ passthroughBehavior: "WHEN_NO_TEMPLATES" }, "message"],
    NEVER: [{ passthroughBehavior: "NEVER", ...other }, null],
    "NEVER, none": [{ passthroughBehavior: "NEVER" }, null],
  };
  for (const [name, [more, body]] of Object.entries(passthrough))
    test(`passthroughBehavior ${name}`, () => withIntegration({ integrationType: "HTTP", integrationMethod: "POST", integrationUri: url("/in"), integrationResponses: { $default: {} }, ...more }, async (client) => {
      if (body === null) assertError(await client.ask("message"), "Internal server error");
      else assert.equal(await client.ask("message"), "ok");
      assert.deepEqual(calls.map((call) => call.body), body === null ? [] : [body]);
    }));

  test("contentHandlingStrategy", () => withIntegration({
    integrationType: "HTTP", integrationMethod: "POST", integrationUri: url("/in"), contentHandlingStrategy: "CONVERT_TO_BINARY", integrationResponses: { $default: { contentHandlingStrategy: "CONVERT_TO_TEXT" } },
  }, async (client) => {
    answer = (response) => response.end(Buffer.of(0, 255, 1));
    assert.equal(await client.ask(Buffer.from("bytes").toString("base64")), Buffer.of(0, 255, 1).toString("base64"));
    assert.equal(calls[0].body, "bytes");
  }));

  test("AWS: a function of templates", () => withIntegration({
    integrationType: "AWS", integrationUri: "room", requestTemplates: { $default: '{"from":"$context.connectionId","message":$input.json(\'$\')}' },
    integrationResponses: { "/.*[Nn]ot.*/": { responseTemplates: { $default: '{"error":"$input.path(\'$.errorMessage\')"}' } }, $default: { responseTemplates: { $default: '{"result":$input.body}' } } },
  }, async (client, { room }) => {
    const { connectionId } = room.of("$connect")[0].requestContext;
    room.on.undefined = (event) => { if (event.message.fail) throw new Error("it is not there"); return { sum: 3 }; };
    assert.deepEqual(JSON.parse(await client.ask({ a: 1 })), { result: { sum: 3 } });
    assert.deepEqual(room.events.at(-1), { from: connectionId, message: { a: 1 } });
    assert.deepEqual(JSON.parse(await client.ask({ fail: true })), { error: "it is not there" });
  }));

  test("MOCK", () => withIntegration({
    integrationType: "MOCK", templateSelectionExpression: "${request.body.kind}",
    requestTemplates: { $default: '{"statusCode": 200}', bad: '{"statusCode": 404}', nonsense: "hello" },
    integrationResponses: { "/404/": { responseTemplates: { $default: "there is none" } }, $default: { responseTemplates: { $default: '{"pong":"$context.connectionId","route":"$context.routeKey","type":"$context.eventType","id":"$context.messageId"}' } } },
  }, async (client, { room }) => {
    const pong = JSON.parse(await client.ask("ping"));
    assert.deepEqual([pong.pong, pong.route, pong.type], [room.of("$connect")[0].requestContext.connectionId, "$default", "MESSAGE"]);
    assert.match(pong.id, id);
    assert.equal(await client.ask({ kind: "bad" }), "there is none");
    assertError(await client.ask({ kind: "nonsense" }), "Internal server error");
    assert.equal(room.events.length, 1);
  }));

  test("one-way MOCK: nothing comes", () => withIntegration({ integrationType: "MOCK", requestTemplates: { $default: '{"statusCode": 200}' } }, async (client) => {
    client.send("x");
    assert.equal(await marker(client), "marker");
  }, { route: { twoWay: false } }));
});

test("a function by stage variable, another for each stage", () => withChat({
  names: ["room", "other"],
  routes: { $default: { ...twoWay, integration: { integrationType: "AWS_PROXY", integrationUri: "${stageVariables.function}" } } },
  config: { apis: [{ apiId: "chat", definition: "chat.json", stages: [{ stageName: "prod", stageVariables: { function: "room" } }, { stageName: "dev", stageVariables: { function: "other" } }] }] },
}, async ({ gateway, room }) => {
  for (const [stage, name] of [["prod", "room"], ["dev", "other"]]) {
    const client = await open(gateway, `/${stage}`);
    assert.equal(await client.ask("x"), "x");
    assert.deepEqual([room.calls.at(-1).name, room.events.at(-1).requestContext.stage], [name, stage]);
    await client.close(1000);
  }
}));

test("access logs: a line for each event", () => withChat({
  routes: { $connect: {}, $disconnect: {}, join: twoWay },
  on: { join: echo },
  stage: { accessLogSettings: { destination: "stdout", format: "$context.eventType $context.routeKey $context.status $context.connectionId $context.requestId $context.messageId $context.stage $context.identity.sourceIp" } },
}, async ({ gateway, room }) => {
  const client = await open(gateway, "/prod");
  await client.ask('{"action":"join"}');
  assertError(await client.ask("hello"), "Forbidden");
  await client.close(1000);
  await gateway.line(/^DISCONNECT/, { list: gateway.stdout });
  const [connect, join, disconnect] = ["$connect", "join", "$disconnect"].map((key) => room.of(key)[0].requestContext), { connectionId } = connect;
  const lines = gateway.stdout.map((line) => line.split(" "));
  assert.deepEqual(lines[0], ["CONNECT", "$connect", "200", connectionId, connect.requestId, "-", "prod", "127.0.0.1"]);
  assert.deepEqual(lines[1], ["MESSAGE", "join", "200", connectionId, join.requestId, join.messageId, "prod", "127.0.0.1"]);
  assert.deepEqual([lines[2][0], lines[2][2], lines[2][3]], ["MESSAGE", "403", connectionId]);
  assert.deepEqual(lines[3], ["DISCONNECT", "$disconnect", "200", connectionId, disconnect.requestId, "-", "prod", "127.0.0.1"]);
  assert.equal(lines.length, 4);
}));
