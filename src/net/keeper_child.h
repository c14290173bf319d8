/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_child.h: from fork to exec. */
#ifndef TURNPIKE_NET_KEEPER_CHILD_H
#define TURNPIKE_NET_KEEPER_CHILD_H

#include "keeper_protocol.h"

/* An order that was read, with its descriptors. */
struct keeper_launch {
    struct keeper_order order;
    struct str texts;
    int fds[KEEPER_DESCRIPTORS];
    pid_t keeper;
};

/* In the child, all of whose signals are blocked: makes it what was ordered. What fails is told on
 * the keeper's socket, and ends it with status 127. It may wait as long as it likes (for a user
 * database, a slow disk): the keeper does not wait for it. */
void keeper_child_run(const struct keeper_launch *launch) __attribute__((noreturn));

#endif
