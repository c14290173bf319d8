/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_reader.h"

#include "turnpike/base/clock.h"

#define IDLE_MARGIN (USEC_PER_SEC / 2) /* for the peer's clock and the way there */

static enum answer_result refuse(struct error *ret_error, enum error_code code, const char *why)
{
    error_set(ret_error, code, "%s", why);
    return ANSWER_FAILED;
}

static enum answer_result accept_head(struct answer_reader *a, size_t body_max,
                                      const struct http_head *head, struct error *ret_error)
{
    if (head->framing == HTTP_BODY_LENGTH && head->content_length > body_max)
        return refuse(ret_error, ERROR_TOO_LARGE, "the answer's body is too large");
    a->head_size = head->size;
    a->framing = head->framing;
    a->keep_alive = head->keep_alive && head->framing != HTTP_BODY_UNTIL_CLOSE;
    a->body_left = head->framing == HTTP_BODY_LENGTH ? head->content_length : 0;
    http_chunked_init(&a->chunked);
    return ANSWER_COMPLETE;
}

/* ANSWER_COMPLETE: the final head is there. */
static enum answer_result read_head(struct answer_reader *a, size_t body_max,
                                    struct http_head *ret_head, struct error *ret_error)
{
    for (;;) {
        switch (http_parse_response(buf_str(&a->in), a->to_head, ret_head)) {
        case HTTP_PARSE_OK:
            break;
        case HTTP_PARSE_INCOMPLETE:
            if (buf_len(&a->in) > ANSWER_HEAD_MAX)
                return refuse(ret_error, ERROR_TOO_LARGE, "the answer's head is too large");
            return ANSWER_MORE;
        case HTTP_PARSE_TOO_MANY_HEADERS:
            return refuse(ret_error, ERROR_TOO_LARGE, ret_head->why);
        case HTTP_PARSE_INVALID:
        case HTTP_PARSE_UNSUPPORTED:
            return refuse(ret_error, ERROR_PROTOCOL, ret_head->why);
        }
        if (ret_head->status == 101)
            return refuse(ret_error, ERROR_PROTOCOL, "the peer changed the protocol unasked");
        if (ret_head->status >= 200)
            return accept_head(a, body_max, ret_head, ret_error);
        buf_consume(&a->in, ret_head->size); /* 1xx: the final one follows */
    }
}

/* What lies behind the body belongs to no request of ours. */
static enum answer_result complete(struct answer_reader *a, bool surplus)
{
    if (surplus)
        a->keep_alive = false;
    a->in.end = a->in.start + a->head_size + a->body_size;
    return ANSWER_COMPLETE;
}

static enum answer_result read_length(struct answer_reader *a)
{
    size_t got = buf_len(&a->in) - a->head_size - a->body_size;
    size_t taken = got < a->body_left ? got : (size_t)a->body_left;
    a->body_size += taken;
    a->body_left -= taken;
    return a->body_left ? ANSWER_MORE : complete(a, got > taken);
}

/* Decodes in place: the body grows over the coding that has been read. */
static enum answer_result read_chunks(struct answer_reader *a, size_t body_max,
                                      struct error *ret_error)
{
    char *head = a->in.data + a->in.start;
    struct str piece, rest = str_skip(buf_str(&a->in), a->head_size + a->body_size);
    for (;;) {
        switch (http_chunked_next(&a->chunked, &rest, &piece)) {
        case HTTP_CHUNK_DATA:
            if (piece.len > body_max - a->body_size)
                return refuse(ret_error, ERROR_TOO_LARGE, "the answer's body is too large");
            memmove(head + a->head_size + a->body_size, piece.at, piece.len);
            a->body_size += piece.len;
            break;
        case HTTP_CHUNK_TRAILER: /* never asked for */
            break;
        case HTTP_CHUNK_MORE:
            (void)complete(a, false); /* of what has come */
            return ANSWER_MORE;
        case HTTP_CHUNK_END:
            return complete(a, rest.len > 0);
        case HTTP_CHUNK_INVALID:
            return refuse(ret_error, ERROR_PROTOCOL, "the answer's chunks are malformed");
        }
    }
}

static enum answer_result read_until_close(struct answer_reader *a, size_t body_max,
                                           struct error *ret_error)
{
    a->body_size = buf_len(&a->in) - a->head_size;
    if (a->body_size > body_max)
        return refuse(ret_error, ERROR_TOO_LARGE, "the answer's body is too large");
    return ANSWER_MORE;
}

