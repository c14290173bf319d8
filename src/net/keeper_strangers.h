/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_strangers.h: processes that became the keeper's children though it has not started them:
 * their parents have ended, and the keeper adopts what descends from it. */
#ifndef TURNPIKE_NET_KEEPER_STRANGERS_H
#define TURNPIKE_NET_KEEPER_STRANGERS_H

#include <stdbool.h>
#include <sys/types.h>

typedef bool pid_fn(const void *data, pid_t pid);

/* SIGKILL to each child of this process that `is_spared` does not want to live. True where there
 * was one: what it leaves behind becomes this process' child when it has ended. Without /proc
 * nothing is found. Single-threaded, so that no pid becomes another's meanwhile. */
bool keeper_kill_strangers(pid_fn *is_spared, const void *data);

#endif
