/* SPDX-License-Identifier: Apache-2.0 */
/* A line with method and target, fields, an empty line, a body. As it comes it never verifies, for
 * nobody knows the secret; signed with it, in Authorization and in the query, it does, and with
 * another secret or body it does not. */
#include "turnpike/auth/signature.h"
#include "turnpike/base/sigv4.h"
#include "turnpike/base/uri.h"

#include "fuzz.h"

#define SECRET     "nobody else has ever seen this"
#define SIGNED_AT  UINT64_C(1709251170000000)
#define FIELDS_MAX 32
#define SCOPE      "20240229%2Fus-east-1%2Fexecute-api%2Faws4_request"

struct trial {
    struct arena arena;
    struct credential credentials[2];
    struct settings settings;
    struct request request;
    struct signature_check check;
};

static void open_trial(struct trial *t)
{
    *t = (struct trial){
        .credentials = {{.access_key_id = STR("AKIDEXAMPLE"), .secret_access_key = STR(SECRET)},
                        {.access_key_id = STR("ASIAEXAMPLE"),
                         .secret_access_key = STR(SECRET),
                         .session_token = STR("AQoXdzELDDY//wEaoAK1+wvx==")}},
        .settings.aws_region = STR("us-east-1"),
    };
    arena_init(&t->arena, 4096);
    t->settings.credentials.items = t->credentials;
    t->settings.credentials.count = ARRAY_LENGTH(t->credentials);
}

static void read_request(struct trial *t, struct str input)
{
    struct request *r = &t->request;
    struct str line = STR(""), target;
    r->headers = arena_array(&t->arena, struct header, FIELDS_MAX);
    (void)str_split(&input, '\n', &target);
    (void)str_split(&target, ' ', &r->method);
    size_t question = str_find(target, '?');
    r->raw_path = str_head(target, question);
    r->query = str_skip(target, question + 1);
    while (str_split(&input, '\n', &line) && line.len > 0) {
        struct str name = str_head(line, str_find(line, ':'));
        struct str value = str_trim(str_skip(line, name.len + 1));
        if (r->header_count < FIELDS_MAX && http_is_token(name) && http_is_field_value(value))
            r->headers[r->header_count++] = (struct header){name, value};
    }
    r->body = input.at ? input : STR("");
    const struct header *host = request_header(r, STR("host"));
    r->host = host ? host->value : STR("");
}

static enum signature_result verify(struct trial *t, const struct request *request)
{
    t->check = (struct signature_check){.settings = &t->settings,
                                        .request = request,
                                        .service = STR("execute-api"),
                                        .wall = SIGNED_AT,
                                        .arena = &t->arena};
    enum signature_result result = signature_begin(&t->check);
    REQUIRE(!t->check.credential);
    if (result == SIGNATURE_VALID)
        result = signature_finish(&t->check);
    REQUIRE((result == SIGNATURE_VALID) == (t->check.credential != NULL));
    if (result != SIGNATURE_VALID)
        REQUIRE(t->check.message.len > 0 && t->check.why.len > 0);
    return result;
}

/* What a signature adds, or has rules of its own for. */
static bool is_free(const struct header *h)
{
    return !str_starts_with_nocase(h->name, STR("x-amz-")) &&
           !str_eq_nocase(h->name, STR("authorization")) && !str_eq_nocase(h->name, STR("host")) &&
           !str_eq_nocase(h->name, STR("date"));
}

static bool has_dots(struct str path)
{
    struct str segment;
    while (str_split(&path, '/', &segment))
        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
    return false;
}

static bool names_signature(struct trial *t, struct str query)
{
    struct str name, value;
    while (uri_next_parameter(&query, &name, &value))
        if (str_starts_with(uri_decode(&t->arena, name, false), STR("X-Amz-")))
            return true;
    return false;
}

/* The request with fields that are free alone, and a host. */
static struct request unsigned_copy(struct trial *t)
{
    struct request r = t->request;
    r.headers = arena_array(&t->arena, struct header, FIELDS_MAX + 4);
    r.header_count = 0;
    FOR_EACH (h, t->request.headers, t->request.header_count)
        if (is_free(h))
            r.headers[r.header_count++] = *h;
    r.host = STR("chat.test");
    r.headers[r.header_count++] = (struct header){STR("Host"), r.host};
    return r;
}

static struct sigv4_request for_signer(const struct request *r)
{
    return (struct sigv4_request){.method = r->method,
                                  .path = r->raw_path,
                                  .query = r->query,
                                  .headers = r->headers,
                                  .header_count = r->header_count,
                                  .payload = r->body};
}

/* It verifies, but not with another secret, nor with another body. */
static void check_signed(struct trial *t, struct request r)
{
    REQUIRE(verify(t, &r) == (has_dots(r.raw_path) ? SIGNATURE_WRONG : SIGNATURE_VALID));
    t->credentials[0].secret_access_key = STR(SECRET ".");
    REQUIRE(verify(t, &r) == SIGNATURE_WRONG);
    t->credentials[0].secret_access_key = STR(SECRET);
    r.body = r.body.len ? str_skip(r.body, 1) : STR("x");
    REQUIRE(verify(t, &r) == SIGNATURE_WRONG);
}

static void sign_in_header(struct trial *t)
{
    scoped_buf struct buf head = {0};
    struct request r = unsigned_copy(t);
    const struct sigv4_key key = {.access_key_id = STR("AKIDEXAMPLE"),
                                  .secret_access_key = STR(SECRET)};
    const struct sigv4_request request = for_signer(&r);
    sigv4_sign(&head, &key, t->settings.aws_region, STR("execute-api"), &request, SIGNED_AT);
    struct str rest = buf_str(&head), line;
    while (str_split(&rest, '\n', &line) && line.len > 0) {
        size_t colon = str_find(line, ':');
        r.headers[r.header_count++] = (struct header){
            str_head(line, colon), str_skip(str_head(line, line.len - 1), colon + 2)};
    }
    check_signed(t, r);
}

static void sign_in_query(struct trial *t)
{
    char hex[SHA256_HEX_LEN];
    scoped_buf struct buf query = {0}, canonical = {0};
    struct request r = unsigned_copy(t);
    buf_append(&query, r.query);
    buf_literal(&query, "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F" SCOPE
                        "&X-Amz-Date=20240229T235930Z&X-Amz-SignedHeaders=host");
    const struct header host = r.headers[r.header_count - 1];
    struct sigv4_request request = for_signer(&r);
    request.query = buf_str(&query);
    request.headers = &host;
    request.header_count = 1;
    struct sha256 body = sha256_of(&r.body, 1);
    (void)sigv4_canonical(&canonical, &request, sha256_hex(&body, hex));
    const struct sigv4_key key = {.secret_access_key = STR(SECRET)};
    const struct sigv4_scope scope = {STR("20240229"), STR("us-east-1"), STR("execute-api")};
    struct sha256 signature =
        sigv4_signature(&key, &scope, STR("20240229T235930Z"), buf_str(&canonical));
    buf_literal(&query, "&X-Amz-Signature=");
    buf_append(&query, sha256_hex(&signature, hex));
    r.query = buf_str(&query);
    check_signed(t, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_copy(fuzz_input(data, size));
    struct trial trial;
    open_trial(&trial);
    read_request(&trial, input);
    REQUIRE(verify(&trial, &trial.request) != SIGNATURE_VALID);
    if (!names_signature(&trial, trial.request.query)) {
        sign_in_header(&trial);
        sign_in_query(&trial);
    }
    arena_release(&trial.arena);
    fuzz_free(input);
    return 0;
}
