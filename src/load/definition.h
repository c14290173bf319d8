/* SPDX-License-Identifier: Apache-2.0 */
/* definition.h: one reading of an API's definition, whatever its format: its state, values out of
 * the document, objects by the tables of their fields, and what is refused. The formats are
 * openapi_import.h's and websocket_import.h's matter. */
#ifndef TURNPIKE_LOAD_DEFINITION_H
#define TURNPIKE_LOAD_DEFINITION_H

#include "intrinsics.h"
#include "turnpike/load/doc.h"
#include "turnpike/model/builder.h"

struct definition_format;

/* Embedded in the reading of a format, which lives on the stack of its _read function. */
struct definition {
    const struct definition_format *format;
    struct builder *builder;
    struct diag *diag;
    struct arena *arena; /* the snapshot's */
    struct api *api;
    const struct doc *root;
    struct intrinsics intrinsics;
    bool *allowed_used; /* for each entry of api->allow_unenforced: it made a difference */
};

void definition_init(struct definition *d, const struct definition_format *format,
                     struct builder *b, struct api *api, const struct doc *root);

/* --- definition_values.c: typed values; each reports what it finds instead --- */

/* `what` names the value in messages: "uri". */
MUST_USE bool definition_text(struct definition *d, const struct doc *node, const char *what,
                              struct str *ret_text);
/* Also numbers, as they were written: for versions. */
MUST_USE bool definition_scalar(struct definition *d, const struct doc *node, const char *what,
                                struct str *ret_text);
MUST_USE bool definition_boolean(struct definition *d, const struct doc *node, const char *what,
                                 bool *ret_value);
/* Reads disableExecuteApiEndpoint. */
void definition_disable_endpoint(struct definition *d, const struct doc_member *member,
                                 void *subject);
MUST_USE bool definition_integer(struct definition *d, const struct doc *node, const char *what,
                                 uint64_t least, uint64_t most, uint64_t *ret_value);
MUST_USE bool definition_is_map(struct definition *d, const struct doc *node, const char *what);
MUST_USE bool definition_is_list(struct definition *d, const struct doc *node, const char *what);

/* --- definition_object.c: objects by the table of their fields --- */

enum field_support {
    FIELD_READ,   /* by its reader; where that is NULL, by whoever reads the object */
    FIELD_SILENT, /* describes the API and has no effect; the format looks into it all the same */
    FIELD_FREE,   /* likewise, of any content */
    FIELD_WARN,   /* has no effect on this kind of API, though on others */
    FIELD_REFUSE, /* would change who may call, and is not enforced */
    FIELD_LATER,  /* has an effect and is not built yet */
};

typedef void definition_field_fn(struct definition *d, const struct doc_member *member,
                                 void *subject);

struct definition_field {
    const char *name;
    enum field_support support;
    definition_field_fn *read;
};

struct definition_object {
    const char *what; /* "an operation" */
    unsigned place;   /* OpenAPI: enum extension_place; 0: no extension may stand here */
    bool strict;      /* API Gateway's own object: unknown fields are errors */
    const struct definition_field *fields;
    size_t field_count;
};

#define DEFINITION_FIELDS(table) .fields = (table), .field_count = ARRAY_LENGTH(table)

/* What the formats do each in their way. */
struct definition_format {
    const char *apis; /* the kind of API, for messages: "HTTP APIs" */
    /* Takes a member that is no field of the object; false: it means nothing. NULL: none does. */
    bool (*read_other)(struct definition *d, const struct definition_object *object,
                       const struct doc_member *member, void *subject);
    /* What stands in a FIELD_SILENT. NULL: whatever it is. */
    void (*look_into)(struct definition *d, const struct doc *node);
    /* What allowUnenforced may name, and the same in words. */
    const char **(*guards)(struct definition *d, size_t *ret_count);
    const char *guards_are;
};

/* Walks the members of node: calls the readers of fields with `subject`, reports what has no effect
 * or is not known. False where node is no map. */
bool definition_read_object(struct definition *d, const struct definition_object *object,
                            const struct doc *node, void *subject);

/* Among more names than this nothing is suggested: a search costs time and memory. */
#define DEFINITION_SUGGESTIONS_MAX 256

/* "; did you mean 'x'?" or "". */
const char *definition_suggestion(struct definition *d, struct str written,
                                  const char *const *names, size_t count);

/* --- definition_jwt.c --- */

/* A JWT authorizer while it is read. */
struct jwt_reading {
    struct authorizer *authorizer;
    bool issuer_written, audience_written;
};

/* Adds the authorizer. */
void definition_begin_jwt(struct definition *d, struct jwt_reading *jwt, struct position at,
                          struct str name);
/* Its jwtConfiguration; the subject is a struct jwt_reading. */
definition_field_fn definition_jwt_configuration;
/* Keys that come in the clear prove nothing: `issuer` is an https URL, or listed in issuers. */
void definition_set_issuer(struct definition *d, struct jwt_reading *jwt, struct position at,
                           struct str issuer);
/* Reports what is missing. */
void definition_finish_jwt(struct definition *d, const struct jwt_reading *jwt);

/* A list of scopes of which a token needs one. */
void definition_read_scopes(struct definition *d, const struct doc *list, struct route *route);

/* --- definition_integration.c --- */

bool definition_is_http_url(struct str uri);

/* Whether the URI of an integration names a function, as far as that can be told before its stage
 * is known; reports what does not. `http_type` names what a URL would be for. */
MUST_USE bool definition_check_function(struct definition *d, const struct written *uri,
                                        const char *http_type);
/* What is wrong is reported, and nothing set. */
void definition_read_method(struct definition *d, const struct doc *node, const char *what,
                            struct str *ret_method);
/* timeoutInMillis: 50 to `most_ms`; microseconds. */
void definition_read_timeout(struct definition *d, const struct doc *node, uint64_t most_ms,
                             uint64_t *ret_timeout);

/* --- definition_refusal.c: Closed by default --- */

/* Refuses to ignore what guards a door: reports `format` as an error, except where allowUnenforced
 * names the extension (or field) or the security scheme (or authorizer); either may be empty. Then
 * as a warning, and returns true. */
bool definition_refuse(struct definition *d, struct position at, struct str extension,
                       struct str scheme, const char *format, ...) PRINTF(5, 6);
/* Reports entries of allowUnenforced that name nothing, or nothing that was refused. */
void definition_check_allowed(struct definition *d);

#endif
