/* SPDX-License-Identifier: Apache-2.0 */
#include "config_user.h"

#include <linux/capability.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRY_MAX (64 * 1024)
#define NEEDED_RIGHTS                                                                              \
    "that takes root, or the capabilities CAP_SETUID, CAP_SETGID and CAP_KILL; under systemd the " \
    "drop-in hosting.conf gives them"

/* To become another user, and to end what runs as that one (capabilities(7)). */
static bool may_change_users(void)
{
    static const unsigned needed[] = {CAP_SETUID, CAP_SETGID, CAP_KILL};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    FOR_EACH (capability, needed, ARRAY_LENGTH(needed))
        if (!(data[CAP_TO_INDEX(*capability)].effective & CAP_TO_MASK(*capability)))
            return false;
    return true;
}

/* Who looks for the daemon is told, and the daemon refuses. */
static void check_rights(struct config *c, const struct process_settings *p)
{
    if (c->foreign_environment || p->user_id == geteuid() || may_change_users())
        return;
    if (c->foreign_rights)
        diag_warning(c->diag, p->user.at,
                     "whoever runs this check could run nothing as '%" STR_F "': " NEEDED_RIGHTS,
                     STR_A(p->user.text));
    else
        diag_error(c->diag, p->user.at, "nothing can be run as '%" STR_F "' here: " NEEDED_RIGHTS,
                   STR_A(p->user.text));
}

static void check_user(struct config *c, const struct function *f)
{
    const struct process_settings *p = &f->process;
    if (p->user_id == 0)
        diag_warning(c->diag, p->user.at, "function '%" STR_F "' runs as root", STR_A(f->name));
    check_rights(c, p);
}

void config_find_user(struct config *c, struct function *f)
{
    struct process_settings *p = &f->process;
    struct passwd entry, *found;
    char *text = arena_bytes(c->arena, ENTRY_MAX);
    int problem =
        getpwnam_r(arena_cstring(c->arena, p->user.text), &entry, text, ENTRY_MAX, &found);
    if (problem) {
        diag_error(c->diag, p->user.at, "user '%" STR_F "' cannot be looked up: %s",
                   STR_A(p->user.text), strerror(problem));
        return;
    }
    if (!found) {
        diag_error(c->diag, p->user.at, "there is no user '%" STR_F "'", STR_A(p->user.text));
        return;
    }
    p->user_id = entry.pw_uid;
    p->group_id = entry.pw_gid;
    check_user(c, f);
}
