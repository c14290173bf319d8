/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/context_variables.h"

#include "turnpike/base/clock.h"
#include "turnpike/model/context_variable.h"

/* What an authorizer of a WebSocket API says of the caller. Those of HTTP APIs have claims. */
static void append_key(struct buf *out, struct str key, const struct transaction *t)
{
    const struct api *api = t->selection.api;
    if (api && api->protocol_type == PROTOCOL_WEBSOCKET)
        buf_append(out, identity_claim(t->identity, key));
}

/* Microseconds as the milliseconds that AWS writes, where the step was taken. */
static void append_latency(struct buf *out, bool taken, uint64_t latency)
{
    if (taken)
        buf_append_u64(out, latency / USEC_PER_MSEC);
}

static void append_status(struct buf *out, unsigned status)
{
    if (status)
        buf_append_u64(out, status);
}

static void append_error(struct buf *out, enum context_variable variable,
                         const struct gateway_response *e)
{
    if (!e)
        return;
    if (variable == VARIABLE_ERROR_RESPONSE_TYPE)
        buf_append(out, str_from(e->type));
    else if (variable == VARIABLE_ERROR_MESSAGE)
        buf_append(out, e->message);
    else
        buf_printf(out, "\"%" STR_F "\"", STR_A(e->message));
}

static void append_connected_at(struct buf *out, const struct connection_facts *connection)
{
    if (connection)
        buf_append_u64(out, connection->connected_at / USEC_PER_MSEC);
}

static void append_time(struct buf *out, uint64_t wall)
{
    char clf[CLOCK_CLF_SIZE];
    buf_append(out, clock_clf(wall, clf));
}

