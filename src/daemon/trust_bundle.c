/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/trust_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"

#define BUNDLE_MAX ((size_t)16 * 1024 * 1024)

/* Where distributions keep theirs; the first that is there counts. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
};

static bool append_file(struct buf *out, const char *path, struct error *ret_error)
{
    scoped_file FILE *f = fopen(path, "re");
    size_t got;
    if (!f) {
        error_set_errno(ret_error, errno, "%s", path);
        return false;
    }
    do {
        got = fread(buf_reserve(out, 65536), 1, 65536, f);
        buf_commit(out, got);
    } while (got > 0 && buf_len(out) <= BUNDLE_MAX);
    if (ferror(f) || buf_len(out) > BUNDLE_MAX) {
        error_set(ret_error, ERROR_SYSTEM, "%s cannot be read", path);
        return false;
    }
    buf_append_char(out, '\n');
    return true;
}

/* None at all is no error: there are systems without. */
static void append_system(struct buf *out)
{
    const char *own = getenv("SSL_CERT_FILE");
    if (own && *own && append_file(out, own, NULL))
        return;
    FOR_EACH (file, system_files, ARRAY_LENGTH(system_files))
        if (append_file(out, *file, NULL))
            return;
}

/* Whether the file is there and nobody else's: who tidies up $TMPDIR may have removed it, and
 * others may have made one of its name then. */
static bool is_there(const struct trust_bundle *b)
{
    struct stat directory, file;
    return b->file && lstat(b->directory, &directory) == 0 && S_ISDIR(directory.st_mode) &&
           directory.st_uid == geteuid() && lstat(b->file, &file) == 0 && S_ISREG(file.st_mode) &&
           file.st_uid == geteuid() && (size_t)file.st_size == buf_len(&b->content);
}

static void unlock_directory(struct trust_bundle *b)
{
    if (b->locked)
        (void)close(b->lock);
    b->locked = false;
}

static void lock_directory(struct trust_bundle *b)
{
    b->lock = open(b->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b->locked = b->lock >= 0;
    if (b->locked)
        (void)flock(b->lock, LOCK_SH | LOCK_NB);
}

static bool make_directory(struct trust_bundle *b, struct error *ret_error)
{
    const char *temporary = getenv("TMPDIR");
    if (b->directory && (!b->file || is_there(b)))
        return true;
    if (b->directory)
        (void)rmdir(b->directory); /* where it is empty */
    unlock_directory(b);
    free(take(&b->file));
    free(take(&b->directory));
    b->directory = xasprintf("%s/turnpike-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (mkdtemp(b->directory) && chmod(b->directory, 0755) == 0) {
        lock_directory(b);
        return true;
    }
    error_set_errno(ret_error, errno, "%s", b->directory);
    free(take(&b->directory));
    return false;
}

static bool write_file(const char *path, struct str content, struct error *ret_error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ssize_t written = 0;
    while (fd >= 0 && content.len > 0 && written >= 0) {
        written = write(fd, content.at, content.len);
        content = str_skip(content, written > 0 ? (size_t)written : 0);
    }
    bool done = fd >= 0 && written >= 0 && fchmod(fd, 0644) == 0; /* whatever the umask */
    if (!done)
        error_set_errno(ret_error, errno, "%s", path);
    if (fd >= 0)
        (void)close(fd);
    return done;
}

static void remove_file(char **file)
{
    if (*file)
        (void)unlink(*file);
    free(take(file));
}

static bool replace(struct trust_bundle *b, struct buf *content, struct error *ret_error)
{
    if (!make_directory(b, ret_error))
        return false;
    char *file = xasprintf("%s/certificates-%u.pem", b->directory, ++b->version);
    if (!write_file(file, buf_str(content), ret_error)) {
        (void)unlink(file);
        free(file);
        return false;
    }
    remove_file(&b->before);
    b->before = b->file; /* processes that were started with it may still read it */
    b->file = file;
    buf_release(&b->content);
    b->content = *content;
    *content = (struct buf){0};
    return true;
}

bool trust_bundle_write(struct trust_bundle *b, struct str trusted, struct error *ret_error)
{
    scoped_buf struct buf content = {0};
    if (trusted.len == 0) {
        remove_file(&b->before);
        b->before = take(&b->file);
        buf_clear(&b->content);
        return true;
    }
    append_system(&content);
    char *path = xasprintf("%" STR_F, STR_A(trusted));
    bool read = append_file(&content, path, ret_error);
    free(path);
    if (!read)
        return false;
    return (is_there(b) && str_eq(buf_str(&content), buf_str(&b->content))) ||
           replace(b, &content, ret_error);
}

struct str trust_bundle_file(const struct trust_bundle *b)
{
    return str_from(b->file);
}

void trust_bundle_release(struct trust_bundle *b)
{
    remove_file(&b->before);
    remove_file(&b->file);
    if (b->directory)
        (void)rmdir(b->directory);
    unlock_directory(b);
    free(take(&b->directory));
    buf_release(&b->content);
}
