/* SPDX-License-Identifier: Apache-2.0 */
#include "curl_pool.h"

#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define DNS_TIME 5L /* seconds for which a name's addresses are kept, as resolver.c does */

/* libcurl shows a kept connection's socket to nobody before it has used it. */
struct held_socket {
    curl_socket_t fd;
    uint16_t port; /* the local one; 0: not known yet */
};

struct curl_pool {
    struct curl_loop *curl;
    CURLM *multi;
    struct timer timer; /* libcurl's one timeout */
    unsigned generation;
    size_t transfers;
    struct held_socket *held;
    size_t held_count, held_capacity;
    bool acting, retired;
};

/* One socket that libcurl wants watched; freed in uv_close's callback. It may outlive its transfer:
 * libcurl 8.14 waits for the answer to its close_notify, and tells nobody whose socket that is now.
 */
struct socket_watch {
    uv_poll_t poll;
    struct curl_pool *pool;
    struct curl_transfer *transfer; /* NULL: none any more */
    struct socket_watch *next;      /* of the same transfer */
    curl_socket_t socket;
};

/* What happened, in our words. */

static const struct {
    CURLcode code;
    enum error_code meaning;
} meanings[] = {
    {CURLE_OPERATION_TIMEDOUT,       ERROR_TIMEOUT    },
    {CURLE_COULDNT_RESOLVE_HOST,     ERROR_CONNECT    },
    {CURLE_COULDNT_CONNECT,          ERROR_CONNECT    },
    {CURLE_SEND_ERROR,               ERROR_CONNECTION },
    {CURLE_RECV_ERROR,               ERROR_CONNECTION },
    {CURLE_GOT_NOTHING,              ERROR_CONNECTION },
    {CURLE_PARTIAL_FILE,             ERROR_CONNECTION },
    {CURLE_PEER_FAILED_VERIFICATION, ERROR_TLS        },
    {CURLE_SSL_CONNECT_ERROR,        ERROR_TLS        },
    {CURLE_SSL_CERTPROBLEM,          ERROR_TLS        },
    {CURLE_SSL_CIPHER,               ERROR_TLS        },
    {CURLE_SSL_CACERT_BADFILE,       ERROR_TLS        },
    {CURLE_SSL_ISSUER_ERROR,         ERROR_TLS        },
    {CURLE_SSL_INVALIDCERTSTATUS,    ERROR_TLS        },
    {CURLE_FILESIZE_EXCEEDED,        ERROR_TOO_LARGE  },
    {CURLE_WEIRD_SERVER_REPLY,       ERROR_PROTOCOL   },
    {CURLE_BAD_CONTENT_ENCODING,     ERROR_PROTOCOL   },
    {CURLE_HTTP2,                    ERROR_PROTOCOL   },
    {CURLE_HTTP2_STREAM,             ERROR_PROTOCOL   },
    {CURLE_UNSUPPORTED_PROTOCOL,     ERROR_UNSUPPORTED},
    {CURLE_URL_MALFORMAT,            ERROR_INVALID    },
};

static enum error_code meaning_of(CURLcode code)
{
    FOR_EACH (m, meanings, ARRAY_LENGTH(meanings)) {
        if (m->code == code)
            return m->meaning;
    }
    return ERROR_SYSTEM;
}

void curl_transfer_describe(struct curl_transfer *t, CURLcode code, struct error *ret_error)
{
    char *why = t->why;
    if (why[0] && islower((unsigned char)why[1])) /* "Failed", not "SSL" */
        why[0] = (char)tolower((unsigned char)why[0]);
    error_set(ret_error, meaning_of(code), "%s", why[0] ? why : curl_easy_strerror(code));
}

/* libcurl's view of the loop. */

static void free_pool(struct curl_pool *pool)
{
    (void)curl_multi_cleanup(pool->multi);
    timer_cancel(pool->curl->loop, &pool->timer);
    free(pool->held);
    free(pool);
}

static void free_if_over(struct curl_pool *pool)
{
    if (pool->retired && pool->transfers == 0 && !pool->acting)
        free_pool(pool);
}

