/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/peer_user.h"

#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turnpike/base/buf.h"

#include "../../../src/net/peer_user_private.h"

#define OTHER_USER 12345
#define NOBODY     ((uid_t)-1)

/* Each way to ask, and both together. */

static bool by_diag(int fd, uid_t *ret_user, struct error *ret_error)
{
    struct peer_socket peer;
    return peer_socket_of(fd, &peer, ret_error) && peer_user_by_diag(&peer, ret_user, ret_error);
}

static bool by_table(int fd, uid_t *ret_user, struct error *ret_error)
{
    struct peer_socket peer;
    return peer_socket_of(fd, &peer, ret_error) &&
           (peer_user_by_table(&peer, "/proc/net/tcp", AF_INET, ret_user, ret_error) ||
            peer_user_by_table(&peer, "/proc/net/tcp6", AF_INET6, ret_user, ret_error));
}

static const struct {
    const char *name;
    bool (*ask)(int fd, uid_t *ret_user, struct error *ret_error);
} ways[] = {{"sock_diag", by_diag}, {"/proc/net", by_table}, {"both", peer_user}};

struct pair {
    int listener, ours, theirs;
    struct sockaddr_in address;
};

static void listen_on_loopback(struct pair *p)
{
    socklen_t size = sizeof(p->address);
    *p = (struct pair){.ours = -1, .theirs = -1};
    p->address = (struct sockaddr_in){.sin_family = AF_INET};
    p->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&p->address, size), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&p->address, &size), 0);
}

static int connect_to(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
    return fd;
}

/* As Java's sockets do. */
static int connect_mapped(const struct sockaddr_in *address)
{
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = address->sin_port};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr), 1);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    assert_int_equal(connect(fd, (struct sockaddr *)&mapped, sizeof(mapped)), 0);
    return fd;
}

static void accept_it(struct pair *p)
{
    p->ours = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(p->ours >= 0);
}

static void close_pair(struct pair *p)
{
    (void)close(p->listener);
    if (p->theirs >= 0)
        (void)close(p->theirs);
    if (p->ours >= 0)
        (void)close(p->ours);
}

static void test_our_own_user(void **state)
{
    (void)state;
    FOR_EACH_CASE (way, ways) {
        struct pair p;
        struct error error = {0};
        uid_t user = NOBODY;
        listen_on_loopback(&p);
        p.theirs = connect_to(&p.address);
        accept_it(&p);
        CHECK_CASE(way, way->ask(p.ours, &user, &error), "%s", error.text);
        CHECK_CASE(way, user == getuid(), "%u", user);
        (void)shutdown(p.theirs, SHUT_WR); /* it waits for its answer still */
        user = NOBODY;
        CHECK_CASE(way, way->ask(p.ours, &user, &error), "%s", error.text);
        CHECK_CASE(way, user == getuid(), "%u", user);
        close_pair(&p);
    }
}

static void test_ipv6_socket_that_speaks_ipv4(void **state)
{
    (void)state;
    FOR_EACH_CASE (way, ways) {
        struct pair p;
        struct error error = {0};
        uid_t user = NOBODY;
        listen_on_loopback(&p);
        p.theirs = connect_mapped(&p.address);
        if (p.theirs >= 0) {
            accept_it(&p);
            CHECK_CASE(way, way->ask(p.ours, &user, &error), "%s", error.text);
            CHECK_CASE(way, user == getuid(), "%u", user);
        }
        close_pair(&p);
    }
}

/* Connects as another user, and holds the connection until its standard input ends. */
static pid_t fork_client(const struct sockaddr_in *address, int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child != 0)
        return child;
    char byte;
    (void)close(ends[1]);
    bool ready = setgid(OTHER_USER) == 0 && setuid(OTHER_USER) == 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (ready && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        (void)!read(ends[0], &byte, 1);
    _exit(0);
}

