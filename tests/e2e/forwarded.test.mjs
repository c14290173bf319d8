// Who the client is: trusted proxies' headers (X-Forwarded-*, RFC 7239) and the PROXY protocol.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { after, before, describe, test } from "node:test";
import { makeCertificate } from "./lib/certificates.mjs";
import { freePort, startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw, exchange } from "./lib/raw.mjs";
import fs from "node:fs";
import path from "node:path";

let gateway, lambda;
const ports = {};
const pem = {};

before(async () => {
  for (const name of ["untrusting", "proxied", "proxiedTls", "strangers"]) ports[name] = await freePort();
  const directory = temporaryDirectory();
  const pair = makeCertificate(directory, "server");
  for (const name of Object.values(pair)) pem[name] = fs.readFileSync(path.join(directory, name), "utf8");
  fs.rmSync(directory, { recursive: true });
  lambda = await startLambda({ echo: () => ({ statusCode: 200 }) });
  const trustedProxies = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48"];
  gateway = await startGateway({
    config: ({ port, tlsPort }) => ({
      apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json",
        stages: [{ stageName: "$default", accessLogSettings: { destination: "stdout", format: "$context.identity.sourceIp $context.path" } }] }],
      functions: { echo: { endpoint: lambda.url } },
      limits: { headerTimeout: "400ms" },
      listeners: [
        { name: "plain", address: "127.0.0.1", port, trustedProxies },
        { name: "secure", address: "127.0.0.1", port: tlsPort, trustedProxies, tls: pair },
        { name: "untrusting", address: "127.0.0.1", port: ports.untrusting, trustedProxies: ["10.0.0.0/8"] },
        { name: "proxied", address: "127.0.0.1", port: ports.proxied, trustedProxies, proxyProtocol: true },
        { name: "proxiedTls", address: "127.0.0.1", port: ports.proxiedTls, trustedProxies, proxyProtocol: true, tls: pair },
        { name: "strangers", address: "127.0.0.1", port: ports.strangers, trustedProxies: ["10.0.0.0/8"], proxyProtocol: true },
      ],
    }),
    files: { "api.json": definition({ $default: "echo", "GET /one": { function: "echo", format: "1.0" } }), ...pem },
  });
});
after(async () => {
  await gateway?.quiet();
  const exited = await gateway?.stop();
  await lambda?.stop();
  assert.deepEqual(exited, { code: 0, signal: null });
});

const get = (fields, path = "/x") => `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n${fields}\r\n`;

// What the function was told about the client.
async function seen(fields, { port = gateway.port, secure = null, before = "", path } = {}) {
  const calls = lambda.calls.length;
  const text = await exchange(port, before + get(fields, path), secure ? { secure } : undefined);
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(lambda.calls.length, calls + 1);
  const { event } = lambda.last;
  return {
    ip: event.requestContext.http?.sourceIp ?? event.requestContext.identity.sourceIp,
    chain: event.headers["x-forwarded-for"] ?? event.headers["X-Forwarded-For"],
    scheme: event.headers["x-forwarded-proto"] ?? event.headers["X-Forwarded-Proto"],
    port: Number(event.headers["x-forwarded-port"] ?? event.headers["X-Forwarded-Port"]),
  };
}
const xff = (value) => `X-Forwarded-For: ${value}\r\n`;
const forwarded = (value) => `Forwarded: ${value}\r\n`;

