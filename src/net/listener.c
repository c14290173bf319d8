/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define BACKLOG 1024

/* Connections taken at one wake: others on the loop get their turn in between. */
#define ACCEPT_MAX 64

#define PAUSE (100 * USEC_PER_MSEC)

struct listener {
    struct loop *loop;
    const struct listener_events *events;
    void *owner;
    uv_poll_t poll;
    struct timer pause;
    int fd;
    int reserve; /* a descriptor to give up when there are no others; -1: given up */
    char *path;  /* of a UNIX socket that is ours to remove */
};

static void on_readable(uv_poll_t *poll, int status, int events);

static struct listener *make(struct loop *loop, int fd, const struct listener_events *events,
                             void *owner)
{
    struct listener *l = xcalloc(1, sizeof(*l));
    l->loop = loop;
    l->events = events;
    l->owner = owner;
    l->fd = fd;
    l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int failed = uv_poll_init(&loop->uv, &l->poll, fd);
    assert(!failed);
    return l;
}

static void watch(struct listener *l)
{
    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void on_pause_over(struct timer *timer)
{
    struct listener *l = container_of(timer, struct listener, pause);
    if (l->reserve < 0)
        l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    watch(l);
}

/* No descriptor is left, and a level-triggered poll would report the client for ever: it is taken
 * with the one in reserve and turned away, then nothing is accepted for a while. */
static void survive_exhaustion(struct listener *l)
{
    if (l->reserve >= 0) {
        (void)close(l->reserve);
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            (void)close(fd);
        l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    (void)uv_poll_stop(&l->poll);
    timer_start(l->loop, &l->pause, loop_now(l->loop) + PAUSE, on_pause_over);
}

/* False where nobody waits any longer, or nobody can be taken. */
static bool accept_one(struct listener *l)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int number = errno;
    if (fd < 0) {
        if (number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM)
            survive_exhaustion(l);
        return number == EINTR || number == ECONNABORTED || number == EPROTO;
    }
    if (peer.ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    l->events->on_accept(l, fd, (const struct sockaddr *)&peer);
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct listener *l = container_of(poll, struct listener, poll);
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPT_MAX; i++)
        if (uv_is_closing((uv_handle_t *)poll) || !accept_one(l))
            return;
}

static bool to_sockaddr(struct str address, uint16_t port, struct sockaddr_storage *out,
                        socklen_t *ret_len)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (address.len >= sizeof(text))
        return false;
    memcpy(text, address.at, address.len);
    memset(out, 0, sizeof(*out));
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *ret_len = sizeof(*v4);
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *ret_len = sizeof(*v6);
    return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

static bool listen_tcp(int fd, const struct sockaddr_storage *address, socklen_t len)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return false;
    if (address->ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return false;
    return bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0;
}

struct listener *listener_open_tcp(struct loop *loop, struct str address, uint16_t port,
                                   const struct listener_events *events, void *owner,
                                   struct error *ret_error)
{
    struct sockaddr_storage storage;
    socklen_t len;
    if (!to_sockaddr(address, port, &storage, &len)) {
        error_set(ret_error, ERROR_INVALID, "'%" STR_F "' is no numeric address", STR_A(address));
        return NULL;
    }
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !listen_tcp(fd, &storage, len)) {
        error_set_errno(ret_error, errno, "listen on %" STR_F " port %u", STR_A(address), port);
        if (fd >= 0)
            (void)close(fd);
        return NULL;
    }
    return make(loop, fd, events, owner);
}

/* Whether something answers at the socket's path; a file that is no socket counts as alive. */
static bool is_alive(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return false;
    if (!S_ISSOCK(status.st_mode))
        return true;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return !refused;
}

static bool listen_unix(int fd, const struct sockaddr_un *address)
{
    if (is_alive(address)) {
        errno = EADDRINUSE;
        return false;
    }
    (void)unlink(address->sun_path);
    mode_t before = umask(0117); /* 0660 from the first moment */
    bool bound = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    int number = errno;
    (void)umask(before);
    errno = number;
    return bound && listen(fd, BACKLOG) == 0;
}

struct listener *listener_open_unix(struct loop *loop, struct str path,
                                    const struct listener_events *events, void *owner,
                                    struct error *ret_error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path.len >= sizeof(address.sun_path)) {
        error_set(ret_error, ERROR_INVALID, "a socket's path has at most %zu bytes",
                  sizeof(address.sun_path) - 1);
        return NULL;
    }
    memcpy(address.sun_path, path.at, path.len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !listen_unix(fd, &address)) {
        error_set_errno(ret_error, errno, "listen on %" STR_F, STR_A(path));
        if (fd >= 0)
            (void)close(fd);
        return NULL;
    }
    struct listener *l = make(loop, fd, events, owner);
    l->path = xstrndup(path.at, path.len);
    return l;
}

struct listener *listener_open_inherited(struct loop *loop, int fd,
                                         const struct listener_events *events, void *owner,
                                         struct error *ret_error)
{
    int listening = 0;
    socklen_t len = sizeof(listening);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || !listening) {
        error_set(ret_error, ERROR_INVALID, "the socket that was handed over does not listen");
        return NULL;
    }
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        error_set_errno(ret_error, errno, "the socket that was handed over");
        return NULL;
    }
    (void)fcntl(own, F_SETFL, fcntl(own, F_GETFL) | O_NONBLOCK);
    return make(loop, own, events, owner);
}

void *listener_owner(const struct listener *l)
{
    return l->owner;
}

void listener_address(const struct listener *l, struct sockaddr_storage *ret_address)
{
    socklen_t len = sizeof(*ret_address);
    memset(ret_address, 0, sizeof(*ret_address));
    (void)getsockname(l->fd, (struct sockaddr *)ret_address, &len);
}

void listener_start(struct listener *l)
{
    watch(l);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct listener *l = container_of((uv_poll_t *)handle, struct listener, poll);
    (void)close(l->fd);
    if (l->reserve >= 0)
        (void)close(l->reserve);
    l->events->on_closed(l);
    free(l->path);
    free(l);
}

/* The name goes at once, so that a listener of the same path can follow. */
void listener_close(struct listener *l)
{
    if (uv_is_closing((uv_handle_t *)&l->poll))
        return;
    timer_cancel(l->loop, &l->pause);
    if (l->path)
        (void)unlink(l->path);
    (void)uv_poll_stop(&l->poll);
    uv_close((uv_handle_t *)&l->poll, on_poll_closed);
}
