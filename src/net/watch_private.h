/* SPDX-License-Identifier: Apache-2.0 */
/* watch_private.h: what watch.c (life, events, time) and watch_listing.c (which directories there
 * are) share. */
#ifndef TURNPIKE_NET_WATCH_PRIVATE_H
#define TURNPIKE_NET_WATCH_PRIVATE_H

#include "turnpike/net/watch.h"
#include "turnpike/net/work.h"

/* The watches of a tree, by the numbers that the kernel gave them: ascending, each once. */
struct watch_ids {
    int *items;
    size_t count, capacity;
};

/* One walk through the tree, on a thread of the pool. */
struct watch_listing {
    int fd;                /* inotify's; not owned */
    const char *directory; /* likewise */
    struct watch_ids ids;  /* of what was found; whoever takes it frees it */
    bool is_gone;          /* the directory itself */
    struct error error;    /* the first that stands in the way of watching all; else ERROR_NONE */
};

/* Puts a watch on each directory, those that have one keep it, before it looks what is in there: so
 * whatever is made behind its back has an event. Begins with ids, is_gone and error empty. */
void watch_listing_run(struct watch_listing *l);

/* Whether a directory of that name is watched, below another. */
bool watch_wants(struct str name);

/* Freed once it was freed, its poll has closed and its listing has ended. */
struct watch {
    struct loop *loop;
    const struct watch_events *events;
    void *data;
    char *directory;
    int fd; /* inotify's, or -1 */
    uv_poll_t poll;
    struct watch_ids ids;
    struct work work;
    struct watch_listing listing; /* the worker's while is_listing */
    struct timer quiet;           /* rings when `changed` is due */
    struct timer retry;           /* lists again: the directory was gone */
    struct task refused;          /* the kernel gave no inotify: tells `failed` */
    struct error error;           /* of that */
    uint64_t first_change;        /* while `quiet` runs */
    bool is_listing;
    bool list_again; /* something has happened to directories since the listing began */
    bool was_listed; /* what is found from now on is new */
    bool has_failed; /* and told so */
    bool poll_is_open;
    bool freed;
};

#endif
