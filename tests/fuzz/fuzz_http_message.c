/* SPDX-License-Identifier: Apache-2.0 */
/* Every input is read as a request, as an answer and as a chunked body. */
#include "turnpike/base/http_message.h"

#include "turnpike/base/buf.h"
#include "turnpike/base/uri.h"

#include "fuzz.h"

typedef enum http_parse_result parse_fn(struct str in, struct http_head *ret_head);

static enum http_parse_result parse_response(struct str in, struct http_head *ret_head)
{
    return http_parse_response(in, false, ret_head);
}

static void check_fields(const struct http_head *head)
{
    REQUIRE(head->header_count <= HTTP_HEADERS_MAX);
    FOR_EACH (header, head->headers, head->header_count) {
        REQUIRE(http_is_token(header->name));
        REQUIRE(http_is_field_value(header->value));
        REQUIRE(str_eq(str_trim(header->value), header->value));
    }
}

static void check_request(const struct http_head *head)
{
    struct str host;
    uint16_t port;
    REQUIRE(http_is_token(head->method) && head->method.len <= 32);
    REQUIRE(head->target.len > 0);
    REQUIRE(head->target.at[0] == '/' || str_is(head->target, "*"));
    for (size_t i = 0; i < head->target.len; i++)
        REQUIRE(head->target.at[i] > ' ' && head->target.at[i] < 0x7f && head->target.at[i] != '#');
    REQUIRE(head->host.len == 0 || uri_split_host(head->host, &host, &port));
    REQUIRE(head->framing != HTTP_BODY_UNTIL_CLOSE);
}

static void check_head(struct str in, const struct http_head *head, bool is_request)
{
    REQUIRE(head->size <= in.len && head->size >= 4);
    REQUIRE(str_ends_with(str_head(in, head->size), STR("\r\n\r\n")) ||
            str_ends_with(str_head(in, head->size), STR("\r\n")));
    REQUIRE(head->minor_version <= 9 && !head->why);
    REQUIRE((head->framing == HTTP_BODY_LENGTH) == (head->content_length > 0));
    check_fields(head);
    if (is_request)
        check_request(head);
    else
        REQUIRE(head->status >= 100 && head->status <= 599);
}

/* What the head says, written plainly, says the same. */
static void check_rewritten(const struct http_head *head)
{
    static struct http_head again;
    scoped_buf struct buf text = {0};
    buf_printf(&text, "%" STR_F " %" STR_F " HTTP/1.%u\r\n", STR_A(head->method),
               STR_A(head->target), head->minor_version);
    FOR_EACH (header, head->headers, head->header_count)
        buf_printf(&text, "%" STR_F ": %" STR_F "\r\n", STR_A(header->name), STR_A(header->value));
    buf_literal(&text, "\r\n");

    REQUIRE(http_parse_request(buf_str(&text), &again) == HTTP_PARSE_OK);
    REQUIRE(str_eq(again.method, head->method) && str_eq(again.target, head->target));
    REQUIRE(again.framing == head->framing && again.content_length == head->content_length);
    REQUIRE(again.header_count == head->header_count && again.keep_alive == head->keep_alive);
    for (size_t i = 0; i < head->header_count; i++)
        REQUIRE(str_eq(again.headers[i].value, head->headers[i].value));
}

static enum http_parse_result parse_prefix(parse_fn *parse, struct str in, size_t len)
{
    static struct http_head head;
    struct str copy = fuzz_copy(str_head(in, len));
    enum http_parse_result result = parse(copy, &head);
    fuzz_free(copy);
    return result;
}

/* A prefix is incomplete or is already what the whole is. */
static void check_prefixes(parse_fn *parse, struct str in, enum http_parse_result whole)
{
    enum http_parse_result last = HTTP_PARSE_INCOMPLETE;
    size_t step = in.len / 64 + 1;
    for (size_t len = 0; len < in.len; len += step) {
        enum http_parse_result result = parse_prefix(parse, in, len);
        REQUIRE(result == HTTP_PARSE_INCOMPLETE || result == whole);
        REQUIRE(last == HTTP_PARSE_INCOMPLETE || result == last);
        last = result;
    }
}

static void fuzz_head(parse_fn *parse, struct str in)
{
    static struct http_head head;
    enum http_parse_result whole = parse(in, &head);
    REQUIRE((whole == HTTP_PARSE_OK || whole == HTTP_PARSE_INCOMPLETE) == !head.why);
    if (whole == HTTP_PARSE_OK) {
        check_head(in, &head, parse == http_parse_request);
        if (parse == http_parse_request)
            check_rewritten(&head);
        REQUIRE(parse_prefix(parse, in, head.size) == HTTP_PARSE_OK);
        REQUIRE(parse_prefix(parse, in, head.size - 1) == HTTP_PARSE_INCOMPLETE);
    }
    check_prefixes(parse, in, whole);
}

static void check_trailers(struct str trailers)
{
    struct str line, name;
    while (trailers.len > 0 && str_split(&trailers, '\n', &line)) {
        REQUIRE(str_ends_with(line, STR("\r")));
        line.len--;
        REQUIRE(str_split(&line, ':', &name) && http_is_token(name));
        REQUIRE(http_is_field_value(str_trim(line)));
    }
}

/* Decodes in pieces of at most `piece` bytes; *ret_rest is what was not taken. */
static enum http_chunk_result decode(struct str coded, size_t piece, uint32_t trailers_max,
                                     struct buf *body, size_t *ret_rest)
{
    scoped_buf struct buf trailers = {0};
    struct http_chunked c;
    enum http_chunk_result result = HTTP_CHUNK_MORE;
    http_chunked_init(&c);
    c.trailers_max = trailers_max;
    while (coded.len > 0 && result == HTTP_CHUNK_MORE) {
        struct str copy = fuzz_copy(str_head(coded, piece)), in = copy, data;
        while ((result = http_chunked_next(&c, &in, &data)) == HTTP_CHUNK_DATA ||
               result == HTTP_CHUNK_TRAILER) {
            REQUIRE(data.len > 0);
            buf_append(result == HTTP_CHUNK_DATA ? body : &trailers, data);
        }
        REQUIRE(result != HTTP_CHUNK_MORE || in.len == 0);
        coded = str_skip(coded, copy.len - in.len);
        fuzz_free(copy);
    }
    *ret_rest = coded.len;
    REQUIRE(trailers_max || buf_len(&trailers) == 0);
    if (result == HTTP_CHUNK_END)
        check_trailers(buf_str(&trailers));
    return result;
}

static void fuzz_chunked(struct str in)
{
    scoped_buf struct buf whole = {0};
    size_t rest, rest_in_pieces;
    enum http_chunk_result result = decode(in, in.len, 0, &whole, &rest);
    const size_t pieces[] = {1, 2, 7, in.len / 2 + 1};
    FOR_EACH (piece, pieces, ARRAY_LENGTH(pieces)) {
        scoped_buf struct buf body = {0};
        uint32_t trailers_max = *piece % 2 ? 8192 : 0; /* what is kept of them changes nothing */
        REQUIRE(decode(in, *piece, trailers_max, &body, &rest_in_pieces) == result);
        REQUIRE(str_eq(buf_str(&body), buf_str(&whole)));
        REQUIRE(rest == rest_in_pieces);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = fuzz_input(data, size);
    fuzz_head(http_parse_request, in);
    fuzz_head(parse_response, in);
    fuzz_chunked(in);
    return 0;
}
