/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/uri.h"

#include "testing.h"

static const struct {
    const char *name;
    struct str text, want;
    bool form, valid;
} escapes[] = {
    {"nothing to decode", STR_INIT("/a/b"), STR_INIT("/a/b"), false, true},
    {"empty", STR_INIT(""), STR_INIT(""), true, true},
    {"a space", STR_INIT("a%20b"), STR_INIT("a b"), false, true},
    {"both cases of digits", STR_INIT("%2f%2F%fF"), STR_INIT("//\xff"), false, true},
    {"NUL", STR_INIT("%00"), STR_INIT("\0"), false, true},
    {"decoded once", STR_INIT("%2541"), STR_INIT("%41"), false, true},
    {"plus in a path", STR_INIT("a+b"), STR_INIT("a+b"), false, true},
    {"plus in a form", STR_INIT("a+b"), STR_INIT("a b"), true, true},
    {"an escaped plus in a form", STR_INIT("a%2Bb+c"), STR_INIT("a+b c"), true, true},
    {"a bare percent stays", STR_INIT("100%"), STR_INIT("100%"), false, false},
    {"one digit stays", STR_INIT("%4"), STR_INIT("%4"), false, false},
    {"a foreign digit stays", STR_INIT("%4g%41"), STR_INIT("%4gA"), false, false},
    {"a foreign first digit stays", STR_INIT("%:0"), STR_INIT("%:0"), false, false},
    {"percent before an escape", STR_INIT("%%41"), STR_INIT("%A"), false, false},
};

static void decoding(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 256);
    FOR_EACH_CASE (c, escapes) {
        struct str got = uri_decode(&arena, c->text, c->form);
        CHECK_CASE(c, str_eq(got, c->want), "got %" STR_F, STR_A(got));
        CHECK_CASE(c, uri_escapes_are_valid(c->text) == c->valid, "validity");
    }
    arena_release(&arena);
}

static void what_needs_no_decoding_is_not_copied(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 256);
    struct str path = STR("/pets/7"), plus = STR("a+b");
    assert_ptr_equal(uri_decode(&arena, path, true).at, path.at);
    assert_ptr_equal(uri_decode(&arena, plus, false).at, plus.at);
    assert_int_equal(arena.used, 0);
    arena_release(&arena);
}

static void encoding(void **state)
{
    (void)state;
    scoped_buf struct buf got = {0};
    uri_encode(&got, STR("azAZ09-._~"));
    uri_encode(&got, STR(""));
    uri_encode(&got, STR("/:%$ +\xff"));
    assert_str_equal(buf_str(&got), STR("azAZ09-._~%2F%3A%25%24%20%2B%FF"));
}

static const struct {
    const char *name, *query, *want; /* name:value, … */
} queries[] = {
    {"one", "a=1", "a:1, "},
    {"two", "a=1&b=2", "a:1, b:2, "},
    {"the same name twice", "a=1&a=2", "a:1, a:2, "},
    {"no value", "a", "a:, "},
    {"an empty value", "a=", "a:, "},
    {"an empty name", "=1", ":1, "},
    {"only the first equals counts", "a=b=c", "a:b=c, "},
    {"empty parts are skipped", "&&a=1&&b=2&", "a:1, b:2, "},
    {"only ampersands", "&&", ""},
    {"nothing", "", ""},
    {"escapes stay raw", "a%26b=c+d", "a%26b:c+d, "},
    {"a semicolon is no separator", "a=1;b=2", "a:1;b=2, "},
};

static void parameters(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, queries) {
        char got[64] = "";
        struct str rest = str_from(c->query), name, value;
        while (uri_next_parameter(&rest, &name, &value))
            (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%" STR_F ":%" STR_F ", ",
                           STR_A(name), STR_A(value));
        CHECK_CASE(c, strcmp(got, c->want) == 0, "got %s", got);
    }
}

