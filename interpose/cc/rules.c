/* SPDX-License-Identifier: Apache-2.0
 * rules.c: see rules.h. Rules are made before the first operation, and stay. */
#include "rules.h"
#include "settings.h"
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RULES = 256, PATTERN = 232 };

static struct rule {
    char file[PATTERN]; /* a pattern for the whole name, or for what follows its last '/' */
    unsigned first, last;
    vprec_arith arith;
} rules[RULES];
static size_t count;

/* Lines behind the last ':', "120" or "120-180"; none: all of them. Takes them off. */
static bool take_lines(struct rule *rule)
{
    char *colon = strrchr(rule->file, ':'), *end;
    rule->first = 0, rule->last = UINT32_MAX;
    if (!colon)
        return true;
    rule->first = rule->last = (unsigned)strtoul(colon + 1, &end, 10);
    if (*end == '-')
        rule->last = (unsigned)strtoul(end + 1, &end, 10);
    *colon = 0;
    return !*end && rule->first && rule->first <= rule->last;
}

bool vprec_cc_rule_add(const char *text, const vprec_arith *base, char *message, size_t size)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals - text >= PATTERN || count == RULES) {
        snprintf(message, size, count == RULES ? "too many rules: use patterns and ranges of lines"
                                               : "write FILE:LINES=FORMAT, as in net.c:120-180=e5m10");
        return false;
    }
    struct rule *rule = &rules[count];
    snprintf(rule->file, sizeof rule->file, "%.*s", (int)(equals - text), text);
    rule->arith = *base;
    if (!take_lines(rule)) {
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
        char message[PATTERN];
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
    const char *slash = strrchr(site->file, '/');
    for (size_t i = count; i-- > 0;)
        if (site->line >= rules[i].first && site->line <= rules[i].last &&
            (!fnmatch(rules[i].file, site->file, 0) || (slash && !fnmatch(rules[i].file, slash + 1, 0))))
            return &rules[i].arith;
    return site->given && vprec_arith_rounds(&vprec_arith_current) ? of_annotation(site->given) : &vprec_arith_current;
}
