/* SPDX-License-Identifier: Apache-2.0 */
/* route_list.h: every route of a snapshot, stage by stage, as `turnpike routes` shows it. */
#ifndef TURNPIKE_DAEMON_ROUTE_LIST_H
#define TURNPIKE_DAEMON_ROUTE_LIST_H

#include "turnpike/base/buf.h"
#include "turnpike/model/snapshot.h"

/* Appends a table with a line for each route and a heading. */
void route_list_write_text(struct buf *out, const struct snapshot *snapshot);

/* Appends {"routes":[{"apiId", "stage", "routeKey", "method", "path", "authorizer", "scopes",
 * "throttle": {"level", "rateLimit", "burstLimit"}, "integration": {"function", "qualifier",
 * "uri"}}]}; null stands for what there is not. */
void route_list_write_json(struct buf *out, const struct snapshot *snapshot);

#endif
