/* SPDX-License-Identifier: Apache-2.0 */
#include "lambda_classify.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"

#define MESSAGE_MAX 1024 /* bytes of a foreign text that reach the access log */

/* The texts that AWS logs. */
#define NOT_PERMITTED                                                                              \
    "The IAM role configured on the integration or API Gateway doesn't have permissions to call "  \
    "the integration. Check the permissions and try again."
#define FUNCTION_ERROR_BEFORE "The Lambda function returned the following error: "
#define FUNCTION_ERROR_BEHIND ". Check your Lambda function code and try again."
#define RESPONSE_TOO_LARGE                                                                         \
    "Response payload size exceeded maximum allowed payload size (6291556 bytes)."

#define TIMED_OUT_BEFORE "Task timed out after "

static struct lambda_verdict verdict(enum integration_failure failure, enum lambda_result result,
                                     struct str error)
{
    return (struct lambda_verdict){.failure = failure, .result = result, .error = error};
}

/* Cut where a character ends: the log must not hold half of one. */
static struct str bounded(struct str s)
{
    if (s.len <= MESSAGE_MAX)
        return s;
    size_t len = MESSAGE_MAX;
    while (len > 0 && ((unsigned char)s.at[len] & 0xC0) == 0x80)
        len--;
    return str_head(s, len);
}

struct str lambda_function_error(struct str message, struct arena *arena)
{
    message = bounded(message);
    return arena_printf(arena, FUNCTION_ERROR_BEFORE "%" STR_F FUNCTION_ERROR_BEHIND,
                        STR_A(message));
}

/* Bodies of errors. */

/* The members that runtimes write into an error object (Node, Python, Java, Ruby, Go). */
static const char *const error_keys[] = {"errorMessage", "errorType", "stackTrace",
                                         "trace",        "requestId", "cause"};

static bool is_error_key(struct str key)
{
    FOR_EACH (known, error_keys, ARRAY_LENGTH(error_keys)) {
        if (str_is(key, *known))
            return true;
    }
    return false;
}

struct error_object {
    struct str message, type; /* at is NULL where the member is absent */
    bool foreign;             /* another member was there */
};

static bool read_text(struct json_reader *r, struct str *ret_text)
{
    return json_peek(r) == JSON_TYPE_STRING ? json_read_string(r, ret_text)
                                            : json_skip(r, ret_text);
}

/* Reads the members that matter; false where the text is no object. `strict` gives up at the first
 * member that no error has, so an ordinary result costs next to nothing. */
static bool read_error_object(struct str body, bool strict, struct arena *arena,
                              struct error_object *ret_error)
{
    struct json_reader r;
    struct str key;
    json_reader_init(&r, body, arena);
    *ret_error = (struct error_object){0};
    if (json_peek(&r) != JSON_TYPE_OBJECT || !json_enter_object(&r))
        return false;
    while (json_next_member(&r, &key)) {
        struct str ignored, *text = &ignored;
        ret_error->foreign = ret_error->foreign || !is_error_key(key);
        if (strict && ret_error->foreign)
            return false;
        if (str_is(key, "errorMessage"))
            text = &ret_error->message;
        else if (str_is(key, "errorType"))
            text = &ret_error->type;
        if (!read_text(&r, text))
            return false;
    }
    return json_finish(&r);
}

struct str lambda_reported_error(struct str body, struct arena *arena)
{
    struct error_object error;
    if (!read_error_object(body, false, arena, &error) || !error.message.at)
        return STR("");
    struct str message = bounded(error.message);
    return error.type.len > 0 ? arena_printf(arena, "%" STR_F ": %" STR_F,
                                             STR_A(bounded(error.type)), STR_A(message))
                              : message;
}

/* "Task timed out after 3.00 seconds", which the emulator writes as plain text. */
static bool is_timeout_text(struct str body)
{
    static const char digits[] = "0123456789.";
    if (!str_starts_with(body, STR(TIMED_OUT_BEFORE)) || !str_ends_with(body, STR(" seconds")))
        return false;
    struct str number = str_skip(body, sizeof(TIMED_OUT_BEFORE) - 1);
    number = str_head(number, str_find(number, ' '));
    for (size_t i = 0; i < number.len; i++) {
        if (!memchr(digits, number.at[i], sizeof(digits) - 1))
            return false;
    }
    return number.len > 0;
}

static struct lambda_verdict function_failed(struct str message, struct arena *arena)
{
    bool timed_out = str_find_str(message, STR(TIMED_OUT_BEFORE)) < message.len;
    return verdict(INTEGRATION_FUNCTION_ERROR,
                   timed_out ? LAMBDA_RESULT_TIMEOUT : LAMBDA_RESULT_ERROR,
                   lambda_function_error(message, arena));
}

