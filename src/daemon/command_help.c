/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/command.h"

static enum exit_status run(const void *options UNUSED, const char *operand)
{
    if (!operand) {
        command_print_overview(stdout);
        return STATUS_DONE;
    }
    const struct command *command = command_find(operand);
    if (!command)
        return STATUS_USAGE;
    command_print_help(command, stdout);
    return STATUS_DONE;
}

const struct command command_help = {
    .name = "help",
    .summary = "tells what the commands do",
    .operand = "[COMMAND]",
    .help = "Lists the commands, or tells all about one.\n",
    .run = run,
};
