// The Lambda Invoke API: functions invoked by the AWS SDKs as they come from npm, by whoever may, and by
// requests that no SDK sends.
import * as lambda from "@aws-sdk/client-lambda";
import AWS from "aws-sdk";
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { send } from "./lib/client.mjs";
import { key, signed, thrown } from "./lib/connections.mjs";
import { freePort, startGateway } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw } from "./lib/raw.mjs";

const arn = (name) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
const allow = (Resource, Action = "lambda:InvokeFunction") => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });
const invoker = { ...key, userArn: "arn:aws:iam::123456789012:user/invoker", policy: allow("*") };
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

// Functions that a test steers: `gates` of those that wait until they are opened.
class Functions {
  gates = [];
  handlers = {
    echo: async (event, { headers, qualifier }) => ({ event, trace: headers["x-amzn-trace-id"], qualifier: qualifier ?? null }),
    nothing: async () => null,
    fails: async () => { throw new Error("the parrot is dead"); },
    waits: (event, call) => { call.pending = true; this.gates.push(() => call.reply(200, { "content-type": "application/json" }, JSON.stringify(event))); },
    alone: (event, call) => this.handlers.waits(event, call),
    slow: (event, call) => { call.pending = true; },
    text: async (event, call) => { call.reply(200, { "content-type": "text/plain", "x-amzn-RequestId": "of-the-endpoint" }, "hello"); },
    rests: async (event, call) => { call.reply(429, { "x-amzn-ErrorType": "TooManyRequestsException" }, '{"message":"Rate Exceeded."}'); },
  };
  constructor() { this.heard = new Set(); }
  async start() {
    this.lambda = await startLambda(Object.fromEntries(Object.entries(this.handlers).map(([name, fn]) => [name, (event, call) => {
      const result = fn(event, call);
      for (const check of [...this.heard]) check();
      return result;
    }])));
    return this;
  }
  of(name) { return this.lambda.calls.filter((call) => call.name === name && call.event !== undefined); }
  // Until the function was called so often.
  called(name, count) {
    return new Promise((resolve) => {
      const check = () => { if (this.of(name).length >= count) { this.heard.delete(check); resolve(this.of(name)); } };
      this.heard.add(check);
      check();
    });
  }
  open() { this.gates.shift()(); }
  stop() { return this.lambda.stop(); }
}

async function start({ invokeApi = {}, ...config } = {}) {
  const functions = await new Functions().start(), invokePort = await freePort(), closed = await freePort();
  const endpoint = functions.lambda.url;
  const gateway = await startGateway({
    config: {
      accountId: "123456789012",
      apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json" }],
      functions: {
        ...Object.fromEntries(Object.keys(functions.handlers).map((name) => [name, { endpoint }])),
        alone: { endpoint, maxConcurrency: 1, maxQueue: 1 }, slow: { endpoint, timeout: "300ms" },
        gone: { endpoint: `http://127.0.0.1:${closed}` },
      },
      invokeApi: { address: "127.0.0.1", port: invokePort, ...invokeApi },
      credentials: [invoker], ...config,
    },
    files: { "api.json": definition({ "GET /": "echo" }) },
  });
  Object.assign(gateway, { invokePort });
  return {
    gateway, functions,
    client: (options = {}) => new lambda.LambdaClient({
      endpoint: `http://127.0.0.1:${invokePort}`, region: "us-east-1", credentials: { ...key }, maxAttempts: 1,
      requestHandler: { httpAgent: new http.Agent({ keepAlive: false }) }, ...options,
    }),
    raw: (path, { method = "POST", body = "{}", headers = {} } = {}) =>
      send(gateway, method, path, { port: invokePort, body, headers: { ...headers, ...(body ? { "Content-Length": Buffer.byteLength(body) } : {}) } }),
    async stop() { await gateway.stop(gateway.exited ? "SIGKILL" : "SIGTERM"); await functions.stop(); },
  };
}

