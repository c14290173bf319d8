/* SPDX-License-Identifier: Apache-2.0 */
/* service_values.h: the texts that mappings yield, as values of services' parameters. All results
 * are views of the text or of the arena. */
#ifndef TURNPIKE_BACKEND_SERVICE_VALUES_H
#define TURNPIKE_BACKEND_SERVICE_VALUES_H

#include "turnpike/base/arena.h"

bool service_value_is_integer(struct str text); /* none is negative */
bool service_value_is_base64(struct arena *arena, struct str text);
/* One that does not climb. */
bool service_value_is_segment(struct str text);
/* It goes into a header. */
bool service_value_is_region(struct str text);

typedef LIST(struct str) service_text_list;

/* A JSON array of strings, or texts with commas between. */
MUST_USE bool service_value_read_list(struct arena *arena, struct str text,
                                      service_text_list *ret_items);

/* A message attribute; the values have an `at` of NULL where they are not there. */
struct service_attribute {
    struct str name, data_type, string_value, binary_value;
};

typedef LIST(struct service_attribute) service_attribute_list;

/* A JSON object of objects. Members that SQS does not know are passed over. */
MUST_USE bool service_value_read_attributes(struct arena *arena, struct str text,
                                            service_attribute_list *ret_attributes);

#endif
