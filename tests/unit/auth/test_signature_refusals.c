/* SPDX-License-Identifier: Apache-2.0 */
/* Each way in which a signed request is not, with what the client is told. */
#include "signature_fixture.h"

#define PUSH      (&signed_requests[0])
#define TEMPORARY (&signed_requests[4])
#define HANDSHAKE (&signed_requests[10]) /* presigned, for 300 seconds */
#define WEEK      (&signed_requests[12]) /* the same, for a week */

#define SIGNED "content-length;content-type;host;x-amz-content-sha256;x-amz-date"
#define MISMATCH                                                                                   \
    "The request signature we calculated does not match the signature you provided. Check your "   \
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
#define NO_KEY      "The security token included in the request is invalid."
#define NEEDS(name) "Authorization header requires '" name "' parameter. "
#define NEEDS_A_DATE                                                                               \
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
#define HASHED "(Hashed with SHA-256 and encoded with Base64) Authorization="
#define NO_PAIR(hash)                                                                              \
    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 "    \
    "and encoded with Base64): '" hash "'."
#define INCLUDE(name) "AWS query-string parameters must include '" name "'. "
#define REEXAMINE     "Re-examine the query-string parameters."
#define FOUND_BOTH(name)                                                                           \
    "Found both '" name "' as a query-string param and 'Authorization' as HTTP header."
#define NO_DATE(text)                                                                              \
    "Date must be in ISO-8601 'basic format'. Got '" text                                          \
    "'. See http://en.wikipedia.org/wiki/ISO_8601"
#define FIVE_PARTS                                                                                 \
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
#define NOT_A_DAY(day)                                                                             \
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "   \
    "'" day "' != '20240229', from '20240229T235930Z'. "

#define SIGNATURE "3532cc7c9bda9a392c1e80493a0faa5e688d8c03a4f3411fcfeea14d48fb4f8a"
#define LINE      AUTHORIZATION("authorization", "AKID", SIGNED, SIGNATURE)
#define SCOPE     "AKIDEXAMPLE/20240229/us-east-1/execute-api/aws4_request"
#define DATE_LINE "\n" DATE
#define HASH      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* A sound request in which a text is replaced; an empty one is the end. Where no message is written
 * it takes the body to tell, and it is MISMATCH; all else is refused before. */
