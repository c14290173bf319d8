/* SPDX-License-Identifier: Apache-2.0 */
/* The chunked coding (RFC 9112, 7.1) as a table: what each character does in each state. */
#include "turnpike/base/http_message.h"

#include "http_chars.h"

#define SIZE_DIGITS_MAX 15 /* 60 bits */
#define LINE_MAX_LEN    256
#define TRAILERS_MAX    8192 /* of those that are dropped */

enum state {
    BAD, /* 0: a transition that the table leaves out */
    SIZE_START,
    SIZE,
    EXTENSION, /* a ';' must follow */
    NAME_START,
    NAME,
    NAME_END, /* white space behind a name: '=' or ';' must follow */
    VALUE_START,
    VALUE,
    QUOTED,
    QUOTED_PAIR,
    QUOTED_END,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    END,
    STATES
};

enum char_class {
    DIGIT, /* hexadecimal, and a tchar */
    TCHAR,
    BLANK,
    SEMICOLON,
    EQUALS,
    COLON,
    QUOTE,
    BACKSLASH,
    OTHER, /* the rest that a value may hold */
    CR,
    LF,
    CONTROL,
    CLASSES
};

/* clang-format off */
static const uint8_t next_state[STATES][CLASSES] = {
    [SIZE_START]    = {[DIGIT] = SIZE},
    [SIZE]          = {[DIGIT] = SIZE, [BLANK] = EXTENSION, [SEMICOLON] = NAME_START, [CR] = SIZE_LF},
    [EXTENSION]     = {[BLANK] = EXTENSION, [SEMICOLON] = NAME_START},
    [NAME_START]    = {[DIGIT] = NAME, [TCHAR] = NAME, [BLANK] = NAME_START},
    [NAME]          = {[DIGIT] = NAME, [TCHAR] = NAME, [BLANK] = NAME_END, [SEMICOLON] = NAME_START,
                       [EQUALS] = VALUE_START, [CR] = SIZE_LF},
    [NAME_END]      = {[BLANK] = NAME_END, [SEMICOLON] = NAME_START, [EQUALS] = VALUE_START},
    [VALUE_START]   = {[DIGIT] = VALUE, [TCHAR] = VALUE, [BLANK] = VALUE_START, [QUOTE] = QUOTED},
    [VALUE]         = {[DIGIT] = VALUE, [TCHAR] = VALUE, [BLANK] = EXTENSION,
                       [SEMICOLON] = NAME_START, [CR] = SIZE_LF},
    [QUOTED]        = {[DIGIT] = QUOTED, [TCHAR] = QUOTED, [BLANK] = QUOTED, [SEMICOLON] = QUOTED,
                       [EQUALS] = QUOTED, [COLON] = QUOTED, [OTHER] = QUOTED, [QUOTE] = QUOTED_END,
                       [BACKSLASH] = QUOTED_PAIR},
    [QUOTED_PAIR]   = {[DIGIT] = QUOTED, [TCHAR] = QUOTED, [BLANK] = QUOTED, [SEMICOLON] = QUOTED,
                       [EQUALS] = QUOTED, [COLON] = QUOTED, [OTHER] = QUOTED, [QUOTE] = QUOTED,
                       [BACKSLASH] = QUOTED},
    [QUOTED_END]    = {[BLANK] = EXTENSION, [SEMICOLON] = NAME_START, [CR] = SIZE_LF},
    [SIZE_LF]       = {[LF] = DATA},
    [DATA_CR]       = {[CR] = DATA_LF},
    [DATA_LF]       = {[LF] = SIZE_START},
    [TRAILER_START] = {[DIGIT] = TRAILER_NAME, [TCHAR] = TRAILER_NAME, [CR] = LAST_LF},
    [TRAILER_NAME]  = {[DIGIT] = TRAILER_NAME, [TCHAR] = TRAILER_NAME, [COLON] = TRAILER_VALUE},
    [TRAILER_VALUE] = {[DIGIT] = TRAILER_VALUE, [TCHAR] = TRAILER_VALUE, [BLANK] = TRAILER_VALUE,
                       [SEMICOLON] = TRAILER_VALUE, [EQUALS] = TRAILER_VALUE,
                       [COLON] = TRAILER_VALUE, [QUOTE] = TRAILER_VALUE,
                       [BACKSLASH] = TRAILER_VALUE, [OTHER] = TRAILER_VALUE, [CR] = TRAILER_LF},
    [TRAILER_LF]    = {[LF] = TRAILER_START},
    [LAST_LF]       = {[LF] = END},
};
/* clang-format on */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Inline: where a body comes in small chunks, this is what they cost. */
static inline enum char_class class_of(char c)
{
    switch (c) {
    case ' ':
    case '\t':
        return BLANK;
    case ';':
        return SEMICOLON;
    case '=':
        return EQUALS;
    case ':':
        return COLON;
    case '"':
        return QUOTE;
    case '\\':
        return BACKSLASH;
    case '\r':
        return CR;
    case '\n':
        return LF;
    default:
        break;
    }
    uint8_t chars = http_chars[(unsigned char)c];
    if (chars & HTTP_TOKEN_CHAR)
        return digit_value(c) >= 0 ? DIGIT : TCHAR;
    return chars & HTTP_VALUE_CHAR ? OTHER : CONTROL;
}

