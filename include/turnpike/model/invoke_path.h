/* SPDX-License-Identifier: Apache-2.0 */
/* invoke_path.h: what a request asks the Lambda Invoke API for, from its path and query (AWS:
 * Lambda "Invoke"). */
#ifndef TURNPIKE_MODEL_INVOKE_PATH_H
#define TURNPIKE_MODEL_INVOKE_PATH_H

#include "turnpike/base/arena.h"
#include "turnpike/model/function_name.h"

enum invoke_operation {
    INVOKE_OPERATION_UNKNOWN,
    INVOKE_FUNCTION,  /* Invoke */
    INVOKE_ASYNC,     /* InvokeAsync, which came before Invoke's type Event */
    INVOKE_STREAMING, /* InvokeWithResponseStream */
};

/* Which of them a path is, as it came. Where it is known: the segment that names the function,
 * still encoded. */
enum invoke_operation invoke_path_read(struct str raw_path, struct str *ret_function);

/* What AWS demands of its parameters, as its answers quote it. */
#define INVOKE_NAME_PATTERN                                                                        \
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"    \
    "(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
#define INVOKE_NAME_MAX          170
#define INVOKE_QUALIFIER_PATTERN "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
#define INVOKE_QUALIFIER_MAX     128

/* NAME, ACCOUNT:function:NAME, an ARN and the like, each with an optional :QUALIFIER: all that the
 * pattern allows, parts taken as it takes them. Results are views of text; `arn` stays empty. */
MUST_USE bool invoke_name_read(struct str text, struct function_name *ret_name);

/* Whether text has the pattern of a qualifier, which is not empty. */
bool invoke_qualifier_is(struct str text);

/* The first Qualifier of a query, decoded; at is NULL where there is none. */
struct str invoke_query_qualifier(struct arena *a, struct str query);

#endif
