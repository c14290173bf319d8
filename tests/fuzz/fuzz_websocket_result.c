/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a function behind a WebSocket API answers: what is taken for a proxy result has a final
 * status, no fields but the known ones, headers of one line, and the body that another JSON reader
 * finds. */
#include <jansson.h>

#include "fuzz.h"
#include "turnpike/event/websocket_event.h"

static bool is_known(const char *key)
{
    static const char *const known[] = {"body", "headers", "isBase64Encoded", "multiValueHeaders",
                                        "statusCode"};
    FOR_EACH (name, known, ARRAY_LENGTH(known))
        if (strcmp(*name, key) == 0)
            return true;
    return false;
}

static void check_members(json_t *root)
{
    const char *key;
    json_t *value;
    REQUIRE(json_is_object(root) && json_object_get(root, "statusCode"));
    json_object_foreach(root, key, value) REQUIRE(is_known(key));
}

/* Where the other reader takes the text at all: it wants whole surrogate pairs. */
static void check_payload(struct str payload, const struct response *response)
{
    json_t *root = json_loadb(payload.at, payload.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!root)
        return;
    check_members(root);
    const json_t *body = json_object_get(root, "body");
    if (!json_is_true(json_object_get(root, "isBase64Encoded")))
        REQUIRE(str_eq(response->body, str_of(json_string_value(body), json_string_length(body))));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str payload = str_of((const char *)data, size), error = {0};
    struct response response = {0};
    struct arena arena;
    arena_init(&arena, 1024);
    if (websocket_result_read(&arena, payload, &response, &error)) {
        REQUIRE(response.status >= 200 && response.status <= 599);
        FOR_EACH_IN (h, &response.headers)
            REQUIRE(http_is_token(h->name) && http_is_field_value(h->value));
        check_payload(payload, &response);
    } else {
        REQUIRE(error.len > 0 && error.len < 256 && str_find(error, '\n') == error.len);
    }
    arena_release(&arena);
    return 0;
}
