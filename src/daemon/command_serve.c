/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/command.h"

struct serve_options {
    const char *config, *log_level;
    text_list listen;
};

static const struct option_row options_table[] = {
    {"config",    OPTION_TEXT,  offsetof(struct serve_options, config),    "FILE",         "the configuration",
     false                                                                                                           },
    {"listen",    OPTION_TEXTS, offsetof(struct serve_options, listen),    "ADDRESS:PORT",
     "listen here instead of the plain listeners of the configuration",                                         false},
    {"log-level", OPTION_TEXT,  offsetof(struct serve_options, log_level), "LEVEL",
     "error, warning, notice, info or debug",                                                                   false},
};

static enum exit_status run(const void *options UNUSED, const char *operand UNUSED)
{
    fputs("turnpike serve: not built\n", stderr);
    return STATUS_FAILED;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "runs the gateway in the foreground",
    .help = "Runs the gateway in the foreground. SIGTERM and SIGINT let requests finish and stop\n"
            "it, a second one stops it at once; SIGHUP reloads configuration, definitions and\n"
            "certificates; SIGUSR1 opens log files anew.\n",
    .options = options_table,
    .option_count = ARRAY_LENGTH(options_table),
    .options_size = sizeof(struct serve_options),
    .run = run,
};
