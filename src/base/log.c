/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"

static struct {
    enum log_level level;
    bool json;
    log_sink_fn *sink;
    void *data;
} logger = {.level = LOG_LEVEL_NOTICE};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

void log_set_level(enum log_level level)
{
    logger.level = level;
}

enum log_level log_level(void)
{
    return logger.level;
}

void log_set_json(bool json)
{
    logger.json = json;
}

void log_set_sink(log_sink_fn *sink, void *data)
{
    logger.sink = sink;
    logger.data = data;
}

bool log_level_parse(struct str name, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_LENGTH(level_names); i++) {
        if (str_is(name, level_names[i])) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

static void write_json(struct buf *line, enum log_level level, const struct log_field *fields,
                       size_t field_count, struct str message)
{
    char time[CLOCK_ISO_SIZE];
    buf_literal(line, "{\"time\":");
    json_write_string(line, clock_iso(clock_wall(), time));
    buf_literal(line, ",\"level\":");
    json_write_string(line, str_from(level_names[level]));
    buf_literal(line, ",\"message\":");
    json_write_string(line, message);
    FOR_EACH (field, fields, field_count) {
        buf_append_char(line, ',');
        json_write_string(line, str_from(field->name));
        buf_append_char(line, ':');
        json_write_string(line, field->value);
    }
    buf_append_char(line, '}');
}

/* Values come from clients: nothing in them may end the line or forge another. */
static void append_visible(struct buf *line, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c < 0x20 || c == 0x7f)
            buf_printf(line, "\\x%02x", c);
        else
            buf_append_char(line, (char)c);
    }
}

static void write_text(struct buf *line, enum log_level level, const struct log_field *fields,
                       size_t field_count, struct str message)
{
    char time[CLOCK_ISO_SIZE];
    buf_append(line, clock_iso(clock_wall(), time));
    buf_printf(line, " %s: ", level_names[level]);
    append_visible(line, message);
    for (size_t i = 0; i < field_count; i++) {
        buf_printf(line, "%s%s=", i == 0 ? " [" : " ", fields[i].name);
        append_visible(line, fields[i].value);
    }
    if (field_count)
        buf_append_char(line, ']');
}

void log_write(enum log_level level, const struct log_field *fields, size_t field_count,
               const char *format, ...)
{
    scoped_buf struct buf message = {0}, line = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);

    (logger.json ? write_json : write_text)(&line, level, fields, field_count, buf_str(&message));
    if (logger.sink)
        logger.sink(logger.data, level, buf_str(&line));
    else
        (void)fprintf(stderr, "%" STR_F "\n", STR_A(buf_str(&line)));
}
