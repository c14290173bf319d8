// Reloads and the end, under a thousand open connections.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gate, startChat, withChat, websocketDefinition } from "./lib/chat.mjs";
import { ask, residentKib } from "./lib/process.mjs";
import { RawSocket } from "./lib/websocket.mjs";

const CONNECTIONS = 1000;
const RELOADS = 1000;
const many = { limits: { websocketConnectRate: 1e6 }, throttling: { rateLimit: 1e6, burstLimit: 1e6 } };

async function fill(gateway, count, path = "/prod", together = 50) {
  const sockets = [];
  while (sockets.length < count) sockets.push(...await Promise.all(Array.from({ length: Math.min(together, count - sockets.length) }, () => RawSocket.open(gateway, path))));
  assert.ok(sockets.every((socket) => socket.status === 101));
  return sockets;
}

// Everybody says something and is answered.
async function chatter(sockets, text, expected = text) {
  for (const socket of sockets) socket.sendText(text);
  for (const socket of sockets) assert.equal(await socket.text(), expected);
}

const closes = (sockets) => Promise.all(sockets.map(async (socket) => {
  const [code, reason] = await socket.closed();
  socket.sendClose(code);
  await socket.ended();
  return `${code} ${reason}`;
}));

async function reload(gateway, times) {
  for (let i = 0; i < times; i++) {
    const answer = await ask(gateway, "reload");
    assert.ok(answer.reloaded, JSON.stringify(answer));
  }
}

test(`${RELOADS} reloads leave memory where ten left it, and connections open`, { timeout: 300_000 }, () => withChat({ config: many }, async ({ gateway, room }) => {
  const sockets = await fill(gateway, CONNECTIONS), { pid } = gateway.child;
  await chatter(sockets, "before");
  await reload(gateway, 10);
  await chatter(sockets, "in between"); // old snapshots are let go with the last message
  const before = residentKib(pid);
  await reload(gateway, RELOADS - 10);
  await chatter(sockets, "after");
  const after = residentKib(pid);
  if (before !== null) assert.ok(Math.abs(after - before) <= 0.05 * before, `${before} KiB have become ${after} KiB`);
  assert.equal(await gateway.metric("turnpike_websocket_connections"), CONNECTIONS);
  assert.equal(room.of("$disconnect").length, 0);
  for (const socket of sockets) socket.destroy();
  await room.event("$disconnect", CONNECTIONS);
}));

const twoApis = (functions, apis) => ({ ...many, functions, apis });
const chatApi = { apiId: "chat", definition: "chat.json", stages: [{ stageName: "prod" }] };
const otherApi = { apiId: "other", definition: "chat.json", stages: [{ stageName: "prod" }, { stageName: "test" }] };

test("what a reload takes away closes its connections with 1001, others stay", async () => {
  const chat = await startChat({ config: { ...many, apis: [chatApi, otherApi] } }), { gateway, room, functions } = chat;
  try {
    const form = (api, stage) => `/_aws/execute-api/${api}/${stage}`;
    const stay = await fill(gateway, 50, form("chat", "prod")), stageGoes = await fill(gateway, 50, form("other", "test")), apiGoes = await fill(gateway, 50, form("other", "prod"));
    const withoutStage = { ...otherApi, stages: [{ stageName: "prod" }] };
    assert.equal((await gateway.reload(twoApis(functions, [chatApi, withoutStage]))).code, 0);
    assert.deepEqual(new Set(await closes(stageGoes)), new Set(["1001 Going away"]));
    await chatter([...stay, ...apiGoes], "still here");
    assert.equal((await gateway.reload(twoApis(functions, [chatApi]))).code, 0);
    assert.deepEqual(new Set(await closes(apiGoes)), new Set(["1001 Going away"]));
    await chatter(stay, "still here");
    assert.equal(await gateway.metric("turnpike_websocket_connections"), 50);
    const told = room.of("$disconnect").map((event) => event.requestContext.connectionId);
    assert.equal(new Set(told).size, told.length, "told twice");
    for (const socket of stay) socket.destroy();
  } finally { await chat.stop(); }
});

