/* SPDX-License-Identifier: Apache-2.0 */
/* The document itself. What it consists of is read in the order in which one part needs another:
 * info, components, paths. */
#include "turnpike/load/openapi.h"

#include "openapi_extensions.h"

/* --- info, tags, servers --- */

static void read_title(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str title;
    if (openapi_scalar(o, member->value, "title", &title))
        o->api->name = title;
}

static const struct openapi_field info_fields[] = {
    {"contact",        FIELD_SILENT, NULL      },
    {"description",    FIELD_SILENT, NULL      },
    {"license",        FIELD_SILENT, NULL      },
    {"termsOfService", FIELD_SILENT, NULL      },
    {"title",          FIELD_READ,   read_title},
    {"version",        FIELD_SILENT, NULL      },
};

static const struct openapi_object info_object = {
    .what = "info",
    OPENAPI_FIELDS(info_fields),
};

static void read_info(struct openapi *o)
{
    const struct doc *info = doc_get(o->root, "info");
    if (!info) {
        diag_error(o->diag, o->root->at, "the document has no info with title and version");
        return;
    }
    if (!openapi_read_object(o, &info_object, info, NULL))
        return;
    if (!doc_get(info, "title"))
        diag_error(o->diag, info->at, "info has no title: it is the API's name");
    if (!doc_get(info, "version"))
        diag_warning(o->diag, info->at, "info has no version");
}

void openapi_tag(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str value;
    if (!openapi_scalar(o, member->value, "x-amazon-apigateway-tag-value", &value))
        return; /* reported; a tag has no effect here */
}

static const struct openapi_field tag_fields[] = {
    {"description",  FIELD_SILENT, NULL},
    {"externalDocs", FIELD_SILENT, NULL},
    {"name",         FIELD_SILENT, NULL},
};

static const struct openapi_object tag_object = {
    .what = "an item of tags",
    .place = AT_TAG,
    OPENAPI_FIELDS(tag_fields),
};

static void read_disabled(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    bool disabled;
    if (!openapi_boolean(o, member->value, "disableExecuteApiEndpoint", &disabled))
        return;
    if (o->api->disable_written)
        diag_notice(o->diag, member->at,
                    "the configuration has disableExecuteApiEndpoint too: what it says holds");
    else
        o->api->disable_execute_api_endpoint |= disabled;
}

static const struct openapi_field endpoint_fields[] = {
    {"disableExecuteApiEndpoint", FIELD_READ, read_disabled},
    {"ipAddressType",             FIELD_FREE, NULL         },
    {"vpcEndpointIds",            FIELD_WARN, NULL         },
};

static const struct openapi_object endpoint_object = {
    .what = "x-amazon-apigateway-endpoint-configuration",
    .strict = true,
    OPENAPI_FIELDS(endpoint_fields),
};

void openapi_endpoint(struct openapi *o, const struct doc_member *member, void *subject)
{
    openapi_read_object(o, &endpoint_object, member->value, subject);
}

static const struct openapi_field server_fields[] = {
    {"description", FIELD_SILENT, NULL},
    {"url",         FIELD_SILENT, NULL},
    {"variables",   FIELD_SILENT, NULL},
};

static const struct openapi_object server_object = {
    .what = "an item of servers",
    .place = AT_SERVER,
    OPENAPI_FIELDS(server_fields),
};

static void read_items(struct openapi *o, const struct doc_member *member,
                       const struct openapi_object *object, const char *what)
{
    if (openapi_is_list(o, member->value, what))
        for (size_t i = 0; i < member->value->count; i++)
            openapi_read_object(o, object, member->value->items[i], NULL);
}

static void read_tags(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    read_items(o, member, &tag_object, "tags");
}

static void read_servers(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    read_items(o, member, &server_object, "servers");
}

/* --- components --- */

static void read_security_schemes(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    openapi_read_schemes(o, member->value);
}

