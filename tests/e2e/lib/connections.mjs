// The AWS SDKs' clients of @connections, both versions, and requests that are signed by hand.
import { ApiGatewayManagementApi } from "@aws-sdk/client-apigatewaymanagementapi";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import AWS from "aws-sdk";
import http from "node:http";
import https from "node:https";
import { send } from "./client.mjs";

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";

export const key = Object.freeze({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" });

// Clients of one form: post(id, data), get(id), remove(id); they reject with what the SDK throws. Nothing
// is sent twice. ca: for https.
const makers = {
  v3(endpoint, { credentials = key, region = "us-east-1", ca }) {
    const requestHandler = { httpsAgent: new https.Agent({ ca, keepAlive: false }), httpAgent: new http.Agent({ keepAlive: false }) }; // nothing stays open behind a test
    const client = new ApiGatewayManagementApi({ endpoint, region, credentials: { ...credentials }, maxAttempts: 1, requestHandler });
    return {
      post: (ConnectionId, Data) => client.postToConnection({ ConnectionId, Data }),
      get: (ConnectionId) => client.getConnection({ ConnectionId }),
      remove: (ConnectionId) => client.deleteConnection({ ConnectionId }),
    };
  },
  v2(endpoint, { credentials = key, region = "us-east-1", ca }) {
    const client = new AWS.ApiGatewayManagementApi({ endpoint, region, credentials: { ...credentials }, maxRetries: 0, ...(ca ? { httpOptions: { agent: new https.Agent({ ca }) } } : {}) });
    return {
      post: (ConnectionId, Data) => client.postToConnection({ ConnectionId, Data }).promise(),
      get: (ConnectionId) => client.getConnection({ ConnectionId }).promise(),
      remove: (ConnectionId) => client.deleteConnection({ ConnectionId }).promise(),
    };
  },
};

export const versions = Object.keys(makers);
export const sdk = (version, endpoint, options = {}) => makers[version](endpoint, options);

// What the SDK threw: { name, status }.
export async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    return { name: error.code ?? error.name, status: error.statusCode ?? error.$metadata?.httpStatusCode, error };
  }
  throw new Error("nothing was thrown");
}

// A request signed as the SDK signs it, then changed as a test wants: change({ method, path, headers, body })
// changes it in place.
export async function signed(gateway, method, path, { body = "", credentials = key, region = "us-east-1", service = "execute-api", date = new Date(), headers = {}, host = `127.0.0.1:${gateway.port}`, change = () => {} } = {}) {
  const signer = new SignatureV4({ credentials: { ...credentials }, region, service, sha256: Sha256 });
  const [pathname, search] = path.split("?");
  const query = Object.fromEntries(new URLSearchParams(search ?? ""));
  const request = await signer.sign({ method, protocol: "http:", hostname: "127.0.0.1", port: gateway.port, path: pathname, query, headers: { host, ...headers }, body }, { signingDate: date });
  const sent = { method, path, headers: { ...request.headers }, body };
  change(sent);
  return send(gateway, sent.method, sent.path, { headers: { Host: host, ...sent.headers, ...(sent.body ? { "Content-Length": Buffer.byteLength(sent.body) } : {}) }, body: sent.body });
}

// One whose signature is in the query; change({ method, path, headers, body }) likewise.
export async function presigned(gateway, method, path, { credentials = key, region = "us-east-1", expiresIn = 60, date = new Date(), host = `127.0.0.1:${gateway.port}`, change = () => {} } = {}) {
  const signer = new SignatureV4({ credentials: { ...credentials }, region, service: "execute-api", sha256: Sha256 });
  const request = await signer.presign({ method, protocol: "http:", hostname: "127.0.0.1", port: gateway.port, path, query: {}, headers: { host } }, { expiresIn, signingDate: date });
  const query = Object.entries(request.query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const sent = { method, path: `${path}?${query}`, headers: { Host: host }, body: "" };
  change(sent);
  return send(gateway, sent.method, sent.path, { headers: { ...sent.headers, ...(sent.body ? { "Content-Length": Buffer.byteLength(sent.body) } : {}) }, body: sent.body });
}
