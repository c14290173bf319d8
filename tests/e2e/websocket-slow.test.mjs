// Those who make the gateway wait: clients that do not read, messages that do not end, functions that do not
// answer, descriptors that are not there. Everybody else goes on as before.
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { once } from "node:events";
import { after, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { gate, startChat, withChat } from "./lib/chat.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { startClock } from "./lib/clock.mjs";
import { temporaryDirectory } from "./lib/gateway.mjs";
import { processorSeconds } from "./lib/process.mjs";
import { Raw } from "./lib/raw.mjs";
import { RawSocket, open, opcodes } from "./lib/websocket.mjs";

const unsigned = { managementApi: { authorizationType: "NONE", listeners: ["local"] } };
const agent = new http.Agent({ keepAlive: true });
after(() => agent.destroy());

// A push: { status, type }.
async function push({ gateway }, id, body) {
  const request = http.request({ port: gateway.port, host: "127.0.0.1", method: "POST", path: `/prod/@connections/${encodeURIComponent(id)}`, agent });
  request.end(body);
  const [response] = await once(request, "response");
  await response.resume().toArray();
  return { status: response.statusCode, type: response.headers["x-amzn-errortype"] };
}

// A connection with its id.
async function join({ gateway, room }, options) {
  const number = room.of("$connect").length + 1, socket = await RawSocket.open(gateway, "/prod", options);
  socket.id = (await room.event("$connect", number)).requestContext.connectionId;
  return socket;
}

// Nothing has come for it that was not taken.
const isSilent = (socket) => socket.pull().length === 0;

// One that does not read any more.
async function joinDeaf(chat, options) {
  const socket = await join(chat, options);
  socket.raw.socket.pause();
  return socket;
}

// Pushes until no more may wait; what the last one was answered, and how much was taken before.
async function fill(chat, socket, body) {
  for (let taken = 0; ; taken += body.length) {
    const answer = await push(chat, socket.id, body);
    if (answer.status !== 200) return { ...answer, taken };
  }
}

const certificates = () => {
  const directory = temporaryDirectory();
  makeCertificate(directory, "edge");
  const files = Object.fromEntries(fs.readdirSync(directory).map((name) => [name, fs.readFileSync(`${directory}/${name}`, "utf8")]));
  fs.rmSync(directory, { recursive: true });
  return files;
};
const listeners = ({ port, tlsPort }) => [{ name: "local", address: "127.0.0.1", port }, { name: "tls", address: "127.0.0.1", port: tlsPort, tls: { certificate: "edge.pem", privateKey: "edge-key.pem" } }];

describe("a slow reader", () => {
  for (const [name, secure] of [["ws", false], ["wss", true]])
    test(`${name}: what waits for it is bounded and counted, then it is closed and the poster is told`, () => withChat({
      config: (ports) => ({ ...unsigned, listeners: listeners(ports), limits: { websocketPendingBytes: 262144 } }), files: certificates(),
    }, async (chat) => {
      const { gateway, room } = chat, bystander = await join(chat, { secure }), slow = await joinDeaf(chat, { secure });
      const before = await gateway.metric("turnpike_buffered_bytes");
      let most = 0, answer, taken = 0;
      while ((answer = await push(chat, slow.id, "x".repeat(32768))).status === 200) {
        taken += 32768;
        most = Math.max(most, await gateway.metric("turnpike_buffered_bytes") - before);
        assert.ok(taken < 100e6, "nothing stops it");
      }
      assert.deepEqual(answer, { status: 429, type: "LimitExceededException" });
      assert.ok(most > 0 && most <= 262144 + 65536, `${most} bytes were kept`);
      assert.deepEqual(await push(chat, slow.id, "x"), { status: 410, type: "GoneException" });

      bystander.sendText("hello");
      assert.equal(await bystander.text(), "hello");
      slow.raw.socket.resume(); // it gets all that was taken, and learns why
      let received = 0, next;
      while ((next = await slow.frame()) && next.opcode !== opcodes.close) received += next.payload.length;
      assert.equal(received, taken);
      assert.equal(next.payload.readUInt16BE(0), 1008);
      slow.sendClose(1008);
      const { requestContext } = await room.event("$disconnect");
      assert.deepEqual([requestContext.connectionId, requestContext.disconnectStatusCode], [slow.id, 1008]);
      slow.destroy();
      bystander.destroy();
      agent.destroy(); // its connection counts, too
      await gateway.quiet();
      assert.equal(await gateway.metric("turnpike_buffered_bytes"), 0);
    }));

  test("all slow readers together keep no more than half of limits.bufferedBytes", () => withChat({
    config: { ...unsigned, limits: { websocketPendingBytes: 1048576, bufferedBytes: 2097152 } },
  }, async (chat) => {
    const slow = [];
    for (let i = 0; i < 10; i++) slow.push(await joinDeaf(chat));
    for (const socket of slow) await fill(chat, socket, "x".repeat(65536));
    assert.ok(await chat.gateway.metric("turnpike_buffered_bytes") <= 1048576 + 10 * 131072);
    const other = await join(chat);
    other.sendText("y".repeat(30000));
    for (const socket of slow) socket.destroy();
    assert.equal((await other.text()).length, 30000);
    other.destroy();
  }));

  // While output waits nothing is read, not even the answer to a ping.
  test("one that reads, however slowly, is not taken for dead; one that does not is", () => withChat({
    config: { ...unsigned, limits: { websocketPingInterval: "500ms", websocketPendingBytes: 8388608 } },
  }, async (chat) => {
    const fillUp = async (socket) => { for (let i = 0; i < 200; i++) assert.equal((await push(chat, socket.id, "x".repeat(32768))).status, 200); };
    const slow = await joinDeaf(chat), { socket } = slow.raw;
    await fillUp(slow);
    socket.on("data", () => { socket.pause(); setTimeout(() => socket.resume(), 30); });
    socket.resume();
    const answering = (async () => { for (let next; (next = await slow.frame());) if (next.opcode === opcodes.ping) slow.send(opcodes.pong, next.payload); })();
    const deaf = await joinDeaf(chat);
    await fillUp(deaf);
    const gone = await chat.room.event("$disconnect");
    assert.deepEqual([gone.requestContext.connectionId, gone.requestContext.disconnectStatusCode], [deaf.id, 1006]);
    for (const start = performance.now(); performance.now() - start < 2000; await chat.gateway.metric("turnpike_buffered_bytes")) assert.equal(slow.raw.ended, false);
    deaf.destroy();
    slow.destroy();
    await answering;
  }));

  // Of what goes on in one process and one loop: noise is forgiven, not a queue.
  const percentile = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
  async function echoes(socket, count) {
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      socket.sendText("hello");
      await socket.text();
      times.push(performance.now() - start);
    }
    return percentile(times);
  }

  test("the p99 echo of another stays within twice of what it was", () => withChat({
    config: { ...unsigned, limits: { websocketPendingBytes: 1048576 } },
  }, async (chat) => {
    const other = await join(chat), slow = [];
    await echoes(other, 300);
    const ratios = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const before = await echoes(other, 1000);
      for (let i = 0; i < 5; i++) {
        const socket = await joinDeaf(chat);
        while (await chat.gateway.metric("turnpike_buffered_bytes") < (slow.length + 1) * 900_000) assert.equal((await push(chat, socket.id, "x".repeat(32768))).status, 200);
        slow.push(socket);
      }
      const during = await echoes(other, 1000);
      for (const socket of slow.splice(0)) await socket.reset();
      await chat.room.event("$disconnect", 5 * (attempt + 1));
      ratios.push(`${during.toFixed(2)} ms after ${before.toFixed(2)} ms`);
      if (during <= Math.max(2 * before, before + 4)) return other.destroy();
    }
    assert.fail(ratios.join(", "));
  }));
});

