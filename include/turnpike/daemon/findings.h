/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h: how the findings of a load are shown. */
#ifndef TURNPIKE_DAEMON_FINDINGS_H
#define TURNPIKE_DAEMON_FINDINGS_H

#include "turnpike/base/buf.h"
#include "turnpike/base/diag.h"

/* Appends "FILE:LINE:COL: error: message", or as much of the place as is known, without an end of
 * line. Control characters, which a definition could send to a terminal, become '?'. */
void finding_write(struct buf *out, const struct finding *finding);

/* One line each, in order. */
void findings_write_text(struct buf *out, const struct diag *diag);

/* [{"file", "line", "column", "severity", "message"}, …]; a place that is not known is null. */
void findings_write_json(struct buf *out, const struct diag *diag);

/* "2 errors, 1 warning", "1 warning" or "no problems"; notices do not count. */
void findings_write_summary(struct buf *out, const struct diag *diag);

#endif
