// The chat of docs/examples as `make run` starts it: a copy of it, on ports of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import AWS from "aws-sdk";
import WebSocket from "ws";
import { freePort, program, run, temporaryDirectory } from "./gateway.mjs";
import { descendants } from "./hosted.mjs";
import { listens } from "./process.mjs";
import { credentials } from "./services.mjs";

const root = path.resolve(import.meta.dirname, "../../..");
const chat = "docs/examples/chat";
const usual = [8080, 8443, 9901, 3001, 9229, 8000];
const changed = ["turnpike.yaml", "development/start.mjs", "development/settings.mjs"];

export const password = "Chat-demo-1";
export const configuration = `${chat}/turnpike.yaml`;

// What the script needs, in a directory of its own; what npm has installed is shared.
export async function copyChat() {
  const directory = temporaryDirectory();
  const ports = {};
  for (const port of usual) ports[port] = await freePort();
  const own = ["state", "tls", "node_modules"].map((name) => path.join(root, chat, name));
  fs.cpSync(path.join(root, chat), path.join(directory, chat), { recursive: true, preserveTimestamps: true, filter: (file) => !own.includes(file) && !file.endsWith(".pem") });
  fs.symlinkSync(path.join(root, chat, "node_modules"), path.join(directory, chat, "node_modules"));
  for (const name of ["run.sh", "functions.sh"]) fs.cpSync(path.join(root, "make", name), path.join(directory, "make", name));
  for (const name of changed) {
    const file = path.join(directory, chat, name);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/\b(8080|8443|9901|3001|9229|8000)\b/g, (port) => ports[port]));
  }
  return {
    directory, ports, port: ports[8080], tlsPort: ports[8443], adminPort: ports[9901], cognito: `http://localhost:${ports[9229]}/`,
    file: (name) => path.join(directory, chat, name),
    remove: () => fs.rmSync(directory, { recursive: true, force: true }),
  };
}

// As a shell runs it: in a process group of its own, which Ctrl-C's signal reaches as a whole. The Node is
// named as make does where it is in build/tools; the one in the PATH is no good.
export async function startScript(place) {
  const bin = path.join(place.directory, "bin");
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(bin, "node"), "#!/bin/sh\necho 'the wrong node' >&2; exit 1\n", { mode: 0o755 });
  const node = path.relative(fs.realpathSync(place.directory), process.execPath);
  const env = { ...process.env, no_proxy: "*", NO_PROXY: "*", PATH: `${bin}:/usr/local/bin:/usr/bin:/bin` };
  const child = spawn("make/run.sh", [program, node, "tools"], { cwd: place.directory, detached: true, stdio: ["ignore", "pipe", "pipe"], env });
  const script = { child, lines: [], errors: "", exited: null, waiting: new Set() };
  const wake = () => { for (const check of [...script.waiting]) check(); };
  script.ended = once(child, "close").then(([code]) => { script.exited = { code }; wake(); });
  child.stderr.on("data", (chunk) => (script.errors += chunk));
  readline.createInterface({ input: child.stdout }).on("line", (line) => { script.lines.push(line); wake(); });
  // The first line that matches, now or later.
  script.line = (pattern) => new Promise((resolve, reject) => {
    const check = () => {
      const found = script.lines.find((line) => pattern.test(line));
      if (found === undefined && !script.exited) return;
      script.waiting.delete(check);
      if (found === undefined) reject(new Error(`it ended: ${script.lines.join("\n")}\n${script.errors}`));
      else resolve(found);
    };
    script.waiting.add(check);
    check();
  });
  script.ready = () => script.line(/^Ctrl-C stops/);
  script.code = async (email) => (await script.line(new RegExp(`^Mail for ${email.replaceAll(".", "\\.")}: `))).split(" ").at(-1);
  script.interrupt = () => process.kill(-child.pid, "SIGINT");
  script.processes = () => descendants(child.pid);
  script.finish = async () => {
    if (!script.exited) script.interrupt();
    await script.ended;
  };
  return script;
}

