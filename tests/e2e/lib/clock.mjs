// A daemon whose clock the test moves on, so that no test waits for minutes to pass.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./gateway.mjs";

// env is for startGateway(); `advance` takes seconds. Timers that have become due ring at the daemon's
// next event, for example the next request.
export function startClock() {
  const directory = temporaryDirectory();
  const library = path.join(directory, "clock.so"), file = path.join(directory, "ahead");
  execFileSync(process.env.CC ?? "cc", ["-shared", "-fPIC", "-O1", "-o", library, fileURLToPath(new URL("clock.c", import.meta.url)), "-lpthread"]);
  fs.writeFileSync(file, Buffer.alloc(8));
  let ahead = 0n;
  return {
    env: { LD_PRELOAD: library, TEST_CLOCK: file, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0` },
    advance(seconds) {
      ahead += BigInt(Math.round(seconds * 1e6));
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(ahead);
      const fd = fs.openSync(file, "r+");
      fs.writeSync(fd, bytes, 0, 8, 0);
      fs.closeSync(fd);
    },
    stop() { fs.rmSync(directory, { recursive: true, force: true }); },
  };
}
