/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/http_negotiation.h"

#include "testing.h"

/* RFC 9110, 12.5.3 */
static const struct {
    const char *name, *field;
    bool want;
} encodings[] = {
    {"an empty field", "", false},
    {"gzip alone", "gzip", true},
    {"its old name", "x-gzip", true},
    {"names have no case", "GZip", true},
    {"as browsers send it", "gzip, deflate, br, zstd", true},
    {"not at the beginning", "br , gzip", true},
    {"others", "br, deflate", false},
    {"a part of another name", "gzipped", false},
    {"with a weight", "gzip;q=0.1", true},
    {"with the least weight", "gzip; Q=0.001", true},
    {"refused", "gzip;q=0", false},
    {"refused at length", "gzip ; q=0.000", false},
    {"anything", "*", true},
    {"anything else", "gzip;q=0, *", false},
    {"nothing else", "*;q=0", false},
    {"nothing but gzip", "*;q=0, gzip", true},
};

static void gzip_is_sent_to_who_takes_it(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, encodings)
        CHECK_CASE(c, http_accepts_gzip(str_from(c->field)) == c->want, "'%s'", c->field);
}

/* RFC 9110, 13.1.2: compared weakly. */
static const struct {
    const char *name, *field;
    bool want;
} tags[] = {
    {"the same", "\"abc\"", true},
    {"weak", "W/\"abc\"", true},
    {"one of several", "\"x\", W/\"y\" ,\"abc\"", true},
    {"any", "*", true},
    {"another", "\"abcd\"", false},
    {"without quotes", "abc", false},
    {"in other case", "\"ABC\"", false},
    {"nothing", "", false},
};

static void tags_are_recognised(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, tags)
        CHECK_CASE(c, http_names_tag(str_from(c->field), STR("\"abc\"")) == c->want, "'%s'",
                   c->field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_sent_to_who_takes_it),
        cmocka_unit_test(tags_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
