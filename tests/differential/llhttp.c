/* SPDX-License-Identifier: Apache-2.0 */
/* Our request parser beside Node's llhttp: over a corpus and a million mutations of it, whatever
 * ours accepts llhttp accepts, and both see the same method, target, fields, body and end. Two
 * parsers that disagree about an end are what request smuggling is made of. */
#include <fts.h>
#include <llhttp.h>
#include <sys/stat.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/http_message.h"
#include "turnpike/base/xalloc.h"

#define SEEDS_MAX  256
#define INPUT_MAX  4096
#define FIELDS_MAX 2048

enum outcome { REFUSED, INCOMPLETE, COMPLETE, OUTCOMES };

/* What one parser saw of one input. Views are of the input, the body is a copy. */
struct seen {
    enum outcome outcome;
    struct str method, target;
    struct header fields[FIELDS_MAX];
    size_t field_count;
    unsigned minor_version;
    size_t end; /* where the message ends, if complete */
    struct buf body;

    bool in_body; /* llhttp: what comes now are trailers */
    enum llhttp_errno error;
    const char *reason;
};

static void forget(struct seen *s)
{
    struct buf body = s->body;
    buf_clear(&body);
    memset(s, 0, offsetof(struct seen, fields));
    memset(&s->field_count, 0, sizeof(*s) - offsetof(struct seen, field_count));
    s->body = body;
}

/* Ours */

static void read_chunks(struct seen *s, struct str in)
{
    struct http_chunked c;
    struct str rest = str_skip(in, s->end), data;
    enum http_chunk_result result;
    http_chunked_init(&c);
    while ((result = http_chunked_next(&c, &rest, &data)) == HTTP_CHUNK_DATA)
        buf_append(&s->body, data);
    s->end = in.len - rest.len;
    s->outcome = result == HTTP_CHUNK_END    ? COMPLETE
                 : result == HTTP_CHUNK_MORE ? INCOMPLETE
                                             : REFUSED;
}

static void read_length(struct seen *s, struct str in, uint64_t length)
{
    struct str rest = str_skip(in, s->end);
    s->outcome = rest.len < length ? INCOMPLETE : COMPLETE;
    struct str body = str_head(rest, rest.len < length ? rest.len : (size_t)length);
    buf_append(&s->body, body);
    s->end += body.len;
}

static void run_ours(struct seen *s, struct str in)
{
    static struct http_head head;
    enum http_parse_result result = http_parse_request(in, &head);
    if (result != HTTP_PARSE_OK) {
        s->outcome = result == HTTP_PARSE_INCOMPLETE ? INCOMPLETE : REFUSED;
        return;
    }
    s->method = head.method;
    s->target = head.target;
    s->minor_version = head.minor_version;
    s->field_count = head.header_count;
    memcpy(s->fields, head.headers, head.header_count * sizeof(*head.headers));
    s->end = head.size;
    if (head.framing == HTTP_BODY_CHUNKED)
        read_chunks(s, in);
    else
        read_length(s, in, head.content_length);
}

/* Theirs */

static struct seen *seen_by(llhttp_t *parser)
{
    return parser->data;
}

/* One span may come in pieces that touch. */
static void extend(struct str *s, const char *at, size_t len)
{
    *s = s->len > 0 ? str_of(s->at, (size_t)(at + len - s->at)) : str_of(at, len);
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    extend(&seen_by(parser)->target, at, len);
    return 0;
}

static int on_method(llhttp_t *parser, const char *at, size_t len)
{
    extend(&seen_by(parser)->method, at, len);
    return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    struct seen *s = seen_by(parser);
    if (!s->in_body)
        extend(&s->fields[s->field_count].name, at, len);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct seen *s = seen_by(parser);
    if (!s->in_body)
        extend(&s->fields[s->field_count].value, at, len);
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct seen *s = seen_by(parser);
    if (s->in_body)
        return 0;
    s->fields[s->field_count].value = str_trim(s->fields[s->field_count].value);
    s->field_count++;
    assert(s->field_count < FIELDS_MAX);
    s->fields[s->field_count] = (struct header){0};
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    seen_by(parser)->in_body = true;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    buf_append(&seen_by(parser)->body, str_of(at, len));
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    seen_by(parser)->outcome = COMPLETE;
    return HPE_PAUSED; /* the next message is another input's */
}

