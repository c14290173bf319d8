/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/keeper.h"

#include <signal.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/map.h"
#include "turnpike/base/xalloc.h"

#include "keeper_link.h"

/* A keeper that was told to start something says so at once. One that does not is woken after this
 * time, and ended after as much again. */
#define SILENCE (3 * USEC_PER_SEC)

struct keeper {
    struct loop *loop;
    char *program;
    struct keeper_link *link; /* NULL: lost; the next spawn opens another */
    uint64_t last_id;
    struct map children; /* by their ids; until on_exit is called or, where released, they ended */
    struct timer guard;
    bool woken; /* and nothing heard since */
};

enum child_state {
    CHILD_LIVES, /* as far as the keeper has said */
    CHILD_ENDED, /* which its owner will be told in `telling` */
    CHILD_TOLD,  /* its owner is being told, or has let go of it */
};

struct child {
    struct keeper *keeper;
    const struct child_events *events;
    void *owner;
    uint64_t id;
    enum child_state state;
    pid_t pid;
    struct child_exit exit;
    struct task telling;
};

static struct str key_of(const uint64_t *id)
{
    return str_of((const char *)id, sizeof(*id));
}

static void forget(struct child *child)
{
    (void)map_remove(&child->keeper->children, key_of(&child->id));
}

/* Within it the keeper may be freed and other children killed: the child is out of reach by then.
 */
static void on_telling(struct task *task)
{
    struct child *child = container_of(task, struct child, telling);
    child->state = CHILD_TOLD;
    forget(child);
    child->events->on_exit(child, &child->exit);
    free(child);
}

static void end(struct child *child)
{
    if (child->state == CHILD_TOLD) { /* released */
        forget(child);
        free(child);
        return;
    }
    child->state = CHILD_ENDED;
    task_defer(child->keeper->loop, &child->telling, on_telling);
}

/* What the keeper says. */

static void note_exit(struct child *child, const struct keeper_note *note)
{
    if (note->detail)
        child->exit.signal = note->value;
    else
        child->exit.status = note->value;
    end(child);
}

static void note_failure(struct child *child, const struct keeper_note *note)
{
    child->exit.started = false;
    child->exit.step = (enum child_step)note->detail;
    child->exit.number = note->value;
    child->pid = 0;
}

static void on_note(void *owner, const struct keeper_note *note)
{
    struct keeper *k = owner;
    struct child *child = map_get(&k->children, key_of(&note->id));
    k->woken = false;
    if (!child || child->state == CHILD_ENDED)
        return;
    switch ((enum keeper_verb)note->verb) {
    case KEEPER_STARTED:
        if (child->exit.started)
            child->pid = note->value;
        return;
    case KEEPER_FAILED:
        note_failure(child, note);
        return;
    case KEEPER_EXITED:
        note_exit(child, note);
        return;
    case KEEPER_SPAWN:
    case KEEPER_KILL:
        return; /* not from a keeper: keeper_note_read has seen to it */
    }
}

/* The child dies with the keeper; what else is in its group does not, so that is killed from here.
 * The number cannot have become another's in the few moments since. */
static void lose(struct child *child)
{
    if (child->pid > 0)
        (void)kill(-child->pid, SIGKILL);
    if (child->exit.started)
        child->exit.signal = SIGKILL;
    end(child);
}

static void on_lost(void *owner)
{
    struct keeper *k = owner;
    struct child *child;
    k->link = NULL;
    timer_cancel(k->loop, &k->guard);
    for (size_t i = 0; (child = map_next(&k->children, &i));)
        if (child->state != CHILD_ENDED)
            lose(child);
}

static const struct keeper_link_events link_events = {on_note, on_lost};

/* Whoever may send the keeper signals may stop it: then nothing would start or end any longer. */

static bool is_awaited(const struct keeper *k)
{
    struct child *child;
    for (size_t i = 0; (child = map_next(&k->children, &i));)
        if (child->exit.started && child->pid == 0)
            return true;
    return false;
}

static void on_silence(struct timer *timer);

static void await_word(struct keeper *k)
{
    if (!timer_is_running(&k->guard))
        timer_start(k->loop, &k->guard, loop_now(k->loop) + SILENCE, on_silence);
}

static void on_silence(struct timer *timer)
{
    struct keeper *k = container_of(timer, struct keeper, guard);
    if (!k->link || !is_awaited(k))
        return;
    if (k->woken)
        keeper_link_kill(k->link);
    else
        keeper_link_wake(k->link);
    k->woken = true;
    await_word(k);
}

struct keeper *keeper_new(struct loop *loop, const char *program, struct error *ret_error)
{
    struct keeper *k = xcalloc(1, sizeof(*k));
    *k = (struct keeper){.loop = loop, .program = xstrdup(program)};
    k->link = keeper_link_open(loop, program, &link_events, k, ret_error);
    if (k->link)
        return k;
    keeper_free(k);
    return NULL;
}

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    struct child *child;
    for (size_t i = 0; (child = map_next(&k->children, &i));) {
        task_cancel(k->loop, &child->telling);
        free(child);
    }
    map_release(&k->children);
    timer_cancel(k->loop, &k->guard);
    if (k->link)
        keeper_link_close(k->link);
    free(k->program);
    free(k);
}

static bool order(struct keeper *k, const struct child_spec *spec, struct error *ret_error)
{
    const int fds[KEEPER_DESCRIPTORS] = {spec->output, spec->error};
    scoped_buf struct buf message = {0};
    if (!k->link)
        k->link = keeper_link_open(k->loop, k->program, &link_events, k, ret_error);
    return k->link && keeper_order_write(&message, ++k->last_id, spec, ret_error) &&
           keeper_link_send(k->link, buf_str(&message), fds, ret_error);
}

struct child *keeper_spawn(struct keeper *k, const struct child_spec *spec,
                           const struct child_events *events, void *owner, struct error *ret_error)
{
    if (!order(k, spec, ret_error))
        return NULL;
    struct child *child = xcalloc(1, sizeof(*child));
    *child = (struct child){
        .keeper = k, .events = events, .owner = owner, .id = k->last_id, .exit.started = true};
    (void)map_set(&k->children, key_of(&child->id), child);
    await_word(k);
    return child;
}

void *child_owner(const struct child *child)
{
    return child->owner;
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}

static void send_kill(struct child *child, int signal)
{
    const struct keeper_note note = {.verb = KEEPER_KILL, .value = signal, .id = child->id};
    struct keeper_link *link = child->keeper->link;
    /* it is short and without descriptors: it can be sent, now or later */
    if (link)
        (void)!keeper_link_send(link, str_of((const char *)&note, sizeof(note)), NULL, NULL);
}

void child_kill(struct child *child, int signal)
{
    if (child->state == CHILD_LIVES)
        send_kill(child, signal);
}

void child_release(struct child *child)
{
    enum child_state before = child->state;
    if (before == CHILD_TOLD) /* by its own on_exit, after which it is freed */
        return;
    task_cancel(child->keeper->loop, &child->telling);
    child->state = CHILD_TOLD;
    if (before == CHILD_LIVES) {
        send_kill(child, SIGKILL);
        return;
    }
    forget(child);
    free(child);
}
