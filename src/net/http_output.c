/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "turnpike/base/clock.h"

#include "http_connection_private.h"

/* Bytes of output that wait: a streamed answer is stopped above the one mark and goes on below the
 * other. */
#define HIGH_MARK 65536
#define LOW_MARK  16384

/* Beyond the caller's fields: status line, date, content-length or coding, connection. */
#define HEAD_OVERHEAD 256

static struct iovec part_of(struct str s)
{
    return (struct iovec){(void *)(uintptr_t)s.at, s.len}; /* never written through */
}

static struct str part_str(const struct iovec *part)
{
    return str_of(part->iov_base, part->iov_len);
}

/* Keeps what the kernel did not take: by copy, but for the last part where its bytes stay. */
static void keep_unsent(struct http_connection *c, const struct iovec *parts, int count,
                        size_t sent, bool last_stays)
{
    for (int i = 0; i < count; i++) {
        struct str left = str_skip(part_str(&parts[i]), sent);
        sent -= parts[i].iov_len - left.len;
        if (last_stays && i == count - 1)
            c->rest = left;
        else
            buf_append(&c->out, left);
    }
}

static void send_parts(struct http_connection *c, const struct iovec *parts, int count,
                       bool last_stays)
{
    ssize_t sent = 0;
    bool waits = http_output_is_pending(c);
    if (!waits && !c->broken && count > 0)
        sent = stream_write(&c->stream, parts, count);
    if (sent < 0)
        c->broken = true;
    if (!c->broken)
        keep_unsent(c, parts, count, (size_t)sent, last_stays);
    if (!waits)
        c->sent_at = loop_now(c->server->loop);
    if (c->broken || http_output_is_pending(c) || c->answer == HTTP_ANSWER_ENDED)
        http_connection_schedule(c);
}

void http_output_flush(struct http_connection *c)
{
    struct iovec parts[] = {part_of(buf_str(&c->out)), part_of(c->rest)};
    ssize_t sent = stream_write(&c->stream, parts, ARRAY_LENGTH(parts));
    if (sent < 0) {
        c->broken = true;
        return;
    }
    if (sent > 0)
        c->sent_at = loop_now(c->server->loop);
    size_t copied = (size_t)sent < buf_len(&c->out) ? (size_t)sent : buf_len(&c->out);
    buf_consume(&c->out, copied);
    c->rest = str_skip(c->rest, (size_t)sent - copied);
    if (c->blocked && buf_len(&c->out) <= LOW_MARK) {
        c->blocked = false;
        c->server->events->on_writable(c);
    }
}

void http_output_continue(struct http_connection *c)
{
    struct iovec part = part_of(STR("HTTP/1.1 100 Continue\r\n\r\n"));
    send_parts(c, &part, 1, false);
}

static struct str date_line(struct http_server *server)
{
    uint64_t wall = loop_wall(server->loop), second = wall / USEC_PER_SEC;
    if (second != server->date_second) {
        char date[CLOCK_HTTP_SIZE];
        (void)snprintf(server->date_line, sizeof(server->date_line), "date: %" STR_F "\r\n",
                       STR_A(clock_http(wall, date)));
        server->date_second = second;
    }
    return str_from(server->date_line);
}

static char *put(char *out, struct str s)
{
    if (s.len)
        memcpy(out, s.at, s.len);
    return out + s.len;
}

static char *put_number(char *out, uint64_t value)
{
    char digits[STR_U64_SIZE];
    return put(out, str_u64(value, digits));
}

/* What could end the line early becomes a space (RFC 9110, 5.5). */
static char *put_value(char *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char at = value.at[i];
        out[i] = at == '\r' || at == '\n' || at == '\0' ? ' ' : at;
    }
    return out + value.len;
}

static size_t head_size(const struct http_answer *answer, struct str reason)
{
    size_t size = HEAD_OVERHEAD + reason.len;
    FOR_EACH (header, answer->headers, answer->header_count)
        size += header->name.len + header->value.len + 4;
    return size;
}

static char *put_framing(char *out, enum http_answer_end end, bool has_length, uint64_t length)
{
    if (end == HTTP_END_CHUNKED)
        return put(out, STR("transfer-encoding: chunked\r\n"));
    if (!has_length)
        return out;
    out = put_number(put(out, STR("content-length: ")), length);
    return put(out, STR("\r\n"));
}

static char *put_status_line(char *out, unsigned status, struct str reason)
{
    out = put_number(put(out, STR("HTTP/1.1 ")), status);
    return put(put(put(out, STR(" ")), reason), STR("\r\n"));
}

/* 426 comes with Upgrade, which has to be named here (RFC 9110, 7.8 and 15.5.22). */
static struct str connection_line(const struct http_connection *c, unsigned status)
{
    if (status == 426)
        return c->close ? STR("connection: close, upgrade\r\n\r\n")
                        : STR("connection: keep-alive, upgrade\r\n\r\n");
    return c->close ? STR("connection: close\r\n\r\n") : STR("connection: keep-alive\r\n\r\n");
}

