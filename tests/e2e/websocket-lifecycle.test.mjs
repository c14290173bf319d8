// WebSocket connections from their opening to their end: reload, drain, time, and what $disconnect is told.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { echo, gate, startChat, websocketDefinition, withChat } from "./lib/chat.mjs";
import { key, sdk } from "./lib/connections.mjs";
import { temporaryDirectory } from "./lib/gateway.mjs";
import { ask } from "./lib/process.mjs";
import { RawSocket, closeFrame, frame, open, opcodes } from "./lib/websocket.mjs";

const id = /^[A-Za-z0-9_-]{15}=$/;
const usual = { $connect: {}, $disconnect: {}, $default: { twoWay: true } };

// A client, and its id.
async function connect(chat, target = "/prod", options = {}) {
  const client = await open(chat.gateway, target, options);
  client.id = chat.room.of("$connect").at(-1).requestContext.connectionId;
  return client;
}

// The $disconnect of a connection.
async function disconnectOf(chat, connectionId) {
  for (let n = 1; ; n++) {
    const event = await chat.room.event("$disconnect", n);
    if (event.requestContext.connectionId === connectionId) return event;
  }
}
const endOf = async (chat, connectionId) => {
  const { disconnectStatusCode, disconnectReason } = (await disconnectOf(chat, connectionId)).requestContext;
  return [disconnectStatusCode, disconnectReason];
};

// The configuration that the gateway has, changed by fn and loaded.
async function change({ gateway }, fn) {
  const config = JSON.parse(fs.readFileSync(path.join(gateway.directory, "turnpike.yaml")));
  fn(config);
  const { code, stderr } = await gateway.reload(config);
  assert.equal(code, 0, stderr);
}

