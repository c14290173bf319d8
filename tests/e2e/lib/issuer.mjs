// An issuer of tokens: keys, a JWKS document on loopback, and tokens of any kind.
import { once } from "node:events";
import http from "node:http";
import * as jose from "jose";

export async function startIssuer({ issuer = "https://issuer.test", cacheControl } = {}) {
  const keys = new Map();
  const state = { requests: 0, fail: null };
  const server = http.createServer(async (request, response) => {
    state.requests++;
    if (state.fail) return state.fail(request, response);
    const jwks = { keys: [...keys.values()].filter((k) => !k.hidden).map((k) => k.jwk) };
    response.writeHead(200, { "content-type": "application/json", ...(cacheControl ? { "cache-control": cacheControl } : {}) }).end(JSON.stringify(jwks));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const self = {
    issuer, keys, state,
    jwksUri: `http://127.0.0.1:${server.address().port}/jwks.json`,
    async addKey(kid, { alg = "RS256", modulusLength = 2048, hidden = false } = {}) {
      const pair = await jose.generateKeyPair(alg, { modulusLength, extractable: true });
      const jwk = { ...(await jose.exportJWK(pair.publicKey)), kid, alg, use: "sig" };
      keys.set(kid, { ...pair, jwk, alg, hidden });
      return self;
    },
    // claims are added to sensible ones; undefined takes one away.
    async token(claims = {}, { kid = [...keys.keys()][0], header = {} } = {}) {
      const key = keys.get(kid);
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: issuer, aud: "app", sub: "ann", iat: now - 5, exp: now + 300, ...claims };
      for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
      return new jose.SignJWT(all).setProtectedHeader({ alg: key.alg, kid, ...header }).sign(key.privateKey);
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
