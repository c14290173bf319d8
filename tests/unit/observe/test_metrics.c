/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/observe/metrics.h"

#include <stdlib.h>

#include "testing.h"

static bool contains(const struct buf *out, const char *text)
{
    return str_find_str(buf_str(out), str_from(text)) < buf_len(out);
}

static void writes_families(void **state)
{
    (void)state;
    static const struct label labels[] = {{"api", STR_INIT("todo")},
                                          {"route", STR_INIT("a\"b\\\n")}};
    struct counters *c = counters_new();
    scoped_buf struct buf out = {0};
    counters_figure(c, FIGURE_COUNTER, "turnpike_a_total", "All\nof \\them.", labels, 2)->count = 7;
    (void)counters_figure(c, FIGURE_COUNTER, "turnpike_a_total", "", labels, 1);
    counters_figure(c, FIGURE_GAUGE, "turnpike_b", "A gauge.", NULL, 0)->value = -1.5;

    metrics_write(&out, c);
    assert_true(str_starts_with(buf_str(&out),
                                STR("# HELP turnpike_a_total All\\nof \\\\them.\n"
                                    "# TYPE turnpike_a_total counter\n"
                                    "turnpike_a_total{api=\"todo\",route=\"a\\\"b\\\\\\n\"} 7\n"
                                    "turnpike_a_total{api=\"todo\"} 0\n"
                                    "# HELP turnpike_b A gauge.\n"
                                    "# TYPE turnpike_b gauge\n"
                                    "turnpike_b -1.5\n")));
    counters_free(c);
}

static void histograms_are_cumulative(void **state)
{
    (void)state;
    static const struct label label = {"api", STR_INIT("todo")};
    struct counters *c = counters_new();
    scoped_buf struct buf out = {0};
    struct figure *f = counters_figure(c, FIGURE_HISTOGRAM, "turnpike_d_seconds", "D.", &label, 1);
    histogram_observe(f, 0.001); /* a bound belongs to its bucket */
    histogram_observe(f, 0.002);
    histogram_observe(f, 31);
    (void)counters_figure(c, FIGURE_HISTOGRAM, "turnpike_e_bytes", "E.", NULL, 0);

    metrics_write(&out, c);
    assert_true(contains(&out, "# TYPE turnpike_d_seconds histogram\n"
                               "turnpike_d_seconds_bucket{api=\"todo\",le=\"0.001\"} 1\n"
                               "turnpike_d_seconds_bucket{api=\"todo\",le=\"0.0025\"} 2\n"));
    assert_true(contains(&out, "turnpike_d_seconds_bucket{api=\"todo\",le=\"30\"} 2\n"
                               "turnpike_d_seconds_bucket{api=\"todo\",le=\"+Inf\"} 3\n"
                               "turnpike_d_seconds_sum{api=\"todo\"} 31.00"));
    assert_true(contains(&out, "turnpike_d_seconds_count{api=\"todo\"} 3\n"));
    assert_true(contains(&out, "turnpike_e_bytes_bucket{le=\"100\"} 0\n"));
    assert_true(contains(&out, "turnpike_e_bytes_sum 0\nturnpike_e_bytes_count 0\n"));
    counters_free(c);
}

static double value_of(const struct buf *out, const char *name)
{
    struct str text = buf_str(out), line;
    while (str_split(&text, '\n', &line)) {
        if (!str_starts_with(line, str_from(name)) || line.at[strlen(name)] != ' ')
            continue;
        return strtod(line.at + strlen(name) + 1, NULL);
    }
    fail_msg("no %s", name);
    return 0;
}

static void tells_of_the_process(void **state)
{
    (void)state;
    struct counters *c = counters_new();
    scoped_buf struct buf out = {0};
    metrics_write(&out, c);
    assert_true(value_of(&out, "process_resident_memory_bytes") > 100000);
    assert_true(value_of(&out, "process_cpu_seconds_total") >= 0);
    assert_true(value_of(&out, "process_open_fds") >= 3);
    assert_true(value_of(&out, "process_max_fds") >= value_of(&out, "process_open_fds"));
    assert_true(value_of(&out, "process_start_time_seconds") > 1.5e9);
    counters_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_families),
        cmocka_unit_test(histograms_are_cumulative),
        cmocka_unit_test(tells_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
