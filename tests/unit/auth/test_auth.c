/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/auth.h"

#include "fake_fetch.h"
#include "forge.h"
#include "turnpike/auth/dev_key.h"

#define ISSUER "https://issuer.example"
#define JWKS   "https://issuer.example/jwks"
#define START  UINT64_C(1700000000)

static struct arena arena;
static struct forge_key key, other;
static struct str audience[] = {STR_INIT("app")}, wanted[] = {STR_INIT("a"), STR_INIT("c/d")};
static const struct position somewhere = {"turnpike.yaml", 3, 5};

/* Made anew for each test. */
static struct loop loop;
static struct fetcher fetcher;
static struct counters *counters;
static struct auth *auth;
static struct snapshot *snapshot;
static struct authorizer authorizer; /* of `snapshot` */
static struct route open_route, scoped_route;

static struct str jwks_of(const char *kid_of_key, const char *kid_of_other)
{
    struct str first = forge_jwk(&arena, &key, kid_of_key, ""),
               second = forge_jwk(&arena, &other, kid_of_other, "");
    return arena_printf(&arena, "{\"keys\":[%" STR_F ",%" STR_F "]}", STR_A(first), STR_A(second));
}

/* A snapshot of one API whose authorizer is `a`. */
static struct snapshot *make_snapshot(struct authorizer *a, struct str issuer)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    arena_init(&s->arena, 4096);
    s->references = 1;
    *a = (struct authorizer){.at = somewhere, .issuer = issuer, .audience = {audience, 1, 1}};
    struct api *api = *list_push(&s->arena, &s->apis) = arena_new(&s->arena, struct api);
    *list_push(&s->arena, &api->authorizers) = a;
    return s;
}

static struct issuer_settings *list_issuer(struct snapshot *s, struct str issuer)
{
    struct issuer_settings *listed = list_push(&s->arena, &s->settings.issuers);
    *listed = (struct issuer_settings){.at = somewhere, .issuer = issuer};
    return listed;
}

static void prepare(struct snapshot *s)
{
    struct diag diag;
    diag_init(&diag);
    auth_prepare(auth, s, &diag);
    assert_int_equal(diag.findings.count, 0);
    diag_release(&diag);
}

