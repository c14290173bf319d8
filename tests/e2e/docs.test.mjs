// An API's documentation: what is served, to whom, and a person who tries a request from the page.
import assert from "node:assert/strict";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { after, before } from "node:test";
import zlib from "node:zlib";
import { test } from "./lib/bounded.mjs";
import { skipWithoutBrowser, startBrowser } from "./lib/browser.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { program, run, startGateway, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { capture, get } from "./lib/process.mjs";

let lambda, issuer, gateway;

// Long enough to be worth compressing.
const story = `A${" long".repeat(300)} story.`;

const document = () => definition({
  "GET /health": { function: "pets-secret-function", operationId: "getHealth", summary: story, security: [] },
  "GET /pets/{id}": {
    function: "pets-secret-function", operationId: "getPet", summary: "One of them.", security: [{ users: ["pets/read"] }],
    parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
  },
  "POST /pets": { function: "pets-secret-function", operationId: "addPet", security: [{ users: ["pets/write", "pets/admin"] }] },
  "ANY /{proxy+}": { function: "pets-secret-function", operationId: "everythingElse", security: [{ users: [] }] },
}, {
  info: { title: "Pets", version: "1", description: { "Fn::Sub": "In ${AWS::Region}." } },
  servers: [{ url: "https://abcdef.execute-api.eu-west-1.amazonaws.com/{basePath}" }],
  components: { securitySchemes: { users: jwtScheme({ issuer: issuer.issuer }) } },
  "x-amazon-apigateway-importexport-version": "1.0",
});

const apis = [
  { apiId: "pets", protocolType: "HTTP", definition: "pets.json", docs: { path: "/docs" }, stages: [{ stageName: "$default", accessLogSettings: { format: "$context.requestId $context.routeKey $context.status" } }, { stageName: "prod" }] },
  { apiId: "deep", protocolType: "HTTP", definition: "pets.json", docs: { path: "/help/v1/docs" } },
  { apiId: "silent", protocolType: "HTTP", definition: "silent.json" },
];

const config = ({ port, tlsPort }) => ({
  listeners: [{ name: "local", address: "127.0.0.1", port }, { name: "secure", address: "127.0.0.1", port: tlsPort, tls: { certificate: "server.pem", privateKey: "server-key.pem" } }],
  apis,
  domains: [{ domainName: "shop.localhost", apiMappings: [{ apiId: "pets", stage: "prod", apiMappingKey: "v1/pets" }] }],
  functions: { "pets-secret-function": { endpoint: lambda.url } },
  issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
});

before(async () => {
  lambda = await startLambda({ "pets-secret-function": (event) => ({ statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ path: event.rawPath, stage: event.requestContext.stage, who: event.requestContext.authorizer?.jwt.claims.sub ?? null }) }) });
  issuer = await (await startIssuer()).addKey("k");
  const directory = temporaryDirectory();
  makeCertificate(directory, "server", { hosts: ["localhost", "*.localhost", "*.execute-api.localhost"] });
  const read = (name) => fs.readFileSync(path.join(directory, name));
  gateway = await startGateway({ config, files: { "pets.json": document(), "silent.json": definition({ "GET /health": "pets-secret-function" }), "server.pem": read("server.pem"), "server-key.pem": read("server-key.pem") } });
  fs.rmSync(directory, { recursive: true });
});
after(async () => { await gateway?.stop(); await lambda?.stop(); await issuer?.stop(); });

// As a browser asks, whatever the host.
function fetchUrl(url, { headers = {}, method = "GET" } = {}) {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  const options = { headers: { host, ...headers }, method };
  return protocol === "https:"
    ? get(port, pathname + search, { ...options, agent: new https.Agent({ rejectUnauthorized: false, servername: hostname }), protocol: "https:" })
    : get(port, pathname + search, options);
}

const forms = () => ({
  "an execute-api host": [`http://pets.execute-api.localhost:${gateway.port}`, "/docs"],
  "a stage": [`http://pets.execute-api.localhost:${gateway.port}/prod`, "/docs"],
  "the path form": [`http://127.0.0.1:${gateway.port}/_aws/execute-api/pets/$default`, "/docs"],
  "the path form with a stage": [`http://localhost:${gateway.port}/_aws/execute-api/pets/prod`, "/docs"],
  "a custom domain with a mapping key": [`http://shop.localhost:${gateway.port}/v1/pets`, "/docs"],
  "a custom domain over TLS": [`https://shop.localhost:${gateway.tlsPort}/v1/pets`, "/docs"],
  "another depth": [`https://deep.execute-api.localhost:${gateway.tlsPort}`, "/help/v1/docs"],
});