/* A view of the server's head buffer, good until the next head. */
static struct str write_head(struct http_connection *c, const struct http_answer *answer,
                             bool has_length, uint64_t length)
{
    struct http_server *server = c->server;
    struct str reason = str_from(http_reason(answer->status));
    buf_clear(&server->head);
    char *start = buf_reserve(&server->head, head_size(answer, reason));

    char *at = put_status_line(start, answer->status, reason);
    at = put(at, date_line(server));
    FOR_EACH (header, answer->headers, answer->header_count) {
        at = put(put(at, header->name), STR(": "));
        at = put(put_value(at, header->value), STR("\r\n"));
    }
    at = put_framing(at, c->answer_end, has_length, length);
    at = put(at, connection_line(c, answer->status));
    return str_of(start, (size_t)(at - start));
}

/* A body that nobody took keeps the next request away where dropping it is too much, or where
 * nobody can tell whether it will come (RFC 9110, 10.1.1). */
static bool body_is_in_the_way(const struct http_connection *c)
{
    return !c->body_done && (c->expects || c->body_left > HTTP_DRAIN_MAX);
}

static void begin_answer(struct http_connection *c, const struct http_answer *answer,
                         enum http_answer_end end)
{
    assert(c->phase == HTTP_REQUEST && c->answer == HTTP_ANSWER_NONE);
    assert(answer->status >= 200 && answer->status <= 599);
    c->answer = HTTP_ANSWER_BEGUN;
    c->answer_end = end;
    c->close |= answer->close || c->draining || end == HTTP_END_CLOSE || body_is_in_the_way(c);
}

static bool has_no_body(const struct http_connection *c, unsigned status)
{
    return c->to_head || status == 204 || status == 304;
}

/* A 304 without a body to measure says nothing about the length of the 200 (RFC 9110, 8.6). */
static bool says_length(const struct http_answer *answer)
{
    if (answer->status == 204)
        return false;
    return answer->has_content_length || answer->status != 304 || answer->body.len > 0;
}

void http_connection_respond(struct http_connection *c, const struct http_answer *answer)
{
    bool bare = has_no_body(c, answer->status);
    assert(bare || !answer->has_content_length || answer->content_length == answer->body.len);
    begin_answer(c, answer, bare ? HTTP_END_NO_BODY : HTTP_END_LENGTH);
    uint64_t length = answer->has_content_length ? answer->content_length : answer->body.len;
    struct str head = write_head(c, answer, says_length(answer), length);

    c->answer = HTTP_ANSWER_ENDED;
    struct iovec parts[] = {part_of(head), part_of(bare ? str_of(NULL, 0) : answer->body)};
    send_parts(c, parts, ARRAY_LENGTH(parts), true);
}

static enum http_answer_end streamed_end(const struct http_connection *c,
                                         const struct http_answer *answer)
{
    if (has_no_body(c, answer->status))
        return HTTP_END_NO_BODY;
    if (answer->has_content_length)
        return HTTP_END_LENGTH;
    return c->minor_version == 0 ? HTTP_END_CLOSE : HTTP_END_CHUNKED;
}

/* A piece of a streamed body, as the answer's coding has it; the parts that it takes, at most
 * PIECE_PARTS. */
#define PIECE_PARTS     3
#define CHUNK_LINE_SIZE 20

static int add_piece(struct http_connection *c, struct str bytes, char line[CHUNK_LINE_SIZE],
                     struct iovec *parts)
{
    if (bytes.len == 0 || c->answer_end == HTTP_END_NO_BODY)
        return 0;
    if (c->answer_end == HTTP_END_CHUNKED) {
        int len = snprintf(line, CHUNK_LINE_SIZE, "%zx\r\n", bytes.len);
        parts[0] = part_of(str_of(line, (size_t)len));
        parts[1] = part_of(bytes);
        parts[2] = part_of(STR("\r\n"));
        return 3;
    }
    assert(c->answer_end == HTTP_END_CLOSE || bytes.len <= c->answer_left);
    c->answer_left -= bytes.len;
    parts[0] = part_of(bytes);
    return 1;
}

void http_connection_respond_head(struct http_connection *c, const struct http_answer *answer)
{
    char line[CHUNK_LINE_SIZE];
    struct iovec parts[1 + PIECE_PARTS];
    begin_answer(c, answer, streamed_end(c, answer));
    c->answer_left = answer->content_length;
    bool has_length = answer->has_content_length && answer->status != 204;
    parts[0] = part_of(write_head(c, answer, has_length, answer->content_length));
    send_parts(c, parts, 1 + add_piece(c, answer->body, line, &parts[1]), false);
}

bool http_connection_respond_bytes(struct http_connection *c, struct str bytes)
{
    assert(c->phase == HTTP_REQUEST && c->answer == HTTP_ANSWER_BEGUN);
    char line[CHUNK_LINE_SIZE];
    struct iovec parts[PIECE_PARTS];
    int count = add_piece(c, bytes, line, parts);
    if (count > 0)
        send_parts(c, parts, count, false);
    c->blocked = buf_len(&c->out) >= HIGH_MARK;
    return !c->blocked;
}

void http_connection_respond_end(struct http_connection *c)
{
    assert(c->phase == HTTP_REQUEST && c->answer == HTTP_ANSWER_BEGUN);
    assert(c->answer_end != HTTP_END_LENGTH || c->answer_left == 0);
    c->answer = HTTP_ANSWER_ENDED;
    c->blocked = false;
    struct iovec part = part_of(STR("0\r\n\r\n"));
    send_parts(c, &part, c->answer_end == HTTP_END_CHUNKED ? 1 : 0, false);
}
