// One server behind all golden cases: functions, HTTP backends and services alike. It answers what
// the case that runs says, whatever was asked, and keeps what was asked.
import { once } from "node:events";
import net from "node:net";
import { bodyOf, fieldsOf, readChunks, readHead } from "./golden-message.mjs";

const invoked = (body) => ({ status: 200, headers: { "Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": "11111111-2222-3333-4444-555555555555" }, body });

function bytesOf(answer) {
  if ("result" in answer) return bytesOf(invoked(JSON.stringify(answer.result)));
  if ("payload" in answer) return bytesOf(invoked(answer.payload));
  if (answer.raw !== undefined) return Buffer.from(answer.raw, "latin1");
  if (answer.status === undefined) return Buffer.alloc(0);
  const fields = fieldsOf(answer.headers ?? {}), body = bodyOf(answer);
  const framed = fields.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  if (!framed && answer.status !== 204 && answer.status !== 304) fields.push(["Content-Length", body.length]);
  const head = [`HTTP/1.1 ${answer.status} ${answer.reason ?? "Said"}`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

// A whole request from the front of the bytes, and how many it takes; null where it is not there.
function takeRequest(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = readHead(bytes.subarray(0, end)), rest = bytes.subarray(end + 4);
  const chunked = /\bchunked$/i.test(head.find("transfer-encoding") ?? "");
  const whole = chunked ? readChunks(rest) : { end: Number(head.find("content-length") ?? 0) };
  if (!whole || rest.length < whole.end) return null;
  return { ...head, bytes: Buffer.from(whole.body ?? rest.subarray(0, whole.end)), length: end + 4 + whole.end };
}

export async function startScriptedBackend() {
  let script = null;
  const sockets = new Set();
  const take = (socket, request) => {
    if (!script) return socket.destroy(); // of a case that is over
    const answer = script.answers[Math.min(script.calls.length, script.answers.length - 1)];
    script.calls.push(request);
    const bytes = bytesOf(answer);
    if (bytes.length > 0) socket.write(bytes);
    if (answer.close) socket.end();
    if (answer.reset) socket.resetAndDestroy();
    if (answer.silent) script.left.add(socket);
  };
  const server = net.createServer((socket) => {
    let input = Buffer.alloc(0);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    socket.on("data", (chunk) => {
      input = Buffer.concat([input, chunk]);
      for (let request; (request = takeRequest(input)); take(socket, request)) input = input.subarray(request.length);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    // answers: one, or one for each call in turn (the last one stays).
    begin(answers) {
      script = { answers: [answers].flat(), calls: [], left: new Set() };
      script.end = () => { for (const socket of script?.left ?? []) socket.destroy(); script = null; };
      return script;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
