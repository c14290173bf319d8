/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings, one a line as "key=value" (of answers where the first is "answer"), an empty line, then
 * a request: fields, an empty line, the query, the body. Whatever is accepted, what comes of it can
 * be sent: nothing ends a line, no reserved header has changed, the event is JSON. */
#include "turnpike/base/http_message.h"
#include "turnpike/base/json.h"
#include "turnpike/base/uri.h"
#include "turnpike/event/lambda_event.h"
#include "turnpike/gateway/pipeline.h"

#include "fuzz.h"
#include "support/mapped_exchange.h"

#define FIELDS_MAX 32

/* The lines up to an empty one are taken off the input; a document has the mappings of each. */
static void write_document(struct buf *out, struct str *input, bool of_answer)
{
    struct str line;
    const char *separator = "";
    buf_literal(out,
                "{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":"
                "{\"/pets/{id}\":{\"get\":{\"x-amazon-apigateway-integration\":{\"type\":"
                "\"aws_proxy\",\"uri\":\"todo\",");
    buf_append(out, of_answer ? STR("\"responseParameters\":{\"200\":{")
                              : STR("\"requestParameters\":{"));
    while (str_split(input, '\n', &line) && line.len > 0) {
        size_t equals = str_find(line, '=');
        buf_printf(out, "%s", separator);
        json_write_string(out, str_head(line, equals));
        buf_append_char(out, ':');
        json_write_string(out, str_skip(line, equals + 1));
        separator = ",";
    }
    buf_append(out, of_answer ? STR("}}}}}}}") : STR("}}}}}}"));
}

static size_t read_fields(struct header *fields, struct str *input)
{
    struct str line;
    size_t count = 0;
    while (str_split(input, '\n', &line) && line.len > 0) {
        struct str name = str_head(line, str_find(line, ':'));
        struct str value = str_trim(str_skip(line, name.len + 1));
        if (count < FIELDS_MAX && http_is_token(name) && http_is_field_value(value))
            fields[count++] = (struct header){name, value};
    }
    return count;
}

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~' || s.at[i] == '#')
            return false;
    return true;
}

static void read_request(struct request *r, struct header *fields, struct str input)
{
    r->headers = fields;
    r->header_count = read_fields(fields, &input);
    struct str query = str_head(input, str_find(input, '\n'));
    r->query = is_visible(query) ? query : STR("");
    r->body = str_skip(input, query.len + 1);
}

/* --- what must be true of the outcome --- */

static bool is_reserved(struct str name)
{
    return str_starts_with_nocase(name, STR("x-amz")) || str_eq_nocase(name, STR("connection")) ||
           str_eq_nocase(name, STR("content-length")) ||
           str_eq_nocase(name, STR("transfer-encoding")) ||
           str_eq_nocase(name, STR("authorization"));
}

static void append_reserved(struct buf *out, const struct header *items, size_t count)
{
    FOR_EACH (h, items, count) {
        /* x-amzn-* and x-amz-*, but not x-amzing */
        bool other = str_starts_with_nocase(h->name, STR("x-amz")) &&
                     !str_starts_with_nocase(h->name, STR("x-amz-")) &&
                     !str_starts_with_nocase(h->name, STR("x-amzn-"));
        if (is_reserved(h->name) && !other)
            buf_printf(out, "%" STR_F ":%" STR_F "\n", STR_A(h->name), STR_A(h->value));
    }
}

static void check_headers(const struct header *items, size_t count, const struct header *before,
                          size_t count_before)
{
    scoped_buf struct buf then = {0}, now = {0};
    FOR_EACH (h, items, count)
        REQUIRE(http_is_token(h->name) && http_is_field_value(h->value));
    append_reserved(&then, before, count_before);
    append_reserved(&now, items, count);
    REQUIRE(str_eq(buf_str(&then), buf_str(&now)));
}

static void check_event(struct mapped_exchange *m)
{
    scoped_buf struct buf event = {0};
    struct json_reader reader;
    lambda_event_write(&event, &m->x.t, &m->x.arena);
    json_reader_init(&reader, buf_str(&event), &m->x.arena);
    REQUIRE(json_skip(&reader, NULL) && json_finish(&reader));
}

static void map_request(struct mapped_exchange *m, struct str input)
{
    struct header fields[FIELDS_MAX];
    struct request *r = &m->x.t.request;
    read_request(r, fields, input);
    size_t count = r->header_count;
    if (stage_map(&m->x) != NEXT) {
        REQUIRE(m->x.t.outcome.reason.len > 0);
        return;
    }
    check_headers(r->headers, r->header_count, fields, count);
    REQUIRE(is_visible(r->query));
    REQUIRE(str_is(r->path, "/dev/pets/6"));
    if (r->mapped_path.at)
        REQUIRE(str_starts_with(r->mapped_path, STR("/")) && is_visible(r->mapped_path) &&
                uri_escapes_are_valid(r->mapped_path) &&
                str_find(r->mapped_path, '?') == r->mapped_path.len);
    REQUIRE(!r->mapped_host.at || http_is_field_value(r->mapped_host));
    check_event(m);
}

static void map_answer(struct mapped_exchange *m, struct str input)
{
    struct header fields[FIELDS_MAX];
    struct response *r = &m->x.t.response;
    r->status = 200;
    size_t count = read_fields(fields, &input);
    FOR_EACH (h, fields, count)
        exchange_add_header(&m->x, h->name, h->value);
    r->body = input;
    enum verdict verdict = stage_map_response(&m->x);
    REQUIRE(r->status >= 200 && r->status <= 599);
    if (verdict == NEXT)
        check_headers(r->headers.items, r->headers.count, fields, count);
    else
        REQUIRE(r->status == 500 && m->x.t.outcome.reason.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_input(data, size);
    bool of_answer = str_starts_with(input, STR("answer\n"));
    if (of_answer)
        input = str_skip(input, STR("answer\n").len);
    scoped_buf struct buf document = {0};
    write_document(&document, &input, of_answer);

    struct mapped_exchange m;
    mapped_exchange_open(&m, buf_str(&document));
    REQUIRE(m.route || m.diag.error_count > 0);
    if (m.route && of_answer)
        map_answer(&m, input);
    else if (m.route)
        map_request(&m, input);
    mapped_exchange_close(&m);
    return 0;
}
