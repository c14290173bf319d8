/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/event/websocket_event.h"

#include "event_writer.h"
#include "request_parts.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"

static const struct websocket_facts *facts_of(const struct event_writer *e)
{
    return &e->t->websocket;
}

static void handshake_members(struct event_writer *e)
{
    const struct request *r = &e->t->request;
    struct request_parts parts;
    struct pairs query;
    request_parts_read(&parts, r, HEADERS_OF_CONNECT, e->scratch);
    request_parts_read_query(&query, r, e->scratch);

    buf_literal(e->out, "\"headers\":");
    pairs_write_last(e->out, &parts.headers);
    buf_literal(e->out, ",\"multiValueHeaders\":");
    pairs_write_arrays(e->out, &parts.headers);
    event_optional_pairs(e, STR(",\"queryStringParameters\":"), &query, pairs_write_last);
    event_optional_pairs(e, STR(",\"multiValueQueryStringParameters\":"), &query,
                         pairs_write_arrays);
    buf_append_char(e->out, ',');
}

/* Not the handshake's headers, but these four. */
static void disconnect_members(struct event_writer *e)
{
    struct str host = e->t->selection.domain_name;
    event_string(e, STR("\"headers\":{\"Host\":"), host);
    event_string(e,
                 STR(",\"x-api-key\":\"\",\"X-Forwarded-For\":\"\",\"x-restapi\":\"\"},"
                     "\"multiValueHeaders\":{\"Host\":["),
                 host);
    buf_literal(e->out, "],\"x-api-key\":[\"\"],\"X-Forwarded-For\":[\"\"],\"x-restapi\":[\"\"]},");
}

/* What comes before the request context. */
static void leading_members(struct event_writer *e)
{
    switch (facts_of(e)->event) {
    case EVENT_CONNECT:
        return handshake_members(e);
    case EVENT_DISCONNECT:
        return disconnect_members(e);
    case EVENT_MESSAGE:
    case EVENT_NONE:
        return;
    }
}

static void stage_variables(struct event_writer *e)
{
    struct pairs variables;
    request_parts_read_variables(&variables, e->t->selection.stage, e->scratch);
    if (variables.count == 0)
        return;
    buf_literal(e->out, "\"stageVariables\":");
    pairs_write_last(e->out, &variables);
    buf_append_char(e->out, ',');
}

#define PRINCIPAL "principalId"

/* The context of an authorizer: whom it found, then what else it knows. */
static void authorizer(struct event_writer *e)
{
    const struct identity *identity = e->t->identity;
    if (!identity)
        return;
    event_string(e, STR(",\"authorizer\":{\"" PRINCIPAL "\":"),
                 identity_claim(identity, STR("sub")));
    FOR_EACH (claim, identity->claims, identity->claim_count) {
        if (str_is(claim->name, PRINCIPAL))
            continue;
        event_string(e, STR(","), claim->name);
        event_string(e, STR(":"), claim->value);
    }
    buf_append_char(e->out, '}');
}

/* Functions subtract connectedAt from it: it does not lie before, whatever was done to the clock.
 */
static uint64_t time_of(const struct event_writer *e)
{
    uint64_t received = e->t->request.received_wall;
    uint64_t connected = facts_of(e)->connection->connected_at;
    return received > connected ? received : connected;
}

static void identity(struct event_writer *e)
{
    const struct request *r = &e->t->request;
    if (r->user_agent.len) {
        event_string(e, STR(",\"identity\":{\"userAgent\":"), r->user_agent);
        event_string(e, STR(",\"sourceIp\":"), r->source_ip);
    } else {
        event_string(e, STR(",\"identity\":{\"sourceIp\":"), r->source_ip);
    }
}

/* In the order in which AWS's members come out of the map that it keeps them in. */
static void request_context(struct event_writer *e)
{
    const struct selection *s = &e->t->selection;
    const struct websocket_facts *facts = facts_of(e);
    const struct connection_facts *connection = facts->connection;
    struct str id = str_from(e->t->request.id);
    uint64_t wall = time_of(e);

    event_string(e, STR("\"requestContext\":{\"routeKey\":"), s->match.route->key);
    authorizer(e);
    if (facts->event == EVENT_DISCONNECT)
        event_number(e, STR(",\"disconnectStatusCode\":"), facts->disconnect_code);
    if (facts->event == EVENT_MESSAGE)
        event_string(e, STR(",\"messageId\":"), str_from(facts->message_id));
    event_string(e, STR(",\"eventType\":"), websocket_event_name(facts->event));
    event_string(e, STR(",\"extendedRequestId\":"), id);
    event_time(e, STR(",\"requestTime\":"), wall);
    buf_literal(e->out, ",\"messageDirection\":\"IN\"");
    if (facts->event == EVENT_DISCONNECT)
        event_string(e, STR(",\"disconnectReason\":"), facts->disconnect_reason);
    event_string(e, STR(",\"stage\":"), s->stage->stage_name);
    event_number(e, STR(",\"connectedAt\":"), connection->connected_at / USEC_PER_MSEC);
    event_number(e, STR(",\"requestTimeEpoch\":"), wall / USEC_PER_MSEC);
    identity(e);
    event_string(e, STR("},\"requestId\":"), id);
    event_string(e, STR(",\"domainName\":"), s->domain_name);
    event_string(e, STR(",\"connectionId\":"), str_from(connection->id));
    event_string(e, STR(",\"apiId\":"), s->api->api_id);
    buf_append_char(e->out, '}');
}

static bool is_encoded(const struct event_writer *e)
{
    return facts_of(e)->event == EVENT_MESSAGE && facts_of(e)->binary;
}

static void body(struct event_writer *e)
{
    if (facts_of(e)->event != EVENT_MESSAGE)
        return;
    buf_literal(e->out, ",\"body\":");
    if (is_encoded(e))
        event_base64(e, e->t->request.body);
    else
        json_write_string(e->out, e->t->request.body);
}

/* What an ordinary event needs beside the body. */
#define TYPICAL_SIZE 2048

void websocket_event_write(struct buf *out, const struct transaction *t, struct arena *scratch)
{
    struct event_writer e = {.out = out, .t = t, .scratch = scratch};
    assert(t->websocket.event != EVENT_NONE);
    (void)buf_reserve(out, TYPICAL_SIZE + base64_encoded_len(t->request.body.len));
    buf_append_char(out, '{');
    leading_members(&e);
    stage_variables(&e);
    request_context(&e);
    body(&e);
    buf_append(out, is_encoded(&e) ? STR(",\"isBase64Encoded\":true}")
                                   : STR(",\"isBase64Encoded\":false}"));
}
