/* SPDX-License-Identifier: Apache-2.0 */
/* hosting.h: what hosted functions need of whoever runs them, and tell it. */
#ifndef TURNPIKE_BACKEND_HOSTING_H
#define TURNPIKE_BACKEND_HOSTING_H

#include <stdbool.h>

#include "turnpike/base/sigv4.h"

/* One line of a function's log, without its end. */
struct hosted_line {
    struct str function;
    struct str
        request_id;  /* of the invocation that its process has, or had last; empty: none yet */
    struct str text; /* may hold any bytes but a line feed */
};

/* Text is valid during the call. Functions of this table are called from the loop, and may not call
 * back. */
struct hosting_owner {
    void *data;
    /* What the function wrote on stdout or stderr, or Lambda's START, END and REPORT. */
    void (*on_line)(void *data, const struct hosted_line *line);
    /* Whether anybody would see START, END and REPORT: otherwise they are not written. */
    bool (*hears_lines)(void *data);
    /* Something about its processes that whoever runs the gateway must know. */
    void (*on_trouble)(void *data, struct str function, struct str why);
    void (*on_notice)(void *data, struct str function, struct str what);
    /* A key that the gateway takes from this process; lives until it is revoked. */
    struct sigv4_key (*issue_key)(void *data, struct str function);
    void (*revoke_key)(void *data, const struct sigv4_key *key);
};

/* All of it outlives the functions that it is given to. */
struct hosting {
    const char *program;            /* runs the keeper (net/keeper.h) */
    const char *const *environment; /* the gateway's own */
    struct str ca_file;             /* whose certificates functions trust; empty: the system's */
    struct hosting_owner owner;
};

#endif
