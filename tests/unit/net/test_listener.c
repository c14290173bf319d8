/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/listener.h"

#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/ip.h"

/* A listener and the last client that it accepted. */
struct server {
    struct loop loop;
    struct listener listener;
    struct error error;
    bool closed;
    int accepted, fd;
    struct sockaddr_storage peer;
};

static void on_accept(struct listener *l, int fd, const struct sockaddr *peer)
{
    struct server *s = container_of(l, struct server, listener);
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = fd;
    s->accepted++;
    memcpy(&s->peer, peer,
           peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

static void on_closed(struct listener *l)
{
    container_of(l, struct server, listener)->closed = true;
}

static const struct listener_events events = {on_accept, on_closed};

static bool server_open(struct server *s, const struct listener_place *place)
{
    *s = (struct server){.fd = -1};
    loop_init(&s->loop);
    return listener_open(&s->listener, &s->loop, place, &events, &s->error);
}

static void server_close(struct server *s)
{
    listener_close(&s->listener);
    loop_run(&s->loop);
    assert_true(s->closed);
    if (s->fd >= 0)
        (void)close(s->fd);
    loop_release(&s->loop);
}

static void server_refused(struct server *s)
{
    loop_run(&s->loop);
    loop_release(&s->loop);
}

static void await_accepted(struct server *s, int count)
{
    while (s->accepted < count)
        (void)uv_run(&s->loop.uv, UV_RUN_ONCE);
}

static int visit_tcp(const char *address, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    (void)inet_pton(AF_INET6, address, &v6.sin6_addr);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *any = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    if (connect(fd, any, is_v4 ? sizeof(v4) : sizeof(v6)) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static struct sockaddr_un path_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return address;
}

static int visit_path(const char *path)
{
    struct sockaddr_un address = path_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Containers often have none. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        (void)close(fd);
    return has;
}

static bool is_testable(struct str address)
{
    return str_find(address, ':') == address.len || has_ipv6();
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *name, *listen, *visit, *peer;
    } cases[] = {
        {"IPv4", "127.0.0.1", "127.0.0.1", "127.0.0.1"},
        {"any IPv4", "0.0.0.0", "127.0.0.2", "127.0.0.1"},
        {"IPv6", "::1", "::1", "::1"},
        {"any IPv6", "::", "::1", "::1"},
    };
    FOR_EACH_CASE (c, cases) {
        struct server s;
        struct listener_place place = {.address = str_from(c->listen)};
        if (!is_testable(place.address))
            continue;
        char text[IP_TEXT_SIZE];
        struct ip ip;
        uint16_t port;
        CHECK_CASE(c, server_open(&s, &place), "%s", s.error.text);
        int client = visit_tcp(c->visit, listener_port(&s.listener));
        CHECK_CASE(c, client >= 0, "cannot connect");
        await_accepted(&s, 1);
        CHECK_CASE(c, ip_from_sockaddr((struct sockaddr *)&s.peer, &ip, &port), "no peer");
        CHECK_CASE(c, str_is(ip_format(&ip, text), c->peer), "%s", text);

        int no_delay = 0;
        socklen_t size = sizeof(no_delay);
        (void)getsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
        CHECK_CASE(c, no_delay, "Nagle's delay");
        CHECK_CASE(c, fcntl(s.fd, F_GETFL) & O_NONBLOCK, "blocking");
        CHECK_CASE(c, fcntl(s.fd, F_GETFD) & FD_CLOEXEC, "not closed on exec");
        (void)close(client);
        server_close(&s);
    }
}

static void test_ipv6_leaves_ipv4_alone(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    struct server six, four;
    struct listener_place place = {.address = STR("::")};
    assert_true(server_open(&six, &place));
    place =
        (struct listener_place){.address = STR("0.0.0.0"), .port = listener_port(&six.listener)};
    assert_true(server_open(&four, &place));
    server_close(&four);
    server_close(&six);
}

static void test_refused_places(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct listener_place place;
        const char *text;
    } cases[] = {
        {"a host's name",
         {.address = STR_INIT("localhost")},
         "'localhost' is not a numeric address"},
        {"not ours",
         {.address = STR_INIT("192.0.2.1"), .port = 8080},
         "listen on 192.0.2.1:8080: Cannot"},
        {"not ours, IPv6",
         {.address = STR_INIT("2001:db8::1"), .port = 8080},
         "listen on [2001:db8::1]:8080: Cannot"},
        {"no such directory",
         {.unix_path = STR_INIT("/no/where")},
         "listen on /no/where: No such file"},
        {"no such descriptor", {.inherited = 999}, "use inherited socket 999: Bad file"},
    };
    FOR_EACH_CASE (c, cases) {
        struct server s;
        if (!is_testable(c->place.address))
            continue;
        CHECK_CASE(c, !server_open(&s, &c->place), "opened");
        CHECK_CASE(c, str_starts_with(str_from(s.error.text), str_from(c->text)), "%s",
                   s.error.text);
        server_refused(&s);
    }
}

static void test_address_in_use(void **state)
{
    (void)state;
    struct server first, second;
    struct listener_place place = {.address = STR("127.0.0.1")};
    char text[128];
    assert_true(server_open(&first, &place));
    place.port = listener_port(&first.listener);
    assert_false(server_open(&second, &place));
    (void)snprintf(text, sizeof(text), "listen on 127.0.0.1:%u: Address already in use",
                   place.port);
    assert_string_equal(second.error.text, text);
    server_refused(&second);

    int client = visit_tcp("127.0.0.1", place.port); /* its end waits in TIME_WAIT: no matter */
    await_accepted(&first, 1);
    server_close(&first);
    assert_true(server_open(&second, &place));
    (void)close(client);
    server_close(&second);
}

static char directory[] = "/tmp/turnpike-listener-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/socket", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(directory);
}

