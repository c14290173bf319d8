// WebSockets beside Pushpin, which makes HTTP requests of messages as we do, and nginx, which passes
// frames on. The load is websocket_load.c: a Node client would cost more than the servers.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { sign } from "./sign.mjs";
import { cost, cpuNanoseconds, directory, figure, fill, freePort, pause, program, race, report, residentBytes, run, start, stop, tool, wanted, write } from "./lib.mjs";

const ACTIVE = 64, HANDSHAKES = 5000, SUBSCRIBERS = 5000, IDLE = 10000, SECURE = 5000, WARM = 100;
// Where much more come and go at a time, Pushpin loses requests.
const HANDSHAKES_AT_ONCE = 64, PUSHPIN_HANDSHAKES = 500, PUSHPIN_AT_ONCE = 8;
const NGINX_IDLE = 9000; // two descriptors each, of the 20,000 that there may be
const message = JSON.stringify({ action: "talk", text: "".padEnd(73, "how much does this cost? ") }); // 100 bytes
const key = { accessKeyId: "AKIDBENCH", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

// The clients, and what they are told to do.
class Clients {
  static all = new Set();

  constructor(port, where, secure) {
    this.child = run(1, tool("websocket_load"), [String(port), where, ...(secure ? ["tls"] : [])], { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    Clients.all.add(this);
  }

  async tell(command) {
    this.child.stdin.write(`${command}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the clients gave up: ${command}`);
    return JSON.parse(value);
  }

  async work(command) {
    const result = await this.tell(command);
    return { ...result, perSecond: result.count / result.seconds };
  }

  end() { Clients.all.delete(this); return stop(this.child.pid); }
}

/* --- the servers --- */

const definition = {
  protocolType: "WEBSOCKET", name: "bench", routeSelectionExpression: "$request.body.action",
  integrations: { room: { integrationType: "AWS_PROXY", integrationUri: "chat" } },
  routes: {
    $connect: { integration: "room" },
    talk: { integration: "room", routeResponse: {} },
    who: { routeResponse: {}, integration: { integrationType: "MOCK", requestTemplates: { $default: '{"statusCode": 200}' },
      integrationResponses: { $default: { responseTemplates: { $default: "$context.connectionId" } } } } },
  },
};

async function startTurnpike(backendPort) {
  const port = await freePort(), tlsPort = await freePort(), name = `websocket-${port}`;
  write("websocket.json", JSON.stringify(definition));
  const config = write(`${name}.yaml`, JSON.stringify({
    listeners: [{ name: "local", address: "127.0.0.1", port }, { name: "secure", address: "127.0.0.1", port: tlsPort, tls: { certificate: "tls/fullchain.pem", privateKey: "tls/privkey.pem" } }],
    stateDirectory: name, throttling: { rateLimit: 1e9, burstLimit: 1e9 },
    limits: { connections: 20000, websocketConnectRate: 1e9 },
    apis: [{ apiId: "bench", protocolType: "WEBSOCKET", definition: "websocket.json", stages: [{ stageName: "prod" }] }],
    functions: { chat: { endpoint: `http://127.0.0.1:${backendPort}`, maxConcurrency: 128 } },
    credentials: [key],
  }));
  fs.mkdirSync(path.join(directory, name));
  const pid = await start(0, program, ["serve", "--config", config, "--log-level", "error"], port);
  return { name: "turnpike", pid, atOnce: HANDSHAKES_AT_ONCE, port, tlsPort, where: "/prod" };
}

async function startPushpin(backendPort) {
  const port = await freePort(), publishPort = await freePort();
  fs.mkdirSync(path.join(directory, "pushpin"), { recursive: true });
  write("routes", `* 127.0.0.1:${backendPort},over_http\n`);
  const config = fill("pushpin.conf", { PORT: port, PUBLISH: publishPort, DIR: directory });
  const pid = await start(0, "pushpin", ["--config", config], port);
  await pause(1000); // until its processes have found each other
  return { name: "Pushpin", pid, atOnce: PUSHPIN_AT_ONCE, port, publishPort, where: "/pushpin" };
}

async function startNginx(backendPort) {
  const port = await freePort(), tlsPort = await freePort(), echoPort = await freePort();
  await start(1, tool("websocket_echo"), [String(echoPort)], echoPort);
  const config = fill("nginx-websocket.conf", { PORT: port, TLS: tlsPort, BACKEND: echoPort, DIR: directory });
  const pid = await start(0, "nginx", ["-p", directory, "-c", config], port);
  return { name: "nginx proxy_pass", pid, atOnce: HANDSHAKES_AT_ONCE, port, tlsPort, where: "/" };
}

/* --- the rows --- */

async function connect(server, count, where = server.where) {
  const clients = new Clients(server.port, where);
  await clients.tell(`open ${count} ${server.atOnce}`);
  return clients;
}

async function talking(server, idle = 0, name = server.name) {
  const clients = await connect(server, ACTIVE + idle);
  return { name, run: (seconds) => cost(server.pid, () => clients.work(`talk ${ACTIVE} ${seconds} ${message}`)) };
}

// Until what the last run has left behind is done.
async function settle({ pid }) {
  for (let before = -1, now = cpuNanoseconds(pid), tries = 0; now - before > 2e6 && tries < 50; tries++) {
    before = now;
    await pause(100);
    now = cpuNanoseconds(pid);
  }
}

const handshakes = (server, count) => ({ name: server.name, async run() {
  const clients = new Clients(server.port, server.where), result = await cost(server.pid, () => clients.work(`open ${count} ${HANDSHAKES_AT_ONCE}`));
  await clients.end();
  await settle(server);
  return { ...result, p99: undefined };
} });

const requestText = (method, where, headers, body) =>
  `${method} ${where} HTTP/1.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}content-length: ${body.length}\r\n\r\n${body}\0`;

// What the SDK would send to each of the connections.
function pushRequests(server, ids) {
  return ids.map((id) => {
    const url = new URL(`http://127.0.0.1:${server.port}${server.where}/@connections/${encodeURIComponent(id)}`);
    return requestText("POST", url.pathname, sign({ method: "POST", url, body: Buffer.from(message), region: "us-east-1", credentials: key }), message);
  });
}

const publishRequest = (channel) =>
  requestText("POST", "/publish/", { host: "localhost" }, JSON.stringify({ items: [{ channel, formats: { "ws-message": { content: message } } }] }));

// requests() are sent until all that follows from them, `messages`, has come; again and again.
const posting = (server, clients, port, messages, requests) => ({ name: server.name, async run(seconds) {
  const file = write(`requests-${server.port}`, requests().join("")); // signed anew: signatures age
  return { ...await cost(server.pid, () => clients.work(`post ${port} ${file} ${ACTIVE} ${seconds} ${messages}`)), p99: undefined };
} });

async function pushing(server, count, times) {
  const clients = await connect(server, count), ids = await clients.tell('ask {"action":"who"}');
  return posting(server, clients, server.port, count * times, () => Array(times).fill(pushRequests(server, ids)).flat());
}

const channel = (number) => String(number).padStart(5, "0");

async function publishing(server, count, times) {
  const clients = await connect(server, count, "/subscribe?channel=#");
  return posting(server, clients, server.publishPort, count * times, () => Array(times).fill([...Array(count).keys()].map((i) => publishRequest(channel(i)))).flat());
}

async function fanningOut(server, count) {
  const clients = await connect(server, count, "/subscribe?channel=00000");
  return posting(server, clients, server.publishPort, count, () => [publishRequest(channel(0))]);
}

// Resident bytes for each of `count` connections more.
async function idleBytes(server, count, secure = false) {
  const clients = new Clients(secure ? server.tlsPort : server.port, server.where, secure);
  await clients.tell(`open ${WARM} ${server.atOnce}`);
  await pause(200);
  const before = residentBytes(server.pid);
  await clients.tell(`open ${count} ${server.atOnce}`);
  await pause(500);
  const bytes = (residentBytes(server.pid) - before) / count;
  await clients.end();
  return bytes;
}

const withFresh = async (starting, measure) => {
  const server = await starting, result = await measure(server);
  await stop(server.pid);
  return result;
};

// Contestants are made when their row's turn has come, as their connections cost memory.
const rows = (s, authorized) => [
  { name: "message, function, reply", unit: "message", contestants: async () => [await talking(s.turnpike),
    { ...await talking(s.pushpin), limit: 0.25 }, { ...authorized, name: "authorized Lambda request", limit: 2.2 }, await talking(s.nginx)] },
  { name: "push by @connections (Pushpin: publish to one)", unit: "push", contestants: async () => [await pushing(s.turnpike, ACTIVE, 50), await publishing(s.pushpin, ACTIVE, 5)] },
  { name: "fan-out to 5,000 (5,000 pushes; Pushpin: one publish)", unit: "delivery", contestants: async () => [await pushing(s.turnpike, SUBSCRIBERS, 1), await fanningOut(s.pushpin, SUBSCRIBERS)] },
  { name: "message beside 10,000 idle connections", unit: "message", contestants: async () => [
    await talking(s.turnpike, IDLE), { ...await talking(s.other, 10, "beside 10"), limit: 1.15 }] },
  { name: "handshake with $connect", unit: "handshake", contestants: async () => [handshakes(s.turnpike, HANDSHAKES), handshakes(s.pushpin, PUSHPIN_HANDSHAKES), handshakes(s.nginx, HANDSHAKES)] },
];

const figures = (backendPort) => {
  const bytes = (start, count, secure) => () => withFresh(start(backendPort), (server) => idleBytes(server, count, secure));
  return [
    ["an idle WebSocket of 10,000", bytes(startTurnpike, IDLE), 4096],
    ["an idle WebSocket under TLS of 5,000", bytes(startTurnpike, SECURE, true), 22528],
    ["an idle WebSocket of 9,000 through nginx", bytes(startNginx, NGINX_IDLE), null],
    ["an idle WebSocket under TLS of 5,000 through nginx", bytes(startNginx, SECURE, true), null],
    ["an idle WebSocket of 10,000 through Pushpin", bytes(startPushpin, IDLE), null],
  ].filter(([name]) => wanted(name));
};

async function compete(row, servers) {
  const contest = { ...row, contestants: await row.contestants() };
  await race([contest]);
  for (const clients of [...Clients.all]) await clients.end();
  for (const server of Object.values(servers)) await settle(server);
  return report([contest]);
}

// Returns how many figures missed what they are to reach. authorized: the contestant of the HTTP part.
export async function websocketPart(backendPort, authorized) {
  let missed = 0;
  const wantedRows = rows({}, authorized).filter(wanted);
  if (wantedRows.length) {
    const servers = { turnpike: await startTurnpike(backendPort), other: await startTurnpike(backendPort), pushpin: await startPushpin(backendPort), nginx: await startNginx(backendPort) };
    for (const row of rows(servers, authorized).filter(wanted)) missed += await compete(row, servers);
    for (const server of Object.values(servers)) await stop(server.pid);
  }
  for (const [name, measured, limit] of figures(backendPort)) missed += figure(name, await measured(), limit, "bytes");
  return missed;
}