static void test_another_user(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    FOR_EACH_CASE (way, ways) {
        struct pair p;
        struct error error = {0};
        uid_t user = NOBODY;
        int ends[2];
        listen_on_loopback(&p);
        pid_t child = fork_client(&p.address, ends);
        accept_it(&p);
        bool known = way->ask(p.ours, &user, &error);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)waitpid(child, NULL, 0);
        CHECK_CASE(way, known, "%s", error.text);
        CHECK_CASE(way, user == OTHER_USER, "%u", user);
        close_pair(&p);
    }
}

/* The kernel says 0, which is root's number, of sockets that nobody holds any more. */
static void test_peer_that_is_gone(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool resets, we_end_first; /* without either, the peer's socket is in TIME-WAIT */
    } cases[] = {{"closed", false, false}, {"reset", true, false}, {"closed by both", false, true}};
    FOR_EACH_CASE (c, cases) {
        FOR_EACH_CASE (way, ways) {
            struct pair p;
            struct error error = {0};
            struct linger linger = {1, 0};
            uid_t user = NOBODY;
            listen_on_loopback(&p);
            p.theirs = connect_to(&p.address);
            accept_it(&p);
            if (c->resets)
                (void)setsockopt(p.theirs, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
            if (!c->we_end_first)
                (void)close(p.theirs);
            (void)shutdown(p.ours, SHUT_WR);
            if (c->we_end_first)
                (void)close(p.theirs);
            p.theirs = -1;
            CHECK_CASE(c, !way->ask(p.ours, &user, &error), "%s: %u", way->name, user);
            CHECK_CASE(c, user == NOBODY && error.text[0], "%s: %u", way->name, user);
            close_pair(&p);
        }
    }
}

/* Where nobody has the connection, the kernel tells of who listens on the port instead. */
static void test_listener_on_the_peers_port(void **state)
{
    (void)state;
    struct pair p, other;
    struct error error = {0};
    uid_t user = NOBODY;
    listen_on_loopback(&p);
    listen_on_loopback(&other);
    struct peer_socket peer = {.own = p.address, .other = other.address};
    assert_false(peer_user_by_diag(&peer, &user, &error));
    assert_int_equal(error.code, ERROR_CONNECTION); /* it told of one, and that was refused */
    assert_false(peer_user_by_table(&peer, "/proc/net/tcp", AF_INET, &user, &error));
    assert_int_equal(user, NOBODY);
    close_pair(&p);
    close_pair(&other);
}

static void test_sockets_of_other_kinds(void **state)
{
    (void)state;
    int fds[2];
    struct pair p;
    struct error error = {0};
    uid_t user = NOBODY;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_false(peer_user(fds[0], &user, &error));
    assert_int_equal(error.code, ERROR_UNSUPPORTED);
    listen_on_loopback(&p);
    assert_false(peer_user(p.listener, &user, &error)); /* not connected */
    assert_int_equal(error.code, ERROR_SYSTEM);
    assert_int_equal(user, NOBODY);
    (void)close(fds[0]);
    (void)close(fds[1]);
    close_pair(&p);
}

/* A connection from 127.0.0.1:40000 to 127.0.0.2:80. */
static struct peer_socket a_peer(void)
{
    struct peer_socket peer = {.own = {.sin_family = AF_INET}, .other = {.sin_family = AF_INET}};
    peer.own.sin_addr.s_addr = htonl(0x7f000001);
    peer.own.sin_port = htons(40000);
    peer.other.sin_addr.s_addr = htonl(0x7f000002);
    peer.other.sin_port = htons(80);
    return peer;
}

struct answer {
    struct nlmsghdr head;
    union {
        struct inet_diag_msg found;
        int failure;
    } body;
};

static struct answer good_answer(void)
{
    struct peer_socket peer = a_peer();
    return (struct answer){
        .head = {.nlmsg_len = sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_seq = 1},
        .body.found = {.idiag_family = AF_INET,
                       .idiag_state = TCP_ESTABLISHED,
                       .id = {.idiag_sport = peer.own.sin_port,
                              .idiag_dport = peer.other.sin_port,
                              .idiag_src = {peer.own.sin_addr.s_addr},
                              .idiag_dst = {peer.other.sin_addr.s_addr}},
                       .idiag_uid = 1000,
                       .idiag_inode = 7}};
}

