/* SPDX-License-Identifier: Apache-2.0
 * page.c: the files of a report, one after the other, each whole or not there.
 * What stands in them is written elsewhere. */
#include "page.h"
#include "answer.h"
#include "common/json.h"
#include "common/say.h"
#include "files.h"
#include "pictures.h"
#include "text.h"
#include "view.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool make_directory(const char *path)
{
    struct stat st;
    if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode)))
        return true;
    vprec_say("cannot make the directory '%s' (%s): check that its parent is there and may be written to", path,
              strerror(errno));
    return false;
}

static bool say_if(bool failed, const char *path)
{
    if (failed)
        vprec_say("cannot write '%s' (%s): free room there, or check the permissions", path, strerror(errno));
    return !failed;
}

static bool write_files(const page_content *content, const char *dir)
{
    static const struct {
        const char *name;
        void (*put)(FILE *out, const page_content *content);
    } files[] = {{"report.csv", page_put_csv}, {"report.md", page_put_text}, {"report.html", page_put_page}};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof files / sizeof *files; i++) {
        char *text = NULL, *path = vprec_text("%s/%s", dir, files[i].name);
        size_t size;
        FILE *out = page_open(&text, &size);
        files[i].put(out, content);
        page_close(out);
        ok = say_if(!vprec_bytes_replace(text, size, path), path);
        free(path);
        free(text);
    }
    if (!ok)
        return false;
    char *path = vprec_text("%s/report.json", dir);
    ok = say_if(!vprec_json_replace(content->view->root, path), path);
    free(path);
    return ok;
}

int vprec_page_write(const json_t *report, const char *dir)
{
    char *pictures = vprec_text("%s/pictures", dir);
    bool ok = make_directory(dir) && make_directory(pictures);
    free(pictures);
    if (!ok)
        return -1;
    page_view view;
    page_gallery gallery;
    page_view_make(&view, report);
    page_answer answer = page_answer_make(&view);
    ok = page_gallery_make(&gallery, &view, dir) && write_files(&(page_content){&view, &answer, &gallery}, dir);
    page_gallery_free(&gallery);
    page_answer_free(&answer);
    page_view_free(&view);
    return ok ? 0 : -1;
}
