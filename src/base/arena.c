/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/arena.h"

#include <stdalign.h>
#include <stdio.h>

#include "turnpike/base/xalloc.h"

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    alignas(max_align_t) char data[];
};

#define ALIGNMENT alignof(max_align_t)

void arena_init(struct arena *a, size_t block_size)
{
    *a = (struct arena){.block_size = block_size};
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_release(struct arena *a)
{
    free_blocks(a->blocks);
    arena_init(a, a->block_size);
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = a->blocks;
    if (kept && kept->size == a->block_size) {
        free_blocks(kept->next);
        kept->next = NULL;
        a->at = kept->data;
        a->end = kept->data + kept->size;
        a->used = 0;
        return;
    }
    arena_release(a);
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct arena_block), &whole))
        whole = SIZE_MAX; /* which no allocator has */
    struct arena_block *block = xmalloc(whole);
    block->size = size;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

/* A piece that would waste a good part of a block gets one of its own, behind the current one. */
static void *alloc_apart(struct arena *a, size_t size)
{
    struct arena_block *current = a->blocks;
    struct arena_block *block = add_block(a, size);
    if (current) {
        block->next = current->next;
        current->next = block;
        a->blocks = current;
    }
    return block->data;
}

static void *alloc_slow(struct arena *a, size_t size)
{
    if (size > a->block_size / 4)
        return alloc_apart(a, size);

    struct arena_block *block = add_block(a, a->block_size);
    a->at = block->data + size;
    a->end = block->data + block->size;
    return block->data;
}

char *arena_bytes(struct arena *a, size_t size)
{
    a->used += size;
    if (size > (size_t)(a->end - a->at) || !a->at)
        return alloc_slow(a, size);
    char *p = a->at;
    a->at += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t padding = -(uintptr_t)a->at & (ALIGNMENT - 1);
    a->used += size;
    if (size + padding > (size_t)(a->end - a->at) || size > SIZE_MAX - ALIGNMENT || !a->at)
        return alloc_slow(a, size);
    char *p = a->at + padding;
    a->at = p + size;
    return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

char *arena_cstring(struct arena *a, struct str s)
{
    char *copy = arena_bytes(a, s.len + 1);
    if (s.len)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str arena_copy(struct arena *a, struct str s)
{
    return str_of(arena_cstring(a, s), s.len);
}

struct str arena_vprintf(struct arena *a, const char *format, va_list args)
{
    char small[512]; /* counting into nothing costs as much as writing: most texts fit in here */
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), format, again);
    va_end(again);
    assert(len >= 0);

    char *text = arena_bytes(a, (size_t)len + 1);
    if ((size_t)len < sizeof(small))
        memcpy(text, small, (size_t)len + 1);
    else
        (void)vsnprintf(text, (size_t)len + 1, format, args);
    return str_of(text, (size_t)len);
}

struct str arena_lower(struct arena *a, struct str s)
{
    char *lower = arena_cstring(a, s);
    for (size_t i = 0; i < s.len; i++)
        lower[i] = (char)(lower[i] >= 'A' && lower[i] <= 'Z' ? lower[i] + ('a' - 'A') : lower[i]);
    return str_of(lower, s.len);
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(a, format, args);
    va_end(args);
    return text;
}

void *arena_grow(struct arena *a, void **items, size_t *count, size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 8;
        char *moved = arena_alloc(a, larger * size);
        if (*count)
            memcpy(moved, *items, *count * size);
        *items = moved;
        *capacity = larger;
    }
    return memset((char *)*items + (*count)++ * size, 0, size);
}
