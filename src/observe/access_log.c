/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/observe/access_log.h"

#include "turnpike/base/json.h"

/* One stage's log. Of the snapshot's arena; the file is the output's. */
struct access_log {
    const struct substitution *format;
    const struct access_log_variables *variables;
    bool escape;
    void (*write)(void *file, struct str line); /* NULL: only checked */
    void *file;
    size_t typical_len; /* room that a line will probably need */
};

/* One line being written. */
struct line {
    const struct access_log *log;
    const void *data;
};

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Behind `start`, writes what would break the line as \xNN. */
static void escape_controls(struct buf *out, size_t start)
{
    struct str value = str_skip(buf_str(out), start);
    size_t plain = 0;
    while (plain < value.len && !is_control(value.at[plain]))
        plain++;
    if (plain == value.len)
        return;

    scoped_buf struct buf copy = {0};
    buf_append(&copy, value);
    out->end = out->start + start;
    FOR_EACH (c, copy.data, buf_len(&copy)) {
        if (is_control(*c))
            buf_printf(out, "\\x%02x", (unsigned char)*c);
        else
            buf_append_char(out, *c);
    }
}

/* Behind `start`, writes the value as part of a JSON string. */
static void escape_quoted(struct buf *out, size_t start)
{
    struct str value = str_skip(buf_str(out), start);
    bool plain = true;
    FOR_EACH (c, value.at, value.len)
        plain = plain && !is_control(*c) && *c != '"' && *c != '\\' && (unsigned char)*c < 0x80;
    if (plain)
        return;

    scoped_buf struct buf copy = {0};
    buf_append(&copy, value);
    out->end = out->start + start;
    json_write_escaped(out, buf_str(&copy));
}

static void append_value(struct buf *out, const struct substitution_part *variable,
                         const void *data)
{
    const struct line *line = data;
    size_t start = buf_len(out);
    if (variable->id >= 0)
        line->log->variables->append(out, variable, line->data);
    if (buf_len(out) == start)
        buf_append_char(out, '-');
    else if (line->log->escape && variable->quoted)
        escape_quoted(out, start);
    else if (line->log->escape)
        escape_controls(out, start);
}

void access_log_write(const struct access_log *log, const void *data)
{
    if (!log->write)
        return;
    struct line line = {log, data};
    scoped_buf struct buf out = {0};
    (void)buf_reserve(&out, log->typical_len);
    substitution_run(log->format, &out, append_value, &line);
    log->write(log->file, str_head(buf_str(&out), ACCESS_LOG_LINE_MAX));
}

/* Whose variables a format names. */
struct naming {
    const struct access_log_variables *variables;
    enum protocol_type kind;
};

static int resolve(struct str name, const void *data)
{
    const struct naming *naming = data;
    const char *nearest;
    return naming->variables->resolve(name, naming->kind, &nearest);
}

static void report_unknown(const struct substitution *format, const struct naming *naming,
                           struct position at, struct diag *diag)
{
    FOR_EACH_IN (part, &format->parts) {
        const char *nearest;
        if (!part->variable || part->id >= 0)
            continue;
        (void)naming->variables->resolve(part->text, naming->kind, &nearest);
        diag_warning(diag, at, "access log: no variable '$context.%" STR_F "'%s%s%s: it prints -",
                     STR_A(part->text), nearest ? "; did you mean '$context." : "",
                     nearest ? nearest : "", nearest ? "'?" : "");
    }
}

/* Why this cannot be a format, or NULL. */
static const char *format_problem(struct str format)
{
    if (format.len == 0)
        return "accessLogSettings needs a format";
    if (format.len > ACCESS_LOG_FORMAT_MAX)
        return "an access log's format has at most 3072 bytes";
    if (str_find(format, '\n') < format.len || str_find(format, '\r') < format.len)
        return "an access log's format is a single line";
    return NULL;
}

/* A YAML block ends in a line break that nobody means. */
static struct str without_line_end(struct str s)
{
    while (s.len > 0 && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == '\r'))
        s.len--;
    return s;
}

static bool open_destination(struct access_log *log, const struct access_log_settings *settings,
                             const struct access_log_output *output, struct diag *diag)
{
    struct error error;
    if (!output)
        return true;
    log->write = output->write;
    log->file = output->open(output->data, settings->destination, &error);
    if (!log->file)
        diag_error(diag, settings->at, "access log: %s", error.text);
    return log->file != NULL;
}

static void prepare_stage(struct snapshot *snapshot, struct stage *stage,
                          const struct access_log_output *output,
                          const struct access_log_variables *variables, struct diag *diag)
{
    const struct access_log_settings *settings = &stage->access_log_settings;
    if (!settings->on)
        return;
    struct str format = without_line_end(settings->format.text);
    struct position at = settings->format.text.at ? settings->format.at : settings->at;
    const char *problem = format_problem(format);
    if (problem) {
        diag_error(diag, at, "%s", problem);
        return;
    }
    struct access_log *log = arena_new(&snapshot->arena, struct access_log);
    const struct naming naming = {variables, stage->api->protocol_type};
    log->format = substitution_compile(&snapshot->arena, format, resolve, &naming);
    log->variables = variables;
    log->escape = settings->escape;
    log->typical_len = 256 + 2 * format.len;
    report_unknown(log->format, &naming, at, diag);
    if (open_destination(log, settings, output, diag))
        stage->access_log = log;
}

void access_log_prepare(struct snapshot *snapshot, const struct access_log_output *output,
                        const struct access_log_variables *variables, struct diag *diag)
{
    FOR_EACH_IN (api, &snapshot->apis)
        FOR_EACH_IN (stage, &(*api)->stages)
            prepare_stage(snapshot, *stage, output, variables, diag);
}