/* Of x-amazon-apigateway-integrations, those are read that an operation refers to. */
static const struct openapi_field components_fields[] = {
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

static const struct openapi_object components_object = {
    .what = "components",
    .place = AT_COMPONENTS,
    OPENAPI_FIELDS(components_fields),
};

/* --- the root --- */

void openapi_format(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str version;
    if (openapi_scalar(o, member->value, "x-amazon-apigateway-importexport-version", &version) &&
        !str_is(version, "1.0"))
        diag_error(o->diag, member->value->at,
                   "x-amazon-apigateway-importexport-version is '%" STR_F "', expected 1.0",
                   STR_A(version));
}

/* The parts that others need are read by name, before or after. */
static const struct openapi_field root_fields[] = {
    {"components",   FIELD_READ,   NULL        },
    {"externalDocs", FIELD_SILENT, NULL        },
    {"info",         FIELD_READ,   NULL        },
    {"openapi",      FIELD_READ,   NULL        },
    {"paths",        FIELD_READ,   NULL        },
    {"security",     FIELD_READ,   NULL        },
    {"servers",      FIELD_READ,   read_servers},
    {"tags",         FIELD_READ,   read_tags   },
};

static const struct openapi_object root_object = {
    .what = "the document",
    .place = AT_ROOT,
    OPENAPI_FIELDS(root_fields),
};

static bool check_template(struct openapi *o)
{
    static const char *const words[] = {"AWSTemplateFormatVersion", "Resources", "Transform"};
    FOR_EACH (word, words, ARRAY_LENGTH(words)) {
        const struct doc_member *member = doc_member(o->root, str_from(*word));
        if (!member || doc_get(o->root, "openapi"))
            continue;
        diag_error(o->diag, member->at,
                   "this is a CloudFormation or SAM template: cut the API's document (Body or "
                   "DefinitionBody) out of it, into a file of its own");
        return false;
    }
    return true;
}

/* 3.0.x; 2.0 says so in another word. */
static bool check_version(struct openapi *o)
{
    const struct doc_member *swagger = doc_member(o->root, STR("swagger"));
    const struct doc *node = doc_get(o->root, "openapi");
    struct str version;
    if (swagger) {
        diag_error(o->diag, swagger->at,
                   "swagger 2.0 is for REST APIs: an HTTP API is described by OpenAPI 3.0");
        return false;
    }
    if (!node) {
        bool websocket = doc_get(o->root, "protocolType") || doc_get(o->root, "routes");
        diag_error(o->diag, o->root->at, "this is no OpenAPI document: it has no 'openapi'%s",
                   websocket ? "; definitions of WebSocket APIs are not built yet" : "");
        return false;
    }
    if (!openapi_scalar(o, node, "openapi", &version))
        return false;
    if (!str_starts_with(version, STR("3.0."))) {
        diag_error(o->diag, node->at,
                   "OpenAPI %" STR_F " is not supported: API Gateway imports 3.0.x",
                   STR_A(str_head(version, 32)));
        return false;
    }
    return true;
}

static void read_document(struct openapi *o)
{
    const struct doc *components = doc_get(o->root, "components");
    const struct doc *paths = doc_get(o->root, "paths");
    read_info(o);
    openapi_read_object(o, &root_object, o->root, NULL);
    if (components)
        openapi_read_object(o, &components_object, components, NULL);
    if (paths)
        openapi_read_paths(o, paths);
    else
        diag_error(o->diag, o->root->at, "the document has no paths");
    openapi_check_allowed(o);
}

bool openapi_read(struct builder *b, struct api *api, const struct doc *root)
{
    size_t errors_before = b->diag->error_count;
    struct openapi o = {
        .builder = b,
        .diag = b->diag,
        .arena = &b->snapshot->arena,
        .api = api,
        .root = root,
        .intrinsics = {&b->snapshot->arena, b->diag, b->snapshot, api},
        .allowed_used = arena_array(&b->snapshot->arena, bool, api->allow_unenforced.count + 1),
    };
    if (openapi_is_map(&o, root, "the document") && check_template(&o) && check_version(&o) &&
        openapi_find_protocol(&o))
        read_document(&o);
    if (api->docs_path.text.at && b->diag->error_count == errors_before)
        openapi_add_docs(&o);
    map_release(&o.integrations);
    map_release(&o.templates);
    return b->diag->error_count == errors_before;
}

bool openapi_load(struct builder *b, struct api *api)
{
    const char *file = arena_cstring(&b->snapshot->arena, api->definition.text);
    const struct doc *root = doc_load(&b->snapshot->arena, b->diag, file);
    return root && openapi_read(b, api, root);
}
