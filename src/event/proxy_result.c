/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy_result.h"

#include "turnpike/base/base64.h"

#define EXPECTED                                                                                   \
    "The response from the Lambda function doesn't match the format that API Gateway expects."
#define WRONG_TYPE(field) EXPECTED " Lambda body contains the wrong type for field \"" field "\""
#define NO_HTTP_HEADER(field)                                                                      \
    EXPECTED " Lambda body contains an invalid header in field \"" field "\""

/* A function's answer must not make the gateway compare names without end. */
#define HEADERS_MAX 512

static void refuse(struct proxy_result *r, const char *problem)
{
    if (!r->problem)
        r->problem = problem;
}

/* Where a function says nothing, some runtimes write null. */
static bool skip_null(struct proxy_result *r)
{
    return json_peek(&r->json) == JSON_TYPE_NULL && json_read_null(&r->json);
}

static bool skip_wrong_type(struct proxy_result *r, const char *problem)
{
    refuse(r, problem);
    return json_skip(&r->json, NULL);
}

/* A string, or a number or truth value as text. */
static bool read_text(struct proxy_result *r, struct str *ret_text)
{
    bool truth;
    switch (json_peek(&r->json)) {
    case JSON_TYPE_STRING:
        return json_read_string(&r->json, ret_text);
    case JSON_TYPE_NUMBER:
        return json_read_number(&r->json, ret_text);
    case JSON_TYPE_TRUE:
    case JSON_TYPE_FALSE:
        if (!json_read_bool(&r->json, &truth))
            return false;
        *ret_text = truth ? STR("true") : STR("false");
        return true;
    case JSON_TYPE_OBJECT:
    case JSON_TYPE_ARRAY:
    case JSON_TYPE_NULL:
    case JSON_TYPE_INVALID:
        break;
    }
    return false;
}

static struct str lower_copy(struct arena *a, struct str s)
{
    char *out = arena_bytes(a, s.len);
    for (size_t i = 0; i < s.len; i++)
        out[i] = (char)(s.at[i] >= 'A' && s.at[i] <= 'Z' ? s.at[i] + ('a' - 'A') : s.at[i]);
    return str_of(out, s.len);
}

/* The gateway's own headers and those of one connection (RFC 9110, 7.6.1): a function's are
 * dropped. */
static bool is_reserved(struct str name)
{
    static const struct str reserved[] = {
        STR_INIT("connection"),         STR_INIT("content-length"),   STR_INIT("date"),
        STR_INIT("keep-alive"),         STR_INIT("proxy-connection"), STR_INIT("te"),
        STR_INIT("proxy-authenticate"), STR_INIT("trailer"),          STR_INIT("trailers"),
        STR_INIT("transfer-encoding"),  STR_INIT("upgrade"),
    };
    FOR_EACH (row, reserved, ARRAY_LENGTH(reserved))
        if (str_eq(*row, name))
            return true;
    return str_starts_with(name, STR("apigw-"));
}

/* False where no such header can be sent: a line break in it would be an answer of its own. */
static bool make_header(struct proxy_result *r, struct str name, struct str value,
                        struct header *ret_header)
{
    value = str_trim(value);
    if (!http_is_token(name) || !http_is_field_value(value) ||
        r->headers.count + r->repeated.count == HEADERS_MAX)
        return false;
    *ret_header = (struct header){lower_copy(r->arena, name), value};
    return true;
}

/* Of names that differ in case alone the last one counts. */
static void set_header(struct proxy_result *r, const struct header *header)
{
    FOR_EACH_IN (h, &r->headers) {
        if (str_eq(h->name, header->name)) {
            h->value = header->value;
            return;
        }
    }
    *list_push(r->arena, &r->headers) = *header;
}

/* From here on false means that the text is malformed: reading ends. */
static bool read_header(struct proxy_result *r, struct str name)
{
    struct str value;
    struct header header;
    if (skip_null(r))
        return true;
    if (!read_text(r, &value))
        return skip_wrong_type(r, WRONG_TYPE("headers"));
    if (!make_header(r, name, value, &header))
        refuse(r, NO_HTTP_HEADER("headers"));
    else if (!is_reserved(header.name))
        set_header(r, &header);
    return true;
}

