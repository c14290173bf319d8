/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/fetch.h"

#include "turnpike/base/buf.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#include "curl_pool.h"

#define FIELDS_MAX 65536 /* bytes of all heads of one transfer */

struct fetcher {
    struct curl_loop *curl;
    struct curl_pool *pool;
    struct fetch *running;
};

struct fetch {
    struct fetch *next, **at; /* in the list of the running */
    struct curl_transfer transfer;
    struct buf body, cache_control;
    size_t size_max, field_bytes;
    bool too_large;
    fetch_done_fn *done;
    void *data;
};

static void describe(struct fetch *fetch, CURLcode code, struct error *ret_error)
{
    if (fetch->too_large)
        error_set(ret_error, ERROR_TOO_LARGE, "the answer is larger than %zu bytes",
                  fetch->size_max);
    else
        curl_transfer_describe(&fetch->transfer, code, ret_error);
}

/* A transfer's end. */

static void release(struct fetch *fetch)
{
    *fetch->at = fetch->next;
    if (fetch->next)
        fetch->next->at = fetch->at;
    curl_transfer_close(&fetch->transfer);
    buf_release(&fetch->body);
    buf_release(&fetch->cache_control);
    free(fetch);
}

static void on_done(struct curl_transfer *transfer, CURLcode code)
{
    struct fetch *fetch = container_of(transfer, struct fetch, transfer);
    struct error error;
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
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

/* The fetcher. */

struct fetcher *fetcher_new(struct curl_loop *curl)
{
    struct fetcher *f = xcalloc(1, sizeof(*f));
    f->curl = curl;
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
    curl_pool_retire(f->pool);
    free(f);
}

static void set_request(struct fetch *fetch, const struct fetch_request *request)
{
    CURL *easy = fetch->transfer.easy;
    scoped_free char *url = xstrndup(request->url.at, request->url.len);
    CURL_SET(easy, CURLOPT_URL, url);
    CURL_SET(easy, CURLOPT_TIMEOUT_MS,
             (long)((request->timeout + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
    CURL_SET(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->size_max);
    CURL_SET(easy, CURLOPT_USERAGENT, "turnpike/" TURNPIKE_VERSION);
    CURL_SET(easy, CURLOPT_FORBID_REUSE, 1L); /* the next is an hour away */
    CURL_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    CURL_SET(easy, CURLOPT_WRITEDATA, fetch);
    CURL_SET(easy, CURLOPT_HEADERFUNCTION, on_field);
    CURL_SET(easy, CURLOPT_HEADERDATA, fetch);
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *request,
                          fetch_done_fn *done, void *data)
{
    struct fetch *fetch = xcalloc(1, sizeof(*fetch));
    *fetch = (struct fetch){
        .size_max = request->size_max, .done = done, .data = data, .next = f->running};
    fetch->at = &f->running;
    if (f->running)
        f->running->at = &fetch->next;
    f->running = fetch;
    f->pool = curl_pool_renew(f->pool, f->curl);
    fetch->transfer.on_done = on_done;
    curl_transfer_open(&fetch->transfer, f->pool);
    set_request(fetch, request);
    curl_transfer_start(&fetch->transfer);
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    release(fetch);
}