static void run_theirs(struct seen *s, struct str in)
{
    llhttp_settings_t settings;
    llhttp_t parser;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_method = on_method;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_headers_complete = on_headers_complete;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = s;

    s->fields[0] = (struct header){0};
    s->outcome = INCOMPLETE;
    s->error = llhttp_execute(&parser, in.at, in.len);
    s->reason = llhttp_get_error_reason(&parser);
    s->minor_version = llhttp_get_http_minor(&parser);
    if (s->outcome == COMPLETE)
        s->end = (size_t)(llhttp_get_error_pos(&parser) - in.at);
    else if (s->error != HPE_OK)
        s->outcome = REFUSED;
}

/* Where ours accepts and llhttp does not, with good reason */

static bool has_other_method(const struct seen *ours, struct str in)
{
    static const char *const known[] = {
#define METHOD(number, name, string) #string,
        HTTP_METHOD_MAP(METHOD)
#undef METHOD
    };
    (void)in;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (str_is(ours->method, known[i]))
            return str_is(ours->method, "PRI"); /* known as the start of HTTP/2 alone */
    return true;
}

static bool has_later_minor_version(const struct seen *ours, struct str in)
{
    (void)in;
    return ours->minor_version > 1;
}

static bool has_tab_behind_framing(const struct seen *ours, struct str in)
{
    FOR_EACH (field, ours->fields, ours->field_count) {
        const char *behind = field->value.at + field->value.len;
        bool framing = str_eq_nocase(field->name, STR("content-length")) ||
                       str_eq_nocase(field->name, STR("transfer-encoding"));
        struct str blanks = str_of(behind, str_find(str_skip(in, (size_t)(behind - in.at)), '\r'));
        if (framing && str_find(blanks, '\t') < blanks.len)
            return true;
    }
    return false;
}

static struct str coded_body(const struct seen *ours, struct str in)
{
    size_t start = str_find_str(in, STR("\r\n\r\n"));
    return str_skip(str_head(in, ours->end), start + 4);
}

static bool has_chunk_extension(const struct seen *ours, struct str in)
{
    struct str body = coded_body(ours, in);
    return str_find(body, ';') < body.len;
}

static bool has_framing_in_trailers(const struct seen *ours, struct str in)
{
    struct str body = coded_body(ours, in), line;
    while (str_split(&body, '\n', &line))
        if (str_starts_with_nocase(line, STR("content-length:")) ||
            str_starts_with_nocase(line, STR("transfer-encoding:")))
            return true;
    return false;
}

/* clang-format off */
static struct {
    const char *why;
    enum llhttp_errno error;
    bool in_body; /* llhttp had read the head, which it judges last of all */
    bool (*applies)(const struct seen *ours, struct str in);
    size_t count;
} exceptions[] = {
    {"any token is a method (RFC 9110, 9.1)", HPE_INVALID_METHOD, false, has_other_method, 0},
    {"any token is a method (RFC 9110, 9.1)", HPE_INVALID_CONSTANT, false, has_other_method, 0},
    {"any token is a method (RFC 9110, 9.1)", HPE_INVALID_VERSION, false, has_other_method, 0},
    {"PRI may begin no HTTP/2 (RFC 9113, 3.4)", HPE_OK, false, has_other_method, 0},
    {"later minor versions are 1.1 (RFC 9110, 2.5)", HPE_INVALID_VERSION, false,
     has_later_minor_version, 0},
    {"a tab may stand behind a value (RFC 9112, 5)", HPE_INVALID_CONTENT_LENGTH, false,
     has_tab_behind_framing, 0},
    {"a tab may stand behind a value (RFC 9112, 5)", HPE_INVALID_TRANSFER_ENCODING, true,
     has_tab_behind_framing, 0},
    {"blanks, pairs, lists in extensions (RFC 9112, 7.1.1)", HPE_STRICT, true, has_chunk_extension,
     0},
    {"blanks, pairs, lists in extensions (RFC 9112, 7.1.1)", HPE_INVALID_CHUNK_SIZE, true,
     has_chunk_extension, 0},
    {"trailers frame nothing (RFC 9110, 6.5.1)", HPE_INVALID_CONTENT_LENGTH, true,
     has_framing_in_trailers, 0},
    {"trailers frame nothing (RFC 9110, 6.5.1)", HPE_UNEXPECTED_CONTENT_LENGTH, true,
     has_framing_in_trailers, 0},
    {"trailers frame nothing (RFC 9110, 6.5.1)", HPE_INVALID_TRANSFER_ENCODING, true,
     has_framing_in_trailers, 0},
};
/* clang-format on */

