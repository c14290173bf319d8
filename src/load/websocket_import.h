/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_import.h: one import of a WebSocket definition: its state, and what its parts call of
 * each other. Read websocket.c first. */
#ifndef TURNPIKE_LOAD_WEBSOCKET_IMPORT_H
#define TURNPIKE_LOAD_WEBSOCKET_IMPORT_H

#include "definition.h"
#include "turnpike/load/websocket.h"

/* An authorizer of the definition. */
struct websocket_authorizer {
    struct str name;
    struct authorizer *authorizer; /* NULL: it is of another type, or what is wrong was reported */
    bool open;                     /* allowUnenforced says that nothing checks it */
};

/* An integration that routes share by its name. */
struct named_integration {
    struct str name;
    struct integration *integration; /* NULL: what is wrong with it was reported */
};

/* Lives on the stack of websocket_read. */
struct websocket {
    struct definition definition;
    LIST(struct websocket_authorizer) authorizers;
    LIST(struct named_integration) integrations;
};

static inline struct websocket *websocket_of(struct definition *d)
{
    return container_of(d, struct websocket, definition);
}

/* --- websocket_authorizer.c --- */

void websocket_read_authorizers(struct definition *d, const struct doc *authorizers);

/* --- websocket_integration.c --- */

void websocket_read_integrations(struct definition *d, const struct doc *integrations);

/* The integration that node describes, or names; NULL where something was reported. */
struct integration *websocket_find_integration(struct definition *d, const struct doc *node);

/* --- websocket_template.c --- */

/* A selection expression; `allowed` as in selection_compile. NULL where it was reported. */
const struct selection_expression *websocket_selection(struct definition *d, const struct doc *node,
                                                       const char *what, unsigned allowed);
/* A map from keys to templates. */
void websocket_read_templates(struct definition *d, const struct doc *node, const char *what,
                              named_template_list *templates);
/* Warns of templates that nothing chooses. */
void websocket_check_templates(struct definition *d, const named_template_list *templates,
                               const struct selection_expression *selection);
/* "CONVERT_TO_BINARY" and its like. */
void websocket_read_content_handling(struct definition *d, const struct doc *node,
                                     enum content_handling *handling);

/* --- websocket_response.c --- */

/* integrationResponses: a list, or a map by their keys. */
void websocket_read_responses(struct definition *d, const struct doc *node,
                              struct websocket_integration *integration);

/* --- websocket_parameters.c --- */

/* A header or query parameter that a route declares. */
struct declared_parameter {
    bool header;
    struct str name;
};

typedef LIST(struct declared_parameter) declared_parameter_list;

/* requestParameters of a route; those that are required are added to it. */
void websocket_read_declared(struct definition *d, const struct doc *node, struct route *route,
                             declared_parameter_list *declared);

/* requestParameters of an integration. */
void websocket_read_parameters(struct definition *d, const struct doc *node,
                               struct integration *integration);

/* Reports parameters of the path that its integrationUri has no place for. */
void websocket_check_path(struct definition *d, const struct integration *integration);

/* Reports what the route's integration reads and the route cannot give: parameters of the handshake
 * stand on $connect alone, and must be declared there. */
void websocket_check_parameters(struct definition *d, const struct route *route,
                                const declared_parameter_list *declared);

/* --- websocket_route.c --- */

/* One route while it is read. Members are NULL where they are not written. */
struct route_reading {
    struct route *route;
    const struct doc_member *authorizer, *authorization_type, *scopes;
    const struct doc_member *integration, *response, *response_selection;
    declared_parameter_list declared;
};

void websocket_read_routes(struct definition *d, const struct doc *routes);

/* --- websocket_authorization.c --- */

/* Sets the authorizer and scopes of $connect; on any other route they are reported. */
void websocket_read_authorization(struct definition *d, const struct route_reading *r);

#endif
