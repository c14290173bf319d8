// `make run` as a newcomer meets it: what it prints can be pasted, and Ctrl-C stops everything.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { test } from "./lib/bounded.mjs";
import { skipWithoutBrowser, startBrowser } from "./lib/browser.mjs";
import { freePort, program, run, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { descendants, runs, until, vanished } from "./lib/hosted.mjs";
import { capture, get, listens, takenPort } from "./lib/process.mjs";
import "../../docs/examples/chat/handler.test.mjs";
import "../../docs/examples/todo/handler.test.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const environment = { ...process.env, no_proxy: "*", NO_PROXY: "*" };

// A copy of what the script needs, on ports of its own.
async function copy() {
  const directory = temporaryDirectory();
  const ports = { 8080: await freePort(), 8443: await freePort(), 9901: await freePort() };
  for (const name of ["make/run.sh", "conf/turnpike.yaml", "openapi", "docs/examples"])
    fs.cpSync(path.join(root, name), path.join(directory, name), { recursive: true });
  for (const name of ["make/run.sh", "conf/turnpike.yaml"]) {
    const file = path.join(directory, name);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/\b(8080|8443|9901)\b/g, (port) => ports[port]));
  }
  return { directory, ports, port: ports[8080], tlsPort: ports[8443], adminPort: ports[9901] };
}

// As a shell runs it: in a process group of its own, which Ctrl-C's signal reaches as a whole. The Node is
// named as make does where it is in build/tools; the one in the PATH is no good.
async function start(place) {
  writeFiles(place.directory, { "bin/node": "#!/bin/sh\necho 'the wrong node' >&2; exit 1\n" });
  fs.chmodSync(path.join(place.directory, "bin/node"), 0o755);
  const node = path.relative(fs.realpathSync(place.directory), process.execPath);
  const env = { ...environment, PATH: `${place.directory}/bin:/usr/local/bin:/usr/bin:/bin` };
  const child = spawn("make/run.sh", [program, node], { cwd: place.directory, detached: true, stdio: ["ignore", "pipe", "pipe"], env });
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

// functions: processes that must be gone, too.
async function assertAllGone(place, functions = []) {
  assert.deepEqual(functions.filter(runs), []);
  for (const port of Object.values(place.ports)) assert.equal(await listens(port), false, `${port}`);
}

const mint = async (place, subject, scope) => {
  const { code, stdout, stderr } = await run(["token", "--config", "conf/turnpike.yaml", "--issuer", "https://dev.localhost", "--sub", subject, "--scope", scope], { cwd: place.directory });
  assert.equal(code, 0, stderr);
  return stdout.trim();
};

// The processes of the functions: each leads a session, and its command is the examples' runtime.
const functionsOf = (script) => descendants(script.child.pid).filter((pid) => {
  try { return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("runtime.mjs"); } catch { return false; }
});

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

    const functions = functionsOf(script);
    assert.equal(functions.length, 2, "one process for the todo list, one for the chat");
    script.interrupt();
    await script.ended;
    assert.deepEqual(script.exited, { code: 0 }, script.errors);
    await assertAllGone(place, functions);
    assert.doesNotMatch(script.errors, /the wrong node/);
    assert.match(script.errors, /stopped/, "the gateway had time to say so");
  } finally { await script.finish(); }
});

