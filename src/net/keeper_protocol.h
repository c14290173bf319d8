/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_protocol.h: what the gateway and its keeper tell each other over a pair of SOCK_SEQPACKET
 * sockets. Both ends are the same program, so numbers are in the machine's own form; what arrives
 * is looked at all the same, and who tells nonsense is given up. */
#ifndef TURNPIKE_NET_KEEPER_PROTOCOL_H
#define TURNPIKE_NET_KEEPER_PROTOCOL_H

#include "turnpike/base/buf.h"
#include "turnpike/net/keeper.h"

#define KEEPER_SOCKET 3 /* the keeper's end, in the keeper */

enum keeper_verb {
    KEEPER_SPAWN = 1, /* to the keeper: struct keeper_order, texts and two descriptors */
    KEEPER_KILL,      /* to the keeper */
    KEEPER_STARTED,   /* from it: there is a process, which is on its way */
    KEEPER_FAILED,    /* from the process itself, or from the keeper: it never ran */
    KEEPER_EXITED,    /* from the keeper: the last that is heard of a child */
};

/* Everything but KEEPER_SPAWN. */
struct keeper_note {
    uint32_t verb;
    uint32_t detail; /* FAILED: the step; EXITED: 1 where a signal ended it; otherwise 0 */
    int32_t value; /* KILL: the signal; STARTED: the pid; FAILED: errno; EXITED: status or signal */
    uint32_t unused; /* 0 */
    uint64_t id;     /* of the child */
};

/* KEEPER_SPAWN: this, then the directory, the arguments and the environment, each with its NUL. */
struct keeper_order {
    uint32_t verb;
    uint32_t has_user;
    uint64_t id;
    uint64_t data_max;
    uint32_t user, group;
    uint32_t argument_count, environment_count;
};

#define KEEPER_ORDER_MAX   (sizeof(struct keeper_order) + KEEPER_SPEC_MAX)
#define KEEPER_DESCRIPTORS 2 /* of an order: output, error */

/* False where the texts are longer than KEEPER_SPEC_MAX. */
MUST_USE bool keeper_order_write(struct buf *out, uint64_t id, const struct child_spec *spec,
                                 struct error *ret_error);
/* False where it is none. ret_texts is a view of `message` behind the struct. */
MUST_USE bool keeper_order_read(struct str message, struct keeper_order *ret_order,
                                struct str *ret_texts);
/* The same for the others; to_keeper says which way it went. */
MUST_USE bool keeper_note_read(struct str message, bool to_keeper, struct keeper_note *ret_note);

/* sendmsg with all that belongs to it; fds is NULL or has KEEPER_DESCRIPTORS. 0 or an errno. */
int keeper_send(int fd, struct str message, const int *fds, int flags);

enum keeper_receipt {
    KEEPER_MESSAGE,
    KEEPER_NOTHING,  /* for now: MSG_DONTWAIT was among the flags */
    KEEPER_HANGUP,   /* nobody is at the other end */
    KEEPER_NONSENSE, /* too long a message, or other descriptors than agreed */
};

/* Into `room`; ret_fds is NULL where none may come, otherwise it gets none (-1) or all of them,
 * close-on-exec and the caller's. */
enum keeper_receipt keeper_receive(int fd, char *room, size_t size, int flags, int *ret_fds,
                                   struct str *ret_message);

#endif
