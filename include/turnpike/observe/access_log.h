/* SPDX-License-Identifier: Apache-2.0 */
/* access_log.h: the access logs of stages (AWS: "Configure logging for HTTP APIs"): a format
 * compiled once, a line for each request. */
#ifndef TURNPIKE_OBSERVE_ACCESS_LOG_H
#define TURNPIKE_OBSERVE_ACCESS_LOG_H

#include "turnpike/base/error.h"
#include "turnpike/model/snapshot.h"
#include "turnpike/text/substitution.h"

#define ACCESS_LOG_FORMAT_MAX 3072      /* AWS's quota, bytes */
#define ACCESS_LOG_LINE_MAX   (1 << 20) /* likewise, of one entry; what is beyond is cut off */

/* The variables that a format may name. The gateway has the table (gateway/context_variables.h). */
struct access_log_variables {
    /* Asked for each variable of a format: its number, or below 0 where APIs of that kind have none
     * of the name; *ret_nearest is then the one that may have been meant, or NULL. */
    int (*resolve)(struct str name, enum protocol_type kind, const char **ret_nearest);
    substitution_append_fn *append; /* only called for what was resolved; may append nothing */
};

/* Where lines go: the daemon's log writer, as the layers below see it. */
struct access_log_output {
    void *(*open)(void *data, struct str destination, struct error *ret_error); /* NULL: failed */
    void (*write)(void *file, struct str line); /* the line has no end of its own */
    void *data;
};

/* Compiles every stage's format and opens its destination; reports what is wrong: a format that is
 * missing, too long or of several lines, a destination that cannot be opened. A variable that is
 * unknown is a warning. `output` may be NULL, for `check`: nothing is opened then. Both structs are
 * read, and `variables` kept, as long as the snapshot lives. */
void access_log_prepare(struct snapshot *snapshot, const struct access_log_output *output,
                        const struct access_log_variables *variables, struct diag *diag);

/* Writes one line; `data` is what `append` reads. A variable without a value is written as '-'.
 * With `escape: auto` no value can end its line or its quotes: between double quotes it is written
 * as JSON escapes it, elsewhere control characters become \xNN. Otherwise values go out as they
 * are, as on AWS. */
void access_log_write(const struct access_log *log, const void *data);

#endif
