/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"

/* Marks the entry of allowUnenforced that has this name; false where there is none. */
static bool allow(struct openapi *o, struct str name)
{
    bool found = false;
    for (size_t i = 0; name.len > 0 && i < o->api->allow_unenforced.count; i++) {
        if (str_eq(o->api->allow_unenforced.items[i].text, name))
            found = o->allowed_used[i] = true;
    }
    return found;
}

bool openapi_refuse(struct openapi *o, struct position at, struct str extension, struct str scheme,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str what = arena_vprintf(o->arena, format, args);
    va_end(args);

    bool by_extension = allow(o, extension), by_scheme = allow(o, scheme);
    if (by_extension || by_scheme) {
        diag_warning(o->diag, at, "%" STR_F ": allowUnenforced lets it pass", STR_A(what));
        return true;
    }
    diag_error(o->diag, at, "%" STR_F "; who accepts that names '%" STR_F "' in allowUnenforced",
               STR_A(what), STR_A(scheme.len ? scheme : extension));
    return false;
}

static bool guards(const struct extension *row)
{
    return row->support == SUPPORT_REFUSE || row->read == openapi_auth ||
           row->read == openapi_authorizer;
}

/* What allowUnenforced may name in this document. */
static const char **known_names(struct openapi *o, size_t *ret_count)
{
    const char **names =
        arena_array(o->arena, const char *, extension_count + o->schemes.count + 1);
    size_t count = 0;
    FOR_EACH (row, extensions, extension_count)
        if (guards(row))
            names[count++] = row->key;
    FOR_EACH_IN (scheme, &o->schemes)
        names[count++] = arena_cstring(o->arena, scheme->name);
    *ret_count = count;
    return names;
}

void openapi_check_allowed(struct openapi *o)
{
    size_t count;
    const char **names = known_names(o, &count);
    for (size_t i = 0; i < o->api->allow_unenforced.count; i++) {
        const struct written *entry = &o->api->allow_unenforced.items[i];
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known |= str_is(entry->text, names[j]);
        if (!known)
            diag_error(o->diag, entry->at,
                       "'%" STR_F "' is no security scheme of the document, nor an extension that "
                       "guards%s",
                       STR_A(entry->text), openapi_suggestion(o, entry->text, names, count));
        else if (!o->allowed_used[i])
            diag_warning(o->diag, entry->at, "'%" STR_F "' in allowUnenforced has no effect",
                         STR_A(entry->text));
    }
}
