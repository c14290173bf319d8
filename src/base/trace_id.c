/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/trace_id.h"

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

bool trace_root_is(struct str s)
{
    return s.len == TRACE_ROOT_SIZE - 1 && str_starts_with(s, STR("1-")) && s.at[10] == '-' &&
           is_hex(str_of(s.at + 2, 8)) && is_hex(str_skip(s, 11));
}

bool trace_parent_is(struct str s)
{
    return s.len == TRACE_PARENT_SIZE - 1 && is_hex(s);
}

static char *put_hex(char *out, uint32_t number)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        *out++ = "0123456789abcdef"[number >> shift & 15];
    return out;
}

/* Written by hand, as each request has one. */
void trace_root_make(uint64_t wall, char out[TRACE_ROOT_SIZE])
{
    uint32_t random[3];
    random_bytes(random, sizeof(random));
    *out++ = '1';
    *out++ = '-';
    out = put_hex(out, (uint32_t)(wall / USEC_PER_SEC));
    *out++ = '-';
    FOR_EACH (part, random, ARRAY_LENGTH(random))
        out = put_hex(out, *part);
    *out = '\0';
}

void trace_parent_make(char out[TRACE_PARENT_SIZE])
{
    uint32_t random[2];
    random_bytes(random, sizeof(random));
    *put_hex(put_hex(out, random[0]), random[1]) = '\0';
}
