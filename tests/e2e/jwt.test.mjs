// JWT authorizers: which tokens pass, what the function learns of them, and how the others are refused.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import * as jose from "jose";
import { APIGatewayProxyEventSchema, APIGatewayProxyEventV2Schema } from "@aws-lambda-powertools/parser/schemas";
import { logged, partsOf, send } from "./lib/client.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { compact, base64url, jwtScheme, now, signers, startIssuer } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw } from "./lib/raw.mjs";

const SECRET = "nobody-else-may-read-this";
const FORMAT = "$context.requestId|$context.status|$context.authorizer.error|$context.authorizer.status|$context.error.responseType";

let gateway, lambda, issuer, other, attacker;
const tokens = [], answers = [];

before(async () => {
  lambda = await startLambda({ echo: () => ({ statusCode: 200, body: "in" }) });
  issuer = await (await startIssuer()).addKey("first");
  await issuer.addKey("second");
  await issuer.addKey("wide", { alg: "RS512", modulusLength: 3072 });
  await issuer.addKey("ec", { alg: "ES256" });
  await issuer.addKey("pss", { alg: "PS256" });
  await issuer.addKey("any-alg");
  delete issuer.keys.get("any-alg").jwk.alg;
  await issuer.addKey("for-encryption");
  issuer.keys.get("for-encryption").jwk.use = "enc";
  other = await (await startIssuer({ issuer: "https://other.test" })).addKey("first");
  attacker = await (await startIssuer()).addKey("first");
  const secured = (scheme, scopes, format = "2.0") => ({ function: "echo", format, security: [{ [scheme]: scopes }] });
  gateway = await startGateway({
    args: ["--log-level", "debug"],
    config: {
      apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json", stages: [{ stageName: "$default",
        accessLogSettings: { destination: "stdout", format: FORMAT } }] }],
      functions: { echo: { endpoint: lambda.url } },
      issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }, { issuer: other.issuer, jwksUri: other.jwksUri }],
    },
    files: { "api.json": definition({
      "GET /any": secured("users", []),
      "GET /one": secured("users", [], "1.0"),
      "GET /scoped": secured("users", ["a", "c"]),
      "GET /scoped-one": secured("users", ["a", "c"], "1.0"),
      "GET /other": secured("others", []),
      "GET /query": secured("asked", []),
      "POST /upload": secured("users", []),
      "GET /open": "echo",
    }, { components: { securitySchemes: {
      users: jwtScheme({ issuer: issuer.issuer, audience: ["app", "web"] }),
      others: jwtScheme({ issuer: other.issuer }),
      asked: jwtScheme({ issuer: issuer.issuer, identitySource: "$request.querystring.token" }),
    } } }) },
  });
});

after(async () => {
  await gateway?.stop();
  for (const server of [lambda, issuer, other, attacker]) await server?.stop();
});

// A GET whose answer and tokens are kept: the last test looks for the ones in the others.
async function get(path, authorization) {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  tokens.push(...[authorization ?? []].flat(), ...(path.split("=").slice(1)));
  const answer = await send(gateway, "GET", path, { headers });
  answers.push(JSON.stringify(answer));
  return answer;
}
const accepted = async (path, authorization) => {
  const answer = await get(path, authorization);
  assert.deepEqual([answer.status, answer.text, answer.headers["www-authenticate"]], [200, "in", undefined]);
  return lambda.last.event;
};
const token = (claims, options) => issuer.token({ secret: SECRET, ...claims }, options);
const isText = (value) => typeof value === "string" || Buffer.isBuffer(value);
const forged = (header, claims = {}, signer = signers.rsa(issuer.keys.get("first").privateKey)) =>
  compact({ alg: "RS256", kid: "first", ...header }, isText(claims) ? claims : issuer.claims({ secret: SECRET, ...claims }), signer);

test("a token passes raw and behind Bearer, in any case of the letters", async () => {
  const good = await token();
  for (const value of [good, `Bearer ${good}`, `bearer ${good}`, `BEARER   ${good}  `]) await accepted("/any", value);
  await accepted("/any", await token({}, { kid: "second" }));
  await accepted("/any", await token({}, { kid: "wide" }));
  await accepted("/any", await token({ aud: ["x", "web"] }));
  for (const [alg, digest] of [["RS256", "sha256"], ["RS384", "sha384"], ["RS512", "sha512"]])
    await accepted("/any", forged({ alg, kid: "any-alg" }, {}, signers.rsa(issuer.keys.get("any-alg").privateKey, digest)));
});

