// A user of a Cognito user pool signs in and calls: what the tokens of a real issuer are good for.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { APIGatewayProxyEventSchema, APIGatewayProxyEventV2Schema } from "@aws-lambda-powertools/parser/schemas";
import { send } from "./lib/client.mjs";
import { startCognito } from "./lib/cognito.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { jwtScheme } from "./lib/issuer.mjs";
import { definition, startLambda } from "./lib/lambda.mjs";

const SCOPE = "aws.cognito.signin.user.admin";
let cognito, lambda, gateway, client, tokens, stranger;

// A pool with a client and a user of two groups, who signs in.
async function signIn() {
  const { UserPool: pool } = await cognito.call("CreateUserPool", { PoolName: "users", Schema: [{ Name: "role", AttributeDataType: "String", Mutable: true }] });
  const { UserPoolClient: made } = await cognito.call("CreateUserPoolClient", { UserPoolId: pool.Id, ClientName: "app", ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH"] });
  const user = { UserPoolId: pool.Id, Username: "ann@example.com" };
  await cognito.call("AdminCreateUser", { ...user, MessageAction: "SUPPRESS", UserAttributes: [{ Name: "email", Value: "ann@example.com" }, { Name: "email_verified", Value: "true" }, { Name: "custom:role", Value: "editor" }] });
  await cognito.call("AdminSetUserPassword", { ...user, Password: "Correct-horse-1", Permanent: true });
  for (const GroupName of ["admins", "users"]) {
    await cognito.call("CreateGroup", { UserPoolId: pool.Id, GroupName });
    await cognito.call("AdminAddUserToGroup", { ...user, GroupName });
  }
  const { AuthenticationResult } = await cognito.call("InitiateAuth", { ClientId: made.ClientId, AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: { USERNAME: "ann@example.com", PASSWORD: "Correct-horse-1" } });
  return { pool: pool.Id, clientId: made.ClientId, ...AuthenticationResult };
}

before(async () => {
  cognito = await startCognito();
  lambda = await startLambda({ echo: () => ({ statusCode: 200, body: "in" }) });
  tokens = await signIn();
  stranger = await signIn(); // of another pool, which has the same keys
  client = tokens.clientId;
  const issuer = `${cognito.issuerDomain}/${tokens.pool}`;
  const secured = (scheme, scopes = [], format = "2.0") => ({ function: "echo", format, security: [{ [scheme]: scopes }] });
  gateway = await startGateway({
    config: {
      apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json" }],
      functions: { echo: { endpoint: lambda.url } },
      issuers: [{ issuer, jwksUri: cognito.jwksUri(tokens.pool) }],
    },
    files: { "api.json": definition({
      "GET /any": secured("users"),
      "GET /one": secured("users", [], "1.0"),
      "GET /scoped": secured("users", ["todo/read", SCOPE]),
      "GET /narrow": secured("users", ["todo/read"]),
      "GET /else": secured("others"),
    }, { components: { securitySchemes: {
      users: jwtScheme({ issuer, audience: [client] }),
      others: jwtScheme({ issuer, audience: ["another-client"] }),
    } } }) },
  });
});
after(async () => { for (const each of [gateway, lambda, cognito]) await each?.stop(); });

const get = (path, token) => send(gateway, "GET", path, { headers: { Authorization: `Bearer ${token}` } });
const event = async (path, token) => {
  const answer = await get(path, token);
  assert.equal(answer.status, 200, answer.headers["www-authenticate"]);
  return lambda.last.event;
};

test("the ID token: aud is the client, claims arrive as texts", async () => {
  const e = await event("/any", tokens.IdToken);
  APIGatewayProxyEventV2Schema.parse(e);
  const { claims, scopes } = e.requestContext.authorizer.jwt;
  assert.deepEqual([claims.token_use, claims.aud, claims.email, claims.email_verified, claims["custom:role"], claims["cognito:groups"], typeof claims["cognito:username"], scopes],
    ["id", client, "ann@example.com", "true", "editor", "[admins users]", "string", null]);
  for (const name of ["exp", "iat", "auth_time"]) assert.match(claims[name], /^\d{10}$/);
  assert.ok(Object.values(claims).every((value) => typeof value === "string"));
});

test("the access token: no aud, so client_id counts", async () => {
  const { claims } = (await event("/any", tokens.AccessToken)).requestContext.authorizer.jwt;
  assert.deepEqual([claims.token_use, claims.client_id, claims.aud, claims.scope, claims.username], ["access", client, undefined, SCOPE, claims.sub]);
});

test("1.0: claims and scopes stand in the authorizer itself", async () => {
  const e = await event("/one", tokens.AccessToken);
  assert.equal(e.requestContext.authorizer.claims.client_id, client);
  assert.equal(e.requestContext.authorizer.scopes, null);
  APIGatewayProxyEventSchema.parse({ ...e, requestContext: { ...e.requestContext, authorizer: undefined } });
});

test("scopes: the access token has its one, the ID token none", async () => {
  const e = await event("/scoped", tokens.AccessToken);
  APIGatewayProxyEventV2Schema.parse(e);
  assert.deepEqual(e.requestContext.authorizer.jwt.scopes, [SCOPE]);
  for (const [path, token] of [["/narrow", tokens.AccessToken], ["/scoped", tokens.IdToken], ["/narrow", tokens.IdToken]]) {
    const answer = await get(path, token);
    assert.deepEqual([answer.status, answer.text], [403, '{"message":"Forbidden"}'], path);
    assert.match(answer.headers["www-authenticate"], /^Bearer scope="todo\/read( aws\.cognito\.signin\.user\.admin)?" error="insufficient_scope"/);
  }
});

test("another client's audience, another pool, the refresh token", async () => {
  const why = async (path, token) => {
    const answer = await get(path, token);
    assert.equal(answer.status, 401);
    return /error_description="(.*)"$/.exec(answer.headers["www-authenticate"])[1];
  };
  for (const token of [tokens.IdToken, tokens.AccessToken]) assert.equal(await why("/else", token), "the token does not have a valid audience");
  for (const token of [stranger.IdToken, stranger.AccessToken]) assert.equal(await why("/any", token), "issuer does not match");
  assert.match(await why("/any", tokens.RefreshToken), /key id/);
});

test("its discovery document names a port that nobody listens at: 401, and why is in the log", async () => {
  const issuer = `${cognito.url}/${tokens.pool}`;
  const own = await startGateway({
    config: { apis: [{ apiId: "api", protocolType: "HTTP", definition: "api.json" }], functions: { echo: { endpoint: lambda.url } }, issuers: [{ issuer }] },
    files: { "api.json": definition({ "GET /any": { function: "echo", security: [{ users: [] }] } }, { components: { securitySchemes: { users: jwtScheme({ issuer }) } } }) },
  });
  await own.line(/keys of issuer .*: discovery document .* names the issuer 'http:\/\/localhost:9229\/.*jwksUri/);
  assert.equal((await send(own, "GET", "/any", { headers: { Authorization: tokens.IdToken } })).status, 401);
  await own.stop();
});