static int set_up(void **state)
{
    (void)state;
    loop_init(&loop);
    loop.wall = START * USEC_PER_SEC;
    loop.fresh = true;
    fetcher.count = 0;
    counters = counters_new();
    auth = auth_new_with(&loop, &fake_fetching, &fetcher, counters);
    snapshot = make_snapshot(&authorizer, STR(ISSUER));
    list_issuer(snapshot, STR(ISSUER))->jwks_uri = (struct written){STR(JWKS), somewhere};
    prepare(snapshot);
    open_route = (struct route){.authorizer = &authorizer};
    scoped_route = (struct route){.authorizer = &authorizer, .scopes = {wanted, 2, 2}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    snapshot_unref(snapshot);
    auth_free(auth);
    counters_free(counters);
    loop_release(&loop);
    return 0;
}

/* A check and what came of it. */
struct trial {
    struct token_check check;
    enum token_result result;
    unsigned calls;
};

static void on_checked(struct token_check *check, enum token_result result)
{
    struct trial *trial = container_of(check, struct trial, check);
    trial->result = result;
    trial->calls++;
}

static enum token_result begin(struct trial *trial, const struct route *route, struct str token)
{
    *trial = (struct trial){.check = {.authorizer = route->authorizer,
                                      .route = route,
                                      .token = token,
                                      .arena = &arena,
                                      .wall = loop_wall(&loop),
                                      .fn = on_checked}};
    return trial->result = token_check_start(auth, &trial->check);
}

/* Begins and ends a check that must not wait. */
static enum token_result check(const struct route *route, struct str token, const char *error)
{
    struct trial trial;
    enum token_result result = begin(&trial, route, token);
    assert_int_not_equal(result, TOKEN_PENDING);
    assert_str_equal(trial.check.error, str_from(error));
    token_check_release(&trial.check);
    return result;
}

static struct str payload_of(const char *more)
{
    return arena_printf(&arena, "{\"iss\":\"" ISSUER "\",\"aud\":\"app\",\"exp\":%lu%s}",
                        (unsigned long)START + 3600, more);
}

static struct str token_of(const char *more)
{
    return forge_token(&arena, &key, "k", payload_of(more));
}

static void have_keys(void)
{
    auth_warm(auth, snapshot);
    fake_answer(&fetcher, JWKS, jwks_of("k", "o"));
}

static uint64_t cache_count(const char *result)
{
    struct label label = {"result", str_from(result)};
    return counters_figure(counters, FIGURE_COUNTER, "turnpike_authorizer_cache_total", "", &label,
                           1)
        ->count;
}

static void a_sound_token_is_accepted(void **state)
{
    (void)state;
    have_keys();
    struct trial trial;
    struct str token = token_of(",\"sub\":\"me\",\"scope\":\"b a\"");
    assert_int_equal(begin(&trial, &scoped_route, token), TOKEN_ACCEPTED);
    assert_str_equal(trial.check.identity.claims_json,
                     STR("{\"iss\":\"" ISSUER
                         "\",\"aud\":\"app\",\"exp\":\"1700003600\",\"sub\":\"me\","
                         "\"scope\":\"b a\"}"));
    assert_int_equal(trial.check.identity.scope_count, 2); /* all of the token's */
    assert_str_equal(trial.check.identity.scopes[0], STR("b"));
    token_check_release(&trial.check);
    assert_null(trial.check.identity.claims);
    token_check_release(&trial.check);

    struct str bearer = arena_printf(&arena, "bearer %" STR_F, STR_A(token));
    assert_int_equal(check(&open_route, bearer, ""), TOKEN_ACCEPTED);
}

#define CHECKED "crypto/rsa: verification error"

static void the_reason_is_the_first_in_aws_order(void **state)
{
    (void)state;
    /* before any key is there: what is wrong with the token itself, and no fetch for it */
    assert_int_equal(check(&open_route, STR(""), ""), TOKEN_REFUSED);
    assert_int_equal(check(&open_route, STR("Bearer "), ""), TOKEN_REFUSED);
    assert_int_equal(check(&open_route, STR("x.y"), "token contains an invalid number of segments"),
                     TOKEN_REFUSED);
    struct str es256 = forge_token_with(&arena, &key, "SHA256",
                                        STR("{\"alg\":\"ES256\",\"kid\":\"k\"}"), STR("{}"));
    assert_int_equal(check(&open_route, es256, "signing method ES256 is invalid"), TOKEN_REFUSED);
    assert_int_equal(fetcher.count, 0);

    have_keys();
    struct str expired = STR("{\"iss\":\"" ISSUER "\",\"aud\":\"x\",\"exp\":1}");
    assert_int_equal(check(&open_route, forge_token(&arena, &key, "new", expired),
                           "the key id of the token is not known"),
                     TOKEN_REFUSED);
    assert_int_equal(check(&open_route, forge_token(&arena, &key, "o", expired), CHECKED),
                     TOKEN_REFUSED);
    assert_int_equal(check(&open_route, forge_token(&arena, &key, "k", expired),
                           "the token does not have a valid audience"),
                     TOKEN_REFUSED);
    assert_int_equal(
        check(&open_route, token_of(",\"nbf\":1700000001"), "the token is not valid yet"),
        TOKEN_REFUSED);
    assert_int_equal(check(&scoped_route, token_of(",\"scope\":\"b\""),
                           "the token does not have a required scope"),
                     TOKEN_FORBIDDEN);
    assert_int_equal(check(&scoped_route, token_of(",\"scope\":\"b c/d\""), ""), TOKEN_ACCEPTED);
}

static void checks_wait_for_the_one_fetch(void **state)
{
    (void)state;
    struct trial trials[4];
    struct str token = token_of("");
    FOR_EACH (t, trials, 3)
        assert_int_equal(begin(t, &open_route, token), TOKEN_PENDING);
    assert_int_equal(begin(&trials[3], &scoped_route, token), TOKEN_PENDING);
    assert_int_equal(fetcher.count, 1);
    token_check_release(&trials[1].check); /* its client has gone */
    assert_int_equal(trials[0].calls, 0);
    fake_answer(&fetcher, JWKS, jwks_of("k", "o"));
    assert_int_equal(trials[0].calls, 1);
    assert_int_equal(trials[0].result, TOKEN_ACCEPTED);
    assert_int_equal(trials[1].calls, 0);
    assert_int_equal(trials[2].result, TOKEN_ACCEPTED);
    assert_int_equal(trials[3].result, TOKEN_FORBIDDEN);
    FOR_EACH (t, trials, 4)
        token_check_release(&t->check);
}

static void without_keys_the_door_is_closed(void **state)
{
    (void)state;
    struct trial trial;
    assert_int_equal(begin(&trial, &open_route, token_of("")), TOKEN_PENDING);
    fake_fail(&fetcher, JWKS);
    assert_int_equal(trial.result, TOKEN_REFUSED);
    assert_str_equal(trial.check.error, STR("JWKS communication error"));
    token_check_release(&trial.check);
    /* and for a moment nobody waits again */
    assert_int_equal(check(&open_route, token_of(""), "JWKS communication error"), TOKEN_REFUSED);
    assert_int_equal(fetcher.count, 1);
}

static void a_new_kid_is_fetched_once_in_30_seconds(void **state)
{
    (void)state;
    have_keys();
    struct str token = forge_token(&arena, &other, "new", payload_of(""));
    assert_int_equal(check(&open_route, token, "the key id of the token is not known"),
                     TOKEN_REFUSED);
    turn_clock(&loop, 30);
    struct trial first, second, known;
    assert_int_equal(begin(&first, &open_route, token), TOKEN_PENDING);
    assert_int_equal(
        begin(&second, &open_route, forge_token(&arena, &other, "never", payload_of(""))),
        TOKEN_PENDING);
    assert_int_equal(begin(&known, &open_route, token_of("")), TOKEN_ACCEPTED);
    fake_answer(&fetcher, JWKS, jwks_of("k", "new"));
    assert_int_equal(first.result, TOKEN_ACCEPTED);
    assert_int_equal(second.result, TOKEN_REFUSED);
    assert_int_equal(fetcher.count, 2);
    token_check_release(&first.check);
    token_check_release(&second.check);
    token_check_release(&known.check);
}

static void hits_are_judged_anew(void **state)
{
    (void)state;
    have_keys();
    struct str token = token_of(",\"scope\":\"b\"");
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    assert_int_equal(check(&scoped_route, token, "the token does not have a required scope"),
                     TOKEN_FORBIDDEN);
    assert_int_equal(cache_count("hit"), 2);
    assert_int_equal(cache_count("miss"), 1);

    struct str elsewhere[] = {STR("another")};
    struct authorizer strict = authorizer;
    strict.audience.items = elsewhere;
    assert_int_equal(check(&(struct route){.authorizer = &strict}, token,
                           "the token does not have a valid audience"),
                     TOKEN_REFUSED);
    assert_int_equal(cache_count("hit"), 3);

    turn_clock(&loop, 3599);
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    turn_clock(&loop, 1);
    struct trial trial; /* its keys are an hour old by now, too */
    assert_int_equal(begin(&trial, &open_route, token), TOKEN_PENDING);
    fake_answer(&fetcher, JWKS, jwks_of("k", "o"));
    assert_int_equal(trial.result, TOKEN_REFUSED);
    assert_str_equal(trial.check.error, STR("the token has expired"));
    token_check_release(&trial.check);
}

static void a_hit_allocates_nothing(void **state)
{
    (void)state;
    have_keys();
    struct str token = token_of("");
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    size_t used = arena.used;
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    assert_int_equal(arena.used, used);
}

static void tokens_go_with_their_key(void **state)
{
    (void)state;
    have_keys();
    struct str token = token_of(",\"sub\":\"me\"");
    struct trial held;
    assert_int_equal(begin(&held, &open_route, token), TOKEN_ACCEPTED);
    turn_clock(&loop, 3000);
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED); /* refreshes beside */
    fake_answer(&fetcher, JWKS, jwks_of("k2", "o"));
    assert_int_equal(check(&open_route, token, "the key id of the token is not known"),
                     TOKEN_REFUSED);
    assert_str_equal(held.check.identity.claims[3].value, STR("me")); /* in use */
    token_check_release(&held.check);
}

