/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/request.h"

const struct header *request_header(const struct request *r, struct str name)
{
    return http_find_header(r->headers, r->header_count, name);
}
