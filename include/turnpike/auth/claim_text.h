/* SPDX-License-Identifier: Apache-2.0 */
/* claim_text.h: claims as AWS hands them to integrations: every value a string. */
#ifndef TURNPIKE_AUTH_CLAIM_TEXT_H
#define TURNPIKE_AUTH_CLAIM_TEXT_H

#include "turnpike/auth/members.h"

/* Appends the value as HTTP APIs render it: strings as they are, numbers in the token's own digits
 * (1787996002 never becomes 1.787996002e+09), true and false, arrays "[a b]", objects
 * "map[k:v k2:v2]" with sorted keys and null within either "<nil>", as Go prints them (the forms
 * of objects and nested nulls are inferred). False where an object in the value has a member twice.
 * Scratch memory comes from the arena. */
MUST_USE bool claim_text(struct arena *scratch, const struct member *claim, struct buf *out);

#endif
