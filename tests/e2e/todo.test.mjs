// The todo API of conf/turnpike.yaml, as its README tells to start it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { after, before } from "node:test";
import { test } from "./lib/bounded.mjs";
import { freePort, program, run, temporaryDirectory } from "./lib/gateway.mjs";
import { until } from "./lib/hosted.mjs";
import { get } from "./lib/process.mjs";
import "../../docs/examples/todo/handler.test.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const config = "conf/turnpike.yaml";
let directory, port, child, ended;

// A copy on ports of its own.
async function copy() {
  const target = temporaryDirectory();
  const ports = { 8080: await freePort(), 8443: await freePort(), 9901: await freePort() };
  for (const name of [config, "openapi", "docs/examples/todo", "docs/examples/runtime.mjs"]) fs.cpSync(path.join(root, name), path.join(target, name), { recursive: true });
  const file = path.join(target, config);
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/\b(8080|8443|9901)\b/g, (usual) => ports[usual]));
  return [target, ports[8080]];
}

before(async () => {
  [directory, port] = await copy();
  const before = fs.readFileSync(path.join(directory, config), "utf8");
  assert.equal((await run(["init", "conf"], { cwd: directory })).code, 0);
  assert.equal(fs.readFileSync(path.join(directory, config), "utf8"), before, "init leaves it as it is");
  const PATH = `${path.dirname(process.execPath)}:${process.env.PATH}`;
  child = spawn(program, ["serve", "--config", config], { cwd: directory, env: { ...process.env, PATH }, stdio: ["ignore", "ignore", "pipe"] });
  ended = once(child, "close");
  const lines = readline.createInterface({ input: child.stderr });
  await new Promise((resolve, reject) => {
    lines.on("line", (line) => { if (/ ready: /.test(line)) resolve(); });
    ended.then(() => reject(new Error("the gateway ended")));
  });
});
after(async () => {
  child.kill("SIGTERM");
  const [code] = await ended;
  fs.rmSync(directory, { recursive: true, force: true });
  assert.equal(code, 0);
});

async function as(subject, scope) {
  const { code, stdout, stderr } = await run(["token", "--config", config, "--issuer", "https://dev.localhost", "--sub", subject, "--scope", scope], { cwd: directory });
  assert.equal(code, 0, stderr);
  return async (method, target, body) => {
    const headers = { authorization: `Bearer ${stdout.trim()}`, ...(body ? { "content-type": "application/json" } : {}) };
    const answer = await get(port, target, { method, headers, body: body && JSON.stringify(body) });
    return { ...answer, json: answer.text ? JSON.parse(answer.text) : undefined };
  };
}

test("health, documentation, and no todos without a token", async () => {
  assert.equal((await get(port, "/health")).text, '{"status":"ok"}');
  assert.equal((await get(port, "/docs/")).status, 200);
  assert.equal((await get(port, "/todos")).status, 401);
});

test("everybody has a list of their own", async () => {
  const ann = await as("ann", "todo/read todo/write"), bob = await as("bob", "todo/read todo/write");
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
});

test("who may read may not write", async () => {
  const reader = await as("ann", "todo/read");
  assert.equal((await reader("POST", "/todos", { title: "x" })).status, 403);
  assert.equal((await reader("GET", "/todos")).status, 200);
});

test("a changed function answers from the next request on", async () => {
  const file = path.join(directory, "docs/examples/todo/handler.mjs");
  const source = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, source.replace("status: 'ok'", "status: 'changed'"));
  await until(async () => (await get(port, "/health")).text === '{"status":"changed"}', "the new answer");
  fs.writeFileSync(file, source);
});
