// Workers that break the Runtime API's rules: each harms its own invocation at most.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import fs from "node:fs";
import { test } from "./lib/bounded.mjs";
import { temporaryDirectory } from "./lib/gateway.mjs";
import { compileFunction, descendants, hosted, hostile, runs, said, skipUnlessRoot, until, vanished, withHosted } from "./lib/hosted.mjs";
import { openDescriptors, processorSeconds, residentKib } from "./lib/process.mjs";

let directory, program;
before(() => { directory = temporaryDirectory(); program = compileFunction(directory); });
after(() => fs.rmSync(directory, { recursive: true, force: true }));

// Beside the hostile function there is one that is none.
const functions = (own = {}, process = {}, start = "none") => ({ bad: hosted(hostile(start), { timeout: 10, ...own }, process), good: hosted([program], { timeout: 10 }) });

// Whatever happened, both functions answer, and nothing is left over.
async function assertSound(gateway, call) {
  assert.equal((await call("/good?n=1")).json().queryStringParameters.n, "1");
  assert.ok((await call("/bad?mode=good")).json().good > 0);
  assert.ok(!gateway.exited);
}

// What the worker saw: all `saw …` of the log, from there on.
const seen = (gateway, from) => gateway.lines.slice(from).flatMap((line) => /\bsaw (.*) \[function=/.exec(line)?.[1] ?? []).map((text) => JSON.parse(text));

const wrongId = { status: 400, type: "InvalidRequestID" }, wrongState = { status: 403, type: "InvalidStateTransition" };
const okay = { status: 202 };

// mode: what it does; answer: status and text that its caller gets (text null: whatever);
// saw: what the worker is answered.
for (const { mode, status = 200, text = null, saw, query = "" } of [
  { mode: "twice", text: '{"answer":1}', saw: [wrongState] },
  { mode: "errorAfterAnswer", text: '{"answer":1}', saw: [wrongState] },
  { mode: "madeUp", text: '{"own":true}', saw: [wrongId, wrongId, wrongId, wrongId, wrongId] },
  { mode: "truncated", status: 500 },
  { mode: "truncatedThenWhole", text: "whole", saw: [okay] },
  { mode: "nextMeanwhile", text: "answered", saw: [403] },
  { mode: "largeHeader", status: 500, saw: [okay] },
  { mode: "hugeHeader", text: "still here", saw: [431] },
  { mode: "otherPaths", text: "still here", saw: [404, 404, 404, 202, 404, 404] },
  { mode: "initErrorTooLate", text: "still here", saw: [wrongState] },
  { mode: "wrongMode", text: "still here", saw: [{ status: 400, type: "InvalidFunctionResponseMode" }] },
  { mode: "announced", text: "go", saw: [okay] },
  { mode: "brokenStream", status: 500, saw: [okay] },
  { mode: "mute" },
])
  test(`a worker: ${mode}`, async () => {
    await withHosted(functions(), async ({ gateway, call }) => {
      await assertSound(gateway, call);
      const from = gateway.lines.length;
      const answer = await call(`/bad?mode=${mode}${query}`);
      assert.equal(answer.status, status);
      if (text !== null) assert.equal(answer.text, text);
      if (saw) await until(() => seen(gateway, from).length >= saw.length, "the worker has seen its answers");
      if (saw) assert.deepEqual(seen(gateway, from), saw);
      await assertSound(gateway, call);
    });
  });

test("garbage on its connections: each is refused, the invocation goes on", async () => {
  await withHosted(functions(), async ({ gateway, call }) => {
    const from = gateway.lines.length;
    assert.equal((await call("/bad?mode=garbage")).text, "still here");
    await until(() => seen(gateway, from).length === 6, "the worker has seen its answers");
    for (const status of seen(gateway, from)) assert.ok(status === null || (status >= 400 && status <= 505), `${status}`);
    await assertSound(gateway, call);
  });
});

for (const [start, saw] of [["early", wrongState], ["nextTwice", 403]])
  test(`a worker that starts with: ${start}`, async () => {
    await withHosted(functions({}, { minimum: 1 }, start), async ({ gateway, call }) => {
      if (start === "leavesNext") await said(gateway, "bad", /left/);
      await assertSound(gateway, call);
      await until(() => seen(gateway, 0).length > 0, "the worker has seen its answers");
      assert.deepEqual(seen(gateway, 0), [saw]);
      await assertSound(gateway, call);
    });
  });

test("a worker that loses the connection on which it asks, and asks anew", async () => {
  await withHosted(functions({}, { minimum: 1 }, "leavesNext"), async ({ gateway, call }) => {
    await said(gateway, "bad", /left/);
    await assertSound(gateway, call);
    assert.equal(gateway.lines.filter((line) => /left/.test(line)).length, 1, "it is the same process");
  });
});

test("a worker that asks and goes away before it has an answer", async () => {
  await withHosted(functions({ timeout: 1 }, { minimum: 1, initTimeout: 1 }, "vanishes"), async ({ gateway, call }) => {
    for (let i = 0; i < 3; i++) {
      await said(gateway, "bad", /vanished/, { from: gateway.lines.length });
      assert.equal((await call("/bad")).status, 500);
      assert.equal((await call("/good?n=1")).status, 200);
    }
    assert.ok(!gateway.exited);
  });
});

test("another's request id, and one that is over: 400, and whose it is hears nothing of it", async () => {
  await withHosted(functions({}, { concurrency: 2 }), async ({ gateway, call }) => {
    const waiting = call("/bad?mode=silence").catch(() => null);
    const [, id] = await said(gateway, "bad", /START RequestId: (\S+)/);
    assert.equal((await call(`/bad?mode=foreign&id=${id}`)).text, '{"own":true}');
    assert.equal((await call("/bad?mode=finished")).text, '{"own":true}');
    await until(() => seen(gateway, 0).length === 2, "the workers have seen their answers");
    assert.deepEqual(seen(gateway, 0), [wrongId, wrongId]);
    assert.equal((await waiting).status, 500, "its own timeout");
  });
});

// The gateway's memory may not grow by more than this, in KiB.
const SPARE = 32 * 1024;

for (const mode of ["hugeByLength", "hugeInChunks"])
  test(`10 GB of answer: ${mode}`, async () => {
    await withHosted(functions(), async ({ gateway, call }) => {
      await assertSound(gateway, call);
      const before = residentKib(gateway.child.pid), from = gateway.lines.length;
      assert.equal((await call(`/bad?mode=${mode}`)).status, 500);
      assert.equal((await call("/good?n=1")).status, 200);
      await until(() => seen(gateway, from).length > 0, "the worker is through");
      assert.ok(seen(gateway, from)[0].poured < 2 ** 30, JSON.stringify(seen(gateway, from)));
      await assertSound(gateway, call);
      const after = residentKib(gateway.child.pid);
      if (before !== null) assert.ok(after - before < SPARE, `${before} KiB have become ${after} KiB`);
    });
  });

test("a head that never ends, an answer that never comes: the timeout's matter", async () => {
  await withHosted(functions({ timeout: 1 }, { concurrency: 2 }), async ({ gateway, call }) => {
    for (const mode of ["slowHead", "silence"]) {
      const answers = [call(`/bad?mode=${mode}`), call("/good?n=1"), call("/bad?mode=good")];
      const [bad, good, other] = await Promise.all(answers);
      assert.deepEqual([bad.status, good.status, other.status], [500, 200, 200], mode);
      await assertSound(gateway, call);
    }
  });
});

test("a thousand connections", async () => {
  await withHosted(functions(), async ({ gateway, call }) => {
    await assertSound(gateway, call);
    const before = openDescriptors(gateway.child.pid);
    assert.equal((await call("/bad?mode=thousand")).text, "still here");
    assert.ok(openDescriptors(gateway.child.pid) - before < 64);
    await assertSound(gateway, call);
  });
});

test("a flood on stderr: the log has a bound, and others do not wait", async () => {
  await withHosted(functions({ timeout: 30 }), async ({ gateway, call }) => {
    await assertSound(gateway, call);
    const before = residentKib(gateway.child.pid);
    const flood = call(`/bad?mode=flood&bytes=${8 * 2 ** 20}`);
    await gateway.line(/flood flood/);
    let slowest = 0, over = false;
    flood.then(() => (over = true));
    while (!over) {
      const started = performance.now();
      assert.equal((await call("/good?n=1")).status, 200);
      slowest = Math.max(slowest, performance.now() - started);
    }
    assert.equal((await flood).text, "flooded");
    assert.ok(slowest < 500, `${slowest} ms`);
    const after = residentKib(gateway.child.pid);
    if (before !== null) assert.ok(after - before < SPARE, `${before} KiB have become ${after} KiB`);
    await assertSound(gateway, call);
  });
});

test("one line without an end, and lines that look like ours or like a terminal's", async () => {
  await withHosted(functions({ timeout: 30 }), async ({ gateway, call }) => {
    const before = (await assertSound(gateway, call), residentKib(gateway.child.pid));
    assert.equal((await call(`/bad?mode=oneLine&bytes=${4 * 2 ** 20}`)).text, "one line");
    const after = residentKib(gateway.child.pid);
    if (before !== null) assert.ok(after - before < SPARE, `${before} KiB have become ${after} KiB`);
    const from = gateway.lines.length;
    assert.equal((await call("/bad?mode=binaryLines")).text, "written");
    await said(gateway, "bad", /REPORT/, { from });
    const lines = gateway.lines.slice(from);
    assert.ok(lines.every((line) => !/[\u0000-\u0008\u000b-\u001f]/.test(line)), JSON.stringify(lines));
    assert.ok(lines.filter((line) => line.includes("START RequestId: forged")).every((line) => /\bbad\b/.test(line)));
    await assertSound(gateway, call);
  });
});

test("SIGTERM is not heard: an idle process ends all the same, and does not hold up a drain", async () => {
  await withHosted(functions({}, { idleTimeout: 0.2 }), async ({ gateway, call }) => {
    const { pid } = (await call("/bad?mode=deaf")).json();
    await said(gateway, "bad", /saw "SIGTERM"/);
    await vanished(pid, { within: 5000 });
    await assertSound(gateway, call);
  });
  await withHosted(functions(), async ({ gateway, call }) => {
    const { pid } = (await call("/bad?mode=deaf")).json();
    const started = Date.now();
    gateway.child.kill("SIGTERM");
    await gateway.ended;
    assert.ok(Date.now() - started < 4000);
    assert.equal(gateway.exited.code, 0);
    await vanished(pid, { within: 1000 });
  });
});

test("a daemon in a session of its own goes with the process that started it", async () => {
  await withHosted(functions({ timeout: 1 }), async ({ gateway, call }) => {
    for (const [then, status] of [["crash", 500], ["sleep", 500]]) {
      const from = gateway.lines.length;
      const answer = call(`/bad?mode=daemonizes&then=${then}`);
      const [, daemon] = await said(gateway, "bad", /daemon (\d+)/, { from });
      assert.equal((await answer).status, status);
      await vanished(daemon);
      await assertSound(gateway, call);
    }
  });
});

test("kill -9 of the gateway: a daemon in a session of its own, and who hears no SIGTERM, are gone within a second", async () => {
  await withHosted(functions({}, { concurrency: 2 }), async ({ gateway, call }) => {
    const { pid } = (await call("/bad?mode=daemonizes&then=answer")).json();
    const [, daemon] = await said(gateway, "bad", /daemon (\d+)/);
    assert.ok(runs(pid) && runs(daemon));
    const all = [...descendants(gateway.child.pid), Number(daemon)];
    gateway.child.kill("SIGKILL");
    await gateway.ended;
    await vanished(all, { within: 1000 });
  });
});

test("another user's process at its port is turned away", skipUnlessRoot, async () => {
  const all = { ...functions({}, { concurrency: 2 }), intruder: hosted(["/usr/bin/env", ...hostile()], {}, { user: "nobody" }) };
  await withHosted(all, async ({ gateway, call }) => {
    const { port } = (await call("/bad?mode=port")).json();
    const { uid, got } = (await call(`/intruder?mode=intrudes&port=${port}`)).json();
    assert.notEqual(uid, 0);
    assert.equal(got, null, "no answer");
    await said(gateway, "bad", /another user/);
    await assertSound(gateway, call);
  });
});

test("a crowd of another user's connections: the worker's own do not wait behind them", skipUnlessRoot, async () => {
  const all = { ...functions(), intruder: hosted(["/usr/bin/env", ...hostile()], { timeout: 10 }, { user: "nobody" }) };
  await withHosted(all, async ({ gateway, call }) => {
    const { port } = (await call("/bad?mode=port")).json();
    assert.equal((await call(`/intruder?mode=crowds&count=640&port=${port}`)).text, "crowded");
    const started = performance.now();
    assert.equal((await call("/bad?mode=otherPaths")).text, "still here");
    const waited = performance.now() - started;
    assert.ok(waited < 3000, `${waited} ms`);
    const told = gateway.lines.filter((line) => /another user|the peer's/.test(line)).length;
    assert.ok(told >= 1 && told < 10, `${told} lines tell of it`);
    await assertSound(gateway, call);
  });
});

test("all of it at once: others are answered, and the processor has rest when it is over", async () => {
  const modes = ["twice", "madeUp", "truncated", "hugeByLength", "hugeInChunks", "nextMeanwhile", "thousand", "garbage", "hugeHeader", "brokenStream", "mute", "daemonizes&then=crash", "flood&bytes=1000000", "good"];
  await withHosted(functions({ timeout: 5 }, { concurrency: 8 }), async ({ gateway, call }) => {
    await Promise.all(modes.flatMap((mode) => [call(`/bad?mode=${mode}`), call(`/bad?mode=${mode}`), call("/good?n=1").then((answer) => assert.equal(answer.status, 200))]));
    await assertSound(gateway, call);
    await gateway.quiet();
    const spent = processorSeconds(gateway.child.pid);
    await call("/bad?mode=good");
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(processorSeconds(gateway.child.pid) - spent < 0.2);
  });
});
