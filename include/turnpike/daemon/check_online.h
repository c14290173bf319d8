/* SPDX-License-Identifier: Apache-2.0 */
/* check_online.h: the checks of a configuration that ask others: issuers and functions. */
#ifndef TURNPIKE_DAEMON_CHECK_ONLINE_H
#define TURNPIKE_DAEMON_CHECK_ONLINE_H

#include "turnpike/model/snapshot.h"

/* Fetches the discovery document and key set of each issuer that an authorizer names (an error
 * where that fails: every request would be refused) and connects to each function's endpoint (a
 * warning: functions may be started later). Blocks, with the bounds that serve has too. */
void check_online(const struct snapshot *snapshot, struct diag *diag);

#endif
