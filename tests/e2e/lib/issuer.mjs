// An issuer of tokens: keys, a JWKS document on loopback, and tokens of any kind.
import { KeyObject, createHmac, sign } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import * as jose from "jose";

export const base64url = (value) =>
  Buffer.from(typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString("base64url");

// A compact JWS of whatever header and payload (objects, or texts that stand as they are), signed by
// `signer`: (text) => bytes.
export function compact(header, payload, signer) {
  const text = `${base64url(header)}.${base64url(payload)}`;
  return `${text}.${base64url(Buffer.from(signer(text)))}`;
}

export const signers = {
  rsa: (key, digest = "sha256") => (text) => sign(digest, Buffer.from(text), KeyObject.from(key)),
  hmac: (secret) => (text) => createHmac("sha256", secret).update(text).digest(),
  none: () => "",
};

export const now = () => Math.floor(Date.now() / 1000);

// issuer: its name; "self" is the URL that it listens at, where it has a discovery document.
// state.fail: (request, response) answers in its place; state.requests counts, state.paths tells them.
export async function startIssuer({ issuer = "https://issuer.test", cacheControl, port = 0 } = {}) {
  const keys = new Map();
  const state = { requests: 0, paths: [], fail: null, waiting: new Set() };
  let url;
  const answers = {
    "/jwks.json": () => ({ keys: [...keys.values()].filter((k) => !k.hidden).map((k) => k.jwk) }),
    "/.well-known/openid-configuration": () => ({ issuer: issuer === "self" ? url : issuer, jwks_uri: `${url}/jwks.json` }),
  };
  const server = http.createServer(async (request, response) => {
    state.requests++;
    state.paths.push(request.url);
    for (const check of [...state.waiting]) check();
    if (state.fail) return state.fail(request, response);
    if (!answers[request.url]) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": "application/json", ...(cacheControl ? { "cache-control": cacheControl } : {}) })
      .end(JSON.stringify(answers[request.url]()));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}`;
  const name = issuer === "self" ? url : issuer;
  const self = {
    issuer: name, keys, state, url,
    port: server.address().port,
    jwksUri: `${url}/jwks.json`,
    async addKey(kid, { alg = "RS256", modulusLength = 2048, hidden = false } = {}) {
      const pair = await jose.generateKeyPair(alg, { modulusLength, extractable: true });
      const jwk = { ...(await jose.exportJWK(pair.publicKey)), kid, alg, use: "sig" };
      keys.set(kid, { ...pair, jwk, alg, hidden });
      return self;
    },
    // claims are added to sensible ones; undefined takes one away.
    claims(claims = {}) {
      const all = { iss: name, aud: "app", sub: "ann", iat: now() - 5, exp: now() + 300, ...claims };
      for (const member of Object.keys(all)) if (all[member] === undefined) delete all[member];
      return all;
    },
    async token(claims = {}, { kid = [...keys.keys()][0], header = {}, key = keys.get(kid) } = {}) {
      return new jose.SignJWT(self.claims(claims)).setProtectedHeader({ alg: key.alg, kid, ...header }).sign(key.privateKey);
    },
    // Resolves once `count` requests have come since the start.
    asked(count) {
      return new Promise((resolve) => {
        const check = () => {
          if (state.requests < count) return;
          state.waiting.delete(check);
          resolve();
        };
        state.waiting.add(check);
        check();
      });
    },
    async stop() { server.closeAllConnections(); server.close(); await once(server, "close"); },
  };
  return self;
}

// The security scheme of a JWT authorizer in a definition.
export const jwtScheme = ({ issuer, audience = ["app"], identitySource = "$request.header.Authorization" }) => ({
  type: "oauth2",
  flows: {},
  "x-amazon-apigateway-authorizer": { type: "jwt", jwtConfiguration: { issuer, audience }, identitySource },
});