static void cached_tokens_need_usable_keys(void **state)
{
    (void)state;
    have_keys();
    struct str token = forge_token(&arena, &key, "k",
                                   STR("{\"iss\":\"" ISSUER "\",\"aud\":\"app\",\"exp\":1e11}"));
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    turn_clock(&loop, 7200);
    struct trial trial;
    assert_int_equal(begin(&trial, &open_route, token), TOKEN_PENDING);
    fake_fail(&fetcher, JWKS);
    assert_int_equal(trial.result, TOKEN_REFUSED);
    assert_str_equal(trial.check.error, STR("JWKS communication error"));
    token_check_release(&trial.check);
}

/* A key of one issuer must not open another issuer's doors, cached or not. */
static void issuers_are_kept_apart(void **state)
{
    (void)state;
    have_keys();
    struct authorizer second;
    struct snapshot *s = make_snapshot(&second, STR("https://second.example"));
    list_issuer(s, STR("https://second.example"))->jwks_uri =
        (struct written){STR("https://second.example/jwks"), somewhere};
    prepare(s);
    auth_warm(auth, s);
    fake_answer(&fetcher, "https://second.example/jwks", jwks_of("x", "k"));

    struct str token = token_of("");
    struct route route = {.authorizer = &second};
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);
    assert_int_equal(check(&route, token, CHECKED), TOKEN_REFUSED);
    struct str foreign =
        forge_token(&arena, &other, "k", payload_of("")); /* names the first issuer */
    assert_int_equal(check(&route, foreign, "issuer does not match"), TOKEN_REFUSED);
    snapshot_unref(s);
}