static enum answer_result read_body(struct answer_reader *a, size_t body_max,
                                    struct error *ret_error)
{
    switch (a->framing) {
    case HTTP_BODY_NONE:
        return complete(a, buf_len(&a->in) > a->head_size);
    case HTTP_BODY_LENGTH:
        return read_length(a);
    case HTTP_BODY_CHUNKED:
        return read_chunks(a, body_max, ret_error);
    case HTTP_BODY_UNTIL_CLOSE:
        break;
    }
    return read_until_close(a, body_max, ret_error);
}

/* The views of the first parse died where the buffer moved since. */
static void parse_again(const struct answer_reader *a, struct http_head *ret_head)
{
    enum http_parse_result same = http_parse_response(buf_str(&a->in), a->to_head, ret_head);
    assert(same == HTTP_PARSE_OK);
}

enum answer_result answer_reader_feed(struct answer_reader *a, struct str bytes, size_t body_max,
                                      struct http_head *ret_head, struct error *ret_error)
{
    bool head_is_new = a->head_size == 0;
    buf_append(&a->in, bytes);
    if (head_is_new) {
        enum answer_result result = read_head(a, body_max, ret_head, ret_error);
        if (result != ANSWER_COMPLETE)
            return result;
    }
    enum answer_result result = read_body(a, body_max, ret_error);
    if (result == ANSWER_COMPLETE && !head_is_new)
        parse_again(a, ret_head);
    return result;
}

/* Without collecting: body_size only counts. */

static enum answer_result pass_length(struct answer_reader *a, size_t len, size_t *ret_len)
{
    size_t taken = len < a->body_left ? len : (size_t)a->body_left;
    a->body_left -= taken;
    if (len > taken)
        a->keep_alive = false;
    *ret_len = taken;
    return a->body_left ? ANSWER_MORE : ANSWER_COMPLETE;
}

static enum answer_result pass_chunks(struct answer_reader *a, char *bytes, size_t len,
                                      size_t *ret_len)
{
    struct str piece, rest = str_of(bytes, len);
    size_t kept = 0;
    for (;;) {
        enum http_chunk_result result = http_chunked_next(&a->chunked, &rest, &piece);
        if (result == HTTP_CHUNK_DATA) {
            memmove(bytes + kept, piece.at, piece.len);
            kept += piece.len;
            continue;
        }
        if (rest.len)
            a->keep_alive = false;
        *ret_len = kept;
        return result == HTTP_CHUNK_MORE  ? ANSWER_MORE
               : result == HTTP_CHUNK_END ? ANSWER_COMPLETE
                                          : ANSWER_FAILED;
    }
}

static enum answer_result pass_framed(struct answer_reader *a, char *bytes, size_t len,
                                      size_t *ret_len)
{
    switch (a->framing) {
    case HTTP_BODY_LENGTH:
        return pass_length(a, len, ret_len);
    case HTTP_BODY_CHUNKED:
        return pass_chunks(a, bytes, len, ret_len);
    case HTTP_BODY_NONE:
    case HTTP_BODY_UNTIL_CLOSE:
        break;
    }
    assert(a->framing == HTTP_BODY_UNTIL_CLOSE);
    *ret_len = len;
    return ANSWER_MORE;
}

enum answer_result answer_reader_pass(struct answer_reader *a, char *bytes, size_t len,
                                      size_t body_max, size_t *ret_len, struct error *ret_error)
{
    size_t kept;
    enum answer_result result = pass_framed(a, bytes, len, &kept);
    if (kept > body_max - a->body_size)
        return refuse(ret_error, ERROR_TOO_LARGE, "the answer's body is too large");
    if (result == ANSWER_FAILED)
        return refuse(ret_error, ERROR_PROTOCOL, "the answer's chunks are malformed");
    a->body_size += kept;
    *ret_len = kept;
    return result;
}

bool answer_reader_ends(const struct answer_reader *a)
{
    return a->head_size != 0 && a->framing == HTTP_BODY_UNTIL_CLOSE;
}

bool answer_reader_end(struct answer_reader *a, struct http_head *ret_head)
{
    if (!answer_reader_ends(a))
        return false;
    parse_again(a, ret_head);
    return true;
}

uint64_t answer_idle_time(const struct http_head *head)
{
    const struct header *field =
        http_find_header(head->headers, head->header_count, STR("keep-alive"));
    struct str rest, part;
    uint64_t seconds;
    if (!field)
        return UINT64_MAX;
    rest = field->value;
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        if (!str_starts_with_nocase(part, STR("timeout=")) ||
            !str_to_u64(str_skip(part, 8), &seconds))
            continue;
        if (seconds > UINT32_MAX)
            return UINT64_MAX;
        return seconds ? seconds * USEC_PER_SEC - IDLE_MARGIN : 0;
    }
    return UINT64_MAX;
}
