/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request that is passed on (AWS: "Create HTTP proxy integrations for HTTP APIs",
 * "Working with routes for HTTP APIs"; what is added is as servers behind API Gateway see it). */
#include "http_target.h"
#include "turnpike/base/uri.h"

/* Beyond the client's own fields and the path: everything that is added. */
#define ROOM 512

#define VIA "HTTP/1.1 AmazonAPIGateway"

/* --- path --- */

/* The part of the raw path that was decoded to the last `len` bytes of it. */
static struct str raw_tail(struct str raw, size_t len)
{
    size_t at = raw.len;
    for (; len > 0 && at > 0; len--)
        at -= at >= 3 && raw.at[at - 3] == '%' ? 3 : 1;
    return str_skip(raw, at);
}

/* A part of the request's path with the escapes that the client wrote. What is no view of the path
 * is the "/" that stands for an empty one. */
static struct str as_it_came(const struct request *r, struct str part)
{
    const char *end = r->path.at + r->path.len;
    bool is_view = (uintptr_t)part.at >= (uintptr_t)r->path.at &&
                   (uintptr_t)(part.at + part.len) <= (uintptr_t)end && r->path.len > 1;
    if (r->path.len == r->raw_path.len || !is_view) /* nothing was escaped */
        return part;
    struct str from = raw_tail(r->raw_path, (size_t)(end - part.at));
    struct str behind = raw_tail(r->raw_path, (size_t)(end - part.at) - part.len);
    return str_head(from, from.len - behind.len);
}

/* "." and "..", also with what some servers take for the same: a backslash for a slash, and
 * parameters (";…") that belong to a segment. */
static bool is_dots(struct str segment)
{
    struct str name = str_head(segment, str_find(segment, ';'));
    return str_is(name, ".") || str_is(name, "..");
}

bool http_path_has_dots(struct str path)
{
    struct str part, segment;
    if (str_find(path, '.') == path.len)
        return false;
    while (str_split(&path, '/', &part))
        while (str_split(&part, '\\', &segment))
            if (is_dots(segment))
                return true;
    return false;
}

/* The request's own path behind what the URI has. */
static void append_path(struct buf *out, size_t begin, const struct request *r, struct str path)
{
    if (buf_len(out) > begin && out->data[out->end - 1] == '/')
        out->end--;
    buf_append(out, as_it_came(r, path));
}

static void put_uri_path(struct buf *out, const struct transaction *t, const struct http_target *h)
{
    size_t begin = buf_len(out);
    const struct route_match *match = &t->selection.match;
    FOR_EACH_IN (piece, &h->uri->path)
        buf_append(out, piece->variable
                            ? as_it_came(&t->request, match->parameters[piece->index].value)
                            : piece->text);
    if (h->appends)
        append_path(out, begin, &t->request, t->selection.route_path);
    else if (buf_len(out) == begin)
        buf_append_char(out, '/');
}

/* A backend takes dots as a way to another place than the route stands for, past the route's
 * authorizer. */
static bool put_path(struct buf *out, const struct transaction *t, const struct http_target *h,
                     struct arena *arena)
{
    const struct request *r = &t->request;
    if (!h->uri)
        buf_append(out, h->base_path);
    if (r->mapped_path.at) { /* escaped where it has to be, with its slash */
        buf_append(out, r->mapped_path);
        return !http_path_has_dots(uri_decode(arena, r->mapped_path, false));
    }
    if (h->uri)
        put_uri_path(out, t, h);
    else
        buf_append(out, as_it_came(r, r->path));
    return !((h->fills_path || h->appends || !h->uri) && http_path_has_dots(r->path));
}

/* --- query --- */

static void put_query(struct buf *out, const struct transaction *t, const struct http_target *h)
{
    const struct route_match *match = &t->selection.match;
    bool has_own = h->uri && h->uri->query.count > 0;
    if (has_own || t->request.query.len > 0)
        buf_append_char(out, '?');
    for (size_t i = 0; has_own && i < h->uri->query.count; i++) {
        const struct uri_piece *piece = &h->uri->query.items[i];
        if (piece->variable)
            uri_encode(out, match->parameters[piece->index].value);
        else
            buf_append(out, piece->text);
    }
    if (has_own && t->request.query.len > 0)
        buf_append_char(out, '&');
    buf_append(out, t->request.query);
}

/* --- fields --- */

static void put_field(struct buf *out, struct str name, struct str value)
{
    char *at = buf_reserve(out, name.len + value.len + 4);
    memcpy(at, name.at, name.len);
    at += name.len;
    *at++ = ':';
    *at++ = ' ';
    if (value.len)
        memcpy(at, value.at, value.len);
    at += value.len;
    *at++ = '\r';
    *at = '\n';
    buf_commit(out, name.len + value.len + 4);
}

