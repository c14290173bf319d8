/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_profile.h"

static struct str without_quotes(struct str s)
{
    if (s.len >= 2 && (s.at[0] == '"' || s.at[0] == '\'') && s.at[s.len - 1] == s.at[0])
        return str_of(s.at + 1, s.len - 2);
    return s;
}

/* Whether "[…]", given without its brackets, is the profile's section. */
static bool is_section_of(struct str header, enum aws_file file, struct str name)
{
    header = str_trim(header);
    size_t space = 0;
    while (space < header.len && header.at[space] != ' ' && header.at[space] != '\t')
        space++;
    if (file == AWS_CONFIG_FILE && str_is(str_head(header, space), "profile"))
        return str_eq(without_quotes(str_trim(str_skip(header, space))), name);
    return str_eq(header, name) && (file == AWS_CREDENTIALS_FILE || str_is(name, "default"));
}

/* Without what follows a '#' or ';' that stands behind a space. */
static struct str without_comment(struct str s)
{
    for (size_t i = 1; i < s.len; i++) {
        bool space_before = s.at[i - 1] == ' ' || s.at[i - 1] == '\t';
        if (space_before && (s.at[i] == '#' || s.at[i] == ';'))
            return str_head(s, i);
    }
    return s;
}

static void read_setting(struct arena *a, struct aws_profile *profile, struct str line)
{
    size_t equals = 0;
    while (equals < line.len && line.at[equals] != '=' && line.at[equals] != ':')
        equals++;
    if (equals == line.len)
        return;
    struct aws_setting *setting = list_push(a, &profile->settings);
    setting->name = str_trim(str_head(line, equals));
    setting->value = str_trim(without_comment(str_skip(line, equals + 1)));
}

struct aws_profile aws_profile_read(struct arena *a, struct str text, enum aws_file file,
                                    struct str name)
{
    struct aws_profile profile = {0};
    struct str line;
    bool inside = false;
    if (str_starts_with(text, STR("\xef\xbb\xbf")))
        text = str_skip(text, 3);
    while (str_split(&text, '\n', &line)) {
        if (str_ends_with(line, STR("\r")))
            line.len--;
        if (line.len == 0 || strchr("#; \t", line.at[0]))
            continue;
        if (line.at[0] == '[') {
            inside = is_section_of(str_skip(str_head(line, str_find(line, ']')), 1), file, name);
            profile.found = profile.found || inside;
        } else if (inside) {
            read_setting(a, &profile, line);
        }
    }
    return profile;
}

struct str aws_profile_get(const struct aws_profile *profile, const char *name)
{
    struct str value = STR("");
    FOR_EACH_IN (setting, &profile->settings)
        if (str_eq_nocase(setting->name, str_from(name)))
            value = setting->value;
    return value;
}
