/* SPDX-License-Identifier: Apache-2.0 */
/* random.h: unpredictable bytes from the kernel, drawn in blocks. */
#ifndef TURNPIKE_BASE_RANDOM_H
#define TURNPIKE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* How modules get randomness: as a parameter, so that tests can fix it. */
typedef void random_fn(void *out, size_t len);

/* The real one. Fit for identifiers and keys. */
void random_bytes(void *out, size_t len);
uint64_t random_u64(void);

#endif
