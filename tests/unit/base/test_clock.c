/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/clock.h"

#include "testing.h"

/* clang-format off */
static const struct {
    const char *name;
    uint64_t seconds, microseconds;
    const char *clf, *http, *iso;
} cases[] = {
    {"the epoch", 0, 0, "01/Jan/1970:00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 GMT",
     "1970-01-01T00:00:00.000Z"},
    {"RFC 9110's example", 784111777, 999999, "06/Nov/1994:08:49:37 +0000",
     "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.999Z"},
    {"AWS's example", 1583348638, 390000, "04/Mar/2020:19:03:58 +0000",
     "Wed, 04 Mar 2020 19:03:58 GMT", "2020-03-04T19:03:58.390Z"},
    {"milliseconds are cut, not rounded", 1, 1999, "01/Jan/1970:00:00:01 +0000",
     "Thu, 01 Jan 1970 00:00:01 GMT", "1970-01-01T00:00:01.001Z"},
    {"a leap day", 1709251199, 0, "29/Feb/2024:23:59:59 +0000", "Thu, 29 Feb 2024 23:59:59 GMT",
     "2024-02-29T23:59:59.000Z"},
    {"beyond 32 bits", 4294967296, 0, "07/Feb/2106:06:28:16 +0000",
     "Sun, 07 Feb 2106 06:28:16 GMT", "2106-02-07T06:28:16.000Z"},
    {"the last", 253402300799, 0, "31/Dec/9999:23:59:59 +0000", "Fri, 31 Dec 9999 23:59:59 GMT",
     "9999-12-31T23:59:59.000Z"},
};
/* clang-format on */

static void formats(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        uint64_t wall = c->seconds * USEC_PER_SEC + c->microseconds;
        char clf[CLOCK_CLF_SIZE], http[CLOCK_HTTP_SIZE], iso[CLOCK_ISO_SIZE];
        CHECK_CASE(c, str_is(clock_clf(wall, clf), c->clf), "got %s", clf);
        CHECK_CASE(c, str_is(clock_http(wall, http), c->http), "got %s", http);
        CHECK_CASE(c, str_is(clock_iso(wall, iso), c->iso), "got %s", iso);
        CHECK_CASE(c, strlen(clf) + 1 == sizeof(clf), "size");
        CHECK_CASE(c, strlen(http) + 1 == sizeof(http), "size");
        CHECK_CASE(c, strlen(iso) + 1 == sizeof(iso), "size");
    }
}

static void every_month_and_day_has_its_name(void **state)
{
    (void)state;
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    char http[CLOCK_HTTP_SIZE];
    for (unsigned i = 0; i < 12; i++) { /* the middle of each month of 1970 */
        struct str got = clock_http((i * 2629800 + 1209600) * USEC_PER_SEC, http);
        assert_str_equal(str_head(str_skip(got, 8), 3), str_from(months[i]));
    }
    for (unsigned i = 0; i < 7; i++) {
        struct str got = clock_http(i * 86400 * USEC_PER_SEC, http);
        assert_str_equal(str_head(got, 3), str_from(days[i]));
    }
}

static void nothing_is_written_beyond_the_last_year(void **state)
{
    (void)state;
    char clf[CLOCK_CLF_SIZE], http[CLOCK_HTTP_SIZE], iso[CLOCK_ISO_SIZE];
    assert_int_equal(clock_clf(UINT64_MAX, clf).len, sizeof(clf) - 1);
    assert_int_equal(clock_http(UINT64_MAX, http).len, sizeof(http) - 1);
    assert_int_equal(clock_iso(UINT64_MAX, iso).len, sizeof(iso) - 1);
}

static void clocks_tell_time(void **state)
{
    (void)state;
    uint64_t before = clock_monotonic();
    assert_true(clock_monotonic() >= before);
    assert_true(clock_wall() > 1583348638 * USEC_PER_SEC);
}

