/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/log_writer.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/clock.h"

#include "testing.h"

#define PATIENCE (10 * USEC_PER_SEC)

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/test_log_writer.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -r '%s'", directory);
    return system(command);
}

static struct str path_of(const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", directory, name);
    return str_from(out);
}

static struct buf read_file(const char *name)
{
    char path[128];
    struct buf content = {0};
    int fd = open(path_of(name, path).at, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n;
    while ((n = read(fd, buf_reserve(&content, 4096), 4096)) > 0)
        buf_commit(&content, (size_t)n);
    (void)close(fd);
    return content;
}

static struct log_file *open_log(struct log_writer *w, const char *name)
{
    char path[128];
    struct error error = {0};
    struct log_file *f = log_writer_open(w, path_of(name, path), &error);
    if (!f)
        fail_msg("%s", error.text);
    return f;
}

static void lines_reach_their_files_in_order(void **state)
{
    (void)state;
    struct log_writer *w = log_writer_new(1 << 20);
    struct log_file *a = open_log(w, "a"), *b = open_log(w, "b");
    assert_ptr_equal(a, open_log(w, "a"));

    scoped_buf struct buf want_a = {0}, want_b = {0};
    for (unsigned i = 0; i < 2000; i++) {
        scoped_buf struct buf line = {0};
        buf_printf(&line, "line %u", i);
        log_file_write(i % 3 ? a : b, buf_str(&line));
        buf_printf(i % 3 ? &want_a : &want_b, "line %u\n", i);
    }
    log_file_write(a, (struct str){0});
    buf_literal(&want_a, "\n");
    assert_int_equal(log_writer_dropped(w), 0);
    log_writer_free(w, PATIENCE);

    scoped_buf struct buf got_a = read_file("a"), got_b = read_file("b");
    assert_str_equal(buf_str(&got_a), buf_str(&want_a));
    assert_str_equal(buf_str(&got_b), buf_str(&want_b));
}

static void a_file_is_appended_to_and_private(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct log_writer *w = log_writer_new(4096);
        log_file_write(open_log(w, "append"), STR("x"));
        log_writer_free(w, PATIENCE);
    }
    scoped_buf struct buf got = read_file("append");
    assert_str_equal(buf_str(&got), STR("x\nx\n"));
    char path[128];
    struct stat info;
    assert_int_equal(stat(path_of("append", path).at, &info), 0);
    assert_int_equal(info.st_mode & 0137, 0);
}

static void a_path_that_cannot_be_opened_is_an_error(void **state)
{
    (void)state;
    struct log_writer *w = log_writer_new(4096);
    char path[128];
    struct error error = {0};
    assert_null(log_writer_open(w, path_of("none/such", path), &error));
    assert_int_equal(error.code, ERROR_SYSTEM);
    assert_non_null(strstr(error.text, "none/such"));
    log_writer_free(w, PATIENCE);
}

static void what_was_queued_before_a_reopen_stays_in_the_old_file(void **state)
{
    (void)state;
    char from[128], to[128];
    struct log_writer *w = log_writer_new(65536);
    struct log_file *f = open_log(w, "log");
    log_file_write(f, STR("before"));
    assert_int_equal(rename(path_of("log", from).at, path_of("log.1", to).at), 0);
    assert_true(log_writer_reopen(w, NULL));
    log_file_write(f, STR("after"));
    log_writer_free(w, PATIENCE);

    scoped_buf struct buf old = read_file("log.1"), new = read_file("log");
    assert_str_equal(buf_str(&old), STR("before\n"));
    assert_str_equal(buf_str(&new), STR("after\n"));
}

static void a_failed_reopen_keeps_the_old_file(void **state)
{
    (void)state;
    char from[128], to[128], file[128];
    assert_int_equal(mkdir(path_of("in", from).at, 0700), 0);
    struct log_writer *w = log_writer_new(65536);
    struct log_file *f = open_log(w, "in/log");
    assert_int_equal(rename(from, path_of("out", to).at), 0);
    struct error error = {0};
    assert_false(log_writer_reopen(w, &error));
    assert_int_equal(error.code, ERROR_SYSTEM);
    log_file_write(f, STR("still here"));
    log_writer_free(w, PATIENCE);
    (void)path_of("in/log", file);
    assert_int_equal(access(file, F_OK), -1);
    scoped_buf struct buf got = read_file("out/log");
    assert_str_equal(buf_str(&got), STR("still here\n"));
}

