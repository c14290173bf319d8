// Requests that carry exactly the fields that a test names, each on a connection of its own unless an
// agent is given; and what the daemon wrote about them.
import http from "node:http";

export function send(gateway, method, path, { headers = {}, body, agent = false, port = gateway.port } = {}) {
  return new Promise((resolve, reject) => {
    const all = { Host: `127.0.0.1:${port}`, ...headers };
    const request = http.request({ host: "127.0.0.1", port, method, path, headers: all, agent, setDefaultHeaders: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode, headers: response.headers, raw: response.rawHeaders, text, id: response.headers["apigw-requestid"] });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

// The answer's line in the access log on stdout, where the format has $context.requestId.
export async function logged(gateway, answer, list = gateway.stdout) {
  return gateway.line(new RegExp(answer.id.replace(/[^A-Za-z0-9]/g, "\\$&")), { list });
}

// Everything that a text shares with a secret: its parts of `length` characters.
export function partsOf(secrets, length = 16) {
  const parts = new Set();
  for (const secret of secrets)
    for (let i = 0; i + length <= secret.length; i++) parts.add(secret.slice(i, i + length));
  return {
    in(text) {
      for (let i = 0; i + length <= text.length; i++) if (parts.has(text.slice(i, i + length))) return text.slice(Math.max(0, i - 60), i + length + 60);
      return null;
    },
  };
}