/* clang-format off */
static const struct {
    const char *name;
    struct str authority;
    const char *host; /* NULL: refused */
    uint16_t port;
} authorities[] = {
    {"a name", STR_INIT("example.com"), "example.com", 0},
    {"case is kept", STR_INIT("Example.COM"), "Example.COM", 0},
    {"a name with a port", STR_INIT("example.com:8443"), "example.com", 8443},
    {"one letter", STR_INIT("a"), "a", 0},
    {"an underscore", STR_INIT("my_service:80"), "my_service", 80},
    {"an A-label", STR_INIT("xn--bcher-kva.example"), "xn--bcher-kva.example", 0},
    {"IPv4", STR_INIT("192.0.2.1:80"), "192.0.2.1", 80},
    {"IPv6", STR_INIT("[2001:db8::1]"), "2001:db8::1", 0},
    {"IPv6 with a port", STR_INIT("[::1]:80"), "::1", 80},
    {"an empty port", STR_INIT("example.com:"), "example.com", 0},
    {"an empty port behind IPv6", STR_INIT("[::1]:"), "::1", 0},
    {"the lowest port", STR_INIT("a:1"), "a", 1},
    {"the highest port", STR_INIT("a:65535"), "a", 65535},
    {"a port above it", STR_INIT("a:65536"), NULL, 0},
    {"port 0", STR_INIT("a:0"), NULL, 0},
    {"a port beyond 64 bits", STR_INIT("a:18446744073709551617"), NULL, 0},
    {"a signed port", STR_INIT("a:+80"), NULL, 0},
    {"a port with letters", STR_INIT("a:80a"), NULL, 0},
    {"two ports", STR_INIT("a:80:80"), NULL, 0},
    {"empty", STR_INIT(""), NULL, 0},
    {"only a port", STR_INIT(":80"), NULL, 0},
    {"user information", STR_INIT("user@example.com"), NULL, 0},
    {"a list", STR_INIT("a.example,b.example"), NULL, 0},
    {"a space", STR_INIT("a b"), NULL, 0},
    {"an escape", STR_INIT("a%2eb"), NULL, 0},
    {"a slash", STR_INIT("a/b"), NULL, 0},
    {"NUL", STR_INIT("a\0b"), NULL, 0},
    {"not ASCII", STR_INIT("b\xc3\xbc"), NULL, 0},
    {"IPv6 without brackets", STR_INIT("2001:db8::1"), NULL, 0},
    {"brackets not closed", STR_INIT("[::1"), NULL, 0},
    {"a bracket alone", STR_INIT("["), NULL, 0},
    {"empty brackets", STR_INIT("[]"), NULL, 0},
    {"a name in brackets", STR_INIT("[localhost]"), NULL, 0},
    {"IPv4 in brackets", STR_INIT("[192.0.2.1]"), NULL, 0},
    {"a zone", STR_INIT("[fe80::1%25eth0]"), NULL, 0},
    {"IPvFuture", STR_INIT("[v1.a:b]"), NULL, 0},
    {"text behind brackets", STR_INIT("[::1]x"), NULL, 0},
};
/* clang-format on */

static void hosts(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, authorities) {
        struct str host = STR("untouched");
        uint16_t port = 7;
        bool split = uri_split_host(c->authority, &host, &port);
        CHECK_CASE(c, split == (c->host != NULL), "accepted %d", split);
        CHECK_CASE(c, str_is(host, split ? c->host : "untouched"), "got %" STR_F, STR_A(host));
        CHECK_CASE(c, !split || port == c->port, "got port %u", port);
    }
}

/* clang-format off */
static const struct {
    const char *name;
    struct str text;
    const char *want; /* scheme host port path query, or NULL: refused */
} urls[] = {
    {"all parts", STR_INIT("https://h.example:8443/a/b?x=1"), "https h.example 8443 /a/b x=1"},
    {"no path", STR_INIT("http://h"), "http h 0  "},
    {"a root", STR_INIT("http://h/"), "http h 0 / "},
    {"a query and no path", STR_INIT("http://h?x"), "http h 0  x"},
    {"a slash in the query", STR_INIT("http://h?x=/y"), "http h 0  x=/y"},
    {"a question in the query", STR_INIT("http://h/?a?b"), "http h 0 / a?b"},
    {"an empty query", STR_INIT("http://h/?"), "http h 0 / "},
    {"the scheme has no case", STR_INIT("HtTpS://h/"), "HtTpS h 0 / "},
    {"IPv6", STR_INIT("http://[::1]:80/x"), "http ::1 80 /x "},
    {"an at sign in the path", STR_INIT("http://h/@connections/x"), "http h 0 /@connections/x "},
    {"no scheme", STR_INIT("//h/"), NULL},
    {"another scheme", STR_INIT("ftp://h/"), NULL},
    {"a scheme that begins alike", STR_INIT("httpss://h/"), NULL},
    {"one slash", STR_INIT("http:/h/"), NULL},
    {"no host", STR_INIT("http:///x"), NULL},
    {"nothing behind", STR_INIT("http://"), NULL},
    {"user information", STR_INIT("http://u:p@h/"), NULL},
    {"a fragment", STR_INIT("http://h/#f"), NULL},
    {"a fragment behind a query", STR_INIT("http://h/?q#f"), NULL},
    {"a space", STR_INIT("http://h/a b"), NULL},
    {"a line end", STR_INIT("http://h/\r\nX: y"), NULL},
    {"NUL", STR_INIT("http://h/\0"), NULL},
    {"DEL", STR_INIT("http://h/\x7f"), NULL},
    {"not ASCII", STR_INIT("http://h/\xc3\xbc"), NULL},
    {"a backslash for a slash", STR_INIT("http://h\\@evil/"), NULL},
    {"a bad port", STR_INIT("http://h:99999/"), NULL},
};
/* clang-format on */

