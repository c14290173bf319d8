/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/gateway_response.h"

#define ROW(symbol, response_type, code, text, exception)                                          \
    [GATEWAY_##symbol] = {.id = GATEWAY_##symbol,                                                  \
                          .type = (response_type),                                                 \
                          .status = (code),                                                        \
                          .message = STR_INIT(text),                                               \
                          .body = STR_INIT("{\"message\":\"" text "\"}"),                          \
                          .error_type = (exception)},

const struct gateway_response gateway_responses[GATEWAY_RESPONSE_COUNT] = {
#define GATEWAY_RESPONSE(symbol, type, status, message, error_type, ...)                           \
    ROW(symbol, type, status, message, error_type)
#include "turnpike/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
};

const struct gateway_response websocket_gateway_responses[GATEWAY_RESPONSE_COUNT] = {
#define GATEWAY_RESPONSE(symbol, type, http_status, http_message, http_error_type, status,         \
                         message, error_type)                                                      \
    ROW(symbol, type, status, message, error_type)
#include "turnpike/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
};
