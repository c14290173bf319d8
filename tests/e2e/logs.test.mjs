// Access logs and the daemon's own log: what stands in them, and that nothing which a client sends breaks them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test as unbounded } from "node:test";
import { logged, send } from "./lib/client.mjs";
import { freePort, run, startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw } from "./lib/raw.mjs";

const test = (name, body) => unbounded(name, { timeout: 60000 }, body);
let lambda, issuer;
before(async () => {
  issuer = await (await startIssuer()).addKey("k1");
  lambda = await startLambda({
    echo: () => ({ statusCode: 200, body: "in" }),
    missing: () => ({ statusCode: 404, body: "no such pet" }),
    throws: () => { throw new TypeError("pets: undefined is not a function"); },
    hostile: () => { throw new Error('a"b\\c\nd\r\u001b[31me\u2028f\u0085g'); },
    wrong: () => ({ statusCode: 200, body: { an: "object" } }),
    late: (event, call) => { call.pending = true; },
    garbage: (event, call) => call.reply(200, { "content-type": "application/json" }, "{nonsense"),
    throttled: (event, call) => call.reply(429, { "x-amzn-ErrorType": "TooManyRequestsException" }, '{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}'),
    denied: (event, call) => call.reply(403, { "x-amzn-ErrorType": "AccessDeniedException" }, '{"Message":"User is not authorized to perform: lambda:InvokeFunction"}'),
  });
});
after(async () => { await lambda?.stop(); await issuer?.stop(); });

const stage = (format, rest = {}, stageName = "$default") => ({ stageName, accessLogSettings: { destination: "stdout", format, ...rest } });
const start = (stages, routes, rest = {}, options = {}) => startGateway({
  config: ({ port }) => ({
    accountId: "123456789012",
    apis: [{ apiId: "shop", protocolType: "HTTP", definition: "api.json", stages }],
    functions: Object.fromEntries(["echo", "missing", "throws", "hostile", "wrong", "late", "garbage", "throttled", "denied", "gone"].map((name) => [name, { endpoint: lambda.url }])),
    issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
    ...(typeof rest === "function" ? rest({ port }) : rest),
  }),
  files: { "api.json": definition(routes, { components: { securitySchemes: { users: jwtScheme({ issuer: issuer.issuer }) } } }) },
  ...options,
});

const NUMBER = /^\d+$/, ABSENT = "-";
const everything = {
  accountId: "123456789012", apiId: "shop", awsEndpointRequestId: "11111111-2222-3333-4444-555555555555", awsEndpointRequestId2: ABSENT,
  "customDomain.basePathMatched": "v1/pets", dataProcessed: NUMBER, domainName: "api.example.com", domainPrefix: "api",
  "error.message": ABSENT, "error.messageString": ABSENT, "error.responseType": ABSENT, extendedRequestId: (v, answer) => v === answer.id,
  httpMethod: "POST", path: "/v1/pets/dogs/7", protocol: "HTTP/1.1", requestId: (v, answer) => v === answer.id,
  requestTime: (v, answer, event) => v === event.requestContext.time && /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/.test(v),
  requestTimeEpoch: (v, answer, event) => v === String(event.requestContext.timeEpoch), responseLatency: NUMBER, responseLength: "2",
  routeKey: "POST /dogs/{id}", stage: "$default", status: "200",
  "authorizer.error": ABSENT, "authorizer.principalId": ABSENT, "authorizer.claims": ABSENT, "authorizer.claims.sub": "ann", "authorizer.claims.nobody": ABSENT,
  "authorizer.claims.cognito:groups": "[a b]", "authorizer.key": ABSENT, "authorizer.integrationLatency": ABSENT, "authorizer.integrationStatus": ABSENT,
  "authorizer.latency": NUMBER, "authorizer.requestId": ABSENT, "authorizer.status": "200",
  "identity.accountId": ABSENT, "identity.caller": ABSENT, "identity.cognitoAuthenticationProvider": ABSENT, "identity.cognitoAuthenticationType": ABSENT,
  "identity.cognitoIdentityId": ABSENT, "identity.cognitoIdentityPoolId": ABSENT, "identity.principalOrgId": ABSENT, "identity.sourceIp": "127.0.0.1",
  "identity.user": ABSENT, "identity.userAgent": "test/1 (a; b)", "identity.userArn": ABSENT,
  "identity.clientCert.clientCertPem": ABSENT, "identity.clientCert.subjectDN": ABSENT, "identity.clientCert.issuerDN": ABSENT,
  "identity.clientCert.serialNumber": ABSENT, "identity.clientCert.validity.notBefore": ABSENT, "identity.clientCert.validity.notAfter": ABSENT,
  "integration.error": ABSENT, "integration.integrationStatus": "200", "integration.latency": NUMBER, "integration.requestId": "11111111-2222-3333-4444-555555555555",
  "integration.status": "200", integrationErrorMessage: ABSENT, integrationLatency: NUMBER, integrationStatus: "200",
};

