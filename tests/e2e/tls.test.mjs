// TLS from outside: versions, certificates, names, tickets, and clients that speak something else.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { makeCertificate, sClient } from "./lib/certificates.mjs";
import { freePort, run, startGateway, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";
import { Raw, exchange, readAnswers } from "./lib/raw.mjs";

let lambda;
before(async () => { lambda = await startLambda({ echo: (event) => ({ statusCode: 200, body: `${event.rawPath} ${event.requestContext.domainName} ${event.headers["x-forwarded-proto"]}` }) }); });
after(() => lambda?.stop());

const get = (path, fields = "", host = "localhost") => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
const apis = [{ apiId: "api", protocolType: "HTTP", definition: "api.json" }];
const functions = () => ({ echo: { endpoint: lambda.url } });
const files = { "api.json": definition({ $default: "echo" }) };

// The keys have to exist before the gateway starts.
function certificateFiles(make) {
  const directory = temporaryDirectory();
  make(directory);
  const found = Object.fromEntries(fs.readdirSync(directory).map((name) => [name, fs.readFileSync(path.join(directory, name), "utf8")]));
  fs.rmSync(directory, { recursive: true });
  return found;
}

// One handshake and one request; what both have shown.
async function visit(port, options = {}, host = "localhost") {
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, servername: "localhost", ...options });
  let session;
  socket.on("session", (s) => (session = s));
  await once(socket, "secureConnect");
  const raw = new Raw(socket);
  const answer = await raw.send(get("/x", "", host)).answer();
  const seen = {
    answer, version: socket.getProtocol(), name: socket.getPeerCertificate().subject?.CN, serial: socket.getPeerCertificate().serialNumber,
    reused: socket.isSessionReused(), alpn: socket.alpnProtocol, cipher: socket.getCipher(), session,
  };
  raw.close();
  return seen;
}

async function refusal(port, options) {
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, servername: "localhost", ...options });
  const outcome = await new Promise((resolve) => {
    socket.on("error", (error) => resolve(error.code));
    socket.on("session", () => {});
    const raw = new Raw(socket); // under 1.3 the client is done before the server has looked at it
    socket.on("secureConnect", () => raw.send(get("/x")).answer().then((answer) => resolve(`answered ${answer?.status}`)));
  });
  socket.destroy();
  return outcome;
}

