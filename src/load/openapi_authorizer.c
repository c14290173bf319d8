/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"
#include "turnpike/base/uri.h"

#define AUDIENCES_MAX  50 /* AWS: "Quotas for configuring and running an HTTP API" */
#define DISCOVERY_PATH "/.well-known/openid-configuration"

/* What x-amazon-apigateway-authorizer of type jwt says. */
struct jwt {
    struct openapi_scheme *scheme;
    struct authorizer *authorizer;
    bool issuer_written, audience_written;
};

/* Header names are tokens (RFC 9110, 5.1). */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.len > 0;
}

static bool parse_identity_source(struct str text, struct identity_source *ret)
{
    struct str header = STR("$request.header."), query = STR("$request.querystring.");
    if (str_starts_with(text, header)) {
        *ret = (struct identity_source){IDENTITY_HEADER, str_skip(text, header.len)};
        return is_token(ret->name);
    }
    if (str_starts_with(text, query)) {
        *ret = (struct identity_source){IDENTITY_QUERYSTRING, str_skip(text, query.len)};
        return ret->name.len > 0 && str_find(ret->name, ',') == ret->name.len;
    }
    return false;
}

/* A list of one is what CloudFormation's own resource takes. */
static void read_identity_source(struct definition *d, const struct doc_member *member,
                                 void *subject)
{
    struct jwt *jwt = subject;
    const struct doc *node = member->value;
    struct str text;
    if (node->kind == DOC_LIST && node->count == 1)
        node = node->items[0];
    if (!definition_text(d, node, "identitySource", &text))
        return;
    if (!parse_identity_source(text, &jwt->authorizer->identity_source))
        diag_error(d->diag, node->at,
                   "'%" STR_F "' is no identity source of a JWT authorizer: one of "
                   "$request.header.NAME and $request.querystring.NAME",
                   STR_A(text));
}

static bool is_listed(const struct definition *d, struct str issuer)
{
    FOR_EACH_IN (listed, &d->builder->snapshot->settings.issuers)
        if (str_eq(listed->issuer, issuer))
            return true;
    return false;
}

/* Keys that came in the clear prove nothing, except where the operator says so. */
static void set_issuer(struct definition *d, struct jwt *jwt, struct position at, struct str issuer)
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
    struct jwt *jwt = subject;
    struct str issuer;
    jwt->issuer_written = true;
    if (definition_text(d, member->value, "issuer", &issuer))
        set_issuer(d, jwt, member->value->at, issuer);
}

static void read_audience(struct definition *d, const struct doc_member *member, void *subject)
{
    struct jwt *jwt = subject;
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

static void read_jwt_configuration(struct definition *d, const struct doc_member *member,
                                   void *subject)
{
    definition_read_object(d, &jwt_configuration, member->value, subject);
}

/* A pattern that tokens must match is a guard, of REST APIs. */
static const struct definition_field authorizer_fields[] = {
    {"authorizerCredentials",          FIELD_WARN,   NULL                  },
    {"authorizerPayloadFormatVersion", FIELD_WARN,   NULL                  },
    {"authorizerResultTtlInSeconds",   FIELD_WARN,   NULL                  },
    {"authorizerUri",                  FIELD_WARN,   NULL                  },
    {"enableSimpleResponses",          FIELD_WARN,   NULL                  },
    {"identitySource",                 FIELD_READ,   read_identity_source  },
    {"identityValidationExpression",   FIELD_REFUSE, NULL                  },
    {"jwtConfiguration",               FIELD_READ,   read_jwt_configuration},
    {"providerARNs",                   FIELD_WARN,   NULL                  },
    {"type",                           FIELD_READ,   NULL                  },
};

static const struct definition_object authorizer_object = {
    .what = "a JWT authorizer",
    .strict = true,
    DEFINITION_FIELDS(authorizer_fields),
};

/* With openIdConnectUrl, the issuer is what stands before the path of discovery. */
static void derive_issuer(struct definition *d, struct jwt *jwt)
{
    const struct doc *url = doc_get(jwt->scheme->node, "openIdConnectUrl");
    struct str text;
    if (jwt->issuer_written || !url || !definition_text(d, url, "openIdConnectUrl", &text))
        return;
    jwt->issuer_written = true;
    if (!str_ends_with(text, STR(DISCOVERY_PATH))) {
        diag_error(d->diag, url->at, "'%" STR_F "' does not end in " DISCOVERY_PATH, STR_A(text));
        return;
    }
    text.len -= STR(DISCOVERY_PATH).len;
    set_issuer(d, jwt, url->at, text);
}

static void check_complete(struct definition *d, const struct jwt *jwt, struct position at)
{
    if (!jwt->issuer_written)
        diag_error(d->diag, at, "JWT authorizer '%" STR_F "' has no issuer",
                   STR_A(jwt->scheme->name));
    if (!jwt->audience_written)
        diag_error(d->diag, at,
                   "JWT authorizer '%" STR_F
                   "' has no audience: it would accept the issuer's tokens "
                   "for everybody else",
                   STR_A(jwt->scheme->name));
}

static void read_jwt(struct definition *d, const struct doc_member *member,
                     struct openapi_scheme *scheme)
{
    struct jwt jwt = {.scheme = scheme};
    jwt.authorizer = builder_add_authorizer(d->builder, d->api, member->at, scheme->name);
    jwt.authorizer->type = AUTHORIZER_JWT;
    jwt.authorizer->identity_source =
        (struct identity_source){IDENTITY_HEADER, STR("Authorization")};
    definition_read_object(d, &authorizer_object, member->value, &jwt);
    derive_issuer(d, &jwt);
    check_complete(d, &jwt, member->at);
    scheme->guard = SCHEME_JWT;
    scheme->authorizer = jwt.authorizer;
}

/* Which types there are, and where. */
static const struct {
    const char *type, *problem;
} other_types[] = {
    {"cognito_user_pools", "are for REST APIs: an HTTP API has JWT authorizers"                   },
    {"request",            "(Lambda authorizers) are not built yet"                               },
    {"token",              "are for REST APIs: an HTTP API has Lambda authorizers of type request"},
};

static const char *find_problem(struct str type)
{
    FOR_EACH (other, other_types, ARRAY_LENGTH(other_types))
        if (str_eq_nocase(type, str_from(other->type)))
            return other->problem;
    return NULL;
}

static void report_type(struct definition *d, const struct doc *node, struct str type)
{
    static const char *const types[] = {"cognito_user_pools", "jwt", "request", "token"};
    diag_error(d->diag, node->at, "unknown type of authorizer '%" STR_F "'%s", STR_A(type),
               definition_suggestion(d, type, types, ARRAY_LENGTH(types)));
}

void openapi_authorizer(struct definition *d, const struct doc_member *member, void *subject)
{
    struct openapi_scheme *scheme = subject;
    struct str type;
    scheme->guard = SCHEME_REFUSED;
    if (!definition_is_map(d, member->value, "x-amazon-apigateway-authorizer"))
        return;
    const struct doc *node = doc_get(member->value, "type");
    if (!node) {
        diag_error(d->diag, member->at, "the authorizer has no type; on an HTTP API it is jwt");
        return;
    }
    if (!definition_text(d, node, "type", &type))
        return;
    if (str_eq_nocase(type, STR("jwt"))) {
        read_jwt(d, member, scheme);
        return;
    }
    const char *problem = find_problem(type);
    if (!problem)
        report_type(d, node, type);
    else if (definition_refuse(d, node->at, member->key, scheme->name,
                               "authorizers of type %" STR_F " %s", STR_A(type), problem))
        scheme->guard = SCHEME_OPEN;
}
