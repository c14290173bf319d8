/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"

/* Marks the entry of allowUnenforced that has this name; false where there is none. */
static bool allow(struct definition *d, struct str name)
{
    bool found = false;
    for (size_t i = 0; name.len > 0 && i < d->api->allow_unenforced.count; i++) {
        if (str_eq(d->api->allow_unenforced.items[i].text, name))
            found = d->allowed_used[i] = true;
    }
    return found;
}

bool definition_refuse(struct definition *d, struct position at, struct str extension,
                       struct str scheme, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str what = arena_vprintf(d->arena, format, args);
    va_end(args);

    bool by_extension = allow(d, extension), by_scheme = allow(d, scheme);
    if (by_extension || by_scheme) {
        diag_warning(d->diag, at, "%" STR_F ": allowUnenforced lets it pass", STR_A(what));
        return true;
    }
    diag_error(d->diag, at, "%" STR_F "; who accepts that names '%" STR_F "' in allowUnenforced",
               STR_A(what), STR_A(scheme.len ? scheme : extension));
    return false;
}

void definition_check_allowed(struct definition *d)
{
    size_t count;
    const char **names = d->format->guards(d, &count);
    for (size_t i = 0; i < d->api->allow_unenforced.count; i++) {
        const struct written *entry = &d->api->allow_unenforced.items[i];
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known |= str_is(entry->text, names[j]);
        if (!known)
            diag_error(d->diag, entry->at, "'%" STR_F "' is %s%s", STR_A(entry->text),
                       d->format->guards_are, definition_suggestion(d, entry->text, names, count));
        else if (!d->allowed_used[i])
            diag_warning(d->diag, entry->at, "'%" STR_F "' in allowUnenforced has no effect",
                         STR_A(entry->text));
    }
}