static bool read_headers(struct proxy_result *r)
{
    struct str name;
    r->headers.count = 0; /* of two equal keys the last counts, as for every JSON reader */
    if (skip_null(r))
        return true;
    if (json_peek(&r->json) != JSON_TYPE_OBJECT)
        return skip_wrong_type(r, WRONG_TYPE("headers"));
    if (!json_enter_object(&r->json))
        return false;
    while (json_next_member(&r->json, &name))
        if (!read_header(r, name))
            return false;
    return !r->json.failed;
}

static bool read_repeated(struct proxy_result *r, struct str name, const char *wrong_type,
                          const char *no_header)
{
    struct str value;
    struct header header;
    if (!read_text(r, &value))
        return skip_wrong_type(r, wrong_type);
    if (!make_header(r, name, value, &header))
        refuse(r, no_header);
    else if (!is_reserved(header.name))
        *list_push(r->arena, &r->repeated) = header;
    return true;
}

static bool read_array(struct proxy_result *r, struct str name, const char *wrong_type,
                       const char *no_header)
{
    if (skip_null(r))
        return true;
    if (json_peek(&r->json) != JSON_TYPE_ARRAY)
        return skip_wrong_type(r, wrong_type);
    if (!json_enter_array(&r->json))
        return false;
    while (json_next_element(&r->json))
        if (!read_repeated(r, name, wrong_type, no_header))
            return false;
    return !r->json.failed;
}

static bool read_multi_value_headers(struct proxy_result *r)
{
    static const char wrong_type[] = WRONG_TYPE("multiValueHeaders");
    struct str name;
    r->repeated.count = 0;
    if (skip_null(r))
        return true;
    if (json_peek(&r->json) != JSON_TYPE_OBJECT)
        return skip_wrong_type(r, wrong_type);
    if (!json_enter_object(&r->json))
        return false;
    while (json_next_member(&r->json, &name))
        if (!read_array(r, name, wrong_type, NO_HTTP_HEADER("multiValueHeaders")))
            return false;
    return !r->json.failed;
}

static bool read_cookies(struct proxy_result *r)
{
    r->repeated.count = 0;
    return read_array(r, STR("set-cookie"), WRONG_TYPE("cookies"), NO_HTTP_HEADER("cookies"));
}

static bool read_status(struct proxy_result *r)
{
    struct str text;
    r->structured = true;
    r->status = 0;
    if (!read_text(r, &text))
        return skip_wrong_type(r, WRONG_TYPE("statusCode"));
    if (!str_to_u64(text, &r->status))
        refuse(r, WRONG_TYPE("statusCode"));
    return true;
}

static bool read_body(struct proxy_result *r)
{
    r->body = STR("");
    if (skip_null(r))
        return true;
    if (json_peek(&r->json) != JSON_TYPE_STRING)
        return skip_wrong_type(r, WRONG_TYPE("body"));
    return json_read_string(&r->json, &r->body);
}

static bool read_base64(struct proxy_result *r)
{
    enum json_type type = json_peek(&r->json);
    r->base64 = false;
    if (skip_null(r))
        return true;
    if (type != JSON_TYPE_TRUE && type != JSON_TYPE_FALSE)
        return skip_wrong_type(r, WRONG_TYPE("isBase64Encoded"));
    return json_read_bool(&r->json, &r->base64);
}

#define SHOWN_NAME_MAX 64

#define IN(form) (1u << RESULT_##form)
#define IN_ALL   (IN(1_0) | IN(2_0) | IN(WEBSOCKET))

