/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/temporary_keys.h"

#include "signature_fixture.h"
#include "turnpike/auth/policy.h"
#include "turnpike/base/sigv4.h"

struct keys_fixture {
    struct temporary_keys *keys;
    struct temporary_key key;
    struct signature_fixture signature;
};

static void setup(struct keys_fixture *f)
{
    signature_fixture_init(&f->signature);
    f->keys = temporary_keys_new();
    f->signature.check.temporary_keys = f->keys;
    temporary_keys_issue(f->keys, STR("chat"), STR("123456789012"), &f->key);
}

static void teardown(struct keys_fixture *f)
{
    temporary_keys_free(f->keys);
    signature_fixture_release(&f->signature);
}

static void consists_of(const char *text, const char *alphabet, size_t len)
{
    assert_int_equal(strlen(text), len);
    assert_int_equal(strspn(text, alphabet), len);
}

#define BASE32    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static void keys_have_the_form_of_temporary_ones(void **state)
{
    (void)state;
    struct keys_fixture f;
    struct temporary_key other;
    setup(&f);
    assert_memory_equal(f.key.access_key_id, "ASIA", 4);
    consists_of(f.key.access_key_id + 4, BASE32, 16);
    consists_of(f.key.secret_access_key, BASE64URL, 40);
    consists_of(f.key.session_token, BASE64URL, 256);

    temporary_keys_issue(f.keys, STR("chat"), STR("123456789012"), &other);
    assert_string_not_equal(f.key.access_key_id, other.access_key_id);
    assert_string_not_equal(f.key.secret_access_key, other.secret_access_key);
    assert_string_not_equal(f.key.session_token, other.session_token);
    teardown(&f);
}

static void keys_are_found_until_they_are_revoked(void **state)
{
    (void)state;
    struct keys_fixture f;
    struct temporary_key other;
    setup(&f);
    struct str id = str_from(f.key.access_key_id);
    temporary_keys_issue(f.keys, STR("todo"), STR("123456789012"), &other);
    const struct credential *found = temporary_keys_find(f.keys, id);
    assert_non_null(found);
    assert_str_equal(found->secret_access_key, str_from(f.key.secret_access_key));
    assert_str_equal(found->session_token, str_from(f.key.session_token));
    assert_str_equal(found->user_arn, STR("arn:aws:sts::123456789012:assumed-role/chat/chat"));

    temporary_keys_revoke(f.keys, id);
    temporary_keys_revoke(f.keys, id);
    assert_null(temporary_keys_find(f.keys, id));
    assert_non_null(temporary_keys_find(f.keys, str_from(other.access_key_id)));
    assert_null(temporary_keys_find(NULL, id));
    teardown(&f);
}

static const struct {
    const char *name, *action, *resource;
    bool allowed;
} rights[] = {
    {"a push", "execute-api:ManageConnections",
     "arn:aws:execute-api:us-east-1:123456789012:chat/prod/POST/@connections/x", true},
    {"an invocation", "lambda:InvokeFunction",
     "arn:aws:lambda:us-east-1:123456789012:function:todo", true},
    {"a call of an API", "execute-api:Invoke",
     "arn:aws:execute-api:us-east-1:123456789012:todo/$default/GET/", false},
    {"another action of Lambda", "lambda:InvokeFunctionUrl",
     "arn:aws:lambda:us-east-1:123456789012:function:todo", false},
    {"another service", "sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:q", false},
};

static void keys_may_push_and_invoke_and_nothing_else(void **state)
{
    (void)state;
    struct keys_fixture f;
    setup(&f);
    const struct credential *c = temporary_keys_find(f.keys, str_from(f.key.access_key_id));
    FOR_EACH_CASE (r, rights)
        CHECK_CASE(r,
                   credential_allows(c, str_from(r->action), str_from(r->resource)) == r->allowed,
                   "%s", r->action);
    teardown(&f);
}

