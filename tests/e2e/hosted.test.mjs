// Functions that the gateway hosts: what they are given, what becomes of what they do, and when their
// processes come and go.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "./lib/bounded.mjs";
import { makeCertificate } from "./lib/certificates.mjs";
import { readMetrics } from "./lib/prometheus.mjs";
import { open as openWebSocket } from "./lib/websocket.mjs";
import { startGateway, temporaryDirectory } from "./lib/gateway.mjs";
import { configOf, descendants, folder, hosted, outcome, reason, ric, routesOf, runs, said, searchPath, skipUnlessRoot, until, vanished, withHosted } from "./lib/hosted.mjs";

const broken = '{"message":"Internal Server Error"}', unavailable = '{"message":"Service Unavailable"}';
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const failed = (why) => `The Lambda function returned the following error: ${why}. Check your Lambda function code and try again.`;
const any = (own, process) => ({ f: hosted(ric("basic.any"), own, process) });
const pidOf = async (call, target = "/f") => (await call(target)).json().pid;

/* --- what a function is given --- */

test("event, context and environment are Lambda's, and nothing is inherited", async () => {
  const env = { OF_THE_DAEMON: "secret", AWS_PROFILE: "x", NODE_OPTIONS: "", AWS_SAM_LOCAL: "true" };
  const own = { environment: { TABLE: "pets", EMPTY: "" }, memorySize: 512, timeout: 5, credentials: "none" };
  await withHosted({ f: hosted(ric("basic.echo"), own) }, async ({ gateway, call }) => {
    const answer = await call("/f?a=1", { headers: { "user-agent": "test" } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "application/json");
    const { event, context, environment, directory, pid, arguments: given } = answer.json();
    assert.deepEqual([event.version, event.rawPath, event.queryStringParameters], ["2.0", "/f", { a: "1" }]);
    const { awsRequestId, remaining, logStreamName, ...others } = context;
    assert.match(awsRequestId, uuid);
    assert.ok(remaining > 3000 && remaining <= 5000, `${remaining} ms`);
    assert.match(logStreamName, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    assert.deepEqual(others, { functionName: "f", functionVersion: "$LATEST", memoryLimitInMB: "512", logGroupName: "/aws/lambda/f",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:f" });
    assert.deepEqual(given, ["basic.echo"]);
    assert.equal(directory, folder);
    assert.ok(descendants(gateway.child.pid).includes(pid));
    const expected = {
      TABLE: "pets", EMPTY: "", PATH: searchPath, AWS_LAMBDA_FUNCTION_NAME: "f", AWS_LAMBDA_FUNCTION_VERSION: "$LATEST", AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/f", AWS_LAMBDA_LOG_STREAM_NAME: logStreamName, AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-1", LAMBDA_TASK_ROOT: folder, TZ: ":UTC", PWD: folder,
      AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR", AWS_XRAY_DAEMON_ADDRESS: "127.0.0.1:2000",
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(environment[name], value, name);
    assert.match(environment.AWS_LAMBDA_RUNTIME_API, /^127\.0\.0\.1:\d+$/);
    assert.match(environment._X_AMZN_TRACE_ID, /^Root=1-/);
    assert.ok(environment.AWS_EXECUTION_ENV);
    const known = [...Object.keys(expected), "AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID", "AWS_EXECUTION_ENV", "_HANDLER", "LAMBDA_RUNTIME_DIR", "LANG", "SHLVL", "HOME",
      "LD_LIBRARY_PATH", "NODE_PATH", "PYTHONPATH", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL",
      "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "AWS_ENDPOINT_URL_LAMBDA", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "SSL_CERT_FILE",
      "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"];
    assert.deepEqual(Object.keys(environment).filter((name) => !known.includes(name)), []);
    const log = await reason(gateway, answer);
    assert.deepEqual([log.status, log.invoked, log.requestId, log.text], [200, "200", awsRequestId, "-"]);
  }, { env });
});

test("an alias is in the ARN, and each invocation has an id of its own", async () => {
  await withHosted(any(), async ({ call }) => {
    const [one, other] = [(await call("/live")).json(), (await call("/f")).json()];
    assert.equal(one.context.invokedFunctionArn, "arn:aws:lambda:us-east-1:123456789012:function:f:live");
    assert.equal(one.pid, other.pid);
    assert.deepEqual([one.nth, other.nth], [1, 2]);
    assert.notEqual(one.context.awsRequestId, other.context.awsRequestId);
  }, { routes: { "GET /live": "f:live" } });
});

test("no descriptor but the three is open", async () => {
  await withHosted({ f: hosted(["./bootstrap", "descriptors"]) }, async ({ call }) => {
    assert.equal((await call("/f")).text, "0 1 2 3"); // 3 is the directory that it lists
  });
});

test("the PATH that is there where none is written finds programs", async () => {
  await withHosted({ f: { process: { command: ["./bootstrap", "arguments"], workingDirectory: folder } } }, async ({ call }) => {
    assert.equal((await call("/f")).text, `f in ${folder}`);
  });
});

test("a directory is relative to the configuration, a program with a slash to the directory", async () => {
  const functions = { f: { process: { command: ["bin/run", "arguments"], workingDirectory: "code" } } };
  await withHosted({}, async ({ gateway, call }) => {
    gateway.write({ "code/bin/run": fs.readFileSync(path.join(folder, "bootstrap")), "api.json": routesOf(functions) });
    fs.chmodSync(path.join(gateway.directory, "code/bin/run"), 0o755);
    const reload = await gateway.reload(configOf(functions));
    assert.equal(reload.code, 0, reload.stderr);
    assert.equal((await call("/f")).text, `f in ${fs.realpathSync(gateway.directory)}/code`);
  });
});

/* --- what becomes of what it does --- */

test("results, failures and crashes: what the client gets, what the access log says", async () => {
  await withHosted(any({ timeout: 20 }), async ({ gateway, call }) => {
    for (const [target, status, text, why] of [
      ["nothing", 200, "null", "-"],
      ["withCallback", 200, "called back", "-"],
      ["throws", 500, broken, failed("the parrot is dead")],
      ["rejects", 500, broken, failed("it is resting")],
      ["throwsAtOnce", 500, broken, failed("before any promise")],
      ["rejectsUnseen", 500, broken, failed("Error: nobody looks")],
      ["exits&status=7", 500, broken, failed("RequestId: ID Error: Runtime exited with error: exit status 7")],
      ["exits&status=0", 500, broken, failed("RequestId: ID Error: Runtime exited without providing a reason")],
      ["isKilled", 500, broken, failed("RequestId: ID Error: Runtime exited with error: signal: killed")],
      ["isKilled&signal=SIGSEGV", 500, broken, failed("RequestId: ID Error: Runtime exited with error: signal: segmentation fault")],
      ["nothing", 200, "null", "-"],
    ]) {
      const answer = await call(`/f?do=${target}`);
      const log = await reason(gateway, answer);
      assert.deepEqual([answer.status, answer.text, log.text.replace(log.requestId, "ID")], [status, text, why], target);
      assert.equal(log.invoked, "200", target);
      assert.match(log.requestId, uuid);
    }
  });
});

test("a crash is one invocation's: the next gets a fresh process, at once", async () => {
  await withHosted(any(), async ({ call }) => {
    const pids = new Set();
    for (let i = 0; i < 10; i++) {
      const pid = await pidOf(call);
      assert.ok(!pids.has(pid));
      pids.add(pid);
      assert.equal((await call("/f?do=exits")).status, 500);
    }
    assert.ok(![...pids].some(runs));
  });
});

test("too long: the process goes with its group, the caller gets Lambda's words", async () => {
  await withHosted(any({ timeout: 1 }), async ({ gateway, call }) => {
    const late = failed("RequestId: ID Error: Task timed out after 1.00 seconds");
    for (const [target, pattern] of [["sleeps", /sleeping in (\d+)/], ["spins", /spinning in (\d+)/], ["leavesChild&wait", /left (\d+)/], ["leavesChild&apart&wait", /left (\d+)/]]) {
      const lines = gateway.lines.length, started = Date.now();
      const answer = await call(`/f?do=${target}`);
      const log = await reason(gateway, answer);
      assert.deepEqual([answer.status, answer.text, log.text.replace(log.requestId, "ID")], [500, broken, late], target);
      assert.ok(Date.now() - started >= 1000, target);
      const [, pid] = await said(gateway, "f", pattern, { from: lines });
      await vanished(Number(pid));
      assert.equal((await call("/f?do=nothing")).status, 200, target);
    }
  });
});

test("the integration's time is up: 503, and the function runs to its end in its place", async () => {
  await withHosted(any({ timeout: 20 }), async ({ gateway, call }) => {
    const pid = await pidOf(call);
    const answer = await call("/hasty?do=sleeps&ms=400&mark=slow");
    assert.deepEqual([answer.status, answer.text], [503, unavailable]);
    await said(gateway, "f", /sleeping in \d+ slow/);
    assert.equal(await pidOf(call), pid, "what waits for a process gets it when it is free");
  }, { routes: { "GET /hasty": { function: "f", timeoutInMillis: 100 } } });
});

test("a client that leaves: the function runs to its end", async () => {
  await withHosted(any({ timeout: 20 }), async ({ gateway, call }) => {
    const leaving = new AbortController();
    const given = call("/f?do=sleeps&ms=200&mark=alone", { signal: leaving.signal });
    const [, pid] = await said(gateway, "f", /sleeping in (\d+)/), [, id] = await said(gateway, "f", /START RequestId: (\S+)/);
    leaving.abort();
    await assert.rejects(given);
    await said(gateway, "f", new RegExp(`REPORT RequestId: ${id}`));
    assert.equal(await pidOf(call), Number(pid));
  });
});

test("6 MB and 100 bytes are an answer, one byte more is none", async () => {
  await withHosted(any({ timeout: 20 }), async ({ gateway, call }) => {
    const most = await call("/f?do=large&bytes=6291556");
    assert.deepEqual([most.status, most.text.length], [200, 6291554]);
    for (const bytes of [6291557, 7_000_000])
      assert.deepEqual(await outcome(gateway, `/f?do=large&bytes=${bytes}`), [500, failed("Response payload size exceeded maximum allowed payload size (6291556 bytes).")]);
    assert.equal((await call("/f?do=large&bytes=10")).text, "xxxxxxxx");
  });
});

test("what goes on behind the answer goes on, and the process is asked again", async () => {
  await withHosted(any(), async ({ gateway, call }) => {
    const { pid } = (await call("/f?do=worksOn")).json();
    await said(gateway, "f", /worked on/);
    const left = (await call("/f?do=leavesChild")).json();
    const [, child] = await said(gateway, "f", /left (\d+)/);
    assert.equal(left.pid, pid);
    assert.equal(await pidOf(call), pid, "who holds its output does not hold it up");
    assert.ok(runs(child));
    assert.equal((await call("/f?do=exits")).status, 500);
    await vanished(child);
  });
});

/* --- starts that fail --- */

test("a function that cannot be loaded: what it said is the answer's reason, and in the log", async () => {
  const functions = {
    throws: hosted(ric("import-throws.handler")), exits: hosted(ric("import-exits.handler"), { environment: { REPAIRED: "/nonexistent" } }),
    none: hosted(ric("basic.nobody")), hangs: hosted(ric("import-hangs.handler"), {}, { initTimeout: 1 }),
  };
  await withHosted(functions, async ({ gateway, call }) => {
    for (const [name, why, line] of [
      ["throws", "the table is not set", /cannot start.*no database is configured/],
      ["exits", "RequestId: ID Error: Runtime exited with error: exit status 3", /cannot start.*exit status 3.*cannot find the model.*second row/],
      ["none", "basic.nobody is undefined or not exported", /cannot start/],
      ["hangs", "RequestId: ID Error: Task timed out after 1.00 seconds", /cannot start.*hanging in (\d+)/],
    ]) {
      const answer = await call(`/${name}`), log = await reason(gateway, answer);
      assert.deepEqual([answer.status, answer.text, log.text.replace(log.requestId, "ID")], [500, broken, failed(why)], name);
      const [, pid] = await said(gateway, name, line);
      if (pid) await vanished(Number(pid));
    }
  });
});

test("a program that is not there, and one that is none", async () => {
  const directory = temporaryDirectory();
  const functions = { gone: hosted(["no-such-runtime"]), none: hosted([path.join(directory, "none")], {}, { workingDirectory: directory }) };
  try {
    fs.writeFileSync(path.join(directory, "none"), "neither a program nor a script", { mode: 0o755 });
    await withHosted(functions, async ({ gateway }) => {
      for (const [name, why] of [["gone", /fork\/exec.*No such file/], ["none", /fork\/exec.*Exec format error/]]) {
        const [status, text] = await outcome(gateway, `/${name}`);
        assert.equal(status, 500);
        assert.match(text, why);
        await said(gateway, name, /cannot start/);
      }
    });
  } finally { fs.rmSync(directory, { recursive: true }); }
});

test("starts that fail are tried ever less often; what is repaired runs again", async () => {
  const directory = temporaryDirectory(), repaired = path.join(directory, "repaired");
  try {
    await withHosted({ f: hosted(ric("import-exits.handler"), { environment: { REPAIRED: repaired } }) }, async ({ gateway, call }) => {
      for (let i = 0; i < 50; i++) assert.equal((await call("/f")).status, 500);
      const starts = gateway.lines.filter((line) => /cannot start/.test(line)).length;
      assert.ok(starts >= 2 && starts < 25, `${starts} starts for 50 invocations`);
      fs.writeFileSync(repaired, "");
      await until(async () => (await call("/f")).status === 200, "the function runs", { within: 30_000 });
    });
  } finally { fs.rmSync(directory, { recursive: true }); }
});

/* --- how many --- */

test("one invocation a process: others start as they are needed, up to `concurrency`", async () => {
  await withHosted(any({ timeout: 20, maxQueue: 1 }, { concurrency: 2 }), async ({ gateway, call }) => {
    const from = gateway.lines.length;
    const sleepers = ["a", "b", "c"].map((mark) => call(`/f?do=sleeps&ms=600&mark=${mark}`));
    await gateway.line(/sleeping in \d+ [abc]/, { from });
    await until(() => gateway.lines.filter((line) => /sleeping in/.test(line)).length === 2, "two of them run");
    const refused = await call("/f?do=sleeps&ms=1");
    assert.deepEqual([refused.status, refused.text], [503, unavailable]);
    const answers = (await Promise.all(sleepers)).map((answer) => answer.json());
    assert.equal(new Set(answers.map(({ pid }) => pid)).size, 2);
    assert.equal(gateway.lines.filter((line) => /loaded \d+/.test(line)).length, 2);
  });
});

test("calls one after the other stay with one process", async () => {
  await withHosted(any({}, { concurrency: 4 }), async ({ call }) => {
    const pids = new Set();
    for (let i = 0; i < 50; i++) pids.add(await pidOf(call));
    assert.equal(pids.size, 1);
  });
});

test("`minimum` are there before anybody calls, and are replaced when they go", async () => {
  await withHosted(any({}, { concurrency: 4, minimum: 2 }), async ({ gateway }) => {
    const loaded = () => gateway.lines.flatMap((line) => /loaded (\d+)/.exec(line)?.[1] ?? []).map(Number);
    await until(() => loaded().length === 2, "two are loaded");
    process.kill(loaded()[0], "SIGKILL");
    await until(() => loaded().length === 3, "another one is loaded");
    assert.ok(loaded().slice(1).every(runs));
  });
});

test("who is not called for `idleTimeout` ends, as far as `minimum` allows", async () => {
  await withHosted(any({ timeout: 20 }, { concurrency: 3, minimum: 1, idleTimeout: 0.3 }), async ({ gateway, call }) => {
    const answers = await Promise.all(["a", "b", "c"].map((mark) => call(`/f?do=sleeps&ms=300&mark=${mark}`)));
    const pids = answers.map((answer) => answer.json().pid);
    assert.equal(new Set(pids).size, 3);
    await until(() => pids.filter(runs).length === 1, "one is left");
    assert.equal(await pidOf(call), pids.find(runs));
    assert.ok(!gateway.lines.some((line) => /cannot start/.test(line)));
  });
});

/* --- reloads, the end --- */

test("a reload: what has changed gets fresh processes, what has not keeps its own, what is gone goes", async () => {
  const functions = { changed: hosted(ric("basic.any"), { environment: { COLOR: "red" } }), kept: hosted(ric("basic.any")), gone: hosted(ric("basic.any")), command: hosted(ric("basic.any")) };
  await withHosted(functions, async ({ gateway, call }) => {
    const before = {};
    for (const name of Object.keys(functions)) before[name] = await pidOf(call, `/${name}`);
    const { gone, ...rest } = functions;
    const now = { ...rest, changed: hosted(ric("basic.any"), { environment: { COLOR: "blue" } }), command: hosted(ric("basic.echo")) };
    gateway.write({ "api.json": routesOf(now) });
    const reload = await gateway.reload(configOf(now));
    assert.equal(reload.code, 0, reload.stderr);
    const changed = (await call("/changed")).json();
    assert.equal(changed.environment.COLOR, "blue");
    assert.deepEqual((await call("/command")).json().arguments, ["basic.echo"]);
    assert.equal(await pidOf(call, "/kept"), before.kept);
    assert.equal((await call("/gone")).status, 404);
    await vanished([before.changed, before.gone, before.command]);
    assert.ok(runs(before.kept));
  });
});

test("a reload while an invocation runs: it ends as it began", async () => {
  const own = { timeout: 20, environment: { COLOR: "red" } };
  await withHosted(any(own), async ({ gateway, call }) => {
    const running = call("/f?do=sleeps&ms=800&mark=long");
    const [, pid] = await said(gateway, "f", /sleeping in (\d+) long/);
    const now = any({ ...own, environment: { COLOR: "blue" } });
    assert.equal((await gateway.reload(configOf(now))).code, 0);
    assert.ok(runs(pid));
    assert.equal((await call("/f")).json().environment.COLOR, "blue");
    assert.deepEqual((await running).json(), { pid: Number(pid), mark: "long" });
    await vanished(pid);
  });
});

test("a reload that fails leaves the processes alone", async () => {
  await withHosted(any(), async ({ gateway, call }) => {
    const pid = await pidOf(call);
    assert.equal((await gateway.reload(configOf({ f: { process: { command: [] } } }))).code, 78);
    assert.equal(await pidOf(call), pid);
  });
});

test("a drain: invocations under way are answered, then all processes end", async () => {
  await withHosted(any({ timeout: 20 }, { concurrency: 3, minimum: 2 }), async ({ gateway, call }) => {
    const running = call("/f?do=sleeps&ms=700&mark=last");
    const [, pid] = await said(gateway, "f", /sleeping in (\d+) last/);
    const all = descendants(gateway.child.pid);
    gateway.child.kill("SIGTERM");
    assert.deepEqual((await running).json(), { pid: Number(pid), mark: "last" });
    assert.deepEqual(await gateway.ended, { code: 0, signal: null });
    await vanished(all, { within: 1000 });
  });
});

test("a drain does not wait for a function that is idle, nor for one that never ends", async () => {
  await withHosted(any({ timeout: 900 }), async ({ gateway, call }) => {
    const running = call("/f?do=sleeps").catch(() => null);
    const [, pid] = await said(gateway, "f", /sleeping in (\d+)/);
    gateway.child.kill("SIGTERM");
    await gateway.ended;
    await running;
    assert.equal(gateway.exited.code, 0);
    await vanished(Number(pid), { within: 1000 });
  }, { config: { shutdown: { delay: 0, drainTimeout: 1 } } });
});

test("kill -9 of the gateway: within a second nothing of its functions is left", async () => {
  await withHosted(any({ timeout: 20 }, { concurrency: 4 }), async ({ gateway, call }) => {
    const pending = [call("/f?do=sleeps").catch(() => null), call("/f?do=spins").catch(() => null), call("/f?do=leavesChild&wait").catch(() => null), call("/f?do=leavesChild&apart&wait").catch(() => null)];
    await until(() => gateway.lines.filter((line) => /sleeping in|spinning in|left \d/.test(line)).length === 4, "all four run");
    const all = descendants(gateway.child.pid);
    assert.ok(all.length >= 7, `${all.length} processes`); // the keeper, four workers, two children
    gateway.child.kill("SIGKILL");
    await gateway.ended;
    await vanished(all, { within: 1000 });
    await Promise.all(pending);
  });
});

test("a keeper that is killed: invocations under way fail, later ones do not", async () => {
  await withHosted(any({ timeout: 20 }), async ({ gateway, call }) => {
    const pid = await pidOf(call);
    const keeper = descendants(gateway.child.pid)[0];
    const running = call("/f?do=sleeps");
    await said(gateway, "f", /sleeping in/);
    process.kill(keeper, "SIGKILL");
    assert.equal((await running).status, 500);
    await vanished(pid);
    await until(async () => (await call("/f")).status === 200, "the function runs");
  });
});

/* --- logs --- */

test("lines in the log: START, what the function wrote, END, REPORT, by function and request id", async () => {
  await withHosted({ f: hosted(ric("basic.logs")) }, async ({ gateway, call }) => {
    const from = gateway.lines.length, answer = await call("/f");
    assert.equal(answer.text, "logged");
    const { requestId } = await reason(gateway, answer);
    await said(gateway, "f", /REPORT/, { from });
    const lines = gateway.lines.slice(from).filter((line) => line.includes(requestId));
    const order = [`START RequestId: ${requestId} Version: $LATEST`, "first line", "second line", "no end of line", `END RequestId: ${requestId}`, `REPORT RequestId: ${requestId}`];
    const places = order.map((text) => lines.findIndex((line) => line.includes(text)));
    assert.ok(!places.includes(-1), lines.join("\n"));
    assert.ok(places[0] === 0 && places[4] > places[1] && places[5] === places[4] + 1, lines.join("\n"));
    assert.match(lines.at(-1), /Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms/);
    assert.ok(lines.every((line) => /\bf\b/.test(line)));
    await call("/f");
    const second = await gateway.line(/REPORT/, { from: gateway.lines.findIndex((line) => line.includes("REPORT")) + 1 });
    assert.doesNotMatch(second, /Init Duration/);
  });
});

test("log lines as JSON have function and request id as members", async () => {
  await withHosted({ f: hosted(ric("basic.logs")) }, async ({ gateway, call }) => {
    const answer = await call("/f");
    const line = JSON.parse(await gateway.line(/first line/)), { requestId } = await reason(gateway, answer);
    assert.equal(line.function, "f");
    assert.equal(line.requestId, requestId);
    assert.match(line.message, /first line/);
  }, { config: { log: { level: "info", format: "json" } } });
});

test("of a timeout and a crash REPORT tells", async () => {
  await withHosted(any({ timeout: 1 }), async ({ gateway, call }) => {
    await call("/f?do=sleeps");
    await said(gateway, "f", /Task timed out after 1\.00 seconds/);
    await said(gateway, "f", /REPORT RequestId: \S+\tDuration: 1\d\d\d\.\d\d ms.*Status: timeout/);
    await call("/f?do=exits");
    await said(gateway, "f", /REPORT RequestId: .*Status: error\tError Type: Runtime\.ExitError/);
  });
});

test("metrics: how many processes there are, and how starting them went", async () => {
  const functions = { f: hosted(ric("basic.any"), {}, { concurrency: 2, idleTimeout: 0.3 }), broken: hosted(ric("import-throws.handler")) };
  await withHosted(functions, async ({ gateway, call }) => {
    const value = async (name, labels) => readMetrics(await gateway.metrics()).get(name)?.series.find((one) => Object.entries(labels).every(([label, wanted]) => one.labels[label] === wanted))?.value;
    await Promise.all(["a", "b"].map((mark) => call(`/f?do=sleeps&ms=200&mark=${mark}`)));
    assert.equal(await value("turnpike_function_processes", { function: "f" }), 2);
    assert.equal(await value("turnpike_function_starts_total", { function: "f", result: "ok" }), 2);
    await call("/broken");
    assert.equal(await value("turnpike_function_starts_total", { function: "broken", result: "error" }), 1);
    await until(async () => (await value("turnpike_function_processes", { function: "f" })) === 0, "none is left");
  });
});

/* --- limits, users, keys --- */

test("memorySize holds where it is written, and Node lives with it", async () => {
  await withHosted({ small: hosted(["./runtime.py"], { memorySize: 128 }), free: hosted(["./runtime.py"]), node: hosted(ric("basic.echo"), { memorySize: 256 }) }, async ({ gateway, call }) => {
    assert.deepEqual((await call("/small?allocate=1000000")).json(), { allocated: 1_000_000 });
    assert.equal((await outcome(gateway, "/small?allocate=300000000"))[0], 500);
    assert.equal((await call("/small?allocate=1000")).status, 200);
    assert.deepEqual((await call("/free?allocate=300000000")).json(), { allocated: 300_000_000 });
    const { context, environment } = (await call("/node")).json();
    assert.deepEqual([context.memoryLimitInMB, environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE], ["256", "256"]);
  });
});

test("a user of its own: the process is nobody's else", skipUnlessRoot, async () => {
  await withHosted({ own: hosted(["/usr/bin/env", "node", "node_modules/.bin/aws-lambda-ric", "basic.any"], {}, { user: "nobody" }), shared: hosted(ric("basic.any")) }, async ({ gateway, call }) => {
    const { uid, pid } = (await call("/own")).json();
    assert.notEqual(uid, 0);
    assert.match(fs.readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^Uid:(\\s+${uid}){4}$`, "m"));
    assert.match(fs.readFileSync(`/proc/${pid}/status`, "utf8"), /^Groups:\s+(65534\s*)?$/m);
    assert.equal((await call("/shared")).json().uid, 0);
    await gateway.line(/warning.*shared.*user/);
    assert.equal((await call("/own?do=exits")).status, 500, "it can be waited for");
    const sleeping = call("/own?do=sleeps&ms=30000").catch(() => null);
    const [, late] = await said(gateway, "own", /sleeping in (\d+)/);
    assert.equal((await sleeping).status, 500);
    await vanished(late);
  });
});

const keyOf = ({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN }) => [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN];

test("credentials: the gateway's own for each process, the operator's where that is written, or none", async () => {
  const env = { AWS_ACCESS_KEY_ID: "AKIDOPERATOR", AWS_SECRET_ACCESS_KEY: "operators-secret-key", AWS_SESSION_TOKEN: "operators-token" };
  const functions = { gateway: hosted(ric("basic.any")), inherit: hosted(ric("basic.any"), { credentials: "inherit" }), none: hosted(ric("basic.any"), { credentials: "none" }) };
  await withHosted(functions, async ({ gateway, call }) => {
    const keys = {};
    for (const name of Object.keys(functions)) keys[name] = keyOf((await call(`/${name}`)).json().environment);
    assert.deepEqual(keys.inherit, Object.values(env));
    assert.deepEqual(keys.none, [undefined, undefined, undefined]);
    assert.ok(keys.gateway.every((part, i) => part?.length >= 16 && part !== Object.values(env)[i]), JSON.stringify(keys.gateway));
    await call("/gateway?do=exits");
    const next = keyOf((await call("/gateway")).json().environment);
    assert.ok(next.every((part, i) => part !== keys.gateway[i]), "a key dies with its process");
    for (const secret of [...keys.gateway.slice(1), ...next.slice(1), ...Object.values(env).slice(1)])
      assert.ok(![...gateway.lines, ...gateway.stdout, await gateway.metrics()].some((text) => text.includes(secret)), "a secret is shown");
  }, { env });
});

/* --- @connections from a function --- */

const chatDefinition = { protocolType: "WEBSOCKET", name: "chat", routeSelectionExpression: "$request.body.action",
  integrations: { room: { integrationType: "AWS_PROXY", integrationUri: "chat" } },
  routes: { $connect: { integration: "room" }, $disconnect: { integration: "room" }, $default: { integration: "room", routeResponse: {} } } };

// Runs `fn(gateway, ask)` with a client of the function `chat`: ask(message) gives what comes back.
async function withChatFunction(own, fn, { env = {}, config = {} } = {}) {
  const directory = temporaryDirectory();
  const read = (name) => fs.readFileSync(path.join(directory, name));
  const tls = makeCertificate(directory, "tls");
  const gateway = await startGateway({
    env, files: { "chat.json": chatDefinition, "tls.pem": read(tls.certificate), "tls-key.pem": read(tls.privateKey) },
    config: ({ port, tlsPort }) => ({
      log: { level: "info" }, trustedCertificates: "tls.pem", executeApi: { publicEndpoint: `localhost:${tlsPort}` },
      listeners: [{ name: "local", address: "127.0.0.1", port }, { name: "secure", address: "127.0.0.1", port: tlsPort, tls: { certificate: "tls.pem", privateKey: "tls-key.pem" } }],
      apis: [{ apiId: "chat", definition: "chat.json", stages: [{ stageName: "prod" }] }],
      functions: { chat: hosted(ric("sdk.chat"), { timeout: 10, ...own }) }, ...config,
    }),
  });
  try {
    const client = await openWebSocket(gateway, "/prod");
    await fn(gateway, async (message, count) => {
      client.send(message);
      const texts = [];
      while (texts.length < count) texts.push(await client.text());
      return texts;
    });
    client.terminate();
  } finally {
    await gateway.stop();
    fs.rmSync(directory, { recursive: true });
  }
}

test("credentials of the gateway: an SDK client as it comes posts to a connection, by event and by environment", async () => {
  await withChatFunction({}, async (gateway, ask) => {
    assert.deepEqual(await ask({ text: "one" }, 2), ["said one", '{"sourceIp":"127.0.0.1"}']);
    assert.deepEqual(await ask({ text: "two", from: "environment" }, 2), ["said two", '{"sourceIp":"127.0.0.1"}']);
  });
});

const operator = { AWS_ACCESS_KEY_ID: "AKIDOPERATOR", AWS_SECRET_ACCESS_KEY: "operators-secret-key" };

test("credentials that are inherited count where the configuration knows them, none count nowhere", async () => {
  const credentials = [{ accessKeyId: operator.AWS_ACCESS_KEY_ID, secretAccessKey: operator.AWS_SECRET_ACCESS_KEY }];
  await withChatFunction({ credentials: "inherit" }, async (gateway, ask) => {
    assert.deepEqual(await ask({ text: "one" }, 2), ["said one", '{"sourceIp":"127.0.0.1"}']);
  }, { env: operator, config: { credentials } });
  await withChatFunction({ credentials: "inherit" }, async (gateway, ask) => {
    assert.equal(JSON.parse((await ask({ text: "one" }, 1))[0]).status, 403);
  }, { env: operator });
  await withChatFunction({ credentials: "none" }, async (gateway, ask) => {
    assert.equal(JSON.parse((await ask({ text: "one" }, 1))[0]).name, "CredentialsProviderError");
  }, { env: operator });
});

/* --- changed code --- */

test("watch: changed code is picked up between invocations, in folders too", async () => {
  const code = (word) => `import { other } from "./lib/other.mjs";\nexport const handler = async (event) => {\n  if (event.queryStringParameters) { console.log("running"); await new Promise((done) => setTimeout(done, 500)); }\n  return { word: ${JSON.stringify(word)}, other, pid: process.pid };\n};\n`;
  const functions = { f: { ...hosted([path.join(folder, "node_modules/.bin/aws-lambda-ric"), "index.handler"], { timeout: 20 }, { watch: true }) } };
  functions.f.process.workingDirectory = "code";
  await withHosted(functions, async ({ gateway, call }) => {
    const first = (await call("/f")).json();
    assert.deepEqual([first.word, first.other], ["old", 1]);
    const running = call("/f?slow");
    await said(gateway, "f", /running/);
    gateway.write({ "code/index.mjs": code("new") });
    await said(gateway, "f", /code has changed/);
    assert.equal((await running).json().pid, first.pid, "what runs is not disturbed");
    await until(async () => (await call("/f")).json().word === "new", "the new code answers");
    await vanished(first.pid);
    gateway.write({ "code/lib/other.mjs": "export const other = 2;\n" });
    await until(async () => (await call("/f")).json().other === 2, "the folder's new code answers");
  }, { files: { "code/index.mjs": code("old"), "code/lib/other.mjs": "export const other = 1;\n" } });
});

test("without watch, code is what it was when the process started", async () => {
  const functions = { f: hosted([path.join(folder, "node_modules/.bin/aws-lambda-ric"), "index.handler"], {}, { workingDirectory: "code" }) };
  await withHosted(functions, async ({ gateway, call }) => {
    assert.equal((await call("/f")).text, "old");
    gateway.write({ "code/index.mjs": 'export const handler = async () => "new";' });
    for (let i = 0; i < 20; i++) assert.equal((await call("/f")).text, "old");
  }, { files: { "code/index.mjs": 'export const handler = async () => "old";' } });
});

/* --- traces --- */

const root = "1-3152b799-8954dae64eda91bc9a23a7e8", parent = "7fa8c0f79203be72";

test("X-Amzn-Trace-Id: in, through, and not out", async () => {
  await withHosted(any(), async ({ call }) => {
    const given = async (sent) => {
      const answer = await call("/f", { headers: sent === undefined ? {} : { "X-Amzn-Trace-Id": sent } });
      assert.equal(answer.headers["x-amzn-trace-id"], undefined, "HTTP APIs send none");
      const { event, environment } = answer.json();
      return { seen: event.headers["x-amzn-trace-id"], told: environment._X_AMZN_TRACE_ID };
    };
    const whole = /^Root=(1-[0-9a-f]{8}-[0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])/;
    for (const [sent, expected] of [
      [`Root=${root};Parent=${parent};Sampled=1`, [root, parent, "1"]],
      [`Root=${root};Parent=${parent};Sampled=0`, [root, parent, "0"]],
      [`sampled=1; parent=${parent}; root=${root}`, [root, parent, "1"]],
      [`Root=${root}`, [root, null, null]],
      [`Root=${root};Sampled=1`, [root, null, "1"]],
      [`Root=${root};Parent=${parent};Sampled=1;Lineage=a87bd80c:0|68fd508a:5`, [root, parent, "1"]],
    ]) {
      const { seen, told } = await given(sent), found = whole.exec(told);
      assert.ok(found, `${sent}: ${told}`);
      expected.forEach((value, i) => { if (value !== null) assert.equal(found[i + 1], value, sent); });
      assert.ok(seen.includes(root), sent);
      if (expected[1] === null) assert.notEqual(found[2], parent);
      if (sent.includes("Lineage")) assert.match(told, /;Lineage=a87bd80c:0\|68fd508a:5/);
    }
    const roots = new Set();
    for (const sent of [undefined, "", "nonsense", "Root=2-1-1", `Root=1-${"0".repeat(8)}`, `Parent=${parent};Sampled=1`, "Root=1-xxxxxxxx-8954dae64eda91bc9a23a7e8", "x".repeat(3000)]) {
      const { seen, told } = await given(sent), found = whole.exec(told);
      assert.ok(found, `${sent}: ${told}`);
      assert.ok(Math.abs(parseInt(found[1].slice(2, 10), 16) - Date.now() / 1000) < 60, "the root has the time");
      assert.ok(seen.includes(found[1]), `event and environment have one root: ${seen} ${told}`);
      assert.notEqual(found[2], parent);
      roots.add(found[1]);
    }
    assert.equal(roots.size, 8);
  });
});
