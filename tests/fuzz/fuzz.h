/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h: what fuzz targets share. A target is tests/fuzz/fuzz_<name>.c with a seed corpus in
 * corpus/<name>/ and, where words help, <name>.dict. Inputs that once crashed are committed to the
 * corpus with the fix: replay_<name> runs the whole corpus with any compiler. */
#ifndef TURNPIKE_FUZZ_H
#define TURNPIKE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "turnpike/base/str.h"

/* libFuzzer's entry. Returns 0 for every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The input as bytes, never NULL. */
static inline struct str fuzz_input(const uint8_t *data, size_t size)
{
    return size ? str_of((const char *)data, size) : STR("");
}

/* A copy of exactly that length, so that a sanitizer sees one byte too far. Freed by the caller. */
static inline struct str fuzz_copy(struct str s)
{
    char *copy = malloc(s.len);
    REQUIRE(copy || s.len == 0);
    if (s.len)
        memcpy(copy, s.at, s.len);
    return str_of(copy, s.len);
}

static inline void fuzz_free(struct str copy)
{
    free((void *)(uintptr_t)copy.at);
}

#endif
