// A Cognito user pool: cognito-local as a process of its own, in a directory of its own.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { freePort, temporaryDirectory, writeFiles } from "./gateway.mjs";

// issuerDomain: what stands before the pool's id in `iss`.
export async function startCognito({ issuerDomain = "https://cognito-idp.us-east-1.amazonaws.com" } = {}) {
  const directory = temporaryDirectory();
  const port = await freePort();
  writeFiles(directory, { ".cognito/config.json": { TokenConfig: { IssuerDomain: issuerDomain } } });
  const program = path.join(path.dirname(createRequire(import.meta.url).resolve("cognito-local")), "bin/start.js");
  const child = spawn(process.execPath, ["--no-warnings", program], { cwd: directory, env: { ...process.env, PORT: String(port), HOST: "127.0.0.1" }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve, reject) => {
    readline.createInterface({ input: child.stdout }).on("line", (line) => { if (line.includes("running on")) resolve(); });
    ended.then(() => reject(new Error("cognito-local did not start")));
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url, issuerDomain,
    jwksUri: (pool) => `${url}/${pool}/.well-known/jwks.json`,
    // One call of the API, as the SDKs make it.
    async call(action, input) {
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(input),
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AWSCognitoIdentityProviderService.${action}` } });
      const output = await answer.json();
      if (!answer.ok) throw new Error(`${action}: ${JSON.stringify(output)}`);
      return output;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}
