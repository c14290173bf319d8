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
        if (str_starts_with_nocase(part, STR("Root=")))
            return is_trace_root(str_skip(part, 5));
    }
    return false;
}

static char *put_hex(char *out, uint32_t number)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        *out++ = "0123456789abcdef"[number >> shift & 15];
    return out;
}

/* "Root=1-{seconds}-{random}": written by hand, as each request has one. */
static struct str make_trace_id(struct exchange *x)
{
    uint32_t random[3];
    static const char before[] = "Root=1-";
    char *start = arena_bytes(&x->arena, 64), *at = start + sizeof(before) - 1;
    random_bytes(random, sizeof(random));
    memcpy(start, before, sizeof(before) - 1);
    at = put_hex(at, (uint32_t)(x->t.request.received_wall / USEC_PER_SEC));
    *at++ = '-';
    FOR_EACH (part, random, ARRAY_LENGTH(random))
        at = put_hex(at, *part);
    return str_of(start, (size_t)(at - start));
}

struct str trace_id(struct exchange *x)
{
    const struct header *came = request_header(&x->t.request, STR("x-amzn-trace-id"));
    return came && has_trace_root(came->value) ? came->value : make_trace_id(x);
}
