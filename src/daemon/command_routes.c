/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/configuration.h"
#include "turnpike/daemon/route_list.h"

struct routes_options {
    const char *config;
    bool json;
};

static const struct option_row options_table[] = {
    {"config", OPTION_TEXT, offsetof(struct routes_options, config), "FILE", "the configuration",
     false},
    {"json", OPTION_FLAG, offsetof(struct routes_options, json), NULL, "prints one JSON document",
     false},
};

static enum exit_status run(const void *data, const char *operand UNUSED)
{
    const struct routes_options *options = data;
    struct snapshot *snapshot = configuration_load_or_say(options->config);
    if (!snapshot)
        return STATUS_CONFIGURATION;

    scoped_buf struct buf text = {0};
    if (options->json)
        route_list_write_json(&text, snapshot);
    else
        route_list_write_text(&text, snapshot);
    (void)fwrite(buf_str(&text).at, 1, buf_len(&text), stdout);
    snapshot_unref(snapshot);
    return STATUS_DONE;
}

const struct command command_routes = {
    .name = "routes",
    .summary = "lists the routes, how each is protected and what answers it",
    .help = "Prints each route of each stage: its authorizer and scopes (or that it is open), the\n"
            "throttle in force and the function or backend behind it.\n",
    .options = options_table,
    .option_count = ARRAY_LENGTH(options_table),
    .options_size = sizeof(struct routes_options),
    .run = run,
};
