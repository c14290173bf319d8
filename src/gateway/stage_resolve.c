/* SPDX-License-Identifier: Apache-2.0 */
/* Names the request, then finds its API and stage. */
#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/random.h"
#include "turnpike/base/uri.h"
#include "turnpike/gateway/pipeline.h"

#define ID_BYTES 11

/* Fifteen characters and '=', of the URL-safe alphabet. */
static void make_request_id(struct request *r)
{
    char bytes[ID_BYTES];
    random_bytes(bytes, sizeof(bytes));
    size_t len = base64url_encode(r->id, str_of(bytes, sizeof(bytes)));
    r->id[len] = '=';
    r->id[len + 1] = '\0';
}

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

/* What came is kept where it names a root; otherwise the gateway begins a trace. */
static struct str trace_id(struct exchange *x)
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

/* A NUL in a path has never been meant well. */
static bool decode_path(struct exchange *x)
{
    struct request *r = &x->t.request;
    if (!uri_escapes_are_valid(r->raw_path))
        return false;
    r->path = uri_decode(&x->arena, r->raw_path, false);
    return r->path.len > 0 && r->path.at[0] == '/' && str_find(r->path, '\0') == r->path.len;
}

void exchange_name(struct exchange *x)
{
    make_request_id(&x->t.request);
    x->t.request.trace_id = trace_id(x);
}

enum verdict stage_resolve(struct exchange *x)
{
    if (!decode_path(x))
        return exchange_refuse(x, GATEWAY_BAD_REQUEST);

    switch (resolve(x->snapshot, &x->listener, &x->t.request, &x->arena, &x->t.selection)) {
    case RESOLVED:
        return NEXT;
    case RESOLVED_API_ONLY:
        return exchange_refuse(x, GATEWAY_NOT_FOUND);
    case RESOLVED_NOTHING:
        break;
    }
    return exchange_refuse(x, GATEWAY_NO_API);
}
