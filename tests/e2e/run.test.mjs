// `make run` as a newcomer meets it: what it prints can be pasted, and Ctrl-C stops everything.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { test } from "./lib/bounded.mjs";
import { freePort, program, run, temporaryDirectory } from "./lib/gateway.mjs";
import { capture, get, listens, takenPort } from "./lib/process.mjs";
import "../../docs/examples/todo/handler.test.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const environment = { ...process.env, no_proxy: "*", NO_PROXY: "*" };

// A copy of what the script needs, on ports of its own.
async function copy() {
  const directory = temporaryDirectory();
  const ports = { 9000: await freePort(), 8080: await freePort(), 8443: await freePort(), 9901: await freePort() };
  for (const name of ["make/run.sh", "conf/turnpike.yaml", "openapi", "docs/examples/todo"])
    fs.cpSync(path.join(root, name), path.join(directory, name), { recursive: true });
  for (const name of ["make/run.sh", "conf/turnpike.yaml"]) {
    const file = path.join(directory, name);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/\b(9000|8080|8443|9901)\b/g, (port) => ports[port]));
  }
  return { directory, ports, functionPort: ports[9000], port: ports[8080], tlsPort: ports[8443], adminPort: ports[9901] };
}

// As a shell runs it: in a process group of its own, which Ctrl-C's signal reaches as a whole.
async function start(place) {
  const child = spawn("make/run.sh", [program, process.execPath], { cwd: place.directory, detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...environment, PORT: String(place.functionPort) } });
  const self = { child, lines: [], errors: "", exited: null, waiting: new Set() };
  self.ended = once(child, "close").then(([code]) => { self.exited = { code }; });
  child.stderr.on("data", (chunk) => (self.errors += chunk));
  const wake = () => { for (const check of [...self.waiting]) check(); };
  readline.createInterface({ input: child.stdout }).on("line", (line) => { self.lines.push(line); wake(); });
  self.ended.then(wake);
  self.line = (pattern) => new Promise((resolve, reject) => {
    const check = () => {
      const found = self.lines.find((line) => pattern.test(line));
      if (found === undefined && !self.exited) return;
      self.waiting.delete(check);
      if (found === undefined) reject(new Error(`it ended: ${self.errors}`));
      else resolve(found);
    };
    self.waiting.add(check);
    check();
  });
  self.interrupt = () => process.kill(-child.pid, "SIGINT");
  self.finish = async () => {
    if (!self.exited) self.interrupt();
    await self.ended;
    fs.rmSync(place.directory, { recursive: true, force: true });
  };
  return self;
}

async function assertAllGone(place) {
  for (const port of Object.values(place.ports)) assert.equal(await listens(port), false, `${port}`);
}

const mint = async (place, subject, scope) => {
  const { code, stdout, stderr } = await run(["token", "--config", "conf/turnpike.yaml", "--issuer", "https://dev.localhost", "--sub", subject, "--scope", scope], { cwd: place.directory });
  assert.equal(code, 0, stderr);
  return stdout.trim();
};

