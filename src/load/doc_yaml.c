/* SPDX-License-Identifier: Apache-2.0 */
#include <yaml.h>

#include "doc_build.h"
#include "turnpike/base/map.h"
#include "turnpike/base/xalloc.h"

#define YAML_TAGS "tag:yaml.org,2002:"

/* Stands for what an alias repeats. */
struct anchor {
    struct doc *node;
    size_t weight;   /* nodes below it and itself, aliases counted in full */
    unsigned height; /* levels of containers */
    bool complete;   /* false while its own content is being read */
};

/* Lives on the stack of doc_read_yaml. */
struct yaml_source {
    struct doc_source *source;
    yaml_parser_t parser;
    yaml_event_t event;        /* the current one */
    struct map anchors;        /* to struct anchor, by name */
    unsigned deepest;          /* level reached since the current container began */
    size_t characters, offset; /* libyaml counts characters: the last that was asked for, in both */
};

static struct doc *read_node(struct yaml_source *y, unsigned level);

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static struct position position_of(struct yaml_source *y, yaml_mark_t mark)
{
    struct str text = y->source->text;
    while (y->characters < mark.index && y->offset < text.len) {
        do
            y->offset++;
        while (y->offset < text.len && continues(text.at[y->offset]));
        y->characters++;
    }
    while (y->characters > mark.index) {
        do
            y->offset--;
        while (continues(text.at[y->offset]));
        y->characters--;
    }
    return doc_position(y->source, y->offset);
}

static struct position here(struct yaml_source *y)
{
    return position_of(y, y->event.start_mark);
}

/* The parser's words, or plainer ones where they are of little help. */
static const char *explain(struct str text, size_t offset, const char *problem)
{
    if (offset < text.len && text.at[offset] == '\t')
        return "found a tab where only spaces may stand";
    if (strcmp(problem, "mapping values are not allowed in this context") == 0)
        return "mapping values are not allowed in this context; is the line indented too far, or "
               "does a text with ': ' in it want quotes?";
    return problem;
}

static void report_malformed(struct yaml_source *y)
{
    const yaml_parser_t *p = &y->parser;
    struct diag *diag = y->source->diag;
    const char *problem = p->problem ? p->problem : "malformed YAML";
    if (p->error == YAML_MEMORY_ERROR)
        (void)xcheck(NULL);
    if (p->error == YAML_READER_ERROR) {
        diag_error(diag, doc_position(y->source, p->problem_offset), "%s", problem);
        return;
    }
    struct position at = position_of(y, p->problem_mark);
    problem = explain(y->source->text, y->offset, problem);
    if (p->context)
        diag_error(diag, at, "%s, %s (it begins at line %u)", problem, p->context,
                   position_of(y, p->context_mark).line);
    else
        diag_error(diag, at, "%s", problem);
}

/* Moves to the next event. */
static bool advance(struct yaml_source *y)
{
    yaml_event_delete(&y->event);
    if (yaml_parser_parse(&y->parser, &y->event))
        return true;
    report_malformed(y);
    return false;
}

static bool is_container(const struct doc *d)
{
    return d->kind == DOC_LIST || d->kind == DOC_MAP;
}

/* The tags of YAML itself must fit what stands there; !!str makes a string of any scalar. */
static bool set_yaml_tag(struct yaml_source *y, struct doc *d, struct str name)
{
    static const struct {
        const char *name;
        enum doc_kind kind;
    } known[] = {
        {"str",   DOC_STRING},
        {"int",   DOC_NUMBER},
        {"float", DOC_NUMBER},
        {"bool",  DOC_BOOL  },
        {"null",  DOC_NULL  },
        {"seq",   DOC_LIST  },
        {"map",   DOC_MAP   },
    };
    if (str_is(name, "str") && !is_container(d))
        d->kind = DOC_STRING;
    FOR_EACH (k, known, ARRAY_LENGTH(known))
        if (str_is(name, k->name) && k->kind == d->kind)
            return true;
    diag_error(y->source->diag, d->at, "tag '!!%" STR_F "' does not fit %s", STR_A(name),
               doc_kind_name(d));
    return false;
}

