// An endpoint of functions that answers with bytes of the test's own, good or bad.
import { once } from "node:events";
import net from "node:net";

const headEnd = Buffer.from("\r\n\r\n");

// onCall(call) is called when a request is whole, onHead(call) when its head is. A call has `line`,
// `headers`, `body`, the `socket`, and counts: `connection` among all, `nth` on its connection.
export async function startBackend({ onCall = (call) => call.answer('"hello"'), onHead, host = "127.0.0.1" } = {}) {
  const self = { calls: [], connections: 0, sockets: new Set() };
  const server = net.createServer((socket) => {
    const connection = ++self.connections;
    let input = Buffer.alloc(0), call = null, nth = 0;
    self.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => self.sockets.delete(socket)).on("error", () => {});
    const begin = (end) => {
      const [line, ...fields] = input.subarray(0, end).toString("latin1").split("\r\n");
      const headers = Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field.slice(field.indexOf(":") + 1).trim()]));
      input = input.subarray(end + 4);
      const begun = { line, headers, socket, connection, nth: ++nth, length: Number(headers["content-length"]) };
      begun.send = (text) => { socket.write(Buffer.from(text, "latin1")); return begun; };
      begun.answer = (body, fields = "", status = "200 OK") => begun.send(`HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`);
      call = begun;
      onHead?.(call);
    };
    socket.on("data", (chunk) => {
      input = Buffer.concat([input, chunk]);
      for (;;) {
        const end = input.indexOf(headEnd);
        if (!call && end < 0) return;
        if (!call) begin(end);
        if (input.length < call.length) return;
        const whole = call;
        whole.body = input.subarray(0, call.length).toString();
        input = input.subarray(call.length);
        call = null;
        self.calls.push(whole);
        onCall(whole);
      }
    });
  });
  server.listen(0, host);
  await once(server, "listening");
  self.port = server.address().port;
  self.url = `http://${host.includes(":") ? `[${host}]` : host}:${self.port}`;
  // Resolves when no connection is left, however they ended.
  self.deserted = async () => {
    while (self.sockets.size > 0) await new Promise((resolve) => [...self.sockets][0].once("close", resolve));
  };
  self.stop = async () => {
    for (const socket of self.sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return self;
}
