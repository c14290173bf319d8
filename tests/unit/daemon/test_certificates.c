/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "turnpike/base/clock.h"

#include "testing.h"

#define NOW (UINT64_C(1767225600) * USEC_PER_SEC) /* 2026-01-01 */
#define DAY UINT64_C(86400)

static struct pem_pair authority, server;

static int make_both(void **state)
{
    (void)state;
    struct error error;
    return certificate_make_authority(NOW, &authority, &error) &&
                   certificate_make_server(NOW, &authority, &server, &error)
               ? 0
               : -1;
}

static int release_both(void **state)
{
    (void)state;
    pem_pair_release(&authority);
    pem_pair_release(&server);
    return 0;
}

static X509 *parse(const struct pem_pair *pair)
{
    BIO *bio = BIO_new_mem_buf(buf_str(&pair->certificate).at, (int)buf_len(&pair->certificate));
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static EVP_PKEY *parse_key(const struct pem_pair *pair)
{
    BIO *bio = BIO_new_mem_buf(buf_str(&pair->private_key).at, (int)buf_len(&pair->private_key));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return key;
}

/* X509_V_OK, or why a TLS client that trusts only our authority refuses at that time. */
static int verify(X509 *leaf, uint64_t wall)
{
    X509 *root = parse(&authority);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_true(X509_STORE_add_cert(store, root));
    assert_true(X509_STORE_CTX_init(context, store, leaf, NULL));
    X509_STORE_CTX_set_time(context, X509_V_FLAG_X509_STRICT, (time_t)(wall / USEC_PER_SEC));
    assert_true(X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER));
    int result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(root);
    return result;
}

static const struct {
    const char *name;
    int64_t days;
    int want;
} times[] = {
    {"now", 0, X509_V_OK},
    {"after 89 days", 89, X509_V_OK},
    {"after 91 days", 91, X509_V_ERR_CERT_HAS_EXPIRED},
    {"two days before it's made", -2, X509_V_ERR_CERT_NOT_YET_VALID},
};

static void verifies_against_its_authority(void **state)
{
    (void)state;
    X509 *leaf = parse(&server);
    FOR_EACH_CASE (c, times) {
        int got = verify(leaf, NOW + (uint64_t)(c->days * (int64_t)DAY) * USEC_PER_SEC);
        CHECK_CASE(c, got == c->want, "%s", X509_verify_cert_error_string(got));
    }
    assert_int_equal(verify(leaf, NOW - 600 * USEC_PER_SEC), X509_V_OK);
    X509_free(leaf);
}

static const struct {
    const char *name;
    bool address, want;
} names[] = {
    {"localhost", false, true},
    {"todo.execute-api.localhost", false, true},
    {"a.b.execute-api.localhost", false, false},
    {"todo.localhost", false, false},
    {"example.com", false, false},
    {"127.0.0.1", true, true},
    {"::1", true, true},
    {"127.0.0.2", true, false},
};

static void is_for_the_names_of_this_machine(void **state)
{
    (void)state;
    X509 *leaf = parse(&server);
    FOR_EACH_CASE (c, names) {
        int got = c->address ? X509_check_ip_asc(leaf, c->name, 0)
                             : X509_check_host(leaf, c->name, 0, 0, NULL);
        CHECK_CASE(c, (got == 1) == c->want, "%d", got);
    }
    X509_free(leaf);
}

static void keys_are_p256_and_fit(void **state)
{
    (void)state;
    const struct pem_pair *pairs[] = {&authority, &server};
    FOR_EACH (pair, pairs, ARRAY_LENGTH(pairs)) {
        char group[32] = "";
        X509 *certificate = parse(*pair);
        EVP_PKEY *key = parse_key(*pair);
        assert_int_equal(X509_check_private_key(certificate, key), 1);
        assert_true(EVP_PKEY_get_group_name(key, group, sizeof(group), NULL));
        assert_string_equal(group, "prime256v1");
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
}

/* A certificate for `name` that our authority signs, as a thief of its key could make it. */
static X509 *forge(const char *name)
{
    X509V3_CTX context;
    EVP_PKEY *key = parse_key(&authority);
    X509 *root = parse(&authority), *leaf = parse(&server);
    int at = X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1);
    X509_EXTENSION_free(X509_delete_ext(leaf, at));
    X509V3_set_ctx(&context, root, leaf, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, name);
    assert_true(X509_add_ext(leaf, extension, -1));
    assert_true(X509_sign(leaf, key, EVP_sha256()));
    X509_EXTENSION_free(extension);
    X509_free(root);
    EVP_PKEY_free(key);
    return leaf;
}

static const struct {
    const char *name;
    int want;
} forged[] = {
    {"DNS:localhost", X509_V_OK},
    {"DNS:x.localhost", X509_V_OK},
    {"IP:127.3.2.1", X509_V_OK},
    {"DNS:example.com", X509_V_ERR_PERMITTED_VIOLATION},
    {"DNS:notlocalhost", X509_V_ERR_PERMITTED_VIOLATION},
    {"IP:10.0.0.1", X509_V_ERR_PERMITTED_VIOLATION},
    {"IP:fe80::1", X509_V_ERR_PERMITTED_VIOLATION},
};

static void the_authority_vouches_for_nothing_else(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, forged) {
        X509 *leaf = forge(c->name);
        int got = verify(leaf, NOW);
        CHECK_CASE(c, got == c->want, "%s", X509_verify_cert_error_string(got));
        X509_free(leaf);
    }
}

static void each_has_a_serial_of_its_own(void **state)
{
    (void)state;
    X509 *root = parse(&authority), *leaf = parse(&server);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(root), X509_get0_serialNumber(leaf)), 0);
    X509_free(root);
    X509_free(leaf);
}

static void an_authority_that_is_none_is_refused(void **state)
{
    (void)state;
    struct error error;
    struct pem_pair made = {0}, mixed = {.certificate = authority.certificate,
                                         .private_key = server.private_key};
    assert_false(certificate_make_server(NOW, &mixed, &made, &error));
    assert_false(certificate_make_server(NOW, &made, &made, &error));
    pem_pair_release(&made);
}

static void reads_when_it_ends(void **state)
{
    (void)state;
    uint64_t end = 0;
    assert_true(certificate_read_end(buf_str(&server.certificate), &end));
    assert_true(end == NOW + SERVER_CERTIFICATE_DAYS * DAY * USEC_PER_SEC);
    assert_false(certificate_read_end(STR("nonsense"), &end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_against_its_authority),
        cmocka_unit_test(is_for_the_names_of_this_machine),
        cmocka_unit_test(keys_are_p256_and_fit),
        cmocka_unit_test(the_authority_vouches_for_nothing_else),
        cmocka_unit_test(each_has_a_serial_of_its_own),
        cmocka_unit_test(an_authority_that_is_none_is_refused),
        cmocka_unit_test(reads_when_it_ends),
    };
    return cmocka_run_group_tests(tests, make_both, release_both);
}