/* A mapping's field is the gateway's: no client takes it out by naming it in Connection. */
static bool is_mapped(const struct transaction *t, struct str name)
{
    FOR_EACH_IN (m, &t->selection.match.route->integration->request_parameters)
        if (m->target == MAPPING_HEADER && m->action != MAPPING_REMOVE &&
            str_eq_nocase(m->name, name))
            return true;
    return false;
}

static bool ends_here(const struct transaction *t, struct str name)
{
    return http_is_listed(t->request.headers, t->request.header_count, name) && !is_mapped(t, name);
}

/* What the rest of the head needs to know of the fields that were not passed on as they are. */
struct left_out {
    bool framed, forwarded, via;
};

static struct left_out put_fields(struct buf *out, const struct transaction *t)
{
    const struct request *r = &t->request;
    struct left_out left = {0};
    bool lists = http_fields_list(r->headers, r->header_count);
    FOR_EACH (header, r->headers, r->header_count) {
        switch (http_request_field(header->name)) {
        case FIELD_PASSES:
            if (!lists || !ends_here(t, header->name))
                put_field(out, header->name, header->value);
            break;
        case FIELD_FRAMES:
            left.framed = true;
            break;
        case FIELD_FORWARDED:
            left.forwarded = true;
            break;
        case FIELD_VIA:
            left.via = true;
            break;
        case FIELD_HOST:
        case FIELD_CONNECTION:
        case FIELD_DROPPED:
            break;
        }
    }
    return left;
}

/* What the proxies before this one said, in front of our own words. */
static void put_earlier(struct buf *out, const struct request *r, struct str name)
{
    FOR_EACH (header, r->headers, r->header_count) {
        if (!str_eq_nocase(header->name, name) || header->value.len == 0)
            continue;
        buf_append(out, header->value);
        buf_literal(out, ", ");
    }
}

/* A token, or else a quoted string (RFC 7239, 4). */
static void put_forwarded_value(struct buf *out, struct str value)
{
    if (http_is_token(value)) {
        buf_append(out, value);
        return;
    }
    buf_append_char(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, value.at[i]);
    }
    buf_append_char(out, '"');
}

static void put_forwarded(struct buf *out, const struct request *r, bool earlier)
{
    buf_literal(out, "forwarded: ");
    if (earlier)
        put_earlier(out, r, STR("forwarded"));
    bool v6 = str_find(r->source_ip, ':') < r->source_ip.len;
    buf_append(out, v6 ? STR("for=\"[") : STR("for="));
    buf_append(out, r->source_ip);
    buf_append(out, v6 ? STR("]\";host=") : STR(";host="));
    put_forwarded_value(out, r->host);
    buf_literal(out, ";proto=");
    buf_append(out, r->scheme);
    buf_literal(out, "\r\nvia: ");
}

/* The methods whose requests say that they have no body (RFC 9110, 8.6). */
static bool expects_body(struct str method)
{
    return str_is(method, "POST") || str_is(method, "PUT") || str_is(method, "PATCH");
}

static size_t estimate(const struct request *r)
{
    size_t size = ROOM + r->target.len;
    FOR_EACH (header, r->headers, r->header_count)
        size += header->name.len + header->value.len + 4;
    return size;
}

struct str http_backend_method(const struct transaction *t)
{
    const struct http_target *h = t->selection.stage_route->http;
    return h->method.len ? h->method : t->request.method;
}

bool http_head_write(struct buf *out, const struct transaction *t, struct arena *arena,
                     const char **ret_why)
{
    const struct request *r = &t->request;
    const struct http_target *h = t->selection.stage_route->http;
    struct str method = http_backend_method(t);
    (void)buf_reserve(out, estimate(r));

    buf_append(out, method);
    buf_append_char(out, ' ');
    if (!put_path(out, t, h, arena)) {
        *ret_why = "the path for the backend has a segment '.' or '..'";
        return false;
    }
    put_query(out, t, h);
    buf_literal(out, " HTTP/1.1\r\n");
    put_field(out, STR("host"), r->mapped_host.at ? r->mapped_host : h->authority);
    struct left_out left = put_fields(out, t);
    put_forwarded(out, r, left.forwarded);
    if (left.via)
        put_earlier(out, r, STR("via"));
    buf_literal(out, VIA "\r\n");
    put_field(out, STR("x-amzn-trace-id"), r->trace_id);
    if (r->body.len > 0 || left.framed || expects_body(method)) {
        buf_literal(out, "content-length: ");
        buf_append_u64(out, r->body.len);
        buf_literal(out, "\r\n");
    }
    buf_literal(out, "\r\n");
    return true;
}
