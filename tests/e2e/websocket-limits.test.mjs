// What WebSocket clients may send: framing, fragments, control frames, UTF-8, closes and sizes (the case
// families of the Autobahn test suite, restated); and what becomes of those that do not read.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { startChat, withChat } from "./lib/chat.mjs";
import { RawSocket, closeFrame, frame, open, opcodes } from "./lib/websocket.mjs";

const { continuation, text, binary, close, ping, pong } = opcodes;
const more = { fin: false };
const join = (...frames) => Buffer.concat(frames);
const bytes = (...list) => Buffer.from(list);

// What libwebsockets does otherwise than RFC 6455 says (docs/compatibility.md): either is passed.
const orAccepted = Symbol("accepted");

describe("frames", () => {
  let chat;
  before(async () => { chat = await startChat(); });
  after(() => chat?.stop());

  async function withSocket(fn) {
    const socket = await RawSocket.open(chat.gateway, "/prod");
    try {
      return await fn(socket);
    } finally { socket.destroy(); }
  }

  // Bytes, and the messages that come back as they were understood.
  const understood = {
    "an unfragmented message": [frame(text, "hello"), ["hello"]],
    "three in one segment": [join(frame(text, "one"), frame(text, "two"), frame(text, "three")), ["one", "two", "three"]],
    "two fragments": [join(frame(text, "hel", more), frame(continuation, "lo")), ["hello"]],
    "fragments without payload": [join(frame(text, "", more), frame(continuation, "", more), frame(continuation, "hello", more), frame(continuation, "")), ["hello"]],
    "a fragment for each byte": [join(frame(text, "a", more), ...Array.from({ length: 500 }, () => frame(continuation, "b", more)), frame(continuation, "c")), [`a${"b".repeat(500)}c`]],
    "a ping between fragments": [join(frame(text, "hel", more), frame(ping, "now"), frame(continuation, "lo")), ["hello"], ["now"]],
    "a pong between fragments": [join(frame(text, "hel", more), frame(pong, "x"), frame(continuation, "lo")), ["hello"], []],
    "a character that fragments divide": [join(frame(text, bytes(0xf0, 0x9f), more), frame(continuation, bytes(0x8e, 0x88))), ["🎈"]],
    "125 bytes": [frame(text, "x".repeat(125)), ["x".repeat(125)]],
    "126 bytes": [frame(text, "x".repeat(126)), ["x".repeat(126)]],
    "127 bytes": [frame(text, "x".repeat(127)), ["x".repeat(127)]],
    "32768 bytes": [frame(text, "x".repeat(32768)), ["x".repeat(32768)]],
    "131072 bytes in four frames": [join(frame(text, "x".repeat(32768), more), frame(continuation, "x".repeat(32768), more), frame(continuation, "x".repeat(32768), more), frame(continuation, "x".repeat(32768))), ["x".repeat(131072)]],
    "131072 bytes in many frames": [join(frame(text, "x".repeat(1072), more), ...Array.from({ length: 1299 }, () => frame(continuation, "y".repeat(100), more)), frame(continuation, "y".repeat(100))), ["x".repeat(1072) + "y".repeat(130000)]],
    "a ping": [join(frame(ping, ""), frame(text, "hello")), ["hello"], [""]],
    "a ping of 125 bytes": [join(frame(ping, "x".repeat(125)), frame(text, "hello")), ["hello"], ["x".repeat(125)]],
    "a ping of bytes": [join(frame(ping, bytes(0, 255, 128)), frame(text, "hello")), ["hello"], [bytes(0, 255, 128).toString("latin1")]],
    "pongs that nobody asked for": [join(frame(pong, ""), frame(pong, "x".repeat(125)), frame(text, "hello")), ["hello"], []],
  };
  for (const [name, [input, messages, pongs = []]] of Object.entries(understood)) {
    const check = (send) => withSocket(async (socket) => {
      await send(socket);
      const got = [], answered = [];
      while (got.length < messages.length || answered.length < pongs.length) {
        const next = await socket.frame();
        assert.notEqual(next, null, "the gateway ended the connection");
        assert.ok([text, continuation, pong].includes(next.opcode), `${next.opcode} ${next.payload}`);
        if (next.opcode === pong) answered.push(next.payload.toString("latin1"));
        else if (next.opcode === text) got.push(next.payload.toString());
        else got[got.length - 1] += next.payload.toString();
        if (!next.fin) continue;
      }
      while (got.at(-1).length < messages.at(-1).length) got[got.length - 1] += (await socket.frame()).payload.toString();
      assert.deepEqual(got.sort(), [...messages].sort());
      assert.deepEqual(answered, pongs);
    });
    test(name, () => check((socket) => socket.write(input)));
    if (input.length < 5000) test(`${name}, byte by byte`, () => check((socket) => socket.dribble(input)));
  }

  // Bytes, and the code of the close that they lead to.
  const unread = [];
  const refused = {
    "RSV1": [frame(text, "x", { rsv: 4 }), 1002],
    "RSV2": [frame(text, "x", { rsv: 2 }), 1002],
    "RSV3": [frame(text, "x", { rsv: 1 }), 1002],
    "all of them": [frame(text, "x", { rsv: 7 }), 1002],
    "RSV1 on a ping": [frame(ping, "", { rsv: 4 }), 1002],
    "RSV1 on a continuation": [join(frame(text, "x", more), frame(continuation, "x", { rsv: 4 })), 1002],
    ...Object.fromEntries([3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, [frame(opcode, "x"), 1002]])),
    "a reserved opcode between fragments": [join(frame(text, "x", more), frame(3, "x"), frame(continuation, "x")), 1002],
    "a continuation of nothing": [frame(continuation, "x"), 1002],
    "a continuation of nothing, to be continued": [frame(continuation, "x", more), 1002],
    "a continuation behind a whole message": [join(frame(text, "x"), frame(continuation, "x")), 1002],
    "a text within fragments": [join(frame(text, "x", more), frame(text, "x")), 1002],
    "a fragmented ping": [frame(ping, "x", more), 1002],
    "a fragmented close": [frame(close, "", more), 1002],
    "a ping of 126 bytes": [frame(ping, "x".repeat(126)), [1002, 1006]],
    "a close of 126 bytes": [frame(close, "x".repeat(126)), [1002, 1006]],
    "an unmasked text": [frame(text, "x", { masked: false }), 1002, orAccepted],
    "a length that is longer than it must be": [frame(text, "x", { form: 16 }), 1002, orAccepted],
    "a length of 64 bits that is longer than it must be": [frame(text, "x", { form: 64 }), 1002, orAccepted],
    "a length with the highest bit": [join(bytes(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1), bytes(1, 2, 3, 4, 5)), [1002, 1009, 1006]],
    "a binary message": [frame(binary, "x"), 1003],
    "a fragmented binary message": [join(frame(binary, "x", more)), [1003, 1002]],
    "an empty binary message": [frame(binary, ""), 1003],
    "invalid UTF-8": [frame(text, bytes(0xff)), 1007],
    "invalid UTF-8 behind text": [frame(text, join(Buffer.from("hello"), bytes(0xce, 0xba, 0xff))), 1007],
    "an overlong form": [frame(text, bytes(0xc0, 0xaf)), 1007],
    "an overlong form of three bytes": [frame(text, bytes(0xe0, 0x80, 0xaf)), 1007],
    "a surrogate": [frame(text, bytes(0xed, 0xa0, 0x80)), 1007],
    "beyond U+10FFFF": [frame(text, bytes(0xf4, 0x90, 0x80, 0x80)), 1007],
    "a character that ends early": [frame(text, bytes(0xe2, 0x82)), 1007],
    "a character that the last fragment leaves open": [join(frame(text, bytes(0xe2), more), frame(continuation, bytes(0x82))), 1007],
    "invalid UTF-8 in the second fragment": [join(frame(text, "hello", more), frame(continuation, bytes(0x80))), 1007],
    "a frame of 32769 bytes": [frame(text, "x".repeat(32769)), 1009],
    "a continuation of 32769 bytes": [join(frame(text, "x", more), frame(continuation, "x".repeat(32769))), 1009],
    "131073 bytes": [join(...Array.from({ length: 4 }, (_, i) => frame(i ? continuation : text, "x".repeat(32768), more)), frame(continuation, "x")), 1009],
    "one frame of 131072 bytes": [frame(text, "x".repeat(131072)), [1009, 1006]],
  };
  for (const [name, [input, codes, deviation]] of Object.entries(refused))
    test(`refused: ${name}`, () => withSocket(async (socket) => {
      socket.write(join(input, frame(text, `behind ${name}`)));
      const seen = [];
      for (let next; (next = await socket.frame());) {
        seen.push(next.opcode);
        if (deviation === orAccepted && next.opcode === text) return;
        if (next.opcode !== close) continue;
        const code = next.payload.readUInt16BE(0);
        assert.ok([codes].flat().includes(code), `closed with ${code} ${next.payload.subarray(2)}`);
        unread.push(`behind ${name}`);
        return;
      }
      assert.ok([codes].flat().includes(1006), `it ended without a close frame, after ${seen}`);
    }));

  test("what was refused is told to $disconnect", async () => {
    for (const [input, code] of [[frame(binary, "x"), 1003], [frame(text, "x".repeat(32769)), 1009], [frame(text, bytes(0xff)), 1007]]) {
      const socket = await RawSocket.open(chat.gateway, "/prod");
      const { connectionId } = chat.room.of("$connect").at(-1).requestContext;
      socket.write(input);
      assert.equal((await socket.closed())[0], code);
      await socket.sendClose(code).ended();
      let event;
      for (let n = 1; (event = await chat.room.event("$disconnect", n)).requestContext.connectionId !== connectionId; n++);
      assert.equal(event.requestContext.disconnectStatusCode, code);
    }
  });

  // Codes that a client closes with, and what it is answered. libwebsockets knows fewer of them.
  const closes = {
    ...Object.fromEntries([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code) => [code, [code]])),
    ...Object.fromEntries([1012, 1013, 1014].map((code) => [code, [code, 1002]])),
    ...Object.fromEntries([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) => [code, [1002]])),
  };
  for (const [code, answers] of Object.entries(closes))
    test(`closing with ${code} is answered ${answers.join(" or ")}`, () => withSocket(async (socket) => {
      socket.sendClose(Number(code), "bye");
      const [answer] = await socket.closed();
      assert.ok(answers.includes(answer), `${answer}`);
      await socket.ended();
    }));

  test("closing without a code is answered without one", () => withSocket(async (socket) => {
    socket.send(close, "");
    assert.equal((await socket.closed())[0], 1005);
    await socket.ended();
  }));

  const odd = {
    "a close of one byte": [frame(close, "x"), [1002]],
    "a reason that is no UTF-8": [frame(close, join(bytes(3, 232), bytes(0xff))), [1007, 1002]],
    "a reason of 123 bytes": [closeFrame(1000, "x".repeat(123)), [1000]],
  };
  for (const [name, [input, answers]] of Object.entries(odd))
    test(name, () => withSocket(async (socket) => {
      socket.write(input);
      const [answer] = await socket.closed();
      assert.ok(answers.includes(answer), `${answer}`);
    }));

  test("behind a close nothing is read", () => withSocket(async (socket) => {
    const { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    socket.write(join(closeFrame(1000), frame(text, "behind"), frame(ping, "x"), closeFrame(1001)));
    const opcodesSeen = [];
    for (let next; (next = await socket.frame());) opcodesSeen.push(next.opcode);
    assert.deepEqual(opcodesSeen, [close]);
    await chat.gateway.quiet();
    assert.ok(!chat.room.of("$default").some(({ requestContext }) => requestContext.connectionId === connectionId));
  }));

  test("a close between fragments", () => withSocket(async (socket) => {
    socket.write(join(frame(text, "half", more), closeFrame(1000)));
    assert.deepEqual(await socket.closed(), [1000, ""]);
  }));

  test("many pings are answered in their order", () => withSocket(async (socket) => {
    for (let i = 0; i < 10; i++) {
      socket.send(ping, `${i}`);
      const next = await socket.frame();
      assert.deepEqual([next.opcode, next.payload.toString()], [pong, `${i}`]);
    }
  }));

  test("no control frame becomes an event, and nothing behind what was refused", async () => {
    await chat.gateway.quiet();
    assert.ok(unread.length > 30);
    assert.deepEqual(chat.room.of("$default").filter(({ body }) => unread.includes(body)), []);
    assert.ok(chat.room.events.every(({ requestContext }) => ["CONNECT", "MESSAGE", "DISCONNECT"].includes(requestContext.eventType)));
    assert.ok(chat.room.of("$default").every(({ body }) => typeof body === "string"));
  });
});

