// A strict reader of the Prometheus text format (version 0.0.4): throws at the first thing that is wrong.
import assert from "node:assert/strict";

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SUFFIXES = { histogram: ["_bucket", "_sum", "_count"], counter: [""], gauge: [""] };

function readLabels(text, line) {
  const labels = {};
  let rest = text;
  while (rest !== "") {
    const found = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/.exec(rest);
    assert.ok(found && !(found[1] in labels), line);
    labels[found[1]] = found[2].replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    rest = rest.slice(found[0].length);
    assert.ok(found[3] === "" || rest !== "", line);
  }
  return labels;
}

function readValue(text, line) {
  if (text === "+Inf") return Infinity;
  assert.match(text, /^-?\d+(\.\d+)?(e[+-]?\d+)?$/, line);
  return Number(text);
}

// The family that a series belongs to: of one family all series stand together, below its HELP and TYPE.
function readSeries(line, family, seen) {
  const found = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  assert.ok(found, line);
  const [, name, labelText = "", value] = found;
  assert.match(name, NAME);
  assert.ok(family && SUFFIXES[family.type].some((suffix) => name === family.name + suffix), `no TYPE before ${line}`);
  const key = `${name}{${labelText}}`;
  assert.ok(!seen.has(key), `twice: ${key}`);
  seen.add(key);
  family.series.push({ name, labels: readLabels(labelText, line), value: readValue(value, line) });
}

function checkHistogram(family) {
  const groups = new Map();
  for (const { name, labels: { le, ...labels }, value } of family.series) {
    const key = JSON.stringify(labels);
    if (!groups.has(key)) groups.set(key, { buckets: [] });
    if (name.endsWith("_bucket")) groups.get(key).buckets.push([le === "+Inf" ? Infinity : Number(le), value]);
    else groups.get(key)[name.slice(family.name.length + 1)] = value;
  }
  for (const [key, { buckets, sum, count }] of groups) {
    assert.ok(buckets.length > 1 && sum >= 0, `${family.name} ${key}`);
    for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i - 1][0] < buckets[i][0] && buckets[i - 1][1] <= buckets[i][1], `${family.name} ${key}`);
    assert.deepEqual(buckets.at(-1), [Infinity, count], `${family.name} ${key}`);
  }
}

// name -> { name, help, type, series: [{ name, labels, value }] }
export function readMetrics(text) {
  assert.ok(text.endsWith("\n") && !text.includes("\r"));
  const families = new Map(), seen = new Set();
  let family = null, help = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") {
      assert.ok(!families.has(comment[2]) && help === null, line);
      help = { name: comment[2], text: comment[3] };
    } else if (comment) {
      assert.equal(help?.name, comment[2], line);
      assert.ok(comment[3] in SUFFIXES, line);
      family = { name: comment[2], help: help.text, type: comment[3], series: [] };
      families.set(comment[2], family);
      help = null;
    } else {
      assert.ok(help === null, line);
      readSeries(line, family, seen);
    }
  }
  for (const each of families.values()) {
    if (each.type === "histogram") checkHistogram(each);
    if (each.type === "counter") assert.match(each.name, /_total$/);
    if (each.type === "counter") assert.ok(each.series.every(({ value }) => Number.isInteger(value) || each.name.startsWith("process_")));
  }
  return families;
}

// The value of the one series of that name whose labels include these; undefined where there is none.
export function valueOf(families, name, labels = {}) {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  const found = (family?.series ?? []).filter((s) => s.name === name && Object.entries(labels).every(([key, value]) => s.labels[key] === value));
  assert.ok(found.length <= 1, `${name} ${JSON.stringify(labels)} is ambiguous`);
  return found[0]?.value;
}
