/* SPDX-License-Identifier: Apache-2.0 */
#include "transform.h"

#include "turnpike/base/base64.h"
#include "turnpike/base/uri.h"
#include "turnpike/gateway/context_variables.h"
#include "turnpike/text/stage_variables.h"

/* --- selection expressions --- */

static void append_header(struct buf *out, struct str name, const struct response *r, bool all)
{
    bool found = false;
    FOR_EACH_IN (h, &r->headers) {
        if (!str_eq_nocase(h->name, name) || (found && !all))
            continue;
        buf_append(out, found ? STR(", ") : all ? STR("[") : STR(""));
        buf_append(out, h->value);
        found = true;
    }
    if (found && all)
        buf_append_char(out, ']');
}

static void append_selected(struct buf *out, const struct selection_part *part, void *data)
{
    struct exchange *x = data;
    switch (part->source) {
    case SELECT_REQUEST_BODY:
        selection_append_body(out, part, x->message);
        return;
    case SELECT_RESPONSE_STATUS:
        buf_append_u64(out, x->t.response.status);
        return;
    case SELECT_RESPONSE_HEADER:
        append_header(out, part->text, &x->t.response, false);
        return;
    case SELECT_RESPONSE_ALL_HEADER:
        append_header(out, part->text, &x->t.response, true);
        return;
    case SELECT_RESPONSE_BODY:
        selection_append_body(out, part, x->t.response.body);
        return;
    case SELECT_REQUEST_HEADER:
    case SELECT_CONTEXT: /* of API keys, which have no template */
        return;
    }
}

static const struct mapping_template *find(const named_template_list *list, struct str key)
{
    FOR_EACH_IN (named, list)
        if (str_eq(named->key, key))
            return named->template;
    return NULL;
}

const struct mapping_template *transform_choose(struct exchange *x, const named_template_list *list,
                                                const struct selection_expression *selection)
{
    scoped_buf struct buf key = {0};
    if (list->count == 0)
        return NULL;
    if (selection)
        selection_run(selection, &key, append_selected, x);
    const struct mapping_template *chosen = selection ? find(list, buf_str(&key)) : NULL;
    return chosen ? chosen : find(list, STR(ROUTE_DEFAULT));
}

/* --- templates --- */

struct run {
    struct exchange *exchange;
    struct str body;
};

static bool append_query_parameter(struct buf *out, struct exchange *x, struct str wanted)
{
    struct str rest = x->t.request.query, name, value, last = {NULL, 0};
    while (rest.len > 0 && uri_next_parameter(&rest, &name, &value))
        if (str_eq(uri_decode(&x->arena, name, true), wanted))
            last = uri_decode(&x->arena, value, true);
    buf_append(out, last.at ? last : STR(""));
    return last.at != NULL;
}

/* $input.params looks at the path first, which WebSocket APIs do not have. */
static void append_parameter(struct buf *out, struct exchange *x, struct str name)
{
    if (append_query_parameter(out, x, name))
        return;
    const struct header *header = request_header(&x->t.request, name);
    if (header)
        buf_append(out, header->value);
}

struct str transform_stage_variable(const struct exchange *x, struct str name)
{
    const struct variable *variable = stage_find_variable(x->t.selection.stage, name);
    return variable ? variable->value : STR("");
}

static void append_part(struct buf *out, const struct template_part *part, void *data)
{
    const struct run *run = data;
    struct exchange *x = run->exchange;
    switch (part->source) {
    case TEMPLATE_LITERAL:
        return; /* is not asked for */
    case TEMPLATE_CONTEXT:
        context_variable_append(out, part->id, part->text, &x->t);
        return;
    case TEMPLATE_STAGE_VARIABLE:
        buf_append(out, transform_stage_variable(x, part->text));
        return;
    case TEMPLATE_BODY:
    case TEMPLATE_JSON:
    case TEMPLATE_PATH:
        template_append_input(out, part, run->body);
        return;
    case TEMPLATE_PARAMS:
        append_parameter(out, x, part->text);
        return;
    }
}

struct str transform_run(struct exchange *x, const struct mapping_template *t, struct str body)
{
    struct run run = {x, body};
    scoped_buf struct buf out = {0};
    template_run(t, &out, append_part, &run);
    return arena_copy(&x->arena, buf_str(&out));
}

/* --- contents --- */

static struct str encode(struct exchange *x, struct str bytes)
{
    char *out = arena_bytes(&x->arena, base64_encoded_len(bytes.len));
    return str_of(out, base64_encode(out, bytes));
}

bool transform_content(struct exchange *x, enum content_handling handling, struct str *body)
{
    switch (handling) {
    case CONTENT_AS_IT_IS:
        return true;
    case CONVERT_TO_BINARY:
        return base64_decode(&x->arena, *body, body);
    case CONVERT_TO_TEXT:
        *body = encode(x, *body);
        return true;
    }
    return false;
}