/* The service has said that the function failed: whatever the body is, it says why. */
static struct lambda_verdict marked_failure(struct str body, struct arena *arena)
{
    struct error_object error;
    if (!read_error_object(body, false, arena, &error))
        return function_failed(body, arena);
    struct str message = error.message.at ? error.message : error.type;
    return function_failed(message.at ? message : body, arena);
}

/* Emulators drop the header that marks a failure, so the body must tell. */
static bool looks_failed(struct str body, struct arena *arena, struct str *ret_message)
{
    struct error_object error;
    if (is_timeout_text(body)) {
        *ret_message = body;
        return true;
    }
    if (!read_error_object(body, true, arena, &error) || !error.message.at || !error.type.at)
        return false;
    *ret_message = error.message;
    return true;
}

/* Errors of the service. */

#define CLOCK    "is this machine's clock right?"
#define KEY      "is this the secret of that access key ID, and this machine's clock right?"
#define UNSIGNED "the call is not signed: 'signWith' of the function signs it"
#define UNKNOWN  "AWS does not know the access key ID, or not with this session token"
#define EXPIRED  "a temporary key has ended: 'turnpike reload' reads another"

/* By name: AWS: Lambda "Invoke", "Errors", and "Common errors". */
static const struct {
    const char *name; /* without "Exception"; "": none was named; NULL: any */
    unsigned status;  /* 0: any */
    enum integration_failure failure;
    enum lambda_result result;
    const char *text; /* NULL: what the service wrote, which a text of ours leaves to the log */
    const char *hint; /* for the log, or NULL */
} service_errors[] = {
    {"AccessDenied",               0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, NULL   },
    {"EC2Throttled",               0,   INTEGRATION_THROTTLED, LAMBDA_RESULT_THROTTLE, NULL,          NULL   },
    {"ExpiredToken",               0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, EXPIRED},
    {"IncompleteSignature",        0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, KEY    },
    {"InvalidClientTokenId",       0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, UNKNOWN},
    {"InvalidSignature",           0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, KEY    },
    {"MissingAuthenticationToken", 0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED,
     UNSIGNED                                                                                                },
    {"NotAuthorized",              0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, NULL   },
    {"OptInRequired",              0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, NULL   },
    {"RequestExpired",             0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, CLOCK  },
    {"RequestTimeTooSkewed",       0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, CLOCK  },
    {"SignatureDoesNotMatch",      0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, KEY    },
    {"Throttling",                 0,   INTEGRATION_THROTTLED, LAMBDA_RESULT_THROTTLE, NULL,          NULL   },
    {"TooManyRequests",            0,   INTEGRATION_THROTTLED, LAMBDA_RESULT_THROTTLE, NULL,          NULL   },
    {"UnrecognizedClient",         0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, UNKNOWN},
    {"",                           403, INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NOT_PERMITTED, NULL   },
    {NULL,                         429, INTEGRATION_THROTTLED, LAMBDA_RESULT_THROTTLE, NULL,          NULL   },
    {NULL,                         0,   INTEGRATION_STATUS,    LAMBDA_RESULT_ERROR,    NULL,          NULL   },
};

static struct str find_value(const struct lambda_reply *reply, struct str name)
{
    const struct header *field = http_find_header(reply->headers, reply->header_count, name);
    return field ? field->value : (struct str){0};
}

/* "prefix#ResourceNotFoundException:http://…" is ResourceNotFound; SAM writes the short name. */
static struct str short_name(struct str name)
{
    name = str_head(name, str_find(name, ','));
    name = str_head(name, str_find(name, ':'));
    if (str_find(name, '#') < name.len)
        name = str_skip(name, str_find(name, '#') + 1);
    name = str_trim(name);
    if (str_ends_with(name, STR("Exception")))
        name.len -= sizeof("Exception") - 1;
    return name;
}

/* The message is in "Message" or "message": the case differs from one exception to the next. */
static void read_service_error(struct str body, struct arena *arena, struct str *name,
                               struct str *message)
{
    struct json_reader r;
    struct str key, text;
    json_reader_init(&r, body, arena);
    if (json_peek(&r) != JSON_TYPE_OBJECT || !json_enter_object(&r))
        return;
    while (json_next_member(&r, &key)) {
        if (!read_text(&r, &text))
            return;
        if (str_eq_nocase(key, STR("message")))
            *message = text;
        else if (name->len == 0 && (str_is(key, "code") || str_is(key, "__type")))
            *name = text;
    }
}

/* Behind the first line of its complaint about a signature, the service repeats the canonical
 * request, session token and all. */
