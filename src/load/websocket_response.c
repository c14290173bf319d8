/* SPDX-License-Identifier: Apache-2.0 */
/* Integration responses (AWS: "Set up an integration response for a WebSocket API"). */
#include "websocket_import.h"

#define RESPONSE_DEFAULT "$default"

/* One integration response while it is read. */
struct reading {
    struct integration_response response;
    struct position at; /* of its key */
    struct str key;     /* at is NULL: none yet */
};

static void read_key(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    struct str key;
    if (!definition_text(d, member->value, "integrationResponseKey", &key))
        return;
    if (r->key.at && !str_eq(r->key, key)) {
        diag_error(d->diag, member->value->at,
                   "integrationResponseKey is '%" STR_F "', but it stands under '%" STR_F "'",
                   STR_A(key), STR_A(r->key));
        return;
    }
    r->key = key;
    r->at = member->value->at;
}

static void read_content_handling(struct definition *d, const struct doc_member *member,
                                  void *subject)
{
    struct reading *r = subject;
    websocket_read_content_handling(d, member->value, &r->response.content_handling);
}

static void read_templates(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    websocket_read_templates(d, member->value, "responseTemplates", &r->response.templates);
}

static void read_selection(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    r->response.template_selection =
        websocket_selection(d, member->value, "templateSelectionExpression",
                            SELECT_REQUEST_BODY | SELECT_RESPONSE_STATUS | SELECT_RESPONSE_HEADER |
                                SELECT_RESPONSE_ALL_HEADER | SELECT_RESPONSE_BODY);
}

static const struct definition_field fields[] = {
    {"contentHandlingStrategy",     FIELD_READ,  read_content_handling},
    {"integrationResponseKey",      FIELD_READ,  read_key             },
    {"responseParameters",          FIELD_LATER, NULL                 },
    {"responseTemplates",           FIELD_READ,  read_templates       },
    {"templateSelectionExpression", FIELD_READ,  read_selection       },
};

static const struct definition_object object = {
    .what = "an integration response",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

static void free_pattern(void *data)
{
    pattern_free(data);
}

/* /regex/, or $default, which has no pattern. */
static bool read_pattern(struct definition *d, struct reading *r)
{
    struct str key = r->key, why;
    if (str_is(key, RESPONSE_DEFAULT))
        return true;
    if (key.len < 3 || key.at[0] != '/' || key.at[key.len - 1] != '/') {
        diag_error(d->diag, r->at,
                   "integrationResponseKey is '%" STR_F "', expected " RESPONSE_DEFAULT
                   " or a regular expression between slashes: "
                   "/2\\d\\d/",
                   STR_A(str_head(key, 128)));
        return false;
    }
    struct pattern *pattern = pattern_new(d->arena, str_of(key.at + 1, key.len - 2), &why);
    if (!pattern) {
        diag_error(d->diag, r->at, "'%" STR_F "' is no regular expression: %" STR_F,
                   STR_A(str_head(key, 128)), STR_A(why));
        return false;
    }
    snapshot_on_release(d->builder->snapshot, free_pattern, pattern);
    r->response.pattern = pattern;
    return true;
}

/* $default goes last: it is for what no pattern matches. */
static void add(struct definition *d, struct websocket_integration *integration,
                const struct integration_response *response)
{
    struct integration_response *last = list_push(d->arena, &integration->responses);
    *last = *response;
    if (integration->responses.count < 2 || last[-1].pattern || !last->pattern)
        return;
    *last = last[-1];
    last[-1] = *response;
}

static bool has_default(const struct websocket_integration *integration)
{
    FOR_EACH_IN (response, &integration->responses)
        if (!response->pattern)
            return true;
    return false;
}

static void read_response(struct definition *d, const struct doc *node, struct reading r,
                          struct websocket_integration *integration)
{
    r.response.at = node->at;
    if (!definition_read_object(d, &object, node, &r))
        return;
    if (!r.key.at) {
        if (!doc_get(node, "integrationResponseKey"))
            diag_error(d->diag, node->at, "the integration response has no integrationResponseKey");
        return;
    }
    websocket_check_templates(d, &r.response.templates, r.response.template_selection);
    if (!read_pattern(d, &r))
        return;
    if (!r.response.pattern && has_default(integration))
        diag_error(d->diag, r.at, "the integration response '" RESPONSE_DEFAULT "' is there twice");
    else
        add(d, integration, &r.response);
}

void websocket_read_responses(struct definition *d, const struct doc *node,
                              struct websocket_integration *integration)
{
    if (node->kind == DOC_LIST) {
        for (size_t i = 0; i < node->count; i++)
            read_response(d, node->items[i], (struct reading){0}, integration);
        return;
    }
    if (!definition_is_map(d, node, "integrationResponses"))
        return;
    for (size_t i = 0; i < node->count; i++)
        read_response(d, node->members[i].value,
                      (struct reading){.key = node->members[i].key, .at = node->members[i].at},
                      integration);
}
