// HTTP beside nginx and HAProxy. The load is wrk, which sends all of them the same bytes.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { cost, directory, figure, fill, freePort, program, race, report, residentBytes, run, start, wanted, write } from "./lib.mjs";

export async function wrk(url, headers, duration) {
  const child = run(1, "wrk", ["-t1", "-c64", `-d${duration}s`, "--latency", ...headers.flatMap((h) => ["-H", h]), url], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  await once(child, "close");
  const unit = { us: 1e-3, ms: 1, s: 1e3 };
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(out);
  return {
    count: Number(/(\d+) requests in/.exec(out)[1]),
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1] ?? 0),
    broken: Number(/Socket errors:.*read (\d+)/.exec(out)?.[1] ?? 0),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]),
    p99: Number(p99[1]) * unit[p99[2]],
  };
}

async function measure(pid, url, headers, expectRefused, duration) {
  const result = await cost(pid, () => wrk(url, headers, duration));
  const wrong = expectRefused ? result.count - result.refused : result.refused;
  if (wrong > result.count / 1000 || result.broken > 0) throw new Error(`${url}: ${wrong} of ${result.count} answers had the wrong status, ${result.broken} connections broke`);
  return result;
}

function writeConfiguration(port, backendPort) {
  const arn = "arn:aws:lambda:us-east-1:123456789012:function:todo";
  const integration = { type: "aws_proxy", httpMethod: "POST", uri: arn, payloadFormatVersion: "2.0" };
  const operation = (extra = {}) => ({ get: { responses: {}, "x-amazon-apigateway-integration": integration, ...extra } });
  const proxied = { get: { responses: {}, "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "GET", uri: `http://127.0.0.1:${backendPort}/todos/{id}` } } };
  const paths = { "/proxied/{id}": proxied, "/todos/{id}": operation(), "/authorized/{id}": operation({ security: [{ users: ["todo/read"] }] }), "/429": operation() };
  for (let i = Object.keys(paths).length; i < 300; i++) paths[`/filler/${i}/{id}`] = operation();
  write("api.json", JSON.stringify({
    openapi: "3.0.1", info: { title: "bench", version: "1" }, paths,
    components: { securitySchemes: { users: { type: "oauth2", flows: {}, "x-amazon-apigateway-authorizer": {
      type: "jwt", identitySource: "$request.header.Authorization", jwtConfiguration: { issuer: "https://dev.localhost", audience: ["bench"] } } } } },
  }));
  return write("http.yaml", JSON.stringify({
    listeners: [{ name: "local", address: "127.0.0.1", port }],
    stateDirectory: directory, throttling: { rateLimit: 1e9, burstLimit: 1e9 },
    apis: [{ apiId: "bench", protocolType: "HTTP", definition: "api.json",
      stages: [{ stageName: "$default", routeSettings: { "GET /429": { throttlingRateLimit: 0, throttlingBurstLimit: 0 } } }] }],
    functions: { todo: { endpoint: `http://127.0.0.1:${backendPort}`, maxConcurrency: 128 } },
    issuers: [{ issuer: "https://dev.localhost", signingKeyFile: "dev-key.pem" }],
  }));
}

async function idleConnections(pid, port, count) {
  const before = residentBytes(pid), sockets = [];
  for (let i = 0; i < count; i++) {
    const socket = net.connect(port, "127.0.0.1");
    sockets.push(socket);
    await once(socket, "connect");
    socket.write("GET /404 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
  }
  const bytes = (residentBytes(pid) - before) / count;
  for (const socket of sockets) socket.destroy();
  return bytes;
}

// Returns { missed, authorized }: how many figures missed what they are to reach, and the load of the
// authorized Lambda route, for others to compare themselves with.
export async function httpPart(backendPort) {
  const nginxPort = await freePort(), haproxyPort = await freePort(), port = await freePort();
  const config = writeConfiguration(port, backendPort);
  const token = execFileSync(program, ["token", "--config", config, "--issuer", "https://dev.localhost", "--aud", "bench", "--sub", "ann", "--scope", "todo/read todo/write"]).toString().trim();
  const nginx = await start(0, "nginx", ["-p", directory, "-c", fill("nginx.conf", { PORT: nginxPort, BACKEND: backendPort, DIR: directory })], nginxPort);
  const haproxy = await start(0, "haproxy", ["-f", fill("haproxy.cfg", { PORT: haproxyPort, BACKEND: backendPort, KEY: path.join(directory, "dev-key.pub.pem") })], haproxyPort);
  const started = process.hrtime.bigint();
  const turnpike = await start(0, program, ["serve", "--config", config, "--log-level", "error"], port);
  const ready = Number(process.hrtime.bigint() - started) / 1e6;
  const idle = residentBytes(turnpike);

  const browser = ["Accept: application/json", "Accept-Language: en-GB,en;q=0.8", "User-Agent: bench/1.0 (X11; Linux x86_64)", "Cookie: theme=dark; session=5f2c1a", "Referer: http://localhost/app", "X-Request-Source: bench"];
  const bearer = [...browser, `Authorization: Bearer ${token}`];
  const query = "?limit=20&after=6f1c&order=asc";
  const load = (name, pid, at, where, headers, refused) => ({ name, run: (duration) => measure(pid, `http://127.0.0.1:${at}${where}`, headers, refused, duration) });
  const ours = (where, headers, refused) => load("turnpike", turnpike, port, where, headers, refused);
  const theirs = (where, headers) => load("nginx proxy_pass", nginx, nginxPort, where, headers);
  const returned = (where) => load("nginx return", nginx, nginxPort, where, browser, true);
  const authorized = ours("/authorized/6f1c" + query, bearer);
  const rows = [
    { name: "Lambda route, open", contestants: [ours("/todos/6f1c" + query, browser), theirs("/todos/6f1c" + query, browser)] },
    { name: "HTTP_PROXY route", contestants: [ours("/proxied/6f1c" + query, browser), { ...theirs("/todos/6f1c" + query, browser), limit: 1.15 }] },
    { name: "Lambda route, authorized, beside nginx", contestants: [authorized, { ...theirs("/authorized/6f1c" + query, bearer), limit: 1.5 }] },
    { name: "Lambda route, authorized, beside HAProxy", contestants: [authorized, { ...load("HAProxy jwt_verify", haproxy, haproxyPort, "/authorized/6f1c" + query, bearer), limit: 0.7 }] },
    { name: "401", contestants: [ours("/authorized/6f1c", browser, true), { ...returned("/401"), limit: 1.2 }] },
    { name: "404", contestants: [ours("/404", browser, true), { ...returned("/404"), limit: 1.2 }] },
    { name: "429", contestants: [ours("/429", browser, true), { ...returned("/429"), limit: 1.2 }] },
  ].filter(wanted).map((row) => ({ unit: "request", ...row }));
  await race(rows);
  let missed = report(rows);
  const figures = [
    ["ready after exec, 300 routes", () => ready, 100, "ms"],
    ["resident when idle", () => idle / 1e6, 16, "MB"],
    ["an idle keep-alive connection", () => idleConnections(turnpike, port, 5000), 1024, "bytes"],
  ].filter(([name]) => wanted(name));
  for (const [name, measured, limit, unit] of figures) missed += figure(name, await measured(), limit, unit);
  return { missed, authorized };
}
