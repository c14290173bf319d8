/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/findings.h"

#include "turnpike/base/json.h"

static void write_printable(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        buf_append_char(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
}

void finding_write(struct buf *out, const struct finding *finding)
{
    const struct position *at = &finding->at;
    if (at->file) {
        write_printable(out, str_from(at->file));
        if (at->line)
            buf_printf(out, ":%u", at->line);
        if (at->line && at->column)
            buf_printf(out, ":%u", at->column);
        buf_literal(out, ": ");
    }
    buf_printf(out, "%s: ", severity_name(finding->severity));
    write_printable(out, finding->message);
}

void findings_write_text(struct buf *out, const struct diag *diag)
{
    FOR_EACH_IN (finding, &diag->findings) {
        finding_write(out, finding);
        buf_append_char(out, '\n');
    }
}

static void write_number(struct buf *out, const char *name, unsigned number)
{
    if (number)
        buf_printf(out, ",\"%s\":%u", name, number);
    else
        buf_printf(out, ",\"%s\":null", name);
}

static void write_object(struct buf *out, const struct finding *finding)
{
    buf_literal(out, "{\"file\":");
    if (finding->at.file)
        json_write_string(out, str_from(finding->at.file));
    else
        buf_literal(out, "null");
    write_number(out, "line", finding->at.line);
    write_number(out, "column", finding->at.column);
    buf_printf(out, ",\"severity\":\"%s\",\"message\":", severity_name(finding->severity));
    json_write_string(out, finding->message);
    buf_append_char(out, '}');
}

void findings_write_json(struct buf *out, const struct diag *diag)
{
    buf_append_char(out, '[');
    FOR_EACH_IN (finding, &diag->findings) {
        if (finding != diag->findings.items)
            buf_append_char(out, ',');
        write_object(out, finding);
    }
    buf_append_char(out, ']');
}

static void write_count(struct buf *out, size_t count, const char *what)
{
    if (count)
        buf_printf(out, "%s%zu %s%s", buf_len(out) ? ", " : "", count, what, count == 1 ? "" : "s");
}

void findings_write_summary(struct buf *out, const struct diag *diag)
{
    scoped_buf struct buf text = {0};
    write_count(&text, diag->error_count, "error");
    write_count(&text, diag->warning_count, "warning");
    buf_append(out, buf_len(&text) ? buf_str(&text) : STR("no problems"));
    if (diag->full)
        buf_literal(out, " (not all are shown)");
}
