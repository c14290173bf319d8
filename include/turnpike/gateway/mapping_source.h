/* SPDX-License-Identifier: Apache-2.0 */
/* mapping_source.h: what a request and its answer hold for the values of parameter mappings and of
 * services' parameters (AWS: "Transform API requests and responses for HTTP APIs"). */
#ifndef TURNPIKE_GATEWAY_MAPPING_SOURCE_H
#define TURNPIKE_GATEWAY_MAPPING_SOURCE_H

#include "turnpike/gateway/exchange.h"
#include "turnpike/text/mapping_value.h"

/* The look-up for mapping_value_run: `exchange` is the struct exchange. Headers and query
 * parameters of one name are joined by commas; paths and query parameters are decoded. */
mapping_append_fn mapping_source_append;

#endif