test("the token may come in the query string, under exactly that name", async () => {
  const good = await token();
  await accepted(`/query?token=${good}`);
  await accepted(`/query?x=1&to%6ben=Bearer+${good}`);
  for (const [path, header] of [["/query"], ["/query", good], [`/query?Token=${good}`], ["/query?token="], ["/query?token"]]) {
    const answer = await get(path, header);
    assert.deepEqual([answer.status, answer.headers["www-authenticate"]], [401, "Bearer"], path);
  }
  assert.equal((await get(`/query?token=${good}&token=${good}`)).status, 401);
  assert.equal((await get(`/any?token=${good}`)).status, 401);
});

const claims = { n: 1787996002, negative: -7, fraction: 1.5, yes: true, no: false, nothing: null, many: ["admin", "poweruser"], one: ["admin"],
  none: [], mixed: [1, "a b", true, ["x"]], "cognito:groups": ["a"], object: { b: 1, a: "x" }, text: "ä \"quoted\" \\ \u0001 𝄞", "na\"me": "v" };
const rendered = { n: "1787996002", negative: "-7", fraction: "1.5", yes: "true", no: "false", many: "[admin poweruser]", one: "[admin]",
  none: "[]", mixed: "[1 a b true [x]]", "cognito:groups": "[a]", object: "map[a:x b:1]", text: "ä \"quoted\" \\ \u0001 𝄞", "na\"me": "v" };

test("2.0: claims are texts as AWS renders them", async () => {
  const { requestContext, ...rest } = await accepted("/any", await token(claims));
  APIGatewayProxyEventV2Schema.parse({ requestContext, ...rest });
  const { iss, aud, sub, iat, exp, secret, ...got } = requestContext.authorizer.jwt.claims;
  assert.deepEqual(got, rendered);
  assert.deepEqual([iss, aud, sub, secret], [issuer.issuer, "app", "ann", SECRET]);
  assert.match(iat, /^\d+$/);
  assert.match(exp, /^\d+$/);
  assert.equal(requestContext.authorizer.jwt.scopes, null);
});

test("1.0: the same claims beside scopes", async () => {
  const event = await accepted("/one", await token(claims));
  APIGatewayProxyEventSchema.parse({ ...event, requestContext: { ...event.requestContext, authorizer: undefined } });
  assert.deepEqual(Object.keys(event.requestContext.authorizer), ["claims", "scopes"]);
  const { iss, aud, sub, iat, exp, secret, ...got } = event.requestContext.authorizer.claims;
  assert.deepEqual(got, rendered);
  assert.equal(event.requestContext.authorizer.scopes, null);
  const scoped = await accepted("/scoped-one", await token({ scope: "b a" }));
  APIGatewayProxyEventSchema.parse(scoped);
  assert.deepEqual(scoped.requestContext.authorizer.scopes, ["b", "a"]);
});

test("integers keep every digit", async () => {
  const body = JSON.stringify(issuer.claims({ secret: SECRET })).slice(0, -1);
  const event = await accepted("/any", forged({}, `${body},"big":12345678901234567890123,"max":9007199254740993}`));
  const { big, max } = event.requestContext.authorizer.jwt.claims;
  assert.deepEqual([big, max], ["12345678901234567890123", "9007199254740993"]);
});

test("claims that are hard to write keep the event a JSON document, or the token out", async () => {
  const body = JSON.stringify(issuer.claims({ secret: SECRET })).slice(0, -1);
  const nested = `${"[".repeat(25)}1${"]".repeat(25)}`;
  for (const claim of ['"half":"\\ud800"', '"half":"\\udc00x"', '"nul":"a\\u0000b"', '"\\u0000":1', '"":1', `"deep":${nested}`, '"__proto__":{"a":1}', '"constructor":"x"',
    '"zero":-0', '"tiny":1E-400', '"huge":1e400', `"many":[${"1,".repeat(1500)}1]`, ...[`"o":{"b":{"d":1,"c":null},"a":[{}]}`]]) {
    const before = lambda.calls.length;
    const answer = await get("/any", forged({}, `${body},${claim}}`));
    assert.ok([200, 401].includes(answer.status), `${claim}: ${answer.status}`);
    assert.equal(lambda.calls.length - before, answer.status === 200 ? 1 : 0);
    if (answer.status === 200) APIGatewayProxyEventV2Schema.parse(lambda.last.event);
    if (answer.status === 200) assert.equal(lambda.last.event.requestContext.authorizer.jwt.claims.sub, "ann");
  }
});

