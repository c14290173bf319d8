/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/uri.h"

#include "turnpike/base/ip.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at s.at[at] stands for, or -1 where it is malformed. */
static int escaped_byte(struct str s, size_t at)
{
    if (s.len - at < 3)
        return -1;
    int high = hex_value(s.at[at + 1]), low = hex_value(s.at[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool uri_escapes_are_valid(struct str s)
{
    for (size_t at = str_find(s, '%'); at < s.len; at++)
        if (s.at[at] == '%' && escaped_byte(s, at) < 0)
            return false;
    return true;
}

static bool is_plain(struct str s, bool form)
{
    return str_find(s, '%') == s.len && (!form || str_find(s, '+') == s.len);
}

struct str uri_decode(struct arena *a, struct str s, bool form)
{
    if (is_plain(s, form))
        return s;

    char *start = arena_bytes(a, s.len), *out = start;
    for (size_t at = 0; at < s.len; at++) {
        int byte = s.at[at] == '%' ? escaped_byte(s, at) : -1;
        if (byte >= 0) {
            *out++ = (char)byte;
            at += 2;
        } else {
            *out++ = form && s.at[at] == '+' ? ' ' : s.at[at];
        }
    }
    return str_of(start, (size_t)(out - start));
}

/* RFC 3986, 2.3. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void uri_encode(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    if (s.len == 0) /* an empty buffer has no memory to point into */
        return;
    char *start = buf_reserve(out, 3 * s.len), *at = start;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char byte = (unsigned char)s.at[i];
        if (is_unreserved(s.at[i])) {
            *at++ = s.at[i];
            continue;
        }
        *at++ = '%';
        *at++ = hex[byte >> 4];
        *at++ = hex[byte & 15];
    }
    buf_commit(out, (size_t)(at - start));
}

bool uri_next_parameter(struct str *rest, struct str *ret_name, struct str *ret_value)
{
    struct str part;
    do {
        if (!str_split(rest, '&', &part))
            return false;
    } while (part.len == 0);

    size_t equals = str_find(part, '=');
    *ret_name = str_head(part, equals);
    *ret_value = str_skip(part, equals + 1);
    return true;
}

static size_t host_len(struct str s)
{
    size_t len = 0;
    while (len < s.len && is_unreserved(s.at[len]))
        len++;
    return len;
}

/* "[v6]…": takes the address without its brackets and leaves what follows them. */
static bool split_literal(struct str *rest, struct str *ret_host)
{
    struct ip ip;
    size_t close = str_find(*rest, ']');
    struct str inner = str_skip(str_head(*rest, close), 1);
    if (close == rest->len || str_find(inner, ':') == inner.len || !ip_parse(inner, &ip))
        return false;
    *ret_host = inner;
    *rest = str_skip(*rest, close + 1);
    return true;
}

/* What follows a host: nothing, or ":" and a port that may be empty (RFC 3986, 3.2.3). */
static bool read_port(struct str rest, uint16_t *ret_port)
{
    uint64_t port = 0;
    if (rest.len > 0 && rest.at[0] != ':')
        return false;
    if (rest.len > 1) {
        if (!str_to_u64(str_skip(rest, 1), &port) || port == 0 || port > UINT16_MAX)
            return false;
    }
    *ret_port = (uint16_t)port;
    return true;
}

bool uri_split_host(struct str authority, struct str *ret_host, uint16_t *ret_port)
{
    struct str host, rest = authority;
    if (authority.len > 0 && authority.at[0] == '[') {
        if (!split_literal(&rest, &host))
            return false;
    } else {
        host = str_head(authority, host_len(authority));
        rest = str_skip(authority, host.len);
    }
    if (host.len == 0 || !read_port(rest, ret_port))
        return false;
    *ret_host = host;
    return true;
}

static bool split_scheme(struct str *rest, struct str *ret_scheme)
{
    size_t len = str_starts_with_nocase(*rest, STR("http://"))    ? 4
                 : str_starts_with_nocase(*rest, STR("https://")) ? 5
                                                                  : 0;
    *ret_scheme = str_head(*rest, len);
    *rest = str_skip(*rest, len + 3);
    return len > 0;
}

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~')
            return false;
    return true;
}

bool uri_parse(struct str text, struct uri *ret_uri)
{
    struct uri uri;
    struct str rest = text;
    if (!split_scheme(&rest, &uri.scheme) || !is_visible(rest) || str_find(rest, '#') < rest.len)
        return false;

    size_t question = str_find(rest, '?');
    struct str before = str_head(rest, question);
    size_t slash = str_find(before, '/');
    uri.authority = str_head(before, slash);
    uri.path = str_skip(before, slash);
    uri.query = str_skip(rest, question + 1);
    if (!uri_split_host(uri.authority, &uri.host, &uri.port))
        return false;
    *ret_uri = uri;
    return true;
}

static bool has_upper_case(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] >= 'A' && s.at[i] <= 'Z')
            return true;
    return false;
}

/* What follows the host is nothing at all, or ':' and a number as it is printed. */
static bool is_port_canonical(struct str authority, uint16_t port)
{
    char last = authority.at[authority.len - 1];
    if (port == 0)
        return last != ':';
    while (authority.at[authority.len - 1] != ':')
        authority.len--;
    return authority.at[authority.len] != '0';
}

const char *uri_origin_problem(struct str text)
{
    struct str host, scheme, authority = text;
    uint16_t port;
    if (!split_scheme(&authority, &scheme))
        return "an origin begins with http:// or https://";
    if (str_find(authority, '/') < authority.len)
        return "an origin has no path, not even a slash at its end";
    if (!uri_split_host(authority, &host, &port) || !is_port_canonical(authority, port))
        return "behind the scheme stands a host, with or without a port, and nothing else";
    if (has_upper_case(text))
        return "browsers write origins in lower case";
    if (port == (scheme.len == 4 ? 80 : 443))
        return "browsers leave the scheme's own port out";
    return NULL;
}
