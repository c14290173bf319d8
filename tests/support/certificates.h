/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.h: a directory of self-made certificates and keys for the tests of TLS. */
#ifndef TURNPIKE_TESTS_CERTIFICATES_H
#define TURNPIKE_TESTS_CERTIFICATES_H

#include <stdint.h>

#include "turnpike/base/str.h"

enum key_kind { KEY_ECDSA, KEY_RSA };

/* Embedded in its owner. */
struct certificates {
    char directory[64];
};

void certificates_init(struct certificates *c);
void certificates_release(struct certificates *c); /* removes the directory */

/* The path of a file in it, in one of eight buffers that take turns. */
struct str certificates_path(const struct certificates *c, const char *file);

/* Writes `name`.pem, self-signed for `host`, valid from `from` to `until` (seconds from now), and
 * its key `name`-key.pem. */
void certificates_make(const struct certificates *c, const char *name, const char *host,
                       enum key_kind kind, int from, int until);

/* Writes `name` with this content. */
void certificates_write(const struct certificates *c, const char *name, struct str content);

/* Writes the key of `name` once more, under a passphrase, as `to`. */
void certificates_encrypt(const struct certificates *c, const char *name, const char *to);

/* What a server that has `name` and its key answers handshakes with; for SSL_CTX_free. */
struct ssl_ctx_st *certificates_context(const struct certificates *c, const char *name);

#endif
