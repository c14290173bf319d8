/* SPDX-License-Identifier: Apache-2.0 */
/* What is signed well, and how little of it may change. The refusals one by one are in
 * test_signature_refusals.c. */
#include <ctype.h>

#include "signature_fixture.h"
#include "support/sigv4_suite.h"

#define CHECK_VALID(c, f)                                                                          \
    CHECK_CASE(c, (f)->result == SIGNATURE_VALID, "%" STR_F " (%" STR_F ")",                       \
               STR_A((f)->check.message), STR_A((f)->check.why))

static void check_signed(const struct signed_request *c)
{
    struct signature_fixture f;
    signature_fixture_init(&f);
    CHECK_CASE(c, signature_fixture_parse(&f, str_from(c->head)), "%s", f.head.why);
    (void)signature_fixture_verify(&f, c->body);
    CHECK_VALID(c, &f);
    bool temporary = strstr(c->head, "ASIAEXAMPLE");
    const struct credential *want = &f.settings.credentials.items[temporary];
    CHECK_CASE(c, str_eq(f.check.credential->access_key_id, want->access_key_id), "whose is it?");
    CHECK_CASE(c, f.check.credential->secret_access_key.len == 0, "the secret is passed on");
    CHECK_CASE(c, f.check.credential->session_token.len == 0, "the token is passed on");
    signature_fixture_release(&f);
}

static void what_signers_in_use_sign(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, signed_requests)
        check_signed(c);
}

#define SCOPE "AKIDEXAMPLE/20240229/us-east-1/execute-api/aws4_request"
#define IN_QUERY                                                                                   \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" SCOPE "&X-Amz-SignedHeaders=host"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define IN_HEADER(headers, signature)                                                              \
    "authorization: AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=" headers                 \
    ", Signature=" signature "\n"

/* Forms that those do not use, signed by an implementation apart from ours. */
static const struct signed_request by_hand[] = {
    {"without X-Amz-Expires",
     "GET /prod?" IN_QUERY "&X-Amz-Date=20240229T235930Z&X-Amz-Signature="
     "ec7df275c90fbdd0aa0e54fe1a08966bd9aca95e2ce8d7f04a7bb484e70b3e57 HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"with the body's hash in the query",
     "GET /prod?X-Amz-Content-Sha256=" EMPTY_HASH "&" IN_QUERY
     "&X-Amz-Date=20240229T235930Z&X-Amz-Signature="
     "0562284ab9b11dc36539f207503e4a280e57fb0dc4bd15822e73fd7ccdf094cd HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"the signature comes first",
     "GET "
     "/prod?X-Amz-Signature="
     "ec7df275c90fbdd0aa0e54fe1a08966bd9aca95e2ce8d7f04a7bb484e70b3e57&" IN_QUERY
     "&X-Amz-Date=20240229T235930Z HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"the signature is in the middle, and its name is escaped",
     "GET /prod?" IN_QUERY "&X%2DAmz%2dSignature="
     "ec7df275c90fbdd0aa0e54fe1a08966bd9aca95e2ce8d7f04a7bb484e70b3e57"
     "&X-Amz-Date=20240229T235930Z HTTP/1.1\n" HOST,
     STR_INIT("")},
    {"an HTTP date",
     "GET /prod HTTP/1.1\n" HOST "Date: Thu, 29 Feb 2024 23:59:30 GMT\n" IN_HEADER(
         "date;host", "58989027299483ed678f5a78303f36609c9bbc634174567b31f73129bd4eac33"),
     STR_INIT("")},
    {"the header Date with AWS's date",
     "GET /prod HTTP/1.1\n" HOST "Date: 20240229T235930Z\n" IN_HEADER(
         "date;host", "6c54cc4c77041d1b9b201572ec3c4cf20db5c644c6e904486f10a96c1660283f"),
     STR_INIT("")},
    {"a plus, a name and a header twice",
     "GET /prod?a=1+2&a=1%202 HTTP/1.1\n" HOST DATE "X-Twice: b\nX-Twice: a\n" IN_HEADER(
         "host;x-amz-date;x-twice",
         "a87726f820574d9b721754f08b73aac0c29ea72c1628a49fc97dcb1023f09e2c"),
     STR_INIT("")},
};

