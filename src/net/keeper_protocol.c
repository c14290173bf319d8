/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_protocol.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define NUMBER_MAX 4095 /* the largest errno of Linux */

union control {
    struct cmsghdr header; /* for its alignment */
    char room[CMSG_SPACE(KEEPER_DESCRIPTORS * sizeof(int))];
};

/* A text and its NUL; nothing more once there is too much, so that foreign lengths add up to no
 * more than a little beyond the bound. */
static void add_text(struct buf *out, const char *text)
{
    if (buf_len(out) <= KEEPER_ORDER_MAX)
        buf_append(out, str_of(text, strnlen(text, KEEPER_SPEC_MAX) + 1));
}

static uint32_t add_texts(struct buf *out, const char *const *texts)
{
    uint32_t count = 0;
    for (; texts[count] && buf_len(out) <= KEEPER_ORDER_MAX; count++)
        add_text(out, texts[count]);
    return count;
}

bool keeper_order_write(struct buf *out, uint64_t id, const struct child_spec *spec,
                        struct error *ret_error)
{
    struct keeper_order order = {.verb = KEEPER_SPAWN,
                                 .has_user = spec->has_user,
                                 .id = id,
                                 .data_max = spec->data_max,
                                 .user = spec->user,
                                 .group = spec->group};
    buf_append(out, str_of((const char *)&order, sizeof(order)));
    add_text(out, spec->directory);
    order.argument_count = add_texts(out, spec->arguments);
    order.environment_count = add_texts(out, spec->environment);
    if (buf_len(out) > KEEPER_ORDER_MAX) {
        error_set(ret_error, ERROR_TOO_LARGE,
                  "arguments and environment have more than %d bytes together", KEEPER_SPEC_MAX);
        return false;
    }
    memcpy(out->data + out->start, &order, sizeof(order));
    return true;
}

static size_t count_texts(struct str texts)
{
    size_t count = 0;
    for (size_t i = 0; i < texts.len; i++)
        count += texts.at[i] == '\0';
    return count;
}

bool keeper_order_read(struct str message, struct keeper_order *ret_order, struct str *ret_texts)
{
    struct keeper_order order;
    struct str texts = str_skip(message, sizeof(order));
    if (message.len <= sizeof(order) || message.len > KEEPER_ORDER_MAX)
        return false;
    memcpy(&order, message.at, sizeof(order));
    bool sound = order.verb == KEEPER_SPAWN && order.has_user <= 1 && order.argument_count > 0 &&
                 texts.at[texts.len - 1] == '\0' &&
                 count_texts(texts) ==
                     1 + (uint64_t)order.argument_count + (uint64_t)order.environment_count;
    *ret_order = order;
    *ret_texts = texts;
    return sound;
}

static bool is_in(int64_t value, int64_t from, int64_t to)
{
    return from <= value && value <= to;
}

bool keeper_note_read(struct str message, bool to_keeper, struct keeper_note *ret_note)
{
    struct keeper_note n;
    if (message.len != sizeof(n))
        return false;
    memcpy(&n, message.at, sizeof(n));
    *ret_note = n;
    if (n.unused != 0 || to_keeper != (n.verb == KEEPER_KILL))
        return false;
    switch (n.verb) {
    case KEEPER_KILL:
        return n.detail == 0 && is_in(n.value, 1, NSIG - 1);
    case KEEPER_STARTED:
        return n.detail == 0 && n.value > 1; /* -1 as a group would be everybody */
    case KEEPER_FAILED:
        return n.detail <= CHILD_STEP_EXEC && is_in(n.value, 1, NUMBER_MAX);
    case KEEPER_EXITED:
        return n.detail == 0 ? is_in(n.value, 0, 255)
                             : n.detail == 1 && is_in(n.value, 1, NSIG - 1);
    default:
        return false;
    }
}

static void attach(struct msghdr *header, union control *control, const int *fds)
{
    *control = (union control){0};
    header->msg_control = control;
    header->msg_controllen = sizeof(*control);
    struct cmsghdr *c = CMSG_FIRSTHDR(header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(KEEPER_DESCRIPTORS * sizeof(int));
    memcpy(CMSG_DATA(c), fds, KEEPER_DESCRIPTORS * sizeof(int));
}

int keeper_send(int fd, struct str message, const int *fds, int flags)
{
    union control control;
    char *at = (char *)(uintptr_t)message.at; /* sendmsg only reads */
    struct iovec part = {at, message.len};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fds)
        attach(&header, &control, fds);
    while (sendmsg(fd, &header, flags | MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* How many came; those that fit are in fds. */
static size_t detach(struct msghdr *header, int *fds)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(header);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    return count;
}

static bool take_descriptors(struct msghdr *header, int *ret_fds)
{
    int fds[KEEPER_DESCRIPTORS] = {-1, -1};
    size_t count = ret_fds ? detach(header, fds) : 0;
    if ((count != 0 && count != KEEPER_DESCRIPTORS) || (header->msg_flags & MSG_CTRUNC)) {
        for (size_t i = 0; i < count; i++)
            (void)close(fds[i]);
        return false;
    }
    if (ret_fds)
        memcpy(ret_fds, fds, sizeof(fds));
    return true;
}

enum keeper_receipt keeper_receive(int fd, char *room, size_t size, int flags, int *ret_fds,
                                   struct str *ret_message)
{
    union control control;
    struct iovec part = {room, size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t len;
    do {
        header.msg_control = ret_fds ? &control : NULL;
        header.msg_controllen = ret_fds ? sizeof(control) : 0;
        len = recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC);
        /* an end that had not read everything when it went is told once, before what it sent */
    } while (len < 0 && (errno == EINTR || errno == ECONNRESET));
    if (len < 0)
        return errno == EAGAIN ? KEEPER_NOTHING : KEEPER_HANGUP;
    if (!take_descriptors(&header, ret_fds) || (header.msg_flags & MSG_TRUNC))
        return KEEPER_NONSENSE;
    *ret_message = str_of(room, (size_t)len);
    return len == 0 ? KEEPER_HANGUP : KEEPER_MESSAGE;
}