describe("the client behind trusted proxies", () => {
  for (const [name, fields, ip] of [
    ["none forwarded", "", "127.0.0.1"],
    ["one proxy", xff("198.51.100.7"), "198.51.100.7"],
    ["several proxies", xff("198.51.100.7, 10.1.2.3, 10.3.2.1"), "198.51.100.7"],
    ["in two fields", xff("198.51.100.7") + xff("10.1.2.3"), "198.51.100.7"],
    ["what the client wrote before is not believed", xff("203.0.113.99, 198.51.100.7"), "198.51.100.7"],
    ["not even where it names a proxy", xff("203.0.113.99, 10.9.9.9, 198.51.100.7, 10.1.2.3"), "198.51.100.7"],
    ["nor in a field of its own", xff("203.0.113.99") + xff("198.51.100.7"), "198.51.100.7"],
    ["all are proxies", xff("10.1.1.1, 10.2.2.2"), "10.1.1.1"],
    ["with a port", xff("198.51.100.7:4711"), "198.51.100.7"],
    ["IPv6", xff("2001:db8::7"), "2001:db8::7"],
    ["IPv6 with a port", xff("[2001:db8::7]:4711"), "2001:db8::7"],
    ["IPv6 in capitals, at length", xff("2001:0DB8:0:0:0:0:0:7"), "2001:db8::7"],
    ["an IPv6 proxy", xff("198.51.100.7, 2001:db8:1::5"), "198.51.100.7"],
    ["nonsense", xff("unknown"), "127.0.0.1"],
    ["nonsense before a proxy", xff("<script>, 10.1.1.1"), "10.1.1.1"],
    ["an address that is none", xff("198.51.100.256"), "127.0.0.1"],
    ["an address in other digits", xff("0x7f.1"), "127.0.0.1"],
    ["an octal address", xff("0198.051.0100.07"), "127.0.0.1"],
    ["empty parts", xff("198.51.100.7, ,"), "127.0.0.1"],
    ["white space", xff("  198.51.100.7\t ,\t10.1.1.1  "), "198.51.100.7"],
    ["Forwarded", forwarded("for=198.51.100.7"), "198.51.100.7"],
    ["Forwarded, in full", forwarded('for=198.51.100.7;by=10.0.0.1;host="a.test";proto=https'), "198.51.100.7"],
    ["Forwarded, in capitals", forwarded("FOR=198.51.100.7"), "198.51.100.7"],
    ["Forwarded, quoted IPv6", forwarded('for="[2001:db8::7]"'), "2001:db8::7"],
    ["Forwarded, quoted IPv6 with a port", forwarded('proto=https; for="[2001:db8::7]:4711"'), "2001:db8::7"],
    ["Forwarded, several", forwarded('for=203.0.113.99, for=198.51.100.7, for="[2001:db8:1::1]"'), "198.51.100.7"],
    ["Forwarded, in two fields", forwarded("for=198.51.100.7") + forwarded("for=10.1.1.1"), "198.51.100.7"],
    ["Forwarded, obfuscated", forwarded("for=_hidden, for=10.1.1.1"), "10.1.1.1"],
    ["Forwarded, unknown", forwarded("for=unknown"), "127.0.0.1"],
    ["Forwarded, nobody", forwarded("proto=https"), "127.0.0.1"],
    ["Forwarded, an open quote of the client's", forwarded('for="203.0.113.99') + forwarded("for=198.51.100.7"), "198.51.100.7"],
    ["X-Forwarded-For stands above Forwarded", forwarded("for=203.0.113.99") + xff("198.51.100.7"), "198.51.100.7"],
    ["X-Real-IP is nobody's", "X-Real-IP: 203.0.113.99\r\nTrue-Client-IP: 203.0.113.99\r\nClient-IP: 203.0.113.99\r\n", "127.0.0.1"],
    ["a chain of 500", xff(Array(500).fill("10.1.1.1").join(", ")), "10.1.1.1"],
  ]) {
    test(name, async () => assert.equal((await seen(fields)).ip, ip));
  }

  test("the event's chain is what came, and the peer", async () => {
    assert.equal((await seen("")).chain, "127.0.0.1");
    assert.equal((await seen(xff("203.0.113.99, 198.51.100.7"))).chain, "203.0.113.99, 198.51.100.7, 127.0.0.1");
    assert.equal((await seen(xff("203.0.113.99") + xff("198.51.100.7"))).chain, "203.0.113.99, 198.51.100.7, 127.0.0.1");
    assert.equal((await seen(xff("198.51.100.7"), { path: "/one" })).chain, "198.51.100.7, 127.0.0.1");
    assert.equal((await seen(xff("198.51.100.7"), { path: "/one" })).ip, "198.51.100.7");
  });

  test("scheme and port", async () => {
    const proto = (value) => `X-Forwarded-Proto: ${value}\r\n`, port = (value) => `X-Forwarded-Port: ${value}\r\n`;
    for (const [fields, scheme, number] of [
      ["", "http", gateway.port],
      [proto("https"), "https", 443],
      [proto("HTTPS"), "https", 443],
      [proto("http"), "http", 80],
      [proto("https") + port("8443"), "https", 8443],
      [port("8443"), "http", 8443],
      [proto("http, https"), "https", 443],
      [proto("gopher"), "http", gateway.port],
      [port("0"), "http", gateway.port],
      [port("65536"), "http", gateway.port],
      [port("-1"), "http", gateway.port],
      [port("80x"), "http", gateway.port],
      [forwarded("for=198.51.100.7;proto=https"), "https", 443],
      [forwarded('for=198.51.100.7;proto="https"'), "https", 443],
      [forwarded("for=198.51.100.7;proto=https, for=10.1.1.1;proto=http"), "http", 80],
    ]) {
      const { scheme: gotScheme, port: gotPort } = await seen(fields);
      assert.deepEqual([gotScheme, gotPort], [scheme, number], fields);
    }
    const secure = { rejectUnauthorized: false };
    assert.deepEqual(await seen(xff("198.51.100.7"), { port: gateway.tlsPort, secure }),
      { ip: "198.51.100.7", chain: "198.51.100.7, 127.0.0.1", scheme: "https", port: gateway.tlsPort });
    assert.equal((await seen(proto("http"), { port: gateway.tlsPort, secure })).scheme, "http");
  });

  test("the access log has the same address", async () => {
    const from = gateway.stdout.length;
    await seen(xff("198.51.100.77"), { path: "/log" });
    assert.equal(await gateway.line(/ \/log$/, { list: gateway.stdout, from }), "198.51.100.77 /log");
  });
});

