/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/http_message.h"

#include "turnpike/base/uri.h"

#include "http_chars.h"

#define METHOD_MAX 32

/* One pass over one head. Each step answers OK and leaves `at` behind what it read, or answers
 * what the whole parse will answer. */
struct parser {
    const char *at, *end;
    struct http_head *head;
    bool is_request;
    bool has_host, has_length, has_coding, has_upgrade;
    bool says_close, says_keep_alive, says_upgrade, says_continue;
};

typedef enum http_parse_result field_fn(struct parser *p, struct str value);

static enum http_parse_result refuse(struct parser *p, const char *why)
{
    p->head->why = why;
    return HTTP_PARSE_INVALID;
}

static enum http_parse_result unsupported(struct parser *p, const char *why)
{
    p->head->why = why;
    return HTTP_PARSE_UNSUPPORTED;
}

/* A value's characters, eight at a time while none of them is a control character. */
static const char *skip_value(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t word;
    while (end - at >= 8) {
        memcpy(&word, at, 8);
        uint64_t below_space = (word - ones * 0x20) & ~word;
        uint64_t is_del = ((word ^ ones * 0x7f) - ones) & ~(word ^ ones * 0x7f);
        if ((below_space | is_del) & tops)
            break;
        at += 8;
    }
    return http_scan(at, end, HTTP_VALUE_CHAR);
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* The text exactly, case included. */
static enum http_parse_result parse_constant(struct parser *p, struct str text, const char *why)
{
    struct str got = str_head(str_of(p->at, (size_t)(p->end - p->at)), text.len);
    if (!str_starts_with(text, got))
        return refuse(p, why);
    p->at += got.len;
    return got.len < text.len ? HTTP_PARSE_INCOMPLETE : HTTP_PARSE_OK;
}

static enum http_parse_result parse_line_end(struct parser *p)
{
    return parse_constant(p, STR("\r\n"), "a line does not end in CRLF");
}

/* "HTTP/1.x" (RFC 9112, 2.3). */
static enum http_parse_result parse_version(struct parser *p)
{
    static const char why[] = "a malformed version";
    enum http_parse_result result = parse_constant(p, STR("HTTP/"), why);
    if (result != HTTP_PARSE_OK)
        return result;
    for (size_t i = 0; i < 3; i++, p->at++) {
        if (p->at == p->end)
            return HTTP_PARSE_INCOMPLETE;
        if (i == 1 ? *p->at != '.' : *p->at < '0' || *p->at > '9')
            return refuse(p, why);
    }
    if (p->at[-3] != '1')
        return unsupported(p, "another version than HTTP/1");
    p->head->minor_version = (unsigned)(p->at[-1] - '0');
    return HTTP_PARSE_OK;
}

static enum http_parse_result parse_method(struct parser *p)
{
    const char *start = p->at;
    p->at = http_scan(start, p->end, HTTP_TOKEN_CHAR);
    p->head->method = str_of(start, (size_t)(p->at - start));
    if (p->head->method.len > METHOD_MAX)
        return refuse(p, "the method is too long");
    if (p->at == p->end)
        return HTTP_PARSE_INCOMPLETE;
    if (p->at == start || *p->at++ != ' ')
        return refuse(p, "a malformed method");
    return HTTP_PARSE_OK;
}

/* Whether a target that starts like this may be one of ours (RFC 9112, 3.2.1, 3.2.2, 3.2.4). */
static bool may_be_target(struct str s)
{
    return s.at[0] == '/' || s.at[0] == '*' ||
           str_starts_with_nocase(STR("http://"), str_head(s, 7)) ||
           str_starts_with_nocase(STR("https://"), str_head(s, 8));
}

static enum http_parse_result parse_target(struct parser *p)
{
    const char *start = p->at;
    p->at = http_scan(start, p->end, HTTP_TARGET_CHAR);
    p->head->target = str_of(start, (size_t)(p->at - start));
    if (p->at > start && !may_be_target(p->head->target))
        return refuse(p, "a target that is neither a path nor an http URL");
    if (p->at == p->end)
        return HTTP_PARSE_INCOMPLETE;
    if (p->at == start || *p->at++ != ' ')
        return refuse(p, "a malformed target");
    return HTTP_PARSE_OK;
}

/* Takes an absolute-form apart. Its authority stands above the Host field (RFC 9112, 3.2.2). */
static enum http_parse_result resolve_absolute(struct parser *p)
{
    struct uri uri;
    struct str target = p->head->target;
    if (!uri_parse(target, &uri))
        return refuse(p, "a malformed absolute target");

    p->head->host = uri.authority;
    p->head->target = str_skip(target, (size_t)(uri.path.at - target.at));
    if (uri.path.len > 0)
        return HTTP_PARSE_OK;
    if (p->head->target.len > 0)
        return refuse(p, "an absolute target with a query and no path");
    p->head->target = str_is(p->head->method, "OPTIONS") ? STR("*") : STR("/");
    return HTTP_PARSE_OK;
}

static enum http_parse_result resolve_target(struct parser *p)
{
    struct str target = p->head->target;
    if (str_is(p->head->method, "CONNECT"))
        return refuse(p, "CONNECT is for proxies");
    if (target.at[0] == '/')
        return HTTP_PARSE_OK;
    if (target.at[0] != '*')
        return resolve_absolute(p);
    if (target.len > 1 || !str_is(p->head->method, "OPTIONS"))
        return refuse(p, "only OPTIONS may ask for *");
    return HTTP_PARSE_OK;
}

static enum http_parse_result parse_request_line(struct parser *p)
{
    static enum http_parse_result (*const steps[])(struct parser *) = {
        parse_method, parse_target, parse_version, parse_line_end, resolve_target,
    };
    enum http_parse_result result = HTTP_PARSE_OK;
    for (size_t i = 0; result == HTTP_PARSE_OK && i < ARRAY_LENGTH(steps); i++)
        result = steps[i](p);
    return result;
}

static enum http_parse_result parse_status(struct parser *p)
{
    unsigned status = 0;
    for (size_t i = 0; i < 3; i++, p->at++) {
        if (p->at == p->end)
            return HTTP_PARSE_INCOMPLETE;
        char highest = i == 0 ? '5' : '9', lowest = i == 0 ? '1' : '0';
        if (*p->at < lowest || *p->at > highest)
            return refuse(p, "a malformed status");
        status = status * 10 + (unsigned)(*p->at - '0');
    }
    p->head->status = status;
    return HTTP_PARSE_OK;
}

/* The reason phrase is dropped: it may be empty, and its space missing (RFC 9112, 4). */
static enum http_parse_result parse_status_line(struct parser *p)
{
    enum http_parse_result result = parse_version(p);
    if (result == HTTP_PARSE_OK)
        result = parse_constant(p, STR(" "), "no space before the status");
    if (result == HTTP_PARSE_OK)
        result = parse_status(p);
    if (result != HTTP_PARSE_OK)
        return result;
    if (p->at < p->end && *p->at == ' ')
        p->at = skip_value(p->at, p->end);
    return parse_line_end(p);
}

static enum http_parse_result read_host(struct parser *p, struct str value)
{
    struct str host;
    uint16_t port;
    if (!p->is_request)
        return HTTP_PARSE_OK;
    if (p->has_host)
        return refuse(p, "more than one Host");
    if (value.len > 0 && !uri_split_host(value, &host, &port))
        return refuse(p, "a malformed Host");
    p->has_host = true;
    if (!p->head->host.at)
        p->head->host = value;
    return HTTP_PARSE_OK;
}

/* One field of digits alone: what two parsers could count differently is refused. */
static enum http_parse_result read_content_length(struct parser *p, struct str value)
{
    if (p->has_length)
        return refuse(p, "more than one Content-Length");
    if (!str_to_u64(value, &p->head->content_length))
        return refuse(p, "a malformed Content-Length");
    p->has_length = true;
    return HTTP_PARSE_OK;
}

/* Codings with chunked, if at all, once and last (RFC 9112, 6.1). */
static bool is_coding_list(struct str value)
{
    struct str coding;
    bool chunked = false;
    while (str_split(&value, ',', &coding)) {
        struct str name = str_trim(str_head(coding, str_find(coding, ';')));
        if (chunked || !http_is_token(name))
            return false;
        chunked = str_eq_nocase(name, STR("chunked"));
    }
    return true;
}

static enum http_parse_result read_transfer_encoding(struct parser *p, struct str value)
{
    if (p->head->minor_version == 0)
        return refuse(p, "Transfer-Encoding in HTTP/1.0");
    if (p->has_coding)
        return refuse(p, "more than one Transfer-Encoding");
    if (!is_coding_list(value))
        return refuse(p, "a malformed Transfer-Encoding");
    if (!str_eq_nocase(value, STR("chunked")))
        return unsupported(p, "another transfer coding than chunked");
    p->has_coding = true;
    return HTTP_PARSE_OK;
}

static enum http_parse_result read_connection(struct parser *p, struct str value)
{
    struct str option;
    while (str_split(&value, ',', &option)) {
        option = str_trim(option);
        p->says_close |= str_eq_nocase(option, STR("close"));
        p->says_keep_alive |= str_eq_nocase(option, STR("keep-alive"));
        p->says_upgrade |= str_eq_nocase(option, STR("upgrade"));
    }
    return HTTP_PARSE_OK;
}

static enum http_parse_result read_expect(struct parser *p, struct str value)
{
    p->says_continue |= str_eq_nocase(value, STR("100-continue"));
    return HTTP_PARSE_OK;
}

static enum http_parse_result read_upgrade(struct parser *p, struct str value)
{
    p->has_upgrade |= value.len > 0;
    return HTTP_PARSE_OK;
}

/* The fields that frame or steer a message. Their lengths differ, so the length is the index. */
static const struct {
    struct str name;
    field_fn *read;
} known_fields[] = {
    [4] = {STR_INIT("host"),              read_host             },
    [6] = {STR_INIT("expect"),            read_expect           },
    [7] = {STR_INIT("upgrade"),           read_upgrade          },
    [10] = {STR_INIT("connection"),        read_connection       },
    [14] = {STR_INIT("content-length"),    read_content_length   },
    [17] = {STR_INIT("transfer-encoding"), read_transfer_encoding},
};

static enum http_parse_result add_field(struct parser *p, struct str name, struct str value)
{
    if (p->head->header_count == HTTP_HEADERS_MAX) {
        p->head->why = "too many fields";
        return HTTP_PARSE_TOO_MANY_HEADERS;
    }
    p->head->headers[p->head->header_count++] = (struct header){name, value};

    if (name.len >= ARRAY_LENGTH(known_fields) || !known_fields[name.len].read ||
        !str_eq_nocase(name, known_fields[name.len].name))
        return HTTP_PARSE_OK;
    return known_fields[name.len].read(p, value);
}

/* A name, a colon with nothing before it, a value on one line (RFC 9112, 5). */
static enum http_parse_result parse_field(struct parser *p)
{
    const char *name = p->at, *colon = http_scan(name, p->end, HTTP_TOKEN_CHAR);
    if (colon == p->end)
        return HTTP_PARSE_INCOMPLETE;
    if (colon == name || *colon != ':')
        return refuse(p, "a malformed field name or a folded line");

    const char *value = skip_blanks(colon + 1, p->end);
    const char *value_end = p->at = skip_value(value, p->end);
    enum http_parse_result result = parse_line_end(p);
    if (result != HTTP_PARSE_OK)
        return result;
    while (value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t'))
        value_end--;
    return add_field(p, str_of(name, (size_t)(colon - name)),
                     str_of(value, (size_t)(value_end - value)));
}

/* All fields and the empty line behind them. */
static enum http_parse_result parse_fields(struct parser *p)
{
    while (p->at == p->end || *p->at != '\r') {
        enum http_parse_result result = parse_field(p);
        if (result != HTTP_PARSE_OK)
            return result;
    }
    return parse_line_end(p);
}

static void settle_connection(struct parser *p)
{
    bool persistent = p->head->minor_version > 0;
    p->head->keep_alive = !p->says_close && (persistent || p->says_keep_alive);
    p->head->upgrade = persistent && p->says_upgrade && p->has_upgrade;
}

static enum http_parse_result settle_framing(struct parser *p)
{
    if (p->has_coding && p->has_length)
        return refuse(p, "both Content-Length and Transfer-Encoding");
    p->head->framing = p->has_coding                 ? HTTP_BODY_CHUNKED
                       : p->head->content_length > 0 ? HTTP_BODY_LENGTH
                                                     : HTTP_BODY_NONE;
    return HTTP_PARSE_OK;
}

static enum http_parse_result settle_request(struct parser *p)
{
    if (!p->has_host && p->head->minor_version > 0)
        return refuse(p, "no Host");
    settle_connection(p);
    enum http_parse_result result = settle_framing(p);
    p->head->expects_continue =
        p->says_continue && p->head->minor_version > 0 && p->head->framing != HTTP_BODY_NONE;
    return result;
}

/* RFC 9112, 6.3, in its order. */
static enum http_parse_result settle_response(struct parser *p, bool to_head)
{
    unsigned status = p->head->status;
    settle_connection(p);
    enum http_parse_result result = settle_framing(p);
    if (result != HTTP_PARSE_OK)
        return result;
    if (status < 200 || status == 204 || status == 304 || to_head) {
        if (status == 204 && p->head->framing != HTTP_BODY_NONE)
            p->head->keep_alive = false; /* a body may follow all the same */
        p->head->framing = HTTP_BODY_NONE;
        p->head->content_length = 0;
    } else if (!p->has_coding && !p->has_length) {
        p->head->framing = HTTP_BODY_UNTIL_CLOSE;
        p->head->keep_alive = false;
    }
    return HTTP_PARSE_OK;
}

static void begin(struct parser *p, struct str in, bool is_request, struct http_head *head)
{
    const char *start = in.at ? in.at : "";
    memset(head, 0, offsetof(struct http_head, headers)); /* the fields' 4 KiB stay as they are */
    *p =
        (struct parser){.at = start, .end = start + in.len, .head = head, .is_request = is_request};
}

enum http_parse_result http_parse_request(struct str in, struct http_head *ret_head)
{
    struct parser p;
    enum http_parse_result result = HTTP_PARSE_OK;
    begin(&p, in, true, ret_head);
    const char *start = p.at;
    if (in.len > 0 && in.at[0] == '\r')
        result = parse_line_end(&p);
    if (result == HTTP_PARSE_OK)
        result = parse_request_line(&p);
    if (result == HTTP_PARSE_OK)
        result = parse_fields(&p);
    if (result == HTTP_PARSE_OK)
        result = settle_request(&p);
    ret_head->size = (size_t)(p.at - start);
    return result;
}

enum http_parse_result http_parse_response(struct str in, bool to_head, struct http_head *ret_head)
{
    struct parser p;
    begin(&p, in, false, ret_head);
    const char *start = p.at;
    enum http_parse_result result = parse_status_line(&p);
    if (result == HTTP_PARSE_OK)
        result = parse_fields(&p);
    if (result == HTTP_PARSE_OK)
        result = settle_response(&p, to_head);
    ret_head->size = (size_t)(p.at - start);
    return result;
}

const struct header *http_find_header(const struct header *headers, size_t count, struct str name)
{
    FOR_EACH (header, headers, count)
        if (str_eq_nocase(header->name, name))
            return header;
    return NULL;
}
