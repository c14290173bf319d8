/* SPDX-License-Identifier: Apache-2.0 */
/* trace_id.h: the parts of X-Amzn-Trace-Id (AWS: X-Ray "Tracing header"). */
#ifndef TURNPIKE_BASE_TRACE_ID_H
#define TURNPIKE_BASE_TRACE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/base/str.h"

#define TRACE_ROOT_SIZE   36 /* "1-5759e988-bd862e3fe1be46a994272793" and NUL */
#define TRACE_PARENT_SIZE 17 /* "53995c3f42cd8ad8" and NUL */

bool trace_root_is(struct str s);
bool trace_parent_is(struct str s);

/* A new one, of that time. */
void trace_root_make(uint64_t wall, char out[TRACE_ROOT_SIZE]);
void trace_parent_make(char out[TRACE_PARENT_SIZE]);

#endif
