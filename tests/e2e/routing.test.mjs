// Which API, stage and route a request meets.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { startGateway } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";

let gateway, lambda;

before(async () => {
  lambda = await startLambda({
    todo: (event) => ({ statusCode: 200, body: `todo ${event.requestContext.stage} ${event.routeKey} ${event.rawPath} ${event.requestContext.domainName}` }),
    chat: (event) => ({ statusCode: 200, body: `chat ${event.requestContext.stage} ${event.routeKey} ${event.rawPath} ${event.requestContext.domainName}` }),
  });
  gateway = await startGateway({
    config: ({ port }) => ({
      executeApi: { publicEndpoint: `gateway.example.com` },
      apis: [
        { apiId: "todo", protocolType: "HTTP", definition: "todo.json", stages: [{ stageName: "$default" }, { stageName: "dev" }] },
        { apiId: "chat", protocolType: "HTTP", definition: "chat.json", stages: [{ stageName: "prod" }] },
        { apiId: "shut", protocolType: "HTTP", definition: "chat.json", disableExecuteApiEndpoint: true },
      ],
      domains: [
        { domainName: "api.example.com", apiMappings: [{ apiId: "todo", stage: "$default", apiMappingKey: "" }, { apiId: "chat", stage: "prod", apiMappingKey: "v1/chat" }] },
        { domainName: "*.wild.example.com", apiMappings: [{ apiId: "shut", stage: "$default" }] },
      ],
      functions: { todo: { endpoint: lambda.url }, chat: { endpoint: lambda.url } },
    }),
    files: {
      "todo.json": definition({ "GET /todos": "todo", "ANY /todos": "todo", "GET /todos/{id}": "todo", "ANY /{proxy+}": "todo", "GET /": "todo" }),
      "chat.json": definition({ "GET /rooms": "chat", "$default": "chat" }),
    },
  });
});
after(async () => { await gateway?.stop(); await lambda?.stop(); });

function get(path, hostname = `127.0.0.1:${gateway.port}`, method = "GET") {
  return new Promise((resolve, reject) => http.request({ host: "127.0.0.1", port: gateway.port, path, method, headers: { Host: hostname } }, (response) => {
    let text = "";
    response.on("data", (chunk) => (text += chunk));
    response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
  }).on("error", reject).end());
}
const text = async (...args) => (await get(...args)).text;

test("by domain", async () => {
  assert.equal(await text("/todos", "api.example.com"), "todo $default GET /todos /todos api.example.com");
  assert.equal(await text("/v1/chat/rooms", "api.example.com"), "chat prod GET /rooms /rooms api.example.com");
  assert.match(await text("/v1/chatter", "api.example.com"), /^todo \$default ANY/);
  assert.match(await text("/rooms", "x.wild.example.com"), /^chat \$default GET \/rooms/);
});

test("by execute-api host", async () => {
  assert.equal(await text("/todos", "todo.execute-api.localhost"), "todo $default GET /todos /todos gateway.example.com");
  assert.equal(await text("/dev/todos", "todo.execute-api.localhost"), "todo dev GET /todos /dev/todos gateway.example.com");
  assert.equal(await text("/todos", "todo.execute-api.us-east-1.amazonaws.com"), "todo $default GET /todos /todos todo.execute-api.us-east-1.amazonaws.com");
  const none = await get("/rooms", "chat.execute-api.localhost");
  assert.deepEqual([none.status, none.text], [404, '{"message":"Not Found"}']);
  const shut = await get("/rooms", "shut.execute-api.localhost");
  assert.deepEqual([shut.status, shut.text], [404, '{"message":"Not Found"}']);
});

test("by path, on loopback", async () => {
  assert.match(await text("/_aws/execute-api/todo/$default/todos"), /^todo \$default GET \/todos \/todos /);
  assert.match(await text("/_aws/execute-api/todo/%24default/todos"), /^todo \$default GET \/todos \/todos /);
  assert.match(await text("/_aws/execute-api/chat/prod/rooms"), /^chat prod GET \/rooms \/prod\/rooms /);
});

test("no API: 403 with its type", async () => {
  const answer = await get("/todos");
  assert.deepEqual([answer.status, answer.text, answer.headers["x-amzn-errortype"]], [403, '{"message":"Forbidden"}', "ForbiddenException"]);
});

test("precedence of routes", async () => {
  const key = async (path, method) => (await get(path, "api.example.com", method)).text.split(" ").slice(2, 4).join(" ");
  assert.equal(await key("/todos"), "GET /todos");
  assert.equal(await key("/todos", "PUT"), "ANY /todos");
  assert.equal(await key("/todos/1"), "GET /todos/{id}");
  assert.equal(await key("/todos/1", "POST"), "ANY /{proxy+}");
  assert.equal(await key("/todos/"), "GET /todos");
  assert.equal(await key("/"), "GET /");
  assert.equal((await get("/", "api.example.com", "PUT")).status, 404);
});

test("a forged Host is never repeated to a function", async () => {
  const only = await startGateway({
    config: { apis: [{ apiId: "todo", protocolType: "HTTP", definition: "todo.json" }], functions: { todo: { endpoint: lambda.url } } },
    files: { "todo.json": definition({ "$default": "todo" }) },
  });
  try {
    const answer = await fetch(`${only.url}/x`);
    assert.match(await answer.text(), new RegExp(`127.0.0.1:${only.port}$`));
    const forged = await new Promise((resolve) => http.get({ host: "127.0.0.1", port: only.port, path: "/x", headers: { Host: "evil.example.org" } }, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += chunk)).on("end", () => resolve(body));
    }));
    assert.match(forged, new RegExp(`127.0.0.1:${only.port}$`));
  } finally { await only.stop(); }
});
