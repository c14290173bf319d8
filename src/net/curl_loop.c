/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/curl_loop.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "turnpike/base/xalloc.h"

#include "curl_pool.h"

/* What is trusted. */

static STACK_OF(X509) * read_certificates(FILE *in)
{
    STACK_OF(X509) *all = xcheck(sk_X509_new_null());
    X509 *certificate;
    while ((certificate = PEM_read_X509(in, NULL, NULL, NULL)))
        (void)sk_X509_push(all, certificate);
    return all;
}

/* NULL for no file. */
static bool read_trusted(struct str file, STACK_OF(X509) * *ret_all, struct error *ret_error)
{
    *ret_all = NULL;
    if (file.len == 0)
        return true;
    scoped_free char *path = xstrndup(file.at, file.len);
    scoped_file FILE *in = fopen(path, "re");
    if (!in) {
        error_set_errno(ret_error, errno, "open '%s'", path);
        return false;
    }
    STACK_OF(X509) *all = read_certificates(in);
    unsigned long reason = ERR_peek_last_error();
    ERR_clear_error();
    if (sk_X509_num(all) == 0 || ERR_GET_REASON(reason) != PEM_R_NO_START_LINE) {
        sk_X509_pop_free(all, X509_free);
        error_set(ret_error, ERROR_INVALID, "'%s' is no PEM file of certificates", path);
        return false;
    }
    *ret_all = all;
    return true;
}

bool curl_loop_can_trust(struct str file, struct error *ret_error)
{
    STACK_OF(X509) * all;
    if (!read_trusted(file, &all, ret_error))
        return false;
    sk_X509_pop_free(all, X509_free);
    return true;
}

/* Where libcurl would look. What cannot be read is not trusted. */
static void load_system(X509_STORE *store)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->cainfo)
        (void)X509_STORE_load_file(store, info->cainfo);
    if (info->capath)
        (void)X509_STORE_load_path(store, info->capath);
    if (!info->cainfo && !info->capath)
        (void)X509_STORE_set_default_paths(store);
    ERR_clear_error();
}

/* Made once for all connections: reading the system's certificates takes milliseconds. With the
 * flags that libcurl gives its own: a trusted certificate is the end of its chain, whoever signed
 * it. */
static X509_STORE *make_store(const struct curl_loop *c)
{
    X509_STORE *store = xcheck(X509_STORE_new());
    (void)X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    load_system(store);
    for (int i = 0; i < sk_X509_num(c->trusted); i++) {
        int added = X509_STORE_add_cert(store, sk_X509_value(c->trusted, i));
        assert(added);
    }
    return store;
}

X509_STORE *curl_loop_store(struct curl_loop *c)
{
    if (!c->store)
        c->store = make_store(c);
    return c->store;
}

bool curl_loop_trust(struct curl_loop *c, struct str file, struct error *ret_error)
{
    STACK_OF(X509) * all;
    if (!read_trusted(file, &all, ret_error))
        return false;
    bool used = c->store != NULL;
    sk_X509_pop_free(c->trusted, X509_free);
    X509_STORE_free(c->store);
    c->trusted = all;
    c->store = used ? make_store(c) : NULL; /* not while a request waits */
    c->generation++;
    return true;
}

struct curl_loop *curl_loop_new(struct loop *loop, struct error *ret_error)
{
    CURLcode failed = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (failed) {
        error_set(ret_error, ERROR_SYSTEM, "libcurl: %s", curl_easy_strerror(failed));
        return NULL;
    }
    struct curl_loop *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    return c;
}

void curl_loop_free(struct curl_loop *c)
{
    if (!c)
        return;
    sk_X509_pop_free(c->trusted, X509_free);
    X509_STORE_free(c->store);
    curl_global_cleanup();
    free(c);
}
