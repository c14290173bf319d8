/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/sigv4.h"

#include <openssl/crypto.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/uri.h"

#define TERMINATOR "aws4_request"

/* The path. */

/* Takes the last segment and its slash off what was written since `start`. */
static void drop_segment(struct buf *out, size_t start)
{
    while (buf_len(out) > start) {
        out->end--;
        if (out->data[out->end] == '/')
            return;
    }
}

static void append_path(struct buf *out, struct str path)
{
    size_t start = buf_len(out);
    bool slash_at_end = str_ends_with(path, STR("/"));
    struct str segment;
    while (str_split(&path, '/', &segment)) {
        if (segment.len == 0 || str_is(segment, "."))
            continue;
        if (str_is(segment, "..")) {
            drop_segment(out, start);
            continue;
        }
        buf_append_char(out, '/');
        uri_encode(out, segment);
    }
    if (slash_at_end || buf_len(out) == start)
        buf_append_char(out, '/');
}

/* The query. */

struct parameter {
    struct str name, value; /* encoded */
};

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;
    int order = str_compare(x->name, y->name);
    return order ? order : str_compare(x->value, y->value);
}

/* Whatever was left unescaped, or escaped without need, in one way. */
static struct str recoded(struct arena *a, struct str raw)
{
    scoped_buf struct buf encoded = {0};
    uri_encode(&encoded, uri_decode(a, raw, false));
    return arena_copy(a, buf_str(&encoded));
}

static void append_query(struct buf *out, struct str query)
{
    if (query.len == 0)
        return;
    struct arena arena;
    arena_init(&arena, 1024);
    LIST(struct parameter) parameters = {0};
    struct str name, value;
    while (uri_next_parameter(&query, &name, &value)) {
        struct parameter *p = list_push(&arena, &parameters);
        *p = (struct parameter){recoded(&arena, name), recoded(&arena, value)};
    }
    if (parameters.count > 1)
        qsort(parameters.items, parameters.count, sizeof(*parameters.items), compare_parameters);
    FOR_EACH_IN (p, &parameters) {
        if (p != parameters.items)
            buf_append_char(out, '&');
        buf_append(out, p->name);
        buf_append_char(out, '=');
        buf_append(out, p->value);
    }
    arena_release(&arena);
}

/* The headers. */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static int compare_names(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < shorter; i++) {
        int order = (unsigned char)lower(a.at[i]) - (unsigned char)lower(b.at[i]);
        if (order)
            return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* Keeps the order of those of one name. */
static void sort_headers(const struct sigv4_request *r,
                         const struct header *sorted[SIGV4_HEADERS_MAX])
{
    assert(r->header_count <= SIGV4_HEADERS_MAX);
    for (size_t i = 0; i < r->header_count; i++) {
        size_t at = i;
        for (; at > 0 && compare_names(sorted[at - 1]->name, r->headers[i].name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &r->headers[i];
    }
}

static void append_name(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        buf_append_char(out, lower(name.at[i]));
}

/* Without spaces at its ends, and one for several between. */
static void append_value(struct buf *out, struct str value)
{
    value = str_trim(value);
    bool space_before = false;
    for (size_t i = 0; i < value.len; i++) {
        bool space = value.at[i] == ' ' || value.at[i] == '\t';
        if (!space)
            buf_append_char(out, value.at[i]);
        else if (!space_before)
            buf_append_char(out, ' ');
        space_before = space;
    }
}

static bool repeats(const struct header *const *sorted, size_t i)
{
    return i > 0 && str_eq_nocase(sorted[i - 1]->name, sorted[i]->name);
}

static void append_headers(struct buf *out, const struct header *const *sorted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (repeats(sorted, i)) {
            buf_append_char(out, ',');
        } else {
            if (i > 0)
                buf_append_char(out, '\n');
            append_name(out, sorted[i]->name);
            buf_append_char(out, ':');
        }
        append_value(out, sorted[i]->value);
    }
    buf_literal(out, "\n\n");
}

static void append_names(struct buf *out, const struct header *const *sorted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (repeats(sorted, i))
            continue;
        if (i > 0)
            buf_append_char(out, ';');
        append_name(out, sorted[i]->name);
    }
}

struct str sigv4_canonical(struct buf *out, const struct sigv4_request *request,
                           struct str payload_hash)
{
    const struct header *sorted[SIGV4_HEADERS_MAX];
    sort_headers(request, sorted);
    buf_append(out, request->method);
    buf_append_char(out, '\n');
    append_path(out, request->path);
    buf_append_char(out, '\n');
    append_query(out, request->query);
    buf_append_char(out, '\n');
    append_headers(out, sorted, request->header_count);
    size_t start = buf_len(out);
    append_names(out, sorted, request->header_count);
    size_t end = buf_len(out);
    buf_append_char(out, '\n');
    buf_append(out, payload_hash);
    return str_head(str_skip(buf_str(out), start), end - start);
}

/* The key. */

struct str sigv4_time(uint64_t wall, char out[SIGV4_TIME_SIZE])
{
    char iso[CLOCK_ISO_SIZE]; /* "2020-03-12T19:03:58.123Z" */
    struct str text = str_head(clock_iso(wall, iso), sizeof("2020-03-12T19:03:58") - 1);
    char *at = out;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '-' && text.at[i] != ':')
            *at++ = text.at[i];
    }
    *at++ = 'Z';
    *at = '\0';
    return str_of(out, (size_t)(at - out));
}

