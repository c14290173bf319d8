/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_link.h: one keeper process and the gateway's end of the socket to it. */
#ifndef TURNPIKE_NET_KEEPER_LINK_H
#define TURNPIKE_NET_KEEPER_LINK_H

#include "keeper_protocol.h"

struct keeper_link; /* owned by its struct keeper until closed or lost; then it frees itself */

/* From the loop, never from within a call. */
struct keeper_link_events {
    void (*on_note)(void *owner, const struct keeper_note *note);
    /* The process is gone or made no sense: the link has been closed, nothing follows. */
    void (*on_lost)(void *owner);
};

MUST_USE struct keeper_link *keeper_link_open(struct loop *loop, const char *program,
                                              const struct keeper_link_events *events, void *owner,
                                              struct error *ret_error);
/* In the order of the calls; what the socket does not take waits. `fds` is NULL or has
 * KEEPER_DESCRIPTORS, which stay the caller's. False where it can never be sent. */
MUST_USE bool keeper_link_send(struct keeper_link *link, struct str message, const int *fds,
                               struct error *ret_error);
/* Of one that has said nothing for long: goes on, where somebody has stopped it. */
void keeper_link_wake(struct keeper_link *link);
/* on_lost follows. */
void keeper_link_kill(struct keeper_link *link);
/* The keeper sees it and ends, or is killed after a while; loop_release waits for that. */
void keeper_link_close(struct keeper_link *link);

#endif
