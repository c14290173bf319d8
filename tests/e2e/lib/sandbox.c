/* SPDX-License-Identifier: Apache-2.0 */
/* Executes a program behind a filter of system calls as a unit of systemd has it. allowed.h, made
 * by unit.mjs, has a row for each call that is allowed; all others end with EPERM. sandbox PROGRAM
 * [ARGUMENT...] */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned allowed[] = {
#include "allowed.h"
};

static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOAD(field)                                                                                \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value)
#define SKIP_UNLESS(value, count)                                                                  \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)

static struct sock_filter filter[16 + 2 * COUNT(families) + 2 * COUNT(allowed)];
static unsigned short length;

static void add(struct sock_filter instruction)
{
    filter[length++] = instruction;
}

/* RestrictNamespaces= looks into the flags of clone(2), which clone3(2) hides. */
static void build(void)
{
    add(LOAD(nr));
    add(SKIP_UNLESS(SYS_clone3, 1));
    add(RETURN(SECCOMP_RET_ERRNO | ENOSYS));
    add(SKIP_UNLESS(SYS_socket, 2 + 2 * COUNT(families)));
    add(LOAD(args[0]));
    for (size_t i = 0; i < COUNT(families); i++) {
        add(SKIP_UNLESS(families[i], 1));
        add(RETURN(SECCOMP_RET_ALLOW));
    }
    add(RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT));
    for (size_t i = 0; i < COUNT(allowed); i++) {
        add(SKIP_UNLESS(allowed[i], 1));
        add(RETURN(SECCOMP_RET_ALLOW));
    }
    add(RETURN(SECCOMP_RET_ERRNO | EPERM));
}

int main(int argc, char **argv)
{
    build();
    struct sock_fprog program = {.len = length, .filter = filter};
    if (argc < 2 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        perror("seccomp");
        return 125;
    }
    (void)execv(argv[1], argv + 1);
    perror(argv[1]);
    return 126;
}