describe("$disconnect", () => {
  let chat;
  before(async () => {
    const directory = temporaryDirectory();
    makeCertificate(directory, "server");
    const read = (name) => fs.readFileSync(path.join(directory, name));
    chat = await startChat({
      stage: { stageVariables: { table: "rooms" } },
      config: ({ port, tlsPort }) => ({ credentials: [key], listeners: [{ name: "local", address: "127.0.0.1", port }, { name: "secure", address: "127.0.0.1", port: tlsPort, tls: { certificate: "server.pem", privateKey: "server-key.pem" } }] }),
      files: { "server.pem": read("server.pem"), "server-key.pem": read("server-key.pem") },
    });
    fs.rmSync(directory, { recursive: true });
  });
  after(() => chat?.stop());

  test("the event is AWS's, member by member, in AWS's order", async () => {
    const client = await connect(chat, "/prod?token=abc", { headers: { "User-Agent": "tests/1", "X-Own": "x" } });
    const connected = chat.room.of("$connect").at(-1).requestContext;
    await client.close(1001, "");
    const event = await disconnectOf(chat, client.id), c = event.requestContext, host = connected.domainName;
    assert.deepEqual(event, {
      headers: { Host: host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
      multiValueHeaders: { Host: [host], "x-api-key": [""], "X-Forwarded-For": [""], "x-restapi": [""] },
      requestContext: {
        routeKey: "$disconnect", disconnectStatusCode: 1001, eventType: "DISCONNECT", extendedRequestId: c.requestId, requestTime: c.requestTime, messageDirection: "IN", disconnectReason: "",
        stage: "prod", connectedAt: connected.connectedAt, requestTimeEpoch: c.requestTimeEpoch, identity: { userAgent: "tests/1", sourceIp: "127.0.0.1" },
        requestId: c.requestId, domainName: host, connectionId: client.id, apiId: "chat",
      },
      stageVariables: { table: "rooms" },
      isBase64Encoded: false,
    });
    assert.deepEqual(Object.keys(c), ["routeKey", "disconnectStatusCode", "eventType", "extendedRequestId", "requestTime", "messageDirection", "disconnectReason", "stage", "connectedAt", "requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId"]);
    assert.match(c.requestId, id);
    assert.notEqual(c.requestId, connected.requestId);
    assert.ok(c.requestTimeEpoch >= c.connectedAt);
  });

  // How it ends, and what is told of it.
  const endings = {
    "closed with 1000": [(socket) => socket.sendClose(1000), [1000, ""]],
    "closed with 1001 and a reason": [(socket) => socket.sendClose(1001, "Grüße"), [1001, "Grüße"]],
    "closed with 4000": [(socket) => socket.sendClose(4000, "own"), [4000, "own"]],
    "closed with 4999": [(socket) => socket.sendClose(4999, "x".repeat(123)), [4999, "x".repeat(123)]],
    "closed without a code": [(socket) => socket.send(opcodes.close, ""), [1005, "Client-side close frame status not set"]],
    "FIN without a close frame": [(socket) => socket.end(), [1006, ""]],
    "RST": [(socket) => socket.reset(), [1006, ""]],
    "RST within a frame": [async (socket) => { socket.write(frame(opcodes.text, "hello").subarray(0, 8)); await socket.reset(); }, [1006, ""]],
    "RST within a message": [async (socket) => { socket.sendText("hel", { fin: false }); await socket.reset(); }, [1006, ""]],
    "a protocol error": [(socket) => socket.send(3, "x"), [1002, undefined]],
  };
  for (const secure of [false, true])
    for (const [name, [end, [code, reason]]] of Object.entries(endings))
      test(`${secure ? "wss" : "ws"}: ${name}`, async () => {
        const socket = await RawSocket.open(chat.gateway, "/prod", { secure }), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
        await end(socket);
        const [gotCode, gotReason] = await endOf(chat, connectionId);
        assert.equal(gotCode, code);
        if (reason !== undefined) assert.equal(gotReason, reason);
        socket.destroy();
      });

  test("DELETE by the backend", async () => {
    const client = await connect(chat);
    await sdk("v3", `http://127.0.0.1:${chat.gateway.port}/prod`).remove(client.id);
    assert.deepEqual(await client.closed, [1000, "Connection Closed Normally"]);
    assert.deepEqual(await endOf(chat, client.id), [1000, "Connection Closed Normally"]);
  });

  test("exactly once each, for hundreds that leave in every way", async () => {
    await chat.gateway.quiet();
    const from = chat.room.of("$connect").length, ways = [(s) => s.sendClose(1000), (s) => s.end(), (s) => s.reset(), (s) => s.send(opcodes.close, ""), (s) => s.send(3, "x"), (s) => { s.sendText("x"); return s.reset(); }];
    for (let round = 0; round < 4; round++) {
      const sockets = await Promise.all(Array.from({ length: 50 }, (_, i) => RawSocket.open(chat.gateway, "/prod", { secure: i % 4 === 0 })));
      assert.ok(sockets.every(({ status }) => status === 101));
      await Promise.all(sockets.map((socket, i) => ways[i % ways.length](socket)));
      for (const socket of sockets) socket.destroy();
    }
    const ids = chat.room.of("$connect").slice(from).map(({ requestContext }) => requestContext.connectionId);
    assert.equal(ids.length, 200);
    for (const connectionId of ids) await disconnectOf(chat, connectionId);
    await chat.gateway.quiet();
    const all = chat.room.of("$disconnect").map(({ requestContext }) => requestContext.connectionId);
    assert.equal(new Set(all).size, all.length, "none twice");
    assert.deepEqual(new Set(all), new Set(chat.room.of("$connect").map(({ requestContext }) => requestContext.connectionId)));
  });

  test("its failure changes nothing", async () => {
    chat.room.on.$disconnect = () => { throw new Error("boom"); };
    const client = await connect(chat);
    assert.deepEqual(await client.close(1000), [1000, ""]);
    await disconnectOf(chat, client.id);
    await chat.gateway.quiet();
    assert.equal(chat.room.of("$disconnect").filter(({ requestContext }) => requestContext.connectionId === client.id).length, 1, "it is not tried again");
    delete chat.room.on.$disconnect;
  });

  test("a client that closes at once behind its handshake", async () => {
    const socket = await RawSocket.open(chat.gateway, "/prod", { early: Buffer.concat([frame(opcodes.text, "hello"), closeFrame(1000)]) });
    const { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    assert.equal((await socket.closed())[0], 1000);
    assert.deepEqual(await endOf(chat, connectionId), [1000, ""]);
  });
});

test("without $disconnect and $connect nobody is told", () => withChat({ routes: { $default: { twoWay: true } } }, async ({ gateway, room }) => {
  const client = await open(gateway, "/prod");
  await client.close(1000);
  await gateway.quiet();
  assert.equal(room.events.length, 0);
}));

describe("time", () => {
  test("silence ends with 1001", () => withChat({ config: { limits: { websocketIdle: "200ms" } } }, async (chat) => {
    const client = await connect(chat);
    assert.deepEqual(await client.closed, [1001, "Going away"]);
    assert.deepEqual(await endOf(chat, client.id), [1001, "Going away"]);
  }));

  // Each waits for the silent one beside it: both began together, so what kept the other open is the traffic.
  async function outlives(options, keepAlive) {
    await withChat({ ...options, config: { credentials: [key], limits: { websocketIdle: "600ms" } } }, async (chat) => {
      const client = await connect(chat), silent = await connect(chat);
      let open = true, ended = false;
      client.closed.then(() => (open = false));
      silent.closed.then(() => (ended = true));
      const api = sdk("v3", `http://127.0.0.1:${chat.gateway.port}/prod`);
      while (open && !ended) await keepAlive(client, api);
      assert.deepEqual(await silent.closed, [1001, "Going away"]);
      assert.equal(open, true, "traffic keeps it");
      client.terminate();
    });
  }
  test("messages of the client keep it", () => outlives({}, (client) => client.ask("hello")));
  test("pushes keep it", () => outlives({}, async (client, api) => { await api.post(client.id, "hello"); await client.text(); }));
  test("idleReset: any: pings keep it", () => outlives({ api: { idleReset: "any" } }, (client) => client.ping()));

  test("pings do not keep it", () => withChat({ config: { limits: { websocketIdle: "400ms" } } }, async (chat) => {
    const client = await connect(chat);
    let open = true;
    client.closed.then(() => (open = false));
    while (open) await Promise.race([client.ping(), client.closed]);
    assert.deepEqual(await client.closed, [1001, "Going away"]);
  }));

  test("its duration ends with 1001, however much is said", () => withChat({ config: { limits: { websocketDuration: "500ms" } } }, async (chat) => {
    const client = await connect(chat);
    let open = true;
    client.closed.then(() => (open = false));
    while (open) await Promise.race([client.send("hello").next(), client.closed]);
    assert.deepEqual(await client.closed, [1001, "Going away"]);
    assert.deepEqual(await endOf(chat, client.id), [1001, "Going away"]);
  }));

  test("a peer that answers no ping is dropped, one that does stays", () => withChat({ config: { limits: { websocketPingInterval: "150ms" } } }, async (chat) => {
    const mute = await RawSocket.open(chat.gateway, "/prod"), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    const client = await connect(chat);
    const first = await mute.frame();
    assert.equal(first.opcode, opcodes.ping);
    await mute.ended();
    assert.equal((await endOf(chat, connectionId))[0], 1006);
    assert.equal(await client.ask("still there"), "still there");
    await client.close(1000);
  }));

  test("no pings unless configured", () => withChat({ config: { limits: { websocketIdle: "400ms" } } }, async (chat) => {
    const socket = await RawSocket.open(chat.gateway, "/prod");
    const next = await socket.frame();
    assert.equal(next.opcode, opcodes.close);
    socket.destroy();
  }));

  test("a client that answers no close is dropped in time", () => withChat({ config: { limits: { websocketIdle: "100ms" } } }, async (chat) => {
    const socket = await RawSocket.open(chat.gateway, "/prod"), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    assert.deepEqual(await socket.closed(), [1001, "Going away"]);
    await socket.ended();
    assert.deepEqual(await endOf(chat, connectionId), [1001, "Going away"]);
  }));
});

describe("reload", () => {
  test("connections stay, the next message meets the new routes", () => withChat({}, async (chat) => {
    const { gateway, room } = chat, client = await connect(chat);
    room.on.fresh = () => ({ statusCode: 200, body: "fresh" });
    assert.equal(await client.ask('{"action":"fresh"}'), '{"action":"fresh"}');
    gateway.write({ "chat.json": websocketDefinition({ $connect: {}, $disconnect: {}, fresh: { twoWay: true } }) });
    await change(chat, (config) => { config.apis[0].stages[0].stageVariables = { version: "2" }; });
    assert.equal(await client.ask('{"action":"fresh"}'), "fresh");
    assert.match(await client.ask("other"), /"Forbidden"/, "$default is gone");
    assert.deepEqual(room.of("fresh").at(-1).stageVariables, { version: "2" });
    await client.close(1000);
    assert.deepEqual((await disconnectOf(chat, client.id)).stageVariables, { version: "2" });
  }));

  test("messages in flight end as they began", async () => {
    const doors = gate({ statusCode: 200, body: "old" });
    await withChat({ on: { $default: doors.hold } }, async (chat) => {
      const client = await connect(chat);
      client.send("hello");
      await doors.held(1);
      chat.gateway.write({ "chat.json": websocketDefinition({ $connect: {} }) });
      await change(chat, () => {});
      doors.release();
      assert.equal(await client.text(), "old");
      await client.close(1000);
    });
  });

  test("a handshake in flight ends as it began", async () => {
    const doors = gate();
    await withChat({ on: { $connect: doors.hold } }, async (chat) => {
      const socket = await RawSocket.start(chat.gateway, "/prod");
      await doors.held(1);
      chat.gateway.write({ "chat.json": websocketDefinition({ $default: { twoWay: true } }) });
      await change(chat, () => {});
      doors.release();
      assert.equal((await socket.opened()).status, 101);
      assert.equal(await socket.sendText("hello").text(), "hello");
      socket.destroy();
    });
  });

  test("a handshake in flight on a listener that goes is closed with it", async () => {
    const doors = gate();
    const plain = (name, port) => ({ name, address: "127.0.0.1", port });
    await withChat({ on: { $connect: doors.hold }, config: ({ port, tlsPort }) => ({ listeners: [plain("local", port), plain("other", tlsPort)] }) }, async (chat) => {
      const socket = await RawSocket.start(chat.gateway, "/prod", { port: chat.gateway.tlsPort });
      await doors.held(1);
      await change(chat, (config) => { config.listeners.pop(); });
      doors.release();
      assert.equal((await socket.opened()).status, 101);
      assert.deepEqual(await socket.closed(), [1001, "Going away"]);
      socket.destroy();
    });
  });

  const removals = {
    "the API": (config) => { config.apis = config.apis.filter(({ apiId }) => apiId !== "chat"); },
    "the stage": (config) => { config.apis[0].stages = [{ stageName: "dev" }]; },
  };
  for (const [name, remove] of Object.entries(removals))
    test(`${name} goes: 1001 and $disconnect, others stay`, () => withChat({
      config: { apis: ["chat", "other"].map((apiId) => ({ apiId, definition: "chat.json", stages: [{ stageName: "prod" }, { stageName: "dev" }] })) },
    }, async (chat) => {
      const client = await connect(chat, "/_aws/execute-api/chat/prod"), other = await connect(chat, "/_aws/execute-api/other/prod");
      await change(chat, remove);
      client.send("hello"); // it may be this that meets the new configuration
      assert.equal((await client.closed)[0], 1001);
      const { requestContext: told } = await disconnectOf(chat, client.id);
      assert.deepEqual([told.apiId, told.stage, told.disconnectStatusCode, told.disconnectReason], ["chat", "prod", 1001, "Going away"]);
      assert.equal(await other.ask("hello"), "hello");
      assert.equal(chat.room.of("$default").filter(({ requestContext }) => requestContext.connectionId === client.id).length, 0);
      await other.close(1000);
      await assert.rejects(open(chat.gateway, "/_aws/execute-api/chat/prod"), (error) => error.answer.status === 403);
    }));

  test("limits that changed hold for connections that are open", () => withChat({}, async (chat) => {
    const client = await connect(chat);
    assert.equal((await client.ask("x".repeat(2000))).length, 2000);
    await change(chat, (config) => { config.limits = { websocketMessageBytes: 1000 }; });
    client.send("x".repeat(2000));
    assert.equal((await client.closed)[0], 1009);
  }));

  test("one that is refused changes nothing", () => withChat({}, async (chat) => {
    const client = await connect(chat);
    chat.gateway.write({ "chat.json": { ...websocketDefinition(usual), routeSelectionExpression: undefined } });
    const { code } = await chat.gateway.reload();
    assert.equal(code, 78);
    assert.equal(await client.ask("hello"), "hello");
    await client.close(1000);
  }));

  test("a hundred, under traffic", () => withChat({}, async (chat) => {
    const clients = [];
    for (let i = 0; i < 20; i++) clients.push(await connect(chat));
    let going = true, count = 0;
    const talking = clients.map(async (client, i) => { while (going) { assert.equal(await client.ask(`${i}`), `${i}`); count++; } });
    for (let i = 0; i < 100; i++) assert.equal((await ask(chat.gateway, "reload")).ok ?? true, true);
    going = false;
    await Promise.all(talking);
    assert.ok(count > 0);
    for (const client of clients) assert.deepEqual(await client.close(1000), [1000, ""]);
  }));
});

describe("the end of the gateway", () => {
  test("SIGTERM: 1001 for all, their $disconnects run, then it is gone", async () => {
    const chat = await startChat({ config: { shutdown: { delay: 0, drainTimeout: 10 } } });
    const clients = [];
    for (let i = 0; i < 10; i++) clients.push(await connect(chat));
    await chat.stop();
    for (const client of clients) assert.equal((await client.closed)[0], 1001);
    const told = chat.room.of("$disconnect").map(({ requestContext }) => [requestContext.connectionId, requestContext.disconnectStatusCode]);
    assert.deepEqual(new Map(told), new Map(clients.map((client) => [client.id, 1001])));
    assert.equal(told.length, 10);
  });

  test("nobody new is let in; a message in flight keeps it no longer than its function", async () => {
    const doors = gate({ statusCode: 200, body: "late" });
    const chat = await startChat({ on: { $default: doors.hold }, config: { shutdown: { delay: 0, drainTimeout: 10 } } });
    const client = await connect(chat);
    client.send("hello");
    await doors.held(1);
    chat.gateway.child.kill("SIGTERM");
    await assert.rejects((async () => { for (;;) await (await open(chat.gateway, "/prod")).terminate(); })());
    doors.release();
    assert.equal((await client.closed)[0], 1001);
    await chat.gateway.ended;
    await chat.stop();
    assert.equal(chat.room.of("$disconnect").filter(({ requestContext }) => requestContext.connectionId === client.id).length, 1);
  });

  test("clients that answer no close do not hold it longer than the drain time", async () => {
    const chat = await startChat({ config: { shutdown: { delay: 0, drainTimeout: 1 } } });
    const sockets = [await RawSocket.open(chat.gateway, "/prod"), await RawSocket.open(chat.gateway, "/prod")];
    sockets[0].raw.socket.pause();
    const start = Date.now();
    await chat.stop();
    assert.ok(Date.now() - start < 10000);
    assert.equal((await sockets[1].closed())[0], 1001);
    for (const socket of sockets) socket.destroy();
  });

  test("a $disconnect that takes longer than the drain time is not waited for", async () => {
    const doors = gate();
    const chat = await startChat({ on: { $disconnect: doors.hold }, config: { shutdown: { delay: 0, drainTimeout: "500ms" } } });
    await connect(chat);
    chat.gateway.child.kill("SIGTERM");
    await doors.held(1);
    await chat.gateway.ended;
    doors.release();
    await chat.room.stop();
    fs.rmSync(chat.gateway.directory, { recursive: true, force: true });
  });

  test("a second signal ends it at once", async () => {
    const doors = gate();
    const chat = await startChat({ on: { $disconnect: doors.hold }, config: { shutdown: { delay: 0, drainTimeout: 60 } } });
    await connect(chat);
    chat.gateway.child.kill("SIGTERM");
    await doors.held(1);
    chat.gateway.child.kill("SIGTERM");
    await chat.gateway.ended;
    doors.release();
    await chat.room.stop();
    fs.rmSync(chat.gateway.directory, { recursive: true, force: true });
  });
});

test("connections that wait on functions, chat and vanish at random: nothing is left of them", async () => {
  let seed = 1;
  const random = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n; };
  const flaky = (event) => { if (random(5) === 0) throw new Error("boom"); return echo(event); };
  await withChat({ on: { $default: flaky, $connect: () => ({ statusCode: random(8) === 0 ? 403 : 200 }), $disconnect: flaky }, config: { limits: { websocketConnectRate: 100000 } } }, async (chat) => {
    const one = async () => {
      const socket = await RawSocket.start(chat.gateway, "/prod", random(3) ? {} : { early: frame(opcodes.text, "early") });
      if (random(6) === 0) return socket.reset();
      if ((await socket.opened()).status !== 101) return socket.destroy();
      for (let i = random(4); i > 0; i--) socket.sendText(`m${i}`, random(10) ? {} : { fin: false });
      if (random(2)) await socket.frame();
      await [() => socket.sendClose(1000 + random(3)).ended(), () => socket.reset(), () => socket.end(), () => socket.send(opcodes.close, "").ended()][random(4)]();
      socket.destroy();
    };
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 40 }, one));
    await chat.gateway.quiet();
    const count = (key) => { const counts = new Map(); for (const { requestContext } of chat.room.of(key)) counts.set(requestContext.connectionId, (counts.get(requestContext.connectionId) ?? 0) + 1); return counts; };
    const connects = count("$connect"), disconnects = count("$disconnect");
    assert.ok([...disconnects].every(([connectionId, times]) => times === 1 && connects.has(connectionId)));
    const talked = new Set(chat.room.of("$default").map(({ requestContext }) => requestContext.connectionId));
    assert.ok([...talked].every((connectionId) => disconnects.has(connectionId)), "each that has talked has ended");
  });
});
