/* SPDX-License-Identifier: Apache-2.0 */
/* peer_user.h: whose process is at the other end of a TCP connection within this machine. */
#ifndef TURNPIKE_NET_PEER_USER_H
#define TURNPIKE_NET_PEER_USER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "turnpike/base/error.h"

/* The owner of the peer's socket, of a connected IPv4 socket on a loopback address: by one query of
 * sock_diag(7), else by /proc/net/tcp. False where neither tells, which is not to be taken for any
 * user. Does not block. */
MUST_USE bool peer_user(int fd, uid_t *ret_user, struct error *ret_error);

#endif