// The addresses of the chat's page that it prints, for Ann and for Bob.
const pagesOf = (script) => script.lines.map((line) => line.trim()).filter((line) => /^http:.*\/chat#token=/.test(line));

test("the chat in a terminal: what it prints works when it is pasted", async () => {
  const place = await copy();
  const script = await start(place);
  try {
    await script.line(/^Ctrl-C stops/);
    const [, ann, bob] = /#token=(.*)\n.*#token=(.*)/.exec(pagesOf(script).join("\n"));
    const line = script.lines.map((other) => other.trim()).find((other) => /talk\.mjs/.test(other));
    const talk = (token) => {
      const child = spawn("sh", ["-c", `TOKEN=${token}\nexec ${line}`], { cwd: place.directory, env: environment });
      const lines = [], waiting = new Set();
      readline.createInterface({ input: child.stdout }).on("line", (text) => { lines.push(text); for (const check of [...waiting]) check(); });
      const until = (text) => new Promise((resolve) => {
        const check = () => { if (lines.includes(text)) { waiting.delete(check); resolve(); } };
        waiting.add(check);
        check();
      });
      return { child, lines, until, ended: once(child, "close").then(([code]) => code) };
    };
    const first = talk(ann);
    await first.until("* lobby: ann");
    const second = talk(bob);
    await second.until("* lobby: ann, bob");
    await first.until("* bob joined");
    second.child.stdin.write("Grüße \u{1f388}\n");
    await Promise.all([first, second].map(({ until }) => until("bob: Grüße \u{1f388}")));
    second.child.stdin.end();
    assert.equal(await second.ended, 0);
    await first.until("* bob left");
    first.child.stdin.end();
    assert.equal(await first.ended, 0);
    const refused = talk("none");
    let why = "";
    refused.child.stderr.on("data", (chunk) => (why += chunk));
    assert.equal(await refused.ended, 1);
    assert.match(why, /^talk: refused/m);
  } finally { await script.finish(); }
});

test("the chat in a browser, over ws and wss: two people talk, and are told why it ended", skipWithoutBrowser, async () => {
  const place = await copy();
  const script = await start(place);
  const browser = await startBrowser();
  try {
    await script.line(/^Ctrl-C stops/);
    const [first, second] = pagesOf(script);
    const hosts = [`localhost:${place.port}`, `localhost:${place.tlsPort}`];
    const ann = await browser.page(...hosts), bob = await browser.page(...hosts);
    await ann.open(first);
    await bob.open(second.replace(/^http:\/\/localhost:\d+/, `https://${hosts[1]}`));
    for (const page of [ann, bob]) {
      await page.click("#door button", "Join");
      await page.until(() => !document.getElementById("chat").hidden);
    }
    await ann.until(() => document.getElementById("members").innerText === "ann\nbob");
    await bob.type("#say input", "<i>Hello</i> & welcome");
    await bob.click("#say button");
    for (const page of [ann, bob])
      await page.until(() => document.querySelector("#log .message")?.innerText.startsWith("bob<i>Hello</i> & welcome"));
    await ann.type("#say input", "Hi");
    await ann.click("#say button");
    await bob.until(() => document.querySelectorAll("#log .message").length === 2);
    assert.deepEqual(await bob.run(() => [...document.querySelectorAll("#log .message")].map((e) => e.className)), ["message mine", "message"]);

    await bob.click("#leave");
    await ann.until(() => document.getElementById("members").innerText === "ann");
    await bob.run(() => { document.getElementById("door").elements.token.value = "a.b.c"; });
    await bob.click("#door button", "Join");
    assert.match(await bob.text("#refusal"), /refused the connection.*1006/);
    assert.deepEqual([ann.refused, bob.refused], [[], []]);
    assert.deepEqual(ann.complaints, []);
    assert.deepEqual(bob.complaints.filter((text) => !/WebSocket connection to/.test(text)), []);

    const { pid } = JSON.parse((await run(["status", "--json", "--config", "conf/turnpike.yaml"], { cwd: place.directory })).stdout);
    process.kill(pid, "SIGTERM");
    assert.match(await ann.until(() => /not connected/.test(document.getElementById("state").innerText) && document.getElementById("log").innerText), /The connection was closed: 1001 Going away/);
  } finally { await browser.stop(); await script.finish(); }
});

test("what is changed in a function counts from the next request on", async () => {
  const place = await copy();
  const script = await start(place);
  try {
    await script.line(/^Ctrl-C stops/);
    const health = async () => (await get(place.port, "/health")).text;
    assert.equal(await health(), '{"status":"ok"}');
    const file = path.join(place.directory, "docs/examples/todo/handler.mjs");
    const handler = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, handler.replace("status: 'ok'", "status: 'changed'"));
    await until(async () => await health() === '{"status":"changed"}', "the new answer");
    fs.writeFileSync(file, `${handler}\nthis is no JavaScript`);
    await until(async () => (await get(place.port, "/health")).status === 500, "it is broken");
    await until(() => /examples\/todo\/handler\.mjs:\d+.*\n.*this is no JavaScript/.test(script.errors), "the log has the place");
    fs.writeFileSync(file, handler);
    await until(async () => await health() === '{"status":"ok"}', "it is repaired");
  } finally { await script.finish(); }
});

test("started again, it keeps its keys; a signal to the script alone ends it too", async () => {
  const place = await copy();
  const first = await start(place);
  await first.line(/^Ctrl-C stops/);
  const token = await mint(place, "ann", "todo/read"), functions = functionsOf(first);
  first.child.kill("SIGTERM");
  await first.ended;
  await assertAllGone(place, functions);
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

test("the gateway ends, however it does: so do the functions and the script", async () => {
  const place = await copy();
  const script = await start(place);
  try {
    await script.line(/^Ctrl-C stops/);
    const { pid } = JSON.parse((await run(["status", "--json", "--config", "conf/turnpike.yaml"], { cwd: place.directory })).stdout);
    const functions = functionsOf(script);
    assert.equal(functions.length, 2);
    process.kill(pid, "SIGKILL");
    await script.ended;
    await vanished(functions);
    assert.deepEqual(script.exited, { code: 1 });
    assert.match(script.errors, /run: the gateway ended/);
    await assertAllGone(place, functions);
  } finally { await script.finish(); }
});
