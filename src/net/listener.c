/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/ip.h"
#include "turnpike/base/xalloc.h"

#define BACKLOG         4096 /* the kernel lowers it to net.core.somaxconn */
#define ACCEPTS_IN_TURN 64   /* then others have their turn */
#define STARVED_PAUSE   (100 * USEC_PER_MSEC)
#define UNIX_MODE       0660

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un unix_path;
    struct sockaddr_storage room;
};

#define PLACE_SIZE 128

/* "127.0.0.1:8080", "[::1]:8080", a path, or "inherited socket 3" */
static void format_place(const struct listener_place *place, char out[PLACE_SIZE])
{
    bool is_v6 = str_find(place->address, ':') < place->address.len;
    if (place->unix_path.len)
        (void)snprintf(out, PLACE_SIZE, "%" STR_F, STR_A(place->unix_path));
    else if (place->address.len)
        (void)snprintf(out, PLACE_SIZE, is_v6 ? "[%" STR_F "]:%u" : "%" STR_F ":%u",
                       STR_A(place->address), place->port);
    else
        (void)snprintf(out, PLACE_SIZE, "inherited socket %d", place->inherited);
}

static bool failed(struct error *ret_error, const struct listener_place *place, const char *what)
{
    int number = errno;
    char text[PLACE_SIZE];
    format_place(place, text);
    error_set_errno(ret_error, number, "%s %s", what, text);
    return false;
}

static void set_option(int fd, int level, int option)
{
    int on = 1;
    (void)setsockopt(fd, level, option, &on, sizeof(on));
}

static bool to_inet(const struct listener_place *place, union any_address *ret_address,
                    socklen_t *ret_size)
{
    char text[IP_TEXT_SIZE];
    union any_address a = {0};
    if (place->address.len >= sizeof(text))
        return false;
    memcpy(text, place->address.at, place->address.len);
    text[place->address.len] = '\0';
    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons(place->port);
        *ret_size = sizeof(a.v4);
    } else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons(place->port);
        *ret_size = sizeof(a.v6);
    } else {
        return false;
    }
    *ret_address = a;
    return true;
}

static int new_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool open_inet(struct listener *l, const struct listener_place *place,
                      struct error *ret_error)
{
    union any_address address;
    socklen_t size;
    if (!to_inet(place, &address, &size)) {
        error_set(ret_error, ERROR_INVALID, "'%" STR_F "' is not a numeric address",
                  STR_A(place->address));
        return false;
    }
    l->fd = new_socket(address.any.sa_family);
    if (l->fd < 0)
        return failed(ret_error, place, "listen on");
    set_option(l->fd, SOL_SOCKET, SO_REUSEADDR);
    if (address.any.sa_family == AF_INET6)
        set_option(l->fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (bind(l->fd, &address.any, size) < 0)
        return failed(ret_error, place, "listen on");
    return true;
}

/* Whether the path is a socket that nobody answers on, left behind by a process that died. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = new_socket(AF_UNIX);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static bool bind_path(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;
    if (bind(fd, any, sizeof(*address)) == 0)
        return true;
    if (errno != EADDRINUSE)
        return false;
    if (!is_stale(address)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->sun_path) == 0 && bind(fd, any, sizeof(*address)) == 0;
}

/* Remembers which file it is, so that close does not remove another's. */
static void remember_path(struct listener *l, const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return;
    l->path = xstrdup(path);
    l->path_device = status.st_dev;
    l->path_inode = status.st_ino;
}

static bool open_path(struct listener *l, const struct listener_place *place,
                      struct error *ret_error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (place->unix_path.len >= sizeof(address.sun_path)) {
        error_set(ret_error, ERROR_INVALID, "the path '%" STR_F "' is longer than %zu bytes",
                  STR_A(place->unix_path), sizeof(address.sun_path) - 1);
        return false;
    }
    memcpy(address.sun_path, place->unix_path.at, place->unix_path.len);
    l->fd = new_socket(AF_UNIX);
    if (l->fd < 0 || !bind_path(l->fd, &address))
        return failed(ret_error, place, "listen on");
    remember_path(l, address.sun_path);
    if (chmod(address.sun_path, UNIX_MODE) < 0) /* nobody can connect before listen */
        return failed(ret_error, place, "set the mode of");
    return true;
}

static bool take_inherited(struct listener *l, const struct listener_place *place,
                           struct error *ret_error)
{
    int listens = 0;
    socklen_t size = sizeof(listens);
    l->fd = place->inherited;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0)
        return failed(ret_error, place, "use");
    if (!listens) {
        errno = EINVAL;
        return failed(ret_error, place, "accept from");
    }
    int flags = fcntl(l->fd, F_GETFL);
    if (fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(l->fd, F_SETFD, FD_CLOEXEC) < 0)
        return failed(ret_error, place, "use");
    return true;
}

