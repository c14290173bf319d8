/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/fetch.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define FIELDS_MAX 65536 /* bytes of all heads of one transfer */

struct fetcher {
    struct loop *loop;
    CURLM *multi;
    struct timer timer;       /* libcurl's one timeout */
    STACK_OF(X509) * trusted; /* beside the system's; NULL: none */
    struct fetch *running;
};

struct fetch {
    struct fetcher *fetcher;
    struct fetch *next, **at; /* in the list of the running */
    CURL *easy;
    struct buf body, cache_control;
    size_t size_max, field_bytes;
    bool too_large;
    fetch_done_fn *done;
    void *data;
    char why[CURL_ERROR_SIZE];
};

/* One socket that libcurl wants watched; freed in uv_close's callback. */
struct watch {
    uv_poll_t poll;
    struct fetcher *fetcher;
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

static void describe(struct fetch *fetch, CURLcode code, struct error *ret_error)
{
    if (fetch->too_large) {
        error_set(ret_error, ERROR_TOO_LARGE, "the answer is larger than %zu bytes",
                  fetch->size_max);
        return;
    }
    char *why = fetch->why;
    why[0] = (char)tolower((unsigned char)why[0]);
    error_set(ret_error, meaning_of(code), "%s", why[0] ? why : curl_easy_strerror(code));
}

/* A transfer's end. */

static void release(struct fetch *fetch)
{
    *fetch->at = fetch->next;
    if (fetch->next)
        fetch->next->at = fetch->at;
    (void)curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    buf_release(&fetch->body);
    buf_release(&fetch->cache_control);
    free(fetch);
}

static void finish(struct fetch *fetch, CURLcode code)
{
    struct error error;
    long status = 0;
    (void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) {
        struct fetch_answer answer = {.status = (unsigned)status,
                                      .body = buf_str(&fetch->body),
                                      .cache_control = buf_str(&fetch->cache_control)};
        fetch->done(fetch->data, &answer, NULL);
    } else {
        describe(fetch, code, &error);
        fetch->done(fetch->data, NULL, &error);
    }
    release(fetch);
}

static void finish_ready(struct fetcher *f)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(f->multi, &left))) {
        char *fetch = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        finish((struct fetch *)(void *)fetch, code);
    }
}

/* libcurl's view of the loop. */

static void act(struct fetcher *f, curl_socket_t socket, int what)
{
    int running;
    (void)curl_multi_socket_action(f->multi, socket, what, &running);
    finish_ready(f);
}

static void on_timeout(struct timer *timer)
{
    act(container_of(timer, struct fetcher, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct fetcher *f = data;
    (void)multi;
    if (timeout_ms < 0)
        timer_cancel(f->loop, &f->timer);
    else
        timer_start(f->loop, &f->timer, loop_now(f->loop) + (uint64_t)timeout_ms * USEC_PER_MSEC,
                    on_timeout);
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = container_of(poll, struct watch, poll);
    int what = status < 0 ? CURL_CSELECT_ERR : 0;
    what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(watch->fetcher, watch->socket, what);
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(container_of(handle, struct watch, poll));
}

static struct watch *watch_socket(struct fetcher *f, curl_socket_t socket)
{
    struct watch *watch = xcalloc(1, sizeof(*watch));
    watch->fetcher = f;
    watch->socket = socket;
    int failed = uv_poll_init_socket(&f->loop->uv, &watch->poll, socket);
    assert(!failed);
    (void)curl_multi_assign(f->multi, socket, watch);
    return watch;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *socket_data)
{
    struct watch *watch = socket_data;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            uv_close((uv_handle_t *)&watch->poll, on_poll_closed);
        return 0;
    }
    if (!watch)
        watch = watch_socket(data, socket);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void)uv_poll_start(&watch->poll, events, on_poll);
    return 0;
}

/* What arrives. */

static size_t on_body(char *at, size_t size, size_t count, void *data)
{
    struct fetch *fetch = data;
    size_t len = size * count;
    if (len > fetch->size_max - buf_len(&fetch->body)) {
        fetch->too_large = true;
        return 0;
    }
    buf_append(&fetch->body, str_of(at, len));
    return len;
}

static void note_cache_control(struct buf *values, struct str field)
{
    struct str name = str_head(field, str_find(field, ':'));
    if (!str_eq_nocase(name, STR("cache-control")) || name.len == field.len)
        return;
    struct str value = str_skip(field, name.len + 1);
    while (value.len && (value.at[value.len - 1] == '\r' || value.at[value.len - 1] == '\n'))
        value.len--;
    if (buf_len(values))
        buf_literal(values, ", ");
    buf_append(values, str_trim(value));
}

