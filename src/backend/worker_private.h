/* SPDX-License-Identifier: Apache-2.0 */
/* worker_private.h: what the files of a worker share: worker_start.c (how it is made), worker.c
 * (what it does and how it ends), worker_log.c (what is written about it), worker_exit.c (what is
 * said where it has ended). */
#ifndef TURNPIKE_BACKEND_WORKER_PRIVATE_H
#define TURNPIKE_BACKEND_WORKER_PRIVATE_H

#include "worker.h"

extern const struct child_events worker_child_events;
extern const struct runtime_events worker_runtime_events;
extern const struct worker_output_events worker_output_events;

/* Its process was started: the time that it has for its start runs. */
void worker_await_start(struct worker *w);

/* Whether anybody sees what is written of it. */
bool worker_is_heard(const struct worker *w);
/* One line, to the owner and to the tail of the invocation's log. */
void worker_log(struct worker *w, struct str text);
void worker_log_start(struct worker *w);
void worker_log_end(struct worker *w, enum invocation_end end);
/* The end of the log since the last start; valid until the next line. */
struct str worker_tail(const struct worker *w);

/* How a process has ended, in Lambda's words. */
void worker_describe_exit(const struct child_exit *exit, struct buf *why);
/* Why it never asked, where nobody has said that yet: fills in w->failure. */
void worker_describe_start_failure(struct worker *w);

#endif
