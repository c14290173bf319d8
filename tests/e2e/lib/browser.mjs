// Headless Chromium, driven by its DevTools protocol through a pipe: what a person would do with a
// page, and what the page asked of whom.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome"];

// Its path, or null where none is installed.
export const chromium = (process.env.PATH ?? "").split(":").flatMap((directory) => names.map((name) => path.join(directory, name)))
  .find((file) => fs.existsSync(file)) ?? null;

// For test(): skips, and says why.
export const skipWithoutBrowser = chromium ? {} : { skip: "there is no chromium: make deps installs it" };

// Messages are JSON, each ended by a NUL.
class Connection {
  constructor(child) {
    this.output = child.stdio[3];
    this.calls = new Map();
    this.listeners = new Set();
    this.last = 0;
    let rest = "";
    child.stdio[4].setEncoding("utf8").on("data", (text) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop();
      for (const message of messages) this.take(JSON.parse(message));
    });
    child.on("close", () => {
      this.ended = true;
      this.fail("the browser ended");
    });
    this.output.on("error", () => {});
  }

  fail(why) {
    for (const { reject } of this.calls.values()) reject(new Error(why));
    this.calls.clear();
  }

  take(message) {
    if (message.method === "Inspector.targetCrashed") this.fail("the page crashed");
    if (message.id === undefined) {
      for (const listener of [...this.listeners]) listener(message);
      return;
    }
    const { resolve, reject, method } = this.calls.get(message.id) ?? { resolve() {}, reject() {} };
    this.calls.delete(message.id);
    if (message.error) reject(new Error(`${method}: ${message.error.message}`));
    else resolve(message.result);
  }

  call(method, params = {}, sessionId = undefined) {
    if (this.ended) return Promise.reject(new Error(`${method}: the browser has ended`));
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject, method });
      this.output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  // The next event of that name.
  event(sessionId, method) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const listener = (message) => {
        if (message.sessionId !== sessionId || message.method !== method) return;
        this.listeners.delete(listener);
        this.calls.delete(id);
        resolve(message.params);
      };
      this.listeners.add(listener);
      this.calls.set(id, { resolve, reject, method });
    });
  }
}

// One tab. requests: {url, method, headers, resourceType} of all that it asked for, answers with their
// status beside; refused: those that went to none of the allowed hosts, and were not let out;
// complaints: what the console says of errors, Content-Security-Policy among them.
class Page {
  constructor(connection, session, allowed) {
    Object.assign(this, { connection, session, requests: [], answers: [], refused: [], complaints: [] });
    this.allowed = (url) => url.startsWith("data:") || url.startsWith("blob:") || url === "about:blank" || allowed.includes(new URL(url).host);
    connection.listeners.add((message) => { if (message.sessionId === session) this.hear(message); });
  }

  call(method, params) { return this.connection.call(method, params, this.session); }

  hear({ method, params }) {
    if (method === "Fetch.requestPaused") this.decide(params);
    else if (method === "Network.responseReceived") this.answers.push({ url: params.response.url, status: params.response.status, headers: params.response.headers });
    else if (method === "Runtime.exceptionThrown") this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    else if (method === "Log.entryAdded" && params.entry.level === "error") this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    else if (method === "Runtime.consoleAPICalled" && params.type === "error") this.complaints.push(params.args.map((arg) => arg.value ?? arg.description).join(" "));
  }

  decide({ requestId, request, resourceType }) {
    this.requests.push({ url: request.url, method: request.method, headers: request.headers, resourceType });
    if (this.allowed(request.url)) return this.call("Fetch.continueRequest", { requestId }).catch(() => {});
    this.refused.push(request.url);
    return this.call("Fetch.failRequest", { requestId, errorReason: "AccessDenied" }).catch(() => {});
  }

  async open(url) {
    const loaded = this.connection.event(this.session, "Page.loadEventFired");
    const [{ errorText }] = await Promise.all([this.call("Page.navigate", { url }), loaded]);
    if (errorText) throw new Error(`${url}: ${errorText}`);
  }

  // The value of an expression in the page; a promise's where it is one.
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Calls a function with JSON arguments in the page.
  run(fn, ...args) { return this.evaluate(`(${fn})(...${JSON.stringify(args)})`); }

  // Waits until the function gives something true, and gives that: it is asked whenever the page changes.
  until(fn, ...args) {
    return this.run(`async (...args) => {
      const condition = ${fn};
      let value;
      while (!(value = condition(...args)))
        await new Promise((resolve) => {
          const observer = new MutationObserver(() => { observer.disconnect(); resolve(); });
          observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
          requestAnimationFrame(() => { if (condition(...args)) { observer.disconnect(); resolve(); } });
        });
      return value;
    }`, ...args);
  }

  // Waits for an element that a selector finds and whose text contains `text`, and clicks its middle.
  async click(selector, text = "") {
    const at = await this.until((wanted, part) => {
      const element = [...document.querySelectorAll(wanted)].find((e) => e.innerText.includes(part) && !e.disabled);
      if (!element) return null;
      element.scrollIntoView({ block: "center", behavior: "instant" });
      const box = element.getBoundingClientRect();
      return box.width > 0 && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    }, selector, text);
    for (const type of ["mousePressed", "mouseReleased"]) await this.call("Input.dispatchMouseEvent", { type, ...at, button: "left", clickCount: 1 });
  }

  // Clicks into an element and types.
  async type(selector, text) {
    await this.click(selector);
    await this.call("Input.insertText", { text });
  }

  // Waits for an element's text.
  text(selector) { return this.until((wanted) => document.querySelector(wanted)?.innerText, selector); }

  async screenshot(file) {
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    fs.writeFileSync(file, Buffer.from(data, "base64"));
  }
}

// Starts a browser with a fresh profile that trusts any certificate and finds no name but localhost and
// what is below it, for itself neither.
export async function startBrowser({ args = [] } = {}) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "turnpike-browser-"));
  const child = spawn(chromium, [
    "--headless=new", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-sync",
    "--disable-gpu", "--ignore-certificate-errors", "--no-proxy-server", "--window-size=1200,1500",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...args, "about:blank",
  ], { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const ended = once(child, "close");
  const connection = new Connection(child);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await connection.call("Browser.getVersion");
  } catch (error) {
    await stop();
    throw new Error(`${error.message}: ${errors}`);
  }
  return {
    stop,
    // A new tab that may ask these hosts ("localhost:8080") and no other.
    async page(...hosts) {
      const { targetId } = await connection.call("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await connection.call("Target.attachToTarget", { targetId, flatten: true });
      const page = new Page(connection, sessionId, hosts);
      for (const domain of ["Inspector", "Page", "Runtime", "Log", "Network"]) await page.call(`${domain}.enable`);
      await page.call("Fetch.enable", { patterns: [{ urlPattern: "*" }] });
      page.close = () => connection.call("Target.closeTarget", { targetId });
      return page;
    },
  };
}
