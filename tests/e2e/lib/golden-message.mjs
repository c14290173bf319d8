// HTTP messages of golden cases: as bytes, as data, and whether they are the same.
import assert from "node:assert/strict";

// Fields as [name, value] pairs in their order, from pairs or from an object (an array: one each).
export function fieldsOf(headers) {
  if (Array.isArray(headers)) return headers.map((pair) => [...pair]);
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => [name, each]));
}

export function bodyOf({ body, bodyBase64, json }) {
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, "base64");
  if (json !== undefined) return Buffer.from(JSON.stringify(json));
  return Buffer.from(body ?? "");
}

export function readHead(bytes) {
  const [line, ...fields] = bytes.toString("latin1").split("\r\n");
  const headers = fields.map((field) => [field.slice(0, field.indexOf(":")), field.slice(field.indexOf(":") + 1).trim()]);
  const find = (wanted) => headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value).at(-1);
  return { line, headers, find };
}

// The content of a chunked body and where it ends; null where it is not whole yet.
export function readChunks(bytes) {
  const parts = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return null;
    const size = parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    if (bytes.length < end + 4 + size) return null;
    if (size === 0) return { body: Buffer.concat(parts), end: end + 4 };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
}

function takeMessage(bytes, ended, head) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const message = readHead(bytes.subarray(0, end)), rest = bytes.subarray(end + 4);
  message.status = Number(message.line.split(" ")[1]);
  if (message.status < 200) return takeMessage(rest, ended, head);
  if (head || message.status === 204 || message.status === 304) return { ...message, bytes: Buffer.alloc(0) };
  if (/\bchunked$/i.test(message.find("transfer-encoding") ?? "")) {
    const whole = readChunks(rest);
    return whole && { ...message, bytes: whole.body };
  }
  const length = message.find("content-length");
  if (length === undefined) return ended ? { ...message, bytes: rest } : null;
  return rest.length < Number(length) ? null : { ...message, bytes: rest.subarray(0, Number(length)) };
}

// The final answer on a Raw connection.
export async function readMessage(raw, { head = false } = {}) {
  let found = null;
  const whole = { test: (text) => (found = takeMessage(Buffer.from(text, "latin1"), false, head)) !== null };
  const text = await raw.until(whole);
  found ??= takeMessage(Buffer.from(text, "latin1"), true, head);
  assert.ok(found, `no whole answer: ${JSON.stringify(text.slice(0, 400))}`);
  return found;
}

// What every answer has, and no case needs to repeat.
const STANDING = {
  date: (value) => assert.match(value, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/),
  connection: (value) => assert.match(value, /^(keep-alive|close)$/),
  "content-length": (value, message) => message.bytes.length > 0 && assert.equal(Number(value), message.bytes.length),
  "apigw-requestid": (value, message, bound) => assert.equal(value, bound.requestId),
};

// All fields of a message but the standing ones that the case does not mention, which are checked.
function notable(message, mentioned, bound) {
  const said = new Set(mentioned.map(([name]) => name));
  const standing = ([name]) => bound && name in STANDING && !said.has(name);
  const seen = message.headers.filter(standing);
  assert.equal(new Set(seen.map(([name]) => name)).size, seen.length, `a field twice: ${JSON.stringify(seen)}`);
  for (const [name, value] of seen) STANDING[name](value, message, bound);
  return message.headers.filter((field) => !standing(field));
}

// Fields by name, where their order among each other does not matter.
const grouped = (fields) => {
  const all = {};
  for (const [name, value] of [...fields].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) (all[name] ??= []).push(String(value));
  return all;
};

// headers: all there are (an array of pairs: in this order); has: among others; lacks: names.
// bound: given for answers of the gateway, whose standing fields are not told.
export function sameMessage(message, expected, what, bound = null) {
  if (expected.status !== undefined) assert.equal(message.status, expected.status, `${what}: ${message.line} ${message.bytes}`);
  if (expected.line !== undefined) assert.equal(message.line, expected.line, `${what}: its first line`);
  if (expected.headers) {
    const want = fieldsOf(expected.headers).map(([name, value]) => [name, String(value)]), got = notable(message, want, bound);
    if (Array.isArray(expected.headers)) assert.deepEqual(got, want, `${what}: its fields`);
    else assert.deepEqual(grouped(got), grouped(want), `${what}: its fields`);
  }
  const all = grouped(message.headers.map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, values] of Object.entries(grouped(fieldsOf(expected.has ?? {})))) assert.deepEqual(all[name.toLowerCase()], values, `${what}: ${name}`);
  for (const name of expected.lacks ?? []) assert.equal(all[name.toLowerCase()], undefined, `${what}: ${name}`);
  if (["body", "json", "bodyBase64"].some((key) => key in expected)) {
    const want = bodyOf(expected);
    assert.equal(message.bytes.toString(), want.toString(), `${what}: its body`);
    assert.deepEqual(message.bytes, want, `${what}: the bytes of its body`);
  }
}
