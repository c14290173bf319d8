/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h: identity-based IAM policies (AWS: "IAM JSON policy elements reference"): Effect,
 * Action, NotAction, Resource, NotResource with their wildcards. A Condition, a Principal, a policy
 * variable or any other element is an error when it is read: what is not understood must not be
 * taken for a yes. */
#ifndef TURNPIKE_AUTH_POLICY_H
#define TURNPIKE_AUTH_POLICY_H

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"
#include "turnpike/model/settings.h"

struct policy;

/* Of the arena. NULL where the document is no policy; *ret_why says it, of the arena or static. */
const struct policy *policy_read(struct arena *a, struct str json, struct str *ret_why);

/* Allowed by a statement and denied by none. Actions compare without case, resources exactly, both
 * with '*' (any text, slashes and colons too) and '?' (any byte). Takes at most as many steps as
 * the lengths of pattern and text multiplied. */
bool policy_allows(const struct policy *p, struct str action, struct str resource);

/* Whether the holder of a key may do this: what its policy says, which auth_prepare has compiled;
 * without one, execute-api:ManageConnections on whatever there is, and nothing else. */
bool credential_allows(const struct credential *credential, struct str action, struct str resource);

#endif
