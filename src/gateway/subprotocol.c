/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/subprotocol.h"

#include "turnpike/base/base64.h"

/* Walks the values of all fields: `field` and `rest` begin as 0 and empty. */
struct walk {
    size_t field;
    struct str rest;
};

static bool next_offer(const struct request *r, struct walk *w, struct str *ret_name)
{
    for (;;) {
        if (w->rest.at && str_split(&w->rest, ',', ret_name)) {
            *ret_name = str_trim(*ret_name);
            return true;
        }
        while (w->field < r->header_count &&
               !str_eq_nocase(r->headers[w->field].name, STR("sec-websocket-protocol")))
            w->field++;
        if (w->field == r->header_count)
            return false;
        w->rest = r->headers[w->field++].value;
    }
}

bool subprotocol_is_offered(const struct request *r, struct str name)
{
    struct walk w = {0};
    struct str offered;
    while (name.len > 0 && next_offer(r, &w, &offered))
        if (str_eq(offered, name))
            return true;
    return false;
}

/* How base64url shows '{' and what may stand behind it in a JSON object that is not empty: a quote
 * or a space, or another kind of white space. */
static bool begins_object(struct str encoded)
{
    return str_starts_with(encoded, STR("ey")) || str_starts_with(encoded, STR("ew"));
}

bool subprotocol_is_token(struct str name)
{
    struct str part;
    size_t parts = 0;
    if (!begins_object(name))
        return false;
    while (str_split(&name, '.', &part)) {
        if (part.len == 0 || base64url_span(part) < part.len)
            return false;
        parts++;
    }
    return parts == 3;
}

struct str subprotocol_find_token(const struct request *r, struct str *ret_second)
{
    struct walk w = {0};
    struct str offered, token = {NULL, 0};
    *ret_second = STR("");
    while (next_offer(r, &w, &offered)) {
        if (!subprotocol_is_token(offered))
            continue;
        if (token.at)
            *ret_second = offered;
        else
            token = offered;
    }
    return token;
}
