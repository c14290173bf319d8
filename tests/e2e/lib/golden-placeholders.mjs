// <<name>> in a case stands for what only the run knows: ports, ids and times.
import assert from "node:assert/strict";

// In all strings of a value. A number that stands alone stays one.
export function fill(value, bound) {
  if (typeof value === "string") {
    const alone = /^<<(\w+)>>$/.exec(value)?.[1];
    if (alone && typeof bound[alone] === "number") return bound[alone];
    return value.replace(/<<(\w+)>>/g, (_, name) => {
      assert.ok(name in bound, `<<${name}>>: not known here`);
      return bound[name];
    });
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, bound));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [fill(name, bound), fill(each, bound)]));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function commonLogTime(epoch) {
  const [date, time] = new Date(epoch).toISOString().split(/[TZ.]/);
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[month - 1]}/${year}:${time} +0000`;
}

// Ids and times as they came, once their shape is right: a case can then name them.
export function learn(bound, answer, call) {
  const id = answer.headers.find(([name]) => name === "apigw-requestid")?.[1];
  if (id !== undefined) {
    assert.match(id, /^[A-Za-z0-9_-]{15}=$/);
    bound.requestId = id;
  }
  if (!call) return;
  const trace = call.headers.find(([name]) => name.toLowerCase() === "x-amzn-trace-id")?.[1];
  bound.trace = /\b1-[0-9a-f]{8}-[0-9a-f]{24}\b/.exec(trace)?.[0];
  const epoch = Number(/"(?:timeEpoch|requestTimeEpoch)":(\d+)/.exec(call.bytes.toString())?.[1]);
  if (Number.isNaN(epoch)) return;
  assert.ok(Math.abs(epoch - Date.now()) < 300_000, "the time of the event");
  Object.assign(bound, { timeEpoch: epoch, time: commonLogTime(epoch) });
}
