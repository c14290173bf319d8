/* SPDX-License-Identifier: Apache-2.0 */
/* tls_private.h: what tls.c and tls_tickets.c share. */
#ifndef TURNPIKE_NET_TLS_PRIVATE_H
#define TURNPIKE_NET_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "turnpike/net/tls.h"

/* Makes `ctx` write and read its tickets with these keys, or none at all (NULL). */
void tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *ctx);

#endif
