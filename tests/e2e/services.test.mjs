// Integrations with AWS services: the requests beside those of AWS's own SDK, real stand-ins, and
// what clients are told.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { decode } from "aws-query-decoder";
import kinesalite from "kinesalite";
import { createSqsServer } from "local-aws-sqs";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { freePort, run, startGateway, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { get } from "./lib/process.mjs";
import { credentials, document, sdk, startService } from "./lib/services.mjs";
import { demandSignature } from "./lib/sigv4.mjs";

const format = '{"status":"$context.status","service":"$context.integration.integrationStatus","integration":"$context.integration.status","id":"$context.integration.requestId","error":"$context.integrationErrorMessage","latency":"$context.integration.latency"}';

function start(routes, serviceEndpoints, more = {}) {
  const { stages = [{ stageName: "$default", stageVariables: { queue: "http://q/1/from-stage" } }], env, ...config } = more;
  return startGateway({
    env,
    config: {
      development: true, serviceEndpoints, ...config,
      apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json",
        stages: stages.map((stage) => ({ ...stage, accessLogSettings: { destination: "stdout", format } })) }],
    },
    files: { "api.json": document(routes) },
  });
}

async function withService(routes, name, answer, fn, more) {
  const service = await startService(answer);
  const gateway = await start(routes, { [name]: service.url, ...more?.serviceEndpoints }, more?.config);
  const ask = (target, { json, ...options } = {}) =>
    get(gateway.port, target, { method: "POST", ...options, ...(json ? { body: JSON.stringify(json), headers: { "Content-Type": "application/json", ...options.headers } } : {}) });
  try { await fn(ask, service, gateway); } finally { await gateway.stop(); await service.stop(); }
}

const unable = (name, source) => `Unable to resolve property ${name} from source ${source}`;
const broken = '{"message":"Internal Server Error"}', bad = '{"message":"Bad Request"}', unavailable = '{"message":"Service Unavailable"}';

const put = { "POST /": { integrationSubtype: "StepFunctions-StartExecution", requestParameters: { StateMachineArn: "arn:a", Input: "$request.body" } } };

// --- the SDK's view ---

// Every action with all its parameters: the text that the mapping yields, and the SDK's input. The SDK sends to the queue's URL.
const actions = (queueUrl) => [
  ["AppConfig-GetConfiguration", "appconfig", "getConfiguration", [
    ["Application", "my app/1"], ["Environment", "prod?x"], ["Configuration", "main#ü"], ["ClientId", "a b&c=d"], ["ClientConfigurationVersion", "3"]]],
  ["EventBridge-PutEvents", "events", "putEvents", [
    ["Detail", '{"a":"\\u00e9\\n","b":[1]}'], ["DetailType", 'say "hi"'], ["Source", "my.app"], ["EventBusName", "default"],
    ["Resources", '["arn:aws:a","arn:aws:b"]', ["arn:aws:a", "arn:aws:b"]], ["Time", "2020-03-04T19:03:58Z", new Date(1583348638000)], ["TraceHeader", "Root=1-63441c4a-abcdef012345678912345678"]],
    (input) => ({ Entries: [input] })],
  ["Kinesis-PutRecord", "kinesis", "putRecord", [
    ["Data", "J0hlbGxvLCBXb3JsZCEnCg==", Buffer.from("'Hello, World!'\n")], ["ExplicitHashKey", "0"], ["PartitionKey", "p/1"], ["SequenceNumberForOrdering", "49"], ["StreamName", "s"]]],
  ["SQS-DeleteMessage", "sqs", "deleteMessage", [["QueueUrl", queueUrl], ["ReceiptHandle", "AQEB+/=="]]],
  ["SQS-PurgeQueue", "sqs", "purgeQueue", [["QueueUrl", queueUrl]]],
  ["SQS-ReceiveMessage", "sqs", "receiveMessage", [
    ["QueueUrl", queueUrl], ["AttributeNames", '["All"]', ["All"]], ["MaxNumberOfMessages", "10", 10], ["MessageAttributeNames", "a,b.*", ["a", "b.*"]],
    ["ReceiveRequestAttemptId", "r"], ["VisibilityTimeout", "30", 30], ["WaitTimeSeconds", "1", 1]]],
  ["SQS-SendMessage", "sqs", "sendMessage", [
    ["QueueUrl", queueUrl], ["MessageBody", 'a&b=c+d %25 é "\n'], ["DelaySeconds", "5", 5],
    ["MessageAttributes", '{"n":{"DataType":"Number","StringValue":"7"},"b":{"DataType":"Binary","BinaryValue":"AAE="}}', { n: { DataType: "Number", StringValue: "7" }, b: { DataType: "Binary", BinaryValue: Buffer.from([0, 1]) } }],
    ["MessageSystemAttributes", '{"AWSTraceHeader":{"DataType":"String","StringValue":"Root=1"}}', { AWSTraceHeader: { DataType: "String", StringValue: "Root=1" } }],
    ["MessageDeduplicationId", "d"], ["MessageGroupId", "g"]]],
  ["StepFunctions-StartExecution", "states", "startExecution", [["StateMachineArn", "arn:aws:states:a"], ["Name", "n"], ["Input", '{"a":1}']]],
  ["StepFunctions-StartSyncExecution", "states", "startSyncExecution", [["StateMachineArn", "arn:aws:states:a"], ["Name", "n"], ["Input", '{"a":1}'], ["TraceHeader", "Root=1"]]],
  ["StepFunctions-StopExecution", "states", "stopExecution", [["ExecutionArn", "arn:aws:states:e"], ["Cause", "c"], ["Error", "e"]]],
];

