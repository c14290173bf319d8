/* SPDX-License-Identifier: Apache-2.0 */
/* scope.h: attributes, ownership macros and the few generic helpers that every folder uses. */
#ifndef TURNPIKE_BASE_SCOPE_H
#define TURNPIKE_BASE_SCOPE_H

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(a, b) __attribute__((format(printf, a, b)))
#define UNUSED       __attribute__((unused))
#define LIKELY(x)    __builtin_expect(!!(x), 1)
#define UNLIKELY(x)  __builtin_expect(!!(x), 0)

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The struct of `type` whose `member` p points to. */
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* Walks an array: `item` points to each element of `array` in turn. `count` is evaluated twice; an
 * empty array may be NULL, to which C lets nobody add even 0. */
#define FOR_EACH(item, array, count)                                                               \
    for (__typeof__((array) + 0) item = (array), item##_end = (count) ? item + (count) : item;     \
         item < item##_end; item++)

/* Gives the pointer away: returns *p and sets *p to NULL, so that its scope does not free it. */
#define take(p) ((__typeof__(*(p)))scope_take((void **)(void *)(p)))

static inline void *scope_take(void **p)
{
    void *taken = *p;
    *p = NULL;
    return taken;
}

static inline void scope_free(void *p)
{
    free(*(void **)p);
}

static inline void scope_close_file(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

/* Locals that are released when their scope ends. Initialise them where they are declared. */
#define scoped_free __attribute__((cleanup(scope_free)))
#define scoped_file __attribute__((cleanup(scope_close_file)))

#endif
