/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy_result.h"
#include "turnpike/event/websocket_event.h"

bool websocket_result_read(struct arena *arena, struct str payload, struct response *ret_response,
                           struct str *ret_error)
{
    struct proxy_result r;
    if (!proxy_result_read(&r, arena, RESULT_WEBSOCKET, payload, ret_error) ||
        !proxy_result_respond(&r, ret_response, ret_error))
        return false;
    ret_response->binary = r.base64;
    return true;
}
