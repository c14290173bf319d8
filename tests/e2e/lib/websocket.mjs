// WebSockets from outside: npm's ws as applications use it, and frames by hand for what it never sends.
import { createHash, randomBytes } from "node:crypto";
import WebSocket from "ws";
import { Raw } from "./raw.mjs";

// What came of a connection, in order: { text }, { binary }, and at last { close: [code, reason] }.
class Events {
  constructor() { Object.assign(this, { all: [], taken: 0, waiting: new Set() }); }

  add(event) {
    this.all.push(event);
    for (const check of [...this.waiting]) check();
  }

  next() {
    const index = this.taken++;
    return new Promise((resolve) => {
      const check = () => {
        const event = this.all[index] ?? (this.all.at(-1)?.close ? this.all.at(-1) : undefined);
        if (!event) return;
        this.waiting.delete(check);
        resolve(event);
      };
      this.waiting.add(check);
      check();
    });
  }
}

// Where a path of the gateway is. secure: over TLS, for `localhost`, whatever its certificate.
const urlOf = (gateway, path, { secure, port = secure ? gateway.tlsPort : gateway.port }) =>
  `${secure ? "wss://localhost" : "ws://127.0.0.1"}:${port}${path}`;

// A connection of npm's ws, open when this resolves. Where the handshake is refused it rejects, with the
// answer ({ status, headers, body }) in the error's `answer`.
//   next()    the next event: { text }, { binary } or { close: [code, reason] }; after the close, that again
//   text()    the next event's text; an error where it is none. json() reads it
//   closed    resolves with [code, reason]
//   send(message), ping() (resolves with the pong), close(code, reason), terminate() (no close frame)
export function open(gateway, path, { protocols = [], secure = false, port, ...options } = {}) {
  const socket = new WebSocket(urlOf(gateway, path, { secure, port }), protocols,
    { perMessageDeflate: false, agent: false, ...(secure ? { rejectUnauthorized: false } : {}), ...options });
  const events = new Events();
  const self = {
    socket, events,
    get protocol() { return socket.protocol; },
    next: () => events.next(),
    async text() {
      const event = await events.next();
      if (event.text === undefined) throw new Error(`no text came, but ${JSON.stringify(event)}`);
      return event.text;
    },
    json: async () => JSON.parse(await self.text()),
    closed: new Promise((resolve) => socket.once("close", (code, reason) => resolve([code, reason.toString()]))),
    send(message, more) { socket.send(typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message), more); return self; },
    async ask(message) { self.send(message); return self.text(); },
    ping: (payload = "") => new Promise((resolve) => { socket.once("pong", (data) => resolve(data.toString())); socket.ping(payload); }),
    close(code, reason) { socket.close(code, reason); return self.closed; },
    terminate() { socket.terminate(); return self.closed; },
  };
  socket.on("message", (data, isBinary) => events.add(isBinary ? { binary: data } : { text: data.toString() }));
  self.closed.then((close) => events.add({ close }));
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(self));
    socket.on("error", reject); // later ones: the close tells
    socket.once("unexpected-response", async (request, response) => {
      const body = Buffer.concat(await response.toArray()).toString();
      reject(Object.assign(new Error(`refused with ${response.statusCode}`), { answer: { status: response.statusCode, headers: response.headers, body } }));
    });
  });
}

export const newKey = () => randomBytes(16).toString("base64");
export const acceptOf = (key) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