static void a_reload_keeps_keys_and_tokens(void **state)
{
    (void)state;
    have_keys();
    struct str token = token_of("");
    assert_int_equal(check(&open_route, token, ""), TOKEN_ACCEPTED);

    struct authorizer next;
    struct snapshot *s = make_snapshot(&next, STR(ISSUER));
    list_issuer(s, STR(ISSUER))->jwks_uri = (struct written){STR(JWKS), somewhere};
    prepare(s);
    assert_ptr_equal(next.keys, authorizer.keys);
    snapshot_unref(snapshot);
    snapshot = s;
    auth_warm(auth, s);
    assert_int_equal(check(&(struct route){.authorizer = &next}, token, ""), TOKEN_ACCEPTED);
    assert_int_equal(fetcher.count, 1);
    assert_int_equal(cache_count("hit"), 1);
}

static void other_origins_are_other_sources(void **state)
{
    (void)state;
    have_keys();
    struct authorizer next;
    struct snapshot *s = make_snapshot(&next, STR(ISSUER));
    prepare(s); /* by discovery */
    assert_ptr_not_equal(next.keys, authorizer.keys);
    struct trial trial;
    assert_int_equal(begin(&trial, &(struct route){.authorizer = &next}, token_of("")),
                     TOKEN_PENDING);
    assert_string_equal(fetcher.fetches[1].url, ISSUER "/.well-known/openid-configuration");
    token_check_release(&trial.check);
    snapshot_unref(s); /* cancels */
    assert_false(fetcher.fetches[1].live);
}

