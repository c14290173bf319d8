/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields are passed on: all but those of one hop (RFC 9110, 7.6.1) and those that the gateway
 * writes itself. */
#include "http_target.h"

static const struct {
    struct str name;
    enum field_role in_request, in_answer;
} fields[] = {
    {STR_INIT("te"),                FIELD_DROPPED,    FIELD_DROPPED   },
    {STR_INIT("via"),               FIELD_VIA,        FIELD_PASSES    },
    {STR_INIT("date"),              FIELD_PASSES,     FIELD_DROPPED   },
    {STR_INIT("host"),              FIELD_HOST,       FIELD_PASSES    },
    {STR_INIT("expect"),            FIELD_DROPPED,    FIELD_PASSES    },
    {STR_INIT("trailer"),           FIELD_DROPPED,    FIELD_DROPPED   },
    {STR_INIT("upgrade"),           FIELD_DROPPED,    FIELD_DROPPED   },
    {STR_INIT("trailers"),          FIELD_DROPPED,    FIELD_DROPPED   },
    {STR_INIT("forwarded"),         FIELD_FORWARDED,  FIELD_PASSES    },
    {STR_INIT("connection"),        FIELD_CONNECTION, FIELD_CONNECTION},
    {STR_INIT("keep-alive"),        FIELD_DROPPED,    FIELD_DROPPED   },
    {STR_INIT("content-length"),    FIELD_FRAMES,     FIELD_DROPPED   },
    {STR_INIT("x-amzn-trace-id"),   FIELD_DROPPED,    FIELD_PASSES    },
    {STR_INIT("transfer-encoding"), FIELD_FRAMES,     FIELD_DROPPED   },
};

/* A bit for each length in the table: most fields need no more than this. */
static const uint32_t lengths = 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 7 | 1u << 8 |
                                1u << 9 | 1u << 10 | 1u << 14 | 1u << 15 | 1u << 17;

static enum field_role find(struct str name, bool in_answer)
{
    if (name.len > 17 || !(lengths >> name.len & 1))
        return FIELD_PASSES;
    FOR_EACH (field, fields, ARRAY_LENGTH(fields))
        if (field->name.len == name.len && str_eq_nocase(field->name, name))
            return in_answer ? field->in_answer : field->in_request;
    return FIELD_PASSES;
}

enum field_role http_request_field(struct str name)
{
    return str_starts_with_nocase(name, STR("proxy-")) ? FIELD_DROPPED : find(name, false);
}

/* apigw-… is the gateway's own, as it is in functions' answers. */
enum field_role http_answer_field(struct str name)
{
    if (str_starts_with_nocase(name, STR("proxy-")) || str_starts_with_nocase(name, STR("apigw-")))
        return FIELD_DROPPED;
    return find(name, true);
}

static bool names_field(struct str connection, struct str name)
{
    struct str option;
    while (str_split(&connection, ',', &option))
        if (str_eq_nocase(str_trim(option), name))
            return true;
    return false;
}

bool http_is_listed(const struct header *headers, size_t count, struct str name)
{
    FOR_EACH (header, headers, count)
        if (str_eq_nocase(header->name, STR("connection")) && names_field(header->value, name))
            return true;
    return false;
}

bool http_fields_list(const struct header *headers, size_t count)
{
    FOR_EACH (header, headers, count)
        if (str_eq_nocase(header->name, STR("connection")) &&
            !str_eq_nocase(header->value, STR("keep-alive")) &&
            !str_eq_nocase(header->value, STR("close")))
            return true;
    return false;
}

void http_answer_read(struct response *response, const struct http_client_answer *answer,
                      struct arena *arena)
{
    bool lists = http_fields_list(answer->headers, answer->header_count);
    *response = (struct response){.status = answer->status,
                                  .has_content_length = answer->has_content_length,
                                  .content_length = answer->content_length};
    FOR_EACH (header, answer->headers, answer->header_count) {
        if (http_answer_field(header->name) != FIELD_PASSES)
            continue;
        if (!lists || !http_is_listed(answer->headers, answer->header_count, header->name))
            *list_push(arena, &response->headers) = *header;
    }
}
