/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_websocket.h: the part of stage_resolve that is about WebSocket APIs. Private to gateway/.
 */
#ifndef TURNPIKE_GATEWAY_RESOLVE_WEBSOCKET_H
#define TURNPIKE_GATEWAY_RESOLVE_WEBSOCKET_H

#include "turnpike/gateway/pipeline.h"

/* Makes x a handshake or a call of @connections where it is one, whatever `resolution` found; false
 * where it is neither. */
bool resolve_websocket(struct exchange *x, enum resolution resolution, enum verdict *ret_verdict);

#endif
