/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/auth/members.h"

#include <stdlib.h>

static int compare_names(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    return str_compare(left->name, right->name);
}

void members_sort(struct members *m)
{
    if (m->count > 1)
        qsort(m->items, m->count, sizeof(*m->items), compare_names);
}

/* Two readers of one token must never see two different values of one name. */
static bool has_twice(struct arena *a, const struct members *m)
{
    struct members sorted = {arena_array(a, struct member, m->count), m->count};
    if (m->count)
        memcpy(sorted.items, m->items, m->count * sizeof(*m->items));
    members_sort(&sorted);
    for (size_t i = 1; i < sorted.count; i++) {
        if (str_eq(sorted.items[i - 1].name, sorted.items[i].name))
            return true;
    }
    return false;
}

/* In the words of Go's encoding/json, as far as they end up in a header field unchanged. */
static struct str describe_failure(struct arena *a, const struct json_reader *r)
{
    if (r->at >= r->end)
        return STR("unexpected end of JSON input");
    char c = *r->at;
    if (c <= ' ' || c > '~' || c == '"' || c == '\\')
        return STR("invalid character in JSON");
    return arena_printf(a, "invalid character '%c' in JSON", c);
}

bool members_read(struct arena *a, struct str json, struct members *ret_members,
                  struct str *ret_why)
{
    struct json_reader r;
    json_reader_init(&r, json, a);
    LIST(struct member) list = {0};
    struct str name;
    enum json_type type = json_peek(&r);
    if (json_enter_object(&r)) {
        while (json_next_member(&r, &name)) {
            struct member *member = list_push(a, &list);
            member->name = name;
            member->type = json_peek(&r);
            if (!json_skip(&r, &member->text))
                break;
        }
    }
    if (!json_finish(&r)) {
        bool other = type != JSON_TYPE_OBJECT && type != JSON_TYPE_INVALID;
        *ret_why = other ? STR("it is no JSON object") : describe_failure(a, &r);
        return false;
    }
    struct members members = {list.items, list.count};
    if (has_twice(a, &members)) {
        *ret_why = STR("a JSON object has a member twice");
        return false;
    }
    *ret_members = members;
    return true;
}

const struct member *members_find(const struct members *m, struct str name)
{
    FOR_EACH (member, m->items, m->count) {
        if (str_eq(member->name, name))
            return member;
    }
    return NULL;
}

bool member_string(struct arena *a, const struct member *member, struct str *ret_value)
{
    if (!member || member->type != JSON_TYPE_STRING)
        return false;
    struct json_reader r;
    json_reader_init(&r, member->text, a);
    return json_read_string(&r, ret_value);
}
