// What a function receives and what its client gets: payload formats 2.0 and 1.0 on a real request.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { APIGatewayProxyEventSchema, APIGatewayProxyEventV2Schema } from "@aws-lambda-powertools/parser/schemas";
import { startGateway } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";

let gateway, lambda, result = { statusCode: 200 };

before(async () => {
  lambda = await startLambda({ echo: () => result });
  gateway = await startGateway({
    config: {
      accountId: "123456789012",
      apis: [{ apiId: "shop", protocolType: "HTTP", definition: "api.json",
        stages: [{ stageName: "$default", stageVariables: { table: "pets" } }, { stageName: "dev" }] }],
      functions: { echo: { endpoint: lambda.url, timeout: "2s" } },
    },
    files: { "api.json": definition({
      "GET /pets/{id}": "echo",
      "POST /pets": "echo",
      "ANY /agents/{proxy+}": "echo",
      "GET /one": { function: "echo", format: "1.0" },
      "POST /one/{id}": { function: "echo", format: "1.0" },
      "GET /slow": { function: "echo", timeoutInMillis: 100 },
      "$default": "echo",
    }) },
  });
});
after(async () => { await gateway?.stop(); await lambda?.stop(); });

// fetch adds fields of its own; this sends exactly what it is told.
function send(method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port: gateway.port, method, path, headers, setDefaultHeaders: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, raw: response.rawHeaders, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    if (body !== undefined) request.write(body);
    request.end();
  });
}
const event = async (...args) => { result = { statusCode: 200 }; await send(...args); return lambda.last.event; };
const host = () => ({ Host: `127.0.0.1:${gateway.port}` });

