/* SPDX-License-Identifier: Apache-2.0 */
/* builder.h: the one way to write a model. Loaders add elements, each with its position; finish
 * checks what belongs together, resolves names and compiles routers. */
#ifndef TURNPIKE_MODEL_BUILDER_H
#define TURNPIKE_MODEL_BUILDER_H

#include "turnpike/model/snapshot.h"

/* Lives on the stack of a load. */
struct builder {
    struct snapshot *snapshot; /* being written; its arena is where the loader copies text to */
    struct diag *diag;
};

/* Starts with the defaults of every setting. */
void builder_init(struct builder *b, struct diag *diag);

/* Adds an element with the defaults of its kind; the caller fills the rest in. A second element
 * of the same name is reported and returned all the same, so that loading goes on. */
struct listener_settings *builder_add_listener(struct builder *b, struct position at);
struct api *builder_add_api(struct builder *b, struct position at, struct str api_id);
struct stage *builder_add_stage(struct builder *b, struct api *api, struct position at,
                                struct str stage_name);
struct domain *builder_add_domain(struct builder *b, struct position at, struct str domain_name);
struct function *builder_add_function(struct builder *b, struct position at, struct str name);

/* Takes an endpoint's URL apart; reports and returns false where it is no http or https URL, or
 * has a query. */
MUST_USE bool builder_set_endpoint(struct builder *b, struct endpoint *e, struct written url);

struct authorizer *builder_add_authorizer(struct builder *b, struct api *api, struct position at,
                                          struct str name);
struct integration *builder_add_integration(struct builder *b, struct api *api, struct position at);

/* Adds a route by its method (upper case; "ANY"; empty with path "$default") and path template.
 * Reported, and NULL returned, where the path is no legal template or the route exists. */
struct route *builder_add_route(struct builder *b, struct api *api, struct position at,
                                struct str method, struct str path);

/* The same for a WebSocket API by its route key: 1 to 128 characters that begin with '$' only in
 * $connect, $disconnect and $default. Method and path become empty and the key. */
struct route *builder_add_websocket_route(struct builder *b, struct api *api, struct position at,
                                          struct str key);

/* Checks and compiles. WebSocket APIs get their implicit routes. Returns the snapshot with one
 * reference, or NULL where the diag holds an error (then everything was freed). To be called once,
 * whatever happened before. */
MUST_USE struct snapshot *builder_finish(struct builder *b);

/* Gives up: frees what was built. */
void builder_abandon(struct builder *b);

#endif
