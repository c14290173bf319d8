// Speed beside other servers: each alone on core 0, the load and the backend on core 1, interleaved
// rounds, medians with quartiles. What counts is CPU time for each request or message, read from the
// kernel's accounting of the server's threads.
import { execFileSync } from "node:child_process";
import { hostedPart } from "./hosted.mjs";
import { httpPart } from "./http.mjs";
import { directory, fill, freePort, program, rounds, seconds, start } from "./lib.mjs";
import { websocketPart } from "./websocket.mjs";

execFileSync(program, ["init", directory], { stdio: "ignore" });
const backendPort = await freePort();
await start(1, "nginx", ["-p", directory, "-c", fill("backend.conf", { PORT: backendPort, DIR: directory })], backendPort);
console.log(`${rounds} rounds of ${seconds} s, 64 connections; median [quartiles]\n`);
const http = await httpPart(backendPort);
const missed = http.missed + (await websocketPart(backendPort, http.authorized)) + (await hostedPart(backendPort));
process.exit(missed ? 1 : 0);
