/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

static bool write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t written = write(fd, text.at, text.len);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            text = str_skip(text, (size_t)written);
    }
    return true;
}

enum new_file new_file_write(const char *path, mode_t mode, struct str text,
                             struct error *ret_error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 && errno == EEXIST)
        return NEW_FILE_EXISTED;
    if (fd < 0) {
        error_set_errno(ret_error, errno, "%s", path);
        return NEW_FILE_FAILED;
    }

    bool done = fchmod(fd, mode) == 0 && write_all(fd, text);
    int problem = errno;
    if (close(fd) != 0 && done) {
        done = false;
        problem = errno;
    }
    if (done)
        return NEW_FILE_MADE;
    (void)unlink(path);
    error_set_errno(ret_error, problem, "%s", path);
    return NEW_FILE_FAILED;
}

static bool make_one(const char *path, struct error *ret_error)
{
    struct stat status;
    if (mkdir(path, 0755) == 0)
        return true;
    if (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    error_set_errno(ret_error, errno, "%s", path);
    return false;
}

bool directory_make(const char *path, struct error *ret_error)
{
    scoped_free char *prefix = xstrdup(path);
    for (char *slash = strchr(prefix + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one(prefix, ret_error))
            return false;
        *slash = '/';
    }
    return make_one(path, ret_error);
}

bool file_read(const char *path, size_t max, struct buf *ret_text, struct error *ret_error)
{
    scoped_file FILE *file = fopen(path, "re");
    if (!file) {
        error_set_errno(ret_error, errno, "%s", path);
        return false;
    }
    buf_commit(ret_text, fread(buf_reserve(ret_text, max + 1), 1, max + 1, file));
    if (ferror(file)) {
        error_set_errno(ret_error, errno, "%s", path);
        return false;
    }
    if (buf_len(ret_text) > max) {
        error_set(ret_error, ERROR_TOO_LARGE, "%s: more than %zu bytes", path, max);
        return false;
    }
    return true;
}
