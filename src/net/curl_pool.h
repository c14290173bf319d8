/* SPDX-License-Identifier: Apache-2.0 */
/* curl_pool.h: libcurl's multi handle on the loop, and transfers on it. No function is to be called
 * from within a callback of libcurl's own (bytes, fields); on_done is none. */
#ifndef TURNPIKE_NET_CURL_POOL_H
#define TURNPIKE_NET_CURL_POOL_H

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "turnpike/net/curl_loop.h"

struct curl_loop {
    struct loop *loop;
    STACK_OF(X509) * trusted; /* beside the system's; NULL: none */
    X509_STORE *store;        /* both; NULL until it is needed */
    unsigned generation;      /* of what is trusted */
};

/* What is trusted now, as libcurl's OpenSSL wants it. Not the caller's. */
X509_STORE *curl_loop_store(struct curl_loop *c);

/* Connections that may serve one another's transfers: all were verified under the same
 * certificates. Owned by who made it until it is retired. */
struct curl_pool;

/* The pool itself where it trusts what c trusts now; otherwise retires it (or takes NULL) and makes
 * another. */
MUST_USE struct curl_pool *curl_pool_renew(struct curl_pool *pool, struct curl_loop *c);
/* Closes its connections, those in use when their transfers are closed. Takes NULL. */
void curl_pool_retire(struct curl_pool *pool);
/* Not counting what the last transfers closed. */
bool curl_pool_is_busy(const struct curl_pool *pool);
/* How many idle connections are kept. */
void curl_pool_keep(struct curl_pool *pool, size_t idle_max);

/* One transfer; embedded in its owner. */
struct curl_transfer {
    CURL *easy;
    struct curl_pool *pool;
    struct socket_watch *watches; /* of its sockets */
    /* It is over, and may be closed. */
    void (*on_done)(struct curl_transfer *t, CURLcode code);
    /* Something has happened to this socket of it, of which libcurl hears next. Or NULL. */
    void (*on_event)(struct curl_transfer *t, curl_socket_t socket);
    bool opened; /* a socket, since this was last cleared: it uses none that served before */
    char why[CURL_ERROR_SIZE];
};

/* With what no transfer goes without: http and https alone, certificates checked, TLS 1.2 at least,
 * no redirects, no proxies and no threads that anybody waits for. */
void curl_transfer_open(struct curl_transfer *t, struct curl_pool *pool);
/* Only asks for the timer: everything else happens when it rings. */
void curl_transfer_start(struct curl_transfer *t);
/* The socket of its connection, whose local port libcurl knows; -1 where that is not certain. */
curl_socket_t curl_transfer_socket(const struct curl_transfer *t, int local_port);
/* Once it is over. */
void curl_transfer_restart(struct curl_transfer *t);
/* Takes one that was never opened, all zero. */
void curl_transfer_close(struct curl_transfer *t);

/* What a failure was, in our words. */
void curl_transfer_describe(struct curl_transfer *t, CURLcode code, struct error *ret_error);

/* Options that nobody may forget: each is refused by no libcurl that this program builds with, so
 * a failure is a bug. */
#define CURL_SET(easy, option, value)                                                              \
    do {                                                                                           \
        CURLcode failed_ = curl_easy_setopt((easy), (option), (value));                            \
        assert(!failed_);                                                                          \
    } while (0)

#endif
