/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/short_id.h"

#include "turnpike/base/base64.h"
#include "turnpike/base/random.h"

#define ID_BYTES 11

void short_id_make(char out[SHORT_ID_SIZE])
{
    char bytes[ID_BYTES];
    random_bytes(bytes, sizeof(bytes));
    size_t len = base64url_encode(out, str_of(bytes, sizeof(bytes)));
    out[len] = '=';
    out[len + 1] = '\0';
}

bool short_id_is(struct str text)
{
    return text.len == SHORT_ID_LEN && text.at[SHORT_ID_LEN - 1] == '=' &&
           base64url_span(text) == SHORT_ID_LEN - 1;
}
