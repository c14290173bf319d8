// A program that talks with whoever sits at a terminal (wscat), in a terminal: by script(1).
import { spawn } from "node:child_process";
import { once } from "node:events";

const COLUMNS = 20_000; // no line is broken
export const PATIENCE = 20_000; // ms

export class Terminal {
  #line = "";
  #waiting = new Set();

  lines = []; // without the one that is being written
  heard = 0; // of them
  ended = false;

  constructor(command, { cwd, env }) {
    const program = `stty cols ${COLUMNS}; ${command}`;
    this.child = spawn("script", ["-qfec", program, "/dev/null"], { cwd, env: { ...env, TERM: "dumb", SHELL: "/bin/bash" }, stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdin.on("error", () => {}); // it has ended
    this.child.stdout.setEncoding("utf8").on("data", (text) => this.#show(text));
    this.closed = once(this.child, "close").then(() => {
      this.ended = true;
      this.#wake();
    });
  }

  // Of all that steers a terminal the programs need but "clear this line".
  #show(text) {
    for (const [piece] of text.matchAll(/\x1b\[[0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+|\x1b/g)) {
      if (piece === "\x1b[2K") this.#line = "";
      else if (piece === "\n") this.lines.push(this.#line), this.#line = "";
      else if (!/^[\x1b\r]/.test(piece)) this.#line += piece;
    }
    this.#wake();
  }

  #wake() {
    for (const check of [...this.#waiting]) check();
  }

  type(text) {
    this.child.stdin.write(`${text}\r`);
  }

  // Resolves when `holds` is true of what was printed, when the program has ended, or when nothing of
  // the kind has come for long: its lines then tell.
  until(holds) {
    return new Promise((resolve) => {
      const check = (late = false) => {
        if (!late && !this.ended && !holds()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(check, PATIENCE, true);
      this.#waiting.add(check);
      check();
    });
  }

  async stop() {
    if (!this.ended) this.child.stdin.write("\x03\x04");
    await this.closed;
  }
}
