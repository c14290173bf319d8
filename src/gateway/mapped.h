/* SPDX-License-Identifier: Apache-2.0 */
/* mapped.h: parameter mappings with the values that one request gives them, and what they change.
 *
 * API Gateway says nothing of the order in which mappings apply; its example renames a header by an
 * append and a remove. Here all values are taken from the request (or answer) as it came, and then
 * everything is removed, overwritten and appended, in this order. */
#ifndef TURNPIKE_GATEWAY_MAPPED_H
#define TURNPIKE_GATEWAY_MAPPED_H

#include "turnpike/gateway/exchange.h"
#include "turnpike/model/parameter_mapping.h"

/* A mapping whose value is known. */
struct mapped {
    const struct parameter_mapping *mapping;
    struct str value; /* empty where something is removed */
};

/* Of the exchange's arena, in the order of application. */
struct mapped_list {
    struct mapped *items;
    size_t count;
};

/* Takes the values of the mappings; those that have none are left out. Header values have no
 * character that could end a line: it is a space (RFC 9110, 5.5), since a mapping that is left out
 * would let the client's own header pass. Paths are percent-encoded and begin with a slash. False
 * where all values together are longer than limits.headerBytes. */
MUST_USE bool mapped_take(struct exchange *x, const parameter_mapping_list *mappings,
                          struct mapped_list *ret_list);

/* Changes header fields: *items is then a new array of the arena, with room for no more. */
void mapped_change_headers(struct arena *a, const struct mapped_list *list, struct header **items,
                           size_t *count);

/* The raw query with its changes; parameters that no mapping names keep every byte. */
struct str mapped_change_query(struct arena *a, const struct mapped_list *list, struct str query);

/* The first that changes the target, or NULL: a path or status has no other. */
const struct mapped *mapped_find(const struct mapped_list *list, enum mapping_target target);

#endif