test("sizes are what the configuration says", () => withChat({ config: { limits: { websocketFrameBytes: 100, websocketMessageBytes: 250 } } }, async ({ gateway, room }) => {
  const fine = await RawSocket.open(gateway, "/prod");
  fine.write(join(frame(text, "x".repeat(100), more), frame(continuation, "x".repeat(100), more), frame(continuation, "x".repeat(50))));
  const lengths = [];
  for (let next; (next = await fine.frame());) {
    lengths.push(next.payload.length);
    if (next.fin) break;
  }
  assert.equal(lengths.reduce((sum, length) => sum + length), 250);
  assert.ok(Math.max(...lengths) <= 100);
  fine.destroy();
  for (const input of [frame(text, "x".repeat(101)), join(frame(text, "x".repeat(100), more), frame(continuation, "x".repeat(100), more), frame(continuation, "x".repeat(51)))]) {
    const socket = await RawSocket.open(gateway, "/prod");
    socket.write(input);
    assert.equal((await socket.closed())[0], 1009);
    socket.destroy();
  }
  assert.equal(room.of("$default").length, 1);
}));

describe("those that do not read", () => {
  // What the kernel holds for a peer on loopback is a few megabytes: answers of 128 KB go beyond that soon.
  const large = "x".repeat(131072);

  test("a client that reads nothing is closed when more waits than it may, and the others notice nothing", () => withChat({
    on: { $default: { statusCode: 200, body: large } },
    config: { limits: { websocketPendingBytes: 262144 }, managementApi: { authorizationType: "NONE", listeners: ["local"] } },
  }, async ({ gateway, room }) => {
    const slow = await RawSocket.open(gateway, "/prod");
    const { connectionId } = room.of("$connect").at(-1).requestContext;
    slow.raw.socket.pause();
    const other = await open(gateway, "/prod");
    const push = () => fetch(`${gateway.url}/prod/@connections/${encodeURIComponent(connectionId)}`, { method: "POST", body: large });
    let answer;
    for (let i = 0; i < 400 && (answer = await push()).status === 200; i++) assert.equal((await other.ask("you")).length, large.length);
    assert.deepEqual([answer.status, answer.headers.get("x-amzn-errortype")], [429, "LimitExceededException"]);
    assert.equal((await push()).status, 410);
    const gone = await room.event("$disconnect");
    assert.deepEqual([gone.requestContext.connectionId, gone.requestContext.disconnectStatusCode], [connectionId, 1008]);
    assert.equal((await other.ask("still there")).length, large.length);
    await other.close(1000);
    slow.destroy();
  }));

  test("a client that asks for more than it reads is not read until it does", () => withChat({
    on: { $default: { statusCode: 200, body: large } }, config: { limits: { websocketPendingBytes: 4194304 } },
  }, async ({ gateway, room }) => {
    const count = 400, slow = await RawSocket.open(gateway, "/prod");
    slow.raw.socket.pause();
    for (let i = 0; i < count; i++) slow.sendText("more");
    const other = await open(gateway, "/prod");
    assert.equal((await other.ask("you")).length, large.length);
    assert.ok(room.of("$default").length < count, "the gateway has read everything");
    slow.raw.socket.resume();
    for (let i = 0; i < count; i++) assert.equal((await slow.text()).length, large.length);
    await other.close(1000);
    slow.destroy();
  }));

  test("a client that reads late gets all of it, whole and in order", () => withChat({
    on: { $default: (event) => ({ statusCode: 200, body: `${event.body} ${"y".repeat(50000)}` }) }, api: { serializeMessages: true }, config: { limits: { websocketPendingBytes: 16777216 } },
  }, async ({ gateway, room }) => {
    const count = 100, slow = await RawSocket.open(gateway, "/prod");
    slow.raw.socket.pause();
    for (let i = 0; i < count; i++) slow.sendText(`m${i}`);
    await room.event("$default");
    slow.raw.socket.resume();
    for (let i = 0; i < count; i++) {
      const answer = await slow.text();
      assert.equal(answer, `m${i} ${"y".repeat(50000)}`);
    }
    slow.destroy();
  }));

  // Half of limits.bufferedBytes is theirs; here it holds a part of each message that is under way, and far
  // from all that is sent.
  test("what many send at once waits where there is no memory for it, and none is lost", () => withChat({
    on: { $default: (event) => ({ statusCode: 200, body: String(event.body.length) }) }, config: { limits: { bufferedBytes: 1048576 } },
  }, async ({ gateway }) => {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => RawSocket.open(gateway, "/prod"))), each = 20;
    for (const socket of sockets) for (let i = 0; i < each; i++) socket.sendText("x".repeat(32768));
    for (const socket of sockets) for (let i = 0; i < each; i++) assert.equal(await socket.text(), "32768");
    for (const socket of sockets) socket.destroy();
  }));
});

test("no more connections than limits.connections", () => withChat({ config: { limits: { connections: 3 } } }, async ({ gateway }) => {
  const clients = [await open(gateway, "/prod"), await open(gateway, "/prod"), await open(gateway, "/prod")];
  await assert.rejects(open(gateway, "/prod"));
  for (const client of clients) assert.equal(await client.ask("hello"), "hello");
  await clients[0].close(1000);
  while ((await gateway.metric("turnpike_connections")) > 2);
  const next = await open(gateway, "/prod");
  assert.equal(await next.ask("hello"), "hello");
  for (const client of [next, ...clients.slice(1)]) await client.close(1000);
}));
