// Bytes on a socket, for what no well-behaved client sends.
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

export class Raw {
  constructor(socket) {
    this.socket = socket;
    this.text = "";
    this.ended = false;
    this.waiting = new Set();
    const wake = () => { for (const check of [...this.waiting]) check(); };
    socket.on("data", (chunk) => { this.text += chunk.toString("latin1"); wake(); });
    for (const event of ["end", "close", "error"]) socket.on(event, () => { this.ended = true; wake(); });
  }

  static async open(port, { host = "127.0.0.1", secure = null } = {}) {
    const socket = secure ? tls.connect({ port, host, ...secure }) : net.connect(port, host);
    await once(socket, secure ? "secureConnect" : "connect");
    socket.setNoDelay(true);
    return new Raw(socket);
  }

  send(text) { this.socket.write(Buffer.from(text, "latin1")); return this; }

  // Resolves with all text so far once it matches, or once the peer has closed.
  until(pattern) {
    return new Promise((resolve) => {
      const check = () => {
        if (!this.ended && !(pattern && pattern.test(this.text))) return;
        this.waiting.delete(check);
        resolve(this.text);
      };
      this.waiting.add(check);
      check();
    });
  }

  closed() { return this.until(null); }
  close() { this.socket.destroy(); }
}

// One exchange on a connection of its own: sends, and waits until the peer closes.
export async function exchange(port, text, options) {
  const raw = await Raw.open(port, options);
  raw.send(text);
  const answer = await raw.closed();
  raw.close();
  return answer;
}

export const status = (text) => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
