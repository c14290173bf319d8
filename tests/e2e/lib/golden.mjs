// Cases as data (tests/golden/README.md): what they need of gateways, and how one is run.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { startScriptedBackend } from "./golden-backend.mjs";
import { bodyOf, fieldsOf, readMessage, sameMessage } from "./golden-message.mjs";
import { fill, learn } from "./golden-placeholders.mjs";
import { freePort, startGateway } from "./gateway.mjs";
import { jwtScheme, startIssuer } from "./issuer.mjs";
import { invokeArn } from "./lambda.mjs";
import { Raw } from "./raw.mjs";

const FAR = 4102444800; // 2100: tokens that do not age

// What stands before `cases` in a file holds for each of them.
export function readCases(folder) {
  return fs.readdirSync(folder).filter((file) => file.endsWith(".json")).sort().flatMap((file) => {
    const { cases, ...shared } = JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));
    return cases.map((each) => ({ ...shared, ...each, file }));
  });
}

const MEMBERS = new Set(["file", "source", "name", "gateway", "api", "domain", "document", "routes", "request", "backend",
  "answer", "event", "members", "absent", "backendRequest", "calls", "log", "problems"]);

export function checkCase(each) {
  const unknown = Object.keys(each).filter((key) => !MEMBERS.has(key));
  assert.deepEqual(unknown, [], "members that the runner does not know");
  assert.ok(each.name && each.source, "a case has a name and a source");
  assert.ok(each.problems || each.answer !== undefined, "a case says what the client gets, or why it is refused when loaded");
}

const operation = ({ security, ...integration }) => ({
  responses: { default: { description: "whatever comes" } },
  ...(security ? { security } : {}),
  "x-amazon-apigateway-integration": {
    type: "aws_proxy",
    ...(!integration.type && !integration.uri && !integration.integrationSubtype ? { uri: invokeArn("golden"), httpMethod: "POST", payloadFormatVersion: "2.0" } : {}),
    ...integration,
  },
});

function documentOf({ document = {}, routes = { $default: {} } }, issuer) {
  const paths = {};
  for (const [key, integration] of Object.entries(document.paths ? {} : routes)) {
    const [method, at] = key === "$default" ? ["ANY", "/$default"] : key.split(" ");
    const word = method === "ANY" ? "x-amazon-apigateway-any-method" : method.toLowerCase();
    (paths[at] ??= {})[word] = { ...(key === "$default" ? { isDefaultRoute: true } : {}), ...operation(integration) };
  }
  const secured = JSON.stringify(routes).includes('"security"');
  return {
    openapi: "3.0.1", info: { title: "golden", version: "1" }, paths, ...document,
    components: { ...document.components, ...(secured ? { securitySchemes: { users: jwtScheme({ issuer }), ...document.components?.securitySchemes } } : {}) },
  };
}

// Each variable of `log` becomes a member of the access log's line.
function stagesOf({ api = {}, log }) {
  const stages = api.stages ?? [{ stageName: "$default" }];
  if (!log) return stages;
  const members = ["requestId", ...Object.keys(log)].map((name) => `"${name}":"$context.${name}"`);
  return stages.map((stage) => ({ ...stage, accessLogSettings: { destination: "stdout", format: `{${members.join(",")}}` } }));
}

// The APIs of all cases that can live in one gateway; cases with the same API share it.
export class Household {
  constructor(golden, keys) { Object.assign(this, { golden, keys, apis: new Map(), domains: new Map(), names: new Map() }); }

  // alone: its problems must not be another's.
  add(each, { alone = false } = {}) {
    const what = { ...each.api, stages: stagesOf(each), document: documentOf(each, this.golden.issuer.issuer) };
    const key = alone ? String(this.apis.size) : JSON.stringify(what);
    if (!this.apis.has(key)) this.apis.set(key, { apiId: `g${this.apis.size + 1}`, protocolType: "HTTP", ...what });
    const { apiId } = this.apis.get(key);
    if (!this.names.has(apiId)) this.names.set(apiId, `${each.file}, "${each.name}"`);
    if (each.domain) this.#map(each.domain, apiId);
    return { household: this, apiId };
  }

  #map({ domainName, stage = "$default", apiMappingKey = "" }, apiId) {
    const mappings = this.domains.get(domainName) ?? [], other = mappings.find((mapping) => mapping.apiMappingKey === apiMappingKey);
    assert.ok(!other || (other.apiId === apiId && other.stage === stage), `${domainName} leads to another case's API already`);
    if (!other) mappings.push({ apiId, stage, apiMappingKey });
    this.domains.set(domainName, mappings);
  }

  configuration(bound) {
    const apis = [...this.apis.values()].map(({ document, ...api }) => ({ ...api, definition: `${api.apiId}.json` }));
    const domains = [...this.domains].map(([domainName, apiMappings]) => ({ domainName, apiMappings }));
    return fill({
      accountId: "123456789012",
      awsRegion: "us-east-1",
      throttling: { rateLimit: 1000000, burstLimit: 1000000 },
      functions: { golden: { endpoint: "http://<<backend>>", keepAliveTimeout: 60 } },
      issuers: [{ issuer: this.golden.issuer.issuer, jwksFile: "keys.json" }],
      apis, ...(domains.length ? { domains } : {}), ...this.keys,
    }, bound);
  }

  files(bound) {
    const keys = { keys: [...this.golden.issuer.keys.values()].map(({ jwk }) => jwk) };
    return Object.fromEntries([["keys.json", keys], ...[...this.apis.values()].map((api) => [`${api.apiId}.json`, fill(api.document, bound)])]);
  }

  // Once: where it fails, all its cases do, and say whose definition it was.
  start() {
    const { bound } = this.golden;
    this.gateway ??= startGateway({ config: ({ port, tlsPort }) => this.configuration({ ...bound, port, tlsPort }), files: this.files(bound) })
      .catch((error) => { throw new Error(error.message.replace(/\b(g\d+)\.json/g, (_, apiId) => this.names.get(apiId))); });
    return this.gateway;
  }

  async stop() {
    await (await this.gateway?.catch(() => null))?.stop();
  }
}

