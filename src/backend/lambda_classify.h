/* SPDX-License-Identifier: Apache-2.0 */
/* lambda_classify.h: what an answer of the Invoke API, or its absence, means for the integration.
 */
#ifndef TURNPIKE_BACKEND_LAMBDA_CLASSIFY_H
#define TURNPIKE_BACKEND_LAMBDA_CLASSIFY_H

#include "turnpike/base/arena.h"
#include "turnpike/base/error.h"
#include "turnpike/model/request.h"

#include "invocation.h"

/* Labels of turnpike_lambda_invocations_total. */
enum lambda_result {
    LAMBDA_RESULT_OK,
    LAMBDA_RESULT_ERROR,
    LAMBDA_RESULT_TIMEOUT,
    LAMBDA_RESULT_THROTTLE,
    LAMBDA_RESULT_CRASH, /* the endpoint was not there, or broke off */
    LAMBDA_RESULTS,
};

struct lambda_verdict {
    enum integration_failure failure;
    enum lambda_result result;
    struct str error;  /* integrationErrorMessage, or empty; in the arena or static */
    struct str detail; /* where the error is too general for a log: what it says; else empty */
};

struct lambda_reply {
    unsigned status;
    const struct header *headers;
    size_t header_count;
    struct str body;
};

/* AWS: Lambda "Invoke", "Errors"; the emulators' ways where one is named. Allocates only where the
 * call has failed. */
struct lambda_verdict lambda_classify(const struct lambda_reply *reply, enum emulator emulator,
                                      struct arena *arena);

/* Where no answer came. */
struct lambda_verdict lambda_classify_error(const struct error *error, struct arena *arena);

/* The function's own timeout, in microseconds, has ended. */
struct lambda_verdict lambda_classify_timeout(uint64_t timeout, struct arena *arena);

/* How an invocation of a hosted function ended. */
struct lambda_verdict lambda_classify_invocation(const struct invocation_result *result,
                                                 struct arena *arena);

/* "TYPE: MESSAGE" of what a runtime reported; empty where the body says no message. */
struct str lambda_reported_error(struct str body, struct arena *arena);

/* The text of a function's error (AWS: "Troubleshooting HTTP API Lambda integrations"). */
struct str lambda_function_error(struct str message, struct arena *arena);

#endif
