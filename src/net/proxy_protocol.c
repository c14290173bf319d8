/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/proxy_protocol.h"

#define V1_START    STR("PROXY ")
#define V1_SIZE_MAX 107 /* CRLF included */

#define V2_SIGNATURE  STR("\r\n\r\n\0\r\nQUIT\n")
#define V2_FIXED_SIZE 16 /* signature, version and command, family, length */
#define V2_LENGTH_MAX 4096
#define V2_STREAM     1

static bool to_port(struct str text, uint16_t *ret_port)
{
    uint64_t value;
    bool leading_zero = text.len > 1 && text.at[0] == '0';
    if (text.len > 5 || leading_zero || !str_to_u64(text, &value) || value > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)value;
    return true;
}

/* The next field up to a single space; the last one goes to the end. */
static struct str next_field(struct str *rest)
{
    struct str field = {0};
    (void)str_split(rest, ' ', &field);
    return field;
}

static bool to_address(struct str text, bool is_v6, struct ip *ret_ip)
{
    bool has_colon = str_find(text, ':') < text.len;
    return has_colon == is_v6 && ip_parse(text, ret_ip);
}

/* "TCP4 192.0.2.1 192.0.2.2 56324 443", or "UNKNOWN" and anything. */
static bool parse_v1_line(struct str line, struct proxy_header *header)
{
    struct str family = next_field(&line);
    if (str_is(family, "UNKNOWN")) {
        header->local = true;
        return true;
    }
    bool is_v6 = str_is(family, "TCP6");
    return (is_v6 || str_is(family, "TCP4")) &&
           to_address(next_field(&line), is_v6, &header->source) &&
           to_address(next_field(&line), is_v6, &header->destination) &&
           to_port(next_field(&line), &header->source_port) &&
           to_port(next_field(&line), &header->destination_port) && !line.at;
}

static enum proxy_result parse_v1(struct str in, struct proxy_header *ret_header)
{
    struct str window = str_head(in, V1_SIZE_MAX);
    size_t end = str_find_str(window, STR("\r\n"));
    if (end == window.len)
        return window.len < V1_SIZE_MAX ? PROXY_INCOMPLETE : PROXY_INVALID;

    struct proxy_header header = {.size = end + 2};
    if (!parse_v1_line(str_skip(str_head(window, end), V1_START.len), &header))
        return PROXY_INVALID;
    *ret_header = header;
    return PROXY_OK;
}

static unsigned byte_at(struct str s, size_t at)
{
    return (unsigned char)s.at[at];
}

static uint16_t number_at(struct str s, size_t at)
{
    return (uint16_t)(byte_at(s, at) << 8 | byte_at(s, at + 1));
}

static struct ip address_at(struct str s, size_t at, size_t size)
{
    struct ip ip = {
        .bytes = {[10] = 0xff, [11] = 0xff}
    }; /* where size is 4: mapped */
    memcpy(ip.bytes + sizeof(ip.bytes) - size, s.at + at, size);
    return ip;
}

/* What an address family's block looks like; a size of 0: no address of ours. */
static const struct {
    size_t block_size, address_size;
} families[] = {
    [0] = {0,   0 }, /* unspecified */
    [1] = {12,  4 }, /* IPv4 */
    [2] = {36,  16}, /* IPv6 */
    [3] = {216, 0 }, /* UNIX */
};

static bool parse_v2_addresses(struct str block, unsigned family, unsigned transport,
                               struct proxy_header *header)
{
    if (family >= ARRAY_LENGTH(families) || block.len < families[family].block_size)
        return false;
    size_t size = families[family].address_size;
    header->local = size == 0;
    if (size == 0)
        return transport <= V2_STREAM;
    header->source = address_at(block, 0, size);
    header->destination = address_at(block, size, size);
    header->source_port = number_at(block, 2 * size);
    header->destination_port = number_at(block, 2 * size + 2);
    return transport == V2_STREAM;
}

static enum proxy_result parse_v2(struct str in, struct proxy_header *ret_header)
{
    if (in.len > 12 && byte_at(in, 12) >> 4 != 2)
        return PROXY_INVALID;
    if (in.len < V2_FIXED_SIZE)
        return PROXY_INCOMPLETE;
    size_t length = number_at(in, 14);
    if (length > V2_LENGTH_MAX)
        return PROXY_INVALID;
    if (in.len < V2_FIXED_SIZE + length)
        return PROXY_INCOMPLETE;

    enum { COMMAND_LOCAL, COMMAND_PROXY };
    unsigned command = byte_at(in, 12) & 15, kind = byte_at(in, 13);
    struct proxy_header header = {.size = V2_FIXED_SIZE + length, .local = true};
    struct str block = str_head(str_skip(in, V2_FIXED_SIZE), length);
    if (command > COMMAND_PROXY ||
        (command == COMMAND_PROXY && !parse_v2_addresses(block, kind >> 4, kind & 15, &header)))
        return PROXY_INVALID;
    *ret_header = header;
    return PROXY_OK;
}

/* Whether `in` begins with `start`, as far as it goes. */
static bool may_start_with(struct str in, struct str start)
{
    return str_starts_with(start, str_head(in, start.len));
}

enum proxy_result proxy_header_parse(struct str in, struct proxy_header *ret_header)
{
    bool may_be_v1 = may_start_with(in, V1_START), may_be_v2 = may_start_with(in, V2_SIGNATURE);
    if (may_be_v1 && in.len >= V1_START.len)
        return parse_v1(in, ret_header);
    if (may_be_v2 && in.len >= V2_SIGNATURE.len)
        return parse_v2(in, ret_header);
    return may_be_v1 || may_be_v2 ? PROXY_INCOMPLETE : PROXY_INVALID;
}
