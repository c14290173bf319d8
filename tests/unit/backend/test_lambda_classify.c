/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/backend/lambda_classify.h"

#include "turnpike/base/clock.h"

#include "testing.h"

#define NONE EMULATOR_NONE
#define RIE  EMULATOR_RIE
#define SAM  EMULATOR_SAM

#define OK        INTEGRATION_OK, LAMBDA_RESULT_OK
#define FAILED    INTEGRATION_FUNCTION_ERROR, LAMBDA_RESULT_ERROR
#define TIMED_OUT INTEGRATION_FUNCTION_ERROR, LAMBDA_RESULT_TIMEOUT
#define THROTTLED INTEGRATION_THROTTLED, LAMBDA_RESULT_THROTTLE
#define REFUSED   INTEGRATION_STATUS, LAMBDA_RESULT_ERROR
#define ERROR(msg)                                                                                 \
    "The Lambda function returned the following error: " msg ". Check your Lambda "                \
    "function code and try again."
#define IAM                                                                                        \
    "The IAM role configured on the integration or API Gateway doesn't have permissions to call "  \
    "the integration. Check the permissions and try again."

#define SAID(what) "Lambda refused the invocation: " what

/* One that says nothing else than what it says. */
#define SERVICE_ERROR(status, type)                                                                \
    {                                                                                              \
        type, NONE, status, "x-amzn-ErrorType", type, "{\"Type\":\"User\",\"Message\":\"m\"}",     \
            REFUSED, SAID(#status " " type ": m")                                                  \
    }

static const struct {
    const char *name;
    enum emulator emulator;
    unsigned status;
    const char *header, *value; /* one field, or NULL */
    const char *body;
    enum integration_failure failure;
    enum lambda_result result;
    const char *error;
} cases[] = {
    {"a payload", NONE, 200, NULL, NULL, "{\"statusCode\":200}", OK, ""},
    {"null", NONE, 200, NULL, NULL, "null", OK, ""},
    {"an empty body", NONE, 200, NULL, NULL, "", OK, ""},

    /* The service marks failures of functions. */
    {"Python", NONE, 200, "X-Amz-Function-Error", "Unhandled",
     "{\"errorMessage\":\"Handler fails\",\"errorType\":\"Exception\",\"requestId\":\"r\","
     "\"stackTrace\":[\"  File\"]}",
     FAILED, ERROR("Handler fails")},
    {"Handled counts too", NONE, 200, "x-amz-function-error", "Handled",
     "{\"errorMessage\":\"no\",\"more\":1}", FAILED, ERROR("no")},
    {"an escaped message", NONE, 200, "X-Amz-Function-Error", "Unhandled",
     "{\"errorType\":\"E\",\"errorMessage\":\"a \\\"b\\\"\"}", FAILED, ERROR("a \"b\"")},
    {"a message that is no string", NONE, 200, "X-Amz-Function-Error", "Unhandled",
     "{\"errorType\":\"E\",\"errorMessage\":{\"a\":1}}", FAILED, ERROR("{\"a\":1}")},
    {"a type alone", NONE, 200, "X-Amz-Function-Error", "Unhandled", "{\"errorType\":\"E\"}",
     FAILED, ERROR("E")},
    {"no object", NONE, 200, "X-Amz-Function-Error", "Unhandled", "\"oops\"", FAILED,
     ERROR("\"oops\"")},
    {"no JSON", NONE, 200, "X-Amz-Function-Error", "Unhandled", "oops", FAILED, ERROR("oops")},
    {"timeout", NONE, 200, "X-Amz-Function-Error", "Unhandled",
     "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: r Error: Task timed out "
     "after 1.00 seconds\"}",
     TIMED_OUT, ERROR("RequestId: r Error: Task timed out after 1.00 seconds")},
    {"timeout as it used to be", NONE, 200, "X-Amz-Function-Error", "Unhandled",
     "{\"errorMessage\":\"2022-01-01 r Task timed out after 1.00 seconds\"}", TIMED_OUT,
     ERROR("2022-01-01 r Task timed out after 1.00 seconds")},

    /* Emulators do not: the body tells, but only theirs. */
    {"an error object of the service's is a payload", NONE, 200, NULL, NULL,
     "{\"errorType\":\"Error\",\"errorMessage\":\"x\",\"trace\":[]}", OK, ""},
    {"RIE, Node", RIE, 200, "Content-Type", "text/plain; charset=utf-8",
     "{\"errorType\":\"Error\",\"errorMessage\":\"x\",\"trace\":[]}", FAILED, ERROR("x")},
    {"RIE, Python", RIE, 200, NULL, NULL,
     "{\"errorMessage\":\"x\",\"errorType\":\"E\",\"requestId\":\"\",\"stackTrace\":[]}", FAILED,
     ERROR("x")},
    {"SAM, Java", SAM, 200, NULL, NULL,
     "{\"errorMessage\":\"x\",\"errorType\":\"E\",\"stackTrace\":[],\"cause\":{}}", FAILED,
     ERROR("x")},
    {"RIE, one key too many", RIE, 200, NULL, NULL,
     "{\"errorType\":\"Error\",\"errorMessage\":\"x\",\"statusCode\":400}", OK, ""},
    {"RIE, a message alone", RIE, 200, NULL, NULL, "{\"errorMessage\":\"x\"}", OK, ""},
    {"RIE, a type alone", RIE, 200, NULL, NULL, "{\"errorType\":\"x\"}", OK, ""},
    {"RIE, cut off", RIE, 200, NULL, NULL, "{\"errorType\":\"x\",\"errorMessage\":\"x\"", OK, ""},
    {"RIE, something behind", RIE, 200, NULL, NULL, "{\"errorType\":\"x\",\"errorMessage\":\"x\"}x",
     OK, ""},
    {"RIE, timeout", RIE, 200, NULL, NULL, "Task timed out after 3.00 seconds", TIMED_OUT,
     ERROR("Task timed out after 3.00 seconds")},
    {"RIE, nearly a timeout", RIE, 200, NULL, NULL, "Task timed out after all seconds", OK, ""},
    {"RIE, a timeout in JSON", RIE, 200, NULL, NULL, "\"Task timed out after 3.00 seconds\"", OK,
     ""},
    {"RIE, busy", RIE, 400, NULL, NULL, "", THROTTLED,
     "the function's emulator is busy with another invocation"},
    {"empty 400 of another", NONE, 400, NULL, NULL, "", REFUSED,
     "Lambda refused the invocation: 400"},
    {"RIE, its newer mode", RIE, 500, "Error-Type", "Function.Unknown",
     "{\"errorType\":\"E\",\"errorMessage\":\"x\"}", FAILED, ERROR("x")},
    {"RIE, internal", RIE, 500, NULL, NULL, "", REFUSED, "Lambda refused the invocation: 500"},

    /* Errors of the service. */
    {"not found", NONE, 404, "x-amzn-ErrorType", "ResourceNotFoundException",
     "{\"Type\":\"User\",\"Message\":\"Function not found: arn:f:$LATEST\"}", REFUSED,
     "Lambda refused the invocation: 404 ResourceNotFoundException: Function not found: "
     "arn:f:$LATEST"},
    {"throttled", NONE, 429, "x-amzn-ErrorType", "TooManyRequestsException",
     "{\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\",\"Type\":\"User\","
     "\"message\":\"Rate Exceeded.\"}",
     THROTTLED, "Lambda refused the invocation: 429 TooManyRequestsException: Rate Exceeded."},
    {"any 429", NONE, 429, NULL, NULL, "", THROTTLED, "Lambda refused the invocation: 429"},
    {"throttled by EC2", NONE, 502, "x-amzn-ErrorType", "EC2ThrottledException:http://x/",
     "{\"Message\":\"m\"}", THROTTLED,
     "Lambda refused the invocation: 502 EC2ThrottledException:http://x/: m"},
    {"403 of another kind", NONE, 403, "x-amzn-ErrorType", "EFSMountFailureException", "", REFUSED,
     "Lambda refused the invocation: 403 EFSMountFailureException"},
    {"throttled before Lambda", NONE, 400, "x-amzn-ErrorType", "ThrottlingException",
     "{\"message\":\"Rate exceeded\"}", THROTTLED, SAID("400 ThrottlingException: Rate exceeded")},
    SERVICE_ERROR(400, "InvalidRequestContentException"),
    SERVICE_ERROR(400, "InvalidParameterValueException"),
    SERVICE_ERROR(400, "ValidationException"),
    SERVICE_ERROR(400, "RecursiveInvocationException"),
    SERVICE_ERROR(402, "ServiceQuotaExceededException"),
    SERVICE_ERROR(408, "EFSMountConnectivityException"),
    SERVICE_ERROR(408, "EFSMountTimeoutException"),
    SERVICE_ERROR(409, "ResourceConflictException"),
    SERVICE_ERROR(409, "SnapStartNotReadyException"),
    SERVICE_ERROR(410, "EFSIOException"),
    SERVICE_ERROR(413, "RequestTooLargeException"),
    SERVICE_ERROR(415, "UnsupportedMediaTypeException"),
    SERVICE_ERROR(500, "ServiceException"),
    SERVICE_ERROR(502, "EC2AccessDeniedException"),
    SERVICE_ERROR(502, "EC2UnexpectedException"),
    SERVICE_ERROR(502, "ENILimitReachedException"),
    SERVICE_ERROR(502, "InvalidRuntimeException"),
    SERVICE_ERROR(502, "InvalidZipFileException"),
    SERVICE_ERROR(502, "KMSAccessDeniedException"),
    SERVICE_ERROR(502, "KMSDisabledException"),
    SERVICE_ERROR(502, "ResourceNotReadyException"),
    SERVICE_ERROR(502, "SubnetIPAddressLimitReachedException"),
    SERVICE_ERROR(503, "ServiceUnavailable"),
    {"SAM's short names", SAM, 404, "x-amzn-errortype", "ResourceNotFound",
     "{\"Type\":\"User\",\"Message\":\"m\"}", REFUSED,
     "Lambda refused the invocation: 404 ResourceNotFound: m"},
    {"SAM, throttled", SAM, 429, "x-amzn-errortype", "TooManyRequests", "", THROTTLED,
     "Lambda refused the invocation: 429 TooManyRequests"},
    {"a redirect is no payload", NONE, 302, "Location", "http://x/", "", REFUSED,
     "Lambda refused the invocation: 302"},
};

/* Refusals of who calls: all alike in the access log, told apart in the log. */
static const struct {
    const char *name;
    unsigned status;
    const char *header, *value, *body, *detail;
} identities[] = {
    {"no permission", 403, "x-amzn-ErrorType", "AccessDeniedException",
     "{\"Message\":\"User: x is not authorized\"}",
     SAID("403 AccessDeniedException: User: x is not authorized")},
    {"no permission, by the body's code", 403, NULL, NULL,
     "{\"__type\":\"com.amazonaws#AccessDeniedException\",\"message\":\"m\"}",
     SAID("403 com.amazonaws#AccessDeniedException: m")},
    {"403 without a name", 403, NULL, NULL, "", SAID("403")},
    {"the wrong secret", 403, "x-amzn-ErrorType", "InvalidSignatureException",
     "{\"message\":\"The request signature we calculated does not match the signature you "
     "provided.\\n\\nThe Canonical String for this request should have been\\n'POST\\n"
     "x-amz-security-token:secret\"}",
     SAID("403 InvalidSignatureException: The request signature we calculated does not match the "
          "signature you provided. (is this the secret of that access key ID, and this machine's "
          "clock right?)")},
    {"the wrong time", 403, "x-amzn-ErrorType", "InvalidSignatureException",
     "{\"message\":\"Signature expired: 20150830T123600Z is now earlier than 20150830T130000Z "
     "(20150830T130500Z - 5 min.)\"}",
     SAID("403 InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than "
          "20150830T130000Z (20150830T130500Z - 5 min.) (is this the secret of that access key ID, "
          "and this machine's clock right?)")},
    {"too late", 400, "x-amzn-ErrorType", "RequestExpired", "",
     SAID("400 RequestExpired (is this machine's clock right?)")},
    {"too early", 403, "x-amzn-ErrorType", "RequestTimeTooSkewed", "",
     SAID("403 RequestTimeTooSkewed (is this machine's clock right?)")},
    {"a signature of another kind", 403, "x-amzn-ErrorType", "SignatureDoesNotMatch", "",
     SAID("403 SignatureDoesNotMatch (is this the secret of that access key ID, and this machine's "
          "clock right?)")},
    {"half a signature", 400, "x-amzn-ErrorType", "IncompleteSignatureException", "",
     SAID("400 IncompleteSignatureException (is this the secret of that access key ID, and this "
          "machine's clock right?)")},
    {"no signature", 403, "x-amzn-ErrorType", "MissingAuthenticationTokenException",
     "{\"message\":\"Missing Authentication Token\"}",
     SAID("403 MissingAuthenticationTokenException: Missing Authentication Token (the call is not "
          "signed: 'signWith' of the function signs it)")},
    {"an unknown key", 403, "x-amzn-ErrorType", "UnrecognizedClientException",
     "{\"message\":\"The security token included in the request is invalid.\"}",
     SAID("403 UnrecognizedClientException: The security token included in the request is invalid. "
          "(AWS does not know the access key ID, or not with this session token)")},
    {"an unknown key elsewhere", 403, "x-amzn-ErrorType", "InvalidClientTokenId", "",
     SAID("403 InvalidClientTokenId (AWS does not know the access key ID, or not with this session "
          "token)")},
    {"a temporary key that has ended", 403, "x-amzn-ErrorType", "ExpiredTokenException",
     "{\"message\":\"The security token included in the request is expired\"}",
     SAID("403 ExpiredTokenException: The security token included in the request is expired (a "
          "temporary key has ended: 'turnpike reload' reads another)")},
    {"nobody's account", 403, "x-amzn-ErrorType", "OptInRequired", "", SAID("403 OptInRequired")},
    {"nobody's action", 401, "x-amzn-ErrorType", "NotAuthorized", "", SAID("401 NotAuthorized")},
};

static void answers_mean(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct arena arena;
        arena_init(&arena, 1024);
        struct header header = {str_from(c->header), str_from(c->value)};
        struct lambda_reply reply = {.status = c->status,
                                     .headers = &header,
                                     .header_count = c->header != NULL,
                                     .body = str_from(c->body)};
        struct lambda_verdict got = lambda_classify(&reply, c->emulator, &arena);
        CHECK_CASE(c, got.failure == c->failure, "failure %d", got.failure);
        CHECK_CASE(c, got.result == c->result, "result %d", got.result);
        CHECK_CASE(c, str_is(got.error, c->error), "%" STR_F, STR_A(got.error));
        CHECK_CASE(c, got.detail.len == 0, "%" STR_F, STR_A(got.detail));
        arena_release(&arena);
    }
}

