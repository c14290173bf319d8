/* SPDX-License-Identifier: Apache-2.0 */
#include "signature_parts.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/sigv4.h"

#define SKEW_MINUTES 5
#define SKEW         (SKEW_MINUTES * 60 * USEC_PER_SEC)
#define EXPIRES_MAX  604800 /* seconds: a week */
#define SCOPE_PARTS  5
#define TERMINATOR   "aws4_request"

#define REFUSE(check, result, why, ...)                                                            \
    signature_refuse(check, result, arena_printf((check)->arena, __VA_ARGS__), why)

/* What AWS says wherever the signatures differ, for whatever reason. */
static enum signature_result refuse_signature(struct signature_check *check, const char *why)
{
    return signature_refuse(check, SIGNATURE_WRONG,
                            STR("The request signature we calculated does not match the signature "
                                "you provided. Check your AWS Secret Access Key and signing "
                                "method. Consult the service documentation for details."),
                            why);
}

/* The date. */

/* "20150830T123600Z", or in the header Date what HTTP writes there. */
static bool read_time(const struct signature_parts *parts, uint64_t *ret_time)
{
    return sigv4_read_time(parts->time, ret_time) ||
           (parts->time_header && str_is(STR("date"), parts->time_header) &&
            clock_read_http(parts->time, ret_time));
}

/* "20150830T123600Z", in the arena. */
static struct str time_text(struct signature_check *check, uint64_t time)
{
    char text[SIGV4_TIME_SIZE];
    return arena_copy(check->arena, sigv4_time(time, text));
}

static enum signature_result refuse_early(struct signature_check *check, uint64_t now)
{
    return REFUSE(check, SIGNATURE_EXPIRED,
                  "the date of the signature lies ahead: which of the two clocks is wrong?",
                  "Signature not yet current: %" STR_F " is still later than %" STR_F " (%" STR_F
                  " + %d min.)",
                  STR_A(check->time), STR_A(time_text(check, now + SKEW)),
                  STR_A(time_text(check, now)), SKEW_MINUTES);
}

static enum signature_result refuse_late(struct signature_check *check, uint64_t now,
                                         uint64_t lifetime)
{
    bool minutes = lifetime % (60 * USEC_PER_SEC) == 0;
    return REFUSE(
        check, SIGNATURE_EXPIRED, "the signature has expired, or one of the two clocks is wrong",
        "Signature expired: %" STR_F " is now earlier than %" STR_F " (%" STR_F " - %d %s.)",
        STR_A(check->time), STR_A(time_text(check, now - lifetime)), STR_A(time_text(check, now)),
        (int)(lifetime / ((minutes ? 60 : 1) * USEC_PER_SEC)), minutes ? "min" : "sec");
}

/* How long after its date a signature is good. */
static enum signature_result read_lifetime(struct signature_check *check, uint64_t *ret_lifetime)
{
    uint64_t seconds;
    *ret_lifetime = SKEW;
    if (!check->parts.expires.at)
        return SIGNATURE_VALID;
    if (!str_to_u64(check->parts.expires, &seconds))
        return REFUSE(check, SIGNATURE_INCOMPLETE, "X-Amz-Expires is no number",
                      "X-Amz-Expires should be a number");
    if (seconds > EXPIRES_MAX)
        return REFUSE(check, SIGNATURE_INCOMPLETE, "X-Amz-Expires is more than a week",
                      "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                      "X-Amz-Expires must be less than %d seconds",
                      EXPIRES_MAX);
    *ret_lifetime = seconds * USEC_PER_SEC;
    return SIGNATURE_VALID;
}

static enum signature_result check_time(struct signature_check *check)
{
    uint64_t time, lifetime, now = check->wall / USEC_PER_SEC * USEC_PER_SEC;
    enum signature_result result = read_lifetime(check, &lifetime);
    if (result != SIGNATURE_VALID)
        return result;
    if (!read_time(&check->parts, &time))
        return REFUSE(check, SIGNATURE_INCOMPLETE, "the date of the signature is none",
                      "Date must be in ISO-8601 'basic format'. Got '%" STR_F
                      "'. See http://en.wikipedia.org/wiki/ISO_8601",
                      STR_A(check->parts.time));
    check->time = time_text(check, time);
    if (time > now + SKEW)
        return refuse_early(check, now);
    return now > time && now - time > lifetime ? refuse_late(check, now, lifetime)
                                               : SIGNATURE_VALID;
}

/* Form and scope. */

static bool is_listed(struct str list, struct str name)
{
    struct str element;
    while (str_split(&list, ';', &element))
        if (str_eq(element, name))
            return true;
    return false;
}

