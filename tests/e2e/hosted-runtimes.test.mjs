// Real runtimes, and libraries that functions are written with, hosted as they come.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { test } from "./lib/bounded.mjs";
import { freePort, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { compileFunction, hosted, outcome, reason, ric, said, skipWithoutPython, withHosted } from "./lib/hosted.mjs";

const broken = '{"message":"Internal Server Error"}';
const failed = (why) => `The Lambda function returned the following error: ${why}. Check your Lambda function code and try again.`;
const trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1";

/* --- languages --- */

test("Python: a client of a few lines", skipWithoutPython, async () => {
  await withHosted({ py: hosted(["./runtime.py"]) }, async ({ gateway, call }) => {
    for (let i = 0; i < 20; i++) {
      const { python, request, path } = (await call("/py")).json();
      assert.deepEqual([python, path], ["3", "/py"]);
      await said(gateway, "py", new RegExp(`START RequestId: ${request}`));
    }
    await said(gateway, "py", /handled in Python/);
    assert.deepEqual(await outcome(gateway, "/py?fail"), [500, failed("no such thing as a Norwegian Blue")]);
    assert.equal((await call("/py")).status, 200);
  });
});

test("shell: a bootstrap with curl", async () => {
  await withHosted({ sh: hosted(["./bootstrap", "length"], { timeout: 10 }) }, async ({ gateway, call }) => {
    const short = (await call("/sh", { method: "POST", body: "x" })).json().length;
    const long = (await call("/sh", { method: "POST", body: "x".repeat(100_000), headers: { "content-type": "text/plain" } })).json().length;
    assert.ok(short > 300 && long > short + 99_000, `${short} ${long}`);
    await said(gateway, "sh", /handling [0-9a-f-]{36}/);
  });
});

let directory, program;
before(() => { directory = temporaryDirectory(); program = compileFunction(directory); });
after(() => fs.rmSync(directory, { recursive: true, force: true }));

test("C: libcurl", async () => {
  await withHosted({ c: hosted([program], {}, { concurrency: 2 }), fails: hosted([program, "fail"]) }, async ({ gateway, call }) => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => call(`/c?n=${n}`)));
    answers.forEach((answer, n) => assert.equal(answer.json().queryStringParameters.n, String(n)));
    assert.deepEqual(await outcome(gateway, "/fails"), [500, failed("C gave up")]);
  });
});

test("large events arrive whole in every language", async () => {
  const functions = { c: hosted([program], { timeout: 20 }), node: hosted(ric("basic.echo"), { timeout: 20 }) };
  await withHosted(functions, async ({ call }) => {
    const body = "0123456789abcdef".repeat(2 ** 17); // 2 MiB
    const post = { method: "POST", body, headers: { "content-type": "text/plain" } };
    assert.equal((await call("/c", post)).json().body, body);
    assert.equal((await call("/node", post)).json().event.body, body);
  });
});

test("Node without its native client", async () => {
  await withHosted({ js: hosted(ric("basic.any"), { environment: { AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "true" } }) }, async ({ call }) => {
    const first = (await call("/js")).json(), second = (await call("/js")).json();
    assert.deepEqual([first.pid, first.nth, second.nth], [second.pid, 1, 2]);
  });
});

// docs/examples/runtime.mjs, beside which there is nothing to install.
const plain = (handler) => ["node", "../../../docs/examples/runtime.mjs", handler];