test("every variable of HTTP APIs", async () => {
  const names = Object.keys(everything);
  const gateway = await start([stage(names.map((name, i) => (i % 2 ? `$context.${name}` : `\${context.${name}}`)).join("|"))],
    { "POST /dogs/{id}": { function: "echo", security: [{ users: [] }] } },
    { domains: [{ domainName: "api.example.com", apiMappings: [{ apiId: "shop", stage: "$default", apiMappingKey: "v1/pets" }] }] });
  const answer = await send(gateway, "POST", "/v1/pets/dogs/7?secret=1", { body: "12345", headers: {
    Host: "api.example.com", "User-Agent": "test/1 (a; b)", Authorization: await issuer.token({ "cognito:groups": ["a", "b"] }), "Content-Length": "5" } });
  assert.equal(answer.status, 200, answer.text);
  const values = (await logged(gateway, answer)).split("|");
  assert.equal(values.length, names.length);
  names.forEach((name, i) => {
    const wanted = everything[name];
    if (typeof wanted === "function") assert.ok(wanted(values[i], answer, lambda.last.event), `${name}: ${values[i]}`);
    else if (wanted instanceof RegExp) assert.match(values[i], wanted, name);
    else assert.equal(values[i], wanted, name);
  });
  assert.equal(Number(values[names.indexOf("dataProcessed")]), 7);
  await gateway.stop();
});

const presets = {
  clf: '$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId',
  json: '{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod","routeKey":"$context.routeKey", "status":"$context.status","protocol":"$context.protocol", "responseLength":"$context.responseLength" }',
  xml: '<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>',
  csv: "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId",
};
const TIME = "\\d\\d/\\w{3}/\\d{4}:\\d\\d:\\d\\d:\\d\\d \\+0000";

test("the console's presets", async () => {
  const gateway = await start(Object.entries(presets).map(([name, format]) => stage(format, {}, name)), { "GET /pets/{id}": "missing" });
  const line = async (name, path = "/pets/7") => {
    const answer = await send(gateway, "GET", `/${name}${path}`);
    return (await logged(gateway, answer)).replaceAll(answer.id, "ID");
  };
  assert.match(await line("clf"), new RegExp(`^127\\.0\\.0\\.1 - - \\[${TIME}\\] "GET GET /pets/\\{id\\} HTTP/1\\.1" 404 11 ID$`));
  assert.match(await line("clf", "/nothing"), new RegExp(`^127\\.0\\.0\\.1 - - \\[${TIME}\\] "GET - HTTP/1\\.1" 404 23 ID$`));
  const { requestTime, ...rest } = JSON.parse(await line("json"));
  assert.match(requestTime, new RegExp(`^${TIME}$`));
  assert.deepEqual(rest, { requestId: "ID", ip: "127.0.0.1", httpMethod: "GET", routeKey: "GET /pets/{id}", status: "404", protocol: "HTTP/1.1", responseLength: "11" });
  assert.match(await line("xml"), new RegExp(`^<request id="ID"> <ip>127\\.0\\.0\\.1</ip> <requestTime>${TIME}</requestTime> <httpMethod>GET</httpMethod> <routeKey>GET /pets/\\{id\\}</routeKey> <status>404</status> <protocol>HTTP/1\\.1</protocol> <responseLength>11</responseLength> </request>$`));
  assert.match(await line("csv"), new RegExp(`^127\\.0\\.0\\.1,${TIME},GET,GET /pets/\\{id\\},HTTP/1\\.1,404,11,ID$`));
  await gateway.stop();
});

