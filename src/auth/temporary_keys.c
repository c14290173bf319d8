/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/temporary_keys.h"

#include "turnpike/auth/policy.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/map.h"
#include "turnpike/base/random.h"
#include "turnpike/base/xalloc.h"

#define ID_PREFIX    "ASIA"
#define ID_BYTES     10
#define SECRET_BYTES 30
#define TOKEN_BYTES  192

#define POLICY                                                                                     \
    "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"execute-api:ManageConnections\","          \
    "\"lambda:InvokeFunction\"],\"Resource\":\"*\"}}"

struct issued {
    struct temporary_key key;
    struct credential credential; /* views of the key, and of the ARN */
    char *user_arn;
};

struct temporary_keys {
    struct map by_id;
    struct arena arena; /* of the policy */
    const struct policy *policy;
};

struct temporary_keys *temporary_keys_new(void)
{
    struct temporary_keys *keys = xcalloc(1, sizeof(*keys));
    struct str why;
    arena_init(&keys->arena, 1024);
    keys->policy = policy_read(&keys->arena, STR(POLICY), &why);
    assert(keys->policy);
    return keys;
}

static void wipe(struct issued *issued)
{
    explicit_bzero(&issued->key, sizeof(issued->key));
    free(issued->user_arn);
    free(issued);
}

void temporary_keys_free(struct temporary_keys *keys)
{
    struct issued *issued;
    if (!keys)
        return;
    for (size_t i = 0; (issued = map_next(&keys->by_id, &i));)
        wipe(issued);
    map_release(&keys->by_id);
    arena_release(&keys->arena);
    free(keys);
}

/* Five bits a character (RFC 4648, 6). */
static void put_base32(char *out, const unsigned char *bytes, size_t len)
{
    unsigned pending = 0, count = 0;
    for (size_t i = 0; i < len; i++) {
        pending = pending << 8 | bytes[i];
        for (count += 8; count >= 5; count -= 5)
            *out++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[pending >> (count - 5) & 31];
    }
    *out = '\0';
}

static void put_base64(char *out, unsigned char *bytes, size_t len)
{
    random_bytes(bytes, len);
    out[base64url_encode(out, str_of((char *)bytes, len))] = '\0';
}

static void draw(struct temporary_key *key)
{
    unsigned char bytes[TOKEN_BYTES];
    random_bytes(bytes, ID_BYTES);
    memcpy(key->access_key_id, ID_PREFIX, sizeof(ID_PREFIX) - 1);
    put_base32(key->access_key_id + sizeof(ID_PREFIX) - 1, bytes, ID_BYTES);
    put_base64(key->secret_access_key, bytes, SECRET_BYTES);
    put_base64(key->session_token, bytes, TOKEN_BYTES);
    explicit_bzero(bytes, sizeof(bytes));
}

static struct credential describe(const struct temporary_keys *keys, const struct issued *issued)
{
    return (struct credential){.access_key_id = str_from(issued->key.access_key_id),
                               .secret_access_key = str_from(issued->key.secret_access_key),
                               .session_token = str_from(issued->key.session_token),
                               .user_arn = str_from(issued->user_arn),
                               .policy = {.text = STR(POLICY)},
                               .compiled = keys->policy};
}

void temporary_keys_issue(struct temporary_keys *keys, struct str function, struct str account_id,
                          struct temporary_key *ret_key)
{
    struct issued *issued = xcalloc(1, sizeof(*issued));
    draw(&issued->key);
    issued->user_arn = xasprintf("arn:aws:sts::%" STR_F ":assumed-role/%" STR_F "/%" STR_F,
                                 STR_A(account_id), STR_A(function), STR_A(function));
    issued->credential = describe(keys, issued);
    void *before = map_set(&keys->by_id, issued->credential.access_key_id, issued);
    assert(!before); /* 80 random bits */
    *ret_key = issued->key;
}

void temporary_keys_revoke(struct temporary_keys *keys, struct str access_key_id)
{
    struct issued *issued = map_remove(&keys->by_id, access_key_id);
    if (issued)
        wipe(issued);
}

const struct credential *temporary_keys_find(const struct temporary_keys *keys,
                                             struct str access_key_id)
{
    const struct issued *issued = keys ? map_get(&keys->by_id, access_key_id) : NULL;
    return issued ? &issued->credential : NULL;
}