static bool is_excepted(const struct seen *ours, const struct seen *theirs, struct str in)
{
    FOR_EACH (e, exceptions, ARRAY_LENGTH(exceptions)) {
        if (e->error == theirs->error && e->in_body == theirs->in_body && e->applies(ours, in)) {
            e->count++;
            return true;
        }
    }
    return false;
}

/* Of an absolute-form ours keeps the part from the path on, llhttp all of it. */
static bool same_target(const struct seen *ours, const struct seen *theirs)
{
    if (str_eq(ours->target, theirs->target))
        return true;
    return str_starts_with_nocase(theirs->target, STR("http")) &&
           (str_ends_with(theirs->target, ours->target) || str_is(ours->target, "/") ||
            str_is(ours->target, "*"));
}

static bool same_fields(const struct seen *ours, const struct seen *theirs)
{
    if (ours->field_count != theirs->field_count)
        return false;
    for (size_t i = 0; i < ours->field_count; i++)
        if (!str_eq(ours->fields[i].name, theirs->fields[i].name) ||
            !str_eq(ours->fields[i].value, theirs->fields[i].value))
            return false;
    return true;
}

static const char *difference(const struct seen *ours, const struct seen *theirs, struct str in)
{
    if (ours->outcome == REFUSED)
        return NULL; /* ours may be stricter */
    if (ours->outcome == INCOMPLETE)
        return theirs->outcome == COMPLETE ? "theirs is complete, ours is not" : NULL;
    if (theirs->outcome != COMPLETE)
        return is_excepted(ours, theirs, in) ? NULL : "ours alone is complete";
    if (!str_eq(ours->method, theirs->method))
        return "methods";
    if (!same_target(ours, theirs))
        return "targets";
    if (ours->minor_version != theirs->minor_version)
        return "versions";
    if (!same_fields(ours, theirs))
        return "fields";
    if (!str_eq(buf_str(&ours->body), buf_str(&theirs->body)))
        return "bodies";
    return ours->end == theirs->end ? NULL : "ends";
}

static size_t outcomes[OUTCOMES][OUTCOMES]; /* ours, theirs */
static size_t differences;

static void print_escaped(struct str in)
{
    for (size_t i = 0; i < in.len; i++) {
        unsigned char c = (unsigned char)in.at[i];
        (void)printf(c < ' ' || c > '~' || c == '\\' ? "\\x%02x" : "%c", c);
    }
    (void)printf("\n");
}

static void compare(struct str in)
{
    static struct seen ours, theirs;
    forget(&ours);
    forget(&theirs);
    run_ours(&ours, in);
    run_theirs(&theirs, in);
    outcomes[ours.outcome][theirs.outcome]++;

    const char *what = difference(&ours, &theirs, in);
    if (!what || ++differences > 10)
        return;
    (void)printf("they differ: %s (ours ends at %zu, theirs at %zu; %s: %s)\n", what, ours.end,
                 theirs.end, llhttp_errno_name(theirs.error), theirs.reason ? theirs.reason : "");
    print_escaped(in);
}

/* Mutations */

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

