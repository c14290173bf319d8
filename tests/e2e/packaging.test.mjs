// What `make install` and `make dist` make, the page of `docs:` with and without npm, the
// Dockerfile, and the chat in containers as far as it is seen without running one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "./lib/bounded.mjs";
import { program, temporaryDirectory, writeFiles } from "./lib/gateway.mjs";
import { definition } from "./lib/lambda.mjs";
import { capture } from "./lib/process.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const packed = path.join(path.dirname(program), "share/docs");
const inRepository = fs.existsSync(path.join(root, ".git")) ? {} : { skip: "this is no clone of the repository" };

// A PATH with what the script needs; npm only as the test has it.
function tools(directory, files = {}) {
  const bin = path.join(directory, "bin");
  fs.mkdirSync(bin);
  for (const name of ["sh", "dirname", "cp", "rm", "mkdir", "touch", "chmod", "find", "gzip", "tail", "cat"])
    fs.symlinkSync(execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), path.join(bin, name));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(bin, name), text, { mode: 0o755 });
  return { PATH: bin, HOME: directory };
}

const contents = (directory) => Object.fromEntries(fs.readdirSync(directory).sort().map((name) => [name, fs.readFileSync(path.join(directory, name)).toString("base64")]));

async function withCopy(files, fn) {
  const directory = temporaryDirectory();
  fs.cpSync(path.join(root, "packaging/docs-ui"), path.join(directory, "packaging/docs-ui"), { recursive: true });
  fs.rmSync(path.join(directory, "packaging/docs-ui/swagger-ui-dist"), { recursive: true, force: true });
  const env = tools(directory, files);
  const out = path.join(directory, "out");
  try {
    await fn({ out, pack: (...args) => capture(path.join(directory, "packaging/docs-ui/pack"), [...args, out], { env, cwd: "/" }) });
  } finally { fs.rmSync(directory, { recursive: true }); }
}

test("without npm the page is not packed, which is told and no failure of make", async () => {
  await withCopy({}, async ({ out, pack }) => {
    const message = "docs-ui: there is no npm, so the page of 'docs:' is not packed; `make docs-ui` tries again\n";
    assert.deepEqual(await pack("--optional"), { code: 0, signal: null, stdout: "", stderr: message });
    assert.deepEqual(await pack(), { code: 1, signal: null, stdout: "", stderr: message });
    assert.equal(fs.existsSync(out), false);
  });
});

test("nor where npm reaches nothing", async () => {
  await withCopy({ npm: "#!/bin/sh\necho npm error network >&2\nexit 1\n" }, async ({ out, pack }) => {
    const { code, stderr } = await pack("--optional");
    assert.equal(code, 0);
    assert.match(stderr, /^npm error network\ndocs-ui: npm could not fetch swagger-ui-dist, so/);
    assert.equal((await pack()).code, 1);
    assert.equal(fs.existsSync(out), false);
  });
});

test("npm's scripts are not run, and nothing is fetched twice", async () => {
  const npm = `#!/bin/sh
echo "$@" >>"$HOME/calls"
cat .npmrc >>"$HOME/calls"
mkdir -p node_modules/swagger-ui-dist
for file in $("$HOME/packaging/docs-ui/pack" --list); do echo new >node_modules/swagger-ui-dist/$file; done
touch node_modules/.package-lock.json
`;
  await withCopy({ npm }, async ({ out, pack }) => {
    assert.equal((await pack()).code, 0);
    assert.equal(fs.readFileSync(path.join(out, "swagger-ui.css"), "utf8"), "new\n");
    assert.deepEqual(await pack(), { code: 0, signal: null, stdout: "", stderr: "" });
    fs.rmSync(path.join(out, ".packed"));
    assert.equal((await pack()).code, 0);
    const calls = fs.readFileSync(path.join(path.dirname(out), "calls"), "utf8").split("\n");
    assert.equal(calls.filter((line) => line.startsWith("ci ")).length, 1, calls.join("\n"));
    assert.ok(calls.includes("ignore-scripts=true"));
  });
});

