/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ends accept of each other. */
#include "../../../src/net/keeper_protocol.h"

#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    bool to_keeper, sound;
    struct keeper_note note;
} notes[] = {
    {"kill", true, true, {KEEPER_KILL, 0, SIGKILL, 0, 1}},
    {"kill, last signal", true, true, {KEEPER_KILL, 0, NSIG - 1, 0, 1}},
    {"kill, no signal", true, false, {KEEPER_KILL, 0, 0, 0, 1}},
    {"kill, no such signal", true, false, {KEEPER_KILL, 0, NSIG, 0, 1}},
    {"kill, negative", true, false, {KEEPER_KILL, 0, -9, 0, 1}},
    {"kill, detail", true, false, {KEEPER_KILL, 1, SIGKILL, 0, 1}},
    {"kill, unused", true, false, {KEEPER_KILL, 0, SIGKILL, 1, 1}},
    {"kill, the other way", false, false, {KEEPER_KILL, 0, SIGKILL, 0, 1}},
    {"spawn is no note", true, false, {KEEPER_SPAWN, 0, 1, 0, 1}},
    {"started", false, true, {KEEPER_STARTED, 0, 4711, 0, 1}},
    {"started, the other way", true, false, {KEEPER_STARTED, 0, 4711, 0, 1}},
    {"started, everybody", false, false, {KEEPER_STARTED, 0, 1, 0, 1}},
    {"started, own group", false, false, {KEEPER_STARTED, 0, 0, 0, 1}},
    {"started, negative", false, false, {KEEPER_STARTED, 0, -2, 0, 1}},
    {"failed", false, true, {KEEPER_FAILED, CHILD_STEP_EXEC, 2, 0, 1}},
    {"failed, no such step", false, false, {KEEPER_FAILED, CHILD_STEP_EXEC + 1, 2, 0, 1}},
    {"failed, no number", false, false, {KEEPER_FAILED, CHILD_STEP_EXEC, 0, 0, 1}},
    {"exited", false, true, {KEEPER_EXITED, 0, 255, 0, 1}},
    {"exited, large", false, false, {KEEPER_EXITED, 0, 256, 0, 1}},
    {"exited, negative", false, false, {KEEPER_EXITED, 0, -1, 0, 1}},
    {"killed", false, true, {KEEPER_EXITED, 1, SIGSEGV, 0, 1}},
    {"killed, no signal", false, false, {KEEPER_EXITED, 1, 0, 0, 1}},
    {"neither", false, false, {KEEPER_EXITED, 2, 1, 0, 1}},
    {"no verb", false, false, {0, 0, 1, 0, 1}},
    {"unknown verb", false, false, {KEEPER_EXITED + 1, 0, 1, 0, 1}},
};

static struct str bytes_of(const void *at, size_t len)
{
    return str_of(at, len);
}

static void notes_are_looked_at(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, notes) {
        struct keeper_note note;
        struct str message = bytes_of(&c->note, sizeof(c->note));
        CHECK_CASE(c, keeper_note_read(message, c->to_keeper, &note) == c->sound, "wrong");
        CHECK_CASE(c, !keeper_note_read(str_head(message, message.len - 1), c->to_keeper, &note),
                   "it was cut");
    }
}

static const struct {
    const char *name;
    bool sound;
    struct keeper_order order;
    struct str texts;
} orders[] = {
    {"an order", true, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 2, 1}, STR_INIT("/\0a\0b\0C=d\0")},
    {"empty texts", true, {KEEPER_SPAWN, 1, 1, 0, 0, 0, 1, 1}, STR_INIT("\0\0\0")},
    {"another verb", false, {KEEPER_KILL, 0, 1, 0, 0, 0, 1, 0}, STR_INIT("/\0a\0")},
    {"half a user", false, {KEEPER_SPAWN, 2, 1, 0, 0, 0, 1, 0}, STR_INIT("/\0a\0")},
    {"no program", false, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 0, 1}, STR_INIT("/\0a\0")},
    {"a text too few", false, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 2, 0}, STR_INIT("/\0a\0")},
    {"a text too many", false, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 1, 0}, STR_INIT("/\0a\0b\0")},
    {"counts that wrap", false, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 2, UINT32_MAX}, STR_INIT("/\0a\0")},
    {"no end", false, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 1, 1}, STR_INIT("/\0a\0b\0c")},
    {"nothing", false, {KEEPER_SPAWN, 0, 1, 0, 0, 0, 1, 0}, STR_INIT("")},
};

static void write_order(struct buf *out, size_t i)
{
    buf_append(out, bytes_of(&orders[i].order, sizeof(orders[i].order)));
    buf_append(out, orders[i].texts);
}

static void orders_are_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        struct keeper_order order;
        struct str texts;
        scoped_buf struct buf message = {0};
        write_order(&message, i);
        CHECK_CASE(&orders[i],
                   keeper_order_read(buf_str(&message), &order, &texts) == orders[i].sound,
                   "wrong");
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const arguments[] = {"/bin/x", "y", NULL}, *const environment[] = {NULL};
    struct child_spec spec = {.arguments = arguments,
                              .environment = environment,
                              .directory = "/tmp",
                              .has_user = true,
                              .user = 7,
                              .group = 8,
                              .data_max = 9};
    scoped_buf struct buf message = {0};
    struct keeper_order order;
    struct str texts;
    struct error error;
    assert_true(keeper_order_write(&message, UINT64_MAX, &spec, &error));
    assert_true(keeper_order_read(buf_str(&message), &order, &texts));
    assert_true(order.id == UINT64_MAX && order.data_max == 9 && order.has_user == 1);
    assert_true(order.user == 7 && order.group == 8);
    assert_true(order.argument_count == 2 && order.environment_count == 0);
    assert_str_equal(texts, STR("/tmp\0/bin/x\0y\0"));
}

