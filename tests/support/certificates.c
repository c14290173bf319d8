/* SPDX-License-Identifier: Apache-2.0 */
#include "certificates.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "testing.h"

void certificates_init(struct certificates *c)
{
    (void)snprintf(c->directory, sizeof(c->directory), "/tmp/turnpike-tls-XXXXXX");
    assert_non_null(mkdtemp(c->directory));
}

void certificates_release(struct certificates *c)
{
    DIR *directory = opendir(c->directory);
    assert_non_null(directory);
    struct dirent *entry;
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
    (void)closedir(directory);
    (void)rmdir(c->directory);
}

struct str certificates_path(const struct certificates *c, const char *file)
{
    static char paths[8][160];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", c->directory, file);
    return str_from(path);
}

static FILE *create(const struct certificates *c, const char *name, const char *suffix)
{
    char file[64];
    (void)snprintf(file, sizeof(file), "%s%s", name, suffix);
    FILE *f = fopen(certificates_path(c, file).at, "w");
    assert_non_null(f);
    return f;
}

static X509 *sign(EVP_PKEY *key, const char *host, int from, int until)
{
    X509 *x509 = X509_new();
    (void)X509_set_version(x509, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(x509), from);
    (void)X509_gmtime_adj(X509_getm_notAfter(x509), until);
    (void)X509_set_pubkey(x509, key);
    X509_NAME *name = X509_get_subject_name(x509);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)host, -1, -1,
                                     0);
    (void)X509_set_issuer_name(x509, name);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

void certificates_make(const struct certificates *c, const char *name, const char *host,
                       enum key_kind kind, int from, int until)
{
    EVP_PKEY *key = kind == KEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    assert_non_null(key);
    X509 *x509 = sign(key, host, from, until);
    FILE *f = create(c, name, ".pem");
    assert_true(PEM_write_X509(f, x509));
    (void)fclose(f);
    f = create(c, name, "-key.pem");
    assert_true(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
    (void)fclose(f);
    X509_free(x509);
    EVP_PKEY_free(key);
}

void certificates_write(const struct certificates *c, const char *name, struct str content)
{
    FILE *f = create(c, name, "");
    assert_int_equal(fwrite(content.at, 1, content.len, f), content.len);
    (void)fclose(f);
}

void certificates_encrypt(const struct certificates *c, const char *name, const char *to)
{
    char file[64], passphrase[] = "secret";
    (void)snprintf(file, sizeof(file), "%s-key.pem", name);
    FILE *f = fopen(certificates_path(c, file).at, "r");
    assert_non_null(f);
    EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    assert_non_null(key);
    (void)fclose(f);
    f = create(c, to, "");
    assert_true(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(), (unsigned char *)passphrase, 6,
                                     NULL, NULL));
    (void)fclose(f);
    EVP_PKEY_free(key);
}

SSL_CTX *certificates_context(const struct certificates *c, const char *name)
{
    char file[64];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    (void)snprintf(file, sizeof(file), "%s.pem", name);
    assert_true(SSL_CTX_use_certificate_chain_file(context, certificates_path(c, file).at));
    (void)snprintf(file, sizeof(file), "%s-key.pem", name);
    assert_true(
        SSL_CTX_use_PrivateKey_file(context, certificates_path(c, file).at, SSL_FILETYPE_PEM));
    return context;
}
