/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/load/load.h"

#include <errno.h>
#include <unistd.h>

#include "turnpike/load/openapi.h"

/* Says at its place in the configuration that a file is not there. */
static bool is_readable(struct builder *b, struct written path)
{
    if (access(arena_cstring(&b->snapshot->arena, path.text), R_OK) == 0)
        return true;
    diag_error(b->diag, path.at, "'%" STR_F "' cannot be read: %s", STR_A(path.text),
               strerror(errno));
    return false;
}

static bool load_definitions(struct builder *b)
{
    bool complete = true;
    FOR_EACH_IN (api, &b->snapshot->apis) {
        struct written path = (*api)->definition;
        if (path.text.len == 0 || !is_readable(b, path) || !openapi_load(b, *api))
            complete = false;
    }
    return complete;
}

struct snapshot *load_snapshot_with(const char *config_file, const struct config_options *options,
                                    struct diag *diag)
{
    struct builder b;
    builder_init(&b, diag);
    bool read = config_load(&b, config_file, options);
    if (load_definitions(&b)) {
        struct snapshot *snapshot = builder_finish(&b);
        assert(read || !snapshot);
        return snapshot;
    }
    /* names that point into a definition which could not be read are no mistakes of their own */
    builder_abandon(&b);
    return NULL;
}

struct snapshot *load_snapshot(const char *config_file, struct diag *diag)
{
    return load_snapshot_with(config_file, NULL, diag);
}