// prepare: changes the copy before it is started.
export async function startChat(prepare = () => {}) {
  const place = await copyChat();
  prepare(place);
  const script = await startScript(place);
  try {
    await script.ready();
  } catch (error) {
    place.remove();
    throw error;
  }
  return { place, script, stop: async () => { await script.finish(); place.remove(); } };
}

export async function freedPorts(place) {
  const taken = [];
  for (const port of Object.values(place.ports)) if (await listens(port)) taken.push(port);
  return taken;
}

export const gatewayPid = async (place) =>
  JSON.parse((await run(["status", "--json", "--config", configuration], { cwd: place.directory })).stdout).pid;

// One call of the user pool, as the page makes it.
export async function pool(place, action, input) {
  const answer = await fetch(place.cognito, {
    method: "POST", body: JSON.stringify({ ClientId: "chatpage0000000000000000000", ...input }),
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AWSCognitoIdentityProviderService.${action}` },
  });
  return { status: answer.status, ...await answer.json() };
}

const addressOf = (name) => `${name}@example.com`;

// Both at NAME@example.com; `called` is what others are to call them, if anything.
export function signUp(place, name, secret, called) {
  const attributes = { email: addressOf(name), ...(called === undefined ? {} : { name: called }) };
  const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
  return pool(place, "SignUp", { Username: addressOf(name), Password: secret, UserAttributes });
}

export const confirm = (place, name, ConfirmationCode) => pool(place, "ConfirmSignUp", { Username: addressOf(name), ConfirmationCode });

// The table of the chat, for what nobody writes there by the functions.
export const putRow = (place, Item) => new AWS.DynamoDB.DocumentClient({ endpoint: `http://127.0.0.1:${place.ports[8000]}`, region: "us-east-1", credentials })
  .put({ TableName: "chat", Item }).promise();

// {token, claims, access}: token is what the page sends.
export async function signIn(place, name, secret = password) {
  const { AuthenticationResult: result, message } = await pool(place, "InitiateAuth", {
    AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: { USERNAME: addressOf(name), PASSWORD: secret },
  });
  if (!result) throw new Error(`${name} cannot sign in: ${message}`);
  return { token: result.IdToken, access: result.AccessToken, claims: JSON.parse(Buffer.from(result.IdToken.split(".")[1], "base64url")) };
}

export async function api(place, token, method, target, body) {
  const answer = await fetch(`http://localhost:${place.port}/api${target}`, {
    method, headers: token ? { authorization: `Bearer ${token}` } : {}, body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text ? JSON.parse(text) : undefined };
}

// A connection that remembers what it was sent; next(type) is the next of that type after those taken.
export async function connect(place, token) {
  const socket = new WebSocket(`ws://localhost:${place.port}/ws?token=${token}`);
  const heard = [], waiting = new Set();
  const wake = () => { for (const check of [...waiting]) check(); };
  const closed = new Promise((resolve) => { socket.once("close", (code) => { wake(); resolve(code); }); });
  socket.on("message", (data) => { heard.push(JSON.parse(data)); wake(); });
  await once(socket, "open");
  return {
    heard, closed,
    send: (action, more = {}) => socket.send(JSON.stringify({ action, ...more })),
    text: (text) => socket.send(text),
    next: (type) => new Promise((resolve, reject) => {
      const check = () => {
        const at = heard.findIndex((message) => message.type === type);
        if (at < 0 && socket.readyState !== WebSocket.CLOSED) return;
        waiting.delete(check);
        if (at < 0) reject(new Error(`it closed before ${type}: ${JSON.stringify(heard)}`));
        else resolve(heard.splice(at, 1)[0]);
      };
      waiting.add(check);
      check();
    }),
    async close() { socket.close(); await closed; },
  };
}

// A connection that is in a room; members: the names of those who are there.
export async function enterRoom(place, { token }, room) {
  const connection = await connect(place, token);
  connection.send("join", { room });
  const { members } = await connection.next("members");
  return { ...connection, members: members.map(({ name }) => name).sort() };
}
