/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/map.h"

#include "turnpike/base/random.h"
#include "turnpike/base/xalloc.h"

static uint64_t seed(void)
{
    static uint64_t value;
    if (UNLIKELY(value == 0))
        value = random_u64() | 1;
    return value;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Eight bytes a step, multiply and fold, keyed: keys can come from clients. */
uint64_t map_hash(struct str key)
{
    uint64_t hash = seed() ^ key.len;
    while (key.len >= 8) {
        uint64_t word;
        memcpy(&word, key.at, 8);
        hash = mix(hash ^ word, UINT64_C(0x9e3779b97f4a7c15));
        key = str_skip(key, 8);
    }
    uint64_t tail = 0;
    if (key.len)
        memcpy(&tail, key.at, key.len);
    return mix(hash ^ tail, seed() ^ UINT64_C(0xd6e8feb86659fd93));
}

void map_release(struct map *m)
{
    free(m->entries);
    *m = (struct map){0};
}

static struct map_entry *find(const struct map *m, struct str key, uint64_t hash)
{
    for (size_t i = hash & (m->capacity - 1);; i = (i + 1) & (m->capacity - 1)) {
        struct map_entry *entry = &m->entries[i];
        if (!entry->key.at)
            return entry;
        if (entry->value && entry->hash == hash && str_eq(entry->key, key))
            return entry;
    }
}

void *map_get(const struct map *m, struct str key)
{
    return m->capacity ? find(m, key, map_hash(key))->value : NULL;
}

#define CAPACITY_MIN 16

/* To the power of two, which probing needs, that the entries and one more fill at most to half. */
static void resize(struct map *m)
{
    struct map_entry *old = m->entries;
    size_t old_capacity = m->capacity, capacity = CAPACITY_MIN;
    while (capacity < (m->count + 1) * 2)
        capacity *= 2;
    m->entries = xcalloc(capacity, sizeof(*m->entries));
    m->capacity = capacity;
    m->used = m->count;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].value)
            *find(m, old[i].key, old[i].hash) = old[i];
    free(old);
}

void *map_set(struct map *m, struct str key, void *value)
{
    assert(value);
    if ((m->used + 1) * 4 > m->capacity * 3)
        resize(m);

    if (!key.at)
        key.at = ""; /* a NULL key marks a free entry */
    uint64_t hash = map_hash(key);
    struct map_entry *entry = find(m, key, hash);
    void *before = entry->value;
    if (!before) {
        m->count++;
        m->used++;
    }
    *entry = (struct map_entry){key, value, hash};
    return before;
}

void *map_remove(struct map *m, struct str key)
{
    if (!m->capacity)
        return NULL;
    struct map_entry *entry = find(m, key, map_hash(key));
    void *before = entry->value;
    if (before) {
        entry->value = NULL;
        entry->key = STR(""); /* keeps later entries reachable */
        m->count--;
    }
    return before;
}

void *map_next(const struct map *m, size_t *cursor)
{
    while (*cursor < m->capacity) {
        void *value = m->entries[(*cursor)++].value;
        if (value)
            return value;
    }
    return NULL;
}
