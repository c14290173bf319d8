/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/event/lambda_event.h"

#include "event_writer.h"
#include "request_parts.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/uri.h"

static const struct request *request_of(const struct event_writer *e)
{
    return &e->t->request;
}

static const struct route *route_of(const struct event_writer *e)
{
    return e->t->selection.match.route;
}

static struct str id_of(const struct event_writer *e)
{
    return str_from(request_of(e)->id);
}

static void strings(struct event_writer *e, struct str label, const struct str *items, size_t count)
{
    buf_append(e->out, label);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(e->out, i == 0 ? '[' : ',');
        json_write_string(e->out, items[i]);
    }
    buf_append(e->out, count ? STR("]") : STR("[]"));
}

/* All scopes of the token where the route asks for some, otherwise null. */
static void claims_and_scopes(struct event_writer *e, struct str label)
{
    const struct identity *identity = e->t->identity;
    buf_append(e->out, label);
    buf_append(e->out, identity->claims_json);
    if (route_of(e)->scopes.count)
        strings(e, STR(",\"scopes\":"), identity->scopes, identity->scope_count);
    else
        buf_literal(e->out, ",\"scopes\":null");
}

static void api_members(struct event_writer *e, struct str label)
{
    event_string(e, label, e->t->settings->account_id);
    event_string(e, STR(",\"apiId\":"), e->t->selection.api->api_id);
}

static void domain_members(struct event_writer *e)
{
    event_string(e, STR(",\"domainName\":"), e->t->selection.domain_name);
    event_string(e, STR(",\"domainPrefix\":"), e->t->selection.domain_prefix);
}

/* The path of format 2.0 is the route's, in front of it the stage's name where it was written, but
 * never a domain's mapping key: functions that want it are told to read format 1.0. */
static struct str path_of_v2(const struct event_writer *e)
{
    return e->t->selection.by_domain ? e->t->selection.route_path : request_of(e)->path;
}

/* What the function shall take for the request's path: where it was mapped, decoded as paths are in
 * events. The request context tells of the request as it came. */
static struct str mapped_or(const struct event_writer *e, struct str path)
{
    struct str mapped = request_of(e)->mapped_path;
    return mapped.at ? uri_decode(e->scratch, mapped, false) : path;
}

static void request_context_v2(struct event_writer *e)
{
    const struct request *r = request_of(e);
    api_members(e, STR(",\"requestContext\":{\"accountId\":"));
    if (e->t->identity) {
        claims_and_scopes(e, STR(",\"authorizer\":{\"jwt\":{\"claims\":"));
        buf_literal(e->out, "}}");
    }
    domain_members(e);
    event_string(e, STR(",\"http\":{\"method\":"), r->method);
    event_string(e, STR(",\"path\":"), path_of_v2(e));
    event_string(e, STR(",\"protocol\":\"HTTP/1.1\",\"sourceIp\":"), r->source_ip);
    event_string(e, STR(",\"userAgent\":"), r->user_agent);
    event_string(e, STR("},\"requestId\":"), id_of(e));
    event_string(e, STR(",\"routeKey\":"), route_of(e)->key);
    event_string(e, STR(",\"stage\":"), e->t->selection.stage->stage_name);
    event_time(e, STR(",\"time\":"), r->received_wall);
    event_number(e, STR(",\"timeEpoch\":"), r->received_wall / USEC_PER_MSEC);
    buf_append_char(e->out, '}');
}

/* As text or as base64. */
static void body(struct event_writer *e, const struct request_parts *parts)
{
    if (parts->text)
        json_write_string(e->out, request_of(e)->body);
    else
        event_base64(e, request_of(e)->body);
}

static void write_v2(struct event_writer *e)
{
    const struct request *r = request_of(e);
    struct request_parts parts;
    struct pairs query, path, variables;
    request_parts_read(&parts, r, HEADERS_OF_V2, e->scratch);
    request_parts_read_query(&query, r, e->scratch);
    request_parts_read_path(&path, &e->t->selection.match, e->scratch);
    request_parts_read_variables(&variables, e->t->selection.stage, e->scratch);

    event_string(e, STR("{\"version\":\"2.0\",\"routeKey\":"), route_of(e)->key);
    event_string(e, STR(",\"rawPath\":"), mapped_or(e, path_of_v2(e)));
    event_string(e, STR(",\"rawQueryString\":"), r->query);
    if (parts.cookies.count)
        strings(e, STR(",\"cookies\":"), parts.cookies.items, parts.cookies.count);
    buf_literal(e->out, ",\"headers\":");
    pairs_write_joined(e->out, &parts.headers);
    /* Format 2.0 leaves out what is empty: readers refuse null there. */
    event_optional_pairs(e, STR(",\"queryStringParameters\":"), &query, pairs_write_joined);
    request_context_v2(e);
    event_optional_pairs(e, STR(",\"pathParameters\":"), &path, pairs_write_joined);
    event_optional_pairs(e, STR(",\"stageVariables\":"), &variables, pairs_write_joined);
    if (r->body.len) {
        buf_literal(e->out, ",\"body\":");
        body(e, &parts);
    }
    bool encoded = r->body.len && !parts.text;
    buf_append(e->out,
               encoded ? STR(",\"isBase64Encoded\":true}") : STR(",\"isBase64Encoded\":false}"));
}

