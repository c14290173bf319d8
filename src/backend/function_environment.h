/* SPDX-License-Identifier: Apache-2.0 */
/* function_environment.h: the environment variables of a hosted function's process (AWS: "Defined
 * runtime environment variables"). Nothing of the gateway's own is passed on but PATH, and its
 * credentials where the function inherits them. */
#ifndef TURNPIKE_BACKEND_FUNCTION_ENVIRONMENT_H
#define TURNPIKE_BACKEND_FUNCTION_ENVIRONMENT_H

#include "turnpike/base/sigv4.h"
#include "turnpike/model/api.h"

struct function_environment_facts {
    const struct function *function;
    const struct settings *settings;
    struct str runtime_api;      /* "127.0.0.1:40001" */
    const struct sigv4_key *key; /* for `credentials: gateway`; NULL: none */
    struct str log_stream;
    struct str ca_file;             /* whose certificates it trusts; empty: the system's */
    struct str management_endpoint; /* empty: none */
    struct str invoke_endpoint;     /* likewise */
    const char *const *inherited;   /* the gateway's own environment; NULL: nothing is in it */
};

/* "NAME=value", each name once, NULL behind the last; in the arena. What the function says of
 * itself counts, but for the names of model/function_variables.h. */
const char *const *function_environment(struct arena *a,
                                        const struct function_environment_facts *facts);

#endif
