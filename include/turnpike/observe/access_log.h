/* SPDX-License-Identifier: Apache-2.0 */
/* access_log.h: the access logs of stages: a format compiled once, a line for each request. */
#ifndef TURNPIKE_OBSERVE_ACCESS_LOG_H
#define TURNPIKE_OBSERVE_ACCESS_LOG_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/model/snapshot.h"

/* Appends the value of a $context variable (without "$context."); appends nothing where it is
 * absent. The gateway has the table of variables (gateway/context_variables.h). */
typedef void context_lookup_fn(struct buf *out, struct str variable, const void *data);

/* Where lines go: the daemon's log writer, as the layers below see it. */
struct access_log_output {
    void *(*open)(void *data, struct str destination, struct error *ret_error); /* NULL: failed */
    void (*write)(void *file, struct str line);
    void *data;
};

/* Compiles every stage's format and opens its destination; reports what is wrong. `output` may be
 * NULL, for `check`: nothing is opened then. `is_variable` says whether a name is known. */
void access_log_prepare(struct snapshot *snapshot, const struct access_log_output *output,
                        bool (*is_variable)(struct str name), struct diag *diag);

/* Writes one line. */
void access_log_write(const struct access_log *log, context_lookup_fn *lookup, const void *data);

#endif
