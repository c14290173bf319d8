/* SPDX-License-Identifier: Apache-2.0 */
/* The document itself. What it consists of is read in the order in which one part needs another:
 * info, components, paths. */
#include "turnpike/load/openapi.h"

#include "openapi_extensions.h"

/* --- info, tags, servers --- */

static void read_title(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str title;
    if (definition_scalar(d, member->value, "title", &title))
        d->api->name = title;
}

static const struct definition_field info_fields[] = {
    {"contact",        FIELD_SILENT, NULL      },
    {"description",    FIELD_SILENT, NULL      },
    {"license",        FIELD_SILENT, NULL      },
    {"termsOfService", FIELD_SILENT, NULL      },
    {"title",          FIELD_READ,   read_title},
    {"version",        FIELD_SILENT, NULL      },
};

static const struct definition_object info_object = {
    .what = "info",
    DEFINITION_FIELDS(info_fields),
};

static void read_info(struct definition *d)
{
    const struct doc *info = doc_get(d->root, "info");
    if (!info) {
        diag_error(d->diag, d->root->at, "the document has no info with title and version");
        return;
    }
    if (!definition_read_object(d, &info_object, info, NULL))
        return;
    if (!doc_get(info, "title"))
        diag_error(d->diag, info->at, "info has no title: it is the API's name");
    if (!doc_get(info, "version"))
        diag_warning(d->diag, info->at, "info has no version");
}

void openapi_tag(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str value;
    if (!definition_scalar(d, member->value, "x-amazon-apigateway-tag-value", &value))
        return; /* reported; a tag has no effect here */
}

static const struct definition_field tag_fields[] = {
    {"description",  FIELD_SILENT, NULL},
    {"externalDocs", FIELD_SILENT, NULL},
    {"name",         FIELD_SILENT, NULL},
};

static const struct definition_object tag_object = {
    .what = "an item of tags",
    .place = AT_TAG,
    DEFINITION_FIELDS(tag_fields),
};

static const struct definition_field endpoint_fields[] = {
    {"disableExecuteApiEndpoint", FIELD_READ, definition_disable_endpoint},
    {"ipAddressType",             FIELD_FREE, NULL                       },
    {"vpcEndpointIds",            FIELD_WARN, NULL                       },
};

static const struct definition_object endpoint_object = {
    .what = "x-amazon-apigateway-endpoint-configuration",
    .strict = true,
    DEFINITION_FIELDS(endpoint_fields),
};

void openapi_endpoint(struct definition *d, const struct doc_member *member, void *subject)
{
    definition_read_object(d, &endpoint_object, member->value, subject);
}

static const struct definition_field server_fields[] = {
    {"description", FIELD_SILENT, NULL},
    {"url",         FIELD_SILENT, NULL},
    {"variables",   FIELD_SILENT, NULL},
};

static const struct definition_object server_object = {
    .what = "an item of servers",
    .place = AT_SERVER,
    DEFINITION_FIELDS(server_fields),
};

static void read_items(struct definition *d, const struct doc_member *member,
                       const struct definition_object *object, const char *what)
{
    if (definition_is_list(d, member->value, what))
        for (size_t i = 0; i < member->value->count; i++)
            definition_read_object(d, object, member->value->items[i], NULL);
}

static void read_tags(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    read_items(d, member, &tag_object, "tags");
}

static void read_servers(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    read_items(d, member, &server_object, "servers");
}

/* --- components --- */

static void read_security_schemes(struct definition *d, const struct doc_member *member,
                                  void *subject)
{
    (void)subject;
    openapi_read_schemes(d, member->value);
}

/* Of x-amazon-apigateway-integrations, those are read that an operation refers to. */
static const struct definition_field components_fields[] = {
    {"callbacks",       FIELD_SILENT, NULL                 },
    {"examples",        FIELD_FREE,   NULL                 },
    {"headers",         FIELD_SILENT, NULL                 },
    {"links",           FIELD_SILENT, NULL                 },
    {"parameters",      FIELD_SILENT, NULL                 },
    {"requestBodies",   FIELD_SILENT, NULL                 },
    {"responses",       FIELD_SILENT, NULL                 },
    {"schemas",         FIELD_SILENT, NULL                 },
    {"securitySchemes", FIELD_READ,   read_security_schemes},
};

