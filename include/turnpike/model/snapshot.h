/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.h: everything that was read from configuration, immutable, counted. An exchange holds
 * the snapshot that it began with; reload builds a new one beside it and swaps a pointer. */
#ifndef TURNPIKE_MODEL_SNAPSHOT_H
#define TURNPIKE_MODEL_SNAPSHOT_H

#include "turnpike/base/map.h"
#include "turnpike/model/api.h"
#include "turnpike/model/docs_file.h"

struct snapshot_release_hook;

struct snapshot {
    struct arena arena;
    size_t references;
    struct settings settings;
    LIST(struct api *) apis;
    LIST(struct domain *) domains;
    LIST(struct function *) functions;
    struct written default_endpoint;       /* for functions that are not listed */
    const struct signing *default_signing; /* of calls to it; NULL: they are not signed */
    docs_file_list docs_files;             /* of all APIs: the page, without their documents */

    struct map apis_by_id, domains_by_name, functions_by_name;
    struct snapshot_release_hook *hooks;
};

struct snapshot *snapshot_ref(struct snapshot *s);
/* Frees the snapshot with its last reference, after its hooks ran. Takes NULL. */
void snapshot_unref(struct snapshot *s);

/* Calls fn(data) when the snapshot is freed, later additions first: for what `_prepare` functions
 * took from outside the arena (TLS contexts, keys, references to live state). */
void snapshot_on_release(struct snapshot *s, void (*fn)(void *data), void *data);

#endif
