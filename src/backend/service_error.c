/* SPDX-License-Identifier: Apache-2.0 */
/* What a service says went wrong: the type of its error alone, as its message may quote the request
 * that was signed. */
#include "service_private.h"
#include "turnpike/base/json.h"

#define TYPE_MAX 128

/* "com.amazonaws.kinesis.v20131202#ResourceNotFoundException:http://…" */
static struct str bare_type(struct str type)
{
    size_t hash = str_find(type, '#');
    if (hash < type.len)
        type = str_skip(type, hash + 1);
    return str_head(type, str_find(type, ':'));
}

static struct str type_of_object(struct str body, struct arena *arena)
{
    struct json_reader r;
    struct str key, type = STR("");
    json_reader_init(&r, body, arena);
    if (!json_enter_object(&r))
        return type;
    while (json_next_member(&r, &key)) {
        bool is_type = str_is(key, "__type") && json_peek(&r) == JSON_TYPE_STRING;
        if (!(is_type ? json_read_string(&r, &type) : json_skip(&r, NULL)))
            break;
    }
    return bare_type(type);
}

/* <ErrorResponse><Error><Code>AWS.SimpleQueueService.NonExistentQueue</Code>… */
static struct str type_of_xml(struct str body)
{
    struct str open = STR("<Code>");
    struct str rest = str_skip(body, str_find_str(body, open));
    rest = str_skip(rest, open.len);
    return str_head(rest, str_find(rest, '<'));
}

static struct str find_type(const struct service_action *action,
                            const struct http_client_answer *answer, struct arena *arena)
{
    const struct header *field =
        http_find_header(answer->headers, answer->header_count, STR("x-amzn-errortype"));
    if (field)
        return bare_type(field->value);
    return action->protocol == SERVICE_QUERY ? type_of_xml(buf_str(&answer->body))
                                             : type_of_object(buf_str(&answer->body), arena);
}

static bool is_name(struct str type)
{
    for (size_t i = 0; i < type.len; i++)
        if (type.at[i] <= ' ' || type.at[i] >= 0x7f)
            return false;
    return type.len > 0 && type.len <= TYPE_MAX;
}

struct str service_error_text(const struct service_action *action,
                              const struct http_client_answer *answer, struct arena *arena)
{
    struct str type = find_type(action, answer, arena);
    if (!is_name(type))
        return arena_printf(arena, "%s answered %u", action->service, answer->status);
    return arena_printf(arena, "%s answered %u %" STR_F, action->service, answer->status,
                        STR_A(type));
}
