// A test that hangs fails by its name, and the others still run.
import { test as unbounded } from "node:test";

// test(name, fn) or test(name, { skip, … }, fn), as Node's own.
export const test = (name, ...rest) => unbounded(name, { timeout: 60_000, ...(rest.length > 1 ? rest[0] : {}) }, rest.at(-1));
