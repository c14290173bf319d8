// Every example of docs/http-api.md, as its reader would try it.
import path from "node:path";
import { after, before, describe } from "node:test";
import { test } from "./lib/bounded.mjs";
import { Example, readSections } from "./lib/examples.mjs";

const [common, ...sections] = readSections(path.join(import.meta.dirname, "../../docs/http-api.md"));

for (const { title, blocks } of [common, ...sections]) {
  const inherited = blocks === common.blocks ? [] : common.blocks.filter(({ file }) => file);
  describe(title, { skip: blocks.length === 0 }, () => {
    let example;
    before(async () => {
      example = await Example.start();
      for (const block of inherited) example.write(block);
    });
    after(() => example?.stop());
    for (const block of blocks) {
      if (block.file) test(`line ${block.line}: ${block.file}`, () => example.write(block));
      for (const each of block.commands ?? []) test(`line ${each.line}: ${each.command}`, () => example.perform(each));
    }
  });
}
