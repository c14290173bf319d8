/* SPDX-License-Identifier: Apache-2.0 */
#include "invocation.h"

#include <stdio.h>

#include "turnpike/base/json.h"
#include "turnpike/base/trace_id.h"

void invocation_release(struct invocation *i)
{
    buf_release(&i->payload);
    buf_release(&i->client_context);
    buf_release(&i->arn);
}

/* Traces. */

static bool is_sampled(struct str s)
{
    return str_is(s, "0") || str_is(s, "1") || str_is(s, "?");
}

static const struct {
    struct str key;
    bool (*is_valid)(struct str value);
} trace_fields[] = {
    {STR_INIT("Root="),    trace_root_is  },
    {STR_INIT("Parent="),  trace_parent_is},
    {STR_INIT("Sampled="), is_sampled     },
};

enum { ROOT, PARENT, SAMPLED, TRACE_FIELDS };

/* What stands in front, in their order, and where the rest goes. */
static void read_trace(struct str came, struct str values[TRACE_FIELDS], struct buf *others)
{
    struct str part;
    while (str_split(&came, ';', &part)) {
        size_t i = 0;
        part = str_trim(part);
        while (i < TRACE_FIELDS && !str_starts_with_nocase(part, trace_fields[i].key))
            i++;
        struct str value = i < TRACE_FIELDS ? str_skip(part, trace_fields[i].key.len) : part;
        if (i == TRACE_FIELDS && part.len > 0)
            buf_printf(others, ";%" STR_F, STR_A(part));
        else if (i < TRACE_FIELDS && trace_fields[i].is_valid(value))
            values[i] = value;
    }
}

void trace_id_complete(struct str came, uint64_t wall, char out[TRACE_ID_MAX])
{
    struct str values[TRACE_FIELDS] = {{0}};
    char root[TRACE_ROOT_SIZE], parent[TRACE_PARENT_SIZE];
    scoped_buf struct buf others = {0};
    read_trace(str_head(came, TRACE_ID_MAX), values, &others);
    if (!values[ROOT].at) { /* whatever else it says belongs to no trace */
        trace_root_make(wall, root);
        values[ROOT] = str_from(root);
        values[PARENT] = values[SAMPLED] = (struct str){0};
        buf_clear(&others);
    }
    trace_parent_make(parent);
    int len =
        snprintf(out, TRACE_ID_MAX, "Root=%" STR_F ";Parent=%" STR_F ";Sampled=%" STR_F,
                 STR_A(values[ROOT]), STR_A(values[PARENT].at ? values[PARENT] : str_from(parent)),
                 STR_A(values[SAMPLED].at ? values[SAMPLED] : STR("0")));
    if (buf_len(&others) < (size_t)(TRACE_ID_MAX - len))
        (void)snprintf(out + len, (size_t)(TRACE_ID_MAX - len), "%" STR_F, STR_A(buf_str(&others)));
}

static bool is_reason(struct str s)
{
    if (s.len < 2 || s.at[0] < 'A' || s.at[0] > 'Z')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] | ' ') < 'a' || (s.at[i] | ' ') > 'z')
            return false;
    return true;
}

static const struct {
    struct str kind, unknown;
} error_kinds[] = {
    {STR_INIT("Function."), STR_INIT("Function.Unknown")},
    {STR_INIT("Runtime."),  STR_INIT("Runtime.Unknown") },
};

struct str invocation_error_type(struct str said)
{
    FOR_EACH (row, error_kinds, ARRAY_LENGTH(error_kinds))
        if (str_starts_with(said, row->kind))
            return is_reason(str_skip(said, row->kind.len)) ? said : row->unknown;
    return STR("Runtime.Unknown");
}

void invocation_write_error(struct buf *out, struct str type, const char *request_id,
                            struct str why)
{
    buf_literal(out, "{\"errorType\":");
    json_write_string(out, type);
    buf_literal(out, ",\"errorMessage\":\"RequestId: ");
    json_write_escaped(out, str_from(request_id));
    buf_literal(out, " Error: ");
    json_write_escaped(out, why);
    buf_literal(out, "\"}");
}
