/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/throttle/limiter.h"

#include "turnpike/base/map.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/throttle/bucket.h"

/* A bucket with the name under which reloads find it, and the snapshots that use it. */
struct named_bucket {
    struct bucket bucket;
    size_t references;
    struct limiter *limiter;
    size_t name_len;
    char name[];
};

struct limiter {
    struct bucket account, connects;
    bool account_filled, connects_filled;
    struct map buckets; /* by "api/stage/route key": none of the first two has a slash */
};

struct limiter *limiter_new(void)
{
    return xcalloc(1, sizeof(struct limiter));
}

void limiter_free(struct limiter *l)
{
    if (!l)
        return;
    assert(l->buckets.count == 0); /* snapshots go before the limiter */
    map_release(&l->buckets);
    free(l);
}

static void on_snapshot_released(void *data)
{
    struct named_bucket *b = data;
    if (--b->references > 0)
        return;
    (void)map_remove(&b->limiter->buckets, str_of(b->name, b->name_len));
    free(b);
}

static struct named_bucket *find_bucket(struct limiter *l, const struct stage_route *route,
                                        struct arena *arena, uint64_t now)
{
    const struct stage *stage = route->stage;
    struct str name =
        arena_printf(arena, "%" STR_F "/%" STR_F "/%" STR_F, STR_A(stage->api->api_id),
                     STR_A(stage->stage_name), STR_A(route->route->key));
    struct named_bucket *b = map_get(&l->buckets, name);
    if (b)
        return b;

    b = xcalloc(1, sizeof(*b) + name.len);
    b->limiter = l;
    b->name_len = name.len;
    memcpy(b->name, name.at, name.len);
    bucket_init(&b->bucket, &route->throttle, now);
    (void)map_set(&l->buckets, str_of(b->name, b->name_len), b);
    return b;
}

void limiter_prepare(struct limiter *l, struct snapshot *snapshot, uint64_t now)
{
    if (!l->account_filled) {
        bucket_init(&l->account, &snapshot->settings.throttling, now);
        l->account_filled = true;
    }
    FOR_EACH_IN (api, &snapshot->apis) {
        FOR_EACH_IN (stage, &(*api)->stages) {
            for (size_t i = 0; i < (*api)->routes.count; i++) {
                struct stage_route *route = &(*stage)->routes[i];
                if (!route->throttle.on)
                    continue;
                struct named_bucket *b = find_bucket(l, route, &snapshot->arena, now);
                b->references++;
                snapshot_on_release(snapshot, on_snapshot_released, b);
                route->bucket = &b->bucket;
            }
        }
    }
}

enum limiter_result limiter_take(struct limiter *l, const struct settings *settings,
                                 const struct stage_route *route, uint64_t now)
{
    struct bucket *own = route ? route->bucket : NULL;
    if (own && !bucket_has_token(own, &route->throttle, now))
        return LIMITER_ROUTE_THROTTLED;
    if (!bucket_has_token(&l->account, &settings->throttling, now))
        return LIMITER_ACCOUNT_THROTTLED;
    if (own)
        bucket_take(own);
    bucket_take(&l->account);
    return LIMITER_PASSED;
}

/* As many at once as in a second; one where that is less than one. */
static struct throttle connect_limit(const struct settings *settings)
{
    double rate = settings->limits.websocket_connect_rate;
    return (struct throttle){.on = true, .rate = rate, .burst = rate > 0 && rate < 1 ? 1 : rate};
}

enum limiter_result limiter_take_connect(struct limiter *l, const struct settings *settings,
                                         const struct stage_route *route, uint64_t now)
{
    struct throttle limit = connect_limit(settings);
    if (!l->connects_filled)
        bucket_init(&l->connects, &limit, now);
    l->connects_filled = true;
    if (!bucket_has_token(&l->connects, &limit, now))
        return LIMITER_CONNECTS_THROTTLED;
    enum limiter_result result = limiter_take(l, settings, route, now);
    if (result == LIMITER_PASSED)
        bucket_take(&l->connects);
    return result;
}
