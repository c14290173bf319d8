/* SPDX-License-Identifier: Apache-2.0 */
/* An integration that calls nobody: its request template says which status it answers with (AWS:
 * "Set up a WebSocket API integration request", MOCK). */
#include "turnpike/base/json.h"
#include "turnpike/gateway/integrate.h"

/* {"statusCode": 200}, from 100 to 599. */
static bool read_status(struct exchange *x, unsigned *ret_status)
{
    struct json_reader reader;
    struct str key, number;
    uint64_t status = 0;
    json_reader_init(&reader, x->t.request.body, &x->arena);
    if (json_peek(&reader) != JSON_TYPE_OBJECT || !json_enter_object(&reader))
        return false;
    while (json_next_member(&reader, &key)) {
        bool is_it = str_is(key, "statusCode") && json_peek(&reader) == JSON_TYPE_NUMBER;
        if (is_it ? !json_read_number(&reader, &number) || !str_to_u64(number, &status)
                  : !json_skip(&reader, NULL))
            return false;
    }
    *ret_status = (unsigned)status;
    return json_finish(&reader) && status >= 200 && status <= 599;
}

enum verdict integrate_mock(struct exchange *x)
{
    unsigned status;
    if (!read_status(x, &status))
        return exchange_refuse(x, GATEWAY_CONFIGURATION_ERROR,
                               "the request template of route '%" STR_F
                               "' gives MOCK no JSON with a statusCode from 200 to 599",
                               STR_A(x->t.selection.match.route->key));
    x->t.outcome.integration_status = x->t.outcome.function_status = status;
    x->t.response = (struct response){.status = status};
    return NEXT;
}