const lowerFirst = (name) => name[0].toLowerCase() + name.slice(1);
const inputOf = (service, parameters, wrap = (input) => input) =>
  wrap(Object.fromEntries(parameters.map(([name, text, value]) => [service === "states" ? lowerFirst(name) : name, value ?? text])));

// The members of a form as the service's JSON protocol calls them, which is what the SDK sends to SQS today.
function membersOfForm(raw) {
  const { Action, Version, ...form } = decode(raw);
  const attributes = (list) => Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
  const plain = { DelaySeconds: Number, MaxNumberOfMessages: Number, VisibilityTimeout: Number, WaitTimeSeconds: Number };
  const members = {};
  for (const [name, value] of Object.entries(form)) {
    if (/^Message(System)?Attribute$/.test(name)) members[`${name}s`] = attributes(value);
    else if (/AttributeName$/.test(name)) members[`${name}s`] = value;
    else members[name] = plain[name]?.(value) ?? value;
  }
  return { Action, Version, members };
}

// "/a/b?x=1&y=2", its query in the order of names.
function sorted(url) {
  const [path, query = ""] = url.split("?");
  return [path, query.split("&").sort()];
}

test("every action with every parameter is what the SDK sends for the same input", async () => {
  const service = await startService();
  const all = actions(`${service.url}/1/a`);
  const routes = Object.fromEntries(all.map(([subtype, , , parameters]) => [`POST /${subtype}`, {
    integrationSubtype: subtype, requestParameters: Object.fromEntries(parameters.map(([name]) => [name, `$request.body.${name}`])),
  }]));
  const gateway = await start(routes, Object.fromEntries(["appconfig", "events", "kinesis", "sqs", "states"].map((name) => [name, service.url])));
  try {
    for (const [subtype, name, operation, parameters, wrap] of all) {
      const answer = await get(gateway.port, `/${subtype}`, { method: "POST", body: JSON.stringify(Object.fromEntries(parameters.map(([k, text]) => [k, text]))) });
      assert.equal(answer.status, 200, `${subtype}: ${answer.headers["x-turnpike-reason"]}`);
      const ours = service.calls.at(-1);
      await sdk(name, service.url)[operation](inputOf(name, parameters, wrap)).promise().catch(() => {}); // it may not like the answer
      const theirs = service.calls.at(-1);
      assert.notEqual(ours, theirs, `${subtype}: the SDK has sent something`);
      assert.equal(ours.method, theirs.method, subtype);
      assert.equal(ours.headers.authorization, undefined, "nobody said who signs");
      assert.match(ours.headers["x-amzn-trace-id"], /^Root=1-/);
      if (name === "sqs") {
        const { Action, Version, members } = membersOfForm(ours.raw);
        assert.equal(ours.headers["content-type"], "application/x-www-form-urlencoded");
        assert.equal(`AmazonSQS.${Action}`, theirs.headers["x-amz-target"]);
        assert.equal(Version, "2012-11-05");
        assert.deepEqual(members, JSON.parse(theirs.raw), subtype);
        continue;
      }
      assert.deepEqual(sorted(ours.url), sorted(theirs.url), subtype);
      assert.equal(ours.headers["x-amz-target"], theirs.headers["x-amz-target"], subtype);
      if (ours.method === "GET") {
        assert.equal(ours.raw, "");
        continue;
      }
      assert.equal(ours.headers["content-type"], theirs.headers["content-type"], subtype);
      assert.deepEqual(JSON.parse(ours.raw), JSON.parse(theirs.raw), subtype);
    }
  } finally { await gateway.stop(); await service.stop(); }
});