static struct str service_text(unsigned status, struct str name, struct str message,
                               struct arena *arena)
{
    name = bounded(name);
    message = bounded(str_head(message, str_find(message, '\n')));
    return arena_printf(arena, "Lambda refused the invocation: %u%s%" STR_F "%s%" STR_F, status,
                        name.len ? " " : "", STR_A(name), message.len ? ": " : "", STR_A(message));
}

static struct lambda_verdict service_failed(const struct lambda_reply *reply, struct arena *arena)
{
    struct str name = find_value(reply, STR("x-amzn-errortype")), message = {0};
    read_service_error(reply->body, arena, &name, &message);
    struct str brief = short_name(name);
    size_t i = 0;
    while ((service_errors[i].name && !str_is(brief, service_errors[i].name)) ||
           (service_errors[i].status && service_errors[i].status != reply->status))
        i++;
    const char *text = service_errors[i].text, *hint = service_errors[i].hint;
    struct str said = service_text(reply->status, name, message, arena);
    struct lambda_verdict v =
        verdict(service_errors[i].failure, service_errors[i].result, text ? str_from(text) : said);
    if (text)
        v.detail = hint ? arena_printf(arena, "%" STR_F " (%s)", STR_A(said), hint) : said;
    return v;
}

/* It serves one invocation at a time and says so with an empty 400. */
static bool is_busy_rie(const struct lambda_reply *reply, enum emulator emulator)
{
    return emulator == EMULATOR_RIE && reply->status == 400 && reply->body.len == 0;
}

struct lambda_verdict lambda_classify(const struct lambda_reply *reply, enum emulator emulator,
                                      struct arena *arena)
{
    struct str message;
    bool accepted = reply->status >= 200 && reply->status <= 299;
    if (accepted && find_value(reply, STR("x-amz-function-error")).len > 0)
        return marked_failure(reply->body, arena);
    if (emulator != EMULATOR_NONE && looks_failed(reply->body, arena, &message))
        return function_failed(message, arena);
    if (accepted)
        return verdict(INTEGRATION_OK, LAMBDA_RESULT_OK, STR(""));
    if (is_busy_rie(reply, emulator))
        return verdict(INTEGRATION_THROTTLED, LAMBDA_RESULT_THROTTLE,
                       STR("the function's emulator is busy with another invocation"));
    return service_failed(reply, arena);
}

/* No answer. */

static const struct {
    enum error_code code;
    enum integration_failure failure;
    enum lambda_result result;
    const char *text; /* NULL: with the error's own */
} transport_errors[] = {
    {ERROR_TIMEOUT,   INTEGRATION_TIMED_OUT,      LAMBDA_RESULT_TIMEOUT,
     "The function did not answer within the integration's timeout."         },
    {ERROR_TOO_LARGE, INTEGRATION_FUNCTION_ERROR, LAMBDA_RESULT_ERROR,
     FUNCTION_ERROR_BEFORE RESPONSE_TOO_LARGE FUNCTION_ERROR_BEHIND          },
    {ERROR_PROTOCOL,  INTEGRATION_MALFORMED,      LAMBDA_RESULT_ERROR,   NULL},
    {ERROR_NONE,      INTEGRATION_CONNECT_FAILED, LAMBDA_RESULT_CRASH,   NULL}, /* any other */
};

struct lambda_verdict lambda_classify_error(const struct error *error, struct arena *arena)
{
    size_t i = 0;
    while (transport_errors[i].code != error->code && transport_errors[i].code != ERROR_NONE)
        i++;
    const char *text = transport_errors[i].text;
    return verdict(transport_errors[i].failure, transport_errors[i].result,
                   text ? str_from(text)
                        : arena_printf(arena, "The function's endpoint failed: %s", error->text));
}

struct lambda_verdict lambda_classify_timeout(uint64_t timeout, struct arena *arena)
{
    double seconds = (double)timeout / (double)USEC_PER_SEC;
    return function_failed(arena_printf(arena, TIMED_OUT_BEFORE "%.2f seconds", seconds), arena);
}

/* Hosted functions. */

struct lambda_verdict lambda_classify_invocation(const struct invocation_result *result,
                                                 struct arena *arena)
{
    struct lambda_verdict v;
    switch (result->end) {
    case INVOCATION_ANSWERED:
        return verdict(INTEGRATION_OK, LAMBDA_RESULT_OK, STR(""));
    case INVOCATION_REFUSED:
        return verdict(INTEGRATION_CONNECT_FAILED, LAMBDA_RESULT_CRASH,
                       arena_copy(arena, result->error));
    case INVOCATION_FAILED:
    case INVOCATION_TIMED_OUT:
    case INVOCATION_CRASHED:
        break;
    }
    v = marked_failure(buf_str(&result->payload), arena);
    if (result->end == INVOCATION_CRASHED)
        v.result = LAMBDA_RESULT_CRASH;
    return v;
}
