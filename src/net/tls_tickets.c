/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_private.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/random.h"
#include "turnpike/base/xalloc.h"

#define NAME_SIZE 16

/* RFC 5077, 4: AES-256-CBC under HMAC-SHA-256, found by a random name. */
struct ticket_key {
    unsigned char name[NAME_SIZE], aes[32], hmac[32];
};

struct tls_tickets {
    struct loop *loop;
    uint64_t made_at; /* when `current` was drawn */
    struct ticket_key current, previous;
};

struct tls_tickets *tls_tickets_new(struct loop *loop)
{
    struct tls_tickets *t = xcalloc(1, sizeof(*t));
    t->loop = loop;
    t->made_at = loop_now(loop);
    random_bytes(&t->current, sizeof(t->current));
    random_bytes(&t->previous, sizeof(t->previous));
    return t;
}

void tls_tickets_free(struct tls_tickets *t)
{
    if (!t)
        return;
    OPENSSL_cleanse(t, sizeof(*t));
    free(t);
}

void tls_tickets_rotate(struct tls_tickets *t, uint64_t now)
{
    uint64_t age = now > t->made_at ? now - t->made_at : 0;
    if (age < TLS_TICKET_PERIOD)
        return;
    if (age < 2 * TLS_TICKET_PERIOD)
        t->previous = t->current;
    else
        random_bytes(&t->previous, sizeof(t->previous)); /* nobody came in time */
    random_bytes(&t->current, sizeof(t->current));
    t->made_at = now;
}

static const struct ticket_key *find_key(const struct tls_tickets *t, const unsigned char *name)
{
    if (CRYPTO_memcmp(name, t->current.name, NAME_SIZE) == 0)
        return &t->current;
    if (CRYPTO_memcmp(name, t->previous.name, NAME_SIZE) == 0)
        return &t->previous;
    return NULL;
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
    unsigned char hmac[sizeof(key->hmac)];
    char digest[] = "SHA256";
    memcpy(hmac, key->hmac, sizeof(hmac));
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, hmac, sizeof(hmac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool ok = EVP_MAC_CTX_set_params(mac, parameters);
    OPENSSL_cleanse(hmac, sizeof(hmac));
    return ok;
}

/* What OpenSSL's callback answers: SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
enum ticket_answer {
    TICKET_FAILED = -1,
    TICKET_UNKNOWN = 0, /* a full handshake */
    TICKET_OK = 1,
    TICKET_RENEW = 2, /* understood, and replaced by one under the current key */
};

static enum ticket_answer seal(struct tls_tickets *t, unsigned char *name, unsigned char *iv,
                               EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    memcpy(name, t->current.name, NAME_SIZE);
    random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
    bool ok = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, t->current.aes, iv) &&
              set_mac(mac, &t->current);
    return ok ? TICKET_OK : TICKET_FAILED;
}

static enum ticket_answer open_sealed(const struct tls_tickets *t, const unsigned char *name,
                                      const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                                      EVP_MAC_CTX *mac)
{
    const struct ticket_key *key = find_key(t, name);
    if (!key)
        return TICKET_UNKNOWN;
    if (!set_mac(mac, key) || !EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv))
        return TICKET_FAILED;
    return key == &t->current ? TICKET_OK : TICKET_RENEW;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int sealing)
{
    struct tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!t)
        return TICKET_UNKNOWN; /* the domain that was chosen by name has none */
    tls_tickets_rotate(t, loop_now(t->loop));
    return sealing ? seal(t, name, iv, cipher, mac) : open_sealed(t, name, iv, cipher, mac);
}

void tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *ctx)
{
    if (!tickets) {
        (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_num_tickets(ctx, 0);
        return;
    }
    SSL_CTX_set_app_data(ctx, tickets);
    (void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    (void)SSL_CTX_set_timeout(ctx, TLS_TICKET_PERIOD / USEC_PER_SEC);
}
