/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/mint.h"

#include <jansson.h>
#include <jwt.h>

#include "turnpike/auth/rsa_key.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

static void free_jwt(jwt_t **jwt)
{
    jwt_free(*jwt);
}

/* False where the value is not UTF-8. */
static bool put(json_t *claims, const char *name, struct str value)
{
    return value.len == 0 ||
           json_object_set_new(claims, name, json_stringn(value.at, value.len)) == 0;
}

static void put_instant(json_t *claims, const char *name, uint64_t wall)
{
    (void)json_object_set_new(claims, name,
                              xcheck(json_integer((json_int_t)(wall / USEC_PER_SEC))));
}

/* NULL where the value is not UTF-8. */
static json_t *value_of(struct str text)
{
    json_t *value = json_loadb(text.len ? text.at : "", text.len,
                               JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    return value ? value : json_stringn(text.len ? text.at : "", text.len);
}

static bool put_claim(json_t *claims, struct arena *arena, const struct mint_claim *claim,
                      struct error *ret_error)
{
    char *name = arena_cstring(arena, claim->name);
    json_t *value = value_of(claim->value);
    if (value && json_is_null(value)) {
        json_decref(value);
        (void)json_object_del(claims, name);
        return true;
    }
    if (!value || json_object_set_new(claims, name, value) != 0) {
        error_set(ret_error, ERROR_INVALID, "the claim '%s' is not UTF-8", name);
        return false;
    }
    return true;
}

/* The payload, or NULL; the caller owns it. */
static json_t *build_claims(const struct mint_request *r, struct arena *arena,
                            struct error *ret_error)
{
    json_auto_t *claims = xcheck(json_object());
    if (!put(claims, "iss", r->issuer) || !put(claims, "sub", r->subject) ||
        !put(claims, "aud", r->audience) || !put(claims, "scope", r->scope)) {
        error_set(ret_error, ERROR_INVALID, "issuer, subject, audience or scope is not UTF-8");
        return NULL;
    }
    put_instant(claims, "iat", r->wall);
    put_instant(claims, "exp", r->wall + r->lifetime);
    FOR_EACH (claim, r->claims, r->claim_count) {
        if (!put_claim(claims, arena, claim, ret_error))
            return NULL;
    }
    return take(&claims);
}

/* libjwt signs and serialises; it checks nothing about the key, so that was done before. */
static bool sign(const json_t *claims, const char *kid, struct str pem, struct arena *arena,
                 struct str *ret_token)
{
    __attribute__((cleanup(free_jwt))) jwt_t *jwt = NULL;
    scoped_free char *payload = xcheck(json_dumps(claims, JSON_COMPACT));
    if (jwt_new(&jwt) != 0 || jwt_add_header(jwt, "kid", kid) != 0 ||
        jwt_add_grants_json(jwt, payload) != 0 ||
        jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)pem.at, (int)pem.len) != 0)
        return false;
    scoped_free char *token = jwt_encode_str(jwt);
    if (!token)
        return false;
    *ret_token = arena_copy(arena, str_from(token));
    return true;
}

bool token_mint(const struct mint_request *request, struct str private_key_pem, struct arena *arena,
                struct str *ret_token, struct error *ret_error)
{
    scoped_pkey EVP_PKEY *key = rsa_key_from_pem(private_key_pem, true, ret_error);
    if (!key)
        return false;
    char kid[THUMBPRINT_SIZE + 1] = {0};
    (void)rsa_key_thumbprint(key, kid);

    json_auto_t *claims = build_claims(request, arena, ret_error);
    if (!claims)
        return false;
    if (sign(claims, kid, private_key_pem, arena, ret_token))
        return true;
    error_set(ret_error, ERROR_SYSTEM, "libjwt cannot sign the token");
    return false;
}
