/* SPDX-License-Identifier: Apache-2.0 */
/* bind.h: what builder_finish.c has done by files of their own: routes meet their stage. */
#ifndef TURNPIKE_MODEL_BIND_H
#define TURNPIKE_MODEL_BIND_H

#include "turnpike/model/builder.h"

/* Finds out where the stage's HTTP integration leads; reports what does not. `uri` is the
 * integration's with the stage's variables in it. */
void bind_http(struct builder *b, struct stage_route *sr, struct str uri);

/* Adds the routes that every WebSocket API has and its definition lacks. */
void finish_websocket_routes(struct builder *b, struct api *api);

/* Warns of an API that no TLS listener serves: functions are told a callback URL with https. */
void check_websocket_listeners(struct builder *b, const struct api *api);

/* Says where a domain leads to WebSocket APIs and others, which API Gateway does not let it. */
void check_websocket_mappings(struct builder *b, const struct domain *domain);

/* The value of a stage's variable, for stage_variables_substitute. */
struct str stage_variable(const void *stage, struct str name, bool *found);

#endif
