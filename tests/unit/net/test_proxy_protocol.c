/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/proxy_protocol.h"

#include "testing.h"

#include "turnpike/base/xalloc.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4_BLOCK  "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb"
#define V6_BLOCK                                                                                   \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"         \
    "\xdc\x04\x01\xbb"
#define V6_MAX "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static const struct {
    const char *name;
    struct str input;
    const char *source, *destination; /* NULL: local */
    uint16_t source_port, destination_port;
} valid[] = {
    {"v1, IPv4", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), "192.0.2.1", "192.0.2.2",
     56324, 443},
    {"v1, IPv6", STR_INIT("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"), "2001:db8::1",
     "2001:db8::2", 0, 65535},
    {"v1, the longest known", STR_INIT("PROXY TCP6 " V6_MAX " " V6_MAX " 65535 65535\r\n"), V6_MAX,
     V6_MAX, 65535, 65535},
    {"v1, unknown", STR_INIT("PROXY UNKNOWN\r\n"), NULL, NULL, 0, 0},
    {"v1, unknown, 107 bytes", STR_INIT("PROXY UNKNOWN " V6_MAX " " V6_MAX " 65535 65535\r\n"),
     NULL, NULL, 0, 0},
    {"v2, IPv4", STR_INIT(SIGNATURE "\x21\x11\0\x0c" V4_BLOCK), "192.0.2.1", "192.0.2.2", 56324,
     443},
    {"v2, IPv6", STR_INIT(SIGNATURE "\x21\x21\0\x24" V6_BLOCK), "2001:db8::1", "2001:db8::2", 56324,
     443},
    {"v2, with extensions", STR_INIT(SIGNATURE "\x21\x11\0\x11" V4_BLOCK "\x04\0\x02xx"),
     "192.0.2.1", "192.0.2.2", 56324, 443},
    {"v2, local", STR_INIT(SIGNATURE "\x20\0\0\0"), NULL, NULL, 0, 0},
    {"v2, local with addresses", STR_INIT(SIGNATURE "\x20\x11\0\x0c" V4_BLOCK), NULL, NULL, 0, 0},
    {"v2, unspecified", STR_INIT(SIGNATURE "\x21\0\0\0"), NULL, NULL, 0, 0},
};

static const struct {
    const char *name;
    struct str input;
} invalid[] = {
    {"a request", STR_INIT("GET / HTTP/1.1\r\n")},
    {"PROXY in lower case", STR_INIT("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n")},
    {"v1, no family", STR_INIT("PROXY \r\n")},
    {"v1, another family", STR_INIT("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n")},
    {"v1, the other kind of address", STR_INIT("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n")},
    {"v1, IPv4 as IPv6", STR_INIT("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n")},
    {"v1, no address", STR_INIT("PROXY TCP4 host 192.0.2.2 1 2\r\n")},
    {"v1, two spaces", STR_INIT("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n")},
    {"v1, one port", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n")},
    {"v1, three ports", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n")},
    {"v1, a space behind", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n")},
    {"v1, a port too high", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n")},
    {"v1, a leading zero", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n")},
    {"v1, a sign", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n")},
    {"v1, LF alone", STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nGET / HTTP/1.1\r\n")},
    {"v1, 108 bytes", STR_INIT("PROXY UNKNOWN " V6_MAX " " V6_MAX " 65535 65535x\r\n")},
    {"v2, version 1", STR_INIT(SIGNATURE "\x11\x11\0\x0c" V4_BLOCK)},
    {"v2, version 1, as soon as it shows", STR_INIT(SIGNATURE "\x11")},
    {"v2, another command", STR_INIT(SIGNATURE "\x22\x11\0\x0c" V4_BLOCK)},
    {"v2, another family", STR_INIT(SIGNATURE "\x21\x41\0\x0c" V4_BLOCK)},
    {"v2, datagrams", STR_INIT(SIGNATURE "\x21\x12\0\x0c" V4_BLOCK)},
    {"v2, a block too short", STR_INIT(SIGNATURE "\x21\x11\0\x0b" V4_BLOCK)},
    {"v2, an IPv6 block too short", STR_INIT(SIGNATURE "\x21\x21\0\x0c" V4_BLOCK)},
    {"v2, a UNIX block too short", STR_INIT(SIGNATURE "\x21\x31\0\x0c" V4_BLOCK)},
    {"v2, too long", STR_INIT(SIGNATURE "\x21\x11\x10\x01")},
};

/* Parses a copy of exactly this size, so that a sanitizer sees a read beyond it. */
static enum proxy_result parse(struct str input, struct proxy_header *ret_header)
{
    char *copy = xmalloc(input.len ? input.len : 1);
    if (input.len)
        memcpy(copy, input.at, input.len);
    enum proxy_result result = proxy_header_parse(str_of(copy, input.len), ret_header);
    free(copy);
    return result;
}

static void test_valid(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, valid) {
        struct proxy_header header;
        char source[IP_TEXT_SIZE], destination[IP_TEXT_SIZE];
        CHECK_CASE(c, parse(c->input, &header) == PROXY_OK, "refused");
        CHECK_CASE(c, header.size == c->input.len, "%zu", header.size);
        CHECK_CASE(c, header.local == !c->source, "%d", header.local);
        if (!c->source)
            continue;
        (void)ip_format(&header.source, source);
        (void)ip_format(&header.destination, destination);
        CHECK_CASE(c, strcmp(source, c->source) == 0, "%s", source);
        CHECK_CASE(c, strcmp(destination, c->destination) == 0, "%s", destination);
        CHECK_CASE(c, header.source_port == c->source_port, "%u", header.source_port);
        CHECK_CASE(c, header.destination_port == c->destination_port, "%u",
                   header.destination_port);
    }
}

static void test_every_prefix_is_incomplete(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, valid) {
        struct proxy_header header;
        for (size_t len = 0; len < c->input.len; len++)
            CHECK_CASE(c, parse(str_head(c->input, len), &header) == PROXY_INCOMPLETE, "%zu", len);
    }
}

static void test_what_follows_is_left(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, valid) {
        char longer[300];
        struct proxy_header header;
        memcpy(longer, c->input.at, c->input.len);
        memcpy(longer + c->input.len, "GET /\r\n", 7);
        CHECK_CASE(c, parse(str_of(longer, c->input.len + 7), &header) == PROXY_OK, "refused");
        CHECK_CASE(c, header.size == c->input.len, "%zu", header.size);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, invalid) {
        struct proxy_header header;
        CHECK_CASE(c, parse(c->input, &header) == PROXY_INVALID, "%zu", c->input.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_every_prefix_is_incomplete),
        cmocka_unit_test(test_what_follows_is_left),
        cmocka_unit_test(test_invalid),
    };
    return cmocka_run_group_tests_name("net/proxy_protocol", tests, NULL, NULL);
}