test("everything hangs together below every form of URL", async () => {
  for (const [name, [base, docs]] of Object.entries(forms())) {
    const bare = await fetchUrl(base + docs);
    assert.equal(bare.status, 302, name);
    const page = new URL(bare.headers.location, base + docs).href;
    assert.equal(page, `${base}${docs}/`, name);
    const { status, headers, text } = await fetchUrl(page);
    assert.equal(status, 200, name);
    assert.match(headers["content-type"], /^text\/html/);
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link);
    assert.ok(links.includes("swagger-ui-bundle.js") && links.includes("openapi.json"));
    for (const link of links) {
      const answer = await fetchUrl(new URL(link, page).href);
      assert.equal(answer.status, 200, `${name}: ${link}`);
      assert.equal(answer.headers["x-content-type-options"], "nosniff");
      assert.ok(answer.text.length > 0);
    }
    const url = new URL("openapi.json", page).href;
    const { servers } = JSON.parse((await fetchUrl(url)).text);
    assert.deepEqual(servers.map((server) => new URL(server.url, url).href), [`${base}/`], name);
  }
});

test("the document without what only the gateway needs", async () => {
  const { text, headers } = await get(gateway.port, "/docs/openapi.json", { headers: { host: "pets.execute-api.localhost" } });
  assert.equal(headers["content-type"], "application/json");
  for (const secret of ["x-amazon", "arn:", "secret-function", "123456789012", "jwtConfiguration", "issuer", "amazonaws.com", "2015-03-31"])
    assert.ok(!text.includes(secret), `${secret} in ${text}`);
  assert.deepEqual(JSON.parse(text), {
    openapi: "3.0.1",
    info: { title: "Pets", version: "1", description: "In us-east-1." },
    servers: [{ url: ".." }],
    paths: {
      "/health": { get: { operationId: "getHealth", summary: story, responses: { default: { description: "whatever the function says" } }, security: [] } },
      "/pets/{id}": {
        get: {
          operationId: "getPet", summary: "One of them.", responses: { default: { description: "whatever the function says" } },
          parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
          description: "Needs a token with the scope `pets/read`.", security: [{ users: [] }],
        },
      },
      "/pets": { post: { operationId: "addPet", responses: { default: { description: "whatever the function says" } }, description: "Needs a token with one of the scopes `pets/write`, `pets/admin`.", security: [{ users: [] }] } },
    },
    components: { securitySchemes: { users: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
  });
});

test("compressed where that is welcome, sent once, closed to everything foreign", async () => {
  const ask = (file, headers) => get(gateway.port, `/docs/${file}`, { headers: { host: "pets.execute-api.localhost", ...headers } });
  for (const file of ["", "page.js", "swagger-ui.css", "swagger-ui-bundle.js", "openapi.json", "favicon-32x32.png"]) {
    const plain = await ask(file, { "accept-encoding": "gzip;q=0, br" });
    assert.equal(plain.headers["content-encoding"], undefined, file);
    assert.match(plain.headers["content-security-policy"], /^default-src 'none'; script-src 'self';/);
    assert.equal(plain.headers["referrer-policy"], "no-referrer");
    assert.equal(plain.headers["cache-control"], "no-cache");
    assert.equal(plain.headers.vary, "accept-encoding");
    assert.match(plain.headers.etag, /^"[\w-]{16}"$/);

    const packed = await ask(file, { "accept-encoding": "br, gzip" });
    const shrinks = !file.endsWith(".png");
    assert.equal(packed.headers["content-encoding"], shrinks ? "gzip" : undefined, file);
    assert.equal(packed.headers.etag !== plain.headers.etag, shrinks, "each form has a tag of its own");
    const expanded = await fetch(`http://127.0.0.1:${gateway.port}/_aws/execute-api/pets/$default/docs/${file}`, { headers: { "accept-encoding": "gzip" } });
    assert.equal(await expanded.text(), plain.text);

    for (const [encoding, { headers: { etag } }] of [["identity", plain], ["gzip", packed]]) {
      const again = await ask(file, { "accept-encoding": encoding, "if-none-match": `"x", W/${etag}` });
      assert.deepEqual([again.status, again.text, again.headers.etag, again.headers.vary, again.headers["cache-control"]], [304, "", etag, "accept-encoding", "no-cache"], file);
      assert.equal((await ask(file, { "accept-encoding": encoding, "if-none-match": '"x"' })).status, 200, file);
    }
  }
});

test("what is packed: licences, twins that are the same, a page without anything inline or foreign", () => {
  const directory = path.join(path.dirname(program), "share/docs");
  const files = fs.readdirSync(directory);
  for (const file of files.filter((name) => name.endsWith(".gz")))
    assert.deepEqual(zlib.gunzipSync(fs.readFileSync(path.join(directory, file))), fs.readFileSync(path.join(directory, file.slice(0, -3))), file);
  assert.ok(files.includes("LICENSE") && files.includes("NOTICE") && files.includes("swagger-ui-bundle.js.LICENSE.txt"));
  const page = fs.readFileSync(path.join(directory, "index.html"), "utf8");
  assert.doesNotMatch(page, /https?:|<style|style=|<script(?![^>]*src=)| on\w+=/, "nothing inline, nothing foreign");
});

test("its own routes and no other", async () => {
  const ask = (target, options = {}) => get(gateway.port, target, { ...options, headers: { host: "pets.execute-api.localhost", ...options.headers } });
  assert.equal((await ask("/docs/unknown.js")).status, 401, "the document's own {proxy+}");
  assert.equal((await ask("/docs", { method: "POST" })).status, 401);
  assert.equal((await ask("/docs/../docs/openapi.json")).status, 401);
  assert.equal((await ask("/docs/LICENSE")).status, 401, "what lies beside is not served");
  const deep = { host: "deep.execute-api.localhost" };
  assert.equal((await get(gateway.port, "/docs", { headers: deep })).status, 401);
  assert.equal((await get(gateway.port, "/docs", { headers: { host: "silent.execute-api.localhost" } })).status, 404, "off by default");

  const answer = await ask("/docs/openapi.json");
  assert.match(await gateway.line(new RegExp(answer.headers["apigw-requestid"].replace(/[^A-Za-z0-9]/g, "\\$&")), { list: gateway.stdout }), / GET \/docs\/openapi\.json 200$/);
  const { stdout } = await run(["routes", "--config", "turnpike.yaml"], { cwd: gateway.directory });
  assert.match(stdout, /^pets +prod +GET \/docs +open +.* docs$/m);
});

test("a throttle, like any route's", async () => {
  const limited = await startGateway({
    config: () => ({ apis: [{ apiId: "a", protocolType: "HTTP", definition: "a.json", docs: { path: "/docs" }, stages: [{ stageName: "$default", routeSettings: { "GET /docs/openapi.json": { throttlingRateLimit: 0, throttlingBurstLimit: 0 } } }] }], functions: { f: { endpoint: lambda.url } } }),
    files: { "a.json": definition({ "GET /": "f" }) },
  });
  try {
    assert.equal((await get(limited.port, "/docs/openapi.json")).status, 429);
    assert.equal((await get(limited.port, "/docs/")).status, 200);
  } finally { await limited.stop(); }
});

async function check(api, document) {
  const directory = temporaryDirectory();
  writeFiles(directory, { "a.json": document, "turnpike.yaml": `apis:\n- apiId: a\n  protocolType: HTTP\n  definition: a.json\n${api}functions: {f: {endpoint: "http://127.0.0.1:1"}}\n` });
  const answer = await run(["check", "--config", "turnpike.yaml"], { cwd: directory });
  fs.rmSync(directory, { recursive: true });
  return answer;
}

test("a clash is an error that names both places", async () => {
  const { code, stdout } = await check("  docs:\n    path: /docs\n", definition({ "GET /docs/{file}": "f", "GET /docs": "f", "POST /docs": "f" }));
  assert.equal(code, 78);
  assert.match(stdout, /turnpike\.yaml:6:11: error: docs at '\/docs' clash with the route 'GET \/docs\/\{file\}' at \S*a\.json:\d+\n/);
  assert.match(stdout, /clash with the route 'GET \/docs' at/);
  assert.doesNotMatch(stdout, /POST/);
});

test("a path that is none", async () => {
  const { code, stdout } = await check("  docs: {path: docs/}\n", definition({ "GET /": "f" }));
  assert.equal(code, 78);
  assert.match(stdout, /turnpike\.yaml:5:16: error: 'docs\/' is no path for docs/);
});

test("without its files, an error at its line and nothing else", async () => {
  const directory = temporaryDirectory();
  fs.copyFileSync(program, path.join(directory, "turnpike"));
  fs.chmodSync(path.join(directory, "turnpike"), 0o755);
  writeFiles(directory, { "a.json": definition({ "GET /": "f" }), "turnpike.yaml": "apis:\n- apiId: a\n  protocolType: HTTP\n  definition: a.json\n  docs: {path: /docs}\nfunctions: {f: {endpoint: 'http://127.0.0.1:1'}}\n" });
  const ask = () => capture("./turnpike", ["check", "--config", "turnpike.yaml"], { cwd: directory });
  const first = await ask();
  const installed = first.code === 0; // somewhere else on this machine
  if (!installed) {
    assert.equal(first.code, 78);
    assert.match(first.stdout, /^\S*turnpike\.yaml:5:16: error: the page of docs is not there: '\/\S+\/index\.html': No such file or directory \(make docs-ui packs it, make install installs it\)$/m);
  }
  fs.cpSync(path.join(path.dirname(program), "share/docs"), path.join(directory, "share/docs"), { recursive: true });
  assert.equal((await ask()).code, 0);
  fs.rmSync(directory, { recursive: true });
});

test("a reload shows another document, adds the page and takes it away", async () => {
  const one = (docs) => ({ apis: [{ apiId: "a", protocolType: "HTTP", definition: "a.json", ...docs }], functions: { f: { endpoint: lambda.url } } });
  const changing = await startGateway({ config: one({}), files: { "a.json": definition({ "GET /one": "f" }) } });
  const paths = async () => Object.keys(JSON.parse((await get(changing.port, "/docs/openapi.json")).text).paths);
  try {
    assert.equal((await get(changing.port, "/docs/")).status, 404);
    assert.equal((await changing.reload(one({ docs: { path: "/docs" } }))).code, 0);
    assert.deepEqual(await paths(), ["/one"]);
    const { headers: { etag } } = await get(changing.port, "/docs/openapi.json");
    changing.write({ "a.json": definition({ "GET /one": "f", "GET /two": "f" }) });
    assert.equal((await changing.reload()).code, 0);
    assert.equal((await get(changing.port, "/docs/openapi.json", { headers: { "if-none-match": etag } })).status, 200);
    assert.deepEqual(await paths(), ["/one", "/two"]);
    assert.equal((await changing.reload(one({ docs: { path: "/one" } }))).code, 78, "a clash");
    assert.deepEqual(await paths(), ["/one", "/two"]);
    assert.equal((await changing.reload(one({}))).code, 0);
    assert.equal((await get(changing.port, "/docs/")).status, 404);
  } finally { await changing.stop(); }
});

// --- in a browser ---

const answerOf = (page, operation) => page.until((id) => {
  const status = document.querySelector(`#operations-default-${id} .live-responses-table .response .response-col_status`)?.innerText;
  const body = document.querySelector(`#operations-default-${id} .live-responses-table .response .response-col_description pre`)?.innerText;
  return status && body && { status: parseInt(status, 10), body };
}, operation);

test("a person tries a request from the page: refused, then with a token", skipWithoutBrowser, async () => {
  const browser = await startBrowser();
  const host = `pets.execute-api.localhost:${gateway.port}`;
  try {
    const page = await browser.page(host);
    await page.open(`http://${host}/docs`);
    await page.click("#operations-default-getPet .opblock-summary-control");
    assert.match(await page.text("#operations-default-getPet .opblock-description"), /scope pets\/read/);
    await page.click("#operations-default-getPet .try-out__btn");
    await page.type("#operations-default-getPet .parameters input", "rex");
    await page.click("#operations-default-getPet .execute");
    assert.deepEqual(await answerOf(page, "getPet"), { status: 401, body: JSON.stringify({ message: "Unauthorized" }, null, 2) });

    await page.click(".btn.authorize");
    await page.type(".auth-container input", await issuer.token({ scope: "pets/read", sub: "ann" }));
    await page.click(".auth-btn-wrapper .authorize");
    await page.click(".auth-btn-wrapper .btn-done");
    await page.click("#operations-default-getPet .btn-clear");
    await page.click("#operations-default-getPet .execute");
    const { status, body } = await answerOf(page, "getPet");
    assert.equal(status, 200, body);
    assert.deepEqual(JSON.parse(body), { path: "/pets/rex", stage: "$default", who: "ann" });
    assert.equal(await page.evaluate("document.title"), "Pets");

    const calls = page.requests.filter(({ url }) => url.endsWith("/pets/rex"));
    assert.deepEqual(calls.map(({ headers }) => /^Bearer ey/.test(headers.authorization ?? headers.Authorization ?? "")), [false, true]);
    assert.deepEqual(page.refused, [], "no other host is asked for anything");
    assert.deepEqual(page.complaints.filter((text) => !/401/.test(text)), [], "the policy lets the page do what it does");
    assert.equal(await page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length"), 0, "the token is not kept");
  } finally { await browser.stop(); }
});

test("and from wherever the page is reached", skipWithoutBrowser, async () => {
  const browser = await startBrowser();
  try {
    for (const [name, [base, docs]] of Object.entries(forms())) {
      const page = await browser.page(new URL(base).host);
      await page.open(base + docs);
      await page.click("#operations-default-getHealth .opblock-summary-control");
      await page.click("#operations-default-getHealth .try-out__btn");
      await page.click("#operations-default-getHealth .execute");
      const { status, body } = await answerOf(page, "getHealth");
      assert.equal(status, 200, `${name}: ${body}`);
      assert.match(JSON.parse(body).path, /\/health$/, name);
      assert.deepEqual([page.refused, page.complaints], [[], []], name);
      await page.close();
    }
  } finally { await browser.stop(); }
});
