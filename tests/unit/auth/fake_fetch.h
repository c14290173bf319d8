/* SPDX-License-Identifier: Apache-2.0 */
/* fake_fetch.h: a fetcher whose answers the test gives, and a loop whose clock it turns. */
#ifndef TURNPIKE_TEST_AUTH_FAKE_FETCH_H
#define TURNPIKE_TEST_AUTH_FAKE_FETCH_H

#include "testing.h"
#include "turnpike/auth/key_source.h"
#include "turnpike/base/clock.h"

struct fetch {
    struct fetcher *fetcher;
    char url[200];
    uint64_t timeout;
    size_t size_max;
    fetch_done_fn *done;
    void *data;
    bool live;
};

struct fetcher {
    struct fetch fetches[64]; /* in order of their start */
    size_t count;
};

static struct fetch *fake_start(struct fetcher *f, const struct fetch_request *request,
                                fetch_done_fn *done, void *data)
{
    assert_true(f->count < ARRAY_LENGTH(f->fetches));
    struct fetch *fetch = &f->fetches[f->count++];
    *fetch = (struct fetch){.fetcher = f,
                            .timeout = request->timeout,
                            .size_max = request->size_max,
                            .done = done,
                            .data = data,
                            .live = true};
    (void)snprintf(fetch->url, sizeof(fetch->url), "%" STR_F, STR_A(request->url));
    return fetch;
}

static void fake_cancel(struct fetch *fetch)
{
    assert_true(fetch->live);
    fetch->live = false;
}

UNUSED static const struct fetching fake_fetching = {fake_start, fake_cancel};

/* The oldest that is under way; the URL must be the one expected. */
static struct fetch *fake_next(struct fetcher *f, const char *url)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->fetches[i].live) {
            assert_string_equal(f->fetches[i].url, url);
            f->fetches[i].live = false;
            return &f->fetches[i];
        }
    }
    print_error("nothing is being fetched\n");
    fail();
    return NULL;
}

static void fake_answer_with(struct fetcher *f, const char *url, unsigned status, struct str body,
                             const char *cache_control)
{
    struct fetch *fetch = fake_next(f, url);
    struct fetch_answer answer = {status, body, str_from(cache_control)};
    fetch->done(fetch->data, &answer, NULL);
}

UNUSED static void fake_answer(struct fetcher *f, const char *url, struct str body)
{
    fake_answer_with(f, url, 200, body, NULL);
}

UNUSED static void fake_fail(struct fetcher *f, const char *url)
{
    struct fetch *fetch = fake_next(f, url);
    struct error error;
    error_set(&error, ERROR_TIMEOUT, "timed out");
    fetch->done(fetch->data, NULL, &error);
}

/* The loop's clocks stand still until turned. */
UNUSED static void turn_clock(struct loop *loop, uint64_t seconds)
{
    loop->now += seconds * USEC_PER_SEC;
    loop->wall += seconds * USEC_PER_SEC;
    loop->fresh = true;
}

#endif
