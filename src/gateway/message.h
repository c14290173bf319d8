/* SPDX-License-Identifier: Apache-2.0 */
/* message.h: the exchanges that a WebSocket connection begins. Private to gateway/. */
#ifndef TURNPIKE_GATEWAY_MESSAGE_H
#define TURNPIKE_GATEWAY_MESSAGE_H

#include "turnpike/gateway/connection.h"

/* Where messages of the connection go; NULL where the snapshot has no such API or stage. */
const struct stage *message_stage(const struct snapshot *snapshot, const struct connection *c);

/* A message has come: begins its exchange, and pauses the wire where no more may be under way. */
void message_begin(struct connection *c, struct str message, bool binary);
/* The connection has closed: nobody waits for replies any more. */
void messages_abandon(struct connection *c);

/* Begins the exchange of $disconnect, where the API still has a function for it. */
void disconnect_begin(struct connection *c, unsigned code, struct str reason);
/* Gives up those that are under way. */
void disconnects_abandon(struct gateway *g);

#endif