describe("messages that do not end", () => {
  const part = "x".repeat(32768);
  const begin = (socket) => { for (let i = 0; i < 3; i++) socket.send(i ? opcodes.continuation : opcodes.text, part, { fin: false }); };
  const finish = (socket) => socket.send(opcodes.continuation, "the end");
  const whole = 3 * part.length + "the end".length;
  // Whatever was sent before has been read once this is answered, or is not going to be.
  const settled = async (socket) => { for (let i = 0; i < 3; i++) { socket.sendText("hello"); assert.equal(await socket.text(), "hello"); } };

  test("use up limits.bufferedBytes: others go on, the starved go on when memory is free", () => withChat({
    config: { limits: { bufferedBytes: 1048576 } },
  }, async (chat) => {
    const holders = [], other = await join(chat), starved = await join(chat);
    for (let i = 0; i < 10; i++) holders.push(await join(chat));
    for (const holder of holders) begin(holder);
    await settled(other);
    starved.sendText("y".repeat(30000));
    await settled(other);
    const late = await join(chat); // its function's answer needs memory, too
    late.sendText("me, too");
    assert.equal(await late.text(), "me, too");
    assert.ok(isSilent(starved), "it was answered though there is no memory");
    const used = await chat.gateway.metric("turnpike_buffered_bytes");
    assert.ok(used > 200_000 && used <= 524288 + 131072, `${used} bytes are used`);

    for (const holder of holders) finish(holder);
    assert.equal((await starved.text()).length, 30000);
    for (const holder of holders) assert.equal((await holder.text()).length, whole);
    for (const socket of [...holders, other, starved, late]) socket.destroy();
    await chat.gateway.quiet();
    assert.equal(await chat.gateway.metric("turnpike_buffered_bytes"), 0);
  }));

  test("each waits for the memory of the others: all of them end", () => withChat({
    config: { limits: { bufferedBytes: 1048576 } },
  }, async (chat) => {
    const sockets = [];
    for (let i = 0; i < 40; i++) sockets.push(await join(chat));
    for (const socket of sockets) begin(socket);
    for (const socket of sockets) finish(socket);
    for (const socket of sockets) assert.equal((await socket.text()).length, whole);
    for (const socket of sockets) socket.destroy();
  }));

  test("clients that leave while they starve are noticed, ones that stay and say nothing make room", async () => {
    const clock = startClock();
    try {
      await withChat({ env: clock.env, config: { limits: { bufferedBytes: 1048576 } } }, async (chat) => {
        const sockets = [], other = await join(chat), starved = await join(chat);
        for (let i = 0; i < 30; i++) sockets.push(await join(chat));
        for (const socket of sockets) begin(socket);
        await settled(other);
        starved.sendText("y".repeat(30000));
        for (const socket of sockets.slice(0, 20)) await socket.reset();
        for (let waiting = true; waiting; clock.advance(11)) { // the last ten are silent
          await settled(other);
          waiting = isSilent(starved);
        }
        assert.equal((await starved.text()).length, 30000);
        await chat.room.event("$disconnect", 20);
        const closed = sockets.slice(20).filter((socket) => !isSilent(socket));
        for (const socket of closed) assert.deepEqual(await socket.closed(), [1013, "no memory for the rest of the message"]);
        for (const socket of [...sockets, other, starved]) socket.destroy();
      });
    } finally { clock.stop(); }
  });
});

