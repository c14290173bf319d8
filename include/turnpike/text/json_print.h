/* SPDX-License-Identifier: Apache-2.0 */
/* json_print.h: how values of JSON texts show within other texts. Each takes one valid JSON value.
 */
#ifndef TURNPIKE_TEXT_JSON_PRINT_H
#define TURNPIKE_TEXT_JSON_PRINT_H

#include "turnpike/base/buf.h"

/* As JSON, without the white space between its tokens; everything else as it stands. */
void json_print_compact(struct buf *out, struct str json);

/* As API Gateway's Java prints it: a string without its quotes and escapes, an object as
 * "{a=1, b=x}", null as nothing (within containers as "null"). A list is "[1, x]"; where
 * lists_are_json, its compact JSON, with all that is in it. */
void json_print_plain(struct buf *out, struct str json, bool lists_are_json);

#endif
