/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/auth.h"

#include "state.h"
#include "turnpike/auth/token.h"
#include "turnpike/base/xalloc.h"

#define CACHE_ENTRIES_MAX 10000
#define CACHE_BYTES_MAX   (32u << 20)

#define KEY_IDS_MAX 300 /* bytes of key ids that are told */

static struct figure *cache_figure(struct counters *counters, struct str result)
{
    struct label label = {"result", result};
    return counters_figure(counters, FIGURE_COUNTER, "turnpike_authorizer_cache_total",
                           "Look-ups of verified tokens.", &label, 1);
}

static void unlink_check(struct token_check *check)
{
    *check->previous = check->next;
    if (check->next)
        check->next->previous = check->previous;
    check->previous = NULL;
    check->next = NULL;
}

static void link_check(struct token_check **list, struct token_check *check)
{
    check->next = *list;
    check->previous = list;
    if (check->next)
        check->next->previous = &check->next;
    *list = check;
}

static enum token_result wait_for(struct key_source *source, struct token_check *check)
{
    link_check(&source->waiting, check);
    return TOKEN_PENDING;
}

static enum token_result refuse(struct token_check *check, struct str why)
{
    check->error = why;
    return TOKEN_REFUSED;
}

/* The entry's token was signed by the issuer; is it good for this route, now? */
static enum token_result judge(struct token_check *check, struct token_entry *entry)
{
    struct str why = claims_refusal(&entry->claims, check->authorizer, check->wall);
    if (why.len > 0)
        return refuse(check, why);
    if (!claims_have_scope(&entry->claims, check->route)) {
        check->error = STR("the token does not have a required scope");
        return TOKEN_FORBIDDEN;
    }
    check->entry = token_entry_ref(entry);
    check->identity = entry->claims.identity;
    return TOKEN_ACCEPTED;
}

static enum token_result judge_cached(struct token_check *check, struct token_entry *entry)
{
    figure_add(check->auth->hits, 1);
    enum token_result result = judge(check, entry);
    if (entry->claims.expires_at <= (int64_t)check->wall)
        token_cache_drop(&check->auth->cache, entry);
    return result;
}

/* Reads the claims of a token that `key` has signed and keeps them where they are of use again. */
static enum token_result admit(struct token_check *check, const struct token *token,
                               const struct key *key, const struct sha256 *digest)
{
    struct token_entry *entry = token_entry_new();
    enum token_result result = TOKEN_REFUSED;
    entry->digest = *digest;
    entry->source = check->authorizer->keys;
    entry->key = key->digest;
    if (claims_read(&entry->arena, check->arena, &token->claims, &entry->claims, &check->error))
        result = judge(check, entry);
    if (result != TOKEN_REFUSED)
        token_cache_add(&check->auth->cache, entry);
    token_entry_unref(entry);
    return result;
}

/* Key ids are no secret: the issuer publishes them. The token's own is not repeated. */
static enum token_result refuse_key(struct token_check *check, const struct key_set *set)
{
    struct str list = STR("");
    FOR_EACH_IN (key, &set->keys)
        if (list.len < KEY_IDS_MAX)
            list = arena_printf(check->arena, "%" STR_F "%s'%" STR_F "'", STR_A(list),
                                list.len ? ", " : "", STR_A(key->kid));
    check->detail = arena_printf(check->arena, "known are %" STR_F, STR_A(list));
    return refuse(check, STR("the key id of the token is not known"));
}

static enum token_result refuse_source(struct token_check *check, const struct key_source *source)
{
    check->detail = arena_copy(check->arena, str_from(source->error.text));
    return refuse(check, source->why);
}

static enum token_result verify(struct token_check *check, const struct token *token,
                                const struct sha256 *digest, bool may_wait)
{
    struct key_source *source = check->authorizer->keys;
    const struct key *key = key_set_find(source->keys, token->kid, token->algorithm);
    if (!key && may_wait && key_source_seek(source))
        return wait_for(source, check);
    if (!key)
        return refuse_key(check, source->keys);
    if (!token_verify(check->arena, token, key, &check->error))
        return TOKEN_REFUSED;
    return admit(check, token, key, digest);
}

