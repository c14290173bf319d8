/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect: decided on $connect, for the whole connection. */
#include "websocket_import.h"

static const struct websocket_authorizer *find_authorizer(struct definition *d,
                                                          const struct doc *node, struct str name)
{
    const struct websocket *w = websocket_of(d);
    FOR_EACH_IN (authorizer, &w->authorizers)
        if (str_eq(authorizer->name, name))
            return authorizer;

    size_t count = w->authorizers.count <= DEFINITION_SUGGESTIONS_MAX ? w->authorizers.count : 0;
    const char **names = arena_array(d->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_cstring(d->arena, w->authorizers.items[i].name);
    diag_error(d->diag, node->at, "there is no authorizer '%" STR_F "'%s", STR_A(name),
               definition_suggestion(d, name, names, count));
    return NULL;
}

enum authorization { AUTHORIZATION_UNWRITTEN, AWS_IAM, CUSTOM, JWT, NONE, AUTHORIZATION_UNKNOWN };

static enum authorization read_type(struct definition *d, const struct doc_member *member)
{
    static const char *const names[] = {"AWS_IAM", "CUSTOM", "JWT", "NONE"};
    struct str text;
    if (!member)
        return AUTHORIZATION_UNWRITTEN;
    if (!definition_text(d, member->value, "authorizationType", &text))
        return AUTHORIZATION_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_is(text, names[i]))
            return (enum authorization)(AWS_IAM + i);
    diag_error(d->diag, member->value->at, "unknown authorizationType '%" STR_F "'%s", STR_A(text),
               definition_suggestion(d, text, names, ARRAY_LENGTH(names)));
    return AUTHORIZATION_UNKNOWN;
}

/* The type that is written and the one of the authorizer must be the same. */
static bool fits(struct definition *d, const struct route_reading *r, enum authorization type,
                 const struct websocket_authorizer *authorizer)
{
    bool jwt = authorizer->authorizer != NULL;
    if (type == AUTHORIZATION_UNWRITTEN || (type == JWT) == jwt)
        return true;
    diag_error(d->diag, r->authorization_type->value->at,
               "authorizationType %s, but authorizer '%" STR_F "' is of another type",
               type == JWT ? "JWT" : "CUSTOM", STR_A(authorizer->name));
    return false;
}

static void apply_authorizer(struct definition *d, const struct route_reading *r,
                             enum authorization type)
{
    const struct doc *node = r->authorizer->value;
    struct str name;
    if (!definition_text(d, node, "authorizer", &name))
        return;
    const struct websocket_authorizer *authorizer = find_authorizer(d, node, name);
    if (!authorizer || (!authorizer->authorizer && !authorizer->open) ||
        !fits(d, r, type, authorizer))
        return;
    if (authorizer->open) {
        diag_warning(d->diag, node->at,
                     "authorizer '%" STR_F "' is not enforced: what it should guard is open",
                     STR_A(name));
        return;
    }
    r->route->authorizer = authorizer->authorizer;
    if (r->scopes)
        definition_read_scopes(d, r->scopes->value, r->route);
}

static void apply_authorization(struct definition *d, const struct route_reading *r)
{
    enum authorization type = read_type(d, r->authorization_type);
    if (type == AUTHORIZATION_UNKNOWN)
        return;
    if (type == AWS_IAM)
        definition_refuse(d, r->authorization_type->value->at, STR("authorizationType"), STR(""),
                          "authorization by AWS_IAM is not built yet for WebSocket APIs");
    else if (type == NONE && r->authorizer)
        diag_error(d->diag, r->authorization_type->value->at,
                   "authorizationType says NONE and line %u names an authorizer",
                   r->authorizer->at.line);
    else if (r->authorizer)
        apply_authorizer(d, r, type);
    else if (type == CUSTOM || type == JWT)
        diag_error(d->diag, r->authorization_type->value->at,
                   "authorizationType %s needs an authorizer", type == JWT ? "JWT" : "CUSTOM");
    else if (r->scopes)
        diag_error(d->diag, r->scopes->at,
                   "authorizationScopes without an authorizer guard "
                   "nothing");
}

/* Whoever is connected may send what he likes: API Gateway asks once, at $connect. */
static void refuse_authorization(struct definition *d, const struct route_reading *r)
{
    enum authorization type = read_type(d, r->authorization_type);
    const struct doc_member *member = r->authorizer ? r->authorizer : r->scopes;
    if (type != AUTHORIZATION_UNWRITTEN && type != AUTHORIZATION_UNKNOWN && type != NONE)
        member = r->authorization_type;
    if (member)
        diag_error(d->diag, member->at,
                   "authorization of route '%" STR_F "' is not enforced: who may connect is "
                   "decided on $connect, for the whole connection",
                   STR_A(r->route->key));
}

void websocket_read_authorization(struct definition *d, const struct route_reading *r)
{
    if (r->route->websocket.kind == WEBSOCKET_CONNECT_ROUTE)
        apply_authorization(d, r);
    else
        refuse_authorization(d, r);
}
