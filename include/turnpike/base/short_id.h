/* SPDX-License-Identifier: Apache-2.0 */
/* short_id.h: API Gateway's short identifiers, of requests, messages and WebSocket connections: 88
 * random bits as fifteen characters of base64url and '=' ("JKJaXmPLvHcESHA="). */
#ifndef TURNPIKE_BASE_SHORT_ID_H
#define TURNPIKE_BASE_SHORT_ID_H

#include "turnpike/base/str.h"

#define SHORT_ID_LEN  16
#define SHORT_ID_SIZE (SHORT_ID_LEN + 1)

/* A new one, with NUL at its end. */
void short_id_make(char out[SHORT_ID_SIZE]);

/* Whether text has the form of one. */
bool short_id_is(struct str text);

#endif
