/* SPDX-License-Identifier: Apache-2.0 */
/* x-amazon-apigateway-cors (AWS: "x-amazon-apigateway-cors object"). The subject of its fields is a
 * struct cors_configuration. */
#include "cors.h"
#include "openapi_extensions.h"

static void read_list(struct definition *d, const struct doc_member *member, const char *what,
                      written_list *list)
{
    if (!definition_is_list(d, member->value, what))
        return;
    for (size_t i = 0; i < member->value->count; i++) {
        const struct doc *item = member->value->items[i];
        struct str text;
        if (definition_text(d, item, what, &text))
            *list_push(d->arena, list) = (struct written){text, item->at};
    }
}

static void read_origins(struct definition *d, const struct doc_member *member, void *subject)
{
    struct cors_configuration *cors = subject;
    read_list(d, member, "allowOrigins", &cors->allow_origins);
}

static void read_methods(struct definition *d, const struct doc_member *member, void *subject)
{
    struct cors_configuration *cors = subject;
    read_list(d, member, "allowMethods", &cors->allow_methods);
}

static void read_headers(struct definition *d, const struct doc_member *member, void *subject)
{
    struct cors_configuration *cors = subject;
    read_list(d, member, "allowHeaders", &cors->allow_headers);
}

static void read_exposed(struct definition *d, const struct doc_member *member, void *subject)
{
    struct cors_configuration *cors = subject;
    read_list(d, member, "exposeHeaders", &cors->expose_headers);
}

static void read_credentials(struct definition *d, const struct doc_member *member, void *subject)
{
    struct cors_configuration *cors = subject;
    bool allowed;
    if (definition_boolean(d, member->value, "allowCredentials", &allowed))
        cors->allow_credentials = allowed;
}

static void read_max_age(struct definition *d, const struct doc_member *member, void *subject)
{
    struct cors_configuration *cors = subject;
    struct str text;
    if (!definition_scalar(d, member->value, "maxAge", &text))
        return;
    cors->has_max_age = cors_parse_max_age(text, &cors->max_age);
    if (!cors->has_max_age)
        diag_error(d->diag, member->value->at,
                   "maxAge is %" STR_F ", expected seconds from -1 to %d",
                   STR_A(str_head(text, 64)), CORS_MAX_AGE_MAX);
}

static const struct definition_field fields[] = {
    {"allowCredentials", FIELD_READ, read_credentials},
    {"allowHeaders",     FIELD_READ, read_headers    },
    {"allowMethods",     FIELD_READ, read_methods    },
    {"allowOrigins",     FIELD_READ, read_origins    },
    {"exposeHeaders",    FIELD_READ, read_exposed    },
    {"maxAge",           FIELD_READ, read_max_age    },
};

static const struct definition_object object = {
    .what = "x-amazon-apigateway-cors",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

void openapi_cors(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct cors_configuration cors = {.on = true, .at = member->at};
    if (!definition_read_object(d, &object, member->value, &cors))
        return;
    cors_check(d->diag, &cors);
    if (d->api->cors.on)
        diag_notice(d->diag, member->at,
                    "the configuration has corsConfiguration too: what it says holds");
    else
        d->api->cors = cors;
}