test("statuses of function, service and gateway; the error's texts", async () => {
  const gateway = await start([stage("$context.requestId|$context.status $context.integration.status $context.integration.integrationStatus|$context.error.message|$context.error.messageString|$context.error.responseType")],
    { "GET /missing": "missing", "GET /throws": "throws", "GET /echo": "echo", "GET /scoped": { function: "echo", security: [{ users: ["a"] }] } });
  const behind = async (path, headers) => (await logged(gateway, await send(gateway, "GET", path, { headers }))).replace(/^[^|]*\|/, "");
  assert.equal(await behind("/missing"), "404 404 200|-|-|-");
  assert.equal(await behind("/throws"), '500 - 200|Internal Server Error|"Internal Server Error"|INTEGRATION_FAILURE');
  assert.equal(await behind("/echo"), "200 200 200|-|-|-");
  assert.match(await behind("/nothing"), /^404 - -\|Not Found\|"Not Found"\|/);
  assert.equal(await behind("/scoped"), '401 - -|Unauthorized|"Unauthorized"|UNAUTHORIZED');
  assert.equal(await behind("/scoped", { Authorization: await issuer.token() }), '403 - -|Forbidden|"Forbidden"|ACCESS_DENIED');
  await gateway.stop();
});

test("why an integration failed", async () => {
  const closed = `http://127.0.0.1:${await freePort()}`;
  const gateway = await start([stage("$context.requestId|$context.status|$context.integrationErrorMessage|$context.integration.error|$context.integrationStatus")],
    { "GET /throws": "throws", "GET /wrong": "wrong", "GET /late": { function: "late", timeoutInMillis: 60 }, "GET /garbage": "garbage",
      "GET /throttled": "throttled", "GET /denied": "denied", "GET /gone": "gone", "GET /closed": "closed", "GET /echo": "echo" },
    { defaultEndpoint: closed });
  const line = async (path) => {
    const [, status, message, error, service] = (await logged(gateway, await send(gateway, "GET", path))).split("|");
    assert.equal(message, error, "two names of one text");
    return [Number(status), message, service];
  };
  assert.deepEqual(await line("/echo"), [200, "-", "200"]);
  assert.deepEqual(await line("/throws"), [500, "The Lambda function returned the following error: pets: undefined is not a function. Check your Lambda function code and try again.", "200"]);
  assert.deepEqual(await line("/wrong"), [500, "The response from the Lambda function doesn't match the format that API Gateway expects. Lambda body contains the wrong type for field \"body\"", "200"]);
  assert.match((await line("/garbage"))[1], /^The response from the Lambda function doesn't match the format that API Gateway expects/);
  assert.deepEqual(await line("/denied"), [500, "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again.", "403"]);
  assert.deepEqual((await line("/late"))[0], 503);
  assert.match((await line("/late"))[1], /timeout/);
  const [status, why, service] = await line("/throttled");
  assert.deepEqual([status, service], [503, "429"]);
  assert.match(why, /429|Rate Exceeded|throttled/i);
  assert.deepEqual((await line("/gone")).filter((_, i) => i !== 1), [500, "404"]);
  assert.deepEqual((await line("/closed")).filter((_, i) => i !== 1), [503, "-"]);
  await gateway.stop();
});

// Every byte that a field may hold: quotes, backslashes, tabs, and those above 0x7f one by one.
const AGENT = `a"b\\c\td' \${context.apiId} $context.apiId {}<>\x85\xa0\xe2\x80\xa8\xc2\x85${String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i + 128))}"`;
const quoted = '{"id":"$context.requestId","agent":"$context.identity.userAgent","path":"$context.path","sub":"$context.authorizer.claims.sub"}';

async function hostile(gateway, list, sub = 'x","admin":"true') {
  const raw = await Raw.open(gateway.port);
  const token = await issuer.token({ sub });
  raw.send(`GET /dogs/a%22%0A%0d%5C%00b%1b%5b31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.match(await raw.closed(), /^HTTP\/1\.1 400/);
  const again = await Raw.open(gateway.port);
  again.send(`GET /dogs/a%22%0A%0d%5Cb%1b%5b31m HTTP/1.1\r\nHost: x\r\nUser-Agent: ${AGENT}\r\nAuthorization: ${token}\r\nConnection: close\r\n\r\n`);
  const answer = await again.closed();
  assert.match(answer, /^HTTP\/1\.1 200/);
  const id = /apigw-requestid: (\S+)/.exec(answer)[1];
  return { id, line: await logged(gateway, { id }, list) };
}

test("escape: auto: nothing leaves its quotes, in either kind of format", async () => {
  for (const [format, check] of [
    [quoted, (line, id) => {
      const read = JSON.parse(line);
      assert.deepEqual(Object.keys(read), ["id", "agent", "path", "sub"]);
      assert.deepEqual([read.id, read.path, read.sub], [id, '/dogs/a"\n\r\\b\u001b[31m', 'x","admin":"true']);
      assert.ok(read.agent.startsWith('a"b\\c\td\' ${context.apiId} $context.apiId {}<>') && read.agent.endsWith('"'));
    }],
    ["$context.requestId $context.path end $context.identity.userAgent", (line, id) => {
      assert.ok(line.startsWith(`${id} /dogs/a"\\x0a\\x0d\\b\\x1b[31m end a"b\\c\\x09d'`), line);
      assert.ok(!/[\x00-\x1f\x7f]/.test(line));
    }],
  ]) {
    const gateway = await start([stage(format)], { "GET /dogs/{name}": { function: "echo", security: [{ users: [] }] } });
    const { id, line } = await hostile(gateway);
    check(line, id);
    await send(gateway, "GET", "/nothing");
    await gateway.stop();
    assert.equal(gateway.stdout.length, 2, "a line for each request that met a stage");
  }
});

