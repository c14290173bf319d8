/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a function answers, what goes out is HTTP: a final status, names in lower case, values
 * of one line, none of the gateway's own headers; and it says what another JSON reader finds. */
#include <assert.h>
#include <jansson.h>

#include "turnpike/event/lambda_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const struct header *h)
{
    assert(http_is_token(h->name) && http_is_field_value(h->value));
    for (size_t i = 0; i < h->name.len; i++)
        assert(h->name.at[i] < 'A' || h->name.at[i] > 'Z');
    assert(!str_starts_with(h->name, STR("apigw-")));
    assert(!str_is(h->name, "content-length") && !str_is(h->name, "transfer-encoding"));
    assert(!str_is(h->name, "connection") && !str_is(h->name, "date"));
}

static void check_body(struct str payload, const struct response *response)
{
    json_t *root = json_loadb(payload.at, payload.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const json_t *body = json_object_get(root, "body");
    if (json_object_get(root, "statusCode") &&
        !json_is_true(json_object_get(root, "isBase64Encoded"))) {
        struct str want = str_of(json_string_value(body), json_string_length(body));
        assert(str_eq(response->body, want));
    }
    json_decref(root);
}

static void check(enum payload_format format, struct str payload)
{
    struct arena arena;
    struct response response = {0};
    struct str error;
    arena_init(&arena, 1024);
    if (lambda_result_read(&arena, format, payload, &response, &error)) {
        assert(response.status >= 200 && response.status <= 599);
        bool typed = false;
        FOR_EACH_IN (h, &response.headers) {
            check_header(h);
            typed = typed || str_is(h->name, "content-type");
        }
        assert(typed);
        check_body(payload, &response);
    } else {
        assert(error.len > 0 && str_find(error, '\n') == error.len);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str payload = str_of((const char *)data, size);
    check(PAYLOAD_FORMAT_1_0, payload);
    check(PAYLOAD_FORMAT_2_0, payload);
    return 0;
}
