/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/function_variables.h"

#define NAME_OF_IT "it follows from the function's name"

/* Sorted by name. Of AWS's own list, _HANDLER and AWS_EXECUTION_ENV are missing: there is no
 * runtime here to know them, so what the gateway guesses may be corrected. */
static const struct function_variable variables[] = {
    {"AWS_ACCESS_KEY_ID",               true,  "'credentials' decides"                  },
    {"AWS_DEFAULT_REGION",              false, "'awsRegion' decides"                    },
    {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", false, "'memorySize' decides"                   },
    {"AWS_LAMBDA_FUNCTION_NAME",        false, NAME_OF_IT                               },
    {"AWS_LAMBDA_FUNCTION_VERSION",     false, "there is only $LATEST"                  },
    {"AWS_LAMBDA_INITIALIZATION_TYPE",  false, "it is always on-demand"                 },
    {"AWS_LAMBDA_LOG_GROUP_NAME",       false, NAME_OF_IT                               },
    {"AWS_LAMBDA_LOG_STREAM_NAME",      false, "each process has one of its own"        },
    {"AWS_LAMBDA_MAX_CONCURRENCY",      false, "a process has one invocation at a time" },
    {"AWS_LAMBDA_RUNTIME_API",          false, "each process has one of its own"        },
    {"AWS_REGION",                      false, "'awsRegion' decides"                    },
    {"AWS_SECRET_ACCESS_KEY",           true,  "'credentials' decides"                  },
    {"AWS_SESSION_TOKEN",               true,  "'credentials' decides"                  },
    {"LAMBDA_RUNTIME_DIR",              false, "it is always /var/runtime"              },
    {"LAMBDA_TASK_ROOT",                false, "'process.workingDirectory' decides"     },
    {"PWD",                             false, "'process.workingDirectory' decides"     },
    {"_LAMBDA_TELEMETRY_LOG_FD",        false, "logs are lines of stdout and stderr"    },
    {"_X_AMZN_TRACE_ID",                false, "the runtime sets it for each invocation"},
};

const char *const credential_variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "HOME",
    NULL,
};

const struct function_variable *function_variable_find(struct str name)
{
    FOR_EACH (variable, variables, ARRAY_LENGTH(variables))
        if (str_is(name, variable->name))
            return variable;
    return NULL;
}
