/* SPDX-License-Identifier: Apache-2.0 */
/* diag.h: what is wrong with a configuration or definition, each finding with its place. */
#ifndef TURNPIKE_BASE_DIAG_H
#define TURNPIKE_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"

/* Where something was written. `file` lives as long as the diag or snapshot that it came with. */
struct position {
    const char *file; /* NULL: nowhere (a default) */
    unsigned line;    /* from 1 */
    unsigned column;  /* from 1, in bytes */
};

enum severity { SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_ERROR };

struct finding {
    enum severity severity;
    struct position at;
    struct str message;
};

/* The sink of one load. Owns copies of everything that it holds. */
struct diag {
    struct arena arena;
    LIST(struct finding) findings;
    size_t error_count, warning_count;
    bool full; /* reached the bound on findings; said once, the rest is only counted */
};

void diag_init(struct diag *d);
void diag_release(struct diag *d);

void diag_error(struct diag *d, struct position at, const char *format, ...) PRINTF(3, 4);
void diag_warning(struct diag *d, struct position at, const char *format, ...) PRINTF(3, 4);
void diag_notice(struct diag *d, struct position at, const char *format, ...) PRINTF(3, 4);

/* Orders the findings by file, line and column, errors and warnings mixed as they stand. */
void diag_sort(struct diag *d);

const char *severity_name(enum severity severity);

/* The name in `names` nearest to `written`, or NULL where none is near enough to be meant. */
const char *nearest_name(struct str written, const char *const *names, size_t count);

#endif
