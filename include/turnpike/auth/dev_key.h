/* SPDX-License-Identifier: Apache-2.0 */
/* dev_key.h: makes the signing key of a development issuer (`turnpike init`). */
#ifndef TURNPIKE_AUTH_DEV_KEY_H
#define TURNPIKE_AUTH_DEV_KEY_H

#include "turnpike/base/arena.h"
#include "turnpike/base/error.h"

/* A pair of RSA 2048, each half as PEM text in the arena: PKCS #8 without a passphrase, for a file
 * of mode 0600, and SubjectPublicKeyInfo. Takes a good part of a second. */
MUST_USE bool dev_key_generate(struct arena *arena, struct str *ret_private_pem,
                               struct str *ret_public_pem, struct error *ret_error);

#endif
