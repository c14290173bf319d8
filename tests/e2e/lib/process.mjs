// What the operating system knows of the daemon, and its control socket.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { Gateway, freePort, program, temporaryDirectory } from "./gateway.mjs";

// Containers often have none.
export const hasIPv6 = Object.values(os.networkInterfaces()).flat().some(({ address }) => address === "::1");

// Asks the running daemon as `turnpike reload` and `turnpike status` do, without starting them.
export const ask = async (gateway, request) => (await pose(gateway, request))();

// The same in two steps: when it resolves, the kernel has the question; what it gives waits for the
// answer.
export async function pose(gateway, request) {
  const socket = net.connect(path.join(gateway.directory, "control.sock"));
  await once(socket, "connect");
  await new Promise((resolve) => socket.write(`${request}\n`, resolve));
  return async () => {
    let text = "";
    for await (const chunk of socket) text += chunk;
    return JSON.parse(text);
  };
}

// Runs any program to its end.
export async function capture(file, args, options = {}) {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let stdout = "", stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}

// Resident memory in KiB; null where a sanitizer's own memory would be counted.
export function residentKib(pid) {
  if (/libasan|libclang_rt/.test(fs.readFileSync(`/proc/${pid}/maps`, "utf8"))) return null;
  return Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}

// Counted in hundredths.
export function processorSeconds(pid) {
  const [user, system] = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).map(Number);
  return (user + system) / 100;
}

export const openDescriptors = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

// One request on a connection of its own, or of `agent`. Rejects where none can be made.
export function get(port, target, { agent = false, headers = {}, method = "GET", body, host = "127.0.0.1", ...more } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path: target, method, agent, headers, ...more }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

// Whether anybody listens.
export async function listens(port, host = "127.0.0.1") {
  const socket = net.connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally { socket.destroy(); }
}

// A port that somebody else has.
export async function takenPort(host = "127.0.0.1") {
  const server = net.createServer((socket) => { socket.on("error", () => {}).resume(); }).listen(0, host);
  await once(server, "listening");
  return { port: server.address().port, stop: async () => { server.close(); await once(server, "close"); } };
}

// Runs the daemon as systemd would: with a notification socket, a watchdog and inherited sockets
// (name -> port). `messages` are what systemd was told.
export async function startUnderSystemd({ config, files = {}, sockets = {}, watchdogUsec } = {}) {
  const directory = temporaryDirectory();
  const helper = path.join(directory, "systemd");
  execFileSync("cc", ["-o", helper, path.join(import.meta.dirname, "systemd.c")]);
  const adminPort = await freePort();
  for (const [name, content] of Object.entries({ "turnpike.yaml": { admin: { port: adminPort }, controlSocket: "control.sock", stateDirectory: ".", shutdown: { delay: 0, drainTimeout: 5 }, ...config }, ...files }))
    fs.writeFileSync(path.join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
  const args = [
    ...(watchdogUsec ? ["--watchdog", String(watchdogUsec)] : []),
    ...Object.entries(sockets).flatMap(([name, port]) => ["--listen", `${name}=${port}`]),
    path.join(directory, "notify.sock"), program, "serve", "--config", "turnpike.yaml",
  ];
  const child = spawn(helper, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  const gateway = new Gateway(directory, child, { adminPort });
  gateway.messages = gateway.stdout;
  gateway.pid = Number((await gateway.line(/^pid=/, { list: gateway.messages })).slice(4));
  gateway.kill = (signal) => process.kill(gateway.pid, signal);
  gateway.told = (pattern, from = 0) => gateway.line(pattern, { list: gateway.messages, from });
  return gateway;
}
