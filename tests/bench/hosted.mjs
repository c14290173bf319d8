// Hosted functions: beside the same function behind the Invoke API, beside a process that nobody hosts,
// and beside serverless-offline. What is not about Node is measured with runtime_worker.c, whose own
// processor time is not counted.
import { execFileSync } from "node:child_process";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { cost, directory, figure, figureAbove, freePort, gatewayFamily, program, quantile, race, report, residentBytes, start, stop, tool, wanted, write } from "./lib.mjs";
import { wrk } from "./http.mjs";

const CONCURRENCY = 64, COLD = 100, WARM = 20;
const EARLY = 10_000, INVOCATIONS = 100_000, CRASH_EVERY = 100, CLIENTS = 32;
const peer = path.join(import.meta.dirname, "serverless-offline");
const runtime = path.join(import.meta.dirname, "../e2e/functions/node_modules/.bin/aws-lambda-ric");

// The cheapest function, on the core of the load and not on turnpike's.
const cheap = (process = {}) => ({ process: { command: ["taskset", "-c", "1", tool("runtime_worker")], workingDirectory: directory, ...process }, environment: { PATH: "/usr/bin:/bin" }, credentials: "none" });

// A gateway whose routes `ANY /NAME` lead to the functions (`crash` to the one that is there). more: other
// keys of its configuration.
async function serve(name, functions, { routes = Object.keys(functions), core = 0, ...more } = {}) {
  const port = await freePort();
  const arn = (fn) => `arn:aws:lambda:us-east-1:123456789012:function:${fn}`;
  const integration = (fn) => ({ type: "aws_proxy", httpMethod: "POST", uri: arn(fn), payloadFormatVersion: "2.0" });
  const paths = Object.fromEntries(routes.map((route) => [`/${route}`, { "x-amazon-apigateway-any-method": { responses: {}, "x-amazon-apigateway-integration": integration(route === "crash" ? "cheap" : route) } }]));
  write(`${name}.json`, JSON.stringify({ openapi: "3.0.1", info: { title: name, version: "1" }, paths }));
  const config = write(`${name}.yaml`, JSON.stringify({
    listeners: [{ name: "local", address: "127.0.0.1", port }], stateDirectory: directory, throttling: { rateLimit: 1e9, burstLimit: 1e9 },
    apis: [{ apiId: "bench", protocolType: "HTTP", definition: `${name}.json`, stages: [{ stageName: "$default" }] }], functions, ...more,
  }));
  return { port, pid: await start(core, program, ["serve", "--config", config, "--log-level", "error"], port) };
}

function get(agent, port, target) {
  return new Promise((resolve, reject) => {
    http.get({ agent, port, path: target }, (response) => response.resume().on("end", () => resolve(response.statusCode))).on("error", reject);
  });
}

async function load(url, duration) {
  const result = await wrk(url, [], duration);
  if (result.refused > result.count / 1000 || result.broken) throw new Error(`${url}: ${result.refused} of ${result.count} answers had the wrong status, ${result.broken} connections broke`);
  return result;
}

/* --- warm --- */

// Beside it, the same function hosted by another turnpike, which is asked by the Invoke API, and nginx in
// its place, which answers with less ado than any function.
async function warmRow(backendPort) {
  const many = { cheap: cheap({ concurrency: CONCURRENCY, minimum: CONCURRENCY }) }, invokePort = await freePort();
  const other = await serve("behind", many, { core: 1, invokeApi: { address: "127.0.0.1", port: invokePort, authorizationType: "NONE" } });
  const endpoint = (port, remoteName) => ({ endpoint: `http://127.0.0.1:${port}`, remoteName, maxConcurrency: CONCURRENCY });
  const hosted = await serve("warm", { ...many, behind: endpoint(invokePort, "cheap"), nginx: endpoint(backendPort, "todo") });
  const contestant = (name, route, limit) => ({ name, limit, run: (duration) => cost(hosted.pid, () => load(`http://127.0.0.1:${hosted.port}/${route}`, duration), gatewayFamily) });
  const row = { name: "hosted function, warm", unit: "invocation", contestants: [contestant("hosted", "cheap"), contestant("behind the Invoke API", "behind", 1.5), contestant("nginx behind the Invoke API", "nginx")] };
  return { row, end: async () => { await stop(hosted.pid); await stop(other.pid); } };
}

/* --- cold --- */