test("what it prints works when it is pasted; the todo API; Ctrl-C", async () => {
  const place = await copy();
  const before = fs.readFileSync(path.join(place.directory, "conf/turnpike.yaml"), "utf8");
  const script = await start(place);
  try {
    await script.line(/^Ctrl-C stops/);
    assert.equal(fs.readFileSync(path.join(place.directory, "conf/turnpike.yaml"), "utf8"), before, "init leaves it as it is");

    const pasted = script.lines.map((line) => line.trim()).filter((line) => /^(curl|TOKEN=|\S*turnpike\S* routes)/.test(line));
    assert.equal(pasted.filter((line) => line.startsWith("curl")).length, 5);
    const token = pasted.find((line) => line.startsWith("TOKEN="));
    const outcomes = [];
    for (const line of pasted.filter((other) => other !== token)) {
      const quiet = line.replace(/^curl /, "curl -sS -w '\\n%{http_code}' ");
      const { code, stdout, stderr } = await capture("sh", ["-c", `${token}\n${quiet}`], { cwd: place.directory, env: environment });
      assert.equal(code, 0, `${line}: ${stderr}`);
      outcomes.push(line.startsWith("curl") ? stdout.trim().split("\n").at(-1) : "routes");
    }
    assert.deepEqual(outcomes, ["200", "401", "201", "200", "200", "routes"]);

    const as = (bearer) => async (method, target, body) => {
      const answer = await get(place.port, target, { method, headers: { authorization: `Bearer ${bearer}`, ...(body ? { "content-type": "application/json" } : {}) }, body: body && JSON.stringify(body) });
      return { ...answer, json: answer.text ? JSON.parse(answer.text) : undefined };
    };
    const ann = as(token.slice("TOKEN=".length)), bob = as(await mint(place, "bob", "todo/read todo/write"));
    const listed = await ann("GET", "/todos");
    assert.deepEqual(listed.json.todos.map(({ title, done }) => [title, done]), [["milk", false]]);
    const made = await ann("POST", "/todos", { title: "bread" });
    assert.equal(made.status, 201);
    assert.equal(made.headers.location, `/todos/${made.json.id}`);
    assert.equal((await ann("PATCH", made.headers.location, { done: true })).json.done, true);
    assert.equal((await ann("GET", "/todos?done=true")).json.todos.length, 1);
    assert.deepEqual((await bob("GET", "/todos")).json.todos, []);
    assert.equal((await bob("GET", made.headers.location)).status, 404);
    assert.equal((await bob("DELETE", made.headers.location)).status, 404);
    assert.equal((await ann("DELETE", made.headers.location)).status, 204);
    assert.equal((await ann("GET", made.headers.location)).status, 404);
    assert.equal((await ann("POST", "/todos", { title: "" })).status, 400);
    const reader = as(await mint(place, "ann", "todo/read"));
    assert.equal((await reader("POST", "/todos", { title: "x" })).status, 403);
    assert.equal((await reader("GET", "/todos")).status, 200);

    const page = new URL(script.lines.find((line) => /^In a browser/.test(line)).split(" ").at(-1));
    assert.equal((await get(place.port, `${page.pathname}/`)).status, 200);
    assert.equal(Number(page.port), place.port);

    script.interrupt();
    await script.ended;
    assert.deepEqual(script.exited, { code: 0 }, script.errors);
    await assertAllGone(place);
    assert.match(script.errors, /stopped/, "the gateway had time to say so");
  } finally { await script.finish(); }
});

test("started again, it keeps its keys; a signal to the script alone ends it too", async () => {
  const place = await copy();
  const first = await start(place);
  await first.line(/^Ctrl-C stops/);
  const token = await mint(place, "ann", "todo/read");
  first.child.kill("SIGTERM");
  await first.ended;
  await assertAllGone(place);
  const second = await start(place);
  try {
    await second.line(/^Ctrl-C stops/);
    assert.equal((await get(place.port, "/todos", { headers: { authorization: `Bearer ${token}` } })).status, 200);
  } finally { await second.finish(); }
});

test("a port that is taken: it says which, and starts nothing", async () => {
  const place = await copy();
  const taken = await takenPort();
  const file = path.join(place.directory, "make/run.sh");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll(String(place.tlsPort), String(taken.port)));
  const script = await start(place);
  try {
    await script.ended;
    assert.deepEqual(script.exited, { code: 1 });
    assert.match(script.errors, new RegExp(`run: port ${taken.port} is in use already`));
    await assertAllGone(place);
  } finally { await script.finish(); await taken.stop(); }
});

test("a mistake in the configuration: its place is shown, nothing is left running", async () => {
  const place = await copy();
  const file = path.join(place.directory, "conf/turnpike.yaml");
  fs.appendFileSync(file, "listners: []\n");
  const script = await start(place);
  try {
    await script.ended;
    assert.equal(script.exited.code, 78);
    assert.match(script.lines.join("\n") + script.errors, /conf\/turnpike\.yaml:\d+:1: error: .*listners/);
    await assertAllGone(place);
  } finally { await script.finish(); }
});

test("one of the two ends: the other is stopped", async () => {
  const place = await copy();
  const script = await start(place);
  try {
    await script.line(/^Ctrl-C stops/);
    const { pid } = JSON.parse((await run(["status", "--json", "--config", "conf/turnpike.yaml"], { cwd: place.directory })).stdout);
    process.kill(pid, "SIGKILL");
    await script.ended;
    assert.deepEqual(script.exited, { code: 1 });
    assert.match(script.errors, /run: the gateway ended/);
    await assertAllGone(place);
  } finally { await script.finish(); }
});