static void identities_are_refused_for_a_reason(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, identities) {
        struct arena arena;
        arena_init(&arena, 1024);
        struct header header = {str_from(c->header), str_from(c->value)};
        struct lambda_reply reply = {.status = c->status,
                                     .headers = &header,
                                     .header_count = c->header != NULL,
                                     .body = str_from(c->body)};
        struct lambda_verdict got = lambda_classify(&reply, NONE, &arena);
        CHECK_CASE(c, got.failure == INTEGRATION_STATUS, "failure %d", got.failure);
        CHECK_CASE(c, got.result == LAMBDA_RESULT_ERROR, "result %d", got.result);
        CHECK_CASE(c, str_is(got.error, IAM), "%" STR_F, STR_A(got.error));
        CHECK_CASE(c, str_is(got.detail, c->detail), "%" STR_F, STR_A(got.detail));
        arena_release(&arena);
    }
}

static const struct {
    const char *name;
    enum error_code code;
    enum integration_failure failure;
    enum lambda_result result;
} errors[] = {
    {"timeout", ERROR_TIMEOUT, INTEGRATION_TIMED_OUT, LAMBDA_RESULT_TIMEOUT},
    {"connect", ERROR_CONNECT, INTEGRATION_CONNECT_FAILED, LAMBDA_RESULT_CRASH},
    {"connection", ERROR_CONNECTION, INTEGRATION_CONNECT_FAILED, LAMBDA_RESULT_CRASH},
    {"tls", ERROR_TLS, INTEGRATION_CONNECT_FAILED, LAMBDA_RESULT_CRASH},
    {"protocol", ERROR_PROTOCOL, INTEGRATION_MALFORMED, LAMBDA_RESULT_ERROR},
    {"too large", ERROR_TOO_LARGE, INTEGRATION_FUNCTION_ERROR, LAMBDA_RESULT_ERROR},
};

