// Speed beside nginx and HAProxy: each server alone on core 0, the load (wrk) and the backend on
// core 1, the same request bytes, interleaved rounds, medians with quartiles. What counts is CPU
// time per request, read from the kernel's accounting of the server's threads.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const program = path.resolve(process.env.TURNPIKE ?? path.join(here, "../../build/turnpike"));
const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 3);
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "turnpike-bench-"));
const children = [];
process.on("exit", () => {
  for (const pid of children.flatMap((child) => family(child.pid))) try { process.kill(pid, "SIGKILL"); } catch { /* it has gone */ }
  fs.rmSync(directory, { recursive: true, force: true });
});

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function fill(name, values) {
  let text = fs.readFileSync(path.join(here, "peers", name), "utf8");
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`@${key}@`, value);
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
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nothing listens on ${port}`);
}

async function start(core, command, args, port, options = {}) {
  const child = spawn("taskset", ["-c", String(core), command, ...args], { stdio: ["ignore", "ignore", "inherit"], ...options });
  children.push(child);
  await reachable(port);
  return child.pid;
}

// A server's processes: nginx works in a child of the one that was started.
function family(pid) {
  let kids = "";
  try { kids = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim(); } catch { /* it has gone */ }
  return [pid, ...(kids ? kids.split(/\s+/).flatMap((kid) => family(Number(kid))) : [])];
}

const cpuNanoseconds = (pid) =>
  family(pid).flatMap((p) => fs.readdirSync(`/proc/${p}/task`).map((t) => Number(fs.readFileSync(`/proc/${p}/task/${t}/schedstat`, "utf8").split(" ")[0])))
    .reduce((a, b) => a + b, 0);
const residentBytes = (pid) => family(pid).map((p) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${p}/status`, "utf8"))[1]) * 1024).reduce((a, b) => a + b, 0);

async function load(url, headers, duration) {
  const args = ["-c", "1", "wrk", "-t1", "-c64", `-d${duration}s`, "--latency", ...headers.flatMap((h) => ["-H", h]), url];
  const wrk = spawn("taskset", args, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  wrk.stdout.on("data", (chunk) => (out += chunk));
  await once(wrk, "close");
  const unit = { us: 1e-3, ms: 1, s: 1e3 };
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(out);
  return {
    requests: Number(/(\d+) requests in/.exec(out)[1]),
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1] ?? 0),
    broken: Number(/Socket errors:.*read (\d+)/.exec(out)?.[1] ?? 0),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]),
    p99: Number(p99[1]) * unit[p99[2]],
  };
}

const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b), at = (sorted.length - 1) * q, low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
};