static void untouched(struct answer *a)
{
    (void)a;
}

static void closed(struct answer *a)
{
    a->body.found.idiag_inode = 0;
}

static void time_wait(struct answer *a)
{
    a->body.found.idiag_state = TCP_TIME_WAIT;
}

static void being_connected(struct answer *a)
{
    a->body.found.idiag_state = TCP_SYN_SENT;
}

static void listening(struct answer *a)
{
    a->body.found.idiag_state = TCP_LISTEN;
}

static void unknown_state(struct answer *a)
{
    a->body.found.idiag_state = 200;
}

static void other_port(struct answer *a)
{
    a->body.found.id.idiag_sport++;
}

static void other_target_port(struct answer *a)
{
    a->body.found.id.idiag_dport++;
}

static void other_address(struct answer *a)
{
    a->body.found.id.idiag_src[0] = htonl(0x7f000003);
}

static void other_target(struct answer *a)
{
    a->body.found.id.idiag_dst[0] = htonl(0x7f000003);
}

static void ipv6_not_mapped(struct answer *a)
{
    a->body.found.idiag_family = AF_INET6;
}

static void other_family(struct answer *a)
{
    a->body.found.idiag_family = AF_UNIX;
}

static void mapped(struct answer *a)
{
    struct inet_diag_sockid *id = &a->body.found.id;
    a->body.found.idiag_family = AF_INET6;
    id->idiag_src[3] = id->idiag_src[0];
    id->idiag_dst[3] = id->idiag_dst[0];
    id->idiag_src[0] = id->idiag_dst[0] = 0;
    id->idiag_src[2] = id->idiag_dst[2] = htonl(0xffff);
}

static void other_sequence(struct answer *a)
{
    a->head.nlmsg_seq = 2;
}

static void other_type(struct answer *a)
{
    a->head.nlmsg_type = NLMSG_DONE;
}

static void longer_than_it_is(struct answer *a)
{
    a->head.nlmsg_len++;
}

static void shorter_than_a_head(struct answer *a)
{
    a->head.nlmsg_len = sizeof(a->head) - 1;
}

static void short_body(struct answer *a)
{
    a->head.nlmsg_len--;
}

static void refused(struct answer *a)
{
    a->head.nlmsg_type = NLMSG_ERROR;
    a->body.failure = -ENOENT;
}

static void empty_refusal(struct answer *a)
{
    refused(a);
    a->head.nlmsg_len = sizeof(a->head) + sizeof(int) - 1;
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*change)(struct answer *a);
        enum error_code code;
    } cases[] = {
        {"the one asked for", untouched, ERROR_NONE},
        {"mapped", mapped, ERROR_NONE},
        {"closed", closed, ERROR_CONNECTION},
        {"in TIME-WAIT", time_wait, ERROR_CONNECTION},
        {"being connected", being_connected, ERROR_CONNECTION},
        {"listening", listening, ERROR_CONNECTION},
        {"in a state that is none", unknown_state, ERROR_CONNECTION},
        {"another port", other_port, ERROR_CONNECTION},
        {"another port of ours", other_target_port, ERROR_CONNECTION},
        {"another address", other_address, ERROR_CONNECTION},
        {"another address of ours", other_target, ERROR_CONNECTION},
        {"IPv6 that is not mapped", ipv6_not_mapped, ERROR_CONNECTION},
        {"another family", other_family, ERROR_CONNECTION},
        {"another's answer", other_sequence, ERROR_PROTOCOL},
        {"another type", other_type, ERROR_PROTOCOL},
        {"longer than it is", longer_than_it_is, ERROR_PROTOCOL},
        {"shorter than a head", shorter_than_a_head, ERROR_PROTOCOL},
        {"a short body", short_body, ERROR_PROTOCOL},
        {"a refusal", refused, ERROR_SYSTEM},
        {"an empty refusal", empty_refusal, ERROR_PROTOCOL},
    };
    struct peer_socket peer = a_peer();
    FOR_EACH_CASE (c, cases) {
        struct answer answer = good_answer();
        struct error error = {0};
        uid_t user = NOBODY;
        size_t size = answer.head.nlmsg_len;
        c->change(&answer);
        bool known = peer_user_read_answer(&peer, str_of((char *)&answer, size), &user, &error);
        CHECK_CASE(c, known == (c->code == ERROR_NONE) && error.code == c->code, "%s", error.text);
        CHECK_CASE(c, user == (known ? 1000 : NOBODY), "%u", user);
    }
    uid_t user = NOBODY;
    struct answer answer = good_answer();
    for (size_t size = 0; size < answer.head.nlmsg_len; size++) {
        scoped_buf struct buf cut = {0};
        buf_append(&cut, str_of((char *)&answer, size));
        assert_false(peer_user_read_answer(&peer, buf_str(&cut), &user, NULL));
    }
}

