/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/log.h"
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/configuration.h"
#include "turnpike/daemon/listen_option.h"
#include "turnpike/daemon/server.h"

struct serve_options {
    const char *config, *log_level;
    text_list listen;
};

static const struct option_row options_table[] = {
    {"config", OPTION_TEXT, offsetof(struct serve_options, config), "FILE", "the configuration",
     false},
    {"listen", OPTION_TEXTS, offsetof(struct serve_options, listen), "ADDRESS:PORT",
     "listen here instead of the plain listeners of the configuration", false},
    {"log-level", OPTION_TEXT, offsetof(struct serve_options, log_level), "LEVEL",
     "error, warning, notice, info or debug", false},
};

static enum exit_status serve(struct server_options *options, const char *written)
{
    struct server server;
    struct error error;
    options->config = configuration_find(written, &error);
    if (!options->config) {
        fprintf(stderr, "turnpike serve: %s\n", error.text);
        return STATUS_CONFIGURATION;
    }
    enum exit_status status = server_start(&server, options);
    if (status == STATUS_DONE)
        server_run(&server);
    server_release(&server);
    return status;
}

static enum exit_status run(const void *data, const char *operand UNUSED)
{
    const struct serve_options *options = data;
    struct server_options server = {.log_level = options->log_level};
    enum log_level level;
    if (options->log_level && !log_level_parse(str_from(options->log_level), &level))
        return command_refuse(&command_serve, "'%s' is no log level", options->log_level);

    struct arena arena;
    const char *wrong;
    arena_init(&arena, 1024);
    enum exit_status status =
        listen_option_read(&options->listen, &arena, &server.overrides, &wrong)
            ? serve(&server, options->config)
            : command_refuse(&command_serve, "'%s' is no ADDRESS:PORT", wrong);
    arena_release(&arena);
    return status;
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
