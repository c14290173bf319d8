/* SPDX-License-Identifier: Apache-2.0 */
/* invoke.h: a call of the Lambda Invoke API on its way through the pipeline. Private to gateway/.
 */
#ifndef TURNPIKE_GATEWAY_INVOKE_H
#define TURNPIKE_GATEWAY_INVOKE_H

#include "turnpike/base/uuid.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/model/invoke_path.h"

/* X-Amz-Invocation-Type. */
enum invoke_type {
    INVOKE_REQUEST_RESPONSE,
    INVOKE_EVENT,
    INVOKE_DRY_RUN,
    INVOKE_TYPE_COUNT,
};

/* In the exchange's arena. */
struct invoke {
    char uuid[UUID_SIZE];
    struct str request_id; /* the call's own, or the one that the function's endpoint gave it */
    enum invoke_operation operation;
    enum invoke_type type;
    bool wants_log;                  /* X-Amz-Log-Type: Tail */
    struct function_name name;       /* its qualifier from the query, too; empty: none */
    struct str arn;                  /* as the call names it, with its qualifier */
    const struct function *function; /* NULL until it was found */
    struct str client_context;       /* JSON in one line, or empty */
};

/* Names the call; before the first stage. */
void invoke_begin(struct exchange *x);

/* Which function is to be invoked and how. */
enum verdict resolve_invoke(struct exchange *x);

struct str invoke_type_name(enum invoke_type type);

/* What the body may have, by the type: Lambda's quotas, or limits.payloadBytes where that is less.
 */
uint64_t invoke_body_max(const struct exchange *x);
enum verdict invoke_refuse_body(struct exchange *x);

/* What every answer has. */
void invoke_add_headers(struct exchange *x);

/* Counts a call that is over. */
void invoke_count(struct counters *counters, const struct exchange *x);

#endif
