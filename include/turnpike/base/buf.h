/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h: a byte buffer on the heap that grows at its end and is consumed at its start. */
#ifndef TURNPIKE_BASE_BUF_H
#define TURNPIKE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "turnpike/base/str.h"

/* Embedded in its owner. All zero is a valid, empty buffer. */
struct buf {
    char *data;
    size_t start, end, capacity; /* the content is data[start .. end) */
};

void buf_release(struct buf *b); /* frees; b is empty and usable again */
void buf_clear(struct buf *b);   /* keeps the memory */

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}

/* A view of the content, valid until the next change. */
static inline struct str buf_str(const struct buf *b)
{
    return str_of(b->data ? b->data + b->start : "", b->end - b->start);
}

/* Moves or reallocates the content so that `room` more bytes fit. */
void buf_make_room(struct buf *b, size_t room);

/* Makes room for `room` more bytes and returns where they go; buf_commit says how many came. */
static inline char *buf_reserve(struct buf *b, size_t room)
{
    if (UNLIKELY(b->capacity - b->end < room))
        buf_make_room(b, room);
    return b->data + b->end;
}
static inline void buf_commit(struct buf *b, size_t len)
{
    b->end += len;
}

static inline void buf_append(struct buf *b, struct str s)
{
    if (s.len == 0)
        return;
    memcpy(buf_reserve(b, s.len), s.at, s.len);
    b->end += s.len;
}

static inline void buf_append_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->end++;
}

void buf_append_u64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args) PRINTF(2, 0);

#define buf_literal(b, literal) buf_append((b), STR(literal))

/* Drops the first len bytes. Memory is kept, and reused from the start once all is consumed. */
void buf_consume(struct buf *b, size_t len);

static inline void scope_release_buf(struct buf *b)
{
    buf_release(b);
}
#define scoped_buf __attribute__((cleanup(scope_release_buf)))

#endif
