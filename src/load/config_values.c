/* SPDX-License-Identifier: Apache-2.0 */
/* One reader for each type of value; those of numbers are in config_numbers.c. */
#include "config_values.h"

/* Says nothing of the text: it may be a secret. */
bool config_string(struct config *c, const char *name, const struct doc *d, struct str *ret_text)
{
    if (d->kind == DOC_NUMBER || d->kind == DOC_BOOL)
        return config_wrong_type(c, name, "a string (put it in quotes)", d);
    if (d->kind != DOC_STRING)
        return config_wrong_type(c, name, "a string", d);
    if (d->tag.len > 0) {
        diag_error(c->diag, d->at, "tag '%" STR_F "' means nothing here", STR_A(d->tag));
        return false;
    }
    if (str_find(d->text, '\0') < d->text.len) {
        diag_error(c->diag, d->at, "'%s' holds a NUL character", name);
        return false;
    }
    *ret_text = d->text;
    return true;
}

struct str config_path(struct config *c, struct str path)
{
    if (path.len == 0 || path.at[0] == '/')
        return path;
    return arena_printf(c->arena, "%" STR_F "%" STR_F, STR_A(c->directory), STR_A(path));
}

static bool read_text(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    struct str text;
    if (!config_string(c, key->name, d, &text))
        return false;
    if (text.len == 0 && !key->initial) {
        diag_error(c->diag, d->at, "'%s' is empty", key->name);
        return false;
    }
    *(struct str *)target = text;
    return true;
}

static bool read_written(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    struct written *written = target;
    if (!read_text(c, key, d, &written->text))
        return false;
    written->at = d->at;
    return true;
}

static bool read_path(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    struct str *path = target;
    if (!read_text(c, key, d, path))
        return false;
    *path = config_path(c, *path);
    return true;
}

static bool read_written_path(struct config *c, const struct config_key *key, const struct doc *d,
                              void *target)
{
    struct written *written = target;
    if (!read_path(c, key, d, &written->text))
        return false;
    written->at = d->at;
    return true;
}

static bool read_stream(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    struct str *stream = target;
    if (!read_text(c, key, d, stream))
        return false;
    if (!str_is(*stream, "stdout") && !str_is(*stream, "stderr"))
        *stream = config_path(c, *stream);
    return true;
}

static bool read_written_list(struct config *c, const struct config_key *key, const struct doc *d,
                              void *target)
{
    written_list list = {0};
    if (!config_is_list(c, key->name, d))
        return false;
    for (size_t i = 0; i < d->count; i++) {
        struct written item;
        if (!read_written(c, key, d->items[i], &item))
            return false;
        *list_push(c->arena, &list) = item;
    }
    *(written_list *)target = list;
    return true;
}

typedef LIST(struct str) text_list;

static bool read_texts(struct config *c, const struct config_key *key, const struct doc *d,
                       void *target)
{
    text_list list = {0};
    if (!config_is_list(c, key->name, d))
        return false;
    for (size_t i = 0; i < d->count; i++) {
        struct str text;
        if (!read_text(c, key, d->items[i], &text))
            return false;
        *list_push(c->arena, &list) = text;
    }
    *(text_list *)target = list;
    return true;
}

static bool read_bool(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    if (d->kind != DOC_BOOL)
        return config_wrong_type(c, key->name, "true or false", d);
    *(bool *)target = d->truth;
    return true;
}

static bool read_word(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    struct str text;
    size_t count = 0;
    if (!config_string(c, key->name, d, &text))
        return false;
    for (; key->words[count]; count++) {
        if (str_is(text, key->words[count])) {
            *(unsigned *)target = (unsigned)count;
            return true;
        }
    }
    struct str all = {0};
    for (size_t i = 0; i < count; i++)
        all = arena_printf(c->arena, "%" STR_F "%s%s", STR_A(all), i ? ", " : "", key->words[i]);
    const char *nearest = nearest_name(text, key->words, count);
    diag_error(c->diag, d->at, "'%s' cannot be '%" STR_F "'; %s%s%s%" STR_F, key->name, STR_A(text),
               nearest ? "did you mean '" : "", nearest ? nearest : "it is one of ",
               nearest ? "'?" : "", STR_A(nearest ? STR("") : all));
    return false;
}

static bool read_choice(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    unsigned index;
    if (!read_word(c, key, d, &index))
        return false;
    *(bool *)target = index == 1;
    return true;
}

