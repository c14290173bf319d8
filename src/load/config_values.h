/* SPDX-License-Identifier: Apache-2.0 */
/* config_values.h: the readers of single values. */
#ifndef TURNPIKE_LOAD_CONFIG_VALUES_H
#define TURNPIKE_LOAD_CONFIG_VALUES_H

#include "config_read.h"

/* The reader of a type: fills the target. False, reported, where the value is wrong; the target is
 * then as it was. */
typedef bool config_value_fn(struct config *c, const struct config_key *key, const struct doc *d,
                             void *target);

config_value_fn config_value_number, config_value_count, config_value_size, config_value_port,
    config_value_duration;

/* Reports "'name' must be …, not …" and returns false. */
static inline bool config_wrong_type(struct config *c, const char *name, const char *wanted,
                                     const struct doc *d)
{
    diag_error(c->diag, d->at, "'%s' must be %s, not %s", name, wanted, doc_kind_name(d));
    return false;
}

#endif
