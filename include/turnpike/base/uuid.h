/* SPDX-License-Identifier: Apache-2.0 */
/* uuid.h: random UUIDs (RFC 9562, version 4), as AWS's services name requests. */
#ifndef TURNPIKE_BASE_UUID_H
#define TURNPIKE_BASE_UUID_H

#define UUID_SIZE 37 /* "1f6d7a3e-9c1b-4d2a-8a57-0e3b6c5d4f21" and NUL */

void uuid_make(char out[UUID_SIZE]);

#endif
