// What a real browser makes of the gateway's answers: pages of two origins call the same APIs.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";
import { skipWithoutBrowser, startBrowser } from "./lib/browser.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { jwtScheme, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";

let gateway, lambda, issuer, pages, browser, mine, foreign, token;

const guarded = { security: [{ users: [] }] };
const routes = () => definition({
  "GET /open": "own", "PUT /open": "own", "DELETE /open": "own", "PATCH /open": "own", "GET /guarded": { function: "own", ...guarded },
  "ANY /any": { function: "own", ...guarded }, "ANY /mended": { function: "own", ...guarded }, "OPTIONS /mended": "own", "GET /broken": "broken",
}, { components: { securitySchemes: { users: jwtScheme(issuer) } } });

before(async () => {
  if (skipWithoutBrowser.skip) return;
  issuer = await (await startIssuer()).addKey("one");
  token = await issuer.token();
  lambda = await startLambda({
    own: (event) => ({ statusCode: 200, headers: { "access-control-allow-origin": "*", "x-total": "5", "x-secret": "1" }, body: `${event.requestContext.http.method} ${event.headers["x-a"] ?? "-"}` }),
    broken: () => { throw new Error("broken"); },
  });
  pages = http.createServer((request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><link rel=icon href=data:,>")).listen(0, "127.0.0.1");
  await once(pages, "listening");
  const { port } = pages.address();
  const named = { allowOrigins: [`http://localhost:${port}`], allowMethods: ["PUT", "DELETE"], allowHeaders: ["authorization", "x-a"], exposeHeaders: ["x-total"] };
  const api = (apiId, corsConfiguration) => ({ apiId, protocolType: "HTTP", definition: "api.json", corsConfiguration });
  gateway = await startGateway({
    config: {
      apis: [
        api("named", named), api("trusting", { ...named, allowCredentials: true }), api("everybody", { allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"] }),
        api("schemes", { allowOrigins: ["http://*"], allowCredentials: true }),
      ],
      issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
      functions: { own: { endpoint: lambda.url }, broken: { endpoint: lambda.url } },
    },
    files: { "api.json": routes() },
  });
  browser = await startBrowser();
  const open = async (host) => {
    const page = await browser.page(`${host}:${port}`, `127.0.0.1:${gateway.port}`);
    await page.open(`http://${host}:${port}/`);
    return page;
  };
  mine = await open("localhost");
  foreign = await open("127.0.0.1");
});
after(async () => {
  await browser?.stop(); await gateway?.stop(); await lambda?.stop(); await issuer?.stop();
  pages?.closeAllConnections(); pages?.close();
});

// What a page gets to see: status, text and two headers; or that it may see nothing.
const call = (page, api, path, options = {}) => page.run(async (url, init) => {
  try {
    const response = await fetch(url, init);
    return [response.status, await response.text(), response.headers.get("x-total"), response.headers.get("x-secret")];
  } catch (error) { return error.name; }
}, `http://127.0.0.1:${gateway.port}/_aws/execute-api/${api}/$default${path}`, options);
const bearer = () => ({ headers: { authorization: `Bearer ${token}` } });

const cases = [
  ["a page that is allowed", () => mine, "named", "/open", {}, [200, "GET -", "5", null]],
  ["a page that is not", () => foreign, "named", "/open", {}, "TypeError"],
  ["a method that is allowed", () => mine, "named", "/open", { method: "DELETE" }, [200, "DELETE -", "5", null]],
  ["a method that is not", () => mine, "named", "/open", { method: "PATCH" }, "TypeError", 0],
  ["a method, another page's", () => foreign, "named", "/open", { method: "DELETE" }, "TypeError", 0],
  ["a header that is allowed", () => mine, "named", "/open", { headers: { "x-a": "b" } }, [200, "GET b", "5", null]],
  ["a header that is not", () => mine, "named", "/open", { headers: { "x-b": "b" } }, "TypeError", 0],
  ["a token", () => mine, "named", "/guarded", bearer, [200, "GET -", "5", null]],
  ["401 can be read", () => mine, "named", "/guarded", {}, [401, '{"message":"Unauthorized"}', null, null]],
  ["404 can be read", () => mine, "named", "/nowhere", { method: "PUT" }, [404, '{"message":"Not Found"}', null, null]],
  ["500 can be read", () => mine, "named", "/broken", {}, [500, '{"message":"Internal Server Error"}', null, null]],
  ["an ANY with an authorizer", () => mine, "named", "/any", bearer, "TypeError", 0],
  ["the same with OPTIONS beside it", () => mine, "named", "/mended", bearer, [200, "GET -", "5", null]],
  ["credentials where they are allowed", () => mine, "trusting", "/open", { credentials: "include", method: "PUT" }, [200, "PUT -", "5", null]],
  ["credentials where they are not", () => mine, "named", "/open", { credentials: "include" }, "TypeError"],
  ["credentials to everybody's", () => mine, "everybody", "/open", { credentials: "include" }, "TypeError"],
  ["everybody", () => foreign, "everybody", "/open", { method: "PATCH", headers: { "x-b": "b" } }, [200, "PATCH -", null, null]],
  ["a whole scheme, with credentials", () => foreign, "schemes", "/open", { credentials: "include" }, [200, "GET -", null, null]],
];
for (const [what, page, api, path, options, want, calls] of cases)
  test(what, skipWithoutBrowser, async () => {
    const before = lambda.calls.length;
    assert.deepEqual(await call(page(), api, path, typeof options === "function" ? options() : options), want);
    if (calls !== undefined) assert.equal(lambda.calls.length - before, calls);
  });