bool sigv4_read_time(struct str text, uint64_t *ret_wall)
{
    char iso[] = "YYYY-MM-DDThh:mm:ssZ", again[SIGV4_TIME_SIZE];
    uint64_t wall;
    if (text.len != SIGV4_TIME_SIZE - 1)
        return false;
    const char *in = text.at;
    for (size_t i = 0; i < sizeof(iso) - 1; i++)
        if (iso[i] != '-' && iso[i] != ':')
            iso[i] = *in++;
    if (!clock_read_iso(str_from(iso), &wall) || !str_eq(sigv4_time(wall, again), text))
        return false;
    *ret_wall = wall;
    return true;
}

static struct sha256 chained(const struct sha256 *key, struct str part)
{
    return hmac_sha256_of(sha256_str(key), &part, 1);
}

static struct sha256 derive_key(struct str secret, const struct sigv4_scope *scope)
{
    scoped_buf struct buf first = {0};
    buf_literal(&first, "AWS4");
    buf_append(&first, secret);
    struct sha256 key = hmac_sha256_of(buf_str(&first), &scope->date, 1);
    OPENSSL_cleanse(first.data, first.capacity);
    key = chained(&key, scope->region);
    key = chained(&key, scope->service);
    return chained(&key, STR(TERMINATOR));
}

/* Deriving a key costs several times what the rest of a signature does, and a key lasts a day. */
#define DERIVED_KEYS 16
#define IDENTITY_MAX 256

struct derived_key {
    size_t identity_len; /* 0: free */
    char identity[IDENTITY_MAX];
    struct sha256 key;
};

/* What the key is derived from, in one piece; 0 where that is longer than is remembered. */
static size_t write_identity(const struct sigv4_key *key, const struct sigv4_scope *scope,
                             char out[IDENTITY_MAX])
{
    const struct str parts[] = {scope->date, scope->region, scope->service, key->secret_access_key};
    size_t len = 0;
    FOR_EACH (part, parts, ARRAY_LENGTH(parts)) {
        if (part->len >= IDENTITY_MAX - len)
            return 0;
        if (part->len)
            memcpy(out + len, part->at, part->len);
        len += part->len;
        out[len++] = '\n'; /* stands in none of them */
    }
    return len;
}

