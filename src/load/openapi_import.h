/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_import.h: one import of an OpenAPI document: its state, and what its parts call of each
 * other. Read openapi.c first. */
#ifndef TURNPIKE_LOAD_OPENAPI_IMPORT_H
#define TURNPIKE_LOAD_OPENAPI_IMPORT_H

#include "intrinsics.h"
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
    struct builder *builder;
    struct diag *diag;
    struct arena *arena; /* the snapshot's */
    struct api *api;
    const struct doc *root;
    struct intrinsics intrinsics;
    LIST(struct openapi_scheme) schemes;
    struct map integrations; /* shared ones, by the address of their node */
    struct map templates;    /* routes by method and path without the names of parameters */
    struct integration *default_integration;
    bool *allowed_used; /* for each entry of api->allow_unenforced: it made a difference */
};

/* --- openapi_values.c: typed values; each reports what it finds instead --- */

/* `what` names the value in messages: "uri". */
MUST_USE bool openapi_text(struct openapi *o, const struct doc *node, const char *what,
                           struct str *ret_text);
/* Also numbers, as they were written: for versions. */
MUST_USE bool openapi_scalar(struct openapi *o, const struct doc *node, const char *what,
                             struct str *ret_text);
MUST_USE bool openapi_boolean(struct openapi *o, const struct doc *node, const char *what,
                              bool *ret_value);
MUST_USE bool openapi_integer(struct openapi *o, const struct doc *node, const char *what,
                              uint64_t least, uint64_t most, uint64_t *ret_value);
MUST_USE bool openapi_is_map(struct openapi *o, const struct doc *node, const char *what);
MUST_USE bool openapi_is_list(struct openapi *o, const struct doc *node, const char *what);

/* --- openapi_object.c: objects by the table of their fields --- */

enum field_support {
    FIELD_READ,   /* by its reader; where that is NULL, by whoever reads the object */
    FIELD_SILENT, /* describes the API and has no effect; extensions in it are misplaced */
    FIELD_FREE,   /* likewise, of any content */
    FIELD_WARN,   /* has no effect on HTTP APIs, though on others */
    FIELD_REFUSE, /* would change who may call, and is not enforced */
    FIELD_LATER,  /* has an effect and is not built yet */
};

typedef void openapi_field_fn(struct openapi *o, const struct doc_member *member, void *subject);

struct openapi_field {
    const char *name;
    enum field_support support;
    openapi_field_fn *read;
};

struct openapi_object {
    const char *what; /* "an operation" */
    unsigned place;   /* enum extension_place; 0: no extension may stand here */
    bool strict;      /* API Gateway's own object: unknown fields are errors */
    const struct openapi_field *fields;
    size_t field_count;
};

#define OPENAPI_FIELDS(table) .fields = (table), .field_count = ARRAY_LENGTH(table)

/* Walks the members of node: calls the readers of fields and extensions with `subject`, reports
 * what has no effect or is not known. False where node is no map. */
bool openapi_read_object(struct openapi *o, const struct openapi_object *object,
                         const struct doc *node, void *subject);

/* Among more names than this nothing is suggested: a search costs time and memory. */
#define OPENAPI_SUGGESTIONS_MAX 256

/* "; did you mean 'x'?" or "". */
const char *openapi_suggestion(struct openapi *o, struct str written, const char *const *names,
                               size_t count);

/* --- openapi_reference.c --- */

/* What node stands for: itself, or where its $ref leads, at the end of a chain. Reports and returns
 * NULL where that is outside of the document, missing, or a circle. */
const struct doc *openapi_follow(struct openapi *o, const struct doc *node);

/* --- openapi_refusal.c: Closed by default --- */

/* Refuses to ignore what guards a door: reports `format` as an error, except where allowUnenforced
 * names the extension or the security scheme (either may be empty); then as a warning, and returns
 * true. */
bool openapi_refuse(struct openapi *o, struct position at, struct str extension, struct str scheme,
                    const char *format, ...) PRINTF(5, 6);
/* Reports entries of allowUnenforced that name nothing, or nothing that was refused. */
void openapi_check_allowed(struct openapi *o);

/* --- openapi_protocol.c --- */

/* Sets the API's protocol type from the words of the document where the configuration has none. */
MUST_USE bool openapi_find_protocol(struct openapi *o);

/* --- the readers of extensions, see the table in openapi_extensions.c --- */

openapi_field_fn openapi_any_method;  /* the subject is a struct openapi_path */
openapi_field_fn openapi_auth;        /* a struct openapi_operation */
openapi_field_fn openapi_integration; /* a struct openapi_operation */
openapi_field_fn openapi_authorizer;  /* a struct openapi_scheme */
openapi_field_fn openapi_authtype;    /* a struct openapi_scheme */
openapi_field_fn openapi_cors;        /* none */
openapi_field_fn openapi_endpoint;    /* none */
openapi_field_fn openapi_format;      /* none */
openapi_field_fn openapi_tag;         /* none */

/* --- openapi_security.c --- */

void openapi_read_schemes(struct openapi *o, const struct doc *schemes);

/* Sets the route's authorizer and scopes from a security list (the operation's or the root's). */
void openapi_read_security(struct openapi *o, const struct doc *security, struct route *route);

/* --- openapi_integration.c --- */

/* The integration that node describes or refers to, shared where several refer to one; NULL where
 * something was reported. */
struct integration *openapi_find_integration(struct openapi *o, const struct doc *node);
/* The one of defaultFunction; NULL where none is configured. */
struct integration *openapi_default_integration(struct openapi *o);

/* --- openapi_http.c: what integrations of type http_proxy have; the subject is a struct
 * integration --- */

openapi_field_fn openapi_http_method, openapi_connection_type, openapi_connection_id,
    openapi_tls_config;
/* Once the fields are read: whether it can be called. False where it was reported. */
MUST_USE bool openapi_finish_http(struct openapi *o, const struct doc *node,
                                  struct integration *integration);

/* --- openapi_service.c: integrationSubtype; likewise --- */

openapi_field_fn openapi_credentials;
MUST_USE bool openapi_finish_service(struct openapi *o, const struct doc *node,
                                     struct integration *integration);

/* --- openapi_parameters.c: parameter mapping; likewise. Of a service, requestParameters are its
 * action's own, and left to openapi_finish_service --- */

openapi_field_fn openapi_request_parameters, openapi_response_parameters;
/* The value of a mapping or of a service's parameter, a scalar; `what` names it in messages. NULL
 * where it was reported. */
const struct mapping_value *openapi_mapping_value(struct openapi *o, const struct doc *node,
                                                  enum mapping_side side, const char *what);

/* --- openapi_paths.c --- */

struct openapi_path {
    struct str path; /* the template, as the document has it */
};

void openapi_read_paths(struct openapi *o, const struct doc *paths);

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
void openapi_read_operation(struct openapi *o, const struct openapi_path *path, struct str method,
                            const struct doc_member *member);

/* Follows the references in a list of parameters, which have no other effect. */
openapi_field_fn openapi_read_parameters;

/* --- openapi_docs.c --- */

/* Adds the routes of api->docs_path, once the document was read without a mistake: its page and
 * what is left of the document. A clash with a route of the document is reported. */
void openapi_add_docs(struct openapi *o);

/* --- openapi_public.c --- */

/* The document as JSON, for everybody: without extensions, with servers that lead to wherever it
 * was got from, `depth` segments below the stage, with security as pages can use it. What ANY and
 * $default answer has no place in it. */
struct str openapi_public_document(struct openapi *o, size_t depth);

#endif
