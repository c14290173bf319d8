/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#define CLIENTS_MAX  20000
#define SILENCE_MSEC 30000 /* then something has got lost */
#define BUFFER_SIZE  262144

void die(const char *what)
{
    (void)fprintf(stderr, "websocket_load: %s (%s)\n", what, strerror(errno));
    exit(1);
}

uint64_t now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* An end by RST leaves nothing behind that the next run would meet. */
static int dial(in_port_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct linger no_linger = {.l_onoff = 1};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        die("cannot connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_linger, sizeof(no_linger));
    return fd;
}

static void watch(struct clients *all, struct client *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(all->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        die("cannot watch a connection");
}

void client_send(struct client *c, const void *bytes, size_t len)
{
    ssize_t n = c->ssl ? SSL_write(c->ssl, bytes, (int)len) : write(c->fd, bytes, len);
    if (n != (ssize_t)len)
        die("cannot send");
}

size_t frame_write(unsigned char to[static MESSAGE_MAX + 6], const char *text)
{
    static const unsigned char mask[4] = {0x11, 0x22, 0x33, 0x44};
    size_t len = strlen(text);
    if (len > MESSAGE_MAX)
        die("too long a message");
    to[0] = 0x81;
    to[1] = (unsigned char)(0x80 | len);
    memcpy(to + 2, mask, sizeof(mask));
    for (size_t i = 0; i < len; i++)
        to[6 + i] = (unsigned char)text[i] ^ mask[i % 4];
    return 6 + len;
}

/* --- what comes --- */

static void end_frame(struct clients *all, struct client *c)
{
    all->messages++;
    if (all->on_message)
        all->on_message(c);
}

static void take_head(struct clients *all, struct client *c, unsigned char byte)
{
    c->head[c->head_len++] = byte;
    if (c->head_len < 2 || (c->head_len < 4 && c->head[1] == 126))
        return;
    if (c->head[1] == 127 || (c->head[0] & 8))
        die("an unexpected frame came");
    c->rest = c->head[1] < 126 ? c->head[1] : (size_t)c->head[2] << 8 | c->head[3];
    c->head_len = 0;
    c->message_len = 0;
    if (c->rest == 0)
        end_frame(all, c);
}

static size_t take_payload(struct clients *all, struct client *c, struct str bytes)
{
    size_t len = bytes.len < c->rest ? bytes.len : c->rest;
    if (c->message_len + len <= MESSAGE_MAX)
        memcpy(c->message + c->message_len, bytes.at, len);
    c->message_len += len;
    c->rest -= len;
    if (c->rest == 0)
        end_frame(all, c);
    return len;
}

static void take_frames(struct clients *all, struct client *c, struct str bytes)
{
    while (bytes.len > 0) {
        if (c->rest > 0) {
            bytes = str_skip(bytes, take_payload(all, c, bytes));
        } else {
            take_head(all, c, (unsigned char)bytes.at[0]);
            bytes = str_skip(bytes, 1);
        }
    }
}

static void take_handshake(struct clients *all, struct client *c, struct str bytes)
{
    const char *end = memmem(bytes.at, bytes.len, "\r\n\r\n", 4);
    if (!end || !str_starts_with(bytes, STR("HTTP/1.1 101")))
        die(xstrndup(bytes.at, bytes.len));
    c->is_open = true;
    all->opening--;
    take_frames(all, c, str_skip(bytes, (size_t)(end + 4 - bytes.at)));
}

static void hear(struct clients *all, struct client *c)
{
    static char buffer[BUFFER_SIZE];
    ssize_t n = read(c->fd, buffer, sizeof(buffer));
    if (n <= 0)
        die("the server ended a connection");
    struct str bytes = str_of(buffer, (size_t)n);
    if (c->is_http)
        all->on_answer(c, bytes);
    else if (c->is_open)
        take_frames(all, c, bytes);
    else
        take_handshake(all, c, bytes);
}

void clients_turn(struct clients *all)
{
    struct epoll_event events[256];
    int count = epoll_wait(all->epoll, events, ARRAY_LENGTH(events), SILENCE_MSEC);
    if (count <= 0)
        die("nothing comes any more");
    for (int i = 0; i < count; i++)
        hear(all, events[i].data.ptr);
}

/* --- what is done --- */

void clients_init(struct clients *all, in_port_t port, const char *path, bool secure)
{
    *all = (struct clients){.port = port, .path = path, .secure = secure};
    all->epoll = epoll_create1(EPOLL_CLOEXEC);
    all->capacity = CLIENTS_MAX;
    all->items = xcalloc(all->capacity, sizeof(*all->items));
}

static void send_handshake(const struct clients *all, struct client *c)
{
    char number[24], *request;
    size_t before = strcspn(all->path, "#");
    bool numbered = all->path[before] != '\0';
    (void)snprintf(number, sizeof(number), "%05zu", (size_t)(c - all->items));
    request = xasprintf("GET %.*s%s%s HTTP/1.1\r\nHost: localhost:%u\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "User-Agent: bench/1.0 (X11; Linux x86_64)\r\n\r\n",
                        (int)before, all->path, numbered ? number : "",
                        numbered ? all->path + before + 1 : "", all->port);
    client_send(c, request, strlen(request));
    free(request);
}

/* Nothing is read of it afterwards. */
static void open_secure(struct clients *all, struct client *c)
{
    static SSL_CTX *context;
    char answer[4096];
    if (!context)
        context = xcheck(SSL_CTX_new(TLS_client_method()));
    c->ssl = xcheck(SSL_new(context));
    (void)SSL_set_fd(c->ssl, c->fd);
    if (SSL_connect(c->ssl) != 1)
        die("TLS fails");
    send_handshake(all, c);
    int n = SSL_read(c->ssl, answer, sizeof(answer));
    take_handshake(all, c, str_of(answer, n > 0 ? (size_t)n : 0));
}

void clients_open_one(struct clients *all)
{
    if (all->count == all->capacity)
        die("too many connections");
    struct client *c = &all->items[all->count++];
    *c = (struct client){.fd = dial(all->port)};
    all->opening++;
    if (all->secure) {
        open_secure(all, c);
        return;
    }
    watch(all, c);
    send_handshake(all, c);
}

void clients_dial_http(struct clients *all, struct client *c, in_port_t port)
{
    if (c->is_http)
        close(c->fd);
    *c = (struct client){.fd = dial(port), .is_http = true};
    watch(all, c);
}
