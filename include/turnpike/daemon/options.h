/* SPDX-License-Identifier: Apache-2.0 */
/* options.h: command-line options, read by a table into a command's own struct. */
#ifndef TURNPIKE_DAEMON_OPTIONS_H
#define TURNPIKE_DAEMON_OPTIONS_H

#include <stdbool.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"

typedef LIST(const char *) text_list;

enum option_kind {
    OPTION_FLAG,  /* a bool, set to true */
    OPTION_TEXT,  /* a const char *; NULL where the option was not given */
    OPTION_TEXTS, /* a text_list: the option may be repeated */
};

struct option_row {
    const char *name; /* without the dashes */
    enum option_kind kind;
    size_t offset;     /* of the field in the command's struct */
    const char *value; /* what stands behind it in a synopsis: "FILE"; NULL for flags */
    const char *help;  /* one line */
    bool required;
};

/* Reads argv[0 .. count) into the zeroed struct `out` as the rows say; words that are no options,
 * and everything behind "--", go to ret_operands. Text stays argv's. "--name value" and
 * "--name=value" are the same; names are never abbreviated, and only OPTION_TEXTS may be repeated.
 * Errors name the nearest option. */
MUST_USE bool options_parse(const struct option_row *rows, size_t row_count, size_t count,
                            const char *const *argv, struct arena *arena, void *out,
                            text_list *ret_operands, struct error *ret_error);

/* Appends "[--config FILE] --issuer URL [--claim K=V]…". */
void options_write_synopsis(struct buf *out, const struct option_row *rows, size_t row_count);
/* Appends a line for each option. */
void options_write_help(struct buf *out, const struct option_row *rows, size_t row_count);

/* "500ms", "30s", "10m", "2h", "7d" or plain seconds, as microseconds; above 0. */
MUST_USE bool option_duration(const char *text, uint64_t *ret_duration);

#endif
