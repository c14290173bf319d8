/* SPDX-License-Identifier: Apache-2.0 */
/* signature_fixture.h: checks a request that is given as text against the keys of
 * signed_requests.h. */
#ifndef TURNPIKE_TESTS_SIGNATURE_FIXTURE_H
#define TURNPIKE_TESTS_SIGNATURE_FIXTURE_H

#include "signed_requests.h"
#include "testing.h"
#include "turnpike/auth/signature.h"
#include "turnpike/base/clock.h"

struct signature_fixture {
    struct arena arena;
    struct settings settings;
    struct http_head head;
    struct request request;
    struct signature_check check;
    enum signature_result begun, result;
};

static inline void signature_fixture_init(struct signature_fixture *f)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena, 4096);
    f->settings.aws_region = STR("us-east-1");
    *list_push(&f->arena, &f->settings.credentials) =
        (struct credential){.access_key_id = STR("AKIDEXAMPLE"), .secret_access_key = STR(SECRET)};
    *list_push(&f->arena, &f->settings.credentials) =
        (struct credential){.access_key_id = STR("ASIAEXAMPLE"),
                            .secret_access_key = STR(TEMPORARY_SECRET),
                            .session_token = STR(TOKEN)};
    *list_push(&f->arena, &f->settings.credentials) =
        (struct credential){.access_key_id = STR("EMPTY")};
    f->check.service = STR("execute-api");
    f->check.wall = SIGNED_AT * USEC_PER_SEC;
}

static inline void signature_fixture_release(struct signature_fixture *f)
{
    arena_release(&f->arena);
}

/* Text whose lines end in LF becomes a request, as the edge reads it; false where that refuses. */
static inline bool signature_fixture_parse(struct signature_fixture *f, struct str text)
{
    scoped_buf struct buf lines = {0};
    struct str line;
    while (text.len > 0 && str_split(&text, '\n', &line)) {
        buf_append(&lines, line);
        buf_literal(&lines, "\r\n");
    }
    buf_literal(&lines, "\r\n");
    if (http_parse_request(arena_copy(&f->arena, buf_str(&lines)), &f->head) != HTTP_PARSE_OK)
        return false;
    size_t question = str_find(f->head.target, '?');
    f->request = (struct request){.method = f->head.method,
                                  .target = f->head.target,
                                  .raw_path = str_head(f->head.target, question),
                                  .query = str_skip(f->head.target, question + 1),
                                  .headers = f->head.headers,
                                  .header_count = f->head.header_count,
                                  .host = f->head.host};
    return true;
}

/* Verifies it, as a stage does. */
static inline enum signature_result signature_fixture_verify(struct signature_fixture *f,
                                                             struct str body)
{
    f->check.settings = &f->settings;
    f->check.request = &f->request;
    f->check.arena = &f->arena;
    f->begun = f->result = signature_begin(&f->check);
    assert_null(f->check.credential);
    f->request.body = body;
    if (f->begun == SIGNATURE_VALID)
        f->result = signature_finish(&f->check);
    return f->result;
}

/* The text with the first `from` replaced, which must be there; an empty one adds at the end. */
static inline struct str signature_fixture_replace(struct signature_fixture *f, const char *text,
                                                   const char *from, const char *to)
{
    const char *found = *from ? strstr(text, from) : text + strlen(text);
    assert_non_null(found);
    return arena_printf(&f->arena, "%.*s%s%s", (int)(found - text), text, to, found + strlen(from));
}

#endif
