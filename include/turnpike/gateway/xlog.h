/* SPDX-License-Identifier: Apache-2.0 */
/* xlog.h: log lines of an exchange, with its request id, API, stage and route (of the Invoke API:
 * its function) beside the message. */
#ifndef TURNPIKE_GATEWAY_XLOG_H
#define TURNPIKE_GATEWAY_XLOG_H

#include "turnpike/base/log.h"
#include "turnpike/gateway/exchange.h"

#define XLOG_FIELDS_MAX 4

size_t xlog_fields(const struct exchange *x, struct log_field fields[XLOG_FIELDS_MAX]);

#define xlog_at(x, level, ...)                                                                     \
    do {                                                                                           \
        if ((level) <= log_level()) {                                                              \
            struct log_field fields_[XLOG_FIELDS_MAX];                                             \
            log_write((level), fields_, xlog_fields((x), fields_), __VA_ARGS__);                   \
        }                                                                                          \
    } while (0)
#define xlog_warning(x, ...) xlog_at((x), LOG_LEVEL_WARNING, __VA_ARGS__)
#define xlog_info(x, ...)    xlog_at((x), LOG_LEVEL_INFO, __VA_ARGS__)
#define xlog_debug(x, ...)   xlog_at((x), LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
