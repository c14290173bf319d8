// What the commands print and how they end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { after, before } from "node:test";
import * as jose from "jose";
import { test } from "./lib/bounded.mjs";
import { freePort, program, run, startGateway, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { capture, get, hasIPv6, listens } from "./lib/process.mjs";

let lambda;
const directories = [];
before(async () => { lambda = await startLambda({ hello: () => "hello" }); });
after(async () => {
  await lambda?.stop();
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true });
});

// A folder with these files, and the program run in it.
function place(files = {}) {
  const directory = temporaryDirectory();
  directories.push(directory);
  writeFiles(directory, files);
  return { directory, file: (name) => path.join(directory, name), read: (name) => fs.readFileSync(path.join(directory, name), "utf8"),
    run: (...args) => run(args, { cwd: directory }) };
}

const simple = () => ({
  "turnpike.yaml": { apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }], functions: { hello: { endpoint: lambda.url } } },
  "api.json": definition({ "GET /hello": "hello" }),
});

test("init: all that is needed, keys for nobody else, nothing overwritten", async () => {
  const p = place();
  const first = await p.run("init");
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  const modes = { "turnpike.yaml": 0o644, "tls/ca.pem": 0o644, "tls/fullchain.pem": 0o644, "dev-key.pub.pem": 0o644,
    "tls/ca-key.pem": 0o600, "tls/privkey.pem": 0o600, "dev-key.pem": 0o600 };
  for (const [name, mode] of Object.entries(modes)) {
    assert.equal(fs.statSync(p.file(name)).mode & 0o777, mode, name);
    assert.match(first.stdout, new RegExp(`^made .*${name}$`, "m"));
  }
  assert.match(first.stdout, /curl --cacert \S*tls\/ca\.pem/);
  const before = Object.fromEntries(Object.keys(modes).map((name) => [name, p.read(name)]));
  const second = await p.run("init");
  assert.equal(second.code, 0);
  assert.match(second.stdout, /everything is there already/);
  for (const name of Object.keys(modes)) assert.equal(p.read(name), before[name], name);
  const check = await p.run("check", "--strict");
  assert.equal(check.code, 0, check.stdout + check.stderr);

  fs.writeFileSync(p.file("turnpike.yaml"), "# mine\n");
  fs.rmSync(p.file("tls"), { recursive: true });
  const third = await p.run("init");
  assert.equal(third.code, 0);
  assert.equal(p.read("turnpike.yaml"), "# mine\n");
  assert.notEqual(p.read("tls/ca.pem"), before["tls/ca.pem"]);

  fs.rmSync(p.file("dev-key.pub.pem"));
  const half = await p.run("init");
  assert.equal(half.code, 1);
  assert.match(half.stderr, /dev-key\.pem exists without .*dev-key\.pub\.pem/);
  assert.equal(p.read("dev-key.pem"), before["dev-key.pem"]);
});

test("init: its certificate is trusted for localhost, and by no other name", async () => {
  const p = place();
  await p.run("init", "conf");
  const gateway = await startGateway({
    config: ({ tlsPort, port }) => ({
      listeners: [{ name: "plain", port }, { name: "secure", port: tlsPort, tls: { certificate: "conf/tls/fullchain.pem", privateKey: "conf/tls/privkey.pem" } }],
      apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }], functions: { hello: { endpoint: lambda.url } },
    }),
    files: { "api.json": simple()["api.json"], ...Object.fromEntries(["fullchain.pem", "privkey.pem"].map((name) => [`conf/tls/${name}`, p.read(`conf/tls/${name}`)])) },
  });
  try {
    const ca = p.read("conf/tls/ca.pem");
    const ask = (servername) => new Promise((resolve) => https.get(
      { host: "127.0.0.1", port: gateway.tlsPort, path: "/hello", servername, ca, agent: false },
      (response) => { response.resume(); resolve(response.statusCode); }).on("error", (error) => resolve(error.code)));
    assert.equal(await ask("localhost"), 200);
    assert.equal(await ask("todo.execute-api.localhost"), 200);
    assert.equal(await ask("example.com"), "ERR_TLS_CERT_ALTNAME_INVALID");
    const curl = await capture("curl", ["-sS", "--noproxy", "*", "--cacert", p.file("conf/tls/ca.pem"), `https://127.0.0.1:${gateway.tlsPort}/hello`]);
    assert.equal(curl.stdout, "hello", curl.stderr);
  } finally { await gateway.stop(); }
});

