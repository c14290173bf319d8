/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/snapshot.h"

#include "turnpike/base/xalloc.h"

struct snapshot_release_hook {
    struct snapshot_release_hook *next;
    void (*fn)(void *data);
    void *data;
};

struct snapshot *snapshot_ref(struct snapshot *s)
{
    s->references++;
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || --s->references > 0)
        return;
    for (struct snapshot_release_hook *hook = s->hooks; hook; hook = hook->next)
        hook->fn(hook->data);
    FOR_EACH_IN (api, &s->apis)
        map_release(&(*api)->routes_by_key);
    map_release(&s->apis_by_id);
    map_release(&s->domains_by_name);
    map_release(&s->functions_by_name);
    arena_release(&s->arena);
    free(s);
}

void snapshot_on_release(struct snapshot *s, void (*fn)(void *data), void *data)
{
    struct snapshot_release_hook *hook = arena_new(&s->arena, struct snapshot_release_hook);
    *hook = (struct snapshot_release_hook){s->hooks, fn, data};
    s->hooks = hook;
}
