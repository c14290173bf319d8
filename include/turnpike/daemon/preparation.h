/* SPDX-License-Identifier: Apache-2.0 */
/* preparation.h: what every folder compiles from a loaded snapshot before it is put in force, in
 * order: the same for serve, check and reload. */
#ifndef TURNPIKE_DAEMON_PREPARATION_H
#define TURNPIKE_DAEMON_PREPARATION_H

#include "turnpike/front/front.h"

/* The live state that prepared elements point to. */
struct preparation {
    struct gateway *gateway;
    struct front *front;
    const struct access_log_output *output;
};

/* Calls each `_prepare` function. `live` is NULL where the snapshot is only looked at: nothing is
 * started or opened for writing then, and what it takes goes with the snapshot. False where the
 * diag holds an error afterwards; the snapshot remains the caller's either way. */
MUST_USE bool prepare_snapshot(const struct preparation *live, struct snapshot *snapshot,
                               struct diag *diag);

#endif