test("check: all problems, each with its place; --json, --strict", async () => {
  const p = place({
    "turnpike.yaml": 'awsRegion: [x]\nlistners: []\napis:\n  - apiId: test\n    protocolType: HTTP\n    definition: api.yaml\n    stagse: []\nfunctions:\n  hello: {endpoint: "ftp://x"}\n',
    "api.yaml": 'openapi: 3.0.1\ninfo: {title: t, version: "1"}\npaths:\n  /a:\n    get:\n      x-amazon-apigateway-integration: {type: aws_proxy, uri: helo, payloadFormatVersion: "3.0"}\n',
  });
  const text = await p.run("check");
  assert.equal(text.code, 78);
  const lines = text.stdout.trim().split("\n");
  for (const line of lines) assert.match(line, /^(\.\/)?(turnpike|api)\.yaml:\d+:\d+: (error|warning): ./);
  for (const wanted of [
    /^\.\/turnpike\.yaml:1:12: error: .*awsRegion/, /^\.\/turnpike\.yaml:2:1: error: .*listners.*did you mean 'listeners'/,
    /^\.\/turnpike\.yaml:7:5: error: .*stagse.*did you mean 'stages'/, /^\.\/turnpike\.yaml:9:21: error: .*ftp:\/\/x/,
    /^\.\/api\.yaml:6:\d+: error: payloadFormatVersion is '3\.0'/,
  ]) assert.ok(lines.some((line) => wanted.test(line)), `${wanted} in\n${text.stdout}`);
  assert.match(text.stderr, /^turnpike check: \d+ errors/);

  const json = await p.run("check", "--json");
  assert.equal(json.code, 78);
  const { problems } = JSON.parse(json.stdout);
  assert.equal(problems.length, lines.length);
  assert.deepEqual(problems.map(({ file, line, column, severity, message }) => `${file}:${line}:${column}: ${severity}: ${message}`), lines);

  const warned = place({ ...simple(), "api.json": { ...definition({ "GET /hello": "hello" }), "x-amazon-apigateway-request-validators": {} } });
  const lax = await warned.run("check");
  assert.deepEqual([lax.code, /^\.\/api\.json:\d+:\d+: warning: /m.test(lax.stdout)], [0, true]);
  assert.equal((await warned.run("check", "--strict")).code, 78);
  assert.equal((await p.run("check", "--config", "none.yaml")).code, 78);
});

test("check finds what serve would find: certificates, keys, files that are not there", async () => {
  const files = simple();
  const config = { ...files["turnpike.yaml"],
    listeners: [{ name: "secure", port: 8443, tls: { certificate: "none.pem", privateKey: "none-key.pem" } }],
    issuers: [{ issuer: "https://a.example", jwksFile: "none.json" }], trustedCertificates: "no-ca.pem" };
  const p = place({ ...files, "turnpike.yaml": config });
  const { code, stdout } = await p.run("check");
  assert.equal(code, 78);
  for (const name of ["none.pem", "none.json", "no-ca.pem"]) assert.match(stdout, new RegExp(`^\\./turnpike\\.yaml:\\d+:\\d+: error: .*${name}`, "m"));
});

test("check --online asks issuers and functions", async () => {
  const issuer = await startIssuer();
  await issuer.addKey("one");
  const nobody = await freePort();
  const config = (jwksUri, endpoint) => ({ apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }],
    functions: { hello: { endpoint } }, issuers: [{ issuer: issuer.issuer, jwksUri }] });
  const api = definition({ "GET /hello": { function: "hello", security: [{ users: [] }] } }, { components: { securitySchemes: { users: jwtScheme(issuer) } } });
  const p = place({ "turnpike.yaml": config(issuer.jwksUri, lambda.url), "api.json": api });
  try {
    const good = await p.run("check", "--online", "--strict");
    assert.equal(good.code, 0, good.stdout);
    assert.equal(issuer.state.requests, 1);
    writeFiles(p.directory, { "turnpike.yaml": config(`http://127.0.0.1:${nobody}/`, `http://127.0.0.1:${nobody}`) });
    const offline = await p.run("check");
    assert.equal(offline.code, 0);
    const bad = await p.run("check", "--online");
    assert.equal(bad.code, 78);
    assert.match(bad.stdout, new RegExp(`^\\./turnpike\\.yaml:\\d+:\\d+: error: http://127\\.0\\.0\\.1:${nobody}/: `, "m"));
    assert.match(bad.stdout, /^\.\/turnpike\.yaml:\d+:\d+: warning: function 'hello': .*refused/m);
  } finally { await issuer.stop(); }
});

