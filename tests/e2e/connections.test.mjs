// `@connections`: pushes, looks and closes by the AWS SDKs as they come from npm, and who may do that.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { gate, startChat, websocketDefinition, withChat } from "./lib/chat.mjs";
import { send } from "./lib/client.mjs";
import { key, presigned, sdk, signed, thrown, versions } from "./lib/connections.mjs";
import { freePort, temporaryDirectory } from "./lib/gateway.mjs";
import { definition } from "./lib/lambda.mjs";
import { RawSocket, open, opcodes } from "./lib/websocket.mjs";

const unknown = "AAAAAAAAAAAAAAA=";
const allow = (Resource, Action = "execute-api:ManageConnections") => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });

function makeFiles() {
  const directory = temporaryDirectory();
  makeCertificate(directory, "server");
  const files = Object.fromEntries(fs.readdirSync(directory).map((name) => [name, fs.readFileSync(path.join(directory, name))]));
  fs.rmSync(directory, { recursive: true });
  return files;
}
const tls = { certificate: "server.pem", privateKey: "server-key.pem" };
const listeners = ({ port, tlsPort }) => [{ name: "local", address: "127.0.0.1", port }, { name: "secure", address: "127.0.0.1", port: tlsPort, tls }];

// A client, and its id.
async function connect(chat, target = "/prod", options = {}) {
  const client = await open(chat.gateway, target, options);
  client.id = chat.room.of("$connect").at(-1).requestContext.connectionId;
  return client;
}

// The path of a connection, as SDKs write it.
const pathOf = (id, stage = "/prod") => `${stage}/@connections/${encodeURIComponent(id)}`;

