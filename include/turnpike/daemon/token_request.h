/* SPDX-License-Identifier: Apache-2.0 */
/* token_request.h: what `turnpike token` takes from the configuration. */
#ifndef TURNPIKE_DAEMON_TOKEN_REQUEST_H
#define TURNPIKE_DAEMON_TOKEN_REQUEST_H

#include "turnpike/auth/mint.h"
#include "turnpike/daemon/options.h"
#include "turnpike/model/snapshot.h"

/* The settings of the development issuer, which has a signing key. NULL with an error that names
 * the ones there are. */
const struct issuer_settings *token_find_issuer(const struct snapshot *snapshot, struct str issuer,
                                                struct error *ret_error);

/* The one audience that the authorizers of this issuer accept; empty where no authorizer names the
 * issuer. False where they accept several: somebody has to choose. */
MUST_USE bool token_find_audience(const struct snapshot *snapshot, struct str issuer,
                                  struct str *ret_audience, struct error *ret_error);

/* Splits "K=V" texts. The array is the arena's. False where one has no name or no equals sign. */
MUST_USE bool token_read_claims(const text_list *texts, struct arena *arena,
                                const struct mint_claim **ret_claims, struct error *ret_error);

#endif
