/* SPDX-License-Identifier: Apache-2.0 */
#include "https_private.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define HELD_MAX 65536 /* bytes of a streamed answer, until the turn or a pause ends */

/* Telling. libcurl's callbacks only note what came: events may end calls and start others, which
 * is not for them. What one turn brought is told at its end. */

static void begin(struct http_call *call)
{
    struct http_head head;
    if (call->answer.head_size == 0 || (call->done && !call->https->over))
        return;
    enum http_parse_result same =
        http_parse_response(buf_str(&call->answer.in), call->answer.to_head, &head);
    assert(same == HTTP_PARSE_OK);
    if (call->https->over)
        http_call_deliver(call, &head);
    else if (http_stream_begin(call, &head) && !call->paused && call->https->stopped)
        https_call_wake(call);
}

/* Nothing is added meanwhile: libcurl calls back from the loop, and from below alone. */
static bool give(struct http_call *call)
{
    struct buf *in = &call->answer.in;
    if (buf_len(in) == 0)
        return true;
    if (!http_stream_give(call, buf_str(in)))
        return false;
    buf_clear(in);
    return true;
}

static void go_on(struct http_call *call)
{
    struct https_call *h = call->https;
    if (call->paused || !give(call) || call->paused)
        return;
    if (h->over) {
        http_stream_finish(call);
    } else if (h->stopped) {
        h->stopped = false;
        (void)curl_easy_pause(h->transfer.easy, CURLPAUSE_CONT); /* a failure has been noted */
    }
}

/* Without libcurl, which still sends the request where the answer came before its end, or waits for
 * the body of an answer to HEAD where the request has one. */
static bool has_all(const struct answer_reader *a)
{
    return a->head_size &&
           (a->framing == HTTP_BODY_NONE || (a->framing == HTTP_BODY_LENGTH && a->body_left == 0));
}

static void on_turn_end(struct task *task)
{
    struct http_call *call = container_of(task, struct http_call, later);
    if (has_all(&call->answer))
        call->https->over = true;
    if (call->https->failed)
        http_call_fail(call, &call->error);
    else if (call->streaming)
        go_on(call);
    else
        begin(call);
}

void https_call_wake(struct http_call *call)
{
    task_defer(call->client->loop, &call->later, on_turn_end);
}

/* What arrives. */

static size_t refuse(struct https_call *h, enum error_code code, const char *why)
{
    error_set(&h->call->error, code, "%s", why);
    h->failed = true;
    https_call_wake(h->call);
    return 0;
}

/* The edge's own parser decides, also about answers before the final one. */
static bool read_head(struct https_call *h)
{
    struct http_call *call = h->call;
    struct http_head head;
    if (answer_reader_feed(&call->answer, STR(""), call->answer_max, &head, &call->error) ==
        ANSWER_FAILED)
        return false;
    if (call->answer.head_size)
        call->client->https->keep_alive = answer_idle_time(&head);
    else if (buf_len(&call->answer.in))
        error_set(&call->error, ERROR_PROTOCOL, "the answer's head is malformed");
    return call->answer.head_size || buf_len(&call->answer.in) == 0;
}

/* Line by line; those behind the body are trailers. */
static size_t on_field(char *at, size_t size, size_t count, void *data)
{
    struct https_call *h = data;
    struct http_call *call = h->call;
    struct str line = str_of(at, size * count);
    if (call->answer.head_size)
        return line.len;
    if (buf_len(&call->answer.in) + line.len > ANSWER_HEAD_MAX)
        return refuse(h, ERROR_TOO_LARGE, "the answer's head is too large");
    buf_append(&call->answer.in, line);
    if (!str_is(line, "\r\n") && !str_is(line, "\n"))
        return line.len;
    h->failed = !read_head(h);
    https_call_wake(call);
    return h->failed ? 0 : line.len;
}

