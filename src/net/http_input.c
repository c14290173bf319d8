/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/xalloc.h"

#include "http_connection_private.h"

#define END_OF_HEAD STR("\r\n\r\n")

/* The size of the head at the start of `in`, 0 while its end has not come. */
static size_t find_head(struct http_connection *c, struct str in)
{
    size_t from = c->scanned > 3 ? c->scanned - 3 : 0;
    size_t at = str_find_str(str_skip(in, from), END_OF_HEAD);
    if (from + at == in.len) {
        c->scanned = in.len;
        return 0;
    }
    return from + at + 4;
}

static void begin_request(struct http_connection *c)
{
    c->phase = HTTP_REQUEST;
    c->answer = HTTP_ANSWER_NONE;
    c->framing = HTTP_BODY_NONE;
    c->minor_version = 1;
    c->scanned = 0;
    c->to_head = c->upgrade = c->expects = c->input_failed = c->blocked = false;
    c->body_wanted = c->body_done = c->body_told = false;
    c->close = c->draining;
}

/* An unsupported version has a status of its own (RFC 9110, 15.6.6), and comes before any field. */
static void fail_head(struct http_connection *c, enum http_parse_result result,
                      const struct http_head *head)
{
    unsigned status = 400;
    if (result == HTTP_PARSE_TOO_MANY_HEADERS)
        status = 431;
    else if (result == HTTP_PARSE_UNSUPPORTED)
        status = head->header_count == 0 ? 505 : 501;
    http_input_fail(c, status, head->why ? head->why : "a malformed request");
}

void http_input_fail(struct http_connection *c, unsigned status, const char *why)
{
    if (c->phase == HTTP_AWAIT)
        begin_request(c);
    c->input_failed = c->close = true;
    c->body_wanted = false;
    if (c->answer == HTTP_ANSWER_BEGUN)
        c->broken = true;
    else if (c->answer == HTTP_ANSWER_NONE)
        c->server->events->on_error(c, status, why);
}

static void begin_chunks(struct http_connection *c)
{
    size_t max = c->server->options.trailers_max;
    c->trailers = NULL;
    http_chunked_init(&c->chunked);
    c->chunked.trailers_max = max < UINT32_MAX ? (uint32_t)max : UINT32_MAX;
}

static void accept_head(struct http_connection *c, const struct http_head *head)
{
    begin_request(c);
    c->framing = head->framing;
    c->body_done = head->framing == HTTP_BODY_NONE;
    if (head->framing == HTTP_BODY_CHUNKED)
        begin_chunks(c);
    else
        c->body_left = head->content_length;
    c->minor_version = (uint8_t)head->minor_version;
    c->to_head = str_eq(head->method, STR("HEAD"));
    c->upgrade = head->upgrade;
    c->expects = head->expects_continue;
    c->close = !head->keep_alive || c->draining;
    c->server->events->on_head(c, head);
}

static void parse_head(struct http_connection *c, struct str bytes)
{
    char *memory = c->server->events->head_memory(c, bytes.len);
    memcpy(memory, bytes.at, bytes.len);
    struct http_head head;
    enum http_parse_result result = http_parse_request(str_of(memory, bytes.len), &head);
    if (result == HTTP_PARSE_OK)
        accept_head(c, &head);
    else
        fail_head(c, result, &head);
}

/* A head whose end has not come is parsed once, so that what is no HTTP at all (a TLS greeting,
 * say) is refused at its first bytes; more often would cost a trickling client nothing and us the
 * square of its bytes. */
static bool wait_for_head(struct http_connection *c, struct str in, bool is_first)
{
    struct http_head head;
    if (in.len >= c->server->options.head_max) {
        http_input_fail(c, 431, "the head is too large");
        return true;
    }
    enum http_parse_result result =
        is_first ? http_parse_request(in, &head) : HTTP_PARSE_INCOMPLETE;
    if (result == HTTP_PARSE_INCOMPLETE)
        return false;
    fail_head(c, result, &head);
    return true;
}

