/* SPDX-License-Identifier: Apache-2.0 */
/* Routes (AWS: "Create routes for WebSocket APIs"). Who may connect is decided on $connect, for the
 * whole connection. */
#include "websocket_import.h"

#define ROUTE_RESPONSE_DEFAULT "$default"

/* One route while it is read. Members are NULL where they are not written. */
struct reading {
    struct route *route;
    const struct doc_member *authorizer, *authorization_type, *scopes;
    const struct doc_member *integration, *response, *response_selection;
    declared_parameter_list declared;
};

/* --- fields --- */

static void read_api_key_required(struct definition *d, const struct doc_member *member,
                                  void *subject)
{
    (void)subject;
    bool required;
    if (definition_boolean(d, member->value, "apiKeyRequired", &required) && required)
        definition_refuse(d, member->at, member->key, STR(""),
                          "API keys are not built yet for WebSocket APIs");
}

static void read_authorization_type(struct definition *d, const struct doc_member *member,
                                    void *subject)
{
    (void)d;
    struct reading *r = subject;
    r->authorization_type = member;
}

static void read_scopes(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)d;
    struct reading *r = subject;
    r->scopes = member;
}

/* Two words for one thing: ours, and the one of API Gateway's own objects. */
static void set_once(struct definition *d, const struct doc_member *member,
                     const struct doc_member **place)
{
    if (*place)
        diag_error(d->diag, member->at, "'%" STR_F "' says again what '%" STR_F "' says",
                   STR_A(member->key), STR_A((*place)->key));
    else
        *place = member;
}

static void read_authorizer(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    set_once(d, member, &r->authorizer);
}

static void read_integration(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    set_once(d, member, &r->integration);
}

static void read_operation_name(struct definition *d, const struct doc_member *member,
                                void *subject)
{
    struct reading *r = subject;
    struct str name;
    if (definition_text(d, member->value, "operationName", &name))
        r->route->operation_name = name;
}

static void read_declared(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    websocket_read_declared(d, member->value, r->route, &r->declared);
}

static void read_route_key(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    struct str key;
    if (definition_text(d, member->value, "routeKey", &key) && !str_eq(key, r->route->key))
        diag_error(d->diag, member->value->at,
                   "routeKey is '%" STR_F "', but the route stands under '%" STR_F "'", STR_A(key),
                   STR_A(r->route->key));
}

/* --- route responses --- */

static void check_response_key(struct definition *d, const struct doc *node)
{
    struct str key;
    if (definition_text(d, node, "routeResponseKey", &key) && !str_is(key, ROUTE_RESPONSE_DEFAULT))
        diag_error(d->diag, node->at,
                   "routeResponseKey is '%" STR_F "': there is " ROUTE_RESPONSE_DEFAULT " alone",
                   STR_A(key));
}

static void read_response_key(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    check_response_key(d, member->value);
}

static const struct definition_field response_fields[] = {
    {"modelSelectionExpression", FIELD_WARN, NULL             },
    {"responseModels",           FIELD_WARN, NULL             },
    {"responseParameters",       FIELD_WARN, NULL             },
    {"routeResponseKey",         FIELD_READ, read_response_key},
};

static const struct definition_object response_object = {
    .what = "a route response",
    .strict = true,
    DEFINITION_FIELDS(response_fields),
};

static void read_response(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    set_once(d, member, &r->response);
    definition_read_object(d, &response_object, member->value, NULL);
}

/* A list of them, or a map by their keys. There is one key. */
static void read_responses(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct doc *node = member->value;
    struct reading *r = subject;
    if (node->kind != DOC_LIST && !definition_is_map(d, node, "routeResponses"))
        return;
    if (node->count > 1)
        diag_error(d->diag, node->at,
                   "a route has one response, " ROUTE_RESPONSE_DEFAULT ", not %zu", node->count);
    if (node->count != 1)
        return;
    set_once(d, member, &r->response);
    if (node->kind == DOC_MAP && !str_is(node->members[0].key, ROUTE_RESPONSE_DEFAULT))
        diag_error(d->diag, node->members[0].at,
                   "routeResponseKey is '%" STR_F "': there is " ROUTE_RESPONSE_DEFAULT " alone",
                   STR_A(node->members[0].key));
    definition_read_object(d, &response_object,
                           node->kind == DOC_MAP ? node->members[0].value : node->items[0], NULL);
}

static void read_response_selection(struct definition *d, const struct doc_member *member,
                                    void *subject)
{
    struct reading *r = subject;
    struct str text;
    r->response_selection = member;
    if (definition_text(d, member->value, "routeResponseSelectionExpression", &text) &&
        !str_is(text, ROUTE_RESPONSE_DEFAULT) && !str_is(text, "\\" ROUTE_RESPONSE_DEFAULT))
        diag_error(d->diag, member->value->at,
                   "routeResponseSelectionExpression is '%" STR_F
                   "': there is " ROUTE_RESPONSE_DEFAULT " alone",
                   STR_A(text));
}

