/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"

/* --- schemes --- */

static const struct definition_field scheme_fields[] = {
    {"bearerFormat",     FIELD_SILENT, NULL},
    {"description",      FIELD_SILENT, NULL},
    {"flows",            FIELD_SILENT, NULL},
    {"in",               FIELD_SILENT, NULL},
    {"name",             FIELD_SILENT, NULL},
    {"openIdConnectUrl", FIELD_READ,   NULL},
    {"scheme",           FIELD_SILENT, NULL},
    {"type",             FIELD_SILENT, NULL},
};

static const struct definition_object scheme_object = {
    .what = "a security scheme",
    .place = AT_SECURITY_SCHEME,
    DEFINITION_FIELDS(scheme_fields),
};

/* Words that begin with "aws" are reserved: they mean signed requests. Others name a kind of Lambda
 * authorizer for whoever reads the document. */
void openapi_authtype(struct definition *d, const struct doc_member *member, void *subject)
{
    struct openapi_scheme *scheme = subject;
    struct str type;
    if (!definition_text(d, member->value, "x-amazon-apigateway-authtype", &type)) {
        scheme->guard = SCHEME_REFUSED;
        return;
    }
    if (!str_starts_with_nocase(type, STR("aws")))
        return;
    bool allowed = definition_refuse(d, member->at, member->key, scheme->name,
                                     "authorization by %" STR_F " is not built yet for HTTP APIs",
                                     STR_A(type));
    if (scheme->guard != SCHEME_JWT)
        scheme->guard = allowed ? SCHEME_OPEN : SCHEME_REFUSED;
}

static void read_scheme(struct definition *d, const struct doc_member *member)
{
    struct openapi_scheme scheme = {
        .name = member->key,
        .node = openapi_follow(d, member->value),
        .guard = SCHEME_WITHOUT_AUTHORIZER,
    };
    if (!scheme.node || !definition_read_object(d, &scheme_object, scheme.node, &scheme))
        scheme.guard = SCHEME_REFUSED;
    *list_push(d->arena, &openapi_of(d)->schemes) = scheme;
}

void openapi_read_schemes(struct definition *d, const struct doc *schemes)
{
    if (!definition_is_map(d, schemes, "securitySchemes"))
        return;
    for (size_t i = 0; i < schemes->count; i++)
        if (!str_starts_with(schemes->members[i].key, STR("x-")))
            read_scheme(d, &schemes->members[i]);
}

/* --- requirements --- */

static const struct openapi_scheme *find_scheme(struct definition *d,
                                                const struct doc_member *requirement)
{
    FOR_EACH_IN (scheme, &openapi_of(d)->schemes)
        if (str_eq(scheme->name, requirement->key))
            return scheme;

    size_t count = openapi_of(d)->schemes.count <= DEFINITION_SUGGESTIONS_MAX
                       ? openapi_of(d)->schemes.count
                       : 0;
    const char **names = arena_array(d->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_cstring(d->arena, openapi_of(d)->schemes.items[i].name);
    diag_error(d->diag, requirement->at, "there is no security scheme '%" STR_F "'%s",
               STR_A(requirement->key), definition_suggestion(d, requirement->key, names, count));
    return NULL;
}

static void report_open(struct definition *d, const struct doc_member *requirement)
{
    diag_warning(d->diag, requirement->at,
                 "security scheme '%" STR_F "' is not enforced: what it should guard is open",
                 STR_A(requirement->key));
}

static void apply(struct definition *d, const struct doc_member *requirement, struct route *route)
{
    const struct openapi_scheme *scheme = find_scheme(d, requirement);
    if (!scheme)
        return;
    switch (scheme->guard) {
    case SCHEME_REFUSED:
        break;
    case SCHEME_JWT:
        route->authorizer = scheme->authorizer;
        definition_read_scopes(d, requirement->value, route);
        break;
    case SCHEME_OPEN:
        report_open(d, requirement);
        break;
    case SCHEME_WITHOUT_AUTHORIZER:
        definition_refuse(d, requirement->at, STR(""), scheme->name,
                          "security scheme '%" STR_F
                          "' has no x-amazon-apigateway-authorizer: nothing "
                          "would check it",
                          STR_A(scheme->name));
        break;
    }
}

void openapi_read_security(struct definition *d, const struct doc *security, struct route *route)
{
    if (!definition_is_list(d, security, "security") || security->count == 0)
        return;
    if (security->count > 1) {
        diag_error(d->diag, security->items[1]->at,
                   "an operation has one security requirement on API Gateway, not %zu",
                   security->count);
        return;
    }
    const struct doc *requirement = security->items[0];
    if (!definition_is_map(d, requirement, "security requirement"))
        return;
    if (requirement->count > 1)
        diag_error(d->diag, requirement->members[1].at,
                   "a security requirement names one scheme on API Gateway, not %zu",
                   requirement->count);
    else if (requirement->count == 1)
        apply(d, &requirement->members[0], route);
}
