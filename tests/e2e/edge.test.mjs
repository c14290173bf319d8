// The HTTP/1.1 edge from outside: what clients may send, and what a hostile one gets for it
// (RFC 9112).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startGateway } from "./lib/gateway.mjs";
import { startIssuer, jwtScheme } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw, exchange, readAnswers } from "./lib/raw.mjs";

let gateway, lambda, issuer;

before(async () => {
  issuer = await (await startIssuer()).addKey("k");
  lambda = await startLambda({
    echo: (event) => ({ statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({
      api: event.requestContext.apiId, method: event.requestContext.http.method, path: event.rawPath, query: event.rawQueryString,
      headers: event.headers, body: event.isBase64Encoded ? Buffer.from(event.body, "base64").toString("latin1") : event.body ?? null }) }),
    empty: () => ({ statusCode: 204 }),
  });
  gateway = await startGateway({
    config: {
      apis: [
        { apiId: "one", protocolType: "HTTP", definition: "one.json",
          stages: [{ stageName: "$default", routeSettings: { "POST /limited": { throttlingRateLimit: 0, throttlingBurstLimit: 0 } } }] },
        { apiId: "two", protocolType: "HTTP", definition: "two.json" },
      ],
      domains: [
        { domainName: "a.test", apiMappings: [{ apiId: "one", stage: "$default" }] },
        { domainName: "b.test", apiMappings: [{ apiId: "two", stage: "$default" }] },
      ],
      issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }],
      functions: { echo: { endpoint: lambda.url }, empty: { endpoint: lambda.url } },
      limits: { payloadBytes: 100000 },
    },
    files: {
      "one.json": definition({
        "ANY /echo": "echo", "ANY /echo/{proxy+}": "echo", "GET /": "echo", "GET /empty": "empty", "POST /limited": "echo",
        "POST /secure": { function: "echo", security: [{ jwt: [] }] },
      }, { components: { securitySchemes: { jwt: jwtScheme({ issuer: issuer.issuer }) } } }),
      "two.json": definition({ "$default": "echo" }),
    },
  });
});
after(async () => {
  const exited = await gateway?.stop();
  await lambda?.stop();
  await issuer?.stop();
  assert.deepEqual(exited, { code: 0, signal: null });
});

const message = { 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 413: "Request Entity Too Large", 429: "Too Many Requests",
  431: "Request Header Fields Too Large", 501: "Not Implemented", 505: "HTTP Version Not Supported" };
