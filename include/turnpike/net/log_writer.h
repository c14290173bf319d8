/* SPDX-License-Identifier: Apache-2.0 */
/* log_writer.h: lines to stdout, stderr and files through a bounded ring and one writer thread. A
 * full ring drops lines and counts them; the caller never waits. */
#ifndef TURNPIKE_NET_LOG_WRITER_H
#define TURNPIKE_NET_LOG_WRITER_H

#include "turnpike/base/counters.h"
#include "turnpike/base/error.h"
#include "turnpike/base/str.h"

struct log_writer; /* the thread, its ring and its files; owned by the daemon */
struct log_file;   /* one destination; owned by the writer, found by name, never closed before it */

/* The thread starts at once and takes no signals. Half of ring_bytes fills while the other half is
 * being written. */
MUST_USE struct log_writer *log_writer_new(size_t ring_bytes);
/* Writes what is queued, at most for `patience` microseconds, then ends the thread. A thread that
 * hangs in a write beyond that is left behind with its memory. Takes NULL. */
void log_writer_free(struct log_writer *w, uint64_t patience);

/* "stdout", "stderr" or a path (opened O_APPEND, made with 0640). NULL with an error. A second
 * opening of one destination returns the same file. */
MUST_USE struct log_file *log_writer_open(struct log_writer *w, struct str destination,
                                          struct error *ret_error);

/* Queues the line and an end of line; lines appear within a few milliseconds. From the loop's
 * thread only. What cannot be written (a full disk, a pipe without a reader) is dropped. */
void log_file_write(struct log_file *f, struct str line);

/* Opens every path anew; the thread turns to the new files once what was queued before has been
 * written. False where a path could not be opened: its lines go on to the old file. */
bool log_writer_reopen(struct log_writer *w, struct error *ret_error);

/* Lines that were dropped since the start, whatever the reason. */
uint64_t log_writer_dropped(const struct log_writer *w);

#endif