static const struct definition_field fields[] = {
    {"apiKeyRequired",                   FIELD_READ,  read_api_key_required  },
    {"authorizationScopes",              FIELD_READ,  read_scopes            },
    {"authorizationType",                FIELD_READ,  read_authorization_type},
    {"authorizer",                       FIELD_READ,  read_authorizer        },
    {"authorizerId",                     FIELD_READ,  read_authorizer        },
    {"integration",                      FIELD_READ,  read_integration       },
    {"modelSelectionExpression",         FIELD_LATER, NULL                   },
    {"operationName",                    FIELD_READ,  read_operation_name    },
    {"requestModels",                    FIELD_LATER, NULL                   },
    {"requestParameters",                FIELD_READ,  read_declared          },
    {"routeKey",                         FIELD_READ,  read_route_key         },
    {"routeResponse",                    FIELD_READ,  read_response          },
    {"routeResponseSelectionExpression", FIELD_READ,  read_response_selection},
    {"routeResponses",                   FIELD_READ,  read_responses         },
    {"target",                           FIELD_READ,  read_integration       },
};

static const struct definition_object object = {
    .what = "a route",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

/* --- who may connect --- */

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
static bool fits(struct definition *d, const struct reading *r, enum authorization type,
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

static void apply_authorizer(struct definition *d, const struct reading *r, enum authorization type)
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

static void apply_authorization(struct definition *d, const struct reading *r)
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
static void refuse_authorization(struct definition *d, const struct reading *r)
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

/* --- the route --- */

static void apply_response(struct definition *d, const struct reading *r)
{
    bool message = r->route->websocket.kind == WEBSOCKET_MESSAGE_ROUTE;
    if (r->response && !message)
        diag_warning(d->diag, r->response->at,
                     "a route response of '%" STR_F "' has no effect: messages alone are answered",
                     STR_A(r->route->key));
    else if (r->response_selection && !r->response)
        diag_warning(d->diag, r->response_selection->at,
                     "routeResponseSelectionExpression has no effect without a routeResponse");
    r->route->websocket.two_way = r->response && message;
}

static void warn_of_parameters(struct definition *d, const struct route *route)
{
    FOR_EACH_IN (named, &route->integration->websocket.templates)
        FOR_EACH_IN (part, &named->template->parts)
            if (part->source == TEMPLATE_PARAMS)
                diag_warning(d->diag, named->at,
                             "$input.params('%" STR_F "') is empty on route '%" STR_F "': only the "
                             "handshake, of $connect, has parameters",
                             STR_A(part->text), STR_A(route->key));
}

static void check_integration(struct definition *d, const struct reading *r)
{
    const struct route *route = r->route;
    const struct websocket_integration *own = &route->integration->websocket;
    websocket_check_parameters(d, route, &r->declared);
    if (route->websocket.kind != WEBSOCKET_CONNECT_ROUTE)
        warn_of_parameters(d, route);
    if (route->websocket.two_way && !own->proxy && own->responses.count == 0)
        diag_warning(d->diag, r->response->at,
                     "the integration of route '%" STR_F "' has no integrationResponses: nothing "
                     "is sent back",
                     STR_A(route->key));
}

static void apply_integration(struct definition *d, const struct reading *r)
{
    struct route *route = r->route;
    if (r->integration)
        route->integration = websocket_find_integration(d, r->integration->value);
    if (route->integration)
        check_integration(d, r);
    else if (!r->integration && route->websocket.kind == WEBSOCKET_MESSAGE_ROUTE)
        diag_warning(d->diag, route->at,
                     "route '%" STR_F "' has no integration: its messages go nowhere",
                     STR_A(route->key));
}

static void read_route(struct definition *d, const struct doc_member *member)
{
    struct reading r = {
        .route = builder_add_websocket_route(d->builder, d->api, member->at, member->key)};
    if (!r.route || !definition_read_object(d, &object, member->value, &r))
        return;
    if (r.route->websocket.kind == WEBSOCKET_CONNECT_ROUTE)
        apply_authorization(d, &r);
    else
        refuse_authorization(d, &r);
    apply_response(d, &r);
    apply_integration(d, &r);
}

void websocket_read_routes(struct definition *d, const struct doc *routes)
{
    if (!definition_is_map(d, routes, "routes"))
        return;
    for (size_t i = 0; i < routes->count; i++)
        read_route(d, &routes->members[i]);
}