test("scopes: one of the route's is enough; the function sees all of the token's", async () => {
  const scopes = async (claims) => (await accepted("/scoped", await token(claims))).requestContext.authorizer.jwt.scopes;
  assert.deepEqual(await scopes({ scope: "b a" }), ["b", "a"]);
  assert.deepEqual(await scopes({ scope: "  c   d " }), ["c", "d"]);
  assert.deepEqual(await scopes({ scp: "x c" }), ["x", "c"]);
  assert.deepEqual(await scopes({ scp: ["x", "a"] }), ["x", "a"]);
  assert.deepEqual(await scopes({ scp: "a", scope: "zz" }), ["a"]);
  assert.equal((await accepted("/any", await token({ scope: "b a" }))).requestContext.authorizer.jwt.scopes, null);
});

test("without one of the scopes: 403", async () => {
  for (const claims of [{}, { scope: "" }, { scope: "b" }, { scope: "ab ac aa" }, { scope: "A C" }, { scope: "a,c" }, { scope: ["a", 1] },
    { scope: { a: true } }, { scp: "b", scope: "a" }, { scp: [["a"]] }]) {
    const answer = await get("/scoped", await token(claims));
    assert.deepEqual([answer.status, answer.text], [403, '{"message":"Forbidden"}'], JSON.stringify(claims));
    assert.match(answer.headers["www-authenticate"], /^Bearer scope="a c" error="insufficient_scope" error_description="[^"]+"$/);
    assert.match(await logged(gateway, answer), /\|403\|insufficient_scope: [^|]+\|403\|ACCESS_DENIED$/);
  }
});

