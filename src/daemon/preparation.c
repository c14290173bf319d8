/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/preparation.h"

#include "turnpike/base/xalloc.h"

/* A gateway that never serves: for snapshots that are only looked at. */
struct stage_set {
    struct loop loop;
    struct gateway *gateway;
    struct front *front;
};

static void free_stage_set(void *data)
{
    struct stage_set *set = data;
    front_close(set->front);
    front_free(set->front);
    gateway_free(set->gateway);
    loop_release(&set->loop);
    free(set);
}

/* Its hook is the snapshot's first, so it runs last: the others' state lives in it. */
static struct stage_set *make_stage_set(struct snapshot *snapshot, struct diag *diag)
{
    struct error error;
    struct stage_set *set = xcalloc(1, sizeof(*set));
    loop_init(&set->loop);
    set->gateway = gateway_new(&set->loop, &error);
    if (!set->gateway) {
        diag_error(diag, (struct position){.file = NULL}, "%s", error.text);
        loop_release(&set->loop);
        free(set);
        return NULL;
    }
    set->front = front_new(set->gateway, NULL, NULL);
    snapshot_on_release(snapshot, free_stage_set, set);
    return set;
}

static void check_trusted(const struct settings *settings, struct diag *diag)
{
    const struct written *file = &settings->trusted_certificates;
    struct error error;
    if (!curl_loop_can_trust(file->text, &error))
        diag_error(diag, file->at, "trustedCertificates: %s", error.text);
}

bool prepare_snapshot(const struct preparation *live, struct snapshot *snapshot, struct diag *diag)
{
    struct preparation looking = {.output = NULL};
    if (!live) {
        struct stage_set *set = make_stage_set(snapshot, diag);
        if (!set)
            return false;
        looking = (struct preparation){set->gateway, set->front, NULL};
        live = &looking;
    }
    gateway_prepare(live->gateway, snapshot, live->output, diag);
    front_prepare(live->front, snapshot, diag);
    check_trusted(&snapshot->settings, diag);
    return diag->error_count == 0;
}
