/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/event/lambda_event.h"

#include "request_parts.h"
#include "turnpike/base/base64.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/base/uri.h"

/* What the writers below pass on. Lives on the stack of lambda_event_write. */
struct event {
    struct buf *out;
    const struct transaction *t;
    struct arena *scratch;
    struct request_parts parts;
};

static const struct request *request_of(const struct event *e)
{
    return &e->t->request;
}

static const struct route *route_of(const struct event *e)
{
    return e->t->selection.match.route;
}

static struct str id_of(const struct event *e)
{
    return str_from(request_of(e)->id);
}

/* Appends `label`, which holds the punctuation before it, and a string. */
static void member(struct event *e, struct str label, struct str value)
{
    buf_append(e->out, label);
    json_write_string(e->out, value);
}

static void number(struct event *e, struct str label, uint64_t value)
{
    buf_append(e->out, label);
    buf_append_u64(e->out, value);
}

static void strings(struct event *e, struct str label, const struct str *items, size_t count)
{
    buf_append(e->out, label);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(e->out, i == 0 ? '[' : ',');
        json_write_string(e->out, items[i]);
    }
    buf_append(e->out, count ? STR("]") : STR("[]"));
}

/* All scopes of the token where the route asks for some, otherwise null. */
static void claims_and_scopes(struct event *e, struct str label)
{
    const struct identity *identity = e->t->identity;
    buf_append(e->out, label);
    buf_append(e->out, identity->claims_json);
    if (route_of(e)->scopes.count)
        strings(e, STR(",\"scopes\":"), identity->scopes, identity->scope_count);
    else
        buf_literal(e->out, ",\"scopes\":null");
}

static void api_members(struct event *e, struct str label)
{
    member(e, label, e->t->settings->account_id);
    member(e, STR(",\"apiId\":"), e->t->selection.api->api_id);
}

static void domain_members(struct event *e)
{
    member(e, STR(",\"domainName\":"), e->t->selection.domain_name);
    member(e, STR(",\"domainPrefix\":"), e->t->selection.domain_prefix);
}

static void time_members(struct event *e, struct str label, struct str epoch_label)
{
    char clf[CLOCK_CLF_SIZE];
    uint64_t wall = request_of(e)->received_wall;
    buf_append(e->out, label);
    buf_append(e->out, clock_clf(wall, clf));
    number(e, epoch_label, wall / USEC_PER_MSEC);
}

/* The path of format 2.0 is the route's, in front of it the stage's name where it was written, but
 * never a domain's mapping key: functions that want it are told to read format 1.0. */
static struct str path_of_v2(const struct event *e)
{
    return e->t->selection.by_domain ? e->t->selection.route_path : request_of(e)->path;
}

/* What the function shall take for the request's path: where it was mapped, decoded as paths are in
 * events. The request context tells of the request as it came. */
static struct str mapped_or(const struct event *e, struct str path)
{
    struct str mapped = request_of(e)->mapped_path;
    return mapped.at ? uri_decode(e->scratch, mapped, false) : path;
}

static void request_context_v2(struct event *e)
{
    const struct request *r = request_of(e);
    api_members(e, STR(",\"requestContext\":{\"accountId\":"));
    if (e->t->identity) {
        claims_and_scopes(e, STR(",\"authorizer\":{\"jwt\":{\"claims\":"));
        buf_literal(e->out, "}}");
    }
    domain_members(e);
    member(e, STR(",\"http\":{\"method\":"), r->method);
    member(e, STR(",\"path\":"), path_of_v2(e));
    member(e, STR(",\"protocol\":\"HTTP/1.1\",\"sourceIp\":"), r->source_ip);
    member(e, STR(",\"userAgent\":"), r->user_agent);
    member(e, STR("},\"requestId\":"), id_of(e));
    member(e, STR(",\"routeKey\":"), route_of(e)->key);
    member(e, STR(",\"stage\":"), e->t->selection.stage->stage_name);
    time_members(e, STR(",\"time\":\""), STR("\",\"timeEpoch\":"));
    buf_append_char(e->out, '}');
}

/* Format 2.0 leaves out what is empty: readers refuse null there. */
static void optional_pairs(struct event *e, struct str label, struct pairs *pairs)
{
    if (pairs->count == 0)
        return;
    buf_append(e->out, label);
    pairs_write_joined(e->out, pairs);
}

