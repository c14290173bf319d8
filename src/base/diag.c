/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/diag.h"

#include <stdlib.h>

/* More than this nobody reads, and a hostile file must not fill memory with its own mistakes. */
#define FINDINGS_MAX 1000

void diag_init(struct diag *d)
{
    *d = (struct diag){0};
    arena_init(&d->arena, 4096);
}

void diag_release(struct diag *d)
{
    arena_release(&d->arena);
    *d = (struct diag){0};
}

static bool same(const struct finding *a, const struct finding *b)
{
    return a->severity == b->severity && a->at.line == b->at.line && a->at.column == b->at.column &&
           str_eq(a->message, b->message) && str_eq(str_from(a->at.file), str_from(b->at.file));
}

static void count(struct diag *d, enum severity severity)
{
    d->error_count += severity == SEVERITY_ERROR;
    d->warning_count += severity == SEVERITY_WARNING;
}

/* The file's name in the diag's own memory: a load that fails frees the model, findings stay. */
static const char *own_file(struct diag *d, const char *file)
{
    if (!file)
        return NULL;
    FOR_EACH_IN (f, &d->findings)
        if (f->at.file && strcmp(f->at.file, file) == 0)
            return f->at.file;
    return arena_cstring(&d->arena, str_from(file));
}

static PRINTF(4, 0) void add(struct diag *d, enum severity severity, struct position at,
                             const char *format, va_list args)
{
    if (d->full) { /* not even formatted: what is counted must not fill memory */
        count(d, severity);
        return;
    }
    struct finding finding = {severity, at, arena_vprintf(&d->arena, format, args)};
    FOR_EACH_IN (f, &d->findings)
        if (same(f, &finding))
            return; /* an aliased node is read once for each alias */

    count(d, severity);
    d->full = d->findings.count == FINDINGS_MAX;
    if (d->full)
        return;
    finding.at.file = own_file(d, at.file);
    *list_push(&d->arena, &d->findings) = finding;
}

void diag_error(struct diag *d, struct position at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(d, SEVERITY_ERROR, at, format, args);
    va_end(args);
}

void diag_warning(struct diag *d, struct position at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(d, SEVERITY_WARNING, at, format, args);
    va_end(args);
}

void diag_notice(struct diag *d, struct position at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(d, SEVERITY_NOTICE, at, format, args);
    va_end(args);
}

static int by_position(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    int order = str_compare(str_from(a->at.file), str_from(b->at.file));
    if (order != 0)
        return order;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    return a->at.column < b->at.column ? -1 : a->at.column > b->at.column;
}

void diag_sort(struct diag *d)
{
    if (d->findings.count > 1)
        qsort(d->findings.items, d->findings.count, sizeof(*d->findings.items), by_position);
}

const char *severity_name(enum severity severity)
{
    switch (severity) {
    case SEVERITY_NOTICE:
        return "notice";
    case SEVERITY_WARNING:
        return "warning";
    case SEVERITY_ERROR:
        return "error";
    }
    return "";
}

#define NAME_MAX_COMPARED 63

static char folded(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Edit distance with transpositions, without case. */
static size_t distance(struct str a, struct str b)
{
    size_t rows[3][NAME_MAX_COMPARED + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t cost = folded(a.at[i - 1]) != folded(b.at[j - 1]);
            size_t best = above[j - 1] + cost;
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && folded(a.at[i - 1]) == folded(b.at[j - 2]) &&
                folded(a.at[i - 2]) == folded(b.at[j - 1]) && two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *nearest_name(struct str written, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = written.len / 3 + 1; /* "rate" may mean "date", never "port" */
    if (written.len == 0 || written.len > NAME_MAX_COMPARED)
        return NULL;
    FOR_EACH (name, names, count) {
        struct str candidate = str_from(*name);
        if (candidate.len > NAME_MAX_COMPARED)
            continue;
        size_t d = distance(written, candidate);
        if (d <= nearest_distance && (!nearest || d < nearest_distance)) {
            nearest = *name;
            nearest_distance = d;
        }
    }
    return nearest;
}
