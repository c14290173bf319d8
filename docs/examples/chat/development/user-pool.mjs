// SPDX-License-Identifier: Apache-2.0
// cognito-local in a directory of its own: its configuration, a user pool with a name that is known
// beforehand, groups, and accounts to try it with.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { accounts, client, cognitoPort, groups, issuerDomain, lambdaEndpoint, password, pool, region } from './settings.mjs';

const url = `http://127.0.0.1:${cognitoPort}`;

/** The key that the pool signs with when it asks functions; the gateway, which may run already, reads the same file. */
function keepSecret(file) {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept) return kept;
  const secret = randomBytes(30).toString('base64');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}

/** Whole, or not at all: a start may be ended at any time. */
function writeJson(file, value) {
  writeFileSync(`${file}.part`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

/** Writes what cognito-local reads when it starts. People who have signed up stay. */
export function preparePool(directory, secretFile) {
  const store = path.join(directory, '.cognito/db');
  mkdirSync(store, { recursive: true });
  writeJson(path.join(directory, '.cognito/config.json'), {
    LambdaClient: { endpoint: lambdaEndpoint, region, credentials: { accessKeyId: 'user-pool', secretAccessKey: keepSecret(secretFile) } },
    TriggerFunctions: { PreTokenGeneration: 'chat-tokens', PostConfirmation: 'chat-welcome' },
    TokenConfig: { IssuerDomain: issuerDomain },
  });
  const now = new Date().toISOString();
  const clients = path.join(store, 'clients.json'), people = path.join(store, `${pool}.json`);
  if (!existsSync(people)) writeJson(people, {
    Groups: {}, Users: {},
    Options: { Id: pool, Name: 'chat', UsernameAttributes: ['email'], AutoVerifiedAttributes: ['email'], MfaConfiguration: 'OFF', CreationDate: now, LastModifiedDate: now },
  });
  if (!existsSync(clients)) writeJson(clients, {
    Clients: { [client]: {
      ClientId: client, ClientName: 'page', UserPoolId: pool, CreationDate: now, LastModifiedDate: now,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      TokenValidityUnits: { AccessToken: 'hours', IdToken: 'hours', RefreshToken: 'days' }, AccessTokenValidity: 1, IdTokenValidity: 1, RefreshTokenValidity: 30,
    } },
  });
}

/** One call of the API, as the SDKs make it. */
async function call(action, input) {
  const answer = await fetch(url, {
    method: 'POST', body: JSON.stringify({ UserPoolId: pool, ...input }),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityProviderService.${action}` },
  });
  const output = await answer.json();
  if (!answer.ok) throw new Error(`${action}: ${output.message}`);
  return output;
}

const attribute = ({ Attributes }, name) => Attributes.find(({ Name }) => Name === name)?.Value;

/** The password is what is set last: an account that has none was left half-made by a start that was ended. */
async function createAccount({ email, name, groups: theirs }, users) {
  const found = users.find((user) => attribute(user, 'email') === email);
  if (found && found.UserStatus !== 'FORCE_CHANGE_PASSWORD') return null;
  const user = found ?? (await call('AdminCreateUser', {
    Username: email, MessageAction: 'SUPPRESS',
    UserAttributes: [{ Name: 'email', Value: email }, { Name: 'email_verified', Value: 'true' }, { Name: 'name', Value: name }],
  })).User;
  for (const GroupName of theirs) await call('AdminAddUserToGroup', { Username: user.Username, GroupName });
  await call('AdminSetUserPassword', { Username: user.Username, Password: password, Permanent: true });
  return { sub: attribute(user, 'sub'), name };
}

/** Groups and accounts, those that are missing; returns who is new. */
export async function fillPool() {
  const there = new Set((await call('ListGroups', {})).Groups.map(({ GroupName }) => GroupName));
  for (const GroupName of groups) if (!there.has(GroupName)) await call('CreateGroup', { GroupName });
  const { Users } = await call('ListUsers', {});
  const made = [];
  for (const account of accounts) made.push(await createAccount(account, Users));
  return made.filter(Boolean);
}
