// The unit of systemd and its drop-in: what they leave open, and the gateway within it.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";
import { once } from "node:events";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { run, startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { vanished } from "./lib/hosted.mjs";
import { definition } from "./lib/lambda.mjs";
import { capture, get } from "./lib/process.mjs";
import { installUnit, sandboxOf, skipUnlessSandbox, skipWithoutAnalyze, valuesOf } from "./lib/unit.mjs";

const owner = 61184, group = 61183; // of those that systemd gives to users who come and go
const bind = 1n << 10n, becomeOthers = 1n << 5n | 1n << 6n | 1n << 7n;

async function withDirectory(fn) {
  const directory = temporaryDirectory();
  try {
    await fn(directory);
  } finally { fs.rmSync(directory, { recursive: true }); }
}

/* --- what systemd says --- */

for (const { name, dropIns, most } of [{ name: "the unit", dropIns: [], most: 15 }, { name: "with hosting.conf", dropIns: ["hosting.conf"], most: 25 }]) {
  test(`the exposure by systemd-analyze, ${name}: at most ${most / 10}`, skipWithoutAnalyze, () => withDirectory(async (root) => {
    installUnit(root, dropIns);
    const args = ["security", "--offline=true", `--root=${root}`, `--threshold=${most}`, "--no-pager", "turnpike.service"];
    const { code, stdout, stderr } = await capture("systemd-analyze", args);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Overall exposure level for turnpike.service: \d\.\d/);
  }));

  test(`systemd-analyze verify, ${name}: no complaint but of what is not installed`, skipWithoutAnalyze, () => withDirectory(async (root) => {
    const { stdout, stderr } = await capture("systemd-analyze", ["verify", "--man=no", installUnit(root, dropIns)]);
    const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line && !/is not executable: No such file|Unit \S+ not found/.test(line));
    assert.deepEqual(complaints, []);
  }));
}

test("hosted functions are told to stop after the gateway", () => {
  assert.deepEqual(valuesOf("KillMode"), ["mixed"]);
});

/* --- within it --- */

// Answers with what the kernel says of the function.
const bootstrap = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
  id=$(curl -sS -D - -o /dev/null "$api/next" | sed -n 's/^Lambda-Runtime-Aws-Request-Id: *\\([0-9a-f-]*\\).*/\\1/Ip')
  rights=$(sed -n 's/^\\(Uid\\|CapPrm\\|CapEff\\|CapAmb\\|NoNewPrivs\\|Seccomp\\):[[:space:]]*\\([^[:space:]]*\\).*/"\\1":"\\2",/p' /proc/self/status)
  if touch /etc/of-a-function 2>/dev/null; then etc=written; else etc=refused; fi
  if touch /tmp/of-a-function 2>/dev/null; then tmp=written; else tmp=refused; fi
  echo "{$rights\\"pid\\":$$,\\"etc\\":\\"$etc\\",\\"tmp\\":\\"$tmp\\"}" | curl -sS -o /dev/null --data-binary @- "$api/$id/response"
done
`;

// A runtime on Node: code compiled at run time, in a thread of its own as well, and a child.
const nodeRuntime = `import { execFileSync } from "node:child_process";
import { Worker } from "node:worker_threads";
const api = \`http://\${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation\`;
const inThread = () => new Promise((resolve, reject) => {
  const code = "let sum = 0; for (let i = 0; i < 1e7; i++) sum += i % 7; require('node:worker_threads').parentPort.postMessage(sum)";
  new Worker(code, { eval: true }).on("message", resolve).on("error", reject);
});
for (;;) {
  const next = await fetch(\`\${api}/next\`);
  await next.json();
  const body = { sum: await inThread(), child: execFileSync("echo", ["hello"], { encoding: "utf8" }) };
  await fetch(\`\${api}/\${next.headers.get("lambda-runtime-aws-request-id")}/response\`, { method: "POST", body: JSON.stringify(body) });
}
`;

const none = "0000000000000000";
const rightsOf = (uid) => ({ Uid: String(uid), CapPrm: none, CapEff: none, CapAmb: none, NoNewPrivs: "1", Seccomp: "2", etc: "refused", tmp: "written" });

const capabilitiesOf = (pid) => BigInt(`0x${/^CapEff:\s+(\S+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]}`);

// A port that root alone may have (where the machine is not set up otherwise).
async function lowPort() {
  for (let port = 1023; port > 600; port--) {
    const server = net.createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    } catch { continue; }
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error("no port below 1024 is free");
}