describe("the SDKs", () => {
  const files = makeFiles(), ca = files["server.pem"];
  let chat;
  before(async () => {
    chat = await startChat({ files, config: (ports) => ({ listeners: listeners(ports), credentials: [key] }) });
  });
  after(() => chat?.stop());
  const endpoints = { http: () => ({ endpoint: `http://127.0.0.1:${chat.gateway.port}/prod` }), https: () => ({ endpoint: `https://localhost:${chat.gateway.tlsPort}/prod`, ca }) };

  for (const version of versions)
    for (const scheme of Object.keys(endpoints)) {
      const make = (more = {}) => { const { endpoint, ...options } = endpoints[scheme](); return sdk(version, endpoint, { ...options, ...more }); };

      test(`${version}, ${scheme}: post`, async () => {
        const client = await connect(chat), api = make();
        for (const text of ["hello", "Grüße 🎈", '{"a": [1, 2]}', " ", "x".repeat(131072)]) {
          await api.post(client.id, text);
          assert.equal(await client.text(), text);
        }
        await api.post(client.id, Buffer.from("bytes"));
        assert.equal(await client.text(), "bytes");
        await client.close(1000);
      });

      test(`${version}, ${scheme}: get`, async () => {
        const start = Date.now() - 1, client = await connect(chat, "/prod", { headers: { "User-Agent": "tests/1" } }), api = make();
        const found = await api.get(client.id), { connectedAt } = chat.room.of("$connect").at(-1).requestContext;
        assert.ok(found.ConnectedAt instanceof Date && found.LastActiveAt instanceof Date);
        assert.equal(Math.floor(found.ConnectedAt / 1000), Math.floor(connectedAt / 1000));
        assert.ok(found.LastActiveAt >= found.ConnectedAt && found.LastActiveAt <= Date.now() + 1 && found.LastActiveAt >= start - 1000);
        const { SourceIp, UserAgent, sourceIp, userAgent } = found.Identity;
        assert.deepEqual([SourceIp ?? sourceIp, UserAgent ?? userAgent], ["127.0.0.1", "tests/1"]);
        await client.ask("something");
        assert.ok((await api.get(client.id)).LastActiveAt >= found.LastActiveAt);
        await client.close(1000);
      });

      test(`${version}, ${scheme}: delete`, async () => {
        const client = await connect(chat), api = make();
        await api.remove(client.id);
        assert.deepEqual(await client.closed, [1000, "Connection Closed Normally"]);
        let event;
        for (let n = 1; (event = await chat.room.event("$disconnect", n)).requestContext.connectionId !== client.id; n++);
        assert.deepEqual([event.requestContext.disconnectStatusCode, event.requestContext.disconnectReason], [1000, "Connection Closed Normally"]);
        assert.deepEqual({ ...(await thrown(api.remove(client.id))), error: 0 }, { name: "GoneException", status: 410, error: 0 });
      });

      test(`${version}, ${scheme}: the errors`, async () => {
        const client = await connect(chat), api = make();
        const cases = {
          "gone": [() => api.post(unknown, "x"), "GoneException", 410],
          "gone, to look": [() => api.get(unknown), "GoneException", 410],
          "gone, to close": [() => api.remove(unknown), "GoneException", 410],
          "no id": [() => api.post("nonsense", "x"), "BadRequestException", 400],
          "too long": [() => api.post(client.id, "x".repeat(131073)), "PayloadTooLargeException", 413],
          "another key": [() => make({ credentials: { ...key, accessKeyId: "AKIDOTHER" } }).post(client.id, "x"), "UnrecognizedClientException", 403],
          "another secret": [() => make({ credentials: { ...key, secretAccessKey: "x" } }).post(client.id, "x"), "InvalidSignatureException", 403],
          "another region": [() => make({ region: "eu-west-1" }).post(client.id, "x"), "InvalidSignatureException", 403],
          "a session token that is not the key's": [() => make({ credentials: { ...key, sessionToken: "x" } }).post(client.id, "x"), "UnrecognizedClientException", 403],
        };
        for (const [name, [call, error, status]] of Object.entries(cases)) {
          const got = await thrown(call());
          assert.deepEqual([got.name, got.status], [error, status], name);
        }
        await api.post(client.id, "still there");
        assert.equal(await client.text(), "still there");
        await client.close(1000);
      });

      test(`${version}, ${scheme}: an endpoint without a stage`, async () => {
        const client = await connect(chat), { endpoint, ...options } = endpoints[scheme](), api = sdk(version, endpoint.replace(/\/prod$/, ""), options);
        await api.post(client.id, "hello");
        assert.equal(await client.text(), "hello");
        await client.close(1000);
        assert.equal((await thrown(api.post(unknown, "x"))).status, 410);
      });

      test(`${version}, ${scheme}: another stage is forbidden`, async () => {
        const client = await connect(chat), { endpoint, ...options } = endpoints[scheme]();
        const { name, status } = await thrown(sdk(version, endpoint.replace(/\/prod$/, "/dev"), options).post(client.id, "x"));
        assert.deepEqual([name, status], ["ForbiddenException", 403]);
        await client.close(1000);
      });
    }

  test("a hundred pushes at once come whole", async () => {
    const client = await connect(chat), api = sdk("v3", endpoints.http().endpoint);
    const texts = Array.from({ length: 100 }, (_, i) => `${i} ${"x".repeat(i * 100)}`);
    await Promise.all(texts.map((text) => api.post(client.id, text)));
    const got = [];
    for (let i = 0; i < texts.length; i++) got.push(await client.text());
    assert.deepEqual(new Set(got), new Set(texts));
    await client.close(1000);
  });

  test("pushes one after the other come in their order", async () => {
    const client = await connect(chat), api = sdk("v3", endpoints.http().endpoint);
    for (let i = 0; i < 20; i++) await api.post(client.id, `${i}`);
    for (let i = 0; i < 20; i++) assert.equal(await client.text(), `${i}`);
    await client.close(1000);
  });

  test("the endpoint of the event is one that works", async () => {
    const client = await connect(chat), { domainName, stage } = chat.room.of("$connect").at(-1).requestContext;
    assert.equal(domainName, `127.0.0.1:${chat.gateway.tlsPort}`);
    await sdk("v3", `https://localhost:${chat.gateway.tlsPort}/${stage}`, { ca }).post(client.id, "hello");
    assert.equal(await client.text(), "hello");
    await client.close(1000);
  });

  test("over 32 KB it comes in frames of 32 KB at most", async () => {
    const raw = await RawSocket.open(chat.gateway, "/prod"), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    await sdk("v3", endpoints.http().endpoint).post(connectionId, "é".repeat(50000));
    const parts = [];
    for (let next; (next = await raw.frame());) {
      assert.equal(next.opcode, parts.length ? opcodes.continuation : opcodes.text);
      parts.push(next.payload);
      if (next.fin) break;
    }
    assert.ok(parts.every(({ length }) => length <= 32768));
    assert.equal(Buffer.concat(parts).toString(), "é".repeat(50000));
    raw.destroy();
  });
});

