/* SPDX-License-Identifier: Apache-2.0 */
/* temporary_keys.h: the keys that hosted functions sign their requests with: made for a process,
 * never written down, gone with it (AWS: "Temporary security credentials in IAM"). */
#ifndef TURNPIKE_AUTH_TEMPORARY_KEYS_H
#define TURNPIKE_AUTH_TEMPORARY_KEYS_H

#include "turnpike/model/settings.h"

/* "ASIA" and 80 random bits in base32; 240 bits and 1536 bits in base64url. With NUL. */
#define TEMPORARY_ID_SIZE     21
#define TEMPORARY_SECRET_SIZE 41
#define TEMPORARY_TOKEN_SIZE  257

/* What a process is given. Whoever got a copy wipes it. */
struct temporary_key {
    char access_key_id[TEMPORARY_ID_SIZE];
    char secret_access_key[TEMPORARY_SECRET_SIZE];
    char session_token[TEMPORARY_TOKEN_SIZE];
};

struct temporary_keys; /* those in force; owned by the gateway, survives reload */

struct temporary_keys *temporary_keys_new(void);
/* Wipes what is left. Takes NULL. */
void temporary_keys_free(struct temporary_keys *keys);

/* A new key, which is good until it is revoked. It may manage connections and invoke functions,
 * and nothing else, as arn:aws:sts::ACCOUNT:assumed-role/FUNCTION/FUNCTION. */
void temporary_keys_issue(struct temporary_keys *keys, struct str function, struct str account_id,
                          struct temporary_key *ret_key);

/* From now on nobody has this key; what there was of it is wiped. Takes an id of no key. */
void temporary_keys_revoke(struct temporary_keys *keys, struct str access_key_id);

/* The key as if it were configured, valid until it is revoked; NULL: there is none. Takes NULL. */
const struct credential *temporary_keys_find(const struct temporary_keys *keys,
                                             struct str access_key_id);

#endif
