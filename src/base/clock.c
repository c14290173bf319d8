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