describe("what is answered, byte by byte", () => {
  let chat, client;
  before(async () => {
    chat = await startChat({ config: { credentials: [key] } });
    client = await connect(chat, "/prod", { headers: { "User-Agent": "tests/1" } });
  });
  after(async () => { await client?.close(1000); await chat?.stop(); });

  test("POST: 200 without a body", async () => {
    const answer = await signed(chat.gateway, "POST", pathOf(client.id), { body: "hello" });
    assert.deepEqual([answer.status, answer.text, answer.headers["content-length"]], [200, "", "0"]);
    assert.ok(answer.headers["x-amzn-requestid"]);
    assert.equal(await client.text(), "hello");
  });

  test("POST without a body: an empty message", async () => {
    assert.equal((await signed(chat.gateway, "POST", pathOf(client.id), { headers: { "content-length": "0" } })).status, 200);
    assert.deepEqual(await client.next(), { text: "" });
  });

  test("POST of what is no UTF-8: 400", async () => {
    const answer = await signed(chat.gateway, "POST", pathOf(client.id), { body: Buffer.of(0xff, 0xfe) });
    assert.deepEqual([answer.status, answer.headers["x-amzn-errortype"]], [400, "BadRequestException"]);
  });

  test("GET: the members' names are AWS's", async () => {
    const answer = await signed(chat.gateway, "GET", pathOf(client.id));
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-type"], /^application\/json/);
    const found = JSON.parse(answer.text);
    assert.deepEqual(Object.keys(found).sort(), ["connectedAt", "identity", "lastActiveAt"]);
    for (const time of [found.connectedAt, found.lastActiveAt]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
    assert.deepEqual(found.identity, { sourceIp: "127.0.0.1", userAgent: "tests/1" });
  });

  test("GET of a client without a user agent: an empty one", async () => {
    const raw = await RawSocket.open(chat.gateway, "/prod"), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    assert.deepEqual(JSON.parse((await signed(chat.gateway, "GET", pathOf(connectionId))).text).identity, { sourceIp: "127.0.0.1", userAgent: "" });
    raw.destroy();
  });

  test("DELETE: 204 without a body", async () => {
    const leaving = await connect(chat);
    const answer = await signed(chat.gateway, "DELETE", pathOf(leaving.id));
    assert.deepEqual([answer.status, answer.text], [204, ""]);
    await leaving.closed;
  });

  // The gateway answers a close frame at once: what comes then meets a connection that is ending, or none.
  test("a push behind the client's close: 410", async () => {
    const leaving = await RawSocket.open(chat.gateway, "/prod");
    const { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    leaving.sendClose(1000);
    await leaving.closed();
    assert.equal((await signed(chat.gateway, "POST", pathOf(connectionId), { body: "x" })).status, 410);
    leaving.destroy();
  });

  const errors = {
    "gone": [410, "GoneException", () => pathOf(unknown), {}, (text) => assert.equal(text, "")],
    "no id": [400, "BadRequestException", () => pathOf("nonsense"), {}, (text) => { const body = JSON.parse(text); assert.equal(body.message, "Invalid connectionId: nonsense"); assert.equal(body.connectionId, "nonsense"); }],
    "too long": [413, "PayloadTooLargeException", () => pathOf(client.id), { body: "x".repeat(131073) }, (text) => assert.equal(typeof JSON.parse(text).message, "string")],
    "no such stage": [403, "ForbiddenException", () => pathOf(client.id, "/dev"), {}, (text) => assert.equal(JSON.parse(text).message, "Forbidden")],
    "the stage twice": [403, "ForbiddenException", () => pathOf(client.id, "/prod/prod"), {}, (text) => assert.equal(JSON.parse(text).message, "Forbidden")],
  };
  for (const [name, [status, type, target, options, check]] of Object.entries(errors))
    test(`${name}: ${status}`, async () => {
      const answer = await signed(chat.gateway, "POST", target(), { body: "x", ...options });
      assert.deepEqual([answer.status, answer.headers["x-amzn-errortype"]?.split(":")[0]], [status, type], answer.text);
      check(answer.text);
    });

  const ids = {
    "as it is": (id) => `/prod/@connections/${id}`,
    "'=' as %3d": (id) => `/prod/@connections/${id.replace("=", "%3d")}`,
    "'@' as %40": (id) => `/prod/%40connections/${encodeURIComponent(id)}`,
  };
  for (const [name, target] of Object.entries(ids))
    test(`an id with ${name}`, async () => {
      const answer = await signed(chat.gateway, "POST", target(client.id), { body: name });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(await client.text(), name);
    });

  const strange = { "too short": "AAAA=", "too long": `${"A".repeat(16)}=`, "another alphabet": "AAAA+/AAAAAAAAA=", "no padding": "A".repeat(16), "a slash": "AAAAAAA/AAAAAAA=", "a NUL": "AAAAAAAAAAAAAA\u0000=", "a quote": 'AAAAAAAAAAAAAA"=' };
  for (const [name, id] of Object.entries(strange))
    test(`an id that is none: ${name}`, async () => {
      const answer = await signed(chat.gateway, "POST", pathOf(id), { body: "x" });
      assert.ok([400, 403, 404].includes(answer.status), `${answer.status}`);
      if (answer.text) JSON.parse(answer.text);
    });

  test("other methods are refused", async () => {
    for (const method of ["PUT", "PATCH", "HEAD", "OPTIONS"]) {
      const { status } = await signed(chat.gateway, method, pathOf(client.id), {});
      assert.ok(status >= 400 && status < 500, `${method} ${status}`);
    }
  });

  test("a body of 128 KB is read only from those who may", async () => {
    const answer = await send(chat.gateway, "POST", pathOf(client.id), { headers: { "Content-Length": "131072", Expect: "100-continue" } });
    assert.equal(answer.status, 403);
  });
});

describe("signatures", () => {
  const session = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "temporary", sessionToken: "the/session+token=" };
  let chat, client;
  before(async () => {
    chat = await startChat({ config: { credentials: [key, session] } });
    client = await connect(chat);
  });
  after(async () => { await client?.close(1000); await chat?.stop(); });
  // ago: milliseconds since it was signed
  const post = ({ ago = 0, target = pathOf, ...options }) => signed(chat.gateway, "POST", target(client.id), { body: "hello", date: new Date(Date.now() - ago), ...options });

  const good = {
    "the key": {},
    "a session's key": { credentials: session },
    "four minutes ago": { ago: 240e3 },
    "in four minutes": { ago: -240e3 },
    "with a query": { target: (id) => `${pathOf(id)}?a=b&c=d%20e` },
    "with further fields": { headers: { "x-amz-meta": "a  b", "content-type": "application/octet-stream" } },
    "a host by name": { host: "localhost" },
    "a field that is not signed": { change: (request) => { request.headers["X-Other"] = "x"; } },
  };
  for (const [name, options] of Object.entries(good))
    test(`accepted: ${name}`, async () => {
      const answer = await post({ body: name, ...options });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(await client.text(), name);
    });

  test("accepted: in the query", async () => {
    assert.equal((await presigned(chat.gateway, "GET", pathOf(client.id))).status, 200);
    assert.equal((await presigned(chat.gateway, "GET", pathOf(client.id), { date: new Date(Date.now() - 120e3), expiresIn: 60 })).status, 403, "until it expires");
  });

  const set = (name, value) => ({ change: (request) => { if (value === undefined) delete request.headers[name]; else request.headers[name] = typeof value === "function" ? value(request.headers[name]) : value; } });
  const refused = {
    "none": ["MissingAuthenticationTokenException", set("authorization", undefined)],
    "another scheme": [/Incomplete|Missing/, set("authorization", "Basic eDp5")],
    "no signature": ["IncompleteSignatureException", set("authorization", (text) => text.replace(/, Signature=.*/, ""))],
    "no signed headers": ["IncompleteSignatureException", set("authorization", (text) => text.replace(/, SignedHeaders=[^,]*/, ""))],
    "no credential": ["IncompleteSignatureException", set("authorization", (text) => text.replace(/Credential=[^,]*, /, ""))],
    "a credential without a scope": [/Incomplete|Invalid/, set("authorization", (text) => text.replace(/Credential=[^,]*/, "Credential=AKIDEXAMPLE"))],
    "no date": [/Incomplete|Invalid/, set("x-amz-date", undefined)],
    "a date that is none": [/Incomplete|Invalid/, set("x-amz-date", "yesterday")],
    "another date than signed": ["InvalidSignatureException", set("x-amz-date", (text) => text.replace(/\dZ$/, (last) => `${(Number(last[0]) + 1) % 10}Z`))],
    "ten minutes ago": ["InvalidSignatureException", { ago: 600e3 }],
    "in ten minutes": ["InvalidSignatureException", { ago: -600e3 }],
    "another day's scope": ["InvalidSignatureException", set("authorization", (text) => text.replace(/\/\d{8}\//, "/20150830/"))],
    "a changed signature": ["InvalidSignatureException", set("authorization", (text) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0"))],
    "a changed body": ["InvalidSignatureException", { change: (request) => { request.body = "hellO"; } }],
    "a body whose hash is signed, but not its own": ["InvalidSignatureException", { headers: { "x-amz-content-sha256": "0".repeat(64) } }],
    "UNSIGNED-PAYLOAD": ["InvalidSignatureException", { headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } }],
    "another path": ["InvalidSignatureException", { change: (request) => { request.path = request.path.replace("/prod/", "//prod/"); } }, true],
    "another query": ["InvalidSignatureException", { change: (request) => { request.path += "?a=b"; } }],
    "another method": ["InvalidSignatureException", { change: (request) => { request.method = "DELETE"; request.body = ""; } }],
    "a signed field that changed": ["InvalidSignatureException", { headers: { "x-amz-meta": "a" }, change: (request) => { request.headers["x-amz-meta"] = "b"; } }],
    "a field of amz's that is not signed": ["InvalidSignatureException", { change: (request) => { request.headers["x-amz-security-token"] = session.sessionToken; } }, true],
    "a host that is not signed": ["InvalidSignatureException", set("authorization", (text) => text.replace("host;", ""))],
    "another service": ["InvalidSignatureException", { service: "lambda" }],
    "another region": ["InvalidSignatureException", { region: "eu-west-1" }],
    "another key": ["UnrecognizedClientException", { credentials: { ...key, accessKeyId: "AKIDOTHER" } }],
    "a key in other letters": ["UnrecognizedClientException", { credentials: { ...key, accessKeyId: "akidexample" } }],
    "a session's key without its token": ["UnrecognizedClientException", { credentials: { ...session, sessionToken: undefined } }],
    "a session's key with another token": ["UnrecognizedClientException", { credentials: { ...session, sessionToken: "other" } }],
  };
  for (const [name, [type, options, anyType]] of Object.entries(refused))
    test(`refused: ${name}`, async () => {
      const answer = await post(options);
      assert.equal(answer.status, 403, answer.text);
      if (!anyType) assert.match(answer.headers["x-amzn-errortype"], typeof type === "string" ? new RegExp(`^${type}\\b`) : type);
      for (const secret of [key.secretAccessKey, session.secretAccessKey, session.sessionToken]) assert.ok(!answer.text.includes(secret));
      const other = await signed(chat.gateway, "POST", pathOf(client.id), { body: "marker" });
      assert.equal(other.status, 200);
      assert.equal(await client.text(), "marker", "nothing was sent before it");
    });

  test("no secret and no signature is in the log", async () => {
    const log = [...chat.gateway.lines, ...chat.gateway.stdout].join("\n");
    for (const secret of [key.secretAccessKey, session.secretAccessKey, session.sessionToken, "Signature="]) assert.ok(!log.includes(secret));
  });
});

describe("who may", () => {
  const named = (accessKeyId, policy) => ({ accessKeyId, secretAccessKey: `secret-of-${accessKeyId}`, ...(policy ? { policy } : {}) });
  const arn = (rest) => `arn:aws:execute-api:us-east-1:123456789012:${rest}`;
  const policies = {
    NONE: undefined,
    ALL: allow("*"),
    API: allow(arn("chat/*")),
    STAGE: allow(arn("chat/prod/*")),
    POST: allow(arn("chat/prod/POST/@connections/*")),
    OTHERSTAGE: allow(arn("chat/dev/*")),
    OTHERAPI: allow(arn("other/*")),
    OTHERREGION: allow(arn("chat/*").replace("us-east-1", "eu-west-1")),
    INVOKE: allow("*", "execute-api:Invoke"),
    WILD: allow("*", "execute-api:*"),
    DENIED: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }, { Effect: "Deny", Action: "execute-api:ManageConnections", Resource: arn("chat/*/DELETE/*") }] },
    NOTHING: allow("arn:aws:s3:::bucket/*", "s3:GetObject"),
  };
  // By key: what GET, POST and DELETE are answered.
  const wanted = {
    NONE: [200, 200, 204], ALL: [200, 200, 204], API: [200, 200, 204], STAGE: [200, 200, 204], POST: [403, 200, 403], OTHERSTAGE: [403, 403, 403], OTHERAPI: [403, 403, 403], OTHERREGION: [403, 403, 403],
    INVOKE: [403, 403, 403], WILD: [200, 200, 204], DENIED: [200, 200, 403], NOTHING: [403, 403, 403],
  };
  let chat;
  before(async () => {
    chat = await startChat({ config: { credentials: Object.entries(policies).map(([name, policy]) => named(name, policy)) } });
  });
  after(() => chat?.stop());

  for (const [name, statuses] of Object.entries(wanted))
    test(`policy ${name}`, async () => {
      const client = await connect(chat), credentials = named(name);
      const got = [];
      for (const method of ["GET", "POST", "DELETE"]) got.push((await signed(chat.gateway, method, pathOf(client.id), { credentials, body: method === "POST" ? "x" : "" })).status);
      assert.deepEqual(got, statuses);
      client.terminate();
    });

  test("a refusal does not say whether the connection is there", async () => {
    const client = await connect(chat), credentials = named("NOTHING");
    const answers = await Promise.all([client.id, unknown].map((id) => signed(chat.gateway, "POST", pathOf(id), { credentials, body: "x" })));
    assert.deepEqual(answers.map(({ status }) => status), [403, 403]);
    assert.equal(JSON.parse(answers[0].text).message, JSON.parse(answers[1].text).message);
    client.terminate();
  });
});

test("without credentials every signed request is refused", () => withChat({}, async (chat) => {
  const client = await connect(chat);
  assert.equal((await signed(chat.gateway, "POST", pathOf(client.id), { body: "x" })).status, 403);
  assert.equal((await send(chat.gateway, "POST", pathOf(client.id), { headers: { "Content-Length": "1" }, body: "x" })).status, 403);
  client.terminate();
}));

test("authorizationType: NONE asks for no signature", () => withChat({ config: { managementApi: { authorizationType: "NONE" } } }, async (chat) => {
  const client = await connect(chat);
  const answer = await send(chat.gateway, "POST", pathOf(client.id), { headers: { "Content-Length": "5" }, body: "hello" });
  assert.equal(answer.status, 200);
  assert.equal(await client.text(), "hello");
  client.terminate();
}));

test("only the listeners that are named serve it", async () => {
  const second = await freePort();
  await withChat({
    config: ({ port }) => ({ listeners: [{ name: "public", address: "127.0.0.1", port }, { name: "inside", address: "127.0.0.1", port: second }], credentials: [key], managementApi: { listeners: ["inside"] } }),
  }, async (chat) => {
    const client = await connect(chat);
    assert.equal((await signed(chat.gateway, "POST", pathOf(client.id), { body: "x" })).status, 403);
    assert.equal((await signed({ ...chat.gateway, port: second }, "POST", pathOf(client.id), { body: "hello", host: `127.0.0.1:${second}` })).status, 200);
    assert.equal(await client.text(), "hello");
    client.terminate();
  });
});

test("a secret from a file, and a key that a reload takes away", () => withChat({
  config: { credentials: [{ accessKeyId: key.accessKeyId, secretAccessKeyFile: "secret.txt" }] }, files: { "secret.txt": `${key.secretAccessKey}\n` },
}, async (chat) => {
  const client = await connect(chat);
  const post = () => signed(chat.gateway, "POST", pathOf(client.id), { body: "hello" });
  assert.equal((await post()).status, 200);
  const config = JSON.parse(fs.readFileSync(path.join(chat.gateway.directory, "turnpike.yaml")));
  assert.equal((await chat.gateway.reload({ ...config, credentials: [{ accessKeyId: "AKIDOTHER", secretAccessKey: "x" }] })).code, 0);
  assert.equal((await post()).status, 403);
  assert.equal(await client.text(), "hello");
  client.terminate();
}));

describe("which connection", () => {
  const apis = [
    { apiId: "chat", definition: "chat.json", stages: [{ stageName: "prod" }, { stageName: "dev" }] },
    { apiId: "other", definition: "chat.json", stages: [{ stageName: "prod" }] },
    { apiId: "web", protocolType: "HTTP", definition: "web.json" },
  ];
  const domains = [
    { domainName: "chat.example.com", apiMappings: [{ apiId: "chat", stage: "prod" }] },
    { domainName: "api.example.com", apiMappings: [{ apiId: "chat", stage: "prod", apiMappingKey: "ws" }, { apiId: "other", stage: "prod", apiMappingKey: "other" }] },
    { domainName: "*", apiMappings: [{ apiId: "web", stage: "$default" }, { apiId: "chat", stage: "prod", apiMappingKey: "talk" }] },
  ];
  let chat, client;
  before(async () => {
    chat = await startChat({ config: { apis, domains, credentials: [key] }, files: { "web.json": definition({ $default: "room" }) } });
    client = await connect(chat, "/talk");
  });
  after(async () => { client?.terminate(); await chat?.stop(); });

  const cases = {
    "its key in any host": ["localhost", "/talk", 200],
    "its stage in any host": ["localhost", "/prod", 200],
    "another stage": ["localhost", "/dev", 403],
    "an API's host": ["chat.execute-api.localhost", "/prod", 200],
    "an API's host, another stage": ["chat.execute-api.localhost", "/dev", 403],
    "another API's host": ["other.execute-api.localhost", "/prod", 403],
    "the path form": ["localhost", "/_aws/execute-api/chat/prod", 200],
    "the path form of another API": ["localhost", "/_aws/execute-api/other/prod", 403],
    "a domain without a key": ["chat.example.com", "", 200],
    "a domain without a key, its stage": ["chat.example.com", "/prod", 200],
    "a domain's key": ["api.example.com", "/ws", 200],
    "a domain's key of another API": ["api.example.com", "/other", 403],
    "a domain's key and the stage behind it": ["api.example.com", "/ws/prod", 403],
    "nothing in any host": ["localhost", "", 200],
    "nothing in an API's host": ["chat.execute-api.localhost", "", 200],
    "nothing in another API's host": ["other.execute-api.localhost", "", 403],
    "nothing in a domain that has it under a key": ["api.example.com", "", 200],
    "nothing behind the path form": ["localhost", "/_aws/execute-api/chat", 403],
  };
  for (const [name, [host, stage, status]] of Object.entries(cases))
    test(name, async () => {
      const answer = await signed(chat.gateway, "POST", pathOf(client.id, stage), { body: name, host });
      assert.equal(answer.status, status, answer.text);
      if (status === 200) assert.equal(await client.text(), name);
      else assert.match(answer.headers["x-amzn-errortype"], /^ForbiddenException/);
    });
});

describe("an API that is reached by its domains alone, at a listener that does not serve all", () => {
  const shut = websocketDefinition({ $connect: {} }, { disableExecuteApiEndpoint: true });
  const apis = [{ apiId: "chat", definition: "shut.json", stages: [{ stageName: "prod" }] }];
  let chat, client, second;
  before(async () => {
    second = await freePort();
    chat = await startChat({
      config: ({ port }) => ({
        listeners: [{ name: "all", address: "127.0.0.1", port }, { name: "web", address: "127.0.0.1", port: second, apis: ["web"] }],
        apis: [...apis, { apiId: "web", protocolType: "HTTP", definition: "web.json" }],
        domains: [{ domainName: "chat.example.com", apiMappings: [{ apiId: "chat", stage: "prod" }] }],
        credentials: [key],
      }),
      files: { "shut.json": shut, "web.json": definition({ $default: "room" }) },
    });
    client = await connect(chat, "/", { headers: { Host: "chat.example.com" } });
  });
  after(async () => { client?.terminate(); await chat?.stop(); });

  const cases = {
    "its domain": ["chat.example.com", "", "port", 200],
    "its domain, and its stage": ["chat.example.com", "/prod", "port", 200],
    "no host of its own": ["localhost", "", "port", 403],
    "no host of its own, its stage": ["localhost", "/prod", "port", 403],
    "its name": ["chat.execute-api.localhost", "", "port", 403],
    "its name, and its stage": ["chat.execute-api.localhost", "/prod", "port", 403],
    "the path form": ["localhost", "/_aws/execute-api/chat/prod", "port", 403],
    "another listener": ["chat.example.com", "", "second", 403],
    "another listener, its stage": ["chat.example.com", "/prod", "second", 403],
  };
  for (const [name, [host, stage, where, status]] of Object.entries(cases))
    for (const [what, id] of [["there", () => client.id], ["gone", () => unknown]])
      test(`${name}: ${what}`, async () => {
        const port = where === "second" ? second : chat.gateway.port;
        const answer = await signed({ ...chat.gateway, port }, "POST", pathOf(id(), stage), { body: name, host });
        assert.equal(answer.status, status === 200 && what === "gone" ? 410 : status, answer.text);
        if (answer.status === 200) assert.equal(await client.text(), name);
      });
});

describe("when a connection is there", () => {
  test("not before its 101, no more in $disconnect", async () => {
    const statuses = {};
    let chat;
    const look = (where) => async (event) => {
      const answer = await signed(chat.gateway, "POST", pathOf(event.requestContext.connectionId), { body: "x" });
      statuses[where] = [answer.status, answer.headers["x-amzn-errortype"]];
      return { statusCode: 200 };
    };
    chat = await startChat({ on: { $connect: look("connect"), $disconnect: look("disconnect"), $default: look("message") }, config: { credentials: [key] } });
    try {
      const client = await open(chat.gateway, "/prod");
      client.send("hello");
      assert.equal(await client.text(), "x");
      await client.close(1000);
      await chat.gateway.quiet();
      assert.deepEqual(statuses, { connect: [410, "GoneException"], message: [200, undefined], disconnect: [410, "GoneException"] });
    } finally { await chat.stop(); }
  });

  test("what is pushed the moment it is there comes", () => withChat({ config: { credentials: [key] } }, async (chat) => {
    for (let i = 0; i < 20; i++) {
      const raw = await RawSocket.open(chat.gateway, "/prod"), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
      assert.equal((await signed(chat.gateway, "POST", pathOf(connectionId), { body: `${i}` })).status, 200);
      assert.equal(await raw.text(), `${i}`);
      raw.destroy();
    }
  }));

  test("a push from within a message's function comes before its answer", () => {
    let chat;
    const push = async (event) => {
      await signed(chat.gateway, "POST", pathOf(event.requestContext.connectionId), { body: "pushed" });
      return { statusCode: 200, body: "answered" };
    };
    return withChat({ on: { $default: push }, config: { credentials: [key] } }, async (started) => {
      chat = started;
      const client = await open(chat.gateway, "/prod");
      assert.equal(await client.ask("x"), "pushed");
      assert.equal(await client.text(), "answered");
      await client.close(1000);
    });
  });
});

describe("limits", () => {
  test("the account's throttle counts pushes, too", () => withChat({
    config: { credentials: [key], throttling: { rateLimit: 0.001, burstLimit: 4 } },
  }, async (chat) => {
    const client = await connect(chat); // one of four
    const api = sdk("v3", `http://127.0.0.1:${chat.gateway.port}/prod`);
    for (let i = 0; i < 3; i++) await api.post(client.id, "x");
    const { name, status } = await thrown(api.post(client.id, "x"));
    assert.deepEqual([name, status], ["LimitExceededException", 429]);
    client.terminate();
  }));

  test("one that does not read: 429 when more waits than may, and it does not grow", () => withChat({ config: { credentials: [key], limits: { websocketPendingBytes: 262144 } } }, async (chat) => {
    const slow = await RawSocket.open(chat.gateway, "/prod"), { connectionId } = chat.room.of("$connect").at(-1).requestContext;
    slow.raw.socket.pause();
    const api = sdk("v3", `http://127.0.0.1:${chat.gateway.port}/prod`), big = "x".repeat(131072);
    let error;
    for (let i = 0; i < 400 && !error; i++) error = await api.post(connectionId, big).then(() => null, (e) => e);
    assert.ok(["LimitExceededException", "GoneException"].includes(error?.name), `${error}`);
    slow.destroy();
  }));

  test("websocketMessageBytes bounds pushes, too", () => withChat({ config: { credentials: [key], limits: { websocketMessageBytes: 100 } } }, async (chat) => {
    const client = await connect(chat);
    const answer = await signed(chat.gateway, "POST", pathOf(client.id), { body: "x".repeat(100) });
    assert.equal(answer.status, 200);
    assert.equal((await client.text()).length, 100);
    assert.equal((await signed(chat.gateway, "POST", pathOf(client.id), { body: "x".repeat(101) })).status, 413);
    client.terminate();
  }));
});

test("bytes: a binary message where they are delivered", () => withChat({ api: { binaryFrames: "deliver" }, config: { credentials: [key] } }, async (chat) => {
  const client = await connect(chat);
  await sdk("v3", `http://127.0.0.1:${chat.gateway.port}/prod`).post(client.id, Buffer.of(0xff, 0));
  assert.deepEqual((await client.next()).binary, Buffer.of(0xff, 0));
  await client.close(1000);
}));

test("a push while the function of $connect decides: gone, and the handshake goes on", async () => {
  const doors = gate();
  await withChat({ on: { $connect: doors.hold }, config: { credentials: [key] } }, async ({ gateway, room }) => {
    const socket = await RawSocket.start(gateway, "/prod");
    await doors.held(1);
    const { connectionId } = room.of("$connect")[0].requestContext;
    for (const method of ["POST", "GET", "DELETE"]) assert.equal((await signed(gateway, method, pathOf(connectionId))).status, 410);
    doors.release();
    await socket.opened();
    assert.equal(socket.status, 101);
    socket.destroy();
  });
});

test("access logs: a line for each call", () => withChat({
  config: { credentials: [key] }, stage: { accessLogSettings: { destination: "stdout", format: "$context.status $context.connectionId $context.requestId" } },
}, async (chat) => {
  const client = await connect(chat);
  await signed(chat.gateway, "POST", pathOf(client.id), { body: "x" });
  await signed(chat.gateway, "POST", pathOf(unknown), { body: "x" });
  await chat.gateway.line(/^410 /, { list: chat.gateway.stdout });
  assert.equal(chat.gateway.stdout.filter((line) => /^(200|410) /.test(line)).length, 3, "the handshake's and these two");
  client.terminate();
}));

describe("gone, and the URL names no stage", () => {
  const api = (apiId, ...stages) => ({ apiId, definition: "chat.json", stages: stages.map((stageName) => ({ stageName })) });
  const cases = {
    "one stage": [[api("chat", "prod")], "localhost", 410],
    "two stages": [[api("chat", "prod", "dev")], "localhost", 403],
    "two APIs": [[api("chat", "prod"), api("other", "prod")], "localhost", 403],
    "two APIs, and the host of one": [[api("chat", "prod"), api("other", "prod")], "other.execute-api.localhost", 410],
  };
  for (const [name, [apis, host, status]] of Object.entries(cases))
    test(`${name}: ${status}`, () => withChat({ config: { apis, credentials: [key] } }, async (chat) => {
      assert.equal((await signed(chat.gateway, "POST", pathOf(unknown, ""), { body: "x", host })).status, status);
    }));
});

test("a domain's mapping to a WebSocket API beside an HTTP API of the same names", () => withChat({
  config: { apis: [{ apiId: "chat", definition: "chat.json", stages: [{ stageName: "ws" }] }, { apiId: "web", protocolType: "HTTP", definition: "web.json" }], domains: [{ domainName: "*", apiMappings: [{ apiId: "web", stage: "$default" }, { apiId: "chat", stage: "ws", apiMappingKey: "ws" }] }], credentials: [key] },
  files: { "chat.json": websocketDefinition({ $connect: {} }), "web.json": definition({ $default: "room" }) },
}, async (chat) => {
  const client = await connect(chat, "/ws");
  assert.equal((await signed(chat.gateway, "POST", pathOf(client.id, "/ws"), { body: "hello" })).status, 200);
  assert.equal(await client.text(), "hello");
  client.terminate();
}));