/* What is wrong with a token by itself is said before its issuer's keys are looked for. */
static enum token_result run(struct token_check *check, bool may_wait)
{
    struct key_source *source = check->authorizer->keys;
    struct str text = token_of_value(check->token);
    if (text.len == 0)
        return refuse(check, STR(""));

    struct sha256 digest = token_cache_digest(source->id, text);
    struct token_entry *entry = token_cache_find(&check->auth->cache, &digest);
    struct token token;
    if (!entry && !token_parse(check->arena, text, &token, &check->error))
        return TOKEN_REFUSED;

    switch (may_wait ? key_source_use(source) : key_source_state(source)) {
    case KEYS_PENDING:
        return wait_for(source, check);
    case KEYS_UNAVAILABLE:
        return refuse_source(check, source);
    case KEYS_USABLE:
        break;
    }
    if (entry)
        return judge_cached(check, entry);
    if (may_wait)
        figure_add(check->auth->misses, 1);
    return verify(check, &token, &digest, may_wait);
}

enum token_result token_check_start(struct auth *auth, struct token_check *check)
{
    check->auth = auth;
    check->identity = (struct identity){0};
    check->error = check->detail = STR("");
    check->entry = NULL;
    check->previous = NULL;
    return run(check, true);
}

void token_check_release(struct token_check *check)
{
    if (check->previous)
        unlink_check(check);
    token_entry_unref(take(&check->entry));
    check->identity = (struct identity){0};
}

/* Checks that begin to wait within a callback wait for the next fetch: they are another list. */
static void resume_waiting(struct key_source *source)
{
    struct token_check *list = take(&source->waiting);
    if (list)
        list->previous = &list;
    while (list) {
        struct token_check *check = list;
        unlink_check(check);
        enum token_result result = run(check, false);
        check->fn(check, result);
    }
}

static void on_settled(void *data, struct key_source *source)
{
    struct auth *auth = data;
    bool failed = source->failures > 0;
    if (!failed)
        token_cache_purge(&auth->cache, source, source->keys);
    if (auth->refreshed)
        auth->refreshed(auth->refreshed_data, source->origin.issuer,
                        failed ? &source->error : NULL);
    source->references++; /* a callback may release the last snapshot that names it */
    resume_waiting(source);
    auth_unref_source(auth, source);
}

void auth_unref_source(struct auth *auth, struct key_source *source)
{
    if (--source->references > 0)
        return;
    (void)map_remove(&auth->sources, source->name);
    token_cache_purge(&auth->cache, source, NULL);
    key_source_free(source);
}

struct auth *auth_new_with(struct loop *loop, const struct fetching *fetching,
                           struct fetcher *fetcher, struct counters *counters)
{
    struct auth *auth = xcalloc(1, sizeof(*auth));
    auth->context = (struct key_source_context){
        .loop = loop,
        .fetching = fetching,
        .fetcher = fetcher,
        .counters = counters,
        .settled = on_settled,
        .data = auth,
    };
    auth->hits = cache_figure(counters, STR("hit"));
    auth->misses = cache_figure(counters, STR("miss"));
    token_cache_init(&auth->cache, CACHE_ENTRIES_MAX, CACHE_BYTES_MAX);
    return auth;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    assert(auth->sources.count == 0);
    map_release(&auth->sources);
    token_cache_release(&auth->cache);
    free(auth);
}

void auth_on_refresh(struct auth *auth, auth_refreshed_fn *fn, void *data)
{
    auth->refreshed = fn;
    auth->refreshed_data = data;
}

void auth_warm(struct auth *auth, const struct snapshot *snapshot)
{
    (void)auth; /* the sources know it */
    FOR_EACH_IN (api, &snapshot->apis)
        FOR_EACH_IN (authorizer, &(*api)->authorizers)
            key_source_warm((*authorizer)->keys);
}