// What is wrong, the request, and what the challenge says about it (a text, or a pattern where AWS's is not known).
const b64 = /^illegal base64 data at input byte \d+$/, json = /^(invalid character|unexpected end of JSON|it is no JSON object|a JSON object has)/;
const refusals = [
  ["garbage", () => "garbage", "token contains an invalid number of segments"],
  ["two segments", async () => (await token()).split(".").slice(0, 2).join("."), "token contains an invalid number of segments"],
  ["five segments, as an encrypted token", async () => `${await token()}.a.b`, "token contains an invalid number of segments"],
  ["Basic", () => "Basic YTpi", "token contains an invalid number of segments"],
  ["Bearer twice", async () => `Bearer Bearer ${await token()}`, "tokenstring should not contain 'bearer '"],
  ["foreign characters", async () => (await token()).replace(".", "!."), b64],
  ["padding", async () => (await token()).replace(".", "=."), b64],
  ["base64 instead of base64url", async () => `${Buffer.from('{"alg":"RS256","kid":"??>>"}').toString("base64")}.e30.AA`, b64],
  ["a header that is no JSON", () => `${base64url("nonsense")}.${base64url("{}")}.AA`, json],
  ["a header that is an array", () => `${base64url("[]")}.${base64url("{}")}.AA`, json],
  ["a payload that is no JSON", () => forged({}, "{"), json],
  ["a payload with something behind it", () => forged({}, `${JSON.stringify(issuer.claims())}x`), json],
  ["a payload that is not UTF-8", () => forged({}, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), json],
  ["a header with alg twice", () => compact('{"alg":"RS256","alg":"none","kid":"first"}', issuer.claims(), signers.none), json],
  ["a payload with exp twice", () => forged({}, `${JSON.stringify(issuer.claims({ exp: 1 })).slice(0, -1)},"\\u0065xp":9999999999}`), json],
  ["an expired one", () => token({ exp: now() - 1 }), "the token has expired"],
  ["one that expires now", () => token({ exp: now() }), "the token has expired"],
  ["an expired one with a fraction", () => token({ exp: now() - 0.5 }), "the token has expired"],
  ["exp 0", () => token({ exp: 0 }), "the token has expired"],
  ["a negative exp", () => token({ exp: -1 }), "the token has expired"],
  ["no exp", () => token({ exp: undefined }), /expiration/],
  ["exp as a text", () => forged({}, { exp: String(now() + 300) }), /expiration/],
  ["exp null", () => forged({}, { exp: null }), /expiration/],
  ["exp true", () => forged({}, { exp: true }), /expiration/],
  ["exp beyond every number", () => forged({}, JSON.stringify(issuer.claims({ exp: 7 })).replace(':7', ":1e999")), /expiration/],
  ["nbf in the future", () => token({ nbf: now() + 60 }), "the token is not valid yet"],
  ["nbf as a text", () => forged({}, { nbf: "0" }), "the token is not valid yet"],
  ["iat in the future", () => token({ iat: now() + 60 }), /future|before/],
  ["another issuer", () => token({ iss: "https://other.test" }), "issuer does not match"],
  ["an issuer with a slash at its end", () => token({ iss: "https://issuer.test/" }), "issuer does not match"],
  ["an issuer in other letters", () => token({ iss: "https://ISSUER.test" }), "issuer does not match"],
  ["an issuer with a NUL", () => token({ iss: "https://issuer.test\0" }), "issuer does not match"],
  ["an array of issuers", () => forged({}, { iss: ["https://issuer.test"] }), "issuer does not match"],
  ["no issuer", () => token({ iss: undefined }), "issuer does not match"],
  ["another audience", () => token({ aud: "else" }), "the token does not have a valid audience"],
  ["other audiences", () => token({ aud: ["ap", "apps"] }), "the token does not have a valid audience"],
  ["no audience at all", () => token({ aud: undefined }), "the token does not have a valid audience"],
  ["a wrong aud beside a right client_id", () => token({ aud: "else", client_id: "app" }), "the token does not have a valid audience"],
  ["an empty aud beside a right client_id", () => token({ aud: [], client_id: "app" }), "the token does not have a valid audience"],
  ["a null aud beside a right client_id", () => forged({}, { aud: null, client_id: "app" }), "the token does not have a valid audience"],
  ["audiences that are not all texts", () => forged({}, { aud: ["app", 1] }), "the token does not have a valid audience"],
  ["a wrong client_id", () => token({ aud: undefined, client_id: "else" }), "the token does not have a valid audience"],
  ["an unknown kid", async () => forged({ kid: "third" }), /key id/],
  ["no kid", async () => forged({ kid: undefined }), /key id/],
  ["an empty kid", async () => forged({ kid: "" }), /key id/],
  ["a kid that is a number", async () => forged({ kid: 1 }), /key id/],
  ["a key that is for encryption", () => token({}, { kid: "for-encryption" }), /key id/],
  ["none", () => forged({ alg: "none" }, {}, signers.none), "signing method none is invalid"],
  ["nOnE", () => forged({ alg: "nOnE" }, {}, signers.none), "signing method nOnE is invalid"],
  ["no alg", () => forged({ alg: undefined }), /signing method/],
  ["alg null", () => forged({ alg: null }), /signing method/],
  ["RS256 without a signature", () => forged({}, {}, signers.none), "crypto/rsa: verification error"],
  ["HS256 keyed with the public PEM", async () => forged({ alg: "HS256" }, {}, signers.hmac(await jose.exportSPKI(issuer.keys.get("first").publicKey))), "signing method HS256 is invalid"],
  ["HS256 keyed with the modulus", () => forged({ alg: "HS256" }, {}, signers.hmac(Buffer.from(issuer.keys.get("first").jwk.n, "base64url"))), "signing method HS256 is invalid"],
  ["HS256 keyed with nothing", () => forged({ alg: "HS256" }, {}, signers.hmac("")), "signing method HS256 is invalid"],
  ["HMAC called RS256", async () => forged({}, {}, signers.hmac(await jose.exportSPKI(issuer.keys.get("first").publicKey))), "crypto/rsa: verification error"],
  ["ES256 with a key of the set", () => token({}, { kid: "ec" }), "signing method ES256 is invalid"],
  ["ES256 called RS256", () => forged({ kid: "ec" }, {}, signers.rsa(issuer.keys.get("ec").privateKey)), /key id/],
  ["PS256 with a key of the set", () => token({}, { kid: "pss" }), "signing method PS256 is invalid"],
  ["RS512 by a key for RS256", () => forged({ alg: "RS512" }, {}, signers.rsa(issuer.keys.get("first").privateKey, "sha512")), "signing method RS512 is invalid"],
  ["RS384 in the name of RS256", () => forged({}, {}, signers.rsa(issuer.keys.get("first").privateKey, "sha384")), "crypto/rsa: verification error"],
  ["another key's signature", () => forged({}, {}, signers.rsa(issuer.keys.get("second").privateKey)), "crypto/rsa: verification error"],
  ["an attacker's key under a known kid", () => attacker.token({ secret: SECRET }), "crypto/rsa: verification error"],
  ["an embedded key", () => attacker.token({}, { header: { jwk: attacker.keys.get("first").jwk } }), "crypto/rsa: verification error"],
  ["an embedded key under a kid of its own", () => attacker.token({}, { header: { kid: "mine", jwk: { ...attacker.keys.get("first").jwk, kid: "mine" } } }), /key id/],
  ["a place to fetch the key from", () => attacker.token({}, { header: { jku: attacker.jwksUri, x5u: attacker.jwksUri } }), "crypto/rsa: verification error"],
  ["the same issuer name's keys elsewhere", () => other.token({ iss: issuer.issuer }), "crypto/rsa: verification error"],
  ["crit", () => forged({ crit: ["exp"], exp: 1 }), /critical/],
  ["an empty crit", () => forged({ crit: [] }), /critical/],
  ["a payload that is not encoded", () => forged({ b64: false }), /payload/],
  ["a payload that is compressed", () => forged({ zip: "DEF" }), /payload/],
  ["a payload that was changed", async () => { const [h, , s] = (await token()).split("."); return `${h}.${base64url(issuer.claims({ sub: "root" }))}.${s}`; }, "crypto/rsa: verification error"],
  ["a header that was changed", async () => { const [, p, s] = (await token()).split("."); return `${base64url({ kid: "first", alg: "RS256" })}.${p}.${s}`; }, "crypto/rsa: verification error"],
  ["a signature that is too long", async () => `${await token()}AAAA`, "crypto/rsa: verification error"],
  ["a signature without its end", async () => (await token()).slice(0, -2), "crypto/rsa: verification error"],
  ["two tokens", async () => [await token(), await token()], "token contains an invalid number of segments"],
  ["the same token twice", async () => { const good = await token(); return [good, good]; }, "token contains an invalid number of segments"],
  ["a token and nothing", async () => [await token(), ""], b64],
  ["nothing and a token", async () => ["", await token()], b64],
  ["9 KB of nonsense", () => "x".repeat(9000), "token contains an invalid number of segments"],
  ["9 KB that nobody signed", () => forged({}, { fat: "f".repeat(6400) }, signers.rsa(attacker.keys.get("first").privateKey)), "crypto/rsa: verification error"],
  ["deep nesting", () => forged({}, `{"a":${"[".repeat(2000)}${"]".repeat(2000)}}`), json],
];

