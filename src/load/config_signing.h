/* SPDX-License-Identifier: Apache-2.0 */
/* config_signing.h: secrets, and whose signature requests to an endpoint carry. */
#ifndef TURNPIKE_LOAD_CONFIG_SIGNING_H
#define TURNPIKE_LOAD_CONFIG_SIGNING_H

#include "config_read.h"

/* Whose signature requests to e carry: what the map `owner`, which may be NULL, has under signWith
 * (a row of type CONFIG_ANY, which config_read_section passes over), else what the environment has
 * where e is a host of AWS. NULL: nobody's, or a mistake, which was reported. e may be empty where
 * it could not be read. */
const struct signing *config_read_signing(struct config *c, const struct doc *owner,
                                          const struct endpoint *e, struct position endpoint_at);

/* Whether a key could ever be sent: false, reported, where it would break the head that carries it,
 * or the scope. Never says what was written. */
bool config_check_key(struct config *c, struct position at, struct str access_key_id,
                      struct str secret_access_key, struct str session_token);

/* Reads a CONFIG_SECRET of a map: written there, or in a file that the key followed by File names.
 * target may be NULL: then a file is not opened. */
void config_read_secret(struct config *c, const struct config_key *key, const struct doc *map,
                        struct str *target);

#endif
