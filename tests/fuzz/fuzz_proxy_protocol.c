/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the parser of PROXY headers to its own promises: prefixes of what is valid are incomplete,
 * and what follows a header changes nothing. */
#include <assert.h>

#include "turnpike/net/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header header, again;
    struct str in = str_of((const char *)data, size);
    if (proxy_header_parse(in, &header) != PROXY_OK)
        return 0;
    assert(header.size > 0 && header.size <= size && header.size <= PROXY_HEADER_MAX);
    assert(proxy_header_parse(str_head(in, header.size), &again) == PROXY_OK);
    assert(again.size == header.size && again.local == header.local);
    for (size_t len = 0; len < header.size; len++)
        assert(proxy_header_parse(str_head(in, len), &again) == PROXY_INCOMPLETE);
    return 0;
}
