/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/workspace.h"

#include <unistd.h>

#include "turnpike/auth/dev_key.h"
#include "turnpike/base/arena.h"
#include "turnpike/base/clock.h"
#include "turnpike/daemon/certificates.h"
#include "turnpike/daemon/new_file.h"

#define PEM_FILE_MAX 65536

/* One run of init. */
struct workspace {
    struct arena arena;
    const char *directory;
    uint64_t wall;
    struct buf *report;
    struct error *error;
};

/* Two files that are of use only together. */
struct pair {
    const char *public_file, *private_file;
};

enum presence { ABSENT, PRESENT, HALF };

static const char *in_directory(struct workspace *w, const char *name)
{
    return arena_printf(&w->arena, "%s/%s", w->directory, name).at;
}

static struct pair pair_in_directory(struct workspace *w, const char *public_name,
                                     const char *private_name)
{
    return (struct pair){in_directory(w, public_name), in_directory(w, private_name)};
}

static enum presence look(const struct workspace *w, const struct pair *pair)
{
    bool has_public = access(pair->public_file, F_OK) == 0;
    bool has_private = access(pair->private_file, F_OK) == 0;
    if (has_public == has_private)
        return has_public ? PRESENT : ABSENT;
    error_set(w->error, ERROR_INVALID, "%s exists without %s: remove it, or bring the other back",
              has_public ? pair->public_file : pair->private_file,
              has_public ? pair->private_file : pair->public_file);
    return HALF;
}

static bool write_file(struct workspace *w, const char *file, mode_t mode, struct str text)
{
    enum new_file result = new_file_write(file, mode, text, w->error);
    if (result == NEW_FILE_MADE)
        buf_printf(w->report, "made %s\n", file);
    return result != NEW_FILE_FAILED;
}

/* Neither file was there a moment ago: somebody else's half must not be mixed with ours. */
static bool write_pair(struct workspace *w, const struct pair *pair, struct str public_text,
                       struct str private_text)
{
    if (!write_file(w, pair->private_file, 0600, private_text))
        return false;
    return write_file(w, pair->public_file, 0644, public_text);
}

static bool write_pem(struct workspace *w, const struct pair *pair, const struct pem_pair *pem)
{
    return write_pair(w, pair, buf_str(&pem->certificate), buf_str(&pem->private_key));
}

static bool read_pem(struct workspace *w, const struct pair *pair, struct pem_pair *ret_pem)
{
    return file_read(pair->public_file, PEM_FILE_MAX, &ret_pem->certificate, w->error) &&
           file_read(pair->private_file, PEM_FILE_MAX, &ret_pem->private_key, w->error);
}

static bool find_authority(struct workspace *w, struct pem_pair *ret_pem)
{
    struct pair files = pair_in_directory(w, "tls/ca.pem", "tls/ca-key.pem");
    switch (look(w, &files)) {
    case PRESENT:
        return read_pem(w, &files, ret_pem);
    case ABSENT:
        return certificate_make_authority(w->wall, ret_pem, w->error) &&
               write_pem(w, &files, ret_pem);
    case HALF:
        break;
    }
    return false;
}

static void say_if_expired(struct workspace *w, const struct pair *files)
{
    struct buf text = {0};
    uint64_t end;
    if (file_read(files->public_file, PEM_FILE_MAX, &text, NULL) &&
        certificate_read_end(buf_str(&text), &end) && end <= w->wall)
        buf_printf(w->report, "%s has expired: remove it and %s, and run init again\n",
                   files->public_file, files->private_file);
    buf_release(&text);
}

static bool make_server_certificate(struct workspace *w, const struct pair *files)
{
    struct pem_pair authority = {0}, server = {0};
    bool made = find_authority(w, &authority) &&
                certificate_make_server(w->wall, &authority, &server, w->error) &&
                write_pem(w, files, &server);
    pem_pair_release(&authority);
    pem_pair_release(&server);
    return made;
}

static bool add_certificates(struct workspace *w)
{
    struct pair files = pair_in_directory(w, "tls/fullchain.pem", "tls/privkey.pem");
    enum presence presence = look(w, &files);
    if (presence == ABSENT)
        return make_server_certificate(w, &files);
    if (presence == PRESENT)
        say_if_expired(w, &files);
    return presence == PRESENT;
}

static bool make_signing_key(struct workspace *w, const struct pair *files)
{
    struct arena arena; /* of its own: it ends with the key in it */
    struct str private_half, public_half;
    arena_init(&arena, 4096);
    bool made = dev_key_generate(&arena, &private_half, &public_half, w->error) &&
                write_pair(w, files, public_half, private_half);
    arena_release(&arena);
    return made;
}

static bool add_signing_key(struct workspace *w)
{
    struct pair files = pair_in_directory(w, "dev-key.pub.pem", "dev-key.pem");
    enum presence presence = look(w, &files);
    return presence == ABSENT ? make_signing_key(w, &files) : presence == PRESENT;
}

bool workspace_make(const char *directory, uint64_t wall, struct buf *report,
                    struct error *ret_error)
{
    struct workspace w = {
        .directory = directory, .wall = wall, .report = report, .error = ret_error};
    arena_init(&w.arena, 1024);
    bool made = directory_make(in_directory(&w, "tls"), ret_error) &&
                write_file(&w, in_directory(&w, "turnpike.yaml"), 0644,
                           str_from(workspace_configuration)) &&
                add_certificates(&w) && add_signing_key(&w);
    arena_release(&w.arena);
    return made;
}
