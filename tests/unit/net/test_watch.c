/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/watch.h"

#include "testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/clock.h"

#include "../../../src/net/watch_private.h"

#define GUARD     (10 * USEC_PER_SEC)
#define PATH_SIZE 512

/* A tree of files in a directory of its own, a watch on it, and what it told. */
struct tree {
    struct loop loop;
    struct watch *watch;
    struct timer guard;
    char base[64]; /* holds "app", which is watched, and "outside" */
    size_t changes, failures;
    uint64_t changed_at;
    struct error error;
    bool free_when_told;
    uv_sem_t listed, may_end; /* of list_late */
};

static const char *path_of(const struct tree *t, const char *name)
{
    static char paths[4][PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % ARRAY_LENGTH(paths)];
    int len = snprintf(path, PATH_SIZE, "%s/%s", t->base, name);
    assert_in_range(len, 1, PATH_SIZE - 1);
    return path;
}

static void put(const struct tree *t, const char *name, const char *text)
{
    int fd = open(path_of(t, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void make(const struct tree *t, const char *name)
{
    assert_int_equal(mkdir(path_of(t, name), 0755), 0);
}

static void move(const struct tree *t, const char *from, const char *to)
{
    assert_int_equal(rename(path_of(t, from), path_of(t, to)), 0);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void remove_all(const struct tree *t, const char *name)
{
    remove_tree(path_of(t, name));
}

static void on_changed(void *data)
{
    struct tree *t = data;
    t->changes++;
    t->changed_at = loop_now(&t->loop);
    if (t->free_when_told)
        watch_free(take(&t->watch));
}

static void on_failed(void *data, const struct error *error)
{
    struct tree *t = data;
    t->failures++;
    t->error = *error;
    if (t->free_when_told)
        watch_free(take(&t->watch));
}

static const struct watch_events events = {.changed = on_changed, .failed = on_failed};

static void on_guard(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing was told in time");
}

static void await(struct tree *t, bool (*is_there)(const struct tree *t, size_t changes_before))
{
    size_t before = t->changes;
    timer_start(&t->loop, &t->guard, loop_now(&t->loop) + GUARD, on_guard);
    while (!is_there(t, before))
        (void)uv_run(&t->loop.uv, UV_RUN_ONCE);
    timer_cancel(&t->loop, &t->guard);
}

static bool is_changed(const struct tree *t, size_t changes_before)
{
    return t->changes > changes_before;
}

static bool is_failed(const struct tree *t, size_t changes_before)
{
    (void)changes_before;
    return t->failures > 0;
}

static bool is_settled(const struct tree *t, size_t changes_before)
{
    (void)changes_before;
    return !t->watch->is_listing && !timer_is_running(&t->watch->quiet);
}

static void await_change(struct tree *t)
{
    await(t, is_changed);
}

/* Until nothing is under way: every event was taken, every directory is known. */
static void settle(struct tree *t)
{
    loop_turn(&t->loop);
    await(t, is_settled);
}

static void tree_init(struct tree *t)
{
    *t = (struct tree){.base = "/tmp/turnpike-watch-XXXXXX"};
    assert_non_null(mkdtemp(t->base));
    make(t, "app");
    make(t, "outside");
    make(t, "app/sub");
    make(t, "app/.git");
    make(t, "app/__pycache__");
    make(t, "app/node_modules");
    make(t, "app/node_modules/pkg");
    make(t, "app/sub/.cache");
    put(t, "app/file", "1");
    put(t, "app/sub/file", "1");
    put(t, "app/node_modules/pkg/file", "1");
    put(t, "outside/file", "1");
    assert_int_equal(symlink("../outside", path_of(t, "app/link")), 0);
    loop_init(&t->loop);
    assert_int_equal(uv_sem_init(&t->listed, 0), 0);
    assert_int_equal(uv_sem_init(&t->may_end, 0), 0);
}

static void tree_watch(struct tree *t, const char *name)
{
    t->watch = watch_new(&t->loop, path_of(t, name), &events, t);
    assert_int_equal(t->changes + t->failures, 0);
    settle(t);
}

static void tree_release(struct tree *t)
{
    watch_free(t->watch);
    loop_run(&t->loop);
    loop_release(&t->loop);
    uv_sem_destroy(&t->listed);
    uv_sem_destroy(&t->may_end);
    remove_tree(t->base);
}

/* What is done in the tree, and whether that is a change */

static void save_in_place(struct tree *t)
{
    put(t, "app/file", "2");
}

static void save_below(struct tree *t)
{
    put(t, "app/sub/file", "2");
}

static void save_by_rename(struct tree *t)
{
    put(t, "outside/new", "2");
    move(t, "outside/new", "app/sub/file");
}

static void make_file(struct tree *t)
{
    put(t, "app/new", "");
}

static void make_link(struct tree *t)
{
    assert_int_equal(symlink("file", path_of(t, "app/other")), 0);
}

static void delete_file(struct tree *t)
{
    assert_int_equal(unlink(path_of(t, "app/sub/file")), 0);
}

static void check_out(struct tree *t)
{
    assert_int_equal(unlink(path_of(t, "app/file")), 0);
    put(t, "app/file", "2");
    put(t, "app/.git/index", "2");
}

static void make_executable(struct tree *t)
{
    assert_int_equal(chmod(path_of(t, "app/file"), 0755), 0);
}

static void touch(struct tree *t)
{
    assert_int_equal(utimensat(AT_FDCWD, path_of(t, "app/file"), NULL, 0), 0);
}

static void make_directory(struct tree *t)
{
    make(t, "app/new");
}

static void delete_directory(struct tree *t)
{
    remove_all(t, "app/sub");
}

static void install_package(struct tree *t)
{
    make(t, "app/node_modules/other");
}

static void lock_packages(struct tree *t)
{
    put(t, "app/node_modules/.package-lock.json", "{}");
}

static void change_environment(struct tree *t)
{
    put(t, "app/.env", "A=b");
}

static void read_file(struct tree *t)
{
    char byte;
    int fd = open(path_of(t, "app/file"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, &byte, 1), 1);
    (void)close(fd);
}

static void read_directory(struct tree *t)
{
    DIR *directory = opendir(path_of(t, "app/sub"));
    while (readdir(directory))
        ;
    (void)closedir(directory);
}

static void commit(struct tree *t)
{
    put(t, "app/.git/index", "2");
}

static void compile_python(struct tree *t)
{
    put(t, "app/__pycache__/a.pyc", "2");
    make(t, "app/sub/__pycache__");
}

static void make_hidden(struct tree *t)
{
    make(t, "app/.venv");
    put(t, "app/.venv/file", "2");
}

static void change_package(struct tree *t)
{
    put(t, "app/node_modules/pkg/file", "2");
}

static void change_behind_link(struct tree *t)
{
    put(t, "outside/file", "2");
}

static const struct {
    const char *name;
    void (*act)(struct tree *t);
    bool is_change;
} cases[] = {
    {"a save in place", save_in_place, true},
    {"a save below", save_below, true},
    {"a save by rename", save_by_rename, true},
    {"a new file", make_file, true},
    {"a new link", make_link, true},
    {"a deletion", delete_file, true},
    {"a checkout", check_out, true},
    {"another mode", make_executable, true},
    {"another time", touch, true},
    {"a new directory", make_directory, true},
    {"a directory less", delete_directory, true},
    {"a new package", install_package, true},
    {"the packages' list", lock_packages, true},
    {"a hidden file", change_environment, true},
    {"reading a file", read_file, false},
    {"reading a directory", read_directory, false},
    {"a commit", commit, false},
    {"what Python compiles", compile_python, false},
    {"a hidden directory", make_hidden, false},
    {"within a package", change_package, false},
    {"behind a link", change_behind_link, false},
};

static void test_changes(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct tree t;
        tree_init(&t);
        tree_watch(&t, "app");
        c->act(&t);
        loop_turn(&t.loop); /* the events are in the kernel's queue by now */
        bool noted = timer_is_running(&t.watch->quiet);
        CHECK_CASE(c, noted == c->is_change, "%d", noted);
        settle(&t);
        CHECK_CASE(c, (t.changes > 0) == c->is_change, "%zu", t.changes);
        CHECK_CASE(c, t.failures == 0, "%s", t.error.text);
        tree_release(&t);
    }
}

/* Files made in directories before these could be watched, and changed afterwards. */
static void test_new_directories(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    make(&t, "app/a");
    make(&t, "app/a/b");
    make(&t, "app/a/b/c");
    put(&t, "app/a/b/c/file", "1");
    settle(&t);
    assert_true(t.changes > 0);
    put(&t, "app/a/b/c/file", "2");
    await_change(&t);
    move(&t, "app/a", "app/z");
    settle(&t);
    make(&t, "app/z/b/c/d");
    settle(&t);
    put(&t, "app/z/b/c/d/file", "1");
    await_change(&t);
    tree_release(&t);
}

/* The listing finds a directory whose own event has been told already. */
static void test_directory_found_late(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    make(&t, "app/new");
    loop_turn(&t.loop);
    assert_true(t.watch->is_listing);
    timer_cancel(&t.loop, &t.watch->quiet); /* as though it had rung meanwhile */
    await_change(&t);
    tree_release(&t);
}

/* A listing that has seen all there was, and comes back late. */
static void list_late(struct work *work)
{
    struct watch *w = container_of(work, struct watch, work);
    watch_listing_run(&w->listing);
    struct tree *t = w->data;
    uv_sem_post(&t->listed);
    uv_sem_wait(&t->may_end);
}

static void test_directory_made_behind_the_listing(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    size_t count = t.watch->ids.count;
    t.watch->is_listing = true;
    t.watch->listing = (struct watch_listing){.fd = t.watch->fd, .directory = t.watch->directory};
    work_start(&t.loop, &t.watch->work, list_late, t.watch->work.done);
    uv_sem_wait(&t.listed);
    make(&t, "app/new");
    loop_turn(&t.loop);
    uv_sem_post(&t.may_end);
    settle(&t);
    assert_int_equal(t.watch->ids.count, count + 1);
    tree_release(&t);
}

static void test_directory_moved_out(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    size_t count = t.watch->ids.count;
    move(&t, "app/sub", "outside/sub");
    settle(&t);
    assert_int_equal(t.watch->ids.count, count - 1);
    size_t changes = t.changes;
    put(&t, "outside/sub/file", "2");
    settle(&t);
    assert_int_equal(t.changes, changes);
    move(&t, "outside/sub", "app/sub");
    settle(&t);
    put(&t, "app/sub/file", "3");
    changes = t.changes;
    await_change(&t);
    assert_int_equal(t.watch->ids.count, count);
    tree_release(&t);
}

static void test_many_changes_are_one(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    loop_update(&t.loop);
    uint64_t begun = loop_now(&t.loop);
    for (int i = 0; i < 10; i++)
        put(&t, "app/file", "2");
    await_change(&t);
    assert_true(t.changed_at >= begun + 100 * USEC_PER_MSEC);
    settle(&t);
    assert_int_equal(t.changes, 1);
    tree_release(&t);
}

/* Whoever never stops changing files is told of all the same. */
static void test_changes_without_end(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    uint64_t give_up = clock_monotonic() + GUARD;
    while (t.changes == 0 && clock_monotonic() < give_up) {
        put(&t, "app/file", "2");
        loop_turn(&t.loop);
    }
    assert_int_equal(t.changes, 1);
    tree_release(&t);
}

static void test_directory_that_comes_back(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    remove_all(&t, "app");
    settle(&t);
    assert_int_equal(t.watch->ids.count, 0);
    size_t changes = t.changes;
    assert_true(changes > 0);
    make(&t, "app");
    await_change(&t);
    assert_int_equal(t.changes, changes + 1);
    put(&t, "app/file", "1");
    await_change(&t);
    assert_int_equal(t.failures, 0);
    tree_release(&t);
}

/* Deployed by a rename: what is watched is what has the name. */
static void test_directory_that_is_replaced(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    make(&t, "next");
    move(&t, "app", "before");
    move(&t, "next", "app");
    settle(&t);
    assert_int_equal(t.watch->ids.count, 1);
    size_t changes = t.changes;
    put(&t, "before/file", "3");
    settle(&t);
    assert_int_equal(t.changes, changes);
    put(&t, "app/file", "3");
    await_change(&t);
    tree_release(&t);
}

static void test_directory_that_is_a_link(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app/link");
    put(&t, "outside/file", "2");
    await_change(&t);
    tree_release(&t);
}

/* More events than the kernel keeps, none of which tells of the last directory. */
static void test_overflow(void **state)
{
    (void)state;
    struct tree t;
    tree_init(&t);
    tree_watch(&t, "app");
    size_t count = t.watch->ids.count;
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    char line[32] = "";
    uint64_t limit;
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    (void)fclose(file);
    assert_true(str_to_u64(str_head(str_from(line), strcspn(line, "\n")), &limit));
    for (uint64_t i = 0; i <= limit / 2; i++) { /* two that are alike in a row are one event */
        assert_int_equal(chmod(path_of(&t, "app/file"), 0600), 0);
        assert_int_equal(chmod(path_of(&t, "app/sub/file"), 0600), 0);
    }
    make(&t, "app/lost");
    settle(&t);
    assert_true(t.changes > 0);
    assert_int_equal(t.watch->ids.count, count + 1);
    put(&t, "app/lost/file", "1");
    await_change(&t);
    tree_release(&t);
}

static void test_too_many_directories(void **state)
{
    (void)state;
    struct tree t;
    char name[32];
    tree_init(&t);
    for (int i = 0; i < WATCH_DIRECTORIES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "app/sub/%d", i);
        make(&t, name);
    }
    t.watch = watch_new(&t.loop, path_of(&t, "app"), &events, &t);
    assert_int_equal(t.failures, 0);
    await(&t, is_failed);
    assert_int_equal(t.error.code, ERROR_TOO_LARGE);
    assert_int_equal(t.watch->ids.count, WATCH_DIRECTORIES_MAX);
    put(&t, "app/file", "2");
    await_change(&t);
    make(&t, "app/one-more");
    settle(&t);
    assert_int_equal(t.failures, 1);
    tree_release(&t);
}

/* As many as may be are none too many. */
static void test_just_enough_directories(void **state)
{
    (void)state;
    struct tree t;
    char name[32];
    tree_init(&t);
    for (int i = 0; i < WATCH_DIRECTORIES_MAX - 2; i++) { /* beside "app" and "sub" */
        (void)snprintf(name, sizeof(name), "outside/%d", i);
        make(&t, name);
    }
    make(&t, "outside/sub");
    tree_watch(&t, "outside");
    assert_int_equal(t.failures, 0);
    assert_int_equal(t.watch->ids.count, WATCH_DIRECTORIES_MAX);
    tree_release(&t);
}

static void test_unreadable_directory(void **state)
{
    (void)state;
    struct tree t;
    if (getuid() == 0)
        skip(); /* root reads everything */
    tree_init(&t);
    assert_int_equal(chmod(path_of(&t, "app/sub"), 0), 0);
    tree_watch(&t, "app");
    assert_int_equal(t.failures, 1);
    assert_non_null(strstr(t.error.text, "app/sub: Permission denied"));
    put(&t, "app/file", "2");
    await_change(&t);
    assert_int_equal(chmod(path_of(&t, "app/sub"), 0755), 0);
    settle(&t);
    put(&t, "app/sub/file", "2");
    await_change(&t);
    assert_int_equal(t.failures, 1);
    tree_release(&t);
}

/* What the kernel says where there is no descriptor left. */
static void test_no_inotify(void **state)
{
    (void)state;
    struct rlimit limit, none;
    FOR_EACH (free_when_told, ((const bool[]){false, true}), 2) {
        struct tree t;
        tree_init(&t);
        t.free_when_told = *free_when_told;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = (struct rlimit){0, limit.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        t.watch = watch_new(&t.loop, path_of(&t, "app"), &events, &t);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(t.failures, 0);
        while (t.failures == 0)
            loop_turn(&t.loop);
        assert_int_equal(t.error.code, ERROR_SYSTEM);
        tree_release(&t);
    }
}

static void test_freed_at_any_time(void **state)
{
    (void)state;
    struct tree t;
    watch_free(NULL);

    tree_init(&t); /* while directories are listed, at first and later */
    t.watch = watch_new(&t.loop, path_of(&t, "app"), &events, &t);
    assert_true(t.watch->is_listing);
    tree_release(&t);
    tree_init(&t);
    tree_watch(&t, "app");
    make(&t, "app/new");
    loop_turn(&t.loop);
    assert_true(t.watch->is_listing);
    tree_release(&t);
    assert_int_equal(t.changes, 0);

    tree_init(&t); /* with events that nobody has read */
    tree_watch(&t, "app");
    put(&t, "app/file", "2");
    tree_release(&t);
    assert_int_equal(t.changes, 0);

    tree_init(&t); /* when told */
    tree_watch(&t, "app");
    t.free_when_told = true;
    put(&t, "app/file", "2");
    await_change(&t);
    tree_release(&t);

    tree_init(&t); /* while its directory is gone */
    tree_watch(&t, "app");
    remove_all(&t, "app");
    settle(&t);
    tree_release(&t);
}

int main(void)
{
    (void)alarm(120); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_new_directories),
        cmocka_unit_test(test_directory_found_late),
        cmocka_unit_test(test_directory_made_behind_the_listing),
        cmocka_unit_test(test_directory_moved_out),
        cmocka_unit_test(test_many_changes_are_one),
        cmocka_unit_test(test_changes_without_end),
        cmocka_unit_test(test_directory_that_comes_back),
        cmocka_unit_test(test_directory_that_is_replaced),
        cmocka_unit_test(test_directory_that_is_a_link),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_too_many_directories),
        cmocka_unit_test(test_just_enough_directories),
        cmocka_unit_test(test_unreadable_directory),
        cmocka_unit_test(test_no_inotify),
        cmocka_unit_test(test_freed_at_any_time),
    };
    return cmocka_run_group_tests_name("net/watch", tests, NULL, NULL);
}
