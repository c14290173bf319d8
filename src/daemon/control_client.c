/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/daemon/control.h"
#include "turnpike/daemon/control_address.h"

#define ANSWER_MAX (4 * 1024 * 1024) /* more than all the findings that one load can have */
#define READ_SIZE  4096

static bool send_line(int fd, const char *request, struct error *ret_error)
{
    char line[CONTROL_REQUEST_MAX];
    int len = snprintf(line, sizeof(line), "%s\n", request);
    assert(len > 0 && (size_t)len < sizeof(line));
    if (send(fd, line, (size_t)len, MSG_NOSIGNAL) == len)
        return true;
    error_set_errno(ret_error, errno, "the daemon does not listen to its control socket");
    return false;
}

static bool wait_readable(int fd, uint64_t deadline, struct error *ret_error)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t now = clock_monotonic();
    int left = now < deadline ? (int)((deadline - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC) : 0;
    int count = poll(&ready, 1, left);
    if (count > 0 || (count < 0 && errno == EINTR))
        return true;
    error_set(ret_error, ERROR_TIMEOUT, "the daemon does not answer on its control socket");
    return false;
}

/* 1 more may come, 0 the end, -1 failed. */
static int read_piece(int fd, uint64_t deadline, struct buf *answer, struct error *ret_error)
{
    if (!wait_readable(fd, deadline, ret_error))
        return -1;
    ssize_t len = recv(fd, buf_reserve(answer, READ_SIZE), READ_SIZE, MSG_DONTWAIT);
    if (len < 0 && (errno == EINTR || errno == EAGAIN))
        return 1;
    if (len < 0) {
        error_set_errno(ret_error, errno, "the daemon's answer");
        return -1;
    }
    buf_commit(answer, (size_t)len);
    if (buf_len(answer) > ANSWER_MAX) {
        error_set(ret_error, ERROR_TOO_LARGE, "the daemon's answer has no end");
        return -1;
    }
    return len > 0;
}

static bool read_answer(int fd, uint64_t deadline, struct buf *answer, struct error *ret_error)
{
    int more;
    do {
        more = read_piece(fd, deadline, answer, ret_error);
    } while (more > 0);
    if (more == 0 && buf_len(answer) == 0) {
        error_set(ret_error, ERROR_CONNECTION, "the daemon closed its control socket unasked");
        return false;
    }
    return more == 0;
}

bool control_ask(const char *path, const char *request, uint64_t timeout, struct buf *ret_answer,
                 struct error *ret_error)
{
    uint64_t deadline = clock_monotonic() + timeout;
    int fd = control_connect(path, ret_error);
    if (fd < 0)
        return false;
    bool done =
        send_line(fd, request, ret_error) && read_answer(fd, deadline, ret_answer, ret_error);
    close(fd);
    return done;
}
