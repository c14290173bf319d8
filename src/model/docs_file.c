/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/docs_file.h"

#include "turnpike/base/base64.h"
#include "turnpike/base/digest.h"

#define TAG_BYTES 12 /* of the digest */

struct docs_form docs_form_of(struct arena *arena, struct str body)
{
    struct sha256 digest = sha256_of(&body, 1);
    char text[32];
    assert(base64url_encoded_len(TAG_BYTES) <= sizeof(text));
    size_t len = base64url_encode(text, str_of((const char *)digest.bytes, TAG_BYTES));
    return (struct docs_form){body, arena_printf(arena, "\"%" STR_F "\"", (int)len, text)};
}