/* clang-format off */
static const struct {
    const char *name, *text;
    bool valid;
    uint64_t seconds, microseconds;
} texts[] = {
    {"UTC", "1994-11-06T08:49:37Z", true, 784111777, 0},
    {"milliseconds", "2020-03-04T19:03:58.390Z", true, 1583348638, 390000},
    {"more digits than count", "1970-01-01T00:00:00.1234567Z", true, 0, 123456},
    {"east of UTC", "2020-03-04T20:03:58+01:00", true, 1583348638, 0},
    {"west of UTC", "2020-03-04T13:33:58-05:30", true, 1583348638, 0},
    {"small letters", "1970-01-01t00:00:00z", true, 0, 0},
    {"a leap day", "2024-02-29T23:59:59Z", true, 1709251199, 0},
    {"no leap day", "2023-02-29T23:59:59Z", false, 0, 0},
    {"no such month", "2023-13-01T00:00:00Z", false, 0, 0},
    {"no such hour", "2023-01-01T24:00:00Z", false, 0, 0},
    {"no such minute", "2023-01-01T00:60:00Z", false, 0, 0},
    {"before 1970", "1969-12-31T23:59:59Z", false, 0, 0},
    {"before 1970 by its offset", "1970-01-01T00:30:00+01:00", false, 0, 0},
    {"no offset", "2020-03-04T19:03:58", false, 0, 0},
    {"half an offset", "2020-03-04T19:03:58+01", false, 0, 0},
    {"more behind the offset", "2020-03-04T19:03:58+01:00x", false, 0, 0},
    {"a point without digits", "2020-03-04T19:03:58.Z", false, 0, 0},
    {"a date alone", "2020-03-04", false, 0, 0},
    {"one digit", "2020-3-04T19:03:58Z", false, 0, 0},
    {"nothing", "", false, 0, 0},
};
/* clang-format on */

static void reads_iso(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, texts) {
        uint64_t wall = 0;
        bool valid = clock_read_iso(str_from(c->text), &wall);
        CHECK_CASE(c, valid == c->valid, "%s", valid ? "read" : "refused");
        CHECK_CASE(c, wall == c->seconds * USEC_PER_SEC + c->microseconds, "got %llu",
                   (unsigned long long)wall);
    }
}

static const struct {
    const char *name, *text;
    uint64_t seconds;
} dates[] = {
    {"RFC 9110's", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"the beginning", "Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"a leap day", "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
    {"December", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
    {"another day of the week", "Mon, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"no leap day", "Wed, 29 Feb 2023 00:00:00 GMT", 0},
    {"no month", "Sun, 06 Nvo 1994 08:49:37 GMT", 0},
    {"a month in capitals", "Sun, 06 NOV 1994 08:49:37 GMT", 0},
    {"before 1970", "Wed, 31 Dec 1969 23:59:59 GMT", 0},
    {"hour 24", "Sun, 06 Nov 1994 24:49:37 GMT", 0},
    {"a leap second", "Sun, 06 Nov 1994 08:49:60 GMT", 0},
    {"another zone", "Sun, 06 Nov 1994 08:49:37 CET", 0},
    {"one digit", "Sun,  6 Nov 1994 08:49:37 GMT", 0},
    {"RFC 850's", "Sunday, 06-Nov-94 08:49:37 GMT", 0},
    {"asctime's", "Sun Nov  6 08:49:37 1994     ", 0},
    {"something behind", "Sun, 06 Nov 1994 08:49:37 GMT ", 0},
    {"nothing", "", 0},
};

static void reads_dates_of_http(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, dates) {
        uint64_t wall = 0;
        bool valid = clock_read_http(str_from(c->text), &wall);
        CHECK_CASE(c, valid == (c->seconds > 0 || c == &dates[1]), "%s",
                   valid ? "read" : "refused");
        CHECK_CASE(c, wall == c->seconds * USEC_PER_SEC, "got %llu", (unsigned long long)wall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(every_month_and_day_has_its_name),
        cmocka_unit_test(reads_iso),
        cmocka_unit_test(reads_dates_of_http),
        cmocka_unit_test(nothing_is_written_beyond_the_last_year),
        cmocka_unit_test(clocks_tell_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
