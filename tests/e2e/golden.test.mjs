// Runs tests/golden: each case is a definition, a request and what a backend answers, and says which
// event or request the backend must get and which answer the client.
import path from "node:path";
import { after, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { checkProblems } from "./lib/golden-problems.mjs";
import { Golden } from "./lib/golden.mjs";

const golden = await Golden.prepare(path.join(import.meta.dirname, "../golden"));
after(() => golden.stop());

const problems = await checkProblems(golden);
for (const file of new Set(golden.cases.map((each) => each.file))) {
  describe(file, () => {
    for (const each of golden.cases.filter((one) => one.file === file))
      test(each.name, () => (each.problems ? problems.compare(each) : golden.run(each)));
  });
}
