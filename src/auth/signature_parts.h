/* SPDX-License-Identifier: Apache-2.0 */
/* signature_parts.h: what a request says of its signature, in either form. */
#ifndef TURNPIKE_AUTH_SIGNATURE_PARTS_H
#define TURNPIKE_AUTH_SIGNATURE_PARTS_H

#include "turnpike/auth/signature.h"

/* Fills check->parts. Refused are requests without a signature, with two of them, and such as lack
 * a part of it or have one twice. */
enum signature_result signature_read_parts(struct signature_check *check);

/* Notes why, and returns the result. `why` is static. */
enum signature_result signature_refuse(struct signature_check *check, enum signature_result result,
                                       struct str message, const char *why);

#endif
