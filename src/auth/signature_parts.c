/* SPDX-License-Identifier: Apache-2.0 */
#include "signature_parts.h"

#include "turnpike/base/base64.h"
#include "turnpike/base/digest.h"
#include "turnpike/base/uri.h"

/* Where a part stands. */
struct place {
    const char *name;
    size_t offset; /* in struct signature_parts */
    bool required;
};

#define AT(member) offsetof(struct signature_parts, member)

static const struct place in_query[] = {
    {"X-Amz-Algorithm",      AT(algorithm),      true },
    {"X-Amz-Credential",     AT(credential),     true },
    {"X-Amz-Signature",      AT(signature),      true },
    {"X-Amz-SignedHeaders",  AT(signed_headers), true },
    {"X-Amz-Date",           AT(time),           true },
    {"X-Amz-Expires",        AT(expires),        false},
    {"X-Amz-Security-Token", AT(session_token),  false},
    {"X-Amz-Content-Sha256", AT(content_hash),   false},
};

static const struct place in_authorization[] = {
    {"Credential",    AT(credential),     true},
    {"Signature",     AT(signature),      true},
    {"SignedHeaders", AT(signed_headers), true},
};

static const struct place in_headers[] = {
    {"x-amz-content-sha256", AT(content_hash),  false},
    {"x-amz-security-token", AT(session_token), false},
};

/* In the order in which they count. */
static const struct place time_headers[] = {
    {"x-amz-date", AT(time), false},
    {"date",       AT(time), false},
};

enum signature_result signature_refuse(struct signature_check *check, enum signature_result result,
                                       struct str message, const char *why)
{
    check->message = message;
    check->why = str_from(why);
    return result;
}

static struct str *part_at(struct signature_check *check, const struct place *place)
{
    return (struct str *)(void *)((char *)&check->parts + place->offset);
}

static enum signature_result refuse_twice(struct signature_check *check, const char *name)
{
    return signature_refuse(check, SIGNATURE_INCOMPLETE,
                            arena_printf(check->arena, "'%s' must not occur twice.", name),
                            "a part of the signature is there twice");
}

static enum signature_result put(struct signature_check *check, const struct place *place,
                                 struct str value)
{
    struct str *part = part_at(check, place);
    if (part->at)
        return refuse_twice(check, place->name);
    *part = value.at ? value : STR("");
    return SIGNATURE_VALID;
}

static const struct place *find_place(const struct place *places, size_t count, struct str name)
{
    FOR_EACH (place, places, count)
        if (str_is(name, place->name))
            return place;
    return NULL;
}

/* The query. */

/* The query without the part that begins at `start` and ends at `end`. */
static struct str without(struct arena *a, struct str query, const char *start, const char *end)
{
    size_t before = (size_t)(start - query.at), len = query.len - (size_t)(end - start);
    char *rest = arena_bytes(a, len);
    memcpy(rest, query.at, before);
    memcpy(rest + before, end, len - before);
    return str_of(rest, len);
}

static enum signature_result read_query(struct signature_check *check)
{
    struct signature_parts *parts = &check->parts;
    struct str rest = check->request->query, name, value;
    parts->query = rest;
    while (uri_next_parameter(&rest, &name, &value)) {
        const struct place *place =
            find_place(in_query, ARRAY_LENGTH(in_query), uri_decode(check->arena, name, false));
        if (!place)
            continue;
        enum signature_result result = put(check, place, uri_decode(check->arena, value, false));
        if (result != SIGNATURE_VALID)
            return result;
        if (place->offset == AT(signature))
            parts->query = without(check->arena, parts->query, name.at, value.at + value.len);
    }
    return SIGNATURE_VALID;
}

static const char *first_in_query(struct signature_check *check)
{
    FOR_EACH (place, in_query, ARRAY_LENGTH(in_query))
        if (part_at(check, place)->at)
            return place->name;
    return NULL;
}

static enum signature_result require_query_parts(struct signature_check *check)
{
    scoped_buf struct buf message = {0};
    FOR_EACH (place, in_query, ARRAY_LENGTH(in_query))
        if (place->required && !part_at(check, place)->at)
            buf_printf(&message, "AWS query-string parameters must include '%s'. ", place->name);
    if (buf_len(&message) == 0)
        return SIGNATURE_VALID;
    buf_literal(&message, "Re-examine the query-string parameters.");
    return signature_refuse(check, SIGNATURE_INCOMPLETE,
                            arena_copy(check->arena, buf_str(&message)),
                            "a parameter of the presigned URL is missing");
}

/* The headers. */

/* The value of the only header of a name; at is NULL where there is none. */
static enum signature_result find_once(struct signature_check *check, const char *name,
                                       struct str *ret_value)
{
    const struct header *found = NULL;
    FOR_EACH (h, check->request->headers, check->request->header_count) {
        if (!str_eq_nocase(h->name, str_from(name)))
            continue;
        if (found)
            return refuse_twice(check, name);
        found = h;
    }
    *ret_value = found ? found->value : (struct str){NULL, 0};
    if (found && !found->value.at)
        *ret_value = STR("");
    return SIGNATURE_VALID;
}

