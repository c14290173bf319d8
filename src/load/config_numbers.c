/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "config_values.h"
#include "turnpike/base/clock.h"

static bool in_range(struct config *c, const struct config_key *key, const struct doc *d,
                     double value)
{
    if ((key->min == 0 && key->max == 0) || (value >= key->min && value <= key->max))
        return true;
    diag_error(c->diag, d->at, "'%s' must be from %.15g to %.15g, not %" STR_F, key->name, key->min,
               key->max, STR_A(d->text));
    return false;
}

/* The numbers of YAML without its hexadecimal, octal and infinite ones. */
static bool is_decimal(const struct doc *d)
{
    return d->kind == DOC_NUMBER && config_consists_of(d->text, CONFIG_DIGITS "+-.eE", 64);
}

static bool wrong_number(struct config *c, const char *name, const char *wanted,
                         const struct doc *d)
{
    if (d->kind != DOC_NUMBER)
        return config_wrong_type(c, name, wanted, d);
    diag_error(c->diag, d->at, "'%s' must be %s, not %" STR_F, name, wanted, STR_A(d->text));
    return false;
}

bool config_value_number(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    if (!is_decimal(d))
        return wrong_number(c, key->name, "a decimal number", d);
    double value = strtod(d->text.at, NULL);
    if (!in_range(c, key, d, value))
        return false;
    *(double *)target = value;
    return true;
}

static bool read_whole(struct config *c, const struct config_key *key, const struct doc *d,
                       double *ret_value)
{
    double value = is_decimal(d) ? strtod(d->text.at, NULL) : NAN;
    if (isnan(value) || value != floor(value))
        return wrong_number(c, key->name, "a whole decimal number", d);
    if (!in_range(c, key, d, value))
        return false;
    *ret_value = value;
    return true;
}

bool config_value_count(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    double value;
    if (!read_whole(c, key, d, &value))
        return false;
    *(unsigned *)target = (unsigned)value;
    return true;
}

bool config_value_size(struct config *c, const struct config_key *key, const struct doc *d,
                       void *target)
{
    double value;
    if (!read_whole(c, key, d, &value))
        return false;
    *(uint64_t *)target = (uint64_t)value;
    return true;
}

bool config_value_port(struct config *c, const struct config_key *key, const struct doc *d,
                       void *target)
{
    double value;
    if (!read_whole(c, key, d, &value))
        return false;
    *(uint16_t *)target = (uint16_t)value;
    return true;
}

/* "500ms", "30s", "10m", "2h", or a number of seconds. */
static bool parse_seconds(const struct doc *d, double *ret_seconds)
{
    static const struct {
        const char *suffix;
        double seconds;
    } units[] = {
        {"ms", 0.001},
        {"s",  1    },
        {"m",  60   },
        {"h",  3600 }
    };
    if (is_decimal(d)) {
        *ret_seconds = strtod(d->text.at, NULL);
        return true;
    }
    FOR_EACH (unit, units, ARRAY_LENGTH(units)) {
        struct str suffix = str_from(unit->suffix);
        double value;
        if (d->kind == DOC_STRING && str_ends_with(d->text, suffix) &&
            str_to_double(str_head(d->text, d->text.len - suffix.len), &value)) {
            *ret_seconds = value * unit->seconds;
            return true;
        }
    }
    return false;
}

bool config_value_duration(struct config *c, const struct config_key *key, const struct doc *d,
                           void *target)
{
    double seconds;
    if (!parse_seconds(d, &seconds)) {
        diag_error(c->diag, d->at,
                   "'%s' must be a number of seconds, or a duration such as 500ms, 30s, 10m or 2h",
                   key->name);
        return false;
    }
    if (!in_range(c, key, d, seconds))
        return false;
    *(uint64_t *)target = (uint64_t)llround(seconds * (double)USEC_PER_SEC);
    return true;
}