static enum signature_result check_required_headers(struct signature_check *check)
{
    const struct signature_parts *parts = &check->parts;
    if (!is_listed(parts->signed_headers, STR("host")))
        return REFUSE(check, SIGNATURE_WRONG, "the header 'host' is not signed",
                      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    if (parts->time_header && !is_listed(parts->signed_headers, str_from(parts->time_header)))
        return REFUSE(check, SIGNATURE_WRONG, "the header with the date is not signed",
                      "'%s' must be a 'SignedHeader' in the AWS Authorization.",
                      parts->time_header);
    return SIGNATURE_VALID;
}

static enum signature_result check_algorithm(struct signature_check *check)
{
    if (str_is(check->parts.algorithm, SIGV4_ALGORITHM))
        return SIGNATURE_VALID;
    return REFUSE(check, SIGNATURE_INCOMPLETE, "it is not signed with " SIGV4_ALGORITHM,
                  "Unsupported AWS 'algorithm': '%" STR_F "' (only " SIGV4_ALGORITHM " for now). ",
                  STR_A(check->parts.algorithm));
}

/* "AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request" */
static bool split_credential(struct str credential, struct str parts[SCOPE_PARTS])
{
    size_t count = 0;
    struct str part;
    while (str_split(&credential, '/', &part)) {
        if (count == SCOPE_PARTS)
            return false;
        parts[count++] = part;
    }
    return count == SCOPE_PARTS;
}

static void append_scope_problems(struct signature_check *check, const struct sigv4_scope *scope,
                                  struct str terminator, struct buf *message)
{
    struct str date = str_head(check->time, SIGV4_DATE_LEN);
    if (!str_eq(scope->region, check->settings->aws_region))
        buf_printf(message, "Credential should be scoped to a valid region, not '%" STR_F "'. ",
                   STR_A(scope->region));
    if (!str_eq(scope->service, check->service))
        buf_printf(message, "Credential should be scoped to correct service: '%" STR_F "'. ",
                   STR_A(check->service));
    if (!str_is(terminator, TERMINATOR))
        buf_printf(message,
                   "Credential should be scoped with a valid terminator: '" TERMINATOR
                   "', not '%" STR_F "'. ",
                   STR_A(terminator));
    if (!str_eq(scope->date, date))
        buf_printf(message,
                   "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                   "from HTTP: '%" STR_F "' != '%" STR_F "', from '%" STR_F "'. ",
                   STR_A(scope->date), STR_A(date), STR_A(check->time));
}

/* Whose key it is. Looks at all of them, so that it takes as long for every one, and for none. */
static const struct credential *find_configured(const struct settings *settings, struct str id)
{
    const struct credential *found = NULL;
    FOR_EACH_IN (credential, &settings->credentials)
        if (str_eq_secret(credential->access_key_id, id) && credential->secret_access_key.len > 0)
            found = credential;
    return found;
}

/* A temporary key may be revoked at any time, so nobody keeps what this returns. */
static const struct credential *find_claimed(const struct signature_check *check)
{
    const struct credential *configured = find_configured(check->settings, check->claimed_id);
    return configured ? configured : temporary_keys_find(check->temporary_keys, check->claimed_id);
}

/* Key and token are refused in one way. */
static enum signature_result refuse_key(struct signature_check *check, const char *why)
{
    return signature_refuse(check, SIGNATURE_UNKNOWN,
                            STR("The security token included in the request is invalid."), why);
}

static enum signature_result check_key(struct signature_check *check, struct str access_key_id)
{
    check->claimed_id = access_key_id;
    const struct credential *claimed = find_claimed(check);
    if (!claimed)
        return refuse_key(check, "no credential has this access key ID");
    if (!str_eq_secret(claimed->session_token, check->parts.session_token))
        return refuse_key(check, claimed->session_token.len > 0
                                     ? "it has not the session token that belongs to the key"
                                     : "it has a session token, and the key has none");
    return SIGNATURE_VALID;
}

static enum signature_result check_credential(struct signature_check *check)
{
    struct str parts[SCOPE_PARTS];
    scoped_buf struct buf message = {0};
    if (!split_credential(check->parts.credential, parts)) /* it may be anything: not repeated */
        return REFUSE(check, SIGNATURE_INCOMPLETE, "the credential has not five parts",
                      "Credential must have exactly 5 slash-delimited elements, e.g. "
                      "keyid/date/region/service/term");
    const struct sigv4_scope scope = {parts[1], parts[2], parts[3]};
    append_scope_problems(check, &scope, parts[4], &message);
    if (buf_len(&message) > 0)
        return signature_refuse(check, SIGNATURE_WRONG, arena_copy(check->arena, buf_str(&message)),
                                "the scope is not this gateway's region, service and day");
    return check_key(check, parts[0]);
}

/* What was signed. */

/* Signers and AWS drop such segments before they sign; routing does not. */
static bool has_dot_segment(struct str path)
{
    struct str segment;
    while (str_split(&path, '/', &segment))
        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
    return false;
}

static bool is_hash(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < '0' || s.at[i] > '9') && (s.at[i] < 'a' || s.at[i] > 'f'))
            return false;
    return s.len == SHA256_HEX_LEN;
}

