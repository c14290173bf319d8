/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: times and how AWS and HTTP write them. Modules take `now` as a parameter; only the
 * loop and the daemon read a clock. */
#ifndef TURNPIKE_BASE_CLOCK_H
#define TURNPIKE_BASE_CLOCK_H

#include <stdint.h>

#include "turnpike/base/str.h"

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)

/* Microseconds of a clock that never runs backwards. */
uint64_t clock_monotonic(void);
/* Microseconds since 1970-01-01 UTC. */
uint64_t clock_wall(void);

#define CLOCK_CLF_SIZE  27 /* "12/Mar/2020:19:03:58 +0000" and NUL */
#define CLOCK_HTTP_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */
#define CLOCK_ISO_SIZE  25 /* "2020-03-12T19:03:58.123Z" and NUL */

/* UTC, English month names whatever the locale. `wall` is microseconds since 1970. */
struct str clock_clf(uint64_t wall, char out[CLOCK_CLF_SIZE]);
struct str clock_http(uint64_t wall, char out[CLOCK_HTTP_SIZE]); /* RFC 9110, 5.6.7 */
struct str clock_iso(uint64_t wall, char out[CLOCK_ISO_SIZE]);

/* "2020-03-12T19:03:58.123+01:00" (RFC 3339, 5.6), from 1970 on. False where text is none. */
MUST_USE bool clock_read_iso(struct str text, uint64_t *ret_wall);

/* What clock_http writes, from 1970 on; the day of the week is not looked at. False where text is
 * anything else. */
MUST_USE bool clock_read_http(struct str text, uint64_t *ret_wall);

#endif
