/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h: memory that is given out piece by piece and released all at once. */
#ifndef TURNPIKE_BASE_ARENA_H
#define TURNPIKE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "turnpike/base/str.h"

struct arena_block;

/* Embedded in its owner: an exchange, a snapshot, a loader. */
struct arena {
    struct arena_block *blocks; /* newest first */
    char *at, *end;             /* what is free in the newest block */
    size_t block_size;          /* of the next ordinary block */
    size_t used;                /* bytes given out */
};

/* Blocks are allocated when first needed, each of at least block_size bytes. */
void arena_init(struct arena *a, size_t block_size);

/* Frees everything that was given out. The arena may be used again. */
void arena_release(struct arena *a);

/* Forgets everything that was given out but keeps one ordinary block for the next use. */
void arena_reset(struct arena *a);

/* Memory aligned for any type, uninitialised; never NULL. */
MUST_USE void *arena_alloc(struct arena *a, size_t size);
/* The same, filled with zero. */
MUST_USE void *arena_zalloc(struct arena *a, size_t size);
/* Bytes without alignment, for text. */
MUST_USE char *arena_bytes(struct arena *a, size_t size);

#define arena_new(a, type)          ((type *)arena_zalloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_zalloc((a), sizeof(type) * (count)))

/* Copies end in a NUL that the length does not count. */
struct str arena_copy(struct arena *a, struct str s);
struct str arena_lower(struct arena *a, struct str s); /* with ASCII letters in lower case */
MUST_USE char *arena_cstring(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *format, ...) PRINTF(2, 3);
struct str arena_vprintf(struct arena *a, const char *format, va_list args) PRINTF(2, 0);

/* A growing array in an arena: `struct { T *items; size_t count, capacity; }`. */
#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* Appends a zeroed element and returns a pointer to it, valid until the next push. */
#define list_push(a, list)                                                                         \
    ((__typeof__((list)->items))arena_grow((a), (void **)(void *)&(list)->items, &(list)->count,   \
                                           &(list)->capacity, sizeof(*(list)->items)))
void *arena_grow(struct arena *a, void **items, size_t *count, size_t *capacity, size_t size);

#define FOR_EACH_IN(item, list) FOR_EACH (item, (list)->items, (list)->count)

#endif
