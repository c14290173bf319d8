/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/request.h"

const struct header *request_header(const struct request *r, struct str name)
{
    return http_find_header(r->headers, r->header_count, name);
}

struct str websocket_event_name(enum websocket_event event)
{
    switch (event) {
    case EVENT_NONE:
        break;
    case EVENT_CONNECT:
        return STR("CONNECT");
    case EVENT_MESSAGE:
        return STR("MESSAGE");
    case EVENT_DISCONNECT:
        return STR("DISCONNECT");
    }
    return STR("");
}

struct str identity_claim(const struct identity *identity, struct str name)
{
    if (identity)
        FOR_EACH (claim, identity->claims, identity->claim_count)
            if (str_eq(claim->name, name))
                return claim->value;
    return STR("");
}
