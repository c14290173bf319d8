/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the parser of PROXY headers to its own promises: prefixes of what is valid are incomplete,
 * and what follows a header changes nothing. */
#include "turnpike/net/proxy_protocol.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header header, again;
    struct str in = fuzz_input(data, size);
    if (proxy_header_parse(in, &header) != PROXY_OK)
        return 0;
    REQUIRE(header.size > 0 && header.size <= size && header.size <= PROXY_HEADER_MAX);
    REQUIRE(proxy_header_parse(str_head(in, header.size), &again) == PROXY_OK);
    REQUIRE(again.size == header.size && again.local == header.local);
    for (size_t len = 0; len < header.size; len++)
        REQUIRE(proxy_header_parse(str_head(in, len), &again) == PROXY_INCOMPLETE);
    return 0;
}