static void absolute_urls(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, urls) {
        struct uri u;
        char got[96];
        bool parsed = uri_parse(c->text, &u);
        CHECK_CASE(c, parsed == (c->want != NULL), "accepted %d", parsed);
        if (!parsed)
            continue;
        (void)snprintf(got, sizeof(got), "%" STR_F " %" STR_F " %u %" STR_F " %" STR_F,
                       STR_A(u.scheme), STR_A(u.host), u.port, STR_A(u.path), STR_A(u.query));
        CHECK_CASE(c, strcmp(got, c->want) == 0, "got %s", got);
        CHECK_CASE(c, u.path.at == u.authority.at + u.authority.len, "where the path stands");
    }
}

static const struct {
    const char *name, *text, *problem; /* the problem's beginning, or NULL */
} origins[] = {
    {"a host", "https://app.example.com", NULL},
    {"a port", "http://localhost:3000", NULL},
    {"one label", "http://intranet", NULL},
    {"the other scheme's port", "http://a.test:443", NULL},
    {"an IPv4 address", "http://127.0.0.1:8080", NULL},
    {"an IPv6 address", "http://[::1]:8080", NULL},
    {"an IPv6 address without port", "https://[2001:db8::1]", NULL},
    {"nothing", "", "an origin begins"},
    {"null", "null", "an origin begins"},
    {"a host alone", "a.test", "an origin begins"},
    {"a scheme alone", "https://", "behind the scheme"},
    {"a scheme without slashes", "https:a.test", "an origin begins"},
    {"another scheme", "file://a", "an origin begins"},
    {"a slash at the end", "https://a.test/", "an origin has no path"},
    {"a path", "https://a.test/x", "an origin has no path"},
    {"a query", "https://a.test?x", "behind the scheme"},
    {"a fragment", "https://a.test#x", "behind the scheme"},
    {"a user", "https://u@a.test", "behind the scheme"},
    {"two", "https://a.test,https://b.test", "an origin has no path"},
    {"two hosts", "https://a.test b.test", "behind the scheme"},
    {"a star", "https://*", "behind the scheme"},
    {"a letter beyond ASCII", "https://\xc3\xa4.test", "behind the scheme"},
    {"a line break", "https://a.test\r\nx: y", "behind the scheme"},
    {"an upper-case host", "https://A.test", "browsers write origins in lower case"},
    {"an upper-case scheme", "HTTPS://a.test", "browsers write origins in lower case"},
    {"the scheme's own port", "https://a.test:443", "browsers leave"},
    {"the other scheme's own port", "http://a.test:80", "browsers leave"},
    {"a colon without port", "https://a.test:", "behind the scheme"},
    {"a colon behind a literal", "https://[::1]:", "behind the scheme"},
    {"a port with a zero before it", "https://a.test:08080", "behind the scheme"},
    {"port 0", "https://a.test:0", "behind the scheme"},
    {"no such port", "https://a.test:65536", "behind the scheme"},
};

static void origins_of_browsers(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, origins) {
        const char *problem = uri_origin_problem(str_from(c->text));
        CHECK_CASE(c, (problem == NULL) == (c->problem == NULL), "got %s",
                   problem ? problem : "none");
        CHECK_CASE(c, !problem || str_starts_with(str_from(problem), str_from(c->problem)),
                   "got %s", problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding),
        cmocka_unit_test(encoding),
        cmocka_unit_test(what_needs_no_decoding_is_not_copied),
        cmocka_unit_test(parameters),
        cmocka_unit_test(hosts),
        cmocka_unit_test(absolute_urls),
        cmocka_unit_test(origins_of_browsers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
