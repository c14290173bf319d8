/* SPDX-License-Identifier: Apache-2.0 */
#include "doc_build.h"

#include "turnpike/base/map.h"

static void count_lines_to(struct doc_source *s, size_t offset)
{
    struct str rest = str_of(s->text.at + s->offset, offset - s->offset);
    for (size_t end; (end = str_find(rest, '\n')) < rest.len; rest = str_skip(rest, end + 1)) {
        s->line++;
        s->line_start = (size_t)(rest.at - s->text.at) + end + 1;
    }
    s->offset = offset;
}

static void count_lines_back_to(struct doc_source *s, size_t offset)
{
    while (offset < s->line_start) {
        const char *end = memrchr(s->text.at, '\n', s->line_start - 1);
        s->line_start = end ? (size_t)(end - s->text.at) + 1 : 0;
        s->line--;
    }
    s->offset = offset;
}

struct position doc_position(struct doc_source *s, size_t offset)
{
    if (offset > s->text.len)
        offset = s->text.len;
    if (offset >= s->offset)
        count_lines_to(s, offset);
    else
        count_lines_back_to(s, offset);
    return (struct position){s->file, s->line, (unsigned)(offset - s->line_start) + 1};
}

bool doc_count(struct doc_source *s, size_t more, struct position at)
{
    s->nodes += more;
    if (s->nodes <= DOC_NODE_MAX)
        return true;
    diag_error(s->diag, at, "the document has more than %d values, aliases counted in full",
               DOC_NODE_MAX);
    return false;
}

bool doc_check_level(struct doc_source *s, unsigned level, struct position at)
{
    if (level <= DOC_LEVEL_MAX)
        return true;
    diag_error(s->diag, at, "the document is nested deeper than %d levels", DOC_LEVEL_MAX);
    return false;
}

struct doc *doc_new(struct doc_source *s, enum doc_kind kind, struct position at)
{
    if (!doc_count(s, 1, at))
        return NULL;
    struct doc *d = arena_new(s->arena, struct doc);
    d->kind = kind;
    d->at = at;
    return d;
}

/* A line of a block scalar, without its end. */
static bool next_line(struct str *rest, struct str *ret_line)
{
    if (!str_split(rest, '\n', ret_line))
        return false;
    if (str_ends_with(*ret_line, STR("\r")))
        ret_line->len--;
    return true;
}

/* Where each line of the text stands in the source behind the same number of bytes, that number;
 * SIZE_MAX where some do not. */
static size_t indentation_of(struct str source, struct str text)
{
    size_t indentation = SIZE_MAX;
    struct str line, written;
    while (str_split(&text, '\n', &line)) {
        if (line.len == 0 && !text.at) /* behind the last line's end */
            break;
        if (!next_line(&source, &written))
            return SIZE_MAX;
        if (line.len == 0)
            continue;
        if (!str_ends_with(written, line) ||
            (indentation != SIZE_MAX && written.len - line.len != indentation))
            return SIZE_MAX;
        indentation = written.len - line.len;
    }
    return indentation;
}

static void locate_block(struct doc_source *s, struct doc *d, struct str source)
{
    size_t header = str_find(source, '\n');
    size_t indentation = indentation_of(str_skip(source, header + 1), d->text);
    if (indentation == SIZE_MAX)
        return;
    d->indentation = (unsigned)indentation;
    d->text_at = (struct position){s->file, d->at.line + 1, d->indentation + 1};
}

void doc_locate_text(struct doc_source *s, struct doc *d, size_t offset, bool block)
{
    struct str source = str_skip(s->text, offset);
    if (block) {
        locate_block(s, d, source);
        return;
    }
    if (d->quoted)
        source = str_skip(source, 1);
    if (!str_starts_with(source, d->text) || str_find(d->text, '\n') < d->text.len)
        return;
    d->text_at = d->at;
    d->text_at.column += d->quoted ? 1 : 0;
}

static void report_twice(struct doc_source *s, const struct doc_member *first,
                         const struct doc_member *again)
{
    diag_error(s->diag, again->at, "key '%" STR_F "' was already written at line %u, column %u",
               STR_A(again->key), first->at.line, first->at.column);
}

/* Appends a member unless its key is taken; returns the one that took it. */
static const struct doc_member *add_member(struct doc *d, struct map *keys,
                                           const struct doc_member *m)
{
    const struct doc_member *first = map_get(keys, m->key);
    if (first)
        return first;
    struct doc_member *added = &d->members[d->count++];
    *added = *m;
    map_set(keys, added->key, added);
    return NULL;
}

void doc_set_members(struct doc_source *s, struct doc *d, const doc_member_list *members,
                     struct doc *const *merged, size_t merged_count)
{
    struct map keys = {0};
    size_t most = members->count;
    FOR_EACH (from, merged, merged_count)
        most += (*from)->count;
    d->members = arena_array(s->arena, struct doc_member, most);

    FOR_EACH_IN (m, members) {
        const struct doc_member *first = add_member(d, &keys, m);
        if (first)
            report_twice(s, first, m);
    }
    FOR_EACH (from, merged, merged_count)
        FOR_EACH (m, (*from)->members, (*from)->count)
            (void)add_member(d, &keys, m);
    map_release(&keys);
}