test("escape: none: as AWS, byte for byte, in a file", async () => {
  const gateway = await start([stage(quoted, { destination: "access.log", escape: "none" })], { "GET /dogs/{name}": { function: "echo", security: [{ users: [] }] } });
  const file = path.join(gateway.directory, "access.log");
  const raw = await Raw.open(gateway.port);
  const token = await issuer.token({ sub: 'x","admin":"true' });
  raw.send(`GET /dogs/a HTTP/1.1\r\nHost: x\r\nUser-Agent: ${AGENT}\r\nAuthorization: ${token}\r\nConnection: close\r\n\r\n`);
  await raw.closed();
  assert.equal((await gateway.reload()).code, 0); // the writer is one queue: behind the reload's line stands the file's
  gateway.child.kill("SIGTERM");
  const text = await new Promise((resolve) => gateway.child.once("exit", () => resolve(fs.readFileSync(file, "latin1"))));
  await gateway.ended;
  assert.ok(text.includes(`"agent":"${AGENT}","path":"/dogs/a","sub":"x","admin":"true"}\n`), text);
  await gateway.stop();
});

test("files: appended to, opened anew at SIGUSR1, and again when a reload names another", async () => {
  const gateway = await start([stage("$context.requestId", { destination: "logs/access.log" })], { "GET /echo": "echo" }, {}, { wait: false });
  await gateway.ended; // the directory is not made
  assert.equal(gateway.exited.code, 78);
  assert.match(gateway.lines.join("\n"), /turnpike\.yaml:\d+:\d+: error: access log: .*logs\/access\.log/);
  await gateway.stop("SIGKILL");

  const own = await start([stage("$context.requestId", { destination: "access.log" })], { "GET /echo": "echo" });
  const at = (name) => path.join(own.directory, name);
  const ids = [];
  const call = async () => ids.push((await send(own, "GET", "/echo")).id);
  await call();
  fs.renameSync(at("access.log"), at("access.log.1"));
  await call();
  own.child.kill("SIGUSR1");
  while (!fs.existsSync(at("access.log"))) await fetch(`http://127.0.0.1:${own.adminPort}/healthz`); // the daemon's turn
  await call();
  assert.equal((await own.reload({ apis: [{ apiId: "shop", protocolType: "HTTP", definition: "api.json", stages: [stage("$context.requestId", { destination: "other.log" })] }],
    functions: { echo: { endpoint: lambda.url } }, issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] })).code, 0);
  await call();
  own.child.kill("SIGTERM");
  const texts = await new Promise((resolve) => own.child.once("exit", () => resolve(["access.log.1", "access.log", "other.log"].map((name) => fs.readFileSync(at(name), "utf8")))));
  await own.ended;
  assert.deepEqual(texts, [`${ids[0]}\n${ids[1]}\n`, `${ids[2]}\n`, `${ids[3]}\n`]);
  assert.equal(own.exited.code, 0);
  await own.stop();
});

