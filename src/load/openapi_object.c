/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"
#include "openapi_import.h"

#define FIELDS_MAX 32 /* of one kind of object */

const char *openapi_suggestion(struct openapi *o, struct str written, const char *const *names,
                               size_t count)
{
    const char *nearest =
        count <= OPENAPI_SUGGESTIONS_MAX ? nearest_name(written, names, count) : NULL;
    if (!nearest)
        return "";
    return arena_printf(o->arena, "; did you mean '%s'?", nearest).at;
}

static const struct openapi_field *find_field(const struct openapi_object *object, struct str name)
{
    FOR_EACH (field, object->fields, object->field_count)
        if (str_is(name, field->name))
            return field;
    return NULL;
}

/* OpenAPI lets nobody add fields without "x-", but documents of other versions have some. What may
 * be a slip of the pen is an error all the same: `securty` would leave a door open. */
static void report_unknown(struct openapi *o, const struct openapi_object *object,
                           const struct doc_member *member)
{
    const char *names[FIELDS_MAX];
    assert(object->field_count <= FIELDS_MAX);
    for (size_t i = 0; i < object->field_count; i++)
        names[i] = object->fields[i].name;
    const char *suggestion = openapi_suggestion(o, member->key, names, object->field_count);
    if (object->strict || *suggestion)
        diag_error(o->diag, member->at, "unknown field '%" STR_F "' in %s%s", STR_A(member->key),
                   object->what, suggestion);
    else
        diag_warning(o->diag, member->at, "'%" STR_F "' is no field of %s: it has no effect",
                     STR_A(member->key), object->what);
}

/* Everybody may add keys that begin with "x-"; one that looks like ours may be meant as ours. */
static void report_foreign(struct openapi *o, const struct doc_member *member)
{
    const char *suggestion = extension_nearest(o, member->key);
    if (*suggestion)
        diag_warning(o->diag, member->at, "'%" STR_F "' has no effect%s", STR_A(member->key),
                     suggestion);
}

static bool is_empty(const struct doc *node)
{
    return (node->kind == DOC_MAP || node->kind == DOC_LIST) && node->count == 0;
}

static void read_field(struct openapi *o, const struct openapi_object *object,
                       const struct openapi_field *field, const struct doc_member *member,
                       void *subject)
{
    switch (field->support) {
    case FIELD_READ:
        if (field->read)
            field->read(o, member, subject);
        break;
    case FIELD_SILENT:
        extension_find_misplaced(o, member->value);
        break;
    case FIELD_FREE:
        break;
    case FIELD_WARN:
        diag_warning(o->diag, member->at, "'%s' in %s has no effect on HTTP APIs", field->name,
                     object->what);
        break;
    case FIELD_REFUSE:
        diag_error(o->diag, member->at, "'%s' in %s is not enforced on HTTP APIs", field->name,
                   object->what);
        break;
    case FIELD_LATER:
        if (!is_empty(member->value))
            diag_error(o->diag, member->at, "'%s' in %s is not built yet", field->name,
                       object->what);
        break;
    }
}

static void read_member(struct openapi *o, const struct openapi_object *object,
                        const struct doc_member *member, void *subject)
{
    const struct openapi_field *field = find_field(object, member->key);
    if (field)
        read_field(o, object, field, member, subject);
    else if (extension_is_key(member->key))
        extension_read(o, object->place, member, subject);
    else if (str_starts_with(member->key, STR("Fn::")) || str_is(member->key, "$ref"))
        diag_error(o->diag, member->at, "%" STR_F " cannot stand in %s", STR_A(member->key),
                   object->what);
    else if (str_starts_with(member->key, STR("x-")))
        report_foreign(o, member);
    else
        report_unknown(o, object, member);
}

bool openapi_read_object(struct openapi *o, const struct openapi_object *object,
                         const struct doc *node, void *subject)
{
    if (!openapi_is_map(o, node, object->what))
        return false;
    for (size_t i = 0; i < node->count; i++)
        read_member(o, object, &node->members[i], subject);
    return true;
}