async function serialAt(port) {
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return Number(serialNumber);
}

// As `install -m 0640 -g GROUP` does: readable by a group of the unit.
function certificateFor(directory, serial) {
  const pair = makeCertificate(directory, "site", { serial });
  fs.chownSync(path.join(directory, pair.privateKey), 0, group);
  fs.chmodSync(path.join(directory, pair.privateKey), 0o640);
  fs.chmodSync(path.join(directory, pair.certificate), 0o644);
  return pair;
}

const environment = { PATH: "/usr/local/bin:/usr/bin:/bin" };
const hosting = (own = {}) => ({
  functions: {
    f: { process: { command: ["./bootstrap"], ...own }, environment, timeout: 20 },
    node: { process: { command: [process.execPath, "runtime.mjs"], ...own }, environment, timeout: 20 },
  },
  apis: [{ apiId: "a", protocolType: "HTTP", definition: "api.json" }],
});
const files = (directory) => ({
  bootstrap, "runtime.mjs": nodeRuntime, "api.json": definition({ "GET /": "f", "GET /node": "node" }),
  ...Object.fromEntries(["site.pem", "site-key.pem"].filter((name) => fs.existsSync(path.join(directory, name))).map((name) => [name, fs.readFileSync(path.join(directory, name))])),
});

async function withSandboxed(dropIns, config, fn) {
  await withDirectory(async (directory) => {
    const wrapper = sandboxOf(directory, { owner, group, dropIns });
    certificateFor(directory, 1);
    const prepare = ["sh", "-c", `chmod 0755 bootstrap; chgrp ${group} site-key.pem; chmod 0640 site-key.pem; exec "$@"`, "sh"];
    // What looks for leaks takes system calls that the unit forbids.
    const env = { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:detect_leaks=0` };
    const gateway = await startGateway({ config, files: files(directory), wrapper: [...prepare, ...wrapper], wait: false, env });
    try {
      await fn(gateway);
    } finally { await gateway.stop(gateway.exited ? "SIGKILL" : "SIGTERM"); }
  });
}

test("with the unit's properties applied by hand (no systemd): a port below 1024, a hosted function, a renewed certificate", skipUnlessSandbox, async () => {
  const port = await lowPort(), tlsSettings = { certificate: "site.pem", privateKey: "site-key.pem" };
  const config = (ports) => ({ ...hosting(), listeners: [{ name: "local", port: ports.port }, { name: "site", port, tls: tlsSettings }] });
  await withSandboxed([], config, async (gateway) => {
    await gateway.line(/\bready\b/);
    assert.equal(capabilitiesOf(gateway.child.pid), bind);
    const answer = await get(gateway.port, "/");
    const { pid: _, ...rights } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, rights], [200, rightsOf(owner)]);
    await gateway.line(/Max Memory Used: [1-9]/);
    const fromNode = await get(gateway.port, "/node");
    assert.deepEqual([fromNode.status, fromNode.text && JSON.parse(fromNode.text)], [200, { sum: 29999994, child: "hello\n" }], gateway.lines.join("\n"));
    assert.equal(await serialAt(port), 1);
    certificateFor(gateway.directory, 2);
    const { code, stderr } = await run(["reload", "--config", "turnpike.yaml"], { cwd: gateway.directory });
    assert.equal(code, 0, stderr);
    assert.equal(await serialAt(port), 2);
  });
});

test("with the unit's properties applied by hand (no systemd): a function's user ends serve with 78, which names the drop-in", skipUnlessSandbox, async () => {
  await withSandboxed([], hosting({ user: "nobody" }), async (gateway) => {
    await gateway.ended;
    assert.equal(gateway.exited.code, 78, gateway.lines.join("\n"));
    assert.match(gateway.lines.join("\n"), /error: nothing can be run as 'nobody' here: .* drop-in hosting\.conf gives them/);
  });
});

test("with the properties of hosting.conf applied by hand (no systemd): a function runs as its user and is ended", skipUnlessSandbox, async () => {
  await withSandboxed(["hosting.conf"], hosting({ user: "nobody", idleTimeout: 0.1 }), async (gateway) => {
    await gateway.line(/\bready\b/);
    assert.equal(capabilitiesOf(gateway.child.pid), bind | becomeOthers);
    const answer = await get(gateway.port, "/");
    const { pid, ...rights } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, rights], [200, rightsOf(65534)]);
    await gateway.line(/Max Memory Used: [1-9]/);
    await vanished(pid);
  });
});
