/* SPDX-License-Identifier: Apache-2.0 */
/* event_writer.h: what the events of all kinds of API are written with. Each `label` holds the
 * punctuation before a member's value, its name included. */
#ifndef TURNPIKE_EVENT_EVENT_WRITER_H
#define TURNPIKE_EVENT_EVENT_WRITER_H

#include "pairs.h"
#include "turnpike/base/json.h"
#include "turnpike/model/request.h"

/* On the stack of whoever writes an event. */
struct event_writer {
    struct buf *out;
    const struct transaction *t;
    struct arena *scratch;
};

static inline void event_string(struct event_writer *e, struct str label, struct str value)
{
    buf_append(e->out, label);
    json_write_string(e->out, value);
}

static inline void event_number(struct event_writer *e, struct str label, uint64_t value)
{
    buf_append(e->out, label);
    buf_append_u64(e->out, value);
}

/* A time, microseconds since 1970, as CLF writes it, in quotes. */
void event_time(struct event_writer *e, struct str label, uint64_t wall);

/* An object as `write` of pairs.h writes it, left out where it is empty. */
void event_optional_pairs(struct event_writer *e, struct str label, const struct pairs *pairs,
                          void (*write)(struct buf *out, const struct pairs *p));

/* Bytes as base64, in quotes: a value, without a label. */
void event_base64(struct event_writer *e, struct str bytes);

#endif
