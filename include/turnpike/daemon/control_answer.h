/* SPDX-License-Identifier: Apache-2.0 */
/* control_answer.h: the JSON documents that a daemon answers on its control socket. */
#ifndef TURNPIKE_DAEMON_CONTROL_ANSWER_H
#define TURNPIKE_DAEMON_CONTROL_ANSWER_H

#include "turnpike/base/buf.h"
#include "turnpike/base/diag.h"

/* How a reload went. */
struct reload_result {
    bool done;
    struct str why;          /* where it was not: "the configuration is invalid" */
    const struct diag *diag; /* its findings; may be NULL */
};

/* {"reloaded":true|false, "message":TEXT|null, "problems":[as `check --json`]} */
void reload_answer_write(struct buf *out, const struct reload_result *result);

/* What `turnpike status` says. */
struct daemon_status {
    bool ready;
    struct str why; /* where it is not ready: "draining" */
    int pid;
    struct str version, configuration; /* the file */
    uint64_t started;                  /* microseconds since 1970 */
    uint64_t connections, exchanges;   /* open now */
    uint64_t reloaded;                 /* microseconds since 1970; 0: never */
    bool reload_failed;                /* the last one; the configuration before it is in force */
    struct str reload_message;         /* why; may be empty */
};

/* {"ready", "reason", "pid", "version", "configuration", "startedAt", "connections", "exchanges",
 *  "lastReload": {"at", "succeeded", "message"}|null} */
void status_answer_write(struct buf *out, const struct daemon_status *status);

/* Reads the two back; text goes to the arena. False where they are malformed; of a reload's
 * problems, those that are errors or warnings are added to the diag. */
MUST_USE bool reload_answer_read(struct str answer, struct arena *arena, struct diag *diag,
                                 struct reload_result *ret_result);
/* Times are not read back. */
MUST_USE bool status_answer_read(struct str answer, struct arena *arena,
                                 struct daemon_status *ret_status);

#endif
