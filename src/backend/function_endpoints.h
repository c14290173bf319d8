/* SPDX-License-Identifier: Apache-2.0 */
/* function_endpoints.h: where a hosted function finds the gateway's own services, so that an SDK
 * does not go to AWS's. */
#ifndef TURNPIKE_BACKEND_FUNCTION_ENDPOINTS_H
#define TURNPIKE_BACKEND_FUNCTION_ENDPOINTS_H

#include "turnpike/model/snapshot.h"

/* URLs; empty where there is none. */

/* @connections of the one WebSocket stage that calls the function, or else of the only one that
 * there is: over a plain loopback listener, or over TLS where executeApi.publicEndpoint says. */
struct str function_management_endpoint(struct arena *a, const struct snapshot *s,
                                        const struct function *function);

/* invokeApi. */
struct str function_invoke_endpoint(struct arena *a, const struct settings *settings);

#endif