describe("handshakes that wait", () => {
  test("two thousand at once, others are served meanwhile, all are accepted", { timeout: 120_000 }, async () => {
    const waiting = gate();
    await withChat({ config: { limits: { websocketConnectRate: 1e6 }, throttling: { rateLimit: 1e6, burstLimit: 1e6 } } }, async (chat) => {
      const { gateway, room } = chat, inside = await join(chat);
      room.on.$connect = waiting.hold;
      const sockets = [];
      for (let i = 0; i < 2000; i += 100) sockets.push(...await Promise.all(Array.from({ length: 100 }, () => RawSocket.start(gateway, "/prod"))));
      await waiting.held(2000);
      assert.equal((await gateway.status()).exchanges, 2000);
      inside.sendText("still here");
      assert.equal(await inside.text(), "still here");
      assert.equal(await gateway.metric("turnpike_websocket_connections"), 1);
      waiting.release();
      for (const socket of sockets) assert.equal((await socket.opened()).status, 101);
      assert.equal(await gateway.metric("turnpike_websocket_connections"), 2001);
      for (const socket of sockets) socket.destroy();
      await room.event("$disconnect", 2000);
      inside.destroy();
    });
  });

  const departures = { RST: (socket) => socket.reset(), FIN: (socket) => { socket.raw.end(); return socket.ended(); }, "RST behind early frames": (socket) => socket.sendText("early").reset() };
  for (const [name, secure] of [["ws", false], ["wss", true]])
    test(`${name}: clients that leave meanwhile are noticed: a line in the log, no $disconnect`, async () => {
      const waiting = gate();
      await withChat({
        on: { $connect: waiting.hold }, files: certificates(), config: (ports) => ({ listeners: listeners(ports) }),
        stage: { accessLogSettings: { destination: "stdout", format: "$context.eventType $context.routeKey $context.connectionId $context.status" } },
      }, async ({ gateway, room }) => {
        const leave = Object.values(departures), sockets = [];
        for (let i = 0; i < 30; i++) sockets.push(await RawSocket.start(gateway, "/prod", { secure }));
        await waiting.held(30);
        for (const [i, socket] of sockets.entries()) await leave[i % leave.length](socket);
        const ids = room.of("$connect").map((event) => event.requestContext.connectionId);
        for (const id of ids) await gateway.line(new RegExp(`^CONNECT \\$connect ${id} -$`), { list: gateway.stdout });
        waiting.release();
        await gateway.quiet();
        assert.deepEqual([room.of("$disconnect").length, await gateway.metric("turnpike_websocket_connections")], [0, 0]);
        const figures = (await gateway.metrics()).split("\n").filter((line) => /^turnpike_websocket_connects_total.* [1-9]/.test(line));
        assert.deepEqual(figures, []);
      });
    });
});

