/* SPDX-License-Identifier: Apache-2.0 */
/* corsConfiguration of an API. */
#include "config_values.h"
#include "cors.h"
#include "turnpike/base/clock.h"

/* -1, or a duration of whole seconds. */
static bool parse_max_age(struct config *c, const struct config_key *key, const struct doc *d,
                          int *ret_seconds)
{
    uint64_t age;
    if (d->kind == DOC_NUMBER && cors_parse_max_age(d->text, ret_seconds))
        return true;
    if (!config_value_duration(c, key, d, &age))
        return false;
    if (age % USEC_PER_SEC != 0) {
        diag_error(c->diag, d->at, "'%s' must be whole seconds", key->name);
        return false;
    }
    *ret_seconds = (int)(age / USEC_PER_SEC);
    return true;
}

void config_read_max_age(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    struct cors_configuration *cors = target;
    cors->has_max_age = parse_max_age(c, key, d, &cors->max_age);
}

void config_read_cors(struct config *c, const struct config_key *key, const struct doc *d,
                      void *target)
{
    struct cors_configuration *cors = target;
    if (!d || !config_is_map(c, key->name, d) || !config_read_section(c, key->section, d, cors))
        return;
    cors->on = true;
    cors->at = d->at;
    cors_check(c->diag, cors);
}