// The bytes of a handshake. headers: added to the usual ones or in their place, whatever their case; a
// list for several, undefined for none.
export function handshakeText(port, path, { headers = {}, method = "GET", version = "1.1" } = {}) {
  const usual = { Host: `127.0.0.1:${port}`, Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": newKey(), "Sec-WebSocket-Version": "13" };
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const fields = [...Object.entries(usual).filter(([name]) => !own.has(name.toLowerCase())), ...Object.entries(headers)]
    .flatMap(([name, value]) => [value].flat().filter((one) => one !== undefined).map((one) => `${name}: ${one}\r\n`));
  return `${method} ${path} HTTP/${version}\r\n${fields.join("")}\r\n`;
}

// A handshake by hand on a connection of its own: { status, headers, body }. Where it is refused, the
// gateway has closed when this resolves; `raw` is the connection.
export async function handshake(gateway, path, { secure = false, port = secure ? gateway.tlsPort : gateway.port, ...options } = {}) {
  const raw = await Raw.open(port, { secure: secure ? { rejectUnauthorized: false, servername: "localhost" } : null });
  raw.send(handshakeText(port, path, options));
  const answer = await raw.answer();
  if (answer?.headers.connection === "close") await raw.closed();
  if (answer?.status !== 101) raw.close();
  return { status: 0, ...answer, raw };
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

function lengthBytes(length, form) {
  const wanted = form ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  if (wanted === 7) return Buffer.of(length);
  const bytes = Buffer.alloc(wanted === 16 ? 3 : 9);
  bytes[0] = wanted === 16 ? 126 : 127;
  if (wanted === 16) bytes.writeUInt16BE(length, 1);
  else bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

// A frame. rsv: the three bits as a number; form: 16 or 64, a length that is longer than it must be;
// length: one that the payload has not.
export function frame(opcode, payload = "", { fin = true, rsv = 0, masked = true, form, length } = {}) {
  const data = Buffer.from(payload);
  const head = lengthBytes(length ?? data.length, form);
  if (!masked) return Buffer.concat([Buffer.of((fin ? 128 : 0) | (rsv << 4) | opcode), head, data]);
  head[0] |= 128;
  const key = randomBytes(4);
  return Buffer.concat([Buffer.of((fin ? 128 : 0) | (rsv << 4) | opcode), head, key, data.map((byte, i) => byte ^ key[i % 4])]);
}

export function closeFrame(code, reason = "") {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return frame(opcodes.close, payload);
}

// The first frame of these bytes, with their rest, or null where it is not whole.
function takeFrame(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 127, at = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (bytes.length < at) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < at + length) return null;
  return {
    frame: { fin: bytes[0] >> 7 === 1, rsv: (bytes[0] >> 4) & 7, opcode: bytes[0] & 15, masked: bytes[1] >> 7 === 1, payload: bytes.subarray(at, at + length) },
    rest: bytes.subarray(at + length),
  };
}

// A WebSocket of bytes. `open` resolves when it is open, or refused: `status`, `headers` and `body` tell;
// `start` when the handshake has been sent, `opened` waits then. `early` is sent behind the handshake, in
// the same segment.
export class RawSocket {
  static open = async (...given) => (await RawSocket.start(...given)).opened();

  static async start(gateway, path, { secure = false, port = secure ? gateway.tlsPort : gateway.port, early = "", ...options } = {}) {
    const raw = await Raw.open(port, { secure: secure ? { rejectUnauthorized: false, servername: "localhost" } : null });
    const self = new RawSocket(raw);
    return self.write(Buffer.concat([Buffer.from(handshakeText(port, path, options)), Buffer.from(early)]));
  }

  constructor(raw) { Object.assign(this, { raw, rest: Buffer.alloc(0), status: 0 }); }

  async opened() {
    Object.assign(this, await this.raw.answer());
    this.raw.text = this.raw.text.slice(this.raw.text.indexOf("\r\n\r\n") + 4);
    return this;
  }

  write(bytes) { this.raw.socket.write(bytes); return this; }
  send(opcode, payload, options) { return this.write(frame(opcode, payload, options)); }
  sendText(text, options) { return this.send(opcodes.text, text, options); }
  sendClose(code, reason) { return this.write(closeFrame(code, reason)); }
  // One byte to a segment, as far as the kernel lets them be.
  dribble(bytes) { return this.raw.dribble(bytes.toString("latin1")); }

  // What has come meanwhile goes behind what is left.
  pull() {
    if (this.raw.text) this.rest = Buffer.concat([this.rest, Buffer.from(this.raw.text, "latin1")]);
    this.raw.text = "";
    return this.rest;
  }

  // The next frame, or null once the connection has ended.
  frame() {
    return new Promise((resolve) => {
      const check = () => {
        const taken = takeFrame(this.rest) ?? takeFrame(this.pull());
        if (!taken && !this.raw.ended) return;
        this.raw.waiting.delete(check);
        this.rest = taken?.rest ?? this.rest;
        resolve(taken?.frame ?? null);
      };
      this.raw.waiting.add(check);
      check();
    });
  }

  // The next message as text; control frames and what is in them are passed over.
  async text() {
    const parts = [];
    for (let next; (next = await this.frame());) {
      if (next.opcode >= 8) continue;
      parts.push(next.payload);
      if (next.fin) return Buffer.concat(parts).toString();
    }
    return null;
  }

  // What it is closed with, [code, reason], by the gateway's close frame: [1005, ""] where that is empty,
  // [1006, ""] where the connection ends without one. Other frames are passed over.
  async closed() {
    for (let next; (next = await this.frame());)
      if (next.opcode === opcodes.close)
        return next.payload.length < 2 ? [1005, ""] : [next.payload.readUInt16BE(0), next.payload.subarray(2).toString()];
    return [1006, ""];
  }

  // Resolves when the gateway has ended the connection.
  ended() { return this.raw.closed(); }
  destroy() { this.raw.close(); }
  end() { this.raw.end(); return this.ended(); }
  reset() { return this.raw.reset(); }
}
