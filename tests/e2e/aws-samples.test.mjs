// Functions as AWS's samples for WebSocket APIs write them, each way in which they come by the endpoint of
// @connections, and DynamoDB behind them. What must be configured for each is told in docs/compatibility.md.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { startDynamoDb } from "./lib/dynamodb.mjs";
import { run, startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { hosted, isRoot, ric, until } from "./lib/hosted.mjs";
import { startIssuer } from "./lib/issuer.mjs";
import { open } from "./lib/websocket.mjs";

const gone = "AAAAAAAAAAAAAAA=", amazon = "*.execute-api.us-east-1.amazonaws.com";
let database, directory;
before(async () => {
  database = await startDynamoDb();
  directory = temporaryDirectory();
  const made = await run(["init", "."], { cwd: directory });
  assert.equal(made.code, 0, made.stderr);
  makeCertificate(directory, "amazon", { hosts: ["localhost", amazon] });
});
after(async () => {
  await database?.stop();
  if (directory) fs.rmSync(directory, { recursive: true });
});

const read = (name) => fs.readFileSync(path.join(directory, name));
// What `turnpike init` has made, and what an operator makes for AWS's own names.
const ours = { trust: "tls/ca.pem", certificate: "tls/fullchain.pem", privateKey: "tls/privkey.pem" };
const theirs = { trust: "amazon.pem", certificate: "amazon.pem", privateKey: "amazon-key.pem" };

// Runs `fn({ gateway, table })` with the API `chat` and its stage `prod`.
//   routes     route key -> function, or the route as it is written
//   handlers   function -> { command, callback, own }; callback(ports) is its CALLBACK_URL, own more of its environment
//   amazonAt   an address to which the API's name on AWS leads, for the gateway and its functions
async function withSample({ routes, handlers, definition = {}, config = {}, amazonAt, tls = amazonAt ? theirs : ours }, fn) {
  const table = await database.table("connectionId");
  const { PYTHONPATH } = process.env; // where boto3 may be
  const environment = { TABLE_NAME: table.name, AWS_ENDPOINT_URL_DYNAMODB: database.url, DYNAMODB_ENDPOINT: database.url, ...(PYTHONPATH && { PYTHONPATH }) };
  const written = Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, typeof route === "string" ? { integration: { integrationUri: route } } : route]));
  const { trust, ...secure } = tls;
  const hosts = path.join(directory, "hosts");
  if (amazonAt) fs.writeFileSync(hosts, `127.0.0.1 localhost\n${amazonAt} ${amazon.replace("*", "chat")}\n`);
  const gateway = await startGateway({
    wrapper: amazonAt ? ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts] : [],
    files: { "chat.json": { protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.action", ...definition, routes: written }, ...Object.fromEntries(Object.values(tls).map((name) => [name, read(name)])) },
    config: (ports) => ({
      listeners: [
        { name: "local", address: "127.0.0.1", port: ports.port }, { name: "secure", address: "127.0.0.1", port: ports.tlsPort, tls: secure },
        ...(amazonAt ? [{ name: "amazon", address: amazonAt, port: 443, tls: secure }] : []),
      ],
      trustedCertificates: trust,
      apis: [{ apiId: "chat", definition: "chat.json", stages: [{ stageName: "prod" }] }],
      functions: Object.fromEntries(Object.entries(handlers).map(([name, { command, callback, own }]) =>
        [name, hosted(command, { timeout: 20, environment: { ...environment, ...own, ...(callback ? { CALLBACK_URL: callback(ports) } : {}) } })])),
      ...config,
    }),
  });
  try {
    await fn({ gateway, table });
  } finally { await gateway.stop(); }
}

