/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/front/forwarded.h"

bool forwarded_is_trusted(const struct listener_settings *listener, const struct ip *ip)
{
    FOR_EACH_IN (network, &listener->trusted_proxies)
        if (ip_in_network(ip, network))
            return true;
    return false;
}

static bool is_value_of(const struct header *h, struct str name)
{
    return str_eq_nocase(h->name, name) && h->value.len > 0;
}

/* The values of all fields of that name in order, with ", " between; empty where there is none.
 * Measured first: a chain of many small fields costs what it weighs, not the square. */
static struct str field_values(const struct request *r, struct str name, struct arena *arena)
{
    const struct str separator = STR(", ");
    struct str all = STR("");
    size_t count = 0, len = 0;
    FOR_EACH (h, r->headers, r->header_count) {
        if (!is_value_of(h, name))
            continue;
        all = h->value;
        len += h->value.len;
        count++;
    }
    if (count < 2)
        return all;

    len += (count - 1) * separator.len;
    char *start = arena_bytes(arena, len), *out = start;
    FOR_EACH (h, r->headers, r->header_count) {
        if (!is_value_of(h, name))
            continue;
        if (out > start)
            out = mempcpy(out, separator.at, separator.len);
        out = mempcpy(out, h->value.at, h->value.len);
    }
    return str_of(start, len);
}

/* Takes the part behind the last separator off *rest. */
static bool split_last(struct str *rest, char separator, struct str *ret_part)
{
    if (!rest->at)
        return false;
    size_t start = rest->len;
    while (start > 0 && rest->at[start - 1] != separator)
        start--;
    *ret_part = str_trim(str_skip(*rest, start));
    *rest = start > 0 ? str_head(*rest, start - 1) : (struct str){NULL, 0};
    return true;
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711" */
static bool read_node(struct str node, struct ip *ret_ip)
{
    if (ip_parse(node, ret_ip))
        return true;
    if (node.len > 0 && node.at[0] == '[') {
        struct str inner = str_skip(node, 1);
        return ip_parse(str_head(inner, str_find(inner, ']')), ret_ip);
    }
    return ip_parse(str_head(node, str_find(node, ':')), ret_ip);
}

/* The value of one parameter of a Forwarded element: for="[2001:db8::1]:4711";proto=https */
static struct str element_parameter(struct str element, struct str name)
{
    struct str pair;
    while (str_split(&element, ';', &pair)) {
        pair = str_trim(pair);
        size_t equals = str_find(pair, '=');
        if (!str_eq_nocase(str_head(pair, equals), name))
            continue;
        struct str value = str_skip(pair, equals + 1);
        if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
            value = str_head(str_skip(value, 1), value.len - 2);
        return value;
    }
    return STR("");
}

/* Walks the chain from its right end; what cannot be read ends it. `client` stays the peer where
 * the chain is empty. */
static void walk(const struct listener_settings *listener, struct str chain, bool elements,
                 struct ip *client)
{
    struct str part;
    struct ip ip;
    if (chain.len == 0)
        return;
    while (forwarded_is_trusted(listener, client) && split_last(&chain, ',', &part)) {
        struct str node = elements ? element_parameter(part, STR("for")) : part;
        if (!read_node(node, &ip))
            return;
        *client = ip;
    }
}

static bool read_scheme(struct str text, struct str *ret_scheme)
{
    struct str last;
    if (!split_last(&text, ',', &last))
        return false;
    if (str_eq_nocase(last, STR("https")))
        *ret_scheme = STR("https");
    else if (str_eq_nocase(last, STR("http")))
        *ret_scheme = STR("http");
    else
        return false;
    return true;
}

static void read_scheme_and_port(struct request *r, struct str forwarded, struct arena *arena)
{
    struct str last, proto = field_values(r, STR("x-forwarded-proto"), arena);
    if (proto.len == 0 && forwarded.len > 0 && split_last(&forwarded, ',', &last))
        proto = element_parameter(last, STR("proto"));
    if (read_scheme(proto, &r->scheme))
        r->port = str_eq(r->scheme, STR("https")) ? 443 : 80;

    uint64_t port;
    struct str ports = field_values(r, STR("x-forwarded-port"), arena);
    if (ports.len && split_last(&ports, ',', &last) && str_to_u64(last, &port) && port > 0 &&
        port <= UINT16_MAX)
        r->port = (uint16_t)port;
}

static struct str text_of(const struct ip *ip, struct arena *arena)
{
    char text[IP_TEXT_SIZE];
    return arena_copy(arena, ip_format(ip, text));
}

void forwarded_read(struct request *r, const struct listener_settings *listener,
                    const struct ip *peer, bool tls, uint16_t port, struct arena *arena)
{
    struct str chain = field_values(r, STR("x-forwarded-for"), arena);
    struct ip client = *peer;
    r->scheme = tls ? STR("https") : STR("http");
    r->port = port;
    if (forwarded_is_trusted(listener, peer)) {
        struct str forwarded = chain.len ? STR("") : field_values(r, STR("forwarded"), arena);
        walk(listener, chain, false, &client);
        walk(listener, forwarded, true, &client);
        read_scheme_and_port(r, forwarded, arena);
    }
    struct str peer_text = text_of(peer, arena);
    r->source_ip = text_of(&client, arena);
    r->forwarded_for =
        chain.len ? arena_printf(arena, "%" STR_F ", %" STR_F, STR_A(chain), STR_A(peer_text))
                  : peer_text;
}
