/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_extensions.h: the table of API Gateway's extensions of OpenAPI (AWS: "OpenAPI extensions
 * for API Gateway"). Every key of that page is a row. */
#ifndef TURNPIKE_LOAD_OPENAPI_EXTENSIONS_H
#define TURNPIKE_LOAD_OPENAPI_EXTENSIONS_H

#include "openapi_import.h"

#define EXTENSION_PREFIX "x-amazon-apigateway-"

/* Where a key may stand. */
enum extension_place {
    AT_ROOT = 1 << 0,
    AT_TAG = 1 << 1,    /* an item of the root's tags */
    AT_SERVER = 1 << 2, /* an item of the root's servers */
    AT_PATH = 1 << 3,
    AT_OPERATION = 1 << 4,
    AT_COMPONENTS = 1 << 5,
    AT_SECURITY_SCHEME = 1 << 6,
};

/* Which APIs know a key. */
enum extension_kind { KIND_HTTP = 1 << 0, KIND_REST = 1 << 1 };

enum extension_support {
    SUPPORT_FULL,   /* has its effect; values that are not built yet are refused by the reader */
    SUPPORT_WARN,   /* has no effect here, and says so */
    SUPPORT_REFUSE, /* guards a door and is not enforced: an error, unless allowUnenforced */
    SUPPORT_LATER,  /* has an effect and is not built yet: an error */
};

struct extension {
    const char *key;
    unsigned where;                 /* enum extension_place */
    unsigned kinds;                 /* enum extension_kind */
    definition_field_fn *read;      /* NULL: nothing to read, or read by name */
    enum extension_support support; /* on an HTTP API */
};

extern const struct extension extensions[];
extern const size_t extension_count;

/* The row of a key, or NULL. */
const struct extension *extension_find(struct str key);

/* True for keys that nobody but API Gateway may have meant. */
bool extension_is_key(struct str key);

/* "; did you mean 'x-amazon-apigateway-…'?" or "". */
const char *extension_nearest(struct definition *d, struct str key);

/* Reads one member whose key is API Gateway's, found at `place` (0: where none may stand). */
void extension_read(struct definition *d, unsigned place, const struct doc_member *member,
                    void *subject);

/* Reports the keys in a part of the document that is not read: an extension that stands where it
 * has no effect must not be taken for one that has. Examples and vendors' own keys are skipped. */
void extension_find_misplaced(struct definition *d, const struct doc *node);

extern const struct definition_format openapi_format_of_http;

#endif
