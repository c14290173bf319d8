/* SPDX-License-Identifier: Apache-2.0 */
/* What a server must check of a WebSocket handshake (RFC 6455, 4.2.1), before anybody is asked. */
#include "turnpike/base/base64.h"
#include "turnpike/gateway/connection.h"
#include "turnpike/gateway/pipeline.h"

#define KEY_BYTES 16

/* The only field of that name, without the spaces around it; at is NULL where there is none, or
 * more than one. */
static struct str only(const struct request *r, struct str name)
{
    struct str value = {NULL, 0};
    size_t count = 0;
    FOR_EACH (h, r->headers, r->header_count) {
        if (!str_eq_nocase(h->name, name))
            continue;
        value = str_trim(h->value);
        count++;
    }
    return count == 1 ? value : (struct str){NULL, 0};
}

static bool asks_for_websocket(const struct request *r)
{
    struct str token;
    FOR_EACH (h, r->headers, r->header_count) {
        struct str rest = h->value;
        if (!str_eq_nocase(h->name, STR("upgrade")))
            continue;
        while (str_split(&rest, ',', &token))
            if (str_eq_nocase(str_trim(token), STR("websocket")))
                return r->upgrade;
    }
    return false;
}

static bool has_key(const struct request *r, struct arena *arena)
{
    struct str bytes, key = only(r, STR("sec-websocket-key"));
    return key.at && base64_decode(arena, key, &bytes) && bytes.len == KEY_BYTES;
}

/* What a browser's address bar sends, for one. */
static enum verdict refuse_plain(struct exchange *x)
{
    const struct request *r = &x->t.request;
    if (!str_is(r->method, "GET"))
        return exchange_refuse(x, GATEWAY_FORBIDDEN,
                               "a WebSocket API takes handshakes and calls of @connections, not "
                               "%" STR_F,
                               STR_A(r->method));
    (void)exchange_refuse(x, GATEWAY_UPGRADE_REQUIRED,
                          "the request asks for no upgrade to a WebSocket");
    exchange_add_header(x, STR("upgrade"), STR("websocket"));
    return DONE;
}

static enum verdict refuse_malformed(struct exchange *x, const char *why)
{
    (void)exchange_refuse(x, GATEWAY_BAD_REQUEST, "the WebSocket handshake %s", why);
    exchange_add_header(x, STR("sec-websocket-version"), STR("13"));
    return DONE;
}

enum verdict stage_handshake(struct exchange *x)
{
    const struct request *r = &x->t.request;
    if (!asks_for_websocket(r))
        return refuse_plain(x);
    if (!str_is(r->method, "GET"))
        return refuse_malformed(x, "is no GET");
    if (r->has_body)
        return refuse_malformed(x, "has a body");
    if (!str_is(only(r, STR("sec-websocket-version")), "13"))
        return refuse_malformed(x, "has no Sec-WebSocket-Version, or another than 13");
    if (!has_key(r, &x->arena))
        return refuse_malformed(x, "has no Sec-WebSocket-Key of 16 bytes, or several");

    x->connection = connection_new(x->gateway);
    x->t.websocket.connection = &x->connection->facts;
    return NEXT;
}
