/* SPDX-License-Identifier: Apache-2.0 */
#include "event_writer.h"

#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"

void event_time(struct event_writer *e, struct str label, uint64_t wall)
{
    char clf[CLOCK_CLF_SIZE];
    buf_append(e->out, label);
    buf_append_char(e->out, '"');
    buf_append(e->out, clock_clf(wall, clf));
    buf_append_char(e->out, '"');
}

void event_optional_pairs(struct event_writer *e, struct str label, const struct pairs *pairs,
                          void (*write)(struct buf *out, const struct pairs *p))
{
    if (pairs->count == 0)
        return;
    buf_append(e->out, label);
    write(e->out, pairs);
}

void event_base64(struct event_writer *e, struct str bytes)
{
    size_t len = base64_encoded_len(bytes.len);
    buf_append_char(e->out, '"');
    buf_commit(e->out, base64_encode(buf_reserve(e->out, len), bytes));
    buf_append_char(e->out, '"');
}