test("Node with the client of the examples: event, context, environment, and again", async () => {
  await withHosted({ js: hosted(plain("basic.echo"), { memorySize: 256, timeout: 5 }) }, async ({ gateway, call }) => {
    const answer = await call("/js?name=%C3%A4", { headers: { "X-Amzn-Trace-Id": trace } });
    const { event, context, environment, pid } = answer.json(), { remaining, logStreamName, ...others } = context;
    assert.equal(event.queryStringParameters.name, "ä");
    assert.ok(remaining > 3000 && remaining <= 5000, `${remaining} ms`);
    assert.match(logStreamName, /\[\$LATEST\]/);
    assert.deepEqual(others, { awsRequestId: (await reason(gateway, answer)).requestId, functionName: "js", functionVersion: "$LATEST", memoryLimitInMB: "256",
      logGroupName: "/aws/lambda/js", invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:js" });
    assert.match(environment._X_AMZN_TRACE_ID, /^Root=1-3152b799-8954dae64eda91bc9a23a7e8;/);
    const second = (await call("/js", { method: "POST", body: "x".repeat(1_000_000), headers: { "content-type": "text/plain" } })).json();
    assert.deepEqual([second.pid, second.nth, second.event.body.length], [pid, 2, 1_000_000]);
    assert.doesNotMatch(second.environment._X_AMZN_TRACE_ID, /1-3152b799/);
  });
});

test("Node with the client of the examples: what fails is told, and the process goes on", async () => {
  const functions = { js: hosted(plain("basic.any"), { timeout: 10 }), quiet: hosted(plain("basic.nothing")) };
  await withHosted(functions, async ({ gateway, call }) => {
    const { pid } = (await call("/js")).json();
    for (const [what, why] of [["throws", "the parrot is dead"], ["throwsAtOnce", "before any promise"], ["rejects", "it is resting"]])
      assert.deepEqual(await outcome(gateway, `/js?do=${what}`), [500, failed(why)]);
    await said(gateway, "js", /TypeError: the parrot is dead/);
    assert.equal((await call("/js?do=large&bytes=7000000")).status, 500);
    assert.equal((await call("/js")).json().pid, pid);
    assert.match((await outcome(gateway, "/js?do=exits&status=3"))[1], /exit status 3/);
    assert.notEqual((await call("/js")).json().pid, pid);
    const nothing = await call("/quiet");
    assert.deepEqual([nothing.status, nothing.text], [200, "null"]);
  });
});

test("Node with the client of the examples: CommonJS, directories, and what cannot be loaded", async () => {
  const directory = temporaryDirectory();
  const at = (name) => hosted(["node", path.resolve("../../docs/examples/runtime.mjs"), name], { timeout: 10 }, { workingDirectory: directory });
  writeFiles(directory, {
    "old.cjs": "exports.handler = async () => 'old';", "late.cjs": "const own = { handler: async () => 'late' };\nmodule.exports = own;",
    "src/new.mjs": "export const run = () => 'new';", "typo.mjs": "export const handler = async ( => 1;",
  });
  const functions = { old: at("old.handler"), late: at("late.handler"), inner: at("src/new.run"), typo: at("typo.handler"), none: at("none.handler"), nobody: at("old.nobody"), bare: at("old") };
  try {
    await withHosted(functions, async ({ gateway, call }) => {
      assert.deepEqual([(await call("/old")).text, (await call("/late")).text, (await call("/inner")).text], ["old", "late", "new"]);
      for (const [name, why] of [["typo", /Unexpected token/], ["none", /Cannot find module .*none\.mjs/], ["nobody", /old exports no function 'nobody'/], ["bare", /FILE\.EXPORT, not 'old'/]]) {
        const [status, text] = await outcome(gateway, `/${name}`);
        assert.equal(status, 500);
        assert.match(text, why);
      }
      await said(gateway, "typo", /typo\.mjs:1/);
    });
  } finally { fs.rmSync(directory, { recursive: true, force: true }); }
});

/* --- response streaming --- */

test("a streamed response arrives as a whole", async () => {
  await withHosted({ plain: hosted(ric("stream.plain")), breaks: hosted(ric("stream.breaksOff")) }, async ({ gateway, call }) => {
    for (let i = 0; i < 5; i++) {
      const answer = await call("/plain");
      assert.deepEqual([answer.status, answer.text], [200, "one two three"]);
    }
    for (let i = 0; i < 2; i++) assert.deepEqual(await outcome(gateway, "/breaks"), [500, failed("the source ran dry")]);
  });
});

test("one with status, headers and cookies in front is an answer with these", async () => {
  await withHosted({ http: hosted(ric("stream.http")) }, async ({ call }) => {
    const answer = await call("/http");
    assert.deepEqual([answer.status, answer.text], [201, "row 0\nrow 1\nrow 2\n"]);
    assert.deepEqual([answer.headers["content-type"], answer.headers["x-streamed"]], ["text/csv", "yes"]);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2; Secure"]);
  });
});

/* --- Powertools --- */

test("Powertools: logger, tracer and metrics find what they look for", async () => {
  await withHosted({ shop: hosted(ric("powertools.handler"), { memorySize: 256, timeout: 10 }) }, async ({ gateway, call }) => {
    for (const cold of [true, false]) {
      const from = gateway.lines.length;
      const answer = await call("/shop?order=7", { headers: { "X-Amzn-Trace-Id": trace } });
      const told = answer.json(), log = await reason(gateway, answer);
      assert.deepEqual(told, { tracing: true, traceId: "1-3152b799-8954dae64eda91bc9a23a7e8", sampled: true, correlationId: answer.headers["apigw-requestid"],
        context: log.requestId, told: answer.headers["apigw-requestid"] });
      const [text] = await said(gateway, "shop", /\{"level":"INFO".*\}/, { from });
      const { timestamp, ...line } = JSON.parse(text);
      assert.ok(timestamp);
      assert.deepEqual(line, {
        level: "INFO", message: "an order", service: "shop", cold_start: cold, function_arn: "arn:aws:lambda:us-east-1:123456789012:function:shop",
        function_memory_size: "256", function_name: "shop", function_request_id: log.requestId, sampling_rate: 0,
        xray_trace_id: "1-3152b799-8954dae64eda91bc9a23a7e8", correlation_id: answer.headers["apigw-requestid"], order: "7",
      });
      const [emf] = await said(gateway, "shop", /\{"_aws".*"ordered":1.*\}/, { from }), metrics = JSON.parse(emf);
      assert.deepEqual(metrics._aws.CloudWatchMetrics, [{ Namespace: "shop", Dimensions: [["service"]], Metrics: [{ Name: "ordered", Unit: "Count" }] }]);
      assert.deepEqual([metrics.service, metrics.ordered], ["orders", 1]);
      const coldLine = gateway.lines.slice(from).find((one) => one.includes('"ColdStart":1'));
      assert.equal(coldLine !== undefined, cold);
      if (cold) assert.equal(JSON.parse(/\{"_aws".*\}/.exec(coldLine)[0]).function_name, "shop");
    }
  });
});

const formats = ["2.0", "1.0"];

for (const format of formats)
  test(`Powertools: the event handler's router, format ${format}`, async () => {
    await withHosted({ r: hosted(ric("router.handler"), { timeout: 10 }) }, async ({ call }) => {
      const found = await call("/shop/pets/rex?loud=yes");
      assert.deepEqual([found.status, found.json(), found.headers["x-handled-by"]], [200, { name: "rex", loud: "yes" }, "router"]);
      const posted = await call("/shop/pets", { method: "POST", body: '{"name":"ädi"}', headers: { "content-type": "application/json" } });
      assert.deepEqual([posted.status, posted.json(), posted.headers["set-cookie"]], [201, { got: { name: "ädi" } }, ["last=dog; Path=/"]]);
      const image = await call("/shop/image");
      assert.deepEqual([image.status, image.headers["content-type"], image.headers["content-length"]], [200, "image/png", "4"]);
      assert.deepEqual([(await call("/shop/broken")).status, (await call("/shop/missing")).status, (await call("/shop/nowhere")).status], [500, 404, 404]);
      assert.deepEqual((await call("/shop/missing")).json(), { statusCode: 404, error: "NotFoundError", message: "no such pet" });
    }, { routes: { "ANY /shop/{proxy+}": { function: "r", format } } });
  });

test("Powertools: the parser takes our events, and the handler's body", async () => {
  const functions = { event: hosted(ric("parsed.event"), { timeout: 10 }), body: hosted(ric("parsed.body"), { timeout: 10 }), envelope: hosted(ric("parsed.envelope"), { timeout: 10 }) };
  await withHosted(functions, async ({ gateway, call }) => {
    for (const target of ["/event", "/event?a=1&a=2"])
      for (const headers of [{}, { "user-agent": "x", cookie: "a=1; b=2" }]) {
        const answer = await call(target, { headers });
        assert.deepEqual([answer.status, answer.json()], [200, { method: "GET" }], answer.text);
      }
    const order = { method: "POST", headers: { "content-type": "application/json" } };
    for (const name of ["body", "envelope"]) {
      assert.deepEqual((await call(`/${name}`, { ...order, body: '{"item":"pet","count":2}' })).json(), { ordered: { item: "pet", count: 2 } });
      const refused = await call(`/${name}`, { ...order, body: '{"item":"pet","count":-2}' });
      assert.equal(refused.status, 500);
      assert.match((await reason(gateway, refused)).text, /expected number to be >0|Failed to parse/);
    }
  });
});

/* --- Express --- */

for (const format of formats)
  test(`Express through @vendia/serverless-express, format ${format}`, async () => {
    await withHosted({ web: hosted(ric("express-app.handler"), { timeout: 10 }) }, async ({ gateway, call }) => {
      const json = { "content-type": "application/json" };
      const hello = await call("/express/hello/%C3%A4nn?x=1&y=a%20b", { headers: { cookie: "theme=dark; s=1" } });
      assert.equal(hello.status, 200);
      assert.match(hello.headers["content-type"], /^application\/json/);
      const { ip, ...said } = hello.json();
      assert.deepEqual(said, { hello: "änn", query: { x: "1", y: "a b" }, cookie: "theme=dark; s=1", secure: said.secure });
      assert.equal(ip, "127.0.0.1");
      const echoed = await call("/express/echo", { method: "POST", body: '{"a":["ü",1]}', headers: json });
      assert.deepEqual([echoed.status, echoed.json()], [201, { body: { a: ["ü", 1] } }]);
      const bytes = Buffer.from([0, 1, 128, 255]);
      const reversed = await fetch(`${gateway.url}/express/bytes`, { method: "POST", body: bytes, headers: { "content-type": "application/octet-stream" } });
      assert.deepEqual(Buffer.from(await reversed.arrayBuffer()), Buffer.from([255, 128, 1, 0]));
      const image = await fetch(`${gateway.url}/express/image`);
      assert.deepEqual([image.headers.get("content-type"), Buffer.from(await image.arrayBuffer())], ["image/png", Buffer.from([137, 80, 78, 71, 0, 255])]);
      assert.deepEqual((await call("/express/cookies")).headers["set-cookie"], ["a=1; Path=/", "b=2; Path=/x; HttpOnly"]);
      const away = await call("/express/away");
      assert.deepEqual([away.status, away.headers.location], [302, "/express/hello/there"]);
      assert.deepEqual([(await call("/express/empty")).status, (await call("/express/empty")).text], [204, ""]);
      const context = await call("/express/context");
      assert.equal(context.json().requestId, context.headers["apigw-requestid"]);
      assert.deepEqual([(await call("/express/throws")).status, (await call("/express/throws")).json()], [500, { error: "sorry" }]);
      assert.deepEqual([(await call("/express/fails")).status, (await call("/express/fails")).json()], [418, { error: "teapot" }]);
      assert.equal((await call("/express/nowhere")).status, 404);
      assert.equal((await call("/express/hello/x", { method: "HEAD" })).text, "");
    }, { routes: { "ANY /{proxy+}": { function: "web", format } } });
  });

/* --- functions call functions --- */

test("an SDK client as it comes invokes other functions", async () => {
  const port = await freePort();
  const functions = { caller: hosted(ric("sdk.invoke"), { timeout: 10 }), callee: hosted(ric("basic.any")), self: hosted([program]), lone: hosted(ric("sdk.invoke"), { credentials: "none", timeout: 10 }) };
  await withHosted(functions, async ({ gateway, call }) => {
    const invoke = async (query, name = "caller") => (await call(`/${name}?${new URLSearchParams(query)}`)).json();
    const answer = await invoke({ name: "callee", payload: '{"queryStringParameters":{"do":"nothing"}}' });
    assert.deepEqual(answer, { status: 200, version: "$LATEST", payload: "null" });
    assert.deepEqual(JSON.parse((await invoke({ name: "self", payload: '{"a":1}' })).payload), { a: 1 });
    const failure = await invoke({ name: "arn:aws:lambda:us-east-1:123456789012:function:callee", payload: '{"queryStringParameters":{"do":"throws"}}' });
    assert.deepEqual([failure.status, failure.error, JSON.parse(failure.payload).errorMessage], [200, "Unhandled", "the parrot is dead"]);
    const tail = await invoke({ name: "callee", payload: '{"queryStringParameters":{"do":"logs"}}', log: "Tail" });
    assert.match(tail.log, /START RequestId: [\s\S]*first line[\s\S]*END RequestId: [\s\S]*REPORT RequestId: /);
    assert.equal((await invoke({ name: "callee", type: "Event", payload: '{"queryStringParameters":{"do":"sleeps","ms":"1","mark":"event"}}' })).status, 202);
    await said(gateway, "callee", /sleeping in \d+ event/);
    assert.equal((await invoke({ name: "callee", type: "DryRun" })).status, 204);
    assert.equal((await invoke({ name: "nobody" })).name, "ResourceNotFoundException");
    assert.equal((await invoke({ name: "callee" }, "lone")).name, "CredentialsProviderError");
  }, { config: { invokeApi: { address: "127.0.0.1", port } } });
});
