/* SPDX-License-Identifier: Apache-2.0 */
/* proxy_result.h: what a function's structured result says, read in one pass: the part that the
 * results of all kinds of API share. */
#ifndef TURNPIKE_EVENT_PROXY_RESULT_H
#define TURNPIKE_EVENT_PROXY_RESULT_H

#include "turnpike/base/json.h"
#include "turnpike/model/request.h"

/* Who reads it: HTTP APIs pass over what they do not know, WebSocket APIs refuse it. */
enum result_form { RESULT_1_0, RESULT_2_0, RESULT_WEBSOCKET };

/* One result being read, on the stack of whoever does. It is read to its end before a problem
 * counts: an object may turn out not to be a structured answer, and then its members may be of any
 * type. */
struct proxy_result {
    struct json_reader json;
    struct arena *arena;
    enum result_form form;
    const char *problem; /* the first; NULL: none */

    struct str text;              /* the whole: a string as what it says, else as it was written */
    bool structured;              /* it has a statusCode */
    uint64_t status;              /* 0: not a number */
    LIST(struct header) headers;  /* of "headers" */
    LIST(struct header) repeated; /* of "multiValueHeaders" or "cookies" */
    struct str body;
    bool base64;
};

/* False where the payload is not JSON. What *ret_error says, here and below, is the text of
 * integrationErrorMessage (static, or of the arena). */
MUST_USE bool proxy_result_read(struct proxy_result *r, struct arena *arena, enum result_form form,
                                struct str payload, struct str *ret_error);

/* Makes the response of what was read, the values of multiValueHeaders or cookies before the one
 * that "headers" has for the same name. False where it is no structured answer as API Gateway
 * expects it. */
MUST_USE bool proxy_result_respond(struct proxy_result *r, struct response *response,
                                   struct str *ret_error);

#endif
