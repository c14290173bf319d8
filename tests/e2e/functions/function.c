/* SPDX-License-Identifier: Apache-2.0 */
/* A function in C with libcurl: answers with the event that it was given, or, for the argument
 * "fail", reports an error. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct text {
    char *at;
    size_t len;
};

static size_t collect(char *bytes, size_t size, size_t count, void *data)
{
    struct text *text = data;
    text->at = realloc(text->at, text->len + size * count + 1);
    if (!text->at)
        return 0;
    memcpy(text->at + text->len, bytes, size * count);
    text->len += size * count;
    text->at[text->len] = '\0';
    return size * count;
}

static size_t note_id(char *line, size_t size, size_t count, void *data)
{
    static const char name[] = "Lambda-Runtime-Aws-Request-Id:";
    if (size * count > sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0)
        (void)sscanf(line + sizeof(name) - 1, " %63[0-9a-f-]", (char *)data);
    return size * count;
}

static int next(CURL *curl, const char *api, char id[64], struct text *event)
{
    char url[256];
    (void)snprintf(url, sizeof(url), "http://%s/2018-06-01/runtime/invocation/next", api);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, event);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, note_id);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, id);
    return curl_easy_perform(curl) == CURLE_OK && id[0];
}

static int report(CURL *curl, const char *api, const char *id, const char *what, struct text body)
{
    char url[256];
    struct text ignored = {0};
    (void)snprintf(url, sizeof(url), "http://%s/2018-06-01/runtime/invocation/%s/%s", api, id,
                   what);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.at);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ignored);
    int done = curl_easy_perform(curl) == CURLE_OK;
    free(ignored.at);
    return done;
}

int main(int argc, char **argv)
{
    static char failure[] = "{\"errorMessage\":\"C gave up\",\"errorType\":\"Function.GaveUp\"}";
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    int fails = argc > 1 && strcmp(argv[1], "fail") == 0, going = 1;
    CURL *curl = curl_easy_init();
    while (api && curl && going) {
        char id[64] = "";
        struct text event = {0};
        going = next(curl, api, id, &event) &&
                report(curl, api, id, fails ? "error" : "response",
                       fails ? (struct text){failure, sizeof(failure) - 1} : event);
        free(event.at);
    }
    curl_easy_cleanup(curl);
    return 1;
}