test("routes: text and JSON", async () => {
  const api = definition({ "GET /open": "hello", "POST /mine/{id}": { function: "hello", security: [{ users: ["a/b", "c"] }] }, "$default": "hello" },
    { components: { securitySchemes: { users: jwtScheme({ issuer: "https://issuer.example" }) } } });
  const p = place({ ...simple(), "api.json": api, "turnpike.yaml": { ...simple()["turnpike.yaml"], apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json",
    stages: [{ stageName: "prod", defaultRouteSettings: { throttlingRateLimit: 7, throttlingBurstLimit: 9 }, routeSettings: { "GET /open": { throttlingRateLimit: 1, throttlingBurstLimit: 2 } } }, { stageName: "dev" }] }] } });
  const text = await p.run("routes");
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^test +prod +GET \/open +open +1\/s burst 2 \(route\) +hello$/m);
  assert.match(text.stdout, /^test +prod +POST \/mine\/\{id\} +users \(a\/b c\) +7\/s burst 9 \(stage\) +hello$/m);
  assert.match(text.stdout, /^test +dev +\$default +open +10000\/s burst 5000 \(account\) +hello$/m);
  const json = JSON.parse((await p.run("routes", "--json")).stdout);
  assert.equal(json.routes.length, 6);
  const mine = json.routes.find((route) => route.stage === "prod" && route.method === "POST");
  assert.deepEqual([mine.path, mine.authorizer, mine.scopes, mine.throttle, mine.integration.function],
    ["/mine/{id}", "users", ["a/b", "c"], { level: "stage", rateLimit: 7, burstLimit: 9 }, "hello"]);
  writeFiles(p.directory, { "turnpike.yaml": "x: 1\n" });
  const invalid = await p.run("routes");
  assert.deepEqual([invalid.code, invalid.stdout], [78, ""]);
  assert.match(invalid.stderr, /^\.\/turnpike\.yaml:1:1: error: /);
});

test("token: signed by the development key, with what was asked for", async () => {
  const issuer = "https://dev.localhost";
  const p = place({ ...simple(), "api.json": definition({ "GET /hello": { function: "hello", security: [{ users: [] }] } }, { components: { securitySchemes: { users: jwtScheme({ issuer, audience: ["first"] }) } } }),
    "turnpike.yaml": { ...simple()["turnpike.yaml"], issuers: [{ issuer, signingKeyFile: "dev-key.pem" }, { issuer: "https://other.example", jwksUri: "https://other.example/k" }] } });
  await p.run("init");
  const key = await jose.importSPKI(p.read("dev-key.pub.pem"), "RS256");
  const mint = async (...args) => {
    const { code, stdout, stderr } = await p.run("token", "--issuer", issuer, ...args);
    assert.equal(code, 0, stderr);
    return jose.jwtVerify(stdout.trim(), key, { issuer });
  };
  const now = Math.floor(Date.now() / 1000);
  const plain = await mint();
  assert.equal(plain.protectedHeader.alg, "RS256");
  assert.deepEqual([plain.payload.sub, plain.payload.scope], ["developer", undefined]);
  assert.ok([plain.payload.aud].flat().includes("first"));
  assert.equal(plain.payload.exp - plain.payload.iat, 3600);
  assert.ok(Math.abs(plain.payload.iat - now) < 60);

  const { payload } = await mint("--sub", "ann", "--scope", "a/b c", "--aud", "me", "--expires", "10m",
    "--claim", "level=3", "--claim", 'groups=["x","y"]', "--claim", "name=Ann Other", "--claim", "eq=a=b");
  assert.deepEqual([payload.sub, payload.scope, payload.aud, payload.exp - payload.iat], ["ann", "a/b c", "me", 600]);
  assert.deepEqual([payload.level, payload.groups, payload.name, payload.eq], [3, ["x", "y"], "Ann Other", "a=b"]);
  assert.equal((await mint("--claim", "sub=null")).payload.sub, undefined);

  const refused = async (code, pattern, ...args) => {
    const result = await p.run("token", ...args);
    assert.deepEqual([result.code, result.stdout], [code, ""], args.join(" "));
    assert.match(result.stderr, pattern);
  };
  await refused(2, /--issuer is needed/);
  await refused(2, /--expires/, "--issuer", issuer, "--expires", "soon");
  await refused(2, /claim/, "--issuer", issuer, "--claim", "novalue");
  await refused(1, /is no issuer with a signingKeyFile/, "--issuer", "https://other.example");
});