for (const [name, make, description] of refusals) {
  test(`refused: ${name}`, async () => {
    const before = lambda.calls.length;
    const answer = await get("/any", await make());
    assert.deepEqual([answer.status, answer.text], [401, '{"message":"Unauthorized"}']);
    assert.deepEqual([answer.headers["content-type"], answer.headers["content-length"]], ["application/json", "26"]);
    const challenge = /^Bearer scope="" error="invalid_token" error_description="([^"\\]+)"$/.exec(answer.headers["www-authenticate"]);
    assert.ok(challenge, answer.headers["www-authenticate"]);
    if (typeof description === "string") assert.equal(challenge[1], description);
    else assert.match(challenge[1], description);
    const [, status, error, authorizer, type] = (await logged(gateway, answer)).split("|");
    assert.deepEqual([status, error, authorizer, type], ["401", `invalid_token: ${challenge[1]}`, "401", "UNAUTHORIZED"]);
    assert.equal(lambda.calls.length, before);
  });
}

test("refused: no token, or only the scheme", async () => {
  for (const value of [undefined, "", "Bearer", "Bearer ", "bearer    "]) {
    const answer = await get("/any", value);
    assert.deepEqual([answer.status, answer.text, answer.headers["www-authenticate"]], [401, '{"message":"Unauthorized"}', "Bearer"], value);
    assert.match(await logged(gateway, answer), /\|401\|missing: token not provided\|401\|UNAUTHORIZED$/);
  }
});

