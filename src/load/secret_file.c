/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/buf.h"

#define STEP 4096

/* Reads up to `max` bytes and one more, which tells that there are too many. */
static bool read_up_to(int fd, size_t max, struct buf *text)
{
    ssize_t got;
    do {
        size_t room = max + 1 - buf_len(text);
        got = read(fd, buf_reserve(text, STEP), room < STEP ? room : STEP);
        if (got > 0)
            buf_commit(text, (size_t)got);
    } while (got > 0 && buf_len(text) <= max);
    return got >= 0;
}

static void wipe(struct buf *text)
{
    if (text->data)
        explicit_bzero(text->data, text->capacity);
    buf_release(text);
}

static bool read_open_file(int fd, struct arena *a, size_t max, struct secret_file *ret_file,
                           struct error *ret_error)
{
    struct stat status;
    struct buf text = {0};
    bool done = fstat(fd, &status) == 0 && read_up_to(fd, max, &text);
    int number = errno;
    if (!done)
        error_set_errno(ret_error, number, "cannot be read");
    else if (buf_len(&text) > max)
        error_set(ret_error, ERROR_TOO_LARGE, "is larger than %zu KiB", max / 1024);
    else
        *ret_file = (struct secret_file){arena_copy(a, buf_str(&text)), status.st_mode & S_IROTH};
    done = done && buf_len(&text) <= max;
    wipe(&text);
    return done;
}

bool secret_file_read(struct arena *a, struct str path, size_t max, struct secret_file *ret_file,
                      struct error *ret_error)
{
    /* a pipe that nobody writes to must not hold up the load */
    const char *name = arena_cstring(a, path);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool done = fd >= 0;
    if (!done)
        error_set_errno(ret_error, errno, "cannot be read");
    else
        done = read_open_file(fd, a, max, ret_file, ret_error);
    if (fd >= 0)
        (void)close(fd);
    if (!done)
        error_prefix(ret_error, "%s", name);
    return done;
}
