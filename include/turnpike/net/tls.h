/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h: what TLS servers answer with: certificate chains chosen by name, and tickets by which
 * clients come back without a full handshake. TLS 1.2 and 1.3, forward secrecy and authenticated
 * ciphers only, no compression, no renegotiation, no early data, no session cache. */
#ifndef TURNPIKE_NET_TLS_H
#define TURNPIKE_NET_TLS_H

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"
#include "turnpike/net/loop.h"

struct ssl_st;      /* OpenSSL's SSL: one connection's session */
struct tls_tickets; /* the keys of session tickets; owned by the gateway */
struct tls_context; /* chains, keys and rules of one listener or domain; owned by who made it */

#define TLS_TICKET_PERIOD (UINT64_C(12) * 3600 * 1000000) /* microseconds */

/* Random keys, never written anywhere. A key encrypts for one period and is understood for one
 * more; no client can resume across a restart. Outlives all contexts and sessions. */
MUST_USE struct tls_tickets *tls_tickets_new(struct loop *loop);
void tls_tickets_free(struct tls_tickets *t); /* takes NULL */
/* Replaces keys whose time is over at `now` (of loop_now). Every handshake does it by itself. */
void tls_tickets_rotate(struct tls_tickets *t, uint64_t now);

/* Without certificates yet. `tickets` NULL: no resumption. */
MUST_USE struct tls_context *tls_context_new(struct tls_tickets *tickets, bool only_tls_1_3);
/* Sessions under way keep what they need. Takes NULL. */
void tls_context_free(struct tls_context *c);

/* Adds a chain (PEM, leaf first) with its unencrypted key (PEM); one pair for each type of key
 * (ECDSA and RSA side by side): the client's abilities choose. */
MUST_USE bool tls_context_add_pair(struct tls_context *c, struct str certificate_file,
                                   struct str key_file, struct error *ret_error);

/* False, with the reason, where a leaf is not valid at `wall` (microseconds since 1970): it is
 * served all the same. */
MUST_USE bool tls_context_is_valid_at(const struct tls_context *c, uint64_t wall,
                                      struct error *ret_error);

/* Clients that ask `c` for this name ("example.com", or "*.example.com" for every name with one
 * more label) get the chains of `other`, which may be freed before or after c. An exact name stands
 * above a wildcard; of one name given twice the last counts. Of two minimum versions the stricter
 * holds. Any other name, or none, gets c's own chains. */
void tls_context_add_name(struct tls_context *c, struct str name, const struct tls_context *other);

/* A new connection's session, for http_connection_open, which frees it. */
MUST_USE struct ssl_st *tls_context_accept(const struct tls_context *c);

/* The name that a finished handshake asked for, or empty; the session's memory. */
struct str tls_session_name(const struct ssl_st *ssl);

#endif
