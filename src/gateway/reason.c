/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/reason.h"

#include "turnpike/gateway/xlog.h"

void reason_prepare(struct snapshot *snapshot)
{
    struct arena *a = &snapshot->arena;
    FOR_EACH_IN (api, &snapshot->apis)
        FOR_EACH_IN (authorizer, &(*api)->authorizers) {
            struct authorizer *each = *authorizer;
            each->description = arena_printf(
                a, "authorizer '%" STR_F "' (issuer '%" STR_F "', audience %" STR_F ")",
                STR_A(each->name), STR_A(each->issuer), STR_A(reason_list(a, &each->audience)));
        }
}

/* A function's own failure is its author's matter, a 4xx the client's; the rest is the operator's.
 */
static enum log_level level_of(const struct exchange *x, unsigned status)
{
    bool ours = status >= 500 && x->t.outcome.integration_failure != INTEGRATION_FUNCTION_ERROR;
    return ours ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE;
}

bool reason_is_wanted(const struct exchange *x, const struct gateway_response *row)
{
    return x->t.settings->development || level_of(x, row->status) <= log_level();
}

struct str reason_bounded(struct arena *arena, struct str reason)
{
    if (reason.len <= REASON_MAX)
        return reason;
    size_t len = REASON_MAX;
    while (len > 0 && ((unsigned char)reason.at[len] & 0xC0) == 0x80)
        len--;
    return arena_printf(arena, "%" STR_F "...", STR_A(str_head(reason, len)));
}

struct str reason_names(struct arena *arena, const struct str *names, size_t count)
{
    struct str list = STR("");
    for (size_t i = 0; i < count && list.len < REASON_MAX; i++)
        list = arena_printf(arena, "%" STR_F "%s'%" STR_F "'", STR_A(list), i > 0 ? ", " : "",
                            STR_A(names[i]));
    return list;
}

struct str reason_endpoint(struct arena *arena, const struct endpoint *endpoint)
{
    return arena_printf(arena, "http%s://%" STR_F, endpoint->tls ? "s" : "",
                        STR_A(endpoint->authority));
}

/* What a field's value may hold everywhere (RFC 9110, 5.5). */
static struct str visible(struct arena *arena, struct str text)
{
    char *out = arena_cstring(arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (out[i] < 0x20 || out[i] > 0x7e)
            out[i] = '?';
    return str_of(out, text.len);
}

static bool is_readable_by_pages(const struct response *response)
{
    return http_find_header(response->headers.items, response->headers.count,
                            STR("access-control-allow-origin"));
}

void reason_tell(struct exchange *x)
{
    const struct outcome *o = &x->t.outcome;
    xlog_at(x, level_of(x, o->error->status), "%u %" STR_F ": %" STR_F, o->error->status,
            STR_A(o->error->message), STR_A(o->reason));
    if (!x->t.settings->development)
        return;
    exchange_add_header(x, STR("x-turnpike-reason"), visible(&x->arena, o->reason));
    if (is_readable_by_pages(&x->t.response))
        exchange_add_header(x, STR("access-control-expose-headers"), STR("x-turnpike-reason"));
}
