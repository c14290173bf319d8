/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/claims.h"

#include <math.h>

#include "turnpike/auth/claim_text.h"

typedef LIST(struct str) str_list;

static void add(struct arena *keep, str_list *list, struct str value)
{
    *list_push(keep, list) = arena_copy(keep, value);
}

/* The elements of an array of strings; false (and none) where it holds anything else. */
static bool read_array(struct arena *keep, struct arena *scratch, const struct member *claim,
                       str_list *ret_list)
{
    struct json_reader r;
    json_reader_init(&r, claim->text, scratch);
    str_list list = {0};
    struct str element;
    if (!json_enter_array(&r))
        return false;
    while (json_next_element(&r)) {
        if (!json_read_string(&r, &element))
            return false;
        add(keep, &list, element);
    }
    *ret_list = list;
    return true;
}

static void read_audiences(struct arena *keep, struct arena *scratch, const struct members *members,
                           str_list *list)
{
    const struct member *claim = members_find(members, STR("aud"));
    struct str value;
    if (claim && claim->type == JSON_TYPE_ARRAY)
        (void)read_array(keep, scratch, claim, list);
    /* client_id counts only where there is no aud at all: a wrong aud is final */
    else if (member_string(scratch, claim ? claim : members_find(members, STR("client_id")),
                           &value))
        add(keep, list, value);
}

static bool is_absent(const struct member *claim)
{
    return !claim || claim->type == JSON_TYPE_NULL;
}

static void read_scopes(struct arena *keep, struct arena *scratch, const struct members *members,
                        str_list *list)
{
    const struct member *claim = members_find(members, STR("scp"));
    if (is_absent(claim))
        claim = members_find(members, STR("scope"));
    struct str rest, scope;
    if (claim && claim->type == JSON_TYPE_ARRAY)
        (void)read_array(keep, scratch, claim, list);
    else if (member_string(scratch, claim, &rest))
        while (str_split(&rest, ' ', &scope))
            if (scope.len > 0)
                add(keep, list, scope);
}

/* NumericDate (RFC 7519 §2): seconds, perhaps with a fraction. */
static bool read_instant(struct arena *scratch, const struct member *claim, int64_t *ret_instant)
{
    if (claim->type != JSON_TYPE_NUMBER)
        return false;
    double usec = strtod(arena_cstring(scratch, claim->text), NULL) * 1e6;
    if (!isfinite(usec))
        return false;
    *ret_instant = usec >= 9e18 ? INT64_MAX : usec <= -9e18 ? -INT64_MAX : (int64_t)usec;
    return true;
}

/* `wrong` stands for a value that is no instant. */
static int64_t instant_of(struct arena *scratch, const struct members *members, struct str name,
                          int64_t wrong)
{
    const struct member *claim = members_find(members, name);
    int64_t instant;
    if (!claim)
        return CLAIMS_NO_INSTANT;
    return read_instant(scratch, claim, &instant) ? instant : wrong;
}

/* Appends the claim to identity's list and its text to json. */
static bool render(struct arena *keep, struct arena *scratch, const struct member *member,
                   struct claim *claim, struct buf *json)
{
    scoped_buf struct buf value = {0};
    if (!claim_text(scratch, member, &value))
        return false;
    claim->name = arena_copy(keep, member->name);
    claim->value = arena_copy(keep, buf_str(&value));
    if (buf_len(json) > 1)
        buf_append_char(json, ',');
    json_write_string(json, claim->name);
    buf_append_char(json, ':');
    json_write_string(json, claim->value);
    return true;
}

static bool render_all(struct arena *keep, struct arena *scratch, const struct members *members,
                       struct identity *identity)
{
    scoped_buf struct buf json = {0};
    struct claim *claims = arena_array(keep, struct claim, members->count);
    size_t count = 0;
    buf_append_char(&json, '{');
    FOR_EACH (member, members->items, members->count) {
        if (member->type == JSON_TYPE_NULL)
            continue;
        if (!render(keep, scratch, member, &claims[count++], &json))
            return false;
    }
    buf_append_char(&json, '}');
    identity->claims = claims;
    identity->claim_count = count;
    identity->claims_json = arena_copy(keep, buf_str(&json));
    return true;
}

bool claims_read(struct arena *keep, struct arena *scratch, const struct members *members,
                 struct claims *ret_claims, struct str *ret_why)
{
    struct claims c = {
        .expires_at = instant_of(scratch, members, STR("exp"), CLAIMS_NO_INSTANT),
        .not_before = instant_of(scratch, members, STR("nbf"), INT64_MAX),
        .issued_at = instant_of(scratch, members, STR("iat"), INT64_MAX),
    };
    if (!render_all(keep, scratch, members, &c.identity)) {
        *ret_why = STR("a JSON object has a member twice");
        return false;
    }
    struct str issuer;
    if (member_string(scratch, members_find(members, STR("iss")), &issuer))
        c.issuer = arena_copy(keep, issuer);

    str_list audiences = {0}, scopes = {0};
    read_audiences(keep, scratch, members, &audiences);
    read_scopes(keep, scratch, members, &scopes);
    c.audiences = audiences.items;
    c.audience_count = audiences.count;
    c.identity.scopes = scopes.items;
    c.identity.scope_count = scopes.count;
    *ret_claims = c;
    return true;
}

static bool contains(const struct str *list, size_t count, struct str value)
{
    FOR_EACH (item, list, count) {
        if (str_eq(*item, value))
            return true;
    }
    return false;
}

static bool share_one(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    FOR_EACH (item, a, a_count) {
        if (contains(b, b_count, *item))
            return true;
    }
    return false;
}

struct str claims_refusal(const struct claims *claims, const struct authorizer *authorizer,
                          uint64_t wall)
{
    int64_t now = (int64_t)wall;
    if (!claims->issuer.at || !str_eq(claims->issuer, authorizer->issuer))
        return STR("issuer does not match");
    if (!share_one(claims->audiences, claims->audience_count, authorizer->audience.items,
                   authorizer->audience.count))
        return STR("the token does not have a valid audience");
    if (claims->expires_at == CLAIMS_NO_INSTANT)
        return STR("the token does not have a valid expiration time");
    if (claims->expires_at <= now)
        return STR("the token has expired");
    if (claims->not_before > now)
        return STR("the token is not valid yet");
    if (claims->issued_at > now)
        return STR("the token was issued in the future");
    return STR("");
}

bool claims_have_scope(const struct claims *claims, const struct route *route)
{
    return route->scopes.count == 0 ||
           share_one(route->scopes.items, route->scopes.count, claims->identity.scopes,
                     claims->identity.scope_count);
}
