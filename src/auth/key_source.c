/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/key_source.h"

#include <jansson.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define DOCUMENT_SIZE_MAX 150000 /* "Amazon API Gateway quotas": JWKS response */
#define FETCH_TIMEOUT     (1500 * USEC_PER_MSEC)

#define LIFETIME_MIN     (300 * USEC_PER_SEC)
#define LIFETIME_DEFAULT (3600 * USEC_PER_SEC)
#define LIFETIME_MAX     (7200 * USEC_PER_SEC)

#define RETRY_MIN     (1 * USEC_PER_SEC)
#define RETRY_MAX     (30 * USEC_PER_SEC)
#define SEEK_INTERVAL (30 * USEC_PER_SEC)

#define WELL_KNOWN "/.well-known/openid-configuration"

static uint64_t now_of(const struct key_source *s)
{
    return loop_now(s->context->loop);
}

/* Set before each step, so that whatever fails in it is told in AWS's words. */
static const struct str discovery_failed = STR_INIT("OIDC discovery endpoint communication error");
static const struct str jwks_failed = STR_INIT("JWKS communication error");

static uint64_t backoff(unsigned failures)
{
    uint64_t delay = RETRY_MIN;
    for (unsigned i = 1; i < failures && delay < RETRY_MAX; i++)
        delay *= 2;
    return delay < RETRY_MAX ? delay : RETRY_MAX;
}

static void settle(struct key_source *s)
{
    free(take(&s->url));
    s->context->settled(s->context->data, s);
}

static void fail(struct key_source *s)
{
    s->failures++;
    s->retry_at = now_of(s) + backoff(s->failures);
    figure_add(s->errors, 1);
    settle(s);
}

/* Takes the set over. */
static void succeed(struct key_source *s, struct key_set *keys, uint64_t lifetime)
{
    key_set_free(s->keys);
    s->keys = keys;
    s->fetched_at = now_of(s);
    s->lifetime = lifetime;
    s->failures = 0;
    s->error = (struct error){0};
    figure_add(s->successes, 1);
    s->last_success->value = (double)loop_wall(s->context->loop) / (double)USEC_PER_SEC;
    settle(s);
}

/* The lifetime that Cache-Control (RFC 9111, 5.2.2) asks for, within our bounds. */
static uint64_t lifetime_of(struct str cache_control)
{
    struct str directive, prefix = STR("max-age=");
    uint64_t lifetime = LIFETIME_DEFAULT, seconds;
    while (str_split(&cache_control, ',', &directive)) {
        directive = str_trim(directive);
        if (str_eq_nocase(directive, STR("no-store")) || str_eq_nocase(directive, STR("no-cache")))
            return LIFETIME_MIN;
        if (str_starts_with_nocase(directive, prefix) &&
            str_to_u64(str_skip(directive, prefix.len), &seconds))
            lifetime =
                seconds < LIFETIME_MAX / USEC_PER_SEC ? seconds * USEC_PER_SEC : LIFETIME_MAX;
    }
    return lifetime < LIFETIME_MIN ? LIFETIME_MIN : lifetime;
}

/* The body of a 200, or false and why in s->error. */
static bool take_body(struct key_source *s, const struct fetch_answer *answer,
                      const struct error *error, struct str *ret_body)
{
    s->fetch = NULL;
    if (error) {
        s->error = *error;
        return false;
    }
    if (answer->status != 200) {
        error_set(&s->error, ERROR_PROTOCOL, "answered with status %u", answer->status);
        return false;
    }
    if (answer->body.len > DOCUMENT_SIZE_MAX) {
        error_set(&s->error, ERROR_TOO_LARGE, "answered with more than %d bytes",
                  DOCUMENT_SIZE_MAX);
        return false;
    }
    *ret_body = answer->body;
    return true;
}

/* Takes the URL over. */
static void start(struct key_source *s, char *url, fetch_done_fn *done)
{
    free(s->url);
    s->url = url;
    struct fetch_request request = {
        .url = str_from(url), .timeout = FETCH_TIMEOUT, .size_max = DOCUMENT_SIZE_MAX};
    s->fetch = s->context->fetching->start(s->context->fetcher, &request, done, s);
}

static void on_keys(void *data, const struct fetch_answer *answer, const struct error *error)
{
    struct key_source *s = data;
    struct str body;
    struct key_set *keys =
        take_body(s, answer, error, &body) ? key_set_parse(body, &s->error) : NULL;
    if (keys) {
        succeed(s, keys, lifetime_of(answer->cache_control));
        return;
    }
    error_prefix(&s->error, "key set %s", s->url);
    fail(s);
}

static void start_keys(struct key_source *s, struct str uri)
{
    s->why = jwks_failed;
    start(s, xstrndup(uri.at, uri.len), on_keys);
}

static bool is_permitted(const struct key_source *s, struct str url)
{
    return str_starts_with_nocase(url, STR("https://")) ||
           (s->origin.http_allowed && str_starts_with_nocase(url, STR("http://")));
}

static struct str text_of(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return str_of(json_string_value(value), json_string_length(value));
}