test("the challenge of a route with scopes names them, whatever is wrong", async () => {
  const answer = await get("/scoped", "garbage");
  assert.equal(answer.headers["www-authenticate"], 'Bearer scope="a c" error="invalid_token" error_description="token contains an invalid number of segments"');
});

test("client_id stands in for an absent aud", async () => {
  const event = await accepted("/any", await token({ aud: undefined, client_id: "web" }));
  assert.equal(event.requestContext.authorizer.jwt.claims.client_id, "web");
});

test("instants may have fractions and be far away", async () => {
  await accepted("/any", await token({ exp: now() + 60.5, nbf: now() - 0.5, iat: 0 }));
  await accepted("/any", forged({}, JSON.stringify(issuer.claims({ exp: 7 })).replace(":7", ":1e300")));
});

test("a token of 9 KB passes; beyond AWS's limit on heads it is 431", async () => {
  const event = await accepted("/any", forged({}, { fat: "f".repeat(6400) }));
  assert.equal(event.requestContext.authorizer.jwt.claims.fat.length, 6400);
  assert.equal((await get("/any", forged({}, { fat: "f".repeat(8000) }))).status, 431);
});

test("an issuer's token is none of another's", async () => {
  await accepted("/other", await other.token());
  assert.equal((await get("/other", await token())).status, 401);
  assert.equal((await get("/any", await other.token())).status, 401);
  assert.equal((await get("/other", await token({ iss: other.issuer }))).status, 401);
});

test("a verified token is judged anew on each route", async () => {
  const good = await token({ scope: "b" });
  for (let i = 0; i < 3; i++) {
    await accepted("/any", good);
    assert.equal((await get("/scoped", good)).status, 403);
    assert.equal((await get("/other", good)).status, 401);
  }
});

test("requests on one connection know nothing of each other", async () => {
  const raw = await Raw.open(gateway.port);
  const good = await token();
  const host = `Host: 127.0.0.1:${gateway.port}\r\n`;
  const head = (authorization, path = "/any") => `GET ${path} HTTP/1.1\r\n${host}${authorization}\r\n`;
  const before = lambda.calls.length;
  raw.send(head(`Authorization: ${good}\r\n`) + head("") + head(`Authorization: ${good}\r\n`, "/scoped") + head("", "/open") + head("Connection: close\r\n"));
  const statuses = (await raw.closed()).match(/HTTP\/1\.1 \d+/g).map((s) => Number(s.slice(9)));
  raw.close();
  assert.deepEqual(statuses, [200, 401, 403, 200, 401]);
  const events = lambda.calls.slice(before).map((call) => call.event);
  assert.deepEqual(events.map((e) => [e.rawPath, e.requestContext.authorizer?.jwt.claims.sub]), [["/any", "ann"], ["/open", undefined]]);
});

test("only header fields of the head count", async () => {
  const good = await token();
  const host = `Host: 127.0.0.1:${gateway.port}\r\nConnection: close\r\n`;
  const before = lambda.calls.length;
  for (const request of [
    `POST /upload HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n1\r\nx\r\n0\r\nAuthorization: ${good}\r\n\r\n`,
    `GET /any HTTP/1.1\r\n${host}X: y\r\n Authorization: ${good}\r\n\r\n`,
    `GET /any HTTP/1.1\r\n${host}Authorization : ${good}\r\n\r\n`,
    `GET /any HTTP/1.1\r\n${host}X: y\nAuthorization: ${good}\r\n\r\n`,
    `GET /any HTTP/1.1\r\n${host}Proxy-Authorization: ${good}\r\nX-Authorization: ${good}\r\nAuthorization\u00a0: ${good}\r\n\r\n`,
    `GET /any HTTP/1.1\r\n${host}Cookie: Authorization=${good}\r\nX-Forwarded-Authorization: ${good}\r\n\r\n`,
  ]) {
    const raw = await Raw.open(gateway.port);
    const answer = await raw.send(request).closed();
    raw.close();
    assert.match(answer, /^HTTP\/1\.1 40[01] /);
  }
  assert.equal(lambda.calls.length, before);
});