static size_t on_field(char *at, size_t size, size_t count, void *data)
{
    struct fetch *fetch = data;
    struct str field = str_of(at, size * count);
    fetch->field_bytes += field.len;
    if (fetch->field_bytes > FIELDS_MAX) {
        fetch->too_large = true;
        return 0;
    }
    if (str_starts_with(field, STR("HTTP/"))) /* another head, after a 1xx one */
        buf_clear(&fetch->cache_control);
    note_cache_control(&fetch->cache_control, field);
    return field.len;
}

/* Called where libcurl has loaded the system's certificates into the context. */
static CURLcode on_ssl_context(CURL *easy, void *context, void *data)
{
    struct fetcher *f = data;
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    (void)easy;
    for (int i = 0; i < sk_X509_num(f->trusted); i++) {
        if (!X509_STORE_add_cert(store, sk_X509_value(f->trusted, i)))
            return CURLE_SSL_CACERT_BADFILE;
    }
    return CURLE_OK;
}

/* Configuration. */

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

bool fetcher_can_trust(struct str file, struct error *ret_error)
{
    STACK_OF(X509) * all;
    if (!read_trusted(file, &all, ret_error))
        return false;
    sk_X509_pop_free(all, X509_free);
    return true;
}

bool fetcher_trust(struct fetcher *f, struct str file, struct error *ret_error)
{
    STACK_OF(X509) * all;
    if (!read_trusted(file, &all, ret_error))
        return false;
    sk_X509_pop_free(f->trusted, X509_free);
    f->trusted = all;
    return true;
}

struct fetcher *fetcher_new(struct loop *loop)
{
    struct fetcher *f = xcalloc(1, sizeof(*f));
    f->loop = loop;
    CURLcode failed = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(!failed);
    f->multi = xcheck(curl_multi_init());
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    return f;
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    for (struct fetch *fetch = f->running, *next; fetch; fetch = next) {
        next = fetch->next;
        release(fetch);
    }
    (void)curl_multi_cleanup(f->multi);
    timer_cancel(f->loop, &f->timer);
    sk_X509_pop_free(f->trusted, X509_free);
    curl_global_cleanup();
    free(f);
}

/* The options that nobody may forget: each is refused by no libcurl that this program builds
 * with, so a failure is a bug. */
#define SET(easy, option, value)                                                                   \
    do {                                                                                           \
        CURLcode failed_ = curl_easy_setopt((easy), (option), (value));                            \
        assert(!failed_);                                                                          \
    } while (0)

static void restrict_transfer(CURL *easy)
{
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* What was verified under other certificates must not serve a later transfer. */
    SET(easy, CURLOPT_FORBID_REUSE, 1L);
    SET(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
}

static void set_request(struct fetch *fetch, const struct fetch_request *request)
{
    scoped_free char *url = xstrndup(request->url.at, request->url.len);
    SET(fetch->easy, CURLOPT_URL, url);
    SET(fetch->easy, CURLOPT_TIMEOUT_MS,
        (long)((request->timeout + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
    SET(fetch->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->size_max);
    SET(fetch->easy, CURLOPT_USERAGENT, "turnpike/" TURNPIKE_VERSION);
}

static void set_callbacks(struct fetch *fetch)
{
    SET(fetch->easy, CURLOPT_PRIVATE, fetch);
    SET(fetch->easy, CURLOPT_ERRORBUFFER, fetch->why);
    SET(fetch->easy, CURLOPT_WRITEFUNCTION, on_body);
    SET(fetch->easy, CURLOPT_WRITEDATA, fetch);
    SET(fetch->easy, CURLOPT_HEADERFUNCTION, on_field);
    SET(fetch->easy, CURLOPT_HEADERDATA, fetch);
    SET(fetch->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
    SET(fetch->easy, CURLOPT_SSL_CTX_DATA, fetch->fetcher);
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *request,
                          fetch_done_fn *done, void *data)
{
    struct fetch *fetch = xcalloc(1, sizeof(*fetch));
    *fetch = (struct fetch){.fetcher = f,
                            .size_max = request->size_max,
                            .done = done,
                            .data = data,
                            .next = f->running};
    fetch->at = &f->running;
    if (f->running)
        f->running->at = &fetch->next;
    f->running = fetch;
    fetch->easy = xcheck(curl_easy_init());
    restrict_transfer(fetch->easy);
    set_request(fetch, request);
    set_callbacks(fetch);
    /* Only asks for the timer: everything else happens when it rings. */
    (void)curl_multi_add_handle(f->multi, fetch->easy);
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    release(fetch);
}
