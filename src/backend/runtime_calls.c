/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of the Runtime API, and what each is answered (AWS: Lambda "Using the Lambda runtime
 * API for custom runtimes"). */
#include "turnpike/base/base64.h"

#include "runtime_private.h"

#define API "/2018-06-01/runtime/"

/* Answers. */

void runtime_call_respond(struct runtime_client *client, unsigned status, const char *content_type)
{
    client->content_type = (struct header){STR("content-type"), str_from(content_type)};
    struct http_answer answer = {.status = status,
                                 .headers = &client->content_type,
                                 .header_count = 1,
                                 .body = buf_str(&client->answer)};
    http_connection_respond(client->connection, &answer);
}

static void accept_report(struct runtime_client *client)
{
    buf_literal(&client->answer, "{\"status\":\"OK\"}\n");
    runtime_call_respond(client, 202, "application/json");
}

/* What the Runtime API says of mistakes (AWS: Lambda, Runtime API, "ErrorResponse"). */
static const struct runtime_error {
    unsigned status;
    const char *type, *message;
} wrong_id = {400, "InvalidRequestID", "Invalid request ID"},
  wrong_state = {403, "InvalidStateTransition",
                 "State transition failed for runtime. Error: not allowed in the current state"},
  too_large = {413, "RequestEntityTooLarge",
               "Exceeded maximum allowed payload size (6291556 bytes)."},
  truncated = {400, "TruncatedHTTPRequest", "HTTP request detected as truncated"},
  wrong_mode = {400, "InvalidFunctionResponseMode", "Invalid function response mode"},
  not_found = {404, "NotFound", "The Runtime API has no such path"},
  no_logs = {202, "Logs.NotSupported", "Logs API is not supported"},
  no_telemetry = {202, "Telemetry.NotSupported", "Telemetry API is not supported"};

static void say(struct runtime_client *client, const struct runtime_error *error)
{
    buf_printf(&client->answer, "{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}\n", error->message,
               error->type);
    runtime_call_respond(client, error->status, "application/json");
}

static bool is_accepted(struct runtime_client *client, enum runtime_verdict verdict)
{
    if (verdict != RUNTIME_ACCEPTED)
        say(client, verdict == RUNTIME_WRONG_ID ? &wrong_id : &wrong_state);
    return verdict == RUNTIME_ACCEPTED;
}

/* The calls. */

static void begin_next(struct runtime_client *client, struct str request_id)
{
    struct runtime_api *api = client->api;
    (void)request_id;
    if (runtime_api_is_asked(api)) {
        say(client, &wrong_state);
        return;
    }
    api->waiting = client;
    enum runtime_verdict verdict = api->events->on_next(api);
    if (verdict != RUNTIME_ACCEPTED)
        api->waiting = NULL;
    (void)is_accepted(client, verdict);
}

static void begin_report(struct runtime_client *client, struct str request_id)
{
    struct runtime_api *api = client->api;
    if (api->reporting) {
        say(client, &wrong_state);
        return;
    }
    if (!is_accepted(client, api->events->on_begin(api, request_id)))
        return;
    api->reporting = client;
    http_connection_read_body(client->connection);
}

static void begin_response(struct runtime_client *client, struct str request_id)
{
    if (client->mode.len > 0 && !str_eq_nocase(client->mode, STR("streaming")))
        say(client, &wrong_mode);
    else
        begin_report(client, request_id);
}

static void begin_error(struct runtime_client *client, struct str request_id)
{
    client->report.failed = true;
    begin_report(client, request_id);
}

/* False where it was too large, which it is told. */
static bool take_body(struct runtime_client *client)
{
    client->api->reporting = NULL;
    if (client->discarded > 0) {
        say(client, &too_large);
        return false;
    }
    client->report.body = client->body;
    client->body = (struct buf){0};
    return true;
}

/* The stream broke off in the function: what came of it is nothing, and the trailers say why. */
static void take_trailers(struct runtime_client *client)
{
    struct runtime_report *report = &client->report;
    struct str decoded;
    report->failed = true;
    report->error_type = buf_str(&client->trailer_type);
    report->content_type = STR("application/json");
    buf_clear(&report->body);
    if (base64_decode(&client->head, buf_str(&client->trailer_body), &decoded))
        buf_append(&report->body, decoded);
}

static void end_report(struct runtime_client *client)
{
    struct runtime_api *api = client->api;
    if (!take_body(client))
        return;
    if (buf_len(&client->trailer_type) > 0)
        take_trailers(client);
    accept_report(client);
    api->events->on_report(api, &client->report);
}

static void begin_init_error(struct runtime_client *client, struct str request_id)
{
    struct runtime_api *api = client->api;
    (void)request_id;
    client->report.failed = true;
    if (api->reporting) { /* one at a time, as they may be large */
        say(client, &wrong_state);
        return;
    }
    if (!is_accepted(client, api->events->on_init_begin(api)))
        return;
    api->reporting = client;
    http_connection_read_body(client->connection);
}

static void end_init_error(struct runtime_client *client)
{
    struct runtime_api *api = client->api;
    if (!take_body(client))
        return;
    accept_report(client);
    api->events->on_init_error(api, &client->report);
}

static void begin_ping(struct runtime_client *client, struct str request_id)
{
    (void)request_id;
    buf_literal(&client->answer, "pong");
    runtime_call_respond(client, 200, "text/plain; charset=utf-8");
}

static void begin_logs(struct runtime_client *client, struct str request_id)
{
    (void)request_id;
    say(client, &no_logs);
}

static void begin_telemetry(struct runtime_client *client, struct str request_id)
{
    (void)request_id;
    say(client, &no_telemetry);
}

#define NOTHING STR_INIT("")

static const struct runtime_call calls[] = {
    {"GET",  STR_INIT(API "invocation/next"),   NOTHING,               begin_next,       NULL          },
    {"POST", STR_INIT(API "invocation/"),       STR_INIT("/response"), begin_response,   end_report    },
    {"POST", STR_INIT(API "invocation/"),       STR_INIT("/error"),    begin_error,      end_report    },
    {"POST", STR_INIT(API "init/error"),        NOTHING,               begin_init_error, end_init_error},
    {"GET",  STR_INIT("/ping"),                 NOTHING,               begin_ping,       NULL          },
    {"PUT",  STR_INIT("/2020-08-15/logs"),      NOTHING,               begin_logs,       NULL          },
    {"PUT",  STR_INIT("/2022-07-01/telemetry"), NOTHING,               begin_telemetry,  NULL          },
};

/* "BEFORE{id}BEHIND", or BEFORE alone where nothing is behind. */
static bool matches(const struct runtime_call *call, struct str path, struct str *ret_id)
{
    *ret_id = str_skip(path, call->before.len);
    if (!str_starts_with(path, call->before))
        return false;
    if (call->behind.len == 0)
        return ret_id->len == 0;
    if (ret_id->len <= call->behind.len || !str_ends_with(*ret_id, call->behind))
        return false;
    *ret_id = str_head(*ret_id, ret_id->len - call->behind.len);
    return true;
}

static struct str value_of(const struct http_head *head, const char *name)
{
    const struct header *h = http_find_header(head->headers, head->header_count, str_from(name));
    return h ? h->value : STR("");
}

void runtime_call_begin(struct runtime_client *client, const struct http_head *head)
{
    struct str path = str_head(head->target, str_find(head->target, '?')), id;
    FOR_EACH (call, calls, ARRAY_LENGTH(calls)) {
        if (!str_is(head->method, call->method) || !matches(call, path, &id))
            continue;
        client->call = call;
        client->mode = value_of(head, "lambda-runtime-function-response-mode");
        client->report = (struct runtime_report){
            .content_type = value_of(head, "content-type"),
            .error_type = value_of(head, "lambda-runtime-function-error-type")};
        call->begin(client, id);
        return;
    }
    say(client, &not_found);
}

void runtime_call_end(struct runtime_client *client)
{
    if (client->call && client->call->end)
        client->call->end(client);
}

void runtime_call_say_truncated(struct runtime_client *client)
{
    say(client, &truncated);
}
