/* SPDX-License-Identifier: Apache-2.0 */
/* preparation.h: what every folder compiles from a loaded snapshot before it is put in force, in
 * order: the same for serve, check and reload. */
#ifndef TURNPIKE_DAEMON_PREPARATION_H
#define TURNPIKE_DAEMON_PREPARATION_H

#include "turnpike/model/snapshot.h"

struct gateway;

/* Calls each `_prepare` function. `gateway` holds the live state that prepared elements point to;
 * NULL where the snapshot is only looked at: then nothing is started or opened for writing. False
 * where the diag holds an error afterwards; the snapshot remains the caller's either way. */
MUST_USE bool prepare_snapshot(struct gateway *gateway, struct snapshot *snapshot,
                               struct diag *diag);

#endif
