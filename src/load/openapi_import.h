/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_import.h: one import of an OpenAPI document: its state, and what its parts call of each
 * other. Read openapi.c first. */
#ifndef TURNPIKE_LOAD_OPENAPI_IMPORT_H
#define TURNPIKE_LOAD_OPENAPI_IMPORT_H

#include "definition.h"
#include "turnpike/load/openapi.h"

enum scheme_guard {
    SCHEME_REFUSED,            /* what is wrong with it was reported where it is defined */
    SCHEME_JWT,                /* the authorizer is set */
    SCHEME_OPEN,               /* allowUnenforced says that nothing checks it */
    SCHEME_WITHOUT_AUTHORIZER, /* nothing would check it: refused where an operation names it */
};

/* A security scheme of the document. */
struct openapi_scheme {
    struct str name;
    const struct doc *node;
    enum scheme_guard guard;
    struct authorizer *authorizer;
};

/* Lives on the stack of openapi_read. */
struct openapi {
    struct definition definition;
    LIST(struct openapi_scheme) schemes;
    struct map integrations; /* shared ones, by the address of their node */
    struct map templates;    /* routes by method and path without the names of parameters */
    struct integration *default_integration;
};

static inline struct openapi *openapi_of(struct definition *d)
{
    return container_of(d, struct openapi, definition);
}

/* --- openapi_reference.c --- */

/* What node stands for: itself, or where its $ref leads, at the end of a chain. Reports and returns
 * NULL where that is outside of the document, missing, or a circle. */
const struct doc *openapi_follow(struct definition *d, const struct doc *node);

/* --- openapi_protocol.c --- */

/* Sets the API's protocol type from the words of the document where the configuration has none. */
MUST_USE bool openapi_find_protocol(struct definition *d);

/* --- the readers of extensions, see the table in openapi_extensions.c --- */

definition_field_fn openapi_any_method;  /* the subject is a struct openapi_path */
definition_field_fn openapi_auth;        /* a struct openapi_operation */
definition_field_fn openapi_integration; /* a struct openapi_operation */
definition_field_fn openapi_authorizer;  /* a struct openapi_scheme */
definition_field_fn openapi_authtype;    /* a struct openapi_scheme */
definition_field_fn openapi_cors;        /* none */
definition_field_fn openapi_endpoint;    /* none */
definition_field_fn openapi_format;      /* none */
definition_field_fn openapi_tag;         /* none */

/* --- openapi_security.c --- */

void openapi_read_schemes(struct definition *d, const struct doc *schemes);

/* Sets the route's authorizer and scopes from a security list (the operation's or the root's). */
void openapi_read_security(struct definition *d, const struct doc *security, struct route *route);

/* --- openapi_integration.c --- */

/* The integration that node describes or refers to, shared where several refer to one; NULL where
 * something was reported. */
struct integration *openapi_find_integration(struct definition *d, const struct doc *node);
/* The one of defaultFunction; NULL where none is configured. */
struct integration *openapi_default_integration(struct definition *d);

/* --- openapi_http.c: what integrations of type http_proxy have; the subject is a struct
 * integration --- */

definition_field_fn openapi_http_method, openapi_connection_type, openapi_connection_id,
    openapi_tls_config;
/* Once the fields are read: whether it can be called. False where it was reported. */
MUST_USE bool openapi_finish_http(struct definition *d, const struct doc *node,
                                  struct integration *integration);

/* --- openapi_service.c: integrationSubtype; likewise --- */

definition_field_fn openapi_credentials;
MUST_USE bool openapi_finish_service(struct definition *d, const struct doc *node,
                                     struct integration *integration);

/* --- openapi_parameters.c: parameter mapping; likewise. Of a service, requestParameters are its
 * action's own, and left to openapi_finish_service --- */

definition_field_fn openapi_request_parameters, openapi_response_parameters;
/* The value of a mapping or of a service's parameter, a scalar; `what` names it in messages. NULL
 * where it was reported. */
const struct mapping_value *openapi_mapping_value(struct definition *d, const struct doc *node,
                                                  enum mapping_side side, const char *what);

/* --- openapi_paths.c --- */

struct openapi_path {
    struct str path; /* the template, as the document has it */
};

void openapi_read_paths(struct definition *d, const struct doc *paths);

/* The method that a field of a path item describes: "get" -> "GET"; empty where it is no method. */
struct str openapi_method(struct str field);

/* --- openapi_operation.c --- */

/* One operation while it is read. */
struct openapi_operation {
    struct str name;                   /* operationId */
    const struct doc_member *security; /* NULL: not written */
    const struct doc_member *none;     /* the x-amazon-apigateway-auth that says NONE, or NULL */
    const struct doc_member *default_route; /* isDefaultRoute, where it is true */
    bool integration_written;
    struct integration *integration;
};

/* Adds the route of one operation; method is upper case, "ANY" for any-method. */
void openapi_read_operation(struct definition *d, const struct openapi_path *path,
                            struct str method, const struct doc_member *member);

/* Follows the references in a list of parameters, which have no other effect. */
definition_field_fn openapi_read_parameters;

/* --- openapi_docs.c --- */

/* Adds the routes of api->docs_path, once the document was read without a mistake: its page and
 * what is left of the document. A clash with a route of the document is reported. */
void openapi_add_docs(struct definition *d);

/* --- openapi_public.c --- */

/* The document as JSON, for everybody: without extensions, with servers that lead to wherever it
 * was got from, `depth` segments below the stage, with security as pages can use it. What ANY and
 * $default answer has no place in it. */
struct str openapi_public_document(struct definition *d, size_t depth);

#endif
