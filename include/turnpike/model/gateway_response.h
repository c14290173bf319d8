/* SPDX-License-Identifier: Apache-2.0 */
/* gateway_response.h: the table of the answers that the gateway makes itself. */
#ifndef TURNPIKE_MODEL_GATEWAY_RESPONSE_H
#define TURNPIKE_MODEL_GATEWAY_RESPONSE_H

#include "turnpike/base/str.h"

enum gateway_response_id {
#define GATEWAY_RESPONSE(symbol, type, status, message, error_type) GATEWAY_##symbol,
#include "turnpike/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
    GATEWAY_RESPONSE_COUNT
};

struct gateway_response {
    const char *type; /* $context.error.responseType */
    unsigned status;
    struct str message;     /* $context.error.message */
    struct str body;        /* {"message":"…"} */
    const char *error_type; /* x-amzn-ErrorType; NULL: none */
};

extern const struct gateway_response gateway_responses[GATEWAY_RESPONSE_COUNT];

#endif
