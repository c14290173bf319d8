/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the daemon by lib/clock.mjs: its clocks are ahead of the machine's by the
 * microseconds in the file TEST_CLOCK, which the test moves on while the daemon runs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *ahead;

__attribute__((constructor)) static void begin(void)
{
    int fd = open(getenv("TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
    void *page = mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || page == MAP_FAILED)
        abort();
    ahead = page;
}

static void add(struct timespec *t, int64_t usec)
{
    int64_t all = (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000 + usec;
    *t = (struct timespec){all / 1000000, all % 1000000 * 1000 + t->tv_nsec % 1000};
}

int clock_gettime(clockid_t id, struct timespec *ret_time)
{
    long failed = syscall(SYS_clock_gettime, id, ret_time);
    if (!failed && ahead && id != CLOCK_PROCESS_CPUTIME_ID && id != CLOCK_THREAD_CPUTIME_ID)
        add(ret_time, *ahead);
    return (int)failed;
}

/* Its callers reckon from the shifted clock; the kernel does not. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
                           const struct timespec *until)
{
    struct timespec real = *until;
    add(&real, ahead ? -*ahead : 0);
    return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &real);
}
