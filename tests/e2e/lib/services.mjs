// Stand-ins for AWS services, and what AWS's own SDK sends them.
import AWS from "aws-sdk";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";

// A service that answers with `answer(call)`: [status, headers, body]; undefined: it has answered itself, or never will.
// With `tls` ({ cert, key }) over TLS.
export async function startService(answer = () => [200, {}, "{}"], { tls } = {}) {
  const self = { calls: [] };
  const server = (tls ? https : http).createServer(tls ?? {}, async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const call = { request, response, headers: request.headers, method: request.method, url: request.url, raw };
    self.calls.push(call);
    self.onCall?.(call);
    const answered = await answer(call);
    if (answered) response.writeHead(answered[0], answered[1]).end(answered[2]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  self.port = server.address().port;
  self.url = `${tls ? "https" : "http"}://127.0.0.1:${self.port}`;
  self.stop = async () => { server.closeAllConnections(); server.close(); await once(server, "close"); };
  // Resolves with the next call.
  self.next = () => new Promise((resolve) => { self.onCall = (call) => { self.onCall = null; resolve(call); }; });
  return self;
}

export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

const clients = { appconfig: "AppConfig", events: "EventBridge", kinesis: "Kinesis", sqs: "SQS", states: "StepFunctions" };

// A client of the SDK. The host of an endpoint stays as it is, and nothing is sent twice.
export const sdk = (service, endpoint) =>
  new AWS[clients[service]]({ endpoint, region: "us-east-1", credentials, maxRetries: 0, hostPrefixEnabled: false });

// The document of an API: routes ("POST /send") to integrations.
export function document(routes) {
  const paths = {};
  for (const [key, integration] of Object.entries(routes)) {
    const [method, path] = key.split(" ");
    (paths[path] ??= {})[method.toLowerCase()] = {
      responses: {}, "x-amazon-apigateway-integration": { type: "aws_proxy", payloadFormatVersion: "1.0", ...integration },
    };
  }
  return { openapi: "3.0.1", info: { title: "t", version: "1" }, paths };
}
