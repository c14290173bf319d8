/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.h: regular expressions out of definitions (PCRE2), with bounds on what a match may cost.
 */
#ifndef TURNPIKE_TEXT_PATTERN_H
#define TURNPIKE_TEXT_PATTERN_H

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"

struct pattern; /* owned by who made it: a snapshot frees its patterns by snapshot_on_release */

/* `text` without slashes around it. NULL where it is malformed; *ret_why says how, of the arena. */
struct pattern *pattern_new(struct arena *a, struct str text, struct str *ret_why);
void pattern_free(struct pattern *p); /* takes NULL */

/* Whether it matches the text as a whole. A match that would cost too much is none. */
bool pattern_matches(const struct pattern *p, struct str text);

#endif
