/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.h: text in the gzip format (RFC 1952), for what is compressed once and sent often. */
#ifndef TURNPIKE_BASE_GZIP_H
#define TURNPIKE_BASE_GZIP_H

#include "turnpike/base/arena.h"

/* Compresses into the arena. The same text gives the same bytes. */
struct str gzip_compress(struct arena *arena, struct str text);

#endif
