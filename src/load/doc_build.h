/* SPDX-License-Identifier: Apache-2.0 */
/* doc_build.h: what the YAML and the JSON reader share: where in the text they are and how a tree
 * grows within its bounds. */
#ifndef TURNPIKE_LOAD_DOC_BUILD_H
#define TURNPIKE_LOAD_DOC_BUILD_H

#include "turnpike/load/doc.h"

#define DOC_TEXT_MAX  ((size_t)16 << 20)
#define DOC_LEVEL_MAX 200
#define DOC_NODE_MAX  1000000

/* One reading of one text. Lives on the stack of doc_parse. */
struct doc_source {
    struct arena *arena;
    struct diag *diag;
    const char *file; /* in the arena */
    struct str text;  /* valid UTF-8 without NUL, behind the byte order mark */
    size_t nodes;     /* made so far, counted again for each alias */

    size_t offset, line_start; /* where doc_position was asked last, and where that line begins */
    unsigned line;
};

typedef LIST(struct doc_member) doc_member_list;

/* Line and column of a byte of the text. Cheap where the offsets grow from call to call. */
struct position doc_position(struct doc_source *s, size_t offset);

/* A node without content. NULL, reported, where it is one too many. */
MUST_USE struct doc *doc_new(struct doc_source *s, enum doc_kind kind, struct position at);

/* Finds out where the text of a scalar stands that begins at offset: with its quote, or with the
 * header of a block scalar. */
void doc_locate_text(struct doc_source *s, struct doc *d, size_t offset, bool block);

/* Counts `more` nodes that an alias repeats; false, reported, where that is too many. */
MUST_USE bool doc_count(struct doc_source *s, size_t more, struct position at);

/* False, reported, where containers would stand `level` deep and that is too deep. */
MUST_USE bool doc_check_level(struct doc_source *s, unsigned level, struct position at);

/* Gives the members to a map, then those of `merged` (maps, NULL where there are none) whose keys
 * are still free. A key that was written twice is reported; its first value stands. */
void doc_set_members(struct doc_source *s, struct doc *d, const doc_member_list *members,
                     struct doc *const *merged, size_t merged_count);

/* What a plain scalar is by the core schema of YAML 1.2 (10.3.2). */
enum doc_kind doc_plain_kind(struct str text, bool *ret_truth);

/* The two readers. NULL where the text is malformed, which doc_read_yaml has reported. */
MUST_USE struct doc *doc_read_yaml(struct doc_source *s);
MUST_USE struct doc *doc_read_json(struct doc_source *s);

/* The white space of JSON (RFC 8259, 2). */
static inline bool doc_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether all of the text is one JSON value. */
bool doc_is_json(const struct doc_source *s);

#endif
