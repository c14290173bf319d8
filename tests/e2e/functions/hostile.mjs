// A worker that does what no runtime should, in bytes of its own. What it does at its start its argument
// says, what it does with an event the event's `mode`; what it was answered it logs as `saw …`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const base = "/2018-06-01/runtime/invocation/";
const head = (method, path, fields = "") => `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
const saw = (what) => console.log(`saw ${JSON.stringify(what)}`);
const forever = () => new Promise((resolve) => setTimeout(resolve, 2 ** 30));

// A connection, and what came on it so far. Errors are ends.
class Connection {
  static async open(to = port) {
    const socket = net.connect({ host, port: to, allowHalfOpen: true });
    await once(socket, "connect");
    return new Connection(socket);
  }

  constructor(socket) {
    Object.assign(this, { socket, input: Buffer.alloc(0), ended: false, waiting: new Set() });
    const wake = () => { for (const check of [...this.waiting]) check(); };
    socket.on("data", (bytes) => { this.input = Buffer.concat([this.input, bytes]); wake(); });
    for (const event of ["end", "close", "error"]) socket.on(event, () => { this.ended = true; wake(); });
  }

  write(bytes) { return new Promise((resolve) => this.socket.write(bytes, () => resolve(this))); }

  take() {
    const end = this.input.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const [line, ...fields] = this.input.subarray(0, end).toString("latin1").split("\r\n");
    const headers = Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field.slice(field.indexOf(":") + 1).trim()]));
    const length = Number(headers["content-length"] ?? 0);
    if (this.input.length < end + 4 + length) return null;
    const body = this.input.subarray(end + 4, end + 4 + length).toString();
    this.input = this.input.subarray(end + 4 + length);
    return { status: Number(line.split(" ")[1]), headers, body };
  }

  // The next answer, or null where the connection ends first.
  answer() {
    return new Promise((resolve) => {
      const check = () => {
        const answer = this.take();
        if (!answer && !this.ended) return;
        this.waiting.delete(check);
        resolve(answer);
      };
      this.waiting.add(check);
      check();
    });
  }
}

const main = await Connection.open();

// One request on a connection of its own: { status, type } of the answer, null where none came.
async function ask(bytes, connection) {
  const own = connection ?? await Connection.open();
  await own.write(bytes);
  const answer = await own.answer();
  if (!connection) own.socket.destroy();
  if (!answer) return null;
  let type;
  try { type = JSON.parse(answer.body).errorType; } catch { type = answer.body; }
  return { status: answer.status, ...(type ? { type } : {}) };
}

const response = (id, body, fields = "") => head("POST", `${base}${id}/response`, `Content-Length: ${Buffer.byteLength(body)}\r\n${fields}`) + body;
const answer = (id, value) => ask(response(id, JSON.stringify(value)), main);
const next = head("GET", `${base}next`);

// Writes for as long as somebody takes it, and the limit is not reached.
async function pour(connection, piece, bytes) {
  let sent = 0;
  while (sent < bytes && !connection.ended) {
    await connection.write(piece);
    sent += piece.length;
  }
  return sent;
}

let last = null; // the invocation before

const modes = {
  good: (id, event) => answer(id, { good: process.pid, event: event.rawPath }),
  async twice(id) {
    await answer(id, { answer: 1 });
    saw(await answer(id, { answer: 2 }));
  },
  async errorAfterAnswer(id) {
    await answer(id, { answer: 1 });
    saw(await ask(head("POST", `${base}${id}/error`, "Content-Length: 2\r\n") + "{}", main));
  },
  async foreign(id, event, { id: other }) {
    saw(await answer(other, { from: "another" }));
    await answer(id, { own: true });
  },
  async madeUp(id) {
    for (const other of ["8a1b7a7e-0c1b-4e5c-9d1a-3c1f6a6b7c8d", "x", "..", "%00", "a".repeat(4000)]) saw(await answer(other, {}));
    await answer(id, { own: true });
  },
  async finished(id) {
    saw(await answer(last, { late: true }));
    await answer(id, { own: true });
  },
  async hugeByLength(id) {
    const connection = await Connection.open();
    await connection.write(head("POST", `${base}${id}/response`, `Content-Length: ${10 * 2 ** 30}\r\n`));
    saw({ poured: await pour(connection, Buffer.alloc(2 ** 20, 97), 10 * 2 ** 30) });
  },
  async hugeInChunks(id) {
    const connection = await Connection.open();
    await connection.write(head("POST", `${base}${id}/response`, "Transfer-Encoding: chunked\r\n"));
    saw({ poured: await pour(connection, Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(2 ** 20, 97), Buffer.from("\r\n")]), 10 * 2 ** 30) });
  },
  async truncated(id) {
    const connection = await Connection.open();
    await connection.write(head("POST", `${base}${id}/response`, "Content-Length: 100\r\n") + '"only');
    connection.socket.end();
    await connection.answer();
    process.exit(0);
  },
  async truncatedThenWhole(id) {
    const connection = await Connection.open();
    await connection.write(head("POST", `${base}${id}/response`, "Content-Length: 100\r\n") + '"only');
    connection.socket.resetAndDestroy();
    await answer(id, "whole").then(saw);
  },
  silence: forever,
  // Asks for more while it has one.
  async nextMeanwhile(id) {
    const one = await Connection.open();
    await one.write(next);
    saw((await one.answer())?.status ?? null);
    await answer(id, "answered");
  },
  async thousand(id) {
    const all = [];
    for (let i = 0; i < 1000; i++) all.push(await Connection.open().catch(() => null));
    saw({ connected: all.filter(Boolean).length });
    await answer(id, "still here");
  },
  // A head that comes byte by byte, and never ends.
  async slowHead(id) {
    const connection = await Connection.open();
    for (const byte of `POST ${base}${id}/response HTTP/1.1\r\nX-Slow: `) await connection.write(byte);
    while (!connection.ended) {
      await connection.write("x");
      await pause(20);
    }
    await forever();
  },
  async garbage(id) {
    for (const bytes of ["\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "nonsense\r\n\r\n", `POST ${base}${id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n`,
      `POST ${base}${id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]) {
      const connection = await Connection.open();
      await connection.write(Buffer.from(bytes, "latin1"));
      connection.socket.end();
      saw((await connection.answer())?.status ?? null);
      connection.socket.destroy();
    }
    await answer(id, "still here");
  },
  async largeHeader(id) {
    const cause = "x".repeat(1000 * 1024), body = '{"errorMessage":"caused","errorType":"Cause.Given"}';
    saw(await ask(head("POST", `${base}${id}/error`, `Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\nContent-Length: ${body.length}\r\n`) + body, main));
  },
  async hugeHeader(id) {
    const connection = await Connection.open();
    await connection.write(head("POST", `${base}${id}/response`, `X-Huge: ${"x".repeat(2 * 2 ** 20)}\r\nContent-Length: 2\r\n`) + "{}");
    saw((await connection.answer())?.status ?? null);
    await answer(id, "still here");
  },
  async otherPaths(id) {
    for (const [method, path] of [["GET", "/"], ["GET", "/2018-06-01/runtime/restore/next"], ["POST", "/2020-01-01/extension/register"], ["PUT", "/2022-07-01/telemetry"], ["DELETE", `${base}next`], ["GET", "/../../etc/passwd"]])
      saw((await ask(head(method, path, "Content-Length: 0\r\n")))?.status ?? null);
    await answer(id, "still here");
  },
  async initErrorTooLate(id) {
    saw(await ask(head("POST", "/2018-06-01/runtime/init/error", "Content-Length: 2\r\n") + "{}"));
    await answer(id, "still here");
  },
  async wrongMode(id) {
    saw(await ask(response(id, "{}", "Lambda-Runtime-Function-Response-Mode: later\r\n")));
    await answer(id, "still here");
  },
  // The trailers that Go announces, and those of a stream that broke.
  async announced(id) {
    saw(await ask(head("POST", `${base}${id}/response`, "Transfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n") + '4\r\n"go"\r\n0\r\n\r\n', main));
  },
  async brokenStream(id) {
    const cause = Buffer.from('{"errorMessage":"ran dry","errorType":"Source.Dry"}').toString("base64");
    saw(await ask(head("POST", `${base}${id}/response`, "Transfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n") +
      `4\r\n"hal\r\n0\r\nLambda-Runtime-Function-Error-Type: Source.Dry\r\nLambda-Runtime-Function-Error-Body: ${cause}\r\n\r\n`, main));
  },
  async flood(id, event, { bytes }) {
    const piece = Buffer.from(`${"flood ".repeat(170)}\n`.repeat(64));
    for (let sent = 0; sent < Number(bytes); sent += piece.length) fs.writeSync(2, piece);
    await answer(id, "flooded");
  },
  async oneLine(id, event, { bytes }) {
    const piece = Buffer.alloc(2 ** 16, 120);
    for (let sent = 0; sent < Number(bytes); sent += piece.length) fs.writeSync(1, piece);
    await answer(id, "one line");
  },
  async binaryLines(id) {
    fs.writeSync(1, Buffer.from([0, 27, 91, 51, 49, 109, 255, 254, 13, 7, 10]));
    fs.writeSync(1, "\r\nSTART RequestId: forged Version: $LATEST\n");
    await answer(id, "written");
  },
  async deaf(id) {
    process.on("SIGTERM", () => saw("SIGTERM"));
    await answer(id, { pid: process.pid });
  },
  // A process that is nobody's child and in no group of ours; what started it crashes, is late or answers.
  async daemonizes(id, event, { then }) {
    const child = spawn("sh", ["-c", "sleep 1000 >/dev/null 2>&1 </dev/null & echo daemon $!"], { detached: true, stdio: ["ignore", "inherit", "inherit"] });
    await once(child, "exit");
    if (then === "crash") process.exit(9);
    if (then === "sleep") await forever();
    await answer(id, { pid: process.pid });
  },
  async mute(id) {
    fs.closeSync(1);
    fs.closeSync(2);
    await answer(id, { pid: process.pid });
  },
  // Somebody else's Runtime API.
  async intrudes(id, event, { port: other }) {
    const connection = await Connection.open(Number(other)).catch(() => null);
    await connection?.write(next);
    const got = await connection?.answer();
    await answer(id, { uid: process.getuid(), got: got?.status ?? null });
  },
  // Many connections to it at once: the kernel takes them, whoever accepts them.
  async crowds(id, event, { port: other, count }) {
    await Promise.all(Array.from({ length: Number(count) }, () => Connection.open(Number(other)).catch(() => null)));
    await answer(id, "crowded");
  },
  // Its port, which others may try.
  port: (id) => answer(id, { port: Number(port), pid: process.pid }),
};

