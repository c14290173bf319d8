// Cases that are refused when loaded: one `turnpike check` tells the problems of all of them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { run, temporaryDirectory, writeFiles } from "./gateway.mjs";
import { Household, checkCase } from "./golden.mjs";

export async function checkProblems(golden) {
  const cases = golden.cases.filter((each) => each.problems);
  const household = new Household(golden, {});
  const names = new Map(cases.map((each) => [each, `${household.add(each, { alone: true }).apiId}.json`]));
  const directory = temporaryDirectory();
  writeFiles(directory, { "turnpike.yaml": household.configuration(golden.bound), ...household.files(golden.bound) });
  const { stdout } = cases.length ? await run(["check", "--json", "--config", "turnpike.yaml"], { cwd: directory }) : { stdout: '{"problems":[]}' };
  fs.rmSync(directory, { recursive: true });
  const all = JSON.parse(stdout).problems;
  return {
    compare(each) {
      checkCase(each);
      const own = all.filter(({ file }) => path.basename(file) === names.get(each));
      assert.deepEqual(own.map(({ severity, message }) => `${severity}: ${message}`), each.problems);
    },
  };
}
