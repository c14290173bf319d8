// Two thousand clients join, chat and vanish in every rude way there is, before functions that fail in
// every way there is, while backends push to the living and the dead and the configuration is read again
// and again. Afterwards nothing is left of it: each accepted handshake has had its $disconnect, once, and
// no refused one.
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { once } from "node:events";
import { before, test } from "node:test";
import { makeCertificate } from "./lib/certificates.mjs";
import { newSeed, seeded } from "./lib/chance.mjs";
import { websocketDefinition } from "./lib/chat.mjs";
import { startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { invokeArn, startLambda } from "./lib/lambda.mjs";
import { ask } from "./lib/process.mjs";
import { readMetrics } from "./lib/prometheus.mjs";
import { RawSocket, closeFrame, frame, handshakeText, opcodes } from "./lib/websocket.mjs";

const TOGETHER = 100, PUSHERS = 4, PATIENCE = 40_000;

let files;
before(() => {
  const directory = temporaryDirectory();
  makeCertificate(directory, "edge");
  files = Object.fromEntries(fs.readdirSync(directory).map((name) => [name, fs.readFileSync(`${directory}/${name}`, "utf8")]));
  fs.rmSync(directory, { recursive: true });
});

// A busy machine may need more than the 300 ms: whoever waits for a function is not to fail for that alone.
const integration = { integrationType: "AWS_PROXY", integrationUri: invokeArn("room"), timeoutInMillis: 3000 };
const hasty = { ...integration, timeoutInMillis: 300 };
const mock = {
  integrationType: "MOCK", requestTemplates: { $default: '{"statusCode": 200}' },
  integrationResponses: { $default: { responseTemplates: { $default: '{"you": "$context.connectionId", "said": $input.json(\'$.text\')}' } } },
};
const routes = {
  $connect: { integration }, $disconnect: { integration: { ...integration, timeoutInMillis: 29000 } }, $default: { integration, twoWay: true },
  say: { integration: hasty, twoWay: true }, tell: { integration }, mock: { integration: mock, twoWay: true },
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// --- the function ---

const failures = {
  throws() { throw new Error("the function is broken"); },
  malformed: (call) => call.reply(200, { "content-type": "application/json" }, "{\"statusCode\": 2"),
  strange: (call, chance) => call.reply(200, {}, chance.one(['"text"', "null", "[]", '{"statusCode":"abc"}', '{"statusCode":200,"body":{"a":1}}', '{"statusCode":101}', '{"body":"no status"}', "", "\u0000"])),
  failed: (call, chance) => call.reply(chance.one([400, 403, 404, 429, 500, 502, 503]), { "x-amzn-ErrorType": "ServiceException" }, '{"Message":"no"}'),
  never(call) { call.pending = true; },
  reset(call) { call.pending = true; call.request.socket.resetAndDestroy(); },
  closed(call) { call.pending = true; call.request.socket.destroy(); },
  cut(call) { call.pending = true; call.response.writeHead(200, { "content-length": 1000 }); call.response.write('{"statusCode":200,'); setImmediate(() => call.request.socket.destroy()); },
  async crawling(call) { call.pending = true; call.response.writeHead(200, {}); for (const c of '{"statusCode":200,"body":"slow"}') { call.response.write(c); await pause(2); } call.response.end(); },
};
const behaviours = { well: 60, late: 12, throws: 4, malformed: 4, strange: 5, failed: 5, never: 1, reset: 3, closed: 3, cut: 3, crawling: 2 };

const results = {
  $connect: (event, chance) => ({ statusCode: chance.happens(0.9) ? 200 : chance.one([400, 401, 403, 404, 500, 503, 299, 204, 301]), headers: chance.happens(0.3) ? { "Sec-WebSocket-Protocol": "b" } : {} }),
  $disconnect: () => ({ statusCode: 200 }),
  other: (event, chance) => ({ statusCode: 200, body: chance.happens(0.05) ? "x".repeat(1 + chance.below(140_000)) : event.body }),
};

// What the function has seen: connectionId -> { client, connects, disconnects } (request ids: a call may be
// sent again where the connection to the function broke).
class Witness {
  constructor() { this.connections = new Map(); this.ids = []; }

  of(event) {
    const id = event.requestContext.connectionId;
    if (!this.connections.has(id)) {
      this.connections.set(id, { connects: new Set(), disconnects: new Set() });
      this.ids.push(id);
    }
    return this.connections.get(id);
  }

  note(event) {
    const { eventType, requestId } = event.requestContext, seen = this.of(event);
    if (eventType === "CONNECT") seen.connects.add(requestId), seen.client = Number(event.queryStringParameters.n);
    if (eventType === "DISCONNECT") seen.disconnects.add(requestId), seen.code = event.requestContext.disconnectStatusCode;
  }
}

const startRoom = (witness, chance) => startLambda({
  async room(event, call) {
    witness.note(event);
    call.raw = call.request = null; // thousands of them are kept
    const route = event.requestContext.routeKey, way = chance.weighted(route === "$disconnect" ? { ...behaviours, never: 0 } : behaviours);
    if (way === "late") await pause(5 + chance.below(60));
    if (way === "well" || way === "late") return (results[route] ?? results.other)(event, chance);
    call.request = call.response.req;
    return failures[way](call, chance);
  },
});

// --- the clients ---

const text = (chance) => JSON.stringify({ action: chance.one(["say", "tell", "mock", "nobody", "$connect", "$disconnect", 7, null]), text: "é".repeat(chance.below(50)) });

const deeds = {
  speak: (ws, chance) => ws.sendText(text(chance)),
  burst: (ws, chance) => { for (let i = chance.below(40); i >= 0; i--) ws.sendText(text(chance)); },
  fragments: (ws, chance) => { ws.send(opcodes.text, '{"action":', { fin: false }).send(opcodes.ping, "in between"); ws.send(opcodes.continuation, '"say"}'); },
  long: (ws, chance) => { for (let i = 0; i < 4; i++) ws.send(i ? opcodes.continuation : opcodes.text, "y".repeat(1 + chance.below(32768)), { fin: i === 3 }); },
  ping: (ws, chance) => ws.send(opcodes.ping, "p".repeat(chance.below(126))),
  pong: (ws) => ws.send(opcodes.pong),
  empty: (ws) => ws.sendText(""),
  async dribble(ws, chance) { await ws.dribble(frame(opcodes.text, text(chance))); },
  async listen(ws) { await Promise.race([ws.frame(), pause(20)]); },
  async wait(ws, chance) { await pause(chance.below(30)); },
};

// The gateway has closed: some answer, some go, few leave it to the gateway's patience.
async function part(ws, chance) {
  const [code] = await ws.closed();
  if (code === 1006 || chance.happens(0.02)) return ws.ended();
  if (chance.happens(0.5)) return ws.destroy();
  ws.sendClose(code);
  return ws.ended();
}

const half = (chance) => frame(opcodes.text, "z".repeat(200)).subarray(0, 1 + chance.below(200));

const ends = {
  reset: (ws) => ws.reset(),
  fin: (ws) => ws.end(),
  destroy: (ws) => ws.destroy(),
  async politely(ws, chance) { ws.sendClose(chance.one([1000, 1001, 3000, 4321, 4999]), chance.one(["", "bye", "ü".repeat(61)])); await ws.closed(); await ws.ended(); },
  async silently(ws) { ws.send(opcodes.close); await ws.ended(); },
  async closeAndReset(ws) { ws.sendClose(1000); await ws.reset(); },
  closeAndGo: (ws) => { ws.sendClose(1000); ws.destroy(); },
  async closeAndTalk(ws, chance) { ws.sendClose(1001, "gone"); for (let i = 0; i < 3; i++) ws.sendText(text(chance)); await ws.ended(); },
  wrongCode(ws, chance) { ws.sendClose(chance.one([0, 999, 1004, 1005, 1006, 1015, 2999, 65535])); return part(ws, chance); },
  async inAFrame(ws, chance) { ws.write(half(chance)); await ws.reset(); },
  async finInAFrame(ws, chance) { ws.write(half(chance)); await ws.end(); },
  binary(ws, chance) { ws.send(opcodes.binary, "0101"); return part(ws, chance); },
  tooBig(ws, chance) { ws.send(opcodes.text, "x".repeat(32769)); return part(ws, chance); },
  noText(ws, chance) { ws.send(opcodes.text, Buffer.of(0x61, 0xff)); return part(ws, chance); },
  async unmasked(ws) { ws.send(opcodes.text, "hello", { masked: false }); await ws.end(); }, // libwebsockets takes it
  reserved(ws, chance) { ws.send(opcodes.text, "hello", { rsv: 1 + chance.below(7) }); return part(ws, chance); },
  opcode(ws, chance) { ws.send(chance.one([3, 7, 11, 15]), "hello"); return part(ws, chance); },
};

const wrongHandshakes = [
  { headers: { "Sec-WebSocket-Key": undefined } }, { headers: { "Sec-WebSocket-Version": "12" } }, { headers: { Upgrade: "h2c" } },
  { headers: { Connection: "keep-alive" } }, { method: "POST" }, { version: "1.0" }, { headers: { "Sec-WebSocket-Key": "c2hvcnQ=" } },
];

// How a client leaves while its handshake waits.
const departures = { reset: (ws) => ws.reset(), fin: (ws) => ws.raw.end(), destroy: (ws) => ws.destroy(), talkAndReset: (ws, chance) => { ws.sendText(text(chance)); return ws.reset(); } };

// One client's whole life; resolves with the status of its handshake, 0 where it did not wait for it.
async function live({ gateway, chance, number, done }) {
  const options = { secure: chance.happens(0.25), ...(chance.happens(0.05) ? chance.one(wrongHandshakes) : {}) };
  if (chance.happens(0.3)) options.headers = { ...options.headers, "Sec-WebSocket-Protocol": "a, b" };
  let rest = ""; // of a frame that the 101 divides: without it, what comes behind would be taken for its payload
  if (chance.happens(0.1)) {
    const last = chance.happens(0.3) ? closeFrame(1000, "early") : frame(opcodes.text, text(chance)), cut = 1 + chance.below(last.length);
    options.early = Buffer.concat([frame(opcodes.text, text(chance)), last.subarray(0, cut)]);
    rest = last.subarray(cut);
  }
  const ws = await RawSocket.start(gateway, `/prod?n=${number}`, options);
  const act = (acts) => { const name = chance.one(Object.keys(acts)); done.push(name); return acts[name](ws, chance); };
  if (chance.happens(0.12)) {
    if (chance.happens(0.7)) await pause(chance.below(40));
    await act(departures);
    await ws.ended();
    return 0;
  }
  await ws.opened();
  if (ws.status === 101) {
    ws.write(rest);
    for (let i = chance.below(7); i > 0 && !ws.raw.ended; i--) await act(deeds);
    await act(ends);
  } else {
    await ws.ended();
  }
  ws.destroy();
  return ws.status;
}

// The same, but nobody waits for ever.
async function liveInTime(world) {
  let timer;
  const done = [], late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`client ${world.number} is not let go: ${done.join(" ")}`)), PATIENCE);
  });
  try { return await Promise.race([live({ ...world, done }), late]); } finally { clearTimeout(timer); }
}

