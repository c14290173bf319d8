/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "turnpike/base/clock.h"
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/configuration.h"
#include "turnpike/daemon/control.h"
#include "turnpike/daemon/control_address.h"
#include "turnpike/daemon/control_answer.h"

#define STATUS_TIMEOUT (5 * USEC_PER_SEC)

struct status_options {
    const char *config;
    bool json;
};

static const struct option_row options_table[] = {
    {"config", OPTION_TEXT, offsetof(struct status_options, config), "FILE", "the configuration",
     false},
    {"json", OPTION_FLAG, offsetof(struct status_options, json), NULL,
     "prints the daemon's answer as JSON", false},
};

static void print(const struct daemon_status *s)
{
    if (s->ready)
        puts("ready");
    else
        printf("not ready: %" STR_F "\n", STR_A(s->why));
    printf("pid %d, turnpike %" STR_F ", %" STR_F "\n", s->pid, STR_A(s->version),
           STR_A(s->configuration));
    printf("%" PRIu64 " connections, %" PRIu64 " exchanges\n", s->connections, s->exchanges);
    if (s->reload_failed)
        printf("the last reload failed: %" STR_F "\n", STR_A(s->reload_message));
}

static enum exit_status say(const char *why)
{
    fprintf(stderr, "turnpike status: %s\n", why);
    return STATUS_FAILED;
}

static enum exit_status show(const struct status_options *options, struct str answer,
                             struct arena *arena)
{
    struct daemon_status status;
    if (!status_answer_read(answer, arena, &status))
        return say("the daemon's answer makes no sense");
    if (options->json)
        printf("%" STR_F, STR_A(answer));
    else
        print(&status);
    return status.ready ? STATUS_DONE : STATUS_FAILED;
}

static enum exit_status ask(const struct status_options *options, struct arena *arena)
{
    struct error error;
    scoped_buf struct buf answer = {0};
    const char *file = configuration_find(options->config, &error);
    const char *path = file ? control_address_find(arena, file, &error) : NULL;
    if (path && control_ask(path, "status", STATUS_TIMEOUT, &answer, &error))
        return show(options, buf_str(&answer), arena);
    if (path && error.code == ERROR_CONNECT)
        error_prefix(&error, "no daemon runs");
    return say(error.text);
}

static enum exit_status run(const void *data, const char *operand UNUSED)
{
    struct arena arena;
    arena_init(&arena, 4096);
    enum exit_status status = ask(data, &arena);
    arena_release(&arena);
    return status;
}

const struct command command_status = {
    .name = "status",
    .summary = "asks the running daemon how it is",
    .help = "The exit status is 0 where a daemon runs and is ready, else 1. Of the configuration\n"
            "only the place of the control socket is read.\n",
    .options = options_table,
    .option_count = ARRAY_LENGTH(options_table),
    .options_size = sizeof(struct status_options),
    .run = run,
};
