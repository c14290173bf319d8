/* SPDX-License-Identifier: Apache-2.0 */
/* worker_output.h: what a worker writes on stdout and stderr, which share one pipe so that their
 * order stays, line by line. */
#ifndef TURNPIKE_BACKEND_WORKER_OUTPUT_H
#define TURNPIKE_BACKEND_WORKER_OUTPUT_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/net/loop.h"

/* A longer line is cut into several. */
#define OUTPUT_LINE_MAX (64 * 1024)

struct worker_output;

struct worker_output_events {
    /* Without its end; valid during the call. */
    void (*on_line)(struct worker_output *o, struct str line);
    /* Nobody has the other end any longer. The last call but for on_closed. */
    void (*on_end)(struct worker_output *o);
    /* Following worker_output_close: the owner may be freed. */
    void (*on_closed)(struct worker_output *o);
};

/* Embedded in its owner. Who writes more than is read of it in a tenth of a second waits, as for
 * any slow reader: nothing is dropped, and nobody else waits. */
struct worker_output {
    const struct worker_output_events *events;
    void *owner;

    /* private */
    struct loop *loop;
    uv_poll_t poll;
    int fd;
    struct buf line; /* that has not ended */
    int64_t allowance;
    struct timer window; /* running: until the allowance is renewed */
    bool ended, closing, watched;
};

/* Makes the pipe; *ret_write_end is the caller's to close once the child has it. `owner` is for the
 * events. */
MUST_USE bool worker_output_open(struct worker_output *o, struct loop *loop,
                                 const struct worker_output_events *events, void *owner,
                                 int *ret_write_end, struct error *ret_error);
/* Reads what is there already, and waits for nothing, not even for a line's end: before somebody is
 * told that the function has answered. */
void worker_output_drain(struct worker_output *o);
/* The same for a process that has ended: what it has said last, up to a bound that no process comes
 * to by chance. */
void worker_output_drain_last(struct worker_output *o);
/* Of one that was never opened, nothing. Stops at once; what is left of a line is told first,
 * on_closed follows in a later turn. */
void worker_output_close(struct worker_output *o);

#endif