static void forms_that_are_rare(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, by_hand)
        check_signed(c);
}

/* AWS: "Create a signed AWS API request", the example that lists users; and the test suite of 2011,
 * whose requests have no X-Amz-Date. */
static const struct {
    const char *name, *service, *head;
    uint64_t signed_at;
} published[] = {
    {"ListUsers", "iam",
     "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\n"
     "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
     "Host: iam.amazonaws.com\n"
     "X-Amz-Date: 20150830T123600Z\n"
     "Authorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-date, "
     "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\n",
     SUITE_SIGNED_AT},
    {"get-vanilla of 2011", "host",
     "GET / HTTP/1.1\n"
     "Date: Mon, 09 Sep 2011 23:36:00 GMT\n"
     "Host: host.foo.com\n"
     "Authorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, SignedHeaders=date;host, "
     "Signature=b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470\n",
     UINT64_C(1315611360)},
};

static void published_examples(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, published) {
        struct signature_fixture f;
        signature_fixture_init(&f);
        f.check.service = str_from(c->service);
        f.check.wall = c->signed_at * USEC_PER_SEC;
        CHECK_CASE(c, signature_fixture_parse(&f, str_from(c->head)), "%s", f.head.why);
        (void)signature_fixture_verify(&f, STR(""));
        CHECK_VALID(c, &f);
        signature_fixture_release(&f);
    }
}

/* A case of the suite as a request, not parsed: some have paths that the edge refuses. */
static void make_suite_request(struct signature_fixture *f, const struct suite_case *c)
{
    struct header *headers = arena_array(&f->arena, struct header, 16);
    struct str target = str_from(c->request), method;
    size_t count = suite_headers(c, headers);
    (void)str_split(&target, ' ', &method);
    size_t question = str_find(target, '?');
    headers[count++] = (struct header){STR("X-Amz-Date"), STR("20150830T123600Z")};
    if (*c->token)
        headers[count++] = (struct header){STR("X-Amz-Security-Token"), str_from(c->token)};
    headers[count++] = (struct header){
        STR("Authorization"),
        arena_printf(&f->arena,
                     "AWS4-HMAC-SHA256 "
                     "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                     "SignedHeaders=%s, Signature=%s",
                     c->signed_headers, c->signature)};
    f->request = (struct request){.method = method,
                                  .raw_path = str_head(target, question),
                                  .query = str_skip(target, question + 1),
                                  .host = headers[0].value,
                                  .headers = headers,
                                  .header_count = count};
}

static void the_test_suite(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, suite) {
        struct signature_fixture f;
        signature_fixture_init(&f);
        f.settings.credentials.items[0].session_token = str_from(c->token);
        f.check.service = STR("service");
        f.check.wall = SUITE_SIGNED_AT * USEC_PER_SEC;
        make_suite_request(&f, c);
        (void)signature_fixture_verify(&f, str_from(c->payload));
        if (strstr(c->request, "/.")) /* where what is signed is not what is asked for */
            CHECK_CASE(c, f.begun == SIGNATURE_WRONG, "%" STR_F, STR_A(f.check.why));
        else
            CHECK_VALID(c, &f);
        signature_fixture_release(&f);
    }
}

enum { PUSH, PUSH_ESCAPED, WHO, HANG_UP, TEMPORARY, QUERY, SPACES, PRESIGNED_HANDSHAKE = 10 };

