/* SPDX-License-Identifier: Apache-2.0 */
/* What integrations of all kinds of API have. */
#include "definition.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/http_message.h"
#include "turnpike/model/function_name.h"

#define STAGE_VARIABLE "${stageVariables."
#define METHOD_MAX     32
#define TIMEOUT_MIN_MS 50

/* --- functions --- */

bool definition_is_http_url(struct str uri)
{
    return str_starts_with_nocase(uri, STR("http://")) ||
           str_starts_with_nocase(uri, STR("https://"));
}

/* Stage variables have no value yet: builder_finish checks the URI of each stage. */
bool definition_check_function(struct definition *d, const struct written *written,
                               const char *http_type)
{
    struct function_name name;
    struct str uri = written->text;
    if (str_find_str(uri, STR(STAGE_VARIABLE)) < uri.len || function_name_parse(uri, &name))
        return true;
    bool variable = str_find_str(uri, STR("${")) < uri.len;
    if (definition_is_http_url(uri))
        diag_error(d->diag, written->at, "'%" STR_F "' names no Lambda function: a URL is for %s",
                   STR_A(uri), http_type);
    else
        diag_error(d->diag, written->at, "'%" STR_F "' names no Lambda function%s", STR_A(uri),
                   variable ? ": of variables, plain text has ${AWS::Region}, ${AWS::AccountId} "
                              "and ${AWS::Partition}; others stand in Fn::Sub"
                            : "");
    return false;
}

/* --- methods --- */

/* Methods are told apart by case; these are upper case whatever a document makes of them. */
static struct str known_method(struct str written)
{
    static const struct str methods[] = {
        STR_INIT("ANY"),     STR_INIT("DELETE"), STR_INIT("GET"),  STR_INIT("HEAD"),
        STR_INIT("OPTIONS"), STR_INIT("PATCH"),  STR_INIT("POST"), STR_INIT("PUT"),
    };
    FOR_EACH (method, methods, ARRAY_LENGTH(methods))
        if (str_eq_nocase(*method, written))
            return *method;
    return written;
}

void definition_read_method(struct definition *d, const struct doc *node, const char *what,
                            struct str *ret_method)
{
    struct str method;
    if (!definition_text(d, node, what, &method))
        return;
    if (!http_is_token(method) || method.len > METHOD_MAX)
        diag_error(d->diag, node->at, "%s '%" STR_F "' is no HTTP method", what, STR_A(method));
    else if (str_eq_nocase(method, STR("CONNECT")))
        diag_error(d->diag, node->at, "%s CONNECT is for proxies", what);
    else
        *ret_method = known_method(method);
}

/* --- time --- */

void definition_read_timeout(struct definition *d, const struct doc *node, uint64_t most_ms,
                             uint64_t *ret_timeout)
{
    uint64_t milliseconds;
    if (definition_integer(d, node, "timeoutInMillis", TIMEOUT_MIN_MS, most_ms, &milliseconds))
        *ret_timeout = milliseconds * USEC_PER_MSEC;
}
