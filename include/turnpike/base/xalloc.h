/* SPDX-License-Identifier: Apache-2.0 */
/* xalloc.h: heap allocation that ends the program where memory is exhausted. */
#ifndef TURNPIKE_BASE_XALLOC_H
#define TURNPIKE_BASE_XALLOC_H

#include <stddef.h>

#include "turnpike/base/scope.h"

/* Each returns memory that the caller frees with free(), and never NULL: what clients can make
 * grow is bounded by `limits` before it is allocated, so there is no failure to handle. */
MUST_USE void *xmalloc(size_t size);
MUST_USE void *xcalloc(size_t count, size_t size);
MUST_USE void *xrealloc(void *p, size_t size);
MUST_USE char *xstrdup(const char *s);
MUST_USE char *xstrndup(const char *s, size_t len);

/* Formats into fresh memory. */
MUST_USE char *xasprintf(const char *format, ...) PRINTF(1, 2);

/* Turns a foreign allocator's NULL into the same end: returns p where it is not NULL. */
void *xcheck(void *p);

#endif