static bool open_place(struct listener *l, const struct listener_place *place,
                       struct error *ret_error)
{
    if (place->unix_path.len)
        return open_path(l, place, ret_error);
    if (place->address.len)
        return open_inet(l, place, ret_error);
    return take_inherited(l, place, ret_error);
}

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void remove_path(struct listener *l)
{
    struct stat status;
    if (l->path && lstat(l->path, &status) == 0 && status.st_dev == l->path_device &&
        status.st_ino == l->path_inode)
        (void)unlink(l->path);
    free(l->path);
    l->path = NULL;
}

static void update(struct listener *l);

static void on_pause_over(struct timer *timer)
{
    update(container_of(timer, struct listener, pause));
}

/* There is no descriptor for the next client. The first time, those who wait keep waiting in the
 * kernel's queue; where a pause has not helped, the reserve goes to turning some of them away, so
 * that they can go elsewhere. In between the listener is not watched: it would be ready for ever.
 */
static void starve(struct listener *l)
{
    if (l->starved && l->reserve >= 0) {
        close_fd(&l->reserve);
        for (int i = 0; i < ACCEPTS_IN_TURN; i++) {
            int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
            if (fd < 0)
                break;
            close_fd(&fd);
        }
    }
    if (l->reserve < 0)
        l->reserve = open_reserve();
    l->starved = true;
    timer_start(l->loop, &l->pause, loop_now(l->loop) + STARVED_PAUSE, on_pause_over);
    update(l);
}

static bool is_exhaustion(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

/* False when there is nothing more to accept in this turn. */
static bool accept_one(struct listener *l)
{
    union any_address peer = {0};
    socklen_t size = sizeof(peer);
    int fd = accept4(l->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        l->starved = false;
        l->events->on_accept(l, fd, &peer.any);
        return true;
    }
    if (is_exhaustion(errno))
        starve(l);
    /* whatever else it is, it was this one client's trouble: accept(2) hands them on */
    return errno != EAGAIN && !timer_is_running(&l->pause);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct listener *l = container_of(poll, struct listener, poll);
    (void)status, (void)events;
    for (int i = 0; i < ACCEPTS_IN_TURN && !l->paused && !l->closing; i++)
        if (!accept_one(l))
            break;
}

static void update(struct listener *l)
{
    if (l->closing)
        return;
    bool watch = !l->paused && !timer_is_running(&l->pause);
    int failed_to = watch ? uv_poll_start(&l->poll, UV_READABLE, on_ready) : uv_poll_stop(&l->poll);
    assert(!failed_to);
}

bool listener_open(struct listener *l, struct loop *loop, const struct listener_place *place,
                   const struct listener_events *events, struct error *ret_error)
{
    *l = (struct listener){.events = events, .loop = loop, .fd = -1, .reserve = -1};
    if (!open_place(l, place, ret_error))
        goto fail;
    /* sockets that are accepted inherit it */
    set_option(l->fd, IPPROTO_TCP, TCP_NODELAY);
    if (listen(l->fd, BACKLOG) < 0) {
        (void)failed(ret_error, place, "listen on");
        goto fail;
    }
    int number = -uv_poll_init(&loop->uv, &l->poll, l->fd);
    if (number) {
        errno = number;
        (void)failed(ret_error, place, "watch");
        goto fail;
    }
    l->reserve = open_reserve();
    update(l);
    return true;
fail:
    remove_path(l);
    close_fd(&l->fd);
    return false;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct listener *l = container_of(handle, struct listener, poll);
    l->events->on_closed(l);
}

void listener_close(struct listener *l)
{
    if (l->closing)
        return;
    l->closing = true;
    timer_cancel(l->loop, &l->pause);
    (void)uv_poll_stop(&l->poll);
    uv_close((uv_handle_t *)&l->poll, on_poll_closed);
    remove_path(l);
    close_fd(&l->fd); /* now, so that the address is free at once; the poll has let go of it */
    close_fd(&l->reserve);
}

void listener_pause(struct listener *l)
{
    l->paused = true;
    update(l);
}

void listener_resume(struct listener *l)
{
    l->paused = false;
    update(l);
}

void listener_address(const struct listener *l, struct sockaddr_storage *ret_address)
{
    socklen_t size = sizeof(*ret_address);
    memset(ret_address, 0, sizeof(*ret_address));
    (void)getsockname(l->fd, (struct sockaddr *)ret_address, &size);
}

uint16_t listener_port(const struct listener *l)
{
    union any_address address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(l->fd, &address.any, &size) < 0)
        return 0;
    if (address.any.sa_family == AF_INET)
        return ntohs(address.v4.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}
