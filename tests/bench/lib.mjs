// What the parts of the bench share: processes and what they cost, rounds, figures.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const build = path.resolve(here, "../..", process.env.BUILD ?? "build");
export const program = path.resolve(process.env.TURNPIKE ?? path.join(build, "turnpike"));
export const tool = (name) => path.join(build, "tests/bench", name);
export const rounds = Number(process.env.ROUNDS ?? 5);
export const seconds = Number(process.env.SECONDS ?? 3);
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
export const wanted = (row) => only.test(row.name ?? row);
export const directory = fs.mkdtempSync(path.join(os.tmpdir(), "turnpike-bench-"));
const children = new Set();
process.on("exit", () => {
  for (const pid of [...children].flatMap((child) => family(child.pid))) try { process.kill(pid, "SIGKILL"); } catch { /* it has gone */ }
  fs.rmSync(directory, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// A file of peers/ with its @NAME@ filled in, in the bench's directory; its path.
export function fill(name, values) {
  let text = fs.readFileSync(path.join(here, "peers", name), "utf8");
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`@${key}@`, value);
  return write(name, text);
}

export function write(name, text) {
  const file = path.join(directory, name);
  fs.writeFileSync(file, text);
  return file;
}

async function reachable(port) {
  for (let tries = 0; tries < 500; tries++) {
    const socket = net.connect(port, "127.0.0.1");
    const open = await Promise.race([once(socket, "connect").then(() => true), once(socket, "error").then(() => false)]).catch(() => false);
    socket.destroy();
    if (open) return;
    await pause(20);
  }
  throw new Error(`nothing listens on ${port}`);
}

export function run(core, command, args, options = {}) {
  const child = spawn("taskset", ["-c", String(core), command, ...args], { stdio: ["ignore", "ignore", "inherit"], ...options });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

// Starts a server on a core; its process when something listens on the port.
export async function start(core, command, args, port, options) {
  const child = run(core, command, args, options);
  await reachable(port);
  return child.pid;
}

export async function stop(pid) {
  const child = [...children].find((one) => one.pid === pid), gone = once(child, "exit");
  for (const one of family(pid)) try { process.kill(one, "SIGKILL"); } catch { /* it has gone */ }
  await gone;
}

// A server's processes: nginx works in a child of the one that was started, Pushpin is five of them.
function family(pid) {
  let kids = "";
  try { kids = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim(); } catch { /* it has gone */ }
  return [pid, ...(kids ? kids.split(/\s+/).flatMap((kid) => family(Number(kid))) : [])];
}

const sum = (values) => values.reduce((a, b) => a + b, 0);
export const cpuNanoseconds = (pid, pids = family(pid)) =>
  sum(pids.flatMap((p) => fs.readdirSync(`/proc/${p}/task`).map((t) => Number(fs.readFileSync(`/proc/${p}/task/${t}/schedstat`, "utf8").split(" ")[0]))));
export const residentBytes = (pid, pids = family(pid)) => sum(pids.map((p) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${p}/status`, "utf8"))[1]) * 1024));
// Of turnpike's processes those that run its own program, not its functions'.
export const gatewayFamily = (pid) => family(pid).filter((p) => fs.readlinkSync(`/proc/${p}/exe`) === fs.realpathSync(program));

// What a run of the load costs a server: `load` resolves with { count, perSecond, p99 }.
export async function cost(pid, load, members = family) {
  const pids = members(pid), before = cpuNanoseconds(pid, pids), result = await load();
  return { ...result, cpu: (cpuNanoseconds(pid, pids) - before) / 1e3 / result.count };
}

export const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b), at = (sorted.length - 1) * q, low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
};

// A row: { name, unit, contestants: [{ name, limit, run }] }. The first of them is held to `limit` times the
// CPU time of each of the others that has one. run(seconds) resolves with what cost() does.
export async function race(rows) {
  for (const row of rows) row.results = row.contestants.map(() => []);
  for (const row of rows) for (const one of row.contestants) await one.run(1);
  for (let round = 0; round < rounds; round++)
    for (const row of rows)
      for (const [i, one] of row.contestants.entries()) row.results[i].push(await one.run(seconds));
}

const cell = (runs, key, digits) => {
  const values = runs.map((one) => one[key]);
  if (values[0] === undefined) return "–";
  return `${quantile(values, 0.5).toFixed(digits)} [${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)}]`;
};

const verdict = (limit, unit, missed) => (limit == null ? "" : ` (to reach: ${limit}${unit}${missed ? ", MISSED" : ""})`);

// Prints the rows; returns how many ratios were missed.
export function report(rows) {
  let missed = 0;
  for (const { name, unit, contestants, results } of rows) {
    const ratios = contestants.slice(1).map((peer, i) => {
      const ratio = quantile(results[0].map((ours, round) => ours.cpu / results[i + 1][round].cpu), 0.5), over = peer.limit != null && ratio > peer.limit;
      missed += over;
      return `${ratio.toFixed(ratio < 0.1 ? 3 : 2)} × ${peer.name}${verdict(peer.limit, " ×", over)}`;
    });
    console.log(`${name}: ${ratios.join(", ")}`);
    for (const [i, one] of contestants.entries())
      console.log(`  ${one.name.padEnd(28)} CPU µs/${unit} ${cell(results[i], "cpu", 2).padEnd(22)} per s ${cell(results[i], "perSecond", 0).padEnd(24)} p99 ms ${cell(results[i], "p99", 2)}`);
  }
  return missed;
}

// A figure that is measured once; 1 where it misses its limit.
export function figure(name, value, limit, unit, missed = limit != null && value > limit) {
  console.log(`${name}: ${value.toFixed(unit === "bytes" ? 0 : 1)} ${unit}${verdict(limit, "", missed)}`);
  return missed ? 1 : 0;
}

// One that is to be so much or more.
export const figureAbove = (name, value, limit, unit) => figure(name, value, limit, unit, value < limit);
