/* SPDX-License-Identifier: Apache-2.0 */
/* gateway_response.h: the table of the answers that the gateway makes itself. */
#ifndef TURNPIKE_MODEL_GATEWAY_RESPONSE_H
#define TURNPIKE_MODEL_GATEWAY_RESPONSE_H

#include "turnpike/base/str.h"

enum gateway_response_id {
#define GATEWAY_RESPONSE(symbol, ...) GATEWAY_##symbol,
#include "turnpike/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
    GATEWAY_RESPONSE_COUNT
};

/* A row as one kind of API answers with it. */
struct gateway_response {
    enum gateway_response_id id;
    const char *type; /* $context.error.responseType */
    unsigned status;
    struct str message;     /* $context.error.message */
    struct str body;        /* {"message":"…"} */
    const char *error_type; /* x-amzn-ErrorType; NULL: none */
};

/* Of HTTP APIs, and of what meets no API; of WebSocket APIs. */
extern const struct gateway_response gateway_responses[GATEWAY_RESPONSE_COUNT];
extern const struct gateway_response websocket_gateway_responses[GATEWAY_RESPONSE_COUNT];

#endif
