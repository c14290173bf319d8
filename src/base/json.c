/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/json.h"

#include <endian.h>
#include <string.h>

#include "turnpike/base/utf8.h"

/* What stands for a byte behind a backslash: 0 plain, 'u' for \u00XX. */
static const char escapes[256] = {
    [0] = 'u',  [1] = 'u',    [2] = 'u',    [3] = 'u',    [4] = 'u',   [5] = 'u',     [6] = 'u',
    [7] = 'u',  ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', [11] = 'u',  ['\f'] = 'f',  ['\r'] = 'r',
    [14] = 'u', [15] = 'u',   [16] = 'u',   [17] = 'u',   [18] = 'u',  [19] = 'u',    [20] = 'u',
    [21] = 'u', [22] = 'u',   [23] = 'u',   [24] = 'u',   [25] = 'u',  [26] = 'u',    [27] = 'u',
    [28] = 'u', [29] = 'u',   [30] = 'u',   [31] = 'u',   ['"'] = '"', ['\\'] = '\\',
};

/* Strings are read and written eight bytes at a time, a word, whose first byte is the lowest one.
 */
#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

static uint64_t load(const char *p, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, p, len);
    return le64toh(word);
}

/* The next 1 to 8 bytes; plain ones stand where there are none. */
static uint64_t load_word(const char *p, size_t len)
{
    if (len == 8)
        return load(p, 8);
    uint64_t filler = EACH_BYTE('a') << 8 * len;
    if (len >= 4)
        return load(p, 4) | load(p + len - 4, 4) << 8 * (len - 4) | filler;
    if (len >= 2)
        return load(p, 2) | load(p + len - 2, 2) << 8 * (len - 2) | filler;
    return load(p, 1) | filler;
}

static uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE(1)) & ~word;
}

/* The lowest bit that is set lies in the first byte that is a control character, a quote or a
 * backslash, 0: none is. */
