/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h: tells when files below a directory change (inotify). */
#ifndef TURNPIKE_NET_WATCH_H
#define TURNPIKE_NET_WATCH_H

#include "turnpike/base/error.h"
#include "turnpike/net/loop.h"

struct watch; /* owned by whoever made it */

/* Watches the directory and those below it, new ones too; not those whose name begins with a dot,
 * nor __pycache__; of node_modules only itself. The directory may be a symbolic link, those below
 * it are not followed. Directories are listed on the thread pool; where the directory itself is
 * gone, it is looked for every second, and its return is a change.
 *
 * A file has changed when it was made, removed, renamed, given another mode or time, or closed by
 * whoever had it open for writing: what is being written is not told, and what stays open neither.
 *
 * `changed` is called once nothing has changed for a tenth of a second, and at the latest a second
 * after the first change; never from within a call of this module. Where more directories are there
 * than WATCH_DIRECTORIES_MAX or the kernel allows, or one may not be read, `failed` is called once
 * with the reason, and what is watched already stays watched. Either may free the watch. */
#define WATCH_DIRECTORIES_MAX 4096

struct watch_events {
    void (*changed)(void *data);
    void (*failed)(void *data, const struct error *error);
};

MUST_USE struct watch *watch_new(struct loop *loop, const char *directory,
                                 const struct watch_events *events, void *data);
/* Takes NULL; no callback follows. */
void watch_free(struct watch *w);

#endif