static void finish_ready(struct curl_pool *pool)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(pool->multi, &left))) {
        char *data = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
        struct curl_transfer *transfer = (struct curl_transfer *)(void *)data;
        transfer->on_done(transfer, code);
    }
}

static void act(struct curl_pool *pool, curl_socket_t socket, int what)
{
    int running;
    pool->acting = true;
    (void)curl_multi_socket_action(pool->multi, socket, what, &running);
    finish_ready(pool);
    pool->acting = false;
    free_if_over(pool);
}

static void on_timeout(struct timer *timer)
{
    act(container_of(timer, struct curl_pool, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct curl_pool *pool = data;
    struct loop *loop = pool->curl->loop;
    (void)multi;
    if (timeout_ms < 0)
        timer_cancel(loop, &pool->timer);
    else
        timer_start(loop, &pool->timer, loop_now(loop) + (uint64_t)timeout_ms * USEC_PER_MSEC,
                    on_timeout);
    return 0;
}

static void detach(struct socket_watch *watch)
{
    if (!watch->transfer)
        return;
    struct socket_watch **at = &watch->transfer->watches;
    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    watch->transfer = NULL;
}

static void attach(struct socket_watch *watch, struct curl_transfer *transfer)
{
    if (watch->transfer == transfer)
        return;
    detach(watch);
    watch->transfer = transfer;
    if (!transfer)
        return;
    watch->next = transfer->watches;
    transfer->watches = watch;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct socket_watch *watch = container_of(poll, struct socket_watch, poll);
    struct curl_transfer *transfer = watch->transfer;
    int what = status < 0 ? CURL_CSELECT_ERR : 0;
    what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    if (transfer && transfer->on_event)
        transfer->on_event(transfer, watch->socket);
    act(watch->pool, watch->socket, what);
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(container_of(handle, struct socket_watch, poll));
}

static struct socket_watch *watch_socket(struct curl_pool *pool, curl_socket_t socket)
{
    struct socket_watch *watch = xcalloc(1, sizeof(*watch));
    watch->pool = pool;
    watch->socket = socket;
    int failed = uv_poll_init_socket(&pool->curl->loop->uv, &watch->poll, socket);
    assert(!failed);
    (void)curl_multi_assign(pool->multi, socket, watch);
    return watch;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *socket_data)
{
    struct socket_watch *watch = socket_data;
    char *transfer = NULL;
    if (what == CURL_POLL_REMOVE) {
        if (!watch)
            return 0;
        detach(watch);
        uv_close((uv_handle_t *)&watch->poll, on_poll_closed);
        return 0;
    }
    if (!watch)
        watch = watch_socket(data, socket);
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    attach(watch, (struct curl_transfer *)(void *)transfer);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (events)
        (void)uv_poll_start(&watch->poll, events, on_poll);
    else
        (void)uv_poll_stop(&watch->poll);
    return 0;
}

/* Sockets. */

static void forget_socket(struct curl_pool *pool, curl_socket_t fd)
{
    for (size_t i = 0; i < pool->held_count; i++) {
        if (pool->held[i].fd == fd) {
            pool->held[i] = pool->held[--pool->held_count];
            return;
        }
    }
}

static curl_socket_t on_open(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct curl_transfer *t = data;
    struct curl_pool *pool = t->pool;
    (void)purpose;
    t->opened = true;
    curl_socket_t fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    forget_socket(pool, fd); /* where libcurl closed one by itself */
    if (pool->held_count == pool->held_capacity) {
        pool->held_capacity = pool->held_capacity ? pool->held_capacity * 2 : 8;
        pool->held = xrealloc(pool->held, pool->held_capacity * sizeof(*pool->held));
    }
    pool->held[pool->held_count++] = (struct held_socket){.fd = fd};
    return fd;
}

static int on_close(void *data, curl_socket_t fd)
{
    forget_socket(data, fd);
    return close(fd);
}

static uint16_t local_port(curl_socket_t fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    socklen_t size = sizeof(at);
    if (getsockname(fd, &at.any, &size) != 0)
        return 0;
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

/* Ports of IPv4 and IPv6 are numbered alike: of two that match, neither is the one. */
curl_socket_t curl_transfer_socket(const struct curl_transfer *t, int port)
{
    curl_socket_t found = -1;
    for (size_t i = 0; i < t->pool->held_count; i++) {
        struct held_socket *held = &t->pool->held[i];
        if (held->port == 0)
            held->port = local_port(held->fd);
        if (held->port == 0 || held->port != port)
            continue;
        if (found >= 0)
            return -1;
        found = held->fd;
    }
    return found;
}

/* Pools. */

static struct curl_pool *make_pool(struct curl_loop *c)
{
    struct curl_pool *pool = xcalloc(1, sizeof(*pool));
    pool->curl = c;
    pool->generation = c->generation;
    pool->multi = xcheck(curl_multi_init());
    (void)curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    (void)curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    return pool;
}

struct curl_pool *curl_pool_renew(struct curl_pool *pool, struct curl_loop *c)
{
    if (pool && pool->generation == c->generation)
        return pool;
    curl_pool_retire(pool);
    return make_pool(c);
}

void curl_pool_retire(struct curl_pool *pool)
{
    if (!pool)
        return;
    pool->retired = true;
    free_if_over(pool);
}

bool curl_pool_is_busy(const struct curl_pool *pool)
{
    return pool->transfers > 0;
}

void curl_pool_keep(struct curl_pool *pool, size_t idle_max)
{
    (void)curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)idle_max);
}

/* Transfers. */

/* Called for each new connection: our store, made once, instead of what libcurl would read each
 * time. The pool's transfers may outlive what they trust: then those of today count. */
static CURLcode on_ssl_context(CURL *easy, void *context, void *data)
{
    struct curl_pool *pool = data;
    (void)easy;
    SSL_CTX_set1_cert_store(context, curl_loop_store(pool->curl));
    return CURLE_OK;
}

static void restrict_tls(struct curl_transfer *t)
{
    CURL_SET(t->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    CURL_SET(t->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    CURL_SET(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* What was verified under other certificates must not serve a later transfer. */
    CURL_SET(t->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    CURL_SET(t->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    CURL_SET(t->easy, CURLOPT_CAINFO, NULL);
    CURL_SET(t->easy, CURLOPT_CAPATH, NULL);
    CURL_SET(t->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
    CURL_SET(t->easy, CURLOPT_SSL_CTX_DATA, t->pool);
}

void curl_transfer_open(struct curl_transfer *t, struct curl_pool *pool)
{
    t->easy = xcheck(curl_easy_init());
    t->pool = pool;
    pool->transfers++;
    CURL_SET(t->easy, CURLOPT_PRIVATE, t);
    CURL_SET(t->easy, CURLOPT_ERRORBUFFER, t->why);
    CURL_SET(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    CURL_SET(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    CURL_SET(t->easy, CURLOPT_PROXY, "");
    CURL_SET(t->easy, CURLOPT_NOSIGNAL, 1L);
    CURL_SET(t->easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_TIME);
    CURL_SET(t->easy, CURLOPT_QUICK_EXIT, 1L); /* else closing waits for a look-up's thread */
    CURL_SET(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    CURL_SET(t->easy, CURLOPT_OPENSOCKETDATA, t);
    CURL_SET(t->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    CURL_SET(t->easy, CURLOPT_CLOSESOCKETDATA, pool); /* a connection outlives its transfers */
    restrict_tls(t);
}

void curl_transfer_start(struct curl_transfer *t)
{
    CURLMcode failed = curl_multi_add_handle(t->pool->multi, t->easy);
    assert(!failed);
}

/* Its sockets may go on without it. */
static void withdraw(struct curl_transfer *t)
{
    (void)curl_multi_remove_handle(t->pool->multi, t->easy);
    while (t->watches)
        detach(t->watches);
}

void curl_transfer_restart(struct curl_transfer *t)
{
    withdraw(t);
    t->why[0] = '\0';
    t->opened = false;
    curl_transfer_start(t);
}

void curl_transfer_close(struct curl_transfer *t)
{
    if (!t->easy)
        return;
    withdraw(t);
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    t->pool->transfers--;
    free_if_over(t->pool);
}