bool http_input_take_head(struct http_connection *c, struct str *in)
{
    if (in->len == 0)
        return false;
    if (!c->head_begun) {
        c->head_begun = true;
        c->heard_at = loop_now(c->server->loop);
    }
    bool is_first = c->scanned == 0;
    size_t size = find_head(c, *in);
    if (size == 0)
        return wait_for_head(c, *in, is_first);
    if (size > c->server->options.head_max) {
        http_input_fail(c, 431, "the head is too large");
        return true;
    }
    struct str bytes = str_head(*in, size);
    *in = str_skip(*in, size);
    parse_head(c, bytes);
    return true;
}

static enum http_chunk_result take_length(struct http_connection *c, struct str *in,
                                          struct str *ret_piece)
{
    if (c->body_left == 0)
        return HTTP_CHUNK_END;
    if (in->len == 0)
        return HTTP_CHUNK_MORE;
    *ret_piece = str_head(*in, c->body_left);
    *in = str_skip(*in, ret_piece->len);
    c->body_left -= ret_piece->len;
    return HTTP_CHUNK_DATA;
}

enum http_chunk_result http_input_take_body(struct http_connection *c, struct str *in,
                                            struct str *ret_piece)
{
    enum http_chunk_result result = c->framing == HTTP_BODY_CHUNKED
                                        ? http_chunked_next(&c->chunked, in, ret_piece)
                                        : take_length(c, in, ret_piece);
    c->body_done = result == HTTP_CHUNK_END;
    return result;
}

static void keep_trailer(struct http_connection *c, struct str piece)
{
    if (!c->trailers)
        c->trailers = xcalloc(1, sizeof(*c->trailers));
    buf_append(c->trailers, piece);
}

void http_input_drop_trailers(struct http_connection *c)
{
    if (c->framing != HTTP_BODY_CHUNKED || !c->trailers)
        return;
    buf_release(c->trailers);
    free(c->trailers);
    c->trailers = NULL;
}

/* The lines are whole and held to their syntax. False when all were told. */
static bool tell_trailer(struct http_connection *c)
{
    if (c->framing != HTTP_BODY_CHUNKED || !c->trailers || buf_len(c->trailers) == 0)
        return false;
    struct str rest = buf_str(c->trailers), line = str_head(rest, str_find(rest, '\r')), name;
    buf_consume(c->trailers, line.len + 2); /* the bytes stay where they are */
    (void)str_split(&line, ':', &name);
    c->server->events->on_trailer(c, name, str_trim(line));
    return true;
}

static void end_body(struct http_connection *c)
{
    http_input_drop_trailers(c);
    c->body_told = true;
    c->body_wanted = false;
    c->server->events->on_body_end(c);
}

bool http_input_deliver_body(struct http_connection *c, struct str *in)
{
    if (!c->body_wanted)
        return false;
    struct str piece;
    switch (c->body_done ? HTTP_CHUNK_END : http_input_take_body(c, in, &piece)) {
    case HTTP_CHUNK_DATA:
        c->heard_at = loop_now(c->server->loop);
        c->server->events->on_body(c, piece);
        return true;
    case HTTP_CHUNK_TRAILER:
        c->heard_at = loop_now(c->server->loop);
        keep_trailer(c, piece);
        return true;
    case HTTP_CHUNK_MORE:
        return false;
    case HTTP_CHUNK_END:
        if (!tell_trailer(c))
            end_body(c);
        return true;
    case HTTP_CHUNK_INVALID:
        http_input_fail(c, 400, "a malformed chunked body");
        return true;
    }
    return false;
}

/* Where the answer is on its way already, a body that stays short no longer matters. */
bool http_input_is_cut_off(const struct http_connection *c, struct str in)
{
    if (c->input_failed || c->body_done || c->answer == HTTP_ANSWER_ENDED)
        return false;
    if (c->body_wanted)
        return in.len == 0;
    return c->answer == HTTP_ANSWER_NONE && c->framing == HTTP_BODY_LENGTH && c->body_left > in.len;
}
