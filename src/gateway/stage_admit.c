/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call @connections, in two steps: whoever cannot have a key is refused before a byte of
 * the body is read; the signature, which covers the body, and the key's policy are judged behind it
 * (AWS: "Control access to your WebSocket API with AWS IAM authorization"). */
#include "turnpike/auth/policy.h"
#include "turnpike/base/json.h"
#include "turnpike/gateway/pipeline.h"

#define ACTION "execute-api:ManageConnections"

static const enum gateway_response_id refusals[] = {
    [SIGNATURE_MISSING] = GATEWAY_MISSING_TOKEN,
    [SIGNATURE_INCOMPLETE] = GATEWAY_INCOMPLETE_SIGNATURE,
    [SIGNATURE_UNKNOWN] = GATEWAY_UNKNOWN_KEY,
    [SIGNATURE_EXPIRED] = GATEWAY_INVALID_SIGNATURE,
    [SIGNATURE_WRONG] = GATEWAY_INVALID_SIGNATURE,
};

static bool serves_management(const struct exchange *x)
{
    const struct management_settings *m = &x->t.settings->management;
    FOR_EACH_IN (name, &m->listeners)
        if (str_eq(name->text, x->listener.settings->name))
            return true;
    return !m->limited;
}

static enum verdict judge(struct exchange *x, enum signature_result result)
{
    if (result == SIGNATURE_VALID)
        return NEXT;
    return exchange_refuse_saying(x, refusals[result], x->signature->message,
                                  "@connections: %" STR_F, STR_A(x->signature->why));
}

enum verdict stage_admit(struct exchange *x)
{
    const struct settings *settings = x->t.settings;
    if (!serves_management(x))
        return exchange_refuse(x, GATEWAY_FORBIDDEN,
                               "@connections is not served by listener '%" STR_F
                               "' (managementApi.listeners)",
                               STR_A(x->listener.settings->name));
    if (settings->management.is_open)
        return NEXT;
    x->signature = arena_new(&x->arena, struct signature_check);
    *x->signature = (struct signature_check){.settings = settings,
                                             .temporary_keys = x->gateway->temporary_keys,
                                             .request = &x->t.request,
                                             .service = STR("execute-api"),
                                             .wall = x->t.request.received_wall,
                                             .arena = &x->arena};
    return judge(x, signature_begin(x->signature));
}

/* As messages to clients show it. */
static struct str masked_account(const struct exchange *x)
{
    return str_skip(x->t.settings->account_id, x->t.settings->account_id.len - 4);
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

static enum verdict refuse_action(struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    const struct credential *credential = x->signature->credential;
    struct str method = x->t.request.method;
    struct str arn = credential->user_arn.len
                         ? credential->user_arn
                         : arena_printf(&x->arena, "arn:aws:iam::%" STR_F ":root",
                                        STR_A(x->t.settings->account_id));
    struct str message =
        arena_printf(&x->arena,
                     "User: %" STR_F " is not authorized to perform: " ACTION
                     " on resource: arn:aws:execute-api:%" STR_F ":********%" STR_F ":%" STR_F
                     "/%" STR_F "/%" STR_F "/@connections/{connectionId}",
                     STR_A(arn), STR_A(x->t.settings->aws_region), STR_A(masked_account(x)),
                     STR_A(s->api->api_id), STR_A(s->stage->stage_name), STR_A(method));
    (void)exchange_refuse(x, GATEWAY_ACCESS_DENIED,
                          "the policy of key '%" STR_F "' does not allow " ACTION " for %" STR_F
                          " of API '%" STR_F "', stage '%" STR_F "'",
                          STR_A(credential->access_key_id), STR_A(method), STR_A(s->api->api_id),
                          STR_A(s->stage->stage_name));
    x->t.response.body = denial(x, message);
    return DONE;
}

enum verdict stage_verify(struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    if (x->t.settings->management.is_open)
        return NEXT;
    enum verdict verdict = judge(x, signature_finish(x->signature));
    if (verdict != NEXT)
        return verdict;
    struct str resource = arena_printf(
        &x->arena,
        "arn:aws:execute-api:%" STR_F ":%" STR_F ":%" STR_F "/%" STR_F "/%" STR_F
        "/@connections/%" STR_F,
        STR_A(x->t.settings->aws_region), STR_A(x->t.settings->account_id), STR_A(s->api->api_id),
        STR_A(s->stage->stage_name), STR_A(x->t.request.method), STR_A(x->t.websocket.managed));
    return credential_allows(x->signature->credential, STR(ACTION), resource) ? NEXT
                                                                              : refuse_action(x);
}
