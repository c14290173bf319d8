// SPDX-License-Identifier: Apache-2.0
// What the user pool asks while people sign up and in.
import {
  AdminAddUserToGroupCommand, AdminListGroupsForUserCommand, CognitoIdentityProviderClient,
} from '@aws-sdk/client-cognito-identity-provider';
import { readLine } from './check.mjs';
import { logger, observed } from './observe.mjs';
import { Store } from './store.mjs';

const cognito = new CognitoIdentityProviderClient({});
const store = new Store();
const scopesOfGroup = { writers: ['chat/write'], moderators: ['chat/write', 'chat/moderate'] };

/** Scopes by group: everybody reads. */
export const preTokenGeneration = observed(async (event) => {
  const groups = event.request.groupConfiguration?.groupsToOverride ?? await groupsOf(event);
  const scopes = [...new Set(['chat/read', ...groups.flatMap((group) => scopesOfGroup[group] ?? [])])];
  event.response = Number(event.version) >= 2 ? scopesOfAccessToken(scopes) : claimOfIdToken(scopes);
  logger.info('a token is made', { userName: event.userName, groups, scopes });
  return event;
});

/** The trigger's second version, which a user pool asks once it is told to: into access tokens. */
function scopesOfAccessToken(scopesToAdd) {
  return { claimsAndScopeOverrideDetails: { accessTokenGeneration: { scopesToAdd } } };
}

/** The first one knows ID tokens only. The gateway reads `scp` as it reads `scope`. */
function claimOfIdToken(scopes) {
  return { claimsOverrideDetails: { claimsToAddOrOverride: { scp: scopes.join(' ') } } };
}

/** Cognito tells the groups in its event; what stands in for it in development does not. */
async function groupsOf({ userPoolId, userName }) {
  const { Groups } = await cognito.send(new AdminListGroupsForUserCommand({ UserPoolId: userPoolId, Username: userName }));
  return Groups.map(({ GroupName }) => GroupName);
}

/** Whoever has confirmed the sign-up may write, and has a profile. */
export const postConfirmation = observed(async (event) => {
  const { userPoolId, userName, request: { userAttributes: { sub, email, name } } } = event;
  await cognito.send(new AdminAddUserToGroupCommand({ UserPoolId: userPoolId, Username: userName, GroupName: 'writers' }));
  await store.saveProfile(sub, { name: firstName(name) ?? firstName(email.split('@')[0]) ?? 'somebody', about: '' });
  logger.info('somebody has signed up', { userName });
  return event;
});

/** A name as the profile would take it, or undefined: whoever signs up tells it to the user pool alone. */
function firstName(name) {
  try {
    return readLine({ name: typeof name === 'string' ? [...name.trim()].slice(0, 40).join('') : name }, 'name', 40);
  } catch {
    return undefined;
  }
}