execFileSync(program, ["init", directory], { stdio: "ignore" });
const backendPort = await freePort(), nginxPort = await freePort(), haproxyPort = await freePort(), port = await freePort();
const arn = "arn:aws:lambda:us-east-1:123456789012:function:todo";
const integration = { type: "aws_proxy", httpMethod: "POST", uri: arn, payloadFormatVersion: "2.0" };
const operation = (extra = {}) => ({ get: { responses: {}, "x-amazon-apigateway-integration": integration, ...extra } });
const proxied = { get: { responses: {}, "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "GET", uri: `http://127.0.0.1:${backendPort}/todos/{id}` } } };
const paths = { "/proxied/{id}": proxied, "/todos/{id}": operation(), "/authorized/{id}": operation({ security: [{ users: ["todo/read"] }] }), "/429": operation() };
for (let i = Object.keys(paths).length; i < 300; i++) paths[`/filler/${i}/{id}`] = operation();
fs.writeFileSync(path.join(directory, "api.json"), JSON.stringify({
  openapi: "3.0.1", info: { title: "bench", version: "1" }, paths,
  components: { securitySchemes: { users: { type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": {
    type: "jwt", identitySource: "$request.header.Authorization", jwtConfiguration: { issuer: "https://dev.localhost", audience: ["bench"] } } } } },
}));
const config = path.join(directory, "bench.yaml");
fs.writeFileSync(config, JSON.stringify({
  listeners: [{ name: "local", address: "127.0.0.1", port }],
  stateDirectory: directory, throttling: { rateLimit: 1e9, burstLimit: 1e9 },
  apis: [{ apiId: "bench", protocolType: "HTTP", definition: "api.json",
    stages: [{ stageName: "$default", routeSettings: { "GET /429": { throttlingRateLimit: 0, throttlingBurstLimit: 0 } } }] }],
  functions: { todo: { endpoint: `http://127.0.0.1:${backendPort}`, maxConcurrency: 128 } },
  issuers: [{ issuer: "https://dev.localhost", signingKeyFile: "dev-key.pem" }],
}));
const token = execFileSync(program, ["token", "--config", config, "--issuer", "https://dev.localhost", "--aud", "bench", "--sub", "ann", "--scope", "todo/read todo/write"]).toString().trim();

await start(1, "nginx", ["-p", directory, "-c", fill("backend.conf", { PORT: backendPort, DIR: directory })], backendPort);
const nginx = await start(0, "nginx", ["-p", directory, "-c", fill("nginx.conf", { PORT: nginxPort, BACKEND: backendPort, DIR: directory })], nginxPort);
const haproxy = await start(0, "haproxy", ["-f", fill("haproxy.cfg", { PORT: haproxyPort, BACKEND: backendPort, KEY: path.join(directory, "dev-key.pub.pem") })], haproxyPort);
const started = process.hrtime.bigint();
const turnpike = await start(0, program, ["serve", "--config", config, "--log-level", "error"], port);
const ready = Number(process.hrtime.bigint() - started) / 1e6;
const idle = residentBytes(turnpike);

const browser = ["Accept: application/json", "Accept-Language: en-GB,en;q=0.8", "User-Agent: bench/1.0 (X11; Linux x86_64)", "Cookie: theme=dark; session=5f2c1a", "Referer: http://localhost/app", "X-Request-Source: bench"];
const bearer = [...browser, `Authorization: Bearer ${token}`];
const query = "?limit=20&after=6f1c&order=asc";
const at = (p, where) => `http://127.0.0.1:${p}${where}`;
const rows = [
  { name: "Lambda route, open", limit: null, us: [turnpike, at(port, "/todos/6f1c" + query), browser], peer: ["nginx proxy_pass", nginx, at(nginxPort, "/todos/6f1c" + query), browser] },
  { name: "HTTP_PROXY route", limit: 1.15, us: [turnpike, at(port, "/proxied/6f1c" + query), browser], peer: ["nginx proxy_pass", nginx, at(nginxPort, "/todos/6f1c" + query), browser] },
  { name: "Lambda route, authorized, beside nginx", limit: 1.5, us: [turnpike, at(port, "/authorized/6f1c" + query), bearer], peer: ["nginx proxy_pass", nginx, at(nginxPort, "/authorized/6f1c" + query), bearer] },
  { name: "Lambda route, authorized, beside HAProxy", limit: 0.7, us: [turnpike, at(port, "/authorized/6f1c" + query), bearer], peer: ["HAProxy jwt_verify", haproxy, at(haproxyPort, "/authorized/6f1c" + query), bearer] },
  { name: "401", limit: 1.2, refused: true, us: [turnpike, at(port, "/authorized/6f1c"), browser], peer: ["nginx return", nginx, at(nginxPort, "/401"), browser] },
  { name: "404", limit: 1.2, refused: true, us: [turnpike, at(port, "/404"), browser], peer: ["nginx return", nginx, at(nginxPort, "/404"), browser] },
  { name: "429", limit: 1.2, refused: true, us: [turnpike, at(port, "/429"), browser], peer: ["nginx return", nginx, at(nginxPort, "/429"), browser] },
].filter((row) => only.test(row.name));

async function measure([pid, url, headers], expectRefused) {
  const before = cpuNanoseconds(pid);
  const result = await load(url, headers, seconds);
  const cpu = (cpuNanoseconds(pid) - before) / 1e3 / result.requests;
  const wrong = expectRefused ? result.requests - result.refused : result.refused;
  if (wrong > result.requests / 1000 || result.broken > 0) throw new Error(`${url}: ${wrong} of ${result.requests} answers had the wrong status, ${result.broken} connections broke`);
  return { cpu, perSecond: result.perSecond, p99: result.p99 };
}

for (const row of rows) row.runs = { us: [], peer: [], ratio: [] };
for (const row of rows) { await load(row.us[1], row.us[2], 1); await load(row.peer[2], row.peer[3], 1); }
for (let round = 0; round < rounds; round++) {
  for (const row of rows) {
    const us = await measure(row.us, row.refused), peer = await measure(row.peer.slice(1), row.refused);
    row.runs.us.push(us); row.runs.peer.push(peer); row.runs.ratio.push(us.cpu / peer.cpu);
  }
}

const cell = (runs, key, digits) => {
  const values = runs.map((run) => run[key]);
  return `${quantile(values, 0.5).toFixed(digits)} [${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)}]`;
};
let missed = 0;
console.log(`${rounds} rounds of ${seconds} s, 64 connections; median [quartiles]\n`);
for (const row of rows) {
  const ratio = quantile(row.runs.ratio, 0.5), kept = row.limit === null || ratio <= row.limit;
  missed += !kept;
  console.log(`${row.name}: ${ratio.toFixed(2)} × ${row.peer[0]}${row.limit === null ? "" : ` (to reach: ${row.limit} ×${kept ? "" : ", MISSED"})`}`);
  for (const [who, runs] of [["turnpike", row.runs.us], [row.peer[0], row.runs.peer]])
    console.log(`  ${who.padEnd(20)} CPU µs/request ${cell(runs, "cpu", 2).padEnd(22)} requests/s ${cell(runs, "perSecond", 0).padEnd(24)} p99 ms ${cell(runs, "p99", 2)}`);
}

async function idleConnections(count) {
  const before = residentBytes(turnpike), sockets = [];
  for (let i = 0; i < count; i++) {
    const socket = net.connect(port, "127.0.0.1");
    sockets.push(socket);
    await once(socket, "connect");
    socket.write("GET /404 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
  }
  const bytes = (residentBytes(turnpike) - before) / count;
  for (const socket of sockets) socket.destroy();
  return bytes;
}
const perConnection = await idleConnections(5000);
const rest = [
  ["ready after exec, 300 routes", ready, 100, "ms"],
  ["resident when idle", idle / 1e6, 15, "MB"],
  ["an idle keep-alive connection", perConnection, 1024, "bytes"],
];
for (const [name, value, limit, unit] of rest) {
  missed += value > limit;
  console.log(`${name}: ${value.toFixed(unit === "bytes" ? 0 : 1)} ${unit} (to reach: ${limit}${value > limit ? ", MISSED" : ""})`);
}
process.exit(missed ? 1 : 0);