describe("without descriptors", () => {
  for (const [name, secure] of [["ws", false], ["wss", true]])
    test(`${name}: those inside go on, it stays calm, and lets others in again`, async () => {
      const chat = await startChat({ wrapper: ["prlimit", "--nofile=100:100"], files: certificates(), config: (ports) => ({ ...unsigned, listeners: listeners(ports) }) });
      try {
        const inside = await join(chat, { secure }), port = secure ? chat.gateway.tlsPort : chat.gateway.port;
        const sockets = [];
        for (let i = 0; i < 150; i++) sockets.push(await RawSocket.start(chat.gateway, "/prod", { secure: false, port: chat.gateway.port }).catch(() => null));
        const more = [];
        for (let i = 0; i < 40; i++) more.push(await Raw.open(port));
        const before = processorSeconds(chat.gateway.child.pid);
        for (let i = 0; i < 50; i++) {
          inside.sendText("hello");
          assert.ok(await inside.text()); // its function may not be reached: then it is told so
        }
        assert.ok(processorSeconds(chat.gateway.child.pid) - before < 5, "it burns the processor");
        assert.equal(chat.gateway.exited, null);
        for (const socket of [...sockets, ...more]) socket?.raw ? socket.destroy() : socket?.close();
        for (let status = 0; status !== 101;) {
          const again = await RawSocket.open(chat.gateway, "/prod", { secure }).catch(() => ({ status: 0, destroy() {} }));
          status = again.status;
          again.destroy();
        }
        inside.sendText("and on");
        assert.equal(await inside.text(), "and on");
        inside.destroy();
      } finally { await chat.stop(); }
    });
});
