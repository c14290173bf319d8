/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.h: which API and stage a request meets, from its host and path (docs/architecture.md). */
#ifndef TURNPIKE_MODEL_RESOLVE_H
#define TURNPIKE_MODEL_RESOLVE_H

#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"

/* What the listener knows about itself. */
struct listener_facts {
    const struct listener_settings *settings;
    bool loopback; /* it listens on a loopback address or a UNIX socket */
    bool tls;
};

enum resolution {
    RESOLVED,          /* api and stage are set */
    RESOLVED_API_ONLY, /* an API, but no such stage: its own kind of 404 */
    RESOLVED_NOTHING,  /* 403 Forbidden with x-amzn-ErrorType */
};

/* Fills in s: api, stage, route_path, mapping_key, by_domain, domain_name, domain_prefix. Reads
 * r's host, path, scheme and port. `loopback_has_tls`: some loopback listener speaks TLS. */
enum resolution resolve(const struct snapshot *snapshot, const struct listener_facts *listener,
                        bool loopback_has_tls, const struct request *r, struct arena *arena,
                        struct selection *s);

#endif