test("the tarball of a release has all that is needed to pack without a network", inRepository, async () => {
  const directory = temporaryDirectory();
  try {
    const { code, stdout, stderr } = await capture("make", ["-s", "--no-print-directory", "dist"], { cwd: root });
    assert.equal(code, 0, stderr);
    const tarball = path.resolve(root, stdout.trim().split("\n").at(-1));
    assert.match(path.basename(tarball), /^turnpike-\d+\.\d+\.\d+\.tar\.gz$/);
    execFileSync("tar", ["xzf", tarball, "-C", directory]);
    const [name] = fs.readdirSync(directory);
    const out = path.join(directory, "out");
    const answer = await capture(path.join(directory, name, "packaging/docs-ui/pack"), [out], { env: tools(directory), cwd: "/" });
    assert.equal(answer.code, 0, answer.stderr);
    assert.deepEqual(Object.keys(contents(out)), Object.keys(contents(packed)));
    for (const [file, bytes] of Object.entries(contents(out))) assert.ok(bytes === contents(packed)[file], file);
    assert.ok(fs.existsSync(path.join(directory, name, "src/daemon/main.c")));
  } finally { fs.rmSync(directory, { recursive: true }); }
});

test("make install; the program finds its page wherever it was put; make uninstall", async () => {
  const directory = temporaryDirectory();
  const make = (target) => capture("make", ["-s", "--no-print-directory", target, `DESTDIR=${directory}/moved`, "PREFIX=/opt/gateway"], { cwd: root });
  const check = () => capture(path.join(directory, "moved/opt/gateway/bin/turnpike"), ["check", "--config", "turnpike.yaml"], { cwd: directory });
  writeFiles(directory, { "a.json": definition({ "GET /": "f" }), "turnpike.yaml": "apis:\n- apiId: a\n  protocolType: HTTP\n  definition: a.json\n  docs: {path: /docs}\nfunctions: {f: {endpoint: 'http://127.0.0.1:1'}}\n" });
  try {
    const { code, stderr } = await make("install");
    assert.equal(code, 0, stderr);
    for (const file of ["bin/turnpike", "share/man/man1/turnpike.1", "share/man/man5/turnpike.yaml.5", "lib/systemd/system/turnpike.service", "share/doc/turnpike/LICENSE", "share/doc/turnpike/examples/hosting.conf", "share/doc/turnpike/examples/turnpike-https.socket", "share/doc/turnpike/turnpike.reference.yaml", "share/turnpike/docs/NOTICE"])
      assert.ok(fs.existsSync(path.join(directory, "moved/opt/gateway", file)), file);
    const first = await check();
    assert.equal(first.code, 0, first.stdout);
    assert.equal((await make("uninstall")).code, 0);
    const left = fs.readdirSync(path.join(directory, "moved"), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    assert.deepEqual(left.map(({ name }) => name), []);
  } finally { fs.rmSync(directory, { recursive: true }); }
});

// A Dockerfile as [{ instruction, flags, text }], continued lines joined.
function instructions(text) {
  return text.replace(/^#.*\n/gm, "").replace(/\\\n\s*/g, "").split("\n").filter((line) => line.trim()).map((line) => {
    const [, instruction, flags, rest] = /^([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? assert.fail(line);
    return { instruction, flags, text: rest };
  });
}

// The stages by name, each with the instructions of the one that it is made from.
function stages(list) {
  const named = new Map();
  let last;
  for (const entry of list) {
    if (entry.instruction !== "FROM") { last.list.push(entry); continue; }
    const [, from, name] = /^(\S+)(?: AS (\S+))?$/.exec(entry.text) ?? assert.fail(entry.text);
    last = { from: named.get(from)?.from ?? from, list: [...(named.get(from)?.list ?? [])] };
    if (name) named.set(name, last);
  }
  return { named, last };
}

const dockerfile = instructions(fs.readFileSync(path.join(root, "packaging/docker/Dockerfile"), "utf8"));
const all = (stage, instruction) => stage.list.filter((entry) => entry.instruction === instruction);
const words = (stage, instruction) => JSON.parse(all(stage, instruction).at(-1).text.replace(/^CMD /, ""));

test("Dockerfile: what is copied is there, and no earlier stage's by accident", () => {
  const seen = new Set();
  for (const { instruction, flags, text } of dockerfile) {
    if (instruction === "FROM") seen.add(text.split(" AS ")[1]);
    const from = /--from=(\S+)/.exec(flags)?.[1];
    if (from) assert.ok(seen.has(from), `there is no stage ${from} before it`);
    if (instruction !== "COPY" || from) continue;
    const ignored = fs.readFileSync(path.join(root, ".dockerignore"), "utf8").trim().split("\n");
    for (const file of text.split(/\s+/).slice(0, -1)) {
      assert.ok(fs.existsSync(path.join(root, file)), file);
      assert.ok(!ignored.includes(file.replace(/\/$/, "")), `${file} is not sent`);
    }
  }
  for (const secret of [".git", "**/node_modules", "conf/*.pem", "conf/tls"]) assert.match(fs.readFileSync(path.join(root, ".dockerignore"), "utf8"), new RegExp(`^${secret.replaceAll(/[*.]/g, "\\$&")}$`, "m"));
});

test("Dockerfile: each image is Debian's slim one, runs as a user of its own and says how it is", async () => {
  const { named, last } = stages(dockerfile);
  assert.deepEqual(last, named.get("gateway"), "without a target, the one without Node is built");
  for (const stage of [last, named.get("hosting")]) {
    assert.equal(stage.from, "debian:bookworm-slim");
    assert.deepEqual(all(stage, "USER").map(({ text }) => text), ["turnpike"]);
    assert.deepEqual(all(stage, "COPY").filter(({ flags }) => !flags.includes("--from=")), [], "no sources");
    assert.deepEqual(all(stage, "EXPOSE").map(({ text }) => text), [words(stage, "CMD").at(-1).split(":")[1]]);
    const directory = temporaryDirectory();
    const run = (args) => capture(program, args, { cwd: directory, env: { TURNPIKE_CONFIG: path.join(directory, "none.yaml"), RUNTIME_DIRECTORY: directory } });
    try {
      assert.deepEqual(words(stage, "ENTRYPOINT"), ["turnpike"]);
      assert.equal((await run(words(stage, "CMD"))).code, 78, "the command line is right, the configuration is not there");
      const [name, ...args] = words(stage, "HEALTHCHECK");
      assert.equal(name, "turnpike");
      const { code, stderr } = await run(args);
      assert.equal(code, 1);
      assert.match(stderr, /no daemon runs/, "it has found where to ask");
    } finally { fs.rmSync(directory, { recursive: true }); }
  }
});

const isDebian12 = fs.existsSync("/etc/debian_version") && fs.readFileSync("/etc/debian_version", "utf8").startsWith("12.") && fs.existsSync("/usr/bin/readelf");
test("Dockerfile: it has the packages of the program's libraries, and no others", isDebian12 ? {} : { skip: "Debian 12 knows which these are" }, (t) => {
  const installed = all(stages(dockerfile).last, "RUN").map(({ text }) => /--no-install-recommends ([^&]*)/.exec(text)?.[1]).find(Boolean).trim().split(/\s+/);
  const needed = [...execFileSync("readelf", ["-d", program], { encoding: "utf8" }).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
  if (needed.some((name) => /^libasan/.test(name))) return t.skip("what is linked for a sanitizer is linked otherwise");
  const libraries = needed.filter((name) => !/^(libc|libm|ld-linux.*)\.so/.test(name));
  const owners = libraries.map((name) => execFileSync("dpkg", ["-S", `*/${name}`], { encoding: "utf8" }).split(":")[0]);
  const loadedByName = ["ca-certificates", "libwebsockets-evlib-uv"];
  assert.deepEqual(installed.sort(), [...new Set([...owners, ...loadedByName])].sort());
});

// --- the chat in containers

const chat = path.join(root, "docs/examples/chat");
const read = (name) => fs.readFileSync(path.join(chat, name), "utf8");

test("chat: what its Dockerfile copies is there, and nothing runs as root", () => {
  const list = instructions(read("Dockerfile")), { named } = stages(list);
  for (const { flags, text } of list.filter(({ instruction }) => instruction === "COPY")) {
    const from = /--from=(\S+)/.exec(flags)?.[1];
    if (from) assert.ok(named.has(from), from);
    else for (const file of text.split(/\s+/).slice(0, -1)) assert.ok(fs.existsSync(path.join(chat, file)), file);
  }
  assert.deepEqual(all(named.get("stand-ins"), "USER").at(-1).text, "64000:64000");
  assert.deepEqual(all(named.get("gateway"), "USER").at(-1).text, "turnpike");
  assert.equal(named.get("gateway").from, "turnpike:hosting");
  for (const secret of ["node_modules", "state", "tls", "*.pem"]) assert.ok(read(".dockerignore").split("\n").includes(secret), secret);
});

test("chat: compose.yaml builds stages that there are, and publishes on this machine alone", () => {
  const { named } = stages(instructions(read("Dockerfile"))), compose = read("compose.yaml");
  const targets = [...compose.matchAll(/target: ([\w-]+)/g)].map(([, target]) => target);
  assert.deepEqual(targets, ["stand-ins", "gateway"]);
  for (const target of targets) assert.ok(named.has(target), target);
  const published = [...compose.matchAll(/ports: \[(.*)\]/g)].flatMap(([, ports]) => ports.split(", "));
  assert.equal(published.length, 3);
  for (const port of published) assert.match(port, /^"127\.0\.0\.1:(\d+):\1"$/);
  assert.doesNotMatch(compose, /privileged|network_mode|user: *"?0/);
});

const composers = [["docker", "compose"], ["docker-compose"]];
const composer = composers.find(([name, ...args]) => { try { execFileSync(name, [...args, "version"], { stdio: "ignore" }); return true; } catch { return false; } });
test("chat: docker compose reads compose.yaml", composer ? {} : { skip: "there is no docker compose" }, async () => {
  const [name, ...args] = composer;
  assert.deepEqual(await capture(name, [...args, "-f", "compose.yaml", "config", "-q"], { cwd: chat }), { code: 0, signal: null, stdout: "", stderr: "" });
});

// The folder as the image has it, with the two files that come from elsewhere: the functions' client and
// the key of the user pool. `edit` changes turnpike.docker.yaml.
async function inContainer(fn) {
  const directory = temporaryDirectory();
  const turnpike = (command, file) => capture(program, [command, "--config", file], { cwd: directory });
  const own = ["state", "tls", "node_modules"].map((name) => path.join(chat, name));
  try {
    fs.cpSync(chat, directory, { recursive: true, filter: (file) => !own.includes(file) && !file.endsWith(".pem") });
    fs.mkdirSync(path.join(directory, "node_modules/.bin"), { recursive: true });
    fs.writeFileSync(path.join(directory, "node_modules/.bin/aws-lambda-ric"), "#!/bin/sh\n", { mode: 0o755 });
    fs.mkdirSync(path.join(directory, "state/gateway"), { recursive: true });
    fs.writeFileSync(path.join(directory, "state/user-pool.secret"), "secret\n", { mode: 0o600 });
    assert.equal((await capture(program, ["init", directory], { cwd: directory })).code, 0);
    const edit = (change) => fs.writeFileSync(path.join(directory, "turnpike.docker.yaml"), change(read("turnpike.docker.yaml").replaceAll(" /state/", ` ${directory}/state/`)));
    edit((text) => text);
    await fn({ edit, turnpike });
  } finally { fs.rmSync(directory, { recursive: true }); }
}

const findings = (stdout, kind) => stdout.split("\n").filter((line) => line.includes(`: ${kind}: `)).map((line) => line.split(`: ${kind}: `)[1]);

test("chat: turnpike.docker.yaml serves what turnpike.yaml does", async () => {
  await inContainer(async ({ turnpike }) => {
    const [made, container] = [await turnpike("routes", "turnpike.yaml"), await turnpike("routes", "turnpike.docker.yaml")];
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /chat-socket +ws +send/);
    assert.deepEqual(container, made);
  });
});

test("chat: turnpike.docker.yaml has no mistake; what is said about it", async () => {
  await inContainer(async ({ edit, turnpike }) => {
    const { code, stdout } = await turnpike("check", "turnpike.docker.yaml");
    assert.equal(code, 0, stdout);
    const warnings = findings(stdout, "warning");
    assert.equal(warnings.length, 2, stdout);
    assert.match(warnings[0], /run as the gateway's own user/);
    assert.match(warnings[1], /^'invokeApi' speaks plain HTTP/);
    edit((text) => text.replace(/^development: true.*$/m, ""));
    const without = await turnpike("check", "turnpike.docker.yaml");
    assert.deepEqual([without.code, findings(without.stdout, "warning")], [0, warnings], "nothing in it needs `development`");
  });
});

test("chat: nothing is loosened by being in a container", async () => {
  const issuer = (text) => text.replace(/^issuers:$/m, "issuers:\n  - {issuer: 'https://dev.localhost', signingKeyFile: dev-key.pem}");
  const strict = (text) => text.replace(/^development: true.*$/m, "");
  const rows = [
    { name: "a development issuer, which development: true permits", change: issuer },
    { name: "and nothing else does", change: (text) => strict(issuer(text)), error: /^a development issuer, but listener 'plain' is not loopback/ },
    { name: "@connections without signatures", change: (text) => `${text}managementApi: {authorizationType: NONE}\n`, error: /^authorizationType NONE without 'listeners', but listener 'plain'/ },
    { name: "functions that anybody invokes", change: (text) => text.replace("invokeApi: {", "invokeApi: {authorizationType: NONE, "), error: /^authorizationType NONE, but 0\.0\.0\.0 is not loopback/ },
  ];
  await inContainer(async ({ edit, turnpike }) => {
    for (const { name, change, error } of rows) {
      edit(change);
      const { code, stdout } = await turnpike("check", "turnpike.docker.yaml"), errors = findings(stdout, "error");
      assert.deepEqual([code, errors.length], error ? [78, 1] : [0, 0], `${name}: ${stdout}`);
      if (error) assert.match(errors[0], error, name);
    }
  });
});
