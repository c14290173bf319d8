/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/trace.h"

#include "turnpike/base/trace_id.h"

static bool has_trace_root(struct str header)
{
    struct str part;
    while (str_split(&header, ';', &part)) {
        part = str_trim(part);
        if (str_starts_with_nocase(part, STR("Root=")))
            return trace_root_is(str_skip(part, 5));
    }
    return false;
}

static struct str make_trace_id(struct exchange *x)
{
    static const char before[] = "Root=";
    char *text = arena_bytes(&x->arena, sizeof(before) - 1 + TRACE_ROOT_SIZE);
    memcpy(text, before, sizeof(before) - 1);
    trace_root_make(x->t.request.received_wall, text + sizeof(before) - 1);
    return str_from(text);
}

struct str trace_id(struct exchange *x)
{
    const struct header *came = request_header(&x->t.request, STR("x-amzn-trace-id"));
    return came && has_trace_root(came->value) ? came->value : make_trace_id(x);
}