/* What listing an issuer permits must not outlive the list. */
static void listed_and_unlisted_are_other_sources(void **state)
{
    (void)state;
    struct authorizer listed, unlisted;
    struct snapshot *before = make_snapshot(&listed, STR("https://i")),
                    *after = make_snapshot(&unlisted, STR("https://i"));
    (void)list_issuer(before, STR("https://i"));
    prepare(before);
    prepare(after);
    assert_true(listed.keys->origin.http_allowed);
    assert_false(unlisted.keys->origin.http_allowed);
    snapshot_unref(before);
    snapshot_unref(after);
}

static void on_checked_start_again(struct token_check *c, enum token_result result)
{
    on_checked(c, result);
    struct trial *trial = container_of(c, struct trial, check);
    token_check_release(c);
    if (trial->calls == 1)
        trial->result = token_check_start(auth, c);
}

static void callbacks_may_check_again(void **state)
{
    (void)state;
    struct trial trial, beside;
    assert_int_equal(begin(&trial, &open_route, token_of("")), TOKEN_PENDING);
    assert_int_equal(begin(&beside, &open_route, token_of("")), TOKEN_PENDING);
    trial.check.fn = on_checked_start_again;
    fake_fail(&fetcher, JWKS);
    assert_int_equal(trial.calls, 1);
    assert_int_equal(trial.result, TOKEN_REFUSED);
    assert_int_equal(beside.calls, 1);
    token_check_release(&trial.check);
    token_check_release(&beside.check);
}

static void on_checked_release_snapshot(struct token_check *c, enum token_result result)
{
    on_checked(c, result);
    token_check_release(c);
    snapshot_unref(take(&snapshot));
}

static void the_last_snapshot_may_go_in_a_callback(void **state)
{
    (void)state;
    struct trial trial;
    assert_int_equal(begin(&trial, &open_route, token_of("")), TOKEN_PENDING);
    trial.check.fn = on_checked_release_snapshot;
    fake_answer(&fetcher, JWKS, jwks_of("k", "o"));
    assert_int_equal(trial.result, TOKEN_ACCEPTED);
}

static void an_empty_check_may_be_released(void **state)
{
    (void)state;
    struct token_check nothing = {0};
    token_check_release(&nothing);
}

static unsigned refreshes, failures;

static void on_refreshed(void *data, struct str issuer, const struct error *error)
{
    assert_ptr_equal(data, &refreshes);
    assert_str_equal(issuer, STR(ISSUER));
    refreshes++;
    if (error) {
        failures++;
        assert_string_equal(error->text, "key set " JWKS ": timed out");
    }
}

static void refreshes_are_told(void **state)
{
    (void)state;
    refreshes = failures = 0;
    auth_on_refresh(auth, on_refreshed, &refreshes);
    auth_warm(auth, snapshot);
    fake_fail(&fetcher, JWKS);
    assert_int_equal(failures, 1);
    turn_clock(&loop, 1);
    have_keys();
    assert_int_equal(refreshes, 2);
    assert_int_equal(failures, 1);
}

/* Files are made in a directory of their own, which is left as it was found. */
static char directory[] = "/tmp/test_auth.XXXXXX";

static struct str write_file(const char *name, struct str content)
{
    char *path = arena_cstring(&arena, arena_printf(&arena, "%s/%s", directory, name));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content.at, 1, content.len, file), content.len);
    assert_int_equal(fclose(file), 0);
    return str_from(path);
}