/* Every member is there, null where IAM or Cognito credentials would have filled it in. */
static void identity_members(struct event_writer *e)
{
    buf_literal(e->out, ",\"identity\":{\"accessKey\":null,\"accountId\":null,\"caller\":null,"
                        "\"cognitoAmr\":null,\"cognitoAuthenticationProvider\":null,"
                        "\"cognitoAuthenticationType\":null,\"cognitoIdentityId\":null,"
                        "\"cognitoIdentityPoolId\":null,\"principalOrgId\":null");
    event_string(e, STR(",\"sourceIp\":"), request_of(e)->source_ip);
    event_string(e, STR(",\"user\":null,\"userAgent\":"), request_of(e)->user_agent);
    buf_literal(e->out, ",\"userArn\":null}");
}

static void request_context_v1(struct event_writer *e)
{
    const struct request *r = request_of(e);
    api_members(e, STR(",\"requestContext\":{\"accountId\":"));
    if (e->t->identity)
        claims_and_scopes(e, STR(",\"authorizer\":{\"claims\":"));
    else
        buf_literal(e->out, ",\"authorizer\":{\"claims\":null,\"scopes\":null");
    buf_append_char(e->out, '}');
    domain_members(e);
    event_string(e, STR(",\"extendedRequestId\":"), id_of(e));
    event_string(e, STR(",\"httpMethod\":"), r->method);
    identity_members(e);
    event_string(e, STR(",\"path\":"), r->path);
    event_string(e, STR(",\"protocol\":\"HTTP/1.1\",\"requestId\":"), id_of(e));
    event_time(e, STR(",\"requestTime\":"), r->received_wall);
    event_number(e, STR(",\"requestTimeEpoch\":"), r->received_wall / USEC_PER_MSEC);
    event_string(e, STR(",\"resourceId\":"), route_of(e)->key);
    event_string(e, STR(",\"resourcePath\":"), route_of(e)->path);
    event_string(e, STR(",\"stage\":"), e->t->selection.stage->stage_name);
    buf_append_char(e->out, '}');
}

/* Format 1.0 has every key, null where it is empty. */
static void nullable_pairs(struct event_writer *e, struct str label, const struct pairs *pairs,
                           void (*write)(struct buf *out, const struct pairs *p))
{
    buf_append(e->out, label);
    if (pairs->count)
        write(e->out, pairs);
    else
        buf_literal(e->out, "null");
}

static void write_v1(struct event_writer *e)
{
    const struct request *r = request_of(e);
    struct request_parts parts;
    struct pairs query, path, variables;
    request_parts_read(&parts, r, HEADERS_OF_V1, e->scratch);
    request_parts_read_query(&query, r, e->scratch);
    request_parts_read_path(&path, &e->t->selection.match, e->scratch);
    request_parts_read_variables(&variables, e->t->selection.stage, e->scratch);

    event_string(e, STR("{\"version\":\"1.0\",\"resource\":"), route_of(e)->path);
    event_string(e, STR(",\"path\":"), mapped_or(e, r->path));
    event_string(e, STR(",\"httpMethod\":"), r->method);
    nullable_pairs(e, STR(",\"headers\":"), &parts.headers, pairs_write_last);
    nullable_pairs(e, STR(",\"multiValueHeaders\":"), &parts.headers, pairs_write_arrays);
    nullable_pairs(e, STR(",\"queryStringParameters\":"), &query, pairs_write_last);
    nullable_pairs(e, STR(",\"multiValueQueryStringParameters\":"), &query, pairs_write_arrays);
    request_context_v1(e);
    nullable_pairs(e, STR(",\"pathParameters\":"), &path, pairs_write_last);
    nullable_pairs(e, STR(",\"stageVariables\":"), &variables, pairs_write_last);
    buf_literal(e->out, ",\"body\":");
    if (r->body.len)
        body(e, &parts);
    else
        buf_literal(e->out, "null");
    bool encoded = r->body.len && !parts.text;
    buf_append(e->out,
               encoded ? STR(",\"isBase64Encoded\":true}") : STR(",\"isBase64Encoded\":false}"));
}

/* What an ordinary event needs beside the body. */
#define TYPICAL_SIZE 2048

void lambda_event_write(struct buf *out, const struct transaction *t, struct arena *scratch)
{
    struct event_writer e = {.out = out, .t = t, .scratch = scratch};
    (void)buf_reserve(out, TYPICAL_SIZE + base64_encoded_len(t->request.body.len));
    switch (t->selection.match.route->integration->payload_format) {
    case PAYLOAD_FORMAT_1_0:
        write_v1(&e);
        return;
    case PAYLOAD_FORMAT_2_0:
        write_v2(&e);
        return;
    }
}
