/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call @connections or the Invoke API, in two steps: whoever cannot have a key is refused
 * before a byte of the body is read; the signature, which covers the body, and the key's policy are
 * judged behind it (AWS: "Control access to your WebSocket API with AWS IAM authorization",
 * "Identity-based IAM policies for Lambda"). */
#include "invoke.h"

#include "turnpike/auth/policy.h"
#include "turnpike/base/json.h"

static const enum gateway_response_id refusals[] = {
    [SIGNATURE_MISSING] = GATEWAY_MISSING_TOKEN,
    [SIGNATURE_INCOMPLETE] = GATEWAY_INCOMPLETE_SIGNATURE,
    [SIGNATURE_UNKNOWN] = GATEWAY_UNKNOWN_KEY,
    [SIGNATURE_EXPIRED] = GATEWAY_INVALID_SIGNATURE,
    [SIGNATURE_WRONG] = GATEWAY_INVALID_SIGNATURE,
};

/* What guards one kind of exchange. */
struct guard {
    const char *what;
    const char *service, *action; /* that are signed for, and that policies name */
    bool (*is_open)(const struct settings *settings);
    enum verdict (*serve)(struct exchange *x); /* not NEXT: refused, whoever it is */
    struct str (*resource)(struct exchange *x);
    struct str (*shown)(struct exchange *x); /* the resource as clients are told it */
};

/* @connections. */

static bool connections_are_open(const struct settings *settings)
{
    return settings->management.is_open;
}

static enum verdict serve_connections(struct exchange *x)
{
    const struct management_settings *m = &x->t.settings->management;
    FOR_EACH_IN (name, &m->listeners)
        if (str_eq(name->text, x->listener.settings->name))
            return NEXT;
    if (!m->limited)
        return NEXT;
    return exchange_refuse(x, GATEWAY_FORBIDDEN,
                           "@connections is not served by listener '%" STR_F
                           "' (managementApi.listeners)",
                           STR_A(x->listener.settings->name));
}

static struct str connection_arn(struct exchange *x, struct str account, struct str id)
{
    const struct selection *s = &x->t.selection;
    return arena_printf(&x->arena,
                        "arn:aws:execute-api:%" STR_F ":%" STR_F ":%" STR_F "/%" STR_F "/%" STR_F
                        "/@connections/%" STR_F,
                        STR_A(x->t.settings->aws_region), STR_A(account), STR_A(s->api->api_id),
                        STR_A(s->stage->stage_name), STR_A(x->t.request.method), STR_A(id));
}

static struct str connection_resource(struct exchange *x)
{
    return connection_arn(x, x->t.settings->account_id, x->t.websocket.managed);
}

static struct str connection_shown(struct exchange *x)
{
    struct str account = x->t.settings->account_id;
    return connection_arn(
        x, arena_printf(&x->arena, "********%" STR_F, STR_A(str_skip(account, account.len - 4))),
        STR("{connectionId}"));
}

/* The Invoke API. */

static bool functions_are_open(const struct settings *settings)
{
    return settings->invoke_api.is_open;
}

/* Browsers send a page's POST wherever it wants; that they name the page is what tells it from a
 * program. */
static enum verdict serve_functions(struct exchange *x)
{
    if (!functions_are_open(x->t.settings) || !request_header(&x->t.request, STR("origin")))
        return NEXT;
    return exchange_refuse(x, GATEWAY_FORBIDDEN,
                           "a web page asks (it has an Origin), and nothing is signed "
                           "(invokeApi.authorizationType)");
}

static struct str function_resource(struct exchange *x)
{
    return x->invoke->arn;
}

static const struct guard guards[EXCHANGE_KIND_COUNT] = {
    [EXCHANGE_MANAGE] = {"@connections",   "execute-api", "execute-api:ManageConnections",
                         connections_are_open,                                                                 serve_connections, connection_resource,
                         connection_shown                                                                                                                               },
    [EXCHANGE_INVOKE] = {"the Invoke API", "lambda",      "lambda:InvokeFunction",         functions_are_open,
                         serve_functions,                                                                                         function_resource,   function_resource},
};

static enum verdict judge(struct exchange *x, enum signature_result result)
{
    if (result == SIGNATURE_VALID)
        return NEXT;
    return exchange_refuse_saying(x, refusals[result], x->signature->message, "%s: %" STR_F,
                                  guards[x->kind].what, STR_A(x->signature->why));
}

enum verdict stage_admit(struct exchange *x)
{
    const struct guard *guard = &guards[x->kind];
    enum verdict verdict = guard->serve(x);
    if (verdict != NEXT || guard->is_open(x->t.settings))
        return verdict;
    x->signature = arena_new(&x->arena, struct signature_check);
    *x->signature = (struct signature_check){.settings = x->t.settings,
                                             .temporary_keys = x->gateway->temporary_keys,
                                             .request = &x->t.request,
                                             .service = str_from(guard->service),
                                             .wall = x->t.request.received_wall,
                                             .arena = &x->arena};
    return judge(x, signature_begin(x->signature));
}

/* This one answer spells its member with a capital. */
static struct str denial(struct exchange *x, struct str message)
{
    scoped_buf struct buf body = {0};
    buf_literal(&body, "{\"Message\":");
    json_write_string(&body, message);
    buf_append_char(&body, '}');
    return arena_copy(&x->arena, buf_str(&body));
}

static enum verdict refuse_action(struct exchange *x, struct str resource)
{
    const struct guard *guard = &guards[x->kind];
    const struct credential *credential = x->signature->credential;
    struct str arn = credential->user_arn.len
                         ? credential->user_arn
                         : arena_printf(&x->arena, "arn:aws:iam::%" STR_F ":root",
                                        STR_A(x->t.settings->account_id));
    struct str message = arena_printf(
        &x->arena, "User: %" STR_F " is not authorized to perform: %s on resource: %" STR_F,
        STR_A(arn), guard->action, STR_A(guard->shown(x)));
    (void)exchange_refuse(x, GATEWAY_ACCESS_DENIED,
                          "the policy of key '%" STR_F "' does not allow %s on %" STR_F,
                          STR_A(credential->access_key_id), guard->action, STR_A(resource));
    x->t.response.body = denial(x, message);
    return DONE;
}

enum verdict stage_verify(struct exchange *x)
{
    const struct guard *guard = &guards[x->kind];
    if (guard->is_open(x->t.settings))
        return NEXT;
    enum verdict verdict = judge(x, signature_finish(x->signature));
    if (verdict != NEXT)
        return verdict;
    struct str resource = guard->resource(x);
    return credential_allows(x->signature->credential, str_from(guard->action), resource)
               ? NEXT
               : refuse_action(x, resource);
}
