/* SPDX-License-Identifier: Apache-2.0 */
/* APIs and their stages. */
#include "config_read.h"

#define NAME_CHARACTERS           CONFIG_LETTER CONFIG_DIGITS
#define STAGE_NAME_MAX            128
#define API_ID_MAX                63 /* a label of a host name */
#define DOCS_PATH_MAX             256
#define STAGE_VARIABLE_NAME_MAX   64
#define STAGE_VARIABLE_VALUE_MAX  512
#define STAGE_VARIABLE_CHARACTERS NAME_CHARACTERS "-._~:/?#&=,"

/* AWS: "API Gateway stage variables reference". An empty value is allowed. */
void config_read_stage_variables(struct config *c, const struct config_key *key,
                                 const struct doc *d, void *target)
{
    static const struct config_key plain = {.name = "stageVariables", .type = CONFIG_VARIABLES};
    (void)key;
    config_read_value(c, &plain, d, target);
    if (d->kind != DOC_MAP)
        return;
    FOR_EACH (m, d->members, d->count) {
        if (!config_consists_of(m->key, NAME_CHARACTERS "_", STAGE_VARIABLE_NAME_MAX))
            diag_error(c->diag, m->at,
                       "stage variable '%" STR_F "': a name has from 1 to %d letters, digits and _",
                       STR_A(m->key), STAGE_VARIABLE_NAME_MAX);
        if (m->value->text.len > 0 && !config_consists_of(m->value->text, STAGE_VARIABLE_CHARACTERS,
                                                          STAGE_VARIABLE_VALUE_MAX))
            diag_error(c->diag, m->value->at,
                       "stage variable '%" STR_F
                       "': a value has at most %d letters, digits and -._~:/?#&=,",
                       STR_A(m->key), STAGE_VARIABLE_VALUE_MAX);
    }
}

/* A throttle; what it leaves out is the `wider` one's. */
static void read_throttle(struct config *c, const struct doc *d, const struct throttle *wider,
                          struct throttle *throttle)
{
    *throttle = (struct throttle){.rate = wider->rate, .burst = wider->burst};
    throttle->on = config_read_section(c, &config_stage_throttle, d, throttle) &&
                   (config_has(d, "throttlingRateLimit") || config_has(d, "throttlingBurstLimit"));
}

void config_read_stage_throttle(struct config *c, const struct config_key *key, const struct doc *d,
                                void *target)
{
    if (d && config_is_map(c, key->name, d))
        read_throttle(c, d, &c->settings->throttling, target);
}

/* Reads into the stage that a row further up has begun. */
void config_read_route_settings(struct config *c, const struct config_key *key, const struct doc *d,
                                void *target)
{
    struct stage *stage = target;
    if (!config_is_map(c, key->name, d))
        return;
    const struct throttle *wider =
        stage->default_throttle.on ? &stage->default_throttle : &c->settings->throttling;
    FOR_EACH (m, d->members, d->count) {
        struct route_settings *own = list_push(c->arena, &stage->route_settings);
        own->route_key = (struct written){m->key, m->at};
        if (config_is_map(c, key->name, m->value))
            read_throttle(c, m->value, wider, &own->throttle);
    }
}

void config_read_access_log(struct config *c, const struct config_key *key, const struct doc *d,
                            void *target)
{
    struct access_log_settings *log = target;
    if (!d || !config_is_map(c, key->name, d) || !config_read_section(c, key->section, d, log))
        return;
    log->on = log->format.text.len > 0;
    log->at = d->at;
}

static bool is_stage_name(struct str name)
{
    return str_is(name, "$default") ||
           config_consists_of(name, NAME_CHARACTERS "-_", STAGE_NAME_MAX);
}