const starts = {
  // `response` before any `next`.
  async early() { saw(await ask(response("8a1b7a7e-0c1b-4e5c-9d1a-3c1f6a6b7c8d", "{}"))); },
  async nextTwice() {
    const one = await Connection.open(), two = await Connection.open();
    await one.write(next);
    await two.write(next);
    const answers = [one, two].map((connection) => connection.answer());
    const first = await Promise.race(answers), second = (async () => (await answers[0]) === first ? answers[1] : answers[0])();
    if (first.status === 200) await take(first);
    saw((first.status === 200 ? await second : first).status);
    if (first.status !== 200) await take(await second);
  },
  // Asks, goes away, asks again.
  async leavesNext() {
    const one = await Connection.open();
    await one.write(next);
    await pause(100); // what is reset at once is never read
    one.socket.resetAndDestroy();
    console.log("left");
  },
  // Asks, goes away, and is not seen again.
  async vanishes() {
    const one = await Connection.open();
    await one.write(next);
    await pause(100);
    one.socket.resetAndDestroy();
    console.log("vanished");
    await forever();
  },
  deaf() { process.on("SIGTERM", () => saw("SIGTERM")); },
  none() {},
};

async function take({ headers, body }) {
  const id = headers["lambda-runtime-aws-request-id"], event = JSON.parse(body), query = event.queryStringParameters ?? {};
  await modes[query.mode ?? "good"](id, event, query);
  last = id;
}

await starts[process.argv[2] ?? "none"]();
for (;;) {
  await main.write(next);
  const got = await main.answer();
  if (!got) process.exit(1);
  await take(got);
}
