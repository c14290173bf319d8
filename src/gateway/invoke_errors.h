/* SPDX-License-Identifier: Apache-2.0 */
/* invoke_errors.h: how the Invoke API refuses, as Lambda does (AWS: Lambda "Invoke", "Errors"). */
#ifndef TURNPIKE_GATEWAY_INVOKE_ERRORS_H
#define TURNPIKE_GATEWAY_INVOKE_ERRORS_H

#include "turnpike/gateway/exchange.h"

enum invoke_error {
    INVOKE_UNKNOWN_OPERATION,
    INVOKE_WRONG_METHOD,
    INVOKE_NOT_IMPLEMENTED,
    INVOKE_INVALID_NAME,
    INVOKE_INVALID_PARAMETER,
    INVOKE_INVALID_CONTENT,
    INVOKE_ACCESS_DENIED,
    INVOKE_NOT_FOUND,
    INVOKE_BODY_TIMEOUT,
    INVOKE_TOO_LARGE,
    INVOKE_THROTTLED,
    INVOKE_EVENTS_FULL,
    INVOKE_NO_FUNCTION_ANSWER,
    INVOKE_NO_MEMORY,
    INVOKE_TIMED_OUT,
    INVOKE_ERROR_COUNT
};

/* The row that a stage which other kinds of exchange share, or the edge, refuses with. */
const struct gateway_response *invoke_error_row(enum gateway_response_id id);

/* For stages: as exchange_refuse and exchange_refuse_saying. */
enum verdict invoke_refuse(struct exchange *x, enum invoke_error error, const char *why, ...)
    PRINTF(3, 4);
enum verdict invoke_refuse_saying(struct exchange *x, enum invoke_error error, struct str message,
                                  const char *why, ...) PRINTF(4, 5);

#endif