static void append(struct buf *out, enum context_variable variable, struct str name,
                   const struct transaction *t)
{
    const struct request *r = &t->request;
    const struct selection *s = &t->selection;
    const struct outcome *o = &t->outcome;
    const struct websocket_facts *w = &t->websocket;

    switch (variable) {
    case VARIABLE_ACCOUNT_ID:
        return buf_append(out, t->settings->account_id);
    case VARIABLE_API_ID:
        return buf_append(out, s->api ? s->api->api_id : STR(""));
    case VARIABLE_AUTHORIZER_CLAIMS_NAME:
        return buf_append(out, identity_claim(t->identity, context_variable_claim(name)));
    case VARIABLE_AUTHORIZER_ERROR:
        return buf_append(out, o->authorizer_error);
    case VARIABLE_AUTHORIZER_LATENCY:
        return append_latency(out, o->authorizer_called, o->authorizer_latency);
    case VARIABLE_AUTHORIZER_NAME:
        return append_key(out, context_variable_key(name), t);
    case VARIABLE_AUTHORIZER_PRINCIPAL_ID:
        return append_key(out, STR("sub"), t);
    case VARIABLE_AUTHORIZER_STATUS:
        return append_status(out, o->authorizer_status);
    case VARIABLE_CONNECTED_AT:
        return append_connected_at(out, w->connection);
    case VARIABLE_CONNECTION_ID:
        return buf_append(out, w->connection ? str_from(w->connection->id) : w->managed);
    case VARIABLE_CUSTOM_DOMAIN_BASE_PATH_MATCHED:
        return buf_append(out, s->mapping_key);
    case VARIABLE_DATA_PROCESSED:
        return buf_append_u64(out, o->bytes_in + o->bytes_out);
    case VARIABLE_DOMAIN_NAME:
        return buf_append(out, s->domain_name);
    case VARIABLE_DOMAIN_PREFIX:
        return buf_append(out, s->domain_prefix);
    case VARIABLE_ERROR_MESSAGE:
    case VARIABLE_ERROR_MESSAGE_STRING:
    case VARIABLE_ERROR_RESPONSE_TYPE:
        return append_error(out, variable, o->error);
    case VARIABLE_EVENT_TYPE:
        return buf_append(out, websocket_event_name(w->event));
    case VARIABLE_HTTP_METHOD:
        return buf_append(out, r->method);
    case VARIABLE_IDENTITY_SOURCE_IP:
        return buf_append(out, r->source_ip);
    case VARIABLE_IDENTITY_USER_AGENT:
        return buf_append(out, r->user_agent);
    case VARIABLE_INTEGRATION_ERROR:
    case VARIABLE_INTEGRATION_ERROR_MESSAGE:
        return buf_append(out, o->integration_error);
    case VARIABLE_INTEGRATION_STATUS:
        return append_status(out, o->function_status);
    case VARIABLE_INTEGRATION_INTEGRATION_STATUS:
    case VARIABLE_OLD_INTEGRATION_STATUS:
        return append_status(out, o->integration_status);
    case VARIABLE_INTEGRATION_LATENCY:
    case VARIABLE_OLD_INTEGRATION_LATENCY:
        return append_latency(out, o->integration_called, o->integration_latency);
    case VARIABLE_INTEGRATION_REQUEST_ID:
    case VARIABLE_AWS_ENDPOINT_REQUEST_ID:
        return buf_append(out, o->integration_request_id);
    case VARIABLE_MESSAGE_DIRECTION:
        return buf_append(out, w->event == EVENT_NONE ? STR("") : STR("IN"));
    case VARIABLE_MESSAGE_ID:
        return buf_append(out, str_from(w->message_id));
    case VARIABLE_PATH:
        return buf_append(out, r->path);
    case VARIABLE_PROTOCOL: /* also where the client speaks HTTP/1.0 or HTTP/2 */
        return buf_append(out, STR("HTTP/1.1"));
    case VARIABLE_REQUEST_ID:
    case VARIABLE_EXTENDED_REQUEST_ID:
        return buf_append(out, str_from(r->id));
    case VARIABLE_REQUEST_TIME:
        return append_time(out, r->received_wall);
    case VARIABLE_REQUEST_TIME_EPOCH:
        return buf_append_u64(out, r->received_wall / USEC_PER_MSEC);
    case VARIABLE_RESPONSE_LATENCY:
        return append_latency(out, true, o->latency);
    case VARIABLE_RESPONSE_LENGTH:
        return buf_append_u64(out, o->bytes_out);
    case VARIABLE_ROUTE_KEY:
        return buf_append(out, s->match.route ? s->match.route->key : STR(""));
    case VARIABLE_STAGE:
        return buf_append(out, s->stage ? s->stage->stage_name : STR(""));
    case VARIABLE_STATUS:
        return append_status(out, t->response.status);

    /* What only Lambda authorizers, IAM, Cognito credentials, client certificates, API keys and
     * models know; of the claims as a whole AWS says nothing, and of a key nobody else does. */
    case VARIABLE_AUTHENTICATE_ERROR:
    case VARIABLE_AUTHENTICATE_LATENCY:
    case VARIABLE_AUTHENTICATE_STATUS:
    case VARIABLE_AUTHORIZE_ERROR:
    case VARIABLE_AUTHORIZE_LATENCY:
    case VARIABLE_AUTHORIZE_STATUS:
    case VARIABLE_AUTHORIZER_CLAIMS:
    case VARIABLE_AUTHORIZER_INTEGRATION_LATENCY:
    case VARIABLE_AUTHORIZER_INTEGRATION_STATUS:
    case VARIABLE_AUTHORIZER_REQUEST_ID:
    case VARIABLE_AWS_ENDPOINT_REQUEST_ID_2:
    case VARIABLE_ERROR_VALIDATION_ERROR_STRING:
    case VARIABLE_IDENTITY_ACCOUNT_ID:
    case VARIABLE_IDENTITY_API_KEY:
    case VARIABLE_IDENTITY_API_KEY_ID:
    case VARIABLE_IDENTITY_CALLER:
    case VARIABLE_IDENTITY_CLIENT_CERT_ISSUER_DN:
    case VARIABLE_IDENTITY_CLIENT_CERT_NOT_AFTER:
    case VARIABLE_IDENTITY_CLIENT_CERT_NOT_BEFORE:
    case VARIABLE_IDENTITY_CLIENT_CERT_PEM:
    case VARIABLE_IDENTITY_CLIENT_CERT_SERIAL_NUMBER:
    case VARIABLE_IDENTITY_CLIENT_CERT_SUBJECT_DN:
    case VARIABLE_IDENTITY_COGNITO_AUTHENTICATION_PROVIDER:
    case VARIABLE_IDENTITY_COGNITO_AUTHENTICATION_TYPE:
    case VARIABLE_IDENTITY_COGNITO_IDENTITY_ID:
    case VARIABLE_IDENTITY_COGNITO_IDENTITY_POOL_ID:
    case VARIABLE_IDENTITY_PRINCIPAL_ORG_ID:
    case VARIABLE_IDENTITY_USER:
    case VARIABLE_IDENTITY_USER_ARN:
    case VARIABLE_COUNT:
        return;
    }
}

void context_variable_append(struct buf *out, int variable, struct str name,
                             const struct transaction *t)
{
    assert(variable >= 0 && variable < VARIABLE_COUNT);
    append(out, (enum context_variable)variable, name, t);
}

static int resolve(struct str name, enum protocol_type kind, const char **ret_nearest)
{
    int found = context_variable_find(name, kind, IN_ACCESS_LOG);
    if (found < 0)
        *ret_nearest = context_variable_nearest(name, kind, IN_ACCESS_LOG);
    return found;
}

static void append_to_log(struct buf *out, const struct substitution_part *variable,
                          const void *data)
{
    context_variable_append(out, variable->id, variable->text, data);
}

const struct access_log_variables context_variables = {
    .resolve = resolve,
    .append = append_to_log,
};