static bool set_tag(struct yaml_source *y, struct doc *d, const yaml_char_t *written)
{
    struct str tag = str_from((const char *)written);
    if (str_starts_with(tag, STR(YAML_TAGS)))
        return set_yaml_tag(y, d, str_skip(tag, sizeof(YAML_TAGS) - 1));
    if (tag.len == 0)
        return true;
    if (!is_container(d))
        d->kind = DOC_STRING;
    if (!str_is(tag, "!"))
        d->tag = arena_copy(y->source->arena, tag);
    return true;
}

/* Remembers a node by its anchor; NULL where it has none. A name may be given anew. */
static struct anchor *set_anchor(struct yaml_source *y, const yaml_char_t *name, struct doc *d)
{
    if (!name)
        return NULL;
    struct anchor *anchor = arena_new(y->source->arena, struct anchor);
    *anchor = (struct anchor){.node = d, .weight = 1, .complete = !is_container(d)};
    map_set(&y->anchors, arena_copy(y->source->arena, str_from((const char *)name)), anchor);
    return anchor;
}

static struct doc *read_alias(struct yaml_source *y, unsigned level)
{
    struct position at = here(y);
    const char *name = (const char *)y->event.data.alias.anchor;
    const struct anchor *anchor = map_get(&y->anchors, str_from(name));
    if (!anchor)
        diag_error(y->source->diag, at, "alias '*%s' has no anchor before it", name);
    else if (!anchor->complete)
        diag_error(y->source->diag, at, "alias '*%s' stands within its own anchor", name);
    if (!anchor || !anchor->complete)
        return NULL;

    if (!doc_count(y->source, anchor->weight, at) ||
        !doc_check_level(y->source, level + anchor->height, at))
        return NULL;
    if (y->deepest < level + anchor->height)
        y->deepest = level + anchor->height;
    return anchor->node;
}

static struct doc *read_scalar(struct yaml_source *y)
{
    struct position at = here(y);
    struct doc *d = doc_new(y->source, DOC_STRING, at);
    if (!d)
        return NULL;
    struct str text = str_of((const char *)y->event.data.scalar.value, y->event.data.scalar.length);
    d->text = arena_copy(y->source->arena, text);
    yaml_scalar_style_t style = y->event.data.scalar.style;
    d->quoted = style != YAML_PLAIN_SCALAR_STYLE;
    doc_locate_text(y->source, d, y->offset,
                    style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE);
    if (!d->quoted)
        d->kind = doc_plain_kind(d->text, &d->truth);
    if (!set_tag(y, d, y->event.data.scalar.tag))
        return NULL;
    (void)set_anchor(y, y->event.data.scalar.anchor, d);
    return d;
}

static bool read_items(struct yaml_source *y, struct doc *d, unsigned level)
{
    LIST(struct doc *) items = {0};
    while (advance(y)) {
        if (y->event.type == YAML_SEQUENCE_END_EVENT) {
            d->items = items.items;
            d->count = items.count;
            return true;
        }
        struct doc *item = read_node(y, level);
        if (!item)
            return false;
        *list_push(y->source->arena, &items) = item;
    }
    return false;
}

typedef LIST(struct doc *) doc_list;

/* What stands behind "<<": a map, or a list of maps of which the earlier ones win. */
static bool add_merged(struct yaml_source *y, doc_list *merged, struct doc *value)
{
    struct doc **from = value->kind == DOC_LIST ? value->items : &value;
    size_t count = value->kind == DOC_LIST ? value->count : 1;
    FOR_EACH (d, from, count) {
        if ((*d)->kind != DOC_MAP) {
            diag_error(y->source->diag, (*d)->at, "'<<' merges maps, not %s", doc_kind_name(*d));
            return false;
        }
        *list_push(y->source->arena, merged) = *d;
    }
    return true;
}

