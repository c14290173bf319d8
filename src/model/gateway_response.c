/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/gateway_response.h"

const struct gateway_response gateway_responses[GATEWAY_RESPONSE_COUNT] = {
#define GATEWAY_RESPONSE(symbol, response_type, code, text, exception)                             \
    [GATEWAY_##symbol] = {.type = (response_type),                                                 \
                          .status = (code),                                                        \
                          .message = STR_INIT(text),                                               \
                          .body = STR_INIT("{\"message\":\"" text "\"}"),                          \
                          .error_type = (exception)},
#include "turnpike/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
};