static struct sha256 key_of(const struct sigv4_key *key, const struct sigv4_scope *scope)
{
    static struct derived_key remembered[DERIVED_KEYS];
    static size_t oldest;
    char identity[IDENTITY_MAX];
    size_t len = write_identity(key, scope, identity);
    if (len == 0)
        return derive_key(key->secret_access_key, scope);
    FOR_EACH (d, remembered, ARRAY_LENGTH(remembered)) {
        if (d->identity_len == len && memcmp(d->identity, identity, len) == 0)
            return d->key;
    }
    struct derived_key *d = &remembered[oldest++ % DERIVED_KEYS];
    d->identity_len = len;
    memcpy(d->identity, identity, len);
    return d->key = derive_key(key->secret_access_key, scope);
}

/* The signature. */

void sigv4_append_scope(struct buf *out, const struct sigv4_scope *scope)
{
    buf_append(out, scope->date);
    buf_append_char(out, '/');
    buf_append(out, scope->region);
    buf_append_char(out, '/');
    buf_append(out, scope->service);
    buf_literal(out, "/" TERMINATOR);
}

struct sha256 sigv4_signature(const struct sigv4_key *key, const struct sigv4_scope *scope,
                              struct str time, struct str canonical)
{
    char hex[SHA256_HEX_LEN];
    struct sha256 digest = sha256_of(&canonical, 1), signing_key = key_of(key, scope);
    const struct str parts[] = {STR(SIGV4_ALGORITHM "\n"),
                                time,
                                STR("\n"),
                                scope->date,
                                STR("/"),
                                scope->region,
                                STR("/"),
                                scope->service,
                                STR("/" TERMINATOR "\n"),
                                sha256_hex(&digest, hex)};
    return hmac_sha256_of(sha256_str(&signing_key), parts, ARRAY_LENGTH(parts));
}

/* Signing. */

static void append_field(struct buf *head, const struct header *field)
{
    buf_append(head, field->name);
    buf_literal(head, ": ");
    buf_append(head, field->value);
    buf_literal(head, "\r\n");
}

static void append_authorization(struct buf *head, struct str access_key_id,
                                 const struct sigv4_scope *scope, struct str signed_headers,
                                 const struct sha256 *signature)
{
    char hex[SHA256_HEX_LEN];
    buf_literal(head, "Authorization: " SIGV4_ALGORITHM " Credential=");
    buf_append(head, access_key_id);
    buf_append_char(head, '/');
    sigv4_append_scope(head, scope);
    buf_literal(head, ", SignedHeaders=");
    buf_append(head, signed_headers);
    buf_literal(head, ", Signature=");
    buf_append(head, sha256_hex(signature, hex));
    buf_literal(head, "\r\n");
}

void sigv4_sign(struct buf *head, const struct sigv4_key *key, struct str region,
                struct str service, const struct sigv4_request *request, uint64_t wall)
{
    char time_text[SIGV4_TIME_SIZE], hex[SHA256_HEX_LEN];
    struct str time = sigv4_time(wall, time_text);
    struct sigv4_scope scope = {str_head(time, SIGV4_DATE_LEN), region, service};
    struct header headers[SIGV4_HEADERS_MAX];
    size_t count = request->header_count, own = count;
    assert(count <= HTTP_HEADERS_MAX);
    for (size_t i = 0; i < count; i++)
        headers[i] = request->headers[i];
    headers[count++] = (struct header){STR("X-Amz-Date"), time};
    if (key->session_token.len > 0)
        headers[count++] = (struct header){STR("X-Amz-Security-Token"), key->session_token};

    struct sigv4_request complete = *request;
    complete.headers = headers;
    complete.header_count = count;
    scoped_buf struct buf canonical = {0};
    (void)buf_reserve(&canonical, 1024);
    struct sha256 payload = sha256_of(&request->payload, 1);
    struct str signed_headers = sigv4_canonical(&canonical, &complete, sha256_hex(&payload, hex));
    struct sha256 signature = sigv4_signature(key, &scope, time, buf_str(&canonical));

    for (; own < count; own++)
        append_field(head, &headers[own]);
    append_authorization(head, key->access_key_id, &scope, signed_headers, &signature);
}
