// The examples of docs/http-api.md: its fenced blocks, and what runs them. The convention is told in
// a comment at the top of that page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { serve } from "../../../docs/examples/http-api/serve.mjs";
import { Gateway, freePort, program, run, temporaryDirectory } from "./gateway.mjs";

// [{ title, blocks: [{ line, file, added, text } or { line, commands }] }], one for each heading of
// the second level.
export function readSections(page) {
  const sections = [];
  let block = null;
  for (const [index, line] of fs.readFileSync(page, "utf8").split("\n").entries()) {
    if (block) {
      if (line !== "```") { block.lines.push(line); continue; }
      sections.at(-1).blocks.push(finish(block));
      block = null;
    } else if (line.startsWith("```")) block = { line: index + 1, info: line.slice(3).split(" "), lines: [] };
    else if (line.startsWith("## ")) sections.push({ title: line.slice(3), blocks: [] });
  }
  return sections;
}

function finish({ line, info: [language, file, mark], lines }) {
  if (language !== "console") return { line, file, added: mark === "added", text: `${lines.join("\n")}\n` };
  const commands = [];
  for (const [index, text] of lines.entries()) {
    if (text.startsWith("$ ")) commands.push({ line: line + index + 1, command: text.slice(2), output: [] });
    else if (/^> /.test(text)) commands.at(-1).command += `\n${text.slice(2)}`;
    else commands.at(-1).output.push(text);
  }
  return { line, commands };
}

const quote = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// "..." on a line of its own is any lines, "…" within one any text; a line that begins with a space
// goes on where the one above ended.
export function shows(output, text) {
  const whole = output.join("\n");
  return [whole, whole.replace(/\n +/g, "")].some((one) => {
    const lines = one === "" ? [] : one.split("\n").map((line) => (line === "..." ? "(?:.*\\n)*?" : `${quote(line).replaceAll("…", ".*")}\\n`));
    return new RegExp(`^${lines.join("")}$`).test(text);
  });
}

// The files of one section, the servers that they describe, and a shell for its commands.
export class Example {
  #files = {};
  #changed = false;

  static async start(environment) {
    const self = new Example();
    self.directory = temporaryDirectory();
    self.served = await serve(self.directory, { functionPort: 0, backendPort: 0 });
    self.ports = { 8080: await freePort(), 9901: await freePort(), 9000: self.served.backendPort, 9001: self.served.functionPort };
    self.environment = { ...environment, CURL_HOME: self.directory, PATH: `${path.dirname(program)}:${process.env.PATH}` };
    fs.writeFileSync(path.join(self.directory, ".curlrc"), "silent\nshow-error\nipv4\nnoproxy = *\n");
    return self;
  }

  async stop() {
    await this.gateway?.stop();
    this.served.stop();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  // Ports that the page tells stand for those of the run.
  #real(text) {
    return text.replace(/\blocalhost:(\d+)/g, (all, port) => (port in this.ports ? `localhost:${this.ports[port]}` : all));
  }
  #told(text) {
    for (const [told, real] of Object.entries(this.ports)) text = text.replace(new RegExp(`\\b${real}\\b`, "g"), told);
    return text;
  }

  // What the page leaves out, before what it shows, so that nothing follows an unfinished line.
  #complete(name, text) {
    if (name === "openapi.yaml" && !/^openapi:/m.test(text)) return `openapi: 3.0.1\ninfo: {title: example, version: "1"}\n${text}`;
    if (name !== "turnpike.yaml") return text;
    const own = {
      listeners: `[{name: local, address: 127.0.0.1, port: ${this.ports[8080]}}]`, admin: `{port: ${this.ports[9901]}}`,
      controlSocket: "control.sock", stateDirectory: ".", shutdown: "{delay: 0}",
    };
    return Object.entries(own).filter(([key]) => !new RegExp(`^${key}:`, "m").test(text)).map(([key, value]) => `${key}: ${value}\n`).join("") + text;
  }

  write({ file, added, text }) {
    this.#files[file] = added ? this.#files[file] + text : text;
    fs.mkdirSync(path.dirname(path.join(this.directory, file)), { recursive: true });
    fs.writeFileSync(path.join(this.directory, file), this.#real(this.#complete(file, this.#files[file])));
    this.#changed = true;
  }

  // The gateway has what the files say, or why not; a section may show that `turnpike check` refuses.
  async #refresh() {
    if (!this.#changed) return;
    this.#changed = false;
    if (!this.gateway) return this.#serve();
    const { code, stdout, stderr } = await run(["reload", "--config", "turnpike.yaml"], { cwd: this.directory });
    assert.equal(code, 0, `turnpike reload: ${stdout}${stderr}`);
  }

  async #serve() {
    const child = spawn(program, ["serve", "--config", "turnpike.yaml"], { cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    child.stderr.on("data", (piece) => fs.appendFileSync(path.join(this.directory, "gateway.log"), piece));
    this.gateway = new Gateway(this.directory, child, { port: this.ports[8080], adminPort: this.ports[9901] });
    await this.gateway.line(/\bready\b/);
  }

  // In a shell of its own, with the variables that earlier ones have set.
  async #execute(command) {
    const script = `[ -f .variables ] && . ./.variables; set -a\n${this.#real(command)}\nstatus=$?; export -p >.variables; exit $status`;
    const child = spawn("bash", ["-c", script], { cwd: this.directory, env: { ...process.env, ...this.environment }, stdio: ["ignore", "pipe", "pipe"] });
    const pieces = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => pieces.push(piece));
    await once(child, "close");
    return this.#told(Buffer.concat(pieces).toString().replaceAll("\r", ""));
  }

  async #print(command) {
    const printed = await this.#execute(command);
    return printed === "" || printed.endsWith("\n") ? printed : `${printed}\n`;
  }

  async perform({ line, command, output }) {
    if (!/^turnpike check\b/.test(command)) await this.#refresh();
    for (;;) {
      const from = this.gateway?.lines.length, printed = await this.#print(command);
      if (shows(output, printed)) return;
      if (!command.includes("gateway.log")) return assert.equal(printed, `${output.join("\n")}\n`, `line ${line}: ${command}`);
      await this.gateway.line(/./, { from }); // lines come after answers
    }
  }
}
