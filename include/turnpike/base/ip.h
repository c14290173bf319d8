/* SPDX-License-Identifier: Apache-2.0 */
/* ip.h: internet addresses and networks, compared as bytes. */
#ifndef TURNPIKE_BASE_IP_H
#define TURNPIKE_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "turnpike/base/str.h"

/* Always IPv6; an IPv4 address is its mapped form ::ffff:a.b.c.d. */
struct ip {
    uint8_t bytes[16];
};

struct ip_network {
    struct ip address;
    unsigned prefix; /* bits, 0 to 128 */
};

#define IP_TEXT_SIZE 46

/* Without brackets, zone or port. */
MUST_USE bool ip_parse(struct str text, struct ip *ret_ip);
/* "10.0.0.0/8", "2001:db8::/32" or one address. Bits beyond the prefix must be zero. */
MUST_USE bool ip_network_parse(struct str text, struct ip_network *ret_network);
/* IPv4 as dotted quad, IPv6 as RFC 5952. */
struct str ip_format(const struct ip *ip, char out[IP_TEXT_SIZE]);
/* False where the family is neither AF_INET nor AF_INET6. *ret_port is in host order. */
MUST_USE bool ip_from_sockaddr(const struct sockaddr *address, struct ip *ret_ip,
                               uint16_t *ret_port);

/* An IPv4 address lies in IPv4 networks alone (and in those written below ::ffff:0:0/96). */
bool ip_in_network(const struct ip *ip, const struct ip_network *network);
bool ip_is_loopback(const struct ip *ip); /* 127.0.0.0/8, ::1 */
bool ip_is_any(const struct ip *ip);      /* 0.0.0.0, :: */

#endif
