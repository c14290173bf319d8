/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/error.h"

#include <stdarg.h>
#include <string.h>

void error_set(struct error *e, enum error_code code, const char *format, ...)
{
    if (!e)
        return;
    e->code = code;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof(e->text), format, args);
    va_end(args);
}

static void append(struct error *e, const char *text)
{
    size_t len = strlen(e->text);
    (void)snprintf(e->text + len, sizeof(e->text) - len, "%s", text);
}

void error_set_errno(struct error *e, int number, const char *format, ...)
{
    if (!e)
        return;
    e->code = ERROR_SYSTEM;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof(e->text), format, args);
    va_end(args);
    append(e, ": ");
    append(e, strerror(number));
}

void error_prefix(struct error *e, const char *format, ...)
{
    if (!e)
        return;
    char behind[sizeof(e->text)];
    memcpy(behind, e->text, sizeof(behind));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof(e->text), format, args);
    va_end(args);
    append(e, ": ");
    append(e, behind);
}
