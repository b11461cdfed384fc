/* SPDX-License-Identifier: Apache-2.0
 * store.c: the list is written before the files, with the digests of the old ones and of the new ones, and again
 * when all are there: so each file is known to be ours at any moment. */
#include "store.h"
#include "common/digest.h"
#include "common/json.h"
#include "common/say.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST "report.files.json"
#define TOOL "vprec-sweep"
enum { SCHEMA = 1 };

void page_store_add(page_store *store, char *name, char *data, size_t size)
{
    store->files = vprec_grow(store->files, store->count + 1, sizeof *store->files);
    store->files[store->count++] = (page_file){name, data, size};
}

void page_store_free(page_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        free(store->files[i].name);
        free(store->files[i].data);
    }
    free(store->files);
    *store = (page_store){NULL, 0};
}

static bool make_directory(const char *path)
{
    struct stat st;
    if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode)))
        return true;
    vprec_say("cannot make the directory '%s' (%s): check that its parent is there and may be written to", path,
              strerror(errno));
    return false;
}

/* The digests of our files in `dir` by name, an array each; empty where there is no list, NULL, having said so, where
 * it is not ours. */
static json_t *list_read(const char *dir)
{
    char *path = vprec_text("%s/" LIST, dir);
    struct stat st;
    bool there = !lstat(path, &st);
    json_t *root = there && S_ISREG(st.st_mode) ? vprec_json_read(path) : NULL;
    const char *tool = json_string_value(json_object_get(root, "tool"));
    json_t *files = json_object_get(root, "files");
    bool ours = tool && !strcmp(tool, TOOL) && json_integer_value(json_object_get(root, "schema")) == SCHEMA &&
                json_is_object(files);
    if (there && !ours)
        vprec_say("'%s' is damaged, or not " TOOL "'s: name another directory for the report", path);
    files = !there ? vprec_json_must(json_object()) : ours ? json_incref(files) : NULL;
    json_decref(root);
    free(path);
    return files;
}

static bool list_write(const char *dir, json_t *files, bool over)
{
    char *path = vprec_text("%s/" LIST, dir);
    json_t *root = vprec_json_must(json_object());
    vprec_json_put(root, "schema", json_integer(SCHEMA));
    vprec_json_put(root, "tool", json_string(TOOL));
    vprec_json_put(root, "files", json_incref(files));
    bool ok = (over ? vprec_json_replace : vprec_json_create)(root, path);
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there, or check the permissions", path, strerror(errno));
    json_decref(root);
    free(path);
    return ok;
}

static void note_digest(json_t *files, const char *name, vprec_digest digest)
{
    char *text = vprec_digest_text(digest);
    if (!json_object_get(files, name))
        vprec_json_put(files, name, json_array());
    vprec_json_add(json_object_get(files, name), json_string(text));
    free(text);
}

typedef enum presence { FREE, OURS, DIRECTORY, OTHERS } presence;

/* Whose the file of that name is. */
static presence presence_of(const char *path, const json_t *digests)
{
    struct stat st;
    if (lstat(path, &st))
        return errno == ENOENT ? FREE : OTHERS;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? DIRECTORY : OTHERS;
    char *text = vprec_digest_text(vprec_digest_file(VPREC_DIGEST_BEGIN, path));
    presence whose = OTHERS;
    size_t i;
    json_t *digest;
    json_array_foreach(digests, i, digest)
        if (json_is_string(digest) && !strcmp(json_string_value(digest), text))
            whose = OURS;
    free(text);
    return whose;
}

static bool check_one(const char *dir, const char *name, const json_t *files)
{
    char *path = vprec_text("%s/%s", dir, name);
    presence whose = presence_of(path, json_object_get(files, name));
    bool ok = whose == FREE || whose == OURS;
    if (whose == DIRECTORY)
        vprec_say("cannot write '%s' (Is a directory): free room there, or check the permissions", path);
    else if (!ok)
        vprec_say("'%s' is in the way: no report wrote it, or it has been changed since: move it away, or name another "
                  "directory for the report", path);
    free(path);
    return ok;
}

bool page_store_check(const char *dir, const char *const *names)
{
    json_t *files = list_read(dir);
    bool ok = files != NULL;
    for (; ok && *names; names++)
        ok = check_one(dir, *names, files);
    json_decref(files);
    return ok;
}

static bool write_one(const char *dir, const page_file *file, const json_t *files)
{
    char *path = vprec_text("%s/%s", dir, file->name);
    presence whose = presence_of(path, json_object_get(files, file->name));
    bool ok = (whose == OURS ? vprec_bytes_replace : vprec_bytes_create)(file->data, file->size, path);
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there, or check the permissions", path, strerror(errno));
    free(path);
    return ok;
}

/* Files of an earlier, larger report would look as if they belonged to this one. */
static void remove_others(const char *dir, json_t *old, const json_t *new)
{
    const char *name;
    json_t *digests;
    json_object_foreach(old, name, digests)
    {
        char *path = vprec_text("%s/%s", dir, name);
        /* A name that leads elsewhere is not one of those that we write. */
        if (!json_object_get(new, name) && !strstr(name, "..") && presence_of(path, digests) == OURS)
            unlink(path);
        free(path);
    }
}

bool page_store_write(const page_store *store, const char *dir)
{
    char *pictures = vprec_text("%s/" PAGE_STORE_PICTURES, dir);
    bool ok = make_directory(dir) && make_directory(pictures);
    free(pictures);
    json_t *old = ok ? list_read(dir) : NULL;
    if (!old)
        return false;
    json_t *both = vprec_json_must(json_deep_copy(old)), *new = vprec_json_must(json_object());
    for (size_t i = 0; ok && i < store->count; i++) {
        const page_file *file = &store->files[i];
        vprec_digest digest = vprec_digest_bytes(VPREC_DIGEST_BEGIN, file->data, file->size);
        ok = check_one(dir, file->name, old);
        note_digest(both, file->name, digest);
        note_digest(new, file->name, digest);
    }
    ok = ok && list_write(dir, both, json_object_size(old) > 0);
    for (size_t i = 0; ok && i < store->count; i++)
        ok = write_one(dir, &store->files[i], old);
    if (ok) {
        remove_others(dir, old, new);
        ok = list_write(dir, new, true);
    }
    json_decref(new);
    json_decref(both);
    json_decref(old);
    return ok;
}
