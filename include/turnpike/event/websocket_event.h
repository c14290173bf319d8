/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_event.h: the events that functions behind WebSocket APIs receive, and what their
 * results mean (AWS: "Lambda integrations for WebSocket APIs"). */
#ifndef TURNPIKE_EVENT_WEBSOCKET_EVENT_H
#define TURNPIKE_EVENT_WEBSOCKET_EVENT_H

#include "turnpike/base/buf.h"
#include "turnpike/model/request.h"

/* Appends the event of t->websocket.event, which is not EVENT_NONE: CONNECT with the handshake's
 * headers and query, MESSAGE with request.body, DISCONNECT with its code and reason. What belongs
 * to the connection (identity, source address, user agent, domain) is in t as it was when the
 * connection was made; a CONNECT's request.trace_id has been set. A MESSAGE's body is valid UTF-8
 * where it is not binary. `scratch` holds what decoding needs. */
void websocket_event_write(struct buf *out, const struct transaction *t, struct arena *scratch);

/* Reads a proxy integration's result: statusCode, headers, body (decoded where isBase64Encoded).
 * False where it is malformed, *ret_error is then why: not an object, without statusCode, or a
 * member of another type. What is in the response are views of payload and arena. */
MUST_USE bool websocket_result_read(struct arena *arena, struct str payload,
                                    struct response *ret_response, struct str *ret_error);

#endif
