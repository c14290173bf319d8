/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/context_variable.h"

#include <stdlib.h>

#include "turnpike/base/diag.h"

enum kind {
    KIND_HTTP = 1 << PROTOCOL_HTTP,
    KIND_REST = 1 << PROTOCOL_REST,
    KIND_WEBSOCKET = 1 << PROTOCOL_WEBSOCKET,
};

static const struct row {
    struct str name;
    unsigned kinds, places;
} rows[VARIABLE_COUNT] = {
#define CONTEXT_VARIABLE(name, kinds, places, symbol) {STR_INIT(name), (kinds), (places)},
#include "turnpike/model/context_variables.def"
#undef CONTEXT_VARIABLE
};

#define CLAIM_PREFIX      "authorizer.claims."
#define AUTHORIZER_PREFIX "authorizer."

static int compare_row(const void *name, const void *row)
{
    return str_compare(*(const struct str *)name, ((const struct row *)row)->name);
}

static bool has_prefix(struct str name, struct str prefix)
{
    return name.len > prefix.len && str_starts_with(name, prefix);
}

static bool may_stand(const struct row *row, enum protocol_type kind,
                      enum context_variable_place place)
{
    return (row->kinds >> kind & 1) && (row->places & place);
}

int context_variable_find(struct str name, enum protocol_type kind,
                          enum context_variable_place place)
{
    const struct row *row = bsearch(&name, rows, VARIABLE_COUNT, sizeof(rows[0]), compare_row);
    if (!row && has_prefix(name, STR(CLAIM_PREFIX)))
        row = &rows[VARIABLE_AUTHORIZER_CLAIMS_NAME];
    else if (!row && has_prefix(name, STR(AUTHORIZER_PREFIX)))
        row = &rows[VARIABLE_AUTHORIZER_NAME];
    return row && may_stand(row, kind, place) ? (int)(row - rows) : -1;
}

const char *context_variable_nearest(struct str name, enum protocol_type kind,
                                     enum context_variable_place place)
{
    const char *names[VARIABLE_COUNT];
    size_t count = 0;
    FOR_EACH (row, rows, VARIABLE_COUNT)
        if (may_stand(row, kind, place))
            names[count++] = row->name.at;
    return nearest_name(name, names, count);
}

static int find(struct str name, enum protocol_type kind, enum context_variable_place place,
                const char **ret_nearest)
{
    int found = context_variable_find(name, kind, place);
    if (found < 0)
        *ret_nearest = context_variable_nearest(name, kind, place);
    return found;
}

int context_variable_of_mapping(struct str name, const char **ret_nearest)
{
    return find(name, PROTOCOL_HTTP, IN_MAPPING, ret_nearest);
}

int context_variable_of_websocket_mapping(struct str name, const char **ret_nearest)
{
    return find(name, PROTOCOL_WEBSOCKET, IN_MAPPING, ret_nearest);
}

int context_variable_of_websocket_template(struct str name, const char **ret_nearest)
{
    return find(name, PROTOCOL_WEBSOCKET, IN_TEMPLATE, ret_nearest);
}

struct str context_variable_claim(struct str name)
{
    return str_skip(name, STR(CLAIM_PREFIX).len);
}

struct str context_variable_key(struct str name)
{
    return str_skip(name, STR(AUTHORIZER_PREFIX).len);
}
