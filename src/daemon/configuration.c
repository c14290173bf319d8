/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/configuration.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turnpike/daemon/findings.h"
#include "turnpike/daemon/preparation.h"
#include "turnpike/load/load.h"

#define VARIABLE "TURNPIKE_CONFIG"

static const struct {
    const char *file;
    bool guarded; /* lies where others may have put it */
} places[] = {
    {"./turnpike.yaml", true},
    {"./conf/turnpike.yaml", true},
    {"/etc/turnpike/turnpike.yaml", false},
};

bool configuration_is_safe(const char *file, uid_t user, struct error *ret_error)
{
    struct stat status;
    if (stat(file, &status) != 0) {
        error_set_errno(ret_error, errno, "%s", file);
        return false;
    }
    if (status.st_uid != user && status.st_uid != 0) {
        error_set(ret_error, ERROR_INVALID,
                  "%s belongs to another user (uid %u) and is not used unless --config names it",
                  file, status.st_uid);
        return false;
    }
    if (status.st_mode & S_IWOTH) {
        error_set(ret_error, ERROR_INVALID,
                  "%s can be written by everybody and is not used unless --config names it", file);
        return false;
    }
    return true;
}

const char *configuration_find(const char *written, struct error *ret_error)
{
    const char *variable = getenv(VARIABLE);
    if (written)
        return written;
    if (variable && variable[0])
        return variable;
    FOR_EACH (place, places, ARRAY_LENGTH(places)) {
        if (access(place->file, F_OK) != 0)
            continue;
        if (place->guarded && !configuration_is_safe(place->file, geteuid(), ret_error))
            return NULL;
        return place->file;
    }
    error_set(ret_error, ERROR_INVALID,
              "no configuration: there is no ./turnpike.yaml, ./conf/turnpike.yaml or "
              "/etc/turnpike/turnpike.yaml; 'turnpike init' writes one, --config names one");
    return NULL;
}

struct snapshot *configuration_load(const char *written, const struct config_options *overrides,
                                    enum loads_as as, struct diag *diag)
{
    struct config_options options = overrides ? *overrides : (struct config_options){0};
    options.foreign_environment = as == LOADS_BESIDE_DAEMON;
    options.foreign_rights = true; /* who checks is seldom who serves */
    struct error error;
    const char *file = configuration_find(written, &error);
    if (!file) {
        diag_error(diag, (struct position){0}, "%s", error.text);
        return NULL;
    }
    struct snapshot *snapshot = load_snapshot_with(file, &options, diag);
    if (snapshot && !prepare_snapshot(NULL, snapshot, diag)) {
        snapshot_unref(snapshot);
        return NULL;
    }
    return snapshot;
}

struct snapshot *configuration_load_or_say(const char *written)
{
    struct diag diag;
    diag_init(&diag);
    struct snapshot *snapshot = configuration_load(written, NULL, LOADS_BESIDE_DAEMON, &diag);
    scoped_buf struct buf text = {0};
    FOR_EACH_IN (finding, &diag.findings) {
        if (snapshot || finding->severity != SEVERITY_ERROR)
            continue;
        finding_write(&text, finding);
        buf_append_char(&text, '\n');
    }
    fprintf(stderr, "%" STR_F, STR_A(buf_str(&text)));
    diag_release(&diag);
    return snapshot;
}
