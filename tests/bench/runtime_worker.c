/* SPDX-License-Identifier: Apache-2.0 */
/* The cheapest function that there can be, speaking the Runtime API by hand: what hosting costs is
 * then the host's alone. It ends in the middle of events for /crash.
 *   runtime_worker              asks 127.0.0.1, where AWS_LAMBDA_RUNTIME_API says
 *   runtime_worker spawn COUNT  starts itself so often, and prints how many microseconds it took in
 *                               the median until its first question was there */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)
#define ID_LEN      36
#define COUNT_MAX   10000

static const char next[] =
    "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n";
static const char result[] =
    "{\"statusCode\":200,\"headers\":{\"content-type\":\"application/json\",\"cache-control\":"
    "\"no-store\"},\"body\":\"{\\\"todos\\\":[{\\\"id\\\":\\\"6f1c\\\",\\\"title\\\":\\\"buy "
    "milk\\\",\\\"done\\\":false},{\\\"id\\\":\\\"77ab\\\",\\\"title\\\":\\\"call "
    "mum\\\",\\\"done\\\":true}],\\\"next\\\":null}\",\"isBase64Encoded\":false}";

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        exit(1); /* the host has gone */
}

/* One answer, head and body with a NUL behind. */
static void receive(int fd, char *buffer)
{
    size_t have = 0, wanted = BUFFER_SIZE - 1;
    while (have < wanted) {
        ssize_t got = recv(fd, buffer + have, BUFFER_SIZE - 1 - have, 0);
        if (got <= 0)
            exit(0);
        have += (size_t)got;
        buffer[have] = '\0';
        const char *end = strstr(buffer, "\r\n\r\n");
        const char *length = end ? strcasestr(buffer, "\r\ncontent-length:") : NULL;
        if (end)
            wanted = (size_t)(end - buffer) + 4 + (length ? strtoul(length + 17, NULL, 10) : 0);
    }
}

static void answer(int fd, const char *event)
{
    char head[256], whole[sizeof(head) + sizeof(result)];
    const char *id = strcasestr(event, "\r\nlambda-runtime-aws-request-id: ");
    if (!id || strstr(event, "\"rawPath\":\"/crash"))
        exit(1);
    int len = snprintf(head, sizeof(head),
                       "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\n"
                       "Host: runtime\r\nContent-Length: %zu\r\n\r\n",
                       ID_LEN, id + 33, sizeof(result) - 1);
    memcpy(whole, head, (size_t)len);
    memcpy(whole + len, result, sizeof(result) - 1);
    send_all(fd, whole, (size_t)len + sizeof(result) - 1);
}

static int connect_to(const char *api)
{
    const char *port = strchr(api, ':');
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port ? port + 1 : "")),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        fail("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

static void work(const char *api)
{
    static char buffer[BUFFER_SIZE];
    int fd = connect_to(api);
    for (;;) {
        send_all(fd, next, sizeof(next) - 1);
        receive(fd, buffer);
        answer(fd, buffer);
        receive(fd, buffer);
    }
}

/* How long a start takes without a host. */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int listen_anywhere(char api[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        fail("listen");
    (void)snprintf(api, 64, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

static double spawn_once(char *program, int listener, char *api)
{
    char *arguments[] = {program, NULL}, *environment[] = {api, NULL}, byte;
    double start = now();
    pid_t pid;
    if (posix_spawn(&pid, program, NULL, NULL, arguments, environment) != 0)
        fail("spawn");
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || recv(fd, &byte, 1, 0) != 1)
        fail("accept");
    double took = now() - start;
    (void)kill(pid, SIGKILL);
    (void)close(fd);
    (void)waitpid(pid, NULL, 0);
    return took;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(char *program, int count)
{
    static double took[COUNT_MAX];
    char api[64];
    int listener = listen_anywhere(api);
    if (count < 1 || count > COUNT_MAX)
        exit(2);
    for (int i = 0; i < count; i++)
        took[i] = spawn_once(program, listener, api);
    qsort(took, (size_t)count, sizeof(took[0]), compare);
    (void)printf("%.1f\n", took[count / 2]);
}

int main(int argc, char **argv)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    if (argc == 3 && strcmp(argv[1], "spawn") == 0)
        measure(argv[0], atoi(argv[2]));
    else if (api)
        work(api);
    return 0;
}