/* What comes with it, too. */
static const struct {
    const char *name;
    size_t size, fds; /* sent */
    bool wants_fds;
    enum keeper_receipt receipt;
} receipts[] = {
    {"a message", 8, 0, false, KEEPER_MESSAGE},
    {"one with descriptors", 8, 2, true, KEEPER_MESSAGE},
    {"one without", 8, 0, true, KEEPER_MESSAGE},
    {"too long", 9, 0, false, KEEPER_NONSENSE},
    {"descriptors that nobody wants", 8, 2, false, KEEPER_NONSENSE},
    {"too few descriptors", 8, 1, true, KEEPER_NONSENSE},
    {"too many descriptors", 8, 3, true, KEEPER_NONSENSE},
    {"nothing", 0, 0, true, KEEPER_NOTHING},
};

static void send_with(int fd, size_t size, size_t fds)
{
    char text[16] = "0123456789";
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(3 * sizeof(int))];
    } control = {{0}};
    struct iovec part = {text, size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fds) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(fds * sizeof(int));
        control.header = (struct cmsghdr){CMSG_LEN(fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memset(CMSG_DATA(&control.header), 0, fds * sizeof(int)); /* stdin, again and again */
    }
    assert_int_equal(sendmsg(fd, &header, 0), size);
}

static int lowest_free(void)
{
    int fd = fcntl(0, F_DUPFD, 0);
    close(fd);
    return fd;
}

static void messages_are_looked_at(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, receipts) {
        int ends[2], fds[2] = {-1, -1}, before;
        char room[8];
        struct str message;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
        before = lowest_free();
        if (c->size)
            send_with(ends[0], c->size, c->fds);
        enum keeper_receipt receipt = keeper_receive(ends[1], room, sizeof(room), MSG_DONTWAIT,
                                                     c->wants_fds ? fds : NULL, &message);
        CHECK_CASE(c, receipt == c->receipt, "%d", receipt);
        CHECK_CASE(c, receipt != KEEPER_MESSAGE || message.len == c->size, "%zu", message.len);
        CHECK_CASE(c, receipt != KEEPER_MESSAGE || !c->fds || fds[1] > 0, "%d", fds[1]);
        for (int i = 0; i < 2; i++)
            if (fds[i] >= 0) {
                CHECK_CASE(c, fcntl(fds[i], F_GETFD) == FD_CLOEXEC, "descriptor %d", fds[i]);
                close(fds[i]);
            }
        CHECK_CASE(c, lowest_free() == before, "descriptors were left open");
        close(ends[0]);
        CHECK_CASE(c, keeper_receive(ends[1], room, 8, 0, NULL, &message) == KEEPER_HANGUP, "?");
        CHECK_CASE(c, keeper_send(ends[1], STR("x"), NULL, 0) == EPIPE, "?");
        close(ends[1]);
    }
}

/* A keeper with this end of a pair; -1: with nothing. */
static pid_t start_keeper(int end)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)(end < 0 ? close(KEEPER_SOCKET) : dup2(end, KEEPER_SOCKET));
        _exit(keeper_run());
    }
    return pid;
}

static int status_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_it_ends(struct str message, const int *fds)
{
    int ends[2];
    char unread;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t keeper = start_keeper(ends[1]);
    close(ends[1]);
    assert_int_equal(keeper_send(ends[0], message, fds, 0), 0);
    assert_int_equal(recv(ends[0], &unread, 1, 0), 0);
    assert_int_equal(status_of(keeper), 0);
    close(ends[0]);
}

static void a_keeper_ends_where_nonsense_is_told(void **state)
{
    (void)state;
    const int fds[] = {2, 2};
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        scoped_buf struct buf message = {0};
        write_order(&message, i);
        assert_it_ends(buf_str(&message), orders[i].sound ? NULL : fds);
    }
}

/* Which child would a signal be for? */
static void an_id_is_used_once(void **state)
{
    (void)state;
    static const char *const words[] = {"/bin/sleep", "1000", NULL}, *const environment[] = {NULL};
    struct child_spec spec = {.arguments = words, .environment = environment, .directory = "/"};
    const int fds[] = {2, 2};
    scoped_buf struct buf message = {0};
    char room[64];
    int ends[2];
    assert_true(keeper_order_write(&message, 1, &spec, NULL));
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t keeper = start_keeper(ends[1]);
    close(ends[1]);
    assert_int_equal(keeper_send(ends[0], buf_str(&message), fds, 0), 0);
    assert_int_equal(keeper_send(ends[0], buf_str(&message), fds, 0), 0);
    while (recv(ends[0], room, sizeof(room), 0) > 0)
        ; /* started and killed */
    assert_int_equal(status_of(keeper), 0);
    close(ends[0]);
}

static void a_keeper_needs_somebody_to_keep_for(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(status_of(start_keeper(-1)), 2);
    assert_int_equal(status_of(start_keeper(2)), 2); /* not even a socket */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(status_of(start_keeper(ends[0])), 2);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_are_looked_at),
        cmocka_unit_test(orders_are_looked_at),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(messages_are_looked_at),
        cmocka_unit_test(a_keeper_ends_where_nonsense_is_told),
        cmocka_unit_test(an_id_is_used_once),
        cmocka_unit_test(a_keeper_needs_somebody_to_keep_for),
    };
    return cmocka_run_group_tests_name("net/keeper_protocol", tests, NULL, NULL);
}
