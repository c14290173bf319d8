/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/base/utf8.h"

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

/* U+2028 and U+2029 end lines; U+202A to U+202E and U+2066 to U+2069 show them in another order. */
static bool disorders(struct str c)
{
    return (str_starts_with(c, STR("\xe2\x80")) && c.at[2] >= '\xa8' && c.at[2] <= '\xae') ||
           (str_starts_with(c, STR("\xe2\x81")) && c.at[2] >= '\xa6' && c.at[2] <= '\xa9');
}

/* The length of the character that s begins with, 0 where it must not reach a terminal: controls,
 * those of ISO 8859-1 (U+0080 to U+009F) and Unicode's too, and what is not UTF-8. */
static size_t visible_len(struct str s)
{
    unsigned char c = (unsigned char)s.at[0];
    if (c < 0x80)
        return (c >= 0x20 && c != 0x7f) || c == '\t';
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (len > s.len || !utf8_is_valid(str_head(s, len)) || disorders(str_head(s, len)))
        return 0;
    return c == 0xc2 && (unsigned char)s.at[1] < 0xa0 ? 0 : len;
}

/* Values come from clients: nothing in them may end the line or forge another. A backslash goes
 * before each of the characters in `marked`. */
static void append_visible(struct buf *line, struct str s, const char *marked)
{
    for (size_t len; s.len > 0; s = str_skip(s, len > 0 ? len : 1)) {
        len = visible_len(s);
        if (len == 1 && strchr(marked, s.at[0]))
            buf_append_char(line, '\\');
        if (len > 0)
            buf_append(line, str_head(s, len));
        else
            buf_printf(line, "\\x%02x", (unsigned char)s.at[0]);
    }
}

/* As it is, or quoted where it could be taken for more than one field. */
static void append_value(struct buf *line, struct str value)
{
    static const char special[] = " \t\"\\=[]";
    size_t plain = 0;
    while (plain < value.len && !memchr(special, value.at[plain], sizeof(special) - 1))
        plain++;
    bool quoted = value.len == 0 || plain < value.len;
    buf_append(line, quoted ? STR("\"") : STR(""));
    append_visible(line, value, quoted ? "\"\\" : "");
    buf_append(line, quoted ? STR("\"") : STR(""));
}

static void write_text(struct buf *line, enum log_level level, const struct log_field *fields,
                       size_t field_count, struct str message)
{
    char time[CLOCK_ISO_SIZE];
    buf_append(line, clock_iso(clock_wall(), time));
    buf_printf(line, " %s: ", level_names[level]);
    append_visible(line, message, "");
    for (size_t i = 0; i < field_count; i++) {
        buf_printf(line, "%s%s=", i == 0 ? " [" : " ", fields[i].name);
        append_value(line, fields[i].value);
    }
    if (field_count)
        buf_append_char(line, ']');
}

void log_write_text(enum log_level level, const struct log_field *fields, size_t field_count,
                    struct str message)
{
    scoped_buf struct buf line = {0};
    (logger.json ? write_json : write_text)(&line, level, fields, field_count, message);
    if (logger.sink)
        logger.sink(logger.data, level, buf_str(&line));
    else
        (void)fprintf(stderr, "%" STR_F "\n", STR_A(buf_str(&line)));
}

void log_write(enum log_level level, const struct log_field *fields, size_t field_count,
               const char *format, ...)
{
    scoped_buf struct buf message = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    log_write_text(level, fields, field_count, buf_str(&message));
}