test("2.0: a GET with all that it may have", async () => {
  const e = await event("GET", "/pets/6%20x?k=v1&k=v2&empty&q=a+b%21", { headers: {
    ...host(), "User-Agent": "test/1", Accept: "*/*", "X-Twice": "a", "x-twice": "b", Cookie: "a=1; b=2" } });
  APIGatewayProxyEventV2Schema.parse(e);
  assert.equal(e.version, "2.0");
  assert.equal(e.routeKey, "GET /pets/{id}");
  assert.equal(e.rawPath, "/pets/6 x");
  assert.equal(e.rawQueryString, "k=v1&k=v2&empty&q=a+b%21");
  assert.deepEqual(e.cookies, ["a=1", "b=2"]);
  assert.deepEqual(e.queryStringParameters, { k: "v1,v2", empty: "", q: "a b!" });
  assert.deepEqual(e.pathParameters, { id: "6 x" });
  assert.deepEqual(e.stageVariables, { table: "pets" });
  assert.equal(e.headers.cookie, undefined);
  assert.equal(e.headers["content-length"], "0");
  assert.equal(e.headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(e.headers["x-forwarded-port"], String(gateway.port));
  assert.equal(e.headers["x-forwarded-proto"], "http");
  assert.match(e.headers["x-amzn-trace-id"], /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  assert.equal(e.isBase64Encoded, false);
  assert.ok(!("body" in e));
  const c = e.requestContext;
  assert.deepEqual(c.http, { method: "GET", path: "/pets/6 x", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "test/1" });
  assert.equal(c.accountId, "123456789012");
  assert.equal(c.apiId, "shop");
  assert.equal(c.stage, "$default");
  assert.equal(c.domainName, `127.0.0.1:${gateway.port}`);
  assert.match(c.requestId, /^[A-Za-z0-9_-]{15}=$/);
  assert.match(c.time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  assert.ok(Math.abs(c.timeEpoch - Date.now()) < 60000);
  assert.ok(!("authorizer" in c));
});

test("2.0: duplicate fields are joined without a space", async () => {
  const e = await event("GET", "/pets/1", { headers: { ...host(), "X-Twice": ["a", "b"] } });
  assert.equal(e.headers["x-twice"], "a,b");
});

test("2.0: the order of the keys is AWS's", async () => {
  await event("GET", "/pets/1?a=1", { headers: { ...host(), Cookie: "a=1" } });
  const order = ["version", "routeKey", "rawPath", "rawQueryString", "cookies", "headers", "queryStringParameters", "requestContext", "pathParameters", "stageVariables", "isBase64Encoded"];
  assert.deepEqual(Object.keys(lambda.last.event), order);
});

for (const [type, text, base64] of [
  ["application/json", '{"a":"ü"}', false], ["text/plain; charset=utf-8", "hi", false], ["application/xml", "<a/>", false],
  ["application/x-www-form-urlencoded", "a=1", true], ["multipart/form-data; boundary=x", "--x--", true],
  ["application/octet-stream", "\x00\x01", true], [undefined, "a=1", true], ["application/vnd.api+json", "{}", true],
]) {
  test(`a body of ${type ?? "no type"} is ${base64 ? "base64" : "text"}`, async () => {
    const e = await event("POST", "/pets", { headers: { ...host(), ...(type ? { "Content-Type": type } : {}), "Content-Length": Buffer.byteLength(text) }, body: text });
    assert.equal(e.isBase64Encoded, base64);
    assert.equal(e.body, base64 ? Buffer.from(text).toString("base64") : text);
  });
}

test("chunked bodies arrive whole", async () => {
  const e = await event("POST", "/pets", { headers: { ...host(), "Content-Type": "text/plain", "Transfer-Encoding": "chunked" }, body: "x".repeat(100000) });
  assert.equal(e.body.length, 100000);
});

test("bodies beyond the inline bound go through the thread pool unchanged", async () => {
  const text = "ä\"".repeat(600000);
  const e = await event("POST", "/pets", { headers: { ...host(), "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(text) }, body: text });
  assert.equal(e.body, text);
});

test("a named stage stands in the path that the function sees", async () => {
  const e = await event("GET", "/dev/agents/1234", { headers: host() });
  assert.equal(e.rawPath, "/dev/agents/1234");
  assert.equal(e.requestContext.http.path, "/dev/agents/1234");
  assert.deepEqual(e.pathParameters, { proxy: "1234" });
  assert.equal(e.requestContext.stage, "dev");
  assert.ok(!("stageVariables" in e));
});

test("$default has no path parameters", async () => {
  const e = await event("DELETE", "/else/where", { headers: host() });
  assert.equal(e.routeKey, "$default");
  assert.ok(!("pathParameters" in e));
});

test("1.0: the event of an HTTP API", async () => {
  const e = await event("POST", "/one/7?colors[]=blue&colors[]=red", { headers: { ...host(), "Content-Type": "text/plain", "Content-Length": 2, Cookie: "a=1" }, body: "hi" });
  APIGatewayProxyEventSchema.parse({ ...e, requestContext: { ...e.requestContext, authorizer: undefined } });
  assert.equal(e.version, "1.0");
  assert.equal(e.resource, "/one/{id}");
  assert.equal(e.path, "/one/7");
  assert.equal(e.httpMethod, "POST");
  assert.deepEqual(e.queryStringParameters, { "colors[]": "red" });
  assert.deepEqual(e.multiValueQueryStringParameters, { "colors[]": ["blue", "red"] });
  assert.deepEqual(e.multiValueHeaders.cookie, ["a=1"]);
  assert.equal(e.body, "hi");
  assert.equal(e.requestContext.resourcePath, "/one/{id}");
  assert.equal(e.requestContext.identity.sourceIp, "127.0.0.1");
  assert.equal(e.requestContext.identity.user, null);
  assert.deepEqual(e.requestContext.authorizer, { claims: null, scopes: null });
});

test("1.0: what is absent is null", async () => {
  const e = await event("GET", "/one", { headers: host() });
  for (const key of ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body"]) assert.equal(e[key], null, key);
});

async function answer(value, path = "/pets/1", method = "GET") {
  result = value;
  return send(method, path, { headers: host() });
}

test("2.0: a structured result", async () => {
  const a = await answer({ statusCode: 201, headers: { "X-Own": "1", "Content-Type": "text/html" }, cookies: ["a=1", "b=2; HttpOnly"], body: "<p>" });
  assert.equal(a.status, 201);
  assert.equal(a.headers["x-own"], "1");
  assert.equal(a.headers["content-type"], "text/html");
  assert.deepEqual(a.headers["set-cookie"], ["a=1", "b=2; HttpOnly"]);
  assert.equal(a.headers["content-length"], "3");
  assert.match(a.headers["apigw-requestid"], /^[A-Za-z0-9_-]{15}=$/);
  assert.ok(a.headers.date);
  assert.ok(!a.headers.server);
  assert.equal(a.headers["apigw-requestid"], lambda.last.event.requestContext.requestId);
  assert.equal(a.body.toString(), "<p>");
});

test("2.0: a result is inferred", async () => {
  for (const [value, body] of [["Hello", "Hello"], [{ body: "x" }, '{"body":"x"}'], [[1, 2], "[1,2]"], [7, "7"], [null, "null"]]) {
    const a = await answer(value);
    assert.equal(a.status, 200);
    assert.equal(a.headers["content-type"], "application/json");
    assert.equal(a.body.toString(), body);
  }
});

test("base64 results are decoded", async () => {
  const a = await answer({ statusCode: 200, body: Buffer.from([0, 255, 1]).toString("base64"), isBase64Encoded: true });
  assert.deepEqual([...a.body], [0, 255, 1]);
});

test("1.0: nothing is inferred", async () => {
  const a = await answer({ body: "x" }, "/one");
  assert.equal(a.status, 500);
  assert.equal(a.body.toString(), '{"message":"Internal Server Error"}');
});

test("a result cannot break out of its headers", async () => {
  const a = await answer({ statusCode: 200, headers: { "x-a": "1\r\nx-evil: 2" } });
  assert.equal(a.status, 500);
  assert.ok(!a.headers["x-evil"]);
});

test("HEAD has the length and no body", async () => {
  const a = await answer({ statusCode: 200, body: "12345" }, "/else", "HEAD");
  assert.equal(a.status, 200);
  assert.equal(a.headers["content-length"], "5");
  assert.equal(a.body.length, 0);
});

test("what goes wrong with a function", async () => {
  const message = async (handler, path = "/pets/1") => {
    lambda.handler = handler;
    const a = await send("GET", path, { headers: host() });
    return [a.status, a.body.toString()];
  };
  result = undefined;
  const { calls } = lambda;
  const original = lambda.server.listeners("request")[0];
  const during = async (handle, path) => {
    lambda.server.removeAllListeners("request");
    lambda.server.on("request", (request, response) => { request.resume(); request.on("end", () => handle(request, response)); });
    try { return await message(null, path); } finally { lambda.server.removeAllListeners("request"); lambda.server.on("request", original); }
  };
  const internal = '{"message":"Internal Server Error"}', unavailable = '{"message":"Service Unavailable"}';
  assert.deepEqual(await during((_, r) => r.writeHead(200, { "X-Amz-Function-Error": "Unhandled" }).end('{"errorMessage":"x","errorType":"Error"}')), [500, internal]);
  assert.deepEqual(await during((_, r) => r.writeHead(404, { "x-amzn-ErrorType": "ResourceNotFoundException" }).end("{}")), [500, internal]);
  assert.deepEqual(await during((_, r) => r.writeHead(429, { "x-amzn-ErrorType": "TooManyRequestsException" }).end("{}")), [503, unavailable]);
  assert.deepEqual(await during((_, r) => r.writeHead(200).end("not json")), [500, internal]);
  assert.deepEqual(await during((_, r) => r.socket.destroy()), [503, unavailable]);
  assert.deepEqual(await during(() => {}, "/slow"), [503, unavailable]);
  assert.ok(calls.length > 0);
});
