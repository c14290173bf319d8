// `make run` as a newcomer meets it: each step is told, what it prints can be pasted, and Ctrl-C stops
// everything.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "./lib/bounded.mjs";
import { api, configuration, confirm, copyChat, freedPorts, gatewayPid, signIn, signUp, startScript } from "./lib/chat_example.mjs";
import { runs, until, vanished } from "./lib/hosted.mjs";
import { program } from "./lib/gateway.mjs";
import { capture, hasIPv6, takenPort } from "./lib/process.mjs";

async function withScript(fn, prepare = () => {}) {
  const place = await copyChat();
  const release = await prepare(place);
  const script = await startScript(place);
  try {
    await fn(place, script);
  } finally {
    await script.finish();
    await release?.();
    place.remove();
  }
}

const isThere = (place) => fetch(`http://localhost:${place.port}/api/health`).then(({ status }) => status);

test("each step is told, what it prints works when it is pasted, Ctrl-C stops everything", () => withScript(async (place, script) => {
  const before = fs.readFileSync(place.file("turnpike.yaml"), "utf8");
  await script.ready();
  const steps = script.lines.filter((line) => /^\[\d\/\d\]/.test(line)).map((line) => line.slice(0, 5));
  assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7].map((n) => `[${n}/7]`));
  assert.equal(fs.readFileSync(place.file("turnpike.yaml"), "utf8"), before, "init leaves it as it is");

  const pasted = script.lines.map((line) => line.trim()).filter((line) => /^(curl|\S*turnpike\S* )/.test(line));
  const outcomes = [];
  for (const line of pasted) {
    const { code, stdout, stderr } = await capture("sh", ["-c", line.replace(/^curl /, "curl -sS -w '\\n%{http_code}' ")],
      { cwd: place.directory, env: { ...process.env, no_proxy: "*", NO_PROXY: "*" } });
    assert.equal(code, 0, `${line}: ${stderr}`);
    outcomes.push(line.startsWith("curl") ? stdout.trim().split("\n").at(-1) : line.split(" ")[1]);
  }
  assert.deepEqual(outcomes, ["200", "401", "routes", "status", "reload"]);
  const pages = script.lines.map((line) => /^ {2}(http:\S+)/.exec(line)?.[1]).filter(Boolean);
  for (const page of pages) assert.equal((await fetch(page)).status, 200, page);
  assert.equal(pages.length, 2);
  const [, email, secret] = /sign in as (\S+), password (\S+)/.exec(script.lines.join("\n"));
  assert.match((await signIn(place, email.split("@")[0], secret)).claims.scp, /chat\/moderate/);
  await script.line(/"GET \/rooms" 401 - missing: token not provided/);

  const processes = script.processes();
  assert.ok(processes.length >= 7, `gateway, keeper, stand-ins and functions: ${processes}`);
  script.interrupt();
  await script.ended;
  assert.deepEqual(script.exited, { code: 0 }, script.errors);
  assert.deepEqual(processes.filter(runs), []);
  assert.deepEqual(await freedPorts(place), []);
  assert.doesNotMatch(script.errors, /the wrong node/);
  const log = fs.readFileSync(place.file("state/gateway.log"), "utf8");
  assert.match(log, /stopped/, "the gateway had time to say so");
  assert.doesNotMatch(log, /ERROR|NodeVersionSupportWarning/, "nothing that a newcomer would look into");
}));

// As a start leaves it that was ended in the middle: bob has neither password nor group, the client is not there.
function undo(place) {
  const store = place.file("state/cognito/.cognito/db"), file = path.join(store, "us-east-1_Chat00001.json");
  const people = JSON.parse(fs.readFileSync(file, "utf8"));
  const bob = Object.values(people.Users).find(({ Attributes }) => Attributes.some(({ Value }) => Value === "bob@example.com"));
  bob.UserStatus = "FORCE_CHANGE_PASSWORD";
  bob.Password = "another-1";
  people.Groups.writers.members = people.Groups.writers.members.filter((name) => name !== bob.Username);
  fs.writeFileSync(file, JSON.stringify(people));
  fs.rmSync(path.join(store, "clients.json"));
}