/* The members that say something, and in which forms. */
static const struct {
    struct str key;
    bool (*read)(struct proxy_result *r);
    unsigned forms;
} members[] = {
    {STR_INIT("body"),              read_body,                IN_ALL                 },
    {STR_INIT("cookies"),           read_cookies,             IN(2_0)                },
    {STR_INIT("headers"),           read_headers,             IN_ALL                 },
    {STR_INIT("isBase64Encoded"),   read_base64,              IN_ALL                 },
    {STR_INIT("multiValueHeaders"), read_multi_value_headers, IN(1_0) | IN(WEBSOCKET)},
    {STR_INIT("statusCode"),        read_status,              IN_ALL                 },
};

/* A name that could stand in a header can stand in a message, too. */
static void refuse_unknown(struct proxy_result *r, struct str key)
{
    if (r->problem)
        return;
    r->problem = EXPECTED " Lambda body contains an unknown field";
    if (http_is_token(key) && key.len <= SHOWN_NAME_MAX)
        r->problem = arena_printf(r->arena, "%s \"%" STR_F "\"", r->problem, STR_A(key)).at;
}

static bool read_member(struct proxy_result *r, struct str key)
{
    FOR_EACH (member, members, ARRAY_LENGTH(members))
        if (str_eq(member->key, key) && (member->forms >> r->form & 1))
            return member->read(r);
    if (r->form == RESULT_WEBSOCKET)
        refuse_unknown(r, key);
    return json_skip(&r->json, NULL);
}

static bool read_object(struct proxy_result *r)
{
    struct str key;
    if (!json_enter_object(&r->json))
        return false;
    while (json_next_member(&r->json, &key))
        if (!read_member(r, key))
            return false;
    return !r->json.failed;
}

/* Interim answers (1xx) are not a function's to give: the client would wait for another. */
static bool status_is_final(uint64_t status)
{
    return status >= 200 && status <= 599;
}

/* Encoders for mail break lines; API Gateway's decoder overlooks that. */
static struct str without_line_breaks(struct arena *arena, struct str text)
{
    if (str_find(text, '\n') == text.len && str_find(text, '\r') == text.len)
        return text;
    char *out = arena_bytes(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '\n' && text.at[i] != '\r')
            out[len++] = text.at[i];
    return str_of(out, len);
}

/* Reads the one value that a result is. */
static bool read_value(struct proxy_result *r)
{
    enum json_type type = json_peek(&r->json);
    const char *start = r->json.at;
    if (type == JSON_TYPE_STRING)
        return json_read_string(&r->json, &r->text) && json_finish(&r->json);
    if (type == JSON_TYPE_OBJECT ? !read_object(r) : !json_skip(&r->json, NULL))
        return false;
    r->text = str_of(start, (size_t)(r->json.at - start));
    return json_finish(&r->json);
}

bool proxy_result_read(struct proxy_result *r, struct arena *arena, enum result_form form,
                       struct str payload, struct str *ret_error)
{
    *r = (struct proxy_result){.arena = arena, .form = form, .body = STR("")};
    json_reader_init(&r->json, payload, arena);
    r->json.replaces_surrogates = true; /* JSON.stringify writes halves of pairs */
    if (read_value(r))
        return true;
    *ret_error = STR(EXPECTED " Lambda body is not JSON");
    return false;
}

static const char *problem_of(struct proxy_result *r)
{
    if (!r->structured)
        return EXPECTED " Lambda body lacks the field \"statusCode\"";
    if (r->problem)
        return r->problem;
    if (!status_is_final(r->status))
        return EXPECTED " Lambda body contains an invalid value for field \"statusCode\"";
    if (r->base64 && !base64_decode(r->arena, without_line_breaks(r->arena, r->body), &r->body))
        return EXPECTED " Lambda body contains malformed base64 in field \"body\"";
    return NULL;
}

bool proxy_result_respond(struct proxy_result *r, struct response *response, struct str *ret_error)
{
    const char *problem = problem_of(r);
    if (problem) {
        *ret_error = str_from(problem);
        return false;
    }
    *response = (struct response){.status = (unsigned)r->status, .body = r->body};
    FOR_EACH_IN (h, &r->repeated)
        *list_push(r->arena, &response->headers) = *h;
    FOR_EACH_IN (h, &r->headers)
        *list_push(r->arena, &response->headers) = *h;
    return true;
}