static enum signature_result read_headers(struct signature_check *check)
{
    FOR_EACH (place, in_headers, ARRAY_LENGTH(in_headers)) {
        struct str value;
        enum signature_result result = find_once(check, place->name, &value);
        if (result == SIGNATURE_VALID && value.at)
            result = put(check, place, value);
        if (result != SIGNATURE_VALID)
            return result;
    }
    return SIGNATURE_VALID;
}

static enum signature_result read_time_header(struct signature_check *check)
{
    struct signature_parts *parts = &check->parts;
    FOR_EACH (place, time_headers, ARRAY_LENGTH(time_headers)) {
        struct str value;
        enum signature_result result = find_once(check, place->name, &value);
        if (result != SIGNATURE_VALID)
            return result;
        if (value.at && !parts->time.at) {
            parts->time = value;
            parts->time_header = place->name;
        }
    }
    return SIGNATURE_VALID;
}

/* Authorization. */

/* As AWS shows the header to whoever sent it. */
static struct str hash_of(struct arena *a, struct str value)
{
    struct sha256 digest = sha256_of(&value, 1);
    char *text = arena_bytes(a, base64_encoded_len(SHA256_SIZE));
    return str_of(text, base64_encode(text, sha256_str(&digest)));
}

static enum signature_result refuse_pair(struct signature_check *check, struct str authorization)
{
    struct str hash = hash_of(check->arena, authorization);
    return signature_refuse(
        check, SIGNATURE_INCOMPLETE,
        arena_printf(check->arena,
                     "Invalid key=value pair (missing equal-sign) in Authorization header (hashed "
                     "with SHA-256 and encoded with Base64): '%" STR_F "'.",
                     STR_A(hash)),
        "Authorization is no signature: it has no key=value pairs");
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

/* Takes the next word off. */
static bool next_word(struct str *rest, struct str *ret_word)
{
    size_t len = 0;
    while (rest->len > 0 && is_separator(rest->at[0]))
        *rest = str_skip(*rest, 1);
    while (len < rest->len && !is_separator(rest->at[len]))
        len++;
    *ret_word = str_head(*rest, len);
    *rest = str_skip(*rest, len);
    return len > 0;
}

static enum signature_result read_pairs(struct signature_check *check, struct str authorization)
{
    struct str rest = authorization, word;
    (void)next_word(&rest, &check->parts.algorithm);
    while (next_word(&rest, &word)) {
        size_t equals = str_find(word, '=');
        if (equals == word.len)
            return refuse_pair(check, authorization);
        const struct place *place =
            find_place(in_authorization, ARRAY_LENGTH(in_authorization), str_head(word, equals));
        if (!place)
            continue;
        enum signature_result result = put(check, place, str_skip(word, equals + 1));
        if (result != SIGNATURE_VALID)
            return result;
    }
    return SIGNATURE_VALID;
}

static enum signature_result require_pairs(struct signature_check *check, struct str authorization)
{
    scoped_buf struct buf message = {0};
    FOR_EACH (place, in_authorization, ARRAY_LENGTH(in_authorization))
        if (!part_at(check, place)->at)
            buf_printf(&message, "Authorization header requires '%s' parameter. ", place->name);
    if (!check->parts.time.at)
        buf_literal(&message, "Authorization header requires existence of either a 'X-Amz-Date' or "
                              "a 'Date' header. ");
    if (buf_len(&message) == 0)
        return SIGNATURE_VALID;
    buf_literal(&message, "(Hashed with SHA-256 and encoded with Base64) Authorization=");
    buf_append(&message, hash_of(check->arena, authorization));
    return signature_refuse(check, SIGNATURE_INCOMPLETE,
                            arena_copy(check->arena, buf_str(&message)),
                            "a part of the signature is missing in Authorization, or the date");
}

static enum signature_result read_authorization(struct signature_check *check,
                                                struct str authorization)
{
    enum signature_result result = read_time_header(check);
    if (result == SIGNATURE_VALID)
        result = read_pairs(check, authorization);
    if (result == SIGNATURE_VALID)
        result = require_pairs(check, authorization);
    return result;
}

/* Either. */

static enum signature_result choose_form(struct signature_check *check, struct str authorization)
{
    const char *parameter = first_in_query(check);
    if (parameter && authorization.at)
        return signature_refuse(check, SIGNATURE_WRONG,
                                arena_printf(check->arena,
                                             "Found both '%s' as a query-string param and "
                                             "'Authorization' as HTTP header.",
                                             parameter),
                                "the request is signed in its query and in Authorization");
    if (!parameter && !authorization.at)
        return signature_refuse(check, SIGNATURE_MISSING, STR("Missing Authentication Token"),
                                "the request is not signed");
    return parameter ? require_query_parts(check) : read_authorization(check, authorization);
}

enum signature_result signature_read_parts(struct signature_check *check)
{
    struct str authorization;
    check->parts = (struct signature_parts){0};
    enum signature_result result = read_query(check);
    if (result == SIGNATURE_VALID)
        result = find_once(check, "authorization", &authorization);
    if (result == SIGNATURE_VALID)
        result = choose_form(check, authorization);
    if (result == SIGNATURE_VALID)
        result = read_headers(check);
    return result;
}