static void write_v2(struct event *e)
{
    const struct request *r = request_of(e);
    struct pairs query, path, variables;
    request_parts_read(&e->parts, r, true, e->scratch);
    request_parts_read_query(&query, r, e->scratch);
    request_parts_read_path(&path, &e->t->selection.match, e->scratch);
    request_parts_read_variables(&variables, e->t->selection.stage, e->scratch);

    member(e, STR("{\"version\":\"2.0\",\"routeKey\":"), route_of(e)->key);
    member(e, STR(",\"rawPath\":"), mapped_or(e, path_of_v2(e)));
    member(e, STR(",\"rawQueryString\":"), r->query);
    if (e->parts.cookies.count)
        strings(e, STR(",\"cookies\":"), e->parts.cookies.items, e->parts.cookies.count);
    buf_literal(e->out, ",\"headers\":");
    pairs_write_joined(e->out, &e->parts.headers);
    optional_pairs(e, STR(",\"queryStringParameters\":"), &query);
    request_context_v2(e);
    optional_pairs(e, STR(",\"pathParameters\":"), &path);
    optional_pairs(e, STR(",\"stageVariables\":"), &variables);
    if (r->body.len) {
        buf_literal(e->out, ",\"body\":");
        request_parts_write_body(e->out, &e->parts, r);
    }
    bool encoded = r->body.len && !e->parts.text;
    buf_append(e->out,
               encoded ? STR(",\"isBase64Encoded\":true}") : STR(",\"isBase64Encoded\":false}"));
}

/* Every member is there, null where IAM or Cognito credentials would have filled it in. */
static void identity_members(struct event *e)
{
    buf_literal(e->out, ",\"identity\":{\"accessKey\":null,\"accountId\":null,\"caller\":null,"
                        "\"cognitoAmr\":null,\"cognitoAuthenticationProvider\":null,"
                        "\"cognitoAuthenticationType\":null,\"cognitoIdentityId\":null,"
                        "\"cognitoIdentityPoolId\":null,\"principalOrgId\":null");
    member(e, STR(",\"sourceIp\":"), request_of(e)->source_ip);
    member(e, STR(",\"user\":null,\"userAgent\":"), request_of(e)->user_agent);
    buf_literal(e->out, ",\"userArn\":null}");
}

static void request_context_v1(struct event *e)
{
    const struct request *r = request_of(e);
    api_members(e, STR(",\"requestContext\":{\"accountId\":"));
    if (e->t->identity)
        claims_and_scopes(e, STR(",\"authorizer\":{\"claims\":"));
    else
        buf_literal(e->out, ",\"authorizer\":{\"claims\":null,\"scopes\":null");
    buf_append_char(e->out, '}');
    domain_members(e);
    member(e, STR(",\"extendedRequestId\":"), id_of(e));
    member(e, STR(",\"httpMethod\":"), r->method);
    identity_members(e);
    member(e, STR(",\"path\":"), r->path);
    member(e, STR(",\"protocol\":\"HTTP/1.1\",\"requestId\":"), id_of(e));
    time_members(e, STR(",\"requestTime\":\""), STR("\",\"requestTimeEpoch\":"));
    member(e, STR(",\"resourceId\":"), route_of(e)->key);
    member(e, STR(",\"resourcePath\":"), route_of(e)->path);
    member(e, STR(",\"stage\":"), e->t->selection.stage->stage_name);
    buf_append_char(e->out, '}');
}

/* Format 1.0 has every key, null where it is empty. */
static void nullable_pairs(struct event *e, struct str label, const struct pairs *pairs,
                           void (*write)(struct buf *out, const struct pairs *p))
{
    buf_append(e->out, label);
    if (pairs->count)
        write(e->out, pairs);
    else
        buf_literal(e->out, "null");
}

static void write_v1(struct event *e)
{
    const struct request *r = request_of(e);
    struct pairs query, path, variables;
    request_parts_read(&e->parts, r, false, e->scratch);
    request_parts_read_query(&query, r, e->scratch);
    request_parts_read_path(&path, &e->t->selection.match, e->scratch);
    request_parts_read_variables(&variables, e->t->selection.stage, e->scratch);

    member(e, STR("{\"version\":\"1.0\",\"resource\":"), route_of(e)->path);
    member(e, STR(",\"path\":"), mapped_or(e, r->path));
    member(e, STR(",\"httpMethod\":"), r->method);
    nullable_pairs(e, STR(",\"headers\":"), &e->parts.headers, pairs_write_last);
    nullable_pairs(e, STR(",\"multiValueHeaders\":"), &e->parts.headers, pairs_write_arrays);
    nullable_pairs(e, STR(",\"queryStringParameters\":"), &query, pairs_write_last);
    nullable_pairs(e, STR(",\"multiValueQueryStringParameters\":"), &query, pairs_write_arrays);
    request_context_v1(e);
    nullable_pairs(e, STR(",\"pathParameters\":"), &path, pairs_write_last);
    nullable_pairs(e, STR(",\"stageVariables\":"), &variables, pairs_write_last);
    buf_literal(e->out, ",\"body\":");
    if (r->body.len)
        request_parts_write_body(e->out, &e->parts, r);
    else
        buf_literal(e->out, "null");
    bool encoded = r->body.len && !e->parts.text;
    buf_append(e->out,
               encoded ? STR(",\"isBase64Encoded\":true}") : STR(",\"isBase64Encoded\":false}"));
}

/* What an ordinary event needs beside the body. */
#define TYPICAL_SIZE 2048

void lambda_event_write(struct buf *out, const struct transaction *t, struct arena *scratch)
{
    struct event e = {.out = out, .t = t, .scratch = scratch};
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
