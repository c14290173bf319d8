/* SPDX-License-Identifier: Apache-2.0 */
/* trust_bundle.h: the certificates that hosted functions trust, as the one file that their HTTP
 * clients read: the system's, and behind them those of trustedCertificates. Such a file takes the
 * place of the system's, so it must hold both. */
#ifndef TURNPIKE_DAEMON_TRUST_BUNDLE_H
#define TURNPIKE_DAEMON_TRUST_BUNDLE_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"

/* Embedded in its owner. All zero: there is none. */
struct trust_bundle {
    char *directory, *file; /* of its own, below $TMPDIR; NULL: none was needed yet */
    char *before;           /* the file that this one took the place of */
    bool locked;            /* the directory, by `lock`: systemd-tmpfiles leaves it alone then */
    int lock;
    struct buf content;
    unsigned version; /* each content has a file name of its own, as processes tell them apart */
};

/* Writes the file anew where its content has changed; without `trusted` there is none. On failure
 * the one before stays. */
MUST_USE bool trust_bundle_write(struct trust_bundle *b, struct str trusted,
                                 struct error *ret_error);
/* Where it is, or empty. */
struct str trust_bundle_file(const struct trust_bundle *b);
/* Removes what was written. */
void trust_bundle_release(struct trust_bundle *b);

#endif
