/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define V4_PREFIX 96 /* the bits of ::ffff:0:0 */

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct ip *ip)
{
    return memcmp(ip->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

static void set_v4(struct ip *ip, const void *four_bytes)
{
    memcpy(ip->bytes, v4_mapped, sizeof(v4_mapped));
    memcpy(ip->bytes + sizeof(v4_mapped), four_bytes, 4);
}

bool ip_parse(struct str text, struct ip *ret_ip)
{
    char copy[IP_TEXT_SIZE];
    uint8_t bytes[16];
    if (text.len == 0 || text.len >= sizeof(copy) || str_find(text, '\0') != text.len)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';

    if (inet_pton(AF_INET6, copy, bytes) == 1) {
        memcpy(ret_ip->bytes, bytes, sizeof(bytes));
        return true;
    }
    if (inet_pton(AF_INET, copy, bytes) != 1)
        return false;
    set_v4(ret_ip, bytes);
    return true;
}

static bool bit_is_set(const struct ip *ip, unsigned bit)
{
    return (ip->bytes[bit / 8] & 0x80 >> bit % 8) != 0;
}

static bool prefix_parse(struct str text, unsigned width, unsigned *ret_prefix)
{
    uint64_t prefix;
    if (!str_to_u64(text, &prefix) || prefix > width || (text.len > 1 && text.at[0] == '0'))
        return false;
    *ret_prefix = 128 - width + (unsigned)prefix;
    return true;
}

bool ip_network_parse(struct str text, struct ip_network *ret_network)
{
    struct ip_network network = {.prefix = 128};
    size_t slash = str_find(text, '/');
    struct str address = str_head(text, slash);
    unsigned width = str_find(address, ':') < address.len ? 128 : 32;
    if (!ip_parse(address, &network.address))
        return false;
    if (slash < text.len && !prefix_parse(str_skip(text, slash + 1), width, &network.prefix))
        return false;

    for (unsigned bit = network.prefix; bit < 128; bit++)
        if (bit_is_set(&network.address, bit))
            return false;
    *ret_network = network;
    return true;
}

struct run {
    unsigned start, len;
};

/* The first of the longest runs of zero words, which "::" stands for; one alone is written out. */
static struct run longest_zeros(const uint16_t words[8])
{
    struct run best = {8, 1}, run = {0, 0};
    for (unsigned i = 0; i < 8; i++) {
        run = words[i] != 0 ? (struct run){i + 1, 0} : (struct run){run.start, run.len + 1};
        if (run.len > best.len)
            best = run;
    }
    return best;
}

static struct str format_v6(const struct ip *ip, char out[IP_TEXT_SIZE])
{
    uint16_t words[8];
    for (size_t i = 0; i < 8; i++)
        words[i] = (uint16_t)(ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1]);

    struct run zeros = longest_zeros(words);
    size_t len = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (i == zeros.start) {
            out[len++] = ':';
            i += zeros.len;
            if (i >= 8) {
                out[len++] = ':';
                break;
            }
        }
        len += (size_t)snprintf(out + len, IP_TEXT_SIZE - len, i ? ":%x" : "%x", words[i]);
    }
    out[len] = '\0';
    return str_of(out, len);
}

static char *put_octet(char *out, unsigned octet)
{
    if (octet >= 100)
        *out++ = (char)('0' + octet / 100);
    if (octet >= 10)
        *out++ = (char)('0' + octet / 10 % 10);
    *out++ = (char)('0' + octet % 10);
    return out;
}

struct str ip_format(const struct ip *ip, char out[IP_TEXT_SIZE])
{
    if (!is_v4(ip))
        return format_v6(ip, out);
    char *end = out;
    for (size_t i = sizeof(v4_mapped); i < sizeof(ip->bytes); i++) {
        if (end > out)
            *end++ = '.';
        end = put_octet(end, ip->bytes[i]);
    }
    *end = '\0';
    return str_of(out, (size_t)(end - out));
}

bool ip_from_sockaddr(const struct sockaddr *address, struct ip *ret_ip, uint16_t *ret_port)
{
    const void *p = address; /* the caller's storage is aligned for any family */
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = p;
        set_v4(ret_ip, &v4->sin_addr);
        *ret_port = ntohs(v4->sin_port);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = p;
        memcpy(ret_ip->bytes, &v6->sin6_addr, sizeof(ret_ip->bytes));
        *ret_port = ntohs(v6->sin6_port);
        return true;
    }
    return false;
}

bool ip_in_network(const struct ip *ip, const struct ip_network *network)
{
    if (is_v4(ip) && network->prefix < V4_PREFIX)
        return false; /* ::/0 names every IPv6 address, and no IPv4 one */

    unsigned whole = network->prefix / 8, rest = network->prefix % 8;
    if (memcmp(ip->bytes, network->address.bytes, whole) != 0)
        return false;
    return rest == 0 || (ip->bytes[whole] ^ network->address.bytes[whole]) >> (8 - rest) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
    static const struct ip v6_loopback = {{[15] = 1}};
    return is_v4(ip) ? ip->bytes[12] == 127 : memcmp(ip, &v6_loopback, sizeof(*ip)) == 0;
}

bool ip_is_any(const struct ip *ip)
{
    static const struct ip v6_any, v4_any = {
                                       {[10] = 0xff, [11] = 0xff}
    };
    return memcmp(ip, &v6_any, sizeof(*ip)) == 0 || memcmp(ip, &v4_any, sizeof(*ip)) == 0;
}
