/* SPDX-License-Identifier: Apache-2.0 */
/* command.h: the commands of the program, one file each: src/daemon/command_NAME.c. */
#ifndef TURNPIKE_DAEMON_COMMAND_H
#define TURNPIKE_DAEMON_COMMAND_H

#include "turnpike/daemon/options.h"

enum exit_status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,         /* at run time */
    STATUS_USAGE = 2,          /* the command line is wrong */
    STATUS_CONFIGURATION = 78, /* EX_CONFIG: the configuration is invalid */
};

/* All there is to say about a command. */
struct command {
    const char *name;
    const char *summary; /* one line, for the overview */
    const char *operand; /* "[DIR]"; NULL: it takes none, otherwise at most one */
    const char *help;    /* the rest of `turnpike help NAME`, in whole lines */
    const struct option_row *options;
    size_t option_count;
    size_t options_size; /* of the struct that `options` fills */
    /* `options` is that struct; `operand` is NULL where none was given. */
    enum exit_status (*run)(const void *options, const char *operand);
};

extern const struct command command_init, command_serve, command_check, command_routes,
    command_token, command_reload, command_status, command_help;

/* NULL where there is no such command; prints the nearest name to stderr then. */
const struct command *command_find(const char *name);

/* Prints the overview of all commands, or all about one. */
void command_print_overview(FILE *to);
void command_print_help(const struct command *command, FILE *to);

/* Runs what the command line asks for; argv[0] is the program. Prints why it does not. */
enum exit_status command_dispatch(int argc, const char *const *argv);

/* Says "turnpike COMMAND: why" on stderr and how to get help; the answer is STATUS_USAGE. */
enum exit_status command_refuse(const struct command *command, const char *format, ...)
    PRINTF(2, 3);

#endif
