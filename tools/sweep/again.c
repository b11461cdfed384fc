/* SPDX-License-Identifier: Apache-2.0
 * again.c: see again.h. */
#include "again.h"
#include "common/json.h"
#include "common/say.h"
#include "layers.h"
#include "sample/results.h"
#include <stdlib.h>
#include <string.h>

static void add_all(sweep_list *list, const json_t *words)
{
    size_t i;
    json_t *word;
    json_array_foreach(words, i, word)
        sweep_list_add(list, vprec_text("%s", json_is_string(word) ? json_string_value(word) : ""));
}

char **sweep_again_words(const char *dir, char *const *argv, int options)
{
    vprec_results results;
    sweep_list list = {NULL, 0};
    bool ok = vprec_results_look(&results, dir);
    const json_t *arguments = json_object_get(results.run, "arguments");
    if (ok && !json_is_array(arguments)) {
        vprec_say("'%s' was made by an older vprec-sweep, which did not note its options: give the command that made "
                  "it, which runs nothing that is finished", dir);
        ok = false;
    }
    sweep_list_add(&list, vprec_text("%s", argv[0]));
    add_all(&list, arguments);
    for (int i = 1; i < options; i++)
        if (strcmp(argv[i], "--") != 0 || i + 1 < options)
            sweep_list_add(&list, vprec_text("%s", argv[i]));
    sweep_list_add(&list, vprec_text("--"));
    add_all(&list, json_object_get(results.run, "command"));
    vprec_results_close(&results);
    if (ok)
        return list.items;
    sweep_list_free(&list);
    return NULL;
}

bool sweep_again_layers(sweep_options *o)
{
    vprec_results results;
    if (!vprec_results_look(&results, o->report_only))
        return false;
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(results.run, "layers"), i, name)
        if (json_is_string(name))
            sweep_layers_add(o, json_string_value(name));
    vprec_results_close(&results);
    if (!o->names.count)
        vprec_say("the sweep in '%s' has no layers: leave out --layers", o->report_only);
    return o->names.count;
}