test("formats that cannot be: no format, two lines, too long; an unknown variable is a warning and prints -", async () => {
  const files = { "api.json": definition({ "GET /echo": "echo" }) };
  for (const [settings, problem] of [[{ destination: "stdout" }, /'format' is missing/], [{ destination: "stdout", format: "a\nb" }, /single line/], [{ destination: "stdout", format: "x".repeat(3073) }, /3072/]]) {
    const gateway = await startGateway({ wait: false, files, config: { apis: [{ apiId: "shop", protocolType: "HTTP", definition: "api.json", stages: [{ stageName: "$default", accessLogSettings: settings }] }], functions: { echo: { endpoint: lambda.url } } } });
    await gateway.ended;
    assert.equal(gateway.exited.code, 78);
    assert.match(gateway.lines.join("\n"), problem);
    await gateway.stop("SIGKILL");
  }
  const gateway = await start([stage("$context.requestId $context.requestID $context.$x ${context.status $input.body $stageVariables.x")], { "GET /echo": "echo" });
  assert.match(gateway.lines.join("\n"), /turnpike\.yaml:\d+:\d+: warning: .*'\$context\.requestID'.*did you mean '\$context\.requestId'/);
  const answer = await send(gateway, "GET", "/echo");
  assert.equal(await logged(gateway, answer), `${answer.id} - $context.$x \${context.status $input.body $stageVariables.x`);
  await gateway.stop();
});

test("the daemon's log as JSON lines: each parses, and carries the request it is about", async () => {
  const gateway = await start([stage("$context.requestId")], { "GET /throws": "throws", "GET /hostile": "hostile", "GET /denied": "denied" }, { log: { format: "json", level: "debug" } });
  const ids = {};
  for (const name of ["throws", "hostile", "denied"]) ids[name] = (await send(gateway, "GET", `/${name}`)).id;
  await gateway.line(new RegExp(ids.denied));
  gateway.child.kill("SIGHUP");
  await gateway.line(/reloaded/);
  await gateway.stop();
  const entries = gateway.lines.map((line) => JSON.parse(line));
  for (const entry of entries) {
    assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(["error", "warning", "notice", "info", "debug"].includes(entry.level), entry.level);
    assert.equal(typeof entry.message, "string");
  }
  const about = (name) => entries.find((entry) => entry.requestId === ids[name]);
  assert.deepEqual([about("denied").level, about("denied").api, about("denied").stage, about("denied").route], ["warning", "shop", "$default", "GET /denied"]);
  assert.match(about("hostile").message, /a"b\\c\nd/);
});

test("the daemon's log as text: a line stays a line, and no terminal obeys it", async () => {
  const gateway = await start([stage("$context.requestId")], { "GET /hostile": "hostile" }, { log: { level: "debug" } });
  const { id } = await send(gateway, "GET", "/hostile");
  await gateway.line(new RegExp(id.replace(/[^\w]/g, "\\$&")));
  await gateway.stop();
  for (const line of gateway.lines) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (error|warning|notice|info|debug): [^\x00-\x1f\x7f\u0085\u2028]*$/);
});

test("a log that nobody reads delays nobody", async () => {
  const gateway = await start([stage(`$context.requestId ${"x".repeat(3000)}`)], { "GET /echo": "echo" });
  gateway.child.stdout.pause();
  const before = lambda.calls.length;
  for (let i = 0; i < 30; i++) assert.ok((await Promise.all(Array.from({ length: 20 }, () => send(gateway, "GET", "/echo")))).every((a) => a.status === 200));
  assert.equal(lambda.calls.length, before + 600);
  gateway.child.stdout.resume();
  await gateway.stop();
});
