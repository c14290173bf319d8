/* SPDX-License-Identifier: Apache-2.0 */
/* The route's authorizer (AWS: "Control access to HTTP APIs with JWT authorizers"). */
#include "turnpike/base/uri.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"
#include "turnpike/gateway/subprotocol.h"

/* AWS refuses routes with an authorizer whose ARN is longer. */
#define ARN_MAX 1600

static size_t arn_len(const struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    return STR("arn:aws:execute-api::://").len + x->t.settings->aws_region.len +
           x->t.settings->account_id.len + s->api->api_id.len + s->stage->stage_name.len +
           x->t.request.method.len + s->route_path.len;
}

/* A token that was sent twice is two tokens, and no valid one, whatever else follows. */
static struct str joined(struct exchange *x, struct str first, struct str second)
{
    return arena_printf(&x->arena, "%" STR_F ",%" STR_F, STR_A(first), STR_A(second));
}

static struct str find_in_headers(struct exchange *x, struct str name)
{
    struct str token = {NULL, 0};
    FOR_EACH (h, x->t.request.headers, x->t.request.header_count) {
        if (!str_eq_nocase(h->name, name))
            continue;
        if (token.at)
            return joined(x, token, h->value);
        token = h->value;
    }
    return token;
}

static struct str find_in_query(struct exchange *x, struct str wanted)
{
    struct str token = {NULL, 0}, rest = x->t.request.query, name, value;
    while (uri_next_parameter(&rest, &name, &value)) {
        if (!str_eq(uri_decode(&x->arena, name, true), wanted))
            continue;
        value = uri_decode(&x->arena, value, true);
        if (token.at)
            return joined(x, token, value);
        token = value;
    }
    return token;
}

static struct str find_in_subprotocols(struct exchange *x)
{
    struct str second, first = subprotocol_find_token(&x->t.request, &second);
    return second.len ? joined(x, first, second) : first;
}

static struct str find_token(struct exchange *x, const struct identity_source *source)
{
    switch (source->kind) {
    case IDENTITY_HEADER:
        return find_in_headers(x, source->name);
    case IDENTITY_QUERYSTRING:
        return find_in_query(x, source->name);
    case IDENTITY_SUBPROTOCOL:
        break;
    }
    return find_in_subprotocols(x);
}

static struct str route_scopes(struct exchange *x)
{
    struct str scopes = STR("");
    FOR_EACH_IN (scope, &x->t.selection.match.route->scopes)
        scopes = scopes.len
                     ? arena_printf(&x->arena, "%" STR_F " %" STR_F, STR_A(scopes), STR_A(*scope))
                     : *scope;
    return scopes;
}

/* Parts of a description come out of the token: nothing in it may leave the quoted string. */
static struct str quotable(struct exchange *x, struct str text)
{
    char *out = arena_cstring(&x->arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (out[i] < 0x20 || out[i] > 0x7e || out[i] == '"' || out[i] == '\\')
            out[i] = '?';
    return str_of(out, text.len);
}

/* WebSocket clients hear nothing of it: their APIs' refusals have no challenge. */
static void challenge(struct exchange *x, const char *error, struct str description)
{
    x->t.outcome.authorizer_error =
        arena_printf(&x->arena, "%s: %" STR_F, error, STR_A(description));
    if (x->kind != EXCHANGE_HTTP)
        return;
    struct str value = arena_printf(
        &x->arena, "Bearer scope=\"%" STR_F "\" error=\"%s\" error_description=\"%" STR_F "\"",
        STR_A(quotable(x, route_scopes(x))), error, STR_A(description));
    exchange_add_header(x, STR("www-authenticate"), value);
}

static void refuse_missing(struct exchange *x)
{
    static const char *const places[] = {[IDENTITY_HEADER] = "header",
                                         [IDENTITY_QUERYSTRING] = "query parameter",
                                         [IDENTITY_SUBPROTOCOL] = "a value of header"};
    const struct authorizer *a = x->token.authorizer;
    (void)exchange_refuse(x, GATEWAY_UNAUTHORIZED, "%" STR_F ": no token came in %s '%" STR_F "'",
                          STR_A(a->description), places[a->identity_source.kind],
                          STR_A(a->identity_source.name));
    if (x->kind == EXCHANGE_HTTP)
        exchange_add_header(x, STR("www-authenticate"), STR("Bearer"));
    x->t.outcome.authorizer_error = STR("missing: token not provided");
}

static void refuse_invalid(struct exchange *x)
{
    const struct token_check *check = &x->token;
    (void)exchange_refuse(x, GATEWAY_UNAUTHORIZED, "%" STR_F ": %" STR_F "%s%" STR_F,
                          STR_A(check->authorizer->description), STR_A(check->error),
                          check->detail.len ? ": " : "", STR_A(check->detail));
    challenge(x, "invalid_token", quotable(x, check->error));
}

static enum verdict settle(struct exchange *x, enum token_result result)
{
    struct outcome *outcome = &x->t.outcome;
    outcome->authorizer_called = true;
    outcome->authorizer_latency = loop_now(x->gateway->loop) - x->call_started;
    switch (result) {
    case TOKEN_ACCEPTED:
        outcome->authorizer_status = 200;
        x->t.identity = &x->token.identity;
        return NEXT;
    case TOKEN_FORBIDDEN:
        outcome->authorizer_status = 403;
        (void)exchange_refuse(
            x, GATEWAY_FORBIDDEN,
            "%" STR_F ": the token has none of the scopes %" STR_F " of route '%" STR_F "'",
            STR_A(x->token.authorizer->description),
            STR_A(reason_list(&x->arena, &x->token.route->scopes)), STR_A(x->token.route->key));
        challenge(x, "insufficient_scope", STR("the token has none of the required scopes"));
        return DONE;
    case TOKEN_REFUSED:
    case TOKEN_PENDING:
        break;
    }
    outcome->authorizer_status = 401;
    if (x->token.error.len == 0) /* nothing came, or "Bearer" alone */
        refuse_missing(x);
    else
        refuse_invalid(x);
    return DONE;
}

static void on_token_checked(struct token_check *check, enum token_result result)
{
    struct exchange *x = container_of(check, struct exchange, token);
    exchange_resume(x, settle(x, result));
}

enum verdict stage_authorize(struct exchange *x)
{
    const struct route *route = x->t.selection.match.route;
    if (!route->authorizer)
        return NEXT;
    if (arn_len(x) > ARN_MAX)
        return exchange_refuse(x, GATEWAY_URI_TOO_LONG,
                               "method and path make the ARN that authorizer '%" STR_F
                               "' protects longer than %d bytes",
                               STR_A(route->authorizer->name), ARN_MAX);

    x->call_started = loop_now(x->gateway->loop);
    x->token = (struct token_check){.authorizer = route->authorizer,
                                    .route = route,
                                    .token = find_token(x, &route->authorizer->identity_source),
                                    .arena = &x->arena,
                                    .wall = x->t.request.received_wall,
                                    .fn = on_token_checked};
    enum token_result result = token_check_start(x->gateway->auth, &x->token);
    return result == TOKEN_PENDING ? WAIT : settle(x, result);
}
