/* SPDX-License-Identifier: Apache-2.0 */
#include "invoke_errors.h"

#include "turnpike/base/json.h"

/* What stands before the message: whose fault it is, and the message's name, whose first letter
 * differs from one exception to the next. */
#define USER            "{\"Type\":\"User\",\"Message\":"
#define USER_SMALL      "{\"Type\":\"User\",\"message\":"
#define SERVICE         "{\"Type\":\"Service\",\"Message\":"
#define THROTTLED(why)  "{\"Reason\":\"" why "\",\"Type\":\"User\",\"message\":"
#define PLAIN           "{\"Message\":"
#define PLAIN_SMALL     "{\"message\":"
#define CONCURRENCY     "ReservedFunctionConcurrentInvocationLimitExceeded"
#define INVOCATION_RATE "FunctionInvocationRateLimitExceeded"

#define ROW(row_id, row_type, code, exception, start, text)                                        \
    {                                                                                              \
        .row = {.id = (row_id),                                                                    \
                .type = (row_type),                                                                \
                .status = (code),                                                                  \
                .message = STR_INIT(text),                                                         \
                .body = STR_INIT(start "\"" text "\"}"),                                           \
                .error_type = exception "Exception"},                                              \
        .before = STR_INIT(start)                                                                  \
    }

/* clang-format off */
static const struct {
    struct gateway_response row;
    struct str before; /* of its body, where it has another message */
} errors[INVOKE_ERROR_COUNT] = {
    [INVOKE_UNKNOWN_OPERATION] = ROW(GATEWAY_NOT_FOUND, "RESOURCE_NOT_FOUND", 404, "UnknownOperation", PLAIN, "The requested operation is not one of those that are served here."),
    [INVOKE_WRONG_METHOD] = ROW(GATEWAY_NOT_FOUND, "RESOURCE_NOT_FOUND", 405, "UnknownOperation", PLAIN, "Functions are invoked by POST."),
    [INVOKE_NOT_IMPLEMENTED] = ROW(GATEWAY_NOT_IMPLEMENTED, "DEFAULT_5XX", 501, "NotImplemented", SERVICE, "This is not implemented."),
    [INVOKE_INVALID_NAME] = ROW(GATEWAY_BAD_PARAMETERS, "BAD_REQUEST_PARAMETERS", 400, "Validation", PLAIN_SMALL, "The request is not valid."),
    [INVOKE_INVALID_PARAMETER] = ROW(GATEWAY_BAD_PARAMETERS, "BAD_REQUEST_PARAMETERS", 400, "InvalidParameterValue", USER_SMALL, "A parameter is not valid."),
    [INVOKE_INVALID_CONTENT] = ROW(GATEWAY_BAD_REQUEST, "DEFAULT_4XX", 400, "InvalidRequestContent", USER_SMALL, "Could not parse request."),
    [INVOKE_ACCESS_DENIED] = ROW(GATEWAY_ACCESS_DENIED, "ACCESS_DENIED", 403, "AccessDenied", PLAIN, "Forbidden"),
    [INVOKE_NOT_FOUND] = ROW(GATEWAY_NOT_FOUND, "RESOURCE_NOT_FOUND", 404, "ResourceNotFound", USER, "Function not found"),
    [INVOKE_BODY_TIMEOUT] = ROW(GATEWAY_REQUEST_TIMEOUT, "DEFAULT_4XX", 408, "RequestTimeout", USER_SMALL, "The request did not arrive in time."),
    [INVOKE_TOO_LARGE] = ROW(GATEWAY_REQUEST_TOO_LARGE, "REQUEST_TOO_LARGE", 413, "RequestTooLarge", USER_SMALL, "Request must be smaller."),
    [INVOKE_THROTTLED] = ROW(GATEWAY_THROTTLED, "THROTTLED", 429, "TooManyRequests", THROTTLED(CONCURRENCY), "Rate Exceeded."),
    [INVOKE_EVENTS_FULL] = ROW(GATEWAY_THROTTLED, "THROTTLED", 429, "TooManyRequests", THROTTLED(INVOCATION_RATE), "Rate Exceeded."),
    [INVOKE_NO_FUNCTION_ANSWER] = ROW(GATEWAY_INTEGRATION_FAILURE, "INTEGRATION_FAILURE", 502, "Service", SERVICE, "The function could not be invoked."),
    [INVOKE_NO_MEMORY] = ROW(GATEWAY_UNAVAILABLE, "DEFAULT_5XX", 503, "Service", SERVICE, "Service Unavailable"),
    [INVOKE_TIMED_OUT] = ROW(GATEWAY_INTEGRATION_TIMEOUT, "INTEGRATION_TIMEOUT", 504, "Service", SERVICE, "The function was not done in time."),
};
/* clang-format on */

/* Those of others that mean something else here. The rest is answered as by @connections, whose
 * requests are signed likewise. */
static const struct {
    enum gateway_response_id id;
    enum invoke_error error;
} shared[] = {
    {GATEWAY_BAD_REQUEST,       INVOKE_INVALID_CONTENT},
    {GATEWAY_ACCESS_DENIED,     INVOKE_ACCESS_DENIED  },
    {GATEWAY_REQUEST_TIMEOUT,   INVOKE_BODY_TIMEOUT   },
    {GATEWAY_REQUEST_TOO_LARGE, INVOKE_TOO_LARGE      },
    {GATEWAY_NOT_IMPLEMENTED,   INVOKE_NOT_IMPLEMENTED},
    {GATEWAY_UNAVAILABLE,       INVOKE_NO_MEMORY      },
};

const struct gateway_response *invoke_error_row(enum gateway_response_id id)
{
    FOR_EACH (s, shared, ARRAY_LENGTH(shared))
        if (s->id == id)
            return &errors[s->error].row;
    return &websocket_gateway_responses[id];
}

enum verdict invoke_refuse(struct exchange *x, enum invoke_error error, const char *why, ...)
{
    va_list args;
    va_start(args, why);
    exchange_refuse_as(x, &errors[error].row, why, args);
    va_end(args);
    return DONE;
}

enum verdict invoke_refuse_saying(struct exchange *x, enum invoke_error error, struct str message,
                                  const char *why, ...)
{
    scoped_buf struct buf body = {0};
    va_list args;
    va_start(args, why);
    exchange_refuse_as(x, &errors[error].row, why, args);
    va_end(args);
    buf_append(&body, errors[error].before);
    json_write_string(&body, message);
    buf_append_char(&body, '}');
    x->t.response.body = arena_copy(&x->arena, buf_str(&body));
    return DONE;
}
