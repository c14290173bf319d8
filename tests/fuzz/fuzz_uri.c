/* SPDX-License-Identifier: Apache-2.0 */
/* Every input is read as a URL, a host with a port, an address, a network and a query. */
#include "turnpike/base/uri.h"

#include "turnpike/base/ip.h"

#include "fuzz.h"

static bool is_within(struct str part, struct str whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static void fuzz_url(struct str in)
{
    struct uri u;
    if (!uri_parse(in, &u))
        return;
    REQUIRE(is_within(u.scheme, in) && is_within(u.authority, in) && is_within(u.host, in));
    REQUIRE(is_within(u.path, in) && is_within(u.query, in));
    REQUIRE(u.host.len > 0 && is_within(u.host, u.authority));
    REQUIRE(u.path.len == 0 || u.path.at[0] == '/');
    REQUIRE(u.scheme.len + 3 + u.authority.len + u.path.len + u.query.len <= in.len);
}

static void fuzz_host(struct str in)
{
    struct str host;
    struct ip ip;
    uint16_t port;
    if (!uri_split_host(in, &host, &port))
        return;
    REQUIRE(host.len > 0 && is_within(host, in));
    REQUIRE(in.at[0] != '[' || ip_parse(host, &ip));
}

static void fuzz_address(struct str in)
{
    struct ip ip, again;
    struct ip_network network;
    char text[IP_TEXT_SIZE];
    if (ip_parse(in, &ip)) {
        REQUIRE(ip_parse(ip_format(&ip, text), &again));
        REQUIRE(memcmp(&ip, &again, sizeof(ip)) == 0);
        REQUIRE(ip_network_parse(in, &network) && ip_in_network(&ip, &network));
    }
    if (ip_network_parse(in, &network)) {
        bool v4_in_v6 = memcmp(&network.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
        REQUIRE(network.prefix <= 128);
        REQUIRE(v4_in_v6 || ip_in_network(&network.address, &network));
    }
}

static void fuzz_query(struct str in, struct arena *arena)
{
    struct str rest = in, name, value, decoded;
    size_t bytes = 0;
    while (uri_next_parameter(&rest, &name, &value)) {
        bytes += name.len + value.len;
        decoded = uri_decode(arena, value, true);
        REQUIRE(decoded.len <= value.len);
        REQUIRE(str_find(value, '%') < value.len || decoded.len == value.len);
    }
    REQUIRE(bytes <= in.len);
    decoded = uri_decode(arena, in, false);
    REQUIRE(!uri_escapes_are_valid(in) || (in.len - decoded.len) % 2 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str in = fuzz_input(data, size);
    arena_init(&arena, 16384);
    fuzz_url(in);
    fuzz_host(in);
    fuzz_address(in);
    fuzz_query(in, &arena);
    arena_release(&arena);
    return 0;
}