// --- real stand-ins ---

test("a queue: send, receive, delete, purge", async () => {
  const port = await freePort();
  const sqs = await createSqsServer({ port, hostname: "127.0.0.1", queues: [{ QueueName: "orders" }] });
  const queue = `http://127.0.0.1:${port}/123456789012/orders`;
  const gateway = await start({
    "POST /orders": { integrationSubtype: "SQS-SendMessage", requestParameters: { QueueUrl: queue, MessageBody: "$request.body",
      MessageAttributes: '{"agent": {"DataType": "String", "StringValue": "${request.header.user-agent}"}}' } },
    "GET /orders": { integrationSubtype: "SQS-ReceiveMessage", requestParameters: { QueueUrl: queue, MaxNumberOfMessages: 10, MessageAttributeNames: "All", VisibilityTimeout: "$request.querystring.hidden" } },
    "DELETE /orders/{receipt}": { integrationSubtype: "SQS-DeleteMessage", requestParameters: { QueueUrl: queue, ReceiptHandle: "$request.path.receipt" } },
    "DELETE /orders": { integrationSubtype: "SQS-PurgeQueue", requestParameters: { QueueUrl: queue } },
  }, { sqs: `http://127.0.0.1:${port}` });
  try {
    const body = '{"sku": "A&1", "note": "é + ü %"}';
    const receive = async () => (await get(gateway.port, "/orders?hidden=0")).text;
    const sent = await get(gateway.port, "/orders", { method: "POST", body, headers: { "User-Agent": "test/1 (a&b)" } });
    assert.equal(sent.status, 200, sent.headers["x-turnpike-reason"]);
    assert.match(sent.headers["content-type"], /^(text|application)\/xml/);
    assert.match(sent.text, /<SendMessageResponse[^>]*>[^]*<MessageId>[0-9a-f-]{36}<\/MessageId>/);

    const received = await receive();
    const unescape = (text) => text.replace(/&(quot|amp|lt|gt);/g, (all, name) => ({ quot: '"', amp: "&", lt: "<", gt: ">" })[name]);
    assert.equal(unescape(/<Body>([^]*?)<\/Body>/.exec(received)[1]), body);
    assert.match(unescape(received), /<Name>agent<\/Name>[^]*<StringValue>test\/1 \(a&b\)<\/StringValue>/);

    const receipt = unescape(/<ReceiptHandle>([^]*?)<\/ReceiptHandle>/.exec(received)[1]);
    const deleted = await get(gateway.port, `/orders/${encodeURIComponent(receipt)}`, { method: "DELETE" });
    assert.deepEqual([deleted.status, deleted.text.includes("DeleteMessageResponse")], [200, true]);
    assert.doesNotMatch(await receive(), /<Message>/);

    assert.equal((await get(gateway.port, "/orders", { method: "POST", body: "again", headers: { "User-Agent": "a" } })).status, 200);
    assert.match(await receive(), /<Body>again<\/Body>/);
    const purged = await get(gateway.port, "/orders", { method: "DELETE" }); // which takes up to a minute
    assert.deepEqual([purged.status, purged.text.includes("PurgeQueueResponse")], [200, true]);
  } finally { await gateway.stop(); await new Promise((resolve) => sqs.close(resolve)); }
});

