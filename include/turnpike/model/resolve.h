/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.h: which API and stage a request meets, from its host and path. In this order: a domain
 * by its name or wildcard; {apiId}.execute-api.{suffix}; /_aws/execute-api/{apiId}/{stage}/… where
 * that is allowed; the domain "*"; the only API there is, where no domain is configured. */
#ifndef TURNPIKE_MODEL_RESOLVE_H
#define TURNPIKE_MODEL_RESOLVE_H

#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"

/* What the listener that took the request knows about itself. */
struct listener_facts {
    const struct listener_settings *settings;
    bool loopback; /* it listens on a loopback address or a UNIX socket */
    bool named; /* a loopback Host may name it: it is loopback and speaks TLS, or none that is does
                 */
};

/* Whether the listener serves the API at all. */
bool listener_serves(const struct listener_settings *listener, const struct api *api);

enum resolution {
    RESOLVED,          /* api and stage are set */
    RESOLVED_API_ONLY, /* an API, but no stage of it may be reached like this: its own kind of 404
                        */
    RESOLVED_NOTHING,  /* 403 Forbidden with x-amzn-ErrorType */
};

/* Fills in s: api, stage, route_path, mapping_key, by_domain, domain_name and domain_prefix, or
 * nothing, the reason. Reads r's host, path, scheme and port; takes the prefix of the path form off
 * r->path. */
enum resolution resolve(const struct snapshot *snapshot, const struct listener_facts *listener,
                        struct request *r, struct arena *arena, struct selection *s);

#endif
