/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/token_cache.h"

#include "turnpike/base/xalloc.h"

#define ENTRY_BLOCK_SIZE 2048

struct token_entry *token_entry_new(void)
{
    struct token_entry *entry = xcalloc(1, sizeof(*entry));
    arena_init(&entry->arena, ENTRY_BLOCK_SIZE);
    entry->references = 1;
    return entry;
}

struct token_entry *token_entry_ref(struct token_entry *entry)
{
    entry->references++;
    return entry;
}

void token_entry_unref(struct token_entry *entry)
{
    if (!entry || --entry->references > 0)
        return;
    arena_release(&entry->arena);
    free(entry);
}

static size_t size_of(const struct token_entry *entry)
{
    return sizeof(*entry) + ENTRY_BLOCK_SIZE + entry->arena.used;
}

static struct str name_of(const struct token_entry *entry)
{
    return str_of((const char *)entry->digest.bytes, SHA256_SIZE);
}

void token_cache_init(struct token_cache *cache, size_t count_max, size_t size_max)
{
    *cache = (struct token_cache){.count_max = count_max, .size_max = size_max};
}

void token_cache_release(struct token_cache *cache)
{
    while (cache->oldest)
        token_cache_drop(cache, cache->oldest);
    map_release(&cache->entries);
}

struct sha256 token_cache_digest(uint64_t source_id, struct str token)
{
    struct str parts[] = {str_of((const char *)&source_id, sizeof(source_id)), token};
    return sha256_of(parts, ARRAY_LENGTH(parts));
}

static void unlink_entry(struct token_cache *cache, struct token_entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct token_cache *cache, struct token_entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

struct token_entry *token_cache_find(struct token_cache *cache, const struct sha256 *digest)
{
    struct token_entry *entry =
        map_get(&cache->entries, str_of((const char *)digest->bytes, SHA256_SIZE));
    if (entry && entry != cache->newest) {
        unlink_entry(cache, entry);
        link_newest(cache, entry);
    }
    return entry;
}

void token_cache_drop(struct token_cache *cache, struct token_entry *entry)
{
    assert(entry->cached);
    (void)map_remove(&cache->entries, name_of(entry));
    unlink_entry(cache, entry);
    cache->size -= size_of(entry);
    entry->cached = false;
    token_entry_unref(entry);
}

void token_cache_add(struct token_cache *cache, struct token_entry *entry)
{
    assert(!entry->cached);
    size_t size = size_of(entry);
    if (size > cache->size_max / 8)
        return;
    struct token_entry *before = map_get(&cache->entries, name_of(entry));
    if (before)
        token_cache_drop(cache, before);
    while (cache->oldest &&
           (cache->entries.count >= cache->count_max || cache->size + size > cache->size_max))
        token_cache_drop(cache, cache->oldest);

    (void)map_set(&cache->entries, name_of(entry), token_entry_ref(entry));
    link_newest(cache, entry);
    cache->size += size;
    entry->cached = true;
}

void token_cache_purge(struct token_cache *cache, const struct key_source *source,
                       const struct key_set *keys)
{
    struct token_entry *newer;
    for (struct token_entry *entry = cache->oldest; entry; entry = newer) {
        newer = entry->newer;
        if (entry->source == source && !(keys && key_set_has(keys, &entry->key)))
            token_cache_drop(cache, entry);
    }
}
