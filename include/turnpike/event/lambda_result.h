/* SPDX-License-Identifier: Apache-2.0 */
/* lambda_result.h: what a function's result says about the answer to the client (same AWS page). */
#ifndef TURNPIKE_EVENT_LAMBDA_RESULT_H
#define TURNPIKE_EVENT_LAMBDA_RESULT_H

#include "turnpike/model/request.h"

/* Reads the payload in the given format, format 2.0 with inference. Fills in *response, whose
 * text is views of the payload or the arena. False where the result has no form that API Gateway
 * expects; *ret_error is then the text of integrationErrorMessage (static, or of the arena). */
MUST_USE bool lambda_result_read(struct arena *arena, enum payload_format format,
                                 struct str payload, struct response *response,
                                 struct str *ret_error);

/* What a function that streams its answer sets as Content-Type. */
#define STREAMED_RESULT_TYPE "application/vnd.awslambda.http-integration-response"

/* The same for such an answer: an object with statusCode, headers and cookies, eight NUL bytes, the
 * body (AWS: Lambda "Response streaming"). Without the object the whole is the body. */
MUST_USE bool streamed_result_read(struct arena *arena, struct str payload,
                                   struct response *response, struct str *ret_error);

#endif
