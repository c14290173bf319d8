/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h: in-process micro benchmarks. A program is tests/bench/bench_<name>.c with a table of
 * rows; `make bench-unit` runs them all. Only the table says what a figure is held to: machines
 * differ, so nothing fails. */
#ifndef TURNPIKE_BENCH_H
#define TURNPIKE_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "turnpike/base/scope.h"

struct bench_row {
    const char *name;
    void (*run)(void *data); /* one operation */
    void *data;
    double target_ns; /* 0: none */
};

#define BENCH_ROUNDS    9
#define BENCH_ROUND_SEC 0.05

static inline double bench_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double bench_time(const struct bench_row *row, size_t count)
{
    double start = bench_now();
    for (size_t i = 0; i < count; i++)
        row->run(row->data);
    return bench_now() - start;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* CPU nanoseconds of an operation: the median of the rounds, each long enough to be measured. */
static inline double bench_measure(const struct bench_row *row)
{
    double rounds[BENCH_ROUNDS];
    size_t count = 1;
    while (bench_time(row, count) < BENCH_ROUND_SEC)
        count *= 2;
    for (size_t i = 0; i < BENCH_ROUNDS; i++)
        rounds[i] = bench_time(row, count) / (double)count * 1e9;
    qsort(rounds, BENCH_ROUNDS, sizeof(rounds[0]), bench_compare);
    return rounds[BENCH_ROUNDS / 2];
}

static inline void bench_rows(const struct bench_row *rows, size_t count)
{
    FOR_EACH (row, rows, count) {
        printf("%10.0f ns  %s", bench_measure(row), row->name);
        if (row->target_ns > 0)
            printf(" (at most %.0f)", row->target_ns);
        printf("\n");
    }
}

#endif
