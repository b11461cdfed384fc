/* SPDX-License-Identifier: Apache-2.0
 * page.c: the files of a report, made one after the other and then written. What stands in them is made elsewhere. */
#include "page.h"
#include "answer.h"
#include "common/json.h"
#include "common/say.h"
#include "files.h"
#include "pictures.h"
#include "store.h"
#include "text.h"
#include "view.h"
#include <string.h>

static const struct {
    const char *name;
    void (*put)(FILE *out, const page_content *content);
} texts[] = {{"report.csv", page_put_csv}, {"report.md", page_put_text}, {"report.html", page_put_page}};
#define JSON_NAME "report.json"
#define RECIPE_NAME "recipe.txt"
enum { TEXTS = sizeof texts / sizeof *texts };

static void add_texts(page_store *store, const page_content *content)
{
    for (size_t i = 0; i < TEXTS; i++) {
        char *text = NULL;
        size_t size;
        FILE *out = page_open(&text, &size);
        texts[i].put(out, content);
        page_close(out);
        page_store_add(store, vprec_text("%s", texts[i].name), text, size);
    }
    char *text = vprec_json_bytes(content->view->root);
    page_store_add(store, vprec_text(JSON_NAME), text, strlen(text));
    const char *recipe = page_recipe(content->view);
    if (recipe)
        page_store_add(store, vprec_text(RECIPE_NAME), vprec_text("%s", recipe), strlen(recipe));
}

bool vprec_page_check(const char *dir)
{
    const char *names[TEXTS + 3] = {JSON_NAME, RECIPE_NAME};
    for (size_t i = 0; i < TEXTS; i++)
        names[i + 2] = texts[i].name;
    return page_store_check(dir, names);
}

int vprec_page_write(const json_t *report, const char *dir)
{
    page_view view;
    page_gallery gallery;
    page_store store = {NULL, 0};
    page_view_make(&view, report);
    page_answer answer = page_answer_make(&view);
    page_gallery_make(&gallery, &view, &store);
    add_texts(&store, &(page_content){&view, &answer, &gallery});
    bool ok = page_store_write(&store, dir);
    page_store_free(&store);
    page_gallery_free(&gallery);
    page_answer_free(&answer);
    page_view_free(&view);
    return ok ? 0 : -1;
}
