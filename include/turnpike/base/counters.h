/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h: live figures that survive reload, found by name and labels; their exposition is in
 * observe/. Holding a pointer to a figure makes counting one addition. */
#ifndef TURNPIKE_BASE_COUNTERS_H
#define TURNPIKE_BASE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "turnpike/base/str.h"

enum figure_type { FIGURE_COUNTER, FIGURE_GAUGE, FIGURE_HISTOGRAM };

#define HISTOGRAM_BUCKETS 14

/* The upper bounds: seconds for durations, bytes for sizes (times 10^5, see counters.c). */
enum histogram_unit { HISTOGRAM_SECONDS, HISTOGRAM_BYTES };

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS + 1]; /* the last is +Inf; not cumulative */
    double sum;
};

struct family; /* all series of one metric name */

/* One series. Owned by the registry for as long as the program runs. */
struct figure {
    struct family *family;
    struct figure *next; /* in the family, in order of creation */
    struct str labels;   /* `a="x",b="y"`, escaped, or empty */
    union {
        uint64_t count; /* FIGURE_COUNTER */
        double value;   /* FIGURE_GAUGE */
        struct histogram histogram;
    };
};

struct family {
    struct family *next;
    struct str name, help;
    enum figure_type type;
    enum histogram_unit unit;
    struct figure *figures, **last;
    size_t figure_count;
};

struct counters; /* the registry; owned by the gateway */

struct label {
    const char *name;
    struct str value;
};

struct counters *counters_new(void);
void counters_free(struct counters *c);

/* Finds or makes the series. Beyond 100,000 series of one family, all further label sets share one
 * series whose labels are empty. */
struct figure *counters_figure(struct counters *c, enum figure_type type, const char *name,
                               const char *help, const struct label *labels, size_t label_count);

static inline void figure_add(struct figure *f, uint64_t n)
{
    f->count += n;
}

void histogram_observe(struct figure *f, double value);
/* The upper bound of bucket i in the family's unit. */
double histogram_bound(enum histogram_unit unit, size_t i);

/* The families in the order of their creation, for exposition. */
const struct family *counters_first(const struct counters *c);

#endif