test("an API that becomes another kind closes its connections", async () => {
  const chat = await startChat({ config: many }), { gateway, functions } = chat;
  try {
    const sockets = await fill(gateway, 20);
    gateway.write({ "plain.json": { openapi: "3.0.1", info: { title: "chat", version: "1" }, paths: { "/x": { get: { responses: {}, "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "GET", uri: "http://127.0.0.1:1/", payloadFormatVersion: "1.0" } } } } } });
    const { code, stderr } = await gateway.reload({ functions, apis: [{ apiId: "chat", protocolType: "HTTP", definition: "plain.json", stages: [{ stageName: "prod" }] }] });
    assert.equal(code, 0, stderr);
    assert.deepEqual(new Set(await closes(sockets)), new Set(["1001 Going away"]));
    await gateway.quiet();
  } finally { await chat.stop(); }
});

test("the next message meets the routes of the reload, those under way end as they began", async () => {
  const held = gate({ statusCode: 200, body: "the old route" });
  const chat = await startChat({ routes: { $connect: {}, $disconnect: {}, $default: { twoWay: true } }, config: many, on: { $default: held.hold, late: { statusCode: 200, body: "the new route" } } });
  const { gateway } = chat;
  try {
    const sockets = await fill(gateway, 100), message = JSON.stringify({ action: "late" });
    for (const socket of sockets) socket.sendText(message);
    await held.held(100);
    gateway.write({ "chat.json": websocketDefinition({ $connect: {}, $disconnect: {}, $default: { twoWay: true }, late: { twoWay: true } }) });
    await reload(gateway, 1);
    await chatter(sockets, message, "the new route"); // though the old one has not answered
    held.release();
    for (const socket of sockets) assert.equal(await socket.text(), "the old route");
    for (const socket of sockets) socket.destroy();
  } finally { await chat.stop(); }
});

test("SIGTERM closes all with 1001 and runs their $disconnect within the drain time", { timeout: 120_000 }, async () => {
  const chat = await startChat({ config: { ...many, shutdown: { delay: 0, drainTimeout: 30 } } }), { gateway, room } = chat;
  try {
    const sockets = await fill(gateway, CONNECTIONS);
    const ids = room.of("$connect").map((event) => event.requestContext.connectionId);
    gateway.child.kill("SIGTERM");
    const codes = await closes(sockets);
    assert.deepEqual(new Set(codes), new Set(["1001 Going away"]));
    await gateway.ended;
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
    assert.ok(!gateway.lines.some((line) => /drain time is over/.test(line)), gateway.lines.join("\n"));
    const told = room.of("$disconnect").map((event) => event.requestContext.connectionId);
    assert.deepEqual(told.sort(), ids.sort());
    assert.ok(room.of("$disconnect").every((event) => event.requestContext.disconnectStatusCode === 1001));
  } finally { await chat.stop(); }
});

// There is nobody to try a $disconnect again: it has its turn, however short the queue.
for (const [name, end] of Object.entries({
  "that leave at once": async ({ gateway }, sockets) => { for (const socket of sockets) socket.destroy(); await gateway.quiet(); },
  "that SIGTERM ends": async ({ gateway }, sockets) => { gateway.child.kill("SIGTERM"); await closes(sockets); await gateway.ended; },
}))
  test(`a thousand ${name} before a function of ten at once and a queue of five`, { timeout: 120_000 }, async () => {
    const chat = await startChat({ config: { ...many, shutdown: { delay: 0, drainTimeout: 30 } }, room: { maxConcurrency: 10, maxQueue: 5 } });
    try {
      const sockets = await fill(chat.gateway, CONNECTIONS, "/prod", 10);
      await end(chat, sockets);
      const told = chat.room.of("$disconnect").map((event) => event.requestContext.connectionId);
      assert.deepEqual([told.length, new Set(told).size], [CONNECTIONS, CONNECTIONS]);
    } finally { await chat.stop(); }
  });

test("a second SIGTERM ends at once, whoever is waited for", { timeout: 120_000 }, async () => {
  const never = gate();
  const chat = await startChat({ config: { ...many, shutdown: { delay: 0, drainTimeout: 300 } }, on: { $disconnect: never.hold, $default: never.hold } }), { gateway, room } = chat;
  try {
    const waiting = gate(), deaf = await fill(gateway, 100), closing = await fill(gateway, 100), asking = await fill(gateway, 100);
    room.on.$connect = waiting.hold;
    const knocking = await Promise.all(Array.from({ length: 100 }, () => RawSocket.start(gateway, "/prod")));
    await waiting.held(100);
    for (const socket of asking) socket.sendText("and?");
    await room.event("$default", 100);
    for (const socket of deaf) socket.raw.socket.pause();
    gateway.child.kill("SIGTERM");
    await closes(closing); // their $disconnect is never answered
    await room.event("$disconnect", 100);
    gateway.child.kill("SIGTERM");
    waiting.release(); // its handshakes are accepted in the moment in which all ends
    await gateway.ended; // the drain time is longer than this test may take
    assert.deepEqual(gateway.exited, { code: 0, signal: null });
    for (const socket of [...knocking, ...asking, ...deaf]) socket.destroy();
  } finally { never.release(); await chat.stop(); }
});