describe("listeners", () => {
  let gateway, strict, certificates;

  before(async () => {
    strict = await freePort();
    certificates = certificateFiles((directory) => {
      makeCertificate(directory, "ecdsa");
      makeCertificate(directory, "rsa", { type: "rsa" });
      makeCertificate(directory, "exact", { hosts: ["api.example.com"] });
      makeCertificate(directory, "wild", { hosts: ["*.example.com"] });
      makeCertificate(directory, "modern", { hosts: ["modern.example.com"] });
    });
    const pair = (name, more = {}) => ({ certificate: `${name}.pem`, privateKey: `${name}-key.pem`, ...more });
    gateway = await startGateway({
      config: ({ port, tlsPort }) => ({
        apis, functions: functions(),
        listeners: [
          { name: "plain", address: "127.0.0.1", port },
          { name: "both", address: "127.0.0.1", port: tlsPort, tls: { certificate: ["ecdsa.pem", "rsa.pem"], privateKey: ["ecdsa-key.pem", "rsa-key.pem"] } },
          { name: "strict", address: "127.0.0.1", port: strict, tls: pair("ecdsa", { minimumVersion: "TLS_1_3" }) },
        ],
        domains: [
          { domainName: "api.example.com", tls: pair("exact"), apiMappings: [{ apiId: "api", stage: "$default" }] },
          { domainName: "*.example.com", tls: pair("wild"), apiMappings: [{ apiId: "api", stage: "$default" }] },
          { domainName: "modern.example.com", tls: pair("modern", { minimumVersion: "TLS_1_3" }), apiMappings: [{ apiId: "api", stage: "$default" }] },
          { domainName: "bare.test", apiMappings: [{ apiId: "api", stage: "$default" }] },
          { domainName: "localhost", apiMappings: [{ apiId: "api", stage: "$default" }] },
        ],
      }),
      files: { ...files, ...certificates },
    });
  });
  after(async () => {
    await gateway.quiet();
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  });

  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const only = { minVersion: version, maxVersion: version };

    test(`${version}: a request`, async () => {
      const seen = await visit(gateway.tlsPort, only);
      assert.equal(seen.version, version);
      assert.equal(seen.answer.status, 200);
      assert.match(seen.answer.body, / https$/);
    });

    test(`${version}: the certificate that the client can check`, async () => {
      const cipher = version === "TLSv1.2" ? (kind) => ({ ciphers: `ECDHE-${kind}-AES128-GCM-SHA256` }) : () => ({});
      assert.equal((await visit(gateway.tlsPort, { ...only, sigalgs: "ecdsa_secp256r1_sha256", ...cipher("ECDSA") })).name, "ecdsa");
      assert.equal((await visit(gateway.tlsPort, { ...only, sigalgs: "rsa_pss_rsae_sha256", ...cipher("RSA") })).name, "rsa");
      assert.equal((await visit(gateway.tlsPort, { ...only, sigalgs: "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256" })).answer.status, 200);
    });

    test(`${version}: the certificate of the name that is asked for`, async () => {
      for (const [servername, name] of [
        ["api.example.com", "exact"], ["API.Example.COM", "exact"], ["other.example.com", "wild"], ["deep.other.example.com", "ecdsa"],
        ["example.com", "ecdsa"], ["bare.test", "ecdsa"], ["unknown.test", "ecdsa"], ["localhost", "ecdsa"],
      ]) assert.equal((await visit(gateway.tlsPort, { ...only, servername })).name, name, servername);
      assert.equal((await visit(gateway.tlsPort, { ...only, servername: "" })).name, "ecdsa");
    });

    test(`${version}: a session is resumed, under the same name and without a second certificate`, async () => {
      const first = await visit(gateway.tlsPort, only);
      assert.equal(first.reused, false);
      assert.ok(first.session);
      const second = await visit(gateway.tlsPort, { ...only, session: first.session });
      assert.equal(second.reused, true);
      assert.equal(second.answer.status, 200);
      const exact = await visit(gateway.tlsPort, { ...only, servername: "api.example.com" });
      assert.equal((await visit(gateway.tlsPort, { ...only, servername: "api.example.com", session: exact.session })).reused, true);
    });

    test(`${version}: a session that somebody has changed is none`, async () => {
      const { session } = await visit(gateway.tlsPort, only);
      const text = Buffer.from(session);
      const stranger = { ...only, session: Buffer.from(text) };
      const ticket = findTicket(stranger.session);
      stranger.session[ticket] ^= 0xff;
      const seen = await visit(gateway.tlsPort, stranger);
      assert.equal(seen.reused, false);
      assert.equal(seen.answer.status, 200);
    });

    test(`${version}: http/1.1 is what it speaks`, async () => {
      assert.equal((await visit(gateway.tlsPort, { ...only, ALPNProtocols: ["h2", "http/1.1"] })).alpn, "http/1.1");
      assert.equal((await visit(gateway.tlsPort, only)).alpn, false);
      assert.match(await refusal(gateway.tlsPort, { ...only, ALPNProtocols: ["h2"] }), /NO_APPLICATION_PROTOCOL/);
    });
  }

  test("minimumVersion TLS_1_3 refuses 1.2", async () => {
    assert.match(await refusal(strict, { maxVersion: "TLSv1.2" }), /PROTOCOL_VERSION/);
    assert.equal((await visit(strict)).version, "TLSv1.3");
  });

  test("a domain's minimum holds for its name alone", async () => {
    assert.match(await refusal(gateway.tlsPort, { maxVersion: "TLSv1.2", servername: "modern.example.com" }), /PROTOCOL_VERSION/);
    assert.equal((await visit(gateway.tlsPort, { servername: "modern.example.com" })).name, "modern");
  });

  test("1.1 and 1.0 are refused", async () => {
    for (const version of ["TLSv1.1", "TLSv1"])
      assert.match(await refusal(gateway.tlsPort, { minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" }), /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS/);
  });

  test("ciphers without forward secrecy, or old ones, are refused", async () => {
    for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
      assert.match(await refusal(gateway.tlsPort, { maxVersion: "TLSv1.2", ciphers }), /HANDSHAKE_FAILURE/);
  });

  test("early data is not taken", async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, "session.pem"), early = path.join(directory, "early.txt");
    fs.writeFileSync(early, get("/early"));
    const first = await sClient(gateway.tlsPort, ["-tls1_3", "-sess_out", file], { input: get("/x", "Connection: close\r\n") });
    assert.match(first.text, /Max Early Data: 0/);
    const calls = lambda.calls.length;
    const second = await sClient(gateway.tlsPort, ["-tls1_3", "-sess_in", file, "-early_data", early], { input: get("/x", "Connection: close\r\n") });
    assert.match(second.text, /Early data was not sent|Early data was rejected/);
    assert.ok(lambda.calls.slice(calls).every((call) => call.event.rawPath !== "/early"));
    fs.rmSync(directory, { recursive: true });
  });

  test("renegotiation is refused", async () => {
    const { text } = await sClient(gateway.tlsPort, ["-tls1_2"], { input: "R\n" });
    assert.match(text, /RENEGOTIATING/);
    assert.match(text, /no.renegotiation/i);
    assert.equal((await visit(gateway.tlsPort)).answer.status, 200);
  });

  test("plain HTTP on a TLS port ends at once", async () => {
    const calls = lambda.calls.length;
    const text = await exchange(gateway.tlsPort, get("/plain"));
    assert.doesNotMatch(text, /^HTTP/);
    assert.equal(lambda.calls.length, calls);
  });

  test("TLS on a plain port gets 400", async () => {
    const socket = tls.connect({ port: gateway.port, host: "127.0.0.1", rejectUnauthorized: false });
    const [error] = await once(socket, "error");
    assert.match(error.code, /WRONG_VERSION_NUMBER|PACKET_LENGTH|ECONNRESET/);
  });

  test("what is no TLS ends at once", async () => {
    for (const bytes of ["\0".repeat(100), "\x16\x03\x01\xff\xff" + "\0".repeat(100), "\x16\x03\x01\0\x04\xff\0\0\0", "\x15\x03\x01\0\x02\x02\x28", "SSH-2.0-x\r\n"])
      assert.doesNotMatch(await exchange(gateway.tlsPort, bytes), /^HTTP/);
  });

  test("clients that leave within the handshake leave nothing", async () => {
    for (const cut of [1, 5, 6, 50, 200]) {
      const raw = await Raw.open(gateway.tlsPort);
      raw.send(("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0".repeat(300)).slice(0, cut));
      await raw.reset();
    }
    const hello = await clientHello();
    for (let i = 0; i < 50; i++) {
      const raw = await Raw.open(gateway.tlsPort);
      raw.send(hello.slice(0, i % 2 ? hello.length : hello.length - 1));
      if (i % 2) await raw.until(/^\x16/);
      await raw.reset();
    }
    await gateway.quiet();
    assert.equal((await visit(gateway.tlsPort)).answer.status, 200);
  });

  test("pipelining, chunked bodies and large ones, byte by byte where it hurts", async () => {
    const raw = await Raw.open(gateway.tlsPort, { secure: { rejectUnauthorized: false } });
    raw.send(get("/1").repeat(20));
    assert.equal((await raw.answers(20)).filter((answer) => answer.status === 200).length, 20);
    await raw.dribble("POST /2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    assert.equal((await raw.answers(21)).at(-1).status, 200);
    raw.send(`POST /3 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 3000000\r\n\r\n${"x".repeat(3_000_000)}`);
    assert.equal((await raw.answers(22)).at(-1).status, 200);
    assert.equal(lambda.last.event.body.length, 3_000_000);
    raw.close();
  });

  test("a bad request is answered and ended with close_notify", async () => {
    const { text } = await sClient(gateway.tlsPort, ["-tls1_3", "-quiet"], { input: "GET / HTTP/1.1\nHost: a\n\n", after: /depth|verify/ });
    assert.match(text, /HTTP\/1\.1 400 /);
    assert.doesNotMatch(text, /unexpected eof/i);
  });
});

// What a client says first.
async function clientHello() {
  const server = net.createServer().listen(0, "127.0.0.1");
  const client = tls.connect({ port: (await once(server, "listening"), server.address().port), host: "127.0.0.1" });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [hello] = await once(socket, "data");
  client.destroy();
  server.close();
  return hello.toString("latin1");
}

// Where the ticket begins in an encoded session: the longest of its octet strings.
function findTicket(session) {
  let best = 0, longest = 0;
  for (let at = 0; at + 4 < session.length; at++) {
    if (session[at] !== 0x04) continue;
    const size = session[at + 1] === 0x82 ? session.readUInt16BE(at + 2) : session[at + 1] === 0x81 ? session[at + 2] : 0;
    if (size > longest && at + size < session.length) { longest = size; best = at + 4; }
  }
  assert.ok(longest > 100);
  return best + 40; // within what is sealed
}

describe("a renewed certificate", () => {
  let gateway;
  const config = ({ port, tlsPort }) => ({
    apis, functions: functions(),
    listeners: [
      { name: "plain", address: "127.0.0.1", port },
      { name: "secure", address: "127.0.0.1", port: tlsPort, tls: { certificate: "server.pem", privateKey: "server-key.pem" } },
    ],
  });
  before(async () => {
    gateway = await startGateway({ config, files: { ...files, ...certificateFiles((directory) => makeCertificate(directory, "server", { serial: 1 })) } });
  });
  after(async () => assert.deepEqual(await gateway.stop(), { code: 0, signal: null }));

  test("is served to new clients after a reload; old connections and sessions stay", async () => {
    const old = await Raw.open(gateway.tlsPort, { secure: { rejectUnauthorized: false, servername: "localhost" } });
    assert.equal((await old.send(get("/x")).answer()).status, 200);
    const before = await visit(gateway.tlsPort), older = await visit(gateway.tlsPort, { maxVersion: "TLSv1.2" });
    assert.equal(before.serial, "01");

    gateway.write(certificateFiles((directory) => makeCertificate(directory, "server", { type: "rsa", serial: 2 })));
    const result = await gateway.reload();
    assert.equal(result.code, 0, result.stderr);

    assert.equal((await visit(gateway.tlsPort)).serial, "02");
    assert.equal(old.socket.getPeerCertificate().serialNumber, "01");
    assert.equal((await old.send(get("/y")).answers(2))[1].status, 200);
    assert.equal((await visit(gateway.tlsPort, { session: before.session })).reused, true);
    assert.equal((await visit(gateway.tlsPort, { maxVersion: "TLSv1.2", session: older.session })).reused, true);
    old.close();
  });

  test("that does not belong to its key is refused by a reload; the one in force stays", async () => {
    const { "other.pem": other } = certificateFiles((directory) => makeCertificate(directory, "other", { serial: 3 }));
    const good = fs.readFileSync(path.join(gateway.directory, "server.pem"));
    gateway.write({ "server.pem": other });
    const result = await gateway.reload();
    assert.equal(result.code, 78);
    assert.match(result.stdout + result.stderr, /turnpike\.yaml:\d+:\d+: error: .*does not belong/);
    assert.equal((await visit(gateway.tlsPort)).serial, "02");
    gateway.write({ "server.pem": good });
    assert.equal((await gateway.reload()).code, 0);
  });
});

describe("turnpike check", () => {
  const yaml = (certificate, privateKey) => `listeners:
  - name: secure
    address: 127.0.0.1
    port: 8443
    tls:
      certificate: ${certificate}
      privateKey: ${privateKey}
apis: []
`;
  let directory;
  before(() => {
    directory = temporaryDirectory();
    makeCertificate(directory, "a");
    makeCertificate(directory, "b");
    makeCertificate(directory, "r", { type: "rsa" });
    writeFiles(directory, { "garbage.pem": "no certificate\n", "half.pem": fs.readFileSync(path.join(directory, "a.pem"), "utf8").slice(0, 200) });
  });
  after(() => fs.rmSync(directory, { recursive: true }));

  for (const [name, certificate, key, line, why] of [
    ["another pair's key", "a.pem", "b-key.pem", "6|7", /does not belong/],
    ["another type of key", "a.pem", "r-key.pem", "6|7", /does not belong/],
    ["a certificate that is not there", "nowhere.pem", "a-key.pem", "6", /nowhere\.pem/],
    ["a key that is not there", "a.pem", "nowhere-key.pem", "6|7", /nowhere-key\.pem/],
    ["a file without a certificate", "garbage.pem", "a-key.pem", "6", /no certificate/],
    ["half a certificate", "half.pem", "a-key.pem", "6", /certificate/],
    ["a key where the certificate belongs", "a-key.pem", "a-key.pem", "6", /no certificate/],
    ["a certificate where the key belongs", "a.pem", "a.pem", "6|7", /no private key/],
    ["two certificates of one type", "[a.pem, b.pem]", "[a-key.pem, b-key.pem]", "6", /second certificate/],
    ["more certificates than keys", "[a.pem, r.pem]", "[a-key.pem]", "6|7", /private keys/],
  ]) {
    test(name, async () => {
      writeFiles(directory, { "turnpike.yaml": yaml(certificate, key) });
      const { code, stdout, stderr } = await run(["check", "--config", "turnpike.yaml"], { cwd: directory });
      assert.equal(code, 78, stdout + stderr);
      const lines = (stdout + stderr).split("\n").filter((text) => new RegExp(`^turnpike\\.yaml:(${line}):\\d+: error: `).test(text));
      assert.ok(lines.some((text) => why.test(text)), stdout + stderr);
    });
  }

  test("a good pair, and both types together", async () => {
    writeFiles(directory, { "turnpike.yaml": yaml("[a.pem, r.pem]", "[a-key.pem, r-key.pem]") });
    const { code, stdout, stderr } = await run(["check", "--config", "turnpike.yaml"], { cwd: directory });
    assert.equal(code, 0, stdout + stderr);
  });
});
