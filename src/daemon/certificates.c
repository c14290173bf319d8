/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/certificates.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/random.h"

#define SECONDS_PER_DAY 86400L
#define BACKDATED       3600L /* a clock that runs a little behind must not refuse us */
#define SERIAL_BYTES    16    /* RFC 5280, 4.1.2.2: at most 20, positive */

struct extension {
    int id;
    const char *value; /* OpenSSL's text form, x509v3_config(5) */
};

static const struct extension authority_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_name_constraints, "critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0,"
                           "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static const struct extension server_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {NID_subject_alt_name, "DNS:localhost,DNS:*.execute-api.localhost,IP:127.0.0.1,IP:::1"},
};

/* What one certificate is made from. An authority is its own issuer. */
struct recipe {
    const char *common_name;
    long days;
    const struct extension *extensions;
    size_t extension_count;
};

static const struct recipe authority_recipe = {"turnpike development CA", AUTHORITY_DAYS,
                                               authority_extensions,
                                               ARRAY_LENGTH(authority_extensions)};
static const struct recipe server_recipe = {"localhost", SERVER_CERTIFICATE_DAYS, server_extensions,
                                            ARRAY_LENGTH(server_extensions)};

/* A certificate and its key as OpenSSL holds them. */
struct identity_pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static void release(struct identity_pair *p)
{
    X509_free(p->certificate);
    EVP_PKEY_free(p->key);
}
#define scoped_identity __attribute__((cleanup(release)))

static void free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}
#define scoped_bio __attribute__((cleanup(free_bio)))

void pem_pair_release(struct pem_pair *p)
{
    if (p->private_key.data)
        OPENSSL_cleanse(p->private_key.data, p->private_key.capacity);
    buf_release(&p->private_key);
    buf_release(&p->certificate);
}

static bool fail(struct error *error, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    error_set(error, ERROR_TLS, "%s: %s", what, reason ? reason : "OpenSSL refused");
    return false;
}

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    random_bytes(bytes, sizeof(bytes));
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and of a fixed length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return done;
}

static bool set_times(X509 *certificate, uint64_t wall, long days)
{
    time_t now = (time_t)(wall / USEC_PER_SEC);
    return X509_time_adj(X509_getm_notBefore(certificate), -BACKDATED, &now) &&
           X509_time_adj(X509_getm_notAfter(certificate), days * SECONDS_PER_DAY, &now);
}

static bool set_names(X509 *certificate, const char *common_name, const X509 *issuer)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)common_name, -1, -1, 0) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
}

static bool add_extensions(X509 *certificate, const struct recipe *recipe, X509 *issuer)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    FOR_EACH (row, recipe->extensions, recipe->extension_count) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, row->id, row->value);
        bool added = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!added)
            return false;
    }
    return true;
}

/* `issuer` is NULL for a certificate that signs itself. */
static bool make(const struct recipe *recipe, uint64_t wall, const struct identity_pair *issuer,
                 struct identity_pair *ret_pair)
{
    struct identity_pair *p = ret_pair;
    p->key = EVP_EC_gen("P-256");
    p->certificate = X509_new();
    if (!p->key || !p->certificate)
        return false;
    if (!issuer)
        issuer = p;
    return X509_set_version(p->certificate, X509_VERSION_3) && set_serial(p->certificate) &&
           set_times(p->certificate, wall, recipe->days) &&
           set_names(p->certificate, recipe->common_name, issuer->certificate) &&
           X509_set_pubkey(p->certificate, p->key) &&
           add_extensions(p->certificate, recipe, issuer->certificate) &&
           X509_sign(p->certificate, issuer->key, EVP_sha256());
}

static void move_text(BIO *from, struct buf *to)
{
    char *text = NULL;
    long len = BIO_get_mem_data(from, &text);
    buf_append(to, str_of(text, (size_t)len));
}

static bool to_pem(const struct identity_pair *from, struct pem_pair *ret_pair)
{
    scoped_bio BIO *certificate = BIO_new(BIO_s_mem());
    scoped_bio BIO *key = BIO_new(BIO_s_secmem());
    if (!certificate || !key || !PEM_write_bio_X509(certificate, from->certificate) ||
        !PEM_write_bio_PKCS8PrivateKey(key, from->key, NULL, NULL, 0, NULL, NULL))
        return false;
    move_text(certificate, &ret_pair->certificate);
    move_text(key, &ret_pair->private_key);
    return true;
}

/* An encrypted key must fail, not ask for its passphrase on the terminal. */
static int no_passphrase(char *out UNUSED, int size UNUSED, int writing UNUSED, void *data UNUSED)
{
    return -1;
}

static X509 *read_certificate(struct str pem)
{
    scoped_bio BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    return bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
}

static EVP_PKEY *read_key(struct str pem)
{
    scoped_bio BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    return bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
}

static bool from_pem(const struct pem_pair *from, struct identity_pair *ret_pair)
{
    ret_pair->certificate = read_certificate(buf_str(&from->certificate));
    ret_pair->key = read_key(buf_str(&from->private_key));
    return ret_pair->certificate && ret_pair->key &&
           X509_check_private_key(ret_pair->certificate, ret_pair->key);
}

bool certificate_make_authority(uint64_t wall, struct pem_pair *ret_pair, struct error *ret_error)
{
    scoped_identity struct identity_pair made = {0};
    if (!make(&authority_recipe, wall, NULL, &made) || !to_pem(&made, ret_pair))
        return fail(ret_error, "a certificate authority cannot be made");
    return true;
}

bool certificate_make_server(uint64_t wall, const struct pem_pair *authority,
                             struct pem_pair *ret_pair, struct error *ret_error)
{
    scoped_identity struct identity_pair issuer = {0}, made = {0};
    if (!from_pem(authority, &issuer))
        return fail(ret_error, "the certificate authority and its key cannot be read");
    if (!make(&server_recipe, wall, &issuer, &made) || !to_pem(&made, ret_pair))
        return fail(ret_error, "a certificate cannot be made");
    return true;
}

bool certificate_read_end(struct str pem, uint64_t *ret_wall)
{
    scoped_identity struct identity_pair read = {.certificate = read_certificate(pem)};
    struct tm end;
    ERR_clear_error();
    if (!read.certificate || !ASN1_TIME_to_tm(X509_get0_notAfter(read.certificate), &end))
        return false;
    time_t seconds = timegm(&end);
    if (seconds < 0)
        return false;
    *ret_wall = (uint64_t)seconds * USEC_PER_SEC;
    return true;
}