export class Golden {
  static async prepare(folder) {
    const self = new Golden();
    self.issuer = await (await startIssuer()).addKey("golden");
    self.backend = await startScriptedBackend();
    const many = Object.fromEntries([1, 10, 100].map((n) => [`k${n}`, "x".repeat(n * 1024)]));
    self.bound = { ...many, backend: `127.0.0.1:${self.backend.port}`, closed: `127.0.0.1:${await freePort()}`, issuer: self.issuer.issuer };
    self.households = new Map();
    self.homes = new Map();
    self.cases = readCases(folder);
    for (const each of self.cases) if (!each.problems) self.#house(each);
    return self;
  }

  #house(each) {
    const key = JSON.stringify(each.gateway ?? {});
    if (!this.households.has(key)) this.households.set(key, new Household(this, each.gateway ?? {}));
    this.homes.set(each, this.households.get(key).add(each));
  }

  async stop() {
    for (const household of this.households.values()) await household.stop();
    await this.backend.stop();
    await this.issuer.stop();
  }

  // The bytes of a case's request: raw, or built from fields, with what every request has.
  async #request(each, bound) {
    const request = each.request ?? {};
    if (request.token) bound.token = await this.issuer.token({ iat: undefined, exp: FAR, ...request.token });
    if (request.raw !== undefined) return Buffer.from(fill(request.raw, bound), "latin1");
    const fields = fieldsOf(fill(request.headers ?? {}, bound)), body = bodyOf(fill(request, bound));
    const has = (name) => fields.some(([each]) => each.toLowerCase() === name);
    if (!has("host")) fields.unshift(["Host", bound.host]);
    if (body.length > 0 && !has("content-length") && !has("transfer-encoding")) fields.push(["Content-Length", body.length]);
    const head = [`${request.method ?? "GET"} ${fill(request.target ?? "/", bound)} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)];
    return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]);
  }

  async run(each) {
    checkCase(each);
    const { household, apiId } = this.homes.get(each);
    const gateway = await household.start();
    const bound = { ...this.bound, apiId, port: String(gateway.port), host: `${apiId}.execute-api.us-east-1.amazonaws.com` };
    const script = this.backend.begin(fill(each.backend ?? { result: { statusCode: 200 } }, bound));
    const raw = await Raw.open(gateway.port);
    raw.socket.write(await this.#request(each, bound));
    try {
      const answer = await readMessage(raw, { head: (each.request?.method ?? "") === "HEAD" });
      await this.#compare(each, answer, script, bound, gateway);
    } finally {
      raw.close();
      script.end();
    }
  }

  async #compare(each, answer, script, bound, gateway) {
    const [call] = script.calls;
    learn(bound, answer, call);
    sameMessage(answer, typeof each.answer === "number" ? { status: each.answer } : fill(each.answer, bound), "the client's answer", bound);
    const expected = each.calls ?? (each.event || each.members || each.absent || each.backendRequest ? 1 : undefined);
    if (expected !== undefined) assert.equal(script.calls.length, expected, "calls of the backend");
    if (each.backendRequest) sameMessage(call, fill(each.backendRequest, bound), "the backend's request");
    if (each.event) sameEvent(call.bytes.toString(), fill(each.event, bound));
    const event = each.members || each.absent ? JSON.parse(call.bytes.toString()) : null;
    for (const [at, value] of Object.entries(fill(each.members ?? {}, bound))) assert.deepEqual(valueAt(event, at), value, `the event's ${at}`);
    for (const at of each.absent ?? []) assert.equal(valueAt(event, at), undefined, `the event's ${at}`);
    if (each.log) await sameLog(gateway, answer, fill(each.log, bound));
  }
}

const valueAt = (event, at) => at.split("/").reduce((value, name) => value?.[name], event);

// Once for a legible difference, and once for the bytes and the order of the keys.
function sameEvent(text, expected) {
  assert.equal(JSON.stringify(JSON.parse(text), null, 1), JSON.stringify(expected, null, 1), "the event");
  assert.equal(text, JSON.stringify(expected), "the event's bytes");
}

async function sameLog(gateway, answer, expected) {
  const id = answer.headers.find(([name]) => name === "apigw-requestid")[1];
  const line = JSON.parse(await gateway.line(new RegExp(`"requestId":"${id}"`), { list: gateway.stdout }));
  delete line.requestId;
  assert.deepEqual(line, expected, "the access log's line");
}
