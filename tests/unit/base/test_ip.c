/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "testing.h"

/* clang-format off */
static const struct {
    const char *name, *text, *want; /* want NULL: refused */
} texts[] = {
    {"IPv4", "192.0.2.1", "192.0.2.1"},
    {"the lowest IPv4", "0.0.0.0", "0.0.0.0"},
    {"the highest IPv4", "255.255.255.255", "255.255.255.255"},
    {"IPv4 of one, two and three digits", "9.10.99.100", "9.10.99.100"},
    {"IPv4 with zeros in the middle", "101.200.0.109", "101.200.0.109"},
    {"mapped IPv4 is IPv4", "::ffff:192.0.2.1", "192.0.2.1"},
    {"mapped IPv4 in hexadecimal", "::ffff:c000:201", "192.0.2.1"},
    {"IPv6", "2001:db8::1", "2001:db8::1"},
    {"IPv6 any", "::", "::"},
    {"IPv6 loopback", "::1", "::1"},
    {"zeros at the end", "1::", "1::"},
    {"RFC 5952: leading zeros go", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"RFC 5952: lower case", "2001:DB8::A", "2001:db8::a"},
    {"RFC 5952: one zero word stays", "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"RFC 5952: the longest run shrinks", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"RFC 5952: the first of equal runs", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"small words are not dotted", "::2:3", "::2:3"},
    {"eight words", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"the longest text", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"empty", "", NULL},
    {"three numbers", "192.0.2", NULL},
    {"a number above 255", "192.0.2.256", NULL},
    {"a leading zero", "192.0.2.01", NULL},
    {"hexadecimal IPv4", "0x7f.0.0.1", NULL},
    {"one number", "2130706433", NULL},
    {"space in front", " 192.0.2.1", NULL},
    {"a port", "192.0.2.1:80", NULL},
    {"brackets", "[::1]", NULL},
    {"a zone", "fe80::1%eth0", NULL},
    {"two gaps", "1::2::3", NULL},
    {"nine words", "1:2:3:4:5:6:7:8:9", NULL},
    {"a name", "localhost", NULL},
};
/* clang-format on */

static void addresses(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, texts) {
        struct ip ip;
        char out[IP_TEXT_SIZE];
        bool parsed = ip_parse(str_from(c->text), &ip);
        CHECK_CASE(c, parsed == (c->want != NULL), "text %s", c->text);
        if (!parsed)
            continue;
        struct str got = ip_format(&ip, out);
        CHECK_CASE(c, str_is(got, c->want), "got %s", out);
        assert_int_equal(out[got.len], '\0');
    }
}

static void a_nul_does_not_end_an_address(void **state)
{
    (void)state;
    struct ip ip;
    assert_false(ip_parse(STR("192.0.2.1\0.evil"), &ip));
}

static const struct {
    const char *name, *network, *address;
    bool inside;
} networks[] = {
    {"the first address", "10.0.0.0/8", "10.0.0.0", true},
    {"the last address", "10.0.0.0/8", "10.255.255.255", true},
    {"the next address", "10.0.0.0/8", "11.0.0.0", false},
    {"a prefix within a byte", "192.0.2.128/25", "192.0.2.129", true},
    {"below a prefix within a byte", "192.0.2.128/25", "192.0.2.127", false},
    {"one address", "192.0.2.1", "192.0.2.1", true},
    {"another address", "192.0.2.1", "192.0.2.2", false},
    {"/32", "192.0.2.1/32", "192.0.2.1", true},
    {"all of IPv4", "0.0.0.0/0", "203.0.113.9", true},
    {"all of IPv4 holds no IPv6", "0.0.0.0/0", "2001:db8::1", false},
    {"IPv6", "2001:db8::/32", "2001:db8:ffff::", true},
    {"outside IPv6", "2001:db8::/32", "2001:db9::", false},
    {"all of IPv6", "::/0", "2001:db8::1", true},
    {"all of IPv6 holds no IPv4", "::/0", "192.0.2.1", false},
    {"a mapped network is an IPv4 one", "::ffff:10.0.0.0/104", "10.1.2.3", true},
    {"IPv4 is not its look-alike", "::a00:0/104", "10.1.2.3", false},
};

static void membership(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, networks) {
        struct ip_network network;
        struct ip ip;
        CHECK_CASE(c, ip_network_parse(str_from(c->network), &network), "network");
        CHECK_CASE(c, ip_parse(str_from(c->address), &ip), "address");
        CHECK_CASE(c, ip_in_network(&ip, &network) == c->inside, "in %s", c->network);
    }
}

static void malformed_networks(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "10.0.0.0/ 8",
        "10.0.0.1/8",
        "2001:db8::1/32",
        "10.0.0.0/255.0.0.0",
        "10/8",
    };
    FOR_EACH_CASE (text, refused) {
        struct ip_network network;
        if (ip_network_parse(str_from(*text), &network))
            fail_msg("'%s' was accepted", *text);
    }
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool loopback, any;
    } cases[] = {
        {"127.0.0.1", true, false},        {"127.255.255.255", true, false},
        {"128.0.0.1", false, false},       {"::1", true, false},
        {"::ffff:127.0.0.1", true, false}, {"::7f00:1", false, false},
        {"0.0.0.0", false, true},          {"::", false, true},
        {"0.0.0.1", false, false},         {"::2", false, false},
    };
    FOR_EACH_CASE (c, cases) {
        struct ip ip;
        CHECK_CASE(c, ip_parse(str_from(c->name), &ip), "parse");
        CHECK_CASE(c, ip_is_loopback(&ip) == c->loopback, "loopback");
        CHECK_CASE(c, ip_is_any(&ip) == c->any, "any");
    }
}

static void socket_addresses(void **state)
{
    (void)state;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } address;
    struct ip ip, want;
    uint16_t port = 0;

    address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(8443)};
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(ip_from_sockaddr(&address.any, &ip, &port));
    assert_true(ip_parse(STR("127.0.0.1"), &want));
    assert_memory_equal(&ip, &want, sizeof(ip));
    assert_int_equal(port, 8443);

    address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(80)};
    address.v6.sin6_addr = in6addr_loopback;
    assert_true(ip_from_sockaddr(&address.any, &ip, &port));
    assert_true(ip_parse(STR("::1"), &want));
    assert_memory_equal(&ip, &want, sizeof(ip));
    assert_int_equal(port, 80);

    address.local = (struct sockaddr_un){.sun_family = AF_UNIX};
    assert_false(ip_from_sockaddr(&address.any, &ip, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),  cmocka_unit_test(a_nul_does_not_end_an_address),
        cmocka_unit_test(membership), cmocka_unit_test(malformed_networks),
        cmocka_unit_test(kinds),      cmocka_unit_test(socket_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
