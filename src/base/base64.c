/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64_encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

size_t base64url_encoded_len(size_t len)
{
    return (len * 4 + 2) / 3;
}

static size_t encode(char *out, struct str bytes, const char *alphabet)
{
    const unsigned char *p = (const unsigned char *)bytes.at;
    char *start = out;
    size_t i = 0;
    for (; i + 3 <= bytes.len; i += 3) {
        uint32_t three = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        *out++ = alphabet[three >> 18];
        *out++ = alphabet[three >> 12 & 63];
        *out++ = alphabet[three >> 6 & 63];
        *out++ = alphabet[three & 63];
    }
    if (i < bytes.len) {
        uint32_t rest = (uint32_t)p[i] << 16 | (i + 1 < bytes.len ? (uint32_t)p[i + 1] << 8 : 0);
        *out++ = alphabet[rest >> 18];
        *out++ = alphabet[rest >> 12 & 63];
        if (i + 1 < bytes.len)
            *out++ = alphabet[rest >> 6 & 63];
    }
    return (size_t)(out - start);
}

static bool is_url_safe(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

size_t base64url_span(struct str text)
{
    size_t len = 0;
    while (len < text.len && is_url_safe(text.at[len]))
        len++;
    return len;
}

size_t base64_encode(char *out, struct str bytes)
{
    size_t len = encode(out, bytes, standard);
    while (len % 4 != 0)
        out[len++] = '=';
    return len;
}

size_t base64url_encode(char *out, struct str bytes)
{
    return encode(out, bytes, url_safe);
}

static int value_of(char c, char c62, char c63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == c62 ? 62 : c == c63 ? 63 : -1;
}

static bool decode(struct arena *a, struct str text, char c62, char c63, struct str *ret_bytes)
{
    if (text.len % 4 == 1)
        return false;
    char *out = arena_bytes(a, text.len / 4 * 3 + 3);
    size_t len = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.at[i], c62, c63);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[len++] = (char)(bits >> count);
        }
    }
    if ((bits & ((1u << count) - 1)) != 0)
        return false;
    *ret_bytes = str_of(out, len);
    return true;
}

bool base64_decode(struct arena *a, struct str text, struct str *ret_bytes)
{
    if (text.len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text.len > 0 && text.at[text.len - 1] == '='; i++)
        text.len--;
    return decode(a, text, '+', '/', ret_bytes);
}

bool base64url_decode(struct arena *a, struct str text, struct str *ret_bytes)
{
    return decode(a, text, '-', '_', ret_bytes);
}