static size_t on_body(char *at, size_t size, size_t count, void *data)
{
    struct https_call *h = data;
    struct http_call *call = h->call;
    struct answer_reader *a = &call->answer;
    struct str bytes = str_of(at, size * count);
    if (a->framing == HTTP_BODY_LENGTH || a->framing == HTTP_BODY_NONE)
        bytes = str_head(bytes, a->body_left); /* libcurl would say the same */
    if (bytes.len > call->answer_max - a->body_size)
        return refuse(h, ERROR_TOO_LARGE, "the answer's body is too large");
    if (call->events && buf_len(&a->in) >= HELD_MAX) {
        h->stopped = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    buf_append(&a->in, bytes);
    a->body_size += bytes.len;
    a->body_left -= a->framing == HTTP_BODY_LENGTH ? bytes.len : 0;
    if (call->events || has_all(a))
        https_call_wake(call);
    return size * count;
}

/* The only time that libcurl keeps is that of connecting. */
static void describe(struct https_call *h, CURLcode code)
{
    struct error *error = &h->call->error;
    curl_transfer_describe(&h->transfer, code, error);
    if (error->code == ERROR_TIMEOUT)
        error->code = ERROR_CONNECT;
    else if (error->code == ERROR_UNSUPPORTED || /* no HTTP, or that of another time */
             (error->code == ERROR_CONNECTION && strstr(error->text, "chunk"))) /* its framing */
        error->code = ERROR_PROTOCOL;
    else if (code == CURLE_ABORTED_BY_CALLBACK)
        error_set(error, ERROR_CONNECTION, "the connection ended before the answer");
    else if (code == CURLE_OK)
        error_set(error, ERROR_CONNECTION, "the connection ended within the answer's head");
}

static void on_done(struct curl_transfer *transfer, CURLcode code)
{
    struct https_call *h = container_of(transfer, struct https_call, transfer);
    const struct answer_reader *a = &h->call->answer;
    bool unheard = a->head_size == 0 && buf_len(&a->in) == 0;
    if (code != CURLE_OK && !h->failed && unheard && https_attempt_again(h))
        return;
    h->over = true;
    if (!h->failed && !has_all(a) && (code != CURLE_OK || a->head_size == 0)) {
        describe(h, code);
        h->failed = true;
    }
    https_call_wake(h->call);
}

/* A call's life. */

static void set_callbacks(struct https_call *h)
{
    CURL *easy = h->transfer.easy;
    h->transfer.on_done = on_done;
    CURL_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    CURL_SET(easy, CURLOPT_WRITEDATA, h);
    CURL_SET(easy, CURLOPT_HEADERFUNCTION, on_field);
    CURL_SET(easy, CURLOPT_HEADERDATA, h);
}

void https_call_start(struct http_call *call)
{
    struct http_client *c = call->client;
    struct https_client *client = c->https;
    struct https_call *h = call->https = xcalloc(1, sizeof(*h));
    h->call = call;
    timer_cancel(c->loop, &c->reaper);
    client->pool = curl_pool_renew(client->pool, client->curl);
    curl_pool_keep(client->pool, c->options.idle_max);
    curl_transfer_open(&h->transfer, client->pool);
    https_request_describe(h);
    https_attempt_watch(h);
    set_callbacks(h);
    http_transfer_start_timer(call);
    curl_transfer_start(&h->transfer);
}

static void on_idle(struct timer *timer)
{
    struct http_client *c = container_of(timer, struct http_client, reaper);
    curl_pool_retire(c->https->pool);
    c->https->pool = NULL;
}

void https_call_close(struct http_call *call)
{
    struct http_client *c = call->client;
    struct https_call *h = call->https;
    curl_transfer_close(&h->transfer);
    curl_slist_free_all(h->fields);
    free(h);
    call->https = NULL;
    if (c->https->pool && !curl_pool_is_busy(c->https->pool)) /* it may be of an older pool */
        timer_start(c->loop, &c->reaper, loop_now(c->loop) + c->options.keep_alive_timeout,
                    on_idle);
}

/* The client. */

static void append_authority(struct buf *out, struct str host, uint16_t port)
{
    bool is_ip6 = str_find(host, ':') < host.len;
    buf_printf(out, is_ip6 ? "[%" STR_F "]:%u" : "%" STR_F ":%u", STR_A(host), port);
}

static char *text_for(const char *prefix, struct str host, uint16_t port, const char *suffix)
{
    struct buf text = {0};
    buf_append(&text, str_from(prefix));
    append_authority(&text, host, port);
    buf_append(&text, str_from(suffix));
    buf_append_char(&text, '\0');
    return text.data;
}

/* What libcurl verifies is the URL's host; where it connects to may be another. */
struct https_client *https_client_new(const struct http_client_options *options)
{
    struct https_client *client = xcalloc(1, sizeof(*client));
    struct str name = options->server_name.len ? options->server_name : options->host;
    client->curl = options->curl;
    client->keep_alive = UINT64_MAX;
    (void)curl_loop_store(client->curl); /* read while nobody waits */
    client->url = text_for("https://", name, options->port, "/");
    if (!str_eq(name, options->host)) {
        scoped_free char *there = text_for("::", options->host, options->port, "");
        client->connect_to = xcheck(curl_slist_append(NULL, there));
    }
    return client;
}

void https_client_free(struct https_client *client)
{
    if (!client)
        return;
    curl_pool_retire(client->pool);
    curl_slist_free_all(client->connect_to);
    free(client->url);
    free(client);
}
