/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/map.h"
#include "turnpike/base/xalloc.h"

#include "tls_private.h"

#define PAIRS_MAX     4 /* there are no more types of keys */
#define NAME_MAX_SIZE 256

/* TLS 1.2's; all of TLS 1.3's are as good. */
#define CIPHERS                                                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

struct tls_pair {
    char *file;
    int key_type;
    uint64_t not_before, not_after; /* microseconds since 1970 */
};

struct tls_context {
    SSL_CTX *ctx;
    bool only_tls_1_3;
    struct tls_names *names; /* the callback's; owned by ctx, as sessions outlive this struct */
    struct tls_pair pairs[PAIRS_MAX];
    size_t pair_count;
};

/* Who answers for which name. */
struct tls_names {
    struct map by_name; /* of struct tls_name */
};

struct tls_name {
    SSL_CTX *ctx;
    bool only_tls_1_3;
    size_t len;
    char text[]; /* lower case */
};

static void scope_free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}

static void scope_free_x509(X509 **x509)
{
    X509_free(*x509);
}

static void scope_free_pkey(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static void scope_free_chain(STACK_OF(X509) * *chain)
{
    sk_X509_pop_free(*chain, X509_free);
}

#define scoped_bio   __attribute__((cleanup(scope_free_bio)))
#define scoped_x509  __attribute__((cleanup(scope_free_x509)))
#define scoped_pkey  __attribute__((cleanup(scope_free_pkey)))
#define scoped_chain __attribute__((cleanup(scope_free_chain)))

static void free_name(struct tls_name *name)
{
    SSL_CTX_free(name->ctx);
    free(name);
}

static void free_names(struct tls_names *names)
{
    struct tls_name *name;
    for (size_t i = 0; (name = map_next(&names->by_name, &i));)
        free_name(name);
    map_release(&names->by_name);
    free(names);
}

/* OpenSSL calls this when the last session of a context has ended. */
static void on_ctx_freed(void *parent, void *names, CRYPTO_EX_DATA *data, int index, long argl,
                         void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    if (names)
        free_names(names);
}

static struct str lower_name(const char *name, char out[NAME_MAX_SIZE])
{
    size_t len = 0;
    for (; name[len] && len < NAME_MAX_SIZE; len++)
        out[len] = (char)(name[len] >= 'A' && name[len] <= 'Z' ? name[len] + 32 : name[len]);
    if (len > 0 && out[len - 1] == '.')
        len--;
    return str_of(out, len);
}

static const struct tls_name *find_name(const struct tls_names *names, const char *asked)
{
    char lower[NAME_MAX_SIZE];
    struct str name = lower_name(asked, lower);
    const struct tls_name *found = map_get(&names->by_name, name);
    size_t dot = str_find(name, '.');
    if (found || dot == 0 || dot == name.len)
        return found;
    lower[dot - 1] = '*'; /* "a.example.com" is looked up as "*.example.com" */
    return map_get(&names->by_name, str_skip(name, dot - 1));
}

/* By now OpenSSL has settled on a version, so a domain's own minimum can only refuse. */
static int on_server_name(SSL *ssl, int *alert, void *data)
{
    const struct tls_names *names = data;
    const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct tls_name *found = asked ? find_name(names, asked) : NULL;
    if (!found)
        return SSL_TLSEXT_ERR_NOACK;
    if (found->only_tls_1_3 && SSL_version(ssl) < TLS1_3_VERSION) {
        *alert = SSL_AD_PROTOCOL_VERSION;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    (void)SSL_set_SSL_CTX(ssl, found->ctx);
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301, 3.2: a client that offers protocols, but none of ours, is told so. */
static int on_alpn(SSL *ssl, const unsigned char **ret_chosen, unsigned char *ret_len,
                   const unsigned char *offered, unsigned offered_len, void *data)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl, (void)data;
    if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret_chosen = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void set_rules(SSL_CTX *ctx, bool only_tls_1_3)
{
    static const unsigned char session_id_context[] = "turnpike";
    static char groups[] = GROUPS; /* OpenSSL's macro casts const away */
    bool ok =
        SSL_CTX_set_min_proto_version(ctx, only_tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) &&
        SSL_CTX_set_cipher_list(ctx, CIPHERS) && SSL_CTX_set1_groups_list(ctx, groups) &&
        SSL_CTX_set_max_early_data(ctx, 0) &&
        SSL_CTX_set_session_id_context(ctx, session_id_context, sizeof(session_id_context) - 1);
    assert(ok);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

/* OpenSSL counts the kinds of data that hang on its objects for the whole process. */
static int names_index(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_ctx_freed);
    return index;
}

struct tls_context *tls_context_new(struct tls_tickets *tickets, bool only_tls_1_3)
{
    struct tls_context *c = xcalloc(1, sizeof(*c));
    c->ctx = xcheck(SSL_CTX_new(TLS_server_method()));
    c->only_tls_1_3 = only_tls_1_3;
    c->names = xcalloc(1, sizeof(*c->names));
    set_rules(c->ctx, only_tls_1_3);
    tls_tickets_use(tickets, c->ctx);
    int ok = SSL_CTX_set_ex_data(c->ctx, names_index(), c->names);
    assert(ok);
    (void)SSL_CTX_set_tlsext_servername_callback(c->ctx, on_server_name);
    (void)SSL_CTX_set_tlsext_servername_arg(c->ctx, c->names);
    return c;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    FOR_EACH (pair, c->pairs, c->pair_count)
        free(pair->file);
    free(c);
}

/* Sets *e from OpenSSL's oldest error, which tells the cause, and empties its queue. */
static bool tls_failed(struct error *e, const char *file, const char *what)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_SYSTEM_ERROR(code) ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    error_set(e, ERROR_TLS, "%s: %s%s%s", file, what, reason ? ": " : "", reason ? reason : "");
    return false;
}

static BIO *open_file(const char *file, struct error *ret_error)
{
    errno = 0;
    BIO *bio = BIO_new_file(file, "r");
    if (!bio) {
        error_set_errno(ret_error, errno, "%s", file);
        ERR_clear_error();
    }
    return bio;
}

/* A terminal is never asked for a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *data)
{
    (void)out, (void)size, (void)writing;
    *(bool *)data = true;
    return -1;
}

static EVP_PKEY *read_key(const char *file, struct error *ret_error)
{
    bool encrypted = false;
    scoped_bio BIO *bio = open_file(file, ret_error);
    if (!bio)
        return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
    if (!key)
        (void)tls_failed(ret_error, file,
                         encrypted ? "the private key is encrypted" : "no private key in PEM form");
    return key;
}

/* The certificates behind the leaf. The end of the file is an error to OpenSSL. */
static STACK_OF(X509) * read_issuers(BIO *bio)
{
    STACK_OF(X509) *issuers = xcheck(sk_X509_new_null());
    X509 *issuer;
    while ((issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        (void)sk_X509_push(issuers, issuer);
    return issuers;
}

static bool at_end_of_pem(void)
{
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static uint64_t time_of(const ASN1_TIME *time)
{
    struct tm parts;
    if (!ASN1_TIME_to_tm(time, &parts))
        return 0;
    time_t seconds = timegm(&parts);
    return seconds > 0 ? (uint64_t)seconds * USEC_PER_SEC : 0;
}

static bool has_key_type(const struct tls_context *c, int type)
{
    FOR_EACH (pair, c->pairs, c->pair_count)
        if (pair->key_type == type)
            return true;
    return false;
}

static bool use_pair(struct tls_context *c, const char *file, X509 *leaf, EVP_PKEY *key,
                     STACK_OF(X509) * issuers, struct error *ret_error)
{
    int type = EVP_PKEY_get_base_id(key);
    if (has_key_type(c, type) || c->pair_count == PAIRS_MAX) {
        error_set(ret_error, ERROR_TLS, "%s: a second certificate for the same type of key", file);
        return false;
    }
    if (!SSL_CTX_use_cert_and_key(c->ctx, leaf, key, issuers, 1))
        return tls_failed(ret_error, file, "the certificate cannot be used");
    c->pairs[c->pair_count++] = (struct tls_pair){
        .file = xstrdup(file),
        .key_type = type,
        .not_before = time_of(X509_get0_notBefore(leaf)),
        .not_after = time_of(X509_get0_notAfter(leaf)),
    };
    return true;
}

static bool add_files(struct tls_context *c, const char *certificate_file, const char *key_file,
                      struct error *ret_error)
{
    scoped_bio BIO *bio = open_file(certificate_file, ret_error);
    if (!bio)
        return false;
    scoped_x509 X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (!leaf)
        return tls_failed(ret_error, certificate_file, "no certificate in PEM form");
    scoped_chain STACK_OF(X509) *issuers = read_issuers(bio);
    if (!at_end_of_pem())
        return tls_failed(ret_error, certificate_file, "a malformed certificate in the chain");
    ERR_clear_error();

    scoped_pkey EVP_PKEY *key = read_key(key_file, ret_error);
    if (!key)
        return false;
    if (!X509_check_private_key(leaf, key)) {
        ERR_clear_error();
        error_set(ret_error, ERROR_TLS, "%s: the private key does not belong to the certificate %s",
                  key_file, certificate_file);
        return false;
    }
    return use_pair(c, certificate_file, leaf, key, issuers, ret_error);
}

bool tls_context_add_pair(struct tls_context *c, struct str certificate_file, struct str key_file,
                          struct error *ret_error)
{
    scoped_free char *certificate = xstrndup(certificate_file.at, certificate_file.len);
    scoped_free char *key = xstrndup(key_file.at, key_file.len);
    ERR_clear_error();
    return add_files(c, certificate, key, ret_error);
}

bool tls_context_is_valid_at(const struct tls_context *c, uint64_t wall, struct error *ret_error)
{
    char when[CLOCK_ISO_SIZE];
    FOR_EACH (pair, c->pairs, c->pair_count) {
        bool early = wall < pair->not_before;
        if (!early && wall <= pair->not_after)
            continue;
        (void)clock_iso(early ? pair->not_before : pair->not_after, when);
        error_set(ret_error, ERROR_TLS, "%s: the certificate %s %s", pair->file,
                  early ? "is not valid before" : "has expired at", when);
        return false;
    }
    return true;
}

void tls_context_add_name(struct tls_context *c, struct str name, const struct tls_context *other)
{
    assert(other != c); /* it would hold on to itself */
    assert(name.len < NAME_MAX_SIZE && memchr(name.at, '\0', name.len) == NULL);
    struct tls_name *n = xcalloc(1, sizeof(*n) + NAME_MAX_SIZE);
    scoped_free char *text = xstrndup(name.at, name.len);
    n->len = lower_name(text, n->text).len;
    n->only_tls_1_3 = other->only_tls_1_3;
    n->ctx = other->ctx;
    (void)SSL_CTX_up_ref(n->ctx);

    struct str key = str_of(n->text, n->len);
    struct tls_name *replaced = map_remove(&c->names->by_name, key);
    if (replaced)
        free_name(replaced);
    (void)map_set(&c->names->by_name, key, n);
}

struct ssl_st *tls_context_accept(const struct tls_context *c)
{
    SSL *ssl = xcheck(SSL_new(c->ctx));
    SSL_set_accept_state(ssl);
    return ssl;
}

struct str tls_session_name(const struct ssl_st *ssl)
{
    return str_from(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
}
