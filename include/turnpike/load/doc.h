/* SPDX-License-Identifier: Apache-2.0 */
/* doc.h: a YAML or JSON document as a tree whose nodes know where they were written. */
#ifndef TURNPIKE_LOAD_DOC_H
#define TURNPIKE_LOAD_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/diag.h"
#include "turnpike/base/str.h"

enum doc_kind { DOC_NULL, DOC_BOOL, DOC_NUMBER, DOC_STRING, DOC_LIST, DOC_MAP };

struct doc_member;

/* Belongs to the loader's arena. Scalars keep their text as written (YAML 1.2 core schema decides
 * the kind; a quoted scalar is a string). Aliases share the node of their anchor; merge keys (<<)
 * are already merged. */
struct doc {
    enum doc_kind kind;
    struct position at;
    struct str tag;  /* "!Sub", "!GetAtt", … where one that YAML does not define was written */
    struct str text; /* scalars */
    bool truth;      /* DOC_BOOL */
    bool quoted;
    struct position text_at; /* of the text's first byte; file is NULL: it was written otherwise */
    unsigned indentation;    /* bytes before its other lines */
    struct doc **items;      /* DOC_LIST */
    struct doc_member *members; /* DOC_MAP, in the order of the text, no key twice */
    size_t count;               /* of items or members */
};

struct doc_member {
    struct str key;
    struct position at; /* of the key */
    struct doc *value;
};

/* Reads a whole document: JSON where the text's first byte is '{' or '[' and it parses as such,
 * else YAML. Everything is copied into the arena, `file` too. NULL where the text is malformed
 * (reported). Bounds: 16 MiB of text, 200 levels, 1,000,000 nodes after aliases are expanded. */
MUST_USE struct doc *doc_parse(struct arena *arena, struct diag *diag, const char *file,
                               struct str text);
MUST_USE struct doc *doc_load(struct arena *arena, struct diag *diag, const char *file);

/* The member's value, or NULL; also NULL where d is NULL or no map. */
struct doc *doc_get(const struct doc *d, const char *key);
const struct doc_member *doc_member(const struct doc *d, struct str key);

/* Where a byte of a scalar's text stands; the scalar's own position where its text was written
 * otherwise: with escapes, in folded lines, behind a tag. */
struct position doc_text_position(const struct doc *d, size_t offset);

/* Appends d as compact JSON; tags are passed over. Numbers that JSON has not are written as it has
 * them (0x1F is 31), those that are none at all as strings (".inf"). */
void doc_write_json(struct buf *out, const struct doc *d);

/* "a string", "a list", …: for messages. */
const char *doc_kind_name(const struct doc *d);

#endif