const text = (payload) => Buffer.from(payload ?? []).toString();
const invoke = (client, FunctionName, more = {}) => client.send(new lambda.InvokeCommand({ FunctionName, Payload: '{"a":1}', ...more }));

describe("the SDK", () => {
  let world, client;
  before(async () => { world = await start(); client = world.client(); });
  after(() => world?.stop());

  test("invokes a function by each form of its name", async () => {
    for (const [name, qualifier, more] of [
      ["echo", null], ["echo:live", "Qualifier=live"], [arn("echo"), null], [`${arn("echo")}:7`, "Qualifier=7"], ["123456789012:function:echo", null],
      ["function:echo", null], ["echo", "Qualifier=%24LATEST", { Qualifier: "$LATEST" }], ["echo:live", "Qualifier=live", { Qualifier: "live" }],
    ]) {
      const answer = await invoke(client, name, more);
      assert.deepEqual([answer.StatusCode, answer.ExecutedVersion, answer.FunctionError], [200, "$LATEST", undefined], name);
      const { event, qualifier: got, trace } = JSON.parse(text(answer.Payload));
      assert.deepEqual([event, got], [{ a: 1 }, qualifier], name);
      assert.match(trace, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    }
  });

  test("without a payload, and with no result", async () => {
    assert.deepEqual(JSON.parse(text((await invoke(client, "echo", { Payload: undefined })).Payload)).event, {});
    assert.equal(text((await invoke(client, "nothing")).Payload), "null");
  });

  test("a payload of 5 MiB", async () => {
    const payload = JSON.stringify("x".repeat(5 << 20));
    assert.equal(JSON.parse(text((await invoke(client, "echo", { Payload: payload })).Payload)).event.length, 5 << 20);
  });

  test("learns that a function failed", async () => {
    const answer = await invoke(client, "fails");
    assert.deepEqual([answer.StatusCode, answer.FunctionError], [200, "Unhandled"]);
    assert.deepEqual(JSON.parse(text(answer.Payload)), { errorType: "Error", errorMessage: "the parrot is dead", trace: [] });
  });

  test("learns that a function timed out", async () => {
    const answer = await invoke(client, "slow");
    assert.deepEqual([answer.StatusCode, answer.FunctionError], [200, "Unhandled"]);
    const { errorType, errorMessage } = JSON.parse(text(answer.Payload));
    assert.equal(errorType, "Sandbox.Timedout");
    assert.equal(errorMessage, `RequestId: ${answer.$metadata.requestId} Error: Task timed out after 0.30 seconds`);
  });

  test("an event, and a dry run", async () => {
    const before = world.functions.of("echo").length;
    const event = await invoke(client, "echo", { InvocationType: "Event", Payload: '{"kind":"event"}' });
    assert.deepEqual([event.StatusCode, event.ExecutedVersion, text(event.Payload)], [202, undefined, ""]);
    assert.match(event.$metadata.requestId, uuid);
    const calls = await world.functions.called("echo", before + 1);
    assert.deepEqual(calls.at(-1).event, { kind: "event" });

    const dry = await invoke(client, "echo", { InvocationType: "DryRun" });
    assert.equal(dry.StatusCode, 204);
    const async = await client.send(new lambda.InvokeAsyncCommand({ FunctionName: "echo", InvokeArgs: '{"kind":"async"}' }));
    assert.equal(async.Status, 202);
    assert.deepEqual((await world.functions.called("echo", before + 2)).at(-1).event, { kind: "async" });
    assert.equal(world.functions.of("echo").length, before + 2);
  });

  test("throws what it throws at AWS", async () => {
    const large = JSON.stringify("x".repeat(6291455)); // with its quotes, a byte more
    const cases = [
      ["no such function", "nobody", {}, lambda.ResourceNotFoundException, 404, `Function not found: ${arn("nobody")}:$LATEST`],
      ["another region", "arn:aws:lambda:eu-west-1:123456789012:function:echo", {}, lambda.ResourceNotFoundException, 404, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"],
      ["no JSON", "echo", { Payload: "oops" }, lambda.InvalidRequestContentException, 400, /^Could not parse request body into json: Could not parse payload into json: /],
      ["two qualifiers", "echo:live", { Qualifier: "test" }, lambda.InvalidParameterValueException, 400, "The derived qualifier from the function name does not match the specified qualifier."],
      ["too large", "echo", { Payload: large }, lambda.RequestTooLargeException, 413, "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"],
      ["an event that is too large", "echo", { InvocationType: "Event", Payload: JSON.stringify("x".repeat(1048575)) }, lambda.RequestTooLargeException, 413, /limit 1048576 bytes/],
      ["throttled by its endpoint", "rests", {}, lambda.TooManyRequestsException, 429, "Rate Exceeded."],
      ["nobody at the endpoint", "gone", {}, lambda.ServiceException, 502, "The function could not be invoked."],
    ];
    for (const [name, functionName, more, type, status, message] of cases) {
      const { error, status: got } = await thrown(invoke(client, functionName, more));
      assert.ok(error instanceof type, `${name}: ${error}`);
      assert.equal(got, status, name);
      if (message instanceof RegExp) assert.match(error.message, message, name);
      else assert.equal(error.message, message, name);
      assert.match(error.$metadata.requestId, uuid, name);
    }
    const throttled = (await thrown(invoke(client, "rests"))).error;
    assert.deepEqual([throttled.Reason, throttled.Type], ["ReservedFunctionConcurrentInvocationLimitExceeded", "User"]);
    assert.equal((await thrown(invoke(client, "to do"))).name, "ValidationException");
    const streamed = await thrown(client.send(new lambda.InvokeWithResponseStreamCommand({ FunctionName: "echo" })));
    assert.deepEqual([streamed.name, streamed.status], ["NotImplementedException", 501]);
  });

  test("is throttled where the function's queue is full", async () => {
    const first = invoke(client, "alone"), second = world.functions.called("alone", 1).then(() => invoke(client, "alone"));
    await world.functions.called("alone", 1);
    const third = thrown(invoke(client, "alone")), fourth = thrown(invoke(client, "alone"));
    const refused = await Promise.race([third, fourth]).catch(() => null);
    assert.ok(refused?.error instanceof lambda.TooManyRequestsException);
    for (let n = 1; n <= 2; n++) { await world.functions.called("alone", n); world.functions.open(); }
    assert.equal((await first).StatusCode, 200);
    await Promise.allSettled([second, third, fourth]);
  });

  test("version 2 as well", async () => {
    const old = new AWS.Lambda({ endpoint: `http://127.0.0.1:${world.gateway.invokePort}`, region: "us-east-1", credentials: { ...key }, maxRetries: 0 });
    const answer = await old.invoke({ FunctionName: arn("echo"), Payload: '{"a":2}', LogType: "Tail" }).promise();
    assert.deepEqual(JSON.parse(answer.Payload).event, { a: 2 });
    assert.equal((await thrown(old.invoke({ FunctionName: "nobody" }).promise())).name, "ResourceNotFoundException");
    assert.equal((await old.invokeAsync({ FunctionName: "echo", InvokeArgs: "{}" }).promise()).Status, 202);
  });
});

describe("who may invoke", () => {
  const keys = {
    one: { accessKeyId: "AKIAONE", secretAccessKey: "secret-one", policy: allow(arn("echo")) },
    alias: { accessKeyId: "AKIAALIAS", secretAccessKey: "secret-alias", policy: allow(arn("echo:*")) },
    pusher: { accessKeyId: "AKIAPUSHER", secretAccessKey: "secret-pusher" },
    caller: { accessKeyId: "AKIACALLER", secretAccessKey: "secret-caller", policy: allow("*", "execute-api:*") },
  };
  let world;
  before(async () => { world = await start({ credentials: [invoker, ...Object.values(keys)], development: true }); });
  after(() => world?.stop());
  const path = "/2015-03-31/functions/echo/invocations";
  const attempt = (name, key, more) => thrown(invoke(world.client({ credentials: { ...key } }), name, more)).then(({ name: error, status, error: { message } }) => [error, status, message]);

  test("whose policy allows it for the function", async () => {
    assert.equal((await invoke(world.client({ credentials: { ...keys.one } }), "echo")).StatusCode, 200);
    assert.equal((await invoke(world.client({ credentials: { ...keys.alias } }), "echo:live")).StatusCode, 200);
  });

  test("and nobody else", async () => {
    const denied = (name, user) => ["AccessDeniedException", 403, `User: ${user} is not authorized to perform: lambda:InvokeFunction on resource: ${name}`];
    const root = "arn:aws:iam::123456789012:root";
    assert.deepEqual(await attempt("nothing", keys.one), denied(arn("nothing"), root));
    assert.deepEqual(await attempt("nobody", keys.one), denied(arn("nobody"), root), "he is not told that there is none");
    assert.deepEqual(await attempt("echo", keys.one, { Qualifier: "live" }), denied(arn("echo:live"), root));
    assert.deepEqual(await attempt("echo", keys.alias), denied(arn("echo"), root));
    assert.deepEqual(await attempt("echo", keys.pusher), denied(arn("echo"), root), "who has no policy manages connections alone");
    assert.deepEqual(await attempt("echo", keys.caller, { InvocationType: "Event" }), denied(arn("echo"), root));
    assert.deepEqual(await attempt("echo", keys.caller, { InvocationType: "DryRun" }), denied(arn("echo"), root));
    assert.deepEqual((await attempt("echo", { ...key, secretAccessKey: "another" })).slice(0, 2), ["InvalidSignatureException", 403]);
    assert.deepEqual((await attempt("echo", { ...key, accessKeyId: "AKIANOBODY" })).slice(0, 2), ["UnrecognizedClientException", 403]);
    assert.deepEqual((await attempt("echo", { ...key, sessionToken: "x" })).slice(0, 2), ["UnrecognizedClientException", 403]);
  });

  test("with a signature for this service, body and all", async () => {
    const at = { port: world.gateway.invokePort };
    assert.equal((await signed(at, "POST", path, { body: "{}", service: "lambda" })).status, 200);
    for (const [name, options] of Object.entries({
      "another service": { service: "execute-api" }, "another region": { region: "eu-west-1" }, "an old one": { date: new Date(Date.now() - 3600e3) },
      "another body": { change: (request) => { request.body = '{"a":1}'; } },
      "another function": { change: (request) => { request.path = path.replace("echo", "nothing"); } },
    })) {
      const answer = await signed(at, "POST", path, { body: "{}", service: "lambda", ...options });
      assert.deepEqual([answer.status, answer.headers["x-amzn-errortype"]], [403, "InvalidSignatureException"], name);
      assert.ok(answer.headers["x-turnpike-reason"], name);
    }
    const plain = await world.raw(path);
    assert.deepEqual([plain.status, plain.headers["x-amzn-errortype"], plain.text], [403, "MissingAuthenticationTokenException", '{"message":"Missing Authentication Token"}']);
    assert.match(plain.headers["x-amzn-requestid"], uuid);
  });

  test("on its own listener alone, which serves nothing else", async () => {
    assert.equal((await send(world.gateway, "GET", "/")).status, 200);
    assert.equal((await send(world.gateway, "POST", path, { headers: { "Content-Length": 2 }, body: "{}" })).status, 404);
    const api = await world.raw("/", { method: "GET", body: "" });
    assert.deepEqual([api.status, api.headers["x-amzn-errortype"]], [404, "UnknownOperationException"]);
  });
});

describe("without signatures", () => {
  let world;
  before(async () => { world = await start({ invokeApi: { authorizationType: "NONE" } }); });
  after(() => world?.stop());
  const path = "/2015-03-31/functions/echo/invocations";

  test("anybody on this machine invokes, but no web page", async () => {
    const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    const answer = await world.raw(path, { body: '{"b":2}', headers: { "X-Amzn-Trace-Id": trace } });
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.text), { event: { b: 2 }, trace, qualifier: null });
    assert.equal(answer.headers["x-amzn-trace-id"], trace);
    assert.equal(answer.headers["x-amz-executed-version"], "$LATEST");
    const page = await world.raw(path, { headers: { Origin: "https://evil.example" } });
    assert.deepEqual([page.status, page.headers["x-amzn-errortype"]], [403, "ForbiddenException"]);
  });

  test("what an endpoint says of its answer is passed on", async () => {
    const answer = await world.raw("/2015-03-31/functions/text/invocations");
    assert.deepEqual([answer.text, answer.headers["content-type"], answer.headers["x-amzn-requestid"]], ["hello", "text/plain", "of-the-endpoint"]);
  });

  test("requests that no SDK sends", async () => {
    for (const [name, path, options, status, type] of [
      ["another method", "/2015-03-31/functions/echo/invocations", { method: "PUT" }, 405, "UnknownOperationException"],
      ["another path", "/2015-03-31/functions/", {}, 404, "UnknownOperationException"],
      ["a client context that is none", "/2015-03-31/functions/echo/invocations", { headers: { "X-Amz-Client-Context": "%%%" } }, 400, "InvalidRequestContentException"],
      ["a client context that is too long", "/2015-03-31/functions/echo/invocations", { headers: { "X-Amz-Client-Context": Buffer.from(`{"a":"${"x".repeat(2700)}"}`).toString("base64") } }, 400, "InvalidRequestContentException"],
      ["another type", "/2015-03-31/functions/echo/invocations", { headers: { "X-Amz-Invocation-Type": "Later" } }, 400, "InvalidParameterValueException"],
      ["another log type", "/2015-03-31/functions/echo/invocations", { headers: { "X-Amz-Log-Type": "Head" } }, 400, "ValidationException"],
    ]) {
      const answer = await world.raw(path, options);
      assert.deepEqual([answer.status, answer.headers["x-amzn-errortype"]], [status, type], name);
      assert.equal(answer.headers["content-type"], "application/json", name);
      assert.match(answer.headers["x-amzn-requestid"], uuid, name);
      assert.ok(JSON.parse(answer.text), name);
    }
  });

  test("a malformed head, and a body that does not come to its end", async () => {
    const head = await Raw.open(world.gateway.invokePort);
    head.send("POST / HTTP/1.1\r\nHost: a b\r\n\r\n");
    assert.match(await head.until(/\r\n\r\n.+\}$/s), /^HTTP\/1\.1 400 [\s\S]*x-amzn-ErrorType: InvalidRequestContentException/);
    const body = await Raw.open(world.gateway.invokePort);
    body.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`);
    assert.match(await body.until(/\r\n\r\n.+\}$/s), /^HTTP\/1\.1 400 [\s\S]*InvalidRequestContentException/);
  });

  test("a function goes on without its caller", async () => {
    const caller = await Raw.open(world.gateway.invokePort);
    caller.send("POST /2015-03-31/functions/waits/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    const [call] = await world.functions.called("waits", 1);
    caller.socket.destroy();
    let broken = false;
    call.request.socket.once("close", () => { broken = true; });
    assert.equal((await world.raw(path)).status, 200);
    assert.equal(broken, false);
    world.functions.open();
    assert.equal((await world.raw(path)).status, 200);
  });

  test("figures", async () => {
    assert.ok(await world.gateway.metric('turnpike_invoke_requests_total{function="echo",type="RequestResponse",code="200"}') >= 1);
    const unknown = 'turnpike_invoke_requests_total{function="",type="RequestResponse",code="404"}', before = (await world.gateway.metric(unknown)) ?? 0;
    await world.raw("/2015-03-31/functions/nobody/invocations");
    assert.equal(await world.gateway.metric(unknown), before + 1, "callers make no series");
  });
});

describe("its listener", () => {
  test("is opened, moved and closed by reloads", async () => {
    const world = await start({ invokeApi: { authorizationType: "NONE" } });
    try {
      const { gateway } = world, path = "/2015-03-31/functions/echo/invocations", other = await freePort();
      const config = JSON.parse(await (await import("node:fs/promises")).readFile(`${gateway.directory}/turnpike.yaml`, "utf8"));
      const at = (port) => send(gateway, "POST", path, { port, body: "{}", headers: { "Content-Length": 2 } }).then(({ status }) => status, ({ code }) => code);
      assert.equal(await at(gateway.invokePort), 200);
      assert.equal((await gateway.reload({ ...config, invokeApi: { ...config.invokeApi, port: other } })).code, 0);
      assert.deepEqual([await at(gateway.invokePort), await at(other)], ["ECONNREFUSED", 200]);
      assert.equal((await gateway.reload({ ...config, invokeApi: { port: other } })).code, 0);
      assert.equal(await at(other), 403, "it asks for signatures from now on");
      const { invokeApi, ...without } = config;
      assert.equal((await gateway.reload(without)).code, 0);
      assert.equal(await at(other), "ECONNREFUSED");
      assert.equal((await gateway.reload(config)).code, 0);
      assert.equal(await at(gateway.invokePort), 200);
    } finally { await world.stop(); }
  });
});

describe("events", () => {
  const path = "/2015-03-31/functions/alone/invocations", asEvent = { headers: { "X-Amz-Invocation-Type": "Event" } };

  test("wait for their turn beside those who wait for an answer", async () => {
    const world = await start({ invokeApi: { authorizationType: "NONE" } });
    try {
      for (let n = 0; n < 20; n++) assert.equal((await world.raw(path, { ...asEvent, body: `{"n":${n}}` })).status, 202);
      await world.functions.called("alone", 1);
      const waiting = world.raw(path, { body: '{"n":"now"}' });
      for (let n = 1; n <= 21; n++) { await world.functions.called("alone", n); world.functions.open(); }
      assert.equal((await waiting).status, 200);
      const order = world.functions.of("alone").map(({ event }) => event.n);
      assert.ok(order.indexOf("now") <= 3, `it was not before ${order}`);
      assert.deepEqual(order.filter((n) => n !== "now"), [...Array(20).keys()]);
    } finally { await world.stop(); }
  });

  test("are found anew after a reload, and dropped where their function is gone", async () => {
    const world = await start({ invokeApi: { authorizationType: "NONE" } });
    try {
      const { gateway } = world;
      const config = JSON.parse(await (await import("node:fs/promises")).readFile(`${gateway.directory}/turnpike.yaml`, "utf8"));
      for (let n = 0; n < 2; n++) assert.equal((await world.raw(path, asEvent)).status, 202);
      await world.functions.called("alone", 1);
      const { alone, ...functions } = config.functions;
      assert.equal((await gateway.reload({ ...config, functions })).code, 0);
      world.functions.open();
      await gateway.line(/an event of function 'alone' is given up: the function is not configured any longer/);
    } finally { await world.stop(); }
  });

  test("that a function works on are waited for at the end, and the rest are counted", async () => {
    const world = await start({ invokeApi: { authorizationType: "NONE" } });
    try {
      const { gateway } = world;
      assert.equal((await world.raw("/2015-03-31/functions/fails/invocations", asEvent)).status, 202);
      await world.functions.called("fails", 1);
      assert.equal((await world.raw(path, asEvent)).status, 202);
      await world.functions.called("alone", 1);
      gateway.child.kill("SIGTERM");
      await gateway.line(/draining/);
      assert.equal(gateway.exited, null);
      world.functions.open();
      await gateway.ended;
      assert.equal(gateway.exited.code, 0);
      assert.ok(gateway.lines.some((line) => /1 events of functions are lost/.test(line)), gateway.lines.join("\n"));
      assert.ok(!gateway.lines.some((line) => /drain time is over/.test(line)));
    } finally { await world.stop(); }
  });
});
