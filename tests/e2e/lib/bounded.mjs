// A test that hangs fails by its name, and the others still run.
import { test as unbounded } from "node:test";

export const test = (name, fn) => unbounded(name, { timeout: 60_000 }, fn);
