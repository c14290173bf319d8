/* SPDX-License-Identifier: Apache-2.0 */
/* orphans.h: the duty of a name space's first process, which a container's program is: whoever
 * loses its parent becomes its child, and stays a zombie until it has been waited for. */
#ifndef TURNPIKE_NET_ORPHANS_H
#define TURNPIKE_NET_ORPHANS_H

#include "turnpike/net/loop.h"

/* All zero is one that watches nothing. Must not move while it watches. */
struct orphans {
    uv_signal_t signal;
    struct task task;
    struct loop *loop; /* NULL: watches nothing */
};

/* Waits for children that are not the loop's own processes (uv_spawn) whenever one has died. No
 * other thread may wait for children of its own. Keeps no loop running. */
void orphans_watch(struct orphans *orphans, struct loop *loop);
/* The handle is closed in the loop's next turn; until then the struct stays where it is. */
void orphans_release(struct orphans *orphans);

#endif
