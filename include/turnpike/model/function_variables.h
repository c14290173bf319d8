/* SPDX-License-Identifier: Apache-2.0 */
/* function_variables.h: which environment variables of a hosted function are not its own to set
 * (AWS: "Defined runtime environment variables"), and which are an operator's credentials. */
#ifndef TURNPIKE_MODEL_FUNCTION_VARIABLES_H
#define TURNPIKE_MODEL_FUNCTION_VARIABLES_H

#include "turnpike/base/str.h"

struct function_variable {
    const char *name;
    bool is_key;     /* of what the function signs with: its own where it is given no credentials */
    const char *why; /* it is not the function's: what decides instead, for messages */
};

/* By its name, exactly, or NULL: it is the function's own. */
const struct function_variable *function_variable_find(struct str name);

/* Where SDKs find credentials: what `credentials: inherit` takes from the gateway's environment.
 * The last is HOME, which alone names none. Ends in NULL. */
extern const char *const credential_variables[];

#endif