static uint64_t stop_bytes(uint64_t word)
{
    uint64_t control = (word - EACH_BYTE(0x20)) & ~word;
    return (control | zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'))) &
           EACH_BYTE(0x80);
}

static uint64_t foreign_bytes(uint64_t word)
{
    return word & EACH_BYTE(0x80);
}

/* The lowest bit that is set lies in the first byte that cannot stand as it is, 0: all can. */
static uint64_t special_bytes(uint64_t word)
{
    return stop_bytes(word) | foreign_bytes(word);
}

#define LONGEST_ESCAPE 6

/* The length of the character at p, a whole sequence of UTF-8 or one byte, and whether it is one
 * that may stand. */
static size_t character_len(const char *p, const char *end, bool *ret_valid)
{
    unsigned char c = (unsigned char)*p;
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    *ret_valid = len <= (size_t)(end - p) && utf8_is_valid(str_of(p, len));
    return *ret_valid ? len : 1;
}

/* Where reading and writing stand. */
struct cursor {
    const char *in;
    char *out;
};

/* Takes an escaped or foreign character of a text that ends at `end`, and writes what stands for
 * it. Kept out of the loop below, which has no register to spare for it. */
static __attribute__((noinline)) struct cursor put_special(struct cursor c, const char *end)
{
    static const char hex[] = "0123456789abcdef";
    bool valid;
    unsigned char first = (unsigned char)*c.in;
    size_t len = character_len(c.in, end, &valid);
    char text[] = {'\\', escapes[first], '0', '0', hex[first >> 4], hex[first & 15]};
    struct str put = first < 0x80 ? str_of(text, text[1] == 'u' ? LONGEST_ESCAPE : 2)
                     : valid      ? str_of(c.in, len)
                                  : STR("\xef\xbf\xbd");
    memcpy(c.out, put.at, put.len);
    return (struct cursor){c.in + len, c.out + put.len};
}

/* Writes what begins before `stop`; what began there may end behind it. The caller has room for
 * LONGEST_ESCAPE times that, and for one word more. */
static inline struct cursor put_piece(struct cursor c, const char *stop, const char *end)
{
    while (c.in < stop) {
        size_t len = stop - c.in < 8 ? (size_t)(stop - c.in) : 8;
        uint64_t word = load_word(c.in, len), special = special_bytes(word);
        word = htole64(word);
        memcpy(c.out, &word, sizeof(word));
        if (special)
            len = (size_t)__builtin_ctzll(special) / 8;
        c.in += len;
        c.out += len;
        if (UNLIKELY(special))
            c = put_special(c, end);
    }
    return c;
}

/* Small enough that room for the worst of it is cheap. */
#define PIECE         256
#define ROOM_FOR(len) ((len)*LONGEST_ESCAPE + sizeof(uint64_t))

/* The empty text may be NULL, to which C lets nobody add even 0. */
static const char *end_of(struct str s)
{
    return s.len ? s.at + s.len : s.at;
}

void json_write_escaped(struct buf *b, struct str s)
{
    const char *end = end_of(s);
    struct cursor c = {.in = s.at};
    while (c.in < end) {
        size_t len = end - c.in < PIECE ? (size_t)(end - c.in) : PIECE;
        char *start = c.out = buf_reserve(b, ROOM_FOR(len));
        c = put_piece(c, c.in + len, end);
        buf_commit(b, (size_t)(c.out - start));
    }
}

void json_write_string(struct buf *b, struct str s)
{
    if (s.len > PIECE) {
        buf_append_char(b, '"');
        json_write_escaped(b, s);
        buf_append_char(b, '"');
        return;
    }
    char *start = buf_reserve(b, ROOM_FOR(s.len) + 2);
    *start = '"';
    struct cursor c = put_piece((struct cursor){s.at, start + 1}, end_of(s), end_of(s));
    *c.out = '"';
    buf_commit(b, (size_t)(c.out + 1 - start));
}

void json_reader_init(struct json_reader *r, struct str text, struct arena *arena)
{
    const char *start = text.at ? text.at : "";
    *r = (struct json_reader){.at = start, .start = start, .end = start + text.len, .arena = arena};
}

static bool fail(struct json_reader *r, const char *why)
{
    if (!r->failed)
        r->why = why;
    r->failed = true;
    return false;
}

static void skip_space(struct json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

enum json_type json_peek(struct json_reader *r)
{
    if (r->failed)
        return JSON_TYPE_INVALID;
    skip_space(r);
    if (r->at == r->end)
        return JSON_TYPE_INVALID;
    switch (*r->at) {
    case '{':
        return JSON_TYPE_OBJECT;
    case '[':
        return JSON_TYPE_ARRAY;
    case '"':
        return JSON_TYPE_STRING;
    case 't':
        return JSON_TYPE_TRUE;
    case 'f':
        return JSON_TYPE_FALSE;
    case 'n':
        return JSON_TYPE_NULL;
    default:
        return *r->at == '-' || (*r->at >= '0' && *r->at <= '9') ? JSON_TYPE_NUMBER
                                                                 : JSON_TYPE_INVALID;
    }
}

static bool enter(struct json_reader *r, enum json_type type)
{
    if (json_peek(r) != type)
        return fail(r, "another type was expected");
    if (++r->depth > JSON_DEPTH_MAX)
        return fail(r, "nested too deeply");
    r->at++;
    return true;
}

bool json_enter_object(struct json_reader *r)
{
    return enter(r, JSON_TYPE_OBJECT);
}

bool json_enter_array(struct json_reader *r)
{
    return enter(r, JSON_TYPE_ARRAY);
}

/* Steps before the next item of a container, past the comma that must stand between two. Whether
 * an item is the first is seen from the byte before: a container opens with its bracket. */
static bool next_item(struct json_reader *r, char open, char close)
{
    if (r->failed)
        return false;
    const char *before = r->at;
    while (before > r->start &&
           (before[-1] == ' ' || before[-1] == '\n' || before[-1] == '\r' || before[-1] == '\t'))
        before--;
    bool first = before > r->start && before[-1] == open;

    skip_space(r);
    if (r->at == r->end)
        return fail(r, "it ends too early");
    if (*r->at == close) {
        r->at++;
        r->depth--;
        return false;
    }
    if (first)
        return true;
    if (*r->at != ',')
        return fail(r, "a comma was expected");
    r->at++;
    skip_space(r);
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex4(struct json_reader *r, uint32_t *ret_value)
{
    if (r->end - r->at < 4)
        return false;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(r->at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    r->at += 4;
    *ret_value = value;
    return true;
}

static bool is_between(uint32_t c, uint32_t first, uint32_t last)
{
    return c >= first && c <= last;
}

/* Half a surrogate pair. */
static bool read_half(struct json_reader *r, uint32_t *ret_c)
{
    if (!r->replaces_surrogates)
        return fail(r, "half of a surrogate pair");
    *ret_c = 0xfffd;
    return true;
}

/* Behind "\u". Surrogates come in pairs; a second half that is none is left for the next call. */
static bool read_code_point(struct json_reader *r, uint32_t *ret_c)
{
    uint32_t c, low;
    if (!read_hex4(r, &c))
        return fail(r, "a malformed \\u escape");
    *ret_c = c;
    if (is_between(c, 0xdc00, 0xdfff))
        return read_half(r, ret_c);
    if (!is_between(c, 0xd800, 0xdbff))
        return true;

    const char *behind = r->at;
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
        return read_half(r, ret_c);
    r->at += 2;
    if (!read_hex4(r, &low) || !is_between(low, 0xdc00, 0xdfff)) {
        r->at = behind;
        return read_half(r, ret_c);
    }
    *ret_c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* Behind a backslash: appends what it stands for to *out, which may be NULL. */
static bool read_escape(struct json_reader *r, char **out)
{
    if (r->at == r->end)
        return fail(r, "it ends within a string");
    char c = *r->at++, plain[4];
    size_t len = 1;
    uint32_t code_point;
    switch (c) {
    case '"':
    case '\\':
    case '/':
        plain[0] = c;
        break;
    case 'b':
        plain[0] = '\b';
        break;
    case 'f':
        plain[0] = '\f';
        break;
    case 'n':
        plain[0] = '\n';
        break;
    case 'r':
        plain[0] = '\r';
        break;
    case 't':
        plain[0] = '\t';
        break;
    case 'u':
        if (!read_code_point(r, &code_point))
            return false;
        len = utf8_encode(plain, code_point);
        break;
    default:
        return fail(r, "an unknown escape");
    }
    if (out) {
        memcpy(*out, plain, len);
        *out += len;
    }
    return true;
}

/* Passes over whole words of what may stand in a string as it is. Notes whether bytes there, or a
 * few behind it, are not ASCII. */
static const char *skip_plain(const char *p, const char *end, bool *foreign)
{
    while (end - p >= 8) {
        uint64_t word = load(p, 8), stop = stop_bytes(word);
        *foreign |= foreign_bytes(word) != 0;
        if (stop)
            return p + __builtin_ctzll(stop) / 8;
        p += 8;
    }
    return p;
}

/* Finds where the string at r->at (behind its quote) ends, and whether it has escapes. */
static bool scan_string(struct json_reader *r, struct str *ret_raw, bool *ret_escaped)
{
    const char *p = r->at;
    bool escaped = false, foreign = false;
    for (;; p++) {
        p = skip_plain(p, r->end, &foreign);
        if (p == r->end)
            return fail(r, "it ends within a string");
        unsigned char c = (unsigned char)*p;
        if (c == '"')
            break;
        if (c < 0x20)
            return fail(r, "a control character in a string");
        foreign |= c >= 0x80;
        if (c == '\\') {
            escaped = true;
            if (++p == r->end)
                return fail(r, "it ends within a string");
        }
    }
    struct str raw = str_of(r->at, (size_t)(p - r->at));
    if (foreign && !utf8_is_valid(raw))
        return fail(r, "a string is not UTF-8");
    *ret_raw = raw;
    *ret_escaped = escaped;
    return true;
}

static bool read_string(struct json_reader *r, bool wanted, struct str *ret_value)
{
    if (json_peek(r) != JSON_TYPE_STRING)
        return fail(r, "a string was expected");
    r->at++;

    struct str raw = {NULL, 0};
    bool escaped = false;
    if (!scan_string(r, &raw, &escaped))
        return false;
    if (!escaped) {
        r->at = raw.at + raw.len + 1;
        *ret_value = raw;
        return true;
    }

    const char *close = raw.at + raw.len;
    char *start = wanted ? arena_bytes(r->arena, raw.len) : NULL, *out = start;
    for (;;) {
        const char *escape = memchr(r->at, '\\', (size_t)(close - r->at));
        size_t len = (size_t)((escape ? escape : close) - r->at);
        if (wanted)
            out = mempcpy(out, r->at, len);
        r->at += len;
        if (!escape)
            break;
        r->at++;
        if (!read_escape(r, wanted ? &out : NULL))
            return false;
        if (r->at > close)
            return fail(r, "a malformed \\u escape");
    }
    r->at = close + 1;
    *ret_value = wanted ? str_of(start, (size_t)(out - start)) : raw;
    return true;
}

bool json_read_string(struct json_reader *r, struct str *ret_value)
{
    return read_string(r, true, ret_value);
}

bool json_next_member(struct json_reader *r, struct str *ret_key)
{
    struct str key;
    if (!next_item(r, '{', '}') || !json_read_string(r, &key))
        return false;
    skip_space(r);
    if (r->at == r->end || *r->at != ':')
        return fail(r, "a colon was expected");
    r->at++;
    *ret_key = key;
    return true;
}

bool json_next_element(struct json_reader *r)
{
    if (!next_item(r, '[', ']'))
        return false;
    if (json_peek(r) == JSON_TYPE_INVALID)
        return fail(r, "a value was expected");
    return true;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

bool json_read_number(struct json_reader *r, struct str *ret_text)
{
    if (json_peek(r) != JSON_TYPE_NUMBER)
        return fail(r, "a number was expected");
    const char *p = r->at, *digits;
    if (*p == '-')
        p++;
    digits = p;
    p = skip_digits(p, r->end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return fail(r, "a malformed number");
    if (p < r->end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, r->end);
        if (p == digits)
            return fail(r, "a malformed number");
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < r->end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, r->end);
        if (p == digits)
            return fail(r, "a malformed number");
    }
    *ret_text = str_of(r->at, (size_t)(p - r->at));
    r->at = p;
    return true;
}

static bool read_word(struct json_reader *r, struct str word)
{
    if (r->failed)
        return false;
    skip_space(r);
    if (!str_starts_with(str_of(r->at, (size_t)(r->end - r->at)), word))
        return fail(r, "a value was expected");
    r->at += word.len;
    return true;
}

bool json_read_bool(struct json_reader *r, bool *ret_value)
{
    bool value = json_peek(r) == JSON_TYPE_TRUE;
    if (!read_word(r, value ? STR("true") : STR("false")))
        return false;
    *ret_value = value;
    return true;
}

bool json_read_null(struct json_reader *r)
{
    return read_word(r, STR("null"));
}

static bool skip_container(struct json_reader *r, bool object)
{
    if (!enter(r, object ? JSON_TYPE_OBJECT : JSON_TYPE_ARRAY))
        return false;
    while (next_item(r, object ? '{' : '[', object ? '}' : ']')) {
        struct str key;
        if (object) {
            if (!read_string(r, false, &key))
                return false;
            skip_space(r);
            if (r->at == r->end || *r->at != ':')
                return fail(r, "a colon was expected");
            r->at++;
        }
        if (!json_skip(r, NULL))
            return false;
    }
    return !r->failed;
}

static bool skip_value(struct json_reader *r)
{
    struct str ignored;
    bool value;
    switch (json_peek(r)) {
    case JSON_TYPE_OBJECT:
        return skip_container(r, true);
    case JSON_TYPE_ARRAY:
        return skip_container(r, false);
    case JSON_TYPE_STRING:
        return read_string(r, false, &ignored);
    case JSON_TYPE_NUMBER:
        return json_read_number(r, &ignored);
    case JSON_TYPE_TRUE:
    case JSON_TYPE_FALSE:
        return json_read_bool(r, &value);
    case JSON_TYPE_NULL:
        return json_read_null(r);
    case JSON_TYPE_INVALID:
        break;
    }
    return fail(r, "a value was expected");
}

bool json_skip(struct json_reader *r, struct str *ret_text)
{
    if (r->failed)
        return false;
    skip_space(r);
    const char *start = r->at;
    if (!skip_value(r))
        return false;
    if (ret_text)
        *ret_text = str_of(start, (size_t)(r->at - start));
    return true;
}

bool json_finish(struct json_reader *r)
{
    if (r->failed)
        return false;
    skip_space(r);
    if (r->at < r->end)
        return fail(r, "more follows the value");
    return r->depth == 0 || fail(r, "it ends too early"); /* the caller left a container */
}
