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

static bool is_base64url(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool short_id_is(struct str text)
{
    if (text.len != SHORT_ID_LEN || text.at[SHORT_ID_LEN - 1] != '=')
        return false;
    for (size_t i = 0; i < SHORT_ID_LEN - 1; i++)
        if (!is_base64url(text.at[i]))
            return false;
    return true;
}