static void the_lack_of_an_answer_means(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, errors) {
        struct arena arena;
        struct error error;
        arena_init(&arena, 1024);
        error_set(&error, c->code, "why");
        struct lambda_verdict got = lambda_classify_error(&error, &arena);
        CHECK_CASE(c, got.failure == c->failure && got.result == c->result, "%d %d", got.failure,
                   got.result);
        CHECK_CASE(c, got.error.len > 0, "no text");
        arena_release(&arena);
    }
}

static void a_timeout_is_written_as_lambda_writes_it(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    struct lambda_verdict got = lambda_classify_timeout(3 * USEC_PER_SEC, &arena);
    assert_int_equal(got.failure, INTEGRATION_FUNCTION_ERROR);
    assert_int_equal(got.result, LAMBDA_RESULT_TIMEOUT);
    assert_str_equal(got.error, STR(ERROR("Task timed out after 3.00 seconds")));
    arena_release(&arena);
}

/* 1024 bytes at most, and no half character. */
static void long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    char message[1100];
    for (size_t i = 0; i < sizeof(message); i += 2)
        memcpy(message + i, "\xc3\xa4", 2);
    size_t frame = sizeof(ERROR("")) - 1;
    assert_int_equal(lambda_function_error(str_of(message, 1100), &arena).len, frame + 1024);
    assert_int_equal(lambda_function_error(str_of(message + 1, 1099), &arena).len, frame + 1023);
    arena_release(&arena);
}

static void what_runtimes_report(void **state)
{
    (void)state;
    static const struct {
        const char *name, *body, *want;
    } reports[] = {
        {"both", "{\"errorType\":\"T\",\"errorMessage\":\"m\",\"stack\":[1]}", "T: m"},
        {"no type", "{\"errorMessage\":\"m\"}", "m"},
        {"a type that is no text", "{\"errorType\":1,\"errorMessage\":\"m\"}", "1: m"},
        {"no message", "{\"errorType\":\"T\"}", ""},
        {"no object", "[\"m\"]", ""},
        {"a broken one", "{\"errorMessage\":\"m\"", ""},
        {"nothing", "", ""},
    };
    FOR_EACH_CASE (c, reports) {
        struct arena arena;
        arena_init(&arena, 1024);
        struct str got = lambda_reported_error(str_from(c->body), &arena);
        CHECK_CASE(c, str_is(got, c->want), "'%" STR_F "'", STR_A(got));
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_mean),
        cmocka_unit_test(identities_are_refused_for_a_reason),
        cmocka_unit_test(the_lack_of_an_answer_means),
        cmocka_unit_test(a_timeout_is_written_as_lambda_writes_it),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(what_runtimes_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