static void keys_from_files(void **state)
{
    (void)state;
    struct authorizer a;
    struct snapshot *s = make_snapshot(&a, STR("https://dev.localhost"));
    struct str private, public, path;
    assert_true(dev_key_generate(&arena, &private, &public, NULL));
    (void)write_file("dev-key.pub.pem", public);
    path = arena_printf(&arena, "%s/dev-key.pem", directory); /* there is no such file */
    list_issuer(s, STR("https://dev.localhost"))->signing_key_file =
        (struct written){path, somewhere};
    prepare(s);
    assert_int_equal(a.keys->keys->keys.count, 1);

    struct authorizer b;
    struct snapshot *reloaded = make_snapshot(&b, STR("https://dev.localhost"));
    list_issuer(reloaded, STR("https://dev.localhost"))->signing_key_file =
        (struct written){path, somewhere};
    prepare(reloaded);
    assert_ptr_equal(a.keys, b.keys);

    struct authorizer c;
    struct snapshot *changed = make_snapshot(&c, STR("https://dev.localhost"));
    (void)write_file("dev-key.pub.pem", forge_public_pem(&arena, &key));
    list_issuer(changed, STR("https://dev.localhost"))->signing_key_file =
        (struct written){path, somewhere};
    prepare(changed);
    assert_ptr_not_equal(a.keys, c.keys); /* and the old snapshot keeps its own */
    assert_str_equal(c.keys->keys->keys.items[0].kid, str_from(key.thumbprint));

    struct authorizer d;
    struct snapshot *set = make_snapshot(&d, STR("https://dev.localhost"));
    list_issuer(set, STR("https://dev.localhost"))->jwks_file =
        (struct written){write_file("jwks.json", jwks_of("k", "o")), somewhere};
    prepare(set);
    assert_int_equal(d.keys->keys->keys.count, 2);
    assert_int_equal(fetcher.count, 0);

    snapshot_unref(s);
    snapshot_unref(reloaded);
    snapshot_unref(changed);
    snapshot_unref(set);
}

/* What auth_prepare reports of one listed issuer; %s is the directory. */
static const struct {
    const char *name, *issuer;
    const char *jwks_uri, *jwks_file, *signing_key_file;
    const char *want;
} problems[] = {
    {"no such file", "https://i", NULL, NULL, "none.pem",
     "signingKeyFile '%s/none.pub.pem': cannot open it: No such file or directory; 'turnpike init' "
     "makes a "
     "pair"},
    {"another suffix", "https://i", NULL, NULL, "key.txt",
     "signingKeyFile '%s/key.txt': its name must end in .pem (the public half is the .pub.pem "
     "beside it)"},
    {"no key in it", "https://i", NULL, NULL, "empty.pem",
     "signingKeyFile '%s/empty.pub.pem': it holds no RSA public key in PEM form"},
    {"no set in it", "https://i", NULL, "private.json", NULL,
     "jwksFile '%s/private.json': line 1, column 1: it is no JSON"},
    {"no usable key", "https://i", NULL, "none.json", NULL,
     "jwksFile '%s/none.json': none of its 0 keys is an RSA key with a 'kid' that may verify "
     "signatures"},
    {"a directory", "https://i", NULL, "", NULL, "jwksFile '%s/': cannot read it: Is a directory"},
    {"too large", "https://i", NULL, "large.json", NULL,
     "jwksFile '%s/large.json': it is larger than 150000 bytes"},
    {"no URL", "https://i", "ftp://x/", NULL, NULL,
     "jwksUri 'ftp://x/' is no http:// or https:// URL"},
    {"an issuer without", "issuer", NULL, NULL, NULL,
     "issuer 'issuer' is no http:// or https:// URL"},
};

static struct written in_directory(const char *name)
{
    if (!name)
        return (struct written){0};
    return (struct written){arena_printf(&arena, "%s/%s", directory, name), somewhere};
}

