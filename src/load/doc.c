/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/load/doc.h"

#include <errno.h>
#include <string.h>

#include "doc_build.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/utf8.h"

static struct position start_of(const char *file)
{
    return (struct position){file, 1, 1};
}

static bool check_text(struct doc_source *s)
{
    if (s->text.len > DOC_TEXT_MAX) {
        diag_error(s->diag, start_of(s->file), "the file is larger than 16 MiB");
        return false;
    }
    size_t valid = utf8_valid_len(s->text), nul = str_find(s->text, '\0');
    if (valid < s->text.len && valid < nul) {
        diag_error(s->diag, doc_position(s, valid), "the text is not UTF-8 here");
        return false;
    }
    if (nul < s->text.len) {
        diag_error(s->diag, doc_position(s, nul), "the text holds a NUL byte");
        return false;
    }
    return true;
}

static bool looks_like_json(struct str text)
{
    size_t at = 0;
    while (at < text.len && doc_is_space(text.at[at]))
        at++;
    return at < text.len && (text.at[at] == '{' || text.at[at] == '[');
}

struct doc *doc_parse(struct arena *arena, struct diag *diag, const char *file, struct str text)
{
    text = text.at ? text : STR("");
    struct doc_source s = {
        .arena = arena,
        .diag = diag,
        .file = arena_cstring(arena, str_from(file)),
        .text = str_starts_with(text, STR("\xef\xbb\xbf")) ? str_skip(text, 3) : text,
        .line = 1,
    };
    if (!check_text(&s))
        return NULL;
    /* YAML's flow style is nearly JSON, but reads \ud83d\ude00 as two broken characters */
    return looks_like_json(s.text) && doc_is_json(&s) ? doc_read_json(&s) : doc_read_yaml(&s);
}

static bool read_all(FILE *f, struct buf *text)
{
    size_t got;
    do {
        char *room = buf_reserve(text, 65536);
        got = fread(room, 1, 65536, f);
        buf_commit(text, got);
    } while (got > 0 && buf_len(text) <= DOC_TEXT_MAX);
    return !ferror(f);
}

struct doc *doc_load(struct arena *arena, struct diag *diag, const char *file)
{
    scoped_buf struct buf text = {0};
    scoped_file FILE *f = fopen(file, "re");
    if (!f || !read_all(f, &text)) {
        diag_error(diag, start_of(arena_cstring(arena, str_from(file))), "cannot be read: %s",
                   strerror(errno));
        return NULL;
    }
    return doc_parse(arena, diag, file, buf_str(&text));
}

const struct doc_member *doc_member(const struct doc *d, struct str key)
{
    if (!d || d->kind != DOC_MAP)
        return NULL;
    FOR_EACH (m, d->members, d->count)
        if (str_eq(m->key, key))
            return m;
    return NULL;
}

struct doc *doc_get(const struct doc *d, const char *key)
{
    const struct doc_member *m = doc_member(d, str_from(key));
    return m ? m->value : NULL;
}

struct position doc_text_position(const struct doc *d, size_t offset)
{
    struct position at = d->text_at;
    struct str before = str_head(d->text, offset);
    const char *newline;
    if (!at.file)
        return d->at;
    at.column += (unsigned)before.len;
    while ((newline = memchr(before.at, '\n', before.len))) {
        before = str_skip(before, (size_t)(newline - before.at) + 1);
        at.line++;
        at.column = d->indentation + (unsigned)before.len + 1;
    }
    return at;
}

const char *doc_kind_name(const struct doc *d)
{
    switch (d ? d->kind : DOC_NULL) {
    case DOC_NULL:
        return "nothing";
    case DOC_BOOL:
        return "a boolean";
    case DOC_NUMBER:
        return "a number";
    case DOC_STRING:
        return "a string";
    case DOC_LIST:
        return "a list";
    case DOC_MAP:
        return "a map";
    }
    return "";
}
