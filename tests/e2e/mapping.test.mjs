// Parameter mapping before a real backend and behind it: what is streamed, what waits for its body, what
// the framing of an answer makes of another status. (Rule by rule: tests/golden/parameter-mapping.json.)
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { after, before } from "node:test";
import { test } from "./lib/bounded.mjs";
import { logged, send } from "./lib/client.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { invokeArn, startLambda } from "./lib/lambda.mjs";

const KB = 1024;
let gateway, backend, lambda, answer;

// Each route has one mapping; the backend answers as `answer` of the test says.
const mapped = {
  "/headers": { responseParameters: { 200: { "append:header.x-early": "$context.requestId", "overwrite:statuscode": "201", "remove:header.x-gone": "" } } },
  "/body": { responseParameters: { 200: { "append:header.x-late": "$response.body.last", "append:header.x-first": "$response.body.first" } } },
  "/status": { responseParameters: { 200: { "overwrite:statuscode": "$response.header.x-status" }, 304: { "overwrite:statuscode": "200" } } },
  "/request": { requestParameters: { "append:header.x-first": "$request.body.first", "append:header.x-last": "$request.body.last", "append:header.x-all": "${request.body.list[*]}", "overwrite:querystring.q": "$request.header.x-q" } },
  "/whole": { requestParameters: { "append:header.x-body": "$request.body" } },
  "/user": { requestParameters: { "remove:header.x-user": "", "append:header.x-user": "$request.querystring.user", "append:header.x-was": "$request.header.x-user" } },
};

const paths = () => Object.fromEntries(Object.entries(mapped).map(([path, parameters]) => [path, {
  "x-amazon-apigateway-any-method": {
    responses: { default: { description: "as the backend says" } },
    "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "ANY", uri: `${backend.url}${path}`, payloadFormatVersion: "1.0", ...parameters },
  },
}]));

const document = () => {
  const of = (parameters) => ({ post: { "x-amazon-apigateway-integration": { type: "aws_proxy", httpMethod: "POST", uri: invokeArn("echo"), payloadFormatVersion: "2.0", ...parameters } } });
  return { openapi: "3.0.1", info: { title: "mapping", version: "1" }, paths: { ...paths(),
    "/echo/{id}": of({ requestParameters: { "overwrite:path": "/${request.path.id}", "append:header.x-first": "$request.body.first", "append:header.x-last": "$request.body.last", "append:querystring.id": "$request.path.id" },
      responseParameters: { 200: { "append:header.x-route": "$context.routeKey", "append:header.x-last": "$response.body.last" } } }) } };
};

async function startBackend() {
  const self = { requests: [] };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    self.requests.push(self.last = { url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    await answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(self, {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() { server.closeAllConnections(); server.close(); await once(server, "close"); },
  });
}

before(async () => {
  backend = await startBackend();
  lambda = await startLambda({ echo: async (event) => JSON.parse(event.body) });
  gateway = await startGateway({
    config: {
      apis: [{ apiId: "mapping", protocolType: "HTTP", definition: "api.json", stages: [{ stageName: "$default",
        accessLogSettings: { destination: "stdout", format: "$context.requestId $context.path $context.status $context.integration.status" } }] }],
      functions: { echo: { endpoint: lambda.url } },
      development: true,
    },
    files: { "api.json": document() },
  });
});
after(async () => { await gateway?.stop(); await lambda?.stop(); await backend?.stop(); });

// The head as soon as it is there; the rest by and by.
function begin(path, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port: gateway.port, path, headers, agent: false }, (response) => {
      response.rest = async () => { let text = ""; for await (const chunk of response) text += chunk; return text; };
      resolve(response);
    });
    request.on("error", reject);
  });
}

test("a streamed answer is mapped before its body has come", async () => {
  let finish;
  answer = (_, response) => { response.writeHead(200, { "x-gone": "1", "content-type": "text/plain" }).write("begun,"); finish = () => response.end("done"); };
  const response = await begin("/headers");
  assert.equal(response.statusCode, 201);
  assert.equal(response.headers["x-early"], response.headers["apigw-requestid"]);
  assert.equal(response.headers["x-gone"], undefined);
  finish();
  assert.equal(await response.rest(), "begun,done");
});

test("an answer whose body is asked for is complete before it is mapped", async () => {
  const text = JSON.stringify({ first: "1", filler: "x".repeat(90 * KB), last: ["a", { b: 2 }] });
  answer = (_, response) => { response.writeHead(200, { "content-type": "application/json" }).write(text.slice(0, 40)); response.end(text.slice(40)); };
  const got = await send(gateway, "GET", "/body");
  assert.deepEqual([got.status, got.headers["x-first"], got.headers["x-late"], got.text === text], [200, "1", '["a",{"b":2}]', true]);
});

test("a JSONPath sees the first 100 KB of an answer; all of it is passed on", async () => {
  const text = JSON.stringify({ first: "1", filler: "x".repeat(5 * KB * KB), last: "2" });
  answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end(text);
  const got = await send(gateway, "GET", "/body");
  assert.deepEqual([got.status, got.headers["x-first"], got.headers["x-late"], got.text === text], [200, "1", undefined, true]);
});

test("an answer that breaks off before its body is complete", async () => {
  answer = (_, response) => { response.writeHead(200, { "content-length": 100 }).write('{"first":1'); response.socket.end(); };
  const got = await send(gateway, "GET", "/body");
  assert.ok([500, 503].includes(got.status), `${got.status}`);
  assert.equal(got.headers["x-first"], undefined);
});

