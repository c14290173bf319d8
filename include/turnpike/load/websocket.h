/* SPDX-License-Identifier: Apache-2.0 */
/* websocket.h: the definition of a WebSocket API, for which AWS has no document of its own: a map
 * in the words of apigatewayv2 (docs/websocket.md), read into the model. */
#ifndef TURNPIKE_LOAD_WEBSOCKET_H
#define TURNPIKE_LOAD_WEBSOCKET_H

#include "turnpike/load/doc.h"
#include "turnpike/model/builder.h"

/* Whether the document says that it is one: protocolType: WEBSOCKET. root may be NULL. */
bool websocket_is_definition(const struct doc *root);

/* Adds what the document says to api, as openapi_read does, and sets its protocol type: its name,
 * route selection expression, authorizers, integrations and routes. What the configuration says of
 * such an API is checked too. Nodes that are used are copied by reference: root lives as long as
 * the snapshot. */
MUST_USE bool websocket_read(struct builder *b, struct api *api, const struct doc *root);

#endif
