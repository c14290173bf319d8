/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h: child processes, run by a keeper: a small process of this program's own that starts,
 * reaps and kills them, so that the loop neither forks nor waits. It holds one end of a socket
 * pair; when the other end is gone, however the gateway ended, it kills everything it has started
 * and ends. */
#ifndef TURNPIKE_NET_KEEPER_H
#define TURNPIKE_NET_KEEPER_H

#include <sys/types.h>

#include "turnpike/base/error.h"
#include "turnpike/net/loop.h"

struct keeper; /* owned by whoever made it */
struct child;  /* one process and its group; owned by the keeper until on_exit has returned */

/* How a child that was to be run is not. */
enum child_step {
    CHILD_STEP_FORK,      /* and making it a leader with two outputs */
    CHILD_STEP_USER,      /* setgroups, setgid, setuid */
    CHILD_STEP_LIMIT,     /* setrlimit */
    CHILD_STEP_DIRECTORY, /* chdir */
    CHILD_STEP_EXEC,
};

struct child_exit {
    bool started;         /* false: it never ran; step and number say why */
    enum child_step step; /* where not started */
    int number;           /* likewise: errno */
    int status;           /* where started and signal is 0: what it exited with */
    int signal;           /* that killed it, or 0 */
};

struct child_events {
    /* Exactly once, never before keeper_spawn has returned, unless the child was released or its
     * keeper freed, which may be done within it. What is left of its process group has been killed.
     * The child is freed when it returns. */
    void (*on_exit)(struct child *child, const struct child_exit *exit);
};

/* Everything is copied or sent before keeper_spawn returns, but for the descriptors, which stay the
 * caller's: the child gets its own of them. */
struct child_spec {
    const char *const *arguments;   /* NULL behind the last; [0] is looked up in the PATH of
                                     * `environment` (or /bin and /usr/bin) where it has no slash,
                                     * else seen from `directory` */
    const char *const *environment; /* likewise; there is nothing else in it */
    const char *directory;          /* that it runs in */
    /* It runs as user, group and the user's other groups, which are looked up when it starts; who
     * is in no user database has none. Takes root, except for who the gateway is already. */
    bool has_user;
    uid_t user;
    gid_t group;
    uint64_t data_max; /* bytes of RLIMIT_DATA; 0: unlimited */
    int output, error; /* become its descriptors 1 and 2; 0 is /dev/null */
};

/* More bytes of arguments and environment than this cannot be sent. */
#define KEEPER_SPEC_MAX (128 * 1024)

/* Starts the keeper: `program` (a path, "/proc/self/exe" in the daemon) with the one argument
 * "keeper". Where a keeper ends (it was killed), its children end too and are reported as killed by
 * SIGKILL, and the next keeper_spawn starts another one. One that says nothing of a start for three
 * seconds is woken (it was stopped), and killed after three more. */
MUST_USE struct keeper *keeper_new(struct loop *loop, const char *program, struct error *ret_error);
/* Kills every child without callbacks and closes the keeper, which ends by itself when they are
 * gone, after a second at most, or is killed; loop_release waits for that. Takes NULL. */
void keeper_free(struct keeper *k);

/* A new session and process group of its own; nothing but the three descriptors is open; signals
 * are as a fresh program expects them, the gateway's ambient capabilities are gone, 1024
 * descriptors may be opened (the hard limit is the gateway's) and no core file is written. NULL
 * where the spec is larger than KEEPER_SPEC_MAX, no keeper can be started, or the gateway has no
 * descriptors left for what must wait. */
MUST_USE struct child *keeper_spawn(struct keeper *k, const struct child_spec *spec,
                                    const struct child_events *events, void *owner,
                                    struct error *ret_error);
void *child_owner(const struct child *child);
pid_t child_pid(
    const struct child *child); /* 0 until the keeper has said it, and where it never ran */
/* To the whole group; of one that has ended already, nothing. When the child has ended, what it
 * leaves behind is killed: the rest of its group at once, then what had left the group or was moved
 * to the keeper by the death of its parent. A descendant in a session of its own whose parents have
 * ended belongs to nobody: it goes with the next child that ends, be it another's. */
void child_kill(struct child *child, int signal);

/* Kills it, if it has not ended; no callback follows. */
void child_release(struct child *child);

/* The keeper's own life: what `turnpike keeper` does, with its end of the socket pair as descriptor
 * 3. Returns the exit status; 2 with a line on stderr where nobody is at the other end. */
int keeper_run(void);

#endif
