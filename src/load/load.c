/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/load/load.h"

#include <errno.h>
#include <unistd.h>

#include "turnpike/load/openapi.h"
#include "turnpike/load/websocket.h"

/* Says at its place in the configuration that a file is not there. */
static bool is_readable(struct builder *b, struct written path)
{
    if (access(arena_cstring(&b->snapshot->arena, path.text), R_OK) == 0)
        return true;
    diag_error(b->diag, path.at, "'%" STR_F "' cannot be read: %s", STR_A(path.text),
               strerror(errno));
    return false;
}

/* The document says what it is; where it does not, the configuration. */
static bool is_websocket(const struct api *api, const struct doc *root)
{
    bool configured = api->protocol_written && api->protocol_type == PROTOCOL_WEBSOCKET;
    return configured || websocket_is_definition(root);
}

static void warn_of_idle_keys(struct builder *b, const struct api *api)
{
    FOR_EACH_IN (key, &api->websocket_keys)
        diag_warning(b->diag, key->at, "'%" STR_F "' has no effect: it is for WebSocket APIs",
                     STR_A(key->text));
}

static bool load_definition(struct builder *b, struct api *api)
{
    const char *file = arena_cstring(&b->snapshot->arena, api->definition.text);
    const struct doc *root = doc_load(&b->snapshot->arena, b->diag, file);
    if (!root)
        return false;
    if (is_websocket(api, root))
        return websocket_read(b, api, root);
    warn_of_idle_keys(b, api);
    return openapi_read(b, api, root);
}

static bool load_definitions(struct builder *b)
{
    bool complete = true;
    FOR_EACH_IN (api, &b->snapshot->apis) {
        struct written path = (*api)->definition;
        if (path.text.len == 0 || !is_readable(b, path) || !load_definition(b, *api))
            complete = false;
    }
    return complete;
}

static void check_use(const struct builder *b, const char *config_file)
{
    struct position at = {.file = arena_cstring(&b->diag->arena, str_from(config_file))};
    if (b->snapshot->apis.count == 0 && !b->snapshot->settings.invoke_api.on)
        diag_notice(b->diag, at, "there are neither 'apis' nor 'invokeApi': nothing is served");
}

struct snapshot *load_snapshot_with(const char *config_file, const struct config_options *options,
                                    struct diag *diag)
{
    struct builder b;
    builder_init(&b, diag);
    bool read = config_load(&b, config_file, options);
    if (read)
        check_use(&b, config_file);
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
