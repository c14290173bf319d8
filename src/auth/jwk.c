/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/jwk.h"

#include <jansson.h>

#include "turnpike/base/base64.h"
#include "turnpike/base/xalloc.h"

static const struct algorithm algorithms[] = {
    {STR_INIT("RS256"), "SHA256"},
    {STR_INIT("RS384"), "SHA384"},
    {STR_INIT("RS512"), "SHA512"},
};

const struct algorithm *algorithm_find(struct str name)
{
    FOR_EACH (a, algorithms, ARRAY_LENGTH(algorithms)) {
        if (str_eq(a->name, name))
            return a;
    }
    return NULL;
}

/* The member's text; at is NULL where it is absent or no string. */
static struct str text_of(const json_t *jwk, const char *name)
{
    const json_t *value = json_object_get(jwk, name);
    return str_of(json_string_value(value), json_string_length(value));
}

/* Absent, or a string equal to `want`. */
static bool is_absent_or(const json_t *jwk, const char *name, const char *want)
{
    return !json_object_get(jwk, name) || str_is(text_of(jwk, name), want);
}

static bool may_verify(const json_t *jwk)
{
    const json_t *operations = json_object_get(jwk, "key_ops");
    if (!operations)
        return true;
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const char *operation = json_string_value(json_array_get(operations, i));
        if (operation && str_is(STR("verify"), operation))
            return true;
    }
    return false;
}

static bool read_algorithm(const json_t *jwk, const struct algorithm **ret_algorithm)
{
    *ret_algorithm = algorithm_find(text_of(jwk, "alg"));
    return *ret_algorithm || !json_object_get(jwk, "alg");
}

static struct sha256 digest_of(const struct key *key)
{
    char thumbprint[THUMBPRINT_SIZE];
    struct str parts[] = {
        rsa_key_thumbprint(key->pkey, thumbprint), /* of a fixed length, as is the next */
        key->algorithm ? key->algorithm->name : STR("-----"),
        key->kid,
    };
    return sha256_of(parts, ARRAY_LENGTH(parts));
}

/* Takes the key over. */
static void add_key(struct key_set *set, struct str kid, const struct algorithm *algorithm,
                    EVP_PKEY *pkey)
{
    struct key *key = list_push(&set->arena, &set->keys);
    key->kid = arena_copy(&set->arena, kid);
    key->algorithm = algorithm;
    key->pkey = pkey;
    key->signature_size = (size_t)EVP_PKEY_get_size(pkey);
    key->digest = digest_of(key);
}

static void read_jwk(struct key_set *set, const json_t *jwk)
{
    const struct algorithm *algorithm;
    struct rsa_numbers numbers;
    struct str kid = text_of(jwk, "kid");
    if (!str_is(text_of(jwk, "kty"), "RSA") || !is_absent_or(jwk, "use", "sig") ||
        !may_verify(jwk) || kid.len == 0 || !read_algorithm(jwk, &algorithm) ||
        !base64url_decode(&set->arena, text_of(jwk, "n"), &numbers.n) ||
        !base64url_decode(&set->arena, text_of(jwk, "e"), &numbers.e))
        return;
    EVP_PKEY *pkey = rsa_key_new(numbers, NULL);
    if (pkey)
        add_key(set, kid, algorithm, pkey);
}

static struct key_set *new_set(void)
{
    struct key_set *set = xcalloc(1, sizeof(*set));
    arena_init(&set->arena, 4096);
    return set;
}

struct key_set *key_set_parse(struct str json, struct error *ret_error)
{
    json_error_t why;
    json_auto_t *root = json_loadb(json.len ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        /* without jansson's text, which quotes the input: somebody may have named a private key */
        error_set(
            ret_error, ERROR_INVALID, "line %d, column %d: it is no JSON%s", why.line, why.column,
            json_error_code(&why) == json_error_duplicate_key ? " (a member occurs twice)" : "");
        return NULL;
    }
    const json_t *keys = json_object_get(root, "keys");
    if (!json_is_array(keys)) {
        error_set(ret_error, ERROR_INVALID, "it is no JWK set: it has no array 'keys'");
        return NULL;
    }
    struct key_set *set = new_set();
    for (size_t i = 0; i < json_array_size(keys); i++)
        read_jwk(set, json_array_get(keys, i));
    if (set->keys.count == 0) {
        error_set(ret_error, ERROR_INVALID,
                  "none of its %zu keys is an RSA key with a 'kid' that may verify signatures",
                  json_array_size(keys));
        key_set_free(set);
        return NULL;
    }
    return set;
}

struct key_set *key_set_from_pem(struct str pem, struct error *ret_error)
{
    EVP_PKEY *pkey = rsa_key_from_pem(pem, false, ret_error);
    if (!pkey)
        return NULL;
    char thumbprint[THUMBPRINT_SIZE];
    struct key_set *set = new_set();
    add_key(set, rsa_key_thumbprint(pkey, thumbprint), algorithm_find(STR("RS256")), pkey);
    return set;
}

void key_set_free(struct key_set *set)
{
    if (!set)
        return;
    FOR_EACH_IN (key, &set->keys)
        EVP_PKEY_free(key->pkey);
    arena_release(&set->arena);
    free(set);
}

const struct key *key_set_find(const struct key_set *set, struct str kid,
                               const struct algorithm *algorithm)
{
    const struct key *found = NULL;
    FOR_EACH_IN (key, &set->keys) {
        if (!str_eq(key->kid, kid))
            continue;
        if (key_serves(key, algorithm))
            return key;
        found = key;
    }
    return found;
}

bool key_set_has(const struct key_set *set, const struct sha256 *digest)
{
    FOR_EACH_IN (key, &set->keys) {
        if (memcmp(key->digest.bytes, digest->bytes, SHA256_SIZE) == 0)
            return true;
    }
    return false;
}
