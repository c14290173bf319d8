/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/clock.h"

#include <time.h>

static uint64_t microseconds(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_monotonic(void)
{
    return microseconds(CLOCK_MONOTONIC);
}

uint64_t clock_wall(void)
{
    return microseconds(CLOCK_REALTIME);
}

static struct tm broken_down(uint64_t wall)
{
    time_t seconds = (time_t)(wall / USEC_PER_SEC);
    struct tm t;
    (void)gmtime_r(&seconds, &t);
    return t;
}

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* Two decimal digits; four for years, which end at 9999. */
static char *put2(char *out, int value)
{
    out[0] = (char)('0' + value / 10 % 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

static char *put4(char *out, int value)
{
    return put2(put2(out, value / 100), value % 100);
}

static char *put_text(char *out, const char *text)
{
    while (*text)
        *out++ = *text++;
    return out;
}

static char *put_time(char *out, const struct tm *t)
{
    out = put2(out, t->tm_hour);
    *out++ = ':';
    out = put2(out, t->tm_min);
    *out++ = ':';
    return put2(out, t->tm_sec);
}

static struct str ended(char *start, char *end)
{
    *end = '\0';
    return str_of(start, (size_t)(end - start));
}

struct str clock_clf(uint64_t wall, char out[CLOCK_CLF_SIZE])
{
    struct tm t = broken_down(wall);
    char *at = put2(out, t.tm_mday);
    *at++ = '/';
    at = put_text(at, months[t.tm_mon]);
    *at++ = '/';
    at = put4(at, t.tm_year + 1900);
    *at++ = ':';
    return ended(out, put_text(put_time(at, &t), " +0000"));
}

struct str clock_http(uint64_t wall, char out[CLOCK_HTTP_SIZE])
{
    struct tm t = broken_down(wall);
    char *at = put_text(put_text(out, days[t.tm_wday]), ", ");
    at = put2(at, t.tm_mday);
    *at++ = ' ';
    at = put_text(at, months[t.tm_mon]);
    *at++ = ' ';
    at = put4(at, t.tm_year + 1900);
    *at++ = ' ';
    return ended(out, put_text(put_time(at, &t), " GMT"));
}

struct str clock_iso(uint64_t wall, char out[CLOCK_ISO_SIZE])
{
    struct tm t = broken_down(wall);
    int ms = (int)(wall / USEC_PER_MSEC % 1000);
    char *at = put4(out, t.tm_year + 1900);
    *at++ = '-';
    at = put2(at, t.tm_mon + 1);
    *at++ = '-';
    at = put2(at, t.tm_mday);
    *at++ = 'T';
    at = put_time(at, &t);
    *at++ = '.';
    *at++ = (char)('0' + ms / 100);
    at = put2(at, ms);
    *at++ = 'Z';
    return ended(out, at);
}

/* Takes `digits` decimal digits and, where it is not 0, the character behind them. */
static bool take_number(struct str *text, size_t digits, char behind, int *ret_value)
{
    uint64_t value;
    if (!str_to_u64(str_head(*text, digits), &value) || text->len < digits + (behind ? 1 : 0))
        return false;
    if (behind && text->at[digits] != behind)
        return false;
    *text = str_skip(*text, digits + (behind ? 1 : 0));
    *ret_value = (int)value;
    return true;
}

/* ".123", in microseconds; digits beyond those count for nothing. */
static bool take_fraction(struct str *text, uint64_t *ret_microseconds)
{
    uint64_t unit = USEC_PER_SEC;
    *ret_microseconds = 0;
    if (!str_starts_with(*text, STR(".")))
        return true;
    size_t i = 1;
    for (; i < text->len && text->at[i] >= '0' && text->at[i] <= '9'; i++) {
        unit /= 10;
        *ret_microseconds += unit * (uint64_t)(text->at[i] - '0');
    }
    *text = str_skip(*text, i);
    return i > 1;
}

/* "Z" or "+01:00", in seconds. */
static bool take_offset(struct str text, int64_t *ret_seconds)
{
    int hours, minutes;
    *ret_seconds = 0;
    if (str_eq_nocase(text, STR("Z")))
        return true;
    bool west = str_starts_with(text, STR("-"));
    if (!west && !str_starts_with(text, STR("+")))
        return false;
    text = str_skip(text, 1);
    if (!take_number(&text, 2, ':', &hours) || !take_number(&text, 2, '\0', &minutes) ||
        text.len > 0 || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = (west ? -60 : 60) * (hours * 60 + minutes);
    return true;
}

/* Between date and time stands a T; RFC 3339 allows the small letter too. */
static bool take_calendar(struct str *text, struct tm *t)
{
    if (!take_number(text, 4, '-', &t->tm_year) || !take_number(text, 2, '-', &t->tm_mon) ||
        !take_number(text, 2, '\0', &t->tm_mday) || !str_starts_with_nocase(*text, STR("T")))
        return false;
    *text = str_skip(*text, 1);
    return take_number(text, 2, ':', &t->tm_hour) && take_number(text, 2, ':', &t->tm_min) &&
           take_number(text, 2, '\0', &t->tm_sec);
}

bool clock_read_iso(struct str text, uint64_t *ret_wall)
{
    struct tm t = {0};
    uint64_t fraction;
    int64_t offset;
    if (!take_calendar(&text, &t) || !take_fraction(&text, &fraction) ||
        !take_offset(text, &offset))
        return false;
    struct tm asked = t;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    int64_t seconds = timegm(&t); /* which moves what no calendar has, such as 30 February */
    if (t.tm_mday != asked.tm_mday || t.tm_mon + 1 != asked.tm_mon || t.tm_sec != asked.tm_sec ||
        t.tm_min != asked.tm_min || seconds < offset)
        return false;
    *ret_wall = (uint64_t)(seconds - offset) * USEC_PER_SEC + fraction;
    return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", written as clock_read_iso reads it. What does not belong there
 * is found when it is written back. */
bool clock_read_http(struct str text, uint64_t *ret_wall)
{
    char iso[] = "YYYY-MM-DDThh:mm:ssZ", again[CLOCK_HTTP_SIZE];
    uint64_t wall;
    if (text.len != CLOCK_HTTP_SIZE - 1)
        return false;
    size_t month = 0;
    while (month < ARRAY_LENGTH(months) && !str_is(str_head(str_skip(text, 8), 3), months[month]))
        month++;
    memcpy(iso, text.at + 12, 4);
    (void)put2(iso + 5, (int)month + 1); /* 13 is none */
    memcpy(iso + 8, text.at + 5, 2);
    memcpy(iso + 11, text.at + 17, 8);
    if (!clock_read_iso(str_from(iso), &wall) ||
        !str_eq(str_skip(clock_http(wall, again), 3), str_skip(text, 3)))
        return false;
    *ret_wall = wall;
    return true;
}
