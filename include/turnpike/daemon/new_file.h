/* SPDX-License-Identifier: Apache-2.0 */
/* new_file.h: files and directories that are made where there are none, and never changed. */
#ifndef TURNPIKE_DAEMON_NEW_FILE_H
#define TURNPIKE_DAEMON_NEW_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"

enum new_file {
    NEW_FILE_MADE,
    NEW_FILE_EXISTED, /* something of that name is there, a dangling link too; untouched */
    NEW_FILE_FAILED,  /* nothing is left of it */
};

/* Makes the file with the permissions of `mode` whatever the umask adds; it never has more than
 * them, not even while it is being written. */
MUST_USE enum new_file new_file_write(const char *path, mode_t mode, struct str text,
                                      struct error *ret_error);

/* Makes a directory and those above it, as far as they are missing, with mode 0755 less the umask.
 */
MUST_USE bool directory_make(const char *path, struct error *ret_error);

/* Reads a whole file of at most `max` bytes. */
MUST_USE bool file_read(const char *path, size_t max, struct buf *ret_text,
                        struct error *ret_error);

#endif