test("help for every command, and the version", async () => {
  const p = place();
  const overview = await p.run("help");
  assert.equal(overview.code, 0);
  const names = ["init", "serve", "check", "routes", "token", "reload", "status", "help"];
  for (const name of names) {
    assert.match(overview.stdout, new RegExp(`^  ${name} +\\S`, "m"));
    const help = await p.run("help", name);
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.match(help.stdout, new RegExp(`^usage: turnpike ${name}\\b`));
    for (const flag of ["--help", "-h"]) assert.equal((await p.run(name, flag)).stdout, help.stdout);
  }
  assert.equal((await p.run("--help")).stdout, overview.stdout);
  const version = await p.run("--version");
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^turnpike \d+\.\d+\.\d+\S*\n$/);
  if (fs.existsSync("/dev/full")) {
    const full = spawnSync(program, ["--version"], { stdio: ["ignore", fs.openSync("/dev/full", "w"), "pipe"] });
    assert.equal(full.status, 1);
  }
});

test("wrong usage: 2, with the nearest name", async () => {
  const p = place();
  for (const [args, pattern] of [
    [[], /^usage: /], [["srve"], /unknown command 'srve'; did you mean 'serve'/], [["zzz"], /unknown command 'zzz'; see 'turnpike help'/],
    [["help", "chek"], /did you mean 'check'/], [["check", "--jsno"], /unknown option --jsno; did you mean --json/],
    [["check", "-x"], /unknown option -x/], [["check", "what"], /'what' is one word too many/], [["check", "--config"], /--config needs a value/],
    [["check", "--json=1"], /--json takes no value/], [["check", "--config", "a", "--config", "b"], /--config was given twice/],
    [["serve", "--listen", "8080"], /'8080' is no ADDRESS:PORT/], [["serve", "--listen", "localhost:80"], /is no ADDRESS:PORT/],
    [["serve", "--log-level", "loud"], /'loud' is no log level/], [["init", "a", "b"], /'b' is one word too many/],
  ]) {
    const result = await p.run(...args);
    assert.deepEqual([result.code, result.stdout], [2, ""], args.join(" "));
    assert.match(result.stderr, pattern, args.join(" "));
  }
});

test("where the configuration is looked for", async () => {
  const p = place();
  const asked = async () => { const { code, stdout, stderr } = await p.run("check"); return { code, text: stdout + stderr }; };
  if (!fs.existsSync("/etc/turnpike/turnpike.yaml")) {
    const none = await asked();
    assert.equal(none.code, 78);
    assert.match(none.text, /no configuration: there is no \.\/turnpike\.yaml, \.\/conf\/turnpike\.yaml or \/etc\/turnpike\/turnpike\.yaml/);
    assert.equal((await p.run("serve")).code, 78);
  }
  writeFiles(p.directory, { "conf/turnpike.yaml": "second: 1\n" });
  assert.match((await asked()).text, /^\.?\/?conf\/turnpike\.yaml:1:1: error: .*second/);
  writeFiles(p.directory, { "turnpike.yaml": "first: 1\n" });
  assert.match((await asked()).text, /^(\.\/)?turnpike\.yaml:1:1: error: .*first/);

  fs.chmodSync(p.file("turnpike.yaml"), 0o666);
  const open = await asked();
  assert.equal(open.code, 78);
  assert.match(open.text, /turnpike\.yaml can be written by everybody/);
  assert.doesNotMatch(open.text, /first/);
  const named = await p.run("check", "--config", "turnpike.yaml");
  assert.match(named.stdout, /first/, "who names it takes it");
  fs.chmodSync(p.file("turnpike.yaml"), 0o644);
  if (process.getuid() === 0) {
    fs.chownSync(p.file("turnpike.yaml"), 12345, 12345);
    for (const command of ["check", "serve", "routes", "reload", "status"]) {
      const foreign = await p.run(command);
      assert.equal(foreign.code, command === "status" ? 1 : 78, command);
      assert.match(foreign.stdout + foreign.stderr, /belongs to another user \(uid 12345\)/, command);
    }
  }
});