const v2 = (to) => ({ connect: { command: ric("chat-v2.connect") }, disconnect: { command: ric("chat-v2.disconnect") }, send: { command: ric(`chat-v2.${to}`) } });
const v3 = (to, callback) => ({ connect: { command: ric("chat-v3.connect") }, disconnect: { command: ric("chat-v3.disconnect") }, send: { command: ric(`chat-v3.${to}`), callback } });
const boto3 = (own = {}) => Object.fromEntries(["connect", "disconnect", "send"].map((name) => [name, { command: ["/usr/bin/python3", "-B", "runtime.py", "chat_boto3.handler"], own }]));

const python = (code) => spawnSync("/usr/bin/python3", ["-c", code]).status === 0;
const skipWithoutBoto3 = python("import boto3") ? {} : { skip: "there is no boto3" };
// The first that reads AWS_ENDPOINT_URL_….
const skipWithOldBoto3 = python("import boto3; assert tuple(map(int, boto3.__version__.split('.')[:2])) >= (1, 28)") ? {} : { skip: "there is no boto3 of 1.28 or newer" };

// Nobody else listens at such an address, and names lead there in a mount namespace alone.
const amazonAt = `127.${2 + (process.pid % 200)}.44.3`;
function cannotName() {
  if (!isRoot) return { skip: "only root can lead AWS's names elsewhere" };
  try {
    execFileSync("unshare", ["-m", "mount", "--bind", "/etc/hostname", "/etc/hosts"], { stdio: "ignore" });
    return {};
  } catch { return { skip: "nothing can be mounted here" }; }
}
const skipWithoutNames = cannotName();

describe("a chat: all get what one sends, and who has gone is forgotten", () => {
  const idioms = {
    "SDK v2: domainName and stage, without a scheme": [v2("toDomain")],
    "SDK v2: the API's name on AWS, without a scheme": [v2("toApi"), { amazonAt, ...skipWithoutNames }],
    "SDK v3: https://, domainName and stage": [v3("toDomain")],
    "SDK v3: the same, of who came over a plain listener": [v3("toDomain"), { secure: false }],
    "SDK v3: the API's name on AWS": [v3("toApi"), { amazonAt, ...skipWithoutNames }],
    "SDK v3: domainName alone": [v3("toDomainAlone")],
    "SDK v3: domainName, of a domain whose mapping key is empty": [v3("toDomainAlone"), { path: "/", config: { domains: [{ domainName: "*", apiMappings: [{ apiId: "chat", stage: "prod" }] }] } }],
    "SDK v3: domainName and stage, of a domain with a mapping key": [v3("toDomain"), { path: "/talk", config: { domains: [{ domainName: "*", apiMappings: [{ apiId: "chat", stage: "prod", apiMappingKey: "talk" }] }] } }],
    "SDK v3: https:// from the environment": [v3("toEnvironment", ({ tlsPort }) => `https://localhost:${tlsPort}/prod`)],
    "SDK v3: http:// from the environment": [v3("toEnvironment", ({ port }) => `http://127.0.0.1:${port}/prod`)],
    "SDK v3: the path form from the environment": [v3("toEnvironment", ({ port }) => `http://127.0.0.1:${port}/_aws/execute-api/chat/prod`)],
    "SDK v3: no endpoint": [v3("toNothing")],
    "boto3: https://, domainName and stage": [boto3(), skipWithoutBoto3],
    "boto3: the same, of who came over a plain listener": [boto3(), { secure: false, ...skipWithoutBoto3 }],
    "boto3: no endpoint": [boto3({ IDIOM: "none" }), skipWithOldBoto3],
  };
  for (const [name, [handlers, { path: target = "/prod", secure = true, skip, ...more } = {}]] of Object.entries(idioms))
    test(name, skip ? { skip } : {}, () => withSample({
      routes: { $connect: "connect", $disconnect: "disconnect", sendmessage: "send", asktosend: { integration: { integrationUri: "send" }, routeResponse: {} } }, handlers, ...more,
    }, async ({ gateway, table }) => {
      const [ann, bob] = [await open(gateway, `${target}?name=Ann`, { secure }), await open(gateway, target, { secure })];
      assert.equal((await table.rows()).length, 2);
      ann.send({ action: "sendmessage", data: "Grüße" });
      assert.deepEqual([await ann.text(), await bob.text()], ["Grüße", "Grüße"]);
      await table.put({ connectionId: gone });
      bob.send({ action: "asktosend", data: "again" });
      assert.deepEqual([await ann.text(), await bob.text(), await bob.text()], ["again", "again", "All have it."]);
      assert.ok(!(await table.rows()).some(({ connectionId }) => connectionId === gone));
      await ann.close(1000);
      await bob.close(1000);
      await until(async () => (await table.rows()).length === 0, "no row is left");
    }));
});

