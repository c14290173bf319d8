/* SPDX-License-Identifier: Apache-2.0 */
/* config_text.h: a configuration given as text, read from a file of its own. */
#ifndef TURNPIKE_TESTS_CONFIG_TEXT_H
#define TURNPIKE_TESTS_CONFIG_TEXT_H

#include <stdio.h>
#include <unistd.h>

#include "testing.h"
#include "turnpike/base/buf.h"
#include "turnpike/load/config.h"

struct config_text {
    struct builder builder;
    struct diag diag;
    struct buf findings;
    bool read;
    char directory[64]; /* of the file, which exists no more */
};

static inline void config_text_read(struct config_text *t, const char *text,
                                    const struct config_options *options)
{
    char file[80];
    *t = (struct config_text){.directory = "/tmp/turnpike-config-XXXXXX"};
    assert_non_null(mkdtemp(t->directory));
    (void)snprintf(file, sizeof(file), "%s/turnpike.yaml", t->directory);
    FILE *f = fopen(file, "we");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0 && fclose(f) == 0, 1);

    diag_init(&t->diag);
    builder_init(&t->builder, &t->diag);
    t->read = config_load(&t->builder, file, options);
    assert_int_equal(t->read, t->diag.error_count == 0);
    (void)unlink(file);
    (void)rmdir(t->directory);
}

/* "LINE:COL: severity: message" by position, a line each. */
static inline const char *config_text_findings(struct config_text *t)
{
    buf_clear(&t->findings);
    diag_sort(&t->diag);
    FOR_EACH_IN (f, &t->diag.findings)
        buf_printf(&t->findings, "%u:%u: %s: %" STR_F "\n", f->at.line, f->at.column,
                   severity_name(f->severity), STR_A(f->message));
    buf_append_char(&t->findings, '\0');
    return t->findings.data;
}

/* What a relative path in the text becomes. */
static inline struct str config_text_path(struct config_text *t, const char *relative)
{
    return arena_printf(&t->builder.snapshot->arena, "%s/%s", t->directory, relative);
}

static inline void config_text_release(struct config_text *t)
{
    builder_abandon(&t->builder);
    diag_release(&t->diag);
    buf_release(&t->findings);
}

#endif
