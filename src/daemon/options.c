/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/options.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/diag.h"

#define OPTIONS_MAX 16 /* of one command */
#define HELP_COLUMN 23

/* One pass over argv. */
struct parse {
    const struct option_row *rows;
    size_t row_count;
    struct arena *arena;
    char *out;
    struct error *error;
    const char *const *next, *const *end;
};

static const struct option_row *find(const struct parse *p, struct str name)
{
    FOR_EACH (row, p->rows, p->row_count)
        if (str_is(name, row->name))
            return row;
    return NULL;
}

static bool unknown(struct parse *p, struct str name)
{
    const char *names[OPTIONS_MAX];
    for (size_t i = 0; i < p->row_count; i++)
        names[i] = p->rows[i].name;
    const char *nearest = nearest_name(name, names, p->row_count);
    if (nearest)
        error_set(p->error, ERROR_INVALID, "unknown option --%" STR_F "; did you mean --%s?",
                  STR_A(name), nearest);
    else
        error_set(p->error, ERROR_INVALID, "unknown option --%" STR_F, STR_A(name));
    return false;
}

static bool refuse(struct parse *p, const struct option_row *row, const char *why)
{
    error_set(p->error, ERROR_INVALID, "--%s %s", row->name, why);
    return false;
}

static bool set_flag(struct parse *p, const struct option_row *row, const char *value)
{
    bool *field = (bool *)(void *)(p->out + row->offset);
    if (value)
        return refuse(p, row, "takes no value");
    *field = true;
    return true;
}

static bool set_text(struct parse *p, const struct option_row *row, const char *value)
{
    const char **field = (const char **)(void *)(p->out + row->offset);
    if (*field)
        return refuse(p, row, "was given twice");
    *field = value;
    return true;
}

static bool add_text(struct parse *p, const struct option_row *row, const char *value)
{
    text_list *field = (text_list *)(void *)(p->out + row->offset);
    *list_push(p->arena, field) = value;
    return true;
}

/* `value` is what stood behind an equals sign, or NULL. */
static bool set(struct parse *p, const struct option_row *row, const char *value)
{
    if (row->kind == OPTION_FLAG)
        return set_flag(p, row, value);
    if (!value && p->next == p->end)
        return refuse(p, row, "needs a value");
    if (!value)
        value = *p->next++;
    return row->kind == OPTION_TEXT ? set_text(p, row, value) : add_text(p, row, value);
}

static bool read_option(struct parse *p, const char *word)
{
    struct str name = str_from(word + 2);
    size_t equals = str_find(name, '=');
    const char *value = equals < name.len ? name.at + equals + 1 : NULL;
    name = str_head(name, equals);

    const struct option_row *row = find(p, name);
    return row ? set(p, row, value) : unknown(p, name);
}

static bool read_word(struct parse *p, text_list *operands, bool *only_operands)
{
    const char *word = *p->next++;
    if (*only_operands || word[0] != '-' || word[1] == '\0') {
        *list_push(p->arena, operands) = word;
        return true;
    }
    if (word[1] == '-' && word[2] == '\0') {
        *only_operands = true;
        return true;
    }
    if (word[1] == '-')
        return read_option(p, word);
    error_set(p->error, ERROR_INVALID, "unknown option %s", word);
    return false;
}

static bool has_required(struct parse *p)
{
    FOR_EACH (row, p->rows, p->row_count) {
        const char *const *field = (const char *const *)(void *)(p->out + row->offset);
        if (row->required && !*field)
            return refuse(p, row, "is needed");
    }
    return true;
}

bool options_parse(const struct option_row *rows, size_t row_count, size_t count,
                   const char *const *argv, struct arena *arena, void *out, text_list *ret_operands,
                   struct error *ret_error)
{
    assert(row_count <= OPTIONS_MAX);
    struct parse p = {rows, row_count, arena, out, ret_error, argv, argv + count};
    bool only_operands = false;
    while (p.next < p.end)
        if (!read_word(&p, ret_operands, &only_operands))
            return false;
    return has_required(&p);
}

void options_write_synopsis(struct buf *out, const struct option_row *rows, size_t row_count)
{
    FOR_EACH (row, rows, row_count) {
        buf_printf(out, row->required ? " --%s" : " [--%s", row->name);
        if (row->value)
            buf_printf(out, " %s", row->value);
        if (!row->required)
            buf_literal(out, "]");
        if (row->kind == OPTION_TEXTS)
            buf_literal(out, "...");
    }
}

void options_write_help(struct buf *out, const struct option_row *rows, size_t row_count)
{
    FOR_EACH (row, rows, row_count) {
        size_t before = buf_len(out);
        buf_printf(out, "  --%s%s%s", row->name, row->value ? " " : "",
                   row->value ? row->value : "");
        int width = (int)(buf_len(out) - before);
        buf_printf(out, "%*s  %s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 0, "", row->help);
    }
}

bool option_duration(const char *text, uint64_t *ret_duration)
{
    static const struct {
        struct str unit;
        uint64_t length;
    } units[] = {
        {STR_INIT("ms"), USEC_PER_MSEC},           {STR_INIT("s"), USEC_PER_SEC},
        {STR_INIT("m"), 60 * USEC_PER_SEC},        {STR_INIT("h"), 3600 * USEC_PER_SEC},
        {STR_INIT("d"), 24 * 3600 * USEC_PER_SEC}, {STR_INIT(""), USEC_PER_SEC},
    };
    struct str written = str_from(text);
    FOR_EACH (u, units, ARRAY_LENGTH(units)) {
        uint64_t number;
        if (!str_ends_with(written, u->unit))
            continue;
        if (!str_to_u64(str_head(written, written.len - u->unit.len), &number))
            return false;
        if (number == 0 || number > UINT64_MAX / u->length)
            return false;
        *ret_duration = number * u->length;
        return true;
    }
    return false;
}
