/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a map by the rows of its section. */
#include "config_signing.h"

static bool is_absent(const struct doc *d)
{
    return !d || d->kind == DOC_NULL;
}

static const struct config_key *find_key(const struct config_section *section, struct str name)
{
    FOR_EACH (key, section->keys, section->count)
        if (str_is(name, key->name))
            return key;
    return NULL;
}

/* The row of x where `xFile` was written and x is a secret. */
static const struct config_key *find_secret(const struct config_section *section, struct str name)
{
    if (!str_ends_with(name, STR("File")))
        return NULL;
    const struct config_key *key = find_key(section, str_head(name, name.len - 4));
    return key && key->type == CONFIG_SECRET ? key : NULL;
}

static void report_unheard_of(struct config *c, const struct config_section *section,
                              const struct doc_member *m)
{
    const char **names = arena_array(c->arena, const char *, section->count);
    for (size_t i = 0; i < section->count; i++)
        names[i] = section->keys[i].name;
    const char *nearest = nearest_name(m->key, names, section->count);
    if (nearest)
        diag_error(c->diag, m->at, "there is no key '%" STR_F "' here; did you mean '%s'?",
                   STR_A(m->key), nearest);
    else
        diag_error(c->diag, m->at, "there is no key '%" STR_F "' here", STR_A(m->key));
}

/* A map among the section's keys that has such a key itself. */
static const struct config_key *find_inner(const struct config_section *section, struct str name)
{
    FOR_EACH (key, section->keys, section->count)
        if (key->type == CONFIG_SECTION && key->section && find_key(key->section, name))
            return key;
    return NULL;
}

static void report_unknown(struct config *c, const struct config_section *section,
                           const struct doc_member *m)
{
    const struct config_key *inner = find_inner(section, m->key);
    if (inner || (section->outer && find_key(section->outer, m->key)))
        diag_error(c->diag, m->at, "'%" STR_F "' does not belong here, but %s%s%s", STR_A(m->key),
                   inner ? "into '" : "one level further out", inner ? inner->name : "",
                   inner ? "'" : "");
    else
        report_unheard_of(c, section, m);
}

/* Whether a value of a key that is not built yet says only what holds anyway. */
static bool is_idle(struct config *c, const struct config_key *key, const struct doc *d)
{
    if (is_absent(d) || ((d->kind == DOC_LIST || d->kind == DOC_MAP) && d->count == 0))
        return true;
    if (d->kind == DOC_MAP && key->type == CONFIG_SECTION) {
        FOR_EACH (m, d->members, d->count) {
            const struct config_key *inner = find_key(key->section, m->key);
            if (!inner || !is_idle(c, inner, m->value))
                return false;
        }
        return true;
    }
    return d->kind != DOC_LIST && d->kind != DOC_MAP && key->initial &&
           str_is(d->text, key->initial);
}

static void read_default(struct config *c, const struct config_key *key, void *target)
{
    const struct doc *d = doc_parse(c->arena, c->diag, "", str_from(key->initial));
    assert(d);
    config_read_value(c, key, d, target);
}

static void read_key(struct config *c, const struct config_key *key, const struct doc *map,
                     void *target)
{
    const struct doc *d = doc_get(map, key->name);
    if (d && d->tag.len > 0) {
        diag_error(c->diag, d->at, "tag '%" STR_F "' means nothing here", STR_A(d->tag));
    } else if (d && key->opens && is_absent(d)) {
        diag_error(c->diag, config_at(map, key->name), "'%s' is empty", key->name);
    } else if (key->support == LATER) {
        if (!is_idle(c, key, d))
            diag_error(c->diag, config_at(map, key->name), "'%s' is not built yet", key->name);
    } else if (key->type == CONFIG_SECRET) {
        config_read_secret(c, key, map, target);
    } else if (!is_absent(d) || key->type == CONFIG_SECTION) {
        config_read_value(c, key, is_absent(d) ? NULL : d, target);
    } else if (key->required) {
        diag_error(c->diag, map->at, "'%s' is missing", key->name);
    } else if (key->initial) {
        read_default(c, key, target);
    }
}

bool config_read_section(struct config *c, const struct config_section *section,
                         const struct doc *d, void *target)
{
    struct doc nothing = {.kind = DOC_MAP};
    if (is_absent(d)) {
        nothing.at = d ? d->at : nothing.at;
        d = &nothing;
    }
    if (!config_is_map(c, section->path, d))
        return false;
    FOR_EACH (m, d->members, d->count)
        if (!find_key(section, m->key) && !find_secret(section, m->key))
            report_unknown(c, section, m);
    FOR_EACH (key, section->keys, section->count)
        read_key(c, key, d, target && key->offset != NOWHERE ? (char *)target + key->offset : NULL);
    return true;
}

bool config_is_list(struct config *c, const char *name, const struct doc *d)
{
    if (is_absent(d) || d->kind == DOC_LIST)
        return true;
    diag_error(c->diag, d->at, "'%s' must be a list, not %s", name, doc_kind_name(d));
    return false;
}

bool config_is_map(struct config *c, const char *name, const struct doc *d)
{
    if (is_absent(d) || d->kind == DOC_MAP)
        return true;
    diag_error(c->diag, d->at, "'%s' must be a map, not %s", name, doc_kind_name(d));
    return false;
}

bool config_name_of(const struct doc *d, const char *key, struct str *ret_name,
                    struct position *ret_at)
{
    const struct doc *name = doc_get(d, key);
    if (!name || name->kind != DOC_STRING || name->text.len == 0)
        return false;
    *ret_name = name->text;
    if (ret_at)
        *ret_at = name->at;
    return true;
}

struct position config_at(const struct doc *d, const char *key)
{
    const struct doc_member *m = doc_member(d, str_from(key));
    return m ? m->at : d->at;
}

bool config_has(const struct doc *d, const char *key)
{
    return !is_absent(doc_get(d, key));
}