static void what_cannot_work_is_reported(void **state)
{
    (void)state;
    (void)write_file("empty.pub.pem", STR(""));
    (void)write_file("private.json", STR("-----BEGIN PRIVATE KEY-----\nsecret\n"));
    (void)write_file("none.json", STR("{\"keys\":[]}"));
    char *large = arena_zalloc(&arena, 150001);
    (void)write_file("large.json", str_of(large, 150001));
    FOR_EACH_CASE (c, problems) {
        struct authorizer a;
        struct snapshot *s = make_snapshot(&a, str_from(c->issuer));
        struct issuer_settings *listed = list_issuer(s, str_from(c->issuer));
        listed->jwks_uri = (struct written){str_from(c->jwks_uri), somewhere};
        listed->jwks_file = in_directory(c->jwks_file);
        listed->signing_key_file = in_directory(c->signing_key_file);
        struct diag diag;
        diag_init(&diag);
        auth_prepare(auth, s, &diag);
        CHECK_CASE(c, diag.error_count == 1, "%zu errors", diag.error_count);
        char want[500];
        const char *mark = strstr(c->want, "%s");
        (void)snprintf(want, sizeof(want), "%.*s%s%s", mark ? (int)(mark - c->want) : 0, c->want,
                       mark ? directory : "", mark ? mark + 2 : c->want);
        CHECK_CASE(c, str_is(diag.findings.items[0].message, want), "got '%" STR_F "'",
                   STR_A(diag.findings.items[0].message));
        CHECK_CASE(c, diag.findings.items[0].at.line == 3, "position");
        diag_release(&diag);
        snapshot_unref(s);
    }
}

static void http_is_for_listed_issuers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *issuer;
        bool listed;
        unsigned errors;
    } cases[] = {
        {"https", "https://i", false, 0},
        {"http", "http://i", false, 1},
        {"http, listed", "http://i", true, 0},
        {"no URL", "accounts", false, 1},
    };
    FOR_EACH_CASE (c, cases) {
        struct authorizer a;
        struct snapshot *s = make_snapshot(&a, str_from(c->issuer));
        if (c->listed)
            (void)list_issuer(s, str_from(c->issuer));
        struct diag diag;
        diag_init(&diag);
        auth_prepare(auth, s, &diag);
        CHECK_CASE(c, diag.error_count == c->errors, "%zu errors", diag.error_count);
        CHECK_CASE(c, !a.keys == !!c->errors, "keys");
        diag_release(&diag);
        snapshot_unref(s);
    }
}

static int make_keys(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    key = forge_key(2048);
    other = forge_key(2048);
    return mkdtemp(directory) ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    static const char *const files[] = {
        "dev-key.pub.pem", "jwks.json", "empty.pub.pem", "private.json", "none.json",
        "large.json",      ""};
    FOR_EACH (file, files, ARRAY_LENGTH(files))
        (void)remove(arena_cstring(&arena, arena_printf(&arena, "%s/%s", directory, *file)));
    forge_release(&key);
    forge_release(&other);
    arena_release(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sound_token_is_accepted),
        TEST(the_reason_is_the_first_in_aws_order),
        TEST(checks_wait_for_the_one_fetch),
        TEST(without_keys_the_door_is_closed),
        TEST(a_new_kid_is_fetched_once_in_30_seconds),
        TEST(hits_are_judged_anew),
        TEST(a_hit_allocates_nothing),
        TEST(tokens_go_with_their_key),
        TEST(cached_tokens_need_usable_keys),
        TEST(issuers_are_kept_apart),
        TEST(a_reload_keeps_keys_and_tokens),
        TEST(other_origins_are_other_sources),
        TEST(listed_and_unlisted_are_other_sources),
        TEST(callbacks_may_check_again),
        TEST(the_last_snapshot_may_go_in_a_callback),
        TEST(an_empty_check_may_be_released),
        TEST(refreshes_are_told),
        TEST(keys_from_files),
        TEST(what_cannot_work_is_reported),
        TEST(http_is_for_listed_issuers),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