/* What others on the way, or the signer, may write otherwise. */
static const struct {
    const char *name;
    unsigned base;
    const char *from, *to;
} variations[] = {
    {"no spaces behind commas", PUSH, "request, SignedHeaders", "request,SignedHeaders"},
    {"many spaces", PUSH, ", Signature=", "  ,\t Signature="},
    {"spaces for commas", PUSH, ", Signature=", " Signature="},
    {"a parameter that means nothing", PUSH, ", Signature=", ", Comment=x, Signature="},
    {"names of headers in capitals", PUSH, "content-type:", "Content-TYPE:"},
    {"spaces around a value", PUSH, "octet-stream\n", "octet-stream  \t \n"},
    {"spaces within a value", SPACES, "a   b", "a \t b"},
    {"a header that is not signed", PUSH, "", "x-forwarded-for: 192.0.2.1\nvia: 1.1 proxy\n"},
    {"the host in another case", PUSH, "POST /",
     "POST http://CHAT.execute-api.us-east-1.amazonaws.com/"},
    {"another date", PUSH, "", "Date: Thu, 01 Jan 1970 00:00:00 GMT\n"},
    {"an empty session token", PUSH, "", "x-amz-security-token: \n"},
    {"parameters in another order", QUERY, "a=2&a=1", "a=1&a=2"},
    {"more escapes than are needed", QUERY, "?b=", "?%62="},
    {"escapes in small letters", QUERY, "%C3%BC", "%c3%bc"},
    {"an empty value", QUERY, "&c ", "&c= "},
    {"nothing between two &", QUERY, "&c ", "&&c& "},
    {"escapes in small letters, presigned", PRESIGNED_HANDSHAKE, "%2F20240229", "%2f20240229"},
    {"no escapes where none are needed", PRESIGNED_HANDSHAKE, "%2Fus-east-1%2F", "/us-east-1/"},
};

static void variations_that_do_not_matter(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, variations) {
        const struct signed_request *base = &signed_requests[c->base];
        struct signature_fixture f;
        signature_fixture_init(&f);
        struct str head = signature_fixture_replace(&f, base->head, c->from, c->to);
        CHECK_CASE(c, signature_fixture_parse(&f, head), "%s", f.head.why);
        (void)signature_fixture_verify(&f, base->body);
        CHECK_VALID(c, &f);
        signature_fixture_release(&f);
    }
}

/* Whether a byte of the head is covered: not the version, and not what the older SDK leaves out. */
static bool is_covered(const char *head, size_t at)
{
    static const char *const not_signed[] = {"User-Agent:", "Content-Length:", "HTTP/1."};
    FOR_EACH (mark, not_signed, ARRAY_LENGTH(not_signed)) {
        const char *start = strstr(head, *mark);
        if (start && head + at >= start && head + at < start + strcspn(start, "\n"))
            return false;
    }
    return true;
}

static char another(char c)
{
    if (c >= '0' && c <= '9')
        return c == '9' ? '0' : (char)(c + 1);
    return c == 'z' || c == 'Z' ? (char)(c - 1) : (char)(c + 1);
}

static void check_tampered(const struct signed_request *c, size_t at, struct str body)
{
    struct signature_fixture f;
    signature_fixture_init(&f);
    char *head = arena_cstring(&f.arena, str_from(c->head));
    head[at] = another(head[at]);
    if (signature_fixture_parse(&f, str_from(head))) {
        (void)signature_fixture_verify(&f, body);
        CHECK_CASE(c, f.result != SIGNATURE_VALID && !f.check.credential, "verified:\n%s", head);
        CHECK_CASE(c, f.check.message.len > 0 && f.check.why.len > 0, "no words");
    }
    signature_fixture_release(&f);
}

static void every_byte_counts(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, signed_requests)
        for (size_t i = 0; c->head[i]; i++)
            if (isalnum((unsigned char)c->head[i]) && is_covered(c->head, i))
                check_tampered(c, i, c->body);
}

static void every_byte_of_the_body_counts(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, signed_requests) {
        for (size_t i = 0; i <= c->body.len; i++) {
            struct signature_fixture f;
            signature_fixture_init(&f);
            char *body = arena_bytes(&f.arena, c->body.len + 1);
            memcpy(body, c->body.at, c->body.len);
            body[i] = i < c->body.len ? (char)(body[i] ^ 1) : '\n';
            assert_true(signature_fixture_parse(&f, str_from(c->head)));
            struct str other = str_of(body, i < c->body.len ? c->body.len : c->body.len + 1);
            (void)signature_fixture_verify(&f, other);
            CHECK_CASE(c, f.begun == SIGNATURE_VALID && f.result == SIGNATURE_WRONG, "byte %zu", i);
            assert_null(f.check.credential);
            signature_fixture_release(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_signers_in_use_sign),
        cmocka_unit_test(forms_that_are_rare),
        cmocka_unit_test(published_examples),
        cmocka_unit_test(the_test_suite),
        cmocka_unit_test(variations_that_do_not_matter),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(every_byte_of_the_body_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
