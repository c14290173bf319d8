/* SPDX-License-Identifier: Apache-2.0 */
#include "service_values.h"

#include "turnpike/base/base64.h"
#include "turnpike/base/json.h"

#define REGION_MAX 32

bool service_value_is_integer(struct str text)
{
    uint64_t value;
    return str_to_u64(text, &value);
}

bool service_value_is_base64(struct arena *arena, struct str text)
{
    struct str bytes;
    return base64_decode(arena, text, &bytes);
}

/* `["a", "b"]` */
static bool read_array(struct arena *arena, struct str text, service_text_list *ret_items)
{
    struct json_reader r;
    json_reader_init(&r, text, arena);
    if (!json_enter_array(&r))
        return false;
    while (json_next_element(&r)) {
        struct str item;
        if (!json_read_string(&r, &item))
            return false;
        *list_push(arena, ret_items) = item;
    }
    return json_finish(&r);
}

/* Unreserved characters stay as they are, so dots would climb. */
bool service_value_is_segment(struct str text)
{
    return !str_is(text, ".") && !str_is(text, "..");
}

bool service_value_is_region(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return text.len > 0 && text.len <= REGION_MAX;
}

/* API Gateway joins the values of a header or query parameter with commas; neither the names of
 * attributes nor ARNs hold one. */
bool service_value_read_list(struct arena *arena, struct str text, service_text_list *ret_items)
{
    if (str_starts_with(str_trim(text), STR("[")))
        return read_array(arena, text, ret_items);
    struct str rest = text, item;
    while (str_split(&rest, ',', &item))
        *list_push(arena, ret_items) = str_trim(item);
    return true;
}

/* A StringValue may be a number: documents have them unquoted. */
static bool read_scalar(struct json_reader *r, struct str *ret_text)
{
    return json_peek(r) == JSON_TYPE_NUMBER ? json_read_number(r, ret_text)
                                            : json_read_string(r, ret_text);
}

static bool read_attribute(struct json_reader *r, struct service_attribute *attribute)
{
    struct str key;
    if (!json_enter_object(r))
        return false;
    while (json_next_member(r, &key)) {
        struct str ignored, *value = str_is(key, "DataType")      ? &attribute->data_type
                                     : str_is(key, "StringValue") ? &attribute->string_value
                                     : str_is(key, "BinaryValue") ? &attribute->binary_value
                                                                  : &ignored;
        if (!(value == &ignored ? json_skip(r, NULL) : read_scalar(r, value)))
            return false;
    }
    return !r->failed && attribute->data_type.len > 0;
}

bool service_value_read_attributes(struct arena *arena, struct str text,
                                   service_attribute_list *ret_attributes)
{
    struct json_reader r;
    struct str name;
    json_reader_init(&r, text, arena);
    if (!json_enter_object(&r))
        return false;
    while (json_next_member(&r, &name)) {
        struct service_attribute *attribute = list_push(arena, ret_attributes);
        attribute->name = name;
        if (!read_attribute(&r, attribute))
            return false;
    }
    return json_finish(&r);
}
