/* SPDX-License-Identifier: Apache-2.0 */
/* What a WebSocket connection costs: resident memory while it is idle, CPU for a message that is
 * echoed. The clients are a process of their own. */
#include "turnpike/net/websocket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#include "bench.h"

#define CONNECTIONS 5000
#define SPEAKING    50
#define FRAME_MAX   (8 + 8000)

struct server {
    struct loop loop;
    struct websocket_hub *hub;
    struct budget buffered;
    SSL_CTX *tls; /* NULL: plain */
    int listener;
    uv_poll_t accepts;
    size_t opened, echoed;
};

static struct server *server_of(struct websocket *ws)
{
    return websocket_owner(ws);
}

static void on_message(struct websocket *ws, struct str message, bool binary)
{
    server_of(ws)->echoed += websocket_send(ws, message, binary);
}

static void on_control(struct websocket *ws)
{
    (void)ws;
}

static void on_closed(struct websocket *ws, unsigned code, struct str reason)
{
    (void)ws, (void)code, (void)reason;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct server *s = container_of(poll, struct server, accepts);
    struct websocket_handshake handshake = {.key = STR("dGhlIHNhbXBsZSBub25jZQ==")};
    (void)status, (void)events;
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    SSL *ssl = s->tls ? SSL_new(s->tls) : NULL;
    if (ssl)
        SSL_set_accept_state(ssl);
    s->opened += websocket_open(s->hub, fd, ssl, &handshake, s) != NULL;
}