// The Lambda authorizer of AWS's sample is a JWT authorizer here. What its function told the others in its context
// (`userId`) is a claim of the token, or the request template of $connect makes it out of one.
describe("behind Cognito's token", () => {
  let issuer;
  before(async () => { issuer = await startIssuer(); await issuer.addKey("k"); });
  after(() => issuer?.stop());

  const proxied = { integrationUri: "room" };
  const templated = {
    integrationType: "AWS", integrationUri: "room", templateSelectionExpression: "\\$default", integrationResponses: { $default: {} },
    requestTemplates: { $default: '{"requestContext": {"routeKey": "$context.routeKey", "connectionId": "$context.connectionId", "authorizer": {"userId": "$context.authorizer.sub"}}}' },
  };
  const withPool = (connect, fn) => withSample({
    routes: { $connect: { authorizer: "users", integration: connect }, $disconnect: "room", $default: "room", who: { integration: { integrationUri: "who" }, routeResponse: {} } },
    handlers: { room: { command: ric("chat-v3.everything") }, who: { command: ric("chat-v3.who") } },
    definition: { authorizers: { users: { authorizerType: "JWT", identitySource: ["route.request.querystring.idToken"], jwtConfiguration: { issuer: issuer.issuer, audience: ["app"] } } } },
    config: { issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] },
  }, fn);
  const enter = async (gateway, claims) => open(gateway, `/prod?idToken=${await issuer.token({ token_use: "id", "cognito:username": "ann", email: "ann@example.com", ...claims })}`, { secure: true });

  for (const [name, connect, claims] of [["userId is a claim", proxied, { sub: "1234", userId: "1234" }], ["userId is made by a template", templated, { sub: "1234" }]])
    test(name, () => withPool(connect, async ({ gateway, table }) => {
      const client = await enter(gateway, claims);
      const [{ removedAt, ...row }, ...others] = await table.rows();
      assert.ok(removedAt > Date.now() / 1000);
      assert.deepEqual([Object.keys(row).sort(), row.userId, others], [["connectionId", "userId"], "1234", []]);
      client.send("hello");
      assert.deepEqual(await client.json(), { message: "hello" });
      client.send({ action: "who" });
      assert.deepEqual(await client.json(), { principalId: "1234", sub: "1234", user: "ann", email: "ann@example.com", ...(claims.userId ? { userId: "1234" } : {}) });
      await client.close(1000);
      await until(async () => (await table.rows()).length === 0, "no row is left");
    }));

  test("without either the function knows no userId", () => withPool(proxied, async ({ gateway, table }) => {
    const client = await enter(gateway, {});
    assert.deepEqual((await table.rows()).map((row) => Object.keys(row).sort()), [["connectionId", "removedAt"]]);
    await client.close(1000);
  }));

  test("without a token nobody comes in", () => withPool(proxied, async ({ gateway, table }) => {
    await assert.rejects(open(gateway, "/prod", { secure: true }), ({ answer }) => answer.status === 401);
    await assert.rejects(open(gateway, `/prod?idToken=${await issuer.token({ aud: "other" })}`, { secure: true }), ({ answer }) => answer.status === 401);
    assert.deepEqual(await table.rows(), []);
  }));
});
