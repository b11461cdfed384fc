/* SPDX-License-Identifier: Apache-2.0
 * rules.c: see rules.h. Rules are made before the first operation, and stay. */
#include "rules.h"
#include "host.h"
#include "runtime/source_lines.h"
#include "settings.h"
#include "start.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RULES = 256, MESSAGE = 256 };

static struct rule {
    vprec_source_lines lines;
    vprec_arith arith;
} rules[RULES];
static size_t count;

bool vprec_cc_rule_add(const char *text, const vprec_arith *base, char *message, size_t size)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals - text >= VPREC_SOURCE_LENGTH || count == RULES) {
        snprintf(message, size, count == RULES ? "too many rules: use patterns and ranges of lines"
                                               : "write FILE:LINES=FORMAT, as in net.c:120-180=e5m10");
        return false;
    }
    struct rule *rule = &rules[count];
    char where[VPREC_SOURCE_LENGTH];
    snprintf(where, sizeof where, "%.*s", (int)(equals - text), text);
    rule->arith = *base;
    if (!vprec_source_lines_of(where, &rule->lines)) {
        snprintf(message, size, "no lines in '%s': write FILE:LINE or FILE:FIRST-LAST", text);
        return false;
    }
    if (!vprec_cc_set_spec(&rule->arith, equals + 1, message, size))
        return false;
    count++;
    return true;
}

/* What annotations say, each once. */
static struct annotated {
    const char *text;
    vprec_arith arith;
} annotated[RULES];
static size_t annotations;

static const vprec_arith *of_annotation(const char *text)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const vprec_arith *found = NULL;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < annotations && !found; i++)
        if (!strcmp(annotated[i].text, text))
            found = &annotated[i].arith;
    if (!found && annotations < RULES) {
        struct annotated *a = &annotated[annotations];
        char message[MESSAGE];
        *a = (struct annotated){text, vprec_arith_current};
        if (!vprec_cc_set_spec(&a->arith, text, message, sizeof message)) {
            fprintf(stderr, "vprec: VPREC_FORMAT(\"%.100s\") in the program: %s\n", text, message);
            _exit(125);
        }
        found = &a->arith;
        annotations++;
    }
    pthread_mutex_unlock(&lock);
    if (!found) {
        fprintf(stderr, "vprec: more than %d different formats in the program's annotations\n", RULES);
        _exit(125);
    }
    return found;
}

const vprec_arith *vprec_cc_rule_for(const vprec_cc_site *site)
{
    const vprec_arith *run = vprec_cc_run ? vprec_cc_run->line(site->file, site->line) : NULL;
    if (run)
        return run;
    for (size_t i = count; i-- > 0;)
        if (vprec_source_lines_have(&rules[i].lines, site->file, site->line))
            return &rules[i].arith;
    return site->given && vprec_arith_rounds(&vprec_arith_current) ? of_annotation(site->given) : NULL;
}