test("from a peer that is no trusted proxy nothing is believed", async () => {
  const own = { ip: "127.0.0.1", scheme: "http", port: ports.untrusting };
  for (const fields of [
    xff("203.0.113.99"), xff("10.1.1.1"), xff("127.0.0.1"), forwarded("for=203.0.113.99;proto=https"), "X-Forwarded-Proto: https\r\n", "X-Forwarded-Port: 443\r\n",
    `${xff("203.0.113.99, 10.1.1.1")}X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n${forwarded("for=10.1.1.1")}`, "x-forwarded-for:203.0.113.99\r\nX-FORWARDED-FOR: 10.0.0.1\r\n",
  ]) {
    const { chain, ...rest } = await seen(fields, { port: ports.untrusting });
    assert.deepEqual(rest, own, fields);
    assert.ok(chain.endsWith("127.0.0.1"), chain);
  }
});

// PROXY protocol, version 2 (the specification's section 2.2).
const ipv4 = (text) => text.split(".").map((n) => String.fromCharCode(n)).join("");
const u16 = (n) => String.fromCharCode(n >> 8, n & 255);
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const v2 = (block, { command = 0x21, family = 0x11, length = block.length } = {}) => SIGNATURE + String.fromCharCode(command, family) + u16(length) + block;
const block4 = ipv4("198.51.100.7") + ipv4("192.0.2.1") + u16(4711) + u16(443);
const block6 = "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x07" + "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x01" + u16(4711) + u16(443);
const v1 = "PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n";

