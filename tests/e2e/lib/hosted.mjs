// Functions that the gateway hosts itself: those of functions/, and what is seen of their processes.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { startGateway } from "./gateway.mjs";
import { definition } from "./lambda.mjs";
import { get } from "./process.mjs";

export const folder = path.resolve(import.meta.dirname, "../functions");
export const isRoot = process.getuid() === 0;

// What `nobody` cannot reach (a checkout below /root, say) runs as nobody else.
const isReached = () => spawnSync(process.execPath, ["-e", `require("fs").accessSync(${JSON.stringify(path.join(folder, "basic.mjs"))})`], { uid: 65534, gid: 65534 }).status === 0;

export const skipUnlessRoot = !isRoot ? { skip: "only root starts processes as another user" }
  : !isReached() ? { skip: "another user reaches neither Node nor the functions here" } : {};
export const skipWithoutPython = fs.existsSync("/usr/bin/python3") ? {} : { skip: "there is no /usr/bin/python3" };

// Where the Node is that runs the tests: the system's own may be too old.
export const searchPath = `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;

// A handler of functions/ on the Node runtime, as a user would write the command.
export const ric = (handler) => ["node_modules/.bin/aws-lambda-ric", handler];
export const hostile = (start = "none") => ["node", "hostile.mjs", start];

// A function's configuration. own: its keys beside those of its process.
export const hosted = (command, { environment = {}, ...own } = {}, process = {}) =>
  ({ process: { command, workingDirectory: folder, ...process }, environment: { PATH: searchPath, ...environment }, ...own });

const accessLog = { destination: "stdout", format: "$context.requestId $context.status $context.integration.integrationStatus $context.integration.requestId $context.integrationErrorMessage" };
export const stages = [{ stageName: "$default", accessLogSettings: accessLog }];

// The rest of a configuration whose routes `ANY /NAME` lead to the functions.
export const configOf = (functions, more = {}) => ({
  accountId: "123456789012", log: { level: "info" }, functions,
  apis: [{ apiId: "test", protocolType: "HTTP", definition: "api.json", stages }], ...more,
});
export const routesOf = (functions, more = {}) => definition({ ...Object.fromEntries(Object.keys(functions).map((name) => [`ANY /${name}`, name])), ...more });

// One answer; json() of its body.
export async function call(gateway, target, options) {
  const answer = await get(gateway.port, target, options);
  return { ...answer, json: () => JSON.parse(answer.text) };
}

// Runs `fn({ gateway, call, functions })` with a gateway that hosts them. routes: more of them ("GET /x":
// function); config, files: likewise.
export async function withHosted(functions, fn, { routes = {}, config = {}, files = {}, ...options } = {}) {
  const gateway = await startGateway({ config: configOf(functions, config), files: { "api.json": routesOf(functions, routes), ...files }, ...options });
  try {
    await fn({ gateway, functions, call: (target, more) => call(gateway, target, more) });
  } finally { await gateway.stop(gateway.exited ? "SIGKILL" : "SIGTERM"); }
}

// What the access log says of an answer.
export async function reason(gateway, answer) {
  const id = answer.headers["apigw-requestid"];
  const line = await gateway.line({ test: (one) => one.startsWith(`${id} `) }, { list: gateway.stdout });
  const [, status, invoked, requestId, ...rest] = line.split(" ");
  return { status: Number(status), invoked, requestId, text: rest.join(" ") };
}

// Asks and gives [status, why] of the answer.
export async function outcome(gateway, target) {
  const answer = await call(gateway, target);
  return [answer.status, (await reason(gateway, answer)).text];
}

// Waits for a line that a function wrote (or was written of it), and gives what the pattern finds in it.
export async function said(gateway, name, pattern, options) {
  const line = await gateway.line(new RegExp(`^(?=.*(\\[function=${name}[ \\]]|function '${name}')).*(?:${pattern.source})`), options);
  return pattern.exec(line);
}

// A process that runs, zombies excepted.
export function runs(pid) {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

// The one place where time passes: asks every few milliseconds until it is true, and fails when the time
// is up.
export async function until(condition, what, { within = 10_000 } = {}) {
  const end = Date.now() + within;
  for (let value; !(value = await condition());) {
    if (Date.now() > end) throw new Error(`${within} ms, and still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
export const vanished = (pids, options) => until(() => [pids].flat().every((pid) => !runs(pid)), `processes ${[pids].flat().filter(runs)} are gone`, options);

const parentOf = (pid) => Number(/^PPid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

// All processes below that one.
export function descendants(pid) {
  const children = new Map();
  for (const entry of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = parentOf(entry);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch { /* it has gone */ }
  }
  const below = (one) => (children.get(one) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

// functions/function.c, compiled into a directory; its path.
export function compileFunction(directory) {
  const file = path.join(directory, "function");
  execFileSync("cc", ["-O1", "-o", file, path.join(folder, "function.c"), "-lcurl"]);
  return file;
}
