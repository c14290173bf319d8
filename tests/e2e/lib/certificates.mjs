// Keys and certificates, made with the openssl command.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const keyOptions = {
  ecdsa: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  rsa: ["-newkey", "rsa:2048"],
};

// Writes NAME.pem and NAME-key.pem, self-signed; returns how a configuration names them.
export function makeCertificate(directory, name, { type = "ecdsa", hosts = ["localhost"], days = 30, serial } = {}) {
  const certificate = `${name}.pem`, privateKey = `${name}-key.pem`;
  execFileSync("openssl", ["req", "-x509", ...keyOptions[type], "-nodes", "-sha256", "-days", String(days),
    ...(serial ? ["-set_serial", String(serial)] : []), "-subj", `/CN=${name}`, "-addext", `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}`,
    "-keyout", path.join(directory, privateKey), "-out", path.join(directory, certificate)], { stdio: ["ignore", "ignore", "pipe"] });
  return { certificate, privateKey };
}

// Runs `openssl s_client` against the port; what it prints, once it has ended. `input` goes in when
// `after` (a pattern) has been printed, then nothing more.
export async function sClient(port, args, { input = "", after = /---\n/ } = {}) {
  const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let text = "", sent = false;
  child.stdin.on("error", () => {});
  const note = (chunk) => {
    text += chunk.toString("latin1");
    if (sent || !after.test(text)) return;
    sent = true;
    child.stdin.end(input);
  };
  child.stdout.on("data", note);
  child.stderr.on("data", note);
  const [code] = await once(child, "close");
  return { code, text };
}
