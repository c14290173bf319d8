/* SPDX-License-Identifier: Apache-2.0 */
/* function_endpoints.h: where a hosted function finds the gateway's own services, so that an SDK
 * does not go to AWS's. */
#ifndef TURNPIKE_BACKEND_FUNCTION_ENDPOINTS_H
#define TURNPIKE_BACKEND_FUNCTION_ENDPOINTS_H

#include "turnpike/model/snapshot.h"

/* URLs; empty: none. Views of the arena. */
struct function_endpoints {
    /* @connections of the one WebSocket stage that calls the function, or else of the one that
     * there is: over a plain loopback listener, else over TLS where executeApi.publicEndpoint says.
     */
    struct str management;
    struct str invoke; /* invokeApi */
};

struct function_endpoints function_endpoints_find(struct arena *a, const struct snapshot *s,
                                                  const struct function *function);

#endif
