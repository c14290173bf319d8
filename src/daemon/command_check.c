/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/check_online.h"
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/configuration.h"
#include "turnpike/daemon/findings.h"
#include "turnpike/daemon/listen_option.h"

struct check_options {
    const char *config;
    text_list listen;
    bool strict, json, online;
};

static const struct option_row options_table[] = {
    {"config", OPTION_TEXT, offsetof(struct check_options, config), "FILE", "the configuration",
     false},
    {"listen", OPTION_TEXTS, offsetof(struct check_options, listen), "ADDRESS:PORT",
     "as serve is given it", false},
    {"strict", OPTION_FLAG, offsetof(struct check_options, strict), NULL,
     "warnings fail the check too", false},
    {"json", OPTION_FLAG, offsetof(struct check_options, json), NULL,
     "prints {\"problems\":[{file,line,column,severity,message}]}", false},
    {"online", OPTION_FLAG, offsetof(struct check_options, online), NULL,
     "also asks issuers for their keys and connects to functions, backends and services", false},
};

static void print(const struct check_options *options, const struct diag *diag)
{
    scoped_buf struct buf text = {0}, summary = {0};
    if (options->json) {
        buf_literal(&text, "{\"problems\":");
        findings_write_json(&text, diag);
        buf_literal(&text, "}\n");
    } else {
        findings_write_text(&text, diag);
    }
    (void)fwrite(buf_str(&text).at, 1, buf_len(&text), stdout);
    (void)fflush(stdout); /* before the summary, where both go to one place */

    findings_write_summary(&summary, diag);
    fprintf(stderr, "turnpike check: %" STR_F "\n", STR_A(buf_str(&summary)));
}

static enum exit_status check(const struct check_options *options,
                              const struct config_options *overrides)
{
    struct diag diag;
    diag_init(&diag);
    struct snapshot *snapshot =
        configuration_load(options->config, overrides, LOADS_AS_DAEMON, &diag);
    if (snapshot && options->online)
        check_online(snapshot, &diag);
    diag_sort(&diag);
    print(options, &diag);

    bool failed = diag.error_count || (options->strict && diag.warning_count);
    snapshot_unref(snapshot);
    diag_release(&diag);
    return failed ? STATUS_CONFIGURATION : STATUS_DONE;
}

static enum exit_status run(const void *data, const char *operand UNUSED)
{
    const struct check_options *options = data;
    struct config_options overrides;
    struct arena arena;
    const char *wrong;
    arena_init(&arena, 1024);
    enum exit_status status =
        listen_option_read(&options->listen, &arena, &overrides, &wrong)
            ? check(options, &overrides)
            : command_refuse(&command_check, "'%s' is no ADDRESS:PORT", wrong);
    arena_release(&arena);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "says what is wrong with the configuration and its definitions",
    .help = "Loads all that serve would load, prints each problem with its place, and starts\n"
            "nothing. The exit status is 0 without errors, 78 with errors (under --strict, with\n"
            "warnings too).\n",
    .options = options_table,
    .option_count = ARRAY_LENGTH(options_table),
    .options_size = sizeof(struct check_options),
    .run = run,
};