test("started again, it knows accounts, rooms and its certificate, and makes what is missing; a signal to the script alone ends it too", async () => {
  const place = await copyChat();
  try {
    const first = await startScript(place);
    await first.ready();
    assert.equal((await signUp(place, "dan", "Correct-horse-1")).status, 200);
    assert.equal((await confirm(place, "dan", await first.code("dan@example.com"))).status, 200);
    const { token } = await signIn(place, "dan", "Correct-horse-1");
    assert.equal((await api(place, token, "POST", "/rooms", { name: "attic" })).status, 201);
    const certificate = fs.readFileSync(place.file("tls/fullchain.pem"), "utf8"), processes = first.processes();
    first.child.kill("SIGTERM");
    await first.ended;
    assert.deepEqual([first.exited.code, processes.filter(runs), await freedPorts(place)], [0, [], []]);

    const secret = fs.readFileSync(place.file("state/user-pool.secret"), "utf8");
    undo(place);
    const second = await startScript(place);
    await second.ready();
    assert.ok((await signIn(place, "dan", "Correct-horse-1")).token);
    assert.equal((await signIn(place, "bob")).claims.scp, "chat/read chat/write");
    assert.equal(fs.readFileSync(place.file("state/user-pool.secret"), "utf8"), secret, "a gateway that runs knows this one");
    assert.equal(fs.statSync(place.file("state")).mode & 0o777, 0o700, "passwords are in it");
    assert.ok((await api(place, token, "GET", "/rooms")).json.rooms.some(({ name }) => name === "attic"));
    assert.equal(fs.readFileSync(place.file("tls/fullchain.pem"), "utf8"), certificate);
    const later = second.processes();
    second.child.kill("SIGHUP");
    await second.ended;
    assert.deepEqual([second.exited.code, later.filter(runs), await freedPorts(place)], [0, [], []], "the terminal is closed");
  } finally { place.remove(); }
});

test("what is changed in a function counts from the next request on; a mistake is in the log", () => withScript(async (place, script) => {
  await script.ready();
  const health = async () => (await api(place, null, "GET", "/health")).text;
  assert.equal(await health(), '{"status":"ok"}');
  const file = place.file("functions/rest.mjs");
  const source = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, source.replace("status: 'ok'", "status: 'changed'"));
  await until(async () => await health() === '{"status":"changed"}', "the new answer");
  fs.writeFileSync(file, `${source}\nthis is no JavaScript`);
  await until(async () => await isThere(place) === 500, "it is broken");
  const log = () => fs.readFileSync(place.file("state/gateway.log"), "utf8");
  await until(() => /SyntaxError: Unexpected identifier.*\[function=chat-rest/.test(log()), "the log says why");
  fs.writeFileSync(file, source);
  await until(async () => await isThere(place) === 200, "it is repaired");
}));

// As the package's README.Debian has it.
test("by hand, the program is a path, or a name that the PATH has", async () => {
  const place = await copyChat();
  const start = async (argument, bin) => capture(process.execPath, ["development/start.mjs", ...argument],
    { cwd: place.file(""), env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
  try {
    const bin = place.file("bin");
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, "turnpike"), "#!/bin/sh\necho 'found in the PATH' >&2; exit 1\n", { mode: 0o755 });
    for (const argument of [[], ["turnpike"], ["bin/turnpike"]])
      assert.match((await start(argument, bin)).stderr, /run: found in the PATH/, argument[0]);
    assert.match((await start(["bin/none"], bin)).stderr, /run: there is no program '.*\/bin\/none': the argument is its path/);
  } finally { place.remove(); }
});

for (const host of ["127.0.0.1", "::1"]) test(`a port that is taken on ${host}: it says which, and starts nothing`, host === "::1" && !hasIPv6 ? { skip: "no IPv6" } : {}, async () => {
  let taken;
  await withScript(async (place, script) => {
    await script.ended;
    assert.deepEqual(script.exited, { code: 1 });
    assert.match(script.errors, new RegExp(`run: port ${taken.port} is in use already.*ss -ltnp`));
    assert.deepEqual(await freedPorts(place), []);
  }, async (place) => {
    taken = await takenPort(host);
    const file = place.file("development/start.mjs");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll(String(place.tlsPort), String(taken.port)));
    return () => taken.stop();
  });
});