static SSL_CTX *make_tls(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    (void)X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    (void)X509_set_pubkey(x509, key);
    (void)X509_sign(x509, key, EVP_sha256());
    (void)SSL_CTX_use_certificate(tls, x509);
    (void)SSL_CTX_use_PrivateKey(tls, key);
    (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    X509_free(x509);
    EVP_PKEY_free(key);
    return tls;
}

/* What is accepted inherits it. */
static void send_at_once(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int listen_locally(struct sockaddr_in *ret_address)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        abort();
    send_at_once(fd);
    *ret_address = address;
    return fd;
}

/* The clients. */

struct client {
    int fd;
    SSL *ssl;
};

static void put(const struct client *c, const char *bytes, size_t len)
{
    ssize_t sent = c->ssl ? SSL_write(c->ssl, bytes, (int)len) : write(c->fd, bytes, len);
    if (sent != (ssize_t)len)
        _exit(1);
}

static void get(const struct client *c, size_t len)
{
    char bytes[16384];
    while (len > 0) {
        size_t want = len < sizeof(bytes) ? len : sizeof(bytes);
        ssize_t got = c->ssl ? SSL_read(c->ssl, bytes, (int)want) : read(c->fd, bytes, want);
        if (got <= 0)
            _exit(1);
        len -= (size_t)got;
    }
}

#define HEAD_SIZE 129 /* of the 101 */

static struct client begin(const struct sockaddr_in *address, SSL_CTX *tls)
{
    struct client c = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    if (connect(c.fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        _exit(1);
    send_at_once(c.fd);
    if (tls) {
        c.ssl = SSL_new(tls);
        (void)SSL_set_fd(c.ssl, c.fd);
        if (SSL_connect(c.ssl) != 1)
            _exit(1);
    }
    get(&c, HEAD_SIZE);
    return c;
}

static size_t make_frame(char *out, size_t len)
{
    size_t head = len < 126 ? 2 : 4;
    out[0] = (char)0x81;
    out[1] = (char)(0x80 | (len < 126 ? len : 126));
    out[2] = (char)(len >> 8);
    out[3] = (char)len;
    memset(out + head, 0, 4);
    memset(out + head + 4, 'm', len);
    return head + 4 + len;
}

/* Every speaker has one message on its way. */
static void speak(const struct client *clients, size_t len, size_t rounds)
{
    char frame[FRAME_MAX];
    size_t size = make_frame(frame, len);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < SPEAKING; i++)
            put(&clients[i], frame, size);
        for (size_t i = 0; i < SPEAKING; i++)
            get(&clients[i], size - 4);
    }
}

static const struct {
    size_t len, rounds;
} talks[] = {{100, 2000}, {8000, 500}};

/* Goes on when told to, and tells when it is done. */
static void step(const int pipes[2])
{
    char byte = 0;
    if (write(pipes[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 1)
        _exit(1);
}

static void run_clients(const struct sockaddr_in *address, bool secure, const int pipes[2])
{
    static struct client clients[CONNECTIONS];
    SSL_CTX *tls = secure ? SSL_CTX_new(TLS_client_method()) : NULL;
    clients[0] = begin(address, tls);
    step(pipes);
    for (size_t i = 1; i < CONNECTIONS; i++)
        clients[i] = begin(address, tls);
    step(pipes);
    FOR_EACH (talk, talks, ARRAY_LENGTH(talks)) {
        speak(clients, talk->len, talk->rounds);
        step(pipes);
    }
    _exit(0);
}

/* The server. */

static double resident(void)
{
    long pages = 0, all = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &all, &pages) != 2)
        abort();
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void serve_until_told(struct server *s, int from)
{
    struct pollfd told = {.fd = from, .events = POLLIN};
    char byte;
    while (poll(&told, 1, 0) == 0)
        (void)uv_run(&s->loop.uv, UV_RUN_ONCE);
    if (read(from, &byte, 1) != 1)
        abort();
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer; /* looks whether the clients have told something */
}

static void measure(struct server *s, const char *name, const int from, const int to)
{
    uv_timer_t tick;
    char byte = 0;
    (void)uv_timer_init(&s->loop.uv, &tick);
    (void)uv_timer_start(&tick, on_tick, 10, 10);
    serve_until_told(s, from); /* the first connection, which brings what all share */
    double before = resident();
    if (write(to, &byte, 1) != 1)
        abort();
    serve_until_told(s, from);
    printf("%10.0f B   %s: an idle connection of %zu\n",
           (resident() - before) / (double)(s->opened - 1), name, s->opened);
    FOR_EACH (talk, talks, ARRAY_LENGTH(talks)) {
        size_t echoed = s->echoed;
        double start = bench_now();
        if (write(to, &byte, 1) != 1)
            abort();
        serve_until_told(s, from);
        printf("%10.0f ns  %s: a message of %zu bytes is echoed, among %zu connections\n",
               (bench_now() - start) * 1e9 / (double)(s->echoed - echoed), name, talk->len,
               s->opened);
    }
    if (write(to, &byte, 1) != 1)
        abort();
    uv_close((uv_handle_t *)&tick, NULL);
}

static void server_init(struct server *s, bool secure)
{
    static const struct websocket_events events = {on_message, on_control, on_closed};
    struct error error = {0};
    loop_init(&s->loop);
    s->hub = websocket_hub_new(&s->loop, &events, &error);
    if (!s->hub)
        abort();
    websocket_hub_limit(s->hub, &(struct websocket_limits){.message_max = 131072,
                                                           .frame_max = 32768,
                                                           .pending_max = 1 << 20,
                                                           .buffered_max = 1 << 28,
                                                           .buffered = &s->buffered});
    s->tls = secure ? make_tls() : NULL;
    (void)uv_poll_init(&s->loop.uv, &s->accepts, s->listener);
    (void)uv_poll_start(&s->accepts, UV_READABLE, on_ready);
}

static void server_release(struct server *s)
{
    uv_close((uv_handle_t *)&s->accepts, NULL);
    while (websocket_count(s->hub) > 0)
        (void)uv_run(&s->loop.uv, UV_RUN_ONCE);
    websocket_hub_free(s->hub);
    loop_run(&s->loop);
    loop_release(&s->loop);
    (void)close(s->listener);
    SSL_CTX_free(s->tls);
}

static void run(const char *name, bool secure)
{
    struct server s = {0};
    struct sockaddr_in address;
    int up[2], down[2];
    s.listener = listen_locally(&address);
    if (pipe(up) < 0 || pipe(down) < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0)
        run_clients(&address, secure, (int[]){down[0], up[1]});
    server_init(&s, secure);
    measure(&s, name, up[0], down[1]);
    server_release(&s);
    (void)waitpid(pid, NULL, 0);
}

int main(void)
{
    run("plain", false);
    run("TLS", true);
    return 0;
}
