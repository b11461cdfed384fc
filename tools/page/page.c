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
#include <stdlib.h>
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

/* "the smallest format with all labels equal": what the answer answers; to be freed. */
static char *question_of(const page_view *view)
{
    const char *question = page_string(json_object_get(view->root, "threshold"), "question");
    return *question ? vprec_text("what is the smallest format that keeps %s?", question)
                     : vprec_text("none: the native run has no value of what is measured");
}

json_t *page_answer_json(const json_t *report)
{
    page_view view;
    page_view_make(&view, report);
    page_answer answer = page_answer_make(&view);
    json_t *object = vprec_json_must(json_object()), *notes = vprec_json_must(json_array());
    char *question = question_of(&view), *text = vprec_text("%s%s", answer.subject, answer.sentence);
    vprec_json_put(object, "question", vprec_json_text(question));
    vprec_json_put(object, "text", vprec_json_text(text));
    for (size_t i = 0; i < answer.note_count; i++)
        vprec_json_add(notes, vprec_json_text(answer.notes[i]));
    vprec_json_put(object, "notes", notes);
    free(text);
    free(question);
    page_answer_free(&answer);
    page_view_free(&view);
    return object;
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
