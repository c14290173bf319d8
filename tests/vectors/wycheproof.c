/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the JOSE vectors of Project Wycheproof (testvectors_v1) against our parser, key sets and
 * signatures: `wycheproof DIRECTORY`. Valid RS256, RS384 and RS512 signatures must be accepted,
 * other valid ones refused as unsupported, and everything else refused. */
#include <jansson.h>
#include <stdio.h>

#include "turnpike/auth/token.h"
#include "turnpike/base/xalloc.h"

static const char *const files[] = {
    "json_web_signature_test.json",
    "json_web_key_test.json",
    "json_web_crypto_test.json",
};

/* How many vectors met their expectation, by what that was. */
struct tally {
    unsigned accepted, refused, unsupported, failed;
};

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The group's keys, public ones where they are told apart; NULL where none is of use to us. */
static struct key_set *keys_of(const json_t *group)
{
    json_t *keys = json_object_get(group, "public");
    if (!keys)
        keys = json_object_get(group, "private");
    json_auto_t *set =
        json_object_get(keys, "keys") ? json_incref(keys) : json_pack("{s:[O]}", "keys", keys);
    scoped_free char *text = xcheck(json_dumps(set, JSON_COMPACT));
    return key_set_parse(str_from(text), NULL);
}

/* What the vector holds as one text, whatever its serialisation. */
static char *text_of(const json_t *test)
{
    const json_t *value = json_object_get(test, "jws");
    if (!value)
        value = json_object_get(test, "jwe");
    if (json_is_string(value))
        return xstrndup(json_string_value(value), json_string_length(value));
    return xcheck(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
}

/* Signatures alone: the payloads of these vectors are no claims. */
static bool accepts(struct arena *a, const struct key_set *keys, struct str text,
                    struct str *ret_why)
{
    struct token token;
    if (!token_parse_jws(a, text, &token, ret_why))
        return false;
    const struct key *key = keys ? key_set_find(keys, token.kid, token.algorithm) : NULL;
    *ret_why = STR("no key of that kid");
    return key && token_verify(a, &token, key, ret_why);
}

/* Whether the text is a JWS that names an algorithm of ours. */
static bool is_ours(struct arena *a, struct str text)
{
    struct token token;
    struct str why;
    return token_parse_jws(a, text, &token, &why);
}

static bool run_test(struct arena *a, const struct key_set *keys, const json_t *test,
                     struct tally *tally)
{
    scoped_free char *raw = text_of(test);
    struct str text = str_from(raw), why = STR("");
    bool accepted = accepts(a, keys, text, &why);
    if (!str_is(STR("valid"), member(test, "result"))) {
        tally->refused += !accepted;
        return !accepted;
    }
    if (is_ours(a, text)) {
        tally->accepted += accepted;
        return accepted;
    }
    /* two are refused for their foreign characters before their HMAC is seen: their group has no
     * key of ours */
    bool unsupported = !accepted && (!keys || str_starts_with(why, STR("signing method ")));
    tally->unsupported += unsupported;
    return unsupported;
}

static void run_group(const json_t *group, struct tally *tally)
{
    struct arena arena;
    arena_init(&arena, 65536);
    struct key_set *keys = keys_of(group);
    const json_t *tests = json_object_get(group, "tests");
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        if (run_test(&arena, keys, test, tally))
            continue;
        tally->failed++;
        printf("vector %" JSON_INTEGER_FORMAT " (%s, %s) was not judged %s\n",
               json_integer_value(json_object_get(test, "tcId")), member(group, "comment"),
               member(test, "comment"), member(test, "result"));
    }
    key_set_free(keys);
    arena_release(&arena);
}

/* False where the file cannot be read. */
static bool run_file(const char *directory, const char *name, struct tally *tally)
{
    scoped_free char *path = xasprintf("%s/%s", directory, name);
    json_error_t why;
    json_auto_t *root = json_load_file(path, 0, &why);
    if (!root) {
        (void)fprintf(stderr, "%s: %s\n", path, why.text);
        return false;
    }
    const json_t *groups = json_object_get(root, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++)
        run_group(json_array_get(groups, i), tally);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: wycheproof DIRECTORY\n");
        return 2;
    }
    bool read = true;
    unsigned failed = 0;
    FOR_EACH (name, files, ARRAY_LENGTH(files)) {
        struct tally t = {0};
        read = run_file(argv[1], *name, &t) && read;
        printf("%s: %u accepted, %u refused, %u of other algorithms refused, %u failed\n", *name,
               t.accepted, t.refused, t.unsupported, t.failed);
        failed += t.failed + (t.accepted == 0);
    }
    return read && failed == 0 ? 0 : 1;
}
