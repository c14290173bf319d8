/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/token_request.h"

#include "sample.h"

static void add_issuer(struct builder *b, struct str issuer, struct str key)
{
    struct settings *settings = &b->snapshot->settings;
    struct issuer_settings *added = list_push(&b->snapshot->arena, &settings->issuers);
    added->issuer = issuer;
    added->signing_key_file.text = key;
}

/* An API for each audience of the array. */
static struct snapshot *make(struct diag *diag, const char *const *audiences, size_t count)
{
    struct builder b;
    builder_init(&b, diag);
    add_issuer(&b, STR("https://pool.example.com"), (struct str){0});
    add_issuer(&b, STR(SAMPLE_ISSUER), STR("dev-key.pem"));
    for (size_t i = 0; i < count; i++) {
        struct api *api = sample_add_api(&b, arena_printf(&b.snapshot->arena, "api%zu", i));
        (void)sample_add_authorizer(&b, api, STR("users"), str_from(audiences[i]));
    }
    return sample_finish(&b);
}

static void finds_the_issuer_that_has_a_key(void **state)
{
    (void)state;
    struct diag diag;
    struct error error;
    diag_init(&diag);
    struct snapshot *s = make(&diag, NULL, 0);
    const struct issuer_settings *found = token_find_issuer(s, STR(SAMPLE_ISSUER), &error);
    assert_str_equal(found->signing_key_file.text, STR("dev-key.pem"));
    assert_null(token_find_issuer(s, STR(SAMPLE_ISSUER "/"), &error));
    assert_non_null(strstr(error.text, "the configuration has " SAMPLE_ISSUER));
    assert_null(token_find_issuer(s, STR("https://pool.example.com"), &error));
    snapshot_unref(s);
    diag_release(&diag);
}

static const struct {
    const char *name;
    const char *audiences[3];
    size_t count;
    const char *want; /* NULL: refused */
} cases[] = {
    {"nobody asks for one", {NULL}, 0, ""},
    {"the only one", {"todo"}, 1, "todo"},
    {"the same one twice", {"todo", "todo"}, 2, "todo"},
    {"two to choose from", {"todo", "todo", "chat"}, 3, NULL},
};

static void the_audience_is_taken_where_it_is_unique(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct diag diag;
        struct error error;
        struct str got = {0};
        diag_init(&diag);
        struct snapshot *s = make(&diag, c->audiences, c->count);
        bool found = token_find_audience(s, STR(SAMPLE_ISSUER), &got, &error);
        CHECK_CASE(c, found == (c->want != NULL), "%d", found);
        CHECK_CASE(c, !c->want || str_is(got, c->want), "%" STR_F, STR_A(got));
        snapshot_unref(s);
        diag_release(&diag);
    }
}

static void other_issuers_do_not_count(void **state)
{
    (void)state;
    const char *const audience[] = {"todo"};
    struct diag diag;
    struct error error;
    struct str got = STR("x");
    diag_init(&diag);
    struct snapshot *s = make(&diag, audience, 1);
    assert_true(token_find_audience(s, STR("https://pool.example.com"), &got, &error));
    assert_str_equal(got, STR(""));
    snapshot_unref(s);
    diag_release(&diag);
}

static const struct {
    const char *name, *text;
    const char *claim, *value; /* NULL: refused */
} claims[] = {
    {"a text", "email=a@b.c", "email", "a@b.c"},
    {"an equals sign in it", "k=a=b", "k", "a=b"},
    {"an empty value", "k=", "k", ""},
    {"a colon in the name", "cognito:groups=[\"admin\"]", "cognito:groups", "[\"admin\"]"},
    {"no name", "=v", NULL, NULL},
    {"no equals sign", "admin", NULL, NULL},
};

static void reads_claims(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, claims) {
        struct arena arena;
        struct error error;
        const struct mint_claim *got = NULL;
        const char *items[] = {c->text};
        text_list texts = {items, 1, 1};
        arena_init(&arena, 256);
        bool read = token_read_claims(&texts, &arena, &got, &error);
        CHECK_CASE(c, read == (c->claim != NULL), "%d", read);
        CHECK_CASE(c, !read || (str_is(got->name, c->claim) && str_is(got->value, c->value)),
                   "%" STR_F, STR_A(got->value));
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_issuer_that_has_a_key),
        cmocka_unit_test(the_audience_is_taken_where_it_is_unique),
        cmocka_unit_test(other_issuers_do_not_count),
        cmocka_unit_test(reads_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