static const struct {
    const char *name;
    const struct signed_request *base;
    const char *from, *to;
    enum signature_result want;
    const char *message;
} cases[] = {
    /* Authorization */
    {"no header", PUSH, LINE, "", SIGNATURE_MISSING, "Missing Authentication Token"},
    {"another header", PUSH, "authorization", "proxy-authorization", SIGNATURE_MISSING,
     "Missing Authentication Token"},
    {"a token", PUSH, LINE, "authorization: Bearer abc\n", SIGNATURE_INCOMPLETE,
     NO_PAIR("w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY=")},
    {"a password", PUSH, LINE, "authorization: Basic dTpwYQ==\n", SIGNATURE_INCOMPLETE,
     NEEDS("Credential") NEEDS("Signature") NEEDS("SignedHeaders") HASHED
     "YccgvE+dOINWtPOWmFP2bT8RYdU6+EVvaH1g7ovuHL0="},
    {"an empty header", PUSH, LINE, "authorization:\n", SIGNATURE_INCOMPLETE,
     NEEDS("Credential") NEEDS("Signature") NEEDS("SignedHeaders") HASHED
     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
    {"a word among the pairs", PUSH, ", SignedHeaders", ", x, SignedHeaders", SIGNATURE_INCOMPLETE,
     NO_PAIR("GGjJ3uwI6yXRYiaDue2Trtcbkjs8SVGX6tP60GZONBg=")},
    {"no credential", PUSH, "Credential=", "Kredential=", SIGNATURE_INCOMPLETE,
     NEEDS("Credential") HASHED "f7hNnpE3LQXoKhbmXl8/l8WnYSUeK0PgXCcWDQTFK88="},
    {"no signature", PUSH, "Signature=", "Zignature=", SIGNATURE_INCOMPLETE,
     NEEDS("Signature") HASHED "cAxG+OGlOz3f0K3k2RE7M/fPnJfP98sAMmOuB4eBP1M="},
    {"no headers", PUSH, "SignedHeaders=", "SignedHeader=", SIGNATURE_INCOMPLETE,
     NEEDS("SignedHeaders") HASHED "HaNMpHh5kfEQWxiQGKyWk/yg6kozLdQR1/FEPWSdt9Q="},
    {"no date", PUSH, "x-amz-date: ", "x-amz-dated: ", SIGNATURE_INCOMPLETE,
     NEEDS_A_DATE HASHED "73V3x83FfUkqu76VOtV/LoHpHHxpwppthRAKBqXFGG0="},
    {"two headers", PUSH, "", LINE, SIGNATURE_INCOMPLETE, "'authorization' must not occur twice."},
    {"two headers, one of them empty", PUSH, "", "Authorization:\n", SIGNATURE_INCOMPLETE,
     "'authorization' must not occur twice."},
    {"two signatures", PUSH, "Signature=", "Signature=" SIGNATURE ", Signature=",
     SIGNATURE_INCOMPLETE, "'Signature' must not occur twice."},
    {"two credentials", PUSH, "Credential=", "Credential=" SCOPE ",Credential=",
     SIGNATURE_INCOMPLETE, "'Credential' must not occur twice."},
    {"two lists of headers", PUSH, "SignedHeaders=", "SignedHeaders=host,SignedHeaders=",
     SIGNATURE_INCOMPLETE, "'SignedHeaders' must not occur twice."},
    {"two dates", PUSH, "", DATE, SIGNATURE_INCOMPLETE, "'x-amz-date' must not occur twice."},
    {"two of HTTP's dates", PUSH, "", "date: a\ndate: a\n", SIGNATURE_INCOMPLETE,
     "'date' must not occur twice."},
    {"two session tokens", TEMPORARY, "", "x-amz-security-token: " TOKEN "\n", SIGNATURE_INCOMPLETE,
     "'x-amz-security-token' must not occur twice."},
    {"two hashes", PUSH, "", "x-amz-content-sha256: " HASH "\n", SIGNATURE_INCOMPLETE,
     "'x-amz-content-sha256' must not occur twice."},

    /* the query */
    {"both forms", PUSH, "D HTTP", "D?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP", SIGNATURE_WRONG,
     FOUND_BOTH("X-Amz-Algorithm")},
    {"both signatures", PUSH, "D HTTP", "D?a=b&X-Amz-Signature=" SIGNATURE " HTTP", SIGNATURE_WRONG,
     FOUND_BOTH("X-Amz-Signature")},
    {"a session token in the query", PUSH, "D HTTP", "D?X-Amz-Security-Token=x HTTP",
     SIGNATURE_WRONG, FOUND_BOTH("X-Amz-Security-Token")},
    {"an escaped name", PUSH, "D HTTP", "D?%58-Amz-Date=x HTTP", SIGNATURE_WRONG,
     FOUND_BOTH("X-Amz-Date")},
    {"presigned, with a token", HANDSHAKE, "", "authorization: Bearer abc\n", SIGNATURE_WRONG,
     FOUND_BOTH("X-Amz-Algorithm")},
    {"parameters of other names", PUSH, LINE, "x-amz-signature: x\n", SIGNATURE_MISSING,
     "Missing Authentication Token"},
    {"only a date in the query", HANDSHAKE,
     "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
     "AKIDEXAMPLE%2F20240229%2Fus-east-1%2Fexecute-api%2Faws4_request&",
     "", SIGNATURE_INCOMPLETE, INCLUDE("X-Amz-Algorithm") INCLUDE("X-Amz-Credential") REEXAMINE},
    {"presigned without algorithm", HANDSHAKE, "X-Amz-Algorithm", "x-amz-algorithm",
     SIGNATURE_INCOMPLETE, INCLUDE("X-Amz-Algorithm") REEXAMINE},
    {"presigned without credential", HANDSHAKE, "X-Amz-Credential", "Y", SIGNATURE_INCOMPLETE,
     INCLUDE("X-Amz-Credential") REEXAMINE},
    {"presigned without signature", HANDSHAKE, "X-Amz-Signature", "Y", SIGNATURE_INCOMPLETE,
     INCLUDE("X-Amz-Signature") REEXAMINE},
    {"presigned without headers", HANDSHAKE, "X-Amz-SignedHeaders", "Y", SIGNATURE_INCOMPLETE,
     INCLUDE("X-Amz-SignedHeaders") REEXAMINE},
    {"presigned without date", HANDSHAKE, "X-Amz-Date", "Y", SIGNATURE_INCOMPLETE,
     INCLUDE("X-Amz-Date") REEXAMINE},
    {"presigned with a header for a date", HANDSHAKE, "X-Amz-Date=20240229T235930Z&X-Amz-Expires",
     "X-Amz-Expires", SIGNATURE_INCOMPLETE, INCLUDE("X-Amz-Date") REEXAMINE},
    {"a parameter twice", HANDSHAKE, "X-Amz-Expires", "X-Amz-Date=20240229T235930Z&X-Amz-Expires",
     SIGNATURE_INCOMPLETE, "'X-Amz-Date' must not occur twice."},
    {"a signature twice", HANDSHAKE, "?", "?X%2DAmz-Signature=" SIGNATURE "&", SIGNATURE_INCOMPLETE,
     "'X-Amz-Signature' must not occur twice."},
    {"a parameter that is also a header", HANDSHAKE, " HTTP/1.1\n",
     "&X-Amz-Security-Token= HTTP/1.1\nx-amz-security-token: \n", SIGNATURE_INCOMPLETE,
     "'x-amz-security-token' must not occur twice."},
    {"X-Amz-Expires is no number", HANDSHAKE, "Expires=300", "Expires=5m", SIGNATURE_INCOMPLETE,
     "X-Amz-Expires should be a number"},
    {"X-Amz-Expires is negative", HANDSHAKE, "Expires=300", "Expires=-1", SIGNATURE_INCOMPLETE,
     "X-Amz-Expires should be a number"},
    {"X-Amz-Expires is empty", HANDSHAKE, "Expires=300", "Expires=", SIGNATURE_INCOMPLETE,
     "X-Amz-Expires should be a number"},
    {"X-Amz-Expires is more than a week", WEEK, "Expires=604800", "Expires=604801",
     SIGNATURE_INCOMPLETE,
     "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must "
     "be less than 604800 seconds"},
    {"X-Amz-Expires is another", HANDSHAKE, "Expires=300", "Expires=301", SIGNATURE_WRONG, NULL},
    {"a parameter more", HANDSHAKE, "?", "?a=b&", SIGNATURE_WRONG, NULL},
    {"a parameter less", WEEK, "a=1&", "", SIGNATURE_WRONG, NULL},

    /* dates */
    {"a date of another form", PUSH, "20240229T235930Z", "2024-02-29T23:59:30Z",
     SIGNATURE_INCOMPLETE, NO_DATE("2024-02-29T23:59:30Z")},
    {"a day that no calendar has", PUSH, "20240229T235930Z", "20240230T235930Z",
     SIGNATURE_INCOMPLETE, NO_DATE("20240230T235930Z")},
    {"HTTP's form in X-Amz-Date", PUSH, "20240229T235930Z", "Thu, 29 Feb 2024 23:59:30 GMT",
     SIGNATURE_INCOMPLETE, NO_DATE("Thu, 29 Feb 2024 23:59:30 GMT")},
    {"HTTP's form in the query", HANDSHAKE, "Date=20240229T235930Z",
     "Date=Thu,%2029%20Feb%202024%2023:59:30%20GMT", SIGNATURE_INCOMPLETE,
     NO_DATE("Thu, 29 Feb 2024 23:59:30 GMT")},
    {"an empty date", PUSH, "20240229T235930Z", "", SIGNATURE_INCOMPLETE, NO_DATE("")},
    {"a second later", PUSH, "T235930Z", "T235931Z", SIGNATURE_WRONG, NULL},
    {"yesterday", PUSH, "x-amz-date: 20240229", "x-amz-date: 20240228", SIGNATURE_EXPIRED,
     "Signature expired: 20240228T235930Z is now earlier than 20240229T235430Z (20240229T235930Z "
     "- 5 min.)"},

    /* what must be signed */
    {"the host is not signed", PUSH, ";host;", ";", SIGNATURE_WRONG,
     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
    {"nothing is signed", PUSH, "SignedHeaders=" SIGNED, "SignedHeaders=", SIGNATURE_WRONG,
     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
    {"a header that ends in host", PUSH, ";host;", ";x-host;", SIGNATURE_WRONG,
     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
    {"presigned, the host is not signed", HANDSHAKE, "SignedHeaders=host", "SignedHeaders=x",
     SIGNATURE_WRONG, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
    {"the date is not signed", PUSH, ";x-amz-date", "", SIGNATURE_WRONG,
     "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."},
    {"another date is signed", PUSH, ";x-amz-date", ";date", SIGNATURE_WRONG,
     "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."},
    {"a signed header did not come", PUSH, "content-type: application/octet-stream\n", "",
     SIGNATURE_WRONG, MISMATCH},
    {"a header is named that never came", PUSH, ";x-amz-date", ";x-amz-date;x-b", SIGNATURE_WRONG,
     MISMATCH},
    {"a signed header is there twice", PUSH, "", "content-type: application/octet-stream\n",
     SIGNATURE_WRONG, NULL},
    {"a signed header is named twice", PUSH, ";host;", ";host;host;", SIGNATURE_WRONG, MISMATCH},
    {"headers out of order", PUSH, "content-length;content-type", "content-type;content-length",
     SIGNATURE_WRONG, MISMATCH},
    {"a header in capitals", PUSH, "SignedHeaders=content-length", "SignedHeaders=Content-length",
     SIGNATURE_WRONG, MISMATCH},
    {"an empty name", PUSH, ";host;", ";;host;", SIGNATURE_WRONG, MISMATCH},
    {"an empty name at the end", PUSH, "x-amz-date, S", "x-amz-date;, S", SIGNATURE_WRONG,
     MISMATCH},
    {"a header is not signed after all", PUSH, ";content-type;", ";", SIGNATURE_WRONG, NULL},

    /* algorithm, credential, scope */
    {"another algorithm", PUSH, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", SIGNATURE_INCOMPLETE,
     "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). "},
    {"the algorithm in small letters", PUSH, "AWS4-HMAC-SHA256", "aws4-hmac-sha256",
     SIGNATURE_INCOMPLETE,
     "Unsupported AWS 'algorithm': 'aws4-hmac-sha256' (only AWS4-HMAC-SHA256 for now). "},
    {"another algorithm in the query", HANDSHAKE, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256",
     SIGNATURE_INCOMPLETE,
     "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "},
    {"a credential of four parts", PUSH, "/aws4_request", "", SIGNATURE_INCOMPLETE, FIVE_PARTS},
    {"a credential of six", PUSH, "/aws4_request", "/aws4_request/", SIGNATURE_INCOMPLETE,
     FIVE_PARTS},
    {"a secret for a credential", PUSH, "AKIDEXAMPLE/", SECRET "/", SIGNATURE_INCOMPLETE,
     FIVE_PARTS},
    {"an empty credential", PUSH, "Credential=" SCOPE, "Credential=", SIGNATURE_INCOMPLETE,
     FIVE_PARTS},
    {"a host in another region", PUSH, "us-east-1", "us-east-2", SIGNATURE_WRONG, NULL},
    {"another region in the scope", PUSH, "/us-east-1/", "/us-east-2/", SIGNATURE_WRONG,
     "Credential should be scoped to a valid region, not 'us-east-2'. "},
    {"another service", PUSH, "/execute-api/aws4", "/lambda/aws4", SIGNATURE_WRONG,
     "Credential should be scoped to correct service: 'execute-api'. "},
    {"another end", PUSH, "/aws4_request", "/aws5_request", SIGNATURE_WRONG,
     "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "},
    {"another day", PUSH, "E/20240229/", "E/20240301/", SIGNATURE_WRONG, NOT_A_DAY("20240301")},
    {"nothing of the scope", PUSH, "20240229/us-east-1/execute-api/aws4_request", "///",
     SIGNATURE_WRONG,
     "Credential should be scoped to a valid region, not ''. "
     "Credential should be scoped to correct service: 'execute-api'. "
     "Credential should be scoped with a valid terminator: 'aws4_request', not ''. " NOT_A_DAY("")},

    /* keys */
    {"an unknown key", PUSH, "AKIDEXAMPLE", "AKIDEXAMPLF", SIGNATURE_UNKNOWN, NO_KEY},
    {"the beginning of a key", PUSH, "AKIDEXAMPLE", "AKIDEXAMPL", SIGNATURE_UNKNOWN, NO_KEY},
    {"no key", PUSH, "AKIDEXAMPLE", "", SIGNATURE_UNKNOWN, NO_KEY},
    {"a key in small letters", PUSH, "AKIDEXAMPLE", "akidexample", SIGNATURE_UNKNOWN, NO_KEY},
    {"a key without a secret", PUSH, "AKIDEXAMPLE", "EMPTY", SIGNATURE_UNKNOWN, NO_KEY},
    {"another's key, without its session token", PUSH, "AKIDEXAMPLE", "ASIAEXAMPLE",
     SIGNATURE_UNKNOWN, NO_KEY},
    {"a session token that no key has", PUSH, "", "x-amz-security-token: x\n", SIGNATURE_UNKNOWN,
     NO_KEY},
    {"a session token for a key that has none", TEMPORARY, "ASIAEXAMPLE", "AKIDEXAMPLE",
     SIGNATURE_UNKNOWN, NO_KEY},
    {"no session token", TEMPORARY, "x-amz-security-token: ", "x-none: ", SIGNATURE_UNKNOWN,
     NO_KEY},
    {"an empty session token", TEMPORARY, TOKEN, "", SIGNATURE_UNKNOWN, NO_KEY},
    {"the beginning of the session token", TEMPORARY, TOKEN, "AQoXdzELDDY", SIGNATURE_UNKNOWN,
     NO_KEY},
    {"a session token in the query of a key without", HANDSHAKE, "?", "?X-Amz-Security-Token=x&",
     SIGNATURE_UNKNOWN, NO_KEY},
    {"a session token in a header of a presigned request", HANDSHAKE, "",
     "x-amz-security-token: x\n", SIGNATURE_UNKNOWN, NO_KEY},

    /* what was asked for */
    {"a segment '.'", PUSH, "/prod/", "/prod/./", SIGNATURE_WRONG, MISMATCH},
    {"a segment '..'", PUSH, "/prod/", "/x/../prod/", SIGNATURE_WRONG, MISMATCH},
    {"'..' at the end", HANDSHAKE, "/prod?", "/prod/x/..?", SIGNATURE_WRONG, MISMATCH},
    {"another host in the request line", PUSH, "POST /", "POST http://other.example/",
     SIGNATURE_WRONG, MISMATCH},
    {"another host", PUSH, "host: chat.", "host: other.", SIGNATURE_WRONG, NULL},
    {"the host with its port", PUSH, "amazonaws.com\n", "amazonaws.com:443\n", SIGNATURE_WRONG,
     NULL},
    {"another method", PUSH, "POST", "PUT", SIGNATURE_WRONG, NULL},
    {"the method in small letters", PUSH, "POST", "post", SIGNATURE_WRONG, NULL},
    {"another path", PUSH, "/prod/", "/dev/", SIGNATURE_WRONG, NULL},
    {"a path in other words", PUSH, "@connections", "%40connections", SIGNATURE_WRONG, NULL},
    {"a path that ends in a slash", HANDSHAKE, "/prod?", "/prod/?", SIGNATURE_WRONG, NULL},
    {"a query", PUSH, "D HTTP", "D?a HTTP", SIGNATURE_WRONG, NULL},
    {"a value changed", PUSH, "application/octet-stream", "application/json", SIGNATURE_WRONG,
     NULL},
    {"the body is not signed", PUSH, HASH, "UNSIGNED-PAYLOAD", SIGNATURE_WRONG, MISMATCH},
    {"the body is signed in pieces", PUSH, HASH, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
     SIGNATURE_WRONG, MISMATCH},
    {"a hash in capitals", PUSH, "2cf24dba", "2CF24DBA", SIGNATURE_WRONG, MISMATCH},
    {"no hash", PUSH, HASH, "", SIGNATURE_WRONG, MISMATCH},
    {"another body's hash", PUSH, "2cf24dba", "2cf24dbb", SIGNATURE_WRONG, NULL},
    {"another body's hash that is not signed", &signed_requests[14], "",
     "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
     SIGNATURE_WRONG, NULL},
    {"a hash in the query that is not the body's", HANDSHAKE, "?",
     "?X-Amz-Content-Sha256=" HASH "&", SIGNATURE_WRONG, NULL},

    /* the signature */
    {"another signature", PUSH, "4f8a\n", "4f8b\n", SIGNATURE_WRONG, NULL},
    {"a signature in capitals", PUSH, "4f8a\n", "4F8A\n", SIGNATURE_WRONG, NULL},
    {"a short signature", PUSH, "4f8a\n", "4f8\n", SIGNATURE_WRONG, NULL},
    {"a long signature", PUSH, "4f8a\n", "4f8aa\n", SIGNATURE_WRONG, NULL},
    {"an empty signature", PUSH, SIGNATURE, "", SIGNATURE_WRONG, NULL},
    {"an empty signature in the query", HANDSHAKE,
     "X-Amz-Signature=bfed4a5ff06bf2c1af451ce5973ad265c2b1b4150bee299d79ad9157966e6f63",
     "X-Amz-Signature", SIGNATURE_WRONG, NULL},
};

/* Nothing that could be used is told to anybody. */
static bool has_secret(struct str text)
{
    static const char *const secrets[] = {SECRET, TEMPORARY_SECRET, TOKEN, SIGNATURE};
    FOR_EACH (secret, secrets, ARRAY_LENGTH(secrets))
        if (str_find_str(text, str_from(*secret)) < text.len)
            return true;
    return false;
}

static void each_is_refused_with_its_words(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct signature_fixture f;
        signature_fixture_init(&f);
        struct str head = signature_fixture_replace(&f, c->base->head, c->from, c->to);
        CHECK_CASE(c, signature_fixture_parse(&f, head), "%s", f.head.why);
        (void)signature_fixture_verify(&f, c->base->body);
        struct str message = f.check.message, why = f.check.why;
        CHECK_CASE(c, f.result == c->want, "%d: %" STR_F " (%" STR_F ")", f.result, STR_A(message),
                   STR_A(why));
        CHECK_CASE(c, str_is(message, c->message ? c->message : MISMATCH), "got %" STR_F,
                   STR_A(message));
        CHECK_CASE(c, why.len > 0 && !has_secret(message) && !has_secret(why), "%" STR_F,
                   STR_A(why));
        CHECK_CASE(c, !f.check.credential, "whose is it?");
        signature_fixture_release(&f);
    }
}

/* What is known before the body is there, and what is not. */
static void only_the_signature_needs_the_body(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct signature_fixture f;
        signature_fixture_init(&f);
        (void)signature_fixture_parse(&f,
                                      signature_fixture_replace(&f, c->base->head, c->from, c->to));
        (void)signature_fixture_verify(&f, c->base->body);
        CHECK_CASE(c, (f.begun == SIGNATURE_VALID) == !c->message, "refused %s",
                   c->message ? "late" : "early");
        signature_fixture_release(&f);
    }
}

static const struct {
    const char *name;
    const struct signed_request *request;
    int64_t seconds;     /* from its date until now */
    const char *message; /* NULL: valid */
} times[] = {
    {"at once", PUSH, 0, NULL},
    {"five minutes later", PUSH, 300, NULL},
    {"and a second", PUSH, 301,
     "Signature expired: 20240229T235930Z is now earlier than 20240229T235931Z (20240301T000431Z "
     "- 5 min.)"},
    {"five minutes before", PUSH, -300, NULL},
    {"and a second before", PUSH, -301,
     "Signature not yet current: 20240229T235930Z is still later than 20240229T235929Z "
     "(20240229T235429Z + 5 min.)"},
    {"in 1970", PUSH, -(int64_t)SIGNED_AT,
     "Signature not yet current: 20240229T235930Z is still later than 19700101T000500Z "
     "(19700101T000000Z + 5 min.)"},
    {"presigned, to the end", HANDSHAKE, 300, NULL},
    {"presigned, and a second", HANDSHAKE, 301,
     "Signature expired: 20240229T235930Z is now earlier than 20240229T235931Z (20240301T000431Z "
     "- 5 min.)"},
    {"presigned for a minute", &signed_requests[11], 60, NULL},
    {"presigned for a minute, and a second", &signed_requests[11], 61,
     "Signature expired: 20240229T235930Z is now earlier than 20240229T235931Z (20240301T000031Z "
     "- 1 min.)"},
    {"presigned for a week, to the end", WEEK, 604800, NULL},
    {"presigned for a week, and a second", WEEK, 604801,
     "Signature expired: 20240229T235930Z is now earlier than 20240229T235931Z (20240307T235931Z "
     "- 10080 min.)"},
    {"presigned for a week, five minutes before", WEEK, -300, NULL},
    {"presigned for a week, and a second before", WEEK, -301,
     "Signature not yet current: 20240229T235930Z is still later than 20240229T235929Z "
     "(20240229T235429Z + 5 min.)"},
};

static void signatures_have_their_time(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, times) {
        struct signature_fixture f;
        signature_fixture_init(&f);
        f.check.wall = (uint64_t)((int64_t)SIGNED_AT + c->seconds) * USEC_PER_SEC;
        f.check.wall += c->seconds == 300 ? USEC_PER_SEC - 1 : 0; /* seconds are what counts */
        assert_true(signature_fixture_parse(&f, str_from(c->request->head)));
        (void)signature_fixture_verify(&f, c->request->body);
        CHECK_CASE(c, f.result == (c->message ? SIGNATURE_EXPIRED : SIGNATURE_VALID), "got %d",
                   f.result);
        if (c->message)
            CHECK_CASE(c, str_is(f.check.message, c->message), "got %" STR_F,
                       STR_A(f.check.message));
        signature_fixture_release(&f);
    }
}

static const struct {
    const char *name;
    const struct signed_request *request;
    const char *region, *service, *secret;
    bool nobody;
    enum signature_result want;
} gateways[] = {
    {"as it is", PUSH, "us-east-1", "execute-api", SECRET, false, SIGNATURE_VALID},
    {"in another region", PUSH, "eu-west-1", "execute-api", SECRET, false, SIGNATURE_WRONG},
    {"another service", PUSH, "us-east-1", "lambda", SECRET, false, SIGNATURE_WRONG},
    {"with another secret", PUSH, "us-east-1", "execute-api", TEMPORARY_SECRET, false,
     SIGNATURE_WRONG},
    {"with a longer secret", PUSH, "us-east-1", "execute-api", SECRET " ", false, SIGNATURE_WRONG},
    {"without credentials", PUSH, "us-east-1", "execute-api", SECRET, true, SIGNATURE_UNKNOWN},
    {"without credentials, presigned", HANDSHAKE, "us-east-1", "execute-api", SECRET, true,
     SIGNATURE_UNKNOWN},
};

static void the_gateway_must_be_the_right_one(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, gateways) {
        struct signature_fixture f;
        signature_fixture_init(&f);
        f.settings.aws_region = str_from(c->region);
        f.settings.credentials.items[0].secret_access_key = str_from(c->secret);
        f.settings.credentials.count = c->nobody ? 0 : 1;
        f.check.service = str_from(c->service);
        assert_true(signature_fixture_parse(&f, str_from(c->request->head)));
        (void)signature_fixture_verify(&f, c->request->body);
        CHECK_CASE(c, f.result == c->want, "got %d: %" STR_F, f.result, STR_A(f.check.message));
        signature_fixture_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_refused_with_its_words),
        cmocka_unit_test(only_the_signature_needs_the_body),
        cmocka_unit_test(signatures_have_their_time),
        cmocka_unit_test(the_gateway_must_be_the_right_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
