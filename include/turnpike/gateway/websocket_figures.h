/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_figures.h: what is counted of WebSocket connections beside their exchanges
 * (figures.h). */
#ifndef TURNPIKE_GATEWAY_WEBSOCKET_FIGURES_H
#define TURNPIKE_GATEWAY_WEBSOCKET_FIGURES_H

#include "turnpike/base/counters.h"
#include "turnpike/gateway/connection.h"
#include "turnpike/model/snapshot.h"

/* Finds or makes the series of every WebSocket API's stages, so that rates start from 0. */
void websocket_figures_prepare(struct counters *counters, const struct snapshot *snapshot);

void websocket_figures_opened(const struct connection *c);
void websocket_figures_closed(const struct connection *c, unsigned code);

/* A message was sent by @connections. */
void websocket_figures_pushed(struct counters *counters, const struct stage *stage);

/* Counts an exchange of a WebSocket API that is over: a handshake by its result, a call of
 * @connections by what it did. Messages are figures.h's. */
void websocket_figures_count(struct counters *counters, const struct transaction *t);

#endif
