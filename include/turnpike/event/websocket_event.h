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

/* Reads a proxy integration's result: statusCode (a final one, 200 to 599), headers and
 * multiValueHeaders (names in lower case), body (decoded where isBase64Encoded). Where they are
 * null they say nothing. False where it is malformed: not an object, without statusCode, a member
 * of another type or that is not known; *ret_error is then the text of integrationErrorMessage
 * (static, or of the arena). Text in the response are views of the payload or the arena. */
MUST_USE bool websocket_result_read(struct arena *arena, struct str payload,
                                    struct response *ret_response, struct str *ret_error);

#endif