static bool read_address(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    struct str text;
    struct ip ip;
    if (!read_text(c, key, d, &text))
        return false;
    if (!ip_parse(text, &ip)) {
        diag_error(c->diag, d->at, "'%" STR_F "' is no numeric address", STR_A(text));
        return false;
    }
    *(struct str *)target = text;
    return true;
}

typedef LIST(struct ip_network) network_list;

static bool read_networks(struct config *c, const struct config_key *key, const struct doc *d,
                          void *target)
{
    network_list list = {0};
    if (!config_is_list(c, key->name, d))
        return false;
    for (size_t i = 0; i < d->count; i++) {
        struct str text;
        struct ip_network network;
        if (!read_text(c, key, d->items[i], &text))
            return false;
        if (!ip_network_parse(text, &network)) {
            diag_error(c->diag, d->items[i]->at,
                       "'%" STR_F "' is no network such as 10.0.0.0/8 (bits beyond the prefix are "
                       "zero)",
                       STR_A(text));
            return false;
        }
        *list_push(c->arena, &list) = network;
    }
    *(network_list *)target = list;
    return true;
}

typedef LIST(struct variable) variable_list;

static bool read_variables(struct config *c, const struct config_key *key, const struct doc *d,
                           void *target)
{
    variable_list list = {0};
    if (!config_is_map(c, key->name, d))
        return false;
    FOR_EACH (m, d->members, d->count) {
        if (m->value->kind == DOC_LIST || m->value->kind == DOC_MAP)
            return config_wrong_type(c, key->name, "a map of strings", m->value);
        *list_push(c->arena, &list) = (struct variable){m->key, m->value->text};
    }
    *(variable_list *)target = list;
    return true;
}

static bool read_section(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    return config_is_map(c, key->name, d) && config_read_section(c, key->section, d, target);
}

static bool check_sections(struct config *c, const struct config_key *key, const struct doc *d,
                           void *target)
{
    (void)target;
    if (!config_is_list(c, key->name, d))
        return false;
    for (size_t i = 0; i < d->count; i++)
        (void)config_read_section(c, key->section, d->items[i], NULL);
    return true;
}

static bool check_named(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    (void)target;
    if (!config_is_map(c, key->name, d))
        return false;
    FOR_EACH (m, d->members, d->count)
        (void)config_read_section(c, key->section, m->value, NULL);
    return true;
}

static bool check_map(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    (void)target;
    return config_is_map(c, key->name, d);
}

static bool pass(struct config *c, const struct config_key *key, const struct doc *d, void *target)
{
    (void)c, (void)key, (void)d, (void)target;
    return true;
}

static config_value_fn *const readers[] = {
    [CONFIG_TEXT] = read_text,
    [CONFIG_WRITTEN] = read_written,
    [CONFIG_TEXTS] = read_texts,
    [CONFIG_WRITTEN_LIST] = read_written_list,
    [CONFIG_PATH] = read_path,
    [CONFIG_WRITTEN_PATH] = read_written_path,
    [CONFIG_STREAM] = read_stream,
    [CONFIG_SECRET] = pass,
    [CONFIG_BOOL] = read_bool,
    [CONFIG_COUNT] = config_value_count,
    [CONFIG_SIZE] = config_value_size,
    [CONFIG_PORT] = config_value_port,
    [CONFIG_NUMBER] = config_value_number,
    [CONFIG_DURATION] = config_value_duration,
    [CONFIG_WORD] = read_word,
    [CONFIG_CHOICE] = read_choice,
    [CONFIG_ADDRESS] = read_address,
    [CONFIG_NETWORKS] = read_networks,
    [CONFIG_VARIABLES] = read_variables,
    [CONFIG_SECTION] = read_section,
    [CONFIG_SECTIONS] = check_sections,
    [CONFIG_NAMED] = check_named,
    [CONFIG_MAP] = check_map,
    [CONFIG_ANY] = pass,
};

void config_read_value(struct config *c, const struct config_key *key, const struct doc *d,
                       void *target)
{
    /* where the caller wants only the check: room for the largest of the types */
    union {
        struct written written;
        written_list list;
        uint64_t size;
    } nowhere;
    if (key->read) {
        key->read(c, key, d, target);
        return;
    }
    bool section = key->type == CONFIG_SECTION;
    (void)readers[key->type](c, key, d, target || section ? target : &nowhere);
}

bool config_consists_of(struct str text, const char *set, size_t max)
{
    if (text.len == 0 || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\0' || !strchr(set, text.at[i]))
            return false;
    return true;
}

struct str config_lower(struct config *c, struct str text)
{
    char *copy = arena_cstring(c->arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] + ('a' - 'A'));
    return str_of(copy, text.len);
}
