/* SPDX-License-Identifier: Apache-2.0 */
/* What JWT authorizers of all kinds of API have. */
#include "definition.h"
#include "turnpike/base/uri.h"

#define AUDIENCES_MAX 50 /* AWS: "Quotas for configuring and running an HTTP API" */
#define SCOPES_MAX    10 /* likewise */

void definition_begin_jwt(struct definition *d, struct jwt_reading *jwt, struct position at,
                          struct str name)
{
    *jwt = (struct jwt_reading){builder_add_authorizer(d->builder, d->api, at, name), false, false};
    jwt->authorizer->type = AUTHORIZER_JWT;
}

static bool is_listed(const struct definition *d, struct str issuer)
{
    FOR_EACH_IN (listed, &d->builder->snapshot->settings.issuers)
        if (str_eq(listed->issuer, issuer))
            return true;
    return false;
}

/* Keys that came in the clear prove nothing, except where the operator says so. */
void definition_set_issuer(struct definition *d, struct jwt_reading *jwt, struct position at,
                           struct str issuer)
{
    struct uri uri;
    jwt->issuer_written = true;
    if (!uri_parse(issuer, &uri) || uri.query.len > 0) {
        diag_error(d->diag, at, "issuer '%" STR_F "' is no absolute https:// URL", STR_A(issuer));
        return;
    }
    if (!str_eq_nocase(uri.scheme, STR("https")) && !is_listed(d, issuer)) {
        diag_error(d->diag, at,
                   "issuer '%" STR_F "' is no https:// URL: its keys would come in the clear; who "
                   "wants that lists it in issuers",
                   STR_A(issuer));
        return;
    }
    jwt->authorizer->issuer = issuer;
}

static void read_issuer(struct definition *d, const struct doc_member *member, void *subject)
{
    struct jwt_reading *jwt = subject;
    struct str issuer;
    jwt->issuer_written = true;
    if (definition_text(d, member->value, "issuer", &issuer))
        definition_set_issuer(d, jwt, member->value->at, issuer);
}

static void read_audience(struct definition *d, const struct doc_member *member, void *subject)
{
    struct jwt_reading *jwt = subject;
    const struct doc *list = member->value;
    jwt->audience_written = true;
    if (!definition_is_list(d, list, "audience"))
        return;
    if (list->count == 0 || list->count > AUDIENCES_MAX) {
        diag_error(d->diag, list->at, "a JWT authorizer has 1 to %d audiences, not %zu",
                   AUDIENCES_MAX, list->count);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct str text;
        if (!definition_text(d, list->items[i], "audience", &text))
            continue;
        if (text.len == 0)
            diag_error(d->diag, list->items[i]->at, "an audience is not empty");
        *list_push(d->arena, &jwt->authorizer->audience) = text;
    }
}

static const struct definition_field jwt_configuration_fields[] = {
    {"audience", FIELD_READ, read_audience},
    {"issuer",   FIELD_READ, read_issuer  },
};

static const struct definition_object jwt_configuration = {
    .what = "a jwtConfiguration",
    .strict = true,
    DEFINITION_FIELDS(jwt_configuration_fields),
};

void definition_jwt_configuration(struct definition *d, const struct doc_member *member,
                                  void *subject)
{
    definition_read_object(d, &jwt_configuration, member->value, subject);
}

void definition_finish_jwt(struct definition *d, const struct jwt_reading *jwt)
{
    const struct authorizer *authorizer = jwt->authorizer;
    if (!jwt->issuer_written)
        diag_error(d->diag, authorizer->at, "JWT authorizer '%" STR_F "' has no issuer",
                   STR_A(authorizer->name));
    if (!jwt->audience_written)
        diag_error(d->diag, authorizer->at,
                   "JWT authorizer '%" STR_F
                   "' has no audience: it would accept the issuer's tokens "
                   "for everybody else",
                   STR_A(authorizer->name));
}

/* A scope that no token can hold would close the route without anybody's noticing (RFC 6749, 3.3).
 */
static bool is_scope(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~' || s.at[i] == '"' || s.at[i] == '\\')
            return false;
    return s.len > 0;
}

void definition_read_scopes(struct definition *d, const struct doc *list, struct route *route)
{
    if (!definition_is_list(d, list, "scopes"))
        return;
    if (list->count > SCOPES_MAX)
        diag_error(d->diag, list->at, "a route has at most %d scopes, not %zu", SCOPES_MAX,
                   list->count);
    for (size_t i = 0; i < list->count; i++) {
        struct str scope;
        if (!definition_text(d, list->items[i], "scope", &scope))
            continue;
        if (!is_scope(scope))
            diag_error(d->diag, list->items[i]->at, "'%" STR_F "' is no scope", STR_A(scope));
        *list_push(d->arena, &route->scopes) = scope;
    }
}
