/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/load/config.h"

#include <stdlib.h>

#include "config_read.h"

#define ACCOUNT_ID_DIGITS 12
#define REGION_MAX        32

void config_read_account_id(struct config *c, const struct config_key *key, const struct doc *d,
                            void *target)
{
    if ((d->kind != DOC_STRING && d->kind != DOC_NUMBER) || d->text.len != ACCOUNT_ID_DIGITS ||
        !config_consists_of(d->text, CONFIG_DIGITS, ACCOUNT_ID_DIGITS))
        diag_error(c->diag, d->at, "'%s' must be %d digits", key->name, ACCOUNT_ID_DIGITS);
    else
        *(struct str *)target = d->text;
}

void config_read_region(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    struct str region;
    if (!config_string(c, key->name, d, &region))
        return;
    if (!config_consists_of(region, CONFIG_LOWER CONFIG_DIGITS "-", REGION_MAX))
        diag_error(c->diag, d->at, "'%" STR_F "' is no region such as us-east-1", STR_A(region));
    else
        *(struct str *)target = region;
}

void config_read_throttling(struct config *c, const struct config_key *key, const struct doc *d,
                            void *target)
{
    struct throttle *throttle = target;
    throttle->on = true;
    if (!d || config_is_map(c, key->name, d))
        (void)config_read_section(c, key->section, d, throttle);
}

/* The first of the directories that systemd names in a variable, or empty. */
static struct str systemd_directory(struct config *c, const char *variable)
{
    struct str directory, all = str_from(getenv(variable));
    return str_split(&all, ':', &directory) ? arena_copy(c->arena, directory) : STR("");
}

static void set_directories(struct config *c)
{
    struct settings *settings = c->settings;
    struct str runtime = systemd_directory(c, "RUNTIME_DIRECTORY");
    if (settings->state_directory.len == 0)
        settings->state_directory = systemd_directory(c, "STATE_DIRECTORY");
    if (runtime.len == 0)
        runtime = settings->state_directory;
    if (settings->control_socket.len == 0 && runtime.len > 0)
        settings->control_socket =
            arena_printf(c->arena, "%" STR_F "/control.sock", STR_A(runtime));
}

static struct str directory_of(struct str file)
{
    const char *slash = file.len ? memrchr(file.at, '/', file.len) : NULL;
    return slash ? str_head(file, (size_t)(slash - file.at) + 1) : STR("");
}

bool config_load(struct builder *b, const char *file, const struct config_options *options)
{
    size_t errors_before = b->diag->error_count;
    struct config c = {
        .b = b,
        .settings = &b->snapshot->settings,
        .arena = &b->snapshot->arena,
        .diag = b->diag,
        .foreign_environment = options && options->foreign_environment,
        .foreign_rights = options && options->foreign_rights,
        .root = doc_load(&b->snapshot->arena, b->diag, file),
    };
    if (!c.root)
        return false;
    c.settings->file = arena_copy(c.arena, str_from(file));
    c.directory = directory_of(c.settings->file);
    if (c.root->kind != DOC_MAP && c.root->kind != DOC_NULL) {
        diag_error(c.diag, c.root->at, "the configuration must be a map, not %s",
                   doc_kind_name(c.root));
        return false;
    }
    (void)config_read_section(&c, &config_root, c.root, c.settings);
    set_directories(&c);
    config_replace_listeners(&c, options);
    config_check_all(&c);
    return b->diag->error_count == errors_before;
}
