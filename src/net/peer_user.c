/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_user_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define SEQUENCE      1
#define ANSWER_SIZE   8192
#define LINE_SIZE     512
#define LINES_MAX     65536 /* of a table: some tens of milliseconds */
#define MAPPED_PREFIX "0000000000000000FFFF0000"

static bool refuse(struct error *ret_error, enum error_code code, const char *why)
{
    error_set(ret_error, code, "%s", why);
    return false;
}

bool peer_socket_of(int fd, struct peer_socket *ret_peer, struct error *ret_error)
{
    socklen_t own_size = sizeof(ret_peer->own), other_size = sizeof(ret_peer->other);
    *ret_peer = (struct peer_socket){0};
    if (getpeername(fd, (struct sockaddr *)&ret_peer->own, &own_size) < 0 ||
        getsockname(fd, (struct sockaddr *)&ret_peer->other, &other_size) < 0) {
        error_set_errno(ret_error, errno, "ask for the peer's address");
        return false;
    }
    if (ret_peer->own.sin_family != AF_INET || ret_peer->other.sin_family != AF_INET)
        return refuse(ret_error, ERROR_UNSUPPORTED, "the connection is not of IPv4");
    return true;
}

/* A socket without an inode has no owner any more, and is said to be root's. One that is only being
 * connected may be somebody else's, who has bound the port after the peer was gone. */
static bool is_owned(unsigned state, uint64_t inode)
{
    static const unsigned states = 1 << TCP_ESTABLISHED | 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 |
                                   1 << TCP_CLOSE_WAIT | 1 << TCP_LAST_ACK | 1 << TCP_CLOSING;
    return inode != 0 && state <= TCP_CLOSING && (states >> state & 1);
}

/* sock_diag */

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 request;
};

