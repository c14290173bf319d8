/* SPDX-License-Identifier: Apache-2.0 */
/* peer_user_private.h: the two ways of peer_user.c, each by itself. */
#ifndef TURNPIKE_NET_PEER_USER_PRIVATE_H
#define TURNPIKE_NET_PEER_USER_PRIVATE_H

#include <netinet/in.h>

#include "turnpike/base/str.h"
#include "turnpike/net/peer_user.h"

/* One connection as its peer sees it. */
struct peer_socket {
    struct sockaddr_in own, other; /* the peer's address; ours */
};

/* False where `fd` is no connected IPv4 socket. */
MUST_USE bool peer_socket_of(int fd, struct peer_socket *ret_peer, struct error *ret_error);

/* sock_diag(7) */
MUST_USE bool peer_user_by_diag(const struct peer_socket *peer, uid_t *ret_user,
                                struct error *ret_error);
/* One datagram of the kernel's in answer to that. */
MUST_USE bool peer_user_read_answer(const struct peer_socket *peer, struct str answer,
                                    uid_t *ret_user, struct error *ret_error);

/* A table as /proc/net/tcp has it (AF_INET), or tcp6 (AF_INET6), where IPv6 sockets stand that
 * speak IPv4. */
MUST_USE bool peer_user_by_table(const struct peer_socket *peer, const char *path, int family,
                                 uid_t *ret_user, struct error *ret_error);

#endif
