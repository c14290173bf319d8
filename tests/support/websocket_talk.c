/* SPDX-License-Identifier: Apache-2.0 */
#include "support/websocket_talk.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#include "support/certificates.h"
#include "testing.h"

#define SHOWN_MAX       32
#define TLS_RECORD_REST 16000
#define KERNEL_BUFFER   65536
#define PATIENCE        (30 * USEC_PER_SEC) /* of a test that has gone wrong */

static void note(struct buf *out, const char *what, struct str message)
{
    if (message.len <= SHOWN_MAX)
        buf_printf(out, "%s %" STR_F ";", what, STR_A(message));
    else
        buf_printf(out, "%s %zu;", what, message.len);
}

static void on_message(struct websocket *ws, struct str message, bool binary)
{
    struct talk *t = websocket_owner(ws);
    if (ws == t->elder) {
        buf_printf(&t->trace, "elder %zu;", message.len);
        return;
    }
    note(&t->trace, binary ? "binary" : "text", message);
    if (t->on_message)
        t->on_message(t, message, binary);
}

static void on_control(struct websocket *ws)
{
    struct talk *t = websocket_owner(ws);
    t->controls++;
    if (t->on_control)
        t->on_control(t);
}

static void on_closed(struct websocket *ws, unsigned code, struct str reason)
{
    struct talk *t = websocket_owner(ws);
    if (ws == t->elder) {
        buf_printf(&t->trace, "elder closed %u;", code);
        t->elder = NULL;
        return;
    }
    buf_printf(&t->trace, "closed %u %" STR_F, code, STR_A(reason));
    if (t->on_closed)
        t->on_closed(t);
    t->ws = NULL;
}

/* Without those of eventfd(2): libwebsockets 4.3 never closes the one of a context. */
static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        char what[64] = "";
        (void)!readlinkat(dirfd(directory), entry->d_name, what, sizeof(what) - 1);
        count += strcmp(what, "anon_inode:[eventfd]") != 0;
    }
    (void)closedir(directory);
    return count;
}

void talk_init(struct talk *t)
{
    static const struct websocket_events events = {on_message, on_control, on_closed};
    struct error error = {0};
    *t = (struct talk){.client = -1, .elder_client = -1};
    loop_init(&t->loop); /* the first one opens descriptors for good */
    loop_release(&t->loop);
    t->descriptors = open_descriptors();
    loop_init(&t->loop);
    t->limits = (struct websocket_limits){
        .message_max = 131072,
        .frame_max = 32768,
        .pending_max = 1 << 20,
        .buffered_max = 1 << 28,
        .buffered = &t->buffered,
    };
    t->hub = websocket_hub_new(&t->loop, &events, &error);
    if (!t->hub)
        print_error("%s\n", error.text);
    assert_non_null(t->hub);
}

static void set_nonblocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void set_option(int fd, int level, int option, int value)
{
    assert_int_equal(setsockopt(fd, level, option, &value, sizeof(value)), 0);
}

/* A few MB are enough to fill it; without delay, as the listener has it, and so that what is sent
 * by the byte comes by the byte. */
static void tune(int fd)
{
    set_option(fd, SOL_SOCKET, SO_SNDBUF, KERNEL_BUFFER);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, KERNEL_BUFFER);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static void tcp_pair(int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[1], (struct sockaddr *)&address, len), 0);
    fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fds[0] >= 0);
    (void)close(listener);
    tune(fds[0]);
    tune(fds[1]);
}

