/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/str.h"
#include "turnpike/base/xalloc.h"

#include "watch_private.h"

/* IN_CLOSE_WRITE rather than IN_MODIFY: a file that is half written is nobody's business, and a log
 * that a function keeps open in its own directory would be told with every line. */
#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |            \
     IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK | IN_ONLYDIR)

#define LEAF STR("node_modules")

/* Directories in the order in which they were found: parents first, so that where there are too
 * many, those near the top are watched. */
struct queue {
    char *paths[WATCH_DIRECTORIES_MAX];
    size_t count;
};

bool watch_wants(struct str name)
{
    return !str_starts_with(name, STR(".")) && !str_is(name, "__pycache__");
}

static bool is_gone(int number)
{
    return number == ENOENT || number == ENOTDIR || number == ELOOP;
}

/* The first mistake is the one that is told. */
static void fail(struct watch_listing *l, int number, const char *path)
{
    if (l->error.code != ERROR_NONE)
        return;
    if (number == ENOSPC)
        error_set(&l->error, ERROR_TOO_LARGE,
                  "the kernel allows no more directories to be watched "
                  "(fs.inotify.max_user_watches)");
    else
        error_set_errno(&l->error, number, "watch %s", path);
}

static void add_id(struct watch_ids *ids, int id)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity ? ids->capacity * 2 : 16;
        ids->items = xrealloc(ids->items, ids->capacity * sizeof(*ids->items));
    }
    ids->items[ids->count++] = id;
}

static bool is_directory(int parent, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

static void enqueue(struct watch_listing *l, struct queue *q, const char *parent, const char *name)
{
    if (q->count < WATCH_DIRECTORIES_MAX)
        q->paths[q->count++] = xasprintf("%s/%s", parent, name);
    else if (l->error.code == ERROR_NONE)
        error_set(&l->error, ERROR_TOO_LARGE, "%s has more than %d directories", l->directory,
                  WATCH_DIRECTORIES_MAX);
}

static void look_into(struct watch_listing *l, struct queue *q, const char *path)
{
    int no_link = path == q->paths[0] ? 0 : O_NOFOLLOW;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory) {
        if (!is_gone(errno))
            fail(l, errno, path);
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory));)
        if (watch_wants(str_from(entry->d_name)) && is_directory(fd, entry))
            enqueue(l, q, path, entry->d_name);
    (void)closedir(directory);
}

/* False where there is none, or no more can be watched. */
static bool watch_one(struct watch_listing *l, const char *path, bool is_top)
{
    int id = inotify_add_watch(l->fd, path, EVENTS | (is_top ? 0 : IN_DONT_FOLLOW));
    if (id >= 0)
        add_id(&l->ids, id);
    else if (!is_gone(errno))
        fail(l, errno, path);
    else if (is_top)
        l->is_gone = true;
    return id >= 0;
}

static int compare(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

/* A directory that is mounted twice has one watch. */
static void put_in_order(struct watch_ids *ids)
{
    size_t count = 0;
    if (ids->count > 0)
        qsort(ids->items, ids->count, sizeof(*ids->items), compare);
    for (size_t i = 0; i < ids->count; i++)
        if (count == 0 || ids->items[count - 1] != ids->items[i])
            ids->items[count++] = ids->items[i];
    ids->count = count;
}

void watch_listing_run(struct watch_listing *l)
{
    scoped_free struct queue *q = xcalloc(1, sizeof(*q));
    q->paths[q->count++] = xstrdup(l->directory);
    for (size_t i = 0; i < q->count; i++) {
        const char *path = q->paths[i];
        bool is_leaf = i > 0 && str_ends_with(str_from(path), LEAF) &&
                       path[strlen(path) - LEAF.len - 1] == '/';
        if (watch_one(l, path, i == 0) && !is_leaf)
            look_into(l, q, path);
    }
    for (size_t i = 0; i < q->count; i++)
        free(q->paths[i]);
    put_in_order(&l->ids);
}
