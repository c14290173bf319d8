/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket server that sends back what comes, as a backend of nginx: `websocket_echo PORT`. It
 * knows nothing but tests/bench/websocket_load.c: its one key, and short messages in one frame. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#define DESCRIPTORS_MAX 20000
#define BUFFER_SIZE     65536

static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static bool is_open[DESCRIPTORS_MAX]; /* by descriptor: the handshake is over */

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || fd >= DESCRIPTORS_MAX || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        perror("websocket_echo");
        exit(1);
    }
}

static void welcome(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), yes = 1;
    watch(epoll, fd);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    is_open[fd] = false;
}

/* Turns the frames into unmasked ones where they lie, one behind the other. */
static size_t unmask(unsigned char *bytes, size_t len)
{
    size_t out = 0;
    for (size_t i = 0; i + 6 <= len;) {
        size_t size = bytes[i + 1] & 127;
        unsigned char mask[4];
        memcpy(mask, bytes + i + 2, 4);
        bytes[out] = bytes[i];
        bytes[out + 1] = (unsigned char)size;
        for (size_t k = 0; k < size; k++)
            bytes[out + 2 + k] = bytes[i + 6 + k] ^ mask[k % 4];
        out += 2 + size;
        i += 6 + size;
    }
    return out;
}

static void serve(int fd)
{
    static unsigned char bytes[BUFFER_SIZE];
    ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n <= 0)
        close(fd);
    else if (is_open[fd])
        (void)!write(fd, bytes, unmask(bytes, (size_t)n));
    else
        is_open[fd] = write(fd, answer, sizeof(answer) - 1) > 0;
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)(argc > 1 ? atoi(argv[1]) : 0))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 4096) < 0) {
        perror("websocket_echo");
        return 1;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener);
    for (;;) {
        int count = epoll_wait(epoll, events, ARRAY_LENGTH(events), -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                welcome(epoll, listener);
            else
                serve(events[i].data.fd);
        }
    }
}