static void a_line_larger_than_the_ring_is_dropped(void **state)
{
    (void)state;
    struct log_writer *w = log_writer_new(4096);
    struct log_file *f = open_log(w, "large");
    char line[4096];
    memset(line, 'x', sizeof(line));
    log_file_write(f, str_of(line, sizeof(line)));
    log_file_write(f, STR("small"));
    assert_int_equal(log_writer_dropped(w), 1);
    log_writer_free(w, PATIENCE);
    scoped_buf struct buf got = read_file("large");
    assert_str_equal(buf_str(&got), STR("small\n"));
}

/* A pipe that nobody reads: lines are lost and counted, callers go on, ending takes its patience.
 */
static void a_stuck_reader_costs_lines_only(void **state)
{
    (void)state;
    char path[128];
    assert_int_equal(mkfifo(path_of("fifo", path).at, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct log_writer *w = log_writer_new(16384);
    struct log_file *f = open_log(w, "fifo");
    char line[1000];
    memset(line, 'x', sizeof(line));
    for (int i = 0; i < 1000; i++)
        log_file_write(f, str_of(line, sizeof(line)));
    uint64_t began = clock_monotonic();
    log_writer_free(w, 50 * USEC_PER_MSEC);
    assert_true(clock_monotonic() - began < USEC_PER_SEC);
    (void)close(reader);
}

static void a_pipe_without_a_reader_kills_nobody(void **state)
{
    (void)state;
    char path[128];
    assert_int_equal(mkfifo(path_of("broken", path).at, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct log_writer *w = log_writer_new(16384);
    struct log_file *f = open_log(w, "broken"), *other = open_log(w, "other");
    (void)close(reader);
    log_file_write(f, STR("lost"));
    log_file_write(other, STR("kept"));
    uint64_t began = clock_monotonic();
    while (log_writer_dropped(w) == 0 && clock_monotonic() - began < PATIENCE)
        (void)sched_yield();
    assert_int_equal(log_writer_dropped(w), 1);
    log_writer_free(w, PATIENCE);
    scoped_buf struct buf got = read_file("other");
    assert_str_equal(buf_str(&got), STR("kept\n"));
}

/* A file that may not grow stands for a full disk: EFBIG after a part of the line. */
static void a_line_cut_off_by_a_full_disk_does_not_swallow_the_next(void **state)
{
    (void)state;
    struct rlimit before, small = {.rlim_cur = 10};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    struct log_writer *w = log_writer_new(65536);
    struct log_file *f = open_log(w, "full");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    log_file_write(f, STR("first"));
    log_file_write(f, STR("second"));
    uint64_t began = clock_monotonic();
    while (log_writer_dropped(w) == 0 && clock_monotonic() - began < PATIENCE)
        (void)sched_yield();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    log_file_write(f, STR("third"));
    log_writer_free(w, PATIENCE);
    scoped_buf struct buf got = read_file("full");
    assert_str_equal(buf_str(&got), STR("first\nseco\nthird\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_reach_their_files_in_order),
        cmocka_unit_test(a_file_is_appended_to_and_private),
        cmocka_unit_test(a_path_that_cannot_be_opened_is_an_error),
        cmocka_unit_test(what_was_queued_before_a_reopen_stays_in_the_old_file),
        cmocka_unit_test(a_failed_reopen_keeps_the_old_file),
        cmocka_unit_test(a_line_larger_than_the_ring_is_dropped),
        cmocka_unit_test(a_stuck_reader_costs_lines_only),
        cmocka_unit_test(a_pipe_without_a_reader_kills_nobody),
        cmocka_unit_test(a_line_cut_off_by_a_full_disk_does_not_swallow_the_next),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
