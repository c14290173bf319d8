/* SPDX-License-Identifier: Apache-2.0 */
/* temporary.h: a directory of its own for each test, removed afterwards. */
#ifndef TURNPIKE_TESTS_DAEMON_TEMPORARY_H
#define TURNPIKE_TESTS_DAEMON_TEMPORARY_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing.h"

struct temporary {
    char path[64];
    int before; /* the working directory that was */
};

static inline int temporary_remove_one(const char *path, const struct stat *status UNUSED,
                                       int kind UNUSED, struct FTW *ftw UNUSED)
{
    return remove(path);
}

/* Makes it and goes there. */
static inline void temporary_enter(struct temporary *t)
{
    (void)snprintf(t->path, sizeof(t->path), "/tmp/turnpike-test-XXXXXX");
    assert_non_null(mkdtemp(t->path));
    t->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(t->before >= 0);
    assert_int_equal(chdir(t->path), 0);
}

static inline void temporary_leave(struct temporary *t)
{
    assert_int_equal(fchdir(t->before), 0);
    close(t->before);
    (void)nftw(t->path, temporary_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void write_text_file(const char *path, mode_t mode, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static inline mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

#endif
