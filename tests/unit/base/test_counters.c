/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/counters.h"

#include "testing.h"

static struct figure *requests(struct counters *c, struct str api, struct str status)
{
    struct label labels[] = {{"api", api}, {"status", status}};
    return counters_figure(c, FIGURE_COUNTER, "requests_total", "Requests.", labels, 2);
}

static void a_series_is_found_again(void **state)
{
    (void)state;
    struct counters *c = counters_new();
    struct figure *f = requests(c, STR("todo"), STR("200"));
    assert_ptr_equal(requests(c, STR("todo"), STR("200")), f);
    assert_ptr_not_equal(requests(c, STR("todo"), STR("404")), f);
    assert_ptr_not_equal(requests(c, STR("chat"), STR("200")), f);
    assert_str_equal(f->labels, STR("api=\"todo\",status=\"200\""));
    figure_add(f, 2);
    figure_add(f, 3);
    assert_int_equal(f->count, 5);
    assert_int_equal(f->family->figure_count, 3);
    counters_free(c);
}

static void labels_are_escaped(void **state)
{
    (void)state;
    struct counters *c = counters_new();
    struct figure *f = requests(c, STR("a\"b\\c\nd"), STR("1\",api=\"2"));
    assert_str_equal(f->labels, STR("api=\"a\\\"b\\\\c\\nd\",status=\"1\\\",api=\\\"2\""));
    counters_free(c);
}

static void families_keep_their_order(void **state)
{
    (void)state;
    struct counters *c = counters_new();
    struct label one = {"n", STR_INIT("1")}, two = {"n", STR_INIT("2")};
    assert_null(counters_first(c));
    (void)counters_figure(c, FIGURE_GAUGE, "b", "The first.", &two, 1);
    (void)counters_figure(c, FIGURE_HISTOGRAM, "a_bytes", "The second.", NULL, 0);
    (void)counters_figure(c, FIGURE_GAUGE, "b", "The first.", &one, 1);

    const struct family *first = counters_first(c), *second = first->next;
    assert_str_equal(first->name, STR("b"));
    assert_str_equal(first->help, STR("The first."));
    assert_int_equal(first->type, FIGURE_GAUGE);
    assert_str_equal(first->figures->labels, STR("n=\"2\""));
    assert_str_equal(first->figures->next->labels, STR("n=\"1\""));
    assert_null(first->figures->next->next);
    assert_str_equal(second->name, STR("a_bytes"));
    assert_str_equal(second->figures->labels, STR(""));
    assert_int_equal(second->unit, HISTOGRAM_BYTES);
    assert_null(second->next);
    counters_free(c);
}

/* A value on a bound belongs below it ("le"). */
static void histograms(void **state)
{
    (void)state;
    struct counters *c = counters_new();
    struct figure *f = counters_figure(c, FIGURE_HISTOGRAM, "t_seconds", "Time.", NULL, 0);
    assert_int_equal(f->family->unit, HISTOGRAM_SECONDS);
    histogram_observe(f, 0);
    histogram_observe(f, 0.001);
    histogram_observe(f, 0.0011);
    histogram_observe(f, 30);
    histogram_observe(f, 31);
    assert_int_equal(f->histogram.buckets[0], 2);
    assert_int_equal(f->histogram.buckets[1], 1);
    assert_int_equal(f->histogram.buckets[HISTOGRAM_BUCKETS - 1], 1);
    assert_int_equal(f->histogram.buckets[HISTOGRAM_BUCKETS], 1);
    assert_true(f->histogram.sum > 61.0020 && f->histogram.sum < 61.0022);

    assert_true(histogram_bound(HISTOGRAM_SECONDS, 0) == 0.001);
    assert_true(histogram_bound(HISTOGRAM_BYTES, 0) == 100);
    assert_true(histogram_bound(HISTOGRAM_BYTES, HISTOGRAM_BUCKETS - 1) == 3000000);
    for (size_t i = 1; i < HISTOGRAM_BUCKETS; i++)
        assert_true(histogram_bound(HISTOGRAM_BYTES, i) > histogram_bound(HISTOGRAM_BYTES, i - 1));
    counters_free(c);
}

static void series_are_bounded(void **state)
{
    (void)state;
    struct counters *c = counters_new();
    struct figure *f = NULL;
    for (int i = 0; i < 100010; i++) {
        char text[16];
        struct label label = {"n", str_of(text, (size_t)snprintf(text, sizeof(text), "%d", i))};
        f = counters_figure(c, FIGURE_COUNTER, "many", "Many.", &label, 1);
    }
    assert_str_equal(f->labels, STR(""));
    assert_int_equal(f->family->figure_count, 100001);
    counters_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_is_found_again),   cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(families_keep_their_order), cmocka_unit_test(histograms),
        cmocka_unit_test(series_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