static struct question ask_for(const struct peer_socket *peer)
{
    return (struct question){
        .head = {.nlmsg_len = sizeof(struct question),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST,
                 .nlmsg_seq = SEQUENCE                                              },
        .request = {.sdiag_family = AF_INET,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX,
                 .id = {.idiag_sport = peer->own.sin_port,
                           .idiag_dport = peer->other.sin_port,
                           .idiag_src = {peer->own.sin_addr.s_addr},
                           .idiag_dst = {peer->other.sin_addr.s_addr},
                           .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
}

/* An IPv6 socket that speaks IPv4 has a mapped address. */
static bool is_address(const uint32_t got[4], struct in_addr want, unsigned family)
{
    if (family == AF_INET)
        return got[0] == want.s_addr;
    return family == AF_INET6 && got[0] == 0 && got[1] == 0 && got[2] == htonl(0xffff) &&
           got[3] == want.s_addr;
}

/* Where nobody has exactly this connection, the kernel tells of who listens on the port. */
static bool is_of(const struct inet_diag_msg *found, const struct peer_socket *peer)
{
    const struct inet_diag_sockid *id = &found->id;
    return id->idiag_sport == peer->own.sin_port && id->idiag_dport == peer->other.sin_port &&
           is_address(id->idiag_src, peer->own.sin_addr, found->idiag_family) &&
           is_address(id->idiag_dst, peer->other.sin_addr, found->idiag_family);
}

static bool read_found(const struct peer_socket *peer, struct str body, uid_t *ret_user,
                       struct error *ret_error)
{
    struct inet_diag_msg found;
    if (body.len < sizeof(found))
        return refuse(ret_error, ERROR_PROTOCOL, "the kernel's answer is too short");
    memcpy(&found, body.at, sizeof(found));
    if (!is_of(&found, peer))
        return refuse(ret_error, ERROR_CONNECTION, "the kernel knows another socket there");
    if (!is_owned(found.idiag_state, found.idiag_inode))
        return refuse(ret_error, ERROR_CONNECTION, "the peer's socket is closed");
    *ret_user = found.idiag_uid;
    return true;
}

static bool read_failure(struct str body, struct error *ret_error)
{
    struct nlmsgerr failure;
    if (body.len < sizeof(failure.error))
        return refuse(ret_error, ERROR_PROTOCOL, "the kernel's answer is too short");
    memcpy(&failure.error, body.at, sizeof(failure.error));
    error_set_errno(ret_error, -failure.error, "the kernel refused");
    return false;
}

bool peer_user_read_answer(const struct peer_socket *peer, struct str answer, uid_t *ret_user,
                           struct error *ret_error)
{
    struct nlmsghdr head;
    if (answer.len < sizeof(head))
        return refuse(ret_error, ERROR_PROTOCOL, "the kernel's answer is too short");
    memcpy(&head, answer.at, sizeof(head));
    if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > answer.len || head.nlmsg_seq != SEQUENCE)
        return refuse(ret_error, ERROR_PROTOCOL, "the kernel's answer is malformed");
    struct str body = str_skip(str_head(answer, head.nlmsg_len), NLMSG_HDRLEN);
    if (head.nlmsg_type == NLMSG_ERROR)
        return read_failure(body, ret_error);
    if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return refuse(ret_error, ERROR_PROTOCOL, "the kernel's answer is malformed");
    return read_found(peer, body, ret_user, ret_error);
}

/* The kernel answers within the sending. */
static bool ask(int fd, const struct peer_socket *peer, uid_t *ret_user, struct error *ret_error)
{
    struct question question = ask_for(peer);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK}, from = {0};
    socklen_t size = sizeof(from);
    char answer[ANSWER_SIZE];
    if (sendto(fd, &question, sizeof(question), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        goto fail;
    ssize_t got = recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &size);
    if (got < 0)
        goto fail;
    if (size != sizeof(from) || from.nl_pid != 0)
        return refuse(ret_error, ERROR_PROTOCOL, "the answer is not the kernel's");
    return peer_user_read_answer(peer, str_of(answer, (size_t)got), ret_user, ret_error);
fail:
    error_set_errno(ret_error, errno, "ask the kernel");
    return false;
}

bool peer_user_by_diag(const struct peer_socket *peer, uid_t *ret_user, struct error *ret_error)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    if (fd < 0) {
        error_set_errno(ret_error, errno, "open a socket to the kernel");
        return false;
    }
    bool known = ask(fd, peer, ret_user, ret_error);
    (void)close(fd);
    return known;
}

/* /proc/net */

#define KEY_SIZE 96

/* Both addresses as the kernel prints them: the bytes of an address as one number of this machine.
 */
static struct str format_key(const struct peer_socket *peer, const char *prefix, char out[KEY_SIZE])
{
    int len = snprintf(out, KEY_SIZE, "%s%08X:%04X %s%08X:%04X ", prefix, peer->own.sin_addr.s_addr,
                       ntohs(peer->own.sin_port), prefix, peer->other.sin_addr.s_addr,
                       ntohs(peer->other.sin_port));
    return str_of(out, (size_t)len);
}

static struct str next_word(struct str *rest)
{
    struct str word = {0};
    while (str_split(rest, ' ', &word) && word.len == 0)
        ;
    return word;
}

static bool to_state(struct str word, unsigned *ret_state)
{
    static const char digits[] = "0123456789ABCDEF";
    if (word.len != 2 || word.at[0] != '0')
        return false;
    *ret_state = (unsigned)str_find(str_from(digits), word.at[1]);
    return *ret_state < 16;
}

/* Behind the addresses: state, queues, timer, retransmissions, user, timeout, inode. */
static bool read_row(struct str rest, uid_t *ret_user)
{
    unsigned state;
    uint64_t user, inode;
    if (!to_state(next_word(&rest), &state))
        return false;
    for (int i = 0; i < 3; i++)
        (void)next_word(&rest);
    if (!str_to_u64(next_word(&rest), &user) || user >= UINT32_MAX)
        return false;
    (void)next_word(&rest);
    if (!str_to_u64(next_word(&rest), &inode) || !is_owned(state, inode))
        return false;
    *ret_user = (uid_t)user;
    return true;
}

static bool find_row(FILE *table, struct str key, uid_t *ret_user)
{
    char line[LINE_SIZE];
    for (size_t count = 0; count < LINES_MAX && fgets(line, sizeof(line), table); count++) {
        struct str rest = str_from(line);
        (void)next_word(&rest); /* its number */
        if (str_starts_with(rest, key) && read_row(str_skip(rest, key.len), ret_user))
            return true;
    }
    return false;
}

bool peer_user_by_table(const struct peer_socket *peer, const char *path, int family,
                        uid_t *ret_user, struct error *ret_error)
{
    char key[KEY_SIZE];
    const char *prefix = family == AF_INET6 ? MAPPED_PREFIX : "";
    scoped_file FILE *table = fopen(path, "re");
    if (!table) {
        error_set_errno(ret_error, errno, "open %s", path);
        return false;
    }
    if (find_row(table, format_key(peer, prefix, key), ret_user))
        return true;
    error_set(ret_error, ERROR_CONNECTION, "%s has no such socket", path);
    return false;
}

/* The tables cost milliseconds: nobody gets them read by connecting and leaving again. What has
 * left with a reset is as unknown to the kernel as everything is where it cannot be asked, but then
 * the connection has no peer any more. */
bool peer_user(int fd, uid_t *ret_user, struct error *ret_error)
{
    struct peer_socket peer;
    struct error first;
    if (!peer_socket_of(fd, &peer, ret_error))
        return false;
    if (peer_user_by_diag(&peer, ret_user, &first))
        return true;
    bool unasked = first.code == ERROR_SYSTEM && peer_socket_of(fd, &peer, &first);
    if (unasked && (peer_user_by_table(&peer, "/proc/net/tcp", AF_INET, ret_user, ret_error) ||
                    peer_user_by_table(&peer, "/proc/net/tcp6", AF_INET6, ret_user, ret_error)))
        return true;
    error_set(ret_error, first.code, "%s", first.text);
    return false;
}
