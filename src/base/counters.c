/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/counters.h"

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/map.h"
#include "turnpike/base/xalloc.h"

/* A client can choose no label, but a mistake in a definition must not fill memory either. */
#define SERIES_MAX 100000

struct counters {
    struct arena arena;
    struct map families;          /* by name */
    struct map figures;           /* by name{labels} */
    struct family *first, **last; /* in order of creation */
};

static const double second_bounds[HISTOGRAM_BUCKETS] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

/* One byte stands for 10 microseconds on the same scale: 100 bytes to 3 MB. */
#define BYTES_PER_SECOND_BOUND 1e5

struct counters *counters_new(void)
{
    struct counters *c = xcalloc(1, sizeof(*c));
    arena_init(&c->arena, 16384);
    c->last = &c->first;
    return c;
}

void counters_free(struct counters *c)
{
    if (!c)
        return;
    map_release(&c->families);
    map_release(&c->figures);
    arena_release(&c->arena);
    free(c);
}

static struct family *find_family(struct counters *c, enum figure_type type, const char *name,
                                  const char *help)
{
    struct family *family = map_get(&c->families, str_from(name));
    if (family)
        return family;

    family = arena_new(&c->arena, struct family);
    family->name = arena_copy(&c->arena, str_from(name));
    family->help = arena_copy(&c->arena, str_from(help));
    family->type = type;
    family->unit = str_ends_with(family->name, STR("_bytes")) ? HISTOGRAM_BYTES : HISTOGRAM_SECONDS;
    family->last = &family->figures;
    *c->last = family;
    c->last = &family->next;
    (void)map_set(&c->families, family->name, family);
    return family;
}

/* The escapes of the Prometheus text format. */
static void append_label_value(struct buf *b, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '\n')
            buf_literal(b, "\\n");
        else if (value.at[i] == '"' || value.at[i] == '\\')
            buf_append(b, str_of((char[]){'\\', value.at[i]}, 2));
        else
            buf_append_char(b, value.at[i]);
    }
}

static struct figure *add_figure(struct counters *c, struct family *family, struct str key)
{
    struct figure *figure = arena_new(&c->arena, struct figure);
    key = arena_copy(&c->arena, key);
    figure->family = family;
    figure->labels = str_skip(key, family->name.len + 1);

    *family->last = figure;
    family->last = &figure->next;
    family->figure_count++;
    (void)map_set(&c->figures, key, figure);
    return figure;
}

struct figure *counters_figure(struct counters *c, enum figure_type type, const char *name,
                               const char *help, const struct label *labels, size_t label_count)
{
    struct family *family = find_family(c, type, name, help);
    scoped_buf struct buf key = {0};
    buf_append(&key, family->name);
    buf_append_char(&key, '{');
    for (size_t i = 0; i < label_count; i++) {
        buf_append(&key, i ? STR(",") : STR(""));
        buf_append(&key, str_from(labels[i].name));
        buf_literal(&key, "=\"");
        append_label_value(&key, labels[i].value);
        buf_append_char(&key, '"');
    }
    struct figure *figure = map_get(&c->figures, buf_str(&key));
    if (figure)
        return figure;
    if (family->figure_count >= SERIES_MAX && label_count > 0)
        return counters_figure(c, type, name, help, NULL, 0);
    return add_figure(c, family, buf_str(&key));
}

double histogram_bound(enum histogram_unit unit, size_t i)
{
    return unit == HISTOGRAM_BYTES ? second_bounds[i] * BYTES_PER_SECOND_BOUND : second_bounds[i];
}

void histogram_observe(struct figure *f, double value)
{
    size_t i = 0;
    while (i < HISTOGRAM_BUCKETS && value > histogram_bound(f->family->unit, i))
        i++;
    f->histogram.buckets[i]++;
    f->histogram.sum += value;
}

const struct family *counters_first(const struct counters *c)
{
    return c->first;
}
