/* SPDX-License-Identifier: Apache-2.0 */
#include "doc_build.h"
#include "turnpike/base/json.h"

/* Reads text that doc_is_json has accepted; only the bounds of trees can stop it. */
struct json_source {
    struct doc_source *source;
    struct json_reader reader;
};

static struct doc *read_value(struct json_source *j, unsigned level);

static struct position here(struct json_source *j)
{
    return doc_position(j->source, (size_t)(j->reader.at - j->reader.start));
}

/* The reader stands before the comma of the next member, or before the member itself. */
static struct position next_key(struct json_source *j)
{
    const char *p = j->reader.at;
    while (p < j->reader.end && (doc_is_space(*p) || *p == ','))
        p++;
    return doc_position(j->source, (size_t)(p - j->reader.start));
}

static bool read_members(struct json_source *j, struct doc *d, unsigned level)
{
    doc_member_list members = {0};
    struct str key;
    if (!json_enter_object(&j->reader))
        return false;
    for (struct position at = next_key(j); json_next_member(&j->reader, &key); at = next_key(j)) {
        struct doc *value = read_value(j, level);
        if (!value)
            return false;
        *list_push(j->source->arena, &members) =
            (struct doc_member){arena_copy(j->source->arena, key), at, value};
    }
    doc_set_members(j->source, d, &members, NULL, 0);
    return true;
}

static bool read_items(struct json_source *j, struct doc *d, unsigned level)
{
    LIST(struct doc *) items = {0};
    if (!json_enter_array(&j->reader))
        return false;
    while (json_next_element(&j->reader)) {
        struct doc *item = read_value(j, level);
        if (!item)
            return false;
        *list_push(j->source->arena, &items) = item;
    }
    d->items = items.items;
    d->count = items.count;
    return true;
}

static bool read_scalar(struct json_source *j, struct doc *d)
{
    struct str text;
    bool read;
    size_t offset = (size_t)(j->reader.at - j->reader.start);
    if (d->kind == DOC_STRING) {
        d->quoted = true;
        read = json_read_string(&j->reader, &text);
    } else {
        read = json_skip(&j->reader, &text);
        d->truth = read && str_is(text, "true");
    }
    if (!read)
        return false;
    d->text = arena_copy(j->source->arena, text);
    doc_locate_text(j->source, d, offset, false);
    return true;
}

static struct doc *read_value(struct json_source *j, unsigned level)
{
    static const enum doc_kind kinds[] = {
        [JSON_TYPE_INVALID] = DOC_NULL,  [JSON_TYPE_OBJECT] = DOC_MAP,
        [JSON_TYPE_ARRAY] = DOC_LIST,    [JSON_TYPE_STRING] = DOC_STRING,
        [JSON_TYPE_NUMBER] = DOC_NUMBER, [JSON_TYPE_TRUE] = DOC_BOOL,
        [JSON_TYPE_FALSE] = DOC_BOOL,    [JSON_TYPE_NULL] = DOC_NULL,
    };
    enum doc_kind kind = kinds[json_peek(&j->reader)];
    struct doc *d = doc_new(j->source, kind, here(j));
    if (!d)
        return NULL;
    if (kind != DOC_MAP && kind != DOC_LIST)
        return read_scalar(j, d) ? d : NULL;
    if (!doc_check_level(j->source, level + 1, d->at))
        return NULL;
    return (kind == DOC_MAP ? read_members : read_items)(j, d, level + 1) ? d : NULL;
}

struct doc *doc_read_json(struct doc_source *s)
{
    struct json_source j = {.source = s};
    json_reader_init(&j.reader, s->text, s->arena);
    return read_value(&j, 0);
}

bool doc_is_json(const struct doc_source *s)
{
    struct json_reader reader;
    json_reader_init(&reader, s->text, s->arena);
    return json_skip(&reader, NULL) && json_finish(&reader);
}