/* Reads the key at the current event, and the value behind it. */
static bool read_member(struct yaml_source *y, doc_member_list *members, doc_list *merged,
                        unsigned level)
{
    struct position at = here(y);
    struct doc *key = read_node(y, level);
    if (!key)
        return false;
    if (is_container(key)) {
        diag_error(y->source->diag, at, "%s cannot be a key", doc_kind_name(key));
        return false;
    }
    struct doc *value = advance(y) ? read_node(y, level) : NULL;
    if (!value)
        return false;
    if (str_is(key->text, "<<") && !key->quoted)
        return add_merged(y, merged, value);
    *list_push(y->source->arena, members) = (struct doc_member){key->text, at, value};
    return true;
}

static bool read_members(struct yaml_source *y, struct doc *d, unsigned level)
{
    doc_member_list members = {0};
    doc_list merged = {0};
    while (advance(y)) {
        if (y->event.type == YAML_MAPPING_END_EVENT) {
            doc_set_members(y->source, d, &members, merged.items, merged.count);
            return true;
        }
        if (!read_member(y, &members, &merged, level))
            return false;
    }
    return false;
}

/* `level` counts the containers around a node. */
static struct doc *read_container(struct yaml_source *y, unsigned level)
{
    bool map = y->event.type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag =
        map ? y->event.data.mapping_start.tag : y->event.data.sequence_start.tag;
    const yaml_char_t *name =
        map ? y->event.data.mapping_start.anchor : y->event.data.sequence_start.anchor;
    struct position at = here(y);
    size_t nodes_before = y->source->nodes;
    struct doc *d = doc_new(y->source, map ? DOC_MAP : DOC_LIST, at);
    if (!d || !doc_check_level(y->source, level + 1, at) || !set_tag(y, d, tag))
        return NULL;

    struct anchor *anchor = set_anchor(y, name, d);
    unsigned deepest_outside = y->deepest;
    y->deepest = level + 1;
    if (!(map ? read_members : read_items)(y, d, level + 1))
        return NULL;
    if (anchor) {
        anchor->weight = y->source->nodes - nodes_before;
        anchor->height = y->deepest - level;
        anchor->complete = true;
    }
    if (y->deepest < deepest_outside)
        y->deepest = deepest_outside;
    return d;
}

static struct doc *read_node(struct yaml_source *y, unsigned level)
{
    switch (y->event.type) {
    case YAML_ALIAS_EVENT:
        return read_alias(y, level);
    case YAML_SCALAR_EVENT:
        return read_scalar(y);
    default: /* the parser lets nothing else stand where a node does */
        return read_container(y, level);
    }
}

/* The one document of the stream; an empty stream is an empty value. */
static struct doc *read_stream(struct yaml_source *y)
{
    if (!advance(y) || !advance(y)) /* the start of the stream, that of the document */
        return NULL;
    if (y->event.type == YAML_STREAM_END_EVENT)
        return doc_new(y->source, DOC_NULL, doc_position(y->source, 0));
    struct doc *d = advance(y) ? read_node(y, 0) : NULL;
    if (!d || !advance(y) || !advance(y)) /* its end, that of the stream */
        return NULL;
    if (y->event.type != YAML_STREAM_END_EVENT) {
        diag_error(y->source->diag, here(y), "a second document begins here");
        return NULL;
    }
    return d;
}

struct doc *doc_read_yaml(struct doc_source *s)
{
    struct yaml_source y = {.source = s};
    if (!yaml_parser_initialize(&y.parser))
        (void)xcheck(NULL);
    yaml_parser_set_encoding(&y.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y.parser, (const unsigned char *)s->text.at, s->text.len);
    struct doc *d = read_stream(&y);
    yaml_event_delete(&y.event);
    yaml_parser_delete(&y.parser);
    map_release(&y.anchors);
    return d;
}
