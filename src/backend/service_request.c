/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the requests of services' actions: forms (AWS query), objects (AWS JSON), paths. */
#include "turnpike/backend/service_request.h"

#include "service_values.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/base/uri.h"

#define SQS_VERSION "2012-11-05"

/* One request while it is written. */
struct writing {
    struct service_text *out;
    struct arena *arena;
    size_t index; /* of what is written of a list or map, from 1 */
};

/* Forms. */

static void append_pair(struct buf *b, struct str name, struct str value)
{
    if (buf_len(b) > 0)
        buf_append_char(b, '&');
    buf_append(b, name);
    buf_append_char(b, '=');
    uri_encode(b, value);
}

/* "AttributeName.1=…" */
static void append_indexed(struct writing *w, const struct service_field *field, const char *member,
                           struct str value)
{
    struct str name = arena_printf(w->arena, "%s.%zu%s", field->wire, w->index, member);
    append_pair(&w->out->body, name, value);
}

static bool append_form_list(struct writing *w, const struct service_argument *argument)
{
    service_text_list items = {0};
    if (!service_value_read_list(w->arena, argument->value, &items))
        return false;
    FOR_EACH_IN (item, &items) {
        w->index = (size_t)(item - items.items) + 1;
        append_indexed(w, argument->field, "", *item);
    }
    return true;
}

static bool append_form_attributes(struct writing *w, const struct service_argument *argument)
{
    service_attribute_list attributes = {0};
    if (!service_value_read_attributes(w->arena, argument->value, &attributes))
        return false;
    FOR_EACH_IN (attribute, &attributes) {
        w->index = (size_t)(attribute - attributes.items) + 1;
        append_indexed(w, argument->field, ".Name", attribute->name);
        append_indexed(w, argument->field, ".Value.DataType", attribute->data_type);
        if (attribute->string_value.at)
            append_indexed(w, argument->field, ".Value.StringValue", attribute->string_value);
        if (attribute->binary_value.at)
            append_indexed(w, argument->field, ".Value.BinaryValue", attribute->binary_value);
    }
    return true;
}

static bool write_form_field(struct writing *w, const struct service_argument *argument)
{
    enum service_value value = argument->field->value;
    if (value == SERVICE_LIST)
        return append_form_list(w, argument);
    if (value == SERVICE_ATTRIBUTES)
        return append_form_attributes(w, argument);
    if (value == SERVICE_INTEGER && !service_value_is_integer(argument->value))
        return false;
    append_pair(&w->out->body, str_from(argument->field->wire), argument->value);
    return true;
}

/* Objects. */

static bool append_json_list(struct writing *w, struct str text)
{
    struct buf *b = &w->out->body;
    service_text_list items = {0};
    if (!service_value_read_list(w->arena, text, &items))
        return false;
    buf_append_char(b, '[');
    FOR_EACH_IN (item, &items) {
        if (item != items.items)
            buf_append_char(b, ',');
        json_write_string(b, *item);
    }
    buf_append_char(b, ']');
    return true;
}

/* AWS JSON has times as numbers of seconds. */
static bool append_json_time(struct writing *w, struct str text)
{
    double seconds;
    uint64_t wall;
    if (str_to_double(text, &seconds))
        buf_append(&w->out->body, text);
    else if (clock_read_iso(text, &wall))
        buf_printf(&w->out->body, "%.15g", (double)wall / USEC_PER_SEC);
    else
        return false;
    return true;
}

static bool write_json_field(struct writing *w, const struct service_argument *argument)
{
    struct buf *b = &w->out->body;
    if (buf_str(b).at[buf_len(b) - 1] != '{')
        buf_append_char(b, ',');
    json_write_string(b, str_from(argument->field->wire));
    buf_append_char(b, ':');
    switch (argument->field->value) {
    case SERVICE_BASE64:
        if (!service_value_is_base64(w->arena, argument->value))
            return false;
        break;
    case SERVICE_LIST:
        return append_json_list(w, argument->value);
    case SERVICE_TIME:
        return append_json_time(w, argument->value);
    case SERVICE_TEXT:
    case SERVICE_INTEGER:
    case SERVICE_ATTRIBUTES:
    case SERVICE_PATH:
    case SERVICE_REGION:
        break;
    }
    json_write_string(b, argument->value);
    return true;
}

