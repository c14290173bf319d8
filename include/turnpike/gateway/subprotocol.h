/* SPDX-License-Identifier: Apache-2.0 */
/* subprotocol.h: what clients offer in Sec-WebSocket-Protocol (RFC 6455, 11.3.4): names of
 * subprotocols, and, as pages cannot set headers, often a token. */
#ifndef TURNPIKE_GATEWAY_SUBPROTOCOL_H
#define TURNPIKE_GATEWAY_SUBPROTOCOL_H

#include "turnpike/model/request.h"

/* Whether the client offers this name, exactly. */
bool subprotocol_is_offered(const struct request *r, struct str name);

/* Whether it has a JWT's form: three parts of base64url with dots between them, the first of which
 * is the beginning of a JSON object. Names such as "wamp.2.json" have not. */
bool subprotocol_is_token(struct str name);

/* The first offered value of that form; at is NULL where there is none. Two different ones are no
 * valid token: *ret_second is then the other, else empty. */
struct str subprotocol_find_token(const struct request *r, struct str *ret_second);

#endif
