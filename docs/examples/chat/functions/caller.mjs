// SPDX-License-Identifier: Apache-2.0
// Who calls, by the claims of a token that the gateway has checked.

/** Scopes are `scp` in an ID token of this pool (see triggers.mjs), `scope` in an access token. */
function scopesOf(claims) {
  return (claims.scp ?? claims.scope ?? '').split(/[\s[\]]+/).filter(Boolean);
}

/** claims: of the JWT authorizer, each a text, in HTTP and WebSocket events alike. */
export function readCaller(claims) {
  const scopes = scopesOf(claims);
  const email = claims.email ?? '';
  return {
    sub: claims.sub,
    email,
    fallbackName: email.split('@')[0] || 'somebody',
    scopes,
    mayWrite: scopes.includes('chat/write'),
    moderator: scopes.includes('chat/moderate'),
  };
}
