/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/observe/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "turnpike/base/scope.h"

static const char *const type_names[] = {
    [FIGURE_COUNTER] = "counter",
    [FIGURE_GAUGE] = "gauge",
    [FIGURE_HISTOGRAM] = "histogram",
};

static void append_head(struct buf *out, struct str name, struct str help, const char *type)
{
    buf_literal(out, "# HELP ");
    buf_append(out, name);
    buf_append_char(out, ' ');
    FOR_EACH (c, help.at, help.len) {
        if (*c == '\n')
            buf_literal(out, "\\n");
        else if (*c == '\\')
            buf_literal(out, "\\\\");
        else
            buf_append_char(out, *c);
    }
    buf_printf(out, "\n# TYPE %" STR_F " %s\n", STR_A(name), type);
}

/* Whole numbers as such, as long as a double holds them exactly; others as short as they can be
 * read back. */
static void append_value(struct buf *out, double value)
{
    char text[32];
    if (value >= 0 && value < 9e15 && value == (double)(uint64_t)value) {
        buf_append_u64(out, (uint64_t)value);
        return;
    }
    (void)snprintf(text, sizeof(text), "%.15g", value);
    if (strtod(text, NULL) != value)
        (void)snprintf(text, sizeof(text), "%.17g", value);
    buf_append(out, str_from(text));
}

static void append_series(struct buf *out, struct str name, const char *suffix, struct str labels)
{
    buf_append(out, name);
    buf_append(out, str_from(suffix));
    if (labels.len)
        buf_printf(out, "{%" STR_F "}", STR_A(labels));
    buf_append_char(out, ' ');
}

/* Buckets are counted apart, and told with all below them. */
static void append_histogram(struct buf *out, const struct family *family,
                             const struct figure *figure)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        count += figure->histogram.buckets[i];
        buf_printf(out, "%" STR_F "_bucket{%" STR_F "%sle=\"", STR_A(family->name),
                   STR_A(figure->labels), figure->labels.len ? "," : "");
        if (i < HISTOGRAM_BUCKETS)
            buf_printf(out, "%g", histogram_bound(family->unit, i));
        else
            buf_literal(out, "+Inf");
        buf_literal(out, "\"} ");
        buf_append_u64(out, count);
        buf_append_char(out, '\n');
    }
    append_series(out, family->name, "_sum", figure->labels);
    append_value(out, figure->histogram.sum);
    buf_append_char(out, '\n');
    append_series(out, family->name, "_count", figure->labels);
    buf_append_u64(out, count);
    buf_append_char(out, '\n');
}

static void append_figure(struct buf *out, const struct family *family, const struct figure *figure)
{
    switch (family->type) {
    case FIGURE_COUNTER:
        append_series(out, family->name, "", figure->labels);
        buf_append_u64(out, figure->count);
        break;
    case FIGURE_GAUGE:
        append_series(out, family->name, "", figure->labels);
        append_value(out, figure->value);
        break;
    case FIGURE_HISTOGRAM:
        append_histogram(out, family, figure);
        return;
    }
    buf_append_char(out, '\n');
}

static void append_family(struct buf *out, const struct family *family)
{
    append_head(out, family->name, family->help, type_names[family->type]);
    for (const struct figure *figure = family->figures; figure; figure = figure->next)
        append_figure(out, family, figure);
}

/* Field `number` of /proc/self/stat, from 3 on: those behind the command, which is in parentheses
 * and may itself hold spaces (proc(5)). */
static bool read_stat(struct str stat, unsigned number, uint64_t *ret_value)
{
    struct str rest = stat, field = {NULL, 0};
    for (size_t close; (close = str_find(rest, ')')) < rest.len;)
        rest = str_skip(rest, close + 1);
    rest = str_skip(rest, 1);
    for (unsigned i = 3; i <= number; i++)
        if (!str_split(&rest, ' ', &field))
            return false;
    return str_to_u64(field, ret_value);
}

static size_t read_file(const char *path, char *out, size_t size)
{
    scoped_file FILE *file = fopen(path, "re");
    return file ? fread(out, 1, size, file) : 0;
}

/* Seconds between 1970 and the machine's start. */
static double boot_time(void)
{
    struct timespec wall, boot;
    if (clock_gettime(CLOCK_REALTIME, &wall) != 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return 0;
    return (double)(wall.tv_sec - boot.tv_sec) + (double)(wall.tv_nsec - boot.tv_nsec) / 1e9;
}

/* The entries of /proc/self/fd, without the one that reading it takes. */
static double open_files(void)
{
    double count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count - 1;
}

static void append_process(struct buf *out, const char *name, const char *help, const char *type,
                           double value)
{
    append_head(out, str_from(name), str_from(help), type);
    append_series(out, str_from(name), "", str_of(NULL, 0));
    append_value(out, value);
    buf_append_char(out, '\n');
}

enum { STAT_USER_TIME = 14, STAT_SYSTEM_TIME = 15, STAT_START_TIME = 22, STAT_RESIDENT = 24 };

/* The names that Prometheus client libraries use. What cannot be read is left out. */
static void append_processes(struct buf *out)
{
    char text[1024];
    struct str stat = str_of(text, read_file("/proc/self/stat", text, sizeof(text)));
    double ticks = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);
    uint64_t user, system, start, resident;
    if (read_stat(stat, STAT_USER_TIME, &user) && read_stat(stat, STAT_SYSTEM_TIME, &system))
        append_process(out, "process_cpu_seconds_total", "User and system CPU time.", "counter",
                       (double)(user + system) / ticks);
    if (read_stat(stat, STAT_RESIDENT, &resident))
        append_process(out, "process_resident_memory_bytes", "Resident memory.", "gauge",
                       (double)resident * page);
    if (read_stat(stat, STAT_START_TIME, &start))
        append_process(out, "process_start_time_seconds", "When the process started, since 1970.",
                       "gauge", boot_time() + (double)start / ticks);

    struct rlimit limit;
    append_process(out, "process_open_fds", "Open file descriptors.", "gauge", open_files());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        append_process(out, "process_max_fds", "Most file descriptors that may be open.", "gauge",
                       (double)limit.rlim_cur);
}

void metrics_write(struct buf *out, const struct counters *counters)
{
    for (const struct family *f = counters_first(counters); f; f = f->next)
        append_family(out, f);
    append_processes(out);
}