static bool wants_more(SSL *ssl, int result)
{
    int error = SSL_get_error(ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void shake_hands(SSL *server, SSL *client)
{
    int done = 0, accepted = 0;
    while (done != 1 || accepted != 1) {
        done = SSL_do_handshake(client);
        assert_true(done == 1 || wants_more(client, done));
        accepted = SSL_do_handshake(server);
        assert_true(accepted == 1 || wants_more(server, accepted));
    }
}

static SSL *new_session(SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);
    (void)SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    assert_true(SSL_set_fd(ssl, fd));
    return ssl;
}

/* The server's session, as it is when a handshake has been read from it: what the client wrote
 * behind that in the same record is still in there. */
static SSL *open_tls(struct talk *t, int fd, struct str unread)
{
    struct certificates files;
    char head[] = "HEAD";
    certificates_init(&files);
    certificates_make(&files, "talk", "talk.test", KEY_ECDSA, -3600, 3600);
    t->ssl_contexts[0] = certificates_context(&files, "talk");
    certificates_release(&files);
    t->ssl_contexts[1] = SSL_CTX_new(TLS_client_method());
    SSL *server = new_session(t->ssl_contexts[0], fd);
    t->ssl = new_session(t->ssl_contexts[1], t->client);
    SSL_set_accept_state(server);
    SSL_set_connect_state(t->ssl);
    SSL_set_read_ahead(server, 1);
    shake_hands(server, t->ssl);

    scoped_buf struct buf record = {0};
    buf_append(&record, str_from(head));
    buf_append(&record, unread);
    assert_int_equal(SSL_write(t->ssl, record.data, (int)buf_len(&record)), buf_len(&record));
    for (int got = 0; got < (int)strlen(head);) {
        int more = SSL_read(server, head, (int)strlen(head) - got);
        assert_true(more > 0 || wants_more(server, more));
        got += more > 0 ? more : 0;
    }
    return server;
}

void talk_open_with(struct talk *t, enum talk_over over,
                    const struct websocket_handshake *handshake)
{
    int fds[2];
    struct websocket_handshake left = *handshake;
    if (over == TALK_OVER_UNIX)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    else
        tcp_pair(fds);
    set_nonblocking(fds[0]);
    set_nonblocking(fds[1]);
    t->client = fds[1];
    SSL *ssl = NULL;
    if (over == TALK_OVER_TLS) {
        size_t unread = left.early.len / 2; /* stays in the session */
        unread = unread < TLS_RECORD_REST ? unread : TLS_RECORD_REST;
        ssl = open_tls(t, fds[0], str_skip(left.early, left.early.len - unread));
        left.early.len -= unread;
    }
    websocket_hub_limit(t->hub, &t->limits);
    if (t->before_open)
        t->before_open();
    t->ws = websocket_open(t->hub, fds[0], ssl, &left, t);
    assert_int_equal(buf_len(&t->trace), 0); /* no event from within the call */
}

void talk_open(struct talk *t, enum talk_over over, struct str early)
{
    struct websocket_handshake handshake = {
        .key = STR("dGhlIHNhbXBsZSBub25jZQ=="), .early = early, .takes_binary = true};
    talk_open_with(t, over, &handshake);
}

void talk_open_elder(struct talk *t, struct str bytes)
{
    static const struct websocket_handshake handshake = {
        .key = STR_INIT("dGhlIHNhbXBsZSBub25jZQ=="), .takes_binary = true};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    set_nonblocking(fds[0]);
    websocket_hub_limit(t->hub, &t->limits);
    t->elder_client = fds[1];
    t->elder = websocket_open(t->hub, fds[0], NULL, &handshake, t);
    assert_int_equal(send(fds[1], bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
    for (int i = 0; i < 1000; i++)
        talk_turn_deaf(t);
}

void talk_hang_up(struct talk *t)
{
    SSL_free(t->ssl);
    t->ssl = NULL;
    if (t->client >= 0)
        (void)close(t->client);
    t->client = -1;
}

void talk_end(struct talk *t)
{
    assert_null(t->ws);
    assert_int_equal(websocket_count(t->hub), 0);
    websocket_hub_free(t->hub);
    t->hub = NULL;
    loop_run(&t->loop);
}

void talk_release(struct talk *t)
{
    talk_hang_up(t);
    if (t->elder_client >= 0)
        (void)close(t->elder_client);
    uint64_t until = clock_monotonic() + PATIENCE;
    while ((t->ws || t->elder) && clock_monotonic() < until)
        loop_turn(&t->loop);
    if (t->hub)
        talk_end(t);
    loop_release(&t->loop);
    assert_int_equal(t->buffered.used, 0);
    assert_int_equal(open_descriptors(), t->descriptors);
    SSL_CTX_free(t->ssl_contexts[0]);
    SSL_CTX_free(t->ssl_contexts[1]);
    buf_release(&t->head);
    buf_release(&t->input);
    buf_release(&t->frames);
    buf_release(&t->trace);
}

static void put_length(struct buf *out, size_t len)
{
    size_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    buf_append_char(out, (char)(0x80 | (bytes == 0 ? len : bytes == 2 ? 126 : 127)));
    while (bytes-- > 0)
        buf_append_char(out, (char)(len >> 8 * bytes));
}

void talk_put_frame(struct buf *out, unsigned opcode, struct str payload)
{
    static const char mask[4] = {0x37, (char)0xfa, 0x21, 0x3d};
    buf_append_char(out, (char)opcode);
    put_length(out, payload.len);
    buf_append(out, str_of(mask, sizeof(mask)));
    char *to = buf_reserve(out, payload.len);
    for (size_t i = 0; i < payload.len; i++)
        to[i] = (char)(payload.at[i] ^ mask[i % 4]);
    buf_commit(out, payload.len);
}

void talk_put_close(struct buf *out, unsigned code, struct str reason)
{
    scoped_buf struct buf payload = {0};
    if (code) {
        buf_append_char(&payload, (char)(code >> 8));
        buf_append_char(&payload, (char)code);
    }
    buf_append(&payload, reason);
    talk_put_frame(out, TALK_FIN | TALK_CLOSE, buf_str(&payload));
}

/* > 0: so many, 0: not now, < 0: never more. */
static ssize_t client_write(struct talk *t, struct str bytes)
{
    if (!t->ssl) {
        ssize_t sent = send(t->client, bytes.at, bytes.len, MSG_NOSIGNAL);
        return sent > 0 ? sent : errno == EAGAIN ? 0 : -1;
    }
    int sent = SSL_write(t->ssl, bytes.at, (int)bytes.len);
    return sent > 0 ? sent : wants_more(t->ssl, sent) ? 0 : -1;
}

static ssize_t client_read(struct talk *t, char *out, size_t size)
{
    if (!t->ssl) {
        ssize_t got = recv(t->client, out, size, 0);
        return got > 0 ? got : got < 0 && errno == EAGAIN ? 0 : -1;
    }
    int got = SSL_read(t->ssl, out, (int)size);
    return got > 0 ? got : wants_more(t->ssl, got) ? 0 : -1;
}

void talk_send_bytes(struct talk *t, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = client_write(t, bytes);
        if (sent < 0)
            return; /* the trace will tell */
        bytes = str_skip(bytes, (size_t)sent);
        if (bytes.len > 0)
            talk_turn(t);
    }
}

size_t talk_try_to_send(struct talk *t, struct str bytes, unsigned turns)
{
    size_t sent = 0;
    while (turns-- > 0 && sent < bytes.len) {
        ssize_t more = client_write(t, str_skip(bytes, sent));
        if (more < 0)
            break;
        sent += (size_t)more;
        talk_turn_deaf(t);
    }
    return sent;
}

void talk_hurry(struct talk *t)
{
    struct timer *timers[16];
    size_t count = t->loop.timer_count;
    assert_true(count <= ARRAY_LENGTH(timers));
    memcpy(timers, t->loop.heap + 1, count * sizeof(*timers));
    for (size_t i = 0; i < count; i++)
        timer_start(&t->loop, timers[i], loop_now(&t->loop), timers[i]->fn);
}

void talk_send(struct talk *t, unsigned opcode, struct str payload)
{
    scoped_buf struct buf frame = {0};
    talk_put_frame(&frame, opcode, payload);
    talk_send_bytes(t, buf_str(&frame));
}

void talk_send_close(struct talk *t, unsigned code, struct str reason)
{
    scoped_buf struct buf frame = {0};
    talk_put_close(&frame, code, reason);
    talk_send_bytes(t, buf_str(&frame));
}

void talk_shutdown(struct talk *t)
{
    if (t->ssl)
        (void)SSL_shutdown(t->ssl);
    (void)shutdown(t->client, SHUT_WR);
}

void talk_reset(struct talk *t)
{
    struct linger now = {.l_onoff = 1};
    assert_int_equal(setsockopt(t->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    talk_hang_up(t);
}

static size_t length_of(struct str in, size_t *ret_head)
{
    const unsigned char *p = (const unsigned char *)in.at;
    size_t bytes = p[1] < 126 ? 0 : p[1] == 126 ? 2 : 8, len = bytes ? 0 : p[1];
    assert_true(p[1] < 128); /* a server does not mask */
    *ret_head = 2 + bytes;
    for (size_t i = 0; i < bytes && 2 + i < in.len; i++)
        len = len << 8 | p[2 + i];
    return len;
}

static void note_frame(struct talk *t, unsigned first, struct str payload)
{
    static const char names[] = "CTB?????XPO?????";
    char name = names[first & 0x0f];
    bool final = first & TALK_FIN;
    assert_int_equal(first & 0x70, 0);
    if (name == 'X') {
        buf_literal(&t->frames, "X");
        if (payload.len >= 2)
            buf_printf(&t->frames, " %u",
                       (unsigned char)payload.at[0] << 8 | (unsigned char)payload.at[1]);
        if (payload.len > 2 || payload.len == 1)
            buf_printf(&t->frames, " %" STR_F, STR_A(str_skip(payload, 2)));
        buf_literal(&t->frames, ";");
        return;
    }
    const char text[] = {final ? name : (char)(name | 0x20), '\0'};
    note(&t->frames, text, payload);
    if (name == 'T' || name == 'B' || name == 'C')
        t->received += payload.len;
}

static void read_head(struct talk *t)
{
    struct str in = buf_str(&t->input);
    size_t end = str_find_str(in, STR("\r\n\r\n"));
    if (end == in.len)
        return;
    buf_append(&t->head, str_head(in, end + 4));
    buf_consume(&t->input, end + 4);
    t->shaken = true;
}

static bool read_frame(struct talk *t)
{
    struct str in = buf_str(&t->input);
    size_t head = 0, len = 0;
    if (in.len < 2)
        return false;
    len = length_of(in, &head);
    if (in.len < head || in.len - head < len)
        return false;
    note_frame(t, (unsigned char)in.at[0], str_of(in.at + head, len));
    buf_consume(&t->input, head + len);
    return true;
}

static void client_turn(struct talk *t)
{
    if (t->client < 0)
        return;
    ssize_t got = client_read(t, buf_reserve(&t->input, 65536), 65536);
    if (got > 0)
        buf_commit(&t->input, (size_t)got);
    if (!t->shaken)
        read_head(t);
    while (t->shaken && read_frame(t))
        ;
    if (got < 0) {
        buf_literal(&t->frames, "end");
        talk_hang_up(t);
    }
}

void talk_turn_deaf(struct talk *t)
{
    (void)uv_run(&t->loop.uv, UV_RUN_NOWAIT);
}

void talk_turn(struct talk *t)
{
    talk_turn_deaf(t);
    client_turn(t);
}

/* Fails early where something else has come already. */
static void await(struct talk *t, const struct buf *what, const char *want)
{
    uint64_t until = clock_monotonic() + PATIENCE;
    while (!str_is(buf_str(what), want)) {
        if (!str_starts_with(str_from(want), buf_str(what)) || clock_monotonic() > until)
            assert_str_equal(buf_str(what), str_from(want));
        talk_turn(t);
    }
}

void talk_await(struct talk *t, const char *want)
{
    await(t, &t->trace, want);
}

void talk_await_frames(struct talk *t, const char *want)
{
    await(t, &t->frames, want);
}