static void read_stage(struct config *c, struct api *api, const struct doc *d)
{
    struct str name;
    struct position at;
    struct stage unnamed = {0}; /* so that what is wrong with the rest is found too */
    if (!config_name_of(d, "stageName", &name, &at)) {
        (void)config_read_section(c, &config_stage, d, &unnamed);
        return;
    }
    if (!is_stage_name(name))
        diag_error(c->diag, at,
                   "'%" STR_F "' is no stage name: $default, or letters, digits, - and _",
                   STR_A(name));
    (void)config_read_section(c, &config_stage, d, builder_add_stage(c->b, api, at, name));
}

void config_read_stages(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    if (!config_is_list(c, key->name, d))
        return;
    for (size_t i = 0; i < d->count; i++)
        if (config_is_map(c, key->name, d->items[i]))
            read_stage(c, target, d->items[i]);
}

/* Links lead to such a path as it stands. */
static bool is_docs_path(struct str path)
{
    struct str rest = str_skip(path, 1), segment;
    if (!str_starts_with(path, STR("/")))
        return false;
    while (str_split(&rest, '/', &segment))
        if (!config_consists_of(segment, NAME_CHARACTERS "-._~", DOCS_PATH_MAX) ||
            str_is(segment, ".") || str_is(segment, ".."))
            return false;
    return path.len <= DOCS_PATH_MAX;
}

void config_read_docs(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    struct written *path = target;
    if (!d || !config_is_map(c, key->name, d) || !config_read_section(c, key->section, d, path) ||
        !path->text.at || is_docs_path(path->text))
        return;
    diag_error(c->diag, path->at,
               "'%" STR_F "' is no path for docs: it begins with '/', does not end in one, and has "
               "letters, digits and -._~ between single ones",
               STR_A(path->text));
    path->text = (struct str){NULL, 0};
}

static void check_protocol(struct config *c, const struct doc *d, struct api *api)
{
    api->protocol_written = config_has(d, "protocolType");
    if (api->protocol_type != PROTOCOL_REST)
        return;
    const struct doc *written = doc_get(d, "protocolType");
    diag_error(c->diag, written->at, "APIs of protocolType %" STR_F " are not built yet",
               STR_A(written->text));
    api->definition.text = STR("");
}

/* The definition, which may tell the kind of the API, is read later. */
static void keep_websocket_keys(struct config *c, const struct doc *d, struct api *api)
{
    static const char *const keys[] = {"binaryFrames", "idleReset", "serializeMessages"};
    FOR_EACH (key, keys, ARRAY_LENGTH(keys))
        if (config_has(d, *key))
            *list_push(c->arena, &api->websocket_keys) =
                (struct written){str_from(*key), config_at(d, *key)};
}

static void read_api(struct config *c, const struct doc *d)
{
    struct str id;
    struct position at;
    struct api *api;
    if (config_name_of(d, "apiId", &id, &at)) {
        api = builder_add_api(c->b, at, id);
        if (!config_consists_of(id, CONFIG_LOWER CONFIG_DIGITS "-", API_ID_MAX))
            diag_error(c->diag, at,
                       "'%" STR_F "' is no API id: from 1 to %d lower-case letters, digits and -",
                       STR_A(id), API_ID_MAX);
    } else {
        api = arena_new(c->arena, struct api); /* only to find what else is wrong */
    }
    if (!config_read_section(c, &config_api, d, api))
        return;
    api->disable_written = config_has(d, "disableExecuteApiEndpoint");
    check_protocol(c, d, api);
    keep_websocket_keys(c, d, api);
    api->stages_written = config_has(d, "stages");
    if (!api->stages_written)
        (void)builder_add_stage(c->b, api, api->at, STR("$default"));
    else if (doc_get(d, "stages")->kind == DOC_LIST && doc_get(d, "stages")->count == 0)
        diag_warning(c->diag, doc_get(d, "stages")->at, "an API without stages answers nothing");
}

void config_read_apis(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    (void)target;
    if (!config_is_list(c, key->name, d))
        return;
    for (size_t i = 0; i < d->count; i++)
        if (config_is_map(c, key->name, d->items[i]))
            read_api(c, d->items[i]);
}
