/* SPDX-License-Identifier: Apache-2.0 */
/* proxy_protocol.h: the header that HAProxy and load balancers put before a connection to say whose
 * it is: PROXY protocol, versions 1 and 2. Only peers that are trusted may send one. */
#ifndef TURNPIKE_NET_PROXY_PROTOCOL_H
#define TURNPIKE_NET_PROXY_PROTOCOL_H

#include "turnpike/base/ip.h"
#include "turnpike/base/str.h"

#define PROXY_HEADER_MAX (16 + 4096) /* longer ones are invalid; version 1 ends at 107 bytes */

enum proxy_result {
    PROXY_OK,
    PROXY_INCOMPLETE, /* so far nothing is wrong: more bytes are needed */
    PROXY_INVALID,    /* or none at all: the connection must be closed */
};

struct proxy_header {
    size_t size; /* of the whole header; what follows is the client's */
    /* The proxy speaks for itself (a health check) or does not know: the socket's own addresses
     * hold, and those below are zero. */
    bool local;
    struct ip source, destination;
    uint16_t source_port, destination_port;
};

/* Reads the header at the start of `in`; TCP over IPv4 and IPv6 only. Extensions (TLVs) are
 * skipped. Keeps no state: a longer `in` is read anew. */
enum proxy_result proxy_header_parse(struct str in, struct proxy_header *ret_header);

#endif
