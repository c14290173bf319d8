/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"

#define FIELDS_MAX 32 /* of one kind of object */

const char *definition_suggestion(struct definition *d, struct str written,
                                  const char *const *names, size_t count)
{
    const char *nearest =
        count <= DEFINITION_SUGGESTIONS_MAX ? nearest_name(written, names, count) : NULL;
    if (!nearest)
        return "";
    return arena_printf(d->arena, "; did you mean '%s'?", nearest).at;
}

static const struct definition_field *find_field(const struct definition_object *object,
                                                 struct str name)
{
    FOR_EACH (field, object->fields, object->field_count)
        if (str_is(name, field->name))
            return field;
    return NULL;
}

/* OpenAPI lets nobody add fields without "x-", but documents of other versions have some. What may
 * be a slip of the pen is an error all the same: `securty` would leave a door open. */
static void report_unknown(struct definition *d, const struct definition_object *object,
                           const struct doc_member *member)
{
    const char *names[FIELDS_MAX];
    assert(object->field_count <= FIELDS_MAX);
    for (size_t i = 0; i < object->field_count; i++)
        names[i] = object->fields[i].name;
    const char *suggestion = definition_suggestion(d, member->key, names, object->field_count);
    if (object->strict || *suggestion)
        diag_error(d->diag, member->at, "unknown field '%" STR_F "' in %s%s", STR_A(member->key),
                   object->what, suggestion);
    else
        diag_warning(d->diag, member->at, "'%" STR_F "' is no field of %s: it has no effect",
                     STR_A(member->key), object->what);
}

static bool is_empty(const struct doc *node)
{
    return (node->kind == DOC_MAP || node->kind == DOC_LIST) && node->count == 0;
}

static void read_field(struct definition *d, const struct definition_object *object,
                       const struct definition_field *field, const struct doc_member *member,
                       void *subject)
{
    switch (field->support) {
    case FIELD_READ:
        if (field->read)
            field->read(d, member, subject);
        break;
    case FIELD_SILENT:
        if (d->format->look_into)
            d->format->look_into(d, member->value);
        break;
    case FIELD_FREE:
        break;
    case FIELD_WARN:
        diag_warning(d->diag, member->at, "'%s' in %s has no effect on %s", field->name,
                     object->what, d->format->apis);
        break;
    case FIELD_REFUSE:
        diag_error(d->diag, member->at, "'%s' in %s is not enforced on %s", field->name,
                   object->what, d->format->apis);
        break;
    case FIELD_LATER:
        if (!is_empty(member->value))
            diag_error(d->diag, member->at, "'%s' in %s is not built yet", field->name,
                       object->what);
        break;
    }
}

static void read_member(struct definition *d, const struct definition_object *object,
                        const struct doc_member *member, void *subject)
{
    const struct definition_field *field = find_field(object, member->key);
    if (field)
        read_field(d, object, field, member, subject);
    else if (str_starts_with(member->key, STR("Fn::")) || str_is(member->key, "$ref"))
        diag_error(d->diag, member->at, "%" STR_F " cannot stand in %s", STR_A(member->key),
                   object->what);
    else if (!d->format->read_other || !d->format->read_other(d, object, member, subject))
        report_unknown(d, object, member);
}

bool definition_read_object(struct definition *d, const struct definition_object *object,
                            const struct doc *node, void *subject)
{
    if (!definition_is_map(d, node, object->what))
        return false;
    for (size_t i = 0; i < node->count; i++)
        read_member(d, object, &node->members[i], subject);
    return true;
}