// --- the backends ---

const agent = new http.Agent({ keepAlive: true, maxSockets: PUSHERS });

async function manage(port, method, id, body) {
  const request = http.request({ port, host: "127.0.0.1", method, path: `/prod/@connections/${encodeURIComponent(id)}`, agent });
  request.end(body);
  const [response] = await once(request, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

const allowed = { POST: [200, 410, 429, 503], GET: [200, 410], DELETE: [204, 410] };

// Pushes until it is told that everybody has gone.
async function push({ gateway, witness, chance, over, statuses }) {
  for (let i = 0; !over.now; i++) {
    const recent = witness.ids.slice(chance.happens(0.7) ? -TOGETHER : 0);
    const id = recent.length && chance.happens(0.95) ? chance.one(recent) : "AAAAAAAAAAAAAAA=";
    const method = chance.weighted({ POST: 90, GET: 7, DELETE: 3 });
    const status = await manage(gateway.port, method, id, method === "POST" ? "p".repeat(chance.below(chance.happens(0.05) ? 131_073 : 200)) : undefined);
    if (id !== "AAAAAAAAAAAAAAA=" || method !== "POST") assert.ok(allowed[method].includes(status), `${method} was answered ${status}`);
    statuses[status] = (statuses[status] ?? 0) + 1;
    await pause(8);
  }
}

// A new snapshot now and then; the old ones go with their exchanges.
async function reload({ gateway, over }) {
  while (!over.now) {
    assert.ok((await ask(gateway, "reload")).reloaded);
    await pause(100);
  }
}

// --- all together ---

// How many come, and under which limits: the usual ones, and ones that bite.
const crowds = {
  "a crowd": { clients: 2000 },
  "a smaller one under narrow limits": {
    clients: 800, api: { binaryFrames: "deliver", serializeMessages: true, idleReset: "any" },
    limits: { websocketPingInterval: "50ms", websocketIdle: "200ms", websocketDuration: "400ms", websocketPendingBytes: 131072, bufferedBytes: 1048576, websocketMessagesInFlight: 2 },
  },
};

const configOf = (lambda, { limits, api }) => ({ port, tlsPort }) => ({
  listeners: [{ name: "local", address: "127.0.0.1", port }, { name: "tls", address: "127.0.0.1", port: tlsPort, tls: { certificate: "edge.pem", privateKey: "edge-key.pem" } }],
  apis: [{ apiId: "chat", definition: "chat.json", ...api, stages: [{ stageName: "prod", accessLogSettings: { destination: "access.log", format: "$context.eventType $context.connectionId $context.requestId $context.status $context.integrationErrorMessage" } }] }],
  functions: { room: { endpoint: lambda.url, maxConcurrency: 2000, maxQueue: 2000, timeout: 29, connectTimeout: 29 } },
  managementApi: { authorizationType: "NONE", listeners: ["local"] },
  throttling: { rateLimit: 1e6, burstLimit: 1e6 },
  limits: { websocketConnectRate: 1e6, ...limits },
});

async function liveAll(world, chance) {
  const statuses = [];
  let next = 0;
  const one = async () => {
    while (next < world.clients && !world.over.now) {
      const number = next++;
      const life = liveInTime({ ...world, chance: chance.fork(number), number });
      statuses[number] = await (world.forgiving ? life.catch(() => pause(5)) : life); // where nobody listens any more
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, one));
  return statuses;
}

const sum = (families, name, labels = {}) => (families.get(name)?.series ?? [])
  .filter((series) => Object.entries(labels).every(([key, value]) => series.labels[key] === value)).reduce((total, { value }) => total + value, 0);

// What each client has been told, against what the function has seen.
function compare(witness, statuses, accepted, logged) {
  const linesOf = (id) => logged.filter((line) => line.includes(id)).join("\n");
  const byClient = new Map([...witness.connections].map(([id, seen]) => [seen.client, { id, ...seen }]));
  let disconnects = 0;
  for (const [id, { client, connects, disconnects: ends, code }] of witness.connections) {
    assert.equal(connects.size, 1, `client ${client}, ${id}: $connect`);
    assert.ok(ends.size <= 1, `client ${client}, ${id}: ${ends.size} times $disconnect`);
    if (ends.size) assert.ok(code >= 1000 && code <= 65535, `client ${client}: closed with ${code}`);
    disconnects += ends.size;
  }
  statuses.forEach((status, client) => {
    const { id, disconnects } = byClient.get(client) ?? {}, count = disconnects?.size ?? 0;
    if (status === 101) assert.equal(count, 1, `client ${client} was accepted:\n${linesOf(id)}`);
    else if (status) assert.equal(count, 0, `client ${client} was refused with ${status}:\n${linesOf(id)}`);
  });
  assert.equal(disconnects, accepted, "a $disconnect for each 101");
}

async function survive(crowd) {
  const seed = newSeed();
  await seeded(seed, async (chance) => {
    const witness = new Witness(), over = { now: false }, pushed = {};
    const lambda = await startRoom(witness, chance.fork(1e6));
    const gateway = await startGateway({ config: configOf(lambda, crowd), files: { "chat.json": websocketDefinition(routes), ...files } });
    try {
      const world = { gateway, witness, over, statuses: pushed, clients: crowd.clients };
      const pushers = Array.from({ length: PUSHERS }, (_, i) => push({ ...world, chance: chance.fork(2e6 + i) }));
      const [statuses] = await Promise.all([liveAll(world, chance).finally(() => { over.now = true; }), ...pushers, reload(world)]);
      agent.destroy(); // its connections count, too
      await gateway.quiet();

      const families = readMetrics(await gateway.metrics()), status = await gateway.status();
      const accepted = sum(families, "turnpike_websocket_connects_total", { result: "ok" });
      assert.equal(gateway.exited, null);
      assert.equal(sum(families, "turnpike_websocket_connections"), 0);
      assert.equal(sum(families, "turnpike_websocket_disconnects_total"), accepted);
      assert.equal(sum(families, "turnpike_buffered_bytes"), 0);
      assert.deepEqual([status.connections, status.exchanges], [0, 0]);
      assert.ok(accepted > crowd.clients / 2, `only ${accepted} were accepted`);
      for (const wanted of [200, 410]) assert.ok(pushed[wanted] > 0, `no push was answered ${wanted}: ${JSON.stringify(pushed)}`);
      compare(witness, statuses, accepted, fs.readFileSync(`${gateway.directory}/access.log`, "utf8").split("\n"));
    } finally {
      over.now = true;
      agent.destroy();
      try { await gateway.stop(); } finally { await lambda.stop(); }
    }
  });
}

for (const [name, crowd] of Object.entries(crowds))
  test(`${name} that vanishes at random before functions that fail at random`, { timeout: 240_000 }, () => survive(crowd));

// Nobody is waited for longer than the drain time, or than until a second signal; whoever comes is turned
// away, whoever is told that a connection has ended is told once.
test("a gateway that ends in the midst of it", { timeout: 240_000 }, async () => {
  const seed = newSeed();
  await seeded(seed, async (chance) => {
    for (let round = 0; round < 4; round++) {
      const witness = new Witness(), over = { now: false };
      const lambda = await startRoom(witness, chance.fork(1e6 + round));
      const config = (ports) => ({ ...configOf(lambda, {})(ports), shutdown: { delay: 0, drainTimeout: 1 } });
      const gateway = await startGateway({ config, files: { "chat.json": websocketDefinition(routes), ...files } });
      try {
        const all = liveAll({ gateway, witness, over, clients: Infinity, forgiving: true }, chance.fork(round));
        await pause(300 + chance.below(1500));
        gateway.child.kill("SIGTERM");
        if (chance.happens(0.5)) {
          await pause(chance.below(500));
          gateway.child.kill("SIGTERM");
        }
        await gateway.ended;
        over.now = true;
        await all;
        assert.deepEqual(gateway.exited, { code: 0, signal: null });
        for (const [id, { disconnects }] of witness.connections) assert.ok(disconnects.size <= 1, `${id}: ${disconnects.size} times $disconnect`);
      } finally {
        over.now = true;
        try { await gateway.stop(); } finally { await lambda.stop(); }
      }
    }
  });
});