#define TITLE "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
#define ROW   "0100007F:9C40 0200007F:0050 "
#define MIDST " 00000000:00000000 00:00000000 00000000 "

static void test_tables(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        uid_t user;
    } cases[] = {
        {"nothing", "", NOBODY},
        {"no row", TITLE, NOBODY},
        {"a row", TITLE "   0: " ROW "01" MIDST " 1000        0 7 1 0\n", 1000},
        {"a row without end", TITLE "   0: " ROW "01" MIDST " 1000        0 7", 1000},
        {"behind others",
         TITLE "   0: 0200007F:0050 0100007F:9C40 01" MIDST " 1 0 7 1\n"
               "  10: " ROW "01" MIDST "1000 0 7 1\n",
         1000},
        {"half closed", "   0: " ROW "05" MIDST "1000 0 7 1\n", 1000},
        {"no inode", "   0: " ROW "01" MIDST "0 0 0 1\n", NOBODY},
        {"in TIME-WAIT", "   0: " ROW "06" MIDST "0 0 0 1\n", NOBODY},
        {"being connected, then the peer's",
         "   0: " ROW "02" MIDST "1 0 7 1\n   1: " ROW "01" MIDST "1000 0 7 1\n", 1000},
        {"listening", "   0: " ROW "0A" MIDST "1 0 7 1\n", NOBODY},
        {"another state", "   0: " ROW "1" MIDST "1 0 7 1\n", NOBODY},
        {"a state of another kind", "   0: " ROW "0x" MIDST "1 0 7 1\n", NOBODY},
        {"the key in another place", "   0: 1 " ROW "01" MIDST "1 0 7 1\n", NOBODY},
        {"no user", "   0: " ROW "01" MIDST "- 0 7 1\n", NOBODY},
        {"too large a user", "   0: " ROW "01" MIDST "4294967295 0 7 1\n", NOBODY},
        {"cut off", "   0: " ROW "01", NOBODY},
    };
    char path[] = "/tmp/turnpike-peer-user-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct peer_socket peer = a_peer();
    FOR_EACH_CASE (c, cases) {
        struct error error = {0};
        uid_t user = NOBODY;
        ssize_t size = (ssize_t)strlen(c->text);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, c->text, (size_t)size, 0), size);
        bool known = peer_user_by_table(&peer, path, AF_INET, &user, &error);
        CHECK_CASE(c, known == (c->user != NOBODY) && user == c->user, "%u %s", user, error.text);
    }
    (void)close(fd);
    (void)unlink(path);
}

static void test_no_table(void **state)
{
    (void)state;
    struct peer_socket peer = a_peer();
    struct error error = {0};
    uid_t user = NOBODY;
    assert_false(peer_user_by_table(&peer, "/proc/net/tcp-that-is-not", AF_INET, &user, &error));
    assert_int_equal(error.code, ERROR_SYSTEM);
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_own_user),
        cmocka_unit_test(test_ipv6_socket_that_speaks_ipv4),
        cmocka_unit_test(test_another_user),
        cmocka_unit_test(test_peer_that_is_gone),
        cmocka_unit_test(test_listener_on_the_peers_port),
        cmocka_unit_test(test_sockets_of_other_kinds),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_no_table),
    };
    return cmocka_run_group_tests_name("net/peer_user", tests, NULL, NULL);
}