/* A request that the key has signed, as text whose lines end in LF. */
static struct str sign(struct keys_fixture *f, const struct temporary_key *key)
{
    struct header host = {STR("Host"), STR("chat.example.com")};
    struct sigv4_request request = {.method = STR("POST"),
                                    .path = STR("/prod/x"),
                                    .headers = &host,
                                    .header_count = 1,
                                    .payload = STR("hello")};
    struct sigv4_key signing = {str_from(key->access_key_id), str_from(key->secret_access_key),
                                str_from(key->session_token)};
    scoped_buf struct buf head = {0};
    buf_literal(&head, "POST /prod/x HTTP/1.1\r\nHost: chat.example.com\r\n");
    sigv4_sign(&head, &signing, STR("us-east-1"), STR("execute-api"), &request,
               f->signature.check.wall);
    char *text = arena_bytes(&f->signature.arena, buf_len(&head)), *end = text;
    for (size_t i = 0; i < buf_len(&head); i++)
        if (buf_str(&head).at[i] != '\r')
            *end++ = buf_str(&head).at[i];
    return str_of(text, (size_t)(end - text));
}

static enum signature_result verify(struct keys_fixture *f, const struct temporary_key *key)
{
    assert_true(signature_fixture_parse(&f->signature, sign(f, key)));
    return signature_fixture_verify(&f->signature, STR("hello"));
}

static void what_a_key_has_signed_is_valid_until_it_is_revoked(void **state)
{
    (void)state;
    struct keys_fixture f;
    setup(&f);
    struct signature_check *check = &f.signature.check;
    assert_int_equal(verify(&f, &f.key), SIGNATURE_VALID);
    assert_str_equal(check->credential->access_key_id, str_from(f.key.access_key_id));
    assert_int_equal(check->credential->secret_access_key.len, 0);

    temporary_keys_revoke(f.keys, str_from(f.key.access_key_id)); /* whose holder is known still: */
    assert_str_equal(check->credential->user_arn,
                     STR("arn:aws:sts::123456789012:assumed-role/chat/chat"));
    assert_true(credential_allows(check->credential, STR("lambda:InvokeFunction"), STR("arn:x")));

    assert_int_equal(verify(&f, &f.key), SIGNATURE_UNKNOWN);
    teardown(&f);
}

static void a_key_that_is_revoked_before_the_body_is_there_is_refused(void **state)
{
    (void)state;
    struct keys_fixture f;
    setup(&f);
    struct signature_check *check = &f.signature.check;
    assert_true(signature_fixture_parse(&f.signature, sign(&f, &f.key)));
    check->settings = &f.signature.settings;
    check->request = &f.signature.request;
    check->arena = &f.signature.arena;
    assert_int_equal(signature_begin(check), SIGNATURE_VALID);
    temporary_keys_revoke(f.keys, str_from(f.key.access_key_id));
    f.signature.request.body = STR("hello");
    assert_int_equal(signature_finish(check), SIGNATURE_UNKNOWN);
    assert_null(check->credential);
    teardown(&f);
}

/* Nobody learns which half was wrong. */
static void a_wrong_token_is_answered_as_an_unknown_key(void **state)
{
    (void)state;
    struct keys_fixture f;
    setup(&f);
    struct temporary_key wrong = f.key;
    wrong.session_token[0] ^= 1;
    assert_int_equal(verify(&f, &wrong), SIGNATURE_UNKNOWN);
    struct str of_token = f.signature.check.message;
    wrong = f.key;
    wrong.access_key_id[5] = wrong.access_key_id[5] == 'A' ? 'B' : 'A';
    assert_int_equal(verify(&f, &wrong), SIGNATURE_UNKNOWN);
    assert_str_equal(f.signature.check.message, of_token);
    wrong = f.key;
    wrong.session_token[0] = '\0';
    assert_int_equal(verify(&f, &wrong), SIGNATURE_UNKNOWN);
    wrong = f.key;
    wrong.secret_access_key[0] ^= 1;
    assert_int_equal(verify(&f, &wrong), SIGNATURE_WRONG);
    teardown(&f);
}

static void without_a_store_there_are_none(void **state)
{
    (void)state;
    struct keys_fixture f;
    setup(&f);
    f.signature.check.temporary_keys = NULL;
    assert_int_equal(verify(&f, &f.key), SIGNATURE_UNKNOWN);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_form_of_temporary_ones),
        cmocka_unit_test(keys_are_found_until_they_are_revoked),
        cmocka_unit_test(keys_may_push_and_invoke_and_nothing_else),
        cmocka_unit_test(what_a_key_has_signed_is_valid_until_it_is_revoked),
        cmocka_unit_test(a_key_that_is_revoked_before_the_body_is_there_is_refused),
        cmocka_unit_test(a_wrong_token_is_answered_as_an_unknown_key),
        cmocka_unit_test(without_a_store_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
