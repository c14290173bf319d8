/* SPDX-License-Identifier: Apache-2.0 */
/* tls_contexts.h: makes the TLS contexts of a snapshot. Private to front/. */
#ifndef TURNPIKE_FRONT_TLS_CONTEXTS_H
#define TURNPIKE_FRONT_TLS_CONTEXTS_H

#include "turnpike/model/snapshot.h"
#include "turnpike/net/tls.h"

struct tls_contexts {
    struct tls_tickets *tickets;
    struct snapshot *snapshot;
    uint64_t wall; /* microseconds since 1970: certificates that have expired are a warning */
    struct diag *diag;
};

/* Sets the context of every listener and domain that has certificates. Contexts are the snapshot's:
 * freed with it. */
void tls_contexts_prepare(const struct tls_contexts *t);

#endif
