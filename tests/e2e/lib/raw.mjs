// Bytes on a socket, for what no well-behaved client sends.
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

export class Raw {
  constructor(socket, tcp = socket) {
    Object.assign(this, { socket, tcp });
    tcp.on("error", () => {}); // its owner hears of it by the close
    this.text = "";
    this.ended = false;
    this.waiting = new Set();
    const wake = () => { for (const check of [...this.waiting]) check(); };
    socket.on("data", (chunk) => { this.text += chunk.toString("latin1"); wake(); });
    for (const event of ["end", "close", "error"]) socket.on(event, () => { this.ended = true; wake(); });
  }

  static async open(port, { host = "127.0.0.1", secure = null } = {}) {
    const tcp = net.connect(port, host);
    await once(tcp, "connect");
    tcp.setNoDelay(true);
    if (!secure) return new Raw(tcp);
    const socket = tls.connect({ socket: tcp, ...secure });
    await once(socket, "secureConnect");
    return new Raw(socket, tcp);
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
  end() { this.socket.end(); return this; }

  // Ends it the rude way, with RST; resolves once the socket is gone.
  async reset() {
    if (this.tcp.destroyed) return;
    const gone = new Promise((resolve) => this.tcp.once("close", resolve).once("error", resolve)); // where it is ending already
    this.tcp.resetAndDestroy();
    await gone;
  }

  // Each byte in a segment of its own, as far as the kernel lets them be.
  async dribble(text) {
    for (const byte of Buffer.from(text, "latin1")) {
      await new Promise((resolve) => this.socket.write(Buffer.of(byte), resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this;
  }

  // Resolves once that many whole answers (1xx ones count) are there, or once the peer has closed.
  answers(count, { head = false } = {}) {
    return new Promise((resolve) => {
      const check = () => {
        const found = readAnswers(this.text, { head });
        if (found.length < count && !this.ended) return;
        this.waiting.delete(check);
        resolve(found);
      };
      this.waiting.add(check);
      check();
    });
  }
  async answer(options) { return (await this.answers(1, options)).at(-1); }
}

// Takes the bytes of a connection apart: every whole answer in order. `rest` of the list is what no
// answer claims. head: they answer HEAD requests.
export function readAnswers(text, { head = false } = {}) {
  const found = [];
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) break;
    const [line, ...fields] = text.slice(0, end).split("\r\n");
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(line);
    if (!match) break;
    const headers = {};
    for (const field of fields) {
      const colon = field.indexOf(":");
      const name = field.slice(0, colon).toLowerCase();
      headers[name] = name in headers ? `${headers[name]}, ${field.slice(colon + 1).trim()}` : field.slice(colon + 1).trim();
    }
    const status = Number(match[1]);
    const length = head || status < 200 || status === 204 || status === 304 ? 0 : Number(headers["content-length"] ?? 0);
    if (text.length < end + 4 + length) break;
    found.push({ status, headers, body: text.slice(end + 4, end + 4 + length) });
    text = text.slice(end + 4 + length);
  }
  found.rest = text;
  return found;
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