// Two requests on one connection: where the first answer's framing is wrong, the second is not understood.
async function twice(path, options) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const first = await send(gateway, "GET", path, { agent, ...options });
    const second = await send(gateway, "GET", path, { agent, ...options });
    assert.deepEqual([second.status, second.text], [first.status, first.text]);
    return first;
  } finally { agent.destroy(); }
}

test("another status, another framing", async () => {
  for (const [sent, status, body, want] of [[200, 204, "body", ""], [200, 304, "body", ""], [200, 500, "body", "body"], [200, 205, "", ""]]) {
    answer = (_, response) => response.writeHead(sent, { "x-status": status, "content-type": "text/plain" }).end(body);
    const got = await twice("/status");
    assert.deepEqual([got.status, got.text], [status, want]);
  }
  answer = (_, response) => { response.writeHead(200, { "x-status": 304 }).write("streamed,"); setImmediate(() => response.end("dropped")); };
  assert.equal((await twice("/status")).status, 304);
  answer = (_, response) => response.writeHead(304, { "content-length": "1000", etag: '"t"' }).end();
  const revived = await twice("/status");
  assert.deepEqual([revived.status, revived.text, revived.headers.etag], [200, "", '"t"']);
  answer = (_, response) => response.writeHead(200, { "content-length": "1000", "x-status": "404" }).end();
  const head = await send(gateway, "HEAD", "/status");
  assert.deepEqual([head.status, head.headers["content-length"], head.text], [404, "1000", ""]);
});

test("a status that is none gives up the answer, streamed or not", async () => {
  for (const streamed of [false, true]) {
    let finish = () => {};
    answer = (_, response) => {
      response.writeHead(200, { "x-status": "teapot" });
      if (!streamed) return response.end("short");
      finish = () => response.end();
      response.write("begun");
    };
    const got = await send(gateway, "GET", "/status");
    assert.deepEqual([got.status, got.text], [500, '{"message":"Internal Server Error"}']);
    assert.match(got.headers["x-turnpike-reason"], /responseParameters for status 200: 'overwrite:statuscode'/);
    assert.doesNotMatch(got.headers["x-turnpike-reason"], /teapot/);
    finish(); // who listens to it no more has not stopped it
    assert.match(await logged(gateway, got), / \/status 500 200$/);
  }
});

test("a request's body is read for its headers, and passed on whole", async () => {
  answer = (_, response) => response.end();
  const small = JSON.stringify({ first: "a\r\nb", list: [1, "2"], last: null });
  await send(gateway, "POST", "/request?q=1&r=2&q=3", { body: small, headers: { "X-Q": "a b/?&" } });
  assert.deepEqual([backend.last.headers["x-first"], backend.last.headers["x-last"], backend.last.headers["x-all"], backend.last.body], ["a  b", "null", '[1,"2"]', small]);
  assert.equal(backend.last.url, "/request?q=a%20b%2F%3F%26&r=2");
  const large = JSON.stringify({ first: "1", filler: "y".repeat(3 * KB * KB), last: "2" });
  await send(gateway, "POST", "/request", { body: large });
  assert.deepEqual([backend.last.headers["x-first"], backend.last.headers["x-last"], backend.last.body.length], ["1", undefined, large.length]);
});

test("a body that no head can hold", async () => {
  const count = backend.requests.length;
  const got = await send(gateway, "POST", "/whole", { body: "z".repeat(20 * KB) });
  assert.equal(got.status, 431);
  assert.match(got.headers["x-turnpike-reason"], /requestParameters are larger than the 10240 bytes of limits.headerBytes/);
  assert.equal(backend.requests.length, count);
  answer = (_, response) => response.end();
  assert.equal((await send(gateway, "POST", "/whole", { body: "z".repeat(KB) })).status, 200);
  assert.equal(backend.last.headers["x-body"], "z".repeat(KB));
});

test("what is removed and appended never comes from the client", async () => {
  answer = (_, response) => response.end();
  await send(gateway, "GET", "/user?user=me", { headers: { "X-User": "root", Connection: "keep-alive, x-user" } });
  assert.deepEqual([backend.last.headers["x-user"], backend.last.headers["x-was"]], ["me", "root"]);
  await send(gateway, "GET", "/user", { headers: { "X-User": "root" } });
  assert.deepEqual([backend.last.headers["x-user"], backend.last.headers["x-was"]], [undefined, "root"]);
});

test("a function's event and its answer, small and large", async () => {
  for (const filler of [10, 1200 * KB]) {
    const text = JSON.stringify({ first: "1", statusCode: 200, filler: "f".repeat(filler), headers: { "content-type": "application/json" }, body: '{"last":"done"}', last: "2" });
    const got = await send(gateway, "POST", "/echo/a%20b?c=d", { body: text, headers: { "content-type": "application/json" } });
    const { event } = lambda.last;
    assert.deepEqual([event.rawPath, event.requestContext.http.path, event.rawQueryString, event.queryStringParameters.id], ["/a b", "/echo/a b", "c=d&id=a%20b", "a b"]);
    assert.deepEqual([event.headers["x-first"], event.headers["x-last"]], ["1", filler > 100 * KB ? undefined : "2"]);
    assert.deepEqual([got.status, got.headers["x-route"], got.headers["x-last"]], [200, "POST /echo/{id}", "done"]);
    assert.match(await logged(gateway, got), / \/echo\/a b 200 200$/);
  }
});

test("a reload brings other mappings", async () => {
  answer = (_, response) => response.end();
  mapped["/user"] = { requestParameters: { "append:header.x-new": "${context.httpMethod} ${request.path}" } };
  gateway.write({ "api.json": document() });
  assert.equal((await gateway.reload()).code, 0);
  await send(gateway, "GET", "/user");
  assert.equal(backend.last.headers["x-new"], "GET /user");
});