test("no other spelling of a path or method comes round the authorizer", async () => {
  const before = lambda.calls.length;
  const base = `http://127.0.0.1:${gateway.port}`;
  for (const path of ["/any/", "//any", "/./any", "/open/../any", "/open/%2e%2e/any", "/%61ny", "/any%2f", "/any%20", "/any;x", "/ANY", "/any%00", "/any?x",
    "/any%3Fx", "/_aws/execute-api/api/$default/any", "/_aws/execute-api/api/%24default/any", "/$default/any", `${base}/any`, "/any%252f"])
    for (const method of ["GET", "HEAD", "POST", "OPTIONS", "get", "ANY", "PROPFIND"]) {
      const answer = await send(gateway, method, path);
      assert.ok([400, 401, 403, 404].includes(answer.status), `${method} ${path}: ${answer.status}`);
    }
  for (const override of [{ "X-HTTP-Method-Override": "POST" }, { "X-Original-URL": "/open" }, { "X-Rewrite-URL": "/open" }, { "X-Amzn-Requestid": "x" }, { "X-Forwarded-User": "root" }])
    assert.equal((await send(gateway, "GET", "/any", { headers: override })).status, 401);
  assert.equal(lambda.calls.length, before);
});

test("keys that are not fit are as if they were not there", async () => {
  const weak = await startIssuer({ issuer: "https://weak.test" });
  const small = await jose.generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
  await weak.addKey("good");
  weak.keys.set("e1", { ...small, alg: "RS256", jwk: { ...(await jose.exportJWK(small.publicKey)), e: "AQ", kid: "e1", alg: "RS256" } });
  weak.keys.set("oct", { jwk: { kty: "oct", kid: "oct", k: base64url("secret"), alg: "HS256" } });
  weak.keys.set("even", { jwk: { ...weak.keys.get("good").jwk, kid: "even", n: base64url(Buffer.alloc(256, 0xfe)) } });
  weak.keys.set("short", { jwk: { kty: "RSA", kid: "short", alg: "RS256", e: "AQAB", n: base64url(Buffer.alloc(64, 0xff)) } });
  const own = await startGateway({
    config: {
      apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json" }],
      functions: { echo: { endpoint: lambda.url } },
      issuers: [{ issuer: weak.issuer, jwksUri: weak.jwksUri }],
    },
    files: { "api.json": definition({ "GET /any": { function: "echo", security: [{ users: [] }] } },
      { components: { securitySchemes: { users: jwtScheme({ issuer: weak.issuer }) } } }) },
  });
  const status = async (value) => (await send(own, "GET", "/any", { headers: { Authorization: value } })).status;
  assert.equal(await status(await weak.token({}, { kid: "good" })), 200);
  // With exponent 1 the "signature" is the padded digest itself.
  const { createHash } = await import("node:crypto");
  const digestInfo = Buffer.from("3031300d060960864801650304020105000420", "hex");
  const self = (text) => {
    const tail = Buffer.concat([digestInfo, createHash("sha256").update(text).digest()]);
    return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 3 - tail.length, 0xff), Buffer.from([0]), tail]);
  };
  assert.equal(await status(compact({ alg: "RS256", kid: "e1" }, weak.claims(), self)), 401);
  assert.equal(await status(compact({ alg: "HS256", kid: "oct" }, weak.claims(), signers.hmac("secret"))), 401);
  for (const kid of ["even", "short"]) assert.equal(await status(compact({ alg: "RS256", kid }, weak.claims(), self)), 401);
  await own.stop();
  await weak.stop();
});

// A token whose bytes end up anywhere but at the function is a key left under the mat.
test("no token, nor a part of one, nor a claim is in any log, figure or answer", async () => {
  const metrics = await gateway.metrics();
  await gateway.stop();
  const everything = [...gateway.lines, ...gateway.stdout, metrics, ...answers].join("\n");
  assert.ok(gateway.stdout.length > 100 && tokens.length > 100);
  const parts = partsOf(tokens.filter((t) => t.length > 40));
  assert.equal(parts.in(everything), null);
  assert.ok(!everything.includes(SECRET));
});
