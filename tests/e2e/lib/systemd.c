/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for systemd: runs a program with a notification socket, the watchdog's interval and
 * sockets to inherit, and prints what it is told, a line each, with ';' between the fields.
 *   systemd [--watchdog USEC] [--listen NAME=PORT]... NOTIFY_PATH PROGRAM [ARGUMENT...] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3

static void fail(const char *what)
{
    perror(what);
    exit(125);
}

static void set_number(const char *name, long value)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%ld", value);
    (void)setenv(name, text, 1);
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0)
        fail("listen");
    return fd;
}

static int open_notify(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
    (void)setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void print_message(int notify)
{
    char text[4096];
    ssize_t len = recv(notify, text, sizeof(text) - 1, MSG_DONTWAIT);
    if (len <= 0)
        return;
    text[len] = '\0';
    for (char *at = text; (at = strchr(at, '\n'));)
        *at = ';';
    puts(text);
    (void)fflush(stdout);
}

static volatile sig_atomic_t ended;

static void on_child(int number)
{
    (void)number;
    ended = 1;
}

/* A signal that comes between the look and the wait is not lost: ppoll lets it in. */
static int watch(int notify, pid_t child, const sigset_t *open_mask)
{
    struct pollfd polled = {.fd = notify, .events = POLLIN};
    int status;
    while (ppoll(&polled, 1, NULL, open_mask) > 0 || !ended)
        print_message(notify);
    while (poll(&polled, 1, 0) > 0)
        print_message(notify);
    if (waitpid(child, &status, 0) < 0)
        fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Where the sockets are to be inherited, none of them lies yet: they were moved far up. */
static void become(char **program, const int *sockets, int count, const sigset_t *mask)
{
    for (int i = 0; i < count; i++)
        (void)dup2(sockets[i], FIRST_FD + i);
    if (count) {
        set_number("LISTEN_FDS", count);
        set_number("LISTEN_PID", getpid());
    }
    if (getenv("WATCHDOG_USEC"))
        set_number("WATCHDOG_PID", getpid());
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    (void)execv(program[0], program);
    fail(program[0]);
}

static int listen_far_up(char *value)
{
    char *equals = strchr(value, '=');
    if (!equals)
        exit(125);
    *equals = '\0';
    int fd = listen_on(atoi(equals + 1)), far = fcntl(fd, F_DUPFD_CLOEXEC, 64);
    (void)close(fd);
    return far;
}

int main(int argc, char **argv)
{
    int sockets[16], count = 0, at = 1;
    char names[1024] = "";
    sigset_t blocked, before;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        char *value = argv[at + 1];
        if (strcmp(argv[at], "--watchdog") == 0) {
            (void)setenv("WATCHDOG_USEC", value, 1);
            continue;
        }
        sockets[count++] = listen_far_up(value);
        (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                       count > 1 ? ":" : "", value);
        (void)setenv("LISTEN_FDNAMES", names, 1);
    }
    if (at + 1 >= argc)
        return 125;
    int notify = open_notify(argv[at]);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    (void)signal(SIGCHLD, on_child);
    pid_t child = fork();
    if (child == 0)
        become(argv + at + 1, sockets, count, &before);
    for (int i = 0; i < count; i++)
        (void)close(sockets[i]);
    printf("pid=%d\n", (int)child);
    (void)fflush(stdout);
    return watch(notify, child, &before);
}
