// Starts the real daemon on free ports with a configuration of the test's own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

export const program = path.resolve(process.env.TURNPIKE ?? "../../build/turnpike");

const given = new Set();

// A port that nobody listens at, and that was not given before.
export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}

export function temporaryDirectory() {
  return fs.mkdtempSync(path.join(os.tmpdir(), "turnpike-e2e-"));
}

export function writeFiles(directory, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 1));
  }
}

// Runs a command of the program to its end.
export async function run(args, options = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let stdout = "", stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}

export class Gateway {
  constructor(directory, child, ports) {
    Object.assign(this, { directory, child, ...ports, lines: [], stdout: [], exited: null });
    this.waiting = new Set();
    this.ended = once(child, "close").then(([code, signal]) => (this.exited = { code, signal }));
    const note = (list) => (line) => {
      list.push(line);
      for (const check of [...this.waiting]) check();
    };
    readline.createInterface({ input: child.stderr }).on("line", note(this.lines));
    readline.createInterface({ input: child.stdout }).on("line", note(this.stdout));
    this.ended.then(() => { for (const check of [...this.waiting]) check(); });
  }

  get url() { return `http://127.0.0.1:${this.port}`; }
  get tlsUrl() { return `https://localhost:${this.tlsPort}`; }

  // Waits until a line of the log (or of `list`) matches; `from` leaves earlier ones out.
  line(pattern, { from = 0, list = this.lines } = {}) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = list.slice(from).find((line) => pattern.test(line));
        if (found === undefined && !this.exited) return;
        this.waiting.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`it ended before ${pattern}:\n${this.lines.join("\n")}`));
      };
      this.waiting.add(check);
      check();
    });
  }

  write(files) { writeFiles(this.directory, files); }

  // Writes the configuration anew and has it loaded; resolves with what `turnpike reload` did.
  async reload(config) {
    if (config) this.write({ "turnpike.yaml": { ...base(this), ...config } });
    return run(["reload", "--config", "turnpike.yaml"], { cwd: this.directory });
  }

  async metrics() {
    return (await fetch(`http://127.0.0.1:${this.adminPort}/metrics`)).text();
  }

  async metric(name) {
    const line = (await this.metrics()).split("\n").find((l) => l.startsWith(`${name} `) || l.startsWith(`${name}{`));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
  }

  async status() {
    return JSON.parse((await run(["status", "--json", "--config", "turnpike.yaml"], { cwd: this.directory })).stdout);
  }

  // Asks until no client and no request is left (each question is an answer to wait for).
  async quiet() {
    while ((await this.metric("turnpike_connections")) !== 0 && !this.exited);
    for (let status; !this.exited && (status = await this.status()).exchanges + status.connections > 0;);
  }

  async stop(signal = "SIGTERM") {
    if (!this.exited) this.child.kill(signal);
    await this.ended;
    fs.rmSync(this.directory, { recursive: true, force: true });
    const report = this.lines.find((line) => /(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:|Assertion/.test(line));
    if (report) throw new Error(`the gateway misbehaved:\n${this.lines.slice(this.lines.indexOf(report) - 1).join("\n")}`);
    if (signal === "SIGTERM" && this.exited.code !== 0) throw new Error(`it ended with ${JSON.stringify(this.exited)}:\n${this.lines.join("\n")}`);
    return this.exited;
  }
}

// The parts of a configuration that every test needs; a test's own keys stand in their place.
function base({ port, adminPort }) {
  return {
    listeners: [{ name: "local", address: "127.0.0.1", port }],
    admin: { address: "127.0.0.1", port: adminPort },
    controlSocket: "control.sock",
    stateDirectory: ".",
    shutdown: { delay: 0, drainTimeout: 5 },
  };
}

// config: an object, or a function of the ports that gives one. files: name -> text or object.
// wrapper: a command that executes the rest of its arguments (prlimit, taskset).
export async function startGateway({ config = {}, files = {}, args = [], env = {}, wait = true, wrapper = [] } = {}) {
  const directory = temporaryDirectory();
  const ports = { port: await freePort(), tlsPort: await freePort(), adminPort: await freePort() };
  const own = typeof config === "function" ? config(ports) : config;
  writeFiles(directory, { "turnpike.yaml": { ...base(ports), ...own }, ...files });
  const [command, ...rest] = [...wrapper, program, "serve", "--config", "turnpike.yaml", ...args];
  const child = spawn(command, rest, {
    cwd: directory, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"],
  });
  const gateway = new Gateway(directory, child, ports);
  if (wait) await gateway.line(/\bready\b/);
  return gateway;
}
