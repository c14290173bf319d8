/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/buf.h"

#include <stdio.h>
#include <string.h>

#include "turnpike/base/xalloc.h"

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->start = b->end = 0;
}

void buf_make_room(struct buf *b, size_t room)
{
    size_t len = buf_len(b);
    if (b->start > 0 && b->start >= len) { /* moving costs less than what was consumed */
        memmove(b->data, b->data + b->start, len);
        b->start = 0;
        b->end = len;
    }
    if (b->capacity - b->end >= room)
        return;

    size_t larger = b->capacity ? b->capacity * 2 : 256;
    while (larger - b->end < room)
        larger *= 2;
    b->data = xrealloc(b->data, larger);
    b->capacity = larger;
}

void buf_append_u64(struct buf *b, uint64_t value)
{
    char digits[STR_U64_SIZE];
    buf_append(b, str_u64(value, digits));
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    assert(format);          /* gcc warns of a null one where UBSan looks for it */
    const size_t room = 128; /* what is short is written once: counting costs as much */
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(buf_reserve(b, room), room, format, again);
    va_end(again);
    assert(len >= 0);

    if ((size_t)len >= room)
        (void)vsnprintf(buf_reserve(b, (size_t)len + 1), (size_t)len + 1, format, args);
    b->end += (size_t)len;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t len)
{
    assert(len <= buf_len(b));
    b->start += len;
    if (b->start == b->end)
        buf_clear(b);
}