static void test_path(void **state)
{
    (void)state;
    struct server s, second;
    struct stat status;
    struct listener_place place = {.unix_path = str_from(path)};
    assert_true(server_open(&s, &place));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(listener_port(&s.listener), 0);

    assert_false(server_open(&second, &place)); /* somebody answers there */
    assert_non_null(strstr(second.error.text, "Address already in use"));
    server_refused(&second);

    int client = visit_path(path);
    await_accepted(&s, 2); /* the question whether anybody answers was a visit too */
    assert_int_equal(s.peer.ss_family, AF_UNIX);
    (void)close(client);
    server_close(&s);
    assert_int_equal(stat(path, &status), -1);
}

static void test_stale_path(void **state)
{
    (void)state;
    struct sockaddr_un address = path_address(path);
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(dead);

    struct server s;
    struct listener_place place = {.unix_path = str_from(path)};
    assert_true(server_open(&s, &place));
    server_close(&s);
}

static void test_file_is_not_replaced(void **state)
{
    (void)state;
    struct server s;
    struct stat status;
    struct listener_place place = {.unix_path = str_from(path)};
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    (void)close(fd);
    assert_false(server_open(&s, &place));
    server_refused(&s);
    assert_int_equal(stat(path, &status), 0);
    (void)unlink(path);
}

static void test_anothers_path_is_not_removed(void **state)
{
    (void)state;
    struct server s;
    struct stat status;
    struct listener_place place = {.unix_path = str_from(path)};
    assert_true(server_open(&s, &place));
    (void)unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); /* its place was taken */
    (void)close(fd);
    server_close(&s);
    assert_int_equal(stat(path, &status), 0);
    (void)unlink(path);
}

static void test_inherited(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct server s;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    struct listener_place place = {.inherited = dup(fd)};
    assert_false(server_open(&s, &place)); /* it does not listen */
    assert_non_null(strstr(s.error.text, "accept from inherited socket"));
    server_refused(&s);

    assert_int_equal(listen(fd, 1), 0);
    place.inherited = fd;
    assert_true(server_open(&s, &place));
    int client = visit_tcp("127.0.0.1", listener_port(&s.listener));
    await_accepted(&s, 1);
    (void)close(client);
    server_close(&s);
}

static void test_pause(void **state)
{
    (void)state;
    struct server s;
    struct listener_place place = {.address = STR("127.0.0.1")};
    assert_true(server_open(&s, &place));
    listener_pause(&s.listener);
    int client = visit_tcp("127.0.0.1", listener_port(&s.listener));
    assert_true(client >= 0); /* the kernel's queue took it */
    for (int i = 0; i < 10; i++)
        (void)uv_run(&s.loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(s.accepted, 0);
    listener_resume(&s.listener);
    await_accepted(&s, 1);
    (void)close(client);
    server_close(&s);
}

static void limit_descriptors(rlim_t soft)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_no_descriptors_left(void **state)
{
    (void)state;
    struct server s;
    struct rlimit before;
    struct listener_place place = {.address = STR("127.0.0.1")};
    assert_true(server_open(&s, &place));
    uint16_t port = listener_port(&s.listener);
    int client = visit_tcp("127.0.0.1", port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(client); /* the lowest number that is free */
    (void)close(next);
    limit_descriptors((rlim_t)next);

    /* one pause while the client keeps its place, then it is turned away; each is one turn */
    char byte;
    int turns = 0;
    (void)fcntl(client, F_SETFL, O_NONBLOCK);
    while (read(client, &byte, 1) < 0 && errno == EAGAIN) {
        (void)uv_run(&s.loop.uv, UV_RUN_ONCE);
        turns++;
    }
    assert_int_equal(s.accepted, 0);
    assert_in_range(turns, 2, 10);
    (void)close(client);

    limit_descriptors(before.rlim_cur);
    client = visit_tcp("127.0.0.1", port);
    await_accepted(&s, 1);
    (void)close(client);
    server_close(&s);
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_ipv6_leaves_ipv4_alone),
        cmocka_unit_test(test_refused_places),
        cmocka_unit_test(test_address_in_use),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_stale_path),
        cmocka_unit_test(test_file_is_not_replaced),
        cmocka_unit_test(test_anothers_path_is_not_removed),
        cmocka_unit_test(test_inherited),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_no_descriptors_left),
    };
    return cmocka_run_group_tests_name("net/listener", tests, make_directory, remove_directory);
}