static enum signature_result check_target(struct signature_check *check)
{
    const struct request *request = check->request;
    const struct header *host = request_header(request, STR("host"));
    if (has_dot_segment(request->raw_path))
        return refuse_signature(check, "the path has a segment '.' or '..', which is not signed");
    if (!host || !str_eq_nocase(host->value, request->host))
        return refuse_signature(check, "the signed host is not the one that was asked for");
    if (check->parts.content_hash.at && !is_hash(check->parts.content_hash))
        return refuse_signature(check, "x-amz-content-sha256 is no hash: bodies must be signed");
    return SIGNATURE_VALID;
}

static bool has_capital(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] >= 'A' && s.at[i] <= 'Z')
            return true;
    return false;
}

/* Appends the headers of a name; false where there is none. */
static bool take_headers(struct signature_check *check, struct str name, struct header *headers)
{
    size_t before = check->header_count;
    FOR_EACH (h, check->request->headers, check->request->header_count)
        if (str_eq_nocase(h->name, name))
            headers[check->header_count++] = *h;
    return check->header_count > before;
}

/* Names ascend, so none comes twice, and there are no more of them than the request has headers. */
static enum signature_result collect_headers(struct signature_check *check)
{
    struct str rest = check->parts.signed_headers, name, before = STR("");
    struct header *headers = arena_array(check->arena, struct header, check->request->header_count);
    check->headers = headers;
    check->header_count = 0;
    while (str_split(&rest, ';', &name)) {
        if (str_compare(before, name) >= 0 || has_capital(name))
            return refuse_signature(check, "SignedHeaders are not in lower case and in order");
        if (!take_headers(check, name, headers))
            return refuse_signature(check, "a signed header did not come");
        before = name;
    }
    return SIGNATURE_VALID;
}

/* AWS's order. */
static enum signature_result (*const steps[])(struct signature_check *check) = {
    signature_read_parts, check_time,   check_required_headers, check_algorithm,
    check_credential,     check_target, collect_headers,
};

enum signature_result signature_begin(struct signature_check *check)
{
    check->credential = NULL;
    check->claimed_id = (struct str){0};
    FOR_EACH (step, steps, ARRAY_LENGTH(steps)) {
        enum signature_result result = (*step)(check);
        if (result != SIGNATURE_VALID) {
            check->claimed_id = (struct str){0};
            return result;
        }
    }
    return SIGNATURE_VALID;
}

static struct sha256 expected_signature(const struct signature_check *check, struct str secret,
                                        struct str hash)
{
    const struct sigv4_key key = {.secret_access_key = secret};
    const struct sigv4_scope scope = {str_head(check->time, SIGV4_DATE_LEN),
                                      check->settings->aws_region, check->service};
    const struct sigv4_request request = {.method = check->request->method,
                                          .path = check->request->raw_path,
                                          .query = check->parts.query,
                                          .headers = check->headers,
                                          .header_count = check->header_count};
    scoped_buf struct buf canonical = {0};
    (void)buf_reserve(&canonical, 1024);
    (void)sigv4_canonical(&canonical, &request, hash);
    return sigv4_signature(&key, &scope, check->time, buf_str(&canonical));
}

/* What stages may know of whoever has signed, however long his key lasts. */
static const struct credential *without_secrets(struct signature_check *check,
                                                const struct credential *claimed)
{
    struct credential *copy = arena_new(check->arena, struct credential);
    *copy = *claimed;
    copy->access_key_id = arena_copy(check->arena, claimed->access_key_id);
    copy->user_arn = arena_copy(check->arena, claimed->user_arn);
    copy->secret_access_key = copy->session_token = STR("");
    return copy;
}

enum signature_result signature_finish(struct signature_check *check)
{
    char body_hex[SHA256_HEX_LEN], hex[SHA256_HEX_LEN];
    assert(check->claimed_id.at);
    const struct credential *claimed = find_claimed(check);
    if (!claimed)
        return refuse_key(check, "the temporary key was revoked while the body came");
    struct sha256 body = sha256_of(&check->request->body, 1);
    struct str hash = sha256_hex(&body, body_hex);
    if (check->parts.content_hash.at && !str_eq(check->parts.content_hash, hash))
        return refuse_signature(check, "x-amz-content-sha256 is not the hash of the body");
    struct sha256 expected = expected_signature(check, claimed->secret_access_key, hash);
    if (!str_eq_secret(sha256_hex(&expected, hex), check->parts.signature))
        return refuse_signature(check, "another secret key, or something changed on the way: host, "
                                       "path, query, a signed header or the body");
    check->credential = without_secrets(check, claimed);
    return SIGNATURE_VALID;
}
