/* SPDX-License-Identifier: Apache-2.0 */
/* secret_file.h: files that hold secrets. */
#ifndef TURNPIKE_LOAD_SECRET_FILE_H
#define TURNPIKE_LOAD_SECRET_FILE_H

#include <stdbool.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/error.h"

struct secret_file {
    struct str text; /* in the arena */
    bool exposed;    /* everybody on the machine may read it */
};

/* Reads a file of at most `max` bytes. Errors name the path, never what the file holds. */
MUST_USE bool secret_file_read(struct arena *a, struct str path, size_t max,
                               struct secret_file *ret_file, struct error *ret_error);

#endif