describe("the PROXY protocol", () => {
  for (const [name, header, ip] of [
    ["version 1", v1, "198.51.100.7"],
    ["version 1, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7"],
    ["version 1, UNKNOWN", "PROXY UNKNOWN\r\n", "127.0.0.1"],
    ["version 1, UNKNOWN with more", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1"],
    ["version 2", v2(block4), "198.51.100.7"],
    ["version 2, IPv6", v2(block6, { family: 0x21 }), "2001:db8::7"],
    ["version 2 with TLVs", v2(`${block4}\x04\0\x03abc\x01\0\x02h2`), "198.51.100.7"],
    ["version 2, LOCAL", v2("", { command: 0x20, family: 0 }), "127.0.0.1"],
    ["version 2, LOCAL with an address", v2(block4, { command: 0x20 }), "127.0.0.1"],
    ["version 2, unspecified", v2("", { family: 0 }), "127.0.0.1"],
    ["version 2, UNIX", v2("\0".repeat(216), { family: 0x31 }), "127.0.0.1"],
  ]) {
    test(name, async () => {
      assert.equal((await seen("", { port: ports.proxied, before: header })).ip, ip);
      assert.equal((await seen("", { port: ports.proxied, before: header })).chain, ip);
    });

    test(`${name}, over TLS`, async () => {
      const socket = net.connect(ports.proxiedTls, "127.0.0.1");
      await once(socket, "connect");
      socket.write(Buffer.from(header, "latin1"));
      const secure = tls.connect({ socket, rejectUnauthorized: false });
      await once(secure, "secureConnect");
      const raw = new Raw(secure);
      assert.match(await raw.send(get("")).closed(), /^HTTP\/1\.1 200 /);
      assert.equal(lambda.last.event.requestContext.http.sourceIp, ip);
      assert.equal(lambda.last.event.headers["x-forwarded-proto"], "https");
      raw.close();
    });
  }

  test("split in pieces, and one byte after the other", async () => {
    for (const header of [v1, v2(block4)]) {
      const raw = await Raw.open(ports.proxied);
      await raw.dribble(header + get(""));
      assert.match(await raw.closed(), /^HTTP\/1\.1 200 /);
      assert.equal(lambda.last.event.requestContext.http.sourceIp, "198.51.100.7");
      for (const cut of [1, 12, header.length - 1]) {
        const pieces = await Raw.open(ports.proxied);
        await pieces.dribble(header.slice(0, cut));
        pieces.send(header.slice(cut) + get(""));
        assert.match(await pieces.closed(), /^HTTP\/1\.1 200 /);
      }
    }
  });

  test("the client that it names is trusted no further than it is a proxy", async () => {
    assert.equal((await seen(xff("203.0.113.99"), { port: ports.proxied, before: v1 })).ip, "198.51.100.7");
    const inner = "PROXY TCP4 10.1.1.1 192.0.2.1 4711 443\r\n";
    assert.equal((await seen(xff("203.0.113.7"), { port: ports.proxied, before: inner })).ip, "203.0.113.7");
  });

  test("on every request of the connection", async () => {
    const raw = await Raw.open(ports.proxied);
    const calls = lambda.calls.length;
    raw.send(v1 + "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n".repeat(3));
    await raw.answers(3);
    assert.deepEqual(lambda.calls.slice(calls).map((call) => call.event.requestContext.http.sourceIp), Array(3).fill("198.51.100.7"));
    raw.close();
  });

  for (const [name, header] of [
    ["none", ""],
    ["a lower case one", v1.toLowerCase()],
    ["another word", "PROXI TCP4 198.51.100.7 192.0.2.1 4711 443\r\n"],
    ["another family", "PROXY UDP4 198.51.100.7 192.0.2.1 4711 443\r\n"],
    ["IPv6 called TCP4", "PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n"],
    ["IPv4 called TCP6", "PROXY TCP6 198.51.100.7 192.0.2.1 4711 443\r\n"],
    ["an address that is none", "PROXY TCP4 198.51.100.256 192.0.2.1 4711 443\r\n"],
    ["a port too high", "PROXY TCP4 198.51.100.7 192.0.2.1 65536 443\r\n"],
    ["a port with a zero in front", "PROXY TCP4 198.51.100.7 192.0.2.1 04711 443\r\n"],
    ["too few fields", "PROXY TCP4 198.51.100.7 192.0.2.1 4711\r\n"],
    ["too many fields", "PROXY TCP4 198.51.100.7 192.0.2.1 4711 443 1\r\n"],
    ["two spaces", "PROXY TCP4  198.51.100.7 192.0.2.1 4711 443\r\n"],
    ["a bare LF", "PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\n"],
    ["a line too long", `PROXY UNKNOWN ${"x".repeat(200)}\r\n`],
    ["version 3", v2(block4, { command: 0x31 })],
    ["an unknown command", v2(block4, { command: 0x22 })],
    ["an unknown family", v2(block4, { family: 0x41 })],
    ["datagrams", v2(block4, { family: 0x12 })],
    ["a block too short", v2(block4.slice(0, 8))],
    ["IPv6 in a block for IPv4", v2(block4, { family: 0x21 })],
    ["a block of 64 kB", v2(block4, { length: 65535 })],
    ["a second one behind it", v1 + v1],
  ]) {
    test(`malformed: ${name}`, async () => {
      const calls = lambda.calls.length;
      const text = await exchange(ports.proxied, header + get(""));
      if (name === "a second one behind it") assert.match(text, /^HTTP\/1\.1 400 /); // it is a head by then
      else assert.equal(text, "");
      assert.equal(lambda.calls.length, calls);
    });
  }

  test("from strangers it is refused, and so is all else", async () => {
    const calls = lambda.calls.length;
    for (const header of [v1, v2(block4), ""]) assert.equal(await exchange(ports.strangers, header + get("")), "");
    assert.equal(lambda.calls.length, calls);
  });

  test("where it is not asked for it is no HTTP", async () => {
    assert.match(await exchange(gateway.port, v1 + get("")), /^HTTP\/1\.1 400 /);
    assert.match(await exchange(gateway.port, v2(block4) + get("")), /^HTTP\/1\.1 400 /);
  });

  test("TLS where it is asked for is none", async () => {
    const socket = tls.connect({ port: ports.proxiedTls, host: "127.0.0.1", rejectUnauthorized: false });
    const outcome = await Promise.race([once(socket, "secureConnect").catch(() => "refused"), once(socket, "close").then(() => "refused")]);
    assert.equal(outcome, "refused");
  });

  test("clients that send part of it, or nothing, are let go", async () => {
    for (const part of ["", "P", "PROXY TCP4 198.51", SIGNATURE, v2(block4).slice(0, 20)])
      assert.equal(await (await Raw.open(ports.proxied)).send(part).closed(), "");
    for (const part of ["", "PROXY TCP4", SIGNATURE]) {
      for (const leave of ["reset", "end"]) {
        const raw = await Raw.open(ports.proxied);
        raw.send(part);
        await raw[leave]();
        if (leave === "end") assert.equal(await raw.closed(), "");
      }
    }
    await gateway.quiet();
  });
});

test("a client that ends within a PROXY header is let go at once, however long it would have had", async () => {
  const patient = await startGateway({ config: ({ port }) => ({
    limits: { headerTimeout: 3600 },
    listeners: [{ name: "proxied", address: "127.0.0.1", port, trustedProxies: ["127.0.0.0/8"], proxyProtocol: true }],
  }) });
  for (const part of ["P", "PROXY TCP4 198.51", SIGNATURE]) {
    assert.equal(await (await Raw.open(patient.port)).send(part).end().closed(), "");
    const raw = await Raw.open(patient.port); // ends while nobody looks
    await raw.dribble(part);
    assert.equal(await raw.end().closed(), "");
  }
  await patient.quiet();
  await patient.stop();
});
