/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h: the X-Amzn-Trace-Id that goes with a request (AWS: "X-Ray tracing header"). */
#ifndef TURNPIKE_GATEWAY_TRACE_H
#define TURNPIKE_GATEWAY_TRACE_H

#include "turnpike/gateway/exchange.h"

/* What the client sent, where it names a root; otherwise a new root of this second, in the
 * exchange's arena. Made once for each request, when an integration is about to be called. */
struct str trace_id(struct exchange *x);

#endif
