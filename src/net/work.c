/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/work.h"

static void on_run(uv_work_t *request)
{
    struct work *work = container_of(request, struct work, request);
    work->run(work);
}

static void on_done(uv_work_t *request, int status)
{
    struct work *work = container_of(request, struct work, request);
    (void)status; /* work is never cancelled */
    work->done(work);
}

void work_start(struct loop *loop, struct work *work, work_fn *run, work_fn *done)
{
    work->run = run;
    work->done = done;
    int failed = uv_queue_work(&loop->uv, &work->request, on_run, on_done);
    assert(!failed);
}
