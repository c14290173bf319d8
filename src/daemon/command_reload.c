/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/clock.h"
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/configuration.h"
#include "turnpike/daemon/control.h"
#include "turnpike/daemon/control_address.h"
#include "turnpike/daemon/control_answer.h"
#include "turnpike/daemon/findings.h"

#define RELOAD_TIMEOUT (60 * USEC_PER_SEC) /* large definitions take their time */

struct reload_options {
    const char *config;
};

static const struct option_row options_table[] = {
    {"config", OPTION_TEXT, offsetof(struct reload_options, config), "FILE", "the configuration",
     false},
};

static void print(const struct diag *diag)
{
    scoped_buf struct buf text = {0};
    findings_write_text(&text, diag);
    fprintf(stderr, "%" STR_F, STR_A(buf_str(&text)));
}

static enum exit_status say(const char *why)
{
    fprintf(stderr, "turnpike reload: %s\n", why);
    return STATUS_FAILED;
}

static enum exit_status read_answer(struct str answer, struct arena *arena)
{
    struct diag diag;
    struct reload_result result;
    diag_init(&diag);
    bool valid = reload_answer_read(answer, arena, &diag, &result);
    if (valid)
        print(&diag);
    diag_release(&diag);
    if (!valid)
        return say("the daemon's answer makes no sense");
    if (result.done)
        return STATUS_DONE;
    (void)say(result.why.len ? result.why.at : "the daemon refused; its configuration stays");
    return STATUS_CONFIGURATION;
}

/* What is wrong shows even where no daemon runs. */
static bool check(const char *file)
{
    struct diag diag;
    diag_init(&diag);
    struct snapshot *snapshot = configuration_load(file, NULL, LOADS_BESIDE_DAEMON, &diag);
    print(&diag);
    snapshot_unref(snapshot);
    diag_release(&diag);
    return snapshot != NULL;
}

/* The daemon checks what it loads, and may read what this process may not: the credentials of a
 * unit are not shown to its ExecReload=. */
static enum exit_status ask(const char *file, struct arena *arena)
{
    struct error error;
    scoped_buf struct buf answer = {0};
    const char *path = control_address_find(arena, file, &error);
    if (path && control_ask(path, "reload", RELOAD_TIMEOUT, &answer, &error))
        return read_answer(buf_str(&answer), arena);
    if (!check(file))
        return STATUS_CONFIGURATION;
    if (path && error.code == ERROR_CONNECT)
        error_prefix(&error, "no daemon runs");
    return say(error.text);
}

static enum exit_status run(const void *data, const char *operand UNUSED)
{
    const struct reload_options *options = data;
    struct error error;
    const char *file = configuration_find(options->config, &error);
    if (!file) {
        (void)say(error.text);
        return STATUS_CONFIGURATION;
    }
    struct arena arena;
    arena_init(&arena, 4096);
    enum exit_status status = ask(file, &arena);
    arena_release(&arena);
    return status;
}

const struct command command_reload = {
    .name = "reload",
    .summary = "makes the running daemon read its configuration again",
    .help =
        "Asks the running daemon to check and load its configuration and waits for its answer.\n"
        "The exit status is 0 once the new configuration is in force, 78 where it is invalid\n"
        "(the daemon goes on with the one that it has) and 1 where no daemon runs.\n",
    .options = options_table,
    .option_count = ARRAY_LENGTH(options_table),
    .options_size = sizeof(struct reload_options),
    .run = run,
};