test("a stream: a record arrives as it was; one for no stream is an error of the gateway's", async () => {
  const server = kinesalite({ createStreamMs: 0, updateStreamMs: 0 }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`, client = sdk("kinesis", url);
  // kinesalite wants to be signed for
  const gateway = await start({ "POST /{stream}": { integrationSubtype: "Kinesis-PutRecord", requestParameters: {
    StreamName: "$request.path.stream", Data: "$request.body.data", PartitionKey: "$request.body.key" } } }, { kinesis: { endpoint: url, signWith: credentials } });
  try {
    await client.createStream({ StreamName: "clicks", ShardCount: 1 }).promise();
    await client.waitFor("streamExists", { StreamName: "clicks", $waiter: { delay: 0.01 } }).promise();
    const put = await get(gateway.port, "/clicks", { method: "POST", body: JSON.stringify({ data: Buffer.from("héllo\n").toString("base64"), key: "k" }) });
    assert.equal(put.status, 200, put.headers["x-turnpike-reason"]);
    const { ShardId, SequenceNumber } = JSON.parse(put.text);
    const { ShardIterator } = await client.getShardIterator({ StreamName: "clicks", ShardId, ShardIteratorType: "TRIM_HORIZON" }).promise();
    const { Records } = await client.getRecords({ ShardIterator }).promise();
    assert.deepEqual(Records.map((r) => [r.Data.toString(), r.PartitionKey, r.SequenceNumber]), [["héllo\n", "k", SequenceNumber]]);

    const missing = await get(gateway.port, "/nothing", { method: "POST", body: JSON.stringify({ data: "AA==", key: "k" }) });
    assert.deepEqual([missing.status, missing.text], [500, broken]);
    assert.equal(missing.headers["x-turnpike-reason"], "Kinesis-PutRecord: kinesis answered 400 ResourceNotFoundException");
  } finally { await gateway.stop(); server.close(); }
});

// --- who signs ---

const temporary = { ...credentials, accessKeyId: "ASIAEXAMPLE", sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE//+==" };

// What AWS would say to a request that is not signed as its SDK signs it.
const demanding = (service, region, key) => {
  const refuse = demandSignature([key], { region, service });
  return async (call) => {
    const refused = await refuse(call);
    return refused ? [refused[0], { "x-amzn-ErrorType": refused[1] }, "{}"] : [200, {}, "{}"];
  };
};

test("every action is signed as the SDK signs it, in the region that is asked for", async () => {
  for (const [subtype, name, , parameters] of actions("http://q/1/a")) {
    for (const [region, key, requestParameters] of [["eu-central-1", credentials, {}], ["ap-south-1", temporary, { Region: "$request.header.x-region" }]]) {
      const routes = { "POST /": { integrationSubtype: subtype, requestParameters: { ...Object.fromEntries(parameters.map(([k]) => [k, `$request.body.${k}`])), ...requestParameters } } };
      const service = await startService(demanding(name, region, key));
      const gateway = await start(routes, { [name]: { endpoint: service.url, signWith: { ...key, region: "eu-central-1" } } });
      try {
        const json = Object.fromEntries(parameters.map(([k, text]) => [k, text]));
        const answer = await get(gateway.port, "/", { method: "POST", body: JSON.stringify(json), headers: { "X-Region": "ap-south-1" } });
        assert.equal(answer.status, 200, `${subtype} ${region}: ${answer.headers["x-turnpike-reason"]}`);
        assert.equal(service.calls[0].identity.accessKeyId, key.accessKeyId);
        for (const line of [...gateway.lines, ...gateway.stdout]) assert.ok(!line.includes(key.secretAccessKey) && !line.includes(temporary.sessionToken), line);
      } finally { await gateway.stop(); await service.stop(); }
    }
  }
});

test("a service over TLS, its certificate checked, credentials of the environment", async () => {
  const directory = temporaryDirectory();
  const { certificate, privateKey } = makeCertificate(directory, "service");
  const tls = { cert: fs.readFileSync(path.join(directory, certificate)), key: fs.readFileSync(path.join(directory, privateKey)) };
  const service = await startService(demanding("states", "us-east-1", credentials), { tls });
  const env = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey, AWS_SESSION_TOKEN: "", AWS_REGION: "", AWS_DEFAULT_REGION: "" };
  const endpoints = { states: { endpoint: service.url.replace("127.0.0.1", "localhost"), signWith: "environment" } };
  try {
    for (const [trusted, want] of [[{ trustedCertificates: path.join(directory, certificate) }, 200], [{}, 503]]) {
      const gateway = await start(put, endpoints, { ...trusted, env });
      try {
        const answer = await get(gateway.port, "/", { method: "POST", body: "{}" });
        assert.equal(answer.status, want, answer.headers["x-turnpike-reason"]);
      } finally { await gateway.stop(); }
    }
  } finally { await service.stop(); fs.rmSync(directory, { recursive: true }); }
});

// --- what clients get ---

test("the service's answer: its status, body and fields, but for those of one hop", async () => {
  const body = '{"executionArn":"arn:e","startDate":1.726326538934E9}';
  await withService(put, "states", () => [200, { "content-type": "application/x-amz-json-1.0", "x-amzn-RequestId": "id-1", "x-amz-id-2": "two", connection: "close, x-hop", "x-hop": "1", "apigw-requestid": "mine" }, body],
    async (ask, service, gateway) => {
      const answer = await ask("/", { body: "{}" });
      assert.deepEqual([answer.status, answer.text], [200, body], "numbers are written as the service writes them");
      assert.equal(answer.headers["content-type"], "application/x-amz-json-1.0");
      assert.equal(answer.headers["x-amzn-requestid"], "id-1");
      assert.equal(answer.headers["x-amz-id-2"], "two");
      assert.equal(answer.headers["x-hop"], undefined);
      assert.notEqual(answer.headers["apigw-requestid"], "mine");
      const line = JSON.parse(await gateway.line(/arn|id-1/, { list: gateway.stdout }));
      assert.deepEqual({ ...line, latency: Number(line.latency) >= 0 }, { status: "200", service: "200", integration: "200", id: "id-1", error: "-", latency: true });
      assert.match(await gateway.metrics(), /turnpike_integration_duration_seconds_count\{[^}]*integration="service"[^}]*\} 1\b/);
    });
});

test("other answers of 2xx pass too, and bytes as they are", async () => {
  const routes = { "GET /{version}": { integrationSubtype: "AppConfig-GetConfiguration", requestParameters: { Application: "a", Environment: "e", Configuration: "c", ClientId: "$request.header.X-Client", ClientConfigurationVersion: "$request.path.version" } } };
  const bytes = Buffer.from([0, 255, 128, 10]);
  await withService(routes, "appconfig", (call) => (call.url.includes("client_configuration_version=2&") ? [204, { "configuration-version": "2" }] : [200, { "content-type": "image/png" }, bytes]),
    async (ask, service, gateway) => {
      const headers = { "X-Client": "me" };
      const same = await ask("/2", { method: "GET", headers });
      assert.deepEqual([same.status, same.text, same.headers["configuration-version"]], [204, "", "2"]);
      const image = await fetch(`${gateway.url}/1`, { headers });
      assert.deepEqual([image.status, image.headers.get("content-type"), Buffer.from(await image.arrayBuffer())], [200, "image/png", bytes]);
    });
});

test("an error of the service is 500, and says its type alone", async () => {
  const states = "StepFunctions-StartExecution: states answered";
  const cases = [
    [[400, { "content-type": "application/x-amz-json-1.0" }, '{"__type":"com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist","message":"State Machine Does Not Exist: arn:a"}'], `${states} 400 StateMachineDoesNotExist`],
    [[400, { "x-amzn-ErrorType": "ValidationException:http://internal/coral/" }, "{}"], `${states} 400 ValidationException`],
    [[403, {}, '{"__type":"InvalidSignatureException","message":"The Canonical String should have been x-amz-security-token:secret"}'], `${states} 403 InvalidSignatureException`],
    [[503, {}, "<html>"], `${states} 503`],
    [[500, {}, '{"__type":"two words"}'], `${states} 500`],
    [[500, {}, '{"__type":7}'], `${states} 500`],
    [[500, {}, '{"__type":"A"'], `${states} 500 A`],
    [[429, { "retry-after": "1" }, ""], `${states} 429`],
    [[301, { location: "http://elsewhere" }, ""], `${states} 301`],
  ];
  let answer;
  await withService(put, "states", () => answer, async (ask, service, gateway) => {
    for (const [said, reason] of cases) {
      answer = said;
      const got = await ask("/", { body: "{}" });
      assert.deepEqual([got.status, got.text, got.headers["content-type"], got.headers["x-turnpike-reason"]], [500, broken, "application/json", reason]);
      for (const name of ["retry-after", "location", "x-amzn-errortype"]) assert.equal(got.headers[name], undefined);
    }
    assert.equal(service.calls.length, cases.length, "none is asked twice");
    await gateway.line(/"error":"states answered 400 StateMachineDoesNotExist"/, { list: gateway.stdout });
    assert.doesNotMatch(gateway.lines.join(), /secret|Canonical/);
    assert.equal(await gateway.metric('turnpike_integration_errors_total{api="test",stage="$default",route="/",reason="status"}'), cases.length);
  });
  const queue = { "POST /": { integrationSubtype: "SQS-PurgeQueue", requestParameters: { QueueUrl: "q" } } };
  const xml = "<?xml version=\"1.0\"?><ErrorResponse><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>no</Message></Error></ErrorResponse>";
  await withService(queue, "sqs", () => [400, { "content-type": "text/xml" }, xml], async (ask) => {
    const got = await ask("/");
    assert.deepEqual([got.status, got.headers["x-turnpike-reason"]], [500, "SQS-PurgeQueue: sqs answered 400 AWS.SimpleQueueService.NonExistentQueue"]);
  });
});

test("nobody there, nothing said, something broken: 503; too much: 500", async () => {
  const routes = { ...put, "POST /slow": { ...put["POST /"], timeoutInMillis: 100 } };
  await withService(routes, "states", ({ response, raw }) => {
    if (raw.includes("break")) response.socket.destroy();
    if (raw.includes("flood")) response.end(Buffer.alloc(11 * 1024 * 1024));
  }, async (ask) => {
    const outcome = async (target, body) => { const { status, text, headers } = await ask(target, { body }); return [status, text, headers["x-turnpike-reason"].split(": ")[0]]; };
    assert.deepEqual(await outcome("/slow", "{}"), [503, unavailable, "StepFunctions-StartExecution"]);
    assert.deepEqual(await outcome("/", "break"), [503, unavailable, "StepFunctions-StartExecution"]);
    assert.deepEqual(await outcome("/", "flood"), [500, broken, "StepFunctions-StartExecution"]);
  });
  const gateway = await start(put, { states: `http://127.0.0.1:${await freePort()}` });
  try {
    const answer = await get(gateway.port, "/", { method: "POST", body: "{}" });
    assert.deepEqual([answer.status, answer.text], [503, unavailable]);
    assert.match(answer.headers["x-turnpike-reason"], /^StepFunctions-StartExecution: .*refused/);
  } finally { await gateway.stop(); }
});

test("a parameter without a value, or of the wrong kind: 400, and the service is not asked", async () => {
  const record = { integrationSubtype: "Kinesis-PutRecord", requestParameters: { StreamName: "$request.body.stream", Data: "$request.body.data", PartitionKey: "k", ExplicitHashKey: "$request.body.hash" } };
  const whole = { stream: "s", data: "AA==", hash: "1" };
  const cases = [
    [{ ...whole, stream: undefined }, unable("StreamName", "$request.body.stream")],
    [{ ...whole, hash: undefined }, unable("ExplicitHashKey", "$request.body.hash")],
    [{ ...whole, stream: "" }, unable("StreamName", "$request.body.stream")],
    [{ ...whole, hash: "" }, unable("ExplicitHashKey", "$request.body.hash")],
    [{ ...whole, data: "no base64" }, "the value of Data is not base64"],
  ];
  await withService({ "POST /": record }, "kinesis", undefined, async (ask, service, gateway) => {
    for (const [json, reason] of cases) {
      const answer = await ask("/", { json });
      assert.deepEqual([answer.status, answer.text, answer.headers["x-turnpike-reason"]], [400, bad, `Kinesis-PutRecord: ${reason}`]);
    }
    assert.equal((await ask("/", { body: "no JSON" })).status, 400);
    assert.equal(service.calls.length, 0);
    assert.match(await gateway.line(/StreamName/, { list: gateway.stdout }), /"error":"Unable to resolve property StreamName from source \$request\.body\.stream"/);
    assert.equal((await ask("/", { json: whole })).status, 200);
  });
});

test("check: static values of the wrong kind, the region and the rest of a document", async () => {
  const directory = temporaryDirectory();
  const requestParameters = { QueueUrl: "q", MessageBody: "b", DelaySeconds: "5s", MessageAttributes: "{}", Region: "EU" };
  writeFiles(directory, {
    "api.json": document({ "POST /a": { integrationSubtype: "SQS-SendMessage", requestParameters }, "POST /b": { integrationSubtype: "Kinesis-PutRecord", requestParameters: { StreamName: "s", Data: "no base64", PartitionKey: "$request.body" } } }),
    "turnpike.yaml": { apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json", stages: [{ stageName: "one" }, { stageName: "two" }] }], serviceEndpoints: { sqs: "http://127.0.0.1:9324", kinesis: "http://127.0.0.1:4567" } },
  });
  const { code, stderr, stdout } = await run(["check"], { cwd: directory });
  fs.rmSync(directory, { recursive: true });
  assert.equal(code, 78);
  assert.deepEqual([...(stdout + stderr).matchAll(/error: (.*)/g)].map(([, text]) => text), ["the value of DelaySeconds is not an integer", "'EU' is no region", "the value of Data is not base64"]);
});

test("values come from all over the request", async () => {
  const send = (parameters) => ({ integrationSubtype: "SQS-SendMessage", requestParameters: { QueueUrl: "$stageVariables.queue", ...parameters } });
  const routes = {
    "POST /static/{id}": send({ MessageBody: "static text: $request.body" }),
    "POST /mixed/{id}": send({ MessageBody: "${request.path.id}/${request.querystring.q}/${request.header.x-a}/${request.body.n}/${context.routeKey}/${request.header.absent}." }),
    "POST /whole/{id}": send({ MessageBody: "$request.body", MessageGroupId: "$context.requestId" }),
  };
  await withService(routes, "sqs", undefined, async (ask, service) => {
    const sent = async (target, options) => { assert.equal((await ask(target, options)).status, 200); return decode(service.calls.at(-1).raw); };
    assert.equal((await sent("/static/1")).MessageBody, "static text: $request.body");
    assert.equal((await sent("/static/1")).QueueUrl, "http://q/1/from-stage");
    assert.equal((await sent("/mixed/a%20b?q=1&q=%262", { json: { n: { a: [1] } }, headers: { "X-A": "h" } })).MessageBody, 'a b/1,&2/h/{"a":[1]}/POST /mixed/{id}/.');
    const body = "x".repeat(300 * 1024);
    const message = await sent("/whole/1", { body });
    assert.equal(message.MessageBody, body, "all of a body, however long");
    assert.match(message.MessageGroupId, /^[\w-]{15}=$/);
  });
});

test("what a client sends cannot become another parameter, attribute or header", async () => {
  const routes = {
    "POST /sqs": { integrationSubtype: "SQS-SendMessage", requestParameters: { QueueUrl: "q", MessageBody: "b", MessageAttributes: '{"a": {"DataType": "String", "StringValue": "${request.body.a}"}, "n": {"DataType": "Number", "StringValue": ${request.body.n}}}' } },
    "POST /region": { integrationSubtype: "SQS-PurgeQueue", requestParameters: { QueueUrl: "q", Region: "$request.body.region" } },
  };
  const service = await startService();
  const gateway = await start(routes, { sqs: { endpoint: service.url, signWith: credentials } });
  const ask = (target, json) => get(gateway.port, target, { method: "POST", body: JSON.stringify(json) });
  try {
    const evil = 'x"}, "admin": {"DataType": "String", "StringValue": "1\\';
    assert.equal((await ask("/sqs", { a: evil, n: 7 })).status, 200);
    assert.deepEqual(decode(service.calls[0].raw).MessageAttribute, [{ Name: "a", Value: { DataType: "String", StringValue: evil } }, { Name: "n", Value: { DataType: "Number", StringValue: "7" } }]);
    for (const region of ["a\r\nX-Evil: 1", "eu/west", "EU-WEST-1", "x".repeat(33), "é"]) {
      const answer = await ask("/region", { region });
      assert.deepEqual([answer.status, answer.headers["x-turnpike-reason"]], [400, "SQS-PurgeQueue: the value of Region is not a region"]);
    }
    assert.equal((await ask("/region", { region: "eu-west-1" })).status, 200);
    assert.equal(service.calls.length, 2);
  } finally { await gateway.stop(); await service.stop(); }
});

test("responseParameters change the answer", async () => {
  const route = { ...put["POST /"], responseParameters: { 200: { "append:header.x-arn": "$response.body.executionArn", "overwrite:statuscode": "202", "remove:header.x-old": "''" } } };
  await withService({ "POST /": route }, "states", () => [200, { "x-old": "a", "content-type": "application/json" }, '{"executionArn":"arn:e"}'], async (ask) => {
    const { status, headers, text } = await ask("/", { body: "{}" });
    assert.deepEqual([status, headers["x-arn"], headers["x-old"], text], [202, "arn:e", undefined, '{"executionArn":"arn:e"}']);
  });
});

test("a client that leaves: the call goes on, and nothing is left of it", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await withService(put, "states", async () => { await held; return [200, {}, "{}"]; }, async (ask, service, gateway) => {
    const begun = service.next();
    const client = http.request({ port: gateway.port, host: "127.0.0.1", path: "/", method: "POST", agent: false }).on("error", () => {});
    client.end("{}");
    const call = await begun;
    client.socket.resetAndDestroy();
    await gateway.line(/"status"/, { list: gateway.stdout });
    assert.equal(call.response.socket.destroyed, false);
    const written = once(call.response, "finish");
    release();
    await written;
    assert.equal((await ask("/", { body: "{}" })).status, 200);
    await gateway.quiet();
  });
});

test("a reload in the middle of a call: it is answered, and its connection lives until then", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await withService(put, "states", async () => { await held; return [200, {}, '{"late":1}']; }, async (ask, service, gateway) => {
    const begun = service.next();
    const answer = ask("/", { body: "{}" });
    await begun;
    gateway.write({ "api.json": document({ "GET /": { uri: "arn:aws:lambda:us-east-1:123456789012:function:f" } }) });
    const reloaded = await gateway.reload({ apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }], functions: { f: { endpoint: service.url } } });
    assert.equal(reloaded.code, 0, reloaded.stderr);
    release();
    assert.deepEqual([(await answer).status, (await answer).text], [200, '{"late":1}']);
  });
});
