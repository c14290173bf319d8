/* SPDX-License-Identifier: Apache-2.0 */
#include "request_parts.h"

#include "turnpike/base/uri.h"

/* What becomes of a header that the client sent. */
enum header_use {
    SHOWN,
    DROPPED, /* it speaks of the connection (RFC 9110, 7.6.1), or the gateway writes its own */
    COOKIE,
    CONTENT_TYPE,
    CONTENT_ENCODING,
};

struct header_row {
    struct str name;
    enum header_use use;
};

#define LONGEST_NAME  17
#define NAMES_OF_SIZE 3

/* By the length of the name, so that few are compared. */
/* clang-format off */
static const struct header_row header_rows[LONGEST_NAME + 1][NAMES_OF_SIZE] = {
    [2] = {{STR_INIT("te"), DROPPED}},
    [6] = {{STR_INIT("cookie"), COOKIE}},
    [7] = {{STR_INIT("trailer"), DROPPED}, {STR_INIT("upgrade"), DROPPED}},
    [10] = {{STR_INIT("connection"), DROPPED}, {STR_INIT("keep-alive"), DROPPED}},
    [12] = {{STR_INIT("content-type"), CONTENT_TYPE}},
    [14] = {{STR_INIT("content-length"), DROPPED}},
    [15] = {{STR_INIT("x-amzn-trace-id"), DROPPED}, {STR_INIT("x-forwarded-for"), DROPPED}},
    [16] = {{STR_INIT("content-encoding"), CONTENT_ENCODING},
            {STR_INIT("proxy-connection"), DROPPED},
            {STR_INIT("x-forwarded-port"), DROPPED}},
    [17] = {{STR_INIT("transfer-encoding"), DROPPED}, {STR_INIT("x-forwarded-proto"), DROPPED}},
};
/* clang-format on */

/* Of a name in lower case. */
static enum header_use use_of(struct str name)
{
    if (name.len > LONGEST_NAME)
        return SHOWN;
    FOR_EACH (row, header_rows[name.len], NAMES_OF_SIZE)
        if (row->name.len && row->name.at[0] == name.at[0] &&
            memcmp(row->name.at, name.at, name.len) == 0)
            return row->use;
    return SHOWN;
}

/* Media types whose bodies are text, without parameters (AWS decides by nothing else). */
static const struct str text_types[] = {
    STR_INIT("application/javascript"),
    STR_INIT("application/json"),
    STR_INIT("application/xml"),
};

static bool is_text(struct str content_type)
{
    struct str type = str_trim(str_head(content_type, str_find(content_type, ';')));
    if (str_starts_with_nocase(type, STR("text/")))
        return true;
    FOR_EACH (row, text_types, ARRAY_LENGTH(text_types))
        if (str_eq_nocase(type, *row))
            return true;
    return false;
}

static void split_cookies_of(struct request_parts *parts, struct str value, struct arena *scratch)
{
    struct str cookie;
    while (str_split(&value, ';', &cookie)) {
        cookie = str_trim(cookie);
        if (cookie.len)
            *list_push(scratch, &parts->cookies) = cookie;
    }
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* The eight bytes of a word in lower case; what is not ASCII stays. */
static uint64_t lower_word(uint64_t word)
{
    uint64_t low_bits = word & EACH_BYTE(0x7f);
    uint64_t from_a = low_bits + EACH_BYTE(0x80 - 'A');
    uint64_t behind_z = low_bits + EACH_BYTE(0x7f - 'Z');
    uint64_t upper = from_a & ~behind_z & ~word & EACH_BYTE(0x80);
    return word | upper >> 2;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Writes s in lower case to *out, which moves behind it. */
static struct str to_lower(char **out, struct str s)
{
    char *start = *out;
    size_t at = 0;
    for (uint64_t word; at + sizeof(word) <= s.len; at += sizeof(word)) {
        memcpy(&word, s.at + at, sizeof(word));
        word = lower_word(word);
        memcpy(start + at, &word, sizeof(word));
    }
    for (; at < s.len; at++)
        start[at] = lower(s.at[at]);
    *out += s.len;
    return str_of(start, s.len);
}

static struct str decimal(struct arena *scratch, uint64_t value)
{
    char digits[STR_U64_SIZE];
    return arena_copy(scratch, str_u64(value, digits));
}

#define ADDED_HEADERS 5

static void add_own_headers(struct pairs *headers, const struct request *r, struct arena *scratch)
{
    if (r->trace_id.len)
        pairs_add_spelled(headers, STR("x-amzn-trace-id"), STR("X-Amzn-Trace-Id"), r->trace_id);
    if (r->forwarded_for.len)
        pairs_add_spelled(headers, STR("x-forwarded-for"), STR("X-Forwarded-For"),
                          r->forwarded_for);
    pairs_add_spelled(headers, STR("x-forwarded-port"), STR("X-Forwarded-Port"),
                      decimal(scratch, r->port));
    pairs_add_spelled(headers, STR("x-forwarded-proto"), STR("X-Forwarded-Proto"), r->scheme);
}

void request_parts_read(struct request_parts *parts, const struct request *r, enum header_form form,
                        struct arena *scratch)
{
    *parts = (struct request_parts){.text = false};
    pairs_init(&parts->headers, scratch, r->header_count + ADDED_HEADERS);
    parts->headers.spelled = form == HEADERS_OF_CONNECT;
    size_t names_len = 0;
    FOR_EACH (h, r->headers, r->header_count)
        names_len += h->name.len;
    char *names = arena_bytes(scratch, names_len);

    bool encoded = false;
    FOR_EACH (h, r->headers, r->header_count) {
        struct str name = to_lower(&names, h->name);
        enum header_use use = use_of(name);
        if (use == DROPPED)
            continue;
        if (use == COOKIE && form == HEADERS_OF_V2) {
            split_cookies_of(parts, h->value, scratch);
            continue;
        }
        if (use == CONTENT_TYPE)
            parts->text = is_text(h->value);
        encoded = encoded || use == CONTENT_ENCODING;
        pairs_add_spelled(&parts->headers, name, h->name, h->value);
    }
    parts->text = parts->text && !encoded;
    /* AWS shows "0" where there is no body, and the length of one that came in chunks. */
    if (form != HEADERS_OF_CONNECT)
        pairs_add(&parts->headers, STR("content-length"), decimal(scratch, r->body.len));
    add_own_headers(&parts->headers, r, scratch);
    pairs_sort(&parts->headers);
}

void request_parts_read_query(struct pairs *query, const struct request *r, struct arena *scratch)
{
    struct str rest = r->query, name, value;
    size_t capacity = rest.len ? 1 : 0;
    for (size_t i = 0; i < rest.len; i++)
        capacity += rest.at[i] == '&';
    pairs_init(query, scratch, capacity);
    if (capacity == 0)
        return;
    while (uri_next_parameter(&rest, &name, &value))
        pairs_add(query, uri_decode(scratch, name, true), uri_decode(scratch, value, true));
    pairs_sort(query);
}

void request_parts_read_path(struct pairs *parameters, const struct route_match *match,
                             struct arena *scratch)
{
    pairs_init(parameters, scratch, match->parameter_count);
    FOR_EACH (p, match->parameters, match->parameter_count)
        pairs_add(parameters, p->name, p->value);
    pairs_sort(parameters);
}

void request_parts_read_variables(struct pairs *variables, const struct stage *stage,
                                  struct arena *scratch)
{
    pairs_init(variables, scratch, stage->variables.count);
    FOR_EACH_IN (v, &stage->variables)
        pairs_add(variables, v->name, v->value);
    pairs_sort(variables);
}
