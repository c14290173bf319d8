/* SPDX-License-Identifier: Apache-2.0 */
/* A document as JSON text. */
#include <stdlib.h>

#include "turnpike/base/json.h"
#include "turnpike/load/doc.h"

static bool is_json_number(struct str text)
{
    struct json_reader reader;
    struct str number;
    json_reader_init(&reader, text, NULL);
    return json_read_number(&reader, &number) && json_finish(&reader);
}

/* YAML has more numbers than JSON: 0x1F, 0o17, +1, .5, .inf. */
static void write_number(struct buf *out, struct str text)
{
    scoped_buf struct buf copy = {0};
    buf_append(&copy, text);
    buf_append_char(&copy, '\0');
    if (is_json_number(text))
        buf_append(out, text);
    else if (str_starts_with(text, STR("0x")))
        buf_append_u64(out, strtoull(copy.data + 2, NULL, 16));
    else if (str_starts_with(text, STR("0o")))
        buf_append_u64(out, strtoull(copy.data + 2, NULL, 8));
    else if (str_find_str(text, STR("n")) < text.len || str_find_str(text, STR("N")) < text.len)
        json_write_string(out, text);
    else
        buf_printf(out, "%.17g", strtod(copy.data, NULL));
}

static void write_list(struct buf *out, const struct doc *d)
{
    buf_append_char(out, '[');
    FOR_EACH (item, d->items, d->count) {
        if (item != d->items)
            buf_append_char(out, ',');
        doc_write_json(out, *item);
    }
    buf_append_char(out, ']');
}

static void write_map(struct buf *out, const struct doc *d)
{
    buf_append_char(out, '{');
    FOR_EACH (member, d->members, d->count) {
        if (member != d->members)
            buf_append_char(out, ',');
        json_write_string(out, member->key);
        buf_append_char(out, ':');
        doc_write_json(out, member->value);
    }
    buf_append_char(out, '}');
}

void doc_write_json(struct buf *out, const struct doc *d)
{
    switch (d->kind) {
    case DOC_NULL:
        buf_literal(out, "null");
        break;
    case DOC_BOOL:
        buf_append(out, d->truth ? STR("true") : STR("false"));
        break;
    case DOC_NUMBER:
        write_number(out, d->text);
        break;
    case DOC_STRING:
        json_write_string(out, d->text);
        break;
    case DOC_LIST:
        write_list(out, d);
        break;
    case DOC_MAP:
        write_map(out, d);
        break;
    }
}
