/* SPDX-License-Identifier: Apache-2.0 */
/* Routes (AWS: "Create routes for WebSocket APIs"). */
#include "websocket_import.h"

#define ROUTE_RESPONSE_DEFAULT "$default"

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
    struct route_reading *r = subject;
    r->authorization_type = member;
}

static void read_scopes(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)d;
    struct route_reading *r = subject;
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
    struct route_reading *r = subject;
    set_once(d, member, &r->authorizer);
}

static void read_integration(struct definition *d, const struct doc_member *member, void *subject)
{
    struct route_reading *r = subject;
    set_once(d, member, &r->integration);
}

static void read_operation_name(struct definition *d, const struct doc_member *member,
                                void *subject)
{
    struct route_reading *r = subject;
    struct str name;
    if (definition_text(d, member->value, "operationName", &name))
        r->route->operation_name = name;
}

static void read_declared(struct definition *d, const struct doc_member *member, void *subject)
{
    struct route_reading *r = subject;
    websocket_read_declared(d, member->value, r->route, &r->declared);
}

static void read_route_key(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct route_reading *r = subject;
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
    struct route_reading *r = subject;
    set_once(d, member, &r->response);
    definition_read_object(d, &response_object, member->value, NULL);
}

/* A list of them, or a map by their keys. There is one key. */
static void read_responses(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct doc *node = member->value;
    struct route_reading *r = subject;
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
    struct route_reading *r = subject;
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

/* --- the route --- */

static void apply_response(struct definition *d, const struct route_reading *r)
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

static void check_integration(struct definition *d, const struct route_reading *r)
{
    const struct route *route = r->route;
    const struct websocket_integration *own = &route->integration->websocket;
    websocket_check_parameters(d, route, &r->declared);
    if (route->websocket.kind != WEBSOCKET_CONNECT_ROUTE)
        warn_of_parameters(d, route);
    if (route->websocket.two_way && !own->proxy && own->responses.count == 0)
        diag_warning(d->diag, r->response->at,
                     "the integration of route '%" STR_F "' has no integrationResponses: messages "
                     "are answered with an error",
                     STR_A(route->key));
}

static void apply_integration(struct definition *d, const struct route_reading *r)
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
    struct route_reading r = {
        .route = builder_add_websocket_route(d->builder, d->api, member->at, member->key)};
    if (!r.route || !definition_read_object(d, &object, member->value, &r))
        return;
    websocket_read_authorization(d, &r);
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
