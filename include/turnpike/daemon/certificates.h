/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.h: a development certificate authority and a certificate for this machine's own
 * names, P-256 both (RFC 5280). */
#ifndef TURNPIKE_DAEMON_CERTIFICATES_H
#define TURNPIKE_DAEMON_CERTIFICATES_H

#include <stdbool.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"

#define SERVER_CERTIFICATE_DAYS 90
#define AUTHORITY_DAYS          3650

/* A certificate and its private key (PKCS #8), as PEM text. */
struct pem_pair {
    struct buf certificate, private_key;
};

/* Frees, and wipes the key. Takes one that is all zero. */
void pem_pair_release(struct pem_pair *p);

/* Makes an authority that can vouch for nothing but localhost, names that end in .localhost, and
 * loopback addresses: whoever trusts it does not have to guard its key like a real one's.
 * `wall` is microseconds since 1970. */
MUST_USE bool certificate_make_authority(uint64_t wall, struct pem_pair *ret_pair,
                                         struct error *ret_error);

/* Makes a server's certificate for localhost, *.execute-api.localhost, 127.0.0.1 and ::1 that the
 * authority signs. */
MUST_USE bool certificate_make_server(uint64_t wall, const struct pem_pair *authority,
                                      struct pem_pair *ret_pair, struct error *ret_error);

/* Reads when the first certificate of a PEM text ends, in microseconds since 1970. */
MUST_USE bool certificate_read_end(struct str pem, uint64_t *ret_wall);

#endif
