/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/mapping_source.h"

#include "turnpike/base/uri.h"
#include "turnpike/gateway/context_variables.h"

typedef bool append_fn(struct buf *out, const struct mapping_part *part, struct exchange *x);

static void append_joined(struct buf *out, struct str value, bool first)
{
    if (!first)
        buf_append_char(out, ',');
    buf_append(out, value);
}

static bool append_headers(struct buf *out, struct str name, const struct header *headers,
                           size_t count)
{
    bool found = false;
    FOR_EACH (h, headers, count) {
        if (!str_eq_nocase(h->name, name))
            continue;
        append_joined(out, h->value, !found);
        found = true;
    }
    return found;
}

static bool append_request_header(struct buf *out, const struct mapping_part *part,
                                  struct exchange *x)
{
    const struct request *r = &x->t.request;
    return append_headers(out, part->text, r->headers, r->header_count);
}

static bool append_response_header(struct buf *out, const struct mapping_part *part,
                                   struct exchange *x)
{
    const struct response *r = &x->t.response;
    return append_headers(out, part->text, r->headers.items, r->headers.count);
}

static bool append_query(struct buf *out, const struct mapping_part *part, struct exchange *x)
{
    struct str rest = x->t.request.query, name, value;
    bool found = false;
    while (rest.len > 0 && uri_next_parameter(&rest, &name, &value)) {
        if (!str_eq(uri_decode(&x->arena, name, true), part->text))
            continue;
        append_joined(out, uri_decode(&x->arena, value, true), !found);
        found = true;
    }
    return found;
}

static bool append_request_body(struct buf *out, const struct mapping_part *part,
                                struct exchange *x)
{
    return mapping_part_append_body(out, part, x->t.request.body);
}

static bool append_response_body(struct buf *out, const struct mapping_part *part,
                                 struct exchange *x)
{
    return mapping_part_append_body(out, part, x->t.response.body);
}

static bool append_path(struct buf *out, const struct mapping_part *part, struct exchange *x)
{
    (void)part;
    buf_append(out, x->t.selection.route_path);
    return true;
}

static bool append_path_parameter(struct buf *out, const struct mapping_part *part,
                                  struct exchange *x)
{
    const struct route_match *match = &x->t.selection.match;
    FOR_EACH (p, match->parameters, match->parameter_count) {
        if (str_eq(p->name, part->text)) {
            buf_append(out, p->value);
            return true;
        }
    }
    return false;
}

static bool append_context(struct buf *out, const struct mapping_part *part, struct exchange *x)
{
    size_t before = buf_len(out);
    context_variable_append(out, part->id, part->text, &x->t);
    return buf_len(out) > before;
}

static bool append_stage_variable(struct buf *out, const struct mapping_part *part,
                                  struct exchange *x)
{
    const struct variable *variable = stage_find_variable(x->t.selection.stage, part->text);
    if (variable)
        buf_append(out, variable->value);
    return variable != NULL;
}

static append_fn *const sources[] = {
    [MAPPING_REQUEST_HEADER] = append_request_header,
    [MAPPING_REQUEST_QUERYSTRING] = append_query,
    [MAPPING_REQUEST_BODY] = append_request_body,
    [MAPPING_REQUEST_PATH] = append_path,
    [MAPPING_REQUEST_PATH_PARAMETER] = append_path_parameter,
    [MAPPING_RESPONSE_HEADER] = append_response_header,
    [MAPPING_RESPONSE_BODY] = append_response_body,
    [MAPPING_CONTEXT] = append_context,
    [MAPPING_STAGE_VARIABLE] = append_stage_variable,
};

bool mapping_source_append(struct buf *out, const struct mapping_part *part, void *exchange)
{
    return sources[part->source](out, part, exchange);
}