/* The document must be the issuer's own (OpenID Connect Discovery 1.0, §4.3). */
static bool is_acceptable(struct key_source *s, struct str issuer, struct str jwks_uri)
{
    if (!issuer.at || !str_eq(issuer, s->origin.issuer)) {
        s->why = STR("OIDC discovery document names another issuer");
        error_set(&s->error, ERROR_PROTOCOL,
                  "it names the issuer '%" STR_F "': if that is meant, give its jwksUri under "
                  "'issuers'",
                  STR_A(str_head(issuer, 80)));
        return false;
    }
    if (!is_permitted(s, jwks_uri)) {
        s->why = STR("OIDC discovery document has no https jwks_uri");
        error_set(&s->error, ERROR_PROTOCOL, "its jwks_uri is no https URL");
        return false;
    }
    return true;
}

/* Goes on to the key set that the document names. */
static bool follow_discovery(struct key_source *s, struct str body)
{
    json_auto_t *root = json_loadb(body.len ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!root) {
        error_set(&s->error, ERROR_PROTOCOL, "it is no JSON");
        return false;
    }
    struct str jwks_uri = text_of(root, "jwks_uri");
    if (!is_acceptable(s, text_of(root, "issuer"), jwks_uri))
        return false;
    start_keys(s, jwks_uri);
    return true;
}

static void on_discovery(void *data, const struct fetch_answer *answer, const struct error *error)
{
    struct key_source *s = data;
    struct str body;
    if (take_body(s, answer, error, &body) && follow_discovery(s, body))
        return;
    error_prefix(&s->error, "discovery document %s", s->url);
    fail(s);
}

static void start_discovery(struct key_source *s)
{
    struct str issuer = s->origin.issuer;
    if (str_ends_with(issuer, STR("/")))
        issuer.len--;
    s->why = discovery_failed;
    start(s, xasprintf("%" STR_F WELL_KNOWN, STR_A(issuer)), on_discovery);
}

/* At most one is ever under way. */
static bool try_fetch(struct key_source *s)
{
    if (s->fetch)
        return true;
    if (s->origin.fixed || (s->failures > 0 && now_of(s) < s->retry_at))
        return false;
    s->attempted_at = now_of(s);
    if (s->origin.jwks_uri.len > 0)
        start_keys(s, s->origin.jwks_uri);
    else
        start_discovery(s);
    return true;
}

static struct figure *refresh_figure(struct key_source *s, struct str result)
{
    struct label labels[] = {
        {"issuer", s->origin.issuer},
        {"result", result          }
    };
    return counters_figure(s->context->counters, FIGURE_COUNTER, "turnpike_jwks_refresh_total",
                           "Fetches of issuers' key sets.", labels, ARRAY_LENGTH(labels));
}

static void find_figures(struct key_source *s)
{
    struct label labels[] = {
        {"issuer", s->origin.issuer}
    };
    s->successes = refresh_figure(s, STR("success"));
    s->errors = refresh_figure(s, STR("error"));
    s->last_success = counters_figure(s->context->counters, FIGURE_GAUGE,
                                      "turnpike_jwks_last_success_timestamp_seconds",
                                      "When an issuer's key set was last fetched.", labels, 1);
}

struct key_source *key_source_new(const struct key_source_context *context, uint64_t id,
                                  const struct key_source_origin *origin)
{
    struct key_source *s = xcalloc(1, sizeof(*s));
    arena_init(&s->arena, 1024);
    s->context = context;
    s->id = id;
    s->origin = *origin;
    s->origin.issuer = arena_copy(&s->arena, origin->issuer);
    s->origin.jwks_uri = arena_copy(&s->arena, origin->jwks_uri);
    s->keys = origin->fixed;
    s->why = origin->jwks_uri.len ? jwks_failed : discovery_failed;
    if (!origin->fixed)
        find_figures(s);
    return s;
}

void key_source_free(struct key_source *s)
{
    if (!s)
        return;
    assert(!s->waiting);
    if (s->fetch)
        s->context->fetching->cancel(s->fetch);
    free(s->url);
    key_set_free(s->keys);
    arena_release(&s->arena);
    free(s);
}

void key_source_warm(struct key_source *s)
{
    if (!s->keys)
        (void)try_fetch(s);
}

enum keys_state key_source_state(struct key_source *s)
{
    bool usable = s->keys && (s->origin.fixed || now_of(s) - s->fetched_at < LIFETIME_MAX);
    return usable ? KEYS_USABLE : KEYS_UNAVAILABLE;
}

enum keys_state key_source_use(struct key_source *s)
{
    if (LIKELY(s->keys && (s->origin.fixed || now_of(s) - s->fetched_at < s->lifetime / 5 * 4)))
        return KEYS_USABLE;

    bool fetching = try_fetch(s);
    bool over = !s->keys || now_of(s) - s->fetched_at >= s->lifetime;
    /* an issuer that failed last time is not waited for while there is something to go by */
    if (fetching && over && (s->failures == 0 || key_source_state(s) != KEYS_USABLE))
        return KEYS_PENDING;
    return key_source_state(s);
}

bool key_source_seek(struct key_source *s)
{
    if (s->fetch)
        return true;
    return now_of(s) - s->attempted_at >= SEEK_INTERVAL && try_fetch(s);
}
