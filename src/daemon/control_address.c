/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/control_address.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "turnpike/base/xalloc.h"
#include "turnpike/daemon/new_file.h"
#include "turnpike/load/doc.h"

#define SOCKET_NAME "control.sock"

/* A path from the configuration, which may be relative to its file. */
static const char *resolve(struct arena *arena, const char *config_file, const struct doc *value)
{
    const char *slash = strrchr(config_file, '/');
    if (!value || value->kind != DOC_STRING || value->text.len == 0)
        return NULL;
    if (value->text.at[0] == '/' || !slash)
        return arena_cstring(arena, value->text);
    return arena_printf(arena, "%.*s%" STR_F, (int)(slash - config_file + 1), config_file,
                        STR_A(value->text))
        .at;
}

static const char *inside(struct arena *arena, const char *directory)
{
    return directory ? arena_printf(arena, "%s/" SOCKET_NAME, directory).at : NULL;
}

/* systemd separates several directories by colons: the first is ours. */
static const char *first_directory(struct arena *arena, const char *variable)
{
    struct str rest = str_from(getenv(variable)), first;
    if (rest.len == 0 || !str_split(&rest, ':', &first) || first.len == 0)
        return NULL;
    return arena_cstring(arena, first);
}

const char *control_address_find(struct arena *arena, const char *config_file,
                                 struct error *ret_error)
{
    struct diag diag;
    diag_init(&diag);
    const struct doc *root = doc_load(arena, &diag, config_file);
    diag_release(&diag);

    const char *path = resolve(arena, config_file, doc_get(root, "controlSocket"));
    if (!path)
        path = inside(arena, first_directory(arena, "RUNTIME_DIRECTORY"));
    if (!path)
        path = inside(arena, resolve(arena, config_file, doc_get(root, "stateDirectory")));
    if (!path)
        path = inside(arena, first_directory(arena, "STATE_DIRECTORY"));
    if (!path)
        error_set(ret_error, ERROR_INVALID,
                  "%s: neither controlSocket nor stateDirectory says where the daemon listens",
                  config_file);
    return path;
}

static bool fill(struct sockaddr_un *address, const char *path, struct error *ret_error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address->sun_path)) {
        error_set(ret_error, ERROR_TOO_LARGE, "%s: a socket's path has at most %zu bytes", path,
                  sizeof(address->sun_path) - 1);
        return false;
    }
    memcpy(address->sun_path, path, len);
    return true;
}

static int open_socket(struct error *ret_error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        error_set_errno(ret_error, errno, "socket");
    return fd;
}

int control_connect(const char *path, struct error *ret_error)
{
    struct sockaddr_un address;
    if (!fill(&address, path, ret_error))
        return -1;
    int fd = open_socket(ret_error);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;

    int problem = errno;
    close(fd);
    error_set_errno(ret_error, problem, "%s", path);
    if (ret_error && (problem == ENOENT || problem == ECONNREFUSED))
        ret_error->code = ERROR_CONNECT;
    return -1;
}

/* Removes what a daemon that ended without cleaning up has left. */
static bool remove_stale(const char *path, struct error *ret_error)
{
    struct stat status;
    struct error error = {0};
    if (lstat(path, &status) != 0)
        return true;
    if (!S_ISSOCK(status.st_mode)) {
        error_set(ret_error, ERROR_INVALID, "%s exists and is no socket", path);
        return false;
    }
    int fd = control_connect(path, &error);
    if (fd >= 0) {
        close(fd);
        error_set(ret_error, ERROR_BUSY, "another daemon listens on %s", path);
        return false;
    }
    if (error.code != ERROR_CONNECT || unlink(path) == 0)
        return true; /* where it cannot be removed, bind says so */
    error_set_errno(ret_error, errno, "%s", path);
    return false;
}

static bool make_directory_of(const char *path, struct error *ret_error)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return true;
    scoped_free char *directory = xstrndup(path, (size_t)(slash - path));
    return directory_make(directory, ret_error);
}

int control_bind(const char *path, struct error *ret_error)
{
    struct sockaddr_un address;
    if (!fill(&address, path, ret_error) || !make_directory_of(path, ret_error) ||
        !remove_stale(path, ret_error))
        return -1;
    int fd = open_socket(ret_error);
    if (fd < 0)
        return fd;

    /* On Linux the file gets the mode that the socket has when it is bound: nobody else can
     * connect in between, and the umask, which all threads share, stays as it is. */
    if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    error_set_errno(ret_error, errno, "%s", path);
    close(fd);
    return -1;
}
