/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h: the Prometheus text format (version 0.0.4). */
#ifndef TURNPIKE_OBSERVE_METRICS_H
#define TURNPIKE_OBSERVE_METRICS_H

#include "turnpike/base/buf.h"
#include "turnpike/base/counters.h"

/* Appends every family with HELP and TYPE, its series in order of creation, and process_* read
 * from /proc. */
void metrics_write(struct buf *out, const struct counters *counters);

#endif
