/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/token.h"

#include <openssl/err.h>

#include "turnpike/base/base64.h"
#include "turnpike/base/xalloc.h"

#define ALGORITHM_SHOWN_MAX 32

static void free_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

struct str token_of_value(struct str value)
{
    struct str scheme = STR("Bearer");
    value = str_trim(value);
    if (!str_starts_with_nocase(value, scheme) ||
        (value.len > scheme.len && value.at[scheme.len] != ' '))
        return value;
    return str_trim(str_skip(value, scheme.len));
}

static bool refuse(struct str why, struct str *ret_why)
{
    *ret_why = why;
    return false;
}

/* Told is where Go's decoder would stop: at the first foreign character, else at the end. */
static bool decode(struct arena *a, struct str segment, struct str *ret_bytes, struct str *ret_why)
{
    if (base64url_decode(a, segment, ret_bytes))
        return true;
    return refuse(arena_printf(a, "illegal base64 data at input byte %zu", base64url_span(segment)),
                  ret_why);
}

static bool is_shown(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '+' || c == '.';
}

/* The header names its algorithm in the sender's words: only letters, digits and the like of them
 * may come back in ours. */
static struct str describe_algorithm(struct arena *a, struct str name)
{
    char shown[ALGORITHM_SHOWN_MAX + 1] = {0};
    for (size_t i = 0; i < name.len && i < ALGORITHM_SHOWN_MAX; i++)
        shown[i] = is_shown(name.at[i]) ? name.at[i] : '?';
    return arena_printf(a, "signing method %s is invalid", shown);
}

static bool read_algorithm(struct arena *a, const struct members *header, struct token *token,
                           struct str *ret_why)
{
    struct str name;
    if (!member_string(a, members_find(header, STR("alg")), &name))
        return refuse(STR("signing method (alg) is unspecified"), ret_why);
    token->algorithm = algorithm_find(name);
    return token->algorithm || refuse(describe_algorithm(a, name), ret_why);
}

/* What would change the meaning of the rest, and what we do not understand, must not be ignored. */
static bool is_plain(const struct members *header, struct str *ret_why)
{
    const struct member *b64 = members_find(header, STR("b64"));
    if (members_find(header, STR("crit")))
        return refuse(STR("the token has critical header parameters"), ret_why);
    if (members_find(header, STR("zip")) || (b64 && b64->type != JSON_TYPE_TRUE))
        return refuse(STR("the encoding of the token's payload is not supported"), ret_why);
    return true;
}

static bool read_header(struct arena *a, const struct members *header, struct token *token,
                        struct str *ret_why)
{
    if (!read_algorithm(a, header, token, ret_why) || !is_plain(header, ret_why))
        return false;
    if (!member_string(a, members_find(header, STR("kid")), &token->kid) || token->kid.len == 0)
        return refuse(STR("the token does not have a key id"), ret_why);
    return true;
}

/* False where there are not exactly three. */
static bool split(struct str text, struct str segments[3])
{
    size_t count = 0;
    struct str rest = text, segment;
    while (str_split(&rest, '.', &segment)) {
        if (count == 3)
            return false;
        segments[count++] = segment;
    }
    return count == 3;
}

static bool parse_header(struct arena *a, struct str text, struct members *ret_header,
                         struct str *ret_why)
{
    struct str json;
    return decode(a, text, &json, ret_why) && members_read(a, json, ret_header, ret_why);
}

static bool parse_segments(struct arena *a, struct str segments[3], struct token *token,
                           struct members *header, struct str *ret_why)
{
    token->signed_text = str_of(segments[0].at, segments[0].len + 1 + segments[1].len);
    return parse_header(a, segments[0], header, ret_why) &&
           decode(a, segments[1], &token->payload, ret_why) &&
           decode(a, segments[2], &token->signature, ret_why);
}

/* The layers above the segments differ in when the payload must be an object. */
static bool parse(struct arena *a, struct str text, bool json_payload, struct token *ret_token,
                  struct str *ret_why)
{
    struct str segments[3];
    if (text.len > TOKEN_SIZE_MAX)
        return refuse(STR("the token is too long"), ret_why);
    if (!split(text, segments))
        return refuse(STR("token contains an invalid number of segments"), ret_why);
    if (str_starts_with_nocase(text, STR("bearer ")))
        return refuse(STR("tokenstring should not contain 'bearer '"), ret_why);

    struct token token = {0};
    struct members header = {0};
    if (!parse_segments(a, segments, &token, &header, ret_why) ||
        (json_payload && !members_read(a, token.payload, &token.claims, ret_why)) ||
        !read_header(a, &header, &token, ret_why))
        return false;
    *ret_token = token;
    return true;
}

bool token_parse_jws(struct arena *a, struct str text, struct token *ret_token, struct str *ret_why)
{
    return parse(a, text, false, ret_token, ret_why);
}

bool token_parse(struct arena *a, struct str text, struct token *ret_token, struct str *ret_why)
{
    return parse(a, text, true, ret_token, ret_why);
}

static bool verify(const struct token *token, const struct key *key)
{
    __attribute__((cleanup(free_context))) EVP_MD_CTX *context = xcheck(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit_ex(context, NULL, token->algorithm->digest, NULL, NULL, key->pkey,
                                NULL) <= 0)
        return false;
    return EVP_DigestVerify(context, (const unsigned char *)token->signature.at,
                            token->signature.len, (const unsigned char *)token->signed_text.at,
                            token->signed_text.len) == 1;
}

bool token_verify(struct arena *a, const struct token *token, const struct key *key,
                  struct str *ret_why)
{
    if (!key_serves(key, token->algorithm))
        return refuse(describe_algorithm(a, token->algorithm->name), ret_why);
    bool verified = token->signature.len == key->signature_size && verify(token, key);
    ERR_clear_error();
    return verified || refuse(STR("crypto/rsa: verification error"), ret_why);
}