/* Paths: the parameters that stand in none go into the query. */

static bool write_query_field(struct writing *w, const struct service_argument *argument)
{
    if (argument->field->value == SERVICE_PATH)
        return service_value_is_segment(argument->value);
    append_pair(&w->out->query, str_from(argument->field->wire), argument->value);
    return true;
}

static struct str find_argument(const struct service_action *action,
                                const struct service_argument *arguments, struct str name)
{
    FOR_EACH (argument, arguments, action->field_count)
        if (str_is(name, argument->field->wire))
            return argument->value;
    return STR("");
}

/* "/applications/{Application}": what lies between braces names a field. */
static void write_path(struct buf *path, const struct service_action *action,
                       const struct service_argument *arguments)
{
    struct str rest = str_from(action->name), part;
    while (str_split(&rest, '{', &part)) {
        size_t end = str_find(part, '}');
        if (end < part.len)
            uri_encode(path, find_argument(action, arguments, str_head(part, end)));
        buf_append(path, str_skip(part, end < part.len ? end + 1 : 0));
    }
}

/* The whole. */

typedef bool write_field_fn(struct writing *w, const struct service_argument *argument);

static const char *const kinds[] = {
    [SERVICE_TEXT] = "text",
    [SERVICE_INTEGER] = "an integer",
    [SERVICE_BASE64] = "base64",
    [SERVICE_TIME] = "a time of RFC 3339 or in seconds since 1970",
    [SERVICE_LIST] = "a list of strings",
    [SERVICE_ATTRIBUTES] = "a JSON object of attributes with their DataType",
    [SERVICE_PATH] = "a segment of a path",
    [SERVICE_REGION] = "a region",
};

static bool write_fields(struct writing *w, const struct service_action *action,
                         const struct service_argument *arguments, write_field_fn *write,
                         struct str *ret_why)
{
    FOR_EACH (argument, arguments, action->field_count) {
        if (!argument->value.at || write(w, argument))
            continue;
        *ret_why = arena_printf(w->arena, "the value of %s is not %s", argument->field->name,
                                kinds[argument->field->value]);
        return false;
    }
    return true;
}

static bool write_form(struct writing *w, const struct service_action *action,
                       const struct service_argument *arguments, struct str *ret_why)
{
    buf_literal(&w->out->path, "/");
    append_pair(&w->out->body, STR("Action"), str_from(action->name));
    append_pair(&w->out->body, STR("Version"), STR(SQS_VERSION));
    return write_fields(w, action, arguments, write_form_field, ret_why);
}

static bool write_object(struct writing *w, const struct service_action *action,
                         const struct service_argument *arguments, struct str *ret_why)
{
    struct buf *b = &w->out->body;
    buf_literal(&w->out->path, "/");
    if (action->list)
        buf_printf(b, "{\"%s\":[", action->list);
    buf_append_char(b, '{');
    if (!write_fields(w, action, arguments, write_json_field, ret_why))
        return false;
    buf_append(b, action->list ? STR("}]}") : STR("}"));
    return true;
}

static bool write_get(struct writing *w, const struct service_action *action,
                      const struct service_argument *arguments, struct str *ret_why)
{
    write_path(&w->out->path, action, arguments);
    return write_fields(w, action, arguments, write_query_field, ret_why);
}

bool service_request_write(struct service_text *out, const struct service_action *action,
                           const struct service_argument *arguments, struct arena *arena,
                           struct str *ret_why)
{
    static bool (*const writers[])(struct writing *, const struct service_action *,
                                   const struct service_argument *, struct str *) = {
        [SERVICE_QUERY] = write_form,
        [SERVICE_JSON] = write_object,
        [SERVICE_REST] = write_get,
    };
    struct writing w = {.out = out, .arena = arena};
    return writers[action->protocol](&w, action, arguments, ret_why);
}

void service_text_release(struct service_text *text)
{
    buf_release(&text->path);
    buf_release(&text->query);
    buf_release(&text->body);
}