// Milliseconds that turnpike adds between the start of a process and its first question: of a first
// invocation, those of a warm one and those of a start by nobody taken off.
async function coldStart() {
  const functions = Object.fromEntries(Array.from({ length: COLD }, (_, i) => [`f${i}`, cheap({ command: [tool("runtime_worker")] })]));
  const { pid, port } = await serve("cold", functions), agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const cold = [], warm = [];
  const timed = async (list, target) => {
    const before = performance.now(), status = await get(agent, port, target);
    if (status !== 200) throw new Error(`${target}: ${status}`);
    list.push(performance.now() - before);
  };
  for (const name of Object.keys(functions)) {
    await timed(cold, `/${name}`);
    for (let i = 0; i < WARM; i++) await timed(warm, `/${name}`);
  }
  agent.destroy();
  await stop(pid);
  const alone = execFileSync("taskset", ["-c", "0", tool("runtime_worker"), "spawn", String(COLD)]);
  return quantile(cold, 0.5) - quantile(warm, 0.5) - Number(alone) / 1e3;
}

/* --- beside serverless-offline --- */

// Both have all cores but the load's.
const count = os.availableParallelism(), cores = count > 2 ? `0,2-${count - 1}` : "0";
const NODES = 2 * Math.max(1, count - 1);

async function nodeRow() {
  const env = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin` };
  const ours = await serve("node", { nothing: { process: { command: [runtime, "nothing.handler"], workingDirectory: peer, concurrency: NODES, minimum: NODES }, environment: env, credentials: "none", timeout: 30 } }, { core: cores });
  const port = await freePort(), lambdaPort = await freePort();
  const theirs = await start(cores, process.execPath, ["node_modules/serverless/bin/serverless.js", "offline", "start", "--httpPort", String(port), "--lambdaPort", String(lambdaPort)], port,
    { cwd: peer, stdio: ["ignore", "ignore", "ignore"], env: { ...process.env, SLS_TELEMETRY_DISABLED: "1", SLS_NOTIFICATIONS_MODE: "off" } });
  const contestant = (name, pid, at) => ({ name, run: (duration) => cost(pid, () => load(`http://127.0.0.1:${at}/nothing`, duration)) });
  const row = { name: "Node function that does nothing", unit: "request", contestants: [contestant("turnpike", ours.pid, ours.port), contestant("serverless-offline", theirs, port)] };
  return { row, end: async () => { await stop(ours.pid); await stop(theirs); } };
}

const middle = (row, contestant, key) => quantile(row.results[contestant].map((one) => one[key]), 0.5);

function compareNode(row) {
  return figureAbove("  requests a second, beside serverless-offline", middle(row, 0, "perSecond") / middle(row, 1, "perSecond"), 10, "×") +
    figure("  p99 of serverless-offline, beside ours", middle(row, 1, "p99") / middle(row, 0, "p99"), null, "×");
}

/* --- memory --- */

// Bytes by which the daemon has grown between so many invocations and ten times as many, one in a
// hundred of which ends its process.
async function growth() {
  const { pid, port } = await serve("crashes", { cheap: cheap({ concurrency: CLIENTS }) }, { routes: ["cheap", "crash"] }), agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  let sent = 0, early = 0;
  const client = async (until) => {
    while (sent < until) {
      const crashes = ++sent % CRASH_EVERY === 0, status = await get(agent, port, crashes ? "/crash" : "/cheap");
      if (status !== (crashes ? 500 : 200)) throw new Error(`an invocation that ${crashes ? "crashes" : "does not crash"}: ${status}`);
    }
  };
  for (const until of [EARLY, INVOCATIONS]) {
    await Promise.all(Array.from({ length: CLIENTS }, () => client(until)));
    if (until === EARLY) early = residentBytes(pid, [pid]);
  }
  const bytes = residentBytes(pid, [pid]) - early;
  agent.destroy();
  await stop(pid);
  return bytes;
}

// Returns how many figures missed what they are to reach.
export async function hostedPart(backendPort) {
  let missed = 0;
  for (const [name, make, more] of [["hosted function, warm", () => warmRow(backendPort), () => 0], ["Node function that does nothing", nodeRow, compareNode]].filter(([name]) => wanted(name))) {
    const { row, end } = await make();
    await race([row]);
    missed += report([row]) + more(row);
    await end();
  }
  for (const [name, measured, limit, unit] of [
    ["start of a hosted function, beyond its own", coldStart, 5, "ms"],
    [`daemon's growth from ${EARLY} to ${INVOCATIONS} invocations, 1 % crashes`, growth, 2 ** 20, "bytes"],
  ].filter(([name]) => wanted(name))) missed += figure(name, await measured(), limit, unit);
  return missed;
}
