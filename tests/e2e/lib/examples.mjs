// The examples of docs/http-api.md, docs/websocket.md and docs/functions.md: their fenced blocks, and what runs them. The
// convention is told in a comment at the top of each page.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe } from "node:test";
import { test } from "./bounded.mjs";
import { Gateway, freePort, program, run, temporaryDirectory } from "./gateway.mjs";
import { PATIENCE, Terminal } from "./terminal.mjs";

const server = path.join(import.meta.dirname, "../../../docs/examples/http-api/serve.mjs");
const tools = path.join(import.meta.dirname, "../node_modules");

// [{ title, blocks: [{ line, file, added, text } or { line, commands }] }], one for each heading of
// the second level.
function readSections(page) {
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

// What talks with whoever typed it: lines that begin with "> " are typed too.
const isDialogue = (command) => command === "" || /^wscat /.test(command);

// A command "" is what is said next to a program that runs in the terminal already.
function finish({ line, info: [language, file, mark], lines }) {
  if (language !== "console") return { line, file, added: mark === "added", text: `${lines.join("\n")}\n` };
  const commands = [];
  for (const [index, text] of lines.entries()) {
    const last = commands.at(-1);
    if (text.startsWith("$ ")) commands.push({ line: line + index + 1, terminal: file, command: text.slice(2), output: [] });
    else if (!last) commands.push({ line: line + index + 1, terminal: file, command: "", output: [text] });
    else if (/^> /.test(text) && !isDialogue(last.command)) last.command += `\n${text.slice(2)}`;
    else last.output.push(text);
  }
  return { line, commands };
}

// What the gateway need not have the files for: it may be what they lack.
const isAlone = (command) => /^(turnpike check|chmod)\b/.test(command) || isPipInstall(command);

// Why a command cannot be tried here, or false: what not everybody has is not needed to test the rest.
function isMissing(command) {
  if (/^npm install /.test(command)) return "it is installed already";
  const answers = (file, ...args) => spawnSync(file, args, { encoding: "utf8" });
  if (/^python3 /.test(command) && answers("python3", "-c", "import boto3").status !== 0) return "there is no boto3";
  if (/^aws /.test(command) && answers("aws", "--version").status !== 0) return "there is no AWS CLI";
  // Older ones sign a path as it is sent, not as it is encoded.
  const [, major, minor] = /^curl (\d+)\.(\d+)/.exec(answers("curl", "--version").stdout) ?? [];
  if (/--aws-sigv4/.test(command) && major * 100 + Number(minor) < 814) return `curl ${major}.${minor} cannot sign such a path`;
  if (isPipInstall(command) && !canInstall(command.split(" ").at(-1))) return "pip cannot install it";
  return false;
}

const isPipInstall = (command) => /\bpip install /.test(command);

function canInstall(name) {
  const to = temporaryDirectory(), python = (...args) => spawnSync("python3", ["-m", ...args]).status === 0;
  const can = python("ensurepip", "--version") && python("pip", "download", "--retries", "0", "--timeout", "20", "-q", "-d", to, name);
  fs.rmSync(to, { recursive: true, force: true });
  return can;
}

const quote = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// A line that begins with a space goes on where the one above ended.
const unbroken = (output) => output.join("\n").replace(/\n +/g, "").split("\n");

// "..." on a line of its own is any lines, "…" within one any text.
const patternOf = (lines) =>
  lines.map((line) => (line === "..." ? "(?:.*\\n)*?" : `${quote(line).replaceAll("…", ".*")}\\n`)).join("");

const shows = (output, text) =>
  [output, unbroken(output)].some((lines) => new RegExp(`^${output.length ? patternOf(lines) : ""}$`).test(text));

// How many lines of the text are what was expected, or undefined.
const begins = (expected, text) => new RegExp(`^${patternOf(expected)}`).exec(text)?.[0].split("\n").length - 1;

// The functions and backends of a directory: their processes' ports, and `stop`.
async function serve(directory, environment) {
  const child = spawn(process.execPath, [server, ".", "0", "0"], { cwd: directory, env: { ...process.env, NODE_NO_WARNINGS: "1", ...environment }, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  const [functionPort, backendPort] = [...line.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  return { functionPort, backendPort, stop: async () => { child.kill(); await once(child, "close"); } };
}

// The files of one section, the servers that they describe, shells for its commands and terminals for
// its dialogues.
class Example {
  #files = {};
  #changed = false;
  #log;
  #terminals = new Map();

  // functions: the environment of functions, and of commands. secure: with what `turnpike init` makes.
  // packages: the node_modules of the directory.
  static async start({ functions = {}, secure = false, packages = tools } = {}) {
    const self = new Example();
    self.directory = temporaryDirectory();
    fs.symlinkSync(packages, path.join(self.directory, "node_modules"));
    if (secure) await run(["init", self.directory]);
    self.served = await serve(self.directory, functions);
    const { backendPort, functionPort } = self.served;
    self.ports = { 8080: await freePort(), 8443: await freePort(), 9901: await freePort(), 3001: await freePort(), 9000: backendPort, 9001: functionPort };
    self.environment = {
      ...functions, CURL_HOME: self.directory, NO_PROXY: "*", NODE_NO_WARNINGS: "1", PYTHONDONTWRITEBYTECODE: "1",
      PATH: [path.dirname(program), path.join(tools, ".bin"), process.env.PATH].join(":"),
    };
    fs.mkdirSync(path.join(self.directory, ".shell"));
    fs.writeFileSync(path.join(self.directory, ".curlrc"), "silent\nshow-error\nipv4\nnoproxy = *\n");
    return self;
  }

  async stop() {
    try {
      for (const terminal of this.#terminals.values()) await terminal.stop();
      await this.gateway?.stop();
      if (this.#log) fs.closeSync(this.#log);
    } finally {
      await this.served.stop();
      fs.rmSync(this.directory, { recursive: true, force: true });
    }
  }

  // Ports that the page tells stand for those of the run.
  #real(text) {
    return text.replace(/(\blocalhost:|\bport: )(\d+)/g, (all, before, port) => (port in this.ports ? `${before}${this.ports[port]}` : all));
  }
  #told(text) {
    for (const [told, real] of Object.entries(this.ports)) text = text.replace(new RegExp(`\\b${real}\\b`, "g"), told);
    return text;
  }

  // What the page leaves out, before what it shows, so that nothing follows an unfinished line.
  #complete(name, text) {
    const own = {
      "openapi.yaml": { openapi: "3.0.1", info: '{title: example, version: "1"}' },
      "websocket.yaml": { protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.action" },
      "turnpike.yaml": {
        listeners: `[{name: local, address: 127.0.0.1, port: ${this.ports[8080]}}]`, admin: `{port: ${this.ports[9901]}}`,
        controlSocket: "control.sock", stateDirectory: ".", shutdown: "{delay: 0}",
      },
    }[name];
    return Object.entries(own ?? {}).filter(([key]) => !new RegExp(`^${key}:`, "m").test(text)).map(([key, value]) => `${key}: ${value}\n`).join("") + text;
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
    this.#log = fs.openSync(path.join(this.directory, "gateway.log"), "a"); // kept open: closing it would be seen as a change of code
    child.stderr.on("data", (piece) => fs.writeSync(this.#log, piece));
    this.gateway = new Gateway(this.directory, child, { port: this.ports[8080], adminPort: this.ports[9901] });
    await this.gateway.line(/\bready\b/);
  }

  // In a shell of its own, with the variables that earlier ones have set.
  async #execute(command) {
    const script = `[ -f .shell/variables ] && . .shell/variables; set -a\n${this.#real(command)}\nstatus=$?; export -p >.shell/variables; exit $status`;
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

  // Lines of logs come after answers; what has not come for long is told as it is.
  async #printUntil({ line, command, output }) {
    const watcher = fs.watch(this.directory), late = AbortSignal.timeout(PATIENCE);
    for (let printed; !shows(output, (printed = await this.#print(command))); ) {
      if (late.aborted) assert.equal(printed, `${output.join("\n")}\n`, `line ${line}: ${command}`);
      await new Promise((resolve) => {
        late.addEventListener("abort", resolve);
        watcher.on("change", (event, name) => { if (command.includes(name)) resolve(); });
      });
    }
    watcher.close();
  }

  // One line after the other: what is said next depends on what came. Where nothing has come yet it
  // may still be on its way, and more than was expected is for the next block.
  async #converse({ line, terminal = line, command, output }) {
    if (command) await this.#open(terminal, command);
    const it = this.#terminals.get(terminal), expected = [];
    const said = () => it.lines.slice(it.heard).map((text) => `${this.#told(text)}\n`).join("");
    for (const text of unbroken(output)) {
      expected.push(text);
      if (text.startsWith("> ")) it.type(this.#real(text.slice(2)));
      if (text === "..." || text.startsWith("> ")) continue;
      await it.until(() => begins(expected, said()));
      if (!begins(expected, said())) assert.equal(said(), `${expected.join("\n")}\n`, `line ${line}: ${command}`);
    }
    await it.until(() => begins(expected, said()));
    it.heard += begins(expected, said());
    if (terminal === line) await this.#close(terminal);
  }

  async #open(name, command) {
    await this.#close(name);
    const script = `[ -f .shell/variables ] && . .shell/variables; ${this.#real(command)}`;
    this.#terminals.set(name, new Terminal(script, { cwd: this.directory, env: { ...process.env, ...this.environment } }));
  }

  async #close(name) {
    await this.#terminals.get(name)?.stop();
    this.#terminals.delete(name);
  }

  async perform(said) {
    const { line, command, output } = said;
    if (command === "") return this.#converse(said);
    if (!isAlone(command)) await this.#refresh();
    if (command === "turnpike serve &") return;
    if (isDialogue(command)) return this.#converse(said);
    if (/\w\.log\b/.test(command)) return this.#printUntil(said);
    const printed = await this.#print(command);
    if (!shows(output, printed)) assert.equal(printed, `${output.join("\n")}\n`, `line ${line}: ${command}`);
  }
}

// Every example of a page, as its reader would try it, section by section.
export function testPage(name, options) {
  const [common, ...sections] = readSections(path.join(import.meta.dirname, "../../../docs", name));
  for (const { title, blocks } of [common, ...sections]) {
    const inherited = blocks === common.blocks ? [] : common.blocks.filter(({ file }) => file);
    describe(title, { skip: blocks.length === 0 }, () => {
      let example;
      before(async () => {
        example = await Example.start(options);
        for (const block of inherited) example.write(block);
      });
      after(() => example?.stop());
      for (const block of blocks) {
        if (block.file) test(`line ${block.line}: ${block.file}`, () => example.write(block));
        let lost = false; // what is not here and what it would have written: the rest of its block
        for (const each of block.commands ?? []) {
          const skip = lost || isMissing(each.command);
          lost ||= (isPipInstall(each.command) || /^aws /.test(each.command)) && skip;
          test(`line ${each.line}: ${each.command}`, { skip }, () => example.perform(each));
        }
      }
    });
  }
}
