/* SPDX-License-Identifier: Apache-2.0 */
/* lambda_event.h: the event that a function receives from an HTTP API (AWS: "Working with AWS
 * Lambda proxy integrations for HTTP APIs"), byte for byte as API Gateway writes it. */
#ifndef TURNPIKE_EVENT_LAMBDA_EVENT_H
#define TURNPIKE_EVENT_LAMBDA_EVENT_H

#include "turnpike/base/buf.h"
#include "turnpike/model/request.h"

/* Appends the event in the integration's payload format. `scratch` holds what decoding needs. */
void lambda_event_write(struct buf *out, const struct transaction *t, struct arena *scratch);

#endif
