/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl takes a kept connection for alive where the peer has said farewell or spoken unasked, and
 * sends a request again, up to five times, when one ends without an answer. It cannot be told not
 * to, and does not ask whether the peer may have read the request: an orderly end says that it may.
 * So the rule of plain connections (http_transfer.c) is kept here: what libcurl is about to send is
 * stopped unless it may be sent, and a request that was lost on the way is sent once more. */
#include "https_private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TLS_ALERT        21
#define TLS_DATA         23
#define SEALED_ALERT_LEN 19 /* TLS 1.3: two bytes, their type, the tag */

/* Whether what waits in the socket is more than an alert, which is how the peer says farewell. */
static bool has_answer(int fd)
{
    unsigned char record[5];
    ssize_t got = recv(fd, record, sizeof(record), MSG_PEEK | MSG_DONTWAIT);
    if (got < (ssize_t)sizeof(record))
        return got > 0;
    int len = record[3] << 8 | record[4];
    return record[0] != TLS_ALERT && !(record[0] == TLS_DATA && len == SEALED_ALERT_LEN);
}

/* The peer has reset the connection, or has not acknowledged all that was sent. */
static bool is_lost(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    int unacknowledged = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    return info.tcpi_state == TCP_CLOSE ||
           (ioctl(fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0);
}

/* libcurl does not say why it gives a connection up, so the last look before it did counts. */
static void on_event(struct curl_transfer *transfer, curl_socket_t socket)
{
    struct https_attempt *a = &container_of(transfer, struct https_call, transfer)->attempt;
    if (!a->sending || transfer->opened || a->answered)
        return;
    a->answered = has_answer(socket);
    a->lost = !a->answered && is_lost(socket);
}

/* Nothing has come since the last answer, no end either. */
static bool is_quiet(const struct curl_transfer *t, int port)
{
    const struct curl_tlssessioninfo *tls = NULL;
    curl_socket_t socket = curl_transfer_socket(t, port);
    char byte;
    if (socket < 0 || curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) || !tls->internals)
        return false;
    return !SSL_has_pending(tls->internals) &&
           recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool may_send(struct https_call *h, int port)
{
    struct https_attempt *a = &h->attempt;
    bool fresh = h->transfer.opened;
    if (!a->sending) {
        a->lost = !fresh && !is_quiet(&h->transfer, port); /* nothing was sent there */
        a->sending = !a->lost;
        return a->sending;
    }
    if (!a->lost || !fresh || h->again)
        return false;
    h->again = true;
    return true;
}

/* There is a connection, and libcurl is about to send the request. */
static int on_request(void *data, char *primary, char *local, int primary_port, int port)
{
    (void)primary, (void)local, (void)primary_port;
    return may_send(data, port) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

bool https_attempt_again(struct https_call *h)
{
    if (!h->attempt.lost || h->again)
        return false;
    h->again = true;
    h->attempt = (struct https_attempt){0};
    CURL_SET(h->transfer.easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_transfer_restart(&h->transfer);
    return true;
}

void https_attempt_watch(struct https_call *h)
{
    CURL *easy = h->transfer.easy;
    h->transfer.on_event = on_event;
    CURL_SET(easy, CURLOPT_PREREQFUNCTION, on_request);
    CURL_SET(easy, CURLOPT_PREREQDATA, h);
}
