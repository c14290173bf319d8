/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizers of WebSocket APIs. JWT is ours: API Gateway has Lambda authorizers (REQUEST) alone.
 */
#include "turnpike/base/http_message.h"
#include "websocket_import.h"

#define HEADER      "route.request.header."
#define QUERYSTRING "route.request.querystring."

static bool parse_identity_source(struct str text, struct identity_source *ret)
{
    struct str name;
    if (str_starts_with(text, STR(QUERYSTRING))) {
        name = str_skip(text, STR(QUERYSTRING).len);
        *ret = (struct identity_source){IDENTITY_QUERYSTRING, name};
        return name.len > 0;
    }
    if (!str_starts_with(text, STR(HEADER)))
        return false;
    name = str_skip(text, STR(HEADER).len);
    bool subprotocol = str_eq_nocase(name, STR("Sec-WebSocket-Protocol"));
    *ret = (struct identity_source){subprotocol ? IDENTITY_SUBPROTOCOL : IDENTITY_HEADER, name};
    return http_is_token(name);
}

static void read_identity_source(struct definition *d, const struct doc_member *member,
                                 void *subject)
{
    struct jwt_reading *jwt = subject;
    const struct doc *node = member->value;
    struct str text;
    if (node->kind == DOC_LIST && node->count == 1)
        node = node->items[0];
    if (node->kind == DOC_LIST) {
        diag_error(d->diag, node->at, "a JWT authorizer has one identity source, not %zu",
                   node->count);
        return;
    }
    if (!definition_text(d, node, "identitySource", &text))
        return;
    if (!parse_identity_source(text, &jwt->authorizer->identity_source))
        diag_error(d->diag, node->at,
                   "'%" STR_F "' is no identity source of a JWT authorizer: one of " HEADER
                   "NAME and " QUERYSTRING "NAME",
                   STR_A(text));
}

/* A pattern that tokens must match is a guard. */
static const struct definition_field fields[] = {
    {"authorizerCredentialsArn",     FIELD_WARN,   NULL                        },
    {"authorizerResultTtlInSeconds", FIELD_WARN,   NULL                        },
    {"authorizerType",               FIELD_READ,   NULL                        },
    {"authorizerUri",                FIELD_WARN,   NULL                        },
    {"identitySource",               FIELD_READ,   read_identity_source        },
    {"identityValidationExpression", FIELD_REFUSE, NULL                        },
    {"jwtConfiguration",             FIELD_READ,   definition_jwt_configuration},
    {"name",                         FIELD_FREE,   NULL                        },
};

static const struct definition_object object = {
    .what = "a JWT authorizer",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

static struct authorizer *read_jwt(struct definition *d, const struct doc_member *member)
{
    struct jwt_reading jwt;
    definition_begin_jwt(d, &jwt, member->at, member->key);
    definition_read_object(d, &object, member->value, &jwt);
    if (!doc_get(member->value, "identitySource"))
        diag_error(d->diag, member->at,
                   "JWT authorizer '%" STR_F "' has no identitySource, such as " QUERYSTRING
                   "token",
                   STR_A(member->key));
    definition_finish_jwt(d, &jwt);
    return jwt.authorizer;
}

static void report_type(struct definition *d, const struct doc *node, struct str type)
{
    static const char *const types[] = {"JWT", "REQUEST"};
    diag_error(d->diag, node->at, "unknown authorizerType '%" STR_F "'%s", STR_A(type),
               definition_suggestion(d, type, types, ARRAY_LENGTH(types)));
}

static void read_authorizer(struct definition *d, const struct doc_member *member)
{
    struct websocket_authorizer *entry = list_push(d->arena, &websocket_of(d)->authorizers);
    const struct doc *written = doc_get(member->value, "authorizerType");
    struct str type;
    entry->name = member->key;
    if (!definition_is_map(d, member->value, "an authorizer"))
        return;
    if (!written)
        diag_error(d->diag, member->at, "authorizer '%" STR_F "' has no authorizerType",
                   STR_A(member->key));
    if (!written || !definition_text(d, written, "authorizerType", &type))
        return;
    if (str_is(type, "JWT"))
        entry->authorizer = read_jwt(d, member);
    else if (str_is(type, "REQUEST"))
        entry->open =
            definition_refuse(d, written->at, STR(""), member->key,
                              "authorizers of type REQUEST (Lambda authorizers) are not built yet");
    else
        report_type(d, written, type);
}

void websocket_read_authorizers(struct definition *d, const struct doc *authorizers)
{
    if (!definition_is_map(d, authorizers, "authorizers"))
        return;
    for (size_t i = 0; i < authorizers->count; i++)
        read_authorizer(d, &authorizers->members[i]);
}
