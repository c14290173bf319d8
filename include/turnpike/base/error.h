/* SPDX-License-Identifier: Apache-2.0 */
/* error.h: why the world (a file, the network, a peer) failed, told upwards on the caller's stack.
 */
#ifndef TURNPIKE_BASE_ERROR_H
#define TURNPIKE_BASE_ERROR_H

#include "turnpike/base/scope.h"

enum error_code {
    ERROR_NONE = 0,
    ERROR_SYSTEM,      /* a system call failed */
    ERROR_TIMEOUT,     /* a deadline passed */
    ERROR_CONNECT,     /* nobody answered, or the name was not found */
    ERROR_CONNECTION,  /* an established connection broke */
    ERROR_PROTOCOL,    /* a peer spoke nonsense */
    ERROR_TLS,         /* a certificate or handshake failed */
    ERROR_TOO_LARGE,   /* a bound was passed */
    ERROR_BUSY,        /* a queue was full */
    ERROR_UNSUPPORTED, /* valid, but not for us */
    ERROR_INVALID,     /* malformed input */
};

struct error {
    enum error_code code;
    char text[256]; /* lower case, no full stop; never a secret */
};

/* Sets *e; e may be NULL. */
void error_set(struct error *e, enum error_code code, const char *format, ...) PRINTF(3, 4);
/* Sets ERROR_SYSTEM with strerror(number) behind the text. */
void error_set_errno(struct error *e, int number, const char *format, ...) PRINTF(3, 4);
/* Puts context before the text: "jwks https://…: connect: refused". */
void error_prefix(struct error *e, const char *format, ...) PRINTF(2, 3);

#endif
