// Functions of the Lambda service itself, which asks who calls: a server that checks signatures by the
// AWS SDK's own signer stands in for it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { startClock } from "./lib/clock.mjs";
import { run, startGateway, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { get } from "./lib/process.mjs";
import { demandSignature } from "./lib/sigv4.mjs";

const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const temporary = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "another/Secret+Key", sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE//+==" };
const other = { accessKeyId: "AKIDOTHER", secretAccessKey: "the-third-secret" };
const secrets = [key.secretAccessKey, temporary.secretAccessKey, temporary.sessionToken, other.secretAccessKey];
const broken = [500, '{"message":"Internal Server Error"}'], unavailable = [503, '{"message":"Service Unavailable"}'];
const outcome = ({ status, text }) => [status, text];

// What a developer's own machine has set must not reach the tests.
const variables = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
const noAws = { HOME: "/nonexistent", ...Object.fromEntries(variables.map((name) => [name, ""])) };

const stages = [{ stageName: "$default", stageVariables: { alias: "live" },
  accessLogSettings: { destination: "stdout", format: "$context.path $context.status $context.integration.integrationStatus $context.integrationErrorMessage" } }];
const routes = { "ANY /f": "f", "ANY /version": "f:7", "ANY /alias": "f:${stageVariables.alias}", "ANY /latest": "f:$LATEST" };
const configOf = (functions, more = {}) => ({ apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json", stages }], functions, log: { level: "debug" }, ...more });

function assertNoSecret(...texts) {
  for (const text of texts.flat()) for (const secret of secrets) assert.ok(!String(text).includes(secret), `a secret is shown: ${text}`);
}

// Runs `fn` with a Lambda that knows `keys`, and a gateway whose function `f` is there. `signWith` and
// `more` are configuration; a `files` function is given the directory's Lambda.
async function withLambda({ keys = [key], region = "eu-west-1", signWith, env = {}, files = {}, more = {}, tls, handlers = { f: () => ({ ok: true }) }, remoteName }, fn) {
  const lambda = await startLambda(handlers, { tls: tls?.server, refuse: demandSignature(keys, { region, service: "lambda" }) });
  const f = { endpoint: lambda.url, ...(signWith ? { signWith } : {}), ...(remoteName ? { remoteName } : {}) };
  const gateway = await startGateway({
    config: configOf({ f }, more), files: { "api.json": definition(routes), ...files }, env: { ...noAws, ...env },
  });
  try {
    await fn({ lambda, gateway, f, get: (target, options) => get(gateway.port, target, options) });
    assertNoSecret(gateway.lines, gateway.stdout, await gateway.metrics(), JSON.stringify(await gateway.status()));
  } finally { await gateway.stop(); await lambda.stop(); }
}

test("a key that is written: every form of request is signed as the SDK signs it", async () => {
  await withLambda({ signWith: { ...key, region: "eu-west-1" } }, async ({ lambda, get }) => {
    for (const [target, url] of [
      ["/f", "/2015-03-31/functions/f/invocations"],
      ["/version", "/2015-03-31/functions/f/invocations?Qualifier=7"],
      ["/alias", "/2015-03-31/functions/f/invocations?Qualifier=live"],
      ["/latest", "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST"],
    ]) {
      assert.deepEqual(outcome(await get(target, { method: "POST", body: "ü & \u{1f600}" })), [200, '{"ok":true}']);
      assert.equal(lambda.last.url, url);
    }
    assert.deepEqual(lambda.last.identity, { accessKeyId: key.accessKeyId, region: "eu-west-1", service: "lambda",
      names: ["content-type", "host", "x-amz-date", "x-amz-invocation-type"] });
    assert.equal(lambda.last.headers["x-amz-log-type"], undefined);
  });
});

test("an ARN in the path, a session token in the signature", async () => {
  const arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
  await withLambda({ keys: [temporary], signWith: { ...temporary, region: "eu-west-1" }, remoteName: arn, handlers: { [arn]: () => ({ ok: true }) } }, async ({ lambda, get }) => {
    assert.equal((await get("/alias")).status, 200);
    assert.equal(lambda.last.url, "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/invocations?Qualifier=live");
    assert.ok(lambda.last.identity.names.includes("x-amz-security-token"));
  });
});

test("awsRegion is signed for where nothing says more", async () => {
  await withLambda({ region: "eu-north-1", signWith: key, more: { awsRegion: "eu-north-1" } }, async ({ get }) => {
    assert.equal((await get("/f")).status, 200);
  });
});

test("secrets in files: a reload reads them anew", async () => {
  const keys = [temporary];
  const signWith = { accessKeyId: temporary.accessKeyId, secretAccessKeyFile: "keys/secret", sessionTokenFile: "keys/token", region: "eu-west-1" };
  await withLambda({ keys, signWith, files: { "keys/secret": `${temporary.secretAccessKey}\n`, "keys/token": temporary.sessionToken } }, async ({ gateway, f, get }) => {
    assert.equal((await get("/f")).status, 200);
    keys[0] = { ...temporary, secretAccessKey: other.secretAccessKey, sessionToken: "next-token" };
    assert.deepEqual(outcome(await get("/f")), broken);
    gateway.write({ "keys/secret": `${other.secretAccessKey}\n`, "keys/token": "next-token\n" });
    assert.equal((await get("/f")).status, 500, "nothing is read before the reload");
    const reload = await gateway.reload(configOf({ f }));
    assert.equal(reload.code, 0, reload.stderr);
    assert.equal((await get("/f")).status, 200);
    fs.rmSync(path.join(gateway.directory, "keys/secret"));
    const failed = await gateway.reload();
    assert.equal(failed.code, 78);
    assert.match(failed.stderr + failed.stdout, /turnpike\.yaml:\d+:\d+: .*keys\/secret: cannot be read: No such file or directory/);
    assert.equal((await get("/f")).status, 200, "what was loaded goes on");
    assertNoSecret(reload.stdout, reload.stderr, failed.stdout, failed.stderr);
  });
});

test("a secret that everybody may read is a warning", async () => {
  await withLambda({ signWith: { accessKeyId: key.accessKeyId, secretAccessKeyFile: "secret", region: "eu-west-1" }, files: { secret: key.secretAccessKey } }, async ({ gateway, get }) => {
    fs.chmodSync(path.join(gateway.directory, "secret"), 0o644);
    const open = await run(["check", "--config", "turnpike.yaml"], { cwd: gateway.directory });
    assert.equal(open.code, 0);
    assert.match(open.stdout + open.stderr, /warning: .*secret holds a secret, and everybody may read it/);
    fs.chmodSync(path.join(gateway.directory, "secret"), 0o640);
    const closed = await run(["check", "--config", "turnpike.yaml"], { cwd: gateway.directory });
    assert.doesNotMatch(closed.stdout + closed.stderr, /everybody/);
    assertNoSecret(open.stdout, open.stderr, closed.stdout, closed.stderr);
    assert.equal((await get("/f")).status, 200);
  });
});

test("the environment: variables", async () => {
  const env = { AWS_ACCESS_KEY_ID: temporary.accessKeyId, AWS_SECRET_ACCESS_KEY: temporary.secretAccessKey, AWS_SESSION_TOKEN: temporary.sessionToken, AWS_REGION: "eu-west-1" };
  await withLambda({ keys: [temporary], signWith: "environment", env }, async ({ get }) => {
    assert.deepEqual(outcome(await get("/version")), [200, '{"ok":true}']);
  });
});

test("the environment: shared files, a profile, its region, and a rotation", async () => {
  const home = temporaryDirectory(), keys = [temporary];
  const credentials = (id, { accessKeyId, secretAccessKey, sessionToken }) =>
    `[${id}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n${sessionToken ? `aws_session_token = ${sessionToken}\n` : ""}`;
  writeFiles(home, {
    ".aws/credentials": credentials("default", key) + credentials("work", temporary),
    ".aws/config": "[default]\nregion = us-east-1\n\n[profile work]\nregion = eu-west-1\noutput = json\n",
  });
  try {
    await withLambda({ keys, signWith: "environment", env: { HOME: home, AWS_PROFILE: "work" } }, async ({ lambda, gateway, get }) => {
      assert.equal((await get("/f")).status, 200);
      assert.equal(lambda.last.identity.accessKeyId, temporary.accessKeyId);
      keys[0] = other;
      writeFiles(home, { ".aws/credentials": credentials("work", other) });
      assert.equal((await gateway.reload()).code, 0);
      assert.equal((await get("/f")).status, 200);
      assert.equal(lambda.last.identity.accessKeyId, other.accessKeyId);
    });
  } finally { fs.rmSync(home, { recursive: true, force: true }); }
});

test("files that variables name", async () => {
  const files = { "elsewhere.ini": `[default]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`, "config.ini": "[default]\nregion = eu-west-1\n" };
  await withLambda({ signWith: "environment", files, env: { AWS_SHARED_CREDENTIALS_FILE: "elsewhere.ini", AWS_CONFIG_FILE: "config.ini" } }, async ({ get }) => {
    assert.equal((await get("/f")).status, 200);
  });
});

// What `check` says of a function, from the line of the finding on.
async function check(functions, { env = {}, files = {} } = {}) {
  const directory = temporaryDirectory();
  try {
    writeFiles(directory, { "turnpike.yaml": configOf(functions), "api.json": definition(routes), ...files });
    const { code, stdout, stderr } = await run(["check", "--config", "turnpike.yaml"], { cwd: directory, env: { ...process.env, ...noAws, ...env } });
    assertNoSecret(stdout, stderr);
    return { code, text: stdout + stderr };
  } finally { fs.rmSync(directory, { recursive: true, force: true }); }
}

test("no credentials, half of them, or a kind that is not supported: an error with its place", async () => {
  const signed = { f: { endpoint: "http://127.0.0.1:1", signWith: "environment" } }, aws = { f: { endpoint: "https://lambda.eu-west-1.amazonaws.com" } };
  const cases = [
    [signed, {}, /turnpike\.yaml:\d+:\d+: error: AWS_ACCESS_KEY_ID is not set, and there is no profile 'default' in /],
    [aws, {}, /turnpike\.yaml:\d+:\d+: error: requests to AWS are signed: AWS_ACCESS_KEY_ID is not set/],
    [signed, { AWS_ACCESS_KEY_ID: "x" }, /AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not/],
    [signed, { AWS_PROFILE: "gone" }, /there is no profile 'gone' in /],
    [signed, { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }, /AWS_WEB_IDENTITY_TOKEN_FILE is set, and credentials of that kind are not supported/],
    [signed, { AWS_CONFIG_FILE: "sso.ini" }, /profile 'default' in sso\.ini has 'sso_session', and credentials of that kind are not supported/],
    [signed, { AWS_CONFIG_FILE: "role.ini" }, /has 'role_arn'/],
  ];
  const files = { "sso.ini": "[default]\nsso_session = mine\n", "role.ini": `[default]\nrole_arn = arn\naws_secret_access_key = ${key.secretAccessKey}\n` };
  for (const [functions, env, want] of cases) {
    const { code, text } = await check(functions, { env, files });
    assert.equal(code, 78, text);
    assert.match(text, want);
  }
  const fine = await check(aws, { env: { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey } });
  assert.equal(fine.code, 0, fine.text);
});

test("refusals: 500 for the client, AWS's words in the access log, the reason in the log", async () => {
  await withLambda({ keys: [], signWith: { ...temporary, region: "eu-west-1" } }, async ({ gateway, get }) => {
    assert.deepEqual(outcome(await get("/f")), broken);
    assert.equal(await gateway.line(/^\/f 500/, { list: gateway.stdout }), "/f 500 403 The IAM role configured on the integration or API Gateway doesn't have " +
      "permissions to call the integration. Check the permissions and try again.");
    await gateway.line(/403 UnrecognizedClientException: .*AWS does not know the access key ID/);
  });
  await withLambda({ keys: [{ ...temporary, secretAccessKey: "no" }], signWith: { ...temporary, region: "eu-west-1" } }, async ({ gateway, get }) => {
    assert.deepEqual(outcome(await get("/f")), broken);
    await gateway.line(/403 InvalidSignatureException: The request signature we calculated does not match\. \(is this the secret of that access key ID/);
  });
  await withLambda({}, async ({ gateway, lambda, get }) => {
    assert.deepEqual(outcome(await get("/f")), broken);
    assert.equal(lambda.last.headers.authorization, undefined, "nothing is signed unless it is asked for");
    await gateway.line(/MissingAuthenticationTokenException: .*'signWith' of the function signs it/);
  });
});

test("a clock that is wrong is told in the log", async () => {
  const clock = startClock();
  try {
    await withLambda({ signWith: { ...key, region: "eu-west-1" }, env: clock.env }, async ({ gateway, get }) => {
      assert.equal((await get("/f")).status, 200);
      clock.advance(3600);
      assert.deepEqual(outcome(await get("/f")), broken);
      await gateway.line(/InvalidSignatureException: Signature expired: .*this machine's clock right\?/);
    });
  } finally { clock.stop(); }
});

test("what Lambda answers in place of a result", async () => {
  const error = (status, type, body) => (event, call) => void call.reply(status, { "x-amzn-ErrorType": type, "x-amzn-RequestId": "r-1" }, JSON.stringify(body));
  const answers = { limit: [429, "TooManyRequestsException", { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User", message: "Rate Exceeded." }],
    large: [413, "RequestTooLargeException", { Type: "User", message: "too large" }], gone: [404, "ResourceNotFoundException", { Type: "User", Message: "Function not found: f" }],
    fault: [500, "ServiceException", { Type: "Service", Message: "m" }] };
  const handlers = { f: (event, call) => error(...answers[event.queryStringParameters.answer])(event, call) };
  await withLambda({ signWith: { ...key, region: "eu-west-1" }, handlers }, async ({ gateway, lambda, get }) => {
    for (const [name, expected, log] of [
      ["limit", unavailable, "/f 503 429 Lambda refused the invocation: 429 TooManyRequestsException: Rate Exceeded."],
      ["large", broken, "/f 500 413 Lambda refused the invocation: 413 RequestTooLargeException: too large"],
      ["gone", broken, "/f 500 404 Lambda refused the invocation: 404 ResourceNotFoundException: Function not found: f"],
      ["fault", broken, "/f 500 500 Lambda refused the invocation: 500 ServiceException: m"],
    ]) {
      const before = lambda.calls.length, from = gateway.stdout.length;
      assert.deepEqual(outcome(await get(`/f?answer=${name}`)), expected);
      assert.equal(lambda.calls.length, before + 1, "nothing is tried again");
      assert.equal(await gateway.line(/^\/f /, { list: gateway.stdout, from }), log);
    }
  });
});

test("https: certificates are checked", async () => {
  const directory = temporaryDirectory();
  const read = (name) => fs.readFileSync(path.join(directory, name));
  const ca = makeCertificate(directory, "lambda", { hosts: ["localhost"] }), wrong = makeCertificate(directory, "wrong");
  const tls = { server: { key: read(ca.privateKey), cert: read(ca.certificate) } };
  const files = { "ca.pem": read(ca.certificate), "wrong.pem": read(wrong.certificate) };
  try {
    await withLambda({ tls, files, signWith: { ...temporary, region: "eu-west-1" }, keys: [temporary], more: { trustedCertificates: "ca.pem" } }, async ({ lambda, gateway, f, get }) => {
      for (const target of ["/f", "/latest", "/f"]) assert.deepEqual(outcome(await get(target, { method: "POST", body: "x".repeat(100000) })), [200, '{"ok":true}']);
      assert.equal(lambda.last.headers.host, new URL(lambda.url).host);
      const before = lambda.calls.length;
      assert.equal((await gateway.reload(configOf({ f }, { trustedCertificates: "wrong.pem" }))).code, 0);
      assert.deepEqual(outcome(await get("/f")), unavailable);
      assert.match(await gateway.line(/^\/f 503/, { list: gateway.stdout }), /^\/f 503 - The function's endpoint failed: .*certificate/i);
      assert.equal(lambda.calls.length, before, "the request is not sent");
    });
  } finally { fs.rmSync(directory, { recursive: true, force: true }); }
});
