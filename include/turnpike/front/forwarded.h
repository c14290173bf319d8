/* SPDX-License-Identifier: Apache-2.0 */
/* forwarded.h: who the client is behind proxies: X-Forwarded-* and Forwarded (RFC 7239) count only
 * where a trusted proxy sent them. */
#ifndef TURNPIKE_FRONT_FORWARDED_H
#define TURNPIKE_FRONT_FORWARDED_H

#include "turnpike/model/request.h"

/* Whether the listener's trustedProxies name this address. */
bool forwarded_is_trusted(const struct listener_settings *listener, const struct ip *ip);

/* Fills in source_ip, forwarded_for, scheme and port of a request whose headers are there. `peer`
 * is the connection's other end; `tls` and `port` are the listener's own. The client is the
 * right-most address of the chain that is not a trusted proxy. */
void forwarded_read(struct request *r, const struct listener_settings *listener,
                    const struct ip *peer, bool tls, uint16_t port, struct arena *arena);

#endif