/* xorshift64*: the same sequence in every run. */
static size_t random_below(size_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static const char *const words[] = {
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "\"",
    "\\",
    "=",
    "0",
    "a",
    "\x7f",
    "\x80",
    "\x0b",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Connection: close\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "Host: h\r\n",
    "chunked",
    ", chunked",
    "HTTP/1.0",
    "http://a/",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    ";a=b",
    ";a=\"b\"",
    "0\r\nA: b\r\n\r\n",
    "0\r\nContent-Length: x\r\n\r\n",
    "Content-Length: 5\t\r\n",
    "PRI / HTTP/1.1\r\nHost: h\r\n\r\n",
    "DESCRIBE / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
};

static void replace(struct buf *text, size_t from, size_t len, struct str with)
{
    scoped_buf struct buf tail = {0};
    buf_append(&tail, str_skip(buf_str(text), from + len));
    text->end = text->start + from;
    buf_append(text, with);
    buf_append(text, buf_str(&tail));
}

static void mutate(struct buf *text)
{
    size_t at = random_below(buf_len(text)), left = buf_len(text) - at;
    size_t len = 1 + random_below(left < 16 ? left : 16);
    struct str piece = str_head(str_skip(buf_str(text), at), len);
    scoped_buf struct buf copy = {0};
    buf_append(&copy, piece);
    char byte = (char)random_below(256);
    switch (random_below(6)) {
    case 0: /* a bit */
        text->data[text->start + at] ^= (char)(1 << random_below(8));
        break;
    case 1: /* a byte */
        replace(text, at, 1, str_of(&byte, 1));
        break;
    case 2: /* a piece less */
        replace(text, at, buf_len(text) > len ? len : 0, STR(""));
        break;
    case 3: /* a piece twice */
        replace(text, at, 0, buf_str(&copy));
        break;
    default: /* a word, for nothing or for a piece */
        replace(text, at, random_below(2) ? len : 0,
                str_from(words[random_below(ARRAY_LENGTH(words))]));
        break;
    }
}

/* A piece of exactly its length, so that a sanitizer sees one byte too far. */
static void compare_copy(struct str in)
{
    scoped_free char *copy = xmalloc(in.len);
    memcpy(copy, in.at, in.len);
    compare(str_of(copy, in.len));
}

static void compare_mutations(const struct buf *seeds, size_t seed_count, size_t count)
{
    scoped_buf struct buf text = {0};
    for (size_t i = 0; i < count; i++) {
        buf_clear(&text);
        buf_append(&text, buf_str(&seeds[random_below(seed_count)]));
        for (size_t n = random_below(4); n > 0 && buf_len(&text) < INPUT_MAX; n--)
            mutate(&text);
        compare_copy(buf_str(&text));
    }
}

static void read_seed(struct buf *seed, const char *path, size_t size)
{
    scoped_file FILE *file = fopen(path, "rb");
    assert(file && size > 0 && size <= INPUT_MAX);
    buf_commit(seed, fread(buf_reserve(seed, size), 1, size, file));
}

static size_t read_seeds(struct buf *seeds, char *directory)
{
    size_t count = 0;
    FTS *tree = fts_open((char *[]){directory, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read(tree));) {
        if (entry->fts_info != FTS_F)
            continue;
        assert(count < SEEDS_MAX);
        read_seed(&seeds[count++], entry->fts_path, (size_t)entry->fts_statp->st_size);
    }
    (void)fts_close(tree);
    return count;
}

static void report(size_t count)
{
    (void)printf("%zu inputs: both complete %zu, both refused %zu, ours alone refused %zu\n", count,
                 outcomes[COMPLETE][COMPLETE], outcomes[REFUSED][REFUSED],
                 outcomes[REFUSED][COMPLETE] + outcomes[REFUSED][INCOMPLETE]);
    FOR_EACH (e, exceptions, ARRAY_LENGTH(exceptions))
        (void)printf("%8zu %s: %s\n", e->count, llhttp_errno_name(e->error), e->why);
    (void)printf("%zu differences\n", differences);
}

int main(int argc, char **argv)
{
    static struct buf seeds[SEEDS_MAX];
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s CORPUS MUTATIONS\n", argv[0]);
        return 2;
    }
    size_t seed_count = read_seeds(seeds, argv[1]), mutations = strtoul(argv[2], NULL, 10);
    assert(seed_count > 0);
    for (size_t i = 0; i < seed_count; i++)
        compare_copy(buf_str(&seeds[i]));
    compare_mutations(seeds, seed_count, mutations);
    report(seed_count + mutations);
    for (size_t i = 0; i < seed_count; i++)
        buf_release(&seeds[i]);
    return differences > 0 || outcomes[COMPLETE][COMPLETE] == 0;
}
