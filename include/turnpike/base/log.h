/* SPDX-License-Identifier: Apache-2.0 */
/* log.h: the daemon's own log. Where lines go is decided by the sink; the default is stderr. */
#ifndef TURNPIKE_BASE_LOG_H
#define TURNPIKE_BASE_LOG_H

#include <stdbool.h>

#include "turnpike/base/str.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* Fields that go beside the message: JSON members, or [key=value] behind a text line, where values
 * with white space, quotes, backslashes, brackets or '=' are quoted. */
struct log_field {
    const char *name;
    struct str value;
};

/* Gets each formatted line without its end. Must not block and must not log. */
typedef void log_sink_fn(void *data, enum log_level level, struct str line);

/* The logger is the program's one mutable global. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
void log_set_json(bool json);
void log_set_sink(log_sink_fn *sink, void *data); /* NULL: stderr */
MUST_USE bool log_level_parse(struct str name, enum log_level *ret_level);

void log_write(enum log_level level, const struct log_field *fields, size_t field_count,
               const char *format, ...) PRINTF(4, 5);
/* The same with a message that may hold any bytes, NUL too. */
void log_write_text(enum log_level level, const struct log_field *fields, size_t field_count,
                    struct str message);

#define log_at(level, ...)                                                                         \
    do {                                                                                           \
        if ((level) <= log_level())                                                                \
            log_write((level), NULL, 0, __VA_ARGS__);                                              \
    } while (0)
#define log_error(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
