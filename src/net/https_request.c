/* SPDX-License-Identifier: Apache-2.0 */
#include "https_private.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

/* Fields that libcurl would add where the request has none. */
static const char *const removed[] = {"Accept:", "Content-Type:", "Expect:"};

static void append(struct curl_slist **list, const char *line)
{
    *list = xcheck(curl_slist_append(*list, line));
}

/* libcurl takes "name:" for a field that is not to be sent; an empty one is "name;". */
static void add_field(struct https_call *h, struct str line)
{
    struct str name = str_head(line, str_find(line, ':'));
    struct str value = str_trim(str_skip(line, name.len + 1));
    scoped_buf struct buf text = {0};
    buf_append(&text, value.len ? line : name);
    if (value.len == 0)
        buf_append_char(&text, ';');
    buf_append_char(&text, '\0');
    append(&h->fields, text.data);
}

static bool has_field(const struct curl_slist *fields, const char *removal)
{
    struct str name = str_head(str_from(removal), strlen(removal) - 1);
    for (; fields; fields = fields->next) {
        struct str field = str_from(fields->data);
        if (str_starts_with_nocase(field, name) && field.len > name.len &&
            (field.at[name.len] == ':' || field.at[name.len] == ';'))
            return true;
    }
    return false;
}

static struct str take_line(struct str *rest)
{
    struct str line = str_head(*rest, str_find_str(*rest, STR("\r\n")));
    *rest = str_skip(*rest, line.len + 2);
    return line;
}

static void set_fields(struct https_call *h, struct str rest)
{
    struct str line;
    while ((line = take_line(&rest)).len)
        add_field(h, line);
    FOR_EACH (removal, removed, ARRAY_LENGTH(removed)) {
        if (!has_field(h->fields, *removal))
            append(&h->fields, *removal);
    }
    CURL_SET(h->transfer.easy, CURLOPT_HTTPHEADER, h->fields);
}

/* The target goes out as it is written, dots and all. */
static void set_request_line(struct https_call *h, struct str line)
{
    struct str method = {0}, target = {0};
    (void)str_split(&line, ' ', &method);
    (void)str_split(&line, ' ', &target);
    scoped_free char *method_text = xstrndup(method.at, method.len);
    scoped_free char *target_text = xstrndup(target.at, target.len);
    CURL_SET(h->transfer.easy, CURLOPT_CUSTOMREQUEST, method_text);
    CURL_SET(h->transfer.easy, CURLOPT_REQUEST_TARGET, target_text);
}

/* For libcurl what has a body is a POST, and a HEAD has none; the method that it writes is ours. */
static void set_body(struct https_call *h)
{
    CURL *easy = h->transfer.easy;
    struct str body = buf_str(&h->call->body);
    if (body.len == 0) {
        CURL_SET(easy, CURLOPT_NOBODY, (long)h->call->answer.to_head);
    } else {
        CURL_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        CURL_SET(easy, CURLOPT_POSTFIELDS, body.at);
    }
}

static void set_connection(struct https_call *h)
{
    const struct http_client *c = h->call->client;
    const struct http_client_options *options = &c->options;
    CURL *easy = h->transfer.easy;
    uint64_t keep = options->keep_alive_timeout < c->https->keep_alive ? options->keep_alive_timeout
                                                                       : c->https->keep_alive;
    bool keeps = options->keep_alive_timeout >= USEC_PER_SEC && options->idle_max > 0;
    bool reuses = keeps && keep >= USEC_PER_SEC;
    uint64_t patience = options->connect_timeout / USEC_PER_MSEC;
    CURL_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(patience ? patience : 1));
    CURL_SET(easy, CURLOPT_FRESH_CONNECT, (long)!reuses);
    CURL_SET(easy, CURLOPT_FORBID_REUSE, (long)!keeps);
    if (reuses) /* whole seconds, and beyond the last of them it is too old */
        CURL_SET(easy, CURLOPT_MAXAGE_CONN, (long)(keep / USEC_PER_SEC - 1));
}

void https_request_describe(struct https_call *h)
{
    const struct https_client *client = h->call->client->https;
    CURL *easy = h->transfer.easy;
    struct str rest = buf_str(&h->call->head), line = take_line(&rest);
    CURL_SET(easy, CURLOPT_URL, client->url);
    CURL_SET(easy, CURLOPT_CONNECT_TO, client->connect_to);
    CURL_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    CURL_SET(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set_body(h);
    set_request_line(h, line);
    set_fields(h, rest);
    set_connection(h);
}