void http_chunked_init(struct http_chunked *c)
{
    *c = (struct http_chunked){.state = SIZE_START};
}

/* Bounds what nobody sees: digits, extensions and trailers (RFC 9112, 7.1.1 and 7.1.2). */
static bool is_within_bounds(struct http_chunked *c)
{
    if (c->state >= TRAILER_START)
        return ++c->trailer_len <= (c->trailers_max ? c->trailers_max : TRAILERS_MAX);
    if (c->state >= DATA || c->state <= SIZE_START)
        return true;
    return ++c->line_len <= LINE_MAX_LEN && c->digits <= SIZE_DIGITS_MAX;
}

/* One character of anything but data. */
static void step(struct http_chunked *c, char byte)
{
    c->state = next_state[c->state][class_of(byte)];
    if (c->state == SIZE_START)
        c->line_len = c->digits = 0;
    if (c->state == SIZE) {
        c->left = c->left << 4 | (uint64_t)digit_value(byte);
        c->digits++;
    }
    if (!is_within_bounds(c))
        c->state = BAD;
    else if (c->state == DATA && c->left == 0)
        c->state = TRAILER_START;
}

static struct str take_data(struct http_chunked *c, struct str *in)
{
    struct str data = str_head(*in, c->left < in->len ? (size_t)c->left : in->len);
    *in = str_skip(*in, data.len);
    c->left -= data.len;
    if (c->left == 0)
        c->state = DATA_CR;
    return data;
}

/* The fields behind the body, as they are; empty where the line that ends them begins. */
static struct str take_trailer(struct http_chunked *c, struct str *in)
{
    size_t len = 0;
    while (len < in->len && c->state >= TRAILER_START && c->state <= TRAILER_LF &&
           !(c->state == TRAILER_START && in->at[len] == '\r')) {
        c->state = next_state[c->state][class_of(in->at[len++])];
        if (++c->trailer_len > c->trailers_max)
            c->state = BAD;
    }
    struct str taken = str_head(*in, len);
    *in = str_skip(*in, len);
    return taken;
}

enum http_chunk_result http_chunked_next(struct http_chunked *c, struct str *in,
                                         struct str *ret_data)
{
    for (;;) {
        if (c->state == BAD)
            return HTTP_CHUNK_INVALID;
        if (c->state == END)
            return HTTP_CHUNK_END;
        if (in->len == 0)
            return HTTP_CHUNK_MORE;
        if (c->state == DATA) {
            *ret_data = take_data(c, in);
            return HTTP_CHUNK_DATA;
        }
        if (UNLIKELY(c->trailers_max) && (*ret_data = take_trailer(c, in)).len > 0)
            return HTTP_CHUNK_TRAILER;
        step(c, in->at[0]);
        *in = str_skip(*in, 1);
    }
}
