/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"
#include "turnpike/base/http_message.h"

#define DISCOVERY_PATH "/.well-known/openid-configuration"

static bool parse_identity_source(struct str text, struct identity_source *ret)
{
    struct str header = STR("$request.header."), query = STR("$request.querystring.");
    if (str_starts_with(text, header)) {
        *ret = (struct identity_source){IDENTITY_HEADER, str_skip(text, header.len)};
        return http_is_token(ret->name);
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
    struct jwt_reading *jwt = subject;
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

/* A pattern that tokens must match is a guard, of REST APIs. */
static const struct definition_field authorizer_fields[] = {
    {"authorizerCredentials",          FIELD_WARN,   NULL                        },
    {"authorizerPayloadFormatVersion", FIELD_WARN,   NULL                        },
    {"authorizerResultTtlInSeconds",   FIELD_WARN,   NULL                        },
    {"authorizerUri",                  FIELD_WARN,   NULL                        },
    {"enableSimpleResponses",          FIELD_WARN,   NULL                        },
    {"identitySource",                 FIELD_READ,   read_identity_source        },
    {"identityValidationExpression",   FIELD_REFUSE, NULL                        },
    {"jwtConfiguration",               FIELD_READ,   definition_jwt_configuration},
    {"providerARNs",                   FIELD_WARN,   NULL                        },
    {"type",                           FIELD_READ,   NULL                        },
};

static const struct definition_object authorizer_object = {
    .what = "a JWT authorizer",
    .strict = true,
    DEFINITION_FIELDS(authorizer_fields),
};

/* With openIdConnectUrl, the issuer is what stands before the path of discovery. */
static void derive_issuer(struct definition *d, const struct openapi_scheme *scheme,
                          struct jwt_reading *jwt)
{
    const struct doc *url = doc_get(scheme->node, "openIdConnectUrl");
    struct str text;
    if (jwt->issuer_written || !url || !definition_text(d, url, "openIdConnectUrl", &text))
        return;
    jwt->issuer_written = true;
    if (!str_ends_with(text, STR(DISCOVERY_PATH))) {
        diag_error(d->diag, url->at, "'%" STR_F "' does not end in " DISCOVERY_PATH, STR_A(text));
        return;
    }
    text.len -= STR(DISCOVERY_PATH).len;
    definition_set_issuer(d, jwt, url->at, text);
}

static void read_jwt(struct definition *d, const struct doc_member *member,
                     struct openapi_scheme *scheme)
{
    struct jwt_reading jwt = {0};
    definition_begin_jwt(d, &jwt, member->at, scheme->name);
    jwt.authorizer->identity_source =
        (struct identity_source){IDENTITY_HEADER, STR("Authorization")};
    definition_read_object(d, &authorizer_object, member->value, &jwt);
    derive_issuer(d, scheme, &jwt);
    definition_finish_jwt(d, &jwt);
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
