/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/trace.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/random.h"

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

/* 1-{8 hex}-{24 hex} */
static bool is_trace_root(struct str s)
{
    return s.len == 35 && str_starts_with(s, STR("1-")) && s.at[10] == '-' &&
           is_hex(str_of(s.at + 2, 8)) && is_hex(str_skip(s, 11));
}

static bool has_trace_root(struct str header)
{
    struct str part;
    while (str_split(&header, ';', &part)) {
        part = str_trim(part);
        if (str_starts_with(part, STR("Root=")))
            return is_trace_root(str_skip(part, 5));
    }
    return false;
}

struct str trace_id(struct exchange *x)
{
    const struct header *came = request_header(&x->t.request, STR("x-amzn-trace-id"));
    if (came && has_trace_root(came->value))
        return came->value;

    uint32_t random[3];
    random_bytes(random, sizeof(random));
    unsigned seconds = (unsigned)(x->t.request.received_wall / USEC_PER_SEC);
    return arena_printf(&x->arena, "Root=1-%08x-%08x%08x%08x", seconds, random[0], random[1],
                        random[2]);
}