test("a mistake in the configuration: its place is shown, nothing is left running", () => withScript(async (place, script) => {
  await script.ended;
  assert.equal(script.exited.code, 78);
  assert.match(script.errors, /turnpike\.yaml:\d+:1: error: .*listners/);
  assert.deepEqual(await freedPorts(place), []);
}, (place) => fs.appendFileSync(place.file("turnpike.yaml"), "listners: []\n")));

const deaths = {
  gateway: async (place) => process.kill(await gatewayPid(place), "SIGKILL"),
  dynalite: async (place, script) => process.kill(processOf(script, "/dynalite/"), "SIGKILL"),
  "cognito-local": async (place, script) => process.kill(processOf(script, "/cognito.mjs"), "SIGKILL"),
};

const processOf = (script, part) => script.processes().find((pid) => {
  try { return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(part); } catch { return false; }
});

for (const [name, kill] of Object.entries(deaths))
  test(`${name} ends, however it does: so does everything, and the script says who`, () => withScript(async (place, script) => {
    await script.ready();
    const processes = script.processes();
    await kill(place, script);
    await script.ended;
    await vanished(processes);
    assert.deepEqual(script.exited, { code: 1 });
    assert.match(script.errors, new RegExp(`run: ${name} ended \\(SIGKILL\\)`));
    assert.deepEqual(await freedPorts(place), []);
  }));

test("the configuration has mistakes neither for `check` nor for `check --online`", () => withScript(async (place, script) => {
  await script.ready();
  for (const more of [[], ["--online"]]) {
    const { code, stdout, stderr } = await capture(program, ["check", "--config", configuration, ...more], { cwd: place.directory });
    assert.equal(code, 0, stdout + stderr);
  }
}));

test("the stand-ins alone: where one cannot start, none stays", async () => {
  const place = await copyChat(), taken = await takenPort();
  try {
    const file = place.file("development/settings.mjs");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/dynamoPort = \d+/, `dynamoPort = ${taken.port}`));
    const { code, stderr } = await capture(process.execPath, [place.file("development/stand-ins.mjs"), place.file("state")]);
    assert.deepEqual([code, await freedPorts(place)], [1, []]);
    assert.match(stderr, /^dynalite ended \(exit status \d+\): see .*dynalite\.log$/m);
  } finally {
    await taken.stop();
    place.remove();
  }
});

test("nothing is started any more once everything is being ended", async () => {
  const { Children } = await import("../../docs/examples/chat/development/children.mjs");
  const children = new Children();
  children.close();
  assert.throws(() => children.start("gateway", ["true"], { log: "/dev/null" }), /gateway is not started any more/);
});

test("packages that cannot be had: npm's own words are shown", async () => {
  const place = await copyChat();
  try {
    fs.unlinkSync(place.file("node_modules"));
    const env = { ...process.env, npm_config_registry: "http://127.0.0.1:9", npm_config_fetch_retries: "0", npm_config_cache: place.file("cache") };
    const { code, stderr } = await capture("make/functions.sh", ["docs/examples/chat", "tools"], { cwd: place.directory, env });
    assert.equal(code, 1);
    assert.match(stderr, /ECONNREFUSED[^]*functions: npm failed, see above/);
  } finally { place.remove(); }
});

test("packages that are linked and too old: what the link leads to is left alone", async () => {
  const place = await copyChat();
  try {
    const shared = path.join(place.directory, "shared");
    fs.mkdirSync(shared);
    fs.writeFileSync(path.join(shared, "kept"), "");
    fs.unlinkSync(place.file("node_modules"));
    fs.symlinkSync(shared, place.file("node_modules"));
    const { code, stderr } = await capture("make/functions.sh", ["docs/examples/chat", "tools"], { cwd: place.directory });
    assert.deepEqual([code, fs.readdirSync(shared)], [1, ["kept"]]);
    assert.match(stderr, /node_modules is a link/);
  } finally { place.remove(); }
});
