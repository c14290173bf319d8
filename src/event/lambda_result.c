/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/event/lambda_result.h"

#include "proxy_result.h"

static void add_content_type(struct arena *a, struct response *response, struct str type)
{
    *list_push(a, &response->headers) = (struct header){STR("content-type"), type};
}

/* What format 2.0 makes of a value without a statusCode. */
static void infer(struct arena *a, struct str body, struct response *response)
{
    *response = (struct response){.status = 200, .body = body};
    add_content_type(a, response, STR("application/json"));
}

static bool has_content_type(const struct response *response)
{
    FOR_EACH_IN (h, &response->headers)
        if (str_eq(h->name, STR("content-type")))
            return true;
    return false;
}

bool lambda_result_read(struct arena *arena, enum payload_format format, struct str payload,
                        struct response *response, struct str *ret_error)
{
    struct proxy_result r;
    enum result_form form = format == PAYLOAD_FORMAT_2_0 ? RESULT_2_0 : RESULT_1_0;
    if (!proxy_result_read(&r, arena, form, payload, ret_error))
        return false;
    if (form == RESULT_2_0 && !r.structured) {
        infer(arena, r.text, response);
        return true;
    }
    if (!proxy_result_respond(&r, response, ret_error))
        return false;
    if (!has_content_type(response))
        add_content_type(arena, response, STR("text/plain;charset=UTF-8"));
    return true;
}

/* Streamed answers. */

#define DELIMITER STR("\0\0\0\0\0\0\0\0")

bool streamed_result_read(struct arena *arena, struct str payload, struct response *response,
                          struct str *ret_error)
{
    struct proxy_result r;
    size_t at = str_find_str(payload, DELIMITER);
    if (at == payload.len) {
        *response = (struct response){.status = 200, .body = payload};
        add_content_type(arena, response, STR("application/octet-stream"));
        return true;
    }
    if (!proxy_result_read(&r, arena, RESULT_2_0, str_head(payload, at), ret_error))
        return false;
    if (!r.structured) { /* as the runtimes' own default */
        r.structured = true;
        r.status = 200;
    }
    r.base64 = false;
    r.body = str_skip(payload, at + DELIMITER.len);
    if (!proxy_result_respond(&r, response, ret_error))
        return false;
    if (!has_content_type(response))
        add_content_type(arena, response, STR("application/octet-stream"));
    return true;
}