const smuggled = "GET /echo/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
const get = (path, fields = "") => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`;
const post = (path, fields, body = "") => `POST ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n${body}`;

function assertRefused(answer, status) {
  assert.equal(answer?.status, status);
  assert.equal(answer.body, `{"message":"${message[status]}"}`);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.match(answer.headers["apigw-requestid"] ?? "", /^[\w-]{15}=$/);
}

// Neither the request itself nor what follows it may have reached the function.
async function assertNothingServed(calls) {
  assert.match(await exchange(gateway.port, get("/echo/marker", "Connection: close\r\n")), /^HTTP\/1\.1 200 /);
  assert.deepEqual(lambda.calls.slice(calls).map((call) => call.event.rawPath), ["/echo/marker"]);
}

// The peer must answer once, close by itself, and serve nothing of what was sent.
async function refuses(bytes, status) {
  const calls = lambda.calls.length;
  const text = await exchange(gateway.port, bytes + smuggled);
  const answers = readAnswers(text);
  assert.equal(answers.length, 1, text);
  assert.equal(answers.rest, "");
  assertRefused(answers[0], status);
  assert.equal(answers[0].headers.connection, "close");
  await assertNothingServed(calls);
}

const line = (first) => `${first}\r\nHost: a.test\r\n\r\n`;
const te = (value) => post("/echo", `Transfer-Encoding: ${value}\r\n`, "0\r\n\r\n");
const cl = (value) => post("/echo", `Content-Length: ${value}\r\n`, "hello");
const host = (value) => `GET /echo HTTP/1.1\r\nHost: ${value}\r\n\r\n`;

describe("a head that is refused, with all that follows it", () => {
  for (const [name, bytes, status = 400] of [
    // framing (RFC 9112, 6)
    ["Content-Length, then Transfer-Encoding", post("/echo", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")],
    ["Transfer-Encoding, then Content-Length", post("/echo", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")],
    ["Content-Length 0 beside chunked", post("/echo", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n")],
    ["chunked twice in one field", te("chunked, chunked")],
    ["chunked twice in two fields", te("chunked\r\nTransfer-Encoding: chunked")],
    ["chunked before another coding", te("chunked, gzip")],
    ["another coding", te("gzip"), 501],
    ["another coding before chunked", te("gzip, chunked"), 501],
    ["identity", te("identity"), 501],
    ["a coding that looks like chunked", te("xchunked"), 501],
    ["chunked with a parameter", te("chunked;q=1"), 501],
    ["chunked behind a vertical tab", te("\x0bchunked")],
    ["chunked in quotes", te('"chunked"')],
    ["an empty coding", te("")],
    ["an empty coding in the list", te(", chunked")],
    ["white space before the colon of Transfer-Encoding", post("/echo", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n")],
    ["a folded Transfer-Encoding", te("\r\n chunked")],
    ["Transfer-Encoding in HTTP/1.0", "POST /echo HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["Content-Length twice, the same", cl("5\r\nContent-Length: 5")],
    ["Content-Length twice, different", cl("5\r\nContent-Length: 0")],
    ["a list of lengths", cl("5, 5")],
    ["a length with a plus", cl("+5")],
    ["a negative length", cl("-5")],
    ["a hexadecimal length", cl("0x5")],
    ["a length with a space in it", cl("5 0")],
    ["a length with an exponent", cl("1e1")],
    ["a fraction of a length", cl("5.0")],
    ["an empty length", cl("")],
    ["a length beyond 64 bits", cl("18446744073709551616")],
    ["a length of 1000 digits", cl("9".repeat(1000))],
    ["a length in other digits", cl("\xd9\xa5")],
    // lines (RFC 9112, 2.2 and 5)
    ["bare LF for every line", "GET /echo HTTP/1.1\nHost: a.test\n\n"],
    ["a bare LF behind the request line", "GET /echo HTTP/1.1\nHost: a.test\r\n\r\n"],
    ["a bare LF behind a field", get("/echo", "A: b\nC: d\r\n")],
    ["a bare LF at the end of the head", "GET /echo HTTP/1.1\r\nHost: a.test\r\n\n"],
    ["a bare CR in a value", get("/echo", "A: b\rC: d\r\n")],
    ["a bare CR for every line", "GET /echo HTTP/1.1\rHost: a.test\r\r"],
    ["CR CR LF", get("/echo", "A: b\r\r\n")],
    ["a folded line", get("/echo", "A: b\r\n c\r\n")],
    ["a line folded with a tab", get("/echo", "A: b\r\n\tc\r\n")],
    ["white space before the first field", "GET /echo HTTP/1.1\r\n Host: a.test\r\n\r\n"],
    ["a space before a colon", get("/echo", "A : b\r\n")],
    ["a tab before a colon", get("/echo", "A\t: b\r\n")],
    ["an empty name", get("/echo", ": b\r\n")],
    ["no colon", get("/echo", "A\r\n")],
    ["a name with a delimiter", get("/echo", "A(b): c\r\n")],
    ["a name that is not ASCII", get("/echo", "\xc3\x84: c\r\n")],
    ["NUL in a name", get("/echo", "A\0: b\r\n")],
    ["NUL in a value", get("/echo", "A: b\0c\r\n")],
    ["a control character in a value", get("/echo", "A: \x01\r\n")],
    ["ESC in a value", get("/echo", "A: \x1b[31m\r\n")],
    ["DEL in a value", get("/echo", "A: \x7f\r\n")],
    // Host (RFC 9112, 3.2)
    ["no Host", "GET /echo HTTP/1.1\r\n\r\n"],
    ["no Host beside an absolute target", "GET http://a.test/echo HTTP/1.1\r\n\r\n"],
    ["two Hosts", host("a.test\r\nHost: b.test")],
    ["two Hosts, the same", host("a.test\r\nHost: a.test")],
    ["two Hosts in HTTP/1.0", "GET /echo HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n"],
    ["a list of hosts", host("a.test, b.test")],
    ["a Host with a space", host("a.test b.test")],
    ["a Host with a path", host("a.test/echo")],
    ["a Host with user information", host("b.test@a.test")],
    ["a Host with a bad port", host("a.test:http")],
    ["a Host with a port too high", host("a.test:65536")],
    ["a Host with half an address", host("[::1")],
    ["a Host with a quote", host('a.test"')],
    ["a Host with an escape", host("a%2etest")],
    ["a malformed Host beside an absolute target", "GET http://a.test/echo HTTP/1.1\r\nHost: a b\r\n\r\n"],
    // the request line (RFC 9112, 3)
    ["HTTP/0.9", "GET /echo\r\n"],
    ["HTTP/0.9 by its number", line("GET /echo HTTP/0.9"), 505],
    ["HTTP/2.0", line("GET /echo HTTP/2.0"), 505],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 505],
    ["HTTP/3.0", line("GET /echo HTTP/3.0"), 505],
    ["HTTP/1.10", line("GET /echo HTTP/1.10")],
    ["HTTP/1", line("GET /echo HTTP/1")],
    ["http/1.1", line("GET /echo http/1.1")],
    ["HTTP/1,1", line("GET /echo HTTP/1,1")],
    ["another protocol", line("GET /echo RTSP/1.0")],
    ["two spaces", line("GET  /echo HTTP/1.1")],
    ["a tab for a space", line("GET\t/echo HTTP/1.1")],
    ["a space in the target", line("GET /ec ho HTTP/1.1")],
    ["a space behind the version", line("GET /echo HTTP/1.1 ")],
    ["a space before the method", line(" GET /echo HTTP/1.1")],
    ["no method", line("/echo HTTP/1.1")],
    ["a method with a delimiter", line("G(T /echo HTTP/1.1")],
    ["a method of 1000 letters", line(`${"G".repeat(1000)} /echo HTTP/1.1`)],
    ["a method with NUL", line("GE\0T /echo HTTP/1.1")],
    ["two empty lines before it", `\r\n\r\n${get("/echo")}`],
    ["a bare LF before it", `\n${get("/echo")}`],
    ["CONNECT", "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"],
    ["CONNECT with a path", line("CONNECT /echo HTTP/1.1")],
    ["CONNECT with a URL", line("CONNECT http://a.test/echo HTTP/1.1")],
    ["an authority for a target", line("GET a.test:80 HTTP/1.1")],
    ["a relative path", line("GET echo HTTP/1.1")],
    ["* for another method than OPTIONS", line("GET * HTTP/1.1")],
    ["another scheme", line("GET ftp://a.test/echo HTTP/1.1")],
    ["a URL without a host", line("GET http:///echo HTTP/1.1")],
    ["a URL with user information", line("GET http://b.test@a.test/echo HTTP/1.1")],
    ["a URL with a bad port", line("GET http://a.test:x/echo HTTP/1.1")],
    ["a fragment", line("GET /echo#x HTTP/1.1")],
    ["NUL in the target", line("GET /echo/\0 HTTP/1.1")],
    ["DEL in the target", line("GET /echo/\x7f HTTP/1.1")],
    ["bytes above ASCII in the target", line("GET /echo/\xc3\xbc HTTP/1.1")],
    ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    // size
    ["a head of one byte too many", get("/echo", `A: ${"x".repeat(10241 - get("/echo", "A: \r\n").length)}\r\n`), 431],
    ["a long target", line(`GET /echo/${"x".repeat(20000)} HTTP/1.1`), 431],
    ["a head without end", `GET /echo HTTP/1.1\r\nA: ${"x".repeat(100000)}`, 431],
    ["129 fields", get("/echo", "A: b\r\n".repeat(128)), 431],
  ]) {
    test(name, () => refuses(bytes, status));
  }

  test("the same, one byte after the other", async () => {
    const calls = lambda.calls.length;
    const raw = await Raw.open(gateway.port);
    await raw.dribble(post("/echo", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    const answers = readAnswers(await raw.closed());
    assertRefused(answers[0], 400);
    await assertNothingServed(calls);
  });

  test("a request before it is served, one behind it is not", async () => {
    const calls = lambda.calls.length;
    const answers = readAnswers(await exchange(gateway.port, get("/echo/first") + te("chunked, chunked") + smuggled));
    assert.deepEqual(answers.map((answer) => answer.status), [200, 400]);
    assert.equal(answers[1].headers.connection, "close");
    assert.deepEqual(lambda.calls.slice(calls).map((call) => call.event.rawPath), ["/echo/first"]);
  });
});

describe("a chunked body that is refused, with all that follows it", () => {
  for (const [name, body] of [
    ["no size", "\r\nhello\r\n0\r\n\r\n"],
    ["a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"],
    ["a size with a plus", "+5\r\nhello\r\n0\r\n\r\n"],
    ["a negative size", "-5\r\nhello\r\n0\r\n\r\n"],
    ["a size behind a space", " 5\r\nhello\r\n0\r\n\r\n"],
    ["a size with a space behind it", "5 \r\nhello\r\n0\r\n\r\n"],
    ["a size of 64 bits", "8000000000000000\r\nhello\r\n0\r\n\r\n"],
    ["a size that overflows to 5", "10000000000000005\r\nhello\r\n0\r\n\r\n"],
    ["a size with many zeros", `${"0".repeat(40)}5\r\nhello\r\n0\r\n\r\n`],
    ["no hexadecimal digit", "g\r\nhello\r\n0\r\n\r\n"],
    ["a bare LF behind the size", "5\nhello\r\n0\r\n\r\n"],
    ["a bare CR behind the size", "5\rhello\r\n0\r\n\r\n"],
    ["no CRLF behind the data", "5\r\nhello0\r\n\r\n"],
    ["a bare LF behind the data", "5\r\nhello\n0\r\n\r\n"],
    ["more data than announced", "3\r\nhello\r\n0\r\n\r\n"],
    ["an extension without a name", "5;\r\nhello\r\n0\r\n\r\n"],
    ["an extension with a bare LF", "5;a\nb\r\nhello\r\n0\r\n\r\n"],
    ["an extension with a bare CR", "5;a\rb\r\nhello\r\n0\r\n\r\n"],
    ["an extension with an open quote", '5;a="b\r\nhello\r\n0\r\n\r\n'],
    ["an extension of 100 kB", `5;a=${"b".repeat(100000)}\r\nhello\r\n0\r\n\r\n`],
    ["a trailer with a bare LF", "0\r\nA: b\n\r\n"],
    ["a folded trailer", "0\r\nA: b\r\n c\r\n\r\n"],
    ["a trailer without a colon", "0\r\nA\r\n\r\n"],
    ["a trailer with a control character", "0\r\nA: \x01\r\n\r\n"],
    ["100 kB of trailers", `0\r\n${"A: b\r\n".repeat(16000)}\r\n`],
  ]) {
    test(name, () => refuses(post("/echo", "Transfer-Encoding: chunked\r\n", body), 400));
  }

  test("where the answer has been given already, the connection ends without another", async () => {
    const calls = lambda.calls.length;
    const answers = readAnswers(await exchange(gateway.port, post("/nowhere", "Transfer-Encoding: chunked\r\n", "x\r\n") + smuggled));
    assert.deepEqual(answers.map((answer) => answer.status), [404]);
    assert.equal(answers.rest, "");
    await assertNothingServed(calls);
  });
});

// One request, one answer, on a connection that the peer leaves open.
async function ask(text, options) {
  const raw = await Raw.open(gateway.port);
  const answer = await raw.send(text).answer(options);
  raw.close();
  return answer;
}
const echoed = async (text) => JSON.parse((await ask(text)).body);

describe("a head that is served", () => {
  test("by the authority of an absolute target, above Host", async () => {
    const event = await echoed("GET http://b.test/x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert.equal(event.api, "two");
    assert.equal(event.path, "/x");
    assert.equal(event.query, "y=1");
    assert.equal((await echoed("GET HTTPS://A.TEST:80/echo HTTP/1.1\r\nHost: b.test\r\n\r\n")).api, "one");
    assert.equal((await echoed("GET http://a.test HTTP/1.1\r\nHost: b.test\r\n\r\n")).path, "/");
  });

  test("of exactly headerBytes", async () => {
    const fill = 10240 - get("/echo", "A: \r\n").length;
    const event = await echoed(get("/echo", `A: ${"x".repeat(fill)}\r\n`));
    assert.equal(event.headers.a.length, fill);
  });

  test("with 128 fields", async () => {
    const event = await echoed(get("/echo", "A: b\r\n".repeat(127)));
    assert.equal(event.headers.a, "b,".repeat(127).slice(0, -1));
  });

  test("behind one empty line, and one between two requests", async () => {
    const raw = await Raw.open(gateway.port);
    const answers = await raw.send(`\r\n${get("/echo/1")}\r\n${get("/echo/2")}`).answers(2);
    assert.deepEqual(answers.map((answer) => JSON.parse(answer.body).path), ["/echo/1", "/echo/2"]);
    raw.close();
  });

  test("with a method that nobody has heard of", async () => {
    assert.equal((await echoed("BREW /echo HTTP/1.1\r\nHost: a.test\r\n\r\n")).method, "BREW");
  });

  test("with bytes above ASCII in a value", async () => {
    assert.equal((await ask(get("/echo", "A: \xc3\xbc\r\n"))).status, 200);
    assert.equal((await ask(get("/echo", "A: \xff\xfe\r\n"))).status, 200);
  });

  test("OPTIONS *: nobody's path, and an answer all the same", async () => {
    const answer = await ask("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assertRefused(answer, 400);
    assert.notEqual(answer.headers.connection, "close");
  });

  test("a malformed escape is refused, but the connection stays", async () => {
    const raw = await Raw.open(gateway.port);
    const answers = await raw.send(get("/echo/%zz") + get("/echo/%00") + get("/echo/ok")).answers(3);
    assert.deepEqual(answers.map((answer) => answer.status), [400, 400, 200]);
    raw.close();
  });

  test("an empty Host names nobody", async () => {
    const answer = await ask("GET /echo HTTP/1.1\r\nHost:\r\n\r\n");
    assert.equal(answer.status, 403);
  });
});

test("a token that is sent twice, or a hundred times, is none", async () => {
  const bearer = `Authorization: Bearer ${await issuer.token()}\r\n`;
  assert.equal((await ask(post("/secure", bearer))).status, 200);
  assert.equal((await ask(post("/secure", bearer.repeat(2)))).status, 401);
  assert.equal((await ask(post("/secure", "Authorization: Bearer x\r\n".repeat(100)))).status, 401);
});

describe("bodies", () => {
  const chunked = (body) => post("/echo", "Transfer-Encoding: chunked\r\nContent-Type: text/plain\r\n", body);

  test("chunked, in all its legal forms", async () => {
    for (const body of [
      "5\r\nhello\r\n0\r\n\r\n", "0005\r\nhello\r\n000\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", '5;a;b=c;d="e;\\"\r"\r\n'.replace("\r\"", '"') + "hello\r\n0\r\n\r\n",
      "5 ;a = b\r\nhello\r\n0;end\r\n\r\n", "5\r\nhello\r\n0\r\nX-Trailer: no\r\nContent-Length: 99\r\n\r\n",
    ]) {
      const event = await echoed(chunked(body));
      assert.equal(event.body, "hello", body);
      assert.equal(event.headers["x-trailer"], undefined);
      assert.equal(event.headers["content-length"], "5");
      assert.equal(event.headers["transfer-encoding"], undefined);
    }
    assert.equal((await echoed(chunked(`A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n`))).body, "01234567890123456789a");
  });

  test("Transfer-Encoding in capitals", async () => {
    assert.equal((await echoed(post("/echo", "TRANSFER-ENCODING: Chunked\r\nContent-Type: text/plain\r\n", "5\r\nhello\r\n0\r\n\r\n"))).body, "hello");
  });

  test("an empty chunked body is none", async () => {
    assert.equal((await echoed(chunked("0\r\n\r\n"))).body, null);
  });

  test("heads and bodies, one byte after the other", async () => {
    const raw = await Raw.open(gateway.port);
    await raw.dribble(chunked("5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n") + post("/echo", "Content-Length: 5\r\nContent-Type: text/plain\r\n", "world") + get("/echo/end"));
    const answers = await raw.answers(3);
    assert.deepEqual(answers.map((answer) => JSON.parse(answer.body).body), ["hello", "world", null]);
    raw.close();
  });

  test("of a GET", async () => {
    assert.equal((await echoed(get("/echo", "Content-Length: 5\r\nContent-Type: text/plain\r\n") + "hello")).body, "hello");
  });

  test("that look like requests are bodies", async () => {
    const calls = lambda.calls.length;
    const event = await echoed(post("/echo", `Content-Type: text/plain\r\nContent-Length: ${smuggled.length}\r\n`, smuggled));
    assert.equal(event.body, smuggled);
    await assertNothingServed(calls + 1);
  });

  test("that nobody wanted are dropped, and the next request is served", async () => {
    const raw = await Raw.open(gateway.port);
    raw.send(post("/nowhere", "Content-Length: 60000\r\n", "x".repeat(60000)) + post("/nowhere", "Transfer-Encoding: chunked\r\n", `ea60\r\n${"x".repeat(60000)}\r\n0\r\n\r\n`) + get("/echo/next"));
    const answers = await raw.answers(3);
    assert.deepEqual(answers.map((answer) => answer.status), [404, 404, 200]);
    raw.close();
  });

  test("that nobody wanted, and that are large, end the connection", async () => {
    const answers = readAnswers(await exchange(gateway.port, post("/nowhere", "Content-Length: 90000\r\n", "x".repeat(90000)) + smuggled));
    assert.deepEqual(answers.map((answer) => answer.status), [404]);
    assert.equal(answers[0].headers.connection, "close");
  });
});

describe("connections", () => {
  test("50 requests at once are answered in order", async () => {
    const raw = await Raw.open(gateway.port);
    let text = "";
    for (let i = 0; i < 50; i++)
      text += i % 3 ? get(i % 7 ? `/echo/${i}` : `/nowhere/${i}`) : post(`/echo/${i}`, "Content-Length: 3\r\n", "abc");
    const answers = await raw.send(text).answers(50);
    assert.equal(answers.length, 50);
    answers.forEach((answer, i) => {
      const unknown = i % 3 && i % 7 === 0;
      assert.equal(answer.status, unknown ? 404 : 200);
      if (!unknown) assert.equal(JSON.parse(answer.body).path, `/echo/${i}`);
    });
    raw.close();
  });

  test("are kept, and used again", async () => {
    const raw = await Raw.open(gateway.port);
    for (let i = 1; i <= 5; i++) {
      const answers = await raw.send(get("/echo")).answers(i);
      assert.equal(answers.at(-1).headers.connection, "keep-alive");
    }
    raw.close();
  });

  test("end where the client asks for it", async () => {
    const answers = readAnswers(await exchange(gateway.port, get("/echo", "Connection: x, CLOSE\r\n") + smuggled));
    assert.equal(answers.length, 1);
    assert.equal(answers[0].headers.connection, "close");
  });

  test("HTTP/1.0 ends by itself, and is kept where it asks", async () => {
    const one = readAnswers(await exchange(gateway.port, "GET /echo HTTP/1.0\r\nHost: a.test\r\n\r\n" + smuggled));
    assert.deepEqual(one.map((answer) => [answer.status, answer.headers.connection]), [[200, "close"]]);
    const raw = await Raw.open(gateway.port);
    const two = await raw.send("GET /echo HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n".repeat(2)).answers(2);
    assert.deepEqual(two.map((answer) => [answer.status, answer.headers.connection]), [[200, "keep-alive"], [200, "keep-alive"]]);
    raw.close();
  });

  test("HTTP/1.0 without Host is on nobody's domain", async () => {
    const answers = readAnswers(await exchange(gateway.port, "GET /echo HTTP/1.0\r\n\r\n"));
    assert.equal(answers[0].status, 403);
  });

  test("a client that has said all it has to say is still answered", async () => {
    const raw = await Raw.open(gateway.port);
    raw.send(get("/echo/1") + get("/echo/2")).end();
    const answers = readAnswers(await raw.closed());
    assert.deepEqual(answers.map((answer) => JSON.parse(answer.body).path), ["/echo/1", "/echo/2"]);
  });

  test("HEAD has the length and no body, and the next answer follows at once", async () => {
    const raw = await Raw.open(gateway.port);
    raw.send("HEAD /echo HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const head = (await raw.answers(1, { head: true }))[0];
    assert.equal(head.status, 200);
    assert.ok(Number(head.headers["content-length"]) > 50);
    const from = raw.text.length;
    raw.send(get("/echo", "Connection: close\r\n"));
    const next = readAnswers((await raw.closed()).slice(from));
    assert.equal(next[0].status, 200);
    assert.equal(readAnswers(await exchange(gateway.port, "HEAD /nowhere HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"), { head: true }).rest, "");
  });

  test("204 has neither length nor body", async () => {
    const raw = await Raw.open(gateway.port);
    const answers = await raw.send(get("/empty") + get("/echo")).answers(2);
    assert.deepEqual(answers.map((answer) => answer.status), [204, 200]);
    assert.equal(answers[0].headers["content-length"], undefined);
    assert.equal(answers[0].headers["transfer-encoding"], undefined);
    raw.close();
  });
});

describe("Expect: 100-continue", () => {
  const expecting = (path, fields = "Content-Length: 5\r\n") => post(path, `Content-Type: text/plain\r\nExpect: 100-continue\r\n${fields}`);

  test("is answered once the door has been passed", async () => {
    for (const [fields, body] of [["Content-Length: 5\r\n", "hello"], ["Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"]]) {
      const raw = await Raw.open(gateway.port);
      assert.equal((await raw.send(expecting("/echo", fields)).answers(1))[0].status, 100);
      const answers = await raw.send(body + get("/echo/next")).answers(3);
      assert.deepEqual(answers.map((answer) => answer.status), [100, 200, 200]);
      assert.equal(JSON.parse(answers[1].body).body, "hello");
      raw.close();
    }
  });

  test("past a token", async () => {
    const raw = await Raw.open(gateway.port);
    const token = await issuer.token();
    assert.equal((await raw.send(expecting("/secure", `Content-Length: 5\r\nAuthorization: Bearer ${token}\r\n`)).answers(1))[0].status, 100);
    assert.equal(JSON.parse((await raw.send("hello").answers(2))[1].body).body, "hello");
    raw.close();
  });

  for (const [name, path, fields, status] of [
    ["no route", "/nowhere", "Content-Length: 5\r\n", 404],
    ["no token", "/secure", "Content-Length: 5\r\n", 401],
    ["throttled", "/limited", "Content-Length: 5\r\n", 429],
    ["too large", "/echo", "Content-Length: 100001\r\n", 413],
    ["too large by far", "/echo", "Content-Length: 18446744073709551615\r\n", 413],
    ["no route, chunked", "/nowhere", "Transfer-Encoding: chunked\r\n", 404],
  ]) {
    test(`is not where the door stays shut: ${name}`, async () => {
      const calls = lambda.calls.length;
      const answers = readAnswers(await exchange(gateway.port, expecting(path, fields)));
      assert.equal(answers.length, 1);
      assertRefused(answers[0], status);
      assert.equal(answers[0].headers.connection, "close");
      await assertNothingServed(calls);
    });
  }

  test("is not where the body came by itself, where there is none, or in HTTP/1.0", async () => {
    assert.equal((await ask(expecting("/echo") + "hello")).status, 200);
    assert.equal((await ask(get("/echo", "Expect: 100-continue\r\n"))).status, 200);
    const old = readAnswers(await exchange(gateway.port, "POST /echo HTTP/1.0\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"));
    assert.deepEqual(old.map((answer) => answer.status), [200]);
  });

  test("another expectation is nobody's", async () => {
    assert.equal((await ask(post("/echo", "Expect: the-unexpected\r\nContent-Length: 5\r\n", "hello"))).status, 200);
  });
});

test("after all this it holds no client and no request", async () => {
  await gateway.quiet();
  assert.equal(await gateway.metric("turnpike_buffered_bytes"), 0);
});
