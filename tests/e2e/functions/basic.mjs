// Handlers of the Node runtime that do one thing each. Whoever loads them says so.
import { spawn } from "node:child_process";

console.log(`loaded ${process.pid}`);
let invocations = 0;

const query = (event) => event.queryStringParameters ?? {};
const forever = () => new Promise((resolve) => setTimeout(resolve, 2 ** 30));

// What it was given, and what it is.
export async function echo(event, { awsRequestId, functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, logGroupName, logStreamName, getRemainingTimeInMillis, clientContext, identity }) {
  const context = { awsRequestId, functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, logGroupName, logStreamName, remaining: getRemainingTimeInMillis(), clientContext, identity };
  return { event, context, environment: { ...process.env }, pid: process.pid, uid: process.getuid(), directory: process.cwd(), arguments: process.argv.slice(2), nth: ++invocations };
}

export const nothing = async () => {};
export const withCallback = (event, context, callback) => setTimeout(() => callback(null, "called back"), 1);

export async function throws() { throw new TypeError("the parrot is dead"); }
export const rejects = () => Promise.reject(new Error("it is resting"));
export const throwsAtOnce = () => { throw new RangeError("before any promise"); };
export const rejectsUnseen = async () => { Promise.reject(new Error("nobody looks")); await forever(); };

export async function exits(event) { process.exit(Number(query(event).status ?? 7)); }
export async function isKilled(event) { process.kill(process.pid, query(event).signal ?? "SIGKILL"); await forever(); }

// Says that it runs; ends never, or after so many milliseconds.
export async function sleeps(event) {
  console.log(`sleeping in ${process.pid} ${query(event).mark ?? ""}`);
  await (query(event).ms ? new Promise((resolve) => setTimeout(resolve, Number(query(event).ms))) : forever());
  return { pid: process.pid, mark: query(event).mark };
}

// Blocks its own loop, too.
export async function spins() { console.log(`spinning in ${process.pid}`); for (;;); }

// A result that is so many bytes of JSON.
export const large = async (event) => "x".repeat(Number(query(event).bytes) - 2);

export async function logs() {
  console.log("first line");
  console.error("second line\nin two rows");
  process.stdout.write("no end of line");
  return "logged";
}

// Leaves a child that holds its output; with `apart` in a session of its own, and orphaned.
export async function leavesChild(event) {
  const apart = query(event).apart !== undefined;
  const child = spawn("sh", ["-c", apart ? "sleep 1000 & echo left $!" : "echo left $$; exec sleep 1000"], { detached: apart, stdio: ["ignore", "inherit", "inherit"] });
  if (apart) await new Promise((resolve) => child.once("exit", resolve));
  if (query(event).wait !== undefined) await forever();
  return { pid: process.pid };
}

// Answers, and goes on.
export function worksOn(event, context, callback) {
  context.callbackWaitsForEmptyEventLoop = false;
  callback(null, { pid: process.pid });
  setTimeout(() => console.log("worked on"), 20);
}

export async function floods(event) {
  const line = `${"flood ".repeat(200)}\n`;
  for (let sent = 0; sent < Number(query(event).bytes); sent += line.length) process.stderr.write(line);
  return "flooded";
}

// All of them in one: ?do=NAME.
const all = { echo, nothing, throws, rejects, throwsAtOnce, rejectsUnseen, withCallback, exits, isKilled, sleeps, spins, large, logs, leavesChild, worksOn, floods };
export const any = (event, context, callback) => all[query(event).do ?? "echo"](event, context, callback);