static const struct definition_object components_object = {
    .what = "components",
    .place = AT_COMPONENTS,
    DEFINITION_FIELDS(components_fields),
};

/* --- the root --- */

void openapi_format(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str version;
    if (definition_scalar(d, member->value, "x-amazon-apigateway-importexport-version", &version) &&
        !str_is(version, "1.0"))
        diag_error(d->diag, member->value->at,
                   "x-amazon-apigateway-importexport-version is '%" STR_F "', expected 1.0",
                   STR_A(version));
}

/* The parts that others need are read by name, before or after. */
static const struct definition_field root_fields[] = {
    {"components",   FIELD_READ,   NULL        },
    {"externalDocs", FIELD_SILENT, NULL        },
    {"info",         FIELD_READ,   NULL        },
    {"openapi",      FIELD_READ,   NULL        },
    {"paths",        FIELD_READ,   NULL        },
    {"security",     FIELD_READ,   NULL        },
    {"servers",      FIELD_READ,   read_servers},
    {"tags",         FIELD_READ,   read_tags   },
};

static const struct definition_object root_object = {
    .what = "the document",
    .place = AT_ROOT,
    DEFINITION_FIELDS(root_fields),
};

static bool check_template(struct definition *d)
{
    static const char *const words[] = {"AWSTemplateFormatVersion", "Resources", "Transform"};
    FOR_EACH (word, words, ARRAY_LENGTH(words)) {
        const struct doc_member *member = doc_member(d->root, str_from(*word));
        if (!member || doc_get(d->root, "openapi"))
            continue;
        diag_error(d->diag, member->at,
                   "this is a CloudFormation or SAM template: cut the API's document (Body or "
                   "DefinitionBody) out of it, into a file of its own");
        return false;
    }
    return true;
}

/* 3.0.x; 2.0 says so in another word. */
static bool check_version(struct definition *d)
{
    const struct doc_member *swagger = doc_member(d->root, STR("swagger"));
    const struct doc *node = doc_get(d->root, "openapi");
    struct str version;
    if (swagger) {
        diag_error(d->diag, swagger->at,
                   "swagger 2.0 is for REST APIs: an HTTP API is described by OpenAPI 3.0");
        return false;
    }
    if (!node) {
        bool websocket = doc_get(d->root, "protocolType") || doc_get(d->root, "routes");
        diag_error(d->diag, d->root->at,
                   "this is no OpenAPI document: it has no 'openapi' with its version, 3.0.x%s",
                   websocket ? "; a WebSocket API's definition has 'protocolType: WEBSOCKET'" : "");
        return false;
    }
    if (!definition_scalar(d, node, "openapi", &version))
        return false;
    if (!str_starts_with(version, STR("3.0."))) {
        diag_error(d->diag, node->at,
                   "OpenAPI %" STR_F " is not supported: API Gateway imports 3.0.x",
                   STR_A(str_head(version, 32)));
        return false;
    }
    return true;
}

static void read_document(struct definition *d)
{
    const struct doc *components = doc_get(d->root, "components");
    const struct doc *paths = doc_get(d->root, "paths");
    read_info(d);
    definition_read_object(d, &root_object, d->root, NULL);
    if (components)
        definition_read_object(d, &components_object, components, NULL);
    if (paths)
        openapi_read_paths(d, paths);
    else
        diag_error(d->diag, d->root->at, "the document has no paths");
    definition_check_allowed(d);
}

bool openapi_read(struct builder *b, struct api *api, const struct doc *root)
{
    size_t errors_before = b->diag->error_count;
    struct openapi o = {0};
    struct definition *d = &o.definition;
    definition_init(d, &openapi_format_of_http, b, api, root);
    if (definition_is_map(d, root, "the document") && check_template(d) && check_version(d) &&
        openapi_find_protocol(d))
        read_document(d);
    if (api->docs_path.text.at && b->diag->error_count == errors_before)
        openapi_add_docs(d);
    map_release(&o.integrations);
    map_release(&o.templates);
    return b->diag->error_count == errors_before;
}