test("$TURNPIKE_CONFIG names the configuration for every command; --config comes before it", async () => {
  const p = place();
  writeFiles(p.directory, { "turnpike.yaml": "found: 1\n", "named.yaml": "named: 1\n", "written.yaml": "written: 1\n" });
  const run = (...args) => capture(program, args, { cwd: p.directory, env: { ...process.env, TURNPIKE_CONFIG: "named.yaml" } });
  if (process.getuid() === 0) fs.chownSync(p.file("named.yaml"), 12345, 12345); // whose it is does not matter, as for --config
  for (const command of ["check", "serve", "routes", "reload"]) {
    const { code, stdout, stderr } = await run(command);
    assert.equal(code, 78, command);
    assert.match(stdout + stderr, /named\.yaml:1:1: error: there is no key 'named'/, command);
  }
  assert.match((await run("check", "--config", "written.yaml")).stdout, /^written\.yaml:1:1/);
  writeFiles(p.directory, { "named.yaml": "stateDirectory: /nowhere\n" });
  assert.match((await run("status")).stderr, /no daemon runs: \/nowhere\/control\.sock/);
});

test("check --listen says what serve would", async () => {
  const p = place();
  await p.run("init");
  assert.equal((await p.run("check")).code, 0);
  assert.equal((await p.run("check", "--listen", "127.0.0.1:8081")).code, 0);
  const { code, stdout } = await p.run("check", "--listen", "0.0.0.0:8080");
  assert.equal(code, 78);
  assert.match(stdout, /error: a development issuer, but listener 'local' is not loopback/);
  const served = await p.run("serve", "--listen", "0.0.0.0:8080");
  assert.equal(served.code, 78);
  assert.match(served.stderr, /error: a development issuer, but listener 'local' is not loopback/);
  const wrong = await p.run("check", "--listen", "8080");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /turnpike check: '8080' is no ADDRESS:PORT; see 'turnpike help check'/);
});

test("serve --listen takes the place of plain listeners; --log-level of the file's", async () => {
  const [plain, other, secure, one, two] = await Promise.all(Array.from({ length: 5 }, freePort));
  const made = place();
  await made.run("init");
  const files = { "api.json": simple()["api.json"], "none.json": definition({}), "tls/c.pem": made.read("tls/fullchain.pem"), "tls/k.pem": made.read("tls/privkey.pem") };
  const config = { ...simple()["turnpike.yaml"], log: { level: "error" },
    apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json" }],
    listeners: [{ name: "secure", port: secure, tls: { certificate: "tls/c.pem", privateKey: "tls/k.pem" } }, { name: "plain", port: plain, apis: [] }, { name: "other", port: other }] };
  const gateway = await startGateway({ config, files, args: ["--listen", `127.0.0.1:${one}`, "--log-level", "notice"] });
  try {
    assert.match(gateway.lines.join("\n"), new RegExp(`ready:.*https://127\\.0\\.0\\.1:${secure}.*http://127\\.0\\.0\\.1:${one}|ready:.*http://127\\.0\\.0\\.1:${one}.*https://127\\.0\\.0\\.1:${secure}`));
    assert.equal((await get(one, "/hello")).status, 403, "it has the settings of the listener at its place");
    for (const port of [plain, other]) assert.equal(await listens(port), false);
    assert.equal(await listens(secure), true);
    const reload = await gateway.reload({ ...config, log: { level: "error" } });
    assert.equal(reload.code, 0, reload.stderr);
    await gateway.line(/reloaded/);
    assert.equal(await listens(one), true, "and keeps it over a reload");
  } finally { await gateway.stop(); }
  const [host, written] = hasIPv6 ? ["::1", "[::1]"] : ["127.0.0.2", "127.0.0.2"];
  const more = await startGateway({ config: { ...config, log: {} }, files, args: ["--listen", `127.0.0.1:${one}`, "--listen", `${written}:${two}`, "--listen", `127.0.0.1:${plain}`] });
  try {
    assert.equal((await get(two, "/hello", { host })).status, 200);
    assert.equal((await get(plain, "/hello")).status, 200);
  } finally { await more.stop(); }
});

test("a daemon whose standard error is gone goes on", async () => {
  const gateway = await startGateway({ config: { ...simple()["turnpike.yaml"] }, files: { "api.json": simple()["api.json"] } });
  try {
    gateway.child.stderr.destroy();
    assert.equal((await gateway.reload()).code, 0);
    assert.equal((await get(gateway.port, "/hello")).status, 200);
  } finally { await gateway.stop(); }
});
