/* SPDX-License-Identifier: Apache-2.0 */
/* map.h: a hash table from strings to pointers, open addressing, seeded at start. */
#ifndef TURNPIKE_BASE_MAP_H
#define TURNPIKE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turnpike/base/str.h"

/* Embedded in its owner. All zero is a valid, empty map. Keys are not copied: they must live as
 * long as their entry, usually inside the value. Values are never NULL. */
struct map {
    struct map_entry *entries;
    size_t count, used, capacity; /* used counts removed entries too */
};

struct map_entry {
    struct str key;
    void *value; /* NULL: free, or removed where key.at is not NULL */
    uint64_t hash;
};

void map_release(struct map *m);
void *map_get(const struct map *m, struct str key);
/* Adds or replaces; returns the value that stood there, or NULL. */
void *map_set(struct map *m, struct str key, void *value);
/* Removes and returns the value, or NULL. */
void *map_remove(struct map *m, struct str key);

/* Walks in no order: `for (size_t i = 0; (v = map_next(m, &i));)`. Removing the current is allowed.
 */
void *map_next(const struct map *m, size_t *cursor);

/* The hash of the table (FNV-like with a seed of the process); stable within one process. */
uint64_t map_hash(struct str key);

#endif
